r"""What a pattern could show of a phase: detection limit, and the intensity that a refined structure has per weight.

Detection limit :math:`w_D = 3.29\, \sigma_0` with errors of both kinds at 5 % (L. A. Currie, Anal. Chem. 40 (1968) 586). :math:`\sigma_0` is the
standard uncertainty of the fraction where the phase is absent: counting statistics of the pattern without it, times the inflation
that the other parameters cause in the actual fit (esd of the scale over the esd with all else held; it holds the GOF).
"""

from __future__ import annotations

import numpy as np

from ...diffraction.lorentz_polarization import instrument_factor
from ...diffraction.reflections import calculate_reflections
from ...errors import XtalError
from ...instrument import Instrument
from ...result import Result
from ...structure import Structure

__all__ = ["attenuation", "detection_limit", "intensity_per_weight"]

CURRIE = 3.29


def detection_limit(result: Result, phase: str) -> float | None:
    """Smallest weight fraction that the fitted pattern would show; None without a covariance or an intensity."""
    curves, found = result.profile, result.phases[phase]
    scale = result.parameters[f"phase.{phase}.scale"]
    weight = found.weight_fraction.value
    if curves is None or scale.esd is None or weight is None or not (0 < weight < 1) or scale.value <= 0:
        return None
    own = curves.phases[phase]
    held = float(np.sqrt(np.sum((own / curves.sigma) ** 2)))
    if held <= 0:
        return None
    inflation = scale.esd / scale.value * held
    rest = np.clip((curves.calculated - own) / np.maximum(curves.calculated, 1e-12), 1e-6, 1.0)
    absent = float(np.sqrt(np.sum(own**2 / (curves.sigma**2 * rest))))
    relative = CURRIE * inflation / absent * weight / (1.0 - weight)
    return float(relative / (1.0 + relative))


def intensity_per_weight(structure: Structure, instrument: Instrument, two_theta: tuple[float, float]) -> float:
    """Σ m LP F² / (M V) over the reflections in a range (degrees 2θ); NaN when there is none."""
    try:
        table = calculate_reflections(structure, instrument.radiation, two_theta=two_theta)
    except XtalError:
        return float("nan")
    angle = table.two_theta(instrument.radiation.wavelength)
    factor = np.nan_to_num(table.multiplicity * instrument_factor(angle, instrument))
    return float(np.sum(factor * table.f_squared) / (structure.cell_mass * structure.lattice.volume))


def attenuation(start: Structure, refined: Structure, instrument: Instrument, two_theta: tuple[float, float]) -> float:
    """Intensity per weight of the refined structure over that of the starting one; NaN when it can't be said."""
    before = intensity_per_weight(start, instrument, two_theta)
    after = intensity_per_weight(refined, instrument, two_theta)
    return after / before if before > 0 else float("nan")
