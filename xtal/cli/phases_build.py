"""``xtal phases build``: models made from reference structures or CIFs, written as CIF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import Overwrite
from .refusals import refuse_taken

if TYPE_CHECKING:
    from ..structure import Structure

__all__ = ["build"]

RECIPES = """\
substitute STRUCTURE OLD NEW FRACTION    replace an element, at random on its sites
k-on-cluster STRUCTURE X                 K for the [Li2OH]+ cluster of Li2OHCl
k-on-lithium STRUCTURE X                 K on the Li sites: the rival model
chlorospinel X                           Li2In(x)Sc(2/3-x)Cl4 by Vegard's rule
oxychloride P-3m1|C2/m [X Y Z]           xLi2O-yZrCl4-zAlCl3 on a chloride framework (1.4 0.75 0.25)
supercell STRUCTURE NA NB NC             every atom listed
snapshot STRUCTURE NA NB NC [SEED]       one ordered arrangement of a disordered structure"""


def build(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help=f"One of:\n\n\b\n{RECIPES}")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="ARGUMENT…", help="As the recipe wants.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="CIF to write; else it is printed.")] = None,
    force: Overwrite = False,
) -> None:
    """Build a model structure; its CIF says what was done and that it is a model."""
    from ..io.atomic import write_text_atomic
    from ..io.cif import cif_text

    structure = built(recipe, arguments or [])
    if output is None:
        print(cif_text(structure), end="")
        return
    refuse_taken([output], force)
    write_text_atomic(output, cif_text(structure))
    print(f"{structure.formula}, {structure.lattice}, {structure.density:.3f} g/cm³ (a model): {output}")


def built(recipe: str, arguments: list[str]) -> Structure:
    """The structure that a recipe makes.

    Raises
    ------
    InputError
        An unknown recipe, or arguments it can't use.
    """
    from .. import builders
    from ..io.library import find_structure

    match [recipe, *arguments]:
        case ["substitute", name, old, new, fraction]:
            return builders.substituted(find_structure(name), old, new, _number(fraction))
        case ["k-on-cluster", name, x]:
            return builders.potassium_on_cluster_site(find_structure(name), _number(x))
        case ["k-on-lithium", name, x]:
            return builders.potassium_on_lithium_site(find_structure(name), _number(x))
        case ["chlorospinel", x]:
            return builders.chlorospinel(_number(x))
        case ["oxychloride", "P-3m1" | "C2/m" as framework, *shares] if len(shares) in (0, 3):
            return builders.oxychloride(framework, *map(_number, shares))
        case ["supercell", name, a, b, c]:
            return builders.supercell(find_structure(name), [_whole(a), _whole(b), _whole(c)])
        case ["snapshot", name, a, b, c, *seed] if len(seed) <= 1:
            size = [_whole(a), _whole(b), _whole(c)]
            return builders.ordered_snapshots(find_structure(name), size, seed=_whole(seed[0]) if seed else 0)[0]
    raise InputError(f"can't build {' '.join([recipe, *arguments])!r};", remedy=f"recipes:\n{RECIPES}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{text!r} is not a number;", remedy="give a number such as 0.1.") from None


def _whole(text: str) -> int:
    if not text.isdigit():
        raise InputError(f"{text!r} is not a whole number;", remedy="give a whole number such as 2.")
    return int(text)
