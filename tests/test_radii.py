"""Ionic radii against the numbers that the studies print."""

from __future__ import annotations

import math

import pytest

from xtal.errors import InputError
from xtal.radii import goldschmidt_tolerance_factor, mean_ionic_radius, shannon_radius, tolerance_factor


@pytest.mark.parametrize(
    ("ion", "coordination", "radius"),
    [("Li+", 6, 0.76), ("K+", 6, 1.38), ("Cl-", 6, 1.81), ("F-", 6, 1.33), ("Br-", 6, 1.96), ("I-", 6, 2.20),
     ("Ta5+", 6, 0.64), ("Zr4+", 6, 0.72), ("Al3+", 6, 0.535), ("Li+", 4, 0.59), ("La3+", 12, 1.36), ("O2-", 6, 1.40)],
)  # fmt: skip
def test_radius_is_the_published_one(ion: str, coordination: int, radius: float) -> None:
    assert shannon_radius(ion, coordination) == pytest.approx(radius)


def test_tolerance_factor_of_li2ohcl_is_0_794_as_in_study_b() -> None:
    t = goldschmidt_tolerance_factor("Cl-", "OH-", "Li+", coordination=(6, 6, 6), overrides={"OH-": 1.53})
    assert t == pytest.approx(0.794, abs=5e-4)
    assert t == pytest.approx((0.76 + 1.81) / (math.sqrt(2) * (0.76 + 1.53)))


def test_ideal_perovskite_has_tolerance_factor_one() -> None:
    assert tolerance_factor(math.sqrt(2) * 2.0 - 1.4, 0.6, 1.4) == pytest.approx(1.0)


def test_mean_radius_of_zr_and_al_in_lzaco_is_0_67_as_in_study_d() -> None:
    assert mean_ionic_radius({"Zr4+": 0.75, "Al3+": 0.25}) == pytest.approx(0.67, abs=5e-3)
    assert mean_ionic_radius({"Zr4+": 3, "Al3+": 1}) == mean_ionic_radius({"Zr4+": 0.75, "Al3+": 0.25})


def test_spin_state_is_asked_for_where_radii_depend_on_it() -> None:
    assert shannon_radius("Co3+", 6, spin="Low Spin") == pytest.approx(0.545)
    with pytest.raises(InputError, match="High Spin"):
        shannon_radius("Co3+", 6)


@pytest.mark.parametrize(
    ("ion", "coordination", "message"),
    [
        ("Li+", 5, "table has IV, VI, VIII"),
        ("Li2+", 6, r"charges \+1"),
        ("OH-", 6, "not an ion"),
        ("Xx+", 6, "not an ion"),
    ],
)
def test_radius_that_the_table_lacks_is_refused_with_what_it_has(ion: str, coordination: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        shannon_radius(ion, coordination)


def test_shares_without_sense_are_refused() -> None:
    with pytest.raises(InputError, match="positive"):
        mean_ionic_radius({"Zr4+": -1.0, "Al3+": 2.0})
