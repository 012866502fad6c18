"""Every tutorial runs in a fresh process, and its last table still says what its text concludes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Quantity: expected, tolerance, why that tolerance. Three esds where the pattern is synthetic, rounded up.
NOISE = "three esds of counting noise"
SYSTEMATIC = "GSAS took 1.5405 Å for Kα1 (60 ppm); displacement against zero moves cells by 100 ppm"
FIGURE = "read off a figure, sample height unknown"
EXPECTED: dict[str, dict[str, tuple[Any, float, str]]] = {
    "a_cubic_share": {
        "mismatch, pure (%)": (1.068, 0.001, "closed form from the published cells"),
        "mismatch, x = 0.1 (%)": (0.8485, 0.001, "closed form from the published cells: (2 · 0.8659 + 0.8137)/3"),
        **{f"cubic share, x = {x}": (share, 0.03, NOISE) for x, share in (("0", 0.59), ("0.02", 0.91), ("0.05", 0.95), ("0.1", 1.0))},
        **{f"a, x = {x} (Å)": (3.911, 0.0003, NOISE) for x in ("0", "0.02", "0.05", "0.1")},
        "LLTO 110 (° 2θ)": (32.8, 0.15, FIGURE),
    },
    "b_potassium_site": {
        "lines 30–35°, orthorhombic": (3, 0, "counted in the paper"),
        "lines 30–35°, cubic": (1, 0, "counted in the paper"),
        "tolerance factor": (0.794, 0.0005, "printed in the paper"),
        "counts to tell the rivals apart": (15, 15, "small: any X-ray pattern tells them apart"),
        "occupancy of O without K": (1.14, 0.03, "(0.9 · 8 + 0.1 · 19)/8 electrons, without the angle dependence"),
        "K share": (0.1, 0.004, NOISE),
        "K–Cl (Å)": (3.387, 0.02, "a√3/2, and the maximum of a broad peak"),
        "transition on heating (°C)": (44.0, 1.1, "frames are 3.7 °C apart: /√12"),
        "transition on cooling (°C)": (27.0, 1.3, "frames are 4.2 °C apart: /√12"),
        "PDF prefers": ("cluster", 0, "put in"),
        "PDF ΔBIC of the other": (380, 100, "far above 10; its exact value is that of one seed"),
        "a from the PDF (Å)": (3.911, 0.0004, "three esds of the noise, rounded up; H is left out"),
    },
    "c_chlorospinel": {
        "nearly pure, X-rays: spinel": (0.97424, 0.002, NOISE),
        "nearly pure, X-rays: licl": (0.02576, 0.002, NOISE),
        "slowly cooled, X-rays: spinel": (0.58, 0.005, NOISE),
        "slowly cooled, X-rays: c2m": (0.40, 0.005, NOISE),
        "slowly cooled, X-rays: licl": (0.02, 0.002, NOISE),
        "slowly cooled, neutrons: spinel": (0.58, 0.012, NOISE),
        "slowly cooled, neutrons: c2m": (0.40, 0.012, NOISE),
        "slowly cooled, neutrons: licl": (0.02, 0.002, NOISE),
        "nearly pure, time of flight: spinel": (0.97424, 0.002, NOISE),
        "nearly pure, time of flight: licl": (0.02576, 0.002, NOISE),
        "occupancy of Li1": (0.28, 0.08, NOISE),
        "occupancy of Li2": (0.19, 0.025, NOISE),
        "occupancy of Li3": (0.008, 0.02, NOISE),
        "lithium: counts X-rays / neutrons": (5.0, 2.5, "neutrons see lithium better; how much depends on background"),
    },
    "d_amorphous_oxychloride": {
        "XRD share of ccp": (0.7, 0.025, NOISE),
        "XRD share of hcp": (0.3, 0.025, NOISE),
        "share of ccp, stiff background": (0.63, 0.04, "the text shows that it is wrong by ten esds"),
        "size of ccp (nm)": (15.0, 1.0, NOISE),
        "preferred model": ("base", 0, "both frameworks were put in"),
        "PDF stacking": ("ccp", 0, "put in"),
        "PDF crystalline": (0.10, 0.04, "the glass of the reference isn't that of the data"),
    },
    "e_measured_fluorapatite": {
        "a (Å)": (9.371724, 0.0019, SYSTEMATIC),
        "c (Å)": (6.885867, 0.0014, SYSTEMATIC),
        "Rwp (%)": (8.5, 1.0, "not worse than GSAS's 10.05 on the whole range"),
        "shortest P–O (Å)": (1.53, 0.02, "phosphates"),
    },
    "f_measured_synchrotron": {
        "a(nac) (Å)": (10.251218, 0.0005, "50 ppm: wavelengths and zero of two programs"),
        "a(caf2) (Å)": (5.464617, 0.0003, "50 ppm: wavelengths and zero of two programs"),
        "Rwp (%)": (9.0, 2.0, "rietx alone reaches 9.2 on 2–24°"),
    },
    "g_calibrate": {
        f"FWHM at {angle:g}° (°)": (width, 0.001, "1.5 % of a width from 20 000 counts")
        for angle, width in ((25, 0.0688), (45, 0.0712), (65, 0.0768), (90, 0.0908), (115, 0.1206))
    },
    "h_quantitative_mixture": {
        "al2o3": (0.3137, 0.003, NOISE),
        "zno": (0.3421, 0.003, NOISE),
        "caf2": (0.3442, 0.003, NOISE),
        "verdict without fluorite": ("review", 0, "its lines are left over"),
    },
}  # fmt: skip

RUN = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['table'], default=float))"


def tutorials(repository: Path) -> dict[str, Path]:
    return {file.stem: file for file in sorted((repository / "docs" / "tutorials").glob("*.py"))}


def test_every_tutorial_has_expected_values(repository):
    assert set(tutorials(repository)) == set(EXPECTED)


def test_every_tutorial_says_in_its_first_lines_whether_it_is_synthetic_or_measured(repository):
    for name, file in tutorials(repository).items():
        first = re.search(r"^# # .*\n#\n# (.*)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert first, name
        assert "synthetic" in first[1] or "measured data" in first[1], name


def test_every_picture_says_whether_it_is_synthetic_or_measured(repository):
    for name, file in tutorials(repository).items():
        text = file.read_text(encoding="utf-8")
        for call in re.findall(r"^Picture\((.*?)^\)|^Picture\((.*)\)$", text, re.MULTILINE | re.DOTALL):
            assert re.search("synthetic|measured", "".join(call), re.IGNORECASE), f"{name}: {call}"


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_tutorial_runs_and_finds_what_it_says(name, repository, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(repository)}
    command = [sys.executable, "-c", RUN, str(tutorials(repository)[name])]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=550
    )
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout.splitlines()[-1])
    for quantity, (known, tolerance, why) in EXPECTED[name].items():
        found = table[quantity]
        holds = found == known if isinstance(known, str) else found == pytest.approx(known, abs=tolerance)
        assert holds, f"{quantity}: {found}, expected {known} ± {tolerance} ({why})"
    assert list(tmp_path.iterdir()) == [], "a tutorial leaves nothing in the working folder"
