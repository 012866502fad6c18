"""``xtal simulate --slits``: a profile from the dimensions of the diffractometer."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.cli import main
from xtal.io.read_pattern import read_pattern


def simulate(tmp_path, slits, *more):
    (tmp_path / "slits.toml").write_text(slits, encoding="utf-8")
    arguments = ["simulate", "lab6", "--range", "29", "32", "--step", "0.005", "--slits", str(tmp_path / "slits.toml")]
    with pytest.raises(SystemExit) as end:
        main([*arguments, "-o", str(tmp_path / "out.xy"), "--force", *more])
    return end.value.code or 0


def width(tmp_path):
    pattern = read_pattern(tmp_path / "out.xy")
    above = pattern.x[pattern.intensity > pattern.intensity.max() / 2]
    return above[-1] - above[0]


def test_a_dominant_receiving_slit_gives_its_own_angle_as_width(tmp_path):
    pytest.importorskip("xrayutilities")
    assert simulate(tmp_path, "[slits]\nradius = 240.0\nreceiving_slit = 1.2\n", "--radiation", "CuKa1") == 0
    assert width(tmp_path) == pytest.approx(np.degrees(1.2 / 240), abs=0.03)


@pytest.mark.parametrize(
    ("slits", "words"),
    [
        ("[slits]\nreceivng_slit = 0.1\n", "did you mean 'receiving_slit'?"),
        ("[slits]\nradius = 'far'\n", "radius = 'far'"),
        ("[slits]\nradius = -1\n", "must be positive"),
        ("[instrument]\n", "no table [slits]"),
        ("slits = [", "not valid TOML"),
    ],
)
def test_slits_that_cannot_be_used_are_said(tmp_path, capsys, slits, words):
    assert simulate(tmp_path, slits) == 2
    assert words in capsys.readouterr().err
