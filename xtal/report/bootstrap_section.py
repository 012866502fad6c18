"""The report's section on the bootstrap: esds of the covariance and of refits side by side."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..bootstrap import Bootstrap, Spread
from ..result import Result
from .values import missing, number, row, table

__all__ = ["bootstrap_section"]


def bootstrap_section(result: Result) -> str:
    """Table of every quantity that was refitted; empty when no bootstrap was asked for."""
    found = result.bootstrap
    if found is None:
        return ""
    headings = ("quantity", "value", "esd, covariance", "esd, bootstrap", "95 %, bootstrap")
    caption = (
        f"{found.n - found.n_failed} of {found.n} refits converged. Each fits the calculated pattern plus the fit's own residuals, drawn in blocks "
        f"of {found.block_points} point{'s' if found.block_points > 1 else ''}. All refits: bootstrap.csv."
    )
    rows = (row(cells, escape(name)) for name, cells in _rows(result, found))
    return f"<section><h2>Bootstrap</h2>{table('bootstrap', caption, headings, rows)}</section>"


def _rows(result: Result, found: Bootstrap) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, spread in found.weight_fractions.items():
        value = result.phases[name].weight_fraction
        yield f"weight fraction of {name}", _cells(value.value, value.esd, spread)
    for name, spread in found.group_shares.items():
        value = result.phases[name].group_share
        yield f"share of {name} in its group", _cells(value.value, value.esd, spread)
    for name, spread in found.parameters.items():
        parameter = result.parameters[name]
        yield name, _cells(parameter.value, parameter.esd, spread)


def _cells(value: float | None, esd: float | None, spread: Spread) -> tuple[str, ...]:
    by_covariance = missing("no covariance stands behind it") if esd is None else number(esd, 3)
    return (
        number(value, 7),
        by_covariance,
        number(spread.esd, 3),
        f"{number(spread.low, 7)} to {number(spread.high, 7)}",
    )
