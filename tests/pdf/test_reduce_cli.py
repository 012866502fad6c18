"""``xtal pdf reduce``: files with their settings, scans, densities, and errors of one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtal.cli import main
from xtal.cli.pdf_options import values_of
from xtal.errors import InputError, OutputError
from xtal.io.pdf_files import write_pdf_file
from xtal.io.read_pattern import read_pattern
from xtal.pattern import Pattern


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["pdf", "reduce", *(str(argument) for argument in arguments)])
    return int(ended.value.code or 0)


def test_the_published_reduction_of_nickel_is_one_command(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "pdf_reduction_ni"
    code = run(folder / "Ni.chi", "--background", folder / "kapton.chi", "--background-scale", 1, "--composition", "Ni",
               "--qmax", 24, "--qmaxinst", 31.26, "--rpoly", 0.9, "--rmax", 20, "-o", tmp_path / "out", "--plot", tmp_path / "ni.svg")  # fmt: skip
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Ni.fq", "Ni.gr", "Ni.iq", "Ni.sq"]
    written, theirs = read_pattern(tmp_path / "out" / "Ni.gr"), read_pattern(folder / "Ni.gr")
    for key in ("composition", "qmax", "qmaxinst", "rpoly", "bgscale", "mode", "inputfile", "backgroundfile"):
        assert written.metadata[key] == theirs.metadata[key]
    assert written.sigma_origin == "file" and written.axis == "r" and len(written) == 2001
    assert read_pattern(tmp_path / "out" / "Ni.fq").axis == "q"
    assert "slope of G(r)" in capsys.readouterr().out
    assert (tmp_path / "ni.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_a_scan_prints_its_best_and_uses_it(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "pdf_reduction_ni"
    assert run(folder / "Ni.chi", "--background", folder / "kapton.chi", "--composition", "Ni", "--qmax", 24, "--qmaxinst", 31.26,
               "--density", 8.908, "--rcut", 2, "--rmax", 10, "--scan-background", "0.8,1.0,3.0", "-o", tmp_path) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert "<- used" in said and "left out: background scale 3" in said
    assert read_pattern(tmp_path / "Ni.gr").metadata["bgscale"] in (0.8, 1.0)


def test_the_density_of_argon_is_found_from_the_command_line(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "pdf_amorphous_glassure"
    assert run(folder / "Argon_1GPa.chi", "--background", folder / "Argon_1GPa_bkg.chi", "--background-scale", 0.5, "--composition", "Ar",
               "--method", "physical", "--qmin", 0.3, "--qmax", 9, "--number-density", 0.03, "--find-density", "2.2:2.4:0.04",
               "-o", tmp_path) == 0  # fmt: skip
    assert "number density 0.0253(" in capsys.readouterr().out


def test_files_of_mantid_and_gudrun_are_read(tmp_path: Path) -> None:
    """Columns of text as those programs write them: commas under an ``X , Y , E`` line, or blanks under comments."""
    q = np.arange(0.5, 25, 0.02)
    keen = 0.1 * np.sin(2.5 * q) / q * np.exp(-0.003 * q**2)
    rows = list(zip(q, keen, np.full_like(q, 1e-3), strict=True))
    (tmp_path / "mantid.dat").write_text("X , Y , E\n" + "\n".join(f"{a:.4f},{b:.8f},{c:.5f}" for a, b, c in rows))
    (tmp_path / "gudrun.mint01").write_text(
        "# GudrunN\n# Q  DCS  error\n" + "\n".join(f"  {a:.6E}  {b:.6E}  {c:.6E}" for a, b, c in rows)
    )
    for name in ("mantid.dat", "gudrun.mint01"):
        assert (
            run(
                tmp_path / name,
                "--quantity",
                "FK",
                "--radiation",
                "neutron",
                "--composition",
                "GaPO4",
                "-o",
                tmp_path / "out",
            )
            == 0
        )
        made = read_pattern(tmp_path / "out" / f"{name.split('.')[0]}.gr")
        assert made.sigma_origin == "file"
        inner = made.cut(1.0, 6.0)
        assert inner.x[np.argmax(inner.intensity)] == pytest.approx(2.5, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--composition", "Nx"], "composition 'Nx'"),
        (["--composition", "Ni", "--qmax", "50"], "beyond the data"),
        (["--composition", "Ni", "--axis", "two_theta"], "--wavelength"),
        (["--composition", "Ni", "--quantity", "G"], "--quantity"),
        (["--composition", "Ni", "--scan-background", "1:0"], "START:STOP:STEP"),
        (["--composition", "Ni", "--find-density", "1.5"], "--method physical"),
        (["--composition", "Ni", "--radiation", "neutron"], "Mantid"),
        (["--composition", "Ni", "--method", "physical", "--low-r-iterations", "3"], "--rcut"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_no_file(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    q = np.linspace(0.5, 25, 1226)
    data = tmp_path / "data.chi"
    data.write_text("# Q I\n" + "\n".join(f"{a:.3f} {1000 / (1 + a) * (1 + 0.1 * np.sin(2.5 * a)):.4f}" for a in q))
    assert run(data, *arguments, "-o", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_existing_results_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.gr").write_text("mine")
    (tmp_path / "data.chi").write_text("0.5 1\n1.0 2\n")
    assert run(tmp_path / "data.chi", "--composition", "Ni", "-o", tmp_path) == 2
    assert "--force" in capsys.readouterr().err and (tmp_path / "data.gr").read_text() == "mine"


def test_ranges_of_values_include_both_ends() -> None:
    assert values_of("0.8:1.2:0.1", "--x") == [0.8, 0.9, 1.0, 1.1, 1.2]
    assert values_of("1,2.5", "--x") == [1.0, 2.5] and values_of(None, "--x") == []
    for wrong in ("1:2", "2:1:0.1", "a", "1:2:-1"):
        with pytest.raises(InputError):
            values_of(wrong, "--x")


def test_a_curve_goes_only_where_it_belongs(tmp_path: Path) -> None:
    curve = Pattern([1.0, 2.0], [0.0, 1.0], axis="q")
    for name in ("x.gr", "x.txt"):
        with pytest.raises(OutputError):
            write_pdf_file(tmp_path / name, curve, {})
