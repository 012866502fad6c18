"""Engines for the acceptance tests: rietx and native always, GSAS-II where an interpreter with it is found."""

from __future__ import annotations

import pytest

from xtal.engines.gsas2_location import find_gsas2


@pytest.fixture(params=["rietx", "native", pytest.param("gsas2", marks=pytest.mark.gsas2)])
def engine(request) -> str:
    """Name of an engine; the test is skipped, visibly, where GSAS-II is absent."""
    if request.param == "gsas2" and find_gsas2() is None:
        pytest.skip("GSAS-II is absent: set XTAL_GSAS2_PYTHON to an interpreter that has it")
    return request.param
