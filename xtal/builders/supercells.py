"""Supercells, with partly occupied sites kept as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from ..errors import InputError
from ..lattice import Lattice
from ..structure import Site, Structure
from ..symmetry import SpaceGroup

__all__ = ["supercell"]


def supercell(structure: Structure, size: Sequence[int], *, name: str | None = None) -> Structure:
    """The structure on `size` = (n_a, n_b, n_c) cells, every atom listed in P 1.

    Labels are the site's label and a running number. Uij refer to the new axes unchanged, which are parallel to the old.

    Raises
    ------
    InputError
        A size that isn't three positive whole numbers.
    """
    n = np.asarray(size)
    if n.shape != (3,) or np.any(n < 1) or np.any(n != np.round(n)):
        raise InputError(f"supercell {tuple(size)};", remedy="give three positive whole numbers, such as (2, 2, 1).")
    shifts = np.array(list(product(*(range(int(k)) for k in n))), dtype=float)
    sites = [atom for site_index in range(len(structure.sites)) for atom in _copies(structure, site_index, shifts, n)]
    a, b, c, *angles = structure.lattice.parameters
    lattice = Lattice(a * float(n[0]), b * float(n[1]), c * float(n[2]), *angles)
    text = "x".join(str(int(k)) for k in n)
    return Structure(
        name or f"{structure.name}-{text}", lattice, SpaceGroup.from_symbol(1), tuple(sites),
        f"Model: {text} supercell of {structure.name} ({structure.quality}): {structure.source}", "model", structure.notes,
    )  # fmt: skip


def _copies(structure: Structure, site_index: int, shifts: np.ndarray, n: np.ndarray) -> list[Site]:
    from ..displacement import turned

    site = structure.sites[site_index]
    points, operations = structure.space_group.orbit_with_operations(site.xyz)
    tensors = [None if site.u_aniso is None else
               turned(site.u_aniso, structure.space_group.rotations[k], structure.lattice) for k in operations]  # fmt: skip
    copies: list[Site] = []
    for point, tensor in zip(points, tensors, strict=True):
        for x, y, z in ((point + shifts) / n).tolist():
            label = f"{site.label}_{len(copies) + 1}"
            copies.append(replace(site, label=label, xyz=(x, y, z), u_aniso=tensor))
    return copies
