r"""Amorphous content by four methods, which err differently and are therefore reported side by side.

Internal standard: a weighed standard of known crystallinity tells how much of the mixture diffracts. External standard: the scale of a pure
standard, measured under the same conditions, does (B. H. O'Connor & M. D. Raven, Powder Diffr. 3 (1988) 2): :math:`W_p = K S_p f_p \mu_m`.
Hump phase: the area of the halo, calibrated in weight on a mixture of known amorphous content (after N. V. Y. Scarlett & I. C. Madsen, Powder
Diffr. 21 (2006) 278). Area: the share of the Bragg intensity in all coherent intensity, which takes crystal and glass to scatter alike
per weight; the weakest. Masses in the beam are :math:`S f` in one engine's units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..result import Value
from .hump import HumpFit

__all__ = ["Estimate", "HumpCalibration", "by_area", "by_external_standard", "by_hump_phase", "by_internal_standard", "calibrate_hump", "disagreement", "impossible"]  # fmt: skip

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """Amorphous content by one method.

    Parameters
    ----------
    method : str
        In words.
    mixture : Value
        Weight fraction of what was measured, standard included.
    sample : Value
        Weight fraction of the sample before a standard was added.
    note : str
        What it rests on.
    """

    method: str
    mixture: Value
    sample: Value
    note: str


@dataclass(frozen=True)
class HumpCalibration:
    """Weight per area of a halo, in the engine's units of mass (scale × mass factor) per count · degree.

    Only valid for the same engine, instrument, range and halo.

    Parameters
    ----------
    mass_per_area, esd : float
        Found on the mixture of known content.
    engine : str
        Whose masses these are.
    halo : str or None
        Which halo: ``2THETA,FWHM`` or the digest of a glass's pattern; None in files that don't say.
    """

    mass_per_area: float
    esd: float | None
    engine: str
    halo: str | None = None


def propagated(function: Callable[..., float], values: Sequence[Value]) -> Value:
    """A function of independent numbers with its standard uncertainty to first order.

    Missing esds count as zero; when all are missing there is none.
    """
    numbers = [_number(value) for value in values]
    result = function(*numbers)
    known = [value.esd for value in values if value.esd is not None]
    if not known:
        return Value(result, None, "no esd of what it follows from")
    variance = 0.0
    for index, value in enumerate(values):
        if not value.esd:
            continue
        step = value.esd * 1e-3
        high, low = ([*numbers[:index], numbers[index] + sign * step, *numbers[index + 1 :]] for sign in (1, -1))
        variance += ((function(*high) - function(*low)) / (2 * step) * value.esd) ** 2
    return Value(result, math.sqrt(variance))


def _number(value: Value) -> float:
    if value.value is None:
        raise InputError(f"a number is missing ({value.reason});", remedy="refine what it follows from.")
    return value.value


def by_internal_standard(found: Value, added: Value, crystallinity: Value = Value(1.0)) -> Estimate:  # noqa: B008
    r"""Amorphous content from a weighed standard.

    With the standard's Rietveld share R, weighed share w and crystallinity c, the mixture is crystalline by :math:`X = c\,w/R`; the
    sample's amorphous share is :math:`(1 - X - (1-c)w)/(1-w)`.

    Parameters
    ----------
    found : Value
        Weight fraction of the standard among the crystalline phases.
    added : Value
        Weighed fraction of the standard in the mixture.
    crystallinity : Value
        Crystalline share of the standard, by weight.

    Raises
    ------
    InputError
        A share outside 0–1.
    """
    for name, value in (("weighed share", added), ("crystallinity", crystallinity), ("share found", found)):
        if not 0 < _number(value) <= 1:
            raise InputError(f"{name} {_number(value):g} of the standard;", remedy="give a fraction between 0 and 1.")
    if _number(added) >= 1:
        raise InputError("a mixture of nothing but the standard;", remedy="give the weighed fraction of the standard.")

    def mixture(r: float, w: float, c: float) -> float:
        return 1 - c * w / r

    def sample(r: float, w: float, c: float) -> float:
        return (1 - c * w / r - (1 - c) * w) / (1 - w)

    inputs = (found, added, crystallinity)
    note = (
        f"standard found at {100 * _number(found):.2f} wt% of the crystalline part, weighed at {100 * _number(added):.2f} wt%, "
        f"crystalline to {100 * _number(crystallinity):.1f} %"
    )
    return Estimate("internal standard", propagated(mixture, inputs), propagated(sample, inputs), note)


def by_external_standard(
    mass: Value, standard_mass: Value, *, absorption_ratio: Value, crystallinity: Value = Value(1.0),  # noqa: B008
    exposure_ratio: float = 1.0, added: Value = Value(0.0), added_crystallinity: Value = Value(1.0),  # noqa: B008
) -> Estimate:  # fmt: skip
    """Amorphous content from the scale of a pure standard (G factor).

    Parameters
    ----------
    mass, standard_mass : Value
        Σ scale × mass factor of the sample's phases, and that of the pure standard; one engine, one instrument.
    absorption_ratio : Value
        Mass absorption coefficient of the sample over that of the standard.
    crystallinity : Value
        Of the external standard.
    exposure_ratio : float
        Counting time × beam of the sample's measurement over the standard's.
    added, added_crystallinity : Value
        An internal standard in the measured mixture, if any.
    """

    def mixture(m: float, s: float, mu: float, c: float, w: float, cw: float) -> float:
        return 1 - c * m * mu / (s * exposure_ratio)

    def sample(m: float, s: float, mu: float, c: float, w: float, cw: float) -> float:
        return (mixture(m, s, mu, c, w, cw) - (1 - cw) * w) / (1 - w)

    inputs = (mass, standard_mass, absorption_ratio, crystallinity, added, added_crystallinity)
    note = f"mass absorption of the sample over the standard's {_number(absorption_ratio):.4g}"
    return Estimate("external standard", propagated(mixture, inputs), propagated(sample, inputs), note)


def calibrate_hump(
    mass: Value, hump: HumpFit, amorphous: Value, engine: str, halo: str | None = None
) -> HumpCalibration:
    """Weight per area of a halo from a mixture of known amorphous content (fraction of what was measured)."""
    if not 0 < _number(amorphous) < 1:
        raise InputError(
            f"amorphous content {_number(amorphous):g} of the calibration;", remedy="give a fraction between 0 and 1."
        )
    if _number(hump.area) <= 0:
        raise InputError("no halo of that shape in the calibration;", remedy="check its position and width.")

    def per_area(m: float, area: float, share: float) -> float:
        return m * share / (1 - share) / area

    value = propagated(per_area, (mass, hump.area, amorphous))
    return HumpCalibration(_number(value), value.esd, engine, halo)


def by_hump_phase(
    mass: Value, hump: HumpFit, calibration: HumpCalibration, added: Value = Value(0.0),  # noqa: B008
    added_crystallinity: Value = Value(1.0),  # noqa: B008
) -> Estimate:  # fmt: skip
    """Amorphous content from the area of a halo whose weight per area is calibrated."""

    def mixture(m: float, area: float, k: float, w: float, cw: float) -> float:
        return k * area / (m + k * area)

    def sample(m: float, area: float, k: float, w: float, cw: float) -> float:
        return (mixture(m, area, k, w, cw) - (1 - cw) * w) / (1 - w)

    inputs = (mass, hump.area, Value(calibration.mass_per_area, calibration.esd), added, added_crystallinity)
    return Estimate("calibrated hump", propagated(mixture, inputs), propagated(sample, inputs),
                    "needs the halo's shape to be that of the calibration")  # fmt: skip


def by_area(hump: HumpFit, added: Value = Value(0.0), added_crystallinity: Value = Value(1.0)) -> Estimate:  # noqa: B008
    """Amorphous content as the halo's share of all coherent intensity."""

    def mixture(area: float, w: float, cw: float) -> float:
        return area / (area + hump.bragg_area)

    def sample(area: float, w: float, cw: float) -> float:
        return (mixture(area, w, cw) - (1 - cw) * w) / (1 - w)

    inputs = (hump.area, added, added_crystallinity)
    return Estimate("area (degree of crystallinity)", propagated(mixture, inputs), propagated(sample, inputs),
                    "takes crystal and glass to scatter alike per weight within the range; the weakest method")  # fmt: skip


