"""Axial divergence (Finger, Cox & Jephcoat, J. Appl. Cryst. 27 (1994) 892) integrated closely enough to be smooth.

GSAS-II's own quadrature takes a number of nodes that follows from the Lorentzian width alone, down to a single one. Its
peaks then lie up to 0.04 degrees from where the integral puts them, and chi² jumps whenever a width or the divergence
passes to another number of nodes, so that least squares comes to a stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

NODES_OF_TAILS = 4
# With fewer nodes the tails are no slower than the division of the points.
FEW_NODES = 12
# The profile moves by 2e-5 of its height at most where the number of nodes changes.
NODE_NUMBERS = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)


@dataclass(frozen=True)
class Nodes:
    """A peak as a sum of shifted ones.

    ``shift`` in degrees and ``weight``, whose sum is 1; ``shift_slope`` and ``weight_slope`` are their derivatives with
    respect to (S + H) / L.
    """

    shift: np.ndarray
    weight: np.ndarray
    shift_slope: np.ndarray
    weight_slope: np.ndarray


@lru_cache(maxsize=len(NODE_NUMBERS))
def unit_nodes(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre abscissas and weights on 0 to 1."""
    x, w = np.polynomial.legendre.leggauss(number)
    return (x + 1.0) / 2.0, w / 2.0


def number_wanted(ratio: float) -> float:
    """Nodes for a smear that is ``ratio`` times the width of the peak."""
    return 2.0 + 9.0 * min(1.0, ratio) ** 0.5 + 4.0 * ratio if ratio > 0.02 else 2.0


def axial_nodes(two_theta: float, axial: float, fwhm: float, number: int = 0) -> Nodes:
    """Nodes of the integral for equal sample and slit heights.

    With the height h over the distance as variable, cos δ = cos 2θ √(1 + h²) and the weight of h is
    (A - h) / ((1 + h²) sin δ), A = (S + H) / L.

    Parameters
    ----------
    two_theta : float
        Position without axial divergence, degrees.
    axial : float
        (S + H) / L.
    fwhm : float
        Width that the nodes must be dense for, degrees.
    number : int
        Number of nodes instead.
    """
    if axial <= 0.0:
        return Nodes(np.zeros(1), np.ones(1), np.zeros(1), np.zeros(1))
    angle = math.radians(two_theta)
    # Below this angle the cone of diffraction does not reach the edge of the slit.
    highest = min(axial, 0.999999 * abs(math.tan(angle)))
    span = math.degrees(abs(angle - math.acos(math.cos(angle) * math.sqrt(1.0 + highest**2))))
    wanted = number or number_wanted(span / fwhm)
    u, w = unit_nodes(next((n for n in NODE_NUMBERS if n >= wanted), NODE_NUMBERS[-1]))
    h = highest * u
    delta = np.arccos(np.cos(angle) * np.sqrt(1.0 + h**2))
    slope = -math.cos(angle) * h / (np.sqrt(1.0 + h**2) * np.sin(delta))
    weight = w * (axial - h) / ((1.0 + h**2) * np.sin(delta))
    weight /= weight.sum()
    relative = u * (-2.0 * h / (1.0 + h**2) - slope / np.tan(delta))
    return Nodes(
        shift=np.degrees(delta - angle),
        weight=weight,
        shift_slope=np.degrees(slope * u),
        weight_slope=weight * (relative - float(weight @ relative)),
    )


def fwhm_of(sig: float, gam: float) -> float:
    """Rough width, degrees, of a Gaussian variance (centideg²) with a Lorentzian width (centideg)."""
    return max((2.355 * math.sqrt(max(sig, 0.0)) + 0.5 * gam) / 100.0, 1e-4)


def parts(
    two_theta: float, sig: float, gam: float, axial: float, x: np.ndarray
) -> Iterator[tuple[slice, np.ndarray, Nodes]]:
    """Points near the peak with all nodes it needs; its tails, which few nodes give as closely."""
    fwhm = fwhm_of(sig, gam)
    near = axial_nodes(two_theta, axial, fwhm)
    offset = np.asarray(x - two_theta, np.float32)
    if near.shift.size <= FEW_NODES:
        yield slice(None), offset, near
        return
    far = axial_nodes(two_theta, axial, fwhm, NODES_OF_TAILS)
    low = int(np.searchsorted(offset, near.shift.min() - 12.0 * fwhm))
    high = int(np.searchsorted(offset, near.shift.max() + 12.0 * fwhm))
    for region, nodes in ((slice(0, low), far), (slice(low, high), near), (slice(high, offset.size), far)):
        if region.stop > region.start:
            yield region, offset[region], nodes


def peak(pyd: Any, two_theta: float, sig: float, gam: float, axial: float, x: np.ndarray) -> np.ndarray:
    """Profile per centidegree at the points ``x`` (degrees), with GSAS-II's pseudo-Voigt function."""
    found = np.zeros(len(x))
    for region, offset, nodes in parts(two_theta, sig, gam, axial, np.ma.getdata(x)):
        for shift, weight in zip(nodes.shift, nodes.weight, strict=True):
            found[region] += weight * pyd.pypsvoigt(offset.size, offset - np.float32(shift), sig, gam)
    return found


def peak_derivatives(
    pyd: Any, two_theta: float, sig: float, gam: float, axial: float, x: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Profile and its derivatives by position (degrees), variance, Lorentzian width and (S + H) / L."""
    found = np.zeros((5, len(x)))
    for region, offset, nodes in parts(two_theta, sig, gam, axial, np.ma.getdata(x)):
        for i, shift in enumerate(nodes.shift):
            value, by_x, by_sig, by_gam = pyd.pydpsvoigt(offset.size, offset - np.float32(shift), sig, gam)
            found[:4, region] += nodes.weight[i] * np.array((value, -by_x, by_sig, by_gam))
            found[4, region] += nodes.weight_slope[i] * value - nodes.weight[i] * nodes.shift_slope[i] * by_x
    return tuple(found)
