r"""Ionic radii and what follows from them: tolerance factor of (anti)perovskites, mean radius of a mixed site.

Radii: R. D. Shannon, Acta Cryst. A 32 (1976) 751, from pymatgen's table, by charge and coordination number.
Tolerance factor: V. M. Goldschmidt, Naturwissenschaften 14 (1926) 477.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from .errors import InputError

__all__ = ["goldschmidt_tolerance_factor", "mean_ionic_radius", "shannon_radius", "tolerance_factor"]

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_ION = re.compile(r"([A-Z][a-z]?)(\d*)([+-])$")


def shannon_radius(
    ion: str, coordination: int = 6, *, spin: str = "", overrides: Mapping[str, float] | None = None
) -> float:
    """Effective ionic radius of Shannon, Å.

    Parameters
    ----------
    ion : str
        ``"Li+"``, ``"Zr4+"``, ``"Cl-"``, or any name that `overrides` has, such as ``"OH-"``.
    coordination : int
        Coordination number, 1–12.
    spin : {"", "High Spin", "Low Spin"}
        For the ions whose radius depends on it.
    overrides : mapping, optional
        Radii (Å) by name that go before the table.

    Raises
    ------
    InputError
        An ion or a coordination that the table lacks; the text says what it has.
    """
    if overrides and ion in overrides:
        return float(overrides[ion])
    table = _radii(ion)
    name = _ROMAN[coordination - 1] if 1 <= coordination <= 12 else str(coordination)
    if name not in table:
        raise InputError(f"no radius of {ion} in coordination {coordination};",
                         remedy=f"the table has {', '.join(table)}; or give your own in overrides.")  # fmt: skip
    by_spin = table[name]
    chosen = by_spin.get(spin) or (next(iter(by_spin.values())) if len(by_spin) == 1 else None)
    if chosen is None:
        raise InputError(f"{ion} in coordination {coordination} has one radius per spin state;",
                         remedy=f"say which with spin=, one of {', '.join(by_spin)}.")  # fmt: skip
    return float(chosen["ionic_radius"])


def _radii(ion: str) -> dict[str, dict[str, dict[str, float]]]:
    from pymatgen.core.periodic_table import Element

    match = _ION.match(ion)
    if match is None or not Element.is_valid_symbol(match[1]):
        raise InputError(
            f"{ion!r} is not an ion;", remedy="write 'Li+', 'Zr4+', 'O2-', or name its radius in overrides."
        )
    charge = int(match[2] or 1) * (1 if match[3] == "+" else -1)
    radii = Element(match[1]).data.get("Shannon radii")
    known = radii if isinstance(radii, dict) else {}
    if str(charge) not in known:
        charges = ", ".join(f"{int(text):+d}" for text in known) or "none"
        raise InputError(
            f"no radius of {ion};", remedy=f"the table has the charges {charges}; or give it in overrides."
        )
    found: dict[str, dict[str, dict[str, float]]] = known[str(charge)]
    return found


def tolerance_factor(r_a: float, r_b: float, r_x: float) -> float:
    r"""Goldschmidt's :math:`t = (r_A + r_X) / (\sqrt2\,(r_B + r_X))` from radii in Å; X sits on the octahedron's corners.

    Examples
    --------
    >>> round(tolerance_factor(r_a=1.81, r_b=1.53, r_x=0.76), 3)
    0.794
    """
    return (r_a + r_x) / (math.sqrt(2.0) * (r_b + r_x))


def goldschmidt_tolerance_factor(
    a: str,
    b: str,
    x: str,
    *,
    coordination: tuple[int, int, int] = (12, 6, 6),
    overrides: Mapping[str, float] | None = None,
) -> float:
    """Tolerance factor of a perovskite ABX₃ or antiperovskite from Shannon radii.

    Parameters
    ----------
    a, b, x : str
        Ions. In the antiperovskite Li2OHCl, A is Cl⁻, B is OH⁻ and X is Li⁺.
    coordination : tuple of int
        Coordination numbers of A, B and X for the table.
    overrides : mapping, optional
        Radii (Å) by ion, such as ``{"OH-": 1.53}``.
    """
    r_a, r_b, r_x = (
        shannon_radius(ion, n, overrides=overrides) for ion, n in zip((a, b, x), coordination, strict=True)
    )
    return tolerance_factor(r_a, r_b, r_x)


def mean_ionic_radius(
    shares: Mapping[str, float], coordination: int = 6, *, overrides: Mapping[str, float] | None = None
) -> float:
    """Mean radius (Å) of a site with several ions, ``{"Zr4+": 0.75, "Al3+": 0.25}``, weighted by their shares.

    Raises
    ------
    InputError
        Shares that are negative or sum to zero, or an unknown ion.
    """
    total = sum(shares.values())
    if total <= 0 or min(shares.values()) < 0:
        raise InputError(f"shares {dict(shares)};", remedy="give positive numbers.")
    return sum(share * shannon_radius(ion, coordination, overrides=overrides) for ion, share in shares.items()) / total
