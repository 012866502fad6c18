"""One dotted parameter and the GSAS-II variable behind it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """One dotted parameter and the GSAS-II variable behind it.

    ``value_xtal = factor * value_gsas2 + offset``. ``kind`` is ``linear``,
    ``background`` (mixed by a matrix), ``cell`` (a function of A0..A5),
    ``coordinate`` (varied as a shift ``dAx`` of ``Ax``) or ``strain`` (a
    function of a reciprocal term and what is added to it) or ``share`` (the
    quotient of a phase's scale here and in the first pattern), ``peak_width``
    or ``peak_part`` (functions of the Gaussian and the Lorentzian width of an
    extra peak). ``others`` are the variables of further patterns that always
    have the same value.
    """

    dotted: str
    variable: str
    factor: float = 1.0
    offset: float = 0.0
    kind: str = "linear"
    index: int = 0
    others: tuple[str, ...] = ()
