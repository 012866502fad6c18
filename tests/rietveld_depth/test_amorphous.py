"""Amorphous content of synthetic mixtures with a known glass, by each method that applies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from xtal.cli import main
from xtal.errors import InputError
from xtal.io.instruments import write_instrument
from xtal.io.library import reference_structure
from xtal.io.write_pattern import write_pattern
from xtal.result import ProfileCurves, Value
from xtal.rietveld.amorphous import by_external_standard, by_internal_standard, disagreement, impossible
from xtal.rietveld.hump import fit_hump, gaussian_hump, measured_hump
from xtal.synthetic import laboratory_instrument
from xtal.synthetic_glass import HALO, synthetic_glass_mixture

STANDARD_SHARE, TRUE_CRYSTALLINITY = 0.25, 0.92
HALO_TEXT = f"{HALO[0]},{HALO[1]}"
JOB = """
schema = "xtal-job/1"
[pattern]
file = "{name}.xye"
instrument = "instrument.toml"
[background]
terms = 16
{phases}
[[stage]]
name = "scales and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cells and widths"
free = ["phase.*.cell", "phase.*.crystallite_size_nm"]
"""


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def refined(folder: Path, name: str, crystals: dict[str, float], glasses: dict[str, float], seed: int) -> Path:
    """Result folder of a synthetic mixture."""
    made = {phase: (reference_structure(phase), weight) for phase, weight in crystals.items()}
    glassy = [(reference_structure(phase), weight) for phase, weight in glasses.items()]
    pattern, _ = synthetic_glass_mixture(made, glassy, seed)
    write_pattern(pattern, folder / f"{name}.xye")
    write_instrument(laboratory_instrument(), folder / "instrument.toml")
    phases = "\n".join(f'[[phase]]\nname = "{phase}"\nstructure = "{phase}"' for phase in crystals)
    (folder / f"{name}.toml").write_text(JOB.format(name=name, phases=phases))
    assert command("refine", str(folder / f"{name}.toml"), "-q", "-o", str(folder / name)) <= 1
    return folder / name


def spiked(folder: Path, glass: float, seed: int) -> Path:
    """A sample of zincite with so much glass of its composition, mixed with a standard that is itself partly glass."""
    sample, standard = 1 - STANDARD_SHARE, STANDARD_SHARE
    crystals = {"zno": sample * (1 - glass), "al2o3": standard * TRUE_CRYSTALLINITY}
    return refined(folder, f"spiked{100 * glass:.0f}", crystals,
                   {"zno": sample * glass, "al2o3": standard * (1 - TRUE_CRYSTALLINITY)}, seed)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Samples of 10, 30, 70 wt% glass, plain and with the standard, one that calibrates the halo, and pure corundum."""
    folder = tmp_path_factory.mktemp("glass")
    found = {"folder": folder}
    for seed, glass in enumerate((0.1, 0.3, 0.7), start=1):
        found["plain", glass] = refined(folder, f"plain{100 * glass:.0f}", {"zno": 1 - glass}, {"zno": glass}, seed)
        found["spiked", glass] = spiked(folder, glass, 10 + seed)
    known = refined(folder, "known", {"zno": 0.5}, {"zno": 0.5}, 20)
    found["pure"] = refined(folder, "pure", {"al2o3": TRUE_CRYSTALLINITY}, {"al2o3": 1 - TRUE_CRYSTALLINITY}, 21)
    found["hump"] = folder / "hump.json"
    code = command("amorphous", str(known), "--halo", HALO_TEXT, "--known", "0.5", "--save", str(found["hump"]))
    assert code == 0
    return found


def estimates(folders, kind: str, glass: float, *more: str) -> dict[str, dict]:
    """What `xtal amorphous` says of the sample, by method, and its sentence."""
    file = folders["folder"] / f"{kind}-{glass}-{abs(hash(more))}.json"
    words = ["amorphous", str(folders[kind, glass]), "--external", str(folders["pure"]), "--external-crystallinity",
             "0.92(1)", "--halo", HALO_TEXT, "--calibration", str(folders["hump"]), "-o", str(file), *more]  # fmt: skip
    assert command(*words) == 0
    content = json.loads(file.read_text())
    return {item["method"]: item["sample"] for item in content["estimates"]} | {"sentence": content["sentence"]}


def with_standard(crystallinity: str = "0.92(1)") -> tuple[str, ...]:
    return "--internal", "al2o3=0.250(1)", "--crystallinity", crystallinity


@pytest.mark.parametrize("glass", [0.1, 0.3, 0.7])
def test_every_method_finds_the_glass_within_three_percent_of_weight(folders, glass):
    found = estimates(folders, "plain", glass)
    methods = {"external standard", "calibrated hump", "area (degree of crystallinity)"}
    assert set(found) - {"sentence"} == methods
    for method in methods:
        assert found[method]["value"] == pytest.approx(glass, abs=0.03), method
        assert found[method]["esd"] > 0


@pytest.mark.parametrize("glass", [0.1, 0.3, 0.7])
def test_the_spiked_sample_gives_its_own_glass_and_not_that_of_the_mixture(folders, glass):
    found = estimates(folders, "spiked", glass, *with_standard(), "--glass-like", "zno")
    for method in ("internal standard", "external standard", "calibrated hump"):
        assert found[method]["value"] == pytest.approx(glass, abs=0.03), method


