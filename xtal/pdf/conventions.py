r"""Names of the functions of total scattering, and what leads from one to the other.

Reciprocal space, Q in Å⁻¹:

* S(Q), structure factor, 1 at high Q (Faber–Ziman);
* F(Q) = Q [S(Q) − 1], reduced structure function (PDFgetX3, PDFgui), Å⁻¹;
* F_K(Q) = ⟨b⟩² [S(Q) − 1], total-scattering structure factor (GudrunN, Mantid, RMCProfile), barn for neutrons.

Real space, r in Å, ρ₀ in atoms/Å³:

* g(r), pair distribution function, 0 at small r and 1 at large r;
* G(r) = 4πρ₀r [g(r) − 1], reduced pair distribution function (PDFgui), Å⁻²;
* T(r) = 4πρ₀r g(r), total correlation function, Å⁻²;
* R(r) = 4πρ₀r² g(r), radial distribution function (RDF), Å⁻¹: its area is a coordination number;
* G_K(r) = ⟨b⟩² [g(r) − 1] (RMCProfile, Mantid), barn for neutrons.

Source: D. A. Keen, J. Appl. Cryst. 34 (2001) 172. Every conversion is exact and named ``target_from_source``.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = [
    "REAL_SPACE",
    "RECIPROCAL_SPACE",
    "RealSpace",
    "ReciprocalSpace",
    "convert_real_space",
    "convert_reciprocal_space",
    "fq_from_keen",
    "fq_from_sq",
    "gr_from_pair",
    "gr_from_rdf",
    "gr_from_total",
    "keen_from_fq",
    "keen_gr_from_pair",
    "pair_from_gr",
    "pair_from_keen_gr",
    "rdf_from_gr",
    "slope_line",
    "sq_from_fq",
    "total_from_gr",
]

FloatArray = NDArray[np.float64]
RealSpace = Literal["G", "g", "T", "RDF", "GK"]
ReciprocalSpace = Literal["S", "F", "FK"]

REAL_SPACE: dict[str, str] = {
    "G": "reduced pair distribution function, Å⁻²",
    "g": "pair distribution function",
    "T": "total correlation function, Å⁻²",
    "RDF": "radial distribution function, Å⁻¹",
    "GK": "Keen's G(r) = ⟨b⟩²[g(r) − 1]",
}
RECIPROCAL_SPACE: dict[str, str] = {
    "S": "structure factor",
    "F": "reduced structure function Q[S(Q) − 1], Å⁻¹",
    "FK": "Keen's F(Q) = ⟨b⟩²[S(Q) − 1]",
}


def fq_from_sq(*, q: ArrayLike, sq: ArrayLike) -> FloatArray:
    """F(Q) = Q [S(Q) − 1], Å⁻¹."""
    return np.asarray(np.asarray(q, dtype=float) * (np.asarray(sq, dtype=float) - 1.0))


def sq_from_fq(*, q: ArrayLike, fq: ArrayLike) -> FloatArray:
    """S(Q) = 1 + F(Q)/Q.

    Raises
    ------
    InputError
        Q holds a zero, where F(Q) says nothing about S(Q).
    """
    positions = np.asarray(q, dtype=float)
    if np.any(positions == 0):
        raise InputError("S(Q) can't be had from F(Q) at Q = 0;", remedy="leave that point out.")
    return np.asarray(1.0 + np.asarray(fq, dtype=float) / positions)


def fq_from_keen(*, q: ArrayLike, keen: ArrayLike, mean_square: float) -> FloatArray:
    """F(Q) from Keen's F_K(Q); `mean_square` = ⟨b⟩² in the units of F_K (barn; 1 for S − 1)."""
    return np.asarray(np.asarray(q, dtype=float) * np.asarray(keen, dtype=float) / _positive(mean_square, "⟨b⟩²"))


def keen_from_fq(*, q: ArrayLike, fq: ArrayLike, mean_square: float) -> FloatArray:
    """Keen's F_K(Q) = ⟨b⟩² [S(Q) − 1] from F(Q)."""
    return _positive(mean_square, "⟨b⟩²") * (sq_from_fq(q=q, fq=fq) - 1.0)


def gr_from_pair(*, r: ArrayLike, pair: ArrayLike, number_density: float) -> FloatArray:
    """G(r) = 4πρ₀r [g(r) − 1], Å⁻²."""
    return slope_line(r, number_density) * (np.asarray(pair, dtype=float) - 1.0)


def pair_from_gr(*, r: ArrayLike, gr: ArrayLike, number_density: float) -> FloatArray:
    """g(r) = 1 + G(r)/4πρ₀r.

    Raises
    ------
    InputError
        r holds a zero, or the density isn't positive.
    """
    line = slope_line(r, number_density)
    if np.any(line == 0):
        raise InputError("g(r) can't be had from G(r) at r = 0;", remedy="leave that point out.")
    return np.asarray(1.0 + np.asarray(gr, dtype=float) / line)


def total_from_gr(*, r: ArrayLike, gr: ArrayLike, number_density: float) -> FloatArray:
    """T(r) = G(r) + 4πρ₀r, Å⁻²."""
    return np.asarray(np.asarray(gr, dtype=float) + slope_line(r, number_density))


def gr_from_total(*, r: ArrayLike, total: ArrayLike, number_density: float) -> FloatArray:
    """G(r) = T(r) − 4πρ₀r, Å⁻²."""
    return np.asarray(np.asarray(total, dtype=float) - slope_line(r, number_density))


def rdf_from_gr(*, r: ArrayLike, gr: ArrayLike, number_density: float) -> FloatArray:
    """R(r) = r G(r) + 4πρ₀r², Å⁻¹."""
    return np.asarray(r, dtype=float) * total_from_gr(r=r, gr=gr, number_density=number_density)


