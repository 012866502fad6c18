"""Space groups as lists of operations, in any setting, and what follows from them.

The operations are authoritative; the symbols are names for them. gemmi holds the tables of settings
(International Tables for Crystallography, vol. A); no table is repeated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import CifError
from .lattice import Lattice

if TYPE_CHECKING:
    import gemmi

__all__ = ["CRYSTAL_SYSTEMS", "SpaceGroup", "leading_rows"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CRYSTAL_SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")
_SAME_POINT = 1e-3
_ZERO = 1e-9
_LENGTHS_AND_ANGLES = ("a", "b", "c", "alpha", "beta", "gamma")


@dataclass(frozen=True)
class SpaceGroup:
    """A space group in a setting.

    Parameters
    ----------
    hm : str
        Extended Hermann–Mauguin symbol with setting (``"F d -3 m:2"``, ``"R -3 c:H"``); empty for an unnamed setting.
    hall : str
        Hall symbol; empty for an unnamed setting.
    number : int
        Number in International Tables A, 1–230; 0 when unknown.
    operations : tuple of str
        Every operation as a coordinate triplet (``"-y,x-y,z+1/3"``), centring included, identity first.

    Examples
    --------
    >>> SpaceGroup.from_symbol("P m -3 m").crystal_system
    'cubic'
    """

    hm: str
    hall: str
    number: int
    operations: tuple[str, ...]

    @classmethod
    def from_symbol(cls, symbol: str | int) -> SpaceGroup:
        """Space group by Hermann–Mauguin symbol, Hall symbol or number (standard setting, origin choice 2, hexagonal axes).

        A text that is a symbol in both notations ("P 6 2") is read as Hermann–Mauguin; `from_hall` reads the other.

        Raises
        ------
        CifError
            No such space group.
        """
        found = _gemmi_group(symbol)
        if found is not None:
            return cls.from_operations([op.triplet() for op in found.operations()])
        try:
            return cls.from_hall(str(symbol))
        except CifError:
            raise CifError(
                f"{symbol!r} is not a space group symbol or number;",
                remedy="write it as in International Tables, for example 'P m -3 m' or 'F d -3 m:2'.",
            ) from None

    @classmethod
    def from_hall(cls, symbol: str) -> SpaceGroup:
        """Space group by Hall symbol, tabulated or not (S. R. Hall, Acta Cryst. A 37 (1981) 517).

        Raises
        ------
        CifError
            The symbol can't be read.
        """
        import gemmi

        try:
            operations = gemmi.symops_from_hall(symbol.strip()) if symbol.strip() else None
        except (ValueError, RuntimeError):
            operations = None
        if operations is None:
            raise CifError(
                f"{symbol!r} is not a Hall symbol;", remedy="write it as in International Tables B, '-F 4 2 3'."
            )
        return cls.from_operations([op.triplet() for op in operations])

    @classmethod
    def from_operations(cls, operations: Sequence[str]) -> SpaceGroup:
        """Space group from coordinate triplets; the group is closed and named where its setting has a name.

        Raises
        ------
        CifError
            A triplet can't be read, or the triplets don't make a group.
        """
        import gemmi

        try:
            listed = dict.fromkeys(["x,y,z", *(gemmi.Op(text).wrap().triplet() for text in operations)])
            ops = gemmi.GroupOps([gemmi.Op(text) for text in listed])
            ops.add_missing_elements()
        except Exception as error:
            raise CifError(
                f"symmetry operations could not be read ({error});", remedy="write them as 'x,y,z' triplets."
            ) from error
        triplets = tuple(sorted({op.wrap().triplet() for op in ops}, key=lambda text: (text != "x,y,z", text)))
        group = gemmi.find_spacegroup_by_ops(ops)
        found = cls("", "", 0, triplets) if group is None else cls(group.xhm(), group.hall, group.number, triplets)
        if group is None and not found._is_closed():
            raise CifError(
                f"the {len(operations)} symmetry operations don't make a group;",
                remedy="two of them combine to one that isn't there: check their translations.",
            )
        return found

    def _is_closed(self) -> bool:
        """Whether every product of two operations is an operation of the list, translations modulo the lattice."""
        rotations = np.einsum("nij,mjk->nmik", self.rotations, self.rotations)
        shifts = np.einsum("nij,mj->nmi", self.rotations, self.translations) + self.translations[:, None]
        return bool(
            np.all(np.isin(_operation_keys(rotations, shifts), _operation_keys(self.rotations, self.translations)))
        )

    @property
    def gemmi_operations(self) -> gemmi.GroupOps:
        """The operations as gemmi's ``GroupOps``."""
        import gemmi

        return gemmi.GroupOps([gemmi.Op(text) for text in self.operations])

    @cached_property
    def rotations(self) -> IntArray:
        """Rotation parts acting on columns of fractional coordinates, (n, 3, 3)."""
        import gemmi

        return np.array([gemmi.Op(text).rot for text in self.operations], dtype=np.int64) // gemmi.Op.DEN

    @cached_property
    def translations(self) -> FloatArray:
        """Translation parts, (n, 3), fractions of the cell."""
        import gemmi

        return np.array([gemmi.Op(text).tran for text in self.operations], dtype=float) / gemmi.Op.DEN

    @cached_property
    def point_group_rotations(self) -> IntArray:
        """The distinct rotation parts, (m, 3, 3)."""
        return np.unique(self.rotations, axis=0)

    @cached_property
    def laue_rotations(self) -> IntArray:
        """Rotations of the Laue class (point group with the inversion added), (m, 3, 3)."""
        return np.unique(np.concatenate([self.rotations, -self.rotations]), axis=0)

    @property
    def is_centrosymmetric(self) -> bool:
        """Whether the point group holds the inversion."""
        return bool(np.any(np.all(self.rotations == -np.eye(3, dtype=int), axis=(1, 2))))

    @property
    def crystal_system(self) -> str:
        """One of `CRYSTAL_SYSTEMS`, from the orders of the rotations."""
        traces = np.unique([round(np.trace(r) * np.linalg.det(r)) for r in self.point_group_rotations])
        counts = [round(np.trace(r) * np.linalg.det(r)) for r in self.laue_rotations]
        threefold, twofold = counts.count(0) // 4, counts.count(-1) // 2
        if threefold == 4:
            return "cubic"
        if 2 in traces:
            return "hexagonal"
        if threefold:
            return "trigonal"
        if 1 in traces:
            return "tetragonal"
        return {0: "triclinic", 1: "monoclinic"}.get(twofold, "orthorhombic")

    def orbit(self, xyz: ArrayLike) -> FloatArray:
        """Distinct images of a point in the cell, (n, 3), each coordinate in [0, 1), the point itself first."""
        return self.orbit_with_operations(xyz)[0]

    def orbit_with_operations(self, xyz: ArrayLike) -> tuple[FloatArray, IntArray]:
        """Distinct images of a point as `orbit` gives them, and for each the index of the first operation that makes it."""
        images = np.einsum("nij,j->ni", self.rotations, np.asarray(xyz, dtype=float)) + self.translations
        difference = images[:, None] - images[None]
        same = np.all(np.abs(difference - np.round(difference)) < _SAME_POINT, axis=2)
        first = np.flatnonzero(np.argmax(same, axis=1) == np.arange(len(images)))
        return _wrapped(images[first]), first

    def multiplicity(self, xyz: ArrayLike) -> int:
        """Number of distinct images of a point in the cell."""
        return len(self.operations) // int(self.site_operations(xyz).sum())

    def site_operations(self, xyz: ArrayLike) -> NDArray[np.bool_]:
        """Which operations leave a point where it is, (n,) booleans."""
        point = np.asarray(xyz, dtype=float)
        shift = np.einsum("nij,j->ni", self.rotations, point) + self.translations - point
        return np.asarray(np.all(np.abs(shift - np.round(shift)) < _SAME_POINT, axis=1))

    def free_coordinates(self, xyz: ArrayLike) -> FloatArray:
        """Directions along which a point may move without leaving its site symmetry, (n_free, 3), fractional.

        The invariant space of the site's rotations, in reduced row echelon form: a site at (x, x, 1/4) gives [[1, 1, 0]].
        """
        rotations = self.rotations[self.site_operations(xyz)]
        return _row_echelon(rotations.mean(axis=0).T)

    def free_cell_parameters(self) -> tuple[str, ...]:
        """Names of the cell parameters that symmetry leaves independent, for the axes of this setting."""
        return tuple(name for index, name in enumerate(_LENGTHS_AND_ANGLES) if self._cell_leaders[index] == index)

    @property
    def cell_leaders(self) -> tuple[int, ...]:
        """For each of a, b, c, α, β, γ: its own index if free, the index it equals, or −1 if fixed by symmetry."""
        return self._cell_leaders

    def complete_cell(self, values: dict[str, float], start: Lattice) -> Lattice:
        """Lattice with independent parameters from `values` and the others from symmetry, else from `start`."""
        full = list(start.parameters)
        for index, name in enumerate(_LENGTHS_AND_ANGLES):
            leader = self._cell_leaders[index]
            if leader == index:
                full[index] = values.get(name, full[index])
            elif leader >= 0:
                full[index] = full[leader]
        return Lattice.from_parameters(full)

    def fits(self, lattice: Lattice, tolerance: float = 1e-3) -> bool:
        """Whether the metric of `lattice` is invariant under every rotation, relative to its size."""
        metric = lattice.metric_tensor
        turned = np.einsum("nki,kl,nlj->nij", self.rotations, metric, self.rotations)
        return bool(np.abs(turned - metric).max() <= tolerance * metric.max())

    @cached_property
    def _cell_leaders(self) -> tuple[int, ...]:
        """For each of a, b, c, α, β, γ: its own index if free, the index it equals, or −1 if fixed by symmetry."""
        return _cell_leaders(self.point_group_rotations)

    def __str__(self) -> str:
        return self.hm or f"unnamed setting ({len(self.operations)} operations)"


