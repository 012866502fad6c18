"""Corrections of GSAS-II's own calculation, each put in place of one of its functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axial_divergence import peak, peak_derivatives
from .program import Gsas2


def switch_dispersion(g2: Gsas2, on: bool) -> None:
    """Replace GSAS-II's f', f'' by zero, or put its own calculation back."""
    original = getattr(g2.io.GetFprime, "original", g2.io.GetFprime)

    def no_dispersion(controls: Any, histograms: Any) -> None:
        original(controls, histograms)
        for table in (controls.get("FFtables") or {}).values():
            for key in table:
                if key.endswith((":FP", ":FPP")):
                    table[key] = 0.0

    no_dispersion.original = original  # type: ignore[attr-defined]
    g2.io.GetFprime = original if on else no_dispersion


def keep_multiplicities(g2: Gsas2) -> None:
    """Undo what GSAS-II does to reflections inside an excluded region.

    After every derivative it changes the sign of their multiplicity, so that
    the tails of such peaks were added and subtracted in turn.
    """
    original = getattr(g2.math.GetFobsSq, "original", g2.math.GetFobsSq)

    def observed_structure_factors(histograms: Any, *others: Any) -> None:
        original(histograms, *others)
        for name, histogram in histograms.items():
            if name.startswith("PWDR"):
                for entry in histogram["Reflection Lists"].values():
                    entry["RefList"][:, 3] = np.abs(entry["RefList"][:, 3])

    observed_structure_factors.original = original  # type: ignore[attr-defined]
    g2.math.GetFobsSq = observed_structure_factors


def correct_tof_strain(g2: Gsas2) -> None:
    """Let a strain act once on a time-of-flight pattern.

    GSAS-II adds D11... to the reciprocal metric, as for constant wavelength,
    and then shifts the flight time a second time by a term that lacks a factor
    d; its derivative lacks the factor d/2.
    """
    shift = getattr(g2.math.GetHStrainShift, "original", g2.math.GetHStrainShift)
    derivative = getattr(g2.math.GetHStrainShiftDerv, "original", g2.math.GetHStrainShiftDerv)

    def no_second_shift(*_: Any) -> float:
        return 0.0

    def right_derivative(refl: Any, im: int, group: Any, phfx: str, hfx: str, controls: Any, values: Any) -> Any:
        found = derivative(refl, im, group, phfx, hfx, controls, values)
        if "T" in controls[hfx + "histType"]:
            return {name: 0.5 * refl[4 + im] * value for name, value in found.items()}
        return found

    no_second_shift.original = shift  # type: ignore[attr-defined]
    right_derivative.original = derivative  # type: ignore[attr-defined]
    g2.math.GetHStrainShift, g2.math.GetHStrainShiftDerv = no_second_shift, right_derivative


def integrate_axial_divergence(g2: Gsas2) -> None:
    """Let peaks with axial divergence be what the integral of Finger, Cox and Jephcoat gives."""
    powder = g2.powder

    def profile(pos: float, sig: float, gam: float, shl: float, xdata: Any) -> tuple[Any, float]:
        if len(xdata) < 2:
            return 0.0, 1.0
        steps = np.diff(xdata)
        found = peak(powder.pyd, pos, sig, gam, shl, xdata)
        return found, 100.0 * float(np.sum(found * np.append(steps, steps[-1])))

    def derivatives(pos: float, sig: float, gam: float, shl: float, xdata: Any) -> tuple[Any, ...]:
        return peak_derivatives(powder.pyd, pos, sig, gam, shl, xdata)

    powder.getFCJVoigt3, powder.getdFCJVoigt3 = profile, derivatives
