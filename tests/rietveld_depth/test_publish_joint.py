"""Publication of several patterns refined together: blocks that point at each other, and that other programs read."""

from __future__ import annotations

import json
import re
import subprocess
import warnings
from dataclasses import replace

import gemmi
import numpy as np
import pytest

from xtal import Lattice
from xtal.cli import main
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.engines.gsas2_location import find_gsas2
from xtal.io.instruments import write_instrument
from xtal.io.jobs import load_job
from xtal.io.library import reference_structure
from xtal.io.read_pattern import read_pattern
from xtal.io.write_pattern import write_pattern
from xtal.report.folder import write_result
from xtal.report.publication_cif import publication_cif
from xtal.rietveld.covariance import Covariance
from xtal.rietveld.pattern_fractions import pattern_fractions
from xtal.rietveld.run import refine
from xtal.synthetic import laboratory_instrument

from .beams import BANK, REACTOR
from .test_publish import POWDER_NAMES

BEAMS = {
    "X": (laboratory_instrument(), (20.0, 90.0, 0.04)),
    "N": (REACTOR, (15.0, 140.0, 0.1)),
    "T": (BANK, (18000.0, 60000.0, 20.0)),
}
STRAIN = -0.0012
SILICON = {"X": 0.7, "N": 0.7, "T": 0.4}
JOB = """
title = "Si, LiF: three beams"
{patterns}
[background]
terms = 2
[[phase]]
structure = "si"
[[phase]]
structure = "lif"
[[stage]]
name = "scales"
free = ["phase.*.scale", "pattern.*.scale", "pattern.T.share", "pattern.*.background"]
[[stage]]
name = "cells"
free = ["phase.*.cell", "pattern.*.strain", "phase.si.site.*.u_iso"]
"""


def strained(name: str, strain: float):
    structure = reference_structure(name)
    edges = (edge * (1 + strain) for edge in structure.lattice.parameters[:3])
    return replace(structure, lattice=Lattice(*edges, *structure.lattice.parameters[3:]))


def write_beam(folder, name: str, seed: int) -> str:
    """Files of a simulated pattern; its table."""
    instrument, axis = BEAMS[name]
    strain = 0.0 if name == "X" else STRAIN
    phases = [(strained("si", strain), SILICON[name], PhaseProfile()), (strained("lif", strain), 1 - SILICON[name], PhaseProfile())]  # fmt: skip
    made = simulate_pattern(phases, instrument, axis_points(*axis), background=Background((200.0, -20.0)), counts=20_000.0, seed=seed)  # fmt: skip
    write_pattern(made.pattern, folder / f"{name}.xye")
    write_instrument(instrument, folder / f"{name}.toml")
    return f'[[pattern]]\nname = "{name}"\nfile = "{name}.xye"\ninstrument = "{name}.toml"'


@pytest.fixture(scope="module")
def joint(tmp_path_factory):
    """Folder of the publication of a laboratory, a reactor and a time-of-flight pattern, and the result."""
    folder = tmp_path_factory.mktemp("joint")
    tables = [write_beam(folder, name, seed) for seed, name in enumerate(BEAMS)]
    (folder / "job.toml").write_text(JOB.format(patterns="\n".join(tables)))
    result = refine(load_job(folder / "job.toml", engine="native"), in_process=True)
    assert result.status == "converged", result.message
    write_result(result, folder / "result")
    with pytest.raises(SystemExit) as ended:
        main(["publish", str(folder / "result"), "-o", str(folder / "out"), "-q"])
    assert not ended.value.code
    return folder / "out", result


@pytest.fixture(scope="module")
def blocks(joint):
    """Blocks of the CIF by the last word of their names."""
    return {block.name.rpartition("_")[2]: block for block in gemmi.cif.read(str(joint[0] / "refinement.cif"))}


def texts(block, tag: str) -> list[str]:
    return [gemmi.cif.as_string(value) for value in block.find_loop(tag)]


def test_an_overall_block_comes_first_then_phases_then_patterns(blocks):
    assert list(blocks) == ["overall", "si", "lif", "X", "N", "T"]


def test_blocks_of_several_patterns_point_at_each_other(blocks):
    own = {key: gemmi.cif.as_string(block.find_value("_pd_block_id")) for key, block in blocks.items()}
    assert len(set(own.values())) == len(own)
    patterns, phases = [own[key] for key in "XNT"], [own["si"], own["lif"]]
    for key in ("overall", "si", "lif"):
        assert texts(blocks[key], "_pd_block_diffractogram_id") == patterns
    for key in ("overall", "X", "N", "T"):
        assert texts(blocks[key], "_pd_phase_block_id") == phases
    for key in "XNT":
        assert set(texts(blocks[key], "_pd_refln_phase_id")) == set(phases)


def test_names_of_a_joint_cif_are_in_the_dictionary(joint):
    text = (joint[0] / "refinement.cif").read_text()
    assert {name.lower() for name in re.findall(r"^(_pd_\S+)", text, re.M)} <= POWDER_NAMES


def test_each_pattern_reads_back_on_its_own_axis_with_its_own_radiation(joint, blocks):
    folder, result = joint
    for key, wavelength in (("X", 1.5405929), ("N", 1.594), ("T", None)):
        pattern = read_pattern(folder / "refinement.cif", block=blocks[key].name)
        curves = result.patterns[key].profile
        assert pattern.axis == curves.axis
        assert np.allclose(pattern.x, curves.x, rtol=1e-9) and np.allclose(
            pattern.intensity, curves.observed, rtol=1e-6
        )
        assert np.allclose(pattern.sigma, curves.sigma, rtol=1e-4)
        assert pattern.metadata.get("wavelength") == (
            None if wavelength is None else pytest.approx(wavelength, abs=1e-5)
        )
        assert pattern.metadata["radiation"] == ("x-ray" if key == "X" else "neutron")


