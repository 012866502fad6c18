"""Each check speaks when it should and is silent when it should not be heard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.checks import verdict_of
from xtal.diffraction import PhaseProfile, simulate_pattern
from xtal.io.library import reference_structure
from xtal.job import JobPhase
from xtal.lattice import Lattice
from xtal.radiation import Radiation
from xtal.result import Check, Correlation, ParameterResult, Value
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup


def found(checks: list[Check], code: str) -> list[tuple[str, str | None]]:
    return [(check.severity, check.phase) for check in checks if check.code == code]


def test_faultless_fit_gets_no_remark(said):
    assert said() == []


# -- single parameters ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "severity", "phase"),
    [
        ("phase.zno.scale", "severe", "zno"),
        ("phase.al2o3.cell.a", "severe", "al2o3"),
        ("phase.al2o3.microstrain", "warning", "al2o3"),
        ("pattern.profile.w", "warning", None),
    ],
)
@pytest.mark.parametrize("bound", ["min", "max"])
def test_free_parameter_at_its_bound_is_named(name, severity, phase, bound, said_of_parameter):
    limits = {"min": 0.1, "max": 0.9}
    checks = said_of_parameter(name, value=limits[bound], start=limits[bound], esd=0.01, free=True, **limits)
    assert found(checks, "parameter-at-bound") == [(severity, phase)]
    word = {"min": "lower bound 0.1", "max": "upper bound 0.9"}[bound]
    assert any(name in check.sentence and word in check.sentence for check in checks)


def test_parameter_a_tenth_of_an_esd_from_its_bound_is_not_at_it(said_of_parameter):
    assert not found(said_of_parameter("pattern.profile.w", value=0.101, esd=0.01, min=0.1, max=0.9, free=True),
                     "parameter-at-bound")  # fmt: skip


def test_held_parameter_may_sit_at_its_bound(said_of_parameter):
    assert not found(said_of_parameter("pattern.profile.w", value=0.1, min=0.1, free=False), "parameter-at-bound")


@pytest.mark.parametrize(("shift", "fires"), [(0.11, True), (0.09, False), (None, False)])
def test_fit_is_at_rest_below_a_tenth_of_an_esd(shift, fires, said):
    assert bool(found(said(max_shift_over_esd=shift), "not-at-rest")) is fires


def test_fit_without_covariance_is_severe(said):
    assert found(said(has_covariance=False), "no-covariance") == [("severe", None)]


@pytest.mark.parametrize(
    ("first", "second", "r", "severities"),
    [
        ("pattern.zero", "phase.zno.cell.a", 0.96, ["warning"]),
        ("pattern.zero", "phase.zno.cell.a", -0.96, ["warning"]),
        ("pattern.zero", "phase.zno.cell.a", 0.94, []),
        ("phase.al2o3.scale", "phase.zno.scale", -0.97, ["severe"]),
    ],
)
def test_correlation_above_95_percent_is_reported_and_of_scales_severe(first, second, r, severities, said):
    checks = said(correlations=(Correlation(first, second, r),))
    assert [severity for severity, _ in found(checks, "strong-correlation")] == severities


@pytest.mark.parametrize(("u", "fires"), [(-0.001, True), (0.11, True), (0.09, False), (0.0, False)])
def test_displacement_parameter_must_be_between_zero_and_a_tenth(u, fires, said_of_parameter):
    checks = said_of_parameter("phase.al2o3.site.O1.u_iso", value=u, min=None, free=True)
    assert found(checks, "displacement-parameter") == ([("severe", "al2o3")] if fires else [])


def test_held_displacement_parameter_is_not_judged(said_of_parameter):
    assert not found(said_of_parameter("phase.al2o3.site.O1.u_iso", value=0.5, free=False), "displacement-parameter")


@pytest.mark.parametrize(("value", "fires"), [(1.03, True), (1.015, False), (0.9, False)])
def test_occupancy_two_esds_above_one_is_severe(value, fires, said_of_parameter):
    checks = said_of_parameter("phase.al2o3.site.O1.occupancy", value=value, esd=0.01, free=True)
    assert found(checks, "occupancy-above-one") == ([("severe", "al2o3")] if fires else [])


@pytest.mark.parametrize(("other", "free", "fires"), [(0.7, True, True), (0.5, True, False), (0.7, False, False)])
def test_two_atoms_on_one_position_may_not_exceed_one_together(other, free, fires, evidence, said):
    sites = (Site("In", "In", (0, 0, 0), 0.5), Site("Sc", "Sc", (0, 0, 0), 0.5))
    structure = Structure("mixed", Lattice.cubic(4.0), SpaceGroup.from_symbol("P m -3 m"), sites, "made up", "model")
    job = replace(evidence.job, phases=(JobPhase("mixed", structure),))
    parameters = {
        f"phase.mixed.site.{label}.occupancy": ParameterResult(value, 0.01, 0.5, 0.0, 2.0, free)
        for label, value in (("In", 0.5), ("Sc", other))
    }
    checks = said(job=job, parameters=parameters)
    assert found(checks, "position-overfull") == ([("severe", "mixed")] if fires else [])


@pytest.mark.parametrize(("factor", "fires"), [(1.021, True), (0.979, True), (1.019, False)])
def test_cell_that_moved_more_than_two_percent_is_severe(factor, fires, evidence, said_of_parameter):
    start = evidence.parameters["phase.al2o3.cell.a"].start
    checks = said_of_parameter("phase.al2o3.cell.a", value=factor * start)
    assert found(checks, "cell-moved") == ([("severe", "al2o3")] if fires else [])


@pytest.mark.parametrize(
    ("calibrated", "free", "fires"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_zero_and_displacement_together_want_a_calibrated_instrument(calibrated, free, fires, evidence, said):
    parameters = dict(evidence.parameters)
    parameters["pattern.zero"] = replace(parameters["pattern.zero"], free=True)
    parameters["pattern.displacement"] = replace(parameters["pattern.displacement"], free=free)
    job = replace(evidence.job, instrument=replace(evidence.job.instrument, calibrated=calibrated))
    assert bool(found(said(parameters=parameters, job=job), "zero-and-displacement")) is fires


@pytest.mark.parametrize(("r", "severity"), [(-0.999, "severe"), (0.9, None)])
def test_zero_and_displacement_that_nothing_separates_are_severe_on_any_instrument(r, severity, evidence, said):
    parameters = dict(evidence.parameters)
    for name in ("pattern.zero", "pattern.displacement"):
        parameters[name] = replace(parameters[name], free=True)
    job = replace(evidence.job, instrument=replace(evidence.job.instrument, calibrated=True))
    pair = (Correlation("pattern.zero", "pattern.displacement", r),)
    checks = found(said(parameters=parameters, job=job, correlations=pair), "zero-and-displacement")
    assert checks == ([(severity, None)] if severity else [])


# -- phases -----------------------------------------------------------------------------


def with_phase(evidence, name: str, **changes) -> dict:
    return {**evidence.phases, name: replace(evidence.phases[name], **changes)}


@pytest.mark.parametrize(
    ("weight", "share", "fires"), [(0.30, 0.01, True), (0.06, 0.019, True), (0.06, 0.021, False), (0.04, 0.001, False)]
)
def test_phase_with_weight_but_without_intensity_is_severe(weight, share, fires, evidence, said):
    phases = with_phase(evidence, "zno", weight_fraction=Value(weight, 0.001), intensity_share=Value(share))
    assert found(said(phases=phases), "phase-not-carried") == ([("severe", "zno")] if fires else [])


@pytest.mark.parametrize(
    ("value", "esd", "fires"),
    [(0.029, 0.01, True), (0.031, 0.01, False), (0.0, None, True), (1e-9, None, True), (0.02, None, False)],
)
def test_phase_less_than_three_esds_from_zero_is_not_shown(value, esd, fires, evidence, said):
    phases = with_phase(evidence, "zno", weight_fraction=Value(value, esd), intensity_share=Value(value))
    assert found(said(phases=phases), "phase-not-shown") == ([("severe", "zno")] if fires else [])


def test_share_in_a_group_that_is_compatible_with_zero_is_said_once(evidence, said):
    phases = with_phase(evidence, "zno", weight_fraction=Value(0.0, 0.01), group_share=Value(0.01, 0.02))
    assert len(found(said(phases=phases), "phase-not-shown")) == 1


def test_share_in_a_group_alone_can_make_a_phase_not_shown(evidence, said):
    assert found(said(phases=with_phase(evidence, "zno", group_share=Value(0.01, 0.02))), "phase-not-shown")


@pytest.mark.parametrize(("quality", "fires"), [("model", True), ("dft", True), ("experiment", False)])
def test_phase_without_a_measured_structure_is_pointed_out(quality, fires, evidence, said):
    checks = said(phases=with_phase(evidence, "zno", quality=quality))
    assert found(checks, "phase-is-a-model") == ([("info", "zno")] if fires else [])


@pytest.mark.parametrize("rows", [(), None])
def test_phase_without_reflections_in_the_range_is_severe(rows, evidence, said):
    reflections = {name: kept for name, kept in evidence.reflections.items() if name != "zno"}
    if rows is not None:
        reflections["zno"] = rows
    assert ("severe", "zno") in found(said(reflections=reflections), "no-reflections")


def test_phase_that_was_held_because_it_is_weak_is_pointed_out(evidence, said):
    from xtal.rietveld.weak_phases import with_held_phases

    checks = said(job=with_held_phases(evidence.job, ["zno", "al2o3"]))
    assert found(checks, "weak-phase-held") == [("info", "zno"), ("info", "al2o3")]


# -- the pattern ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rwp", "gof", "severity"),
    [(0.10, 2.9, None), (0.10, 3.1, "warning"), (0.10, 10.1, "severe"), (0.31, 1.1, "severe"), (0.29, 1.1, None)],
)
def test_rwp_is_judged_against_counting_statistics_and_by_itself(rwp, gof, severity, evidence, said):
    agreement = replace(evidence.agreement, rwp=rwp, gof=gof, rexp=rwp / gof)
    assert [level for level, _ in found(said(agreement=agreement), "rwp-above-rexp")] == (
        [severity] if severity else []
    )


def without_zno(evidence) -> dict:
    """The same fit by somebody who doesn't know of the zinc oxide."""
    curves = evidence.curves
    calculated = curves.calculated - curves.phases["zno"]
    return {
        "curves": replace(curves, calculated=calculated, phases={"al2o3": curves.phases["al2o3"]}),
        "reflections": {"al2o3": evidence.reflections["al2o3"]},
        "phases": {"al2o3": replace(evidence.phases["al2o3"], weight_fraction=Value(1.0, None, "the only phase"))},
    }


