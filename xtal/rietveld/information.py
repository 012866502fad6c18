r"""Share of information on refined parameters, from the covariance of a fit.

For the covariance C of the free parameters :math:`\sigma_p^2 = C_{pp}` with all of them refined and :math:`1/(C^{-1})_{pp}` with all but p held, so
that :math:`1 - R_p^2 = 1/(C_{pp} (C^{-1})_{pp})` (M. G. Kendall, A. Stuart, The Advanced Theory of Statistics 2, 1961, chapter 27). A factor on C, such as
GOF², falls out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..information import Information
from ..structure import Structure
from .covariance import Covariance

__all__ = ["LIGHT_ELEMENTS", "information_of", "parameter_information"]

FloatArray = NDArray[np.float64]

LIGHT_ELEMENTS = frozenset({"H", "D", "Li", "Be", "B"})
"""Up to five electrons: X-rays see them in the shadow of everything else."""
_DISPLACEMENTS = ("u_iso", "u11", "u22", "u33", "u12", "u13", "u23")
_SINGULAR = 1e-12


def information_of(structures: Mapping[str, Structure], covariance: Covariance | None) -> dict[str, Information]:
    """Information on every refined occupancy, and on every refined displacement parameter of a light atom, by dotted name."""
    if covariance is None:
        return {}
    elements = {
        f"phase.{name}.site.{site.label}": site.element
        for name, structure in structures.items()
        for site in structure.sites
    }
    wanted = [name for name in covariance.names if _is_asked_for(name, elements)]
    return parameter_information(covariance, wanted)


def _is_asked_for(name: str, elements: Mapping[str, str]) -> bool:
    site, _, last = name.rpartition(".")
    if last == "occupancy":
        return site in elements
    return last in _DISPLACEMENTS and elements.get(site) in LIGHT_ELEMENTS


def parameter_information(covariance: Covariance, names: list[str]) -> dict[str, Information]:
    """Information on some of the free parameters; those without a variance are left out."""
    esds = np.sqrt(np.maximum(np.diag(covariance.matrix), 0.0))
    known = np.flatnonzero(esds > 0)
    if not known.size or not names:
        return {}
    correlation = covariance.matrix[np.ix_(known, known)] / np.outer(esds[known], esds[known])
    independent = _independent(correlation)
    found = {}
    for row, index in enumerate(known):
        if covariance.names[index] in names:
            others = np.abs(np.delete(correlation[row], row))
            best = int(np.argmax(others)) if others.size else 0
            partner = covariance.names[known[best if best < row else best + 1]] if others.size else None
            share = min(float(others[best]) ** 2, 1.0) if others.size else 0.0
            kept = float(independent[row])
            found[covariance.names[index]] = Information(kept, float(esds[index]) * math.sqrt(kept), partner, share)
    return found


def _independent(correlation: FloatArray) -> FloatArray:
    """1 − R² of each parameter, (n,), from the matrix of correlations; 0 for those in a singular direction."""
    values, vectors = np.linalg.eigh(correlation)
    good = values > _SINGULAR * values[-1]
    inverse = np.sum(vectors[:, good] ** 2 / values[good], axis=1)
    lost = np.sum(vectors[:, ~good] ** 2, axis=1) > 1e-6
    return np.asarray(np.where(lost, 0.0, np.clip(1.0 / inverse, 0.0, 1.0)))
