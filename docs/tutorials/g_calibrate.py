# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your own data: calibrate the instrument on a standard
#
# **The pattern on this page is synthetic**: a stand-in for your own measurement of LaB₆, simulated by `xtal` with a recorded seed. To use your data, put your file
# where the page says so; everything else stays.
#
# Why: a peak is as wide as instrument and sample make it together. Only when the instrument's part is known do {term}`crystallite size` and
# {term}`microstrain` belong to the sample. Until then `xtal` refuses to print them as results.
#
# ## The standard

# %%
import xtal
from xtal.synthetic import laboratory_instrument, synthetic_standard

standard = xtal.reference_structure("lab6")
pattern, truth = synthetic_standard(seed=660, two_theta=(18.0, 120.0, 0.03))
# Your own: pattern = xtal.read_pattern("lab6.xrdml")
pattern

# %%
standard

# %% [markdown]
# ## Calibrate
#
# The certified cell is held; what is refined is the profile and the {term}`specimen displacement`. From the command line:
# `xtal calibrate lab6.xrdml --standard lab6 --instrument lab-cuka -o our-diffractometer`.

# %%
from xtal.rietveld.calibration_fit import calibrate

calibration = calibrate(pattern, [standard], laboratory_instrument(), name="our-diffractometer")
calibration.result

# %% [markdown]
# The width over the angle, found and put in:

# %%
import numpy as np
from matplotlib.figure import Figure

from xtal.notebook import Picture, Table


def width(profile, two_theta):
    """Approximate FWHM of Gaussian and Lorentzian part together, degrees (Thompson, Cox and Hastings)."""
    theta = np.radians(np.asarray(two_theta) / 2)
    gauss = np.sqrt(8 * np.log(2) * (profile.u * np.tan(theta) ** 2 + profile.v * np.tan(theta) + profile.w))
    lorentz = profile.x / np.cos(theta) + profile.y * np.tan(theta)
    weights = (1, 2.69269, 2.42843, 4.47163, 0.07842, 1)
    return sum(w * gauss ** (5 - n) * lorentz**n for n, w in enumerate(weights)) ** 0.2


angles = np.linspace(20, 118, 200)
found, known = calibration.instrument.profile, truth["instrument"].profile
figure = Figure(figsize=(7, 3), layout="constrained")
axes = figure.subplots()
axes.plot(angles, width(known, angles), label="put in")
axes.plot(angles, width(found, angles), "--", label="found")
axes.set(xlabel="2θ (°)", ylabel="FWHM (°)")
axes.legend()
Picture(figure, "Synthetic: instrumental width over the angle.")

# %% [markdown]
# Single terms (u, v, w) are strongly correlated and may differ from what was put in; the width that they make together is what counts.
#
# ## Use it
#
# The file goes into every later command as `--instrument our-diffractometer.toml`.

# %%
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
print(xtal.write_instrument(calibration.instrument, folder / "our-diffractometer.toml").read_text(encoding="utf-8"))

# %% [markdown]
# ## What came out

# %%
checked = (25.0, 45.0, 65.0, 90.0, 115.0)
table = {f"FWHM at {angle:g}° (°)": float(width(found, angle)) for angle in checked}
expected = {f"FWHM at {angle:g}° (°)": float(width(known, angle)) for angle in checked}
rows = [(name, f"{expected[name]:.4f}", f"{value:.4f}") for name, value in table.items()]
Table(("quantity", "put in (synthetic)", "found"), rows, "Synthetic standard.")