def impossible(estimates: Sequence[Estimate]) -> tuple[str, ...]:
    """A sentence on each content that lies below nothing or above everything by more than three esds."""
    return tuple(
        f"{one.method}: {100 * value:.1f} wt% amorphous is impossible; look at {_SUSPECTS[one.method]}."
        for one in estimates
        if (value := one.sample.value) is not None and not -_slack(one) <= value <= 1 + _slack(one)
    )


_SUSPECTS = {
    "internal standard": "the weighed share, the standard's crystallinity, and microabsorption",
    "external standard": "the exposure ratio, the ratio of absorption, and whether both were measured alike",
    "calibrated hump": "the halo's position and width, and the background beside it",
    "area (degree of crystallinity)": "the halo's position and width, and the background beside it",
}


def _slack(one: Estimate) -> float:
    return 0.001 if one.sample.esd is None else 3 * one.sample.esd


def disagreement(estimates: Sequence[Estimate]) -> str:
    """How far the methods lie apart, in a sentence."""
    values = [(estimate.sample.value or 0.0, estimate) for estimate in estimates]
    if len(values) < 2:
        return "One method alone: nothing checks it."
    (low, lowest), (high, highest) = min(values, key=lambda item: item[0]), max(values, key=lambda item: item[0])
    esd = math.hypot(lowest.sample.esd or 0.0, highest.sample.esd or 0.0)
    beside = f", {(high - low) / esd:.1f} of their combined esd" if esd > 0 else ""
    return (
        f"The methods differ by up to {100 * (high - low):.1f} wt% ({lowest.method} {100 * low:.1f}, {highest.method} "
        f"{100 * high:.1f}){beside}."
    )
