"""Structures to and from gemmi's small structures, which hold an asymmetric unit with its operations."""

from __future__ import annotations

import gemmi

from ..lattice import Lattice
from ..species import species, type_symbol
from ..structure import Quality, Site, Structure
from ..symmetry import SpaceGroup

__all__ = ["from_gemmi", "to_gemmi"]


def to_gemmi(structure: Structure) -> gemmi.SmallStructure:
    """gemmi's small structure: cell, operations and sites.

    gemmi has no place for source, quality and notes, and its displacement parameters are numbers: 0 stands for none.
    Isotopes other than those of hydrogen are written into the type symbol (``"7Li1+"``).
    """
    small = gemmi.SmallStructure()
    small.name = structure.name
    small.cell = gemmi.UnitCell(*structure.lattice.parameters)
    group = structure.space_group
    small.spacegroup_hm, small.spacegroup_hall, small.spacegroup_number = group.hm, group.hall, group.number
    small.symops = list(group.operations)
    small.determine_and_set_spacegroup("s")
    for site in structure.sites:
        small.add_site(_site(site))
    small.setup_cell_images()
    return small


def _site(site: Site) -> gemmi.SmallStructure.Site:
    new = gemmi.SmallStructure.Site()
    symbol = type_symbol(site.element, site.charge, site.isotope)
    named = site.isotope is None or site.element == "H"
    new.label, new.type_symbol = site.label, symbol if named else f"{site.isotope}{symbol}"
    new.element, new.charge = gemmi.Element(site.element), site.charge or 0
    new.fract, new.occ = gemmi.Fractional(*site.xyz), site.occupancy
    if site.u_aniso is not None:
        new.aniso = gemmi.SMat33d(*site.u_aniso)
    new.u_iso = site.u_equivalent or 0.0
    return new


def from_gemmi(
    source: gemmi.SmallStructure, *, origin: str = "from a gemmi structure", quality: Quality = "unknown",
    notes: tuple[str, ...] = ()
) -> Structure:  # fmt: skip
    """Structure from gemmi's small structure; a U of zero counts as not given.

    Parameters
    ----------
    source : gemmi.SmallStructure
        Structure with operations or a space group.
    origin, quality, notes
        Source, quality and notes of the result.

    Raises
    ------
    CifError
        No symmetry, or an atom that isn't an element.
    """
    cell = source.cell
    lattice = Lattice(cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma)
    sites = tuple(_read(site) for site in source.sites)
    return Structure(source.name, lattice, _space_group(source), sites, origin, quality, notes)


def _space_group(source: gemmi.SmallStructure) -> SpaceGroup:
    if source.symops:
        return SpaceGroup.from_operations(list(source.symops))
    if source.spacegroup is not None:
        return SpaceGroup.from_operations([op.triplet() for op in source.spacegroup.operations()])
    return SpaceGroup.from_symbol(source.spacegroup_hm or source.spacegroup_hall or source.spacegroup_number)


def _read(site: gemmi.SmallStructure.Site) -> Site:
    kind = species(site.type_symbol or site.element.name, site.label, f"site {site.label}")
    u = site.aniso
    tensor = (u.u11, u.u22, u.u33, u.u12, u.u13, u.u23)
    u_aniso = tensor if any(tensor) else None
    u_iso = site.u_iso if site.u_iso and u_aniso is None else None
    charge = kind.charge if kind.charge is not None else (site.charge or None)
    xyz = (site.fract.x, site.fract.y, site.fract.z)
    return Site(site.label, kind.element, xyz, site.occ, u_iso, u_aniso, charge, kind.isotope)
