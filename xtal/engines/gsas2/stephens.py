"""Anisotropic microstrain (P. W. Stephens, J. Appl. Cryst. 32 (1999) 281) in GSAS-II's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import unsupported
from .groups import parse_operation

EXPONENTS = {
    f"s{h}{k}{m}": (h, k, m)
    for h, k, m in (
        *((4, 0, 0), (0, 4, 0), (0, 0, 4), (2, 2, 0), (2, 0, 2), (0, 2, 2), (3, 1, 0), (1, 0, 3), (0, 3, 1)),
        *((1, 3, 0), (3, 0, 1), (0, 1, 3), (2, 1, 1), (1, 2, 1), (1, 1, 2)),
    )
}
_SAMPLES = np.random.default_rng(4).integers(-6, 7, size=(80, 3)).astype(float)
# Theirs is (microstrain in millionths)² Å⁻⁴, ours millionths of Å⁻⁴.
_UNIT = 1e-6


def monomials(hkl: np.ndarray) -> np.ndarray:
    """The fifteen products of fourth order of each hkl, shape (n, 15)."""
    return np.asarray(np.prod(hkl[:, None, :] ** np.array(list(EXPONENTS.values())), axis=2))


def gsas2_rows(spacegroups: Any, group: Mapping[str, Any]) -> np.ndarray:
    """Each of GSAS-II's terms for a group as a combination of the fifteen products."""
    values = np.array([spacegroups.MustrainCoeff(hkl, group) for hkl in _SAMPLES])
    return np.asarray(np.round(np.linalg.lstsq(monomials(_SAMPLES), values, rcond=None)[0].T, 6))


def is_symmetric(row: np.ndarray, operations: list[str]) -> bool:
    """True when a quartic is the same for equivalent hkl."""
    before = monomials(_SAMPLES) @ row
    rotations = (np.array(parse_operation(text)[0], float).reshape(3, 3) for text in operations)
    return all(np.allclose(monomials(_SAMPLES @ rotation) @ row, before) for rotation in rotations)


def stephens_variables(
    spacegroups: Any, group: Mapping[str, Any], phase: Mapping[str, Any]
) -> dict[str, tuple[int, float]]:
    """Position of each of the task's terms in GSAS-II and ``value_xtal / value_gsas2``.

    Raises
    ------
    WorkerError
        GSAS-II's terms for this Laue class are not those that symmetry leaves: in 5.7.9 some of the trigonal ones break
        it, and others are missing.
    """
    names, rows = list(phase["stephens"]), gsas2_rows(spacegroups, group)
    leaders = [list(EXPONENTS).index(name) for name in names]
    pivots = rows[:, leaders] != 0.0
    alike = (
        len(names) == len(rows)
        and bool(np.all(pivots.sum(axis=0) == 1) and np.all(pivots.sum(axis=1) == 1))
        and all(is_symmetric(row, phase["structure"]["operations"]) for row in rows)
    )
    if not alike:
        raise unsupported(
            f"phase.{phase['name']}.stephens.{names[0]}: GSAS-II's strain terms of Laue class {group['SGLaue']} are not "
            "those that symmetry leaves independent; native has them"
        )
    found = {}
    for name, leader, column in zip(names, leaders, pivots.T, strict=True):
        position = int(np.flatnonzero(column)[0])
        found[name] = (position, _UNIT * float(rows[position, leader]))
    return found
