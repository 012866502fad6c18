"""Read the patterns that a job names, with their instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InputError, JobError
from ..instrument import Instrument
from ..job.resolved import JobPattern, Peak
from ..job.schema import BackgroundTable, InstrumentTable, PatternTable
from ..pattern import Pattern
from .instruments import load_instrument, with_overrides
from .job_places import as_name, near, placed, with_input
from .read_pattern import read_pattern

__all__ = ["per_microsecond", "read_job_patterns"]

ASSUMED_RADIUS = 200.0
"""Goniometer radius in mm where neither instrument nor pattern gives one."""


def read_job_patterns(
    tables: Sequence[PatternTable],
    background: BackgroundTable,
    folder: Path,
    where: str,
    inputs: Mapping[str, str] | None = None,
) -> tuple[tuple[JobPattern, ...], dict[str, str], tuple[str, ...]]:
    """Patterns of a job, `inputs` with the sha256 of their files added, and notes on what was assumed.

    The name of an only pattern is empty; several are named by the job or after their files.

    Raises
    ------
    JobError
        A file is not named or is no pattern of its instrument's kind, or two patterns have one name.
    """
    found: list[JobPattern] = []
    digests = dict(inputs or {})
    notes: list[str] = []
    for number, table in enumerate(tables, start=1):
        place = f"{where}, [pattern]" if len(tables) == 1 else f"{where}, [[pattern]] number {number}"
        name = "" if len(tables) == 1 else table.name or as_name(Path(table.file or "").stem)
        pattern, path = _read_pattern(table, folder, place)
        instrument, note = _read_instrument(table, pattern, folder, place)
        terms = (table.background or background).terms
        spanned, peaks = _background_range(table, pattern), _peaks_of(table, pattern, place)
        found.append(JobPattern(name, pattern, instrument, table.dispersion, terms, spanned, peaks))
        digests = with_input(digests, path)
        notes += [f"{name}: {text}" if name else text for text in note]
    _refuse_repeated([one.name for one in found], where)
    return tuple(found), digests, tuple(notes)


def _read_pattern(table: PatternTable, folder: Path, place: str) -> tuple[Pattern, Path]:
    if table.file is None:
        raise JobError("key 'file' is missing;", where=place, remedy="name the pattern to refine.")
    path = folder / table.file
    pattern = read_pattern(path, bank=table.bank, axis=table.axis)
    if pattern.axis == "tof" and str(pattern.metadata.get("format", "")).startswith("GSAS"):
        pattern = per_microsecond(pattern)
    low, high = table.range or (None, None)
    excluded = [(start, stop) for start, stop in table.excluded]
    return pattern.cut(low, high, excluded), path


def _peaks_of(table: PatternTable, pattern: Pattern, place: str) -> tuple[Peak, ...]:
    """Extra peaks, each with its own name and within reach of the pattern."""
    names = [peak.name for peak in table.peak]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise JobError(f"two peaks are called {repeated[0]!r};", where=f"{place}, [[pattern.peak]]",
                       remedy="give each its own name.")  # fmt: skip
    first, last = float(pattern.x[0]), float(pattern.x[-1])
    for peak in table.peak:
        if not first - 3 * peak.fwhm <= peak.position <= last + 3 * peak.fwhm:
            raise JobError(
                f"peak {peak.name!r} at {peak.position:g} is outside the pattern, {first:g} to {last:g};",
                where=f"{place}, [[pattern.peak]]",
                remedy="correct its position, or leave it out.",
            )
    return tuple(Peak(peak.name, peak.position, peak.area, peak.fwhm, peak.eta) for peak in table.peak)


def per_microsecond(pattern: Pattern) -> Pattern:
    """Counts per bin as counts per µs at the middle of the bin.

    GSAS files of flight times list the start of every bin, and the intensity times its width; the last bin has no end.
    """
    width = np.diff(pattern.x)
    return Pattern(
        pattern.x[:-1] + width / 2, pattern.intensity[:-1] / width, pattern.sigma[:-1] / width,
        axis=pattern.axis, sigma_origin=pattern.sigma_origin, source=pattern.source, metadata=pattern.metadata,
    )  # fmt: skip


def _read_instrument(
    table: PatternTable, pattern: Pattern, folder: Path, place: str
) -> tuple[Instrument, tuple[str, ...]]:
    with placed(f"{place}, key 'instrument'"):
        instrument = _named_instrument(table.instrument, folder, _bank_number(table, pattern))
    wanted = "tof" if instrument.bank is not None else "two_theta"
    if pattern.axis != wanted:
        raise JobError(
            f"the pattern's axis is {pattern.axis}, not {wanted};",
            where=place,
            remedy=f"instrument {instrument.name} measures {wanted}: name the pattern's own instrument"
            " (a constant-wavelength pattern is in degrees 2θ, a time-of-flight pattern in µs).",
        )
    return _with_radius(instrument, pattern)


def _named_instrument(wanted: str | InstrumentTable, folder: Path, bank: int | None) -> Instrument:
    if isinstance(wanted, InstrumentTable):
        base = _bank_of(near(wanted.base or "lab-cuka", folder), bank)
        return with_overrides(base, wanted.model_dump(exclude={"base"}, exclude_none=True))
    return _bank_of(near(wanted, folder), bank)


def _bank_number(table: PatternTable, pattern: Pattern) -> int | None:
    stated = pattern.metadata.get("bank")
    return table.bank if table.bank is not None else int(stated) if isinstance(stated, float) else None


def _bank_of(name: str, bank: int | None) -> Instrument:
    """The instrument; of a file with several banks the one that the pattern was measured on."""
    try:
        return load_instrument(name)
    except InputError:
        if bank is None:
            raise
        return load_instrument(name, bank=bank)


def _with_radius(instrument: Instrument, pattern: Pattern) -> tuple[Instrument, tuple[str, ...]]:
    """Instrument with the goniometer radius that it, else the pattern's file, gives; else an assumed one, and a note."""
    if instrument.geometry != "bragg-brentano" or instrument.goniometer_radius is not None:
        return instrument, ()
    stated = pattern.metadata.get("goniometer_radius")
    if isinstance(stated, float) and stated > 0:
        return replace(instrument, goniometer_radius=stated), ()
    note = (
        f"No goniometer radius is given: {ASSUMED_RADIUS:g} mm was assumed. "
        "A refined displacement in mm scales with it; the cells do not depend on it."
    )
    return replace(instrument, goniometer_radius=ASSUMED_RADIUS), (note,)


def _background_range(table: PatternTable, pattern: Pattern) -> tuple[float, float]:
    first, last = float(pattern.x[0]), float(pattern.x[-1])
    low, high = table.range or (first, last)
    return max(low, first), min(high, last)


def _refuse_repeated(names: Sequence[str], where: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise JobError(
            f"two patterns are called {repeated[0]!r};", where=where, remedy="give each [[pattern]] its own name."
        )
