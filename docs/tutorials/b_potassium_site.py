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
# How would a powder pattern tell? We follow the paper's arguments: the lines that merge, the transition on heating and cooling, the rival structures,
# the overfull site, the neighbours of K, and a fit of the PDF.
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
# ## In situ: the transition, up and down
#
# The paper heated Li₂OHCl from 30 to 100 °C and cooled it again; calorimetry saw the transition at 44 °C on heating and at 27 °C on cooling. Here are 40 patterns
# of such a run on a nickel holder, made with these two temperatures and 3 °C wide. (The way down ends at 15 °C, not at 30, or the step back would be cut off.) One {term}`job`
# refines every frame; the file `series.toml` says where the temperature stands in the names of the files.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

from xtal.synthetic_series import write_heating

folder = Path(tempfile.mkdtemp())
truths = write_heating(folder, 40, two_theta=(20.0, 60.0, 0.03))
print((folder / "series.toml").read_text(encoding="utf-8"))

# %% [markdown]
# From the command line: `xtal series run series.toml -o heating`.

# %%
command = [sys.executable, "-m", "xtal", "series", "run", "series.toml", "-o", "heating", "--workers", "2"]
done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
print(done.stdout.splitlines()[0])

# %%
from xtal.series.series import Series

series = Series(folder / "heating")
series

# %% [markdown]
# Most frames want a *review* although nothing went wrong: each of them names both forms, one is missing, and its {term}`check` `phase-not-shown` is severe.
#
# The {term}`share` of the cubic form, and its cell. Where the share is next to nothing the cell is held and not shown.

# %%
from xtal.notebook import Interactive
from xtal.plot.interactive import interactive_quantities
from xtal.plot.series import plot_quantities

quantities = ["phase.cubic.group_share", "phase.cubic.cell.a"]
Interactive(
    interactive_quantities(series, quantities),
    "Synthetic: share (0–1) and cell (Å) of the cubic form against the temperature (°C); triangles up: heating, down: cooling.",
    plot_quantities(series, quantities),
)

# %% [markdown]
# A logistic step through the shares of each ramp gives the temperatures. The {term}`esds <esd>` are large because the frames are 4 °C apart and the step is 3 °C wide: with one
# or two frames inside, it could lie almost anywhere between two neighbours.

# %%
from xtal.series.findings import analyse

transition = next(one for one in analyse(series, alarms=False).transitions if one.evidence == "share")
for name, step in (("heating", transition.up), ("cooling", transition.down)):
    print(f"{name}: {step.position:.1f} ± {step.position_esd:.1f} °C")
print(f"hysteresis: {transition.hysteresis.value:.1f} ± {transition.hysteresis.esd:.1f} °C")

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
from xtal.diffraction import Background

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
# ## Fit the PDF with both rivals
#
# The "measured" G(r): X-rays up to Q = 20 Å⁻¹ as in the paper, calculated from the cluster model with 10 % K, and noise. Each rival then fits it with PDFfit2: scale, cell, and one
# {term}`displacement parameter` per position, which K shares with the ion whose place it takes. The job leaves hydrogen out, which the data hold: X-rays hardly see it, and its
# split positions would cost minutes.

# %%
G_NOISE = 0.05  # Å⁻²
r = r_grid(1.0, 20.0, 0.02)
g = simulate_pdf(rivals["cluster"], r, PdfSettings(probe="xray", q_max=20.0, q_damp=0.03)).g
g = g + np.random.default_rng(61).normal(0.0, G_NOISE, r.size)
lines_gr = "".join(f"{x:.4f} {y:.6f} {G_NOISE}\n" for x, y in zip(r, g, strict=True))
(folder / "doped.gr").write_text(f"# synthetic, seed 61\n# stype=X qmax=20 qdamp=0.03\n#L r G dG\n{lines_gr}")

