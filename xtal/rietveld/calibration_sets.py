r"""One instrument from several standards, each measured by itself.

Every standard gives the profile p (u, v, w, x, y, axial) with a covariance C. To first order a joint fit of all patterns with one profile gives
:math:`\hat p = (\sum C_i^{-1})^{-1} \sum C_i^{-1} p_i`; that is what is taken here. How far the standards disagree is told as widths, which is what matters: the
covariances know of counting only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction.profiles import gaussian_fwhm, lorentzian_fwhm, thompson_cox_hastings
from ..errors import InputError
from ..instrument import Instrument, Profile
from ..io.covariance import COVARIANCE_NAME
from ..result import Result
from ..strict_json import strict_json
from .calibrate import PROFILE_NAMES, Calibration, gaussian_variance

__all__ = ["CALIBRATION_SCHEMA", "CalibrationSet", "StandardFit", "combined_calibration", "disagreement_notes"]

FloatArray = NDArray[np.float64]

CALIBRATION_SCHEMA = "xtal-calibration/1"
DISAGREE = 0.05
"""Relative difference of widths above which the standards are said to disagree."""


@dataclass(frozen=True)
class StandardFit:
    """A standard of a set.

    Parameters
    ----------
    name : str
        Of its pattern.
    rwp : float
        Of its own fit.
    low, high : float
        Range, degrees 2θ.
    width_difference : float
        Largest relative difference of its own widths from those of the set within its range.
    """

    name: str
    rwp: float
    low: float
    high: float
    width_difference: float


@dataclass(frozen=True, eq=False)
class CalibrationSet:
    """An instrument from several standards."""

    instrument: Instrument
    fits: tuple[StandardFit, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Text of calibration.json."""
        content: dict[str, Any] = {
            "schema": CALIBRATION_SCHEMA,
            "instrument": self.instrument.name,
            "profile": asdict(self.instrument.profile),
            "standards": [asdict(fit) for fit in self.fits],
            "notes": list(self.notes),
        }
        return strict_json(content, indent=1) + "\n"


def combined_calibration(found: Sequence[tuple[str, Calibration]], name: str) -> CalibrationSet:
    """One profile from the calibrations of several patterns, named after them.

    Raises
    ------
    InputError
        Fewer than two, or a profile that is no width somewhere.
    """
    if len(found) < 2:
        raise InputError(f"{len(found)} calibrations;", where=name, remedy="a set needs two or more.")
    results = [calibration.result for _, calibration in found]
    profile = _profile(results)
    first = found[0][1].instrument
    low = min(result.pattern["range"][0] for result in results)
    high = max(result.pattern["range"][1] for result in results)
    if np.min(gaussian_variance(profile, np.linspace(low, high, 200))) < 0:
        raise InputError(
            f"no one profile is a width for all standards: their own widths differ by up to {100 * _spread(found):.0f} %;", where=name,
            remedy="leave out the standard that has a size or strain of its own, or give its --size.",
        )  # fmt: skip
    fits = tuple(_standard(pattern, calibration, profile) for pattern, calibration in found)
    instrument = replace(first, name=name, profile=profile, zero=_zero(results),
                         source=f"calibrated on {', '.join(fit.name for fit in fits)} with certified cells, {low:g}–{high:g}°")  # fmt: skip
    return CalibrationSet(instrument, fits, (*found[0][1].notes, *disagreement_notes(fits)))


def _profile(results: Sequence[Result]) -> Profile:
    """Information-weighted mean; a parameter at a bound has no information and takes part by its value only where none has any."""
    values = np.array(
        [[result.parameters[f"pattern.profile.{letter}"].value for letter in PROFILE_NAMES] for result in results]
    )
    total = np.zeros((len(PROFILE_NAMES), len(PROFILE_NAMES)))
    pull = np.zeros(len(PROFILE_NAMES))
    for row, result in zip(values, results, strict=True):
        information = _information(result)
        total += information
        pull += information @ row
    known = np.diag(total) > 0
    mean = values.mean(axis=0)
    scale = np.sqrt(np.diag(total)[known])
    solved = np.linalg.lstsq(total[np.ix_(known, known)] / np.outer(scale, scale), pull[known] / scale, rcond=1e-12)[0]
    mean[known] = solved / scale
    limits = {"w": 0.0, "x": 0.0, "y": 0.0, "axial": 0.0}
    return Profile(
        **{
            letter: max(float(value), limits.get(letter, -np.inf))
            for letter, value in zip(PROFILE_NAMES, mean, strict=True)
        }
    )


def _information(result: Result) -> FloatArray:
    """Inverse covariance of the profile of one fit, (6, 6); zero rows for what it has no esd of."""
    matrix = np.zeros((len(PROFILE_NAMES), len(PROFILE_NAMES)))
    if COVARIANCE_NAME not in result.files:
        return matrix
    content = json.loads(result.files[COVARIANCE_NAME])
    names = [f"pattern.profile.{letter}" for letter in PROFILE_NAMES]
    kept = [index for index, name in enumerate(names) if name in content["names"]]
    rows = [content["names"].index(names[index]) for index in kept]
    matrix[np.ix_(kept, kept)] = np.linalg.pinv(np.array(content["matrix"])[np.ix_(rows, rows)], rcond=1e-12)
    return matrix


def _zero(results: Sequence[Result]) -> float:
    """Weighted mean of the zeros that were refined; the instrument's own where none was."""
    zeros = [result.parameters["pattern.zero"] for result in results]
    refined = [(zero.value, zero.esd) for zero in zeros if zero.esd]
    if not refined:
        return zeros[0].value
    weights = np.array([1 / esd**2 for _, esd in refined if esd])
    return float(np.sum(weights * [value for value, _ in refined]) / weights.sum())


def _standard(pattern: str, calibration: Calibration, profile: Profile) -> StandardFit:
    result = calibration.result
    low, high = (float(edge) for edge in result.pattern["range"])
    own, common = (
        _widths(one, np.linspace(low, high, 100), calibration.instrument)
        for one in (calibration.instrument.profile, profile)
    )
    rwp = float("nan") if result.agreement is None else result.agreement.rwp
    return StandardFit(pattern, rwp, low, high, float(np.max(np.abs(own / common - 1))))


def _spread(found: Sequence[tuple[str, Calibration]]) -> float:
    """Largest relative difference between the widths of two standards where both were measured."""
    ranges = np.array([calibration.result.pattern["range"] for _, calibration in found], dtype=float)
    angles = np.linspace(ranges[:, 0].max(), ranges[:, 1].min(), 100)
    widths = np.array([_widths(one.instrument.profile, angles, one.instrument) for _, one in found])
    return float(np.max(widths.max(axis=0) / widths.min(axis=0) - 1))


def _widths(profile: Profile, two_theta: FloatArray, instrument: Instrument) -> FloatArray:
    """FWHM of the pseudo-Voigt, degrees, (n,)."""
    wavelength = np.full(two_theta.shape, instrument.radiation.wavelength)
    return np.asarray(
        thompson_cox_hastings(gaussian_fwhm(two_theta, profile), lorentzian_fwhm(two_theta, profile, wavelength))[0]
    )


def disagreement_notes(fits: Sequence[StandardFit]) -> list[str]:
    """How far the standards of a set disagree, in a sentence."""
    worst = max(fits, key=lambda fit: fit.width_difference)
    said = f"The standards' own widths differ from those of the set by up to {100 * worst.width_difference:.1f} % ({worst.name})."
    if worst.width_difference <= DISAGREE:
        return [said]
    return [f"{said} They disagree: one of them has a size or strain of its own (--size), or was mounted differently."]
