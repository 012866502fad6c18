"""The GSAS-II worker: its conversions, and runs where a GSAS-II interpreter is at hand.

What the runs are held against are closed forms: Bragg's law, the Lorentz and polarisation factors, the
structure factor of one atom in a face-centred cell, a pattern synthesised from these. Nothing here comes from
GSAS-II itself.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gemmi
import numpy as np
import pytest

from tests.gsas2_tasks import INTERPRETER, NICKEL_B, RADIUS, mixture_task, needs_gsas2, nickel_tube_task, run, tch_width
from xtal.engines.gsas2.axial_divergence import axial_nodes, peak
from xtal.engines.gsas2.cells import cell_from_reciprocal, cell_volume
from xtal.engines.gsas2.chebyshev import chebyshev_curve, chebyshev_matrix
from xtal.engines.gsas2.checks import check_displacement, check_task, leading_background
from xtal.engines.gsas2.constraints import Constraint, tie_constraint
from xtal.engines.gsas2.conversions import ion_name, isotope_number, polarization_fraction, power_of_ten, voigt_fwhm
from xtal.engines.gsas2.errors import WorkerError
from xtal.engines.gsas2.fit import Fit
from xtal.engines.gsas2.grid import fill_gaps
from xtal.engines.gsas2.groups import find_origin_shift, parse_operation, shift_origin, symbol_candidates
from xtal.engines.gsas2.instrument import instrument_parameters
from xtal.engines.gsas2.json_values import finite
from xtal.engines.gsas2.parameters import Parameter, parameter_table, start_values
from xtal.engines.gsas2.read import covariance_of, jacobian
from xtal.engines.gsas2.session import Session

# --- conversions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("monochromator", [None, 26.6])
def test_polarization_fraction_gives_the_factor_of_a_tube(monochromator: float | None) -> None:
    two_theta = np.radians(np.linspace(10.0, 150.0, 8))
    fraction = polarization_fraction(None, monochromator)
    ours = (1.0 - fraction) * np.cos(two_theta) ** 2 + fraction
    a = 1.0 if monochromator is None else math.cos(math.radians(monochromator)) ** 2
    expected = 1.0 + a * np.cos(two_theta) ** 2
    assert ours / ours[0] == pytest.approx(expected / expected[0], rel=1e-12)


def test_a_bank_without_its_flight_path_is_refused() -> None:
    instrument = {"radiation": {"kind": "neutron_tof"}, "bank": {"two_theta": 90.0, "flight_path_m": None}}
    with pytest.raises(WorkerError, match="flight_path"):
        instrument_parameters({"instrument": instrument}, {"pattern.dif_c": 22585.0, "pattern.profile.alpha": 1.0})


def test_a_fully_polarised_beam_has_no_polarisation_factor() -> None:
    assert polarization_fraction(1.0, None) == 1.0


def test_a_polarisation_outside_its_range_is_refused() -> None:
    with pytest.raises(WorkerError, match=r"instrument\.polarization"):
        polarization_fraction(1.5, None)


def test_background_coefficients_keep_the_curve_when_the_range_changes() -> None:
    coefficients = np.array([100.0, -30.0, 12.0, 5.0, -2.0])
    source, target = (10.0, 150.0), (12.34, 149.0)
    x = np.linspace(*target, 50)
    matrix = chebyshev_matrix(5, source, target)
    before = np.polynomial.chebyshev.Chebyshev(coefficients, domain=source)(x)
    after = np.polynomial.chebyshev.Chebyshev(matrix @ coefficients, domain=target)(x)
    assert after == pytest.approx(before, rel=1e-12)
    assert np.allclose(chebyshev_curve(coefficients, x, source), before)


@pytest.mark.parametrize("cell", [(4.0, 5.0, 6.0, 80.0, 95.0, 110.0), (9.37, 9.37, 6.89, 90.0, 90.0, 120.0)])
def test_cell_comes_back_from_its_reciprocal_terms(cell: tuple[float, ...]) -> None:
    a, b, c, alpha, beta, gamma = gemmi.UnitCell(*cell).reciprocal().parameters
    ca, cb, cg = np.cos(np.radians([alpha, beta, gamma]))
    terms = [a * a, b * b, c * c, 2 * a * b * cg, 2 * a * c * cb, 2 * b * c * ca]
    assert cell_from_reciprocal(terms) == pytest.approx(cell, abs=1e-9)
    assert cell_volume(cell) == pytest.approx(gemmi.UnitCell(*cell).volume, rel=1e-12)


def test_width_of_a_pure_gaussian_and_a_pure_lorentzian() -> None:
    zero = np.zeros(1)
    assert voigt_fwhm(np.array([4.0]), zero) == pytest.approx(2.0 * math.sqrt(8 * math.log(2)) / 100)
    assert voigt_fwhm(zero, np.array([7.0])) == pytest.approx(0.07)


def test_operations_are_read_as_gemmi_writes_them() -> None:
    for name in ("F d -3 m:2", "R -3 c:H", "P 63 m c", "I 41/a c d:2"):
        for operation in gemmi.SpaceGroup(name).operations():
            rotation, translation = parse_operation(operation.triplet())
            assert list(rotation) == [v // 24 for row in operation.rot for v in row]
            assert list(translation) == [v % 24 for v in operation.tran]


def test_a_part_of_an_operation_that_is_missing_is_reported() -> None:
    with pytest.raises(WorkerError, match="three parts"):
        parse_operation("x,y")


@pytest.mark.parametrize("name", ["F d -3 m", "P 4/n m m", "I 41/a c d", "F d d d"])
def test_origin_shift_turns_choice_1_into_choice_2(name: str) -> None:
    first, second = (
        {parse_operation(op.triplet()) for op in gemmi.SpaceGroup(f"{name}:{choice}").operations()} for choice in (1, 2)
    )
    shift = find_origin_shift(first, second)
    assert shift is not None
    assert shift != (0, 0, 0)
    assert shift_origin(first, shift) == second


def test_groups_with_different_rotations_have_no_origin_shift() -> None:
    one, other = (
        {parse_operation(op.triplet()) for op in gemmi.SpaceGroup(name).operations()} for name in ("P 4", "P 222")
    )
    assert find_origin_shift(one, other) is None


def test_rhombohedral_axes_are_asked_for_first() -> None:
    assert symbol_candidates("R -3 c:R")[0] == "R -3 c R"
    assert symbol_candidates("F d -3 m:2")[0] == "F d -3 m"
    assert symbol_candidates(None) == []


@pytest.mark.parametrize(
    ("ion", "element", "expected"),
    [("Cl1-", "Cl", "Cl-1"), ("Ca2+", "Ca", "Ca+2"), ("Li+", "Li", "Li+1"), (None, "Zr", "Zr"), ("O2-", "O", "O-2")],
)
def test_ions_are_spelled_as_gsas2_does(ion: str | None, element: str, expected: str) -> None:
    assert ion_name(ion, element) == expected


@pytest.mark.parametrize("written", [7, "7", "7Li", "Li-7"])
def test_isotopes_are_known_by_their_mass_number(written: object) -> None:
    assert isotope_number(written) == "7"


def test_gaps_are_filled_with_excluded_points_only() -> None:
    measured = np.concatenate([np.arange(10.0, 20.0, 0.02), np.arange(30.0, 40.0, 0.02)])
    grid, is_measured, excluded = fill_gaps(measured)
    assert np.array_equal(grid[is_measured], measured)
    assert np.all(np.diff(grid) > 0.0)
    assert np.max(np.diff(grid)) < 0.03
    ((low, high),) = excluded
    inside = (grid >= low) & (grid <= high)
    assert np.array_equal(inside, ~is_measured)


def test_a_pattern_without_gaps_stays_as_it_is() -> None:
    measured = np.arange(10.0, 20.0, 0.02)
    grid, is_measured, excluded = fill_gaps(measured)
    assert np.array_equal(grid, measured)
    assert is_measured.all()
    assert excluded == []


def test_events_hold_no_number_that_json_does_not_know() -> None:
    event = {"a": np.float64("nan"), "b": [np.int64(3), float("inf")], "c": np.array([1.0, np.nan])}
    assert json.loads(json.dumps(finite(event), allow_nan=False)) == {
        "a": None,
        "b": [3, None],
        "c": [1.0, None],
    }


@pytest.mark.parametrize(("value", "unit"), [(85.3, 10.0), (0.004, 0.001), (0.0, 1.0), (float("nan"), 1.0)])
def test_scales_are_kept_in_a_power_of_ten(value: float, unit: float) -> None:
    assert power_of_ten(value) == pytest.approx(unit)


# --- parameters, ties and refusals ---------------------------------------------------------------------------------


def test_units_of_the_profile_are_centidegrees_in_gsas2() -> None:
    task = mixture_task("/nowhere")
    values = {"pattern.profile.u": 2e-4, "pattern.profile.x": 0.03, "pattern.profile.axial": 0.02}
    table = instrument_parameters(task, values)
    assert table["U"][1] == pytest.approx(2.0)
    assert table["X"][1] == pytest.approx(3.0)
    assert table["SH/L"][1] == 0.02
    assert table["Type"][1] == "PNC"


def test_a_doublet_keeps_its_intensity_ratio() -> None:
    task = mixture_task("/nowhere")
    task["instrument"]["radiation"] = {"kind": "xray", "lines": [[1.5406, 2.0], [1.5444, 1.0]]}
    table = instrument_parameters(task, {})
    assert (table["Lam1"][1], table["Lam2"][1], table["I(L2)/I(L1)"][1]) == (1.5406, 1.5444, 0.5)
    assert table["Type"][1] == "PXC"


def test_a_parameter_without_counterpart_is_refused_by_name() -> None:
    task = mixture_task("/nowhere")
    task["parameters"]["pattern.plate_mu_t"] = {"value": 0.0, "min": None, "max": None}
    with pytest.raises(WorkerError, match=r"pattern\.plate_mu_t.*native") as caught:
        parameter_table(task, 1.0, [(0, 0, 0), (0, 0, 0)])
    assert caught.value.kind == "unsupported"


@pytest.mark.parametrize(
    ("change", "named", "kind"),
    [
        ({"mode": "charge-flipping"}, "charge-flipping", "unsupported"),
        ({"background": {"kind": "spline", "n_terms": 3, "range": [20, 150]}}, "spline", "unsupported"),
        ({"ties": [{"target": "pattern.zero", "terms": [[1.0, "no.such"]], "constant": 0}]}, "no.such", "bad_input"),
        ({"stages": [{"name": "s", "free": ["no.such"], "max_cycles": 5}]}, "no.such", "bad_input"),
    ],
)
def test_what_cannot_be_done_is_refused(change: dict[str, Any], named: str, kind: str) -> None:
    with pytest.raises(WorkerError, match=named) as caught:
        check_task(mixture_task("/nowhere") | change)
    assert caught.value.kind == kind


def test_three_emission_lines_are_refused() -> None:
    task = mixture_task("/nowhere")
    task["instrument"]["radiation"] = {"kind": "xray", "lines": [[1.54, 1], [1.544, 0.5], [1.39, 0.1]]}
    with pytest.raises(WorkerError, match="3 lines"):
        check_task(task)


def test_displacement_needs_a_goniometer_radius() -> None:
    task = mixture_task("/nowhere")
    task["parameters"]["pattern.displacement"]["value"] = 0.1
    task["instrument"]["goniometer_radius_mm"] = None
    with pytest.raises(WorkerError, match="goniometer_radius_mm"):
        check_displacement(task)


def test_background_terms_may_only_be_freed_from_the_first_on() -> None:
    values = {f"pattern.background.c{i}": 0.0 for i in range(4)}
    assert leading_background(["pattern.background.c0", "pattern.background.c1"], values, 4) == 2
    assert leading_background(["pattern.zero"], values, 4) == 4
    with pytest.raises(WorkerError, match=r"pattern\.background\.c0 is fixed"):
        leading_background(["pattern.background.c1"], values, 4)
    with pytest.raises(WorkerError, match=r"pattern\.background\.c1 is fixed"):
        leading_background(["pattern.background.c0"], values | {"pattern.background.c1": 5.0}, 4)


def test_a_tie_is_rewritten_in_gsas2_units() -> None:
    table = parameter_table(mixture_task("/nowhere"), 10.0, [(0, 0, 0), (0, 0, 0)])
    tie = {"target": "phase.Cu.scale", "terms": [[2.0, "phase.Ni.scale"]], "constant": 30.0}
    free = tie_constraint(tie, table, ["phase.Ni.scale"], {"phase.Ni.scale": 7.0})
    assert free == Constraint("1:0:Scale", ((2.0, "0:0:Scale"),), 3.0)
    assert tie_constraint(tie, table, [], {"phase.Ni.scale": 7.0}) is None


def test_terms_that_are_not_free_belong_to_the_constant_of_a_tie() -> None:
    table = parameter_table(mixture_task("/nowhere"), 1.0, [(0, 0, 0), (0, 0, 0)])
    tie = {
        "target": "phase.Cu.site.M1.u_iso",
        "terms": [[1.0, "phase.Ni.site.M1.u_iso"], [0.5, "phase.Ni.site.M1.occupancy"]],
        "constant": 0.0,
    }
    values = {"phase.Ni.site.M1.u_iso": 0.005, "phase.Ni.site.M1.occupancy": 0.02}
    found = tie_constraint(tie, table, ["phase.Ni.site.M1.u_iso"], values)
    assert found == Constraint("1::AUiso:0", ((1.0, "0::AUiso:0"),), 0.01)


def test_a_tied_cell_is_refused_by_name() -> None:
    table = parameter_table(mixture_task("/nowhere"), 1.0, [(0, 0, 0), (0, 0, 0)])
    tie = {"target": "phase.Cu.cell.a", "terms": [[1.0, "phase.Ni.cell.a"]], "constant": 0.0}
    with pytest.raises(WorkerError, match=r"phase\.Cu\.cell\.a"):
        tie_constraint(tie, table, ["phase.Ni.cell.a"], {})


def test_start_values_obey_the_ties() -> None:
    task = mixture_task("/nowhere")
    task["ties"] = [{"target": "phase.Cu.site.M1.u_iso", "terms": [[2.0, "phase.Ni.site.M1.u_iso"]], "constant": 0.001}]
    assert start_values(task)["phase.Cu.site.M1.u_iso"] == pytest.approx(0.013)


def test_the_esd_of_a_hexagonal_axis_counts_all_terms_it_moves() -> None:
    """GSAS-II varies A0 and makes A1 = A3 = A0: sigma(a) = a sigma(A0) / (2 A0), sigma(c) = c sigma(A2) / (2 A2)."""
    a, c = 9.37, 6.89
    a0, a2 = 4 / (3 * a * a), 1 / c**2
    terms = {f"0::A{i}": value for i, value in enumerate((a0, a0, a2, a0, 0.0, 0.0))}

    def constrain(parameters: dict[str, float]) -> None:
        parameters["0::A1"] = parameters["0::A3"] = parameters["0::A0"]

    head = "phase.x.cell."
    task = {
        "phases": [{"name": "x"}],
        "background": {"n_terms": 1, "range": [10, 90]},
        "pattern": {"two_theta": [10, 90]},
    }
    table = {head + n: Parameter(head + n, f"0::A{i}", kind="cell", index=i) for i, n in ((0, "a"), (2, "c"))}
    g2: Any = SimpleNamespace(mapvars=SimpleNamespace(Dict2Map=constrain))
    session = Session(g2, task, Path("none.gpx"), {}, table=table, n_background=1)
    fit = Fit({}, terms | {":0:Back;0": 1.0}, ["0::A0", "0::A2"], np.diag([3e-7**2, 2e-7**2]), [])
    rows = jacobian(session, fit)
    covariance = covariance_of(rows, [head + "a", head + "c"], fit.covariance)
    expected = [a * 3e-7 / (2 * a0), c * 2e-7 / (2 * a2)]
    assert np.sqrt(np.diag(covariance)) == pytest.approx(expected, rel=1e-6)


# --- axial divergence ----------------------------------------------------------------------------------------------


def lorentzian(x: np.ndarray, fwhm: float) -> np.ndarray:
    return 2.0 / (math.pi * fwhm * (1.0 + 4.0 * (x / fwhm) ** 2))


def finger_cox_jephcoat(x: np.ndarray, two_theta: float, axial: float, fwhm: float) -> np.ndarray:
    """A Lorentzian under equations 4 to 7 of the paper with S = H, by brute force in 2φ."""
    theta = math.radians(two_theta)
    low = math.acos(math.cos(theta) * math.sqrt(1.0 + axial**2))
    t = (np.arange(3000) + 0.5) / 3000
    phi = theta + (low - theta) * t**2
    height = np.sqrt(np.maximum((np.cos(phi) / math.cos(theta)) ** 2 - 1.0, 1e-300))
    weight = (axial - height) / (height * np.abs(np.cos(phi))) * t
    shifts = np.degrees(phi) - two_theta
    total = sum(w * lorentzian(x - two_theta - s, fwhm) for s, w in zip(shifts, weight / weight.sum(), strict=True))
    return np.asarray(total)


@pytest.mark.parametrize("two_theta", [12.0, 64.0, 150.0])
@pytest.mark.parametrize(("axial", "fwhm"), [(0.002, 0.02), (0.02, 0.05), (0.1, 0.3)])
def test_axial_divergence_is_the_integral_of_finger_cox_and_jephcoat(
    two_theta: float, axial: float, fwhm: float
) -> None:
    x = two_theta + np.linspace(-30.0, 30.0, 601) * fwhm
    program = SimpleNamespace(pypsvoigt=lambda n, offset, sig, gam: lorentzian(offset, gam / 100.0) / 100.0)
    found = 100.0 * peak(program, two_theta, 0.0, 100.0 * fwhm, axial, x)
    expected = finger_cox_jephcoat(x, two_theta, axial, fwhm)
    assert np.max(np.abs(found - expected)) < 1e-4 * expected.max()


def test_axial_divergence_passes_smoothly_to_another_number_of_nodes() -> None:
    """GSAS-II's own sums jump by 0.005 degrees here, which ends a refinement."""
    centres = [
        nodes.weight @ nodes.shift for nodes in (axial_nodes(64.0, a, 0.08) for a in np.linspace(0.01, 0.06, 400))
    ]
    assert np.max(np.abs(np.diff(centres, 2))) < 1e-6


