"""Instruments: presets, GSAS and GSAS-II files against rietx and the files' own numbers, our TOML, refusals."""

from __future__ import annotations

import math

import pytest

from xtal.errors import InputError, OutputError
from xtal.instrument import Instrument, Profile, TofBank
from xtal.io.instruments import instrument_presets, load_instrument, with_overrides, write_instrument
from xtal.radiation import KALPHA_LINES, Radiation

INSTPRM = """#GSAS-II instrument parameter file; do not add/delete items!
Type:PXC
Bank:1.0
Lam1:1.5405
Lam2:1.5443
Zero:0.012
Polariz.:0.5
Azimuth:0.0
I(L2)/I(L1):0.5
U:2.0
V:-2.0
W:5.0
X:1.5
Y:0.7
Z:0.0
SH/L:0.02
"""
BEAM = INSTPRM.replace("Lam1:1.5405\nLam2:1.5443\n", "Lam:0.41\n").replace("I(L2)/I(L1):0.5\n", "")


def test_presets_name_their_lines_and_are_not_calibrated():
    for preset in instrument_presets():
        instrument = load_instrument(preset)
        element = {"cu": "Cu", "mo": "Mo", "ag": "Ag", "co": "Co"}[preset[4:6]]
        assert instrument.radiation.wavelength == KALPHA_LINES[element][0]
        assert len(instrument.radiation.lines) == (1 if preset.endswith("ka1") else 2)
        assert (instrument.geometry, instrument.calibrated) == ("bragg-brentano", False)
        assert "not measured" in instrument.source


def test_graphite_preset_has_its_monochromator_angle():
    # Graphite 002, d = 3.354 Å: 2θ_m = 2 asin(λ/2d) for Cu Kα.
    expected = 2 * math.degrees(math.asin(1.5418 / (2 * 3.354)))
    assert load_instrument("lab-cuka-graphite").monochromator_two_theta == pytest.approx(expected, abs=0.1)
    assert load_instrument("lab-cuka").monochromator_two_theta is None


def test_instprm_turns_centidegrees_to_degrees(tmp_path):
    file = tmp_path / "lab.instprm"
    file.write_text(INSTPRM)
    instrument = load_instrument(file)
    assert instrument.profile == Profile(2e-4, -2e-4, 5e-4, 0.015, 0.006999999999999999, 0.02)
    assert instrument.radiation.lines == ((1.5405, 1.0), (1.5443, 0.5))
    assert (instrument.zero, instrument.geometry, instrument.calibrated) == (0.012, "bragg-brentano", True)
    assert instrument.polarization is None


def test_instprm_reads_as_rietx_reads_it(tmp_path):
    import rietx

    file = tmp_path / "beam.instprm"
    file.write_text(BEAM.replace("Polariz.:0.5", "Polariz.:0.99"))
    theirs, ours = rietx.read_gsas2_instprm(file), load_instrument(file)
    # rietx holds FWHM², 8 ln 2 times the variance.
    for letter in "uvw":
        fwhm_squared = getattr(theirs.profile, letter).value
        assert getattr(ours.profile, letter) * 8 * math.log(2) == pytest.approx(fwhm_squared)
    assert (ours.profile.x, ours.profile.y) == pytest.approx((theirs.profile.x.value, theirs.profile.y.value))
    assert ours.polarization == pytest.approx(theirs.source.polarization.value)


def test_prm_of_11bm_reads_as_rietx_reads_it(shared_data):
    import rietx

    file = shared_data / "nac_11bm_powgen" / "11bm_gsas.prm"
    theirs, ours = rietx.read_gsas_prm(file), load_instrument(file)
    for letter in "uvw":
        assert getattr(ours.profile, letter) * 8 * math.log(2) == pytest.approx(getattr(theirs.profile, letter).value)
    assert ours.profile.x == pytest.approx(theirs.profile.x.value)
    assert ours.profile.axial == pytest.approx(theirs.geometry.axial_sl.value + theirs.geometry.axial_hl.value)
    assert (ours.radiation.wavelength, ours.polarization, ours.geometry) == (0.413909, 0.99, "debye-scherrer")


def test_prm_of_a_tube_adds_the_scherrer_term_to_u_and_w(shared_data):
    instrument = load_instrument(shared_data / "lab_fap" / "INST_XRY.PRM")
    # GU 2, GV -2, GW 5, GP 0.1: σ² = GU tan² + GV tan + GW + GP/cos².
    for theta in (10.0, 60.0):
        tan, cos = math.tan(math.radians(theta)), math.cos(math.radians(theta))
        p = instrument.profile
        ours = p.u * tan**2 + p.v * tan + p.w
        assert ours == pytest.approx((2 * tan**2 - 2 * tan + 5 + 0.1 / cos**2) * 1e-4)
    assert instrument.profile.axial == pytest.approx(0.02)
    assert (instrument.polarization, instrument.geometry, instrument.calibrated) == (0.7, "bragg-brentano", True)
    assert instrument.radiation.lines == ((1.5405, 1.0), (1.5443, 0.5))