def leading_rows(rows: ArrayLike, names: Sequence[str]) -> dict[str, FloatArray]:
    """Reduced row echelon basis of a row space, each row by the name of the column that leads it.

    Parameters
    ----------
    rows : array_like, shape (n, m)
        Rows that span the space, for example the mean of a representation over a group.
    names : sequence of str, length m
        Names of the columns; earlier ones lead where they can.
    """
    rest = np.array(rows, dtype=float)
    found: dict[str, FloatArray] = {}
    for column, name in enumerate(names):
        pivot = int(np.argmax(np.abs(rest[:, column])))
        if abs(rest[pivot, column]) < _ZERO:
            continue
        leader = rest[pivot] / rest[pivot, column]
        rest = rest - np.outer(rest[:, column], leader)
        found = {other: row - row[column] * leader for other, row in found.items()}
        found[name] = leader
    return {name: np.where(np.abs(row) < _ZERO, 0.0, row) for name, row in found.items()}


def _gemmi_group(symbol: str | int) -> Any:
    import gemmi

    if isinstance(symbol, int):
        return gemmi.find_spacegroup_by_number(symbol) if 1 <= symbol <= 230 else None
    return gemmi.find_spacegroup_by_name(symbol.strip(), prefer="2H")


def _wrapped(points: FloatArray) -> FloatArray:
    """Coordinates in [0, 1), with values that round to 1 set to 0."""
    inside = np.mod(points, 1.0)
    inside[inside > 1.0 - 1e-9] = 0.0
    return inside


