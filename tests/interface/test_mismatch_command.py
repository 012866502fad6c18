"""``xtal mismatch``: what it prints, what it writes, how it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xtal.cli import main
from xtal.io.cif import read_cif

from .test_mismatch import refined


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["mismatch", *arguments])
    return int(ended.value.code or 0)


PLANES = ("--planes", "1,0,0/0,0,1")


def test_json_is_one_object_with_mismatch_matches_and_seconds(capsys):
    assert run("li2ohcl-cubic", "llto", *PLANES, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"film", "substrate", "limits", "mismatch", "matches", "series", "fillers", "seconds", "files"} == set(
        answer
    )
    assert answer["seconds"] > 0
    mean = answer["mismatch"]["mean"]["film_over_substrate"]
    assert 100 * mean["value"] == pytest.approx(1.068, abs=6e-4)
    assert mean["esd"] is None and "no esd of" in mean["reason"]
    first = answer["matches"][0]
    assert first["area"] == pytest.approx(3.869**2) and first["pareto"] is True
    assert first["film_matrix"] == [[1, 0], [0, 1]] and first["orientation"] == "(100)[0 1 0] ∥ (001)[1 0 0]"


def test_tables_name_the_definitions_and_the_one_nearest_to_a_published_number(capsys):
    assert run("li2ohcl-cubic", "llto", *PLANES, "--film-cell", "a=3.9025(14)", "--substrate-cell", "a=3.869(1),c=7.742(1)",
               "--published", "0.8") == 0  # fmt: skip
    out = capsys.readouterr().out
    assert "(film - substrate)/substrate" in out and "0.85(4) %" in out
    assert "nearest to 0.8 %: (substrate - film)/film along normals, 2 : 1 lattice planes" in out


def test_cells_and_esds_are_taken_from_a_result(tmp_path, capsys):
    (tmp_path / "result.json").write_text(json.dumps(refined(3.9031, 0.0004).to_dict()))
    place = str(tmp_path / "result.json")
    assert run("cubic=li2ohcl-cubic", "llto", *PLANES, "--substrate-cell", "a=3.869(0),c=7.742(0)",
               "--from-result", place, "--json") == 0  # fmt: skip
    axis = json.loads(capsys.readouterr().out)["mismatch"]["axes"][0]
    assert axis["film"]["value"] == 3.9031
    assert axis["values"]["film_over_substrate"]["esd"] == pytest.approx(0.0004 / 3.869, rel=1e-4)
    assert run("li2ohcl-cubic", "llto", "--from-result", place) == 2
    assert "its phases are cubic" in capsys.readouterr().err


def test_series_gives_the_composition_without_mismatch(tmp_path, capsys):
    table = tmp_path / "series.csv"
    table.write_text("x,a\n0,3.9110(6)\n0.02,3.9094(6)\n0.05,3.9066(6)\n0.1,3.9025(6)\n")
    assert (
        run(
            "li2ohcl-cubic",
            "llto",
            *PLANES,
            "--substrate-cell",
            "a=3.869(1),c=7.742(1)",
            "--series",
            str(table),
            "--json",
        )
        == 0
    )
    series = json.loads(capsys.readouterr().out)["series"]
    slope = np.polyfit([0, 0.02, 0.05, 0.1], [3.911, 3.9094, 3.9066, 3.9025], 1)
    assert series["slope"]["value"] == pytest.approx(slope[0], rel=1e-6)
    assert series["matching_composition"]["value"] == pytest.approx((3.869 - slope[1]) / slope[0], rel=1e-6)
    assert series["extrapolated"] is True and series["matching_composition"]["esd"] > 0
    assert run("li2ohcl-cubic", "llto", *PLANES, "--series", str(table)) == 0
    out = capsys.readouterr().out
    assert "Vegard line" in out and "no esd of the substrate's length" in out and "an extrapolation" in out


def test_build_writes_slabs_that_can_be_read_back(tmp_path, capsys):
    folder = tmp_path / "slabs"
    assert run("li2ohcl-cubic", "llto", *PLANES, "--build", "1", "--ordered", "--plot", "-o", str(folder)) == 0
    assert {path.name for path in folder.iterdir()} == {
        "film.cif", "substrate.cif", "interface.cif", "film.vasp", "substrate.vasp", "interface.vasp", "match.json",
        "coincidence.png", "front.png", "overlay.png",
    }  # fmt: skip
    match = json.loads((folder / "match.json").read_text())
    interface = read_cif(folder / "interface.cif")
    assert interface.lattice.a * interface.lattice.b == pytest.approx(match["area"], abs=1e-7)
    assert "wrote" in capsys.readouterr().out
    assert run("li2ohcl-cubic", "llto", *PLANES, "--build", "1", "-o", str(folder)) == 2
    assert "--force" in capsys.readouterr().err
    assert run("li2ohcl-cubic", "llto", *PLANES, "--build", "1", "-o", str(folder), "--force", "--quiet") == 0


def test_several_substrates_are_ranked(capsys):
    assert run("li2ohcl-cubic", "latp", "lif", "llto", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["fillers"][0]["name"] == "llto" == answer["substrate"]["name"]
    assert run("li2ohcl-cubic", "latp", "llto") == 0
    assert capsys.readouterr().out.index("llto") < 200


def test_elastic_energy_is_printed_with_a_stiffness(tmp_path, capsys):
    table = tmp_path / "c.txt"
    table.write_text("\n".join(" ".join(str(v) for v in row) for row in (np.eye(6) * 40 + 10).tolist()))
    assert run("li2ohcl-cubic", "llto", *PLANES, "--film-stiffness", str(table), "--film-share", "0.5", "--json") == 0
    assert json.loads(capsys.readouterr().out)["matches"][0]["elastic_energy_mev_per_atom"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--planes", "1,0,0"), "film and substrate plane"),
        (("--planes", "0,0,0/0,0,1"), "not a plane"),
        ((*PLANES, "--directions", "1,1,0//1,0,0;0,0,1//0,1,0"), "does not lie in"),
        (("--directions", "1,0,0"), "pair of directions"),
        ((*PLANES, "--max-area", "10"), "below one cell"),
        (("--max-strain", "0.9"), "below 0.5"),
        ((*PLANES, "--build", "9999"), "choose a number of the table"),
        ((*PLANES, "--build", "1", "--terminations", "50", "0"), "no termination 50"),
        (("--film-cell", "a=three"), "is not a number"),
        (("--film-cell", "a=-3"), "not a unit cell"),
        (("--definition", "relative"), "film_over_substrate"),
        (("--series", "nowhere.csv"), "can't be read"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_code_2_and_a_sentence(arguments, words, capsys):
    assert run("li2ohcl-cubic", "llto", *arguments) == 2
    captured = capsys.readouterr()
    assert words in captured.err and "Traceback" not in captured.err


def test_no_match_is_said_in_words(capsys):
    assert run("li2ohcl-cubic", "latp", "--planes", "1,0,0/0,1,2", "--max-strain", "0.001") == 0
    assert "raise --max-area or --max-strain" in capsys.readouterr().out
    assert run("li2ohcl-cubic", "latp", "--planes", "1,0,0/0,1,2", "--max-strain", "0.001", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["matches"] == [] and answer["mismatch"] is None
