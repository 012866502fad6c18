"""Synthetic mixtures with a known amorphous content: crystals, a glass whose halo carries its weight, a standard.

Bragg intensities keep the absolute scale of `simulate_pattern` (per weight over M·V), divided by the mixture's mass absorption, so that
an external standard measured with the same exposure means what it does in Bragg–Brentano geometry. A glass scatters into its halo, and
absorbs, what the same weight of the crystal of its composition would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .diffraction import PhaseProfile, axis_points, simulate_pattern
from .diffraction.absorption import linear_absorption
from .errors import InputError
from .instrument import Instrument
from .pattern import Pattern
from .structure import Structure
from .synthetic import laboratory_instrument

__all__ = ["HALO", "synthetic_glass_mixture"]

HALO = (31.0, 9.0)
"""Position and full width of the halo, degrees 2θ."""
_EXPOSURE = 6.0e9
_PROFILE = PhaseProfile(size_nm=150.0, microstrain=3e-4)


def synthetic_glass_mixture(
    crystals: Mapping[str, tuple[Structure, float]],
    glasses: Sequence[tuple[Structure, float]],
    seed: int,
    *,
    exposure: float = _EXPOSURE,
    background_counts: float = 60.0,
    two_theta: tuple[float, float, float] = (15.0, 90.0, 0.03),
    instrument: Instrument | None = None,
) -> tuple[Pattern, dict[str, Any]]:
    """Pattern of crystalline phases with glasses that share one halo.

    Parameters
    ----------
    crystals : mapping
        Name to structure and weight fraction of the whole mixture; with the glasses they sum to 1.
    glasses : sequence of (Structure, weight fraction)
        Each by the crystal of its composition.
    seed : int
        Of the Poisson noise.
    exposure : float
        Beam × time; equal for measurements that an external standard is to compare.

    Returns
    -------
    pattern : Pattern
        Poisson counts; its source says synthetic.
    truth : dict
        ``glass``, ``weights``, ``mass_absorption`` (cm²/g), ``halo``, ``seed``.

    Raises
    ------
    InputError
        Weights that don't sum to 1.
    """
    glass = sum(weight for _, weight in glasses)
    total = glass + sum(weight for _, weight in crystals.values())
    if abs(total - 1) > 1e-6 or min([weight for _, weight in glasses], default=0.0) < 0:
        raise InputError(
            f"weights sum to {total:.4g};", where="synthetic glass", remedy="crystals and glass must sum to 1."
        )
    device = instrument or laboratory_instrument()
    axis = axis_points(*two_theta)
    mu = _mass_absorption([*crystals.values(), *glasses], device.radiation.wavelength)
    bragg = sum(
        (_per_weight(structure, device, axis) * weight for structure, weight in crystals.values()), np.zeros(axis.size)
    )
    area = sum(weight * float(np.sum(_per_weight(structure, device, axis) * np.gradient(axis)))
               for structure, weight in glasses)  # fmt: skip
    halo = np.exp(-4 * np.log(2) * ((axis - HALO[0]) / HALO[1]) ** 2)
    halo *= area / float(np.sum(halo * np.gradient(axis)))
    falling = background_counts * (1.3 - 0.6 * (axis - axis[0]) / (axis[-1] - axis[0]))
    counts = np.random.default_rng(seed).poisson((bragg + halo) * exposure / mu + falling).astype(float)
    content = ", ".join(f"{name} {weight:.4g}" for name, (_, weight) in crystals.items())
    source = f"synthetic: {content}, glass {glass:.4g}; {device.name}; Poisson counts with seed {seed}"
    pattern = Pattern(axis, counts, source=source, metadata={"synthetic": "yes", "seed": seed})
    weights = {name: weight for name, (_, weight) in crystals.items()}
    return pattern, {"glass": glass, "weights": weights, "mass_absorption": mu, "halo": HALO, "seed": seed}


def _per_weight(structure: Structure, device: Instrument, axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bragg intensity of a phase per weight, (n,)."""
    return simulate_pattern([(structure, 1.0, _PROFILE)], device, axis).calculated


def _mass_absorption(parts: Sequence[tuple[Structure, float]], wavelength: float) -> float:
    """Mass absorption coefficient of a mixture, cm²/g."""
    return sum(weight * linear_absorption(structure, wavelength) / structure.density for structure, weight in parts)
