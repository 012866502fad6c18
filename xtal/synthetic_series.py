"""A synthetic in-situ measurement with a known answer: Li2OHCl heated and cooled through its transition on a metal holder.

Made by the toolkit's own forward model, which shares no code with rietx and GSAS-II; every pattern says in its source that
it is synthetic. Transition temperatures are those that study B saw by calorimetry; the rest is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from .errors import InputError
from .lattice import Lattice
from .pattern import Pattern
from .structure import Structure
from .synthetic import laboratory_instrument

__all__ = ["HeatingRun", "expanded", "synthetic_heating", "write_heating"]

LOGISTIC_10_90 = 2 * np.log(9.0)
"""Width from 10 to 90 % of a logistic step, in units of its scale."""

REFERENCE_TEMPERATURE = 30.0


@dataclass(frozen=True)
class HeatingRun:
    """What the synthetic sample does.

    Parameters
    ----------
    low, high : float
        Ends of the ramps, °C.
    heating, cooling : float
        Transition temperatures on the way up and down, °C.
    width : float
        From 10 to 90 % of the transition, °C.
    expansion : mapping
        Linear expansion by phase, 1/K; the same along every axis.
    holder : float
        Weight fraction of the nickel holder in what the beam sees.
    """

    low: float = 30.0
    high: float = 100.0
    heating: float = 44.0
    cooling: float = 27.0
    width: float = 3.0
    expansion: Mapping[str, float] = field(
        default_factory=lambda: {"cubic": 4.0e-5, "orthorhombic": 3.5e-5, "holder": 1.3e-5}
    )
    holder: float = 0.25

    def temperatures(self, n_frames: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """°C of every frame: up, then down; the last frames go 12 °C below the start, or cooling would end too early."""
        up = (n_frames + 1) // 2
        last = min(self.low, self.cooling - 12.0)
        down = np.linspace(self.high, last, n_frames - up + 1)[1:]
        return np.concatenate([np.linspace(self.low, self.high, up), down])

    def cubic_share(self, temperature: float, is_heating: bool) -> float:
        """Share of the cubic phase in Li2OHCl, by weight."""
        centre = self.heating if is_heating else self.cooling
        return float(1 / (1 + np.exp(-(temperature - centre) * LOGISTIC_10_90 / self.width)))


PROFILES = {
    "cubic": PhaseProfile(size_nm=120.0, microstrain=5e-4),
    "orthorhombic": PhaseProfile(size_nm=80.0, microstrain=8e-4),
    "holder": PhaseProfile(size_nm=300.0, microstrain=2e-4),
}
REFERENCES = {"cubic": "li2ohcl-cubic", "orthorhombic": "li2ohcl-orthorhombic", "holder": "ni"}
LEAST = 5e-4


def synthetic_heating(
    n_frames: int = 200,
    seed: int = 44_27,
    *,
    run: HeatingRun | None = None,
    two_theta: tuple[float, float, float] = (15.0, 90.0, 0.02),
    max_counts: float = 10_000.0,
) -> Iterator[tuple[Pattern, dict[str, Any]]]:
    """Patterns of a heating and cooling run, one after the other, each with its truth.

    Parameters
    ----------
    n_frames : int
        How many, at least four.
    seed : int
        Seed of the first frame's Poisson noise; each following frame has the next.
    run : HeatingRun, optional
        What the sample does.
    two_theta : tuple of float
        Low, high, step in degrees.
    max_counts : float
        Height of the highest peak above the background.

    Yields
    ------
    pattern : Pattern
        Poisson counts; its metadata hold ``temperature`` in K.
    truth : dict
        ``temperature`` (°C), ``is_heating``, ``shares``, ``cells`` and ``weights`` by phase.

    Raises
    ------
    InputError
        Fewer than four frames.
    """
    if n_frames < 4:
        raise InputError(f"{n_frames} frames;", where="synthetic heating", remedy="give at least four.")
    what = run or HeatingRun()
    structures = _structures()
    points = axis_points(*two_theta)
    background = Background((150.0, -40.0, 15.0))
    for index, temperature in enumerate(what.temperatures(n_frames)):
        is_heating = index < (n_frames + 1) // 2
        share = what.cubic_share(float(temperature), is_heating)
        weights = _weights(share, what.holder)
        phases = {name: expanded(structures[name], what.expansion[name], float(temperature)) for name in weights}
        simulation = simulate_pattern(
            [(phases[name].renamed(name), weight, PROFILES[name]) for name, weight in weights.items()],
            laboratory_instrument(), points, background=background, counts=max_counts, seed=seed + index,
        )  # fmt: skip
        pattern = simulation.pattern
        named = Pattern(pattern.x, pattern.intensity, source=f"{pattern.source}; {temperature:.2f} °C",
                        metadata={**pattern.metadata, "temperature": float(temperature) + 273.15})  # fmt: skip
        yield (
            named,
            {
                "temperature": float(temperature),
                "is_heating": is_heating,
                "shares": {"cubic": share, "orthorhombic": 1 - share},
                "cells": {name: structure.lattice.parameters for name, structure in phases.items()},
                "weights": weights,
            },
        )


def write_heating(folder: Path, n_frames: int = 200, **options: Any) -> list[dict[str, Any]]:
    """Write the frames, instrument, job and series file of a synthetic run into a folder; returns the truths.

    Names are ``frame_007_44.52C.xye``: number and temperature. `options` are those of `synthetic_heating`.
    """
    from .io.instruments import write_instrument
    from .io.write_pattern import write_pattern

    frames = folder / "frames"
    frames.mkdir(parents=True, exist_ok=True)
    truths = []
    for index, (pattern, truth) in enumerate(synthetic_heating(n_frames, **options)):
        write_pattern(pattern, frames / f"frame_{index:03d}_{truth['temperature']:.2f}C.xye")
        truths.append(truth)
    write_instrument(laboratory_instrument(), folder / "instrument.toml")
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    (folder / "series.toml").write_text(SERIES, encoding="utf-8")
    return truths


def _structures() -> dict[str, Structure]:
    from .io.library import reference_structure

    return {name: reference_structure(reference) for name, reference in REFERENCES.items()}


def _weights(share: float, holder: float) -> dict[str, float]:
    """Weight fractions of what is there; a phase below `LEAST` of the salt is left out."""
    kept = {name: part for name, part in (("cubic", share), ("orthorhombic", 1 - share)) if part >= LEAST}
    total = sum(kept.values())
    return {**{name: (1 - holder) * part / total for name, part in kept.items()}, "holder": holder}


def expanded(structure: Structure, expansion: float, temperature: float) -> Structure:
    """Structure at a temperature, °C, whose three lengths grow alike by `expansion`, 1/K, from 30 °C on; coordinates stay."""
    factor = 1 + expansion * (temperature - REFERENCE_TEMPERATURE)
    a, b, c, alpha, beta, gamma = structure.lattice.parameters
    return replace(structure, lattice=Lattice(a * factor, b * factor, c * factor, alpha, beta, gamma))


JOB = """# Cubic and orthorhombic Li2OHCl on a nickel holder
schema = "xtal-job/1"
title = "synthetic heating run of Li2OHCl"

