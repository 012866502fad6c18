"""Corrections of GSAS-II's own calculation, each put in place of one of its functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .axial_divergence import peak, peak_derivatives
from .program import Gsas2

# Terms of the reciprocal metric that equal the first one, where GSAS-II leaves out their slopes; not so in 3R, 3mR.
CELL_FOLLOWERS = {
    **dict.fromkeys(("m3", "m3m"), (1, 2)),
    **dict.fromkeys(("4/m", "4/mmm"), (1,)),
    **dict.fromkeys(("6/m", "6/mmm", "3m1", "31m", "3"), (1, 3)),
}
# Of a fractional coordinate.
RESTRAINT_STEP = 1e-5


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


def spare_observed_intensities(g2: Gsas2) -> None:
    """Leave the intensities by Rietveld's formula to the end of a refinement; only Le Bail needs them in each cycle.

    They cost as much as the calculation of the pattern.
    """
    original = getattr(g2.math.HessRefine, "original", g2.math.HessRefine)

    def hessian(values: Any, histograms_and_phases: Any, parameters: Any, *others: Any) -> Any:
        observed = g2.math.GetFobsSq
        if not any(value for name, value in parameters.items() if name.endswith(":LeBail")):
            g2.math.GetFobsSq = lambda *_: None
        try:
            return original(values, histograms_and_phases, parameters, *others)
        finally:
            g2.math.GetFobsSq = observed

    hessian.original = original  # type: ignore[attr-defined]
    g2.math.HessRefine = hessian


def narrow_tof_windows(g2: Gsas2) -> None:
    """Calculate peaks at time of flight over 50 FWHM and 20 times the reach of the exponentials to either side.

    GSAS-II multiplies the FWHM by one plus the reach in µs, which makes the windows many times as wide.
    """

    def widths(pos: float, alp: float, bet: float, sig: float, gam: float) -> tuple[list[float], float, float]:
        fwhm = 2.355 * math.sqrt(max(sig, 0.0)) + 2.0 * gam
        if min(sig, alp, bet, fwhm) <= 0.0:
            # GSAS-II leaves out a peak that ends before it begins, so that such a step is not taken.
            return [0.0, gam], -0.1 * pos, -0.1 * pos
        return [math.sqrt(sig), gam], 50.0 * fwhm + 20.0 / alp, 50.0 * fwhm + 20.0 / bet

    g2.powder.getWidthsTOF = widths


def correct_equivalence_slopes(g2: Gsas2) -> None:
    """Let a variable that is m times another one add m times its slope to that one's.

    GSAS-II divides by m, so that it converges beside the minimum, with wrong esds, wherever m is not 1 or -1: ties with a
    factor, shares that are held, coordinates like x, 2x.
    """

    def slopes(varied: list[str], by_name: Any, derivatives: Any) -> None:
        maps = g2.mapvars
        relations = zip(maps.dependentParmList, maps.indParmList, maps.arrayList, maps.invarrayList, strict=True)
        for names, leaders, is_equation, factors in relations:
            for column, leader in enumerate(leaders):
                if leader not in varied:
                    continue
                for name, row in zip(names, factors, strict=True):
                    factor = float(row[0 if is_equation is None else column])
                    if factor:
                        derivatives[varied.index(leader)] += factor * by_name[name]

    g2.mapvars.Dict2Deriv = slopes


def correct_cell_slopes(g2: Gsas2, laue: Mapping[str, str]) -> None:
    """Give the first reciprocal term of a cell the slopes of those that follow it by symmetry.

    GSAS-II moves them along but counts h² alone where it is h² + k² + l² (cubic), h² + k² (tetragonal) or h² + k² + hk
    (hexagonal), so that it stops beside the minimum, with wrong esds, where other parameters shift peaks too.

    Parameters
    ----------
    g2 : Gsas2
        The modules.
    laue : mapping
        Laue class in GSAS-II's words by the prefix of a phase's variables (``0::``).
    """
    original = getattr(g2.math.GetReflPosDerv, "original", g2.math.GetReflPosDerv)

    def slopes(refl: Any, im: int, wave: float, terms: Any, pfx: str, *others: Any) -> Any:
        by_terms, *rest = original(refl, im, wave, terms, pfx, *others)
        for follower in CELL_FOLLOWERS.get(laue.get(pfx, ""), ()):
            by_terms[0] += by_terms[follower]
        return by_terms, *rest

    slopes.original = original  # type: ignore[attr-defined]
    g2.math.GetReflPosDerv = slopes


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
        steps = np.diff(np.ma.getdata(xdata))
        found = peak(powder.pyd, pos, sig, gam, shl, xdata)
        return found, 100.0 * float(np.sum(found * np.append(steps, steps[-1])))

    def derivatives(pos: float, sig: float, gam: float, shl: float, xdata: Any) -> tuple[Any, ...]:
        return peak_derivatives(powder.pyd, pos, sig, gam, shl, xdata)

    powder.getFCJVoigt3, powder.getdFCJVoigt3 = profile, derivatives


def correct_absorption(g2: Gsas2) -> None:
    """Give the slope of the absorption of a capillary at constant wavelength its right size.

    GSAS-II multiplies it by the wavelength, which belongs to the parameter at time of flight only.
    """
    original = getattr(g2.math.GetAbsorbDerv, "original", g2.math.GetAbsorbDerv)

    def slope(refl: Any, im: int, hfx: str, controls: Any, values: Any) -> Any:
        found = original(refl, im, hfx, controls, values)
        if "T" in controls[hfx + "histType"]:
            return found
        return found / values.get(hfx + "Lam", values.get(hfx + "Lam1", 1.0))

    slope.original = original  # type: ignore[attr-defined]
    g2.math.GetAbsorbDerv = slope


def keep_extra_peaks_symmetric(g2: Gsas2) -> None:
    """Leave the axial divergence of the instrument out of the peaks that belong to no phase."""
    for name in ("getBackground", "getBackgroundDerv"):
        current = getattr(g2.powder, name)
        setattr(g2.powder, name, without_axial_divergence(getattr(current, "original", current)))


def without_axial_divergence(original: Any) -> Any:
    """A function of GSAS-II's parameters called with no axial divergence among them."""

    def replaced(prefix: str, values: Any, *others: Any, **named: Any) -> Any:
        return original(prefix, {**values, prefix + "SH/L": 0.0}, *others, **named)

    replaced.original = original  # type: ignore[attr-defined]
    return replaced


def correct_restraint_slopes(g2: Gsas2) -> None:
    """Give every restraint its slope, also for coordinates that follow others.

    GSAS-II enters that of the last restraint only, and none of a coordinate that symmetry ties to another.
    """

    def slopes(
        names: Any, misfits: Any, histograms_and_phases: Any, controls: Any, values: dict[str, Any], vary: list[str]
    ) -> np.ndarray:
        def at(name: str, step: float) -> np.ndarray:
            moved = {**values, name: values[name] + step}
            g2.mapvars.Dict2Map(moved)
            return np.asarray(g2.math.penaltyFxn(histograms_and_phases, controls, moved, vary)[1])

        found = np.zeros((len(vary), len(misfits)))
        for row, name in zip(found, vary, strict=True):
            if "::dA" in name or "::constr" in name:
                row[:] = (at(name, RESTRAINT_STEP) - at(name, -RESTRAINT_STEP)) / (2.0 * RESTRAINT_STEP)
        return found

    g2.math.penaltyDeriv = slopes
