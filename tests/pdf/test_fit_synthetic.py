"""Fits of synthetic G(r) with known answers: study B, mixtures, tensors, uncertainties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.pdf.pdf_jobs import cif, job, synthetic_gr
from xtal.builders import potassium_on_cluster_site, potassium_on_lithium_site
from xtal.io.library import find_structure
from xtal.lattice import Lattice
from xtal.pdf.fit import fit_pdf
from xtal.pdf.partials import coordination_number
from xtal.pdf.simulate import PdfPhase, PdfSettings, mixture, r_grid, simulate_pdf

SILVER = PdfSettings("xray", 20.0, 0.03)

ONE_PHASE = """
[[data]]
name = "d"
file = "{data}"
range = [1.5, {high}]
[[phase]]
name = "p"
structure = "{structure}"
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.p.cell"]
max_cycles = 100
[[stage]]
name = "widths"
free = [{widths}]
max_cycles = 100
"""


def cubic_host(a=3.911):
    host = find_structure("li2ohcl-cubic")
    sites = [
        replace(site, u_iso={"Li": 0.03, "O": 0.015, "H": 0.015, "Cl": 0.02}[site.element], u_aniso=None)
        for site in host.sites
    ]
    return replace(host.with_lattice(Lattice.cubic(a)), sites=tuple(sites), name="li2ohcl")


def test_chlorine_is_the_nearest_anion_of_potassium_on_the_cluster_site():
    doped = potassium_on_cluster_site(cubic_host(), 0.1)
    settings, r = PdfSettings("xray"), r_grid(1.5, 5.0, 0.01)
    made = simulate_pdf(doped, r, settings, partials=True)
    assert r[np.argmax(made.partial("K", "Cl"))] == pytest.approx(3.911 * np.sqrt(3) / 2, abs=0.03)
    # K and O sit 3.9 Å apart; on the Li site they would touch at 1.96 Å.
    assert coordination_number(doped, "K", "O", 1.0, 3.0) < 0.01
    assert coordination_number(doped, "K", "Cl", 2.8, 3.9) == pytest.approx(8, abs=0.1)
    touching = potassium_on_lithium_site(cubic_host(), 0.1)
    assert coordination_number(touching, "K", "O", 1.0, 3.0) == pytest.approx(2, abs=0.05)


def test_weight_fractions_of_a_mixture_are_recovered(tmp_path):
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    fluorite = find_structure("caf2")
    fluorite = fluorite.with_sites(replace(s, u_iso=0.008, u_aniso=None) for s in fluorite.sites)
    phases = list(mixture([PdfPhase(nickel), PdfPhase(fluorite)], [0.3, 0.7], "xray"))
    data = synthetic_gr(tmp_path / "mix.gr", phases, SILVER, noise=0.05, seed=3)
    text = f"""
[[data]]
name = "d"
file = "{data.name}"
range = [1.5, 15.0]
scale = 1.0
[[phase]]
name = "ni"
structure = "{cif(tmp_path, nickel)}"
[[phase]]
name = "caf2"
structure = "{cif(tmp_path, fluorite)}"
"""
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    share = result.phases["ni"].weight_fraction
    assert share.value == pytest.approx(0.3, abs=4 * share.esd)
    assert share.esd < 0.01
    assert share.value + result.phases["caf2"].weight_fraction.value == pytest.approx(1.0)


def test_symmetry_moves_cell_positions_and_tensors_together(tmp_path):
    """An orthorhombic structure with every freedom, put off its place, comes back; and the esds cover the way."""
    sites = find_structure("li2zrcl6-hcp")
    truth = sites.with_sites(
        replace(site, u_iso=None, u_aniso=tuple(float(v) for v in tensor))
        for site, tensor in zip(sites.sites, _tensors(sites), strict=True)
    ).renamed("hcp")
    data = synthetic_gr(
        tmp_path / "hcp.gr", truth, PdfSettings("xray", 22.0, 0.02), noise=0.02, seed=5, span=(0.5, 16.0)
    )
    moved = truth.with_lattice(
        Lattice(truth.lattice.a + 0.01, truth.lattice.b + 0.01, truth.lattice.c - 0.008, 90, 90, 120)
    )
    text = f"""
[[data]]
name = "d"
file = "{data.name}"
range = [1.6, 15.5]
[[phase]]
name = "p"
structure = "{cif(tmp_path, moved)}"
anisotropic = ["*"]
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.p.cell"]
max_cycles = 100
[[stage]]
name = "chlorine"
free = ["*.Cl*.u??", "*.Cl*.x", "*.Cl*.z"]
max_cycles = 100
"""
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    values = {**{f"phase.p.cell.{n}": getattr(truth.lattice, n) for n in "ac"}}
    for site in truth.sites:
        if site.element == "Cl":
            values |= {f"phase.p.site.{site.label}.{n}": site.xyz["xyz".index(n)] for n in "xz"}
    checked = 0
    for name, expected in values.items():
        if name in result.parameters and result.parameters[name].free:
            found = result.parameters[name]
            assert found.value == pytest.approx(expected, abs=5 * found.esd), name
            checked += 1
    assert checked >= 4
    fitted = result.structures["p"]
    for site, back in zip(truth.sites, fitted.sites, strict=True):
        if site.element == "Cl":
            assert np.allclose(back.u_aniso, site.u_aniso, atol=0.01)


def _tensors(structure):
    """Tensors that the site symmetry of each site allows, near 0.015 Å² and different for each."""
    from xtal.displacement_freedom import anisotropic_site, free_tensors

    for number, site in enumerate(structure.sites):
        start = np.array(anisotropic_site(structure, replace(site, u_aniso=None), 0.012 + 0.002 * number).u_aniso)
        stretch = free_tensors(structure, site).get("u33", np.zeros(6))
        yield start + 0.004 * stretch


def test_esds_match_the_scatter_of_repeated_noise(tmp_path):
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    name, cells, esds = cif(tmp_path, nickel), [], []
    for seed in range(12):
        data = synthetic_gr(tmp_path / f"n{seed}.gr", nickel, SILVER, noise=0.2, seed=seed, span=(0.5, 9.0))
        result = fit_pdf(job(tmp_path, ONE_PHASE.format(data=data.name, structure=name, high=8.0, widths='"*.u_iso"')))
        cells.append(result.value("phase.p.cell.a"))
        esds.append(result.parameters["phase.p.cell.a"].esd)
    # White noise on every point overstates what f = n/n_ind is for: the esd is then sqrt(f) too large, and no more.
    oversampling = np.sqrt(result.agreement.n_points / result.agreement.n_independent)
    assert np.mean(esds) / oversampling == pytest.approx(np.std(cells, ddof=1), rel=0.6)


def test_a_moving_window_sees_a_local_distortion(tmp_path):
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    data = synthetic_gr(tmp_path / "n.gr", nickel, SILVER, noise=0.05, seed=2)
    text = ONE_PHASE.format(data=data.name, structure=cif(tmp_path, nickel), high=18.0, widths='"*.u_iso"')
    result = fit_pdf(job(tmp_path, text + '[box_car]\nwidth = 6\nstep = 5\nfree = ["phase.p.cell", "data.*.scale"]\n'))
    assert [(w.low, w.high) for w in result.windows] == [(1.5, 7.5), (6.5, 12.5), (11.5, 17.5)]
    for window in result.windows:
        cell = window.values["phase.p.cell.a"]
        assert window.status == "converged"
        assert cell.value == pytest.approx(nickel.lattice.a, abs=4 * cell.esd)
