"""FullProf's resolution files of time-of-flight banks."""

from __future__ import annotations

import pytest

from xtal.diffraction.time_of_flight import tof_widths
from xtal.errors import InputError
from xtal.io.instruments import load_instrument, write_instrument

BANK = """! To be used with function NPROF=9 in FullProf (Res=5)
! ------------------------------------------ Bank {number}
NPROF 9
!       Tof-min(us)    step      Tof-max(us)
TOFRG   15051.9      7.85    209446.6
!        Dtt1          Dtt2        Zero
D2TOF     34841.316           5.950         -5.055
!     TOF-TWOTH of the bank
TWOTH     {angle}
!           Sig-2       Sig-1       Sig-0
SIGMA     287.174     3865.810     0.005
!           Gam-2       Gam-1       Gam-0
GAMMA     0.100       4.991        0.005
!         alph0       beta0       alph1       beta1
ALFBE    0.000077    0.024760    0.096713    0.006268
END
"""


def written(folder, text):
    path = folder / "bank.irf"
    path.write_text(text)
    return path


def test_bank_has_fullprofs_flight_times_and_widths(tmp_path):
    bank = load_instrument(written(tmp_path, BANK.format(number=2, angle=89.58))).bank
    assert bank is not None
    assert (bank.dif_c, bank.dif_a, bank.dif_b, bank.zero) == (34841.316, 5.95, 0.0, -5.055)
    assert bank.two_theta == 89.58
    d = 1.5
    alpha, beta, sigma, gamma = (float(each[0]) for each in tof_widths([d], bank))
    assert alpha == pytest.approx(0.000077 + 0.096713 / d)
    assert beta == pytest.approx(0.02476 + 0.006268 / d**4)
    assert sigma**2 == pytest.approx(0.005 + 3865.81 * d**2 + 287.174 * d**4)
    assert gamma == pytest.approx(0.005 + 4.991 * d + 0.1 * d**2)


def test_flight_path_is_what_the_first_coefficient_implies(tmp_path):
    """POWGEN: 63.18 m and dif_c 22581.63 at 90°, to the four parts in 10⁴ by which programs' constants differ."""
    text = BANK.format(number=1, angle=90.0).replace("34841.316           5.950 ", "22581.63  0.0  0.0 ")
    bank = load_instrument(written(tmp_path, text)).bank
    assert bank.zero == -5.055 and bank.flight_path == pytest.approx(63.18, rel=4e-4)


def test_bank_of_several_is_chosen_by_number(tmp_path):
    path = written(tmp_path, BANK.format(number=1, angle=168.3) + BANK.format(number=2, angle=89.58))
    assert load_instrument(path, bank=1).bank.two_theta == 168.3
    with pytest.raises(InputError, match=r"2 banks \(1, 2\)"):
        load_instrument(path)


def test_a_rise_that_gsas2_lacks_is_not_lost_in_its_file(tmp_path):
    instrument = load_instrument(written(tmp_path, BANK.format(number=2, angle=89.58)))
    with pytest.raises(InputError, match="alpha_0"):
        write_instrument(instrument, tmp_path / "bank.instprm")
    write_instrument(instrument, tmp_path / "bank.toml")
    assert load_instrument(tmp_path / "bank.toml").bank == instrument.bank


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("NPROF 9", "NPROF 10", "profile function 10"), ("0.006268", "0.006268 0.1 0.2", "not zero"),
     ("GAMMA     0.100", "GAMMA", "GAMMA has 2 numbers")],
)  # fmt: skip
def test_other_profiles_and_odd_lines_are_refused(tmp_path, old, new, said):
    path = written(tmp_path, BANK.format(number=2, angle=89.58).replace(old, new))
    with pytest.raises(InputError, match=said):
        load_instrument(path)
