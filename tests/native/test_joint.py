"""Several patterns at once in the native engine: derivatives, simulated truth, and measured PbSO4."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.diffraction import PhaseProfile
from xtal.instrument import Instrument, TofBank
from xtal.io.library import reference_structure
from xtal.lattice import Lattice
from xtal.native import refine_task
from xtal.native.joint_model import JointModel
from xtal.native.parameters import Parameters
from xtal.radiation import Radiation
from xtal.structure import Structure

TERMS = {"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "x": 1.0}
SPALLATION = Instrument("spallation", Radiation("neutron_tof", name="tof"), "debye-scherrer",
                        bank=TofBank(dif_c=22585.0, dif_a=-2.0, zero=-3.0, two_theta=90.0, profile=TERMS))  # fmt: skip
STRAINS = {"a": -0.0012, "c": 0.0008}
SHARE = 0.6


def joined(tasks, axes, **extra):
    """One task of several, the patterns named A, B, …: phases are those of the first."""
    entries, parameters = [], {}
    for letter, task in zip("ABC", tasks, strict=False):
        entries.append({"name": letter, **{key: task[key] for key in ("pattern", "instrument", "background")}})
        for name, spec in task["parameters"].items():
            if name.startswith("pattern."):
                parameters[name.replace("pattern.", f"pattern.{letter}.")] = spec
            elif letter == "A":
                parameters[name] = spec
        if letter != "A":
            parameters[f"pattern.{letter}.scale"] = {"value": 1.0, "min": 0.0, "max": None}
            for index, phase in enumerate(axes):
                for axis in axes[phase]:
                    name = f"pattern.{letter}.strain.{phase}.{axis}"
                    parameters[name] = {"value": 0.0, "min": -0.05, "max": 0.05}
                if index:
                    parameters[f"pattern.{letter}.share.{phase}"] = {"value": 1.0, "min": 0.0, "max": None}
    stages = [
        {"name": f"stage {i}", "free": free, "max_cycles": 40} for i, free in enumerate(extra.get("stages", [[]]))
    ]
    shared = {key: tasks[0][key] for key in ("title", "work_dir", "mode", "phases")}
    return {**shared, "patterns": entries, "parameters": parameters, "ties": extra.get("ties", []), "stages": stages}


def strained(structure: Structure) -> Structure:
    """The structure with the strains of the second pattern."""
    a, b, c, *angles = structure.lattice.parameters
    edges = a * (1 + STRAINS["a"]), b * (1 + STRAINS["a"]), c * (1 + STRAINS["c"])
    return Structure(structure.name, Lattice(*edges, *angles), structure.space_group, structure.sites)


@pytest.fixture
def two_phases(make_task, laboratory, neutrons):
    """X-rays and neutrons of corundum and lithium fluoride; in the neutrons the axes and the shares are others."""
    corundum, fluoride = reference_structure("al2o3"), reference_structure("lif")
    start = {"span": (25.0, 100.0, 0.05), "start_structures": [corundum, fluoride]}
    first = make_task([corundum, fluoride], laboratory, weights=[0.5, 0.5], **start)
    second = make_task(
        [strained(corundum), fluoride], neutrons, weights=[1 / (1 + SHARE), SHARE / (1 + SHARE)], **start
    )
    return [first, second], {"al2o3": "ac", "lif": "a"}


def test_every_derivative_is_the_central_difference_of_all_patterns(two_phases):
    task = joined(
        *two_phases, ties=[{"target": "pattern.B.share.lif", "terms": [[0.5, "pattern.B.scale"]], "constant": 0.1}]
    )
    model, parameters = JointModel(task), Parameters(task)
    parameters.values |= {
        "phase.al2o3.scale": 2.0, "phase.lif.scale": 3.0, "pattern.B.scale": 1.7,
        "pattern.B.strain.al2o3.a": 0.002, "pattern.B.strain.al2o3.c": -0.001, "pattern.B.strain.lif.a": 0.003,
    }  # fmt: skip
    parameters.follow()
    model.list_reflections(parameters.values)
    names = ("phase.al2o3.scale", "phase.lif.scale", "phase.al2o3.cell.a", "phase.al2o3.cell.c", "pattern.B.scale",
             "pattern.B.strain.al2o3.a", "pattern.B.strain.al2o3.c", "pattern.B.strain.lif.a", "pattern.A.zero",
             "pattern.B.zero", "pattern.A.profile.w", "pattern.B.background.c1", "phase.al2o3.site.Al1.u_iso")  # fmt: skip
    model.evaluate(parameters.values)
    found = model.evaluate(parameters.values, *parameters.moving(names)).jacobian
    second = slice(len(model.patterns[0].axis), None)
    assert not found[names.index("pattern.A.zero"), second].any()
    for name, slope in zip(names, found, strict=True):
        step = 1.0 if "background" in name else 1e-6
        start, totals = dict(parameters.values), []
        for sign in (1, -1):
            parameters.values[name] = start[name] + sign * step
            parameters.follow()
            totals.append(model.evaluate(parameters.values).total)
            parameters.values.update(start)
        expected = (totals[0] - totals[1]) / (2 * step)
        np.testing.assert_allclose(slope, expected, atol=3e-5 * np.abs(expected).max(), err_msg=name)


def test_cells_strains_and_shares_of_simulated_patterns_come_back(two_phases):
    scales = ["phase.al2o3.scale", "phase.lif.scale", "pattern.B.scale", "pattern.B.share.lif",
              *(f"pattern.{one}.background.c{i}" for one in "AB" for i in range(3))]  # fmt: skip
    positions = [*scales, "phase.al2o3.cell.a", "phase.al2o3.cell.c", "phase.lif.cell.a",
                 "pattern.B.strain.al2o3.a", "pattern.B.strain.al2o3.c", "pattern.B.strain.lif.a"]  # fmt: skip
    task = joined(*two_phases, stages=[scales, positions])
    task["parameters"]["phase.al2o3.cell.a"]["value"] *= 1.0004
    outcome = refine_task(task, lambda event: None)
    assert outcome["converged"] and "profile" not in outcome
    truth = {f"pattern.B.strain.al2o3.{axis}": value for axis, value in STRAINS.items()}
    lattice = reference_structure("al2o3").lattice
    truth |= {"phase.al2o3.cell.a": lattice.a, "phase.al2o3.cell.c": lattice.c, "pattern.B.strain.lif.a": 0.0,
              "pattern.B.share.lif": SHARE}  # fmt: skip
    for name, value in truth.items():
        row = outcome["parameters"][name]
        # 4 esds: the forward models of simulation and refinement cut peaks at slightly different places
        assert abs(row["value"] - value) < 4 * row["esd"], name
    fraction = outcome["engine_weight_fractions"]["lif"]
    assert abs(fraction["value"] - 0.5) < 4 * fraction["esd"]
    assert list(outcome["patterns"]) == ["A", "B"]
    for pattern in outcome["patterns"].values():
        assert 0.9 < pattern["agreement"]["gof"] < 1.15
        assert set(pattern["profile"]["phases"]) == set(pattern["reflections"]) == {"al2o3", "lif"}
    points = [pattern["agreement"]["n_points"] for pattern in outcome["patterns"].values()]
    assert outcome["agreement"]["n_points"] == sum(points)


def test_scale_of_a_further_pattern_that_no_stage_frees_is_held(two_phases):
    task = joined(*two_phases, stages=[["phase.al2o3.scale", "phase.lif.scale"]])
    assert refine_task(task, lambda event: None)["parameters"]["pattern.B.scale"]["value"] == 1.0


def test_intensities_of_two_patterns_are_extracted_with_one_cell(make_task, laboratory, neutrons):
    structure = reference_structure("al2o3")
    tasks = [make_task([structure], one, span=(25.0, 100.0, 0.05)) for one in (laboratory, neutrons)]
    cell = [
        "phase.al2o3.cell.a",
        "phase.al2o3.cell.c",
        *(f"pattern.{one}.background.c{i}" for one in "AB" for i in range(3)),
    ]
    task = joined(tasks, {"al2o3": "ac"}, stages=[cell]) | {"mode": "lebail"}
    task["parameters"] = {
        name: spec for name, spec in task["parameters"].items() if ".site." not in name and not name.endswith("scale")
    }
    outcome = refine_task(task, lambda event: None)
    for axis in "ac":
        row = outcome["parameters"][f"phase.al2o3.cell.{axis}"]
        assert abs(row["value"] - getattr(structure.lattice, axis)) < 4 * row["esd"]
    for pattern in outcome["patterns"].values():
        assert pattern["agreement"]["gof"] < 1.1
        assert all(line["f_squared"] > 0 for line in pattern["reflections"]["al2o3"])


def test_size_and_microstrain_mean_the_same_at_constant_wavelength_and_at_time_of_flight(make_task, laboratory):
    size, strain, structure = 90.0, 1.2e-3, reference_structure("al2o3")
    profile = PhaseProfile(size_nm=size, microstrain=strain)
    start = {"phase.al2o3.crystallite_size_nm": 150.0, "phase.al2o3.microstrain": 4e-4}
    tasks = [
        make_task([structure], one, span=span, profiles=[profile], starts=start)
        for one, span in ((laboratory, (25.0, 100.0, 0.05)), (SPALLATION, (12000.0, 45000.0, 8.0)))
    ]
    scales = [
        "phase.al2o3.scale",
        "pattern.B.scale",
        *(f"pattern.{one}.background.c{i}" for one in "AB" for i in range(3)),
    ]
    widths = [
        *scales,
        "phase.al2o3.crystallite_size_nm",
        "phase.al2o3.microstrain",
        "phase.al2o3.cell.a",
        "phase.al2o3.cell.c",
    ]
    outcome = refine_task(joined(tasks, {"al2o3": "ac"}, stages=[scales, widths]), lambda event: None)
    for name, truth in {"crystallite_size_nm": size, "microstrain": strain}.items():
        row = outcome["parameters"][f"phase.al2o3.{name}"]
        assert abs(row["value"] - truth) < 4 * row["esd"] and row["esd"] < 0.05 * truth, name
    assert "tof" in outcome["patterns"]["B"]["profile"]
    for pattern in outcome["patterns"].values():
        assert 0.9 < pattern["agreement"]["gof"] < 1.15
