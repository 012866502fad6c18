r"""Phase sums of one site over its orbit, with derivatives by its coordinates and, for an anisotropic site, by its tensor and the metric.

:math:`S(h) = \sum_m T_m(h)\, e^{2\pi i\, h \cdot (R_m x + t_m)}`; T is 1 for an isotropic site, whose displacement factor doesn't depend on m.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..diffraction.structure_factors import distinct_images
from ..displacement import tensor_matrix
from ..displacement_freedom import U_NAMES, free_tensors
from ..structure import Site, Structure

__all__ = ["SiteSums"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Sums = tuple[ComplexArray, dict[str, ComplexArray], ComplexArray | None]


class SiteSums:
    """The orbit of a site and the directions in which symmetry lets it move and vibrate.

    Parameters
    ----------
    site : Site
        Its coordinates at the start decide the site symmetry.
    structure : Structure
        Symmetry and cell.
    """

    def __init__(self, site: Site, structure: Structure) -> None:
        self.site, group = site, structure.space_group
        operations = distinct_images(group, site.xyz)[1]
        self.rotations = group.rotations[operations].astype(float)
        self.translations = group.translations[operations]
        self.directions = {
            "xyz"[int(np.flatnonzero(np.abs(row) > 1e-9)[0])]: row for row in group.free_coordinates(site.xyz)
        }
        self.tensors = free_tensors(structure, site) if site.u_aniso is not None else {}
        self._hkl: FloatArray | None = None
        self._turned, self._lattice_phases = np.empty((0, 0, 3)), np.empty((0, 0))
        self._key: bytes = b""
        self._sums: Sums | None = None

    @property
    def multiplicity(self) -> int:
        """Atoms in the cell at full occupancy."""
        return len(self.translations)

    def names(self) -> list[str]:
        """Parameters of coordinates and of the tensor."""
        return [*self.directions, *self.tensors]

    def position(self, values: Mapping[str, float]) -> FloatArray:
        """Coordinates when the leading ones have their `values`."""
        xyz = np.array(self.site.xyz, dtype=float)
        for letter, direction in self.directions.items():
            start = self.site.xyz["xyz".index(letter)]
            xyz = xyz + (values.get(letter, start) - start) * direction
        return xyz

    def tensor(self, values: Mapping[str, float]) -> FloatArray:
        """U11, U22, U33, U12, U13, U23 (Å²) when the leading ones have their `values`; nothing for an isotropic site."""
        if self.site.u_aniso is None:
            return np.zeros(0)
        tensor = np.array(self.site.u_aniso, dtype=float)
        for name, direction in self.tensors.items():
            start = self.site.u_aniso[U_NAMES.index(name)]
            tensor = tensor + (values.get(name, start) - start) * direction
        return tensor

    def evaluate(
        self, hkl: FloatArray, values: Mapping[str, float], metric: FloatArray, wanted: frozenset[str]
    ) -> Sums:
        """Sums of reflections (n, 3), (n,); their slopes by the `wanted` parameters; for an anisotropic site those by the
        diagonal of the reciprocal `metric`, (3, n). The last answer is kept while nothing moves.
        """
        if self._hkl is not hkl:
            self._hkl, self._key = hkl, b""
            self._turned = np.tensordot(hkl, self.rotations, axes=(1, 1))
            self._lattice_phases = hkl @ self.translations.T
        xyz, tensor = self.position(values), self.tensor(values)
        parts = [",".join(sorted(wanted)).encode(), xyz.tobytes(), tensor.tobytes()]
        key = b"|".join([*parts, metric.tobytes()] if tensor.size else parts)
        if self._sums is None or key != self._key:
            self._key, self._sums = key, self._evaluate(xyz, tensor, metric, wanted)
        return self._sums

    def _evaluate(self, xyz: FloatArray, tensor: FloatArray, metric: FloatArray, wanted: frozenset[str]) -> Sums:
        turned = self._turned
        waves = np.exp(2j * np.pi * (turned @ xyz + self._lattice_phases))
        by_metric, slopes = None, {}
        if tensor.size:
            lengths = np.sqrt(np.diag(metric))
            scaled = turned * lengths
            pulled = scaled @ tensor_matrix(tensor)
            waves = waves * np.exp(-2 * np.pi**2 * (pulled * scaled).sum(axis=2))
            # hβh depends on G*kk through (h_k √G*kk), once on either side
            by_metric = -2 * np.pi**2 * np.einsum("nm,nmk->kn", waves, pulled * turned) / lengths[:, None]
            for name in wanted & self.tensors.keys():
                along = (scaled @ tensor_matrix(self.tensors[name]) * scaled).sum(axis=2)
                slopes[name] = -2 * np.pi**2 * (along * waves).sum(axis=1)
        for letter in wanted & self.directions.keys():
            slopes[letter] = (2j * np.pi * (turned @ self.directions[letter]) * waves).sum(axis=1)
        return waves.sum(axis=1), slopes, by_metric
