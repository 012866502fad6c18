r"""|F|² of a phase, averaged over Friedel mates, with derivatives by everything of the structure that can be free.

:math:`F_\pm(h) = \sum_j o_j f_j(s)\, e^{-8\pi^2 U_j s^2}\, S_j(\pm h)` with s = 1/2d; the phase sums S are kept while the coordinates are held.
All sites are taken at once: arrays over (sites, reflections).
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

_Sums = tuple[ComplexArray, tuple[list[str], list[int], ComplexArray], dict[int, ComplexArray]]

_B_OVER_U = 8 * np.pi**2
_NOTHING: _Sums = (np.zeros((0, 0), dtype=complex), ([], [], np.zeros((0, 0), dtype=complex)), {})


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
        scatterers = [species_of(site) for site in structure.sites]
        self._species = list(dict.fromkeys(scatterers))
        self._of_species = np.array([self._species.index(one) for one in scatterers], dtype=np.int64)
        bases = [f"site.{site.label}." for site in structure.sites]
        self._moving = [base + name for base, sums in zip(bases, self.sites, strict=True) for name in sums.names()]
        self._occupancies = [
            (base + "occupancy", site.occupancy) for base, site in zip(bases, structure.sites, strict=True)
        ]
        # an anisotropic site's displacements are part of its phase sums
        self._u_isos = [
            ("" if site.u_aniso is not None else base + "u_iso", 0.0 if site.u_aniso is not None else site.u_iso or 0.0)
            for base, site in zip(bases, structure.sites, strict=True)
        ]
        self._bases = bases
        self._has_tensors = any(site.u_aniso is not None for site in structure.sites)
        self._of: FloatArray | None = None
        self._key: tuple[object, ...] = ()
        self._sums: _Sums = _NOTHING

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
        occupancy = np.array([values.get(*one) for one in self._occupancies])[:, None]
        u_iso = np.array([values.get(*one) for one in self._u_isos])[:, None]
        amplitude, amplitude_slope = self._amplitudes(s_squared)
        damping = np.exp(-_B_OVER_U * u_iso * s_squared)
        weight = amplitude * damping
        sums, (moved, moved_sites, changes), pulled = self._phase_sums(hkl, metric, values, wanted)
        scattering = occupancy * weight
        mirrored = sums.conj()
        plus, minus = (scattering * sums).sum(axis=0), (scattering * mirrored).sum(axis=0)
        # a change w of a site's weight changes |F|² by Re(w · lever)
        lever = plus.conj() * sums + minus.conj() * mirrored
        by_weight = amplitude_slope * damping - _B_OVER_U * u_iso * weight
        by_s = (occupancy * by_weight * lever).real.sum(axis=0)

        def shifted(rows: int | list[int], change: ComplexArray) -> FloatArray:
            """Slopes where the phase sums of sites change."""
            along = plus.conj() * change + minus.conj() * change.conj()
            return np.asarray((scattering[rows] * along).real)

        slopes = dict(zip(moved, shifted(moved_sites, changes), strict=True)) if moved else {}
        for row, base in enumerate(self._bases):
            if base + "occupancy" in wanted:
                slopes[base + "occupancy"] = (weight[row] * lever[row]).real
            if self._u_isos[row][0] in wanted:
                slopes[base + "u_iso"] = -_B_OVER_U * s_squared * (scattering[row] * lever[row]).real
        by_metric = np.zeros((3, len(hkl)))
        for row, pull in pulled.items():
            by_metric += shifted(row, pull)
        return (np.abs(plus) ** 2 + np.abs(minus) ** 2) / 2, slopes, by_s, by_metric

    def _phase_sums(self, hkl: FloatArray, metric: FloatArray, values: Mapping[str, float], wanted: set[str]) -> _Sums:
        """Phase sums of all sites, (sites, n); names of what moves, sites and slopes, (k, n); slopes by the metric. Kept while nothing moves."""
        moving = [name for name in self._moving if name in wanted]
        where = tuple(values.get(name) for name in self._moving)
        key = (*where, *moving, metric.tobytes() if self._has_tensors else b"")
        if self._of is hkl and key == self._key:
            return self._sums
        rows, pulled = [], {}
        moved: dict[str, tuple[int, ComplexArray]] = {}
        for number, (base, sums) in enumerate(zip(self._bases, self.sites, strict=True)):
            own = {name: values[base + name] for name in sums.names() if base + name in values}
            free = frozenset(name for name in sums.names() if base + name in wanted)
            total, slopes, by_metric = sums.evaluate(hkl, own, metric, free)
            rows.append(total)
            moved |= {base + name: (number, slope) for name, slope in slopes.items()}
            if by_metric is not None:
                pulled[number] = by_metric
        changes = np.array([slope for _, slope in moved.values()]).reshape(len(moved), len(hkl))
        found = list(moved), [number for number, _ in moved.values()], changes
        self._of, self._key, self._sums = hkl, key, (np.array(rows), found, pulled)
        return self._sums

    def _amplitudes(self, s_squared: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """Scattering of every site's species and its slope by s², (sites, n)."""
        amplitude = np.empty((len(self._species), len(s_squared)), dtype=complex)
        slope = np.zeros((len(self._species), len(s_squared)))
        for row, species in enumerate(self._species):
            amplitude[row] = scattering_amplitude(species, s_squared, self.radiation, self.use_dispersion)
            if self.radiation.kind == "xray":
                slope[row] = xray_form_factor_slope(species.element, species.charge, s_squared)
        return amplitude[self._of_species], slope[self._of_species]
