"""Measured intensities made ready: against Q, without background, with what uncertainty they carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PatternError
from ..pattern import Pattern
from . import input_checks
from .reduction_settings import ReductionSettings

__all__ = ["NetIntensity", "net_intensity", "q_from_two_theta", "two_theta_from_q"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NetIntensity:
    """Intensity without background.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Å⁻¹, above 0 and up to `q_max_inst`.
    intensity : ndarray, shape (n,)
        Data minus scaled background.
    sigma : ndarray or None
        Standard uncertainty; None where the files give none.
    q_max, q_max_inst : float
        Limits that hold, Å⁻¹.
    notes : tuple of str
        What a user should know.
    """

    q: FloatArray
    intensity: FloatArray
    sigma: FloatArray | None
    q_max: float
    q_max_inst: float
    notes: tuple[str, ...]


def q_from_two_theta(two_theta: FloatArray, wavelength: float) -> FloatArray:
    """Q = 4π sin θ/λ, Å⁻¹; 2θ in degrees, λ in Å."""
    return np.asarray(4 * np.pi * np.sin(np.radians(two_theta) / 2) / wavelength)


def two_theta_from_q(q: FloatArray, wavelength: float) -> FloatArray:
    """2θ in degrees of Q in Å⁻¹.

    Raises
    ------
    InputError
        Q beyond 4π/λ, which no angle reaches.
    """
    sine = np.asarray(q, dtype=float) * wavelength / (4 * np.pi)
    if np.any(sine > 1):
        raise InputError(
            f"Q reaches {np.max(q):.4g} Å⁻¹, but {wavelength:g} Å ends at {4 * np.pi / wavelength:.4g} Å⁻¹;",
            where="wavelength",
            remedy="check the wavelength, and whether Q is in Å⁻¹.",
        )
    return np.asarray(np.degrees(2 * np.arcsin(sine)))


def net_intensity(data: Pattern, background: Pattern | None, settings: ReductionSettings) -> NetIntensity:
    """Data minus background against Q.

    Raises
    ------
    PatternError
        Negative intensities, a background that doesn't cover the data, limits beyond the data, Q in nm⁻¹ given as Å⁻¹.
    InputError
        Data against 2θ without a wavelength.
    """
    for pattern in (data, background):
        if pattern is not None:
            input_checks.refuse_negative(pattern)
    on_q, under = against_q(data, settings), background and against_q(background, settings)
    input_checks.refuse_nanometres(on_q.x, on_q.intensity, data.source)
    q_max, q_max_inst = _limits(on_q, settings)
    notes: list[str] = []
    keep = (on_q.x > 0) & (on_q.x <= q_max_inst + 1e-9)
    q, net, variance = on_q.x[keep], on_q.intensity[keep], _variance(on_q)
    variance = None if variance is None else variance[keep]
    if under is not None:
        input_checks.refuse_background_range(on_q, under, max(settings.q_min, on_q.x[0]), q_max_inst)
        notes += _longer(on_q, under, settings)
        net = net - settings.background_scale * np.interp(q, under.x, under.intensity)
        variance = _with_background(variance, under, q, settings.background_scale)
    used = q >= settings.q_min
    input_checks.refuse_over_subtracted(q[used], net[used], settings.background_scale, data.source)
    if variance is None:
        notes.append("no uncertainties: the files give no sigma for data and background.")
    return NetIntensity(q, net, None if variance is None else np.sqrt(variance), q_max, q_max_inst, tuple(notes))


def against_q(pattern: Pattern, settings: ReductionSettings) -> Pattern:
    """The pattern with Q (Å⁻¹) as its axis."""
    if pattern.axis == "q":
        if settings.wavelength is not None:
            two_theta_from_q(pattern.x, settings.wavelength)
        return pattern
    if pattern.axis != "two_theta":
        raise PatternError(f"data against {pattern.axis};", where=pattern.source,
                           remedy="give intensities against Q or 2θ (--axis q or two_theta).")  # fmt: skip
    wavelength = settings.wavelength or pattern.metadata.get("wavelength")
    if not isinstance(wavelength, float):
        raise InputError("data against 2θ without a wavelength;", where=pattern.source,
                         remedy="give --wavelength in Å, or --axis q if the first column is Q in Å⁻¹.")  # fmt: skip
    return Pattern(q_from_two_theta(pattern.x, wavelength), pattern.intensity, pattern.sigma, axis="q",
                   sigma_origin=pattern.sigma_origin, source=pattern.source, metadata=pattern.metadata)  # fmt: skip


def _limits(data: Pattern, settings: ReductionSettings) -> tuple[float, float]:
    last = float(data.x[np.flatnonzero(data.intensity)[-1]]) if np.any(data.intensity) else 0.0
    for name, value in (("q_max", settings.q_max), ("q_max_inst", settings.q_max_inst)):
        if value is not None and value > data.x[-1] + data.step / 2:
            raise PatternError(f"{name} = {value:g} Å⁻¹ is beyond the data, which end at {data.x[-1]:.4g} Å⁻¹;",
                               where=data.source, remedy=f"lower it to {last:.4g} or less.")  # fmt: skip
    q_max_inst = min(settings.q_max_inst or last, last)
    q_max = min(settings.q_max or q_max_inst, q_max_inst)
    if settings.q_max is not None and settings.q_max > q_max_inst + data.step / 2:
        raise PatternError(f"q_max = {settings.q_max:g} Å⁻¹ is beyond q_max_inst = {q_max_inst:.4g} Å⁻¹;",
                           where=data.source, remedy="lower q_max, or raise q_max_inst.")  # fmt: skip
    return q_max, q_max_inst


def _variance(pattern: Pattern) -> FloatArray | None:
    """Variances of the file; square roots of arbitrary units would be no uncertainty."""
    return pattern.sigma**2 if pattern.sigma_origin == "file" else None


def _with_background(variance: FloatArray | None, under: Pattern, q: FloatArray, scale: float) -> FloatArray | None:
    own = _variance(under)
    if variance is None or own is None:
        return None
    return variance + scale**2 * np.interp(q, under.x, own)


def _longer(data: Pattern, under: Pattern, settings: ReductionSettings) -> list[str]:
    """Note about a background that is longer than the data; refused unless the user said how far to go."""
    if under.x[-1] <= data.x[-1] + data.step:
        return []
    ends = f"the background ends at {under.x[-1]:.4g} Å⁻¹, beyond the data ({data.x[-1]:.4g} Å⁻¹)"
    if settings.q_max_inst is None:
        remedy = f"check that both come from one measurement; with --qmaxinst {data.x[-1]:.4g} it is used up to there."
        raise PatternError(f"{ends};", where=under.source, remedy=remedy)
    return [f"{ends}; its end is not used."]
