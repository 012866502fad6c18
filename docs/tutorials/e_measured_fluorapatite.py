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
# # Measured data: fluorapatite on a laboratory diffractometer
#
# **This page uses measured data**: the pattern of fluorapatite Ca₅(PO₄)₃F from the GSAS tutorial, which comes with the package `rietx` that pip installed.
# Nothing is synthetic. The answer to compare with is GSAS's refinement of the same file (`FAP.EXP` beside it): a = 9.37172 Å, c = 6.88587 Å,
# {term}`Rwp` 10.05 %.
#
# The page shows what you do with your own single-phase sample: read, refine cell and profile, then the structure, then ask what can be trusted.
#
# ## Read
#
# The file is in the STD format of GSAS. The format is recognised from the content, and the uncertainties are those of counting.

# %%
from importlib.resources import as_file, files

import xtal

with as_file(files("rietx") / "data" / "examples" / "FAP.XRA") as source:
    pattern = xtal.read_pattern(source).cut(15.0, 100.0)
pattern

# %% [markdown]
# *Measured: fluorapatite, Cu Kα doublet, without monochromator.*
#
# ## Refine
#
# A {term}`job` of four {term}`stages <stage>`: what is linear first, then positions, then widths, at last coordinates and {term}`displacement parameters <displacement parameter>`.

# %%
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
xtal.write_pattern(pattern, folder / "fap.xye")
(folder / "job.toml").write_text(
    """
schema = "xtal-job/1"
title = "fluorapatite, measured"
[pattern]
file = "fap.xye"
instrument = "lab-cuka"
[background]
terms = 8
[[phase]]
structure = "fluorapatite"
[[stage]]
name = "scale and background"
why = "The only parameters that are linear."
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cell and sample height"
why = "Positions before widths."
free = ["phase.*.cell", "pattern.displacement"]
[[stage]]
name = "profile"
why = "The instrument was never calibrated: its widths come from the sample."
free = ["pattern.profile.u", "pattern.profile.v", "pattern.profile.w", "pattern.profile.x", "pattern.profile.y"]
max_cycles = 40
[[stage]]
name = "structure"
why = "Intensities last, when everything else fits."
free = ["phase.*.site.*.x", "phase.*.site.*.y", "phase.*.site.*.z", "phase.*.site.*.u_iso"]
max_cycles = 40
""",
    encoding="utf-8",
)
result = xtal.refine(xtal.load_job(folder / "job.toml"))
result

# %%
result.structures["fluorapatite"]

# %% [markdown]
# The refined structure has P–O bonds as a phosphate should, about 1.53 Å:

# %%
from xtal.distances import shortest_distances

shortest = shortest_distances(result.structures["fluorapatite"])
phosphate = min(length for pair, length in shortest.items() if set(pair) == {"P", "O"})
round(phosphate, 3)

# %% [markdown]
# ## What came out

# %%
from xtal.notebook import Table

cell, agreement = result.phases["fluorapatite"].cell, result.agreement
table = {
    "a (Å)": cell.a.value,
    "c (Å)": cell.c.value,
    "Rwp (%)": 100 * agreement.rwp,
    "shortest P–O (Å)": phosphate,
}
rows = [
    ("a (Å)", "9.37172", str(cell.a), "GSAS, same data"),
    ("c (Å)", "6.88587", str(cell.c), "GSAS, same data"),
    ("Rwp", "10.05 %", f"{100 * agreement.rwp:.2f} %", "GSAS, whole range; here 15–100°"),
    ("shortest P–O (Å)", "1.53", f"{phosphate:.3f}", "apatites"),
]
Table(("quantity", "expected", "found here", "expected from"), rows, "Measured data.")

# %% [markdown]
# ## What this page can't tell
#
# The {term}`esds <esd>` of the cell are about 0.00004 Å, 4 ppm, and yet the cell is 140 ppm larger than GSAS's. GSAS's project took the wavelength of Kα₁ as 1.5405 Å, the preset
# `lab-cuka` as 1.54059 Å: 60 ppm of it. The choice between a {term}`specimen displacement` and a {term}`zero shift`, which fit equally well,
# moves the cell by 100 ppm. And neighbouring points of a laboratory pattern misfit together
# ({term}`Bérar–Lelann`). Quote a cell from such data with 0.0005 Å at best, unless a standard was mixed in.