def test_slopes_of_the_nodes_are_those_of_the_integral() -> None:
    step = 1e-5
    low, middle, high = (axial_nodes(40.0, 0.03 + s, 0.1, 12) for s in (-step, 0.0, step))
    assert middle.shift_slope == pytest.approx((high.shift - low.shift) / (2 * step), rel=1e-5)
    assert middle.weight_slope == pytest.approx((high.weight - low.weight) / (2 * step), rel=1e-4, abs=1e-8)


# --- runs ----------------------------------------------------------------------------------------------------------


@needs_gsas2
@pytest.mark.gsas2
def test_reflections_follow_the_closed_forms(tmp_path: Path) -> None:
    """Positions, widths, multiplicities and intensities of nickel, displaced and broadened, for a tube with monochromator."""
    task = nickel_tube_task(tmp_path)
    (done,) = [event for event in run(task) if event["event"] == "done"]
    reflections = done["outcome"]["reflections"]["Ni"]
    assert {(r["h"], r["k"], r["l"]): r["multiplicity"] for r in reflections}[1, 1, 1] == 8
    theta = np.array([math.asin(1.5405929 / (2 * r["d"])) for r in reflections])
    expected_d = [3.524 / math.sqrt(r["h"] ** 2 + r["k"] ** 2 + r["l"] ** 2) for r in reflections]
    assert [r["d"] for r in reflections] == pytest.approx(expected_d, rel=1e-9)
    shift = 0.03 - 2 * 0.1 / RADIUS * np.cos(theta) * 180 / math.pi
    position = np.array([r["two_theta"] for r in reflections])
    # the displacement is the one at the calculated position
    assert position == pytest.approx(2 * np.degrees(theta) + shift, abs=1e-9)
    assert [r["fwhm"] for r in reflections] == pytest.approx(tch_width(np.radians(position / 2), 1.5405929), rel=1e-6)
    a = math.cos(math.radians(26.6)) ** 2
    half = np.radians(position / 2)
    lorentz_polarization = (1 + a * np.cos(2 * half) ** 2) / (np.sin(half) ** 2 * np.cos(half))
    ratio = [r["intensity"] / (r["multiplicity"] * r["f_squared"]) for r in reflections] / lorentz_polarization
    assert ratio == pytest.approx(np.full(len(ratio), ratio[0]), rel=1e-9)


