"""Space groups in every tabulated setting, against spglib's and pymatgen's tables and brute force."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal import Lattice, SpaceGroup
from xtal.errors import CifError

HALL_NUMBERS = range(1, 531)
FIRST_NUMBERS = {"triclinic": 1, "monoclinic": 3, "orthorhombic": 16, "tetragonal": 75, "trigonal": 143,
                 "hexagonal": 168, "cubic": 195}  # fmt: skip
CENTROSYMMETRIC = {"-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m", "6/m", "6/mmm", "m-3", "m-3m"}
FREE_CELL = {
    "triclinic": {("a", "b", "c", "alpha", "beta", "gamma")},
    "monoclinic": {("a", "b", "c", "alpha"), ("a", "b", "c", "beta"), ("a", "b", "c", "gamma")},
    "orthorhombic": {("a", "b", "c")},
    "tetragonal": {("a", "c")},
    "trigonal": {("a", "c"), ("a", "alpha")},
    "hexagonal": {("a", "c")},
    "cubic": {("a",)},
}


@cache
def tabulated(hall_number: int) -> tuple[Any, np.ndarray, np.ndarray]:
    operations = spglib.get_symmetry_from_database(hall_number)
    return spglib.get_spacegroup_type(hall_number), operations["rotations"], operations["translations"]


def triplet(rotation: np.ndarray, translation: np.ndarray) -> str:
    rows = []
    for row, shift in zip(rotation, translation, strict=True):
        terms = "".join(f"{'+' if n > 0 else '-'}{axis}" for n, axis in zip(row, "xyz", strict=True) if n)
        rows.append(f"{terms}+{Fraction(float(shift)).limit_denominator(24)}")
    return ",".join(rows)


@cache
def group_of(hall_number: int) -> SpaceGroup:
    _, rotations, translations = tabulated(hall_number)
    return SpaceGroup.from_operations([triplet(r, t) for r, t in zip(rotations, translations, strict=True)])


def system_of(number: int) -> str:
    return [name for name, first in FIRST_NUMBERS.items() if number >= first][-1]


@pytest.mark.parametrize("hall_number", HALL_NUMBERS)
def test_setting_agrees_with_spglibs_table(hall_number: int) -> None:
    kind, rotations, _ = tabulated(hall_number)
    group = group_of(hall_number)
    assert len(group.operations) == len(rotations)
    assert group.number == kind.number
    assert group.crystal_system == system_of(kind.number)
    assert group.is_centrosymmetric == (kind.pointgroup_international in CENTROSYMMETRIC)
    assert group.operations[0] == "x,y,z"
    assert SpaceGroup.from_symbol(group.hm) == group
    assert SpaceGroup.from_hall(group.hall) == group


@pytest.mark.parametrize("hall_number", HALL_NUMBERS)
def test_free_cell_parameters_are_those_of_the_system_and_its_axes(hall_number: int) -> None:
    group = group_of(hall_number)
    assert group.free_cell_parameters() in FREE_CELL[group.crystal_system]
    if group.hm.endswith(":R"):
        assert group.free_cell_parameters() == ("a", "alpha")


@pytest.mark.parametrize("number", range(1, 231))
def test_standard_setting_has_the_order_that_pymatgen_tabulates(number: int) -> None:
    from pymatgen.symmetry.groups import SpaceGroup as PymatgenGroup

    group = SpaceGroup.from_symbol(number)
    assert group.number == number
    assert len(group.operations) == PymatgenGroup.from_int_number(number).order


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(HALL_NUMBERS),
    st.tuples(*(st.sampled_from([0, 1 / 8, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 0.1234, 0.771]),) * 3),
)
def test_multiplicity_counts_the_images_under_spglibs_operations(
    hall_number: int, xyz: tuple[float, float, float]
) -> None:
    _, rotations, translations = tabulated(hall_number)
    images = (rotations @ np.array(xyz) + translations) % 1.0
    distinct = {tuple(np.round(image, 4) % 1.0) for image in images}
    group = group_of(hall_number)
    assert group.multiplicity(xyz) == len(distinct) == len(group.orbit(xyz))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(HALL_NUMBERS), st.tuples(*(st.sampled_from([0, 1 / 4, 1 / 2, 0.1234, 0.771]),) * 3),
       st.floats(0.01, 0.05))  # fmt: skip
def test_moving_along_free_coordinates_keeps_the_multiplicity(
    hall_number: int, xyz: tuple[float, float, float], step: float
) -> None:
    group = group_of(hall_number)
    moved = np.array(xyz)
    for index, direction in enumerate(group.free_coordinates(xyz)):
        moved = moved + step * (1 + 0.137 * index) * direction
    assert group.multiplicity(moved) >= group.multiplicity(xyz)
    held = group.site_operations(xyz)
    assert np.all(group.site_operations(moved)[held])


@pytest.mark.parametrize(
    ("number", "xyz", "directions"),
    [
        (221, (0.2, 0, 0), [[1, 0, 0]]),
        (221, (0, 0.17, 0.17), [[0, 1, 1]]),
        (164, (1 / 3, 2 / 3, 0.48), [[0, 0, 1]]),
        (164, (0.1, 0.2, 0.3), [[1, 2, 0], [0, 0, 1]]),
        (167, (0.306, 0, 0.25), [[1, 0, 0]]),
        (2, (0.1, 0.2, 0.3), np.eye(3)),
        (2, (0, 0.5, 0), np.empty((0, 3))),
    ],
)
def test_free_coordinates_are_those_of_the_international_tables(
    number: int, xyz: tuple[float, float, float], directions: Any
) -> None:
    assert SpaceGroup.from_symbol(number).free_coordinates(xyz) == pytest.approx(np.array(directions))


@pytest.mark.parametrize(
    ("symbol", "xyz", "multiplicity"),
    [
        ("F d -3 m:2", (1 / 8, 1 / 8, 1 / 8), 8),
        ("F d -3 m:2", (0, 0, 0), 16),
        ("F d -3 m:1", (0, 0, 0), 8),
        ("F d -3 m:2", (1 / 8, 1 / 8, 0.886), 48),
        ("F d -3 m:2", (0.254, 0.254, 0.254), 32),
        ("I a -3 d", (0, 1 / 4, 3 / 8), 24),
        ("I a -3 d", (0.067, 0.150, 0.833), 96),
        ("I 41/a c d:1", (0, 0, 0), 8),
        ("R -3 c:H", (0, 0, 0.352), 12),
        ("R -3 c:R", (0.352, 0.352, 0.352), 4),
        ("P m c 21", (0, 0.25, 0), 2),
    ],
)
def test_site_multiplicities_are_those_of_the_international_tables(
    symbol: str, xyz: tuple[float, float, float], multiplicity: int
) -> None:
    assert SpaceGroup.from_symbol(symbol).multiplicity(xyz) == multiplicity


def test_operations_are_completed_from_generators() -> None:
    assert SpaceGroup.from_operations(["-x,-y,-z"]).hm == "P -1"
    assert SpaceGroup.from_operations(["x,y,z", "y,z,x"]).hm == "R 3:R"
    assert len(SpaceGroup.from_operations(["x,y,z", "x+1,y,z", "-x-1,-y,-z"]).operations) == 2


@pytest.mark.parametrize("operations", [["x,y,z", "-x,y+1/4,-z"], ["x,y,z", "y,x+1/4,z"], ["x,y,q"], ["x,y"]])
def test_operations_that_make_no_group_are_refused(operations: list[str]) -> None:
    with pytest.raises(CifError):
        SpaceGroup.from_operations(operations)


def test_hall_symbol_outside_the_tables_is_read() -> None:
    group = SpaceGroup.from_hall("P 2 (1 0 3)")
    assert group.number == 0
    assert len(group.operations) == 2


@pytest.mark.parametrize("symbol", ["P 7", "", 0, 231])
def test_unknown_symbol_is_refused(symbol: str | int) -> None:
    with pytest.raises(CifError, match="not a space group"):
        SpaceGroup.from_symbol(symbol)


def test_cell_is_completed_from_its_free_parameters() -> None:
    start = Lattice(5, 5, 7, 90, 90, 120)
    assert SpaceGroup.from_symbol(167).complete_cell({"a": 4.76}, start) == Lattice(4.76, 4.76, 7, 90, 90, 120)
    rhombohedral = SpaceGroup.from_symbol("R -3 c:R").complete_cell(
        {"a": 5.1, "alpha": 55.2}, Lattice(5, 5, 5, 60, 60, 60)
    )
    assert rhombohedral == Lattice(5.1, 5.1, 5.1, 55.2, 55.2, 55.2)


@pytest.mark.parametrize(
    ("symbol", "cell", "fits"),
    [
        ("F m -3 m", (4, 4, 4), True),
        ("F m -3 m", (4, 4, 4.1), False),
        ("P 63 m c", (3, 3, 5, 90, 90, 120), True),
        ("P 63 m c", (3, 3, 5), False),
        ("C 1 2/m 1", (6, 11, 6, 90, 110, 90), True),
        ("C 1 2/m 1", (6, 11, 6, 90, 90, 110), False),
        ("R -3 c:R", (5, 5, 5, 55, 55, 55), True),
        ("R -3 c:H", (5, 5, 5, 55, 55, 55), False),
    ],
)
def test_group_fits_only_cells_of_its_metric(symbol: str, cell: tuple[float, ...], fits: bool) -> None:
    assert SpaceGroup.from_symbol(symbol).fits(Lattice(*cell)) is fits
