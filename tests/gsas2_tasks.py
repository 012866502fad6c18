"""Tasks for the GSAS-II worker whose answers are closed forms, and the worker itself."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import pytest

import xtal.engines

WORKER = Path(xtal.engines.__file__).with_name("gsas2_worker.py")
INTERPRETER = os.environ.get("XTAL_GSAS2_PYTHON")
needs_gsas2 = pytest.mark.skipif(not INTERPRETER, reason="XTAL_GSAS2_PYTHON names no interpreter with GSAS-II")

FCC = list(gemmi.SpaceGroup("F m -3 m").operations())
WAVELENGTH = 1.54
RADIUS = 200.0
# Bound coherent scattering lengths in 10^-12 cm, Sears, Neutron News 3 (1992) 26.
NICKEL_B, COPPER_B = 1.03, 0.7718
NICKEL_MASS, COPPER_MASS = 58.6934, 63.546


def run(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """Events of a worker that gets the tasks one after the other."""
    assert INTERPRETER is not None
    lines = [json.dumps({"cmd": "refine", "task": task}) for task in tasks]
    answer = subprocess.run(
        [INTERPRETER, str(WORKER)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return [json.loads(line) for line in answer.stdout.splitlines()]


# --- tasks ---------------------------------------------------------------------------------------------------------


def tch_width(theta: np.ndarray, wavelength: float) -> np.ndarray:
    """FWHM of nickel in `nickel_tube_task`, degrees."""
    gauss = 8 * math.log(2) * (2e-4 * np.tan(theta) ** 2 - 1e-4 * np.tan(theta) + 6e-4)
    lorentz = 0.02 / np.cos(theta) + 0.01 * np.tan(theta)
    lorentz += np.degrees(wavelength / (800.0 * np.cos(theta))) + np.degrees(1e-3 * np.tan(theta))
    return thompson_cox_hastings(np.sqrt(gauss), lorentz)[0]


def thompson_cox_hastings(g: np.ndarray, l: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """FWHM and Lorentzian fraction of a pseudo-Voigt, J. Appl. Cryst. 20 (1987) 79."""
    powers = g**5 + 2.69269 * g**4 * l + 2.42843 * g**3 * l**2 + 4.47163 * g**2 * l**3 + 0.07842 * g * l**4 + l**5
    width = powers**0.2
    q = l / width
    return width, 1.36603 * q - 0.47719 * q**2 + 0.11116 * q**3


def metal(name: str, element: str, a: float, u_iso: float) -> dict[str, Any]:
    """A face-centred cubic element as the contract wants it."""
    site = {"label": "M1", "element": element, "ion": None, "isotope": None, "xyz": [0.0, 0.0, 0.0]}
    site |= {"occupancy": 1.0, "u_iso": u_iso, "u_aniso": None, "multiplicity": 4}
    group = gemmi.SpaceGroup("F m -3 m")
    structure = {"cell": [a, a, a, 90.0, 90.0, 90.0], "hall": group.hall, "hm": group.hm, "number": 225}
    structure |= {"operations": [op.triplet() for op in FCC], "sites": [site]}
    return {"name": name, "structure": structure, "texture_axis": None}


def parameters_of(phases: list[dict[str, Any]], profile: dict[str, float], n_background: int) -> dict[str, Any]:
    """Start values of all parameters, without bounds."""
    values: dict[str, float | None] = {"pattern.zero": 0.0, "pattern.displacement": 0.0}
    values |= {f"pattern.background.c{i}": 0.0 for i in range(n_background)}
    values |= {f"pattern.profile.{name}": value for name, value in profile.items()}
    for phase in phases:
        head = f"phase.{phase['name']}"
        site = phase["structure"]["sites"][0]
        values |= {f"{head}.scale": 1.0, f"{head}.cell.a": phase["structure"]["cell"][0]}
        values |= {f"{head}.crystallite_size_nm": None, f"{head}.microstrain": 0.0}
        values |= {f"{head}.site.M1.{axis}": 0.0 for axis in "xyz"}
        values |= {f"{head}.site.M1.occupancy": 1.0, f"{head}.site.M1.u_iso": site["u_iso"]}
    return {name: {"value": value, "min": None, "max": None} for name, value in values.items()}


def nickel_tube_task(folder: Path) -> dict[str, Any]:
    """Nickel with everything fixed but a constant background: its reflections are those of the closed forms."""
    phases = [metal("Ni", "Ni", 3.524, 0.004)]
    two_theta = np.arange(20.0, 150.0, 0.05)
    profile = {"u": 2e-4, "v": -1e-4, "w": 6e-4, "x": 0.02, "y": 0.01, "axial": 0.01}
    parameters = parameters_of(phases, profile, 1)
    fixed = {"pattern.zero": 0.03, "pattern.displacement": 0.1, "phase.Ni.scale": 0.5}
    fixed |= {"phase.Ni.crystallite_size_nm": 80.0, "phase.Ni.microstrain": 1e-3, "pattern.background.c0": 90.0}
    for name, value in fixed.items():
        parameters[name]["value"] = value
    return {
        "title": "nickel",
        "work_dir": str(folder),
        "mode": "rietveld",
        "pattern": {"two_theta": two_theta.tolist(), "intensity": [100.0] * 2600, "sigma": [10.0] * 2600},
        "instrument": {
            "radiation": {"kind": "xray", "lines": [[1.5405929, 1.0], [1.5444274, 0.5]]},
            "geometry": "bragg-brentano",
            "goniometer_radius_mm": RADIUS,
            "monochromator_two_theta": 26.6,
            "polarization": None,
            "dispersion": True,
        },
        "background": {"kind": "chebyshev", "n_terms": 1, "range": [20.0, 150.0]},
        "phases": phases,
        "parameters": parameters,
        "ties": [],
        "stages": [{"name": "background", "free": ["pattern.background.c0"], "max_cycles": 5}],
    }


def mixture_task(folder: str) -> dict[str, Any]:
    """30 wt% nickel (80 nm) and 70 wt% copper (microstrain 0.002) for neutrons, made from closed forms; starts a little off."""
    two_theta = np.arange(30.0, 150.0, 0.05)
    phases = [metal("Ni", "Ni", 3.5248, 0.006), metal("Cu", "Cu", 3.6140, 0.007)]
    profile = {"u": 0.0, "v": 0.0, "w": 2e-3, "x": 0.0, "y": 0.0, "axial": 0.002}
    parameters = parameters_of(phases, profile, 3)
    parameters["phase.Ni.crystallite_size_nm"]["value"] = 120.0
    parameters["phase.Cu.microstrain"]["value"] = 1e-3
    signal = synthetic_phase(two_theta, 3.5240, NICKEL_B, NICKEL_MASS, 0.3, 0.006, 800.0, 0.0)
    signal += synthetic_phase(two_theta, 3.6149, COPPER_B, COPPER_MASS, 0.7, 0.007, 1e12, 2e-3)
    intensity = 100.0 + 20.0 * (two_theta - 90.0) / 60.0 + 2e5 * signal
    first = ["phase.Ni.scale", "phase.Cu.scale", *[f"pattern.background.c{i}" for i in range(3)]]
    second = [*first, "phase.Ni.cell.a", "phase.Cu.cell.a", "pattern.displacement"]
    third = [*second, "phase.Ni.crystallite_size_nm", "phase.Cu.microstrain"]
    return {
        "title": "mixture",
        "work_dir": folder,
        "mode": "rietveld",
        "pattern": {
            "two_theta": two_theta.tolist(),
            "intensity": intensity.tolist(),
            "sigma": np.sqrt(intensity).tolist(),
        },
        "instrument": {
            "radiation": {"kind": "neutron_cw", "lines": [[WAVELENGTH, 1.0]]},
            "geometry": "bragg-brentano",
            "goniometer_radius_mm": RADIUS,
            "monochromator_two_theta": None,
            "polarization": None,
            "dispersion": False,
        },
        "background": {"kind": "chebyshev", "n_terms": 3, "range": [30.0, 150.0]},
        "phases": phases,
        "parameters": parameters,
        "ties": [],
        "stages": [
            {"name": name, "free": free, "max_cycles": 20}
            for name, free in (("scales", first), ("cells", second), ("widths", third))
        ],
    }


def synthetic_phase(
    two_theta: np.ndarray, a: float, b: float, mass: float, weight: float, u_iso: float, size: float, strain: float
) -> np.ndarray:
    """Powder pattern of a face-centred element, weight / (M V) m F² / (sin²θ cosθ), displaced by 0.1 mm.

    Lengths in Å; ``mass`` of one atom.
    """
    total = np.zeros_like(two_theta)
    for h in range(8):
        for k in range(h + 1):
            for l in range(k + 1):
                s = math.sqrt(h * h + k * k + l * l) * WAVELENGTH / (2 * a)
                if len({h % 2, k % 2, l % 2}) > 1 or not 0.0 < s < 0.999:
                    continue
                theta = math.asin(s)
                centre = math.degrees(2 * theta) - 2 * 0.1 / RADIUS * math.cos(theta) * 180 / math.pi
                half = math.radians(centre / 2)
                f_squared = (4 * b) ** 2 * math.exp(-16 * math.pi**2 * u_iso * (s / WAVELENGTH) ** 2)
                area = weight / (4 * mass * a**3) * multiplicity(h, k, l) * f_squared
                area /= math.sin(half) ** 2 * math.cos(half)
                lorentz = math.degrees(WAVELENGTH / (size * math.cos(half)) + strain * math.tan(half))
                gauss = math.sqrt(8 * math.log(2) * 2e-3)
                total += area * pseudo_voigt(two_theta - centre, gauss, lorentz)
    return total


def multiplicity(h: int, k: int, l: int) -> int:
    """Number of reflections equivalent to hkl in m-3m."""
    orders = len({(h, k, l), (h, l, k), (k, h, l), (k, l, h), (l, h, k), (l, k, h)})
    return int(orders * 2 ** sum(1 for index in (h, k, l) if index))


def pseudo_voigt(x: np.ndarray, g: float, l: float) -> np.ndarray:
    """Pseudo-Voigt of unit area from Gaussian and Lorentzian FWHM."""
    width, eta = (float(v) for v in thompson_cox_hastings(np.array(g), np.array(l)))
    gauss = math.sqrt(4 * math.log(2) / math.pi) / width * np.exp(-4 * math.log(2) * (x / width) ** 2)
    lorentz = 2 / (math.pi * width) / (1 + 4 * (x / width) ** 2)
    return eta * lorentz + (1 - eta) * gauss