def _operation_keys(rotations: IntArray, translations: FloatArray) -> IntArray:
    """One integer per operation: nine rotation entries in base 3 and three translations in 24ths."""
    entries = (rotations.reshape(*rotations.shape[:-2], 9) + 1) @ 3 ** np.arange(9)
    shifts = np.round(translations * 24).astype(np.int64) % 24
    return np.asarray(entries * 24**3 + shifts @ np.array([576, 24, 1]), dtype=np.int64)


def _row_echelon(projector: FloatArray) -> FloatArray:
    """Reduced row echelon basis of the row space of a (3, 3) matrix."""
    rows = np.array(projector, dtype=float)
    rank = 0
    for column in range(3):
        pivots = np.abs(rows[rank:, column]) if rank < 3 else np.array([])
        if not pivots.size or pivots.max() < 1e-9:
            continue
        pivot = rank + int(np.argmax(pivots))
        rows[[rank, pivot]] = rows[[pivot, rank]]
        rows[rank] /= rows[rank, column]
        for other in range(3):
            if other != rank:
                rows[other] -= rows[other, column] * rows[rank]
        rank += 1
    return rows[:rank]


def _cell_leaders(rotations: IntArray) -> tuple[int, ...]:
    """Find equal and fixed cell parameters by averaging two generic metrics over the point group."""
    cells = [Lattice(3.1, 4.3, 5.7, 81.0, 97.0, 103.0), Lattice(6.1, 3.7, 4.9, 95.0, 84.0, 107.0)]
    averaged = []
    for cell in cells:
        turned = np.einsum("nki,kl,nlj->nij", rotations, cell.metric_tensor, rotations).mean(axis=0)
        averaged.append(np.array(Lattice.from_metric_tensor(turned).parameters))
    leaders = []
    for index in range(6):
        kind = range(3) if index < 3 else range(3, 6)
        same = [j for j in kind if all(np.isclose(values[j], values[index]) for values in averaged)]
        fixed = index >= 3 and np.isclose(averaged[0][index], averaged[1][index])
        leaders.append(-1 if fixed else same[0])
    return tuple(leaders)