def test_missing_phase_leaves_unexplained_peaks_at_its_strongest_lines(evidence, said):
    """Zincite (ICDD 36-1451): 31.77°, 34.42° and 36.25° are its three strongest lines for Cu Kα₁."""
    checks = [check for check in said(**without_zno(evidence)) if check.code == "unexplained-peaks"]
    assert [check.severity for check in checks] == ["severe"]
    from xtal.checks.pattern import unexplained_peaks

    changed = without_zno(evidence)
    lines = [row.two_theta for row in changed["reflections"]["al2o3"]]
    positions = sorted(position for position, _ in unexplained_peaks(changed["curves"], np.array(lines), 0.11)[:3])
    assert positions == pytest.approx([31.77, 34.42, 36.25], abs=0.05)


def test_height_of_an_unexplained_peak_is_relative_to_the_strongest(evidence):
    """A triangle-free case: a Gaussian of known height far from every line, averaged over one FWHM (erf: 81 %)."""
    from xtal.checks.pattern import unexplained_peaks

    curves = evidence.curves
    strongest = float(np.max(curves.observed - curves.background))
    fwhm = 0.2
    extra = 0.10 * strongest * np.exp(-4 * np.log(2) * ((curves.x - 22.0) / fwhm) ** 2)
    lines = np.array([row.two_theta for rows in evidence.reflections.values() for row in rows])
    quiet = replace(curves, observed=curves.calculated + extra)
    ((position, height),) = unexplained_peaks(quiet, lines, fwhm)
    mean_over_fwhm = 0.8100  # √(π/(16 ln 2)) · 2 erf(√ln 2) / 1 for a Gaussian over ± half its FWHM
    assert position == pytest.approx(22.0, abs=0.02)
    assert height == pytest.approx(
        0.10 * mean_over_fwhm * strongest / np.max(quiet.observed - quiet.background), rel=0.03
    )


