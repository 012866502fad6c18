"""Tasks of the engine contract for tests of the rietx worker, and closed-form patterns to give it.

Synthetic patterns are summed here line by line over all hkl (no multiplicities, no engine
code): intensity = scale f² exp(-2 B s²) LP, profile Gaussian or Lorentzian.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate, product
from pathlib import Path
from typing import Any

import gemmi
import numpy as np

KA1, KA2 = 1.5405929, 1.5444274
RADIUS = 200.0
CUBIC = "P m -3 m"
TETRAGONAL = "P 4/m m m"


# -- tasks -----------------------------------------------------------------------------


def structure(symbol: str, cell: list[float], sites: list[dict[str, Any]]) -> dict[str, Any]:
    group = gemmi.find_spacegroup_by_name(symbol)
    return {
        "cell": cell,
        "hall": group.hall,
        "hm": group.hm,
        "number": group.number,
        "operations": [op.triplet() for op in group.operations()],
        "sites": sites,
    }


def site(label: str, element: str, xyz: tuple[float, ...], u: float | None = 0.006, **more: Any) -> dict[str, Any]:
    plain = {"occupancy": 1.0, "ion": None, "isotope": None, "u_aniso": None}
    return {"label": label, "element": element, "xyz": list(xyz), "u_iso": u, **plain, **more}


def phase(name: str, symbol: str, cell: list[float], *sites: dict[str, Any], axis: Any = None) -> dict[str, Any]:
    return {"name": name, "structure": structure(symbol, cell, list(sites)), "texture_axis": axis}


def copper(a: float = 3.6) -> dict[str, Any]:
    return phase("cu", CUBIC, [a, a, a, 90, 90, 90], site("Cu1", "Cu", (0, 0, 0)))


def nickel(a: float = 2.9, c: float = 4.1) -> dict[str, Any]:
    return phase("ni", TETRAGONAL, [a, a, c, 90, 90, 90], site("Ni1", "Ni", (0, 0, 0)))


def instrument(**changes: Any) -> dict[str, Any]:
    plain = {
        "radiation": {"kind": "xray", "lines": [[KA1, 1.0], [KA2, 0.5]]},
        "geometry": "bragg-brentano",
        "goniometer_radius_mm": RADIUS,
        "monochromator_two_theta": 26.6,
        "polarization": None,
        "dispersion": False,
    }
    return plain | changes


def task(phases: list[dict[str, Any]], stages: list[list[str]], **changes: Any) -> dict[str, Any]:
    """A complete task on a flat pattern; `values` overrides start values."""
    two_theta = np.arange(20.0, 120.0, 0.02)
    parameters = {"pattern.zero": 0.0, "pattern.displacement": 0.0, "pattern.profile.axial": 0.0}
    parameters |= {f"pattern.profile.{k}": 0.0 for k in "uvxy"} | {"pattern.profile.w": 0.002}
    parameters |= {f"pattern.background.c{k}": 0.0 for k in range(3)}
    for entry in phases:
        parameters |= start_values(entry)
    parameters |= changes.pop("values", {})
    return {
        "title": "test",
        "pattern": {"two_theta": two_theta.tolist(), "intensity": [100.0] * 5000, "sigma": [10.0] * 5000},
        "instrument": instrument(),
        "background": {"kind": "chebyshev", "n_terms": 3, "range": [15.0, 125.0]},
        "phases": phases,
        "parameters": {name: {"value": value, "min": None, "max": None} for name, value in parameters.items()},
        "ties": [],
        "stages": [{"name": f"stage {i}", "free": free, "max_cycles": 30} for i, free in enumerate(stages)],
        "mode": "rietveld",
    } | changes


def cumulative(steps: list[list[str]]) -> list[list[str]]:
    """Stages that each keep free what the ones before freed."""
    return list(accumulate(steps))


def start_values(entry: dict[str, Any]) -> dict[str, float | None]:
    name, cell = f"phase.{entry['name']}", entry["structure"]["cell"]
    values: dict[str, float | None] = {f"{name}.scale": 1.0, f"{name}.cell.a": cell[0]}
    if cell[2] != cell[0]:
        values[f"{name}.cell.c"] = cell[2]
    values |= {f"{name}.crystallite_size_nm": None, f"{name}.microstrain": 0.0}
    for s in entry["structure"]["sites"]:
        base = f"{name}.site.{s['label']}"
        values |= dict(zip((f"{base}.x", f"{base}.y", f"{base}.z"), s["xyz"], strict=True))
        values[f"{base}.occupancy"] = s["occupancy"]
        if s["u_iso"] is not None:
            values[f"{base}.u_iso"] = s["u_iso"]
    return values


# -- the closed-form pattern -----------------------------------------------------------


def lines_of(cell: tuple[float, float], wavelength: float) -> Iterator[float]:
    """d of every hkl (all signs) of a primitive tetragonal lattice that can diffract."""
    a, c = cell
    top = int(2 * max(a, c) / wavelength) + 1
    for h, k, l in product(range(-top, top + 1), repeat=3):
        q = (h * h + k * k) / a**2 + l * l / c**2
        if 0.0 < q < (2.0 * math.sin(math.radians(62.0)) / wavelength) ** 2:
            yield q**-0.5


def polarization(two_theta: float) -> float:
    a = math.cos(math.radians(26.6)) ** 2
    return (1.0 + a * math.cos(math.radians(two_theta)) ** 2) / (1.0 + a)


def gaussian(x: np.ndarray, fwhm: float) -> np.ndarray:
    return 2.0 / fwhm * math.sqrt(math.log(2.0) / math.pi) * np.exp(-4.0 * math.log(2.0) * (x / fwhm) ** 2)


def lorentzian(x: np.ndarray, fwhm: float) -> np.ndarray:
    return 2.0 / (math.pi * fwhm) / (1.0 + 4.0 * (x / fwhm) ** 2)


def peaks(x: np.ndarray, element: str, cell: tuple[float, float], u: float, width: Any, shape: Any, shift: Any) -> Any:
    """Pattern of one atom per cell at unit scale; `width(theta, wavelength)` is a FWHM in degrees."""
    y = np.zeros_like(x)
    form = gemmi.Element(element).it92
    for wavelength, weight in ((KA1, 1.0), (KA2, 0.5)):
        for d in lines_of(cell, wavelength):
            s2 = 0.25 / d**2
            theta = math.asin(wavelength / (2.0 * d))
            f2 = form.calculate_sf(s2) ** 2 * math.exp(-16.0 * math.pi**2 * u * s2)
            degrees = math.degrees(2.0 * theta)
            lp = polarization(degrees) / (math.sin(theta) ** 2 * math.cos(theta))
            y += weight * f2 * lp * shape(x - degrees - shift(theta), width(theta, wavelength))
    return y


def noisy(x: np.ndarray, y: np.ndarray) -> dict[str, list[float]]:
    """Counts drawn around `y`; sigma from the expectation, as sqrt(counts) biases a fit low by about one count."""
    counts = np.random.default_rng(11).poisson(y).astype(float)
    return {
        "two_theta": x.tolist(),
        "intensity": counts.tolist(),
        "sigma": np.sqrt(y).tolist(),
    }


def measured_lab6(folder: Path) -> dict[str, list[float]]:
    """Columns 2θ, intensity, 1/σ² of the first (measured) loop of NIST's pdCIF."""
    text = (folder / "nist_srm660c_lab" / "nist_srm660c_100a.cif").read_text().split("_pd_proc_ls_weight", 2)[1]
    rows = []
    for line in text.splitlines()[1:]:
        if len(line.split()) != 3:
            break
        rows.append([float(word) for word in line.split()])
    x, y, w = np.array(rows).T
    return {"two_theta": x.tolist(), "intensity": y.tolist(), "sigma": (w**-0.5).tolist()}
