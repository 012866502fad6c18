"""Halospinels Li2In(x)Sc(2/3−x)Cl4 between the compositions that were measured.

Cells and sites: L. Zhou, PhD thesis, University of Waterloo (2021), tables 5.1, 6.2 and 6.5 (TOF neutrons, 300 K).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..io.library import reference_structure
from ..lattice import Lattice
from ..structure import Site, Structure
from .provenance import model, refuse_outside

__all__ = ["MEASURED_CELLS", "chlorospinel", "vegard_cell"]

MEASURED_CELLS: dict[float, float] = {0.0: 10.4037, 1.0 / 3.0: 10.42138, 0.444: 10.42562}
"""In content x → cell edge, Å; esds 0.0005, 0.00008, 0.00008 Å."""

_FULL = 2.0 / 3.0
_SINGLE_PHASE = 0.444


def vegard_cell(x: float) -> float:
    """Cell edge (Å) for In content x: linear between the measured cells, and on along the line of the last two beyond them."""
    contents, edges = np.array(list(MEASURED_CELLS)), np.array(list(MEASURED_CELLS.values()))
    if x <= contents[-1]:
        return float(np.interp(x, contents, edges))
    slope = (edges[-1] - edges[-2]) / (contents[-1] - contents[-2])
    return float(edges[-1] + slope * (x - contents[-1]))


def chlorospinel(x: float, *, name: str | None = None) -> Structure:
    """Li2In(x)Sc(2/3−x)Cl4 spinel with the nominal composition.

    Cell by `vegard_cell`; coordinates, U and the spread of Li over its sites are interpolated between the refinements
    at x = 0 and 1/3 (beyond 1/3 they stay as there). 16d holds x/2 In, (2/3−x)/2 Sc and 2/3 Li; the other Li
    occupancies are scaled to two Li per formula, which balances the charge.

    Parameters
    ----------
    x : float
        In per formula unit, 0–2/3.
    name : str, optional
        Name of the result.

    Raises
    ------
    InputError
        x outside 0–2/3.
    """
    refuse_outside("x", x, 0.0, _FULL)
    low, high = reference_structure("li2sc2_3cl4-spinel"), reference_structure("li2in1_3sc1_3cl4-spinel")
    share = min(3.0 * x, 1.0)
    mobile = [_between(low.site(label), high.site(label), share) for label in ("Li1", "Li2", "Li3")]
    scale = _mobile_lithium_scale(mobile, low)
    mobile = [replace(site, occupancy=site.occupancy * scale) for site in mobile]
    octahedral = _between(low.site("Li4"), high.site("Li4"), share)
    sites = [*mobile, *_octahedral(octahedral, x), _between(low.site("Cl1"), high.site("Cl1"), share)]
    did = (f"Li2In{x:.4g}Sc{_FULL - x:.4g}Cl4, cell a = {vegard_cell(x):.5f} A between the measured cells "
           "(10.4037 at x = 0, 10.42138 at 1/3, 10.42562 A at 0.444); nominal composition, Li on 8a, 16c and 48f "
           f"scaled by {scale:.4f} from the interpolated refinements.")  # fmt: skip
    return model(
        low, name or f"li2in{x:.3f}sc{_FULL - x:.3f}cl4-spinel", sites, did, _notes(x), Lattice.cubic(vegard_cell(x))
    )


def _between(low: Site, high: Site, share: float) -> Site:
    x, y, z = (1.0 - share) * np.array(low.xyz) + share * np.array(high.xyz)
    u = (1.0 - share) * (low.u_iso or 0.0) + share * (high.u_iso or 0.0)
    occupancy = (1.0 - share) * low.occupancy + share * high.occupancy
    return replace(low, xyz=(float(x), float(y), float(z)), occupancy=occupancy, u_iso=float(u))


def _mobile_lithium_scale(mobile: list[Site], host: Structure) -> float:
    """Factor that brings Li outside 16d to 2/3 per formula, 16/3 per cell."""
    amount = sum(site.occupancy * host.space_group.multiplicity(site.xyz) for site in mobile)
    return 8.0 * _FULL / amount


def _octahedral(site: Site, x: float) -> list[Site]:
    shares = {"Li4": ("Li", 1, _FULL), "Sc1": ("Sc", 3, (_FULL - x) / 2.0), "In1": ("In", 3, x / 2.0)}
    return [replace(site, label=label, element=element, charge=charge, occupancy=occupancy)
            for label, (element, charge, occupancy) in shares.items() if occupancy > 1e-12]  # fmt: skip


def _notes(x: float) -> tuple[str, ...]:
    if x <= _SINGLE_PHASE:
        return ()
    return (f"x = {x:.4g} lies beyond the last measured single-phase spinel (0.444): the cell is extrapolated, and from "
            "x = 0.555 on samples hold a monoclinic chloride and LiCl.",)  # fmt: skip
