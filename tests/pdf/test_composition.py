"""Chemical formulas and what goes wrong in them."""

from __future__ import annotations

import pytest

from xtal.composition import parse_composition
from xtal.errors import InputError


def test_a_single_element_is_one_atom() -> None:
    assert parse_composition("Ni").amounts == ((("Ni", 0), 1.0),)


def test_amounts_follow_their_element_and_case_separates_elements() -> None:
    assert dict(parse_composition("Li2OHCl").amounts) == {("Li", 0): 2, ("O", 0): 1, ("H", 0): 1, ("Cl", 0): 1}
    assert dict(parse_composition("Mg2SiO4").amounts) == {("Mg", 0): 2, ("Si", 0): 1, ("O", 0): 4}


def test_the_spellings_that_pdfgetx3_accepts_mean_the_same() -> None:
    expected = parse_composition("PbTi0.5Zr0.5O3").fractions
    assert parse_composition("Pb Ti0.5 Zr0.5 O3").fractions == expected
    assert parse_composition("Pb 1  Ti 0.5  Zr 0.5  O 3").fractions == expected


def test_elements_may_repeat() -> None:
    assert dict(parse_composition("CH3 CH3").amounts) == {("C", 0): 2, ("H", 0): 6}


def test_brackets_multiply_what_they_hold() -> None:
    amounts = dict(parse_composition("(Li2OH)0.99K0.01Cl").amounts)
    assert amounts[("Li", 0)] == pytest.approx(1.98)
    assert amounts[("K", 0)] == pytest.approx(0.01)
    assert amounts[("Cl", 0)] == 1


def test_a_mixture_of_components_adds_up() -> None:
    amounts = dict(parse_composition("1.4Li2O–0.75ZrCl4–0.25AlCl3").amounts)
    assert amounts == pytest.approx({("Li", 0): 2.8, ("O", 0): 1.4, ("Zr", 0): 0.75, ("Cl", 0): 3.75, ("Al", 0): 0.25})


def test_isotopes_are_kept_apart_from_the_natural_mixture() -> None:
    amounts = dict(parse_composition("[7Li]2OD").amounts)
    assert amounts == {("Li", 7): 2, ("O", 0): 1, ("H", 2): 1}
    assert parse_composition("[7Li]LiO").element_fractions["Li"] == pytest.approx(2 / 3)


def test_nickel_of_8_908_g_cm3_has_the_atoms_of_its_cell() -> None:
    """fcc Ni, a = 3.5241 Å (CRC Handbook: 8.908 g/cm³): 4 atoms in a³."""
    assert parse_composition("Ni").number_density(8.908) == pytest.approx(4 / 3.5241**3, rel=2e-3)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("", "empty formula"),
        ("Xx2O", "'Xx' is not an element"),
        ("li2o", "'li2o' can't be read"),
        ("Li2(OH", "isn't closed"),
        ("Li2OH)", "never opened"),
        ("Ni0", "above zero"),
        ("Ni, O", "', O'".replace(" ", "")),
        ("Li2O-0.5", "'0.5' names no element"),
        ("Li(2OH)", "after an opening bracket"),
    ],
)
def test_a_formula_that_does_not_parse_says_which_part(formula: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_composition(formula)
    assert said in str(caught.value)
    assert "Li2OHCl" in str(caught.value)
