"""Spots and pairs as tables: rows for a data frame, JSON and CSV text.

JSON schema ``xtal-projection/1``: ``schema``, ``frame``, ``panels``; each panel holds ``projections`` (name, view, cell, zone axis, layer,
orientation, spots) and ``overlays`` (orientation relation, score, combined mismatch, pairs). Numbers that aren't known are null.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from .overlay import Overlay
from .pairs import Pairs
from .spots import Projection
from .view import FRAME

__all__ = ["pair_rows", "projections_csv", "projections_json", "spot_rows"]

SCHEMA = "xtal-projection/1"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def spot_rows(projection: Projection) -> list[dict[str, Any]]:
    """One dictionary per spot: crystal, h, k, l, x, y, height, g (Å⁻¹), d (Å), q (2π/d, Å⁻¹), f_squared, forbidden, excitation_error (Å⁻¹)."""
    squared, error = projection.f_squared, projection.excitation_error
    return [
        {
            "crystal": projection.name,
            "h": int(h), "k": int(k), "l": int(l),
            "x": float(projection.xy[row, 0]), "y": float(projection.xy[row, 1]), "height": float(projection.height[row]),
            "g": float(projection.g_length[row]), "d": float(projection.d_spacing[row]), "q": float(projection.q[row]),
            "f_squared": None if squared is None else float(squared[row]),
            "forbidden": bool(projection.forbidden[row]),
            "excitation_error": None if error is None else _number(error[row]),
        }
        for row, (h, k, l) in enumerate(projection.hkl)
    ]  # fmt: skip


def pair_rows(pairs: Pairs) -> list[dict[str, Any]]:
    """One dictionary per pair: hkl_1, hkl_2, d_1, d_2 (Å), mismatch (|g₂|/|g₁| − 1 on the paper), rotation (°), distance (Å⁻¹)."""
    return [
        {
            "hkl_1": pairs.first.hkl[one].tolist(), "hkl_2": pairs.second.hkl[two].tolist(),
            "d_1": float(pairs.first.d_spacing[one]), "d_2": float(pairs.second.d_spacing[two]),
            "mismatch": float(mismatch), "rotation": float(rotation), "distance": float(distance),
        }
        for one, two, mismatch, rotation, distance in zip(
            pairs.rows_1, pairs.rows_2, pairs.mismatch, pairs.rotation, pairs.distance, strict=True
        )
    ]  # fmt: skip


def projections_json(items: Sequence[Projection | Overlay]) -> str:
    """Everything about projections and overlays as JSON, see the module's text for its keys."""
    content = {"schema": SCHEMA, "frame": FRAME, "panels": [_panel(item) for item in items]}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _panel(item: Projection | Overlay) -> dict[str, Any]:
    if not isinstance(item, Overlay):
        return {"projections": [_projection(item)], "overlays": []}
    overlays = [_overlay(item, number) for number in range(len(item.pairs))]
    return {"projections": [_projection(projection) for projection in item.projections], "overlays": overlays}


def _projection(projection: Projection) -> dict[str, Any]:
    probe = projection.probe
    return {
        "name": projection.name,
        "view": projection.view.label,
        "cell": list(projection.lattice.parameters),
        "zone_axis": None if projection.zone_axis is None else list(projection.zone_axis),
        "zone_tilt": projection.zone_tilt,
        "layer": projection.layer,
        "slab": None if projection.slab is None else list(projection.slab),
        "g_max": projection.g_max,
        "probe": None if probe is None else {"kind": probe.kind, "wavelength": probe.wavelength, "voltage": probe.voltage,
                                             "f_squared_unit": probe.f_squared_unit},
        "orientation": projection.orientation.tolist(),
        "spots": spot_rows(projection),
    }  # fmt: skip


def _overlay(item: Overlay, number: int) -> dict[str, Any]:
    pairs, alignment = item.pairs[number], item.alignments[number]
    combined = pairs.combined
    return {
        "crystals": [pairs.first.name, pairs.second.name],
        "planes": [pairs.first.view.label, pairs.second.view.label],
        "directions": None if alignment is None else [list(direction) for direction in alignment],
        "rotation": item.rotations[number],
        "tolerance": pairs.tolerance,
        "score": pairs.score,
        "mismatch_definition": "(first - second)/second of the spacings on the paper",
        "combined": None if combined is None else {"principal": list(combined.principal), "mean": combined.mean,
                                                   "rotation": combined.rotation, "residual": combined.residual},
        "pairs": pair_rows(pairs),
    }  # fmt: skip


def projections_csv(items: Sequence[Projection | Overlay]) -> str:
    """All spots as CSV, columns as in `spot_rows` after ``panel`` and ``view``; one header line; unknown numbers are empty."""
    rows = [
        {"panel": panel, "view": projection.view.label, **row}
        for panel, item in enumerate(items, start=1)
        for projection in (item.projections if isinstance(item, Overlay) else (item,))
        for row in spot_rows(projection)
    ]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
