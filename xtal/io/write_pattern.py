"""Write a pattern: .xye, .xy, .csv, GSAS .fxye or a minimal powder CIF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import OutputError
from ..pattern import AXIS_UNITS, Pattern
from .atomic import write_text_atomic

__all__ = ["WRITABLE_SUFFIXES", "write_pattern"]

COLUMN_LABELS = {"two_theta": "two_theta(deg)", "tof": "tof(us)", "q": "q(1/A)", "d": "d(A)", "r": "r(A)"}
CIF_POSITIONS = {"two_theta": "_pd_proc_2theta_corrected", "tof": "_pd_meas_time_of_flight", "d": "_pd_proc_d_spacing"}


def write_pattern(pattern: Pattern, path: str | Path) -> Path:
    """Write a pattern in the format that the extension names.

    .xye, .csv, .fxye and .cif hold sigma; .xy drops it, and is refused where sigma came from a file. Numbers are written with
    the digits that read back to the same value.

    Parameters
    ----------
    pattern : Pattern
        What to write.
    path : path
        Extension .xye, .xy, .csv, .fxye or .cif; an existing file is replaced.

    Raises
    ------
    OutputError
        Another extension, a pattern that the format can't hold, or a file that can't be written.
    """
    target = Path(path)
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        raise OutputError(
            f"{target}: patterns are written as {', '.join(WRITERS)}, not {target.suffix or 'without an extension'}."
        )
    return write_text_atomic(target, writer(pattern, target))


def _xye(pattern: Pattern, target: Path) -> str:
    return _columns(pattern, " ", with_sigma=_has_sigma(pattern))


def _xy(pattern: Pattern, target: Path) -> str:
    if pattern.sigma_origin == "file":
        raise OutputError(f"{target}: .xy has no column for the measured sigma of this pattern; write .xye or .csv.")
    return _columns(pattern, " ", with_sigma=False)


def _csv(pattern: Pattern, target: Path) -> str:
    return _columns(pattern, ",", with_sigma=_has_sigma(pattern))


def _fxye(pattern: Pattern, target: Path) -> str:
    if pattern.axis not in ("two_theta", "tof"):
        raise OutputError(f"{target}: GSAS data hold 2θ or time of flight, not {pattern.axis}; write .xye or .csv.")
    if not _has_sigma(pattern):
        raise OutputError(f"{target}: GSAS FXYE data need a sigma, which this pattern has not; write .xy.")
    is_angle = pattern.axis == "two_theta"
    x = pattern.x * 100 if is_angle else pattern.x
    n = len(pattern)
    binning = f"CONS {x[0]:.6g} {pattern.step * 100:.6g}" if is_angle else f"SLOG {x[0]:.6g} {x[-1]:.6g}"
    title = _one_line(pattern.source)[:80] or "powder pattern"
    rows = (f"{_exact(a)} {_exact(b)} {_exact(c)}" for a, b, c in zip(x, pattern.intensity, pattern.sigma, strict=True))
    return "\n".join([title, f"BANK 1 {n} {n} {binning} 0 0 FXYE", *rows]) + "\n"


def _cif(pattern: Pattern, target: Path) -> str:
    if pattern.axis not in CIF_POSITIONS:
        raise OutputError(f"{target}: powder CIF has no item for the axis {pattern.axis}; write .xye or .csv.")
    lines = ["data_pattern", ""]
    wavelength, temperature = pattern.metadata.get("wavelength"), pattern.metadata.get("temperature")
    if isinstance(wavelength, float):
        lines.append(f"_diffrn_radiation_wavelength {wavelength!r}")
    if isinstance(temperature, float):
        lines.append(f"_diffrn_ambient_temperature {temperature!r}")
    tags = [CIF_POSITIONS[pattern.axis], "_pd_proc_intensity_total"]
    arrays = [pattern.x, pattern.intensity]
    if _has_sigma(pattern):
        tags.append("_pd_proc_intensity_total_su")
        arrays.append(pattern.sigma)
    rows = (" ".join(map(_exact, row)) for row in zip(*arrays, strict=True))
    return "\n".join([*lines, f"_pd_proc_number_of_points {len(pattern)}", "loop_", *tags, *rows]) + "\n"


WRITERS: dict[str, Callable[[Pattern, Path], str]] = {
    ".xye": _xye, ".xy": _xy, ".csv": _csv, ".fxye": _fxye, ".cif": _cif,
}  # fmt: skip
WRITABLE_SUFFIXES = tuple(WRITERS)


def _columns(pattern: Pattern, separator: str, *, with_sigma: bool) -> str:
    label = COLUMN_LABELS[pattern.axis]
    names = [label, "intensity", "sigma"][: 3 if with_sigma else 2]
    arrays = [pattern.x, pattern.intensity, pattern.sigma][: len(names)]
    comments = [f"# {_one_line(pattern.source)}"] if pattern.source else []
    comments += [
        f"# {key} = {value!r}" for key, value in pattern.metadata.items() if key in ("wavelength", "temperature")
    ]
    if separator == ",":
        head = [*comments, ",".join(names)]
    else:
        head = [*comments, f"# x in {AXIS_UNITS[pattern.axis]}", "# " + " ".join(names)]
    return "\n".join([*head, *(separator.join(map(_exact, row)) for row in zip(*arrays, strict=True))]) + "\n"


def _has_sigma(pattern: Pattern) -> bool:
    """Whether sigma is more than a placeholder."""
    return pattern.sigma_origin != "none"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _exact(value: float) -> str:
    """Shortest digits that read back to the same number."""
    return repr(float(value))
