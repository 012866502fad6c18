"""A series that was run, or is running: its frames as tables, curves and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..result import ProfileCurves, ReflectionRow, Result
from .packing import unpack_array, unpack_curves, unpack_json
from .plan import BOTH_WAYS
from .store import Fit, Store

__all__ = ["Disagreement", "Series"]

FloatArray = NDArray[np.float64]
CELL = ("a", "b", "c", "alpha", "beta", "gamma")
WHOLE_PHASE = ("weight_fraction", "group_share", "intensity_share", "volume", "crystallite_size_nm", "microstrain")
_POSITION = [one.name for one in fields(ReflectionRow)].index("two_theta")
MANY_RAMPS, LEAST_RAMP = 2, 5
"""Ramps that any series may have, and frames that each of more should have."""
REAL_DIFFERENCE = 1.0
"""Esds by which routes may differ in a value; they see the same noise, so that they should hardly differ at all."""


@dataclass(frozen=True)
class Disagreement:
    """A frame whose answer depends on where the refinement started."""

    frame: int
    name: str
    values: Mapping[str, float]
    esd: float


class Series:
    """A stored series.

    Parameters
    ----------
    folder : path
        Folder that ``xtal series run`` wrote; a run at work is not disturbed.

    Raises
    ------
    InputError
        There is no series, or a newer version wrote it.

    Notes
    -----
    Close it, or use it in a ``with``: it holds a connection to the store.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._store = Store(self.folder)
        self.meta: dict[str, Any] = self._store.meta
        self.frames = self._store.frames()
        self._routes: dict[int, list[Fit]] = {}
        for fit in self._store.fits():
            self._routes.setdefault(fit.frame, []).append(fit)

    def close(self) -> None:
        """End the connection to the store."""
        self._store.close()

    def __enter__(self) -> Series:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def axis_name(self) -> str:
        """Name of what changes along the series."""
        return str(self.meta["axis"]["name"])

    @property
    def axis_label(self) -> str:
        """Name and unit of the axis."""
        unit = self.meta["axis"]["unit"]
        return f"{self.axis_name} ({unit})" if unit else self.axis_name

    @property
    def order_note(self) -> str:
        """What to do where the axis turns so often that no ramp is long enough for a trend; empty elsewhere."""
        n_ramps = 1 + max((frame.ramp for frame in self.frames), default=0)
        if n_ramps <= MANY_RAMPS or n_ramps * LEAST_RAMP <= len(self.frames):
            return ""
        return (
            f"The frames have {n_ramps} ramps, for {self.axis_name} turns from one to the next: trends need longer ones. "
            'If it is no cycle, order = "axis" under [patterns] sorts the frames.'
        )

    @cached_property
    def accepted(self) -> dict[int, Fit]:
        """The fit of each finished frame: of several routes the one that converged with the lowest Rwp."""
        return {frame: min(fits, key=_rank) for frame, fits in self._routes.items()}

    def n_steps(self) -> tuple[int, int]:
        """Finished steps and all steps."""
        return len(self._store.finished()), len(self._store.steps())

    def curves(self, frame: int) -> ProfileCurves | None:
        """Observed and calculated pattern of a frame."""
        fit = self._full(frame)
        if fit is None or fit.curves is None or fit.x is None:
            return None
        return unpack_curves(fit.curves, unpack_array(fit.x))

    def result(self, frame: int) -> Result | None:
        """Whole result of a frame, as a refinement of it alone would give it; None without one."""
        fit = self._full(frame)
        return None if fit is None or fit.result is None else _result_of(fit)

    def structures(self, frame: int) -> dict[str, str]:
        """Refined structures of a frame as CIF text by phase."""
        fit = self._full(frame)
        return {} if fit is None or fit.result is None else dict(unpack_json(fit.result)["structures"])

    def reflection_positions(self, frame: int) -> dict[str, FloatArray]:
        """Where the reflections of each phase stand in a frame, on the axis of its pattern; (n,) each."""
        fit = self._full(frame)
        rows = {} if fit is None or fit.result is None else unpack_json(fit.result).get("reflections", {})
        return {phase: np.array([row[_POSITION] for row in found], dtype=float) for phase, found in rows.items()}

    def remarks(self, frame: int) -> list[dict[str, Any]]:
        """Checks of a frame that speak against its numbers: code, severity, phase, sentence each."""
        fit = self._full(frame)
        checks = [] if fit is None or fit.result is None else unpack_json(fit.result)["result"].get("checks", [])
        return [one for one in checks if one["severity"] != "info"]

    def table(self) -> Any:
        """One row per frame: a pandas DataFrame.

        Columns: frame, file, the axis, ramp, direction, status, verdict, rwp, gof, seconds, started_from, message; then
        ``phase.NAME.cell.a`` (Å), ``….volume`` (Å³), ``….weight_fraction`` … and every refined parameter by its dotted
        name, each with a column ``NAME.esd``; ``phase.NAME.held`` says that only its scale was free. Shares are 0–1. A
        cell that was held is absent, not repeated.
        """
        import pandas

        table = pandas.DataFrame(list(self._rows()))
        numbers = [
            name for name in table.columns if name.startswith(("phase.", "pattern.")) and not name.endswith(".held")
        ]
        return table.astype(dict.fromkeys(numbers, float))

    def tidy(self) -> Any:
        """One row per frame and quantity: frame, the axis, ramp, direction, quantity, estimate, esd (pandas DataFrame)."""
        import pandas

        wide = self.table()
        heads = ["frame", self.axis_name if self.axis_name != "frame" else "value", "ramp", "direction"]
        names = [
            name
            for name in wide.columns
            if name.startswith(("phase.", "pattern.")) and not name.endswith((".esd", ".held"))
        ]
        parts = []
        for name in names:
            part = wide[heads].copy()
            part["quantity"], part["value_found"] = name, wide[name]
            part["esd"] = wide.get(f"{name}.esd", np.nan)
            parts.append(part.dropna(subset=["value_found"]))
        joined = (
            pandas.concat(parts, ignore_index=True)
            if parts
            else pandas.DataFrame(columns=[*heads, "quantity", "value_found", "esd"])
        )
        return joined.rename(columns={"value_found": "estimate"})

    def disagreements(self) -> list[Disagreement]:
        """Cells in which routes differ by more than an esd; empty unless the series was refined both ways."""
        found = []
        for frame, fits in sorted(self._routes.items()):
            stored = [(fit.route, self._store.parameters(frame, fit.route)) for fit in fits if fit.route in BOTH_WAYS]
            routes = {route: {name: value for name, value, _ in rows} for route, rows in stored}
            esds = {name: esd for _, rows in stored for name, _, esd in rows if esd and ".cell." in name}
            for name, esd in sorted(esds.items()):
                values = {route: one[name] for route, one in routes.items() if name in one}
                if len(values) > 1 and np.ptp(list(values.values())) > REAL_DIFFERENCE * esd:
                    found.append(Disagreement(frame, name, values, esd))
        return found

    def _repr_html_(self) -> str:
        """Frames and a map of all patterns for notebooks."""
        from ..notebook import series_html

        return series_html(self)

    def _full(self, frame: int) -> Fit | None:
        fit = self.accepted.get(frame)
        return None if fit is None else self._store.fit(frame, fit.route)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for frame in self.frames:
            fit = self._full(frame.index)
            row: dict[str, Any] = {"frame": frame.index, "file": frame.path.name}
            row[self.axis_name if self.axis_name != "frame" else "value"] = frame.value
            row |= {"ramp": frame.ramp, "direction": frame.direction}
            row |= {"status": "waiting", "verdict": None} if fit is None else _facts(fit)
            if fit is not None and fit.result is not None:
                row |= _quantities(unpack_json(fit.result)["result"], fit)
            yield row


