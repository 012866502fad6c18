"""Atoms of a CIF data block: the asymmetric unit, checked against the symmetry."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import gemmi
import numpy as np

from ..displacement import Tensor
from ..errors import CifError
from ..lattice import Lattice
from ..special_positions import on_special_position
from ..species import species
from ..structure import Site
from ..symmetry import SpaceGroup
from ._cif_displacement import anisotropic_parameters, isotropic_parameter
from ._cif_values import columns, number

_MULTIPLICITY = ("_atom_site_symmetry_multiplicity", "_atom_site_site_symmetry_multiplicity")
_COORDINATES = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
_NOTED = 1e-6
_SAME_POINT = 1e-3

Columns = dict[str, list[str]]


def sites_of_block(
    block: gemmi.cif.Block, lattice: Lattice, space_group: SpaceGroup, where: str
) -> tuple[tuple[Site, ...], tuple[str, ...]]:
    """Sites of the block, and notes on what was changed."""
    table = columns(block, "_atom_site_label", "_atom_site_type_symbol")
    if any(tag not in table for tag in _COORDINATES):
        raise CifError("atoms without fractional coordinates;", where=where,
                       remedy="give _atom_site_fract_x, _atom_site_fract_y and _atom_site_fract_z.")  # fmt: skip
    rows = [row for row in range(len(table[_COORDINATES[0]])) if _cell(table, "_atom_site_calc_flag", row) != "dum"]
    named = [_label(table, row) for row in rows]
    tensors = anisotropic_parameters(block, table, rows, named, lattice, where)
    labels, notes = _unique_labels(named)
    sites = [_site(table, row, label, tensor, where) for row, label, tensor in zip(rows, labels, tensors, strict=True)]
    sites, moved = _on_special_positions(sites, space_group)
    given = _given_multiplicities(table, rows, where)
    notes += moved + _check_multiplicities(sites, given, space_group, where)
    sites, gathered = _gathered(sites, space_group, where)
    return tuple(_with_isotopes(sites, block)), tuple(notes + gathered)


def _cell(table: Columns, tag: str, row: int) -> str:
    return table[tag][row].strip() if tag in table else ""


def _label(table: Columns, row: int) -> str:
    return _cell(table, "_atom_site_label", row) or _cell(table, "_atom_site_type_symbol", row)


def _unique_labels(labels: list[str]) -> tuple[list[str], list[str]]:
    counts, seen = Counter(labels), Counter[str]()
    unique: dict[str, None] = {}
    for label in labels:
        seen[label] += 1
        fresh = label if seen[label] == 1 else f"{label}_{seen[label]}"
        unique[fresh if fresh not in unique else f"{fresh}_{len(unique) + 1}"] = None
    repeated = [label for label, n in counts.items() if n > 1]
    return list(unique), [f"repeated labels were numbered: {', '.join(repeated)}"] if repeated else []


def _site(table: Columns, row: int, label: str, u_aniso: Tensor | None, where: str) -> Site:
    place = f"{where}, site {label}"
    type_symbol = _cell(table, "_atom_site_type_symbol", row).strip("?.")
    kind = species(type_symbol, label, place)
    xyz = [number(_cell(table, tag, row), place, tag) for tag in _COORDINATES]
    if any(value is None for value in xyz):
        raise CifError(
            "a coordinate is missing ('?' or '.');", where=place, remedy="give x, y and z or remove the site."
        )
    x, y, z = (float(value) for value in xyz if value is not None)
    occupancy = number(_cell(table, "_atom_site_occupancy", row), place, "_atom_site_occupancy")
    u_iso = None if u_aniso else isotropic_parameter(table, row, place)
    try:
        return Site(label, kind.element, (x, y, z), 1.0 if occupancy is None else occupancy, u_iso, u_aniso,
                    kind.charge, kind.isotope)  # fmt: skip
    except CifError as error:
        raise CifError(error.found, where=place, remedy=error.remedy) from error


def _with_isotopes(sites: list[Site], block: gemmi.cif.Block) -> list[Site]:
    """Mass numbers from this toolkit's own loop, which other programs pass over."""
    table = columns(block, "_xtal_isotope_site_label")
    masses = dict(
        zip(table.get("_xtal_isotope_site_label", []), table.get("_xtal_isotope_mass_number", []), strict=False)
    )
    return [replace(site, isotope=int(masses[site.label])) if site.label in masses else site for site in sites]


