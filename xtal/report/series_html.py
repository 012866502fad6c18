"""The report of a series as one HTML file that needs no network: heat map, verdicts, trends, and the fit of any frame."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..io.atomic import write_text_atomic
from ..pattern import AXIS_UNITS
from ..plot.refinement import AXIS_NAMES
from ..plot.series import map_levels, with_unit
from ..result import ProfileCurves
from ..series.findings import Findings, analyse
from ..series.series import Series
from ..strict_json import strict_json
from .series_tables import findings_sections

__all__ = ["series_html", "write_series_report"]

REPORT_NAME, FINDINGS_NAME = "report.html", "findings.json"
HEAT_COLUMNS, HEAT_ROWS = 900, 600
FIT_POINTS, ALL_POINTS = 1500, 800_000
FloatArray = NDArray[np.float64]


def write_series_report(folder: Path | str) -> Path:
    """Write report.html and findings.json into the folder of a series.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    InputError, OutputError
        No series is there, or a file can't be written.
    """
    with Series(folder) as series:
        findings = analyse(series)
        text = strict_json(findings.to_dict(), indent=1)
        write_text_atomic(Path(folder) / FINDINGS_NAME, text + "\n")
        return write_text_atomic(Path(folder) / REPORT_NAME, series_html(series, findings))


def series_html(series: Series, findings: Findings) -> str:
    """Text of the report.

    Parameters
    ----------
    series : Series
        Frames that wait are shown as such.
    findings : Findings
        From `series.findings.analyse`.
    """
    style, script = _asset("report.css") + _asset("series.css"), _asset("series.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; img-src data:"
    )
    remarks = {frame.index: series.remarks(frame.index) for frame in series.frames}
    data = strict_json(_data(series, remarks), separators=(",", ":")).replace("<", "\\u003c")
    title = escape(str(series.meta["title"]))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{title} · xtal</title><style>{style}</style></head>\n<body><main>"
        f"{_head(series, title)}{_plots(series)}{findings_sections(series, findings, remarks)}</main>"
        f'<script type="application/json" id="series-data">{data}</script>\n<script>{script}</script></body></html>\n'
    )


def _head(series: Series, title: str) -> str:
    done, total = series.n_steps()
    verdicts = [fit.verdict for fit in series.accepted.values()]
    counts = ", ".join(f"{verdicts.count(name)} {name}" for name in ("pass", "review", "fail") if name in verdicts)
    failed = [fit for fit in series.accepted.values() if fit.status not in ("converged", "not_converged")]
    unfinished = "" if done == total else f" The run is not finished: {done} of {total} refinements are done."
    lines = "".join(f"<li>frame {fit.frame}: {escape(fit.message)}</li>" for fit in failed[:20])
    listed = f"<p>{len(failed)} frames could not be refined:</p><ul>{lines}</ul>" if failed else ""
    note = f"<p>{escape(series.order_note)}</p>" if series.order_note else ""
    return (
        f"<header><h1>{title}</h1><p>{len(series)} frames with {escape(str(series.meta['engine']))}, strategy "
        f"{escape(str(series.meta['strategy']))}: {counts or 'none done'}.{unfinished}</p>{note}{listed}</header>"
    )


def _plots(series: Series) -> str:
    axis = escape(series.axis_label)
    levels = "G(r)" if series.meta["pattern_axis"] == "r" else "Square root of intensity"
    return (
        '<section><h2>Patterns</h2><div class="controls"><label>as <select id="patterns"><option value="map">map</option>'
        '<option value="waterfall">waterfall</option></select></label></div>'
        f'<div id="map"><p class="hint">{axis}</p><div id="beside" aria-hidden="true"></div>'
        '<canvas id="heat" role="img" aria-label="All patterns, one row per frame"></canvas><div id="under" data-label="Axis of the map"></div>'
        f'<p class="hint">{levels}; frames from top to bottom. Click a frame.</p></div>'
        '<div id="waterfall" data-label="Patterns of up to 40 frames above each other" hidden></div>'
        '<h2>Verdicts</h2><div id="strip" data-label="Verdict of every frame"></div>'
        '<p class="hint">green pass, amber review, red fail, grey waiting.</p></section>'
        '<section><h2>Trends</h2><div class="controls"><label>quantity <select id="quantity"></select></label>'
        f'<label>against <select id="against"><option value="axis">{axis}</option><option value="frame">frame</option></select></label></div>'
        '<div id="trend" data-label="Refined quantity of every frame with error bars"></div>'
        '<p class="hint">▲ axis rising, ▼ axis falling; bars are one esd.</p></section>'
        '<section><h2>Fit of a frame</h2><div class="controls"><button id="before">◀</button><button id="after">▶</button>'
        '<span id="chosen"></span></div><p id="said"></p><ul id="remarks"></ul><div id="fit" data-label="Observed, calculated and difference"></div></section>'
        "<noscript><p>The pictures need JavaScript; xtal series export writes them as PNG.</p></noscript>"
    )


def _position(series: Series) -> str:
    name = str(series.meta["pattern_axis"])
    return f"{AXIS_NAMES[name]} ({AXIS_UNITS[name].replace('degrees 2θ', '°')})"  # type: ignore[index,unused-ignore]


def _data(series: Series, remarks: Mapping[int, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    table = series.table()
    curves: list[dict[str, Any] | None] = []
    rows, grids, heat = [], _Grids(), _HeatMap(len(series))
    points = int(min(FIT_POINTS, max(ALL_POINTS / max(len(series), 1), 200)))
    axis = series.axis_name if series.axis_name != "frame" else "value"
    for place, row in enumerate(table.to_dict("records")):
        found = series.curves(row["frame"])
        packed = None if found is None else _packed(found, points, grids)
        curves.append(packed)
        if found is not None and packed is not None:
            packed["ticks"] = _ticks(found, series.reflection_positions(row["frame"]), series.meta["phases"])
            heat.add(place, found)
        rows.append({"frame": row["frame"], "file": row["file"], "value": row[axis], "direction": row["direction"],
                     "status": row["status"], "verdict": row["verdict"] or "waiting", "rwp": _number(row.get("rwp")),
                     "gof": _number(row.get("gof")), "message": str(row.get("message") or ""),
                     "remarks": [one["sentence"] for one in remarks[row["frame"]]]})  # fmt: skip
    return {
        "axis": series.axis_label,
        "position": _position(series),
        "intensity": "G(r) / Å⁻²" if series.meta["pattern_axis"] == "r" else "intensity",
        "frames": rows,
        "phases": list(series.meta["phases"]),
        "quantities": _quantities(table),
        "curves": curves,
        "grids": grids.lists,
        "heat": heat.content(),
        "range": heat.range(),
        "colours": _colours(),
    }


def _quantities(table: Any) -> list[dict[str, Any]]:
    """Columns with esds, cells first, then shares, then the others; last Rwp."""
    names = [name for name in table.columns if f"{name}.esd" in table.columns]
    ranks = [".cell.", ".volume", "_share", "_fraction", ".crystallite", ".microstrain"]
    names.sort(key=lambda name: next((rank for rank, part in enumerate(ranks) if part in name), len(ranks)))
    found = [
        {
            "label": name + with_unit(name),
            "values": [_number(v) for v in table[name]],
            "esds": [_number(v) for v in table[f"{name}.esd"]],
        }
        for name in names
    ]
    if "rwp" in table:
        found.append({"label": "rwp", "values": [_number(v) for v in table["rwp"]], "esds": [None] * len(table)})
    return found


class _Grids:
    """Axes of the drawn curves, each written once."""

    def __init__(self) -> None:
        self.lists: list[list[float]] = []
        self._known: dict[bytes, int] = {}

    def index(self, x: FloatArray) -> int:
        """Number of an axis in the list."""
        key = x.tobytes()
        if key not in self._known:
            self._known[key] = len(self.lists)
            self.lists.append([round(value, 4) for value in x.tolist()])
        return self._known[key]


class _HeatMap:
    """Levels (`map_levels`) on a common axis; neighbouring frames are averaged where there are too many."""

    def __init__(self, n_frames: int) -> None:
        self._per_row = max(1, -(-n_frames // HEAT_ROWS))
        self._rows: dict[int, list[FloatArray]] = {}
        self._x: FloatArray | None = None

    def add(self, place: int, curves: ProfileCurves) -> None:
        """One frame."""
        if self._x is None:
            self._x = np.linspace(curves.x[0], curves.x[-1], min(HEAT_COLUMNS, len(curves.x)))
        _, smooth = _binned(curves.x, curves.observed, len(self._x))
        x, _ = _binned(curves.x, curves.x, len(self._x))
        row = np.interp(self._x, x, map_levels(smooth, curves.axis))
        row[(self._x < curves.x[0]) | (self._x > curves.x[-1])] = np.nan
        self._rows.setdefault(place // self._per_row, []).append(row)

    def range(self) -> list[float]:
        """Ends of the common axis."""
        return [0.0, 1.0] if self._x is None else [float(self._x[0]), float(self._x[-1])]

    def content(self) -> dict[str, Any]:
        """Levels 0–255 by row, and the frame that each row starts with."""
        if not self._rows or self._x is None:
            return {"columns": 1, "rows": [], "values": ""}
        table = np.array([np.mean(self._rows[row], axis=0) for row in sorted(self._rows)])
        low, high = np.nanpercentile(table, [1.0, 99.7])
        # What a shorter pattern lacks is as dark as nothing.
        levels = np.nan_to_num(np.clip((table - low) / (high - low or 1.0) * 255, 0, 255)).astype(np.uint8)
        rows = [row * self._per_row for row in sorted(self._rows)]
        return {"columns": int(levels.shape[1]), "rows": rows, "values": _base64(levels.tobytes())}


def _packed(curves: ProfileCurves, points: int, grids: _Grids) -> dict[str, Any]:
    """Observed and calculated as 16-bit numbers on an axis of at most so many points."""
    x, observed = _binned(curves.x, curves.observed, points)
    _, calculated = _binned(curves.x, curves.calculated, points)
    low = float(min(observed.min(), calculated.min()))
    step = (float(max(observed.max(), calculated.max())) - low) / 65535 or 1.0

    def encoded(values: FloatArray) -> str:
        return _base64(np.round((values - low) / step).astype("<u2").tobytes())

    return {
        "grid": grids.index(x),
        "low": low,
        "step": step,
        "observed": encoded(observed),
        "calculated": encoded(calculated),
    }


def _ticks(curves: ProfileCurves, positions: Mapping[str, FloatArray], phases: Sequence[str]) -> list[str]:
    """Reflections of each phase within the pattern as 16-bit parts of its range."""
    low, high = float(curves.x[0]), float(curves.x[-1])
    found = [positions.get(phase, np.zeros(0)) for phase in phases]
    parts = [(one[(one >= low) & (one <= high)] - low) / (high - low) for one in found]
    return [_base64(np.round(65535 * one).astype("<u2").tobytes()) for one in parts]


def _binned(x: FloatArray, values: FloatArray, points: int) -> tuple[FloatArray, FloatArray]:
    """Means of neighbouring points, so that no more than `points` are left."""
    size = -(-len(x) // points)
    if size == 1:
        return x, values
    starts = np.arange(0, len(x), size)
    lengths = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / lengths, np.add.reduceat(values, starts) / lengths


def _colours() -> list[list[int]]:
    """A map whose lightness rises evenly, for any kind of colour vision (cividis)."""
    from matplotlib import colormaps

    return [[round(255 * part) for part in colormaps["cividis"](level / 255)[:3]] for level in range(256)]


def _number(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{float(value):.8g}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _asset(name: str) -> str:
    return (files("xtal.report") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