def test_agreement_stands_with_each_pattern_and_over_all(joint, blocks):
    result = joint[1]
    for key in "XNT":
        assert float(blocks[key].find_value("_pd_proc_ls_prof_wR_factor")) == pytest.approx(result.patterns[key].agreement.rwp, abs=1e-5)  # fmt: skip
    assert float(blocks["overall"].find_value("_pd_proc_ls_prof_wR_factor")) == pytest.approx(result.agreement.rwp, abs=1e-5)  # fmt: skip
    assert int(blocks["overall"].find_value("_pd_proc_number_of_points")) == sum(len(one.profile.x) for one in result.patterns.values())  # fmt: skip


def test_each_pattern_has_the_fractions_that_it_was_made_with(blocks):
    for key, truth in SILICON.items():
        si, lif = (gemmi.cif.as_number(text) for text in blocks[key].find_loop("_pd_phase_mass_%"))
        assert si == pytest.approx(100 * truth, abs=0.6)
        assert si + lif == pytest.approx(100, abs=0.02)


def test_the_bank_is_described_by_its_calibration(blocks):
    table = blocks["T"].find("_pd_calib_d_to_tof.", ["id", "power", "coeff"])
    assert {row[0]: (int(row[1]), float(row[2])) for row in table} == {
        "zero": (0, -3.0), "dif_c": (1, 22585.0), "dif_a": (2, -2.0), "dif_b": (-1, 0.0),
    }  # fmt: skip
    assert float(blocks["T"].find_value("_pd_meas_2theta_fixed")) == 90.0
    assert blocks["T"].find_value("_diffrn_radiation_wavelength") is None


def test_a_cell_says_which_pattern_it_is_of_and_how_the_others_differ(blocks):
    text = gemmi.cif.as_string(blocks["si"].find_value("_cell_special_details"))
    assert "that of pattern X" in text
    strains = re.findall(r"in (\w) a is longer by the fraction (-0\.00\d+)\(\d+\)", text)
    assert [name for name, _ in strains] == ["N", "T"]
    assert all(float(value) == pytest.approx(STRAIN, abs=1e-4) for _, value in strains)


def test_pymatgen_reads_the_structures(joint):
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = CifParser(joint[0] / "refinement.cif").parse_structures(primitive=False)
    assert [one.composition.reduced_formula for one in found] == ["Si", "LiF"]
    for one, name in zip(found, ("si", "lif"), strict=True):
        assert one.lattice.a == pytest.approx(joint[1].phases[name].cell.a.value, abs=2e-4)


READS = """
import sys
from GSASII import GSASIIscriptable as g2
project = g2.G2Project(newgpx=sys.argv[2])
phase = project.add_phase(sys.argv[1], fmthint="CIF")
import json
print("FOUND" + json.dumps([phase.name, phase.data["General"]["Cell"][1], len(phase.data["Atoms"])]))
"""


@pytest.mark.gsas2
@pytest.mark.skipif(find_gsas2() is None, reason="GSAS-II is absent: set XTAL_GSAS2_PYTHON")
def test_gsas2_reads_the_first_structure(joint, tmp_path):
    command = [str(find_gsas2()), "-c", READS, str(joint[0] / "refinement.cif"), str(tmp_path / "t.gpx")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    name, a, n_atoms = json.loads(done.stdout.partition("FOUND")[2])
    assert (name, n_atoms) == ("si", 1)
    assert a == pytest.approx(joint[1].phases["si"].cell.a.value, abs=1e-4)


def test_tables_have_a_column_for_each_pattern(joint):
    folder, result = joint
    markdown, latex = (folder / "tables.md").read_text(), (folder / "tables.tex").read_text()
    assert "|  | X | N | T | all |" in markdown
    cells = " | ".join(f"{100 * one.agreement.rwp:.2f}" for one in (*result.patterns.values(), result))
    assert f"| Rwp, % | {cells} |" in markdown
    assert "neutrons, time of flight" in markdown and " µs |" in markdown and "µ" not in latex
    assert re.search(r"\| T \| share\.lif \| [\d.]+\(\d+\) \|", markdown)
    assert re.search(r"\| T \| wt% of si \| [\d.]+\(\d+\) \|", markdown)


def test_esd_of_a_fraction_with_its_own_share_by_hand(joint):
    # Weights p and q s of the two phases there: w = p/(p + q s), of which only s varies: dw/ds = -p q/(p + q s)².
    result = joint[1]
    p, q = (result.parameters[f"phase.{n}.scale"].value * result.phases[n].mass_factor for n in ("si", "lif"))
    share = result.parameters["pattern.T.share.lif"].value
    only = Covariance(("pattern.T.share.lif",), np.array([[1e-4]]))
    found = pattern_fractions(result, "T", only)
    assert found["si"].value == pytest.approx(p / (p + q * share))
    assert found["si"].esd == pytest.approx(0.01 * p * q / (p + q * share) ** 2)
    assert pattern_fractions(result, "N", only)["si"] == result.phases["si"].weight_fraction
    assert pattern_fractions(result, "T", None)["si"].esd is None


def test_a_phase_called_like_another_block_gets_its_own(joint):
    result = joint[1]
    odd = replace(
        result,
        phases={"overall": result.phases["si"], "Pattern_x": result.phases["lif"]},
        patterns={name: replace(one, reflections={}) for name, one in result.patterns.items()},
    )
    structures = {"overall": result.structures["si"], "Pattern_x": result.structures["lif"]}
    document = gemmi.cif.read_string(publication_cif(odd, structures, {}, {}))
    assert len({block.name.lower() for block in document}) == 6
    assert len({block.find_value("_pd_block_id") for block in document}) == 6