PDF_JOB = """
schema = "xtal-pdf-job/1"
title = "synthetic: K-doped Li2OHCl, K on the {name} site"
[[data]]
name = "xrays"
file = "doped.gr"
range = [1.5, 20.0]
[[phase]]
name = "salt"
structure = "{name}.cif"
leave_out = ["H"]
[[tie]]
equal = ["phase.salt.site.{host}.u_iso", "phase.salt.site.K1.u_iso"]
[[stage]]
name = "scale and cell"
free = ["data.*.scale", "phase.salt.cell"]
[[stage]]
name = "widths"
free = ["*.u_iso"]
max_cycles = 60
"""
for name, host in (("cluster", "O1"), ("lithium", "Li1")):
    xtal.write_cif(rivals[name], folder / f"{name}.cif")
    (folder / f"{name}.toml").write_text(PDF_JOB.format(name=name, host=host), encoding="utf-8")

# %% [markdown]
# From the command line: `xtal pdf compare cluster.toml lithium.toml`.

# %%
from xtal.io.pdf_jobs import load_pdf_job
from xtal.pdf.fit import fit_pdf
from xtal.pdf.rivals import compare_pdf_models
from xtal.plot.pair_distribution import plot_comparison

pdf_fits = {name: fit_pdf(load_pdf_job(folder / f"{name}.toml")) for name in rivals}
pdf_comparison = compare_pdf_models(pdf_fits, 5.0)
print(pdf_comparison.sentence)
Picture(
    plot_comparison(pdf_comparison, pdf_fits),
    "Synthetic: what each model leaves of G(r) (Å⁻²), and Rw in windows along r (Å).",
)

# %% [markdown]
# K on the lithium site would stand 1.96 Å from oxygen, far too close, and G(r) has no such pair: the misfit is largest at low r.

# %%
cluster_pdf = pdf_fits["cluster"]
cell_pdf = cluster_pdf.phases["salt"].cell.a
Table(
    ("model", "Rw", "ΔBIC", "a (Å)"),
    [
        (one.name, f"{one.rw:.3f}", f"{one.delta_bic:.0f}", str(pdf_fits[one.name].phases["salt"].cell.a))
        for one in pdf_comparison.rivals
    ],
    "Fits of a synthetic G(r) made from the cluster model with a = 3.911 Å.",
)

# %% [markdown]
# ## What came out

# %%
table = {
    "lines 30–35°, orthorhombic": len(lines["orthorhombic"]),
    "lines 30–35°, cubic": len(lines["cubic"]),
    "transition on heating (°C)": transition.up.position,
    "transition on cooling (°C)": transition.down.position,
    "tolerance factor": tolerance,
    "counts to tell the rivals apart": difference.counts,
    "occupancy of O without K": oxygen.value,
    "K share": share.value,
    "K share esd": share.esd,
    "K–Cl (Å)": nearest,
    "PDF prefers": pdf_comparison.rivals[0].name,
    "PDF ΔBIC of the other": pdf_comparison.rivals[1].delta_bic,
    "a from the PDF (Å)": cell_pdf.value,
}
rows = [
    ("orthorhombic lines, 30–35°", "3", str(len(lines["orthorhombic"])), "paper"),
    ("cubic lines, 30–35°", "1", str(len(lines["cubic"])), "paper"),
    *(
        (f"transition on {name} (°C)", known, f"{step.position:.1f} ± {step.position_esd:.1f}", "paper, put in")
        for name, known, step in (("heating", "44", transition.up), ("cooling", "27", transition.down))
    ),
    ("tolerance factor", "0.794", f"{tolerance:.3f}", "paper"),
    ("occupancy of O, K left out", "above 1", f"{oxygen.value:.3f} ± {oxygen.esd:.3f}", "paper's argument"),
    ("x in (Li₂OH)₁₋ₓKₓCl", f"{TRUE_SHARE}", f"{share.value:.4f} ± {share.esd:.4f}", "put in, synthetic"),
    ("nearest anion to K", "Cl", f"Cl, {nearest:.2f} Å", "paper"),
    ("site of K, PDF", "cluster", pdf_comparison.rivals[0].name, "paper, put in"),
    ("a, PDF (Å)", "3.911", str(cell_pdf), "put in, synthetic"),
]
series.close()
Table(("quantity", "expected", "found here", "expected from"), rows, "Patterns are synthetic.")

# %% [markdown]
# ## What this page can't tell
#
# The in-situ series through the transition and the fit of a measured PDF need data that aren't public. Lithium vacancies need
# neutrons: an X-ray pattern hardly sees lithium.
