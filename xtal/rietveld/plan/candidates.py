"""Diffractometers that a plan compares: typical ones of each kind, or the user's own.

The three typical ones are nobody's instrument: widths of a laboratory diffractometer with Soller slits, of a high-resolution reactor
diffractometer, and of a backscattering bank with 60 m of flight path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...diffraction import axis_points
from ...instrument import Instrument, Profile, TofBank
from ...radiation import Radiation

__all__ = ["CANDIDATES", "Candidate", "candidate"]

FloatArray = NDArray[np.float64]

TOF_POINTS = 4000
D_RANGE = (0.5, 4.0)
"""Å; what a time-of-flight pattern spans."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """An instrument with the axis that it would measure.

    Parameters
    ----------
    name : str
        Short, as in the table.
    about : str
        In words.
    instrument : Instrument
        Taken as calibrated: its profile is not refined.
    axis : ndarray, shape (n,)
        Degrees 2θ or µs.
    background : float
        Flat background over the highest point.
    """

    name: str
    about: str
    instrument: Instrument
    axis: FloatArray
    background: float


def candidate(instrument: Instrument, *, name: str = "", about: str = "", background: float | None = None) -> Candidate:
    """A candidate from any instrument, over the range that its kind usually spans."""
    if instrument.bank is not None:
        low, high = (instrument.bank.dif_c * edge + instrument.bank.zero for edge in D_RANGE)
        axis = axis_points(low, high, (high - low) / TOF_POINTS)
    elif instrument.radiation.kind == "xray":
        axis = axis_points(10.0, 120.0, 0.02) if instrument.radiation.wavelength > 1.0 else axis_points(3.0, 60.0, 0.01)
    else:
        axis = axis_points(10.0, 150.0, 0.05)
    level = background if background is not None else BACKGROUND[instrument.radiation.kind]
    return Candidate(name or instrument.name, about or instrument.source or instrument.name, instrument, axis, level)


BACKGROUND = {"xray": 0.03, "neutron_cw": 0.10, "neutron_tof": 0.10}

_LABORATORY = Instrument(
    "lab-x-ray", Radiation.from_name("CuKa"), "bragg-brentano",
    Profile(u=6e-4, v=-3e-4, w=7e-4, x=0.012, y=0.012, axial=0.03), goniometer_radius=240.0, calibrated=True,
)  # fmt: skip
_REACTOR = Instrument(
    "cw-neutron", Radiation.from_name("neutron:1.594A"), "debye-scherrer",
    Profile(u=0.02, v=-0.03, w=0.025, x=0.02, y=0.0, axial=0.002), calibrated=True,
)  # fmt: skip
_SPALLATION = Instrument(
    "tof-neutron", Radiation("neutron_tof", name="tof"), "debye-scherrer", calibrated=True,
    bank=TofBank(dif_c=22585.0, dif_a=-2.0, zero=-3.0, two_theta=90.0, flight_path=63.18,
                 profile={"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "x": 1.0}),
)  # fmt: skip

CANDIDATES: tuple[Candidate, ...] = (
    candidate(_LABORATORY, about="laboratory diffractometer, Cu Kα"),
    candidate(_REACTOR, about="reactor diffractometer, 1.594 Å"),
    candidate(_SPALLATION, about="time of flight, one bank at 90°"),
)
