"""The two rival models of K in Li2OHCl: on the cation-cluster site, or on the Li site.

In the first, K⁺ takes the place of a whole [Li2OH]⁺ cluster: K sits on the O position and takes the OH and two Li with
it, so (Li2OH)1−xKxCl stays neutral (P. Gao et al., Nat. Commun. 2023, DOI 10.1038/s41467-023-42385-1).
In the second, K⁺ simply replaces Li⁺.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import InputError
from ..lattice import Lattice
from ..structure import Site, Structure
from .provenance import fresh_label, model, refuse_outside

__all__ = ["potassium_on_cluster_site", "potassium_on_lithium_site"]


def potassium_on_cluster_site(
    structure: Structure, x: float, *, lattice: Lattice | None = None, name: str | None = None
) -> Structure:
    """(Li2OH)1−xKxCl with K on the O site; O, H and Li are reduced by the factor 1 − x.

    Parameters
    ----------
    structure : Structure
        A Li2OHCl structure with O, H and Li.
    x : float
        K per formula unit, 0–1.
    lattice : Lattice, optional
        Cell of the doped phase; the host's without it.
    name : str, optional
        Name of the result.

    Raises
    ------
    InputError
        x outside 0–1, or a host without O or Li.
    """
    refuse_outside("x", x, 0.0, 1.0)
    _refuse_without(structure, ("O", "Li"))
    sites: list[Site] = []
    for site in structure.sites:
        shrinks = site.element in ("O", "H", "Li")
        sites.append(replace(site, occupancy=site.occupancy * (1.0 - x)) if shrinks else site)
        if site.element == "O":
            sites.append(_potassium(site, site.occupancy * x, [s.label for s in (*structure.sites, *sites)]))
    did = f"K on the O site, (Li2OH)1-xKxCl with x = {x:.6g}: O, H and Li occupancies times {1 - x:.6g}, charge unchanged."
    return model(
        structure, name or f"{structure.name}-k-cluster{x:.4g}", _filled(sites), did, _kept(structure, lattice), lattice
    )


def potassium_on_lithium_site(
    structure: Structure, x: float, *, lattice: Lattice | None = None, name: str | None = None
) -> Structure:
    """Li2−xKxOHCl with K on every Li site in proportion; the rival of `potassium_on_cluster_site`, same arguments."""
    _refuse_without(structure, ("O", "Li"))
    oxygen, lithium = structure.cell_contents["O"], structure.cell_contents["Li"]
    refuse_outside("x", x, 0.0, lithium / oxygen)
    share = x * oxygen / lithium
    sites: list[Site] = []
    for site in structure.sites:
        if site.element != "Li":
            sites.append(site)
            continue
        taken = [s.label for s in (*structure.sites, *sites)]
        sites += [
            replace(site, occupancy=site.occupancy * (1.0 - share)),
            _potassium(site, site.occupancy * share, taken),
        ]
    did = f"K on the Li sites, Li2-xKxOHCl with x = {x:.6g}: {share:.6g} of Li replaced by K on each Li site."
    return model(
        structure, name or f"{structure.name}-k-lithium{x:.4g}", _filled(sites), did, _kept(structure, lattice), lattice
    )


def _potassium(site: Site, occupancy: float, taken: list[str]) -> Site:
    charge = None if site.charge is None else 1
    return replace(site, label=fresh_label("K", taken), element="K", occupancy=occupancy, charge=charge, isotope=None)


def _filled(sites: list[Site]) -> list[Site]:
    return [site for site in sites if site.occupancy > 0]


def _kept(structure: Structure, lattice: Lattice | None) -> tuple[str, ...]:
    return () if lattice else (f"The cell is that of {structure.name}; K changes it.",)


def _refuse_without(structure: Structure, elements: tuple[str, ...]) -> None:
    missing = [element for element in elements if not structure.cell_contents.get(element)]
    if missing:
        raise InputError(f"{structure.name} has no {' and no '.join(missing)};", remedy="give a Li2OHCl structure.")