def gr_from_rdf(*, r: ArrayLike, rdf: ArrayLike, number_density: float) -> FloatArray:
    """G(r) = R(r)/r − 4πρ₀r, Å⁻².

    Raises
    ------
    InputError
        r holds a zero.
    """
    positions = np.asarray(r, dtype=float)
    if np.any(positions == 0):
        raise InputError("G(r) can't be had from the RDF at r = 0;", remedy="leave that point out.")
    return gr_from_total(r=r, total=np.asarray(rdf, dtype=float) / positions, number_density=number_density)


def keen_gr_from_pair(*, pair: ArrayLike, mean_square: float) -> FloatArray:
    """Keen's G_K(r) = ⟨b⟩² [g(r) − 1]."""
    return _positive(mean_square, "⟨b⟩²") * (np.asarray(pair, dtype=float) - 1.0)


def pair_from_keen_gr(*, keen: ArrayLike, mean_square: float) -> FloatArray:
    """g(r) = 1 + G_K(r)/⟨b⟩²."""
    return np.asarray(1.0 + np.asarray(keen, dtype=float) / _positive(mean_square, "⟨b⟩²"))


def convert_real_space(
    *, r: ArrayLike, values: ArrayLike, source: RealSpace, target: RealSpace, number_density: float,
    mean_square: float | None = None,
) -> FloatArray:  # fmt: skip
    """Any function of r from any other.

    Parameters
    ----------
    r : array_like
        Å, above 0 unless both functions are among G and T.
    values : array_like
        The source function.
    source, target : {"G", "g", "T", "RDF", "GK"}
        Keys of `REAL_SPACE`.
    number_density : float
        Atoms/Å³.
    mean_square : float, optional
        ⟨b⟩² for GK.

    Raises
    ------
    InputError
        An unknown name, a density that isn't positive, or GK without ⟨b⟩².
    """
    for name in (source, target):
        if name not in REAL_SPACE:
            raise InputError(f"{name!r} is no function of r;", remedy=f"use one of {', '.join(REAL_SPACE)}.")
        if name == "GK" and mean_square is None:
            raise InputError("Keen's G(r) needs ⟨b⟩²;", remedy="give the composition or mean_square.")
    square = 1.0 if mean_square is None else mean_square
    return _from_gr(target, r, _gr_from(source, r, values, number_density, square), number_density, square)


def convert_reciprocal_space(
    *,
    q: ArrayLike,
    values: ArrayLike,
    source: ReciprocalSpace,
    target: ReciprocalSpace,
    mean_square: float | None = None,
) -> FloatArray:
    """Any function of Q from any other.

    Parameters
    ----------
    q : array_like
        Å⁻¹, above 0.
    values : array_like
        The source function.
    source, target : {"S", "F", "FK"}
        Keys of `RECIPROCAL_SPACE`.
    mean_square : float, optional
        ⟨b⟩² for FK.

    Raises
    ------
    InputError
        An unknown name, Q that isn't above 0, or FK without ⟨b⟩².
    """
    positions = np.asarray(q, dtype=float)
    for name in (source, target):
        if name not in RECIPROCAL_SPACE:
            raise InputError(f"{name!r} is no function of Q;", remedy=f"use one of {', '.join(RECIPROCAL_SPACE)}.")
        if name == "FK" and mean_square is None:
            raise InputError("Keen's F(Q) needs ⟨b⟩²;", remedy="give the composition or mean_square.")
    if np.any(positions <= 0):
        raise InputError("S(Q) and F(Q) can't be had from each other at Q = 0;", remedy="leave that point out.")
    fq, square = np.asarray(values, dtype=float), 1.0 if mean_square is None else mean_square
    if source == "S":
        fq = fq_from_sq(q=positions, sq=fq)
    elif source == "FK":
        fq = fq_from_keen(q=positions, keen=fq, mean_square=square)
    if target == "S":
        return sq_from_fq(q=positions, fq=fq)
    return keen_from_fq(q=positions, fq=fq, mean_square=square) if target == "FK" else fq


def slope_line(r: ArrayLike, number_density: float) -> FloatArray:
    """4πρ₀r, Å⁻²: minus G(r) where there are no pairs."""
    return np.asarray(4.0 * np.pi * _positive(number_density, "number density") * np.asarray(r, dtype=float))


def _gr_from(source: str, r: ArrayLike, values: ArrayLike, density: float, mean_square: float) -> FloatArray:
    if source == "g":
        return gr_from_pair(r=r, pair=values, number_density=density)
    if source == "T":
        return gr_from_total(r=r, total=values, number_density=density)
    if source == "RDF":
        return gr_from_rdf(r=r, rdf=values, number_density=density)
    if source == "GK":
        pair = pair_from_keen_gr(keen=values, mean_square=mean_square)
        return gr_from_pair(r=r, pair=pair, number_density=density)
    return np.asarray(values, dtype=float)


def _from_gr(target: str, r: ArrayLike, gr: FloatArray, density: float, mean_square: float) -> FloatArray:
    if target == "g":
        return pair_from_gr(r=r, gr=gr, number_density=density)
    if target == "T":
        return total_from_gr(r=r, gr=gr, number_density=density)
    if target == "RDF":
        return rdf_from_gr(r=r, gr=gr, number_density=density)
    if target == "GK":
        return keen_gr_from_pair(pair=pair_from_gr(r=r, gr=gr, number_density=density), mean_square=mean_square)
    return gr


def _positive(value: float, name: str) -> float:
    if not value > 0:
        raise InputError(f"{name} of {value:g};", remedy="it must be above zero.")
    return value