@needs_gsas2
@pytest.mark.gsas2
def test_the_esd_of_a_constant_is_that_of_a_mean_times_gof(tmp_path: Path) -> None:
    outcome = run(nickel_tube_task(tmp_path))[-1]["outcome"]
    expected = 10.0 / math.sqrt(2600) * outcome["agreement"]["gof"]
    assert outcome["parameters"]["pattern.background.c0"]["esd"] == pytest.approx(expected, rel=1e-6)
    assert outcome["agreement"]["n_free"] == 1


@needs_gsas2
@pytest.mark.gsas2
def test_neutron_structure_factor_of_nickel_is_that_of_four_atoms(tmp_path: Path) -> None:
    (done,) = [event for event in run(mixture_task(str(tmp_path))) if event["event"] == "done"]
    u_iso = done["outcome"]["parameters"]["phase.Ni.site.M1.u_iso"]["value"]
    for r in done["outcome"]["reflections"]["Ni"]:
        damping = math.exp(-4 * math.pi**2 * u_iso / r["d"] ** 2)
        assert r["f_squared"] == pytest.approx((4 * NICKEL_B) ** 2 * damping, rel=2e-3)


@needs_gsas2
@pytest.mark.gsas2
def test_a_synthetic_mixture_comes_back(tmp_path: Path) -> None:
    """Weight fractions, cells, size and strain of a pattern made from closed forms without noise."""
    events = run(mixture_task(str(tmp_path)))
    assert [e["event"] for e in events] == ["ready", *["stage_start", "stage"] * 3, "done"]
    outcome = events[-1]["outcome"]
    assert outcome["converged"], outcome["message"]
    assert outcome["agreement"]["rwp"] < 0.01
    value = {name: entry["value"] for name, entry in outcome["parameters"].items()}
    assert value["phase.Ni.cell.a"] == pytest.approx(3.5240, rel=5e-6)
    assert value["phase.Cu.cell.a"] == pytest.approx(3.6149, rel=5e-6)
    assert value["pattern.displacement"] == pytest.approx(0.1, abs=0.003)
    assert value["phase.Ni.crystallite_size_nm"] == pytest.approx(80.0, rel=0.03)
    assert value["phase.Cu.microstrain"] == pytest.approx(2e-3, rel=0.03)
    scale = {phase: value[f"phase.{phase}.scale"] * factor for phase, factor in outcome["mass_factor"].items()}
    fraction = scale["Ni"] / (scale["Ni"] + scale["Cu"])
    assert fraction == pytest.approx(0.3, abs=0.003)
    assert outcome["engine_weight_fractions"]["Ni"]["value"] == pytest.approx(fraction, rel=1e-9)
    check_consistency(outcome)


