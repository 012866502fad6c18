r"""Indices of planes and directions: three for any cell, four (Miller–Bravais, Weber) for a hexagonal one.

Plane (hkil) with i = −(h + k) is (hkl). Direction [UVTW] with T = −(U + V) is [uvw] with
:math:`u = 2U + V,\; v = U + 2V,\; w = W`, divided by the greatest common divisor
(L. Weber, Z. Kristallogr. 57 (1922) 200; F. C. Frank, Acta Cryst. 18 (1965) 862).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import gcd

import numpy as np

from ..errors import GeometryError
from ..lattice import Lattice

__all__ = [
    "Indices",
    "coprime",
    "direction_indices",
    "hkil_from_hkl",
    "parse_indices",
    "plane_indices",
    "uvtw_from_uvw",
    "written",
]

Indices = tuple[int, int, int]

_HEXAGONAL_TOLERANCE = 1e-3


def parse_indices(text: str) -> tuple[int, ...]:
    """Three or four whole numbers from text such as ``"1,0,0"``, ``"(0 1 -1 2)"`` or ``"[100]"``.

    Raises
    ------
    GeometryError
        Anything else.
    """
    inside = text.strip().strip("()[]{}<>").strip()
    parts = re.split(r"[\s,;]+", inside) if re.search(r"[\s,;]", inside) else re.findall(r"-?\d", inside)
    if len(parts) not in (3, 4) or not all(re.fullmatch(r"[-+]?\d+", part) for part in parts):
        raise GeometryError(
            f"{text!r} is not a set of three or four indices;", remedy="write whole numbers with commas, as in 1,0,0."
        )
    if not re.search(r"[\s,;]", inside) and "".join(parts) != inside:
        raise GeometryError(f"{text!r} is not a set of indices;", remedy="put commas between the indices.")
    return tuple(int(part) for part in parts)


def _whole(indices: Sequence[int], what: str) -> tuple[int, ...]:
    values = np.asarray(indices, dtype=float)
    if values.shape not in ((3,), (4,)) or not np.all(values == np.rint(values)):
        raise GeometryError(f"{what} {tuple(indices)} doesn't have three or four whole indices;",
                            remedy="give hkl or hkil for a plane, uvw or UVTW for a direction.")  # fmt: skip
    if not values.any():
        raise GeometryError(f"{what} {_bracketed(indices, what)} has no orientation, all its indices are zero;",
                            remedy="give at least one index that isn't zero.")  # fmt: skip
    return tuple(int(value) for value in values)


def _bracketed(indices: Sequence[int], what: str) -> str:
    inside = " ".join(str(int(index)) for index in indices)
    return f"({inside})" if what == "plane" else f"[{inside}]"


def plane_indices(indices: Sequence[int], lattice: Lattice | None = None) -> Indices:
    """Miller indices hkl of a plane given as hkl or hkil.

    Parameters
    ----------
    indices : sequence of int
        Three indices, or four for a hexagonal cell.
    lattice : Lattice, optional
        When given, four indices are refused unless it is hexagonal (a = b, α = β = 90°, γ = 120°).

    Raises
    ------
    GeometryError
        (0 0 0), h + k + i ≠ 0, or four indices for a cell that isn't hexagonal.
    """
    given = _whole(indices, "plane")
    if len(given) == 4:
        _check_four(given, "plane", "h + k + i", lattice)
        return given[0], given[1], given[3]
    return given[0], given[1], given[2]


def direction_indices(indices: Sequence[int], lattice: Lattice | None = None) -> Indices:
    """Indices uvw of a direction given as uvw or UVTW; the latter come out coprime.

    Raises
    ------
    GeometryError
        [0 0 0], U + V + T ≠ 0, or four indices for a cell that isn't hexagonal.
    """
    given = _whole(indices, "direction")
    if len(given) == 4:
        _check_four(given, "direction", "U + V + T", lattice)
        u, v, _, w = given
        return coprime((2 * u + v, u + 2 * v, w))
    return given[0], given[1], given[2]


def _check_four(given: tuple[int, ...], what: str, sum_name: str, lattice: Lattice | None) -> None:
    total = sum(given[:3])
    if total:
        raise GeometryError(f"{what} {_bracketed(given, what)} has {sum_name} = {total};",
                            remedy=f"the third of four indices is minus the sum of the first two: {-given[0] - given[1]}.")  # fmt: skip
    if lattice is not None and not _is_hexagonal(lattice):
        raise GeometryError(f"{what} {_bracketed(given, what)} has four indices but the cell ({lattice}) isn't hexagonal;",
                            remedy="give three indices.")  # fmt: skip


def _is_hexagonal(lattice: Lattice) -> bool:
    a, b, _, *angles = lattice.parameters
    tolerance = _HEXAGONAL_TOLERANCE
    return bool(abs(a - b) <= tolerance * a and np.allclose(angles, [90, 90, 120], atol=100 * tolerance, rtol=0))


def hkil_from_hkl(hkl: Sequence[int]) -> tuple[int, int, int, int]:
    """Four indices of a plane (hexagonal cell)."""
    h, k, l = plane_indices(hkl)
    return h, k, -h - k, l


def uvtw_from_uvw(uvw: Sequence[int]) -> tuple[int, int, int, int]:
    """Four indices of a direction (hexagonal cell), coprime."""
    u, v, w = direction_indices(uvw)
    four = (2 * u - v, 2 * v - u, -u - v, 3 * w)
    divisor = gcd(*four)
    return four[0] // divisor, four[1] // divisor, four[2] // divisor, four[3] // divisor


def coprime(indices: Sequence[int]) -> Indices:
    """Indices divided by their greatest common divisor."""
    divisor = gcd(*(int(index) for index in indices)) or 1
    first, second, third = (int(index) // divisor for index in indices)
    return first, second, third


def written(indices: Sequence[int]) -> str:
    """Indices as they are written: ``"110"``, with spaces where one is negative or has two digits: ``"1 -1 0"``."""
    numbers = [int(index) for index in indices]
    return ("" if all(0 <= number < 10 for number in numbers) else " ").join(str(number) for number in numbers)
