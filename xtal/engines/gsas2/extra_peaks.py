"""Peaks of no phase (holder, Kapton, window) as GSAS-II's background peaks.

Both are pseudo-Voigt functions of constant width. GSAS-II keeps a Gaussian variance and a Lorentzian width, from which
Thompson, Cox and Hastings (J. Appl. Cryst. 20 (1987) 79) give the total width and the Lorentzian part eta.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import bad_input, unsupported
from .measured import Measured
from .parameter import Parameter

# GSAS-II keeps its background peaks above these: variance (centideg²), width (centideg), intensity.
SMALLEST_VARIANCE, SMALLEST_LORENTZIAN, SMALLEST_INTENSITY = 0.01, 0.1, 0.1
# Intensities are those of a profile per centidegree.
AREA_OF_INTENSITY = 0.01
_LORENTZIAN_PART = (1.36603, -0.47719, 0.11116)
_SUM = (2.69269, 2.42843, 4.47163, 0.07842, 1.0)
_NAMES = ("position", "area", "fwhm", "eta")


def lorentzian_share(eta: float) -> float:
    """Lorentzian width over total width for a Lorentzian part ``eta``."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        value = sum(c * middle ** (i + 1) for i, c in enumerate(_LORENTZIAN_PART))
        low, high = (middle, high) if value < eta else (low, middle)
    return (low + high) / 2.0


def total_width(gaussian: float, lorentzian: float) -> float:
    """Width of the sum of a Gaussian and a Lorentzian one."""
    rest = sum(c * gaussian ** (4 - i) * lorentzian ** (i + 1) for i, c in enumerate(_SUM))
    return float((gaussian**5 + rest) ** 0.2)


def gsas2_widths(fwhm: float, eta: float) -> tuple[float, float]:
    """Gaussian variance (centideg²) and Lorentzian width (centideg) of a peak ``fwhm`` degrees wide."""
    total = 100.0 * fwhm
    lorentzian = lorentzian_share(eta) * total
    low, high = 0.0, total
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if total_width(middle, lorentzian) < total else (low, middle)
    variance = ((low + high) / 2.0) ** 2 / (8.0 * math.log(2.0))
    return max(variance, SMALLEST_VARIANCE), max(lorentzian, SMALLEST_LORENTZIAN)


def width_and_part(variance: float, lorentzian: float) -> tuple[float, float]:
    """Total width (degrees) and Lorentzian part of a peak of GSAS-II."""
    gaussian = math.sqrt(8.0 * math.log(2.0) * max(variance, SMALLEST_VARIANCE))
    lorentzian = max(lorentzian, SMALLEST_LORENTZIAN)
    total = total_width(gaussian, lorentzian)
    share = lorentzian / total
    part = sum(c * share ** (i + 1) for i, c in enumerate(_LORENTZIAN_PART))
    if lorentzian <= SMALLEST_LORENTZIAN:
        part = 0.0
    return total / 100.0, 1.0 if variance <= SMALLEST_VARIANCE else part


def peak_names(measured: Measured) -> list[str]:
    """Names of the extra peaks of a pattern."""
    return [str(name) for name in measured.entry.get("peaks") or ()]


def peak_parameters(measured: Measured) -> list[Parameter]:
    """Parameters of the extra peaks of a pattern."""
    table = []
    for i, name in enumerate(peak_names(measured)):
        head, variables = f"{measured.prefix}.peak.{name}", f":{measured.number}:BkPk"
        if measured.axis == "tof":
            raise unsupported(
                f"{head}: GSAS-II adds its exponentials to an extra peak at time of flight; native has it"
            )
        table.append(Parameter(f"{head}.position", f"{variables}pos;{i}"))
        table.append(Parameter(f"{head}.area", f"{variables}int;{i}", AREA_OF_INTENSITY))
        table.append(Parameter(f"{head}.fwhm", f"{variables}sig;{i}", kind="peak_width", index=i))
        table.append(Parameter(f"{head}.eta", f"{variables}gam;{i}", kind="peak_part", index=i))
    return table


def set_peaks(measured: Measured, values: Mapping[str, Any], histogram: Any) -> None:
    """The extra peaks at their current values, none refined."""
    peaks = []
    for name in peak_names(measured):
        position, area, fwhm, eta = (float(values[f"{measured.prefix}.peak.{name}.{key}"]) for key in _NAMES)
        if not fwhm > 0.0 or not 0.0 <= eta <= 1.0:
            raise bad_input(f"{measured.prefix}.peak.{name}: fwhm must be positive and eta between 0 and 1")
        variance, lorentzian = gsas2_widths(fwhm, eta)
        peaks.append([position, False, area / AREA_OF_INTENSITY, False, variance, False, lorentzian, False])
    background = histogram.data["Background"][1]
    background["nPeaks"], background["peaksList"] = len(peaks), peaks


def set_peak_flags(measured: Measured, values: Mapping[str, Any], free: Iterable[str], histogram: Any) -> None:
    """Let GSAS-II vary the extra peaks that a stage frees.

    Width and Lorentzian part are one variable each of GSAS-II only for a pure Gaussian or Lorentzian.
    """
    wanted = set(free)
    for name, peak in zip(peak_names(measured), histogram.data["Background"][1].get("peaksList") or (), strict=True):
        head = f"{measured.prefix}.peak.{name}"
        peak[1], peak[3] = f"{head}.position" in wanted, f"{head}.area" in wanted
        width, part = f"{head}.fwhm" in wanted, f"{head}.eta" in wanted
        pure = values[f"{head}.eta"] in (0.0, 1.0)
        if (part and not width) or (width and not part and not pure):
            alone, other = ("eta", "fwhm") if part else ("fwhm", "eta")
            raise unsupported(
                f"{head}.{alone} is free while {head}.{other} is fixed: GSAS-II refines a Gaussian and a Lorentzian width; "
                "free both, or set eta to 0 or 1; native has it"
            )
        peak[5] = width and (part or values[f"{head}.eta"] == 0.0)
        peak[7] = width and (part or values[f"{head}.eta"] == 1.0)


def read_peak(parameters: Mapping[str, Any], variable: str) -> tuple[float, float]:
    """Width and Lorentzian part of a peak from GSAS-II's parameters; ``variable`` is either of the two."""
    head, _, number = variable.rpartition(";")
    stem = head[: -len("sig")]
    return width_and_part(float(parameters[f"{stem}sig;{number}"]), float(parameters[f"{stem}gam;{number}"]))
