"""The data of the report's interactive plot, as JSON that is safe inside a script element."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..pattern import AXIS_UNITS
from ..plot import style
from ..plot.refinement import AXIS_NAMES, intensity_unit, starts_after_gaps
from ..result import ProfileCurves, ReflectionRow, Result

__all__ = ["plot_json"]

DIGITS = 5
"""Significant digits of the highest point; what is below them can't be seen."""


def plot_json(result: Result) -> str:
    """Curves, reflections and colours for report.js; ``null`` when the result has no profile."""
    if result.profile is None:
        return "null"
    # Inside <script> only "<" could end the element or start a comment; U+2028/9 are harmless in JSON data blocks.
    return json.dumps(_content(result, result.profile), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _content(result: Result, profile: ProfileCurves) -> dict[str, Any]:
    names = tuple(result.phases) or tuple(profile.phases)
    colours = style.phase_colours(names)
    decimals = DIGITS - 1 - int(np.floor(np.log10(max(np.nanmax(np.abs(profile.observed)), 1e-300))))
    return {
        "axis": AXIS_NAMES[profile.axis],
        "unit": AXIS_UNITS[profile.axis].replace("degrees 2θ", "°"),
        "intensity": intensity_unit(result),
        "x": _rounded(profile.x, 5),
        "gaps": starts_after_gaps(profile.x).tolist(),
        "curves": {
            name: _rounded(getattr(profile, name), decimals) for name in ("observed", "calculated", "background", "sigma")
        },
        "colours": {"observed": style.OBSERVED, "calculated": style.CALCULATED, "background": style.BACKGROUND,
                    "difference": style.DIFFERENCE},
        "phases": [
            {"name": name, "colour": colours[name], "profile": _rounded(profile.phases[name], decimals) if name in profile.phases else None,
             "ticks": [_tick(row) for row in result.reflections.get(name, ())]}
            for name in names
        ],
    }  # fmt: skip


def _tick(row: ReflectionRow) -> list[Any]:
    return [round(row.two_theta, 4), f"{row.h} {row.k} {row.l}", round(row.d, 4)]


def _rounded(values: ArrayLike, decimals: int) -> list[float | None]:
    array = np.round(np.asarray(values, dtype=float), decimals)
    return [value if np.isfinite(value) else None for value in array.tolist()]
