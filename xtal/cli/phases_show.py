"""``xtal phases show``: one structure with its sites, source and what is uncertain."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..structure import Structure

__all__ = ["show"]


def show(
    name: Annotated[str, typer.Argument(metavar="NAME|CIF", help="Reference structure or CIF.")],
    cif: Annotated[bool, typer.Option("--cif", help="Print it as CIF.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show a structure: formula, cell, density, sites, source, what is uncertain."""
    from ..io.cif import cif_text
    from ..io.library import find_structure

    structure = find_structure(name)
    if cif:
        print(cif_text(structure), end="")
    elif as_json:
        print(json.dumps(structure_facts(structure), indent=2, ensure_ascii=False))
    else:
        print("\n".join(structure_lines(structure)))


def structure_facts(structure: Structure) -> dict[str, object]:
    """What ``--json`` prints: name, formula, quality, source, notes, cell (Å, degrees), density (g/cm³), sites."""
    return {
        "name": structure.name,
        "formula": structure.formula,
        "space_group": str(structure.space_group),
        "cell": dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), structure.lattice.parameters, strict=True)),
        "volume": structure.lattice.volume,
        "density": structure.density,
        "quality": structure.quality,
        "source": structure.source,
        "notes": [*structure.notes],
        "sites": [asdict(site) for site in structure.sites],
    }


def structure_lines(structure: Structure) -> list[str]:
    """The structure as lines of text."""
    lines = [
        f"{structure.name}: {structure.formula} in the cell, quality: {structure.quality}",
        f"{structure.space_group}, {structure.lattice}",
        f"V = {structure.lattice.volume:.3f} Å³, density {structure.density:.3f} g/cm³",
        "",
        f"{'site':<7}{'ion':<7}{'x':>9}{'y':>9}{'z':>9}{'occupancy':>11}{'U (Å²)':>9}",
    ]
    for site in structure.sites:
        u = "–" if site.u_equivalent is None else f"{site.u_equivalent:.4f}"
        x, y, z = site.xyz
        lines.append(f"{site.label:<7}{site.ion:<7}{x:>9.5f}{y:>9.5f}{z:>9.5f}{site.occupancy:>11.4f}{u:>9}")
    return [*lines, "", structure.source, *(f"- {note}" for note in structure.notes)]
