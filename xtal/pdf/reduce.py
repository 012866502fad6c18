"""From measured intensities, or a neutron instrument's S(Q) or F(Q), to G(r)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PatternError
from ..pattern import Pattern
from . import input_checks
from .conventions import fq_from_keen, fq_from_sq, sq_from_fq
from .intensity import NetIntensity, net_intensity
from .low_r import LowR, low_r
from .physical import low_r_corrected, normalization, physical_scattering
from .polynomial import polynomial_degree, slow_part
from .reduction_settings import ReductionSettings
from .scattering import laue_scattering, mean_form_factor, mean_square_length_barn
from .transform import nyquist_step, r_grid, sine_transform, transform_esd

__all__ = ["Reduction", "reduce_pattern"]

FloatArray = NDArray[np.float64]

LOW_Q_POINTS = 20
FAR_OFF = 2.0


@dataclass(frozen=True, eq=False)
class Reduction:
    """What a reduction made.

    Parameters
    ----------
    settings : ReductionSettings
        With the limits that held.
    iq : Pattern or None
        Intensity without background against Q; None for S(Q) and F(Q) input.
    sq, fq, gr : Pattern
        S(Q), F(Q) (Å⁻¹) and G(r) (Å⁻²); `sigma_origin` is "none" where there are no uncertainties.
    low_r : LowR
        Density from the slope below the first pair, and the misfit there.
    notes : tuple of str
        What a user should know.
    """

    settings: ReductionSettings
    iq: Pattern | None
    sq: Pattern
    fq: Pattern
    gr: Pattern
    low_r: LowR
    notes: tuple[str, ...] = ()

    @property
    def has_esds(self) -> bool:
        """Whether the curves carry propagated uncertainties."""
        return self.gr.sigma_origin == "file"


def reduce_pattern(data: Pattern, settings: ReductionSettings, background: Pattern | None = None) -> Reduction:
    """Reduce one measurement.

    Parameters
    ----------
    data : Pattern
        Intensities against Q or 2θ, or S(Q), F(Q) as `settings.quantity` says.
    settings : ReductionSettings
        What to do.
    background : Pattern, optional
        Container and air, on the same axis, scaled by `settings.background_scale`; for intensities only.

    Raises
    ------
    PatternError, InputError
        Data that aren't what they are said to be, limits beyond them, settings without meaning; see `input_checks`.
    """
    input_checks.refuse_other_function(data, settings.quantity)
    if settings.quantity != "I":
        return _from_function(data, settings, background)
    net = net_intensity(data, background, settings)
    method = _physical if settings.mode == "physical" else _polynomial
    fq, scale, notes = method(net, settings)
    sigma = None if net.sigma is None else net.q * net.sigma * scale
    held = settings.changed(q_max=net.q_max, q_max_inst=net.q_max_inst)
    iq = _curve(net.q, net.intensity, net.sigma, "q", data.source)
    return _transformed(net.q, fq, sigma, held, data.source, iq, (*net.notes, *notes))


def _polynomial(net: NetIntensity, settings: ReductionSettings) -> tuple[FloatArray, FloatArray, list[str]]:
    """F(Q) corrected by the polynomial, and dS/dI."""
    mean_squared = mean_form_factor(settings.composition, net.q) ** 2
    laue = laue_scattering(settings.composition, net.q)
    # The mean S is 1. What is left of the scale's error can't be known without a density.
    factor = float(np.mean(1 + laue) / np.mean(net.intensity / mean_squared))
    scale = factor / mean_squared
    fq = fq_from_sq(q=net.q, sq=scale * net.intensity - laue)
    return _without_slow_part(net.q, fq, settings, net.q_max_inst), scale, []


def _without_slow_part(q: FloatArray, fq: FloatArray, settings: ReductionSettings, end: float) -> FloatArray:
    if settings.r_poly is None:
        return fq
    return fq - slow_part(q, fq, polynomial_degree(settings.r_poly, end))


def _physical(net: NetIntensity, settings: ReductionSettings) -> tuple[FloatArray, FloatArray, list[str]]:
    """F(Q) by physical corrections, and dS/dI; zero outside q_min and q_max, where nothing is normalised."""
    used = (net.q >= settings.q_min) & (net.q <= net.q_max + 1e-9)
    expected = physical_scattering(net.q, settings)
    ratio = net.intensity / (expected.angular * expected.mean_squared)
    alpha = normalization(net.q[used], ratio[used], expected.extra[used], settings.number_density)
    sq = alpha * ratio - expected.extra
    rounds, notes = settings.corrections.low_r_iterations, []
    if rounds:
        sq[used] = _with_low_r(net.q[used], sq[used], expected.extra[used], settings, rounds)
        notes.append(f"{rounds} rounds of low-r correction; uncertainties don't include them.")
    scale = alpha / (expected.angular * expected.mean_squared)
    return fq_from_sq(q=net.q, sq=sq), scale, notes


def _with_low_r(
    q: FloatArray, sq: FloatArray, extra: FloatArray, settings: ReductionSettings, rounds: int
) -> FloatArray:
    if settings.number_density is None or settings.r_cut is None:
        raise InputError("low-r correction without number density and r_cut;", where="settings",
                         remedy="give --density (or --number-density) and --rcut.")  # fmt: skip
    low = np.linspace(0, q[0], LOW_Q_POINTS)[1:-1]
    grid = np.concatenate([low, q])
    start = np.concatenate([sq[0] * low / q[0], sq])
    made = low_r_corrected(grid, start, np.concatenate([np.full(low.size, extra[0]), extra]),
                           settings.number_density, settings.r_cut, rounds)  # fmt: skip
    return made[low.size :]


def _from_function(data: Pattern, settings: ReductionSettings, background: Pattern | None) -> Reduction:
    if background is not None:
        raise InputError(f"a background for {settings.quantity}(Q);", where="settings",
                         remedy="only intensities (quantity I) have one.")  # fmt: skip
    if data.axis != "q":
        raise PatternError(
            f"{settings.quantity}(Q) against {data.axis};", where=data.source, remedy="give Q in Å⁻¹ (--axis q)."
        )
    keep = data.x > 0
    q, values = data.x[keep], data.intensity[keep]
    input_checks.refuse_wrong_function(q, values, settings.quantity, data.source)
    square = mean_square_length_barn(settings.composition) if settings.quantity == "FK" else 1.0
    fq, factor = _as_fq(q, values, settings.quantity, square)
    # Noise grows with Q; the taper keeps its spikes from counting as strong peaks.
    input_checks.refuse_nanometres(q, (sq_from_fq(q=q, fq=fq) - 1) * (1 - q / q[-1]) ** 2, data.source)
    if settings.q_max is not None and settings.q_max > q[-1] + data.step / 2:
        raise PatternError(f"q_max = {settings.q_max:g} Å⁻¹ is beyond the data, which end at {q[-1]:.4g} Å⁻¹;",
                           where=data.source, remedy="lower it.")  # fmt: skip
    sigma = data.sigma[keep] * factor if data.sigma_origin == "file" else None
    held = settings.changed(q_max=min(settings.q_max or q[-1], q[-1]), q_max_inst=settings.q_max_inst or float(q[-1]))
    fq = _without_slow_part(q, fq, held, float(q[-1]))
    notes = () if sigma is not None else ("no uncertainties: the file gives no sigma.",)
    return _transformed(q, fq, sigma, held, data.source, None, notes)


def _as_fq(q: FloatArray, values: FloatArray, quantity: str, square: float) -> tuple[FloatArray, FloatArray]:
    """F(Q) and dF/d(value)."""
    if quantity == "S":
        return fq_from_sq(q=q, sq=values), q
    if quantity == "FK":
        return fq_from_keen(q=q, keen=values, mean_square=square), q / square
    return values, np.ones_like(q)


def _transformed(
    q: FloatArray, fq: FloatArray, sigma: FloatArray | None, settings: ReductionSettings, source: str,
    iq: Pattern | None, notes: tuple[str, ...],
) -> Reduction:  # fmt: skip
    assert settings.q_max is not None
    used = (q >= settings.q_min) & (q <= settings.q_max + 1e-9)
    if used.sum() < 3:
        raise PatternError(f"{used.sum()} points between q_min and q_max;", where=source, remedy="widen the range.")
    r = r_grid(settings.r_min, settings.r_max, settings.r_step or nyquist_step(settings.q_max))
    q_band, f_band, s_band = _completed(q[used], fq[used], None if sigma is None else sigma[used], settings)
    gr = sine_transform(r=r, q=q_band, fq=f_band, window=settings.window)
    esd = None if s_band is None else transform_esd(r=r, q=q_band, sigma=s_band, window=settings.window)
    sq_sigma = None if sigma is None else sigma / q
    found = low_r(r, gr, settings.q_max, start=min(settings.r_poly or 0.0, 1.0) if settings.mode == "polynomial" else 0.0,
                  cut=settings.r_cut, number_density=settings.number_density)  # fmt: skip
    if settings.quantity != "I":
        notes += tuple(_doubts(found, settings))
    return Reduction(settings, iq, _curve(q, sq_from_fq(q=q, fq=fq), sq_sigma, "q", source),
                     _curve(q, fq, sigma, "q", source), _curve(r, gr, esd, "r", source), found, notes)  # fmt: skip


def _doubts(found: LowR, settings: ReductionSettings) -> list[str]:
    """What a slope far from the density says: a function of Q has its scale already."""
    density = settings.number_density
    if density is None or 1 / FAR_OFF < found.number_density / density < FAR_OFF:
        return []
    return [
        f"the slope says {found.number_density:.4f} atoms/Å³, not {density:.4f}: check --quantity (S, F = Q[S − 1], FK = ⟨b⟩²[S − 1]) and composition."
    ]


def _completed(
    q: FloatArray, fq: FloatArray, sigma: FloatArray | None, settings: ReductionSettings
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """F(Q) with what `settings.low_q` puts below the first point."""
    if settings.low_q == "cut" or q[0] <= settings.q_min * 1e-6:
        return q, fq, sigma
    low = np.linspace(0, q[0], LOW_Q_POINTS)[:-1]
    first = 1 + fq[0] / q[0]
    sq = np.full(low.size, first) if settings.low_q == "constant" else first * low / q[0]
    padded = None if sigma is None else np.concatenate([np.zeros(low.size), sigma])
    return np.concatenate([low, q]), np.concatenate([low * (sq - 1), fq]), padded


def _curve(x: FloatArray, y: FloatArray, sigma: FloatArray | None, axis: str, source: str) -> Pattern:
    return Pattern(x, y, np.zeros_like(y) if sigma is None else sigma, axis=axis,  # type: ignore[arg-type]
                   sigma_origin="none" if sigma is None else "file", source=source)  # fmt: skip
