"""A G(r) or F(Q) with everything that local analysis needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..composition import Composition, parse_composition
from ..errors import InputError
from ..pattern import Pattern
from .conventions import total_from_gr
from .input_checks import refuse_wrong_function, stated_function
from .shell_model import MeasuredBand
from .transform import Window, r_grid, sine_transform

__all__ = ["LocalData", "local_data"]

FloatArray = NDArray[np.float64]

BAND_STEP = 0.02
R_STEP = 0.01
LOW_Q_POINTS = 20


@dataclass(frozen=True, eq=False)
class LocalData:
    """A pair distribution function and how it was made.

    Parameters
    ----------
    band : MeasuredBand
        r (Å), Q (Å⁻¹), window, composition, radiation.
    gr : ndarray, shape (n_r,)
        G(r), Å⁻².
    q_max : float
        Å⁻¹.
    number_density : float or None
        Atoms/Å³.
    fq_sigma : ndarray or None
        Uncertainties of F(Q) at ``band.q``.
    source : str
        File.
    """

    band: MeasuredBand
    gr: FloatArray
    q_max: float
    number_density: float | None
    fq_sigma: FloatArray | None
    source: str

    @property
    def r(self) -> FloatArray:
        """Å."""
        return self.band.r

    def total(self) -> FloatArray:
        """T(r), Å⁻².

        Raises
        ------
        InputError
            No number density is known.
        """
        if self.number_density is None:
            raise InputError("T(r) without a number density;", where=self.source,
                             remedy="give --density in g/cm³ or --number-density in atoms/Å³.")  # fmt: skip
        return total_from_gr(r=self.r, gr=self.gr, number_density=self.number_density)


def local_data(
    pattern: Pattern, *, composition: Composition | None = None, radiation: str | None = None, q_max: float | None = None,
    number_density: float | None = None, window: Window | None = None, r_max: float = 40.0,
) -> LocalData:  # fmt: skip
    """G(r), or F(Q) transformed here, with what its header or the caller says; the caller is believed first.

    Parameters
    ----------
    pattern : Pattern
        Against r (G(r), Å⁻²) or q (F(Q), Å⁻¹).
    composition, radiation, q_max, number_density, window
        In place of the header's; `q_max` in Å⁻¹, density in atoms/Å³.
    r_max : float
        Of the transform of an F(Q), Å.

    Raises
    ------
    InputError
        Neither header nor caller says composition or Qmax, Qmax is beyond the data, or these are no G(r) and no F(Q).
    """
    head, name = pattern.metadata, _named(pattern)
    kind = stated_function(pattern)
    if kind in ("I", "S"):
        raise InputError(f"the header says {kind}(Q);", where=pattern.source,
                         remedy="give a G(r) or an F(Q), as xtal pdf reduce makes them.")  # fmt: skip
    formula = composition or (parse_composition(str(head["composition"])) if head.get("composition") else None)
    if formula is None:
        raise InputError("no composition in the header;", where=pattern.source, remedy="give --composition.")
    probe = radiation or ("neutron" if str(head.get("mode", "xray")).lower().startswith("n") else "xray")
    density = number_density or _number(head.get("number_density"))
    chosen: Window = window or ("lorch" if head.get("window") == "lorch" else "none")
    end = q_max or _number(head.get("qmax")) or (float(pattern.x[-1]) if pattern.axis == "q" else None)
    if end is None:
        raise InputError("no qmax in the header;", where=pattern.source, remedy="give --qmax.")
    if pattern.axis == "q":
        refuse_wrong_function(pattern.x, pattern.intensity, "F", pattern.source)
        return _from_fq(pattern, formula, probe, end, density, window or "none", r_max)
    if pattern.axis != "r":
        raise InputError(f"data against {pattern.axis};", where=pattern.source, remedy="give a G(r) or an F(Q).")
    q = np.linspace(0.0, end, int(end / BAND_STEP) + 1)
    return LocalData(MeasuredBand(pattern.x, q, chosen, formula, probe), pattern.intensity, end, density, None, name)


def _from_fq(
    pattern: Pattern, formula: Composition, kind: str, q_max: float, density: float | None, window: Window, r_max: float
) -> LocalData:
    if q_max > pattern.x[-1] + pattern.step / 2:
        raise InputError(
            f"qmax {q_max:g} Å⁻¹ is beyond the data ({pattern.x[-1]:.4g} Å⁻¹);",
            where=pattern.source,
            remedy="lower it.",
        )
    used = (pattern.x > 0) & (pattern.x <= q_max + 1e-9)
    q, fq = pattern.x[used], pattern.intensity[used]
    low = np.linspace(0.0, q[0], LOW_Q_POINTS)[:-1]
    grid, values = np.concatenate([low, q]), np.concatenate([fq[0] / q[0] * low, fq])
    r = r_grid(0.5, r_max, R_STEP)
    # Interpolated points are as uncertain as the first measured one.
    sigma = (
        np.concatenate([np.full(low.size, pattern.sigma[used][0]), pattern.sigma[used]])
        if pattern.sigma_origin == "file"
        else None
    )
    gr = sine_transform(r=r, q=grid, fq=values, window=window)
    return LocalData(MeasuredBand(r, grid, window, formula, kind), gr, q_max, density, sigma, _named(pattern))


def _named(pattern: Pattern) -> str:
    synthetic = "synthetic" in pattern.metadata and "synthetic" not in pattern.source
    return f"{pattern.source} (synthetic)" if synthetic else pattern.source


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
