"""What refits of resampled patterns say of the uncertainties: the values under ``bootstrap`` of result.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Bootstrap", "Spread"]


@dataclass(frozen=True)
class Spread:
    """Distribution of one quantity over the refits.

    Parameters
    ----------
    esd : float
        Standard deviation.
    low : float
        2.5 % point.
    high : float
        97.5 % point.
    """

    esd: float
    low: float
    high: float


@dataclass(frozen=True)
class Bootstrap:
    """Refits of patterns made from the fit and its own residuals, drawn in blocks so that their serial correlation stays.

    Parameters
    ----------
    n : int
        Refits that were tried.
    n_failed : int
        Those of them that did not converge and are not counted.
    seed : int
        Of the draws.
    block_points : int
        Points in a block.
    parameters : dict of Spread
        By dotted name, everything that was free.
    weight_fractions, group_shares : dict of Spread
        By phase.
    """

    n: int
    n_failed: int
    seed: int
    block_points: int
    parameters: Mapping[str, Spread] = field(default_factory=dict)
    weight_fractions: Mapping[str, Spread] = field(default_factory=dict)
    group_shares: Mapping[str, Spread] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any] | None) -> Bootstrap | None:
        """Bootstrap from its part of a result.json."""
        if content is None:
            return None
        kept: dict[str, Any] = dict(content)
        for key in ("parameters", "weight_fractions", "group_shares"):
            kept[key] = {name: Spread(**item) for name, item in content[key].items()}
        return cls(**kept)