def test_peak_below_one_percent_of_the_strongest_is_let_go(evidence):
    from xtal.checks.pattern import unexplained_peaks

    curves = evidence.curves
    strongest = float(np.max(curves.observed - curves.background))
    extra = 0.008 * strongest * np.exp(-4 * np.log(2) * ((curves.x - 22.0) / 0.2) ** 2)
    assert unexplained_peaks(replace(curves, observed=curves.calculated + extra), np.array([]), 0.2) == []


def test_misfit_at_a_calculated_line_is_not_an_unexplained_peak(evidence, said):
    curves = evidence.curves
    wrong = replace(curves, calculated=curves.background + 0.9 * (curves.calculated - curves.background))
    assert not found(said(curves=wrong), "unexplained-peaks")


def test_ripples_on_the_tails_of_misfitted_lines_are_not_unexplained_peaks(evidence, said):
    curves = evidence.curves
    wrong = replace(curves, calculated=curves.background + 0.6 * (curves.calculated - curves.background))
    assert not found(said(curves=wrong), "unexplained-peaks")


def test_second_line_of_the_doublet_is_explained_where_the_instrument_has_one(evidence, said):
    """The model here has Kα₁ only; at high angles the Kα₂ peaks stand apart from it."""
    one_line = replace(evidence.job.instrument, radiation=Radiation.from_name("CuKa1"))
    model = simulate_pattern(
        [(phase.structure, {"al2o3": 0.8, "zno": 0.2}[phase.name], PhaseProfile(150.0)) for phase in evidence.job.phases],
        one_line, evidence.curves.x, counts=8000.0,
    )  # fmt: skip
    curves = replace(evidence.curves, calculated=model.calculated + evidence.curves.background)
    assert not found(said(curves=curves), "unexplained-peaks")
    assert found(said(curves=curves, job=replace(evidence.job, instrument=one_line)), "unexplained-peaks")


