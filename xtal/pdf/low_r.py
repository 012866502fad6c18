r"""What G(r) does where there are no pairs: its slope is −4πρ₀, and what is left over judges a reduction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .transform import nyquist_step

__all__ = ["LowR", "first_peak", "low_r"]

FloatArray = NDArray[np.float64]

BELOW_FIRST_PEAK = 0.8
FIRST_PEAK_SHARE = 0.25
FIRST_PEAK_SEARCH = (1.0, 4.0)
MISFIT_REFERENCE = 10.0


@dataclass(frozen=True)
class LowR:
    """G(r) below the first pair.

    Parameters
    ----------
    start, cut : float
        Range looked at, Å.
    number_density : float
        −slope/4π of a line through the origin, atoms/Å³.
    number_density_esd : float or None
        From the scatter about the line at Nyquist's spacing; None with `reason` where fewer than three points are independent.
    misfit : float
        Root mean square about the line, over that of G(r) in the next 10 Å.
    reason : str
        Why there is no esd.
    """

    start: float
    cut: float
    number_density: float
    number_density_esd: float | None
    misfit: float
    reason: str = ""


def first_peak(r: FloatArray, gr: FloatArray) -> float:
    """Position (Å) of the first maximum of G(r) above a quarter of its highest, within 1–4 Å where data are."""
    within = (r >= FIRST_PEAK_SEARCH[0]) & (r <= FIRST_PEAK_SEARCH[1])
    if not np.any(within):
        return float(r[-1])
    x, y = r[within], gr[within]
    rising = np.flatnonzero((y[1:-1] >= y[:-2]) & (y[1:-1] > y[2:])) + 1
    high = [index for index in rising if y[index] > FIRST_PEAK_SHARE * y.max()]
    return float(x[high[0]] if high else x[int(np.argmax(y))])


def low_r(
    r: FloatArray, gr: FloatArray, q_max: float, *, start: float = 0.0, cut: float | None = None,
    number_density: float | None = None,
) -> LowR:  # fmt: skip
    """Line through the origin below the first pair.

    Parameters
    ----------
    r, gr : ndarray, shape (n,)
        Å and Å⁻².
    q_max : float
        Å⁻¹; independent points are π/Qmax apart.
    start, cut : float
        Limits, Å; `cut` is 0.8 × the first peak by default.
    number_density : float, optional
        Known density (atoms/Å³): the misfit is then to its line.
    """
    end = cut if cut is not None else BELOW_FIRST_PEAK * first_peak(r, gr)
    inside = (r >= start) & (r <= end) & (r > 0)
    beyond = (r > end) & (r <= end + MISFIT_REFERENCE)
    if inside.sum() < 2 or not np.any(beyond):
        return LowR(start, end, float("nan"), None, float("nan"), "G(r) has no points there.")
    x, y = r[inside], gr[inside]
    slope = float(x @ y / (x @ x))
    independent = (end - start) / nyquist_step(q_max)
    line = slope if number_density is None else -4 * np.pi * number_density
    misfit = float(np.sqrt(np.mean((y - line * x) ** 2) / np.mean(gr[beyond] ** 2)))
    if independent < 3:
        reason = f"only {independent:.1f} independent points below {end:.2f} Å."
        return LowR(start, end, -slope / (4 * np.pi), None, misfit, reason)
    scatter = np.mean((y - slope * x) ** 2) * independent / (independent - 1)
    esd = float(np.sqrt(scatter / (independent * np.mean(x**2)))) / (4 * np.pi)
    return LowR(start, end, -slope / (4 * np.pi), esd, misfit)
