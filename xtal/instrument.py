r"""Instruments: radiation, geometry, polarisation, peak profile.

Profile (Thompson, Cox & Hastings, J. Appl. Cryst. 20 (1987) 79, with the letters of GSAS-II): the Gaussian part has the
variance :math:`\sigma^2 = U\tan^2\theta + V\tan\theta + W` in deg² (:math:`FWHM^2 = 8 \ln 2\, \sigma^2`), the Lorentzian part the
FWHM :math:`\Gamma = X/\cos\theta + Y\tan\theta` in degrees 2θ; `axial` is (S + H)/L of Finger, Cox & Jephcoat
(J. Appl. Cryst. 27 (1994) 892), dimensionless.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .errors import InputError
from .radiation import Radiation

__all__ = ["Geometry", "Instrument", "Profile", "TofBank"]

Geometry = Literal["bragg-brentano", "debye-scherrer"]


@dataclass(frozen=True)
class Profile:
    """Peak widths of the instrument at constant wavelength; see the module for the formulas.

    Parameters
    ----------
    u, v, w : float
        Gaussian variance coefficients, deg².
    x, y : float
        Lorentzian FWHM coefficients, degrees (x/cosθ, y tanθ).
    axial : float
        Axial divergence (S + H)/L.
    """

    u: float = 0.0
    v: float = 0.0
    w: float = 0.001
    x: float = 0.0
    y: float = 0.0
    axial: float = 0.002


@dataclass(frozen=True)
class TofBank:
    """A time-of-flight bank: TOF = difC·d + difA·d² + zero (+ difB/d).

    Parameters
    ----------
    dif_c, dif_a, dif_b, zero : float
        µs/Å, µs/Å², µs·Å, µs.
    two_theta : float
        Bank angle, degrees.
    flight_path : float
        Total flight path, m.
    profile : dict
        Back-to-back exponential and Gaussian terms: alpha, beta_0, beta_1, beta_q, sig_0, sig_1, sig_2, sig_q, x, y, z (GSAS-II's names).
    """

    dif_c: float
    dif_a: float = 0.0
    dif_b: float = 0.0
    zero: float = 0.0
    two_theta: float = 90.0
    flight_path: float = 0.0
    profile: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Instrument:
    """A powder diffractometer.

    Parameters
    ----------
    name : str
        Preset, file or user's name.
    radiation : Radiation
        Lines and weights.
    geometry : {"bragg-brentano", "debye-scherrer"}
        Flat plate in reflection, or capillary.
    profile : Profile
        Peak widths.
    goniometer_radius : float or None
        mm; needed for a sample displacement in mm.
    monochromator_two_theta : float or None
        Bragg angle 2θ_m of a crystal monochromator, degrees; None without one.
    polarization : float or None
        Fraction P of the beam polarised along the scattering plane's normal: P + (1 - P) cos²2θ, which is ``Polariz.`` of
        GSAS-II at azimuth 0. None is an unpolarised tube (P = 0.5), with the monochromator above where there is one.
    zero : float
        Zero shift added to calculated positions, degrees 2θ.
    calibrated : bool
        Whether the profile was measured on a standard: only then do sizes and strains exclude the instrument.
    source : str
        What the numbers were read from.
    bank : TofBank or None
        For time-of-flight neutrons.
    """

    name: str
    radiation: Radiation
    geometry: Geometry = "bragg-brentano"
    profile: Profile = Profile()
    goniometer_radius: float | None = None
    monochromator_two_theta: float | None = None
    polarization: float | None = None
    zero: float = 0.0
    calibrated: bool = False
    source: str = ""
    bank: TofBank | None = None

    def __post_init__(self) -> None:
        if self.goniometer_radius is not None and self.goniometer_radius <= 0:
            raise InputError(f"goniometer radius {self.goniometer_radius:g} mm;", remedy="it must be positive.")
        if self.polarization is not None and not 0 <= self.polarization <= 1:
            raise InputError(f"polarization {self.polarization:g};", remedy="it is a fraction between 0 and 1.")
