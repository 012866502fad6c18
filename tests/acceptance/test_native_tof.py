"""The native engine at time of flight: what separates it from GSAS-II, and a bank that no other case has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from validation_joint import MULTI, build_joint_job

from xtal.diffraction import back_to_back
from xtal.engines.gsas2_location import find_gsas2
from xtal.engines.task import engine_task
from xtal.io.jobs import load_job
from xtal.native import refine_task
from xtal.rietveld.run import refine

CASES = {case.name: case for case in MULTI}

# Flight path and profile from easyscience/diffraction, which publishes the pattern.
SEPD = """
[instrument]
name = "SEPD, backscattering bank"
geometry = "debye-scherrer"
[instrument.bank]
dif_c = 7476.91
dif_a = -1.54
two_theta = 144.845
flight_path = 15.51
profile = { alpha = 0.3, beta_0 = 0.038, beta_1 = 0.011, sig_0 = 4.0, sig_1 = 40.0, sig_2 = 1.0 }
"""

SILICON = """
schema = "xtal-job/1"
title = "Si, SEPD"
[pattern]
file = "{data}/ed_misc/ed-7.xye"
axis = "tof"
instrument = "sepd.toml"
range = [2000.0, 23800.0]
[background]
terms = 10
[[phase]]
structure = "si"
[[stage]]
name = "scale and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "positions"
why = "The flight path is calibrated: the cell is what is measured."
free = ["phase.*.cell", "pattern.zero"]
[[stage]]
name = "peaks"
free = ["pattern.profile.alpha", "pattern.profile.beta_0", "pattern.profile.beta_1", "pattern.profile.sig_0", "pattern.profile.sig_1", "pattern.profile.sig_2", "phase.*.site.*.u_iso"]
max_cycles = 40
"""


def job_at(folder, text, data):
    path = folder / "job.toml"
    path.write_text(text.replace("{data}", str(data)), encoding="utf-8")
    return load_job(path, engine="native")


GSAS2_ON_LAB6 = {
    "zero": (15.2114, 0.5248), "dif_c": (22576.474, 0.623), "dif_a": (3.28656, 0.24864), "dif_b": (-3.48623, 0.12789),
    "absorption": (0.021311, 0.001151), "profile.alpha": (0.117376, 0.001761), "profile.beta_0": (0.035088, 0.001140),
    "profile.beta_1": (-0.0043675, 0.0001076), "profile.beta_q": (0.050342, 0.000971), "profile.sig_0": (-81.024, 1.680),
    "profile.sig_1": (-518.518, 8.695), "profile.sig_2": (318.943, 3.601), "profile.sig_q": (415.794, 7.466),
    "profile.x": (-0.22724, 0.41218), "profile.y": (8.64555, 0.35590),
}  # fmt: skip
"""GSAS-II 5.7.9 with the job of "LaB6, POWGEN": values and esds, Rwp 3.411 %."""


def both_exponentials_late(t, a, b, fwhm):
    """The Lorentzian part as GSAS-II has it, with derivatives: the rise is turned round."""
    p, q = (np.asarray(rate * (0.5j * fwhm - t), dtype=complex) for rate in (a, b))
    rise, fall = back_to_back._scaled_exp1(p), back_to_back._scaled_exp1(q)
    d_rise, d_fall = rise - 1 / p, fall - 1 / q
    parts = [rise + fall, -a * d_rise - b * d_fall, d_rise * p / a, d_fall * q / b, 0.5j * (a * d_rise + b * d_fall)]
    return -2 / np.pi * np.stack(parts).imag


@pytest.mark.slow
def test_lab6_differs_from_gsas2_by_the_lorentzian_part_alone(shared_data, tmp_path, monkeypatch):
    """Rwp 3.48 % against 3.41 %; with GSAS-II's part in our code every parameter is within 0.35 combined esds of GSAS-II's,
    which calculates the peak in single precision.
    """
    monkeypatch.setenv("XTAL_NATIVE_NUMBA", "0")
    monkeypatch.setattr(back_to_back, "_lorentzian_slopes", both_exponentials_late)
    task = engine_task(build_joint_job(CASES["LaB6, POWGEN"], "native", shared_data, tmp_path), "")
    outcome = refine_task(task, lambda event: None)
    assert outcome["agreement"]["rwp"] == pytest.approx(0.03411, abs=2e-4)
    for name, (value, esd) in GSAS2_ON_LAB6.items():
        row = outcome["parameters"][f"pattern.{name}"]
        assert abs(row["value"] - value) < 0.35 * np.hypot(row["esd"], esd), name


@pytest.mark.slow
def test_lab6_with_free_intensities_fits_better_than_the_tutorials_list_of_free_peaks(shared_data, tmp_path):
    """The GSAS-II tutorial's 3.24 % has places and intensities of all peaks free; Le Bail only the latter."""
    case = CASES["LaB6, POWGEN"]
    free = ('"phase.*.scale", ', ', "phase.*.site.*.u_iso", "phase.*.site.*.x"', ', "pattern.absorption"')
    text = case.job.replace("title =", 'mode = "lebail"\ntitle =')
    for words in free:
        text = text.replace(words, "")
    result = refine(build_joint_job(replace(case, job=text), "native", shared_data, tmp_path), timeout=600.0)
    assert result.status == "converged", result.message
    assert result.agreement.rwp < 0.0324


@pytest.mark.slow
def test_silicon_on_sepd_agrees_with_gsas2(shared_data, tmp_path):
    """GSAS-II 5.7.9 with the same job and the slopes of cubic cells put right: Rwp 5.7998 %, a = 5.432477(72) Å, zero -8.751(78) µs."""
    (tmp_path / "sepd.toml").write_text(SEPD, encoding="utf-8")
    result = refine(job_at(tmp_path, SILICON, shared_data), timeout=600.0)
    assert result.status == "converged", result.message
    assert result.agreement.rwp == pytest.approx(0.057998, abs=5e-6)
    a, zero = result.phases["si"].cell.a, result.parameters["pattern.zero"]
    assert (a.value, a.esd) == (pytest.approx(5.432477, abs=7e-6), pytest.approx(7.2e-5, rel=0.02))
    assert (zero.value, zero.esd) == (pytest.approx(-8.751, abs=8e-3), pytest.approx(0.078, rel=0.02))


@pytest.mark.gsas2
@pytest.mark.slow
@pytest.mark.skipif(find_gsas2() is None, reason="GSAS-II is absent: set XTAL_GSAS2_PYTHON")
def test_gsas2_ends_at_the_minimum_of_silicon_on_sepd(shared_data, tmp_path):
    (tmp_path / "sepd.toml").write_text(SEPD, encoding="utf-8")
    job = job_at(tmp_path, SILICON, shared_data)
    ours, theirs = refine(job), refine(job, engine="gsas2", timeout=600.0)
    shared = [name for name, item in ours.parameters.items() if item.free and not name.endswith(".scale")]
    for name in shared:
        mine, other = ours.parameters[name], theirs.parameters[name]
        assert abs(mine.value - other.value) < 0.1 * mine.esd, name
        assert other.esd == pytest.approx(mine.esd, rel=0.02), name
