"""A constant-wavelength neutron instrument and a time-of-flight bank, both made up and called calibrated."""

from __future__ import annotations

from xtal.instrument import Instrument, Profile, TofBank
from xtal.radiation import Radiation

REACTOR = Instrument("reactor", Radiation.from_name("neutron:1.594A"), "debye-scherrer",
                     Profile(u=0.03, v=-0.03, w=0.03, x=0.02, axial=0.002), calibrated=True)  # fmt: skip
BANK = Instrument(
    "bank", Radiation("neutron_tof", name="tof"), "debye-scherrer", calibrated=True,
    bank=TofBank(dif_c=22585.0, dif_a=-2.0, zero=-3.0, two_theta=90.0, flight_path=63.18,
                 profile={"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "x": 1.0}),
)  # fmt: skip