# -- light sites ------------------------------------------------------------------------


def checks_of(structure: Structure, evidence, said, free=()) -> list[Check]:
    parameters = {
        f"phase.p.site.{site.label}.{kind}": ParameterResult(0.01, 1e-3, 0.01, 0.0, 0.3, (site.label, kind) in free)
        for site in structure.sites
        for kind in ("u_iso", "occupancy")
    }
    job = replace(evidence.job, phases=(JobPhase("p", structure),))
    return [check for check in said(job=job, parameters=parameters) if check.code == "light-sites"]


def test_lithium_of_lithium_fluoride_is_seen_by_x_rays(evidence, said):
    assert checks_of(reference_structure("lif"), evidence, said) == []


def test_the_sparser_hydrogen_of_the_antiperovskite_is_not(evidence, said):
    """H1 holds a third of one proton per formula: 0.33 of 32 electrons."""
    (check,) = checks_of(reference_structure("li2ohcl-cubic"), evidence, said)
    assert (check.severity, check.phase) == ("info", "p")
    listed = check.sentence.split("They")[0]
    assert "H1 (" in listed
    assert not any(f"{label} (" in listed for label in ("O1", "Cl1", "Li1"))


def test_refining_a_site_that_the_pattern_does_not_see_is_severe(evidence, said):
    (check,) = checks_of(reference_structure("li2ohcl-cubic"), evidence, said, free={("H1", "u_iso")})
    assert check.severity == "severe"
    assert "H1" in check.sentence.split("refined all the same")[1]


