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
range = [{low}, {high}]
q_damp = {q_damp}
q_broad = 0.01
[[phase]]
name = "ni"
structure = "ni"
start = {{ {correlation} = 1.0, "site.*.u_iso" = 0.005 }}
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.ni.cell"]
max_cycles = 100
[[stage]]
name = "widths"
free = ["*.u_iso", "phase.ni.{correlation}", "data.*.q_damp", "data.*.q_broad"]
max_cycles = 100
"""

# Folder, file, probe, range, start of Qdamp, correlated motion, a where PDFgui's is known (X7B stands in for none), largest Rw.
INSTRUMENTS = {
    "XPD": ("pdf_ni_multi/ni-q25r100t300-XPD-NSLS2.gr", "xray", 1.5, 50.0, 0.04, "delta2", None, 0.03),
    "11-ID-C": ("pdf_ni_multi/ni-q27r060t300-11IDC-APS.gr", "xray", 1.5, 50.0, 0.04, "delta2", None, 0.08),
    "Ni of PDFttp": ("pdf_ni_np/Ni.gr", "xray", 1.5, 50.0, 0.04, "delta2", 3.52478, 0.0411),
}

# PDFgui's own projects (sbillinge/pdf_workshop_materials, 02-nickel.ddp) fit 1.49-40 Å with delta1: a, U, delta1, Qdamp, Qbroad, scale, Rw.
PDFGUI_NEUTRONS = {
    "NPDF": ("ni-q27r100t300-NPDF-LANSCE.gr", 0.01, (3.52670, 0.00564485, 0.926917, 0.0052023, 0.0235289, 1.00536, 0.0616374)),
    "NOMAD": ("ni-q32r050t300-NOMAD-SNS.gr", 0.02, (3.52346, 0.00574955, 1.29051, 0.0252841, 0.0248579, 0.796307, 0.0514984)),
}  # fmt: skip


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_nickel_on_each_instrument(shared_data, tmp_path, name):
    file, probe, low, high, q_damp, correlation, a, rw = INSTRUMENTS[name]
    text = NICKEL.format(
        file=shared_data / file, probe=probe, low=low, high=high, q_damp=q_damp, correlation=correlation
    )
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    assert result.agreement.rw < rw
    assert result.value("phase.ni.cell.a") == pytest.approx(a or 3.526, abs=0.002)
    assert 0 < result.parameters["phase.ni.cell.a"].esd < 1e-3


@pytest.mark.parametrize("name", PDFGUI_NEUTRONS)
def test_nickel_by_neutrons_has_every_number_of_pdfgui(shared_data, tmp_path, name):
    file, q_damp, (a, u_iso, delta1, damp, broad, scale, rw) = PDFGUI_NEUTRONS[name]
    text = NICKEL.format(file=shared_data / "pdf_ni_multi" / file, probe="neutron", low=1.49, high=40.0, q_damp=q_damp,
                         correlation="delta1")  # fmt: skip
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    assert result.value("phase.ni.cell.a") == pytest.approx(a, abs=2e-5)
    assert result.value("phase.ni.site.Ni1.u_iso") == pytest.approx(u_iso, abs=1e-5)
    assert result.value("phase.ni.delta1") == pytest.approx(delta1, abs=0.01)
    assert result.value("data.d.q_damp") == pytest.approx(damp, abs=2e-4)
    assert result.value("data.d.q_broad") == pytest.approx(broad, abs=2e-4)
    assert result.value("data.d.scale") == pytest.approx(scale, abs=0.001)
    assert result.agreement.rw == pytest.approx(rw, abs=2e-4)


def test_nickel_xrays_and_neutrons_together(shared_data, tmp_path):
    folder = shared_data / "pdf_ni_multi"
    text = NICKEL.format(file=folder / "ni-q25r100t300-XPD-NSLS2.gr", probe="xray", low=1.49, high=40.0, q_damp=0.04,
                         correlation="delta1")  # fmt: skip
    second = f"""
[[data]]
name = "n"
file = "{folder}/ni-q32r050t300-NOMAD-SNS.gr"
probe = "neutron"
range = [1.49, 40.0]
q_damp = 0.02
q_broad = 0.01
"""
    result = fit_pdf(job(tmp_path, text + second))
    assert result.status == "converged"
    # PDFgui, 03-ni-neutron-xray-corefinement.ddp.
    assert result.value("phase.ni.cell.a") == pytest.approx(3.52394, abs=2e-5)
    assert result.value("data.d.q_damp") == pytest.approx(0.0447538, abs=2e-4)
    assert result.value("data.n.q_damp") == pytest.approx(0.0261559, abs=2e-4)
    assert result.agreement.rw == pytest.approx(0.0790336, abs=5e-4)
    assert set(result.curves) == {"d", "n"}


LANTHANUM_MANGANITE = """
[[data]]
name = "npdf"
file = "{folder}/300K.gr"
probe = "neutron"
range = [1.49, 20.0]
q_damp = 0.01
q_broad = 0.01
[[phase]]
name = "lmo"
structure = "{folder}/lamno3_pbnm.cif"
anisotropic = ["*"]
start = {{ delta1 = 0.5 }}
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.lmo.cell"]
max_cycles = 100
[[stage]]
name = "widths"
free = ["*.u??", "phase.lmo.delta1", "data.*.q_damp"]
max_cycles = 100
[[stage]]
name = "positions"
free = ["*.x", "*.y", "*.z", "data.*.q_broad"]
max_cycles = 100
"""


def test_lanthanum_manganite_has_the_numbers_of_pdfgui(shared_data, tmp_path):
    # PDFgui, 06-lmo-300k.ddp: the same 34 parameters over 1.49-20.01 Å (the file ends at 20).
    result = fit_pdf(job(tmp_path, LANTHANUM_MANGANITE.format(folder=shared_data / "pdf_lamno3")))
    assert result.status == "converged"
    assert result.agreement.n_free == 34
    expected = {"cell.a": 5.5413, "cell.b": 5.7432, "cell.c": 7.70372, "site.La1.x": 0.991906 - 1, "site.La1.y": 0.049017,
                "site.O1.x": 0.0729061, "site.O1.y": 0.487526, "site.O2.x": 0.725796, "site.O2.y": 0.306865, "site.O2.z": 0.0382398}  # fmt: skip
    for name, value in expected.items():
        assert result.value(f"phase.lmo.{name}") == pytest.approx(value, abs=2e-4), name
    assert result.value("phase.lmo.site.O2.u33") == pytest.approx(0.00831408, abs=1e-4)
    assert result.agreement.rw == pytest.approx(0.0994, abs=0.0005)
    assert result.value("data.npdf.scale") == pytest.approx(0.803258, abs=0.002)
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
    # As GSAS-II's tutorial tells PDFfit2: from 1.7 Å, Qmax 30 Å⁻¹, resolution of the bulk. To the end of the file, 45 Å, the answer is the same.
    text = CADMIUM_SELENIDE.format(folder=shared_data / "pdf_cdse", file="gsas_CdSe-3nm.gr", high=30.0, q_damp=0.049326,
                                   diameter="diameter = 25.0", last="phase.cdse.diameter")  # fmt: skip
    text = text.replace("range = [1.5,", "q_max = 30.0\nrange = [1.7,")
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    assert result.agreement.rw < 0.30
    assert result.phases["cdse"].diameter.value == pytest.approx(27.0, abs=3.0)
    assert result.phases["cdse"].diameter.esd < 2.0
