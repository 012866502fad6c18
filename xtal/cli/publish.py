"""``xtal publish``: what a manuscript and its supplement need of a refinement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import Force, Output, Quiet

if TYPE_CHECKING:
    from ..result import Result
    from ..rietveld.covariance import Covariance
    from ..rietveld.geometry import Angle, Length
    from ..structure import Structure

__all__ = ["publish"]

MARKER = "refinement.cif"


def publish(
    folder: Annotated[Path, typer.Argument(metavar="RESULT_DIR", help="Folder of a refinement.")],
    max_bond: Annotated[float | None, typer.Option("--max-bond", metavar="Å", min=0.1, help="Longest bond listed; by default 1.2 times the covalent radii.")] = None,
    dictionary: Annotated[list[Path] | None, typer.Option("--dictionary", metavar="FILE", help="CIF dictionary (DDL1 or DDL2) to check refinement.cif against; may repeat.")] = None,
    output: Output = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Write powder CIF, tables and bond lengths of a result.

    refinement.cif (IUCr powder dictionary; of several patterns an overall block and one for each), tables.md, tables.tex, and per phase a FullProf .pcr and a TOPAS .inp of
    the refined model where they can hold it; GSAS-II's project where that engine refined. With --dictionary the CIF is validated:
    exit code 1 when it says something the dictionaries don't allow.
    """
    from ..io.results import read_result
    from ..report.publication_cif import publication_cif
    from ..report.publication_tables import latex_tables, markdown_tables
    from ..report.several import check_several, write_several
    from ..rietveld.pattern_fractions import pattern_fractions

    target = output or Path(f"{folder.resolve().name}-publication")
    check_several(target, MARKER, force)
    result = read_result(folder)
    if result.agreement is None or any(one.profile is None for one in result.by_pattern().values()):
        raise InputError("this refinement has no fit to publish;", where=str(folder), remedy="refine again.")
    structures = refined_structures(folder, result)
    covariance = _covariance(folder)
    lengths, angles = _geometry(result, structures, covariance, max_bond)
    fractions = {name: pattern_fractions(result, name, covariance) for name in result.patterns}
    files: dict[str, str | bytes] = {
        MARKER: publication_cif(result, structures, lengths, angles, fractions),
        "tables.md": markdown_tables(result, lengths, fractions),
        "tables.tex": latex_tables(result, lengths, fractions),
    }
    notes = _other_programs(structures, files)
    notes += _project(folder, files)
    complaints = _complaints(str(files[MARKER]), dictionary or ())
    write_several(target, {}, files, marker=MARKER, force=force)
    if not quiet:
        for note in (*notes, *complaints):
            print(note)
        if dictionary and not complaints:
            print(f"{MARKER} is valid by {', '.join(path.name for path in dictionary)}")
        print(f"publication: {target}")
    raise typer.Exit(1 if complaints else 0)


def refined_structures(folder: Path, result: Result) -> dict[str, Structure]:
    """Structures of a result folder with every digit: the CIFs there are rounded to their esds."""
    from ..io.cif import read_cif
    from ..rietveld.refined_structure import refined_structure

    return {
        name: refined_structure(read_cif(folder / f"{name}.cif"), _values(result, name)).renamed(name)
        for name in result.phases
    }


def _values(result: Result, phase: str) -> dict[str, float]:
    prefix = f"phase.{phase}."
    return {
        name.removeprefix(prefix): item.value for name, item in result.parameters.items() if name.startswith(prefix)
    }


def _covariance(folder: Path) -> Covariance | None:
    from ..io.covariance import read_covariance
    from ..rietveld.covariance import Covariance

    content = read_covariance(folder)
    return None if content is None else Covariance(*content)


def _geometry(
    result: Result, structures: dict[str, Structure], covariance: Covariance | None, maximum: float | None
) -> tuple[dict[str, tuple[Length, ...]], dict[str, tuple[Angle, ...]]]:
    from ..rietveld.geometry import bond_angles, bonds

    lengths = {n: bonds(s, n, _values(result, n), covariance, maximum) for n, s in structures.items()}
    angles = {n: bond_angles(s, n, _values(result, n), covariance, maximum) for n, s in structures.items()}
    return lengths, angles


def _project(folder: Path, files: dict[str, str | bytes]) -> list[str]:
    """Add GSAS-II's project of the refinement when its engine left one."""
    found = sorted(folder.glob("*.gpx"))
    for path in found:
        files[path.name] = path.read_bytes()
    return [f"{path.name}: the whole refinement, for GSAS-II" for path in found]


def _complaints(text: str, dictionaries: Sequence[Path]) -> list[str]:
    if not dictionaries:
        return []
    from ..io.cif_validation import cif_complaints

    return cif_complaints(text, dictionaries)


def _other_programs(structures: dict[str, Structure], files: dict[str, str | bytes]) -> list[str]:
    """Add .pcr and .inp per phase; a note where a format can't hold it."""
    from ..engines.rietx_export import fullprof_pcr, topas_inp

    notes = []
    for name, structure in structures.items():
        for suffix, writer in (("pcr", fullprof_pcr), ("inp", topas_inp)):
            try:
                files[f"{name}.{suffix}"] = writer(structure)
            except InputError as error:
                notes.append(f"no {name}.{suffix}: {error}")
    return notes
