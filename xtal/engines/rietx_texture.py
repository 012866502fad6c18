"""The job's harmonics in rietx's: both are orthonormal on the sphere, so a class with one frame has them to sign and factor.

The job multiplies intensities by 1 + Σ c k, the mean of k² over the sphere being 1; rietx by 1 + Σ w C K with ∮K² = 1 and
a weight w that its geometry sets. Where each k is one K times a number, whatever the cell, C = c k/(w K).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rietx.crystallography.spherical_harmonics import texture_basis
from rietx.crystallography.symmetry import resolve_group
from rietx.model.preferred_orientation import TEXTURE_SAMPLE_PSI_DEG, texture_term_weights

from xtal.diffraction.harmonics import harmonic_basis
from xtal.engines.rietx_units import KINDS, Link
from xtal.engines.worker_lines import TaskError
from xtal.lattice import Lattice
from xtal.symmetry import SpaceGroup

SAMPLES = np.array([(h, k, l) for h in range(-3, 4) for k in range(-3, 4) for l in range(4) if (h, k, l) > (0, 0, 0)])


STRETCH = np.array([1.03, 1.01, 0.98, 1.01, 0.99, 1.02])
"""A second cell, by which relations that hold for one cell alone are told apart."""


def texture_links(
    phase: dict[str, Any], index: int, geometry: str, symmetry: tuple[str, list[str] | None]
) -> dict[str, Link]:
    """Return the links of a phase's harmonics.

    Raises
    ------
    TaskError
        ``unsupported`` where the two sets differ by more than sign and factor.
    """
    if not phase.get("harmonics"):
        return {}
    group = resolve_group(*symmetry)
    order = max(degree for degree, _ in phase["harmonics"])
    structure = phase["structure"]
    own = SpaceGroup(structure["hm"], structure["hall"], int(structure["number"]), tuple(structure["operations"]))
    start = Lattice.from_parameters(structure["cell"])
    stretched = own.complete_cell(
        dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), STRETCH * start.parameters, strict=True)), start
    )
    here, there = (relation(own, group, order, lattice, geometry) for lattice in (start, stretched))
    if not np.allclose(here, there, atol=1e-9) or np.any(np.sum(np.abs(here) > 1e-9, axis=0) != 1):
        raise TaskError(
            "unsupported",
            f"phase.{phase['name']}.texture.c: rietx has mixtures of these harmonics in this Laue class; native has them.",
        )
    names = texture_basis(group, order, start.parameters).names
    links = {}
    for column, (degree, number) in enumerate(harmonic_basis(own, order).terms):
        row = int(np.argmax(np.abs(here[:, column])))
        path = f"phases.{index}.texture.{names[row]}"
        links[f"phase.{phase['name']}.texture.c{degree}_{number}"] = Link(path, float(here[row, column]))
    return links


def relation(
    own: SpaceGroup, group: Any, order: int, lattice: Lattice, geometry: str
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return rietx's coefficients (rows) for a unit of each of the job's (columns), at one cell."""
    basis = texture_basis(group, order, lattice.parameters)
    weights = texture_term_weights([term.degree for term in basis.terms], TEXTURE_SAMPLE_PSI_DEG[KINDS[geometry]])
    theirs = basis.at_reflections(SAMPLES, lattice.parameters) * weights
    ours = harmonic_basis(own, order).at_reflections(SAMPLES, lattice).T
    solved, *_ = np.linalg.lstsq(theirs, ours, rcond=None)
    solved[np.abs(solved) < 1e-9] = 0.0
    if not np.allclose(theirs @ solved, ours, atol=1e-9):
        return np.full((theirs.shape[1], ours.shape[1]), np.nan)
    return np.asarray(solved)
