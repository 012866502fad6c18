"""``xtal calibrate``: the profile of an instrument from a standard, as an instrument file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import EngineOption, Force, Output, Quiet, Timeout
from .progress import stage_lines
from .running import EXIT_CODES

if TYPE_CHECKING:
    from ..instrument import Instrument
    from ..rietveld.calibrate import Calibration
    from ..structure import Structure

__all__ = ["calibrate"]

SET_NAME = "calibration.json"
CELL_FREEDOM = 0.01
"""Largest relative change of a certified length by --cell."""


def calibrate(
    files: Annotated[list[Path], typer.Argument(metavar="DATA…", help="Pattern of the standard; several for one instrument from several standards.")],
    standard: Annotated[list[str], typer.Option("--standard", metavar="NAME", help="Certified reference (lab6, si, al2o3); with one pattern repeat it for a mixture, with several give one for each, in order.")],
    instrument: Annotated[str, typer.Option("--instrument", metavar="PRESET|FILE", help="Radiation and geometry to start from.")] = "lab-cuka",
    cell: Annotated[list[str] | None, typer.Option("--cell", metavar="NAME.a=Å", help="Cell length other than certified (another batch or temperature), lab6.a=4.15678.")] = None,
    size: Annotated[float | None, typer.Option("--size", metavar="NM", min=1.0, help="Known crystallite size of the standard, held.")] = None,
    shift: Annotated[str, typer.Option("--shift", help="auto, displacement or zero.")] = "auto",
    terms: Annotated[int, typer.Option("--terms", min=1, max=36, help="Background terms.")] = 8,
    span: Annotated[tuple[float, float] | None, typer.Option("--range", help="Degrees 2θ.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the instrument; the folder's name by default.")] = None,
    output: Output = None,
    engine: EngineOption = None,
    timeout: Timeout = 600.0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Calibrate an instrument on one or several standards with certified cells.

    Writes a result folder that also holds instrument.toml and instrument.instprm: give one of them to
    xtal refine as --instrument, and sizes and strains exclude the instrument. Several patterns: a result folder for each in it,
    and calibration.json with what they agree on.
    Exit code: 0 pass, 1 review, 2 failed or bad input.
    """
    from ..io.instruments import load_instrument
    from ..io.read_pattern import read_pattern
    from ..report.folder import check_folder, write_result
    from ..report.several import check_several
    from ..rietveld.calibration_fit import calibrate as run

    if len(files) > 1 and len(standard) != len(files):
        raise InputError(f"{len(standard)} standards for {len(files)} patterns;", where="--standard",
                         remedy="give one for each pattern, in their order.")  # fmt: skip
    folder = output or Path(f"{files[0].stem}-calibration")
    if len(files) == 1:
        check_folder(folder, force)
    else:
        check_several(folder, SET_NAME, force)
    device, label = load_instrument(instrument), name or folder.name
    cells = _cells(cell or (), standard)

    def fit(file: Path, names: list[str], title: str) -> Calibration:
        pattern = read_pattern(file)
        with stage_lines(quiet) as listener:
            return run(
                pattern if span is None else pattern.cut(*span), [_standard(wanted, cells) for wanted in names], device, name=title,
                engine=engine or "rietx", timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:]), size_nm=size, shift=shift,
                background_terms=terms, title=f"{file.name}: calibration on {', '.join(names)}", inputs={file.name: _digest(file)},
            )  # fmt: skip

    if len(files) > 1:
        found_set = _calibrate_set(
            [(file, fit(file, [wanted], label)) for file, wanted in zip(files, standard, strict=True)],
            label,
            folder,
            force,
            quiet,
        )
        raise typer.Exit(found_set)
    found = fit(files[0], standard, label)
    write_result(
        replace(found.result, files={**found.result.files, **instrument_files(found.instrument)}), folder, force
    )
    if not quiet:
        _show(found, folder)
    raise typer.Exit(EXIT_CODES[found.result.verdict])


