"""``xtal pdf simulate``."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from xtal.io.read_pattern import read_pattern


def run(folder, *arguments):
    call = [sys.executable, "-m", "xtal", "pdf", "simulate", *arguments]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)


def test_it_writes_a_gr_file_that_is_read_back_with_its_settings(tmp_path):
    done = run(
        tmp_path, "ni", "--qmax", "25", "--qdamp", "0.03", "--u-iso", "0.005", "-o", "ni.gr", "--range", "1", "12"
    )
    assert done.returncode == 0, done.stderr
    table = np.loadtxt(tmp_path / "ni.gr")
    assert table.shape == (1101, 3)
    (tmp_path / "two.gr").write_text("".join((tmp_path / "ni.gr").read_text(encoding="utf-8").splitlines(keepends=True)[:3])
                                     + "#L r G\n" + "".join(f"{r} {g}\n" for r, g, _ in table), encoding="utf-8")  # fmt: skip
    back = read_pattern(tmp_path / "two.gr")
    assert back.axis == "r"
    assert back.metadata["qmax"] == 25
    assert back.metadata["synthetic"].startswith("synthetic")


def test_partials_coordination_mixture_and_picture(tmp_path):
    done = run(tmp_path, "hcp=li2zrcl6-hcp", "ccp=li2zrcl6-ccp", "--mix", "hcp=0.3,ccp=0.7", "--neutron", "--isotope", "Li=7",
               "--partial", "Cl-Zr", "--coordination", "Zr-Cl:2:3", "--diameter", "hcp=150", "--range", "1", "10",
               "-o", "mix.csv", "--plot", "mix.png")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "hcp: 5.99" in done.stdout
    assert "ccp: 5.99" in done.stdout
    header = next(
        line for line in (tmp_path / "mix.csv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    assert header == "r,G,R,Cl-Zr"
    assert (tmp_path / "mix.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nickle",), "neither a reference structure nor a file"),
        (("ni", "--range", "5", "2"), "low < high"),
        (("ni", "--qmax", "-3"), "negative"),
        (("ni", "--partial", "Ni-O"), "there is no partial"),
        (("ni", "--coordination", "Ni"), "A-B:low:high"),
        (("ni", "ni"), "its own name"),
        (("ni", "--mix", "cu=1"), "cu"),
        (("ni", "-o", "a.txt"), ".gr or .csv"),
        (("ni", "--isotope", "Li"), "mass number"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, arguments, words):
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_group_lists_its_commands_and_suggests_the_nearest(tmp_path):
    from xtal.cli.pdf import PDF_COMMANDS

    done = subprocess.run([sys.executable, "-m", "xtal", "pdf", "--help"], capture_output=True, text=True, check=False)
    assert all(name in done.stdout for name in PDF_COMMANDS)
    wrong = subprocess.run(
        [sys.executable, "-m", "xtal", "pdf", "simulat"], capture_output=True, text=True, check=False
    )
    assert "Did you mean 'simulate'?" in wrong.stderr