def check_consistency(outcome: dict[str, Any]) -> None:
    """What an outcome says twice agrees: esds and covariance, phases and total, R_wp and curves."""
    covariance = outcome["covariance"]
    esds = [outcome["parameters"][name]["esd"] for name in covariance["names"]]
    assert np.sqrt(np.diag(covariance["matrix"])) == pytest.approx(esds, rel=1e-9)
    profile = {k: np.array(v) for k, v in outcome["profile"].items() if k != "phases"}
    total = profile["background"] + sum(np.array(p) for p in outcome["profile"]["phases"].values())
    assert total == pytest.approx(profile["calculated"], rel=1e-9)
    weight = profile["sigma"] ** -2.0
    difference = np.sum(weight * (profile["observed"] - profile["calculated"]) ** 2)
    rwp = math.sqrt(difference / np.sum(weight * profile["observed"] ** 2))
    assert rwp == pytest.approx(outcome["agreement"]["rwp"], rel=1e-6)
    assert outcome["agreement"]["gof"] == pytest.approx(rwp / outcome["agreement"]["rexp"], rel=1e-6)


OPEN_PROJECT = """
import sys
from GSASII import GSASIIscriptable as scriptable
project = scriptable.G2Project(gpxfile=sys.argv[1])
project.data["Controls"]["data"]["max cyc"] = 0
project.save()
project.refine()
print("RWP", project.histogram(0).residuals["wR"], len(project.phases()), project.phases()[0].get_cell()["length_a"])
"""


