"""Interfaces whose fit is known from the literature, and closed forms of what is derived from a match."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.errors import GeometryError
from xtal.interface.coincidence import Limits, find_coincidences, search_planes
from xtal.interface.elasticity import (
    EV_PER_GPA_CUBIC_ANGSTROM,
    biaxial_modulus,
    film_share_from_stiffness,
    isotropic_stiffness,
    stiffness_tuple,
)
from xtal.interface.match import Match
from xtal.interface.mismatch import linear_mismatch
from xtal.interface.surface import Surface
from xtal.io.library import reference_structure

from .crystals import crystal, rock_salt


def hexagonal(a: float, c: float, symbol: str = "P 6/m m m"):
    return crystal(symbol, a, a, c, 90, 90, 120, name=f"{symbol} {a}")


GRAPHENE = hexagonal(2.461, 6.7)
SIC = hexagonal(3.0805, 15.12, "P 63 m c")  # 6H-SiC

CUBE_ON_CUBE = {
    # GaAs on Si: 4.1 % wherever it is discussed; cells 5.6533 and 5.4310 Å.
    "GaAs/Si(100)": (crystal("F -4 3 m", 5.6533), crystal("F d -3 m:2", 5.4310), (1, 0, 0), "film_over_substrate", 4.1),
    # LaAlO3 grows under tension on SrTiO3(001) (J. Cryst. Growth 306 (2007) 47); pseudocubic cells 3.79 and 3.905 Å.
    "LaAlO3/SrTiO3(100)": (
        crystal("P m -3 m", 3.79),
        crystal("P m -3 m", 3.905),
        (1, 0, 0),
        "film_over_substrate",
        -2.9,
    ),
    # CoSi2 (5.365 Å) on Si(111) (5.431 Å): pseudomorphic up to about 30 Å (Characterization of ultrathin CoSi2 on
    # Si(111) layers, Bell Labs, 1987); −1.2 %.
    "CoSi2/Si(111)": (crystal("F m -3 m", 5.365), crystal("F d -3 m:2", 5.431), (1, 1, 1), "film_over_substrate", -1.2),
    # K. Inumaru et al., Appl. Surf. Sci. 169 (2000) 375: coherent TiN on MgO(001) shrinks by 0.6 % in the plane;
    # B. Wang, D. Gall, arXiv:1901.10525: cube on cube, MgO 4.212 Å; TiN 4.24 Å.
    "TiN/MgO(100)": (rock_salt(4.24, "Ti", "N"), rock_salt(4.212, "Mg", "O"), (1, 0, 0), "substrate_over_film", -0.6),
}


@pytest.mark.parametrize("name", CUBE_ON_CUBE)
def test_cube_on_cube_epitaxy_is_the_smallest_match_with_the_known_mismatch(name):
    film, substrate, hkl, definition, published = CUBE_ON_CUBE[name]
    first = search_planes(film, substrate, planes=[(hkl, hkl)])[0]
    assert (first.film_index, first.substrate_index) == (1, 1)
    assert first.rotation == pytest.approx(0, abs=1e-6)
    value = 100 * linear_mismatch(film.lattice.a, substrate.lattice.a, definition)
    assert round(float(value), 1) == pytest.approx(published, abs=0.11)
    stretch = substrate.lattice.a / film.lattice.a - 1
    assert first.principal_misfits == pytest.approx((stretch, stretch), rel=1e-9)


def test_gan_on_sapphire_grows_turned_by_30_degrees_with_a_misfit_near_minus_14_percent():
    """E. S. Hellman et al., MRS Internet J. Nitride Semicond. Res. 2 (1997): misfit of GaN on sapphire −13.7 %."""
    gan, sapphire = hexagonal(3.189, 5.185, "P 63 m c"), reference_structure("al2o3")
    matches = search_planes(gan, sapphire, Limits(max_area=30, max_strain=0.15), planes=[((0, 0, 1), (0, 0, 1))])
    isotropic = [m for m in matches if m.shear < 1e-6]
    assert (isotropic[0].film_index, isotropic[0].substrate_index) == (3, 1)
    assert abs(isotropic[0].rotation) == pytest.approx(30, abs=1e-6)
    assert 100 * isotropic[0].principal_misfits[0] == pytest.approx(-13.7, abs=0.2)


@pytest.mark.parametrize(
    ("film_index", "substrate_index", "rotation", "strain"),
    [
        (169, 108, 30.0, 0.001),  # (13 x 13) on (6√3 x 6√3)R30°: the buffer layer on SiC(0001)
        (64, 43, 7.6, 0.03),  # (8 x 8) on (√43 x √43)R±7.6° on SiC(000-1)
    ],
)
def test_graphene_coincidences_on_sic_are_found(film_index, substrate_index, rotation, strain):
    """Cells and angles: "Interface structure of graphene on SiC(000-1)", arXiv:1110.6562."""
    film, substrate = Surface(GRAPHENE, (0, 0, 1)), Surface(SIC, (0, 0, 1))
    limits = Limits(max_area=substrate_index * substrate.area * 1.01, max_strain=strain)
    found = [
        m
        for m in find_coincidences(film, substrate, limits)
        if (m.film_index, m.substrate_index) == (film_index, substrate_index) and m.shear < 1e-9
    ]
    assert any(abs(m.rotation) == pytest.approx(rotation, abs=0.06) for m in found)


def test_first_commensurate_twist_of_bilayer_graphene_is_21_79_degrees_with_28_atoms():
    """M. Scheer et al., APS March Meeting 2022, Q56.8: first commensurate angle 21.79° (38.21°)."""
    honeycomb = crystal("P 6/m m m", 2.46, 2.46, 6.7, 90, 90, 120, element="C", xyz=(1 / 3, 2 / 3, 0))
    surface = Surface(honeycomb, (0, 0, 1))
    twisted = [
        m for m in find_coincidences(surface, surface, Limits(max_area=40, max_strain=1e-4)) if abs(m.rotation) > 1
    ]
    assert {(m.film_index, round(abs(m.rotation), 2)) for m in twisted} == {(7, 21.79)}
    assert twisted[0].atoms == pytest.approx(28)
    assert twisted[0].moire_period == pytest.approx(2.46 / (2 * np.sin(np.radians(21.787 / 2))), rel=1e-4)


@pytest.mark.parametrize(("m", "r"), [(2, 1), (3, 1), (3, 2), (5, 1)])
def test_moire_period_of_twisted_lattices_has_its_closed_form(m, r):
    """cos θ = (3m² + 3mr + r²/2)/(3m² + 3mr + r²), N = 3m² + 3mr + r² (Lopes dos Santos et al., PRB 86, 155449)."""
    surface = Surface(hexagonal(2.46, 6.7), (0, 0, 1))
    n = 3 * m * m + 3 * m * r + r * r
    theta = np.degrees(np.arccos((n - r * r / 2) / n))
    matches = find_coincidences(surface, surface, Limits(max_area=(n + 0.5) * surface.area, max_strain=1e-6))
    twisted = [match for match in matches if abs(match.rotation) == pytest.approx(theta, abs=1e-6)]
    assert [match.film_index for match in twisted] == [n] * len(twisted)
    assert twisted
    assert twisted[0].moire_period == pytest.approx(2.46 / (2 * np.sin(np.radians(theta / 2))), rel=1e-6)


def test_moire_and_dislocations_of_an_aligned_film_have_their_closed_forms():
    film, substrate = Surface(crystal("P m -3 m", 3.911), (1, 0, 0)), Surface(crystal("P m -3 m", 3.869), (1, 0, 0))
    match = find_coincidences(film, substrate)[0]
    assert match.moire_period == pytest.approx(3.911 * 3.869 / (3.911 - 3.869), rel=1e-9)
    assert match.dislocation_spacing == pytest.approx((3.869 / (0.042 / 3.911),) * 2, rel=1e-9)


def test_dislocations_of_gaas_on_si_are_as_far_apart_as_their_burgers_vector_over_the_misfit():
    """Edge dislocations b = a/2⟨110⟩ = 3.84 Å at 3.9 % (of the film): 98 Å."""
    film, substrate, hkl, *_ = CUBE_ON_CUBE["GaAs/Si(100)"]
    match = search_planes(film, substrate, planes=[(hkl, hkl)])[0]
    assert match.dislocation_spacing == pytest.approx((5.431 / 2**0.5 / (1 - 5.431 / 5.6533),) * 2, rel=1e-9)


def test_burgers_vectors_of_a_four_to_three_coincidence_are_those_of_the_common_lattice():
    """Film edge 3, substrate edge 4 (times 1.01): sums of both translations have the period 1.01."""
    film, substrate = (
        Surface(crystal("P m m m", 3.0, 5.0, 9.0), (0, 0, 1)),
        Surface(crystal("P m m m", 4.04, 5.0, 9.0), (0, 0, 1)),
    )
    match = next(
        m
        for m in find_coincidences(film, substrate, Limits(max_area=61))
        if (m.film_index, m.substrate_index) == (4, 3)
    )
    assert np.linalg.norm(match.displacement_basis[0]) == pytest.approx(1.01)
    assert sorted(x is None for x in match.dislocation_spacing) == [False, True]


@pytest.mark.parametrize(
    ("hkl", "modulus"),
    [
        # L. B. Freund, S. Suresh, Thin Film Materials, 2003, chapter 3: biaxial moduli of cubic films
        ((1, 0, 0), 165.7 + 63.9 - 2 * 63.9**2 / 165.7),
        ((1, 1, 1), 6 * 79.6 * (165.7 + 2 * 63.9) / (165.7 + 2 * 63.9 + 4 * 79.6)),
    ],
)
def test_biaxial_modulus_of_silicon_films_has_its_closed_form(hkl, modulus):
    stiffness = np.diag([165.7 - 63.9] * 3 + [79.6] * 3)
    stiffness[:3, :3] += 63.9
    surface = Surface(reference_structure("si"), hkl)
    assert biaxial_modulus(stiffness, surface.cartesian_axes) == pytest.approx(modulus, rel=1e-9)


def test_elastic_energy_of_an_isotropic_film_is_the_biaxial_modulus_times_the_square_of_the_strain():
    stiffness = isotropic_stiffness(60.0, 0.25)
    film, substrate = crystal("P m -3 m", 3.911), crystal("P m -3 m", 3.869)
    match = search_planes(film, substrate, planes=[((1, 1, 1), (1, 1, 1))], film_stiffness=stiffness)[0]
    strain = 3.869 / 3.911 - 1
    expected = 60.0 / 0.75 * strain**2 * 3.911**3 * EV_PER_GPA_CUBIC_ANGSTROM * 1000
    assert match.elastic_energy == pytest.approx(expected, rel=1e-9)
    half = search_planes(film, substrate, planes=[((1, 1, 1), (1, 1, 1))], film_stiffness=stiffness, film_share=0.5)[0]
    assert half.elastic_energy == pytest.approx(expected / 4, rel=0.02)
    assert search_planes(film, substrate, planes=[((1, 1, 1), (1, 1, 1))])[0].elastic_energy is None


def test_elastic_energy_agrees_with_pymatgen_where_the_normal_is_clamped_in_both():
    """With no Poisson contraction plane stress and plane strain are the same, and pymatgen's energy density applies."""
    from pymatgen.analysis.elasticity import ElasticTensor

    stiffness = isotropic_stiffness(60.0, 0.0)
    match = search_planes(
        crystal("P m -3 m", 3.911), crystal("P m m m", 3.869, 3.95, 5), planes=[((1, 0, 0), (0, 0, 1))], film_stiffness=stiffness
    )[0]  # fmt: skip
    strain = np.zeros((3, 3))
    strain[:2, :2] = match.film_strain
    density = ElasticTensor.from_voigt(stiffness).energy_density(strain, convert_GPa_to_eV=True)
    assert match.elastic_energy == pytest.approx(1000 * density * 3.911**3, rel=1e-6)


