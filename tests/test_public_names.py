"""The package offers exactly the names it lists, and each has a docstring."""

from __future__ import annotations

import pytest

import xtal


@pytest.mark.parametrize("name", sorted(set(xtal.__all__) - {"__version__"}))
def test_public_name_can_be_had_and_is_documented(name):
    thing = getattr(xtal, name)
    assert (thing.__doc__ or "").strip()


def test_every_lazy_name_is_listed():
    assert set(xtal._HOME) | {"__version__"} == set(xtal.__all__)


def test_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'rietveld_magic'"):
        xtal.rietveld_magic  # noqa: B018