def _on_special_positions(sites: list[Site], space_group: SpaceGroup) -> tuple[list[Site], list[str]]:
    snapped = [replace(site, xyz=on_special_position(space_group, site.xyz)) for site in sites]
    moved = [new.label for old, new in zip(sites, snapped, strict=True)
             if np.abs(np.subtract(new.xyz, old.xyz)).max() > _NOTED]  # fmt: skip
    return snapped, [f"rounded coordinates put onto their special positions: {', '.join(moved)}"] if moved else []


def _given_multiplicities(table: Columns, rows: list[int], where: str) -> list[int | None]:
    tag = next((name for name in _MULTIPLICITY if name in table), None)
    if tag is None:
        return [None] * len(rows)
    values = [number(table[tag][row], f"{where}, site {_label(table, row)}", tag) for row in rows]
    return [None if value is None else int(value) for value in values]


def _check_multiplicities(sites: list[Site], given: list[int | None], space_group: SpaceGroup, where: str) -> list[str]:
    """Compare multiplicities with the symmetry; some programs write the order of the site symmetry under that name."""
    expected = [space_group.multiplicity(site.xyz) for site in sites]
    orders = [len(space_group.operations) // n for n in expected]
    wrong = [i for i, n in enumerate(given) if n is not None and n != expected[i]]
    if not wrong:
        return []
    if all(n is None or n == order for n, order in zip(given, orders, strict=True)):
        return ["the file's multiplicities are the orders of the site symmetries; they agree with the operations"]
    first = wrong[0]
    raise CifError(
        f"multiplicity {given[first]} in the file, but {expected[first]} by the symmetry ({space_group});",
        where=f"{where}, site {sites[first].label}",
        remedy="check the space group's setting and origin, and the site's coordinates.",
    )


def _gathered(sites: list[Site], space_group: SpaceGroup, where: str) -> tuple[list[Site], list[str]]:
    """Sites that share a position given equal coordinates; copies of one atom refused."""
    result, moved = list(sites), []
    for first, second in _coincidences(sites, space_group):
        one, other = result[first], result[second]
        if one.xyz == other.xyz:
            continue
        if (one.element, one.charge, one.isotope) == (other.element, other.charge, other.isotope):
            raise CifError(
                f"it is a symmetry copy of site {one.label};",
                where=f"{where}, site {other.label}",
                remedy=f"remove one of the two, or give the symmetry (now {space_group}) that keeps them apart.",
            )
        result[second] = replace(other, xyz=one.xyz)
        moved.append(f"{other.label} to {one.label}")
    return result, [f"sites on one position given the same coordinates: {', '.join(moved)}"] if moved else []


def _coincidences(sites: list[Site], space_group: SpaceGroup) -> list[tuple[int, int]]:
    """Pairs of sites, earlier one first, of which the second is on an image of the first."""
    orbits = [space_group.orbit(site.xyz) for site in sites]
    owner = np.repeat(np.arange(len(sites)), [len(orbit) for orbit in orbits])
    points = np.concatenate(orbits) if orbits else np.empty((0, 3))
    pairs: list[tuple[int, int]] = []
    for second, site in enumerate(sites):
        difference = points - np.asarray(site.xyz)
        same = np.all(np.abs(difference - np.round(difference)) < _SAME_POINT, axis=1)
        pairs += [(int(first), second) for first in np.unique(owner[same]) if first < second]
    return pairs