def _rank(fit: Fit) -> tuple[bool, float]:
    return fit.status != "converged", fit.rwp if fit.rwp is not None else np.inf


def _facts(fit: Fit) -> dict[str, Any]:
    return {"status": fit.status, "verdict": fit.verdict, "rwp": fit.rwp, "gof": fit.gof, "seconds": fit.seconds,
            "started_from": fit.started_from, "message": fit.message}  # fmt: skip


def _quantities(content: Mapping[str, Any], fit: Fit) -> dict[str, Any]:
    found: dict[str, Any] = {}
    refined = {name for name, _, _ in fit.parameters}
    for phase, item in content["phases"].items():
        prefix = f"phase.{phase}"
        held = phase in fit.weak
        found[f"{prefix}.held"] = held
        for name in WHOLE_PHASE:
            if not (held and name == "volume"):
                _add(found, f"{prefix}.{name}", item[name])
        for name in CELL:
            is_independent = f"{prefix}.cell.{name}" in content["parameters"]
            if is_independent and not held and item["cell"][name]["esd"] is not None:
                _add(found, f"{prefix}.cell.{name}", item["cell"][name])
    for name, value, esd in fit.parameters:
        if name in refined and name not in found:
            found[name], found[f"{name}.esd"] = value, esd
    return found


def _add(found: dict[str, Any], name: str, item: Mapping[str, Any]) -> None:
    if item["value"] is not None:
        found[name], found[f"{name}.esd"] = item["value"], item["esd"]


def _result_of(fit: Fit) -> Result:
    from ..io.cif import structures_from_text

    assert fit.result is not None
    content = unpack_json(fit.result)
    structures = {
        name: structures_from_text(text, name)[0].renamed(name) for name, text in content["structures"].items()
    }
    reflections = {name: tuple(ReflectionRow(*row) for row in rows) for name, rows in content["reflections"].items()}
    curves = None if fit.curves is None or fit.x is None else unpack_curves(fit.curves, unpack_array(fit.x))
    return replace(Result.from_dict(content["result"]), profile=curves, reflections=reflections, structures=structures)
