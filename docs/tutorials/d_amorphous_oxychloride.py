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
# # D: Which order is left in an amorphous oxychloride?
#
# **Every pattern and every PDF on this page is synthetic**, simulated by `xtal` with noise and recorded seeds; the glass is a random packing, a {term}`model`. The study is
# Hu et al., Nat. Commun. 2026, 10.1038/s41467-025-68210-5, on 1.4Li₂O–0.75ZrCl₄–0.25AlCl₃ (LZACO): almost fully amorphous, with rare crystallites of about
# 15 nm, about 10 % by volume. The few diffuse lines belong to two families of chlorides: hexagonal close packing of anions (hcp, like Li₂ZrCl₆, *P*-3*m*1) and cubic close packing
# (ccp, *C*2/*m*). Which of them is in a sample, and how much?
#
# ## Two frameworks for one composition
#
# Nobody knows the crystallites' exact structures. We put the composition on both frameworks; the structure says what was assumed.

# %%
import xtal
from xtal.builders import oxychloride
from xtal.notebook import Picture, Table

frameworks = {"hcp": oxychloride("P-3m1", name="hcp"), "ccp": oxychloride("C2/m", name="ccp")}
frameworks["ccp"]

# %%
from xtal.diffraction import Background, PhaseProfile, amorphous_halo, axis_points, simulate_pattern
from xtal.plot.simulated import plot_patterns
from xtal.synthetic import laboratory_instrument

instrument = laboratory_instrument()
axis = axis_points(10.0, 70.0, 0.04)
fingerprints = {
    name: simulate_pattern([(structure, 1.0, PhaseProfile(size_nm=15.0))], instrument, axis, counts=1000.0)
    for name, structure in frameworks.items()
}
Picture(plot_patterns(list(fingerprints.items())), "Synthetic: both frameworks with crystallites of 15 nm, Cu Kα.")

# %% [markdown]
# ## X-ray diffraction: assign the diffuse lines
#
# A sample whose crystallites are 70 % ccp and 30 % hcp, under the {term}`background` of the glass, which is ten times as high as usual.

# %%
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
TRUE_SHARES = {"ccp": 0.7, "hcp": 0.3}
made = simulate_pattern(
    [(frameworks[name], share, PhaseProfile(size_nm=15.0)) for name, share in TRUE_SHARES.items()],
    instrument,
    axis,
    background=Background((1500.0, -800.0, 200.0), (amorphous_halo(3.6, 2500.0),)),
    counts=2500.0,
    seed=41,
)
xtal.write_pattern(made.pattern, folder / "lzaco.xye")
xtal.write_instrument(instrument, folder / "instrument.toml")
for name, structure in frameworks.items():
    xtal.write_cif(structure, folder / f"{name}.cif")
made.pattern

# %% [markdown]
# Three rival {term}`models <model>`, in one {term}`job`: both frameworks, only ccp, only hcp. `xtal compare-models` does the same from the command line.

# %%
JOB = """
schema = "xtal-job/1"
title = "synthetic LZACO"
[pattern]
file = "lzaco.xye"
instrument = "instrument.toml"
[background]
terms = 28
[[phase]]
structure = "ccp.cif"
[phase.start]
crystallite_size_nm = 20.0
[[phase]]
structure = "hcp.cif"
[phase.start]
crystallite_size_nm = 20.0
[[stage]]
name = "scales and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "sizes"
free = ["phase.*.crystallite_size_nm"]
max_cycles = 40
"""
for name in frameworks:
    JOB += f"""
[[variant]]
name = "only-{name}"
[[variant.phase]]
structure = "{name}.cif"
[variant.phase.start]
crystallite_size_nm = 20.0
"""
(folder / "job.toml").write_text(JOB, encoding="utf-8")

from xtal.io.variants import load_rivals
from xtal.plot.rivals import plot_rivals
from xtal.rietveld.rivals import compare_rivals

fits = {name: xtal.refine(job) for name, job in load_rivals([folder / "job.toml"]).items()}
comparison = compare_rivals("LZACO", fits)
print(comparison.sentence)
Picture(plot_rivals(comparison), "Synthetic: what each model leaves unexplained, in units of the counting error.")

# %%
both = fits["base"]
both

# %% [markdown]
# Twenty-eight background terms are many. With half of them the polynomial can't follow the glass, and the crystals' tails are bent to help:

# %%
(folder / "stiff.toml").write_text(JOB.replace("terms = 28", "terms = 14"), encoding="utf-8")
stiff = xtal.refine(xtal.load_job(folder / "stiff.toml"))
for terms, fit in ((14, stiff), (28, both)):
    print(f"{terms} terms: GOF {fit.agreement.gof:.2f}, share of ccp {fit.phases['ccp'].weight_fraction}")

