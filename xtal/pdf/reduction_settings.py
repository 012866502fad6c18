"""What a reduction is told, in one frozen object whose words are those of the .gr header and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from math import inf
from typing import Any, Literal

from ..composition import Composition
from ..errors import InputError
from .transform import Window

__all__ = ["Corrections", "Geometry", "LowQ", "Mode", "Quantity", "ReductionSettings"]

Mode = Literal["polynomial", "physical"]
Quantity = Literal["I", "S", "F", "FK"]
LowQ = Literal["cut", "constant", "zero"]
Geometry = Literal["none", "capillary", "plate", "symmetric_plate", "reflection"]


@dataclass(frozen=True)
class Corrections:
    """Physical corrections of measured X-ray intensities.

    Parameters
    ----------
    polarization : float, optional
        Share of the beam polarised along the scattering plane's normal: 0.5 for a tube, near 1 for a synchrotron;
        None where the data are corrected already (most area-detector software does).
    monochromator_two_theta : float, optional
        Bragg angle 2θ of a monochromator, degrees.
    geometry : {"none", "capillary", "plate", "symmetric_plate", "reflection"}
        Shape that absorbs: a plate across the beam, a plate turned with θ, or a flat sample in reflection.
    absorption : float
        μR of the capillary or μt of the plate.
    compton : bool
        Subtract Compton scattering.
    low_r_iterations : int
        Rounds of correction by the absence of pairs below `r_cut` (needs a number density).
    """

    polarization: float | None = None
    monochromator_two_theta: float | None = None
    geometry: Geometry = "none"
    absorption: float = 0.0
    compton: bool = True
    low_r_iterations: int = 0

    def __post_init__(self) -> None:
        limits = {"polarization": (0.0, 1.0), "monochromator_two_theta": (0.0, 180.0), "absorption": (0.0, inf)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"{name} of {value:g};", where="settings", remedy=f"give {low:g} to {high:g}.")


@dataclass(frozen=True)
class ReductionSettings:
    """Settings of a reduction.

    Parameters
    ----------
    composition : Composition
        What scatters.
    radiation : {"xray", "neutron"}
        Neutrons only with a quantity other than I.
    mode : {"polynomial", "physical"}
        Ad-hoc polynomial, or physical corrections and absolute normalisation; for measured intensities I.
    quantity : {"I", "S", "F", "FK"}
        What the data are: intensity, S(Q), F(Q) = Q[S − 1], or Keen's ⟨b⟩²[S − 1].
    background_scale : float
        Factor of the background.
    q_min, q_max : float, optional
        Limits of the sine transform, Å⁻¹; the data's end without `q_max`.
    q_max_inst : float, optional
        Last meaningful Q, Å⁻¹; upper end of the polynomial fit.
    r_poly : float, optional
        Å: G(r) below it is removed by the polynomial, whose degree is r_poly·q_max_inst/π; None for no polynomial.
    r_min, r_max, r_step : float
        Grid of G(r), Å; `r_step` None is Nyquist's π/Qmax.
    window : {"none", "lorch"}
        Window of the sine transform.
    wavelength : float, optional
        Å; needed for data against 2θ and for physical corrections.
    number_density : float, optional
        Atoms/Å³.
    r_cut : float, optional
        Å: no pairs are closer. By default it is read from G(r).
    low_q : {"cut", "constant", "zero"}
        Below the data F(Q) is left out, S(Q) is constant, or S(Q) falls to 0 at Q = 0.
    corrections : Corrections
        For the physical mode.
    """

    composition: Composition
    radiation: Literal["xray", "neutron"] = "xray"
    mode: Mode = "polynomial"
    quantity: Quantity = "I"
    background_scale: float = 1.0
    q_min: float = 0.0
    q_max: float | None = None
    q_max_inst: float | None = None
    r_poly: float | None = 0.9
    r_min: float = 0.0
    r_max: float = 30.0
    r_step: float | None = 0.01
    window: Window = "none"
    wavelength: float | None = None
    number_density: float | None = None
    r_cut: float | None = None
    low_q: LowQ = "cut"
    corrections: Corrections = field(default_factory=Corrections)

    def __post_init__(self) -> None:
        for name in ("background_scale", "q_min", "r_min"):
            if not 0 <= getattr(self, name) < inf:
                raise InputError(
                    f"{name} of {getattr(self, name):g};", where="settings", remedy="it must be 0 or a positive number."
                )
        for name in ("q_max", "q_max_inst", "r_poly", "r_max", "r_step", "wavelength", "number_density", "r_cut"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise InputError(f"{name} of {value:g};", where="settings", remedy="it must be above zero.")
        if self.q_max is not None and self.q_max <= self.q_min:
            raise InputError(f"q_max {self.q_max:g} is not above q_min {self.q_min:g} Å⁻¹;", where="settings",
                             remedy="give them in order.")  # fmt: skip
        if self.radiation == "neutron" and self.quantity == "I":
            raise InputError("raw neutron intensities;", where="settings",
                             remedy="reduce them with the instrument's program (Mantid, Gudrun) and give its S(Q) or F(Q).")  # fmt: skip

    def changed(self, **values: Any) -> ReductionSettings:
        """A copy with other values."""
        return replace(self, **values)

    def header(self) -> dict[str, str]:
        """Names and values as text, with the spelling of PDFgetX3 where it has one."""
        names = {"background_scale": "bgscale", "q_min": "qmin", "q_max": "qmax", "q_max_inst": "qmaxinst",
                 "r_poly": "rpoly", "r_min": "rmin", "r_max": "rmax", "r_step": "rstep",
                 "number_density": "numberdensity", "r_cut": "rcut", "low_q": "lowq"}  # fmt: skip
        lines = {names.get(item.name, item.name): _text(getattr(self, item.name))
                 for item in fields(self) if item.name not in ("corrections", "radiation", "mode")}  # fmt: skip
        # PDFgui takes X-rays or neutrons from this key.
        lines = {"mode": self.radiation, "method": self.mode if self.quantity == "I" else "function", **lines}
        if self.mode == "physical" and self.quantity == "I":
            lines |= {item.name: _text(getattr(self.corrections, item.name)) for item in fields(self.corrections)}
        return lines


def _text(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else "none" if value is None else str(value)
