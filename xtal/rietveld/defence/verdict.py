"""The verdict on a phase in words, from what its refits found."""

from __future__ import annotations

import math

from ...defence import Interval, Removal, Standing
from ...result import Value, format_value

__all__ = ["TRACE_BELOW", "verdict"]

TRACE_BELOW = 0.05
"""Weight fraction up to which a phase is called a trace."""
SHOWN_FROM = 9.0
"""Rise of χ² in units of the reduced χ², 3 σ for one parameter."""
GHOST_BELOW = 1 / 3
"""Intensity per weight, relative to the starting structure's, below which a phase collects weight without intensity."""


def verdict(
    weight: Value, interval: Interval | None, without: Removal | None, limit: float | None, attenuation: float | None,
    models: Interval | None = None,
) -> tuple[Standing, str]:  # fmt: skip
    """Word and sentence on a phase; `interval` is that of counting, `models` that over the models tried."""
    against = _against(weight, without, attenuation)
    found = f"{_percent(weight)} wt%{_intervals(interval, models)}"
    floor = "" if limit is None else f" The detection limit of this fit is {100 * limit:.2g} wt%."
    if against:
        return "not shown", f"Not shown by these data: {against}. The fit says {found}.{floor}"
    basis = _for(without)
    if weight.value is not None and weight.value < TRACE_BELOW:
        return "trace", f"A trace, {found}: {basis}.{floor}"
    return "present", f"Present, {found}: {basis}.{floor}"


def _against(weight: Value, without: Removal | None, attenuation: float | None) -> str | None:
    if weight.value is None:
        return f"it has no weight fraction ({weight.reason})"
    if attenuation is not None and math.isfinite(attenuation) and attenuation < GHOST_BELOW:
        return (
            f"its refined structure scatters {100 * attenuation:.0f} % of what the starting structure does per weight, so that "
            "it collects weight without intensity (look at its displacement parameters and occupancies)"
        )
    if weight.esd is not None and weight.value < 3 * weight.esd:
        return "the fraction is less than three esds from zero"
    if without is None:
        return None
    if without.delta_chi2 < SHOWN_FROM:
        return f"without it χ² rises by only {max(without.delta_chi2, 0.0):.1f} (9 would be three σ)"
    if without.delta_bic <= 0:
        return (
            f"without it the fit is as good for its number of parameters (ΔBIC {without.delta_bic:+.0f}, "
            f"{without.n_parameters} parameters fewer)"
        )
    return None


def _for(without: Removal | None) -> str:
    if without is None:
        return "it is the only phase, or the fit without it failed"
    return (
        f"without it Rwp rises from {100 * (without.rwp - without.delta_rwp):.2f} to {100 * without.rwp:.2f} % "
        f"(ΔBIC {without.delta_bic:+.0f})"
    )


def _percent(weight: Value) -> str:
    if weight.value is None:
        return "–"
    return format_value(100 * weight.value, None if weight.esd is None else 100 * weight.esd, 2)


def _intervals(counting: Interval | None, models: Interval | None) -> str:
    """What counting leaves open alone holds few weighed fractions; read by itself it promises too much."""
    named = (("95 % by counting alone", counting), ("with the models tried", models))
    told = [f"{name}: {100 * one.low:.2f} to {100 * one.high:.2f}" for name, one in named if one is not None]
    return f" ({'; '.join(told)})" if told else ""
