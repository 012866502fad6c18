"""Peak shapes of a Bragg–Brentano diffractometer described by its slits, through xrayutilities (an optional part).

Convolutes the emission lines with source width, equatorial divergence (flat specimen), axial divergence, receiving slit and specimen
transparency (R. W. Cheary, A. A. Coelho, J. Appl. Cryst. 25 (1992) 109; M. H. Mendenhall, K. Mullen, J. P. Cline, J. Res. NIST 120 (2015)
223). This is the one module that knows xrayutilities, its units (m, degrees) and its names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, MissingPartError
from ..radiation import Radiation

__all__ = ["SlitOptics", "fundamental_profile", "sum_of_fundamental_peaks"]

FloatArray = NDArray[np.float64]

_NO_SIZE = 1.0
# xrayutilities fails for source and receiver of exactly equal length
_NOT_EQUAL = 1.0001
_POINTS_PER_STEP = 2
_WINDOW = 6.0


@dataclass(frozen=True)
class SlitOptics:
    """A Bragg–Brentano diffractometer by its dimensions.

    Parameters
    ----------
    radius : float
        Goniometer radius, mm.
    source_width : float
        Projected width of the line focus, mm.
    divergence : float
        Equatorial divergence, degrees.
    receiving_slit : float
        Width, mm.
    source_length, sample_length, receiver_length : float
        Axial lengths, mm.
    soller_incident, soller_diffracted : float or None
        Full opening of Soller slits, degrees; None without.
    absorption : float or None
        Linear absorption of the packed specimen, cm⁻¹; None for an opaque one.
    thickness : float
        Specimen thickness, mm.
    line_width : float
        Natural FWHM of the emission lines relative to the wavelength (3e-4 for Kα).
    """

    radius: float = 240.0
    source_width: float = 0.04
    divergence: float = 0.5
    receiving_slit: float = 0.1
    source_length: float = 12.0
    sample_length: float = 15.0
    receiver_length: float = 12.0
    soller_incident: float | None = 2.3
    soller_diffracted: float | None = 2.3
    absorption: float | None = None
    thickness: float = 1.0
    line_width: float = 3e-4

    def __post_init__(self) -> None:
        for name in ("radius", "source_width", "divergence", "receiving_slit", "source_length", "sample_length",
                     "receiver_length", "thickness", "line_width"):  # fmt: skip
            if not getattr(self, name) > 0:
                raise InputError(f"{name} {getattr(self, name):g};", where="slit optics", remedy="it must be positive.")


def fundamental_profile(
    optics: SlitOptics, radiation: Radiation, size_nm: float | None = None, microstrain: float = 0.0
) -> Any:
    """xrayutilities' profile object for an instrument and a phase.

    Raises
    ------
    MissingPartError
        xrayutilities isn't installed.
    """
    try:
        from xrayutilities.simpack import FP_profile
    except ImportError as error:
        raise MissingPartError(
            "fundamental-parameters profiles need xrayutilities: pip install 'xtal-toolkit[xrayutilities]'."
        ) from error
    profile = FP_profile(anglemode="twotheta")
    mm = 1e-3
    profile.set_parameters("global", diffractometer_radius=optics.radius * mm, equatorial_divergence_deg=optics.divergence,
                           dominant_wavelength=radiation.wavelength * 1e-10)  # fmt: skip
    profile.set_parameters("emission", **_emission(optics, radiation, size_nm, microstrain))
    profile.set_parameters("axial", axDiv="full", slit_length_source=optics.source_length * _NOT_EQUAL * mm,
                           slit_length_target=optics.receiver_length * mm, length_sample=optics.sample_length * mm,
                           angI_deg=optics.soller_incident, angD_deg=optics.soller_diffracted, n_integral_points=10)  # fmt: skip
    profile.set_parameters("receiver_slit", slit_width=optics.receiving_slit * mm)
    profile.set_parameters(
        "tube_tails", main_width=optics.source_width * mm, tail_left=-1 * mm, tail_right=1 * mm, tail_intens=0.0
    )
    profile.set_parameters("si_psd", si_psd_window_bounds=None)
    if optics.absorption is not None:
        profile.set_parameters(
            "absorption", absorption_coefficient=optics.absorption * 100, sample_thickness=optics.thickness * mm
        )
    return profile


def _emission(optics: SlitOptics, radiation: Radiation, size_nm: float | None, microstrain: float) -> dict[str, Any]:
    wavelengths = tuple(wavelength * 1e-10 for wavelength, _ in radiation.lines)
    return {
        "emiss_wavelengths": wavelengths,
        "emiss_intensities": tuple(weight for _, weight in radiation.lines),
        "emiss_lor_widths": tuple(wavelength * optics.line_width for wavelength in wavelengths),
        "emiss_gauss_widths": tuple(wavelength * 1e-7 for wavelength in wavelengths),
        "crystallite_size_gauss": _NO_SIZE,
        "crystallite_size_lor": _NO_SIZE if size_nm is None else size_nm * 1e-9,
        "strain_gauss": 0.0,
        "strain_lor": float(np.degrees(microstrain)),
    }


def sum_of_fundamental_peaks(
    two_theta: ArrayLike,
    positions: ArrayLike,
    areas: ArrayLike,
    profile: Any,
    shifts: ArrayLike = 0.0,
) -> FloatArray:
    """Sum of peaks of `fundamental_profile` on an axis.

    Parameters
    ----------
    two_theta : array_like, shape (n,)
        Increasing axis, degrees 2θ.
    positions : array_like, shape (m,)
        Bragg angles of the strongest line, degrees 2θ.
    areas : array_like, shape (m,)
        Integrated intensities of all lines, counts · degree; a peak's area within ±3° is normalised to it.
    profile : object
        Of `fundamental_profile`.
    shifts : array_like
        Displacements of the peaks by zero and specimen height, degrees 2θ.
    """
    axis = np.asarray(two_theta, dtype=float)
    centres, weights, moved = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (positions, areas, shifts)))
    total = np.zeros(axis.shape)
    step = float(np.median(np.diff(axis)))
    n_points = 2 * int(np.ceil(_WINDOW / step * _POINTS_PER_STEP / 2))
    for centre, area, shift in zip(centres, weights, moved, strict=True):
        if not np.isfinite(centre) or area == 0:
            continue
        profile.set_window(twotheta_window_center_deg=float(centre), twotheta_window_fullwidth_deg=_WINDOW,
                           twotheta_output_points=n_points)  # fmt: skip
        profile.set_parameters(twotheta0_deg=float(centre))
        line = profile.compute_line_profile()
        shape = line.peak / np.trapezoid(line.peak, line.twotheta_deg)
        total += area * np.interp(axis, line.twotheta_deg + shift, shape, left=0.0, right=0.0)
    return total
