r"""Phase sums of one site over its orbit, with derivatives by its coordinates and, for an anisotropic site, by the metric.

:math:`S(h) = \sum_m T_m(h)\, e^{2\pi i\, h \cdot (R_m x + t_m)}`; T is 1 for an isotropic site, whose displacement factor doesn't depend on m.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..diffraction.structure_factors import distinct_images
from ..displacement import tensor_matrix
from ..structure import Site
from ..symmetry import SpaceGroup

__all__ = ["SiteSums"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


class SiteSums:
    """The orbit of a site and the directions in which symmetry lets it move.

    Parameters
    ----------
    site : Site
        Its coordinates at the start decide the site symmetry.
    group : SpaceGroup
        Symmetry.
    """

    def __init__(self, site: Site, group: SpaceGroup) -> None:
        self.site = site
        operations = distinct_images(group, site.xyz)[1]
        self.rotations = group.rotations[operations].astype(float)
        self.translations = group.translations[operations]
        self.directions = {
            "xyz"[int(np.flatnonzero(np.abs(row) > 1e-9)[0])]: row for row in group.free_coordinates(site.xyz)
        }
        self._key: bytes = b""
        self._sums: tuple[ComplexArray, dict[str, ComplexArray], ComplexArray | None] | None = None

    @property
    def multiplicity(self) -> int:
        """Atoms in the cell at full occupancy."""
        return len(self.translations)

    def position(self, moved: dict[str, float]) -> FloatArray:
        """Coordinates when the leading ones have the values `moved`."""
        xyz = np.array(self.site.xyz, dtype=float)
        for letter, value in moved.items():
            xyz = xyz + (value - self.site.xyz["xyz".index(letter)]) * self.directions[letter]
        return xyz

    def evaluate(
        self, hkl: FloatArray, moved: dict[str, float], metric: FloatArray, with_slopes: bool
    ) -> tuple[ComplexArray, dict[str, ComplexArray], ComplexArray | None]:
        """Sums of reflections (n, 3), (n,); their slopes by each leading coordinate; for an anisotropic site those by the
        diagonal of the reciprocal `metric`, (3, n). The last answer is kept while nothing moves.
        """
        xyz = self.position(moved)
        parts = [xyz.tobytes(), hkl.tobytes(), bytes([with_slopes])]
        key = b"".join([*parts, metric.tobytes()] if self.site.u_aniso is not None else parts)
        if self._sums is None or key != self._key:
            self._key, self._sums = key, self._evaluate(hkl, xyz, metric, with_slopes)
        return self._sums

    def _evaluate(
        self, hkl: FloatArray, xyz: FloatArray, metric: FloatArray, with_slopes: bool
    ) -> tuple[ComplexArray, dict[str, ComplexArray], ComplexArray | None]:
        turned = np.tensordot(hkl, self.rotations, axes=(1, 1))
        waves = np.exp(2j * np.pi * (turned @ xyz + hkl @ self.translations.T))
        by_metric = None
        if self.site.u_aniso is not None:
            damping, slopes = self._damping(turned, metric)
            waves = waves * damping
            by_metric = np.asarray((waves * slopes).sum(axis=2))
        slopes_by = {}
        if with_slopes:
            for letter, direction in self.directions.items():
                slopes_by[letter] = (2j * np.pi * (turned @ direction) * waves).sum(axis=1)
        return waves.sum(axis=1), slopes_by, by_metric

    def _damping(self, turned: FloatArray, metric: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Displacement factors (n, m) of the images and their logarithmic slopes by G*11, G*22, G*33, (3, n, m)."""
        assert self.site.u_aniso is not None
        lengths = np.sqrt(np.diag(metric))
        scaled = turned * lengths
        pulled = scaled @ tensor_matrix(self.site.u_aniso)
        exponent = -2 * np.pi**2 * (pulled * scaled).sum(axis=2)
        # hβh depends on G*kk through (h_k √G*kk), once on either side
        slopes = -2 * np.pi**2 * np.moveaxis(pulled * turned, 2, 0) / lengths[:, None, None]
        return np.exp(exponent), slopes