@needs_gsas2
@pytest.mark.gsas2
def test_the_project_goes_on_in_gsas2_by_itself(tmp_path: Path) -> None:
    """GSAS-II without this worker opens the .gpx from another folder and calculates the same pattern."""
    outcome = run(mixture_task(str(tmp_path / "work")))[-1]["outcome"]
    assert "refinement.gpx" in outcome["files"]
    moved = tmp_path / "elsewhere.gpx"
    (tmp_path / "work" / "refinement.gpx").rename(moved)
    answer = subprocess.run(
        [str(INTERPRETER), "-c", OPEN_PROJECT, str(moved)],
        capture_output=True, text=True, timeout=300, check=True, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    rwp, n_phases, a = next(line for line in answer.stdout.splitlines() if line.startswith("RWP")).split()[1:]
    assert int(n_phases) == 2
    assert float(a) == pytest.approx(outcome["derived_cells"]["Ni"]["a"], rel=1e-9)
    # Axial divergence is at its floor here: where it is large, GSAS-II's own sums give another profile.
    assert float(rwp) == pytest.approx(100.0 * outcome["agreement"]["rwp"], abs=0.3)


@needs_gsas2
@pytest.mark.gsas2
def test_bounds_and_ties_are_kept_and_told(tmp_path: Path) -> None:
    task = mixture_task(str(tmp_path))
    task["parameters"]["phase.Ni.cell.a"]["max"] = 3.5235
    task["ties"] = [{"target": "phase.Cu.site.M1.u_iso", "terms": [[1.0, "phase.Ni.site.M1.u_iso"]], "constant": 0.0}]
    task["stages"][-1]["free"].append("phase.Ni.site.M1.u_iso")
    outcome = run(task)[-1]["outcome"]
    bound = outcome["parameters"]["phase.Ni.cell.a"]
    assert bound["value"] == pytest.approx(3.5235, rel=1e-12)
    assert (bound["esd"], bound["reason"]) == (None, "at bound")
    assert "phase.Ni.cell.a" not in outcome["covariance"]["names"]
    one, other = (outcome["parameters"][f"phase.{p}.site.M1.u_iso"] for p in ("Ni", "Cu"))
    assert one["value"] == pytest.approx(other["value"], rel=1e-9)
    assert one["esd"] == pytest.approx(other["esd"], rel=1e-6)
    assert (one["free"], other["free"], other["reason"]) == (True, False, "tied")


@needs_gsas2
@pytest.mark.gsas2
def test_a_gap_in_the_data_changes_nothing_beyond_it(tmp_path: Path) -> None:
    """GSAS-II by itself would drop every reflection above a gap wider than its peak window."""
    task = mixture_task(str(tmp_path))
    two_theta = np.array(task["pattern"]["two_theta"])
    keep = (two_theta < 70.0) | (two_theta > 85.0)
    task["pattern"] = {k: np.array(v)[keep].tolist() for k, v in task["pattern"].items()}
    outcome = run(task)[-1]["outcome"]
    assert outcome["agreement"]["rwp"] < 0.01
    assert outcome["agreement"]["n_points"] == int(keep.sum())
    assert outcome["parameters"]["phase.Ni.cell.a"]["value"] == pytest.approx(3.5240, rel=5e-6)
    assert all(r["multiplicity"] > 0 for r in outcome["reflections"]["Ni"])


@needs_gsas2
@pytest.mark.gsas2
def test_the_worker_survives_a_bad_task(tmp_path: Path) -> None:
    bad = mixture_task(str(tmp_path)) | {"mode": "charge-flipping"}
    events = run(bad, mixture_task(str(tmp_path / "second")))
    assert [e["event"] for e in events[:2]] == ["ready", "error"]
    assert events[1]["kind"] == "unsupported"
    assert events[-1]["event"] == "done"


@needs_gsas2
@pytest.mark.gsas2
def test_a_coordinate_fixed_by_symmetry_is_refused_by_name(tmp_path: Path) -> None:
    task = mixture_task(str(tmp_path))
    task["stages"][-1]["free"].append("phase.Cu.site.M1.x")
    event = run(task)[-1]
    assert (event["event"], event["kind"]) == ("error", "bad_input")
    assert "phase.Cu.site.M1.x" in event["message"]


@needs_gsas2
@pytest.mark.gsas2
def test_two_isotopes_of_an_element_are_refused(tmp_path: Path) -> None:
    """GSAS-II keeps one scattering length per element: the second phase would change the first in silence."""
    task = mixture_task(str(tmp_path))
    task["phases"][1]["structure"]["sites"][0] |= {"element": "Ni", "isotope": "58"}
    event = run(task)[-1]
    assert (event["event"], event["kind"]) == ("error", "unsupported")
    assert "two isotopes of Ni" in event["message"]
