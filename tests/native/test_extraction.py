"""Le Bail and Pawley against the Rietveld fit of the same pattern, what the pattern was made with, and each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.diffraction import PhaseProfile, calculate_structure_factors
from xtal.instrument import Instrument, TofBank
from xtal.io.library import reference_structure
from xtal.lattice import Lattice
from xtal.native import NativeError, refine_task
from xtal.native.parameters import Parameters
from xtal.native.pattern_model import PatternModel
from xtal.radiation import Radiation

BACKGROUND = [f"pattern.background.c{i}" for i in range(3)]
CELLS = [f"phase.al2o3.cell.{axis}" for axis in "ac"] + [f"phase.zno.cell.{axis}" for axis in "ac"]
SIZES = [f"phase.{name}.crystallite_size_nm" for name in ("al2o3", "zno")]
OF_STRUCTURES = (".scale", ".site.", ".texture")


def stretched(structure, factor):
    """The structure with a larger cell."""
    cell = structure.lattice.parameters
    return replace(structure, lattice=Lattice(*(factor * length for length in cell[:3]), *cell[3:]))


@pytest.fixture
def mixture(make_task, laboratory):
    """Maker of tasks on one mixture of alumina and zincite, whose cells start 0.07 % too large."""
    structures = [reference_structure("al2o3"), reference_structure("zno")]

    def make(mode):
        scales = ["phase.al2o3.scale", "phase.zno.scale"] if mode == "rietveld" else []
        first = BACKGROUND + scales
        task = make_task(
            structures, laboratory, profiles=[PhaseProfile(60.0)] * 2, starts=dict.fromkeys(SIZES, 100.0),
            start_structures=[stretched(structure, 1.0007) for structure in structures],
            stages=[first, first + CELLS, first + CELLS + SIZES], span=(15.0, 90.0, 0.02),
        )  # fmt: skip
        task["mode"] = mode
        if mode != "rietveld":
            task["parameters"] = {
                name: row for name, row in task["parameters"].items() if not any(part in name for part in OF_STRUCTURES)
            }
        return task

    return make


def silent(event):
    """Nobody listens."""


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_extraction_fits_no_worse_than_the_structures_that_made_the_pattern_and_finds_their_cells(mode, mixture):
    structural, extracted = refine_task(mixture("rietveld"), silent), refine_task(mixture(mode), silent)
    assert extracted["converged"]
    assert extracted["agreement"]["rwp"] <= structural["agreement"]["rwp"]
    for name in CELLS:
        _, phase, _, axis = name.split(".")
        truth = getattr(reference_structure(phase).lattice, axis)
        row = extracted["parameters"][name]
        assert abs(row["value"] - truth) < 3 * row["esd"], name
        # free intensities make the cell less certain, never more
        assert row["esd"] > 0.95 * structural["parameters"][name]["esd"]
    for name in SIZES:
        row = extracted["parameters"][name]
        assert abs(row["value"] - 60.0) < 3 * row["esd"]
    assert extracted["mass_factor"] == {} and extracted["engine_weight_fractions"] is None


def test_pawley_intensities_scatter_about_those_of_the_structure_as_their_esds_say(mixture):
    structural, extracted = refine_task(mixture("rietveld"), silent), refine_task(mixture("pawley"), silent)
    off = []
    for name in ("al2o3", "zno"):
        scale = structural["parameters"][f"phase.{name}.scale"]["value"]
        truth = {(row["h"], row["k"], row["l"]): scale * row["f_squared"] for row in structural["reflections"][name]}
        off += [
            (row["f_squared"] - truth[row["h"], row["k"], row["l"]]) / row["esd_f_squared"]
            for row in extracted["reflections"][name]
        ]
    assert len(off) > 30
    assert 0.6 < np.sqrt(np.mean(np.square(off))) < 1.5


def test_le_bail_gives_no_esds_of_intensities(mixture):
    rows = refine_task(mixture("lebail"), silent)["reflections"]["zno"]
    assert all("esd_f_squared" not in row and row["f_squared"] > 0 for row in rows)


def test_reflections_at_exactly_the_same_angle_share_their_intensity(make_task, laboratory):
    task = make_task([reference_structure("si")], laboratory, stages=[BACKGROUND], span=(90.0, 100.0, 0.02))
    task |= {"mode": "pawley", "parameters": {
        name: row for name, row in task["parameters"].items() if not any(part in name for part in OF_STRUCTURES)
    }}  # fmt: skip
    rows = refine_task(task, silent)["reflections"]["si"]
    twins = {(row["h"], row["k"], row["l"]): row["f_squared"] for row in rows}
    assert twins[5, 1, 1] == pytest.approx(twins[3, 3, 3], rel=1e-3)


def test_columns_are_the_derivatives_of_the_pattern_by_the_intensities_within_their_windows(mixture):
    task = mixture("pawley")
    model, parameters = PatternModel(task), Parameters(task)
    model.list_reflections(parameters.values)
    model.evaluate(parameters.values)
    columns = model.extraction._shapes(parameters.values)[0].toarray()
    for index in (0, 5, 20):
        found = np.zeros(model.n_extracted)
        found[index] = 1.0
        curve = model.extraction._curve(parameters.values, found)
        inside = columns[index] > 0
        assert np.abs(columns[index] - curve)[inside].max() < 2e-3 * curve.max()


def test_scales_have_no_place_in_an_extraction(mixture):
    task = mixture("lebail")
    task["stages"][0]["free"] = ["phase.zno.scale", *BACKGROUND]
    task["parameters"]["phase.zno.scale"] = {"value": 1.0, "min": 0.0, "max": None}
    with pytest.raises(NativeError, match=r"phase\.zno\.scale"):
        refine_task(task, silent)


def without_structures(task, mode):
    """The task in another mode, its parameters of structures left out."""
    kept = {name: row for name, row in task["parameters"].items() if not any(part in name for part in OF_STRUCTURES)}
    return {**task, "mode": mode, "parameters": kept}


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_extraction_at_time_of_flight_finds_the_cell_and_the_intensities(mode, make_task):
    terms = {"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "sig_2": 4.0}
    bank = TofBank(dif_c=22585.0, two_theta=90.0, profile=terms)
    spallation = Instrument("spallation", Radiation("neutron_tof", name="tof"), "debye-scherrer", bank=bank)
    structure = reference_structure("al2o3")
    cell = [f"phase.al2o3.cell.{axis}" for axis in "ac"]
    task = make_task([structure], spallation, start_structures=[stretched(structure, 1.0003)], span=(20000.0, 45000.0, 10.0),
                     stages=[BACKGROUND, BACKGROUND + cell], seed=3)  # fmt: skip
    outcome = refine_task(without_structures(task, mode), silent)
    assert outcome["converged"] and outcome["agreement"]["gof"] == pytest.approx(1.0, abs=0.1)
    for name, axis in zip(cell, "ac", strict=True):
        row = outcome["parameters"][name]
        assert abs(row["value"] - getattr(structure.lattice, axis)) < 3.5 * row["esd"]
    rows = {(row["h"], row["k"], row["l"]): row["f_squared"] for row in outcome["reflections"]["al2o3"]}
    hkl = np.array(list(rows))
    plus, _ = calculate_structure_factors(structure, hkl, spallation.radiation)
    strong = np.abs(plus) ** 2 > 0.3 * np.max(np.abs(plus) ** 2)
    ratio = np.array(list(rows.values()))[strong] / (np.abs(plus) ** 2)[strong]
    assert np.ptp(ratio) < 0.15 * ratio.mean()


def test_two_patterns_are_extracted_each_by_itself_with_one_cell(make_task, laboratory, neutrons):
    structure = reference_structure("zno")
    entries, parameters = [], {}
    for letter, instrument in (("A", laboratory), ("B", neutrons)):
        one = without_structures(
            make_task(
                [structure], instrument, start_structures=[stretched(structure, 1.0005)], span=(25.0, 100.0, 0.05)
            ),
            "pawley",
        )
        entries.append({"name": letter, **{key: one[key] for key in ("pattern", "instrument", "background")}})
        for name, row in one["parameters"].items():
            parameters[name.replace("pattern.", f"pattern.{letter}.")] = row
    background = [f"pattern.{letter}.background.c{i}" for letter in "AB" for i in range(3)]
    cell = ["phase.zno.cell.a", "phase.zno.cell.c"]
    task = {**one, "patterns": entries, "parameters": parameters,
            "stages": [{"name": "all", "free": background + cell, "max_cycles": 30}]}  # fmt: skip
    del task["pattern"]
    outcome = refine_task(task, silent)
    assert outcome["converged"] and outcome["agreement"]["gof"] == pytest.approx(1.0, abs=0.05)
    for name, axis in zip(cell, "ac", strict=True):
        row = outcome["parameters"][name]
        assert abs(row["value"] - getattr(structure.lattice, axis)) < 3.5 * row["esd"]
    for letter, instrument in (("A", laboratory), ("B", neutrons)):
        rows = outcome["patterns"][letter]["reflections"]["zno"]
        plus, minus = calculate_structure_factors(
            structure, [[row["h"], row["k"], row["l"]] for row in rows], instrument.radiation
        )
        truth = (np.abs(plus) ** 2 + np.abs(minus) ** 2) / 2
        found, esd = (np.array([row[key] for row in rows]) for key in ("f_squared", "esd_f_squared"))
        scale = (found / esd**2) @ truth / ((truth / esd) @ (truth / esd))
        assert 0.5 < np.sqrt(np.mean(((found - scale * truth) / esd) ** 2)) < 1.6, letter


def test_refits_of_an_extraction_are_refused(mixture):
    task = mixture("lebail") | {"bootstrap": {"n": 5, "seed": 1}}
    with pytest.raises(NativeError, match="bootstrap"):
        refine_task(task, silent)


def test_more_reflections_than_fit_are_refused(mixture, monkeypatch):
    monkeypatch.setattr("xtal.native.extraction._MOST", 10)
    with pytest.raises(NativeError, match="narrow the pattern"):
        refine_task(mixture("pawley"), silent)
