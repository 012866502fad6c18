"""``xtal pdf local``: what it prints, writes and refuses. The data are synthetic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from xtal.builders.chloride_frameworks import oxychloride
from xtal.cli import main
from xtal.composition import parse_composition
from xtal.io.cif import write_cif
from xtal.io.pdf_files import write_pdf_file
from xtal.pattern import Pattern
from xtal.pdf.amorphous import glass_pdf, synthetic_glass
from xtal.pdf.reference_stretch import best_stretch, stretched
from xtal.pdf.simulate import PdfPhase, PdfSettings, simulate_pdf
from xtal.pdf.transform import r_grid

FORMULA = "1.4Li2O-0.75ZrCl4-0.25AlCl3"
HEADER = {"mode": "neutron", "composition": FORMULA, "qmax": "31.5", "numberdensity": "0.0417", "window": "none"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 % of hcp crystallites in a glass, and what is needed to describe them."""
    made = tmp_path_factory.mktemp("lzaco")
    r = r_grid(1.0, 40.0, 0.02)
    settings = PdfSettings("neutron", 31.5)
    for name, framework in (("hcp", "P-3m1"), ("ccp", "C2/m")):
        write_cif(oxychloride(framework, name=name), made / f"{name}.cif")  # type: ignore[arg-type]
    crystal = simulate_pdf([PdfPhase(oxychloride("P-3m1", name="hcp"), diameter=150.0)], r, settings).g
    glass = glass_pdf(synthetic_glass(parse_composition(FORMULA), 0.0417, n_atoms=3000, seed=1), r, 31.5)
    for name, gr in (("mixed", 0.1 * crystal + 0.9 * glass), ("glass", glass)):
        curve = Pattern(r, gr, np.zeros_like(r), axis="r", sigma_origin="none", source="synthetic")
        write_pdf_file(made / f"{name}.gr", curve, HEADER, ("synthetic",))
    return made


def run(*arguments: object) -> None:
    main(["pdf", "local", *(str(argument) for argument in arguments)])


def succeed(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code in (0, None)


def test_the_stacking_and_share_of_a_synthetic_mixture_are_printed_and_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result, picture = tmp_path / "local.json", tmp_path / "local.png"
    succeed(folder / "mixed.gr", "--crystal", f"hcp={folder / 'hcp.cif'}", "--crystal", f"ccp={folder / 'ccp.cif'}",
            "--amorphous", "synthetic:5", "--diameter", 150, "--shell", "Zr-O:1.95:2.15:sigma=0.1", "--shell", "Zr-Cl:2.35:2.6:sigma=0.1",
            "--range", 1.6, 2.8, "--json", result, "--plot", picture)  # fmt: skip
    said = capsys.readouterr().out
    assert "stacking: hcp; crystalline fraction" in said
    assert "synthetic glass" in said and "a model, not a measurement" in said
    assert "coherence length of the amorphous part" in said
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["schema"] == "xtal-pdf-local/1"
    assert set(found) == {"schema", "source", "composition", "radiation", "q_max", "number_density", "window", "shells",
                          "crystalline", "windows", "coherence_length", "order_reach"}  # fmt: skip
    assert found["crystalline"]["stacking"] == "hcp"
    assert found["crystalline"]["fraction"]["value"] == pytest.approx(0.1, abs=0.04)
    assert [row["pair"] for row in found["shells"]["rows"]] == ["Zr-O", "Zr-Cl"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_glass_has_no_stacking(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    succeed(folder / "glass.gr", "--crystal", f"hcp={folder / 'hcp.cif'}", "--amorphous-reach", 21)
    assert "stacking: none; crystalline fraction 0.0 % (no esd:" in capsys.readouterr().out


def test_a_measured_reference_may_be_a_gr_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    succeed(folder / "mixed.gr", "--crystal", f"hcp={folder / 'hcp.cif'}", "--amorphous", folder / "glass.gr")
    assert "crystalline fraction 10" in capsys.readouterr().out


def test_a_stretched_cell_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    r = r_grid(1.0, 40.0, 0.02)
    curve = np.sin(5 * r) * np.exp(-r / 30)
    made = stretched(r, curve, 1.004)
    assert best_stretch(r, 0.1 * made, curve, 0.01, fit_range=(10.0, 38.0)) == pytest.approx(1.004, abs=2e-4)
    succeed(folder / "mixed.gr", "--crystal", f"hcp={folder / 'hcp.cif'}", "--stretch", 0.01)
    said = capsys.readouterr().out
    assert "cell of hcp: +0.0" in said or "cell of hcp: -0.0" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shell", "Zr-Br:2.3:2.6"], "Br is not in"),
        (["--shell", "nonsense"], "A-B:low:high"),
        (["--crystal", "hcp=absent.cif"], "absent.cif"),
        (["--amorphous-reach", "39.9", "--crystal", "licl"], "--amorphous-reach"),
        (["--window", "hann"], "one of none, lorch"),
        (["--crystal", "a=licl", "--crystal", "a=lif"], "one name"),
        (["--composition", "Xx"], "Xx"),
        (["--crystal", "licl", "--amorphous", "synthetic:x"], "synthetic:7"),
        (["--crystal", "licl", "--stretch", "0.5"], "stretch"),
        (["--plot", "shells.bmp"], ".png, .svg, .pdf"),
        (["--rmin", "50", "--rmax", "40"], "rmin < rmax"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(folder / "mixed.gr", *arguments)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_data_too_short_for_an_envelope_still_give_their_shells(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    succeed(folder / "glass.gr", "--shell", "Zr-Cl:2.3:2.7:sigma=0.1", "--range", 2.0, 3.0, "--rmax", 8)
    said = capsys.readouterr().out
    assert "Zr-Cl" in said and "coherence length of the G(r): unknown (an envelope needs G(r) to 13 Å" in said


def test_existing_files_are_not_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    held = tmp_path / "local.json"
    held.write_text("mine")
    with pytest.raises(SystemExit) as ended:
        run(folder / "glass.gr", "--json", held)
    assert ended.value.code == 2 and held.read_text() == "mine"
