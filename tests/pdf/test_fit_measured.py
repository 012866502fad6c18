"""Fits of measured G(r) whose answers PDFgui and GSAS-II gave."""

from __future__ import annotations

import pytest

from tests.pdf.pdf_jobs import job
from xtal.pdf.fit import fit_pdf

pytestmark = pytest.mark.slow

NICKEL = """
title = "Ni"
[[data]]
name = "d"
file = "{file}"
probe = "{probe}"
range = [1.5, {high}]
q_damp = {q_damp}
q_broad = 0.01
[[phase]]
name = "ni"
structure = "ni"
start = {{ delta2 = 1.0, "site.*.u_iso" = 0.005 }}
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.ni.cell"]
max_cycles = 100
[[stage]]
name = "widths"
free = ["*.u_iso", "phase.ni.delta2", "data.*.q_damp", "data.*.q_broad"]
max_cycles = 100
"""

# Folder, file, probe, last r, start of Qdamp, a of PDFgui where one is known (X7B stands in for none), largest Rw.
INSTRUMENTS = {
    "XPD": ("pdf_ni_multi/ni-q25r100t300-XPD-NSLS2.gr", "xray", 50.0, 0.04, None, 0.03),
    "11-ID-C": ("pdf_ni_multi/ni-q27r060t300-11IDC-APS.gr", "xray", 50.0, 0.04, None, 0.08),
    "NPDF": ("pdf_ni_multi/ni-q27r100t300-NPDF-LANSCE.gr", "neutron", 50.0, 0.01, 3.52670, 0.0616 + 0.01),
    "NOMAD": ("pdf_ni_multi/ni-q32r050t300-NOMAD-SNS.gr", "neutron", 20.0, 0.02, 3.52346, 0.0515 + 0.01),
    "Ni of PDFttp": ("pdf_ni_np/Ni.gr", "xray", 50.0, 0.04, 3.52478, 0.0411),
}


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_nickel_on_each_instrument(shared_data, tmp_path, name):
    file, probe, high, q_damp, a, rw = INSTRUMENTS[name]
    result = fit_pdf(job(tmp_path, NICKEL.format(file=shared_data / file, probe=probe, high=high, q_damp=q_damp)))
    assert result.status == "converged"
    assert result.agreement.rw < rw
    assert result.value("phase.ni.cell.a") == pytest.approx(a or 3.526, abs=0.002)
    assert 0 < result.parameters["phase.ni.cell.a"].esd < 1e-3


def test_nickel_xrays_and_neutrons_together(shared_data, tmp_path):
    folder = shared_data / "pdf_ni_multi"
    text = NICKEL.format(file=folder / "ni-q25r100t300-XPD-NSLS2.gr", probe="xray", high=49.9, q_damp=0.04)
    second = f'\n[[data]]\nname = "n"\nfile = "{folder}/ni-q32r050t300-NOMAD-SNS.gr"\nprobe = "neutron"\nrange = [1.5, 49.9]\n'
    result = fit_pdf(job(tmp_path, text + second))
    assert result.status == "converged"
    assert result.value("phase.ni.cell.a") == pytest.approx(3.52394, abs=0.002)
    assert result.value("data.d.q_damp") == pytest.approx(0.0448, abs=0.003)
    assert result.value("data.n.q_damp") == pytest.approx(0.0262, abs=0.003)
    assert set(result.curves) == {"d", "n"}


LANTHANUM_MANGANITE = """
[[data]]
name = "npdf"
file = "{folder}/300K.gr"
probe = "neutron"
range = [1.5, 20.0]
q_damp = 0.01
[[phase]]
name = "lmo"
structure = "{folder}/lamno3_pbnm.cif"
anisotropic = ["*"]
start = {{ delta2 = 1.0 }}
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.lmo.cell"]
max_cycles = 100
[[stage]]
name = "widths"
free = ["*.u??", "phase.lmo.delta2", "data.*.q_damp"]
max_cycles = 100
[[stage]]
name = "positions"
free = ["*.x", "*.y", "*.z"]
max_cycles = 100
"""


def test_lanthanum_manganite_has_the_cell_and_rw_of_pdfgui(shared_data, tmp_path):
    result = fit_pdf(job(tmp_path, LANTHANUM_MANGANITE.format(folder=shared_data / "pdf_lamno3")))
    assert result.status == "converged"
    for name, expected in (("a", 5.5413), ("b", 5.7432), ("c", 7.7037)):
        assert result.value(f"phase.lmo.cell.{name}") == pytest.approx(expected, abs=0.002)
    assert result.agreement.rw == pytest.approx(0.0994, abs=0.01)
    assert result.value("data.npdf.scale") == pytest.approx(0.803, abs=0.02)
    manganese = sorted(bond.length for bond in result.bonds if (bond.first, bond.second[0]) == ("Mn1", "O"))
    # Jahn–Teller: two short, two middle, two long (J. Rodríguez-Carvajal et al., Phys. Rev. B 57 (1998) 3189).
    assert manganese == pytest.approx([1.907, 1.968, 2.178], abs=0.01)
    assert all(bond.esd is not None and bond.esd < 0.02 for bond in result.bonds)


CADMIUM_SELENIDE = """
[[data]]
name = "d"
file = "{folder}/{file}"
probe = "xray"
weights = "unit"
range = [1.5, {high}]
q_damp = {q_damp}
[[phase]]
name = "cdse"
structure = "{folder}/CdSe-Wurtzite.cif"
{diameter}
start = {{ delta2 = 3.0, "site.*.u_iso" = 0.01 }}
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.cdse.cell"]
max_cycles = 100
[[stage]]
name = "widths"
free = ["*.u_iso", "phase.cdse.delta2", "{last}"]
max_cycles = 100
[[stage]]
name = "position"
free = ["phase.cdse.site.Se1.z"]
max_cycles = 100
"""


def test_bulk_cadmium_selenide(shared_data, tmp_path):
    text = CADMIUM_SELENIDE.format(folder=shared_data / "pdf_cdse", file="gsas_CdSe-bulk.gr", high=30.0, q_damp=0.04,
                                   diameter="", last="data.*.q_damp")  # fmt: skip
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    assert result.agreement.rw < 0.17
    assert result.value("data.d.q_damp") == pytest.approx(0.049326, abs=0.002)
    assert result.value("phase.cdse.cell.a") == pytest.approx(4.30, abs=0.01)


def test_cadmium_selenide_particles_are_27_angstrom_across(shared_data, tmp_path):
    # Beyond 20 Å a particle of this size shows nothing above the noise; the resolution is that of the bulk.
    text = CADMIUM_SELENIDE.format(folder=shared_data / "pdf_cdse", file="gsas_CdSe-3nm.gr", high=20.0, q_damp=0.049326,
                                   diameter="diameter = 30.0", last="phase.cdse.diameter")  # fmt: skip
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    assert result.agreement.rw < 0.30
    assert result.phases["cdse"].diameter.value == pytest.approx(27.0, abs=3.0)
    assert result.phases["cdse"].diameter.esd < 5.0