def test_prm_of_d1a_is_a_neutron_diffractometer_with_its_zero(shared_data):
    instrument = load_instrument(shared_data / "pbso4_rrrr" / "inst_d1a.prm")
    assert (instrument.radiation.kind, instrument.radiation.wavelength) == ("neutron_cw", 1.909)
    assert instrument.zero == pytest.approx(-0.001)
    assert instrument.profile.w == pytest.approx(0.0651592)


def test_prm_with_several_profile_sets_takes_the_first(shared_data):
    instrument = load_instrument(shared_data / "gapo4_total_scattering" / "inst_i15_pdf_april14.prm")
    assert instrument.source.endswith("profile function 2")
    assert (instrument.profile.x, instrument.profile.y) == pytest.approx((0.0193242, 0.00122605))


def test_time_of_flight_bank_is_chosen_by_number(shared_data):
    file = shared_data / "tof_lab6_powgen" / "PGHR_60-2015A.prm"
    bank = load_instrument(file, bank=2).bank
    assert bank is not None
    assert (bank.dif_c, bank.zero, bank.two_theta, bank.flight_path) == pytest.approx((22581.63, 4.41, 90.0, 63.183))
    assert (bank.profile["alpha"], bank.profile["sig_2"]) == (0.25746, 203.581)
    with pytest.raises(InputError, match=r"6 banks \(1, 2, 3, 4, 5, 6\) and none was chosen; choose one with bank=1"):
        load_instrument(file)


def test_time_of_flight_instprm_keeps_every_term(shared_data):
    bank = load_instrument(shared_data / "nac_11bm_powgen" / "POWGEN_1066.instprm").bank
    assert bank is not None
    assert (bank.dif_c, bank.dif_b) == (22600.2479192, 2.62346571719)
    assert bank.profile["sig_q"] == -3.72970085651
    gem = load_instrument(shared_data / "tof_sf6_190k_gem" / "GEM.instprm", bank=4).bank
    assert gem is not None
    assert gem.two_theta == 34.96


EXAMPLES = [
    Instrument("a", Radiation("xray", ((1.54, 1.0), (1.544, 0.5)), "xray"), "bragg-brentano",
               Profile(2.5e-4, -1e-4, 3e-4, 0.02, 0.01, 0.03), 217.5, 26.6, None, 0.01, True, "measured on \"LaB6\""),
    Instrument("b", Radiation("xray", ((0.41, 1.0),), "xray"), "debye-scherrer", polarization=0.95),
    Instrument("c", Radiation("neutron_cw", ((1.594, 1.0),), "neutron_cw"), "debye-scherrer"),
    Instrument("d", Radiation("neutron_tof", (), "neutron_tof"), "debye-scherrer", calibrated=True,
               bank=TofBank(22600.0, -0.9, 2.6, -8.5, 90.0, 63.2, {"alpha": 0.13, "sig_1": 10.0})),
]  # fmt: skip


@pytest.mark.parametrize("instrument", EXAMPLES, ids=lambda instrument: instrument.name)
def test_toml_keeps_the_whole_instrument(tmp_path, instrument):
    assert load_instrument(write_instrument(instrument, tmp_path / "a.toml")) == instrument


@pytest.mark.parametrize("instrument", EXAMPLES, ids=lambda instrument: instrument.name)
def test_instprm_keeps_what_gsas2_knows(tmp_path, instrument):
    back = load_instrument(write_instrument(instrument, tmp_path / "a.instprm"))
    assert back.radiation.lines == instrument.radiation.lines
    assert (back.geometry, back.calibrated, back.zero) == (instrument.geometry, instrument.calibrated, instrument.zero)
    for letter in ("u", "v", "w", "x", "y", "axial") if instrument.bank is None else ():
        assert getattr(back.profile, letter) == pytest.approx(getattr(instrument.profile, letter), rel=1e-14)
    if instrument.bank is not None:
        assert back.bank is not None
        assert (back.bank.dif_c, back.bank.profile["sig_1"]) == (22600.0, 10.0)


def test_monochromator_becomes_gsas2_polarisation(tmp_path):
    back = load_instrument(write_instrument(EXAMPLES[0], tmp_path / "a.instprm"))
    # (1 + A cos²2θ)/(1 + A) = P + (1 − P) cos²2θ with P = 1/(1 + A).
    assert back.polarization == pytest.approx(1 / (1 + math.cos(math.radians(26.6)) ** 2))


def test_gsas2_comments_stand_below_the_values(tmp_path):
    lines = write_instrument(EXAMPLES[0], tmp_path / "a.instprm").read_text().splitlines()
    comments = [number for number, line in enumerate(lines) if line.startswith("#")]
    assert comments[0] == 0
    assert comments[1:] == list(range(len(lines) - len(comments) + 1, len(lines)))


