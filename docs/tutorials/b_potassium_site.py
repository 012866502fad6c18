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
# # B: Where does potassium sit in Li₂OHCl?
#
# **Every pattern on this page is synthetic**, simulated by `xtal` with counting noise and recorded seeds. The study is Gao et al., Nat. Commun. 2023,
# 10.1038/s41467-023-42385-1: a little K keeps Li₂OHCl cubic at room temperature, and although K⁺ (1.38 Å) is larger than Li⁺ (0.76 Å) the cell
# *shrinks*. The explanation: K⁺ doesn't replace Li⁺; it takes the place of the whole cluster [Li₂OH]⁺ on (0, 0, 0).
#
# How would a powder pattern tell? We follow the paper's arguments: the lines that merge, the rival structures, the overfull site, the
# neighbours of K.
#
# ## Three lines become one
#
# Below about 45 °C, Li₂OHCl is orthorhombic, above it cubic. Between 30 and 35° 2θ the orthorhombic form shows three lines where the cubic has one.

# %%
import xtal
from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.notebook import Picture, Table
from xtal.plot.simulated import plot_patterns
from xtal.synthetic import laboratory_instrument

instrument = laboratory_instrument()
window = axis_points(30.0, 35.0, 0.01)
forms = {name: xtal.reference_structure(f"li2ohcl-{name}") for name in ("orthorhombic", "cubic")}
shown = {
    name: simulate_pattern([(structure, 1.0, PhaseProfile(size_nm=150.0))], instrument, window, counts=1000.0)
    for name, structure in forms.items()
}
Picture(
    plot_patterns(list(shown.items())), "Synthetic: lines of orthorhombic and cubic Li2OHCl between 30 and 35°, Cu Kα."
)

# %%
lines = {}
for name, structure in forms.items():
    families = xtal.calculate_reflections(structure, instrument.radiation, two_theta=(30.0, 35.0))
    rows = families.to_table(instrument.radiation.wavelength)
    strongest = max(row["f_squared"] * row["multiplicity"] for row in rows)
    lines[name] = [row for row in rows if row["f_squared"] * row["multiplicity"] > 0.05 * strongest]
{name: [(row["h"], row["k"], row["l"], round(row["two_theta"], 2)) for row in rows] for name, rows in lines.items()}

# %% [markdown]
# ## Does a perovskite form at all?
#
# Goldschmidt's {term}`tolerance factor`, with the anions in the places of cations: 0.794 in the paper.

# %%
from xtal.radii import tolerance_factor

tolerance = tolerance_factor(r_a=1.81, r_b=1.53, r_x=0.76)  # Cl, OH, Li
round(tolerance, 3)

# %% [markdown]
# ## Rivals: K on the cluster site, or K on the lithium site
#
# Build both structures with x = 0.1 and compare what they would show. The paper looks between 40 and 60°.

# %%
from xtal.builders import potassium_on_cluster_site, potassium_on_lithium_site
from xtal.diffraction.rivals import compare_models
from xtal.plot.simulated import plot_difference

cubic = forms["cubic"]
axis = axis_points(20.0, 90.0, 0.02)
rivals = {
    "cluster": potassium_on_cluster_site(cubic, 0.1, name="cluster"),
    "lithium": potassium_on_lithium_site(cubic, 0.1, name="lithium"),
}
seen = {
    name: simulate_pattern([(structure, 1.0, PhaseProfile(size_nm=150.0))], instrument, axis, counts=10_000.0)
    for name, structure in rivals.items()
}
difference = compare_models(seen["cluster"], seen["lithium"])
print(f"{difference.counts:.0f} counts in the highest point tell them apart at 3σ, if nothing but the scale is refined")
Picture(
    plot_difference(*seen.items()),
    "Synthetic: Li2OHCl with 10 % K on the cluster site and on the Li site, and their difference.",
)

# %% [markdown]
# That is next to nothing: X-rays see this easily, because K has 19 electrons where O had 8. It isn't a matter of counting longer, but of refining a
# model that is right in everything else.
#
# ## The overfull oxygen site
#
# Suppose we don't know about K, and refine the {term}`occupancy` of the O site with O alone. The "measured" pattern is the cluster model with x = 0.1.

# %%
import tempfile
from pathlib import Path

from xtal.diffraction import Background

