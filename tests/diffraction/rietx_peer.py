"""The same model in rietx, through its public objects, as an independent forward model."""

from __future__ import annotations

import math

from rietx import Refinement
from rietx.schemas import AnisoU, Atom, Cell, Instrument, Parameter, Phase, Structure
from rietx.schemas.instrument import (
    BackgroundChebyshev,
    EmissionLine,
    Geometry,
    NeutronSource,
    ProfileTCHZ,
    Source,
)


def _p(value):
    return Parameter(value=float(value))


def rietx_phase(structure, profile, wavelength, scale=1.0, neutron=False):
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    atoms = []
    for site in structure.sites:
        motion = {"aniso": AnisoU.from_values(list(site.u_aniso))} if site.u_aniso else {
            "biso": _p(8 * math.pi**2 * (site.u_iso or 0))}  # fmt: skip
        x, y, z = map(_p, site.xyz)
        species = site.element if neutron else site.ion
        atoms.append(Atom(label=site.label, species=species, x=x, y=y, z=z, occ=_p(site.occupancy), **motion))
    return Phase(
        name=structure.name,
        space_group=structure.space_group.hm,
        cell=Cell(**{name: _p(value) for name, value in zip(names, structure.lattice.parameters, strict=True)}),
        atoms=atoms,
        scale=_p(scale),
        lor_size=_p(0 if profile.size_nm is None else math.degrees(wavelength / 10 / profile.size_nm)),
        lor_strain=_p(math.degrees(profile.microstrain)),
    )


def rietx_instrument(instrument):
    to_fwhm = 8 * math.log(2)
    shape = instrument.profile
    if instrument.radiation.kind == "xray":
        lines = [EmissionLine(wavelength=_p(w), weight=_p(weight)) for w, weight in instrument.radiation.lines]
        a = 1.0 if instrument.monochromator_two_theta is None else math.cos(
            math.radians(instrument.monochromator_two_theta)) ** 2  # fmt: skip
        source = Source(lines=lines, polarization=_p(1 / (1 + a)))
    else:
        source = NeutronSource(wavelength=_p(instrument.radiation.wavelength))
    return Instrument(
        source=source,
        geometry=Geometry(kind=instrument.geometry.replace("-", "_"), goniometer_radius_mm=240,
                          axial_sl=_p(shape.axial / 2), axial_hl=_p(shape.axial / 2)),
        profile=ProfileTCHZ(u=_p(to_fwhm * shape.u), v=_p(to_fwhm * shape.v), w=_p(to_fwhm * shape.w), x=_p(shape.x),
                            y=_p(shape.y)),
        background=BackgroundChebyshev(coefficients=[_p(0)]),
    )  # fmt: skip


def rietx_pattern(phases, instrument, two_theta, neutron=False):
    """Pattern of (Structure, weight fraction, PhaseProfile) on the Rietveld scale w/(M V)."""
    made = [
        rietx_phase(s, profile, instrument.radiation.wavelength, weight / (s.cell_mass * s.lattice.volume), neutron)
        for s, weight, profile in phases
    ]
    return Refinement(structure=Structure(phases=made), instrument=rietx_instrument(instrument)).predict(two_theta)
