"""Simple crystals and an exhaustive search, for tests of interfaces."""

from __future__ import annotations

from itertools import product

import numpy as np

from xtal.interface.match import Match
from xtal.interface.surface import Surface
from xtal.lattice import Lattice
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup


def crystal(symbol: str, *cell: float, element: str = "Si", xyz=(0.0, 0.0, 0.0), name: str | None = None) -> Structure:
    """One kind of atom in a cell; three or one lengths, with or without angles."""
    lengths = cell if len(cell) > 1 else cell * 3
    lattice = Lattice(*lengths)
    return Structure(
        name or f"{element}-{symbol}", lattice, SpaceGroup.from_symbol(symbol), (Site("A1", element, xyz),)
    )


def rock_salt(a: float, cation: str, anion: str) -> Structure:
    return Structure(
        f"{cation}{anion}",
        Lattice.cubic(a),
        SpaceGroup.from_symbol("F m -3 m"),
        (Site(cation, cation, (0, 0, 0)), Site(anion, anion, (0.5, 0.5, 0.5))),
    )


def integer_matrices(largest_entry: int, largest_determinant: int) -> np.ndarray:
    """Every integer (2, 2) matrix with entries and determinant up to the limits, by counting."""
    span = np.arange(-largest_entry, largest_entry + 1)
    grid = np.stack(np.meshgrid(span, span, span, span, indexing="ij"), -1).reshape(-1, 2, 2)
    determinant = grid[:, 0, 0] * grid[:, 1, 1] - grid[:, 0, 1] * grid[:, 1, 0]
    return grid[(determinant != 0) & (np.abs(determinant) <= largest_determinant)]


def hermite_by_hand(matrix: np.ndarray) -> np.ndarray:
    """Unimodular matrix U such that U M is the Hermite normal form, by plain Euclid on one matrix."""
    rows = [[*list(map(int, matrix[0])), 1, 0], [*list(map(int, matrix[1])), 0, 1]]
    while rows[1][0]:
        factor = rows[0][0] // rows[1][0]
        rows = [rows[1], [x - factor * y for x, y in zip(rows[0], rows[1], strict=True)]]
    rows = [[-v for v in row] if row[i] < 0 else row for i, row in enumerate(rows)]
    factor = rows[0][1] // rows[1][1]
    rows[0] = [x - factor * y for x, y in zip(rows[0], rows[1], strict=True)]
    return np.array([row[2:] for row in rows])


def interface_key(film_matrix, substrate_matrix, film: Surface, substrate: Surface):
    """The same for all descriptions of one interface: least image under every pair of symmetry operations."""
    keys = []
    f, s = film.symmetry, substrate.symmetry
    for i, j in product(range(len(f.matrices)), range(len(s.matrices))):
        if not s.keeps_normal[j] or f.proper[i] != s.proper[j]:
            continue
        turned = np.array(film_matrix) @ f.matrices[i]
        u = hermite_by_hand(turned)
        keys.append(
            (*(u @ turned).ravel().tolist(), *(u @ np.array(substrate_matrix) @ s.matrices[j]).ravel().tolist())
        )
    return min(keys)


def match_key(match: Match):
    return interface_key(match.film_matrix, match.substrate_matrix, match.film, match.substrate)


def every_coincidence(film: Surface, substrate: Surface, max_area: float, max_strain: float, largest_entry: int):
    """Keys of all coincidences, by trying every pair of integer matrices with entries up to a limit.

    The film's cell runs over Hermite normal forms made Gauss-reduced by trying; the substrate's over all matrices.
    """
    films = integer_matrices(largest_entry, int(max_area / film.area + 1e-9))
    seen, unique = set(), []
    for matrix in sorted(films.tolist(), key=lambda m: float(np.linalg.norm(np.array(m) @ film.planar_basis))):
        form = tuple((hermite_by_hand(np.array(matrix)) @ np.array(matrix)).ravel().tolist())
        if form not in seen:
            seen.add(form)
            unique.append(matrix)
    substrates = integer_matrices(largest_entry, int(max_area / substrate.area + 1e-9))
    cells = substrates @ substrate.planar_basis
    keys = set()
    for matrix in unique:
        deformation = np.linalg.inv(np.array(matrix) @ film.planar_basis) @ cells
        stretch = np.linalg.svd(deformation, compute_uv=False)
        for good in substrates[np.all(np.abs(stretch - 1) <= max_strain + 1e-9, axis=1)]:
            keys.add(interface_key(matrix, good, film, substrate))
    return keys
