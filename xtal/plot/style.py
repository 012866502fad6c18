"""Colours and sizes of every picture, in one place.

Colours are those of Okabe and Ito (Color Universal Design, 2008), told apart by people with any common kind of
colour vision. Colour never carries a meaning alone: every curve is also named beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

__all__ = [
    "BACKGROUND",
    "CALCULATED",
    "DIFFERENCE",
    "OBSERVED",
    "PHASES",
    "WIDTH",
    "is_synthetic",
    "phase_colours",
    "print_style",
]

BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
BLUISH_GREEN = "#009E73"
BLUE = "#0072B2"
VERMILION = "#D55E00"
REDDISH_PURPLE = "#CC79A7"
GREY = "#7F7F7F"

OBSERVED = "#333333"
CALCULATED = VERMILION
BACKGROUND = GREY
DIFFERENCE = BLUE
PHASES = (BLUISH_GREEN, ORANGE, REDDISH_PURPLE, SKY_BLUE, BLACK)

WIDTH = 7.0
"""Width of a full-page figure, inches (two columns of a journal)."""

_RC: Mapping[str, Any] = {
    "font.size": 8,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 0.9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.dpi": 200,
    "mathtext.default": "regular",
}


def print_style() -> AbstractContextManager[None]:
    """Matplotlib settings for print, inside a ``with`` only, so that nobody else's figures change."""
    from matplotlib import rc_context

    settings: Any = dict(_RC)
    return rc_context(settings)


def phase_colours(names: tuple[str, ...]) -> dict[str, str]:
    """Colour of each phase; the palette starts again after five."""
    return {name: PHASES[index % len(PHASES)] for index, name in enumerate(names)}


def is_synthetic(pattern: Mapping[str, Any]) -> bool:
    """Whether a result's ``pattern`` entry says that the data were computed, not measured."""
    return bool(pattern.get("synthetic")) or "synthetic" in str(pattern.get("source", "")).lower()
