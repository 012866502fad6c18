r"""Number density and background scale of a liquid or glass from the absence of pairs at low r.

For trial values of ρ₀ and background scale the intensities are normalised by Krogh-Moe and Norman, corrected by rounds of Eggert's method,
and :math:`\Delta(r) = G(r) + 4\pi\rho_0 r` below `r_cut` is brought to zero by least squares
(J. H. Eggert et al., Phys. Rev. B 65 (2002) 174105).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..pattern import Pattern
from . import input_checks
from .conventions import slope_line
from .intensity import against_q, net_intensity
from .physical import low_r_corrected, normalization, physical_scattering
from .reduction_settings import ReductionSettings
from .transform import nyquist_step, sine_transform, trapezoid_weights

__all__ = ["DensityResult", "density_from_low_r"]

FloatArray = NDArray[np.float64]

LOW_Q_POINTS = 20
R_POINTS = 100


@dataclass(frozen=True)
class DensityResult:
    """Density that leaves least at low r.

    Parameters
    ----------
    number_density : float
        Atoms/Å³.
    number_density_esd : float or None
        From the least squares, with independent points π/Qmax apart; None with `reason` where there are too few.
    background_scale : float
        Found together with it.
    background_scale_esd : float or None
        As above.
    r_cut : float
        Å, that used.
    misfit : float
        Root mean square of Δ(r) over that of 4πρ₀r.
    spread : (float, float)
        Smallest and largest density over all the `r_cut` tried: how much the choice matters.
    reason : str
        Why there is no esd.
    """

    number_density: float
    number_density_esd: float | None
    background_scale: float
    background_scale_esd: float | None
    r_cut: float
    misfit: float
    spread: tuple[float, float]
    reason: str = ""


def density_from_low_r(
    data: Pattern, background: Pattern, settings: ReductionSettings, r_cuts: Sequence[float], *, rounds: int = 1
) -> DensityResult:
    """Density and background scale; of several `r_cuts` (Å) that with the smallest misfit is used.

    Parameters
    ----------
    data, background : Pattern
        Intensities against Q or 2θ.
    settings : ReductionSettings
        Its corrections hold; its `number_density` (0.05 Å⁻³ without one) and `background_scale` are where the search starts.
    r_cuts : sequence of float
        Å; no pair is closer.
    rounds : int
        Rounds of Eggert's correction.

    Raises
    ------
    InputError, PatternError
        No `r_cuts`, or data that can't be reduced.
    """
    if len(r_cuts) == 0:
        raise InputError("no r_cut to try;", where="density", remedy="give at least one below the first pair, in Å.")
    problem = _Problem.of(data, background, settings, rounds)
    found = [problem.solved(float(r_cut), settings) for r_cut in r_cuts]
    best = min(found, key=lambda one: one.misfit)
    densities = [one.number_density for one in found]
    return DensityResult(best.number_density, best.number_density_esd, best.background_scale, best.background_scale_esd,
                         best.r_cut, best.misfit, (min(densities), max(densities)), best.reason)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Problem:
    """Everything that doesn't change with density and background scale."""

    q: FloatArray
    sample: FloatArray
    under: FloatArray
    extra: FloatArray
    rounds: int

    @classmethod
    def of(cls, data: Pattern, background: Pattern, settings: ReductionSettings, rounds: int) -> _Problem:
        bare = net_intensity(data, None, settings)
        under = against_q(background, settings)
        input_checks.refuse_background_range(
            against_q(data, settings), under, max(settings.q_min, float(bare.q[0])), bare.q_max
        )
        used = (bare.q >= settings.q_min) & (bare.q <= bare.q_max)
        q = bare.q[used]
        expected = physical_scattering(q, settings)
        power = expected.angular * expected.mean_squared
        return cls(
            q, bare.intensity[used] / power, np.interp(q, under.x, under.intensity) / power, expected.extra, rounds
        )

    def difference(self, density: float, scale: float, r: FloatArray, r_cut: float) -> FloatArray:
        """Δ(r) after the rounds of correction."""
        ratio = self.sample - scale * self.under
        alpha = normalization(self.q, ratio, self.extra, density)
        sq = alpha * ratio - self.extra
        low = np.linspace(0, self.q[0], LOW_Q_POINTS)[1:-1]
        grid = np.concatenate([low, self.q])
        full = np.concatenate([sq[0] * low / self.q[0], sq])
        extra = np.concatenate([np.full(low.size, self.extra[0]), self.extra])
        made = low_r_corrected(grid, full, extra, density, r_cut, self.rounds)
        return sine_transform(r=r, q=grid, fq=grid * (made - 1)) + slope_line(r, density)

    def solved(self, r_cut: float, settings: ReductionSettings) -> DensityResult:
        """Least squares over density and scale for one `r_cut`."""
        from scipy.optimize import least_squares

        r = np.linspace(0, r_cut, R_POINTS + 1)[1:]
        start = np.array([settings.number_density or 0.05, settings.background_scale])
        weights = np.sqrt(trapezoid_weights(np.concatenate([[0.0], r]))[1:])
        fit = least_squares(lambda p: weights * self.difference(p[0], p[1], r, r_cut), start, x_scale=start,
                            bounds=([1e-4, 0.0], [1.0, np.inf]))  # fmt: skip
        density, scale = float(fit.x[0]), float(fit.x[1])
        line = weights * slope_line(r, density)
        misfit = float(np.sqrt(np.sum(fit.fun**2) / np.sum(line**2)))
        esds, reason = _esds(fit.jac, fit.fun, r_cut / nyquist_step(float(self.q[-1])))
        return DensityResult(density, esds[0], scale, esds[1], r_cut, misfit, (density, density), reason)


def _esds(
    jacobian: FloatArray, residuals: FloatArray, independent: float
) -> tuple[tuple[float | None, float | None], str]:
    if independent <= 3:
        return (None, None), f"only {independent:.1f} independent points below r_cut for two parameters."
    # Oversampling by k multiplies both JᵀJ and the sum of squares by k, and cancels.
    variance = float(np.sum(residuals**2)) / (independent - 2)
    first, second = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)) * variance)
    return (float(first), float(second)), ""