@pytest.mark.parametrize("suffix", ["instprm", "toml"])
def test_calibration_is_what_the_file_says(tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    file.write_text(INSTPRM + "# calibrated: false\n" if suffix == "instprm" else '[instrument]\nradiation = "CuKa"\n')
    assert load_instrument(file).calibrated is False


def test_azimuth_turns_the_polarisation(tmp_path):
    file = tmp_path / "beam.instprm"
    file.write_text(BEAM.replace("Polariz.:0.5", "Polariz.:0.99").replace("Azimuth:0.0", "Azimuth:90.0"))
    assert load_instrument(file).polarization == pytest.approx(0.01)


def test_overrides_of_the_profile_end_a_calibration():
    base = EXAMPLES[0]
    assert with_overrides(base, {"zero": 0.1}).calibrated
    changed = with_overrides(base, {"w": 1e-3, "radiation": "MoKa"})
    assert (changed.profile.w, changed.profile.u, changed.calibrated) == (1e-3, base.profile.u, False)
    assert changed.radiation == Radiation.from_name("MoKa")
    assert with_overrides(base, {"w": 1e-3, "calibrated": True}).calibrated


BAD_FILES = {
    "no wavelength.instprm": (INSTPRM.replace("Lam1:1.5405\n", ""), "no wavelength (Lam, or Lam1 and Lam2)"),
    "no width.instprm": (INSTPRM.replace("W:5.0\n", ""), "W is missing; check the file"),
    "text.instprm": (INSTPRM.replace("W:5.0", "W:wide"), "W is 'wide', not a number"),
    "constant width.instprm": (INSTPRM.replace("Z:0.0", "Z:1.0"), "a Lorentzian width Z that is not zero; refit"),
    "energy.instprm": (INSTPRM.replace("Type:PXC", "Type:PXE"), "instrument type 'PXE'; PXC, PNC and PNT are understood"),
    "other.instprm": ("10 5\n11 6\n", "not an instrument file; it must be a GSAS-II .instprm"),
    "other.toml": ("a = 1\n", "no table [instrument]; put the keys under [instrument]"),
    "broken.toml": ("[instrument\n", "not valid TOML"),
    "bare.toml": ("[instrument]\nu = 1.0\n", "no wavelength; add radiation = \"CuKa\""),
    "key.toml": ('[instrument]\nradiation = "CuKa"\ngeometri = "x"\n', "unknown key 'geometri'; did you mean 'geometry'?"),
    "kind.toml": ('[instrument]\nradiation = "CuKa"\nu = "x"\n', "key 'u' is 'x'; it must be a number"),
    "geometry.toml": ('[instrument]\nradiation = "CuKa"\ngeometry = "x"\n', "geometry 'x'; it is one of bragg-brentano"),
    "weights.toml": ("[instrument]\nwavelengths = [1.5, 1.6]\nweights = [1.0]\n", "1 weights for 2 wavelengths"),
    "probe.toml": ('[instrument]\nprobe = "muon"\nwavelengths = [1.5]\n', "probe 'muon'; it is one of xray"),
    "bank.toml": ("[instrument]\n[instrument.bank]\ntwo_theta = 90.0\n", "a time-of-flight bank without dif_c"),
    "no constants.prm": ("INS   BANK      1\nINS   HTYPE   PXCR\nINS  1PRCF1     3    8      0.01\n", "record ICONS is missing"),
    "no profile.prm": ("INS   BANK      1\nINS   HTYPE   PXCR\nINS  1 ICONS  1.540500\n", "no peak profile (record PRCF1)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_instrument_file_is_refused_with_its_name_and_a_remedy(tmp_path, name):
    text, message = BAD_FILES[name]
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_instrument(file)
    assert message in str(caught.value)
    assert name in str(caught.value)
    assert caught.value.remedy


def test_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match="'lab-cuk' is neither a preset nor a file; did you mean lab-cuka"):
        load_instrument("lab-cuk")
    with pytest.raises(InputError, match=r"absent\.instprm: no such instrument file"):
        load_instrument("absent.instprm")


def test_binary_is_no_instrument(tmp_path):
    (tmp_path / "a.prm").write_bytes(b"INS\0")
    with pytest.raises(InputError, match="not an instrument file"):
        load_instrument(tmp_path / "a.prm")


def test_instrument_is_written_as_toml_or_instprm_only(tmp_path):
    with pytest.raises(OutputError, match=r"instruments are written as \.toml or \.instprm, not \.prm"):
        write_instrument(EXAMPLES[0], tmp_path / "a.prm")
    three = Instrument("x", Radiation("xray", ((1.5, 1.0), (1.6, 0.5), (1.7, 0.1))))
    with pytest.raises(
        InputError, match=r"3 wavelengths do not fit into an \.instprm file; write the instrument as \.toml"
    ):
        write_instrument(three, tmp_path / "a.instprm")
