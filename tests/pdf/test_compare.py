"""Rival models of one G(r)."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.pdf.pdf_jobs import cif, job, synthetic_gr
from xtal.errors import InputError
from xtal.io.library import find_structure
from xtal.lattice import Lattice
from xtal.pdf.fit import fit_pdf
from xtal.pdf.rivals import compare_pdf_models
from xtal.pdf.simulate import PdfSettings
from xtal.symmetry import SpaceGroup

JOB = """
[[data]]
name = "d"
file = "n.gr"
range = [1.5, {high}]
[[phase]]
name = "p"
structure = "{structure}.cif"
"""


@pytest.fixture
def folder(tmp_path):
    """A synthetic G(r) of tetragonally strained nickel, and a cubic and a tetragonal model for it."""
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    tetragonal = replace(nickel, name="tetragonal", space_group=SpaceGroup.from_symbol("F 4/m m m"),
                         lattice=Lattice(3.50, 3.50, 3.57))  # fmt: skip
    cif(tmp_path, tetragonal)
    cif(tmp_path, nickel.renamed("cubic"))
    synthetic_gr(tmp_path / "n.gr", tetragonal, PdfSettings("xray", 20.0, 0.03), noise=0.1, seed=1, span=(0.5, 16.0))
    return tmp_path


def fitted(folder, high=15.0):
    return {name: fit_pdf(job(folder, JOB.format(structure=name, high=high))) for name in ("cubic", "tetragonal")}


def test_the_true_model_is_preferred_and_most_so_at_long_distances(folder):
    comparison = compare_pdf_models(fitted(folder), 4.5)
    assert comparison.rivals[0].name == "tetragonal"
    assert comparison.rivals[1].delta_bic > 10
    assert "prefer tetragonal clearly" in comparison.sentence
    assert len(comparison.windows) == 3
    assert all(window.best == "tetragonal" for window in comparison.windows)
    evidence = [window.evidence["cubic"] for window in comparison.windows]
    assert min(evidence) > 0
    assert comparison.windows[0].rw["tetragonal"] < comparison.windows[0].rw["cubic"]
    assert json.dumps(comparison.to_dict(), allow_nan=False)


def test_an_idle_parameter_costs_what_the_bic_says(folder):
    """A cubic crystal fitted with a tetragonal cell gains nothing."""
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    synthetic_gr(folder / "n.gr", nickel, PdfSettings("xray", 20.0, 0.03), noise=0.1, seed=4, span=(0.5, 16.0))
    comparison = compare_pdf_models(fitted(folder), 4.5)
    assert comparison.rivals[0].name == "cubic"
    assert 0 < comparison.rivals[1].delta_bic < 10
    assert "don't tell them apart clearly" in comparison.sentence


def test_fits_of_different_points_are_not_compared(folder):
    results = {"a": fitted(folder)["cubic"], "b": fitted(folder, 12.0)["tetragonal"]}
    with pytest.raises(InputError, match="different points"):
        compare_pdf_models(results)


def test_one_model_or_no_window_is_refused(folder):
    results = fitted(folder)
    with pytest.raises(InputError, match="at least two"):
        compare_pdf_models({"a": results["cubic"]})
    with pytest.raises(InputError, match="positive"):
        compare_pdf_models(results, 0.0)


def test_the_command_ranks_and_writes_a_folder_for_each_model(folder):
    for name in ("cubic", "tetragonal"):
        text = 'schema = "xtal-pdf-job/1"\n' + JOB.format(structure=name, high=15.0)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    call = [sys.executable, "-m", "xtal", "pdf", "compare", "cubic.toml", "tetragonal.toml", "-o", "out"]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "prefer tetragonal clearly" in done.stdout
    content = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))
    assert content["schema"] == "xtal-pdf-comparison/1"
    assert {path.name for path in (folder / "out").iterdir()} == {
        "result.json",
        "comparison.png",
        "cubic",
        "tetragonal",
    }
    assert subprocess.run([*call, "--force", "-q"], cwd=folder, capture_output=True, check=False).returncode in (0, 1)
    same = subprocess.run(
        [*call[:5], "cubic.toml", "cubic.toml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert same.returncode == 2
    assert "different names" in same.stderr
