"""Reading patterns: measured files against facts, against rietx and diffpy, and small files of each maker."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from xtal.errors import PatternError
from xtal.io.read_pattern import read_pattern

# File, points, axis, first, last, highest intensity, origin of sigma. Points and ranges from the files' own headers and SOURCE.txt.
MEASURED = [
    ("qpa_cpd_lab/cpd-1a.prn", 7251, "two_theta", 5.0, 150.0, 10261, "poisson"),
    ("nist_srm660c_lab/nist_srm660c_100a.cif", 5332, "two_theta", 20.3, 150.908, 4319, "file"),
    ("lab_fap/FAP.XRA", 5753, "two_theta", 15.0, 130.04, 19693, "poisson"),
    ("pbso4_rrrr/PBSO4.XRA", 6001, "two_theta", 10.0, 160.0, 15702, "poisson"),
    ("pbso4_rrrr/PBSO4.CWN", 2919, "two_theta", 10.0, 155.9, 2459, "file"),
    ("cwn_garnet_d1a/garnet.raw", 2679, "two_theta", 24.0, 157.9, 2664, "file"),
    ("cwd_lab6_cbi/NIST660CBI.gsas", 8378, "two_theta", 15.0066, 124.9991231, 37133, "poisson"),
    ("cwd_lab6_cbi/LaB6_Jan2018.raw", 3040, "two_theta", 10.0, 70.0044472, 134930, "poisson"),
    ("nac_11bm_powgen/11BM_NAC.fxye", 59498, "two_theta", 0.5, 59.9893, 264960, "file"),
    ("nac_11bm_powgen/PG3_22048.gsa", 6825, "tof", 6777.081541902, 103815.513456395, 17815.65310209, "file"),
    ("qpa_precursors/TiO2_0p4009-ZnO_0p6010--8min.xrdml", 8282, "two_theta", 10.00943322, 99.99442286, 14028, "poisson"),
    ("ed_misc/ed-3.xye", 3098, "two_theta", 10.0, 164.85, 3532, "file"),
    ("pdf_ni_np/Ni.gr", 6001, "r", 0.0, 60.0, 8.3222, "none"),
    ("pdf_lamno3/300K.gr", 2000, "r", 0.01, 20.0, 7.148, "file"),
    ("pdf_reduction_ni/Ni.chi", 1576, "q", 0.0, 31.5, 3716850, "file"),
    ("pdf_amorphous_glassure/Argon_1GPa.chi", 2048, "q", 0.0026720984, 10.942243, 2991.2339, "poisson"),
    ("gapo4_total_scattering/gapo4_600uamps_rmc_35.gr", 2000, "r", 0.02, 40.0, 1.0767997268834, "none"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "points", "axis", "first", "last", "highest", "origin"), MEASURED)
def test_measured_file_has_its_points_range_and_maximum(shared_data, file, points, axis, first, last, highest, origin):
    pattern = read_pattern(shared_data / file)
    assert (len(pattern), pattern.axis, pattern.sigma_origin) == (points, axis, origin)
    assert pattern.x[[0, -1]] == pytest.approx([first, last], abs=1e-6)
    assert pattern.intensity.max() == pytest.approx(highest)


@pytest.mark.parametrize("file", [row[0] for row in MEASURED if row[2] in ("two_theta", "tof")])
def test_measured_file_reads_as_rietx_reads_it(shared_data, file):
    import rietx

    theirs = rietx.read_pattern(shared_data / file)
    ours = read_pattern(shared_data / file)
    np.testing.assert_allclose(ours.x, theirs.tt() if theirs.axis == "two_theta" else theirs.tof_us(), rtol=1e-12)
    np.testing.assert_allclose(ours.intensity, theirs.intensity, rtol=1e-12)
    if theirs.sigma is not None:
        np.testing.assert_allclose(ours.sigma, theirs.sigma, rtol=1e-9)


@pytest.mark.parametrize(
    "file", ["pdf_ni_np/Ni.gr", "pdf_lamno3/300K.gr", "pdf_cdse/gsas_CdSe-bulk.gr", "pdf_reduction_ni/Ni.chi"]
)
def test_total_scattering_file_reads_as_diffpy_reads_it(shared_data, file):
    from diffpy.utils.parsers import load_data

    theirs = load_data(str(shared_data / file))
    ours = read_pattern(shared_data / file)
    np.testing.assert_allclose(ours.x, theirs[:, 0])
    np.testing.assert_allclose(ours.intensity, theirs[:, 1])
    if ours.sigma_origin == "file":
        np.testing.assert_allclose(ours.sigma, theirs[:, -1])


def test_srm_660c_keeps_its_24_scan_regions_and_weights(shared_data):
    pattern = read_pattern(shared_data / "nist_srm660c_lab" / "nist_srm660c_100a.cif")
    gaps = np.diff(pattern.x) > 0.2
    assert int(gaps.sum()) + 1 == 24
    # First point of the file: 19.00 with the weight 0.103.
    assert pattern.sigma[0] == pytest.approx(1 / np.sqrt(0.103))
    assert pattern.metadata["temperature"] == 294.0
    assert pattern.metadata["goniometer_radius"] == 217.5


def test_metadata_of_xrdml_names_tube_wavelengths_radius_and_date(shared_data):
    pattern = read_pattern(shared_data / "qpa_precursors" / "TiO2_0p4009-ZnO_0p6010--2min.xrdml")
    facts = {"anode": "Cu", "wavelength": 1.540598, "wavelength_alpha2": 1.544426, "goniometer_radius": 145.0,
             "count_time": 10.965, "scan_date": "2024-11-14T13:02:13-08:00"}  # fmt: skip
    assert {key: pattern.metadata[key] for key in facts} == facts


def test_metadata_of_11bm_file_names_wavelength_and_temperature(shared_data):
    metadata = read_pattern(shared_data / "nac_11bm_powgen" / "11BM_NAC.fxye").metadata
    assert (metadata["wavelength"], metadata["temperature"]) == (0.413909, 298.0)


def test_metadata_of_pdfgetx_file_names_its_limits(shared_data):
    metadata = read_pattern(shared_data / "pdf_reduction_ni" / "Ni.gr").metadata
    assert (metadata["qmax"], metadata["composition"], metadata["rpoly"]) == (24.0, "Ni", 0.9)


def test_temperature_of_an_ill_file_is_that_of_the_sample(shared_data, tmp_path):
    with zipfile.ZipFile(shared_data / "seq_co2sio4_d20" / "ed-26.zip") as archive:
        archive.extract("all594836.dat", tmp_path)
    pattern = read_pattern(tmp_path / "all594836.dat")
    assert pattern.metadata["temperature"] == 498.417
    assert pattern.sigma_origin == "file"


def test_bank_of_a_multi_bank_file_is_chosen_by_its_number(shared_data):
    file = shared_data / "tof_sf6_190k_gem" / "sf6_190gsas.dat"
    pattern = read_pattern(file, bank=2)
    # BANK 2 of 2720 points starts with 78895 in 1/32 µs, 21.109 and 0.187.
    assert (len(pattern), pattern.axis) == (2720, "tof")
    assert (pattern.x[0], pattern.intensity[0], pattern.sigma[0]) == pytest.approx((78895 / 32, 21.109, 0.187))
    with pytest.raises(PatternError, match=r"3 banks \(1, 2, 3\) and none was chosen; choose one with bank=1"):
        read_pattern(file)
    with pytest.raises(PatternError, match="no bank 7; the file holds 1, 2, 3"):
        read_pattern(file, bank=7)


def test_time_of_flight_columns_need_their_axis_said(shared_data):
    file = shared_data / "ed_misc" / "ed-7.xye"
    with pytest.raises(PatternError, match="2θ ends at 180°; say what the axis is"):
        read_pattern(file)
    assert read_pattern(file, axis="tof").x[0] == 2000.0


def test_mean_of_several_counters_has_a_smaller_sigma(tmp_path):
    file = tmp_path / "d1a.raw"
    file.write_text("title\nBANK 1 3 1 CONST 1000 5 0 0\n 1   100 4   100     100\n")
    pattern = read_pattern(file)
    assert pattern.sigma == pytest.approx([10.0, 5.0, 10.0])
    assert pattern.x == pytest.approx([10.0, 10.05, 10.10])


def test_esd_points_are_read_by_position_even_when_fields_touch(tmp_path):
    file = tmp_path / "touching.gsas"
    fields = ["12345678", "87654321", "     100", "      10"]
    file.write_text("title\nBANK 1 2 1 CONS 1000 2 0 0 ESD\n" + "".join(fields) + "\n")
    pattern = read_pattern(file)
    assert list(pattern.intensity) == [12345678.0, 100.0]
    assert list(pattern.sigma) == [87654321.0, 10.0]


@pytest.mark.parametrize(
    ("text", "x", "intensity"),
    [
        ("10.0 5\n10.1 6\n", [10.0, 10.1], [5, 6]),
        ("10,00;5\n10,10;6\n", [10.0, 10.1], [5, 6]),
        ("10,00\t5,5\n10,10\t6,5\n", [10.0, 10.1], [5.5, 6.5]),
        ("10.0, 5\n10.1, 6\n", [10.0, 10.1], [5, 6]),
        ("2theta,counts\n10.0,5\n10.1,6\n", [10.0, 10.1], [5, 6]),
        ("! FullProf\n10.0 5\n\n10.1 6\n", [10.0, 10.1], [5, 6]),
        ("\ufeff10.0 5\r\n10.1 6\r\n", [10.0, 10.1], [5, 6]),
        ("# two_theta background intensity calc sigma\n10 1 5 4 2\n11 1 6 4 2\n", [10, 11], [5, 6]),
    ],
)
def test_columns_are_read_whatever_separates_them(tmp_path, text, x, intensity):
    file = tmp_path / "pattern.dat"
    file.write_text(text, encoding="utf-8")
    pattern = read_pattern(file)
    assert list(pattern.x) == x
    assert list(pattern.intensity) == intensity


def test_utf_16_text_is_read(tmp_path):
    file = tmp_path / "windows.txt"
    file.write_text("10.0\t5\n10.1\t6\n", encoding="utf-16")
    assert list(read_pattern(file).intensity) == [5, 6]


@pytest.mark.parametrize(
    ("header", "axis", "factor"),
    [("# 2th_deg I", "two_theta", 1), ("# q_A^-1 I", "q", 1), ("# q_nm^-1 I", "q", 0.1), ("#L r(A)  G(r)", "r", 1)],
)
def test_axis_and_unit_follow_from_the_header(tmp_path, header, axis, factor):
    file = tmp_path / "integrated.dat"
    file.write_text(f"{header}\n1.0 5\n2.0 6\n")
    pattern = read_pattern(file)
    assert pattern.axis == axis
    assert pattern.x == pytest.approx([factor, 2 * factor])


def test_column_of_zeros_is_no_sigma(tmp_path):
    file = tmp_path / "zeros.xye"
    file.write_text("10 4 0\n11 9 0\n")
    pattern = read_pattern(file)
    assert pattern.sigma_origin == "poisson"
    assert list(pattern.sigma) == [2, 3]


def test_uncertainties_in_parentheses_are_read_from_powder_cif(tmp_path):
    file = tmp_path / "su.cif"
    file.write_text("data_a\nloop_\n_pd_meas_2theta_scan\n_pd_meas_intensity_total\n10.0 12.5(3)\n10.1 1300(20)\n")
    pattern = read_pattern(file)
    assert pattern.sigma == pytest.approx([0.3, 20])
    assert pattern.sigma_origin == "file"


def test_two_theta_of_powder_cif_follows_from_its_range(tmp_path):
    file = tmp_path / "range.cif"
    file.write_text(
        "data_a\n_pd_meas_2theta_range_min 10\n_pd_meas_2theta_range_max 10.4\n_pd_meas_2theta_range_inc 0.2\n"
        "loop_\n_pd_meas_counts_total\n4\n9\n16\n"
    )
    pattern = read_pattern(file)
    assert pattern.x == pytest.approx([10.0, 10.2, 10.4])
    assert pattern.sigma_origin == "poisson"


RAS = """*RAS_DATA_START
*RAS_HEADER_START
*HW_XG_TARGET_NAME "Cu"
*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"
*MEAS_SCAN_AXIS_X "TwoThetaTheta"
*MEAS_SCAN_UNIT_Y "counts"
*MEAS_SCAN_START_TIME "01/31/24 10:00:00"
*RAS_HEADER_END
*RAS_INT_START
10.00 100 1.0
10.02 121 1.0
10.04 144 1.0
*RAS_INT_END
*RAS_DATA_END
"""


def test_ras_file_is_read_with_its_tube(tmp_path):
    file = tmp_path / "scan.ras"
    file.write_text(RAS)
    pattern = read_pattern(file)
    assert pattern.x == pytest.approx([10.0, 10.02, 10.04])
    assert list(pattern.intensity) == [100, 121, 144]
    assert (pattern.metadata["anode"], pattern.metadata["scan_date"]) == ("Cu", "01/31/24 10:00:00")


def test_descending_scan_of_a_maker_is_refused(tmp_path):
    file = tmp_path / "down.ras"
    file.write_text(RAS.replace("10.00 100", "10.06 100").replace("10.02 121", "10.05 121"))
    with pytest.raises(PatternError, match=r"down.ras: .*reversed; export the scan from low to high angle"):
        read_pattern(file)


def test_uxd_file_is_read(tmp_path):
    file = tmp_path / "scan.uxd"
    file.write_text(
        "; (Data for Range number 1)\n_FILEVERSION=2\n_ANODE='Cu'\n_WL1=1.540600\n_DRIVE='COUPLED'\n"
        "_STEPTIME=1.0\n_STEPSIZE=0.02\n_STEPMODE='C'\n_START=10.0\n_2THETA=10.0\n_COUNTS\n100 121 144\n"
    )
    pattern = read_pattern(file)
    assert pattern.x == pytest.approx([10.0, 10.02, 10.04])
    assert list(pattern.intensity) == [100, 121, 144]


BRML = """<?xml version="1.0" encoding="utf-8"?>
<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><DataRoutes><DataRoute RouteFlag="Measured">
<ScanInformation ScanName="Locked Coupled"/>
<DataViews>
<RawDataView Start="0" Length="1" LogicName="MeasuredTime" xsi:type="FixedRawDataView"/>
<RawDataView Start="1" Length="2" xsi:type="VaryingRawDataView"><Varying>
<FieldDefinitions AxisId="TwoTheta"/><FieldDefinitions AxisId="Theta"/></Varying></RawDataView>
<RawDataView Start="3" Length="1" xsi:type="RecordedRawDataView"><Recording><Unit Base="Counts"/></Recording></RawDataView>
</DataViews>
<Datum>1,10.00,5.00,100</Datum><Datum>1,10.02,5.01,121</Datum><Datum>1,10.04,5.02,144</Datum>
</DataRoute></DataRoutes></RawData>
"""


def test_brml_file_is_read(tmp_path):
    file = tmp_path / "scan.brml"
    manifest = "<DataContainer><RawDataReferenceList><string>Experiment0/RawData0.xml</string></RawDataReferenceList></DataContainer>"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Experiment0/DataContainer.xml", manifest)
        archive.writestr("Experiment0/RawData0.xml", BRML)
    pattern = read_pattern(file)
    assert pattern.x == pytest.approx([10.0, 10.02, 10.04])
    assert list(pattern.intensity) == [100, 121, 144]


def test_rasx_file_is_read(tmp_path):
    file = tmp_path / "scan.rasx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "root.xml", '<Root><Data0 Type="Profile"><ContentHashList Name="Profile0.txt"/></Data0></Root>'
        )
        archive.writestr("Data0/Profile0.txt", "\ufeff10.00\t100\t1\n10.02\t121\t1\n10.04\t144\t1\n")
    pattern = read_pattern(file)
    assert pattern.x == pytest.approx([10.0, 10.02, 10.04])
    assert list(pattern.intensity) == [100, 121, 144]


def test_unknown_binary_is_refused(tmp_path: Path):
    for name, content in (("scan.raw", b"\x00\x01WHAT" + struct.pack("<20f", *range(20))), ("a.xy", b"10 5\n\x00\x00")):
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(PatternError, match=r"binary data of an unknown kind; export the scan as \.xy"):
            read_pattern(file)