def test_misfit_is_shared_by_the_biaxial_moduli_when_both_stiffnesses_are_known():
    film, substrate = crystal("P m -3 m", 3.911), crystal("P m -3 m", 3.869)
    match = search_planes(
        film, substrate, planes=[((1, 0, 0), (1, 0, 0))],
        film_stiffness=isotropic_stiffness(30.0, 0.2), substrate_stiffness=isotropic_stiffness(180.0, 0.4),
    )[0]  # fmt: skip
    assert match.film_share == pytest.approx((180 / 0.6) / (180 / 0.6 + 30 / 0.8))
    total = np.log(3.869 / 3.911)
    assert np.log1p(match.film_strain[0, 0]) == pytest.approx(match.film_share * total)
    assert np.log1p(match.substrate_strain[0, 0]) == pytest.approx(-(1 - match.film_share) * total)


def test_soft_film_takes_most_of_the_misfit():
    assert film_share_from_stiffness(20, 180) == pytest.approx(0.9)
    assert film_share_from_stiffness(20, 180, 90, 10) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stiffness_tuple(np.eye(3)), "6 x 6"),
        (lambda: stiffness_tuple(-np.eye(6)), "positive definite"),
        (lambda: stiffness_tuple(np.triu(np.ones((6, 6)))), "symmetric"),
        (lambda: film_share_from_stiffness(0, 1), "isn't positive"),
        (lambda: Match(Surface(SIC, (0, 0, 1)), Surface(SIC, (0, 0, 1)), ((1, 0), (2, 0)), ((1, 0), (0, 1))), "parallel"),
        (lambda: Match(Surface(SIC, (0, 0, 1)), Surface(SIC, (0, 0, 1)), ((1, 0), (0, 1)), ((1, 0), (0, 1)), 1.5), "share"),
    ],
)  # fmt: skip
def test_elastic_input_without_meaning_is_refused(call, words):
    with pytest.raises(GeometryError, match=words):
        call()
