"""``xtal phases``: what is listed, shown and built."""

from __future__ import annotations

import json

import pytest

from xtal.cli import main
from xtal.io.cif import read_cif
from xtal.io.library import reference_names


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(["phases", *arguments])
    out, err = capsys.readouterr()
    return end.value.code or 0, out, err


def test_list_names_every_reference_structure_with_its_quality(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(reference_names())
    assert next(line for line in out.splitlines() if line.startswith("li2ohcl-cubic ")).split()[1] == "model"


def test_list_missing_names_the_papers_to_get(capsys):
    _, out, _ = run(capsys, "list", "--missing")
    assert "10.1021/acs.chemmater.0c02602" in out


def test_show_prints_sites_source_and_what_is_uncertain(capsys):
    _, out, _ = run(capsys, "show", "lab6")
    assert "P m -3 m" in out and "4.15683" in out and "B1" in out


def test_show_json_holds_the_certified_cell_of_srm_660c(capsys):
    _, out, _ = run(capsys, "show", "lab6", "--json")
    assert json.loads(out)["cell"]["a"] == pytest.approx(4.156826)


def test_unknown_structure_suggests_the_nearest(capsys):
    code, _, err = run(capsys, "show", "lito")
    assert code == 2 and "llto" in err


def test_k_on_the_cluster_site_is_written_as_a_cif_of_a_model(capsys, tmp_path):
    code, _, _ = run(capsys, "build", "k-on-cluster", "li2ohcl-cubic", "0.1", "-o", str(tmp_path / "k.cif"))
    assert code == 0
    contents = read_cif(tmp_path / "k.cif").cell_contents
    assert contents["K"] == pytest.approx(0.1) and contents["O"] == pytest.approx(0.9)
    assert contents["Li"] == pytest.approx(1.8) and contents["Cl"] == pytest.approx(1.0)


def test_substitution_prints_a_cif_that_says_it_is_a_model(capsys, tmp_path):
    _, out, _ = run(capsys, "build", "substitute", "li2ohcl-cubic", "Cl", "F", "0.1")
    (tmp_path / "f.cif").write_text(out)
    structure = read_cif(tmp_path / "f.cif")
    assert structure.cell_contents["F"] == pytest.approx(0.1)
    assert structure.quality == "model"


def test_lzaco_on_the_hcp_framework_has_the_composition_of_study_d(capsys, tmp_path):
    run(capsys, "build", "oxychloride", "P-3m1", "-o", str(tmp_path / "lzaco.cif"))
    contents = read_cif(tmp_path / "lzaco.cif").cell_contents
    assert contents["Zr"] / contents["Al"] == pytest.approx(3.0, rel=1e-3)
    assert contents["Li"] / contents["O"] == pytest.approx(2.0, rel=1e-3)


def test_existing_file_is_not_replaced_without_force(capsys, tmp_path):
    (tmp_path / "a.cif").write_text("mine")
    code, _, err = run(capsys, "build", "chlorospinel", "0.2", "-o", str(tmp_path / "a.cif"))
    assert code == 2 and "--force" in err
    assert (tmp_path / "a.cif").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["melt", "lab6"], "can't build 'melt lab6'"),
        (["substitute", "li2ohcl-cubic", "Cl", "F", "much"], "'much' is not a number"),
        (["supercell", "lab6", "2", "2", "x"], "'x' is not a whole number"),
        (["substitute", "li2ohcl-cubic", "Br", "F", "0.1"], "Br"),
        (["k-on-cluster", "li2ohcl-cubic", "1.5"], "1.5"),
    ],
)
def test_what_cannot_be_built_is_said(capsys, arguments, words):
    code, _, err = run(capsys, "build", *arguments)
    assert code == 2 and words in err
