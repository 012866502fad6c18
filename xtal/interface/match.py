r"""A coincidence of two surfaces: one cell that is a sublattice of both, and what follows from it.

Rows are vectors. The film cell is :math:`A_f = M_f B_f`, the substrate cell :math:`A_s = M_s B_s`, both in the planar
frame of their own surface; :math:`F = A_f^{-1} A_s` brings the film onto the substrate, :math:`F = S R` with the
symmetric stretch S of the film and the rotation R. Principal strains are the eigenvalues of S minus 1: positive where
the film must be stretched. A film that is `flipped` shows its face (-h -k -l) to the substrate (det F < 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .elasticity import EV_PER_GPA_CUBIC_ANGSTROM, plane_stress_stiffness
from .integer_lattice import gauss_reduced, row_style_hermite
from .surface import Surface, format_plane

__all__ = ["Match", "pareto_front"]

FloatArray = NDArray[np.float64]
IntMatrix = tuple[tuple[int, int], tuple[int, int]]

_UNSTRAINED = 1e-9


@dataclass(frozen=True)
class Match:
    """A coincidence cell of two surfaces.

    Parameters
    ----------
    film, substrate : Surface
        The two surfaces.
    film_matrix, substrate_matrix : tuple of tuple of int
        Rows of the cell in the planar basis of each surface; from the search the film's are Gauss–Lagrange reduced and the
        substrate's right-handed.
    film_share : float
        Part of the misfit that the film takes, 0–1; 1 leaves the substrate as it is.
    film_stiffness : tuple of tuple of float or None
        Stiffness of the film, 6 x 6 in Voigt order, GPa, in the crystal's Cartesian frame.
    """

    film: Surface
    substrate: Surface
    film_matrix: IntMatrix
    substrate_matrix: IntMatrix
    film_share: float = 1.0
    film_stiffness: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.film_share <= 1.0:
            raise GeometryError(f"the film's share {self.film_share:g} of the misfit;", remedy="give 0 to 1.")
        if not _determinant(self.film_matrix) or not _determinant(self.substrate_matrix):
            raise GeometryError("the rows of a cell are parallel;", remedy="a cell needs two independent vectors.")

    @property
    def film_index(self) -> int:
        """Film cells (planar, primitive) in the coincidence cell."""
        return abs(_determinant(self.film_matrix))

    @property
    def substrate_index(self) -> int:
        """Substrate cells (planar, primitive) in the coincidence cell."""
        return abs(_determinant(self.substrate_matrix))

    @property
    def flipped(self) -> bool:
        """Whether the film shows its face (-h -k -l)."""
        return _determinant(self.film_matrix) * _determinant(self.substrate_matrix) < 0

    @property
    def multiplicity(self) -> int:
        """How many times this cell holds the smallest coincidence cell of the same orientation and strain."""
        columns = np.hstack([self.film_matrix, self.substrate_matrix]).tolist()
        minors = [columns[0][i] * columns[1][j] - columns[0][j] * columns[1][i] for i in range(4) for j in range(i)]
        return gcd(*minors)

    @cached_property
    def film_cell(self) -> FloatArray:
        """Cell vectors of the unstrained film in its planar frame, rows, Å."""
        return np.asarray(np.array(self.film_matrix) @ self.film.planar_basis)

    @cached_property
    def substrate_cell(self) -> FloatArray:
        """Cell vectors of the unstrained substrate in its planar frame, rows, Å."""
        return np.asarray(np.array(self.substrate_matrix) @ self.substrate.planar_basis)

    @property
    def area(self) -> float:
        """Area of the cell on the unstrained substrate, Å²."""
        return self.substrate_index * self.substrate.area

    @property
    def film_area(self) -> float:
        """Area of the cell on the unstrained film, Å²."""
        return self.film_index * self.film.area

    @cached_property
    def deformation(self) -> FloatArray:
        """F with v_substrate = v_film F, (2, 2)."""
        return np.asarray(np.linalg.solve(self.film_cell, self.substrate_cell))

    @cached_property
    def _stretch_parts(self) -> tuple[FloatArray, FloatArray]:
        """Principal stretches, rising, and their directions in the film's frame as columns."""
        squared, directions = np.linalg.eigh(self.deformation @ self.deformation.T)
        return np.sqrt(squared), directions

    def _stretch(self, power: float) -> FloatArray:
        values, directions = self._stretch_parts
        return np.asarray((directions * values**power) @ directions.T)

    @cached_property
    def rotation_matrix(self) -> FloatArray:
        """R with F = S R; a reflection when the film is flipped."""
        return np.asarray(np.linalg.solve(self._stretch(1.0), self.deformation))

    @property
    def rotation(self) -> float:
        """Angle from the substrate's first planar basis vector to the film's, degrees in (-180, 180]."""
        x, y = self.rotation_matrix[0]
        angle = float(np.degrees(np.arctan2(y, x)))
        return 180.0 if angle <= -180.0 + 1e-9 else angle

    @property
    def misfit(self) -> FloatArray:
        """Symmetric strain S - 1 that would bring the whole film onto the substrate, (2, 2), in the film's frame."""
        return np.asarray(self._stretch(1.0) - np.eye(2))

    @property
    def principal_misfits(self) -> tuple[float, float]:
        """Eigenvalues of `misfit`, rising."""
        low, high = self._stretch_parts[0] - 1.0
        return float(low), float(high)

    @property
    def strain(self) -> float:
        """Largest absolute principal misfit."""
        return max(abs(value) for value in self.principal_misfits)

    @property
    def shear(self) -> float:
        """Difference of the principal misfits: the largest engineering shear strain."""
        low, high = self.principal_misfits
        return high - low

    @property
    def film_strain(self) -> FloatArray:
        """Strain of the film in its share of the misfit, (2, 2), in the film's frame."""
        return np.asarray(self._stretch(self.film_share) - np.eye(2))

    @property
    def substrate_strain(self) -> FloatArray:
        """Strain of the substrate in its share of the misfit, (2, 2), in the substrate's frame."""
        turned = self.rotation_matrix.T @ self._stretch(self.film_share - 1.0) @ self.rotation_matrix
        return np.asarray(turned - np.eye(2))

    @cached_property
    def cell(self) -> FloatArray:
        """Common cell after both have taken their share, rows in the substrate's frame, Å; equals the built slabs'."""
        return np.asarray(self.substrate_cell @ (np.eye(2) + self.substrate_strain))

    @property
    def atoms(self) -> float:
        """Atoms (occupancies counted) in the cell with one lattice-plane spacing of film and of substrate."""
        return self.film_index * self.film.atoms_per_cell + self.substrate_index * self.substrate.atoms_per_cell

    @cached_property
    def displacement_basis(self) -> FloatArray:
        """Reduced basis of all sums of film and substrate translations in the cell (DSC lattice), (2, 2), Å.

        Its vectors are the Burgers vectors of the interface's dislocations (W. Bollmann, Crystal Defects and
        Crystalline Interfaces, 1970).
        """
        n = self.film_index * self.substrate_index
        rows = np.vstack([_scaled_inverse(self.film_matrix, n), _scaled_inverse(self.substrate_matrix, n)])
        basis = np.array(row_style_hermite(rows.tolist()), dtype=np.int64)
        reduced = gauss_reduced(basis[None], self.substrate_cell @ self.substrate_cell.T)[0]
        return np.asarray(reduced @ self.substrate_cell / n)

    @property
    def dislocation_spacing(self) -> tuple[float | None, float | None]:
        """Spacing of misfit dislocations along each principal direction if the film relaxes, Å.

        b/|misfit| with the shortest vector b of `displacement_basis` (F. C. Frank, J. H. van der Merwe, Proc. R. Soc. A
        198 (1949) 205); None where there is no misfit.
        """
        burgers = float(np.linalg.norm(self.displacement_basis[0]))
        low, high = (None if abs(m) < _UNSTRAINED else burgers / abs(m) for m in self.principal_misfits)
        return low, high

    @property
    def moire_period(self) -> float | None:
        """Shortest period of the moiré of the unstrained lattices at this rotation, Å; None when they coincide.

        The two shortest reciprocal vectors of the finer lattice beat with the nearest reciprocal vectors of the other; the
        beats span the reciprocal lattice of the moiré.
        """
        film = np.linalg.inv(self.film.planar_basis @ self.rotation_matrix).T
        substrate = np.linalg.inv(self.substrate.planar_basis).T
        fine, coarse = (film, substrate) if self.film.area < self.substrate.area else (substrate, film)
        return _moire_period(fine - np.rint(fine @ np.linalg.inv(coarse)) @ coarse)

    @property
    def elastic_energy(self) -> float | None:
        """Elastic energy of the film per atom, meV; None without a stiffness.

        ½ ε·C·ε with the film's strain and the stiffness in plane stress: the film relaxes along its normal.
        """
        if self.film_stiffness is None:
            return None
        stiffness = plane_stress_stiffness(np.array(self.film_stiffness), self.film.cartesian_axes)
        e = self.film_strain
        vector = np.array([e[0, 0], e[1, 1], 2 * e[0, 1]])
        per_volume = 0.5 * float(vector @ stiffness @ vector) * EV_PER_GPA_CUBIC_ANGSTROM
        return 1000.0 * per_volume * self.film.area * self.film.d_spacing / self.film.atoms_per_cell

    @property
    def orientation(self) -> str:
        """Plane ∥ plane, and the first cell vectors as directions: ``(100)[010] ∥ (001)[100]``."""
        hkl = tuple(-index for index in self.film.hkl) if self.flipped else self.film.hkl
        film, substrate = self.directions()[0]
        return f"{format_plane(hkl)}[{film}] ∥ {format_plane(self.substrate.hkl)}[{substrate}]"

    def directions(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The two cell vectors as [uvw] of the film and of the substrate."""
        from .surface import format_direction

        film = np.array(self.film_matrix) @ self.film.basis_uvw
        substrate = np.array(self.substrate_matrix) @ self.substrate.basis_uvw
        first, second = ((format_direction(f), format_direction(s)) for f, s in zip(film, substrate, strict=True))
        return first, second

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, as ``xtal mismatch --json`` prints them; the reference page lists the keys."""
        return {
            "film": {"name": self.film.structure.name, "hkl": list(self.film.hkl)},
            "substrate": {"name": self.substrate.structure.name, "hkl": list(self.substrate.hkl)},
            "film_matrix": [list(row) for row in self.film_matrix],
            "substrate_matrix": [list(row) for row in self.substrate_matrix],
            "area": self.area,
            "film_area": self.film_area,
            "strain": self.strain,
            "principal_misfits": list(self.principal_misfits),
            "shear": self.shear,
            "film_strain": self.film_strain.tolist(),
            "substrate_strain": self.substrate_strain.tolist(),
            "rotation": self.rotation,
            "flipped": self.flipped,
            "multiplicity": self.multiplicity,
            "atoms": self.atoms,
            "dislocation_spacing": list(self.dislocation_spacing),
            "moire_period": self.moire_period,
            "elastic_energy_mev_per_atom": self.elastic_energy,
            "orientation": self.orientation,
        }

    def __str__(self) -> str:
        return (
            f"{self.film} on {self.substrate}: {self.area:.2f} Å², strain {100 * self.strain:.3f} %, {self.orientation}"
        )

    def _repr_html_(self) -> str:
        """Table for notebooks."""
        from ..notebook import match_html

        return match_html(self)


def _determinant(matrix: Sequence[Sequence[int]]) -> int:
    return matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]


