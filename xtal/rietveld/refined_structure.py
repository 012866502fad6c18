"""Structures with the values that a refinement found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..displacement import Tensor
from ..displacement_freedom import U_NAMES, free_tensors
from ..structure import Site, Structure

__all__ = ["refined_structure"]


def refined_structure(structure: Structure, values: Mapping[str, float]) -> Structure:
    """Structure with refined cell, coordinates, occupancies and displacement parameters.

    Parameters
    ----------
    structure : Structure
        As the job had it.
    values : mapping
        Values by name within the phase (``cell.a``, ``site.Cl1.x`` …), independent ones only;
        what depends on them follows by symmetry.
    """
    cell = {name.removeprefix("cell."): value for name, value in values.items() if name.startswith("cell.")}
    lattice = structure.space_group.complete_cell(cell, structure.lattice)
    sites = [_refined_site(site, structure, values) for site in structure.sites]
    return replace(structure, lattice=lattice, sites=tuple(_filled_at_most(sites, structure)))


def _filled_at_most(sites: Sequence[Site], structure: Structure) -> Iterator[Site]:
    """Sites whose occupancies on one position are scaled down to a sum of 1 where they exceed it.

    Like a single occupancy above 1 that is a finding, which the checks report; a Structure can't hold it.
    """
    refined = {site.label: site for site in sites}
    for group in structure.shared_positions():
        total = sum(refined[site.label].occupancy for site in group)
        if total > 1.0:
            for site in group:
                old = refined[site.label]
                refined[site.label] = replace(old, occupancy=old.occupancy / total)
    return iter(refined.values())


def _refined_site(site: Site, structure: Structure, values: Mapping[str, float]) -> Site:
    prefix = f"site.{site.label}."
    xyz = np.array(site.xyz)
    for direction in structure.space_group.free_coordinates(site.xyz):
        axis = int(np.flatnonzero(np.abs(direction) > 1e-9)[0])
        moved = values.get(f"{prefix}{'xyz'[axis]}", site.xyz[axis]) - site.xyz[axis]
        xyz += moved * direction
    # A refined occupancy above 1 is a finding (a heavier atom sits there); a Structure can't hold it.
    occupancy = min(max(values.get(f"{prefix}occupancy", site.occupancy), 0.0), 1.0)
    return replace(
        site,
        xyz=(float(xyz[0]), float(xyz[1]), float(xyz[2])),
        occupancy=occupancy,
        u_iso=values.get(f"{prefix}u_iso", site.u_iso),
        u_aniso=_refined_tensor(site, structure, {name: values.get(f"{prefix}{name}") for name in U_NAMES}),
    )


def _refined_tensor(site: Site, structure: Structure, values: Mapping[str, float | None]) -> Tensor | None:
    """Displacement tensor from its independent components; without any of them it stays."""
    if site.u_aniso is None or all(value is None for value in values.values()):
        return site.u_aniso
    tensor = np.zeros(len(U_NAMES))
    for name, pattern in free_tensors(structure, site).items():
        value = values[name]
        tensor += (site.u_aniso[U_NAMES.index(name)] if value is None else value) * pattern
    u11, u22, u33, u12, u13, u23 = (float(component) for component in tensor)
    return u11, u22, u33, u12, u13, u23
