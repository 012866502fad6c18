"""What site symmetry leaves free of an anisotropic displacement tensor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .displacement import turned
from .structure import Site, Structure
from .symmetry import leading_rows

__all__ = ["U_NAMES", "anisotropic_site", "free_tensors"]

FloatArray = NDArray[np.float64]

U_NAMES = ("u11", "u22", "u33", "u12", "u13", "u23")
"""Names of the components in the order in which tensors are kept."""


def free_tensors(structure: Structure, site: Site) -> dict[str, FloatArray]:
    """Independent tensors that the symmetry of a site allows, named by the component that leads each.

    Returns
    -------
    dict of ndarray, shape (6,)
        ``{"u11": [1, 1, 0, …]}`` says that U22 follows U11; a component that no tensor holds is zero.
    """
    group = structure.space_group
    rotations = group.rotations[group.site_operations(site.xyz)]
    images = [[turned(tensor, rotation, structure.lattice) for tensor in np.eye(6)] for rotation in rotations]
    return leading_rows(np.mean(images, axis=0), U_NAMES)


def anisotropic_site(structure: Structure, site: Site, u_iso: float) -> Site:
    """The site with the tensor that its isotropic displacement is, U_ij = U a*_i·a*_j / (a*_i a*_j)."""
    if site.u_aniso is not None:
        return site
    metric = structure.lattice.reciprocal_metric_tensor
    scale = np.sqrt(np.diag(metric))
    m = u_iso * metric / np.outer(scale, scale)
    tensor = (m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2])
    u11, u22, u33, u12, u13, u23 = (float(value) for value in tensor)
    return replace(site, u_iso=None, u_aniso=(u11, u22, u33, u12, u13, u23))