# %% [markdown]
# The {term}`esd` of the first knows nothing of its mistake; {term}`GOF` does. Look at GOF first, and add terms until the answer stops moving.
#
# The fraction is a share of the *crystalline* part. X-ray diffraction alone says nothing about the glass.
#
# ## PDF: how much is crystalline?
#
# Neutron {term}`PDF` up to Q = 31.5 Å⁻¹, as in the study: 10 % ccp crystallites of 15 nm, the rest a random packing of the same ions.

# %%
import numpy as np

from xtal.composition import parse_composition
from xtal.pdf.amorphous import glass_pdf, synthetic_glass
from xtal.pdf.crystalline_fraction import crystalline_fraction
from xtal.pdf.order import order_windows
from xtal.pdf.simulate import PdfPhase, PdfSettings, simulate_pdf
from xtal.pdf.transform import r_grid, transform_matrix

Q_MAX, CRYSTALLINE = 31.5, 0.10
r = r_grid(1.5, 40.0, 0.02)
settings = PdfSettings("neutron", Q_MAX, q_damp=0.02)
crystals = {
    name: simulate_pdf([PdfPhase(structure, diameter=150.0)], r, settings).g for name, structure in frameworks.items()
}
lzaco = parse_composition("1.4Li2O-0.75ZrCl4-0.25AlCl3")
glass, reference = (glass_pdf(synthetic_glass(lzaco, 0.0417, n_atoms=1500, seed=seed), r, Q_MAX) for seed in (11, 12))
q = np.arange(0.5, Q_MAX, 0.02)
noise = transform_matrix(r, q) @ (np.random.default_rng(7).normal(size=q.size) * 0.01 * q)
gr = CRYSTALLINE * crystals["ccp"] + (1 - CRYSTALLINE) * glass + noise

# %%
from matplotlib.figure import Figure

figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
for offset, (name, curve) in zip((0.0, 4.0, 8.0), (("LZACO, 10 % crystalline", gr), *crystals.items()), strict=True):
    axes.plot(r, curve + offset, lw=0.8, label=name)
axes.set(xlabel="r (Å)", ylabel="G(r) (Å⁻²), shifted", xlim=(1.5, 30))
axes.legend()
Picture(figure, "Synthetic: PDF of the sample beside those of the two frameworks, neutrons.")

# %% [markdown]
# As in the study, the sample's peaks are much weaker than the crystals', and a faint order goes on to 30 Å. Which crystal is it?

# %%
found = crystalline_fraction(r, gr, crystals, Q_MAX, amorphous=reference)
print(f"stacking: {found.stacking}; crystalline: {found.total}")
windows = order_windows(r, gr, crystals)
Table(
    ("r (Å)", "like hcp", "like ccp"),
    [
        (f"{one.low:g}–{one.high:g}", f"{one.correlation['hcp']:.2f}", f"{one.correlation['ccp']:.2f}")
        for one in windows
    ],
    "Synthetic: correlation of the sample's G(r) with each framework, window by window.",
)

# %% [markdown]
# ## What came out

# %%
shares = {name: both.phases[name].weight_fraction for name in TRUE_SHARES}
table = {f"XRD share of {name}": value.value for name, value in shares.items()}
table |= {
    "size of ccp (nm)": both.phases["ccp"].crystallite_size_nm.value,
    "share of ccp, stiff background": stiff.phases["ccp"].weight_fraction.value,
    "preferred model": comparison.rivals[0].name,
    "PDF stacking": found.stacking,
    "PDF crystalline": found.total.value,
}
rows = [
    ("models that fit", "both frameworks", table["preferred model"].replace("base", "both frameworks")),
    *(
        (f"share of {name} among the crystals, XRD", f"{share:g}", str(shares[name]))
        for name, share in TRUE_SHARES.items()
    ),
    ("crystallite size of ccp (nm), XRD", "15", str(both.phases["ccp"].crystallite_size_nm)),
    ("stacking, PDF", "ccp", found.stacking),
    ("crystalline part, PDF", f"{CRYSTALLINE:g}", str(found.total)),
]
Table(
    ("quantity", "put in (synthetic)", "found"),
    rows,
    "Patterns and PDFs are synthetic; 15 nm and 10 % are the study's order of magnitude.",
)

# %% [markdown]
# ## What this page can't tell
#
# Real crystallites are neither of the two frameworks exactly, and a real glass has chemistry that a random packing lacks: below about 6 Å only a measured glass is a fair
# {term}`reference <model>`. See [local order](../how-to/pdf.md#describe-local-order).
