"""Structure factors against gemmi's calculators, which sum over atoms one reflection at a time."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from xtal import Radiation, Site
from xtal.diffraction import calculate_reflections, calculate_structure_factors
from xtal.diffraction.form_factors import HC_EV_ANGSTROM
from xtal.errors import CifError, InputError

from . import cells

CU = Radiation.from_name("CuKa")


def gemmi_small_structure(structure):
    small = gemmi.SmallStructure()
    small.cell = gemmi.UnitCell(*structure.lattice.parameters)
    small.spacegroup_hm = structure.space_group.hm
    small.symops = list(structure.space_group.operations)
    small.determine_and_set_spacegroup("s")
    for site in structure.sites:
        made = gemmi.SmallStructure.Site()
        made.label, made.element, made.fract = site.label, gemmi.Element(site.element), gemmi.Fractional(*site.xyz)
        # gemmi sums over every operation, so a special position carries its share of the general multiplicity
        made.occ = site.occupancy * structure.space_group.multiplicity(site.xyz) / len(structure.space_group.operations)
        made.u_iso, made.charge = site.u_iso or 0.0, site.charge or 0
        if site.u_aniso:
            made.aniso = gemmi.SMat33d(*site.u_aniso)
        small.add_site(made)
    return small


def gemmi_f_squared(structure, hkl, wavelength):
    small = gemmi_small_structure(structure)
    calculator = gemmi.StructureFactorCalculatorX(small.cell)
    for element in {site.element for site in structure.sites}:
        made = gemmi.Element(element)
        f_prime = gemmi.cromer_liberman(made.atomic_number, HC_EV_ANGSTROM / wavelength)[0]
        calculator.addends.set(made, f_prime)
    return np.array([abs(calculator.calculate_sf_from_small_structure(small, [int(i) for i in h])) ** 2 for h in hkl])


@pytest.mark.parametrize("make", [*cells.STANDARDS.values(), *cells.PELLET.values(), cells.llzo])
def test_f_squared_with_f_prime_agrees_with_gemmi(make, monkeypatch):
    structure = make().with_sites([_neutral(site) for site in make().sites])
    monkeypatch.setattr("xtal.diffraction.structure_factors.dispersion", _f_prime_only)
    table = calculate_reflections(structure, CU, two_theta=(5, 100))
    peer = gemmi_f_squared(structure, table.hkl, CU.wavelength)
    assert np.allclose(table.f_squared, peer, rtol=2e-5, atol=1e-6 * peer.max())


def _neutral(site):
    return Site(site.label, site.element, site.xyz, site.occupancy, site.u_iso, site.u_aniso)


def _f_prime_only(element, wavelength):
    from xtal.diffraction.form_factors import dispersion

    return complex(dispersion(element, wavelength).real)


@pytest.mark.parametrize("make", [cells.lab6, cells.li2ohcl_cubic, cells.corundum])
def test_neutron_f_squared_agrees_with_gemmi(make):
    structure = make()
    beam = Radiation.from_name("neutron:1.594A")
    table = calculate_reflections(structure, beam, d_min=0.8)
    small = gemmi_small_structure(structure)
    calculator = gemmi.StructureFactorCalculatorN(small.cell)
    peer = np.array(
        [abs(calculator.calculate_sf_from_small_structure(small, [int(i) for i in h])) ** 2 for h in table.hkl]
    )
    assert np.allclose(table.f_squared, peer, rtol=1e-5, atol=1e-6 * peer.max())


def test_imaginary_dispersion_breaks_friedels_law_only_without_a_centre():
    hkl = [[1, 1, 2], [1, 1, -2]]
    plus, minus = calculate_structure_factors(cells.zincite(), hkl, CU)
    assert abs(abs(plus[0]) - abs(minus[0])) > 0.1
    assert abs(plus[0]) == pytest.approx(abs(minus[1]))
    plus, minus = calculate_structure_factors(cells.corundum(), hkl, CU)
    assert np.abs(plus) == pytest.approx(np.abs(minus))


def test_f_000_without_dispersion_counts_the_electrons_of_the_cell():
    plus, _ = calculate_structure_factors(cells.llto(), [[0, 0, 0]], CU, use_dispersion=False)
    electrons = 2 * 22 + 1.133 * 57 + 6 * 8
    assert plus[0].real == pytest.approx(electrons, rel=2e-4)


def test_ion_without_form_factor_is_named_with_its_alternatives():
    site = Site("P", "P", (0, 0, 0), charge=5)
    with pytest.raises(CifError, match=r"P5\+.*use one of P, or neutral atoms"):
        calculate_structure_factors(cells.lab6().with_sites([site]), [[1, 0, 0]], CU)


def test_wavelength_without_f_prime_is_refused_and_says_what_to_do():
    beam = Radiation.from_name("9.5A")
    with pytest.raises(InputError, match=r"unknown at 9\.5 Å.*switch dispersion off"):
        calculate_structure_factors(cells.lab6(), [[0, 0, 0]], beam)


def test_isotopes_change_the_neutron_structure_factor():
    def lithium(isotope):
        return cells.lab6().with_sites([Site("Li", "Li", (0, 0, 0), isotope=isotope)])

    beam = Radiation.from_name("neutron:1.594A")
    values = [calculate_structure_factors(lithium(isotope), [[1, 0, 0]], beam)[0][0] for isotope in (None, 6, 7)]
    assert values == pytest.approx([-1.90, 2.00 - 0.261j, -2.22])


def test_isotope_without_length_is_refused():
    site = Site("Li", "Li", (0, 0, 0), isotope=8)
    with pytest.raises(CifError, match="8Li"):
        calculate_structure_factors(cells.lab6().with_sites([site]), [[1, 0, 0]], Radiation.from_name("neutron:1.594A"))