def test_refining_a_heavy_site_beside_unseen_ones_is_fine(evidence, said):
    (check,) = checks_of(reference_structure("li2ohcl-cubic"), evidence, said, free={("Cl1", "u_iso")})
    assert check.severity == "info"


def test_phase_of_heavy_atoms_only_is_not_asked(evidence, said):
    assert checks_of(reference_structure("si"), evidence, said) == []


def test_share_of_a_site_is_the_closed_form_of_rock_salt():
    """(111) of rock salt: |F|² = 16 (f_F − f_Li)²; emptied of Li it is 16 f_F². Form factors: IT 1992 through gemmi."""
    import gemmi

    from xtal.checks.light_sites import intensity_carried_by_site
    from xtal.instrument import Instrument
    from xtal.radiation import Radiation

    sites = (Site("Li", "Li", (0, 0, 0), u_iso=1e-9), Site("F", "F", (0.5, 0.5, 0.5), u_iso=1e-9))
    structure = Structure("LiF", Lattice.cubic(4.027), SpaceGroup.from_symbol("F m -3 m"), sites, "made up", "model")
    stol2 = 3 / (4 * 4.027**2)
    li, f = (gemmi.Element(element).it92.calculate_sf(stol2) for element in ("Li", "F"))
    instrument = Instrument(name="made up", radiation=Radiation.from_name("CuKa"))
    share = intensity_carried_by_site(structure, "Li", instrument, (37.0, 40.0))
    # dispersion (f′ of F: 0.07, of Li: 0.002) is in the check and not in the closed form
    assert share == pytest.approx(abs((f - li) ** 2 - f**2) / (f - li) ** 2, rel=0.02)


# -- the verdict ------------------------------------------------------------------------


def test_warnings_of_the_engine_are_passed_on(said):
    assert found(said(engine_warnings=("hm",)), "engine-warning") == [("info", None)]


@pytest.mark.parametrize("text", ["a and b are correlated by -0.990.", "pattern.profile.w: at bound."])
def test_what_a_check_says_is_not_said_again_for_the_engine(text, said):
    at_bound = {"pattern.profile.w": ParameterResult(0.0, None, 0.1, 0.0, None, True)}
    checks = said(engine_warnings=(text,), correlations=(Correlation("a", "b", -0.99),), parameters=at_bound)
    assert found(checks, "engine-warning") == []
    assert found(said(engine_warnings=(text,)), "engine-warning") == [("info", None)]


def test_severe_checks_come_first(evidence, said):
    checks = said(has_covariance=False, engine_warnings=("hm",), correlations=(Correlation("a", "b", 0.99),))
    assert [check.severity for check in checks] == ["severe", "warning", "info"]


@pytest.mark.parametrize(
    ("status", "severities", "verdict"),
    [
        ("converged", [], "pass"),
        ("converged", ["info", "warning"], "pass"),
        ("converged", ["info", "severe"], "review"),
        ("not_converged", [], "review"),
        ("timeout", [], "fail"),
        ("failed", ["info"], "fail"),
    ],
)
def test_verdict_follows_status_and_severest_check(status, severities, verdict):
    checks = tuple(Check("x", severity, None, "") for severity in severities)
    assert verdict_of(status, checks) == verdict


