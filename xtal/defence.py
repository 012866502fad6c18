"""What stands behind a phase's fraction: interval, refit without the phase, detection limit, spread of starts, verdict.

These are the values under ``phases.<name>.defence`` of result.json; docs/how-to/defend-a-fraction.md explains them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Defence", "Interval", "Removal", "Standing", "Starts"]

Standing = Literal["present", "trace", "not shown"]


@dataclass(frozen=True)
class Interval:
    """A 95 % interval of a fraction.

    Parameters
    ----------
    low : float
        Lower end, as a fraction.
    high : float
        Upper end, as a fraction.
    points : tuple of (fraction, delta_chi2)
        Where the rest was refitted, with Δχ² in units of the reduced χ².
    reason : str or None
        Why an end is no crossing of the limit (the phase's absence lies inside, a refit failed), or that the interval is about a lower minimum than the fit's.
    """

    low: float
    high: float
    points: tuple[tuple[float, float], ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Removal:
    """The refit without the phase.

    Parameters
    ----------
    rwp : float
        Of that refit, as a fraction.
    delta_rwp : float
        By how much it is worse.
    delta_chi2 : float
        Rise of χ² in units of the reduced χ² of the full model.
    delta_bic : float
        Rise of N ln(χ²/N) + k ln N; positive where the data want the phase.
    n_parameters : int
        Parameters that went with the phase.
    """

    rwp: float
    delta_rwp: float
    delta_chi2: float
    delta_bic: float
    n_parameters: int


@dataclass(frozen=True)
class Starts:
    """Refits from scattered starts.

    Parameters
    ----------
    n : int
        Fits tried.
    n_failed : int
        Those that failed.
    n_elsewhere : int
        Those that ended at a higher χ² (another minimum).
    seed : int
        Of the scatter.
    spread : float or None
        Standard deviation of the fraction over the fits that reached the best χ².
    low : float or None
        Smallest fraction among those.
    high : float or None
        Largest fraction among those.
    """

    n: int
    n_failed: int
    n_elsewhere: int
    seed: int
    spread: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Defence:
    """Everything that stands behind a fraction.

    Parameters
    ----------
    verdict : {"present", "trace", "not shown"} or None
        In a word; None when only starts were scattered.
    sentence : str
        The verdict with its reasons.
    weight_interval, share_interval : Interval or None
        Profile-likelihood intervals of the weight fraction and of the share in the phase's group.
    model_interval : Interval or None
        `weight_interval` widened by how far the fraction moves in other models that a referee would accept.
    without : Removal or None
        Refit without the phase.
    detection_limit : float or None
        Weight fraction that would be found with 95 % probability.
    attenuation : float or None
        Intensity per weight relative to that of the starting structure; small for a ghost phase.
    starts : Starts or None
        With ``--starts``.
    """

    verdict: Standing | None = None
    sentence: str = ""
    weight_interval: Interval | None = None
    share_interval: Interval | None = None
    model_interval: Interval | None = None
    without: Removal | None = None
    detection_limit: float | None = None
    attenuation: float | None = None
    starts: Starts | None = None

    @classmethod
    def from_dict(cls, content: Mapping[str, Any] | None) -> Defence | None:
        """Defence from its part of a result.json."""
        if content is None:
            return None
        kinds: dict[str, Any] = {"without": Removal, "starts": Starts}
        values = {key: kinds[key](**item) if key in kinds and item else item for key, item in content.items()}
        for key in ("weight_interval", "share_interval", "model_interval"):
            values[key] = _interval(values.get(key))
        return cls(**values)


def _interval(content: Mapping[str, Any] | None) -> Interval | None:
    if content is None:
        return None
    return Interval(**{**content, "points": tuple((float(a), float(b)) for a, b in content["points"])})