def _calibrate_set(found: list[tuple[Path, Calibration]], label: str, folder: Path, force: bool, quiet: bool) -> int:
    """Combine, write and show the calibrations of several patterns; the exit code."""
    from ..report.several import write_several
    from ..rietveld.calibration_sets import combined_calibration

    names = _distinct([file.stem for file, _ in found])
    together = combined_calibration(
        [(name, calibration) for name, (_, calibration) in zip(names, found, strict=True)], label
    )
    results = {name: calibration.result for name, (_, calibration) in zip(names, found, strict=True)}
    contents: dict[str, str | bytes] = {SET_NAME: together.to_json(), **instrument_files(together.instrument)}
    write_several(folder, results, contents, marker=SET_NAME, force=force)
    if not quiet:
        for fit in together.fits:
            print(f"{fit.name}: Rwp {100 * fit.rwp:.2f} %, widths within {100 * fit.width_difference:.1f} % of the set")
        for note in together.notes:
            print(note)
        print(f"instrument: {folder / 'instrument.toml'}")
    return max(EXIT_CODES[calibration.result.verdict] for _, calibration in found)


def _distinct(stems: list[str]) -> list[str]:
    """Names with a number where another pattern has the same."""
    return [
        stem if stems.count(stem) == 1 else f"{stem}-{stems[:index].count(stem) + 1}"
        for index, stem in enumerate(stems)
    ]


def _standard(name: str, cells: Sequence[tuple[str, str, float]]) -> Structure:
    """A standard with its certified cell, or the lengths given for it."""
    from ..io.standards import certified_structure

    structure, certificate = certified_structure(name)
    free = structure.space_group.free_cell_parameters()
    changed: dict[str, float] = {}
    for phase, length, value in cells:
        if phase != name:
            continue
        own = getattr(structure.lattice, length) if length in free else None
        if own is None:
            raise InputError(f"{name}.{length};", where="--cell", remedy=f"free in its cell: {', '.join(free)}.")
        if abs(value / own - 1) > CELL_FREEDOM:
            raise InputError(f"{name}.{length} = {value:g} Å, {certificate} has {own:g} Å;", where="--cell",
                             remedy="another batch or temperature moves it by less than 1 %: give it in Å.")  # fmt: skip
        changed[length] = value
    return structure.with_lattice(structure.space_group.complete_cell(changed, structure.lattice))


def _cells(texts: Sequence[str], standards: Sequence[str]) -> list[tuple[str, str, float]]:
    """Standard, length and value of each ``lab6.a=4.15678``."""
    found = []
    for text in texts:
        key, _, value = text.partition("=")
        phase, _, length = key.strip().partition(".")
        if phase not in standards:
            raise InputError(f"{text!r};", where="--cell", remedy=f"the standards are {', '.join(standards)}.")
        try:
            found.append((phase, length, float(value)))
        except ValueError:
            raise InputError(f"{text!r};", where="--cell", remedy="write NAME.a=4.15678, Å.") from None
    return found


def _digest(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


def instrument_files(instrument: Instrument) -> dict[str, bytes]:
    """The calibrated instrument as files: ours, and GSAS-II's where it can hold the radiation."""
    from ..io.gsas2_instprm import instrument_to_instprm
    from ..io.instrument_toml import instrument_to_toml

    files = {"instrument.toml": instrument_to_toml(instrument).encode()}
    if len(instrument.radiation.lines) <= 2:
        files["instrument.instprm"] = instrument_to_instprm(instrument).encode()
    return files


def _show(found: Calibration, folder: Path) -> None:
    from ..result import format_value

    print(found.result.message)
    for letter, unit in zip("uvwxy", ("deg²", "deg²", "deg²", "°", "°"), strict=True):
        item = found.result.parameters[f"pattern.profile.{letter}"]
        print(f"  {letter}      {format_value(item.value, item.esd, 6)} {unit}")
    axial = found.result.parameters["pattern.profile.axial"]
    print(f"  axial  {format_value(axial.value, axial.esd, 4)}")
    for note in found.notes:
        print(note)
    for check in found.result.checks:
        if check.severity == "severe":
            print(f"severe: {check.sentence}")
    print(f"instrument: {folder / 'instrument.toml'}")
