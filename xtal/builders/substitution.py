"""Substitute an element on its sites by a fraction of another: F, Br or I for Cl, Sc for In."""

from __future__ import annotations

from dataclasses import replace

from ..errors import InputError
from ..lattice import Lattice
from ..oxidation import OXIDATION_NUMBERS
from ..structure import Site, Structure
from .provenance import fresh_label, model, refuse_outside

__all__ = ["substituted"]


def substituted(
    structure: Structure,
    old: str,
    new: str,
    fraction: float,
    *,
    lattice: Lattice | None = None,
    charge: int | None = None,
    name: str | None = None,
) -> Structure:
    """`structure` with a fraction of the atoms `old` replaced by `new` on the same positions, at random.

    Parameters
    ----------
    structure : Structure
        Host.
    old : str
        Element, or the label of one site.
    new : str
        Element that takes its place.
    fraction : float
        Share of `old` that is replaced, 0–1.
    lattice : Lattice, optional
        Cell of the substituted phase; the host's without it, and the notes say so.
    charge : int, optional
        Charge of the new ion's form factor; without it the usual oxidation number where the host's site is an ion.
    name : str, optional
        Name of the result.

    Raises
    ------
    InputError
        A fraction outside 0–1, or nothing to replace.
    """
    refuse_outside("fraction", fraction, 0.0, 1.0)
    hosts = [site for site in structure.sites if old in (site.element, site.label)]
    if not hosts:
        raise InputError(
            f"{structure.name} has no {old};", remedy=f"its sites are {', '.join(s.label for s in structure.sites)}."
        )
    sites: list[Site] = []
    for site in structure.sites:
        sites += (
            _shared(site, new, fraction, charge, [s.label for s in (*structure.sites, *sites)])
            if site in hosts
            else [site]
        )
    did = f"{fraction:.6g} of {old} replaced by {new} on {', '.join(site.label for site in hosts)}, coordinates unchanged."
    kept = () if lattice else (f"The cell is that of {structure.name}; substitution changes it.",)
    return model(structure, name or f"{structure.name}-{new.lower()}{fraction:.4g}", sites, did, kept, lattice)


def _shared(site: Site, new: str, fraction: float, charge: int | None, taken: list[str]) -> list[Site]:
    usual = OXIDATION_NUMBERS.get(new) if site.charge is not None else None
    guest = replace(site, label=fresh_label(new, taken), element=new, occupancy=site.occupancy * fraction,
                    charge=charge if charge is not None else usual, isotope=None)  # fmt: skip
    rest = replace(site, occupancy=site.occupancy * (1.0 - fraction))
    return [part for part in (rest, guest) if part.occupancy > 0] or [site]