def test_a_wrong_crystallinity_of_the_standard_moves_the_answer_and_the_methods_disagree(folders):
    right = estimates(folders, "spiked", 0.3, *with_standard())
    wrong = estimates(folders, "spiked", 0.3, *with_standard("1.00"))
    shift = wrong["internal standard"]["value"] - right["internal standard"]["value"]
    # Closed form: X = c w/R with R = w c0/X0 rises by the factor 1/0.92, so that the sample loses (1/0.92 - 1) X0/(1 - w) + 0.08 w/(1 - w).
    crystalline = (1 - STANDARD_SHARE) * 0.7 + STANDARD_SHARE * TRUE_CRYSTALLINITY
    expected = -((1 / 0.92 - 1) * crystalline - 0.08 * STANDARD_SHARE) / (1 - STANDARD_SHARE)
    assert shift == pytest.approx(expected, abs=0.005)
    assert abs(shift) > 0.05
    assert "differ by up to" in wrong["sentence"]


def test_uncertain_crystallinity_widens_the_esd(folders):
    sharp = estimates(folders, "spiked", 0.3, *with_standard("0.92"))
    vague = estimates(folders, "spiked", 0.3, *with_standard("0.92(5)"))
    assert vague["internal standard"]["esd"] > 3 * sharp["internal standard"]["esd"]


def test_internal_standard_of_a_closed_form():
    # 20 g of standard, 30 g of crystal, 50 g of glass: the standard is 40 % of what diffracts.
    estimate = by_internal_standard(Value(0.4, 0.004), Value(0.2))
    assert estimate.mixture.value == pytest.approx(0.5)
    assert estimate.sample.value == pytest.approx(50 / 80)
    assert estimate.mixture.esd == pytest.approx(0.5 * 0.01)


def test_external_standard_scales_with_absorption_and_exposure():
    estimate = by_external_standard(Value(6.0, 0.06), Value(10.0), absorption_ratio=Value(1.5), exposure_ratio=2.0)
    assert estimate.mixture.value == pytest.approx(1 - 6 * 1.5 / 20)
    assert estimate.mixture.esd == pytest.approx(0.45 * 0.01)


@pytest.mark.parametrize(("added", "crystallinity"), [(1.2, 1.0), (0.0, 1.0), (0.2, 1.3), (1.0, 1.0)])
def test_impossible_shares_are_refused(added, crystallinity):
    with pytest.raises(InputError, match=r"fraction"):
        by_internal_standard(Value(0.4), Value(added), Value(crystallinity))


def test_one_method_alone_says_that_nothing_checks_it():
    assert "nothing checks it" in disagreement([by_internal_standard(Value(0.4), Value(0.2))])


def test_halo_area_of_a_known_gaussian():
    x = np.linspace(15, 90, 2501)
    halo, base = 300 * gaussian_hump(x, 31, 9), 80 - 0.4 * (x - 15)
    counts = np.random.default_rng(8).poisson(halo + base).astype(float)
    curves = ProfileCurves(x, counts, np.sqrt(counts), halo + base, halo + base)
    found = fit_hump(curves, gaussian_hump(x, 31, 9))
    area = 300 * 9 * np.sqrt(np.pi / (4 * np.log(2)))
    assert found.area.value == pytest.approx(area, abs=4 * found.area.esd)
    assert found.area.esd < 0.02 * area


def test_shape_of_a_measured_glass_matches_the_gaussian_it_was_made_of():
    x = np.linspace(15, 90, 2501)
    counts = np.random.default_rng(9).poisson(2000 * gaussian_hump(x, 31, 9) + 100).astype(float)
    shape = measured_hump(x[100:-100], x, counts)
    assert np.max(np.abs(shape - gaussian_hump(x[100:-100], 31, 9))) < 0.05


def test_a_halo_beside_the_pattern_is_refused(quick_result):
    with pytest.raises(InputError, match="within the fitted range"):
        fit_hump(quick_result.profile, np.zeros(quick_result.profile.x.size))
    assert command("amorphous", "nowhere", "--halo", "20,5") == 2
    assert command("amorphous", "nowhere") == 2


def test_less_than_nothing_is_called_impossible_with_its_suspects():
    """Exposed twice as long as stated, a fully crystalline sample seems to hold minus 100 wt%."""
    ratio = Value(1.0)
    twice = by_external_standard(Value(2.0, 0.02), Value(1.0, 0.01), absorption_ratio=ratio)
    (sentence,) = impossible([twice, by_internal_standard(Value(0.2, 0.01), Value(0.2))])
    assert "external standard: -100.0 wt% amorphous is impossible" in sentence and "exposure ratio" in sentence
    assert impossible([by_external_standard(Value(1.01, 0.02), Value(1.0), absorption_ratio=ratio)]) == ()


@pytest.fixture
def quick_folder(quick_result, tmp_path) -> str:
    from xtal.report.folder import write_result

    write_result(quick_result, tmp_path / "result")
    return str(tmp_path / "result")


def test_a_calibration_is_for_the_halo_it_was_made_with(quick_result, quick_folder, tmp_path, capsys):
    saved = tmp_path / "halo.json"
    engine = quick_result.engine["name"]
    saved.write_text(
        json.dumps({"schema": "xtal-hump/1", "mass_per_area": 1.0, "esd": None, "engine": engine, "halo": "30,9"})
    )
    assert command("amorphous", quick_folder, "--halo", "30.0,9.0", "--calibration", str(saved)) == 0
    assert command("amorphous", quick_folder, "--halo", "31,9", "--calibration", str(saved)) == 2
    assert "calibration was made with '30,9'" in capsys.readouterr().err


def test_estimates_that_are_there_already_are_kept(quick_folder, tmp_path, capsys):
    kept = tmp_path / "a.json"
    kept.write_text("mine")
    assert command("amorphous", quick_folder, "--halo", "30,9", "-o", str(kept)) == 2
    assert kept.read_text() == "mine" and "exists already" in capsys.readouterr().err