folder = Path(tempfile.mkdtemp())
xtal.write_instrument(instrument, folder / "instrument.toml")
TRUE_SHARE = 0.1
made = simulate_pattern(
    [(rivals["cluster"], 1.0, PhaseProfile(size_nm=150.0))],
    instrument,
    axis_points(15.0, 100.0, 0.02),
    background=Background((200.0, -40.0, 10.0)),
    counts=30_000.0,
    seed=23,
)
xtal.write_pattern(made.pattern, folder / "doped.xye")
(folder / "overfull.toml").write_text(
    """
schema = "xtal-job/1"
title = "synthetic: K-doped Li2OHCl, refined as if there were no K"
[pattern]
file = "doped.xye"
instrument = "instrument.toml"
[background]
terms = 5
[[phase]]
name = "cubic"
structure = "li2ohcl-cubic"
[phase.bounds]
"site.O1.occupancy" = [0.5, 2.0]
[[stage]]
name = "scale, background, cell, width"
free = ["phase.*.scale", "pattern.background", "phase.*.cell", "phase.*.crystallite_size_nm"]
max_cycles = 40
[[stage]]
name = "oxygen"
free = ["phase.cubic.site.O1.occupancy"]
max_cycles = 40
""",
    encoding="utf-8",
)
overfull = xtal.refine(xtal.load_job(folder / "overfull.toml"))
oxygen = overfull.parameters["phase.cubic.site.O1.occupancy"]
print(f"occupancy of O: {oxygen.value:.3f} ± {oxygen.esd:.3f}")
print(*(check.sentence for check in overfull.checks if "O1.occupancy" in check.sentence), sep="\n")

# %% [markdown]
# More than one oxygen per position can't be: something heavier sits there. That is the paper's argument. The weighted mean says how heavy:
# 0.9 O + 0.1 K scatter like (0.9 · 8 + 0.1 · 19)/8 ≈ 1.14 oxygen atoms, before {term}`form factors <form factor>` change with the angle.
#
# ## How much K?
#
# The {term}`template` *k-doped-antiperovskite* puts K on the cluster site and lets O, H and Li follow by {term}`ties <tie>`, so that the charge stays zero.

# %%
job = xtal.job_from_template("k-doped-antiperovskite", folder / "doped.xye", instrument=str(folder / "instrument.toml"))
result = xtal.refine(job)
share = result.parameters["phase.cubic.site.K1.occupancy"]
result

# %% [markdown]
# ## Who are the neighbours of K?
#
# The {term}`PDF`, taken apart by pairs of elements: the nearest anion to K is Cl, at half the body diagonal of the cell. (Simulated from the cluster model, which has
# no local relaxation: the paper's argument, not its data.)

# %%
import numpy as np

from xtal.pdf.simulate import PdfSettings, r_grid, simulate_pdf

r = r_grid(1.0, 6.0, 0.01)
pdf = simulate_pdf(rivals["cluster"], r, PdfSettings(probe="xray", q_max=20.0), partials=True)
partial = pdf.partial("K", "Cl")
nearest = float(r[(r > 2.5) & (r < 4.0)][np.argmax(partial[(r > 2.5) & (r < 4.0)])])
print(f"K–Cl: {nearest:.2f} Å; a√3/2 = {3.911 * 3**0.5 / 2:.2f} Å; the next anion, O, is a = 3.91 Å away")

# %% [markdown]
# ## What came out

# %%
table = {
    "lines 30–35°, orthorhombic": len(lines["orthorhombic"]),
    "lines 30–35°, cubic": len(lines["cubic"]),
    "tolerance factor": tolerance,
    "counts to tell the rivals apart": difference.counts,
    "occupancy of O without K": oxygen.value,
    "K share": share.value,
    "K share esd": share.esd,
    "K–Cl (Å)": nearest,
}
rows = [
    ("orthorhombic lines, 30–35°", "3", str(len(lines["orthorhombic"])), "paper"),
    ("cubic lines, 30–35°", "1", str(len(lines["cubic"])), "paper"),
    ("tolerance factor", "0.794", f"{tolerance:.3f}", "paper"),
    ("occupancy of O, K left out", "above 1", f"{oxygen.value:.3f} ± {oxygen.esd:.3f}", "paper's argument"),
    ("x in (Li₂OH)₁₋ₓKₓCl", f"{TRUE_SHARE}", f"{share.value:.4f} ± {share.esd:.4f}", "put in, synthetic"),
    ("nearest anion to K", "Cl", f"Cl, {nearest:.2f} Å", "paper"),
]
Table(("quantity", "expected", "found here", "expected from"), rows, "Patterns are synthetic.")

# %% [markdown]
# ## What this page can't tell
#
# The in-situ series through the transition and the fit of a measured PDF need data that aren't public. Lithium vacancies need
# neutrons: an X-ray pattern hardly sees lithium.
