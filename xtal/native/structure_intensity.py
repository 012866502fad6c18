r"""|F|² of a phase, averaged over Friedel mates, with derivatives by everything of the structure that can be free.

:math:`F_\pm(h) = \sum_j o_j f_j(s)\, e^{-8\pi^2 U_j s^2}\, S_j(\pm h)` with s = 1/2d; the phase sums S are kept while the coordinates are held.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..diffraction.form_factors import species_of, xray_form_factor_slope
from ..diffraction.structure_factors import scattering_amplitude
from ..radiation import Radiation
from ..structure import Structure
from .site_sums import SiteSums

__all__ = ["StructureIntensity"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

_B_OVER_U = 8 * np.pi**2


class StructureIntensity:
    """Scattering of one phase.

    Parameters
    ----------
    structure : Structure
        Start structure.
    radiation : Radiation
        X-rays or neutrons.
    use_dispersion : bool
        Whether f′ and f″ are added.
    """

    def __init__(self, structure: Structure, radiation: Radiation, use_dispersion: bool) -> None:
        self.radiation, self.use_dispersion = radiation, use_dispersion
        self.sites = [SiteSums(site, structure) for site in structure.sites]

    def names(self) -> list[str]:
        """Parameters within the phase (``site.O1.u_iso``)."""
        found = []
        for sums in self.sites:
            kinds = [*sums.names(), "occupancy", *(["u_iso"] if sums.site.u_aniso is None else [])]
            found += [f"site.{sums.site.label}.{kind}" for kind in kinds]
        return found

    def evaluate(
        self, hkl: FloatArray, s_squared: FloatArray, metric: FloatArray, values: Mapping[str, float], wanted: set[str]
    ) -> tuple[FloatArray, dict[str, FloatArray], FloatArray, FloatArray]:
        """|F|² and its slopes.

        Parameters
        ----------
        hkl : ndarray, shape (n, 3)
            Reflections.
        s_squared : ndarray, shape (n,)
            (sinθ/λ)², Å⁻².
        metric : ndarray, shape (3, 3)
            Reciprocal metric tensor, Å⁻².
        values : mapping
            Parameters within the phase.
        wanted : set of str
            Those of which slopes are wanted.

        Returns
        -------
        f_squared : ndarray, shape (n,)
        slopes : dict of str to ndarray, shape (n,)
        by_s_squared : ndarray, shape (n,)
            At held parameters.
        by_metric : ndarray, shape (3, n)
            By the diagonal of `metric`, from anisotropic displacements only.
        """
        parts = [self._part(sums, hkl, s_squared, metric, values, wanted) for sums in self.sites]
        plus = sum(
            (occupancy * weight * sums for occupancy, weight, _, sums, _, _ in parts), np.zeros(len(hkl), complex)
        )
        minus = sum((o * weight * sums.conj() for o, weight, _, sums, _, _ in parts), np.zeros(len(hkl), complex))

        def slope(weight: ComplexArray, sums: ComplexArray) -> FloatArray:
            return np.asarray((plus.conj() * weight * sums + minus.conj() * weight * sums.conj()).real)

        slopes, by_s, by_metric = {}, np.zeros(len(hkl)), np.zeros((3, len(hkl)))
        for member, (occupancy, weight, weight_slope, sums, moved, pulled) in zip(self.sites, parts, strict=True):
            base = f"site.{member.site.label}"
            by_s += slope(occupancy * weight_slope, sums)
            if pulled is not None:
                by_metric += np.stack([slope(occupancy * weight, one) for one in pulled])
            if f"{base}.occupancy" in wanted:
                slopes[f"{base}.occupancy"] = slope(weight, sums)
            if f"{base}.u_iso" in wanted:
                slopes[f"{base}.u_iso"] = slope(-_B_OVER_U * s_squared * occupancy * weight, sums)
            for letter, shifted in moved.items():
                slopes[f"{base}.{letter}"] = slope(occupancy * weight, shifted)
        return (np.abs(plus) ** 2 + np.abs(minus) ** 2) / 2, slopes, by_s, by_metric

    def _part(
        self,
        sums: SiteSums,
        hkl: FloatArray,
        s_squared: FloatArray,
        metric: FloatArray,
        values: Mapping[str, float],
        wanted: set[str],
    ) -> tuple[float, ComplexArray, ComplexArray, ComplexArray, dict[str, ComplexArray], ComplexArray | None]:
        """Occupancy, weight and its slope by s², phase sums and their slopes of one site."""
        base = f"site.{sums.site.label}"
        own = {name: values[key] for name in sums.names() if (key := f"{base}.{name}") in values}
        u_iso = 0.0 if sums.site.u_aniso is not None else values.get(f"{base}.u_iso", sums.site.u_iso or 0.0)
        damping = np.exp(-_B_OVER_U * u_iso * s_squared)
        amplitude, slope = self._amplitude(sums, s_squared)
        weight = amplitude * damping
        moving = frozenset(name for name in sums.names() if f"{base}.{name}" in wanted)
        total, slopes, by_metric = sums.evaluate(hkl, own, metric, moving)
        occupancy = values.get(f"{base}.occupancy", sums.site.occupancy)
        return occupancy, weight, slope * damping - _B_OVER_U * u_iso * weight, total, slopes, by_metric

    def _amplitude(self, sums: SiteSums, s_squared: FloatArray) -> tuple[ComplexArray, FloatArray]:
        species = species_of(sums.site)
        amplitude = scattering_amplitude(species, s_squared, self.radiation, self.use_dispersion)
        slope = np.zeros_like(s_squared)
        if self.radiation.kind == "xray":
            slope = xray_form_factor_slope(species.element, species.charge, s_squared)
        return np.broadcast_to(np.asarray(amplitude, dtype=complex), s_squared.shape), slope
