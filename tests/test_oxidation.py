"""Oxidation numbers and charge balance."""

from __future__ import annotations

import pytest

from xtal.errors import InputError
from xtal.io.library import reference_index, reference_structure
from xtal.oxidation import charge_sum, oxidation_number

OVERRIDES = {"S": 6, "Pb": 2, "Co": 3, "Ni": 2, "Ce": 4}
BALANCED = [name for name, entry in reference_index().items() if entry["charge"] == "balanced"]


@pytest.mark.parametrize("name", [name for name in BALANCED if name not in ("ni", "si", "lab6")])
def test_reference_that_the_index_calls_balanced_sums_to_zero(name: str) -> None:
    structure = reference_structure(name)
    size = sum(structure.cell_contents.values())
    assert charge_sum(structure, OVERRIDES) == pytest.approx(0.0, abs=2e-3 * size)


def test_element_without_a_usual_number_is_asked_for() -> None:
    with pytest.raises(InputError, match="no usual oxidation number of Co"):
        oxidation_number("Co")
    assert oxidation_number("Co", {"Co": 3}) == 3
