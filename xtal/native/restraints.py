r"""Bond lengths that are known within an uncertainty, as observations beside those of the pattern.

Each distance d of a restraint adds :math:`w\,((d - d_0)/\sigma)^2` to the sum of squares. The distances are those of one atom A to all images of B
within 1.25 times the shortest at the start; which images these are is settled then and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distances import neighbors
from .cell import CELL_NAMES, metric_slopes
from .phase_model import PhaseModel
from .refusals import NativeError
from .site_sums import SiteSums

__all__ = ["Restraint", "Restraints"]

FloatArray = NDArray[np.float64]

_SHELL = 1.25
_REACH = (3.0, 6.0, 12.0)
"""Å; how far a partner is looked for, nearer ones first."""


class Restraint:
    """One restraint of a task.

    Parameters
    ----------
    given : dict
        ``phase``, ``site_a``, ``site_b``, ``distance`` and ``sigma`` (Å), ``weight``.
    phase : PhaseModel
        The phase.

    Raises
    ------
    NativeError
        A site that the phase doesn't have, or a pair without any distance.
    """

    def __init__(self, given: dict[str, Any], phase: PhaseModel) -> None:
        self.given, self.phase = given, phase
        sites = {sums.site.label: sums for sums in phase.scattering.sites}
        missing = [given[key] for key in ("site_a", "site_b") if given[key] not in sites]
        if missing:
            raise NativeError("bad_input", f"restraint: phase {phase.name} has no site {missing[0]}.")
        self.here, self.there = sites[given["site_a"]], sites[given["site_b"]]
        self.root = float(np.sqrt(given["weight"])) / float(given["sigma"])
        self.rotations, self.shifts = self._bonds()

    def _bonds(self) -> tuple[FloatArray, FloatArray]:
        """Rotation and shift that make each partner from B, (m, 3, 3) and (m, 3)."""
        structure, a, b = self.phase.structure, self.here, self.there
        labels = [site.label for site in structure.sites]
        first, second = labels.index(a.site.label), labels.index(b.site.label)
        for reach in _REACH:
            found = neighbors(structure, reach)
            chosen = (found.site == first) & (found.neighbor == second)
            if np.any(chosen) and found.distance[chosen].min() * _SHELL <= reach:
                break
        else:
            raise NativeError(
                "bad_input", f"restraint {a.site.label}–{b.site.label} of {self.phase.name}: none is near."
            )
        points = found.xyz[chosen][found.distance[chosen] <= _SHELL * found.distance[chosen].min()]
        images = b.rotations @ np.array(b.site.xyz) + b.translations
        steps = points[:, None] - images
        member = np.argmin(np.abs(steps - np.rint(steps)).sum(axis=2), axis=1)
        return b.rotations[member], points - np.einsum("mij,j->mi", b.rotations[member], np.array(b.site.xyz))

    def distances(self, values: Mapping[str, float]) -> FloatArray:
        """Lengths of the bonds, Å, (m,)."""
        vectors = self._vectors(values)
        return np.asarray(np.sqrt(((vectors @ self.phase.lattice(values).metric_tensor) * vectors).sum(axis=1)))

    def _vectors(self, values: Mapping[str, float]) -> FloatArray:
        here, there = (sums.position(self._own(sums, values)) for sums in (self.here, self.there))
        return np.asarray(self.rotations @ there + self.shifts - here)

    def _own(self, sums: SiteSums, values: Mapping[str, float]) -> dict[str, float]:
        base = f"{self.phase.prefix}site.{sums.site.label}."
        return {letter: values[base + letter] for letter in sums.directions if base + letter in values}

    def slopes(self, values: Mapping[str, float]) -> dict[str, FloatArray]:
        """Derivatives of the lengths by every parameter that changes them, each (m,)."""
        vectors, lattice, lengths = self._vectors(values), self.phase.lattice(values), self.distances(values)
        found: dict[str, FloatArray] = {}

        def add(name: str, slope: FloatArray) -> None:
            found[name] = found.get(name, np.zeros(len(lengths))) + slope / lengths

        pulled = vectors @ lattice.metric_tensor
        for sums, turned in ((self.there, self.rotations), (self.here, -np.eye(3)[None])):
            for letter, direction in sums.directions.items():
                name = f"{self.phase.prefix}site.{sums.site.label}.{letter}"
                add(name, (pulled * (turned @ direction)).sum(axis=1))
        for index, leader in enumerate(self.phase.structure.space_group.cell_leaders):
            if leader >= 0:
                slope = metric_slopes(lattice)[index]
                add(f"{self.phase.prefix}cell.{CELL_NAMES[leader]}", ((vectors @ slope) * vectors).sum(axis=1) / 2)
        return found


@dataclass(frozen=True)
class Restraints:
    """All restraints of a task."""

    members: tuple[Restraint, ...]

    @classmethod
    def of(cls, task: dict[str, Any], phases: Iterable[PhaseModel]) -> Restraints:
        """Restraints of a task on its phases."""
        named = {phase.name: phase for phase in phases}
        return cls(tuple(Restraint(given, named[given["phase"]]) for given in task.get("restraints") or []))

    @property
    def n(self) -> int:
        """Number of restrained distances."""
        return sum(len(member.shifts) for member in self.members)

    def rows(
        self, values: Mapping[str, float], moving: tuple[str, ...], reduction: FloatArray
    ) -> tuple[FloatArray, FloatArray] | None:
        """(d₀ − d)·√w/σ of all bonds, (m,), and √w/σ · ∂d by the free parameters, (k, m); None without restraints."""
        if not self.members:
            return None
        residuals, jacobians = [], []
        for member in self.members:
            residuals.append((float(member.given["distance"]) - member.distances(values)) * member.root)
            slopes, nothing = member.slopes(values), np.zeros(len(member.shifts))
            by_moving = np.array([slopes.get(name, nothing) for name in moving]).reshape(len(moving), len(nothing))
            jacobians.append(reduction.T @ by_moving * member.root)
        return np.concatenate(residuals), np.concatenate(jacobians, axis=1)

    def outcome(self, values: Mapping[str, float]) -> list[dict[str, Any]]:
        """What became of each: number of bonds, mean length (Å), share of χ²."""
        rows = []
        for member in self.members:
            lengths = member.distances(values)
            chi_squared = float(np.sum(((lengths - float(member.given["distance"])) * member.root) ** 2))
            rows.append({**member.given, "n_bonds": len(lengths), "mean_distance": float(lengths.mean()),
                         "chi2": chi_squared})  # fmt: skip
        return rows
