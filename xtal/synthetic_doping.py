"""Synthetic doping series with a known answer: potassium in Li2OHCl, and fluorine in the composite of Li2OHCl and LLTO.

Made by the toolkit's own forward model, which shares no code with rietx and GSAS-II; every pattern says in its source that it is
synthetic. Shares, end members of the cell and conductivities of the fluorine series are those that study A states; the slope of
the potassium series, its widths and everything between are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .builders.potassium import potassium_on_cluster_site
from .diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from .lattice import Lattice
from .pattern import Pattern
from .synthetic import laboratory_instrument, synthetic_pellet

__all__ = ["FLUORINE_SHARES", "POTASSIUM_SLOPE", "write_fluorine_series", "write_potassium_series"]

POTASSIUM_SLOPE = -0.05
"""Change of a of (Li2OH)1−xKxCl with x, Å; made up, falling as in study B."""

POTASSIUM = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1)
FLUORINE_SHARES = {0.0: 0.59, 0.02: 0.91, 0.05: 0.95, 0.1: 1.0}
"""Cubic share of Li2OHCl1−xFx in the composite by x, study A."""

PURE_A, DOPED_A, MOST_FLUORINE = 3.911, 3.9025, 0.1
CONDUCTIVITY = (1.1e-7, 3.3e-6)
"""Of Li2OHCl1−xFx at x = 0 and 0.1, S/cm, study A; its logarithm is made a line between."""


def write_potassium_series(
    folder: Path,
    contents: Sequence[float] = POTASSIUM,
    *,
    two_theta: tuple[float, float, float] = (15.0, 90.0, 0.02),
    max_counts: float = 10_000.0,
    seed: int = 39,
) -> list[dict[str, Any]]:
    """Frames, instrument, job and series file of (Li2OH)1−xKxCl, all cubic; returns the truths.

    The job knows nothing of potassium: it refines the occupancy of the O site alone, which exceeds 1 where K⁺ stands there.

    Parameters
    ----------
    folder : Path
        Where to; frames are called ``k_x0.0300.xye``.
    contents : sequence of float
        x of each frame.
    two_theta : tuple of float
        Low, high, step in degrees.
    max_counts : float
        Height of the highest peak.
    seed : int
        Of the first frame's Poisson noise; each following frame has the next.
    """
    from .io.library import reference_structure

    host = reference_structure("li2ohcl-cubic")
    truths: list[dict[str, Any]] = []
    for index, x in enumerate(contents):
        a = PURE_A + POTASSIUM_SLOPE * x
        doped = potassium_on_cluster_site(host, x, lattice=Lattice(a, a, a))
        simulation = simulate_pattern(
            [(doped, 1.0, PhaseProfile(size_nm=120.0, microstrain=5e-4))], laboratory_instrument(), axis_points(*two_theta),
            background=Background((150.0, -40.0, 15.0)), counts=max_counts, seed=seed + index,
        )  # fmt: skip
        _write_frame(folder, f"k_x{x:.4f}.xye", simulation.pattern)
        truths.append({"x": x, "a": a})
    _write_files(folder, POTASSIUM_JOB, POTASSIUM_SERIES)
    return truths


def write_fluorine_series(
    folder: Path,
    pellets: int = 3,
    *,
    two_theta: tuple[float, float, float] = (15.0, 90.0, 0.02),
    max_counts: float = 10_000.0,
    seed: int = 62860,
) -> list[dict[str, Any]]:
    """Frames, conductivities, instrument, job and series file of Li2OHCl1−xFx with LLTO 1 : 1 by weight; returns the truths.

    Parameters
    ----------
    folder : Path
        Where to; frames are called ``f_x0.020_pellet1.xye``.
    pellets : int
        Patterns of each composition; they differ by their noise.
    two_theta, max_counts, seed
        As for `write_potassium_series`.
    """
    from .io.library import reference_structure

    host = reference_structure("li2ohcl-cubic")
    truths: list[dict[str, Any]] = []
    low, high = np.log10(CONDUCTIVITY)
    for x, share in FLUORINE_SHARES.items():
        a = PURE_A + (DOPED_A - PURE_A) * x / MOST_FLUORINE
        cubic = replace(host, lattice=Lattice(a, a, a))
        for pellet in range(pellets):
            pattern, _ = synthetic_pellet(
                share, seed=seed + len(truths), structures={"cubic": cubic}, two_theta=two_theta, max_counts=max_counts,
                glass_hump=0.0,
            )  # fmt: skip
            name = f"f_x{x:.3f}_pellet{pellet + 1}.xye"
            _write_frame(folder, name, pattern)
            sigma = 10 ** (low + (high - low) * x / MOST_FLUORINE)
            truths.append({"x": x, "a": a, "share": share, "file": name, "conductivity": float(sigma)})
    rows = [f"{one['file']},{one['conductivity']:.3e}" for one in truths]
    (folder / "conductivity.csv").write_text("\n".join(["file,conductivity", *rows]) + "\n", encoding="utf-8")
    _write_files(folder, None, FLUORINE_SERIES)
    return truths


def _write_frame(folder: Path, name: str, pattern: Pattern) -> None:
    from .io.write_pattern import write_pattern

    (folder / "frames").mkdir(parents=True, exist_ok=True)
    write_pattern(pattern, folder / "frames" / name)


def _write_files(folder: Path, job: str | None, series: str) -> None:
    from .io.instruments import write_instrument

    write_instrument(laboratory_instrument(), folder / "instrument.toml")
    (folder / "series.toml").write_text(series, encoding="utf-8")
    if job is not None:
        (folder / "job.toml").write_text(job, encoding="utf-8")


POTASSIUM_JOB = """# Cubic Li2OHCl; potassium is not in the model
schema = "xtal-job/1"
title = "synthetic doping series of Li2OHCl with K"

[pattern]
instrument = "instrument.toml"

[background]
terms = 4

[[phase]]
name = "cubic"
structure = "li2ohcl-cubic"
[phase.start]
"crystallite_size_nm" = 100.0
[phase.bounds]
"cell.a" = [3.85, 3.97]
"crystallite_size_nm" = [20.0, 2000.0]
"site.O1.occupancy" = [0.5, 2.0]

[[stage]]
name = "scale and background"
free = ["phase.*.scale", "pattern.background"]

[[stage]]
name = "cell and widths"
free = ["phase.*.cell", "phase.*.crystallite_size_nm", "phase.*.microstrain"]

[[stage]]
name = "occupancy of the O site"
free = ["phase.cubic.site.O1.occupancy"]
"""

_AXIS = """
[patterns]
glob = "frames/*.xye"

[axis]
name = "composition"
unit = "x"
from = "name"
pattern = '_x([0-9.]+[0-9])'
"""

POTASSIUM_SERIES = f"""schema = "xtal-series/1"
title = "synthetic (Li2OH)1-xKxCl"
job = "job.toml"
{_AXIS}"""

FLUORINE_SERIES = f"""schema = "xtal-series/1"
title = "synthetic Li2OHCl1-xFx : LLTO, 1 : 1 by weight"
template = "antiperovskite-perovskite"
instrument = "instrument.toml"
{_AXIS}
[run]
strategy = "cold"
timeout = 300

[[property]]
name = "conductivity"
unit = "S/cm"
file = "conductivity.csv"
logarithm = true
"""
