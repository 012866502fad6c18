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
# # Your own data: a quantitative mixture
#
# **The pattern on this page is synthetic**: a stand-in for your own mixture, corundum, zincite and fluorite, simulated by `xtal` with a recorded seed. These three are the phases
# of a round robin on quantitative analysis (Madsen et al., J. Appl. Cryst. 2001, 34, 409), where laboratories missed weighed fractions by one to several percent. What
# `xtal` finds in the round robin's *measured* patterns stands under [validation](../validation.md).
#
# ## The mixture

# %%
import tempfile
from pathlib import Path

import xtal
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.synthetic import laboratory_instrument

WEIGHED = {"al2o3": 0.3137, "zno": 0.3421, "caf2": 0.3442}
SIZES = {"al2o3": 150.0, "zno": 60.0, "caf2": 300.0}  # nm
folder = Path(tempfile.mkdtemp())
made = simulate_pattern(
    [(xtal.reference_structure(name), weight, PhaseProfile(size_nm=SIZES[name])) for name, weight in WEIGHED.items()],
    laboratory_instrument(),
    axis_points(20.0, 90.0, 0.03),
    background=Background((150.0, -40.0, 15.0)),
    counts=15_000.0,
    seed=52,
)
instrument = xtal.write_instrument(laboratory_instrument(), folder / "instrument.toml")
file = xtal.write_pattern(made.pattern, folder / "mixture.xye")  # your own: file = "mixture.xrdml"
made.pattern

# %% [markdown]
# ## Name the phases, refine
#
# From the command line: `xtal refine --template quantitative-phase-analysis mixture.xye --phase al2o3 --phase zno --phase caf2 --instrument instrument.toml`. A
# phase is the name of a reference structure or your own {term}`CIF`.

# %%
job = xtal.job_from_template("quantitative-phase-analysis", file, phases=list(WEIGHED), instrument=str(instrument))
result = xtal.refine(job)
result

# %% [markdown]
# ## Forget a phase
#
# What if fluorite had not been named? The fractions of the others add up to 1 all the same, and each is wrong. The {term}`checks <check>` notice, because its lines are left over:

# %%
without = xtal.refine(
    xtal.job_from_template("quantitative-phase-analysis", file, phases=["al2o3", "zno"], instrument=str(instrument))
)
print("verdict:", without.verdict)
print(*(check.sentence for check in without.checks if check.code == "unexplained-peaks"), sep="\n")

# %% [markdown]
# ## What came out

# %%
from xtal.notebook import Table

found = {name: result.phases[name].weight_fraction for name in WEIGHED}
table = {name: value.value for name, value in found.items()}
table["verdict without fluorite"] = without.verdict
rows = [(name, f"{WEIGHED[name]:.4f}", str(value)) for name, value in found.items()]
rows.append(("verdict without fluorite", "not pass", without.verdict))
Table(("weight fraction", "put in (synthetic)", "found"), rows, "Synthetic pattern.")

# %% [markdown]
# ## What this page can't tell
#
# On measured data the {term}`esd` is the smaller part of the error: {term}`microabsorption`, {term}`texture` and the structures themselves move fractions by one to
# several percent. Amorphous material is not in the sum at all ([amorphous content](../how-to/amorphous-content.md)).
