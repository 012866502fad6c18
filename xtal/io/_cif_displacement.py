r"""Displacement parameters of a CIF as U (Å²).

:math:`U = B/8\pi^2`, :math:`U_{ij} = B_{ij}/8\pi^2`, and for the dimensionless β of
:math:`\exp(-\sum \beta_{ij} h_i h_j)`, :math:`U_{ij} = \beta_{ij} / (2\pi^2 a^*_i a^*_j)`
(R. W. Grosse-Kunstleve & P. D. Adams, J. Appl. Cryst. 35 (2002) 477).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import gemmi
import numpy as np

from ..displacement import Tensor
from ..errors import CifError
from ..lattice import Lattice
from ._cif_values import columns, number

Columns = dict[str, list[str]]

_EIGHT_PI_SQUARED = 8.0 * np.pi**2
_INDICES = ("11", "22", "33", "12", "13", "23")
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def isotropic_parameter(table: Columns, row: int, where: str) -> float | None:
    """U_iso from the U or the B column of the atom list; None when neither has a value."""
    for tag, factor in (("_atom_site_u_iso_or_equiv", 1.0), ("_atom_site_b_iso_or_equiv", _EIGHT_PI_SQUARED)):
        if tag in table:
            value = number(table[tag][row], where, tag)
            if value is not None:
                return value / factor
    return None


def anisotropic_parameters(
    block: gemmi.cif.Block, table: Columns, rows: Sequence[int], labels: Sequence[str], lattice: Lattice, where: str
) -> list[Tensor | None]:
    """U11, U22, U33, U12, U13, U23 of the atoms in `rows` of the atom list, whose labels are `labels`.

    From U, B or β columns of the list of tensors or of the atom list itself. Atoms that share a label take the tensors
    of that label in the order of the file.
    """
    own = columns(block, "_atom_site_aniso_label")
    waiting: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(own.get("_atom_site_aniso_label", [])):
        waiting[label].append(row)
    tensors = []
    for row, label in zip(rows, labels, strict=True):
        source, index = (own, waiting[label].pop(0)) if waiting[label] else (table, row)
        tensors.append(_tensor(source, index, lattice, f"{where}, site {label}"))
    return tensors


def _tensor(table: Columns, row: int, lattice: Lattice, where: str) -> Tensor | None:
    for stem in ("u", "b", "beta"):
        tags = [f"_atom_site_aniso_{stem}_{index}" for index in _INDICES]
        values = [number(table[tag][row], where, tag) for tag in tags if tag in table]
        given = [value for value in values if value is not None]
        if len(given) == 6:
            u11, u22, u33, u12, u13, u23 = (v / f for v, f in zip(given, _divisors(stem, lattice), strict=True))
            return (u11, u22, u33, u12, u13, u23)
        if given:
            raise CifError(f"{len(given)} of the six {tags[0][:-2]}ij are given;", where=where,
                           remedy="give all six, or none.")  # fmt: skip
    return None


def _divisors(stem: str, lattice: Lattice) -> list[float]:
    if stem != "beta":
        return [{"u": 1.0, "b": _EIGHT_PI_SQUARED}[stem]] * 6
    star = np.sqrt(np.diag(lattice.reciprocal_metric_tensor))
    return [float(2.0 * np.pi**2 * star[i] * star[j]) for i, j in _PAIRS]
