"""The sum of a phase's peaks at time of flight and its derivatives in one pass over windows, compiled by numba.

The peak and its slopes are those of `xtal.diffraction.back_to_back`.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from ..diffraction.profiles import FWHM_PER_SIGMA
from .kernel_work import TofWork

__all__ = ["accumulate_tof_peaks", "erfc_term", "scaled_exp1"]

FloatArray = NDArray[np.float64]

_SIGMA = 1 / FWHM_PER_SIGMA
_FAR, _NEAR = 22.0, 3.0
_jit = numba.njit(cache=True, error_model="numpy")


def _scaled_exp1(x: float, y: float) -> tuple[float, float]:
    """e^z E₁(z) of z = x + iy with y ≥ 0, to about 1e-8: asymptotic series far out, power series around 0 and along the negative
    axis, else the continued fraction 1/(z + 1 − 1/(z + 3 − 4/(z + 5 − …))); NIST Digital Library of Mathematical Functions, 6.6, 6.9, 6.12.
    """
    size = math.sqrt(x * x + y * y)
    if size > _FAR:
        terms = 16 if size < 40.0 else 8 if size < 150.0 else 5
        u, v = x / (size * size), -y / (size * size)
        real, imaginary = 1.0, 0.0
        for order in range(terms, 0, -1):
            real, imaginary = 1 - order * (u * real - v * imaginary), -order * (u * imaginary + v * real)
        return u * real - v * imaginary, u * imaginary + v * real
    if size <= _NEAR or x < -y:
        real, imaginary, u, v = 1.0, 0.0, 1.0, 0.0
        for order in range(1, 200):
            factor = -order / (order + 1.0) ** 2
            u, v = factor * (u * x - v * y), factor * (u * y + v * x)
            real += u
            imaginary += v
            if abs(u) + abs(v) <= 1e-11 * (abs(real) + abs(imaginary)):
                break
        real, imaginary = (
            x * real - y * imaginary - 0.5772156649015329 - math.log(size),
            x * imaginary + y * real - math.atan2(y, x),
        )
        u, v = math.exp(x) * math.cos(y), math.exp(x) * math.sin(y)
        return real * u - imaginary * v, real * v + imaginary * u
    terms = int(60.0 / (size + x)) + 3
    real, imaginary = x + 2 * terms + 1, y
    for order in range(terms, 0, -1):
        factor = order * order / (real * real + imaginary * imaginary)
        real, imaginary = x + 2 * order - 1 - factor * real, y + factor * imaginary
    factor = 1 / (real * real + imaginary * imaginary)
    return real * factor, -imaginary * factor


def _erfc_term(t: float, rate: float, sigma: float, bell: float) -> float:
    """e^u erfc(y), u = rate/2 (rate σ² + 2t) and y = (rate σ² + t)/√2σ; `bell` is exp(−t²/2σ²)."""
    y = (rate * sigma * sigma + t) / (math.sqrt(2.0) * sigma)
    if y < 6.0:
        u = 0.5 * rate * (rate * sigma * sigma + 2 * t)
        return math.exp(u) * math.erfc(y) if u > -80.0 else 0.0
    if bell == 0.0:
        return 0.0
    half, total = 0.5 / (y * y), 1.0
    for order in range(19, 0, -2):
        total = 1 - order * half * total
    return bell * total / (y * math.sqrt(math.pi))


scaled_exp1, erfc_term = _jit(_scaled_exp1), _jit(_erfc_term)


def _accumulate_tof_peaks(work: TofWork, total: FloatArray) -> None:
    """Add peaks at time of flight and their derivatives to an array, see `kernel_work.TofWork`."""
    axis, first, last, peaks, slopes, rows = work
    n_slopes = slopes.shape[2]
    largest = 1
    for r in range(len(first)):
        largest = max(largest, last[r] - first[r])
    basis = np.zeros((6, largest))
    weights = np.zeros(6)
    for r in range(len(first)):
        low, width = first[r], last[r] - first[r]
        area, centre, a, b, fwhm, eta = peaks[r, 0], peaks[r, 1], peaks[r, 2], peaks[r, 3], peaks[r, 4], peaks[r, 5]
        if width <= 0:
            continue
        norm = a * b / (2 * (a + b))
        log_a, log_b = b / (a * (a + b)), a / (b * (a + b))
        sigma = fwhm * _SIGMA
        variance = sigma * sigma
        with_eta = bool(np.any(slopes[r, 5] != 0.0))
        unit, part = norm * (1 - eta), -2 * norm * eta / math.pi
        for i in range(width):
            t = axis[low + i] - centre
            shape, by_t, by_a, by_b, by_w = 0.0, 0.0, 0.0, 0.0, 0.0
            gauss = 0.0
            exponent = t * t / (2 * variance)
            if exponent < 40.0 or (t < 0 and a * t > -40.0) or (t > 0 and b * t < 40.0):
                bell = math.exp(-exponent)
                rise, fall = erfc_term(t, a, sigma, bell), erfc_term(-t, b, sigma, bell)
                bell *= math.sqrt(2 / math.pi)
                gauss = rise + fall
                shape = unit * gauss
                by_t = unit * (a * rise - b * fall)
                by_a = unit * ((a * variance + t) * rise - sigma * bell)
                by_b = unit * ((b * variance - t) * fall - sigma * bell)
                by_w = (
                    unit
                    * _SIGMA
                    * (
                        a * a * sigma * rise
                        + b * b * sigma * fall
                        - bell * (a - t / variance)
                        - bell * (b + t / variance)
                    )
                )
            by_e = -norm * gauss
            if part != 0.0:
                half = fwhm / 2
                p_x, p_y = scaled_exp1(a * t, a * half)
                q_x, q_y = scaled_exp1(-b * t, b * half)
                inverse = 1 / (t * t + half * half)
                # z (e^z E₁ − 1/z) of both exponentials, divided by their rates
                u_x, u_y = p_x - t * inverse / a, p_y + half * inverse / a
                v_x, v_y = q_x + t * inverse / b, q_y + half * inverse / b
                lorentz = p_y + q_y
                shape += part * lorentz
                by_t += part * (a * u_y - b * v_y)
                by_a += part * (t * u_y + half * u_x)
                by_b += part * (half * v_x - t * v_y)
                by_w += part * 0.5 * (a * u_x + b * v_x)
                by_e -= 2 * norm / math.pi * lorentz
            elif with_eta:
                # a Lorentzian share that is 0 can still be refined
                p_y = scaled_exp1(a * t, a * fwhm / 2)[1]
                q_y = scaled_exp1(-b * t, b * fwhm / 2)[1]
                by_e -= 2 * norm / math.pi * (p_y + q_y)
            basis[0, i] = shape
            basis[1, i] = -by_t
            basis[2, i] = by_a + log_a * shape
            basis[3, i] = by_b + log_b * shape
            basis[4, i] = by_w
            basis[5, i] = by_e
        for i in range(width):
            total[rows[0], low + i] += area * basis[0, i]
        for k in range(n_slopes):
            weights[0] = slopes[r, 0, k]
            for part_index in range(1, 6):
                weights[part_index] = area * slopes[r, part_index, k]
            for i in range(width):
                total[rows[k + 1], low + i] += (
                    weights[0] * basis[0, i] + weights[1] * basis[1, i] + weights[2] * basis[2, i]
                    + weights[3] * basis[3, i] + weights[4] * basis[4, i] + weights[5] * basis[5, i]
                )  # fmt: skip


accumulate_tof_peaks = _jit(_accumulate_tof_peaks)
"""Adds peaks and derivatives to an array, see `kernel_work.TofWork`; its machine code is kept on disk."""