def test_a_wide_line_is_wide_also_for_the_peaks_that_no_phase_explains(evidence):
    """At time of flight widths grow with d: a misfit within the widest line's own width is that line's."""
    from xtal.checks.pattern import unexplained_peaks

    curves = evidence.curves
    strongest = float(np.max(curves.observed - curves.background))
    extra = 0.10 * strongest * np.exp(-4 * np.log(2) * ((curves.x - 22.0) / 0.2) ** 2)
    quiet, lines = replace(curves, observed=curves.calculated + extra), np.array([22.6])
    assert len(unexplained_peaks(quiet, lines, 0.2, np.array([0.2]))) == 1
    assert unexplained_peaks(quiet, lines, 0.2, np.array([0.6])) == []


def test_intensities_below_zero_are_named(evidence, said):
    observed = evidence.curves.observed.copy()
    observed[10:15] = -50.0
    (check,) = [c for c in said(curves=replace(evidence.curves, observed=observed)) if c.code == "negative-counts"]
    assert "5 of 3001 intensities are negative, the lowest -50" in check.sentence
    assert not found(said(), "negative-counts")


def test_a_site_beside_its_special_position_is_an_impossible_contact(evidence, said):
    """Zinc 0.1 Å off the threefold axis of zincite is three zincs 0.17 Å apart."""
    zno = reference_structure("zno")
    off = 0.1 / zno.lattice.a
    moved = zno.with_sites(
        replace(site, xyz=(site.xyz[0] + off, *site.xyz[1:])) if site.element == "Zn" else site for site in zno.sites
    )
    assert moved.cell_contents["Zn"] > zno.cell_contents["Zn"]
    phases = tuple(replace(p, structure=moved) if p.name == "zno" else p for p in evidence.job.phases)
    checks = [c for c in said(job=replace(evidence.job, phases=phases)) if c.code == "impossible-contact"]
    assert [(c.severity, c.phase) for c in checks] == [("severe", "zno")]
    assert "Zn1 and an image of itself" in checks[0].sentence
    assert not found(said(), "impossible-contact")


def test_a_phase_that_is_there_twice_is_not_called_absent(evidence, said):
    """Between two copies the weight is arbitrary: its esd is large, but the phase is there."""
    twin = replace(evidence.job.phases[1], name="zno2")
    unsure = replace(evidence.phases["zno"], weight_fraction=Value(0.1, 2.0))
    checks = said(job=replace(evidence.job, phases=(*evidence.job.phases, twin)),
                  phases={**evidence.phases, "zno": unsure, "zno2": unsure})  # fmt: skip
    assert found(checks, "same-phase-twice") and not found(checks, "phase-not-shown")


def test_a_hopeless_fit_is_not_blamed_on_the_wavelength():
    """θ in place of 2θ: no wavelength within 3 % makes the lines of three phases meet the peaks."""
    from xtal.checks.measurement import wavelength_factor
    from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
    from xtal.synthetic import laboratory_instrument

    structures = [reference_structure(name) for name in ("al2o3", "zno", "caf2")]
    made = simulate_pattern([(s, 1 / 3, PhaseProfile()) for s in structures], laboratory_instrument(),
                            axis_points(20.0, 100.0, 0.02), counts=1e4)  # fmt: skip
    bragg = made.calculated - made.background
    assert wavelength_factor(made.pattern.x / 2, bragg, structures, laboratory_instrument()) is None
    lines = tuple((wavelength * 1.01, weight) for wavelength, weight in laboratory_instrument().radiation.lines)
    off = replace(laboratory_instrument(), radiation=replace(laboratory_instrument().radiation, lines=lines))
    assert wavelength_factor(made.pattern.x, bragg, structures, off) == pytest.approx(1 / 1.01, abs=6e-4)


@pytest.mark.parametrize(("gof", "fires"), [(9.0, True), (1.2, False)])
def test_a_wavelength_in_nm_is_recognised_where_nothing_fits(gof, fires, evidence, said):
    radiation = Radiation.from_name("0.15406A")
    job = replace(evidence.job, instrument=replace(evidence.job.instrument, radiation=radiation))
    checks = said(job=job, agreement=replace(evidence.agreement, gof=gof))
    assert any("given in nm?" in check.sentence for check in checks) is fires
