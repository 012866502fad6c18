"""Rounded coordinates are put back onto their special positions, in every setting."""

from __future__ import annotations

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal import SpaceGroup
from xtal.special_positions import SNAP, on_special_position

SYMBOLS = [group.xhm() for group in gemmi.spacegroup_table()]
VALUES = [0, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 0.1234567, 0.7712345]


def invariant(group: SpaceGroup, point: np.ndarray) -> bool:
    held = group.site_operations(point)
    images = np.einsum("nij,j->ni", group.rotations[held], point) + group.translations[held] - point
    return bool(np.abs(images - np.round(images)).max() < 1e-9)


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(SYMBOLS), st.tuples(*(st.sampled_from(VALUES),) * 3), st.sampled_from([3, 4, 5]))
def test_rounding_is_undone_and_multiplicity_kept(symbol: str, xyz: tuple[float, float, float], digits: int) -> None:
    group = SpaceGroup.from_symbol(symbol)
    x, y, z = (round(float(value), digits) for value in xyz)
    snapped = np.array(on_special_position(group, (x, y, z)))
    assert np.abs(snapped - (x, y, z)).max() <= SNAP + 1e-12
    assert group.multiplicity(snapped) == group.multiplicity(xyz)
    assert invariant(group, snapped)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(SYMBOLS), st.tuples(*(st.floats(-1, 2),) * 3))
def test_point_that_is_put_in_place_stays_there(symbol: str, xyz: tuple[float, float, float]) -> None:
    group = SpaceGroup.from_symbol(symbol)
    once = on_special_position(group, xyz)
    assert on_special_position(group, once) == once
