r"""Displacement parameters of a CIF as U (Å²).

:math:`U = B/8\pi^2`, :math:`U_{ij} = B_{ij}/8\pi^2`, and for the dimensionless β of
:math:`\exp(-\sum \beta_{ij} h_i h_j)`, :math:`U_{ij} = \beta_{ij} / (2\pi^2 a^*_i a^*_j)`
(R. W. Grosse-Kunstleve & P. D. Adams, J. Appl. Cryst. 35 (2002) 477).
"""

from __future__ import annotations

import gemmi
import numpy as np

from ..errors import CifError
from ..lattice import Lattice
from ._cif_values import columns, number

Tensor = tuple[float, float, float, float, float, float]

_EIGHT_PI_SQUARED = 8.0 * np.pi**2
_INDICES = ("11", "22", "33", "12", "13", "23")
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def isotropic_parameter(table: dict[str, list[str]], row: int, where: str) -> float | None:
    """U_iso from the U or the B column of the atom list; None when neither has a value."""
    for tag, factor in (("_atom_site_u_iso_or_equiv", 1.0), ("_atom_site_b_iso_or_equiv", _EIGHT_PI_SQUARED)):
        if tag in table:
            value = number(table[tag][row], where, tag)
            if value is not None:
                return value / factor
    return None


def anisotropic_parameters(block: gemmi.cif.Block, table: dict[str, list[str]], row: int, label: str,
                           lattice: Lattice, where: str) -> Tensor | None:  # fmt: skip
    """U11, U22, U33, U12, U13, U23 of the atom `label`, from U, B or β columns; None when there are none."""
    own = columns(block, "_atom_site_aniso_label")
    if own and label in own["_atom_site_aniso_label"]:
        table, row = own, own["_atom_site_aniso_label"].index(label)
    scales = np.diag(lattice.reciprocal_metric_tensor) ** 0.5
    beta = [2.0 * np.pi**2 * scales[i] * scales[j] for i, j in _PAIRS]
    for stem, factors in (("u", [1.0] * 6), ("b", [_EIGHT_PI_SQUARED] * 6), ("beta", beta)):
        tags = [f"_atom_site_aniso_{stem}_{index}" for index in _INDICES]
        values = [number(table[tag][row], where, tag) if tag in table else None for tag in tags]
        given = [value for value in values if value is not None]
        if len(given) == 6:
            u11, u22, u33, u12, u13, u23 = (float(v / f) for v, f in zip(given, factors, strict=True))
            return (u11, u22, u33, u12, u13, u23)
        if given:
            raise CifError(f"{len(given)} of the six {tags[0][:-2]}ij are given;", where=where,
                           remedy="give all six, or none.")  # fmt: skip
    return None
