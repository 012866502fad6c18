"""The lines above a panel: crystals with their markers, orientation relation, coincident pairs and their mismatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..reciprocal.indices import direction_indices
from ..reciprocal.overlay import Overlay
from ..reciprocal.pairs import Pairs
from ..reciprocal.spots import Projection
from . import style
from .projection_labels import index_markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COINCIDENT", "CRYSTAL_COLOURS", "LINE", "NOTE", "draw_head", "head_lines", "percent", "view_markup"]

CRYSTAL_COLOURS = (style.BLUE, style.VERMILION, style.BLUISH_GREEN, style.REDDISH_PURPLE)
"""Colours of the first, second … crystal."""

COINCIDENT = "#F0E442"
"""Ground of coincident spots: Okabe and Ito's yellow."""

NOTE = "#555555"

LINE = 0.155
"""Height of a line above a panel, inches."""

_EQUAL = 0.005


def head_lines(item: Projection | Overlay) -> int:
    """Number of lines above a panel."""
    projections = item.projections if isinstance(item, Overlay) else (item,)
    return len(projections) + len(_notes(item))


def draw_head(axis: Axes, item: Projection | Overlay, letter: str, lines: int) -> None:
    """Write the lines above a panel, from the top of `lines` lines downwards; the letter, if any, before the first."""
    projections = item.projections if isinstance(item, Overlay) else (item,)
    indent = 0.06 if letter else 0.01
    _write(axis, 0.0, lines, letter, fontweight="bold", fontsize=11)
    for row, projection in enumerate(projections):
        colour = CRYSTAL_COLOURS[row % len(CRYSTAL_COLOURS)]
        _write(axis, indent, lines - row, "○" if row else "●", color=colour, fontsize=8)
        _write(
            axis,
            indent + 0.035,
            lines - row,
            f"{projection.name} {view_markup(projection)}",
            color=colour,
            fontsize=8.5,
        )
    for row, (text, coincident) in enumerate(_notes(item)):
        line = lines - len(projections) - row
        if coincident:
            _write(axis, indent, line, "●", color=COINCIDENT, fontsize=8)
        _write(axis, indent + 0.035, line, text, color=NOTE, fontsize=6.8)


def _write(axis: Axes, x: float, line: int, text: str, **options: Any) -> None:
    axis.annotate(text, (x, 1.0), xycoords="axes fraction", xytext=(0, 72 * LINE * (line - 1) + 2), va="baseline", ha="left",
                  textcoords="offset points", annotation_clip=False, **options)  # fmt: skip


def view_markup(projection: Projection) -> str:
    """The view's plane or zone axis with bars over negative indices; nothing for a rotation."""
    view = projection.view
    if view.plane is not None:
        return f"({index_markup(view.plane)})"
    return f"[{index_markup(view.zone)}]" if view.zone is not None else ""


def percent(*values: float) -> str:
    """Fractions in percent with their signs, ``"−2.39 %"``."""
    return " and ".join(f"{100 * value:+.2f}" for value in values).replace("-", "−") + " %"


def _notes(item: Projection | Overlay) -> list[tuple[str, bool]]:
    """Text of each line, and whether it explains the coincident spots."""
    if not isinstance(item, Overlay):
        return [(_layer(item), False)]
    return [
        note
        for number, pairs in enumerate(item.pairs)
        for note in ((_relation(item, number), False), (_pair_note(pairs), True))
    ]


def _relation(item: Overlay, number: int) -> str:
    planes = f"{view_markup(item.projections[0])} ∥ {view_markup(item.projections[number + 1])}"
    alignment = item.alignments[number]
    if alignment is None:
        return planes
    own, other = (index_markup(direction_indices(direction)) for direction in alignment)
    turn = item.rotations[number]
    turned = "" if abs(turn) < 1e-9 else f", turned by {turn:.2f}°".replace("-", "−")
    return f"{planes}, [{own}] ∥ [{other}]{turned}"


def _pair_note(pairs: Pairs) -> str:
    text = f"{len(pairs)} coincident spots (to {100 * pairs.tolerance:g} % of |g|)"
    combined = pairs.combined
    if combined:
        first, second = combined.principal
        same = abs(first - second) < _EQUAL / 100
        return f"{text}, mismatch " + (percent(combined.mean) if same else percent(first, second))
    return f"{text}, mismatch {percent(float(pairs.mismatch.mean()))} along one row" if len(pairs) else text


def _layer(projection: Projection) -> str:
    if projection.slab is not None:
        what = f"slab {projection.slab[0]:g} to {projection.slab[1]:g} Å⁻¹"
    else:
        what = f"layer {projection.layer}"
    axis = "" if projection.zone_axis is None else f"zone axis [{index_markup(projection.zone_axis)}]"
    tilt = f" ({projection.zone_tilt:.2f}° off)" if projection.zone_tilt > _EQUAL else ""
    probe = "lattice only" if projection.probe is None else f"spot area: |F| ({projection.probe.label})"
    return "; ".join(part for part in (axis + tilt, what, probe) if part)