[pattern]
instrument = "instrument.toml"

[background]
terms = 4

[[phase]]
name = "cubic"
structure = "li2ohcl-cubic"
refine = ["scale", "cell", "crystallite_size_nm"]
hold_when_weak = true
[phase.start]
"crystallite_size_nm" = 100.0
"microstrain" = 5e-4
[phase.bounds]
"cell.a" = [3.85, 3.97]
"crystallite_size_nm" = [20.0, 2000.0]

[[phase]]
name = "orthorhombic"
structure = "li2ohcl-orthorhombic"
refine = ["scale", "cell", "crystallite_size_nm"]
hold_when_weak = true
[phase.start]
"crystallite_size_nm" = 100.0
"microstrain" = 8e-4
[phase.bounds]
"cell.a" = [3.80, 3.86]
"cell.b" = [3.84, 3.90]
"cell.c" = [7.94, 8.06]
"crystallite_size_nm" = [20.0, 2000.0]

[[phase]]
name = "holder"
structure = "ni"
refine = ["scale", "cell"]
[phase.start]
"crystallite_size_nm" = 300.0
"microstrain" = 2e-4

[groups]
Li2OHCl = ["cubic", "orthorhombic"]

[[stage]]
name = "scales and background"
free = ["phase.*.scale", "pattern.background"]

[[stage]]
name = "cells"
free = ["phase.*.cell"]

[[stage]]
name = "sizes"
free = ["phase.*.crystallite_size_nm"]
max_cycles = 40
"""

SERIES = """schema = "xtal-series/1"
title = "synthetic heating run of Li2OHCl"
job = "job.toml"

[patterns]
glob = "frames/*.xye"

[axis]
name = "temperature"
unit = "°C"
from = "name"
pattern = '_(-?[0-9.]+)C'

[run]
strategy = "bisect"
timeout = 120

[[transition]]
name = "orthorhombic to cubic"
phase = "orthorhombic"
splitting = { a = 1, b = 1, c = 2 }
"""
