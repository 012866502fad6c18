"""Write a series out: CSV, Parquet, CIFs of every frame, HDF5 as NeXus, figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, MissingPartError, OutputError
from ..io.atomic import write_text_atomic
from .series import Series

__all__ = ["FORMATS", "export_series"]

MAIN_QUANTITIES = ("_share", "_fraction", ".cell.a", ".cell.b", ".cell.c")


def export_series(series: Series, folder: Path, formats: tuple[str, ...] = ("csv",)) -> list[Path]:
    """Write a series in the given formats.

    Parameters
    ----------
    series : Series
        Also one that is still running: frames that wait have a row and no files.
    folder : Path
        Where to; it is made when it isn't there.
    formats : tuple of str
        Of `FORMATS`: csv (table.csv wide, tidy.csv long), parquet, cif (per frame one CIF per phase and a powder CIF),
        hdf5 (series.nxs), figures (PNG and SVG of map, waterfall, verdicts, trends, and the fits of four frames).

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        An unknown format.
    MissingPartError
        Parquet without pyarrow, HDF5 without h5py.
    OutputError
        A file can't be written.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError(f"format {unknown[0]!r};", where="export", remedy=f"formats are {', '.join(FORMATS)}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} can't be made ({error.strerror}); choose another with -o.") from None
    return [path for name in formats for path in FORMATS[name](series, folder)]


def _csv(series: Series, folder: Path) -> Iterator[Path]:
    for name, table in (("table.csv", series.table()), ("tidy.csv", series.tidy())):
        yield write_text_atomic(folder / name, table.to_csv(index=False))


def _parquet(series: Series, folder: Path) -> Iterator[Path]:
    try:
        import pyarrow  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401
    except ImportError:
        raise MissingPartError(
            "Parquet needs pyarrow, which isn't installed: pip install 'xtal-toolkit[parquet]'."
        ) from None
    for name, table in (("table.parquet", series.table()), ("tidy.parquet", series.tidy())):
        path = folder / name
        table.to_parquet(path, index=False)
        yield path


def _cif(series: Series, folder: Path) -> Iterator[Path]:
    from ..report.publication_cif import publication_cif

    for frame in series.frames:
        stem = f"{frame.index:04d}_{re.sub(r'[^A-Za-z0-9.+-]+', '_', frame.path.stem)}"
        for phase, text in series.structures(frame.index).items():
            yield write_text_atomic(folder / f"{stem}_{phase}.cif", text)
        result = series.result(frame.index)
        if result is not None and result.profile is not None and result.profile.axis != "r":
            text = publication_cif(result, result.structures, {}, {})
            yield write_text_atomic(folder / f"{stem}_powder.cif", text)


def _hdf5(series: Series, folder: Path) -> Iterator[Path]:
    """NXroot/NXentry: the table as columns, and per frame an NXdata with the curves."""
    try:
        import h5py
    except ImportError:
        raise MissingPartError("HDF5 needs h5py, which isn't installed: pip install 'xtal-toolkit[series]'.") from None
    path, partial = folder / "series.nxs", folder / ".series.nxs.part"
    try:
        with h5py.File(partial, "w") as file:
            file.attrs.update({"NX_class": "NXroot", "default": "series"})
            _write_entry(series, file.create_group("series"))
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} could not be written: {error}.") from None
    yield path


def _write_entry(series: Series, entry: Any) -> None:
    entry.attrs.update({"NX_class": "NXentry"})
    entry["title"] = str(series.meta["title"])
    entry["program_name"] = f"xtal {series.meta['versions']['xtal']}"
    table = series.table()
    columns = entry.create_group("table")
    columns.attrs["NX_class"] = "NXcollection"
    for name in table.columns:
        values = table[name]
        is_number = values.dtype.kind in "fi"
        columns.create_dataset(
            name, data=values.to_numpy() if is_number else ["" if v is None else str(v) for v in values]
        )
    for frame in series.frames:
        curves = series.curves(frame.index)
        if curves is not None:
            _write_frame(entry.create_group(f"frame_{frame.index:04d}"), curves, frame.value, series)


def _write_frame(group: Any, curves: Any, value: float, series: Series) -> None:
    group.attrs.update({"NX_class": "NXdata", "signal": "observed", "axes": curves.axis, series.axis_name: value})
    units = {"two_theta": "deg", "tof": "us"}
    group.create_dataset(curves.axis, data=curves.x, compression="gzip", shuffle=True).attrs["units"] = units.get(
        curves.axis, ""
    )
    group.create_dataset("observed_errors", data=curves.sigma, compression="gzip", shuffle=True)
    named = {"observed": curves.observed, "calculated": curves.calculated, "background": curves.background}
    named |= {f"phase_{name}": curve for name, curve in curves.phases.items()}
    for name, curve in named.items():
        group.create_dataset(name, data=np.asarray(curve), compression="gzip", shuffle=True)


def _figures(series: Series, folder: Path) -> Iterator[Path]:
    from ..plot.refinement import plot_refinement
    from ..plot.series import plot_map, plot_quantities
    from ..plot.series_frames import plot_verdicts, plot_waterfall
    from .findings import analyse

    table = series.table()
    names = [
        n
        for n in table.columns
        if f"{n}.esd" in table.columns and (n.endswith(MAIN_QUANTITIES) or ".bond." in n) and n.startswith("phase.")
    ]
    drawn = {"verdicts": plot_verdicts(series)}
    if any(series.curves(frame) is not None for frame in series.accepted):
        drawn |= {"map": plot_map(series), "waterfall": plot_waterfall(series)}
    for frame in _telling_frames(series):
        result = series.result(frame)
        if result is not None and result.profile is not None and result.profile.axis != "r":
            drawn[f"fit-{frame:04d}"] = plot_refinement(result)
    findings = analyse(series, alarms=False)
    for phase in series.meta["phases"]:
        own = [name for name in names if name.startswith(f"phase.{phase}.")]
        if own:
            drawn[f"trend-{phase}"] = plot_quantities(series, own, findings)
    for stem, figure in drawn.items():
        for suffix in (".png", ".svg"):
            figure.savefig(folder / f"{stem}{suffix}")
            yield folder / f"{stem}{suffix}"


def _telling_frames(series: Series) -> list[int]:
    """The first and the last frame with a fit, the one in the middle, and the one that fits worst."""
    fitted = [frame for frame, fit in sorted(series.accepted.items()) if fit.rwp is not None]
    if not fitted:
        return []
    worst = max(fitted, key=lambda frame: series.accepted[frame].gof or 0.0)
    return sorted({fitted[0], fitted[len(fitted) // 2], fitted[-1], worst})


FORMATS: dict[str, Callable[[Series, Path], Iterator[Path]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "cif": _cif,
    "hdf5": _hdf5,
    "figures": _figures,
}