def _scaled_inverse(matrix: IntMatrix, scale: int) -> NDArray[np.int64]:
    """`scale` times the inverse, exactly; the determinant divides `scale`."""
    (a, b), (c, d) = matrix
    return np.array([[d, -b], [-c, a]], dtype=np.int64) * (scale // _determinant(matrix))


def _moire_period(beats: FloatArray) -> float | None:
    """Shortest vector of the lattice whose reciprocal basis are the beats; of fringes when they are parallel."""
    longest = float(np.linalg.norm(beats, axis=1).max())
    if longest < _UNSTRAINED:
        return None
    if abs(np.linalg.det(beats)) < 1e-6 * longest**2:
        return 1.0 / longest
    vectors = np.linalg.inv(beats).T
    shortest = gauss_reduced(np.eye(2, dtype=np.int64)[None], vectors @ vectors.T)[0, 0]
    return float(np.linalg.norm(shortest @ vectors))


def pareto_front(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Matches that no other one beats in area and strain at once, by rising area and falling strain."""
    front: list[Match] = []
    for match in sorted(matches, key=lambda m: (round(m.area, 6), round(m.strain, 9), abs(round(m.rotation, 6)))):
        if not front or match.strain < front[-1].strain - _UNSTRAINED:
            front.append(match)
    return tuple(front)
