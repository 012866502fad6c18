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
# # Measured data: a synchrotron pattern with an impurity
#
# **This page uses measured data**: Na₂Ca₃Al₂F₁₄ (NAC) with a little fluorite CaF₂, in a capillary at beamline 11-BM, λ = 0.413909 Å. The pattern
# and the structure of NAC come with the package `rietx` that pip installed. The answers to compare with: GSAS's joint refinement of the same sample
# with neutrons, a(NAC) = 10.251218 Å and a(CaF₂) = 5.464617 Å.
#
# The page shows how to describe an instrument that has no preset, and how to bring a structure as CIF.
#
# ## Read
#
# 11-BM writes GSAS's FXYE format, with uncertainties. We take 3–17° 2θ and every third point, which still leaves five points over the width of a peak.

# %%
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

import xtal

folder = Path(tempfile.mkdtemp())
with as_file(files("rietx") / "data" / "examples") as examples:
    whole = xtal.read_pattern(examples / "11BM_NAC.fxye").cut(3.0, 17.0)
    nac = xtal.read_cif(examples / "cod_1000236.cif")
pattern = xtal.Pattern(whole.x[::3], whole.intensity[::3], whole.sigma[::3], source=whole.source)
pattern

# %% [markdown]
# *Measured: NAC with CaF₂, 11-BM.*

# %%
nac

# %% [markdown]
# ## Describe the instrument
#
# One wavelength, capillary, very narrow peaks, and light that is polarised in the plane of the ring.

# %%
instrument = xtal.Instrument(
    "11-bm",
    xtal.Radiation.from_name("0.413909A"),
    "debye-scherrer",
    xtal.Profile(u=1.163e-4, v=-0.126e-4, w=0.063e-4, x=0.00173, y=0.0, axial=0.0022),
)
xtal.write_instrument(instrument, folder / "11-bm.toml")
xtal.write_pattern(pattern, folder / "nac.xye")
xtal.write_cif(nac, folder / "nac.cif")
(folder / "job.toml").write_text(
    """
schema = "xtal-job/1"
title = "NAC with CaF2, measured at 11-BM"
[pattern]
file = "nac.xye"
instrument = "11-bm.toml"
[background]
terms = 6
[[phase]]
structure = "nac.cif"
[[phase]]
structure = "caf2"
[[stage]]
name = "scales and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cells and zero"
free = ["phase.*.cell", "pattern.zero"]
[[stage]]
name = "widths"
free = ["pattern.profile.w", "pattern.profile.x", "phase.*.microstrain"]
max_cycles = 40
""",
    encoding="utf-8",
)
result = xtal.refine(xtal.load_job(folder / "job.toml"))
result

# %% [markdown]
# ## What came out

# %%
from xtal.notebook import Table

cells = {name: result.phases[name].cell.a for name in ("nac", "caf2")}
known = {"nac": 10.251218, "caf2": 5.464617}
table = {f"a({name}) (Å)": value.value for name, value in cells.items()}
table["weight fraction of caf2"] = result.phases["caf2"].weight_fraction.value
table["Rwp (%)"] = 100 * result.agreement.rwp
rows = [
    (f"a({name}) (Å)", f"{known[name]}", str(value), f"{1e6 * (value.value / known[name] - 1):+.0f} ppm")
    for name, value in cells.items()
]
Table(("quantity", "GSAS, joint with neutrons", "found here", "difference"), rows, "Measured data.")

# %% [markdown]
# ## What this page can't tell
#
# Here wavelength and zero are taken on trust, and coordinates are held. A better {term}`Rwp` needs {term}`displacement parameters <displacement parameter>` of every site;
# the [page on fluorapatite](e_measured_fluorapatite.py) frees them.
