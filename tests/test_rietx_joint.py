"""Several patterns of several phases through rietx: synthetic sums over hkl with known shares, and refusals."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from rietx_tasks import RADIUS, copper, gaussian, nickel, noisy, peaks, task

from xtal.engines.rietx_joint import build_joint
from xtal.engines.rietx_worker import refine
from xtal.engines.worker_lines import TaskError, encode

X = np.arange(30.0, 100.0, 0.03)
CU, NI = 0.03, 0.02
SCALE, SHARE, STRAIN = 2.0, 1.5, 8e-4
SCALES = ["phase.cu.scale", "phase.ni.scale", "pattern.warm.scale", "pattern.warm.share.ni"]
BACKGROUNDS = ["pattern.cold.background.c0", "pattern.warm.background.c0"]


def pattern_of(cu: float, ni: float, a_cu: float) -> dict[str, list[float]]:
    def width(theta: float, wavelength: float) -> float:
        return math.sqrt(0.005 * 8 * math.log(2))

    def shift(theta: float) -> float:
        return 0.0

    y = 200.0 + cu * peaks(X, "Cu", (a_cu, a_cu), 0.006, width, gaussian, shift)
    return noisy(X, y + ni * peaks(X, "Ni", (2.9, 4.1), 0.006, width, gaussian, shift))


@pytest.fixture(scope="module")
def measured() -> list[dict[str, list[float]]]:
    """The cold pattern, and a warm one twice as strong with half as much nickel again and longer axes of copper."""
    return [pattern_of(CU, NI, 3.6), pattern_of(SCALE * CU, SCALE * SHARE * NI, 3.6 * (1 + STRAIN))]


def joint_task(patterns: list[dict[str, Any]], free: list[list[str]], **changes: Any) -> dict[str, Any]:
    one = task([copper(), nickel()], free)
    parameters = {name: item for name, item in one["parameters"].items() if name.startswith("phase.")}
    for name in ("cold", "warm"):
        values = {"zero": 0.0, "displacement": 0.0, "background.c0": 200.0, "profile.axial": 0.0, "profile.w": 0.005}
        values |= {f"profile.{k}": 0.0 for k in "uvxy"}
        parameters |= {f"pattern.{name}.{k}": {"value": v, "min": None, "max": None} for k, v in values.items()}
    for name, value in (
        ("scale", 1.0),
        ("share.ni", 1.0),
        ("strain.cu.a", 0.0),
        ("strain.ni.a", 0.0),
        ("strain.ni.c", 0.0),
    ):
        parameters[f"pattern.warm.{name}"] = {"value": value, "min": None, "max": None}
    background = {"kind": "chebyshev", "n_terms": 1, "range": [30.0, 100.0]}
    entries = [
        {"name": name, "pattern": pattern, "instrument": one["instrument"], "background": background}
        for name, pattern in zip(("cold", "warm"), patterns, strict=True)
    ]
    kept = {key: one[key] for key in ("title", "phases", "ties", "stages", "mode")}
    return kept | {"work_dir": "", "patterns": entries, "parameters": parameters} | changes


def outcome_of(job: dict[str, Any]) -> dict[str, Any]:
    return json.loads(encode(refine(job, lambda event: None)))


@pytest.fixture(scope="module")
def fitted(measured: list[dict[str, list[float]]]) -> dict[str, Any]:
    first = [*SCALES, *BACKGROUNDS]
    return outcome_of(joint_task(measured, [first, [*first, "phase.cu.cell.a", "pattern.warm.strain.cu.a"]]))


@pytest.mark.parametrize(
    ("name", "true"),
    [("pattern.warm.share.ni", SHARE), ("pattern.warm.scale", SCALE), ("pattern.warm.strain.cu.a", STRAIN), ("phase.cu.cell.a", 3.6)],
)  # fmt: skip
def test_shares_scale_and_strain_of_a_further_pattern_come_back(name: str, true: float, fitted: dict[str, Any]) -> None:
    item = fitted["parameters"][name]
    assert item["esd"] > 0
    assert abs(item["value"] - true) < 4 * item["esd"]


def test_the_uncertainty_of_a_share_is_that_of_two_fits_apart(measured: Any, fitted: dict[str, Any]) -> None:
    """With the cells hardly correlated to the scales, the four scales vary as in fits of each pattern alone."""
    relative = []
    for number, pattern in enumerate(measured):
        scales = ["phase.cu.scale", "phase.ni.scale"]
        alone = task([copper(3.6 * (1 + STRAIN) if number else 3.6), nickel()], [[*scales, "pattern.background.c0"]],
                     pattern=pattern, background={"kind": "chebyshev", "n_terms": 1, "range": [30.0, 100.0]},
                     values={"pattern.profile.w": 0.005, "pattern.background.c0": 200.0})  # fmt: skip
        for name in ("pattern.background.c1", "pattern.background.c2"):
            del alone["parameters"][name]
        found = outcome_of(alone)
        values = np.array([found["parameters"][name]["value"] for name in scales])
        names = found["covariance"]["names"]
        rows = [names.index(name) for name in scales]
        relative.append(np.array(found["covariance"]["matrix"])[np.ix_(rows, rows)] / np.outer(values, values))
    sign = np.array([-1.0, 1.0])
    expected = math.sqrt(sum(float(sign @ one @ sign) for one in relative))
    item = fitted["parameters"]["pattern.warm.share.ni"]
    assert item["esd"] / item["value"] == pytest.approx(expected, rel=0.1)


def test_every_phase_has_its_reflections_and_cell_in_every_pattern(fitted: dict[str, Any]) -> None:
    assert {name: set(part["reflections"]) for name, part in fitted["patterns"].items()} == {
        "cold": {"cu", "ni"}, "warm": {"cu", "ni"},
    }  # fmt: skip
    assert set(fitted["derived_cells"]) == set(fitted["mass_factor"]) == {"cu", "ni"}


def test_a_held_share_beside_free_scales_is_refused_by_name(measured: Any) -> None:
    free = [name for name in [*SCALES, *BACKGROUNDS] if "share" not in name]
    with pytest.raises(
        TaskError, match=r"pattern\.warm\.share\.ni: rietx has a scale of every phase.*native or gsas2"
    ) as caught:
        build_joint(joint_task(measured, [free]))
    assert caught.value.kind == "unsupported"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "pawley"}, "mode 'pawley' of several patterns.*native"),
        ({"restraints": [{"phase": "cu"}]}, "restraints with several patterns.*native and gsas2"),
    ],
)
def test_what_rietx_does_for_one_pattern_only_is_refused(changes: dict[str, Any], words: str, measured: Any) -> None:
    with pytest.raises(TaskError, match=words) as caught:
        build_joint(joint_task(measured, [SCALES], **changes))
    assert caught.value.kind == "unsupported"


def test_harmonics_of_several_patterns_are_refused(measured: Any) -> None:
    job = joint_task(measured, [SCALES])
    job["phases"][1] |= {"harmonics": [[2, 1]]}
    with pytest.raises(TaskError, match=r"phase\.ni\.texture\.c with several patterns.*native"):
        build_joint(job)


def test_a_bank_at_time_of_flight_is_refused_with_the_engines_that_refine_it(measured: Any) -> None:
    job = joint_task(measured, [SCALES])
    job["patterns"][1]["instrument"] = {
        "radiation": {"kind": "neutron_tof", "lines": []},
        "goniometer_radius_mm": RADIUS,
    }
    with pytest.raises(TaskError, match=r"rietx 1\.10 reads time-of-flight banks and refines none.*gsas2") as caught:
        refine(job, lambda event: None)
    assert caught.value.kind == "unsupported"
