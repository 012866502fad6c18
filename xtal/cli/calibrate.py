"""``xtal calibrate``: the profile of an instrument from a standard, as an instrument file."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import EngineOption, Force, Output, Quiet, Timeout
from .progress import stage_lines
from .running import EXIT_CODES

if TYPE_CHECKING:
    from ..rietveld.calibrate import Calibration
    from ..structure import Structure

__all__ = ["calibrate"]


def calibrate(
    file: Annotated[Path, typer.Argument(metavar="DATA", help="Pattern of the standard.")],
    standard: Annotated[list[str], typer.Option("--standard", metavar="NAME", help="Certified reference (lab6, si, al2o3); may repeat for a mixture.")],
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
    """Calibrate an instrument on a standard with a certified cell.

    Writes a result folder that also holds instrument.toml and instrument.instprm: give one of them to
    xtal refine as --instrument, and sizes and strains exclude the instrument.
    Exit code: 0 pass, 1 review, 2 failed or bad input.
    """
    from ..io.instruments import load_instrument
    from ..io.read_pattern import read_pattern
    from ..report.folder import check_folder, write_result
    from ..rietveld.calibration_fit import calibrate as run

    folder = output or Path(f"{file.stem}-calibration")
    check_folder(folder, force)
    standards = [_standard(wanted, cell or ()) for wanted in standard]
    pattern = read_pattern(file)
    pattern = pattern if span is None else pattern.cut(*span)
    with stage_lines(quiet) as listener:
        found = run(
            pattern, standards, load_instrument(instrument), name=name or folder.name, engine=engine or "rietx",
            timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:]), size_nm=size, shift=shift,
            background_terms=terms, title=f"{file.name}: calibration on {', '.join(standard)}",
            inputs={file.name: _digest(file)},
        )  # fmt: skip
    write_result(replace(found.result, files={**found.result.files, **instrument_files(found)}), folder, force)
    if not quiet:
        _show(found, folder)
    raise typer.Exit(EXIT_CODES[found.result.verdict])


def _standard(name: str, cells: list[str] | tuple[()]) -> Structure:
    from ..io.standards import certified_structure

    structure, _ = certified_structure(name)
    changed: dict[str, float] = {}
    for text in cells:
        key, _, value = text.partition("=")
        phase, _, length = key.partition(".")
        if phase != name:
            continue
        try:
            changed[length] = float(value)
        except ValueError:
            raise InputError(f"{text!r};", where="--cell", remedy="write NAME.a=4.15678, Å.") from None
    return structure.with_lattice(structure.space_group.complete_cell(changed, structure.lattice))


def _digest(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


def instrument_files(found: Calibration) -> dict[str, bytes]:
    """The calibrated instrument as files: ours, and GSAS-II's where it can hold the radiation."""
    from ..io.gsas2_instprm import instrument_to_instprm
    from ..io.instrument_toml import instrument_to_toml

    files = {"instrument.toml": instrument_to_toml(found.instrument).encode()}
    if len(found.instrument.radiation.lines) <= 2:
        files["instrument.instprm"] = instrument_to_instprm(found.instrument).encode()
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
    print(f"instrument: {folder / 'instrument.toml'}")
