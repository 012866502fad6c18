"""``xtal simulate`` as a user types it."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from xtal.cli.simulate import simulate
from xtal.errors import InputError, OutputError, XtalError
from xtal.io.instruments import load_instrument
from xtal.io.peaks import PEAK_COLUMNS
from xtal.io.read_pattern import read_pattern

TOF_FILE = """#GSAS-II instrument parameter file
Type:PNT
Bank:1.0
2-theta:90.0
fltPath:60.0
difC:22585.0
difA:0.0
difB:0.0
Zero:0.0
alpha:1.0
beta-0:0.04
beta-1:0.02
beta-q:0.0
sig-0:0.0
sig-1:60.0
sig-2:0.0
sig-q:0.0
X:1.0
Y:0.0
Z:0.0
"""
MIX = [
    "cubic=li2ohcl-cubic",
    "orthorhombic=li2ohcl-orthorhombic",
    "llto",
    "--mix",
    "cubic=0.46,orthorhombic=0.04,llto=0.5",
]


def run(*arguments):
    app = typer.Typer()
    app.command()(simulate)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def table(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_mixture_writes_pattern_peaks_and_picture(tmp_path):
    pattern, peaks, picture = tmp_path / "p.xye", tmp_path / "peaks.csv", tmp_path / "fig.svg"
    said = run(*MIX, "--size", "cubic=120,llto=300", "--background", "150,-30,glass:50", "--seed", 3, "-o", pattern,
               "--peaks", peaks, "--plot", picture)  # fmt: skip
    assert "seed 3" in said
    read = read_pattern(pattern)
    assert len(read) == 4001
    assert read.intensity.max() == pytest.approx(10_150, rel=0.05)
    rows = table(peaks)
    assert tuple(rows[0]) == PEAK_COLUMNS
    assert {row["phase"] for row in rows} == {"cubic", "orthorhombic", "llto"}
    assert picture.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_peak_positions_obey_braggs_law(tmp_path):
    run("lab6", "--radiation", "0.4139A", "--range", 5, 30, "--peaks", tmp_path / "peaks.csv")
    for row in table(tmp_path / "peaks.csv"):
        d = 4.156826 / np.sqrt(sum(int(row[index]) ** 2 for index in "hkl"))
        assert float(row["two_theta"]) == pytest.approx(2 * np.degrees(np.arcsin(0.4139 / 2 / d)), abs=1e-3)


def test_transparent_plate_shifts_lines_down_and_a_thin_one_loses_those_at_high_angles(tmp_path):
    found = []
    for name, options in (("plain", []), ("deep", ["--transparency", 0.2]), ("thin", ["--plate", 0.1])):
        run("lab6", "--range", 20, 120, *options, "--peaks", tmp_path / f"{name}.csv")
        rows = table(tmp_path / f"{name}.csv")
        found.append(np.array([[float(row["two_theta"]), float(row["intensity"])] for row in rows]).T)
    (angle, intensity), (shifted, _), (_, thin) = found
    radius = load_instrument("lab-cuka").goniometer_radius
    np.testing.assert_allclose(shifted - angle, -np.degrees(0.1 / radius * np.sin(np.radians(angle))), atol=1e-6)
    left = 1 - np.exp(-0.2 / np.sin(np.radians(angle / 2)))
    np.testing.assert_allclose(thin / intensity * intensity[0] / thin[0], left / left[0], rtol=0.01)


def test_same_seed_writes_the_same_file(tmp_path):
    for name in ("a.xy", "b.xy"):
        run("lab6", "--seed", 5, "-o", tmp_path / name)
    assert (tmp_path / "a.xy").read_text(encoding="utf-8") == (tmp_path / "b.xy").read_text(encoding="utf-8")


def test_structures_without_a_mixture_become_patterns_of_their_own(tmp_path):
    run("lab6", "si", "-o", tmp_path / "p.xy")
    assert {path.name for path in tmp_path.iterdir()} == {"p-lab6.xy", "p-si.xy"}


def test_rival_models_print_where_they_differ(tmp_path):
    said = run(
        "li2ohcl-cubic", "li2ohbr-cubic", "--style", "difference", "--plot", tmp_path / "d.png", "--background", 50
    )
    assert "3 sigma at" in said
    assert "li2ohcl-cubic 1 1 0" in said
    assert (tmp_path / "d.png").stat().st_size > 10_000


def test_measured_pattern_gives_its_axis(tmp_path):
    run("lab6", "--range", 20, 60, "--step", 0.05, "-o", tmp_path / "m.xye")
    said = run("lab6", "--compare", tmp_path / "m.xye", "--plot", tmp_path / "c.html")
    assert "801 points from 20 to 60" in said
    assert "measured" in (tmp_path / "c.html").read_text(encoding="utf-8")


def test_time_of_flight_bank_of_a_file_gives_a_pattern_in_microseconds(tmp_path):
    bank = tmp_path / "bank.instprm"
    bank.write_text(TOF_FILE, encoding="utf-8")
    run("si", "--radiation", f"tof:{bank}", "--peaks", tmp_path / "peaks.csv")
    rows = table(tmp_path / "peaks.csv")
    assert float(rows[0]["tof"]) == pytest.approx(22585.0 * float(rows[0]["d"]), rel=1e-9)


def test_neutrons_see_the_lithium_that_x_rays_hardly_see(tmp_path):
    run("licl", "--radiation", "neutron:1.594A", "--peaks", tmp_path / "peaks.csv")
    rows = {row["h"] + row["k"] + row["l"]: row for row in table(tmp_path / "peaks.csv")}
    # rock salt with b of opposite sign: odd reflections (Cl − Li) are the strong ones
    assert float(rows["111"]["f_squared"]) > float(rows["200"]["f_squared"])


def test_isotope_of_lithium_changes_the_neutron_pattern(tmp_path):
    found = {}
    for number, length in ((6, 2.00), (7, -2.22)):
        peaks = tmp_path / f"{number}.csv"
        run("licl", "--radiation", "neutron:1.594A", "--isotope", f"Li={number}", "--peaks", peaks)
        rows = {row["h"] + row["k"] + row["l"]: float(row["f_squared"]) for row in table(peaks)}
        found[number] = rows["111"], (16 * (9.577 - length) ** 2)
    # four formula units, (Cl − Li)² at most, less displacement and absorption
    assert all(value == pytest.approx(bound, rel=0.25) for value, bound in found.values())
    assert found[7][0] / found[6][0] == pytest.approx((9.577 + 2.22) ** 2 / (9.577 - 2.00) ** 2, rel=0.05)


def test_a_harmonic_along_c_strengthens_basal_planes_by_its_closed_form(tmp_path):
    """k21 is √5 P2(cos φ): +√5 for 00l and −√5/2 for hk0 of a hexagonal crystal."""
    found = []
    for more in ([], ["--harmonics", "zno=c2_1:0.2"]):
        run("zno", *more, "--peaks", tmp_path / "p.csv", "--force")
        rows = table(tmp_path / "p.csv")
        found.append({row["h"] + row["k"] + row["l"]: float(row["intensity"]) for row in rows})
    plain, textured = found
    factor = {hkl: textured[hkl] / plain[hkl] for hkl in ("002", "100")}
    assert factor["002"] / factor["100"] == pytest.approx((1 + 0.2 * 5**0.5) / (1 - 0.1 * 5**0.5), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lab6", "si", "--mix", "lab6=0.5,si=0.4"], r"sum to 0\.9"),
        (["lab6", "si", "--mix", "lab6=0.5"], "no weight fraction for si"),
        (["lab6", "si", "--mix", "lab6=0.5,so=0.5"], "'so' is not among lab6, si"),
        (["lab6", "--range", "5", "15"], "no reflection between"),
        (["lab6", "--range", "60", "20"], "low < high"),
        (["lab6", "--radiation", "CuKb"], "CuKb"),
        (["lab6", "--radiation", "9A"], "is unknown at 9 Å|no reflection"),
        (["lab6", "--size", "big"], "'big' is not a number"),
        (["lab6", "--background", "glass"], "glass:HEIGHT"),
        (["lab6", "--texture", "si=0,0,1:0.5"], "phase=h,k,l:r"),
        (["licl", "--isotope", "Li"], "element=mass number"),
        (["licl", "--isotope", "li=6"], "'li=6' of an element that nothing here holds; there are Cl, Li"),
        (["lab6", "--background", "100 and glass:3"], "put commas between"),
        (["zno", "--stephens", "zno=s400:1"], "its Laue class has s400, s004, s202"),
        (["zno", "--stephens", "zno=s400"], "zno=s400:0.02"),
        (["zno", "--harmonics", "zno=2:0.3"], "write c2_1"),
        (["licl", "--radiation", "neutron:1.5A", "--isotope", "Li=8"], "no neutron length is known here for 8Li"),
        (["lab6", "--style", "pie"], "stacked, overlaid"),
        (["lab6", "--absorption", "1"], "flat-plate instrument"),
        (["lab6", "--radiation", "neutron:1.594A", "--plate", "0.5"], "bragg-brentano"),
        (["lab6", "lab6"], "alias=structure"),
        (["lab7"], "lab6"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(arguments, message):
    with pytest.raises(XtalError, match=message):
        run(*arguments)


def test_existing_files_are_kept_unless_forced(tmp_path):
    kept = tmp_path / "p.xy"
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="--force"):
        run("lab6", "-o", kept)
    assert kept.read_text(encoding="utf-8") == "mine"
    run("lab6", "-o", kept, "--force")
    assert kept.read_text(encoding="utf-8") != "mine"


def test_difference_of_a_single_pattern_is_refused(tmp_path):
    with pytest.raises(InputError, match="two structures"):
        run("lab6", "--style", "difference", "--plot", tmp_path / "d.png")


def test_picture_of_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"\.html"):
        run("lab6", "--plot", tmp_path / "d.bmp")
