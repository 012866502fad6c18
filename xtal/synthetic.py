"""Synthetic measurements with a known answer: the antiperovskite pellet of the demo, and the standard that calibrates its instrument.

Made by the toolkit's own forward model, which shares no code with the engines rietx and gsas2; the native engine shares it. Every pattern says in its source
that it is synthetic and with which seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from .diffraction import glass_hump as broad_hump
from .errors import InputError
from .instrument import Instrument, Profile
from .pattern import Pattern
from .radiation import Radiation
from .structure import Structure

__all__ = ["PELLET_PROFILES", "PELLET_REFERENCES", "laboratory_instrument", "synthetic_pellet", "synthetic_standard"]

PELLET_REFERENCES = {"cubic": "li2ohcl-cubic", "orthorhombic": "li2ohcl-orthorhombic", "llto": "llto"}
"""Names of the pellet's phases and of their reference structures."""

PELLET_PROFILES = {
    "cubic": PhaseProfile(size_nm=120.0, microstrain=5e-4),
    "orthorhombic": PhaseProfile(size_nm=45.0, microstrain=1.5e-3),
    "llto": PhaseProfile(size_nm=300.0, microstrain=2e-4),
}
"""Crystallite sizes and microstrains: the orthorhombic remnant is the broadest, the sintered perovskite the sharpest."""


def laboratory_instrument() -> Instrument:
    """The instrument that the synthetic patterns were made with: Cu Kα doublet, Bragg–Brentano, FWHM 0.06–0.10°, calibrated."""
    return Instrument(
        name="synthetic-lab-cuka",
        radiation=Radiation.from_name("CuKa"),
        profile=Profile(u=6e-4, v=-3e-4, w=7e-4, x=0.012, y=0.012, axial=0.03),
        goniometer_radius=240.0,
        calibrated=True,
        source="synthetic: made up, like a laboratory diffractometer with Soller slits",
    )


def synthetic_pellet(
    cubic_share: float = 0.91,
    llto_weight: float = 0.5,
    seed: int = 20261120,
    *,
    max_counts: float = 10_000.0,
    background_counts: float = 150.0,
    two_theta: tuple[float, float, float] = (10.0, 90.0, 0.02),
    structures: Mapping[str, Structure] | None = None,
    profiles: Mapping[str, PhaseProfile] | None = None,
    instrument: Instrument | None = None,
    glass_hump: float = 0.3,
) -> tuple[Pattern, dict[str, Any]]:
    """Pattern of a pellet of LLTO and Li2OHCl, the latter partly cubic and partly orthorhombic.

    Parameters
    ----------
    cubic_share : float
        Share of the cubic phase in Li2OHCl, by weight; 1 leaves the orthorhombic phase out.
    llto_weight : float
        Weight fraction of LLTO in the pellet.
    seed : int
        Seed of the Poisson noise.
    max_counts : float
        Height of the highest peak above the background.
    background_counts : float
        Background at the middle of the range; it falls with the angle and has a glass hump.
    two_theta : tuple of float
        Low, high, step in degrees.
    structures : mapping, optional
        Structures under the names cubic, orthorhombic, llto; the reference structures by default.
    profiles : mapping, optional
        Sizes and strains under the same names; `PELLET_PROFILES` by default.
    instrument : Instrument, optional
        `laboratory_instrument` by default.
    glass_hump : float
        Height of the hump of a glass holder over the background at the middle of the range; a polynomial doesn't follow it exactly.

    Returns
    -------
    pattern : Pattern
        Poisson counts.
    truth : dict
        ``weight_fractions``, ``group_shares``, ``cells``, ``profiles`` by phase, ``instrument``, ``seed``, ``max_counts``.

    Raises
    ------
    InputError
        A share or weight outside 0–1.
    """
    for name, value in (("cubic_share", cubic_share), ("llto_weight", llto_weight)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} {value:g};", where="synthetic pellet", remedy="give a fraction between 0 and 1.")
    salt = 1 - llto_weight
    weights = {"cubic": salt * cubic_share, "orthorhombic": salt * (1 - cubic_share), "llto": llto_weight}
    present = {name: weight for name, weight in weights.items() if weight > 0}
    found = {name: (structures or {}).get(name) or _reference(name) for name in present}
    widths = {**PELLET_PROFILES, **(profiles or {})}
    device = instrument or laboratory_instrument()
    simulation = simulate_pattern(
        [(found[name].renamed(name), weight, widths[name]) for name, weight in present.items()],
        device,
        axis_points(*two_theta),
        background=_falling_background(background_counts, glass_hump),
        counts=max_counts,
        seed=seed,
    )
    return simulation.pattern, {
        "weight_fractions": weights,
        "group_shares": {"cubic": cubic_share, "orthorhombic": 1 - cubic_share} if salt > 0 else {},
        "cells": {name: structure.lattice.parameters for name, structure in found.items()},
        "profiles": {name: widths[name] for name in present},
        "instrument": device,
        "seed": seed,
        "max_counts": max_counts,
    }


def synthetic_standard(
    seed: int = 660,
    *,
    structure: Structure | None = None,
    max_counts: float = 20_000.0,
    two_theta: tuple[float, float, float] = (15.0, 120.0, 0.02),
    instrument: Instrument | None = None,
) -> tuple[Pattern, dict[str, Any]]:
    """Pattern of LaB6 without size or strain broadening, to calibrate the instrument of `synthetic_pellet`.

    Returns
    -------
    pattern : Pattern
        Poisson counts.
    truth : dict
        ``cells``, ``instrument``, ``seed``, ``max_counts``.
    """
    device = instrument or laboratory_instrument()
    standard = (structure or _reference_structure("lab6")).renamed("lab6")
    simulation = simulate_pattern(
        [(standard, 1.0, PhaseProfile())],
        device,
        axis_points(*two_theta),
        background=_falling_background(100.0, 0.3),
        counts=max_counts,
        seed=seed,
    )
    truth = {
        "cells": {"lab6": standard.lattice.parameters},
        "instrument": device,
        "seed": seed,
        "max_counts": max_counts,
    }
    return simulation.pattern, truth


def _falling_background(counts: float, hump: float) -> Background:
    shape = np.array([1.0, -0.35, 0.12, -0.04])
    return Background(tuple(float(value) for value in counts * shape), (broad_hump(hump * counts),) if hump else ())


def _reference(name: str) -> Structure:
    return _reference_structure(PELLET_REFERENCES[name])


def _reference_structure(name: str) -> Structure:
    from .io.library import reference_structure

    return reference_structure(name)
