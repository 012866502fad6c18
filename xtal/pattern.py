"""Powder patterns: an axis, intensities, their standard uncertainties, and what they were read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import PatternError

__all__ = ["Axis", "Pattern", "SigmaOrigin"]

Axis = Literal["two_theta", "tof", "q", "d", "r"]
SigmaOrigin = Literal["file", "poisson", "none"]
FloatArray = NDArray[np.float64]

AXIS_UNITS: dict[str, str] = {"two_theta": "degrees 2θ", "tof": "µs", "q": "Å⁻¹", "d": "Å", "r": "Å"}


@dataclass(frozen=True, eq=False)
class Pattern:
    """A powder pattern or a pair distribution function.

    Parameters
    ----------
    x : array_like, shape (n,)
        Axis, strictly increasing; units by `axis`: two_theta in degrees, tof in µs, q in Å⁻¹, d and r in Å.
    intensity : array_like, shape (n,)
        Counts or arbitrary units.
    sigma : array_like, shape (n,), optional
        Standard uncertainties of `intensity`. Without it, Poisson: sqrt(max(intensity, 1)).
    axis : {"two_theta", "tof", "q", "d", "r"}
        What x is.
    sigma_origin : {"file", "poisson", "none"}
        Where sigma comes from.
    source : str
        File name or how it was made; a synthetic pattern says so here.
    metadata : dict
        What else the file said (wavelength, temperature, scan time …).

    Raises
    ------
    PatternError
        Fewer than two points, shapes that differ, values that aren't finite, an axis that isn't increasing,
        or a negative sigma.

    Examples
    --------
    >>> Pattern([20.0, 20.02, 20.04], [100, 144, 121]).sigma
    array([10., 12., 11.])
    """

    x: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    axis: Axis = "two_theta"
    sigma_origin: SigmaOrigin = "poisson"
    source: str = ""
    metadata: dict[str, str | float] = field(default_factory=dict)

    def __init__(
        self,
        x: ArrayLike,
        intensity: ArrayLike,
        sigma: ArrayLike | None = None,
        *,
        axis: Axis = "two_theta",
        sigma_origin: SigmaOrigin | None = None,
        source: str = "",
        metadata: dict[str, str | float] | None = None,
    ) -> None:
        positions, counts = _frozen(x), _frozen(intensity)
        _refuse_bad_axis(positions, counts, source)
        origin: SigmaOrigin = sigma_origin or ("poisson" if sigma is None else "file")
        errors = _frozen(np.sqrt(np.maximum(counts, 1.0)) if sigma is None else sigma)
        _refuse_bad_sigma(errors, positions, source)
        for name, value in (("x", positions), ("intensity", counts), ("sigma", errors), ("axis", axis),
                            ("sigma_origin", origin), ("source", source), ("metadata", dict(metadata or {}))):  # fmt: skip
            object.__setattr__(self, name, value)

    @property
    def step(self) -> float:
        """Median step of the axis, in its units."""
        return float(np.median(np.diff(self.x)))

    def __len__(self) -> int:
        return int(self.x.size)

    def cut(self, low: float | None = None, high: float | None = None,
            excluded: Sequence[tuple[float, float]] = ()) -> Pattern:  # fmt: skip
        """The part of the pattern within [low, high] and outside every excluded region.

        Raises
        ------
        PatternError
            Nothing, or a single point, is left.
        """
        keep = np.ones(len(self), dtype=bool)
        if low is not None:
            keep &= self.x >= low
        if high is not None:
            keep &= self.x <= high
        for start, stop in excluded:
            keep &= ~((self.x >= start) & (self.x <= stop))
        if keep.sum() < 2:
            span = "outside the excluded regions" if low is None and high is None else f"in the range {low}–{high}"
            raise PatternError(
                f"no data left {span} {AXIS_UNITS[self.axis]} (the pattern spans {self.x[0]:g}–{self.x[-1]:g});",
                where=self.source or None,
                remedy="widen the range or drop an excluded region.",
            )
        return self._with_arrays(self.x[keep], self.intensity[keep], self.sigma[keep])

    def with_intensity(self, intensity: ArrayLike, sigma: ArrayLike | None = None, *, source: str) -> Pattern:
        """The same axis with other intensities."""
        return Pattern(self.x, intensity, sigma, axis=self.axis, source=source, metadata=self.metadata)

    def _with_arrays(self, x: FloatArray, intensity: FloatArray, sigma: FloatArray) -> Pattern:
        return Pattern(x, intensity, sigma, axis=self.axis, sigma_origin=self.sigma_origin, source=self.source,
                       metadata=self.metadata)  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"Pattern({len(self)} points, {self.axis} {self.x[0]:g}–{self.x[-1]:g} {AXIS_UNITS[self.axis]}, "
            f"sigma: {self.sigma_origin}, source: {self.source!r})"
        )

    def _repr_html_(self) -> str:
        """Small picture of the pattern for notebooks."""
        from .notebook import pattern_html

        return pattern_html(self)


def _frozen(values: ArrayLike) -> FloatArray:
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array


def _refuse_bad_axis(x: FloatArray, intensity: FloatArray, source: str) -> None:
    where = source or None
    if x.ndim != 1 or x.shape != intensity.shape:
        raise PatternError(f"{x.shape} positions but {intensity.shape} intensities;", where=where,
                           remedy="give two columns of equal length.")  # fmt: skip
    if x.size < 2:
        raise PatternError(f"{x.size} data points;", where=where, remedy="a pattern needs at least two.")
    for name, values in (("position", x), ("intensity", intensity)):
        if not np.all(np.isfinite(values)):
            index = int(np.flatnonzero(~np.isfinite(values))[0])
            raise PatternError(f"{name} of point {index + 1} is not a finite number;", where=where,
                               remedy="remove or mend the point.")  # fmt: skip
    steps = np.diff(x)
    if np.any(steps <= 0):
        index = int(np.flatnonzero(steps <= 0)[0]) + 1
        word = "repeats" if steps[index - 1] == 0 else "is below"
        raise PatternError(
            f"point {index + 1} at {x[index]:g} {word} the point before it ({x[index - 1]:g});",
            where=where,
            remedy="sort the pattern and merge repeated positions.",
        )


def _refuse_bad_sigma(sigma: FloatArray, x: FloatArray, source: str) -> None:
    where = source or None
    if sigma.shape != x.shape:
        raise PatternError(f"{sigma.size} uncertainties for {x.size} points;", where=where,
                           remedy="give one per point.")  # fmt: skip
    bad = ~np.isfinite(sigma) | (sigma < 0)
    if np.any(bad):
        index = int(np.flatnonzero(bad)[0])
        raise PatternError(f"uncertainty {sigma[index]:g} of point {index + 1} (at {x[index]:g});", where=where,
                           remedy="standard uncertainties must be zero or positive.")  # fmt: skip
