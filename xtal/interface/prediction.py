"""Cells of dopants that nobody has made, from a rule fitted to known members. A prediction, never a measurement.

The rule is a straight line: lattice parameter against the mean ionic radius on the substituted site, fitted to known
members. Its scatter about them is the uncertainty of what it predicts. Radii and tolerance factors: `xtal.radii`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..radii import mean_ionic_radius
from ..result import Value

__all__ = ["KnownMember", "RadiusRule", "fit_radius_rule", "predict_cell"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class KnownMember:
    """A member of the series with a measured cell: name, mean radius (Å) and lattice parameter (Å)."""

    name: str
    radius: float
    length: float


@dataclass(frozen=True, eq=False)
class RadiusRule:
    """length = intercept + slope · radius, with the scatter of the known members about it.

    Parameters
    ----------
    members : tuple of KnownMember
        What it was fitted to.
    intercept, slope : float
        Å, and Å per Å.
    scatter : float or None
        Standard deviation of the members about the line, Å; None for two members, which lie on it.
    """

    members: tuple[KnownMember, ...]
    intercept: float
    slope: float
    scatter: float | None

    def predict(self, radius: float) -> Value:
        """Predicted lattice parameter, Å; its esd is that of one new member: s √(1 + 1/n + (r - r̄)²/Σ(rᵢ - r̄)²)."""
        value = self.intercept + self.slope * radius
        if self.scatter is None:
            return Value(value, None, "prediction from two members: nothing shows how well the rule holds")
        radii = np.array([member.radius for member in self.members])
        lever = 1 + 1 / len(radii) + (radius - radii.mean()) ** 2 / float(np.sum((radii - radii.mean()) ** 2))
        return Value(value, self.scatter * sqrt(lever), None)

    def is_extrapolation(self, radius: float) -> bool:
        """Whether the radius lies outside those of the members."""
        radii = [member.radius for member in self.members]
        return not min(radii) <= radius <= max(radii)


def fit_radius_rule(members: Sequence[KnownMember]) -> RadiusRule:
    """Least-squares line through known members.

    Raises
    ------
    GeometryError
        Fewer than two different radii.
    """
    radii = np.array([member.radius for member in members])
    lengths = np.array([member.length for member in members])
    if len(np.unique(radii)) < 2:
        raise GeometryError(
            f"{len(members)} members with {len(np.unique(radii))} different radii;",
            remedy="a rule needs two, and three to show its scatter.",
        )
    design = np.stack([np.ones_like(radii), radii], axis=1)
    (intercept, slope), *_ = np.linalg.lstsq(design, lengths, rcond=None)
    freedom = len(members) - 2
    residuals = lengths - design @ (intercept, slope)
    scatter = sqrt(float(residuals @ residuals) / freedom) if freedom else None
    return RadiusRule(tuple(members), float(intercept), float(slope), scatter)


def predict_cell(
    rule: RadiusRule,
    shares: Mapping[str, float],
    *,
    coordination: int = 6,
    overrides: Mapping[str, float] | None = None,
) -> Value:
    """Predicted lattice parameter (Å) for a mixed site such as ``{"Cl-": 0.9, "F-": 0.1}``.

    Parameters
    ----------
    rule : RadiusRule
        From members whose radii follow the same convention.
    shares : mapping
        Ion → share of the site.
    coordination : int
        For the radii (see `xtal.radii.mean_ionic_radius`).
    overrides : mapping, optional
        Radii (Å) that go before the table.

    Returns
    -------
    Value
        With the rule's scatter as its uncertainty; the reason says that it is a prediction, and whether it is extrapolated.
    """
    radius = mean_ionic_radius(shares, coordination, overrides=overrides)
    predicted = rule.predict(radius)
    reason = predicted.reason or f"prediction: scatter of {len(rule.members)} known members about a line in radius"
    if rule.is_extrapolation(radius):
        reason += f"; extrapolated to a radius of {radius:.3f} Å"
    return replace(predicted, reason=reason)
