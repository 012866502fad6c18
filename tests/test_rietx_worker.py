"""The rietx worker against closed forms, against rietx itself and against measured standards."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import pytest
from rietx_tasks import (
    CUBIC,
    KA1,
    RADIUS,
    copper,
    cumulative,
    gaussian,
    instrument,
    lorentzian,
    measured_lab6,
    nickel,
    noisy,
    peaks,
    phase,
    polarization,
    site,
    task,
)

from xtal.engines.rietx_covariance import inverse_normal
from xtal.engines.rietx_freedom import build_problem, free_exactly
from xtal.engines.rietx_model import polarization_fraction, symmetry_of
from xtal.engines.rietx_units import Link, known_links
from xtal.engines.worker_lines import TaskError

# -- the worker as a process -----------------------------------------------------------


class Worker:
    """The worker process, one command at a time."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xtal.engines.rietx_worker"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ready = self.read()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def send(self, text: str, last: tuple[str, ...] = ("done", "error", "version")) -> list[dict[str, Any]]:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        events = [self.read()]
        while events[-1]["event"] not in last:
            events.append(self.read())
        return events

    def refine(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        return self.send(json.dumps({"cmd": "refine", "task": job}))

    def outcome(self, job: dict[str, Any]) -> dict[str, Any]:
        last = self.refine(job)[-1]
        assert last["event"] == "done", last
        return last["outcome"]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    started = Worker(Path(__file__).resolve().parent.parent)
    yield started
    started.process.communicate(json.dumps({"cmd": "quit"}) + "\n", timeout=20)
    assert started.process.returncode == 0


def row(outcome: dict[str, Any], name: str) -> tuple[float, float]:
    found = outcome["parameters"][name]
    return found["value"], found["esd"]


def assert_within(outcome: dict[str, Any], name: str, true: float, esds: float = 4.0) -> None:
    value, esd = row(outcome, name)
    assert esd > 0.0
    assert abs(value - true) < esds * esd, f"{name}: {value} +- {esd}, true {true}"


# -- unit conversions ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "native"),
    [
        ("pattern.profile.u", 2.0, 16.0 * math.log(2.0)),
        ("pattern.profile.x", 0.03, 0.03),
        ("pattern.profile.axial", 0.05, 0.025),
        ("phase.cu.microstrain", 1e-3, 0.18 / math.pi),
        ("phase.cu.crystallite_size_nm", 100.0, math.degrees(KA1 / 1000.0)),
        ("phase.cu.site.Cu1.u_iso", 0.01, 0.08 * math.pi**2),
        ("phase.cu.cell.a", 3.6, 3.6),
    ],
)
def test_a_value_crosses_to_rietx_by_its_closed_form_and_comes_back(name: str, value: float, native: float) -> None:
    link = known_links(task([copper()], []))[name]
    assert link.to_native(value) == pytest.approx(native, rel=1e-12)
    assert link.to_xtal(native) == pytest.approx(value, rel=1e-12)


def test_the_slope_of_a_size_is_the_derivative_of_the_scherrer_relation() -> None:
    link = Link("lor_size", 8.8, inverse=True)
    step = 1e-6
    numeric = (link.to_xtal(0.05 + step) - link.to_xtal(0.05 - step)) / (2 * step)
    assert link.slope(0.05) == pytest.approx(numeric, rel=1e-6)
    assert link.to_xtal(0.0) is None


def test_the_polarization_fraction_gives_the_monochromator_factor() -> None:
    k = polarization_fraction(instrument())
    for angle in (10.0, 60.0, 130.0):
        cos2 = math.cos(math.radians(angle)) ** 2
        assert k + (1 - k) * cos2 == pytest.approx(polarization(angle), rel=1e-12)
    assert polarization_fraction(instrument(monochromator_two_theta=None)) == 0.5
    assert polarization_fraction(instrument(monochromator_two_theta=None, polarization=0.95)) == 0.95


@pytest.mark.parametrize("name", ["F d -3 m:1", "F d -3 m:2", "R -3 m:R", "R -3 m:H", "P 1 1 2", "I 41/a m d:1"])
def test_the_setting_given_by_operations_is_the_setting_rietx_gets(name: str) -> None:
    group = gemmi.find_spacegroup_by_name(name)
    symbol, operations = symmetry_of({"operations": [op.triplet() for op in group.operations()], "hm": group.hm})
    assert operations is None
    assert gemmi.find_spacegroup_by_name(symbol).xhm() == group.xhm()


def test_operations_without_a_tabulated_setting_are_passed_as_a_list() -> None:
    symbol, operations = symmetry_of({"operations": ["x,y,z", "x,-y,z+1/4"], "hm": "P m 1 1"})
    assert operations == ["x,y,z", "x,-y,z+1/4"]
    assert symbol.startswith("P m 1 1 [")


def test_a_cubic_cell_in_the_f_setting_needs_only_a_and_the_rest_follows() -> None:
    job = task([copper()], [], values={"phase.cu.cell.a": 3.7})
    values = {entry.path: entry.value for entry in build_problem(job).table.entries}
    assert [values[f"phases.0.cell.{k}"] for k in "abc"] == [3.7] * 3


# -- freedom ---------------------------------------------------------------------------


def test_a_stage_frees_exactly_its_list() -> None:
    names = ["phase.cu.scale", "phase.cu.cell.a", "pattern.profile.w", "pattern.background.c1"]
    problem = build_problem(task([copper()], [names]))
    free_exactly(problem, names)
    assert set(problem.table.free_paths) == {problem.links[name].path for name in names}
    free_exactly(problem, names[:1])
    assert problem.table.free_paths == ["phases.0.scale"]


def test_a_parameter_that_symmetry_fixes_is_refused_by_name() -> None:
    job = task([copper()], [["phase.cu.site.Cu1.x"]])
    with pytest.raises(TaskError, match=r"phase\.cu\.site\.Cu1\.x"):
        free_exactly(build_problem(job), ["phase.cu.site.Cu1.x"])


def rutile() -> dict[str, Any]:
    sites = (site("Ti", "Ti", (0, 0, 0)), site("O", "O", (0.305, 0.305, 0)))
    return phase("rutile", "P 42/m n m", [4.594, 4.594, 2.959, 90, 90, 90], *sites)


def test_a_free_coordinate_takes_along_what_symmetry_ties_to_it() -> None:
    """(x, x, 0) of rutile's oxygen, and (x, 2x, z) of a mirror site in hexagonal axes, by x alone."""
    x, y = "phase.rutile.site.O.x", "phase.rutile.site.O.y"
    problem = build_problem(task([rutile()], [[x]]))
    free_exactly(problem, [x])
    assert problem.table.free_paths == ["phases.0.atoms.1.x"]
    assert problem.table.decode(np.array([0.31]))["phases.0.atoms.1.y"] == pytest.approx(0.31)
    assert problem.followers == {y: x}
    hexagonal = phase("h", "P 6/m m m", [5, 5, 6, 90, 90, 120], site("O1", "O", (0.2, 0.4, 0.3)))
    problem = build_problem(task([hexagonal], [["phase.h.site.O1.x"], ["phase.h.site.O1.z"]]))
    free_exactly(problem, ["phase.h.site.O1.x"])
    moved = problem.table.decode(np.array([0.21]))
    assert [moved[f"phases.0.atoms.0.{c}"] for c in "xyz"] == pytest.approx([0.21, 0.42, 0.3])


def test_a_coordinate_of_a_general_position_moves_alone() -> None:
    general = phase("g", "P -1", [5, 6, 7, 90, 95, 100], site("O1", "O", (0.2, 0.4, 0.3)))
    problem = build_problem(task([general], [["phase.g.site.O1.y"]]))
    free_exactly(problem, ["phase.g.site.O1.y"])
    moved = problem.table.decode(np.array([0.5]))
    assert [moved[f"phases.0.atoms.0.{c}"] for c in "xyz"] == pytest.approx([0.2, 0.5, 0.3])


def test_coordinates_that_would_leave_their_special_position_are_refused() -> None:
    x, y = "phase.rutile.site.O.x", "phase.rutile.site.O.y"
    with pytest.raises(TaskError, match="special position"):
        free_exactly(build_problem(task([rutile()], [[x, y]])), [x, y])
    tie = {"target": y, "terms": [[1.0, x]], "constant": 0.0}
    problem = build_problem(task([rutile()], [[x]], ties=[tie]))
    free_exactly(problem, [x])
    assert problem.table.decode(np.array([0.31]))["phases.0.atoms.1.y"] == pytest.approx(0.31)


def test_an_infinite_size_means_no_broadening_until_it_is_freed() -> None:
    name = "phase.cu.crystallite_size_nm"
    bounded = {"value": math.inf, "min": 2.0, "max": 1e5}
    for free, native in (([], 0.0), ([name], math.degrees(KA1 / 1e6))):
        job = task([copper()], [free])
        job["parameters"][name] = bounded
        problem = build_problem(job)
        values = problem.table.decode(problem.table.x0())
        assert values["phases.0.lor_size"] == pytest.approx(native)


def test_a_tie_holds_in_xtal_units_on_both_sides() -> None:
    size = [
        {"target": "phase.ni.crystallite_size_nm", "terms": [[2.0, "phase.cu.crystallite_size_nm"]], "constant": 0.0}
    ]
    strain = [{"target": "phase.ni.microstrain", "terms": [[3.0, "phase.cu.microstrain"]], "constant": 1e-4}]
    free = ["phase.cu.crystallite_size_nm", "phase.cu.microstrain"]
    job = task([copper(), nickel()], [free], ties=size + strain, values={free[0]: 50.0, free[1]: 1e-3})
    problem = build_problem(job)
    values = {entry.path: entry.value for entry in problem.table.entries}
    free_exactly(problem, free)
    values = problem.table.decode(problem.table.x0())
    links = problem.links
    assert links["phase.ni.crystallite_size_nm"].to_xtal(values["phases.1.lor_size"]) == pytest.approx(100.0)
    assert links["phase.ni.microstrain"].to_xtal(values["phases.1.lor_strain"]) == pytest.approx(3.1e-3)


@pytest.mark.parametrize(
    ("changes", "kind", "named"),
    [
        ({"values": {"phase.cu.extinction": 0.1}}, "unsupported", "phase.cu.extinction"),
        ({"mode": "rigid"}, "unsupported", "mode .rigid."),
        ({"background": {"kind": "fixed", "n_terms": 1, "range": [1, 2]}}, "unsupported", "background.kind"),
        ({"instrument": instrument(geometry="laue")}, "unsupported", "instrument.geometry"),
        ({"values": {"phase.cu.scale": -1.0}}, "bad_input", "refuses"),
        (
            {"instrument": instrument(geometry="debye-scherrer"), "values": {"pattern.displacement": 0.1}},
            "unsupported",
            "pattern.displacement",
        ),
    ],
)
def test_what_rietx_cannot_express_is_refused_by_name(changes: dict[str, Any], kind: str, named: str) -> None:
    with pytest.raises(TaskError, match=named) as caught:
        build_problem(task([copper()], [["phase.cu.scale"]], **changes))
    assert caught.value.kind == kind


def test_a_start_value_outside_its_bounds_is_named() -> None:
    job = task([copper()], [["phase.cu.cell.a"]])
    job["parameters"]["phase.cu.cell.a"] |= {"min": 3.7}
    with pytest.raises(TaskError, match=r"phase\.cu\.cell\.a: start value 3\.6"):
        build_problem(job)


# -- covariance ------------------------------------------------------------------------


def test_the_inverse_normal_matrix_is_that_of_a_straight_line_fit() -> None:
    x = np.linspace(-1.0, 2.0, 40)
    inverse, lost = inverse_normal(np.column_stack([np.ones_like(x), x]))
    spread = float(np.sum((x - x.mean()) ** 2))
    assert inverse[1, 1] == pytest.approx(1.0 / spread)
    assert inverse[0, 0] == pytest.approx(1.0 / 40 + x.mean() ** 2 / spread)
    assert not lost.any()


def test_columns_the_data_cannot_separate_are_marked() -> None:
    x = np.linspace(0.0, 1.0, 20)
    _, lost = inverse_normal(np.column_stack([x, 2.0 * x, x**2, 0.0 * x]))
    assert lost.tolist() == [True, True, False, True]


# -- whole fits through the process ----------------------------------------------------


GAUSS = {"u": 0.0008, "v": -0.0006, "w": 0.0012}
TRUE = {"scale": 2.5, "a": 3.6012, "u_iso": 0.008, "displacement": 0.06, "zero": 0.03}


@pytest.fixture(scope="module")
def gaussian_fit(worker: Worker) -> list[dict[str, Any]]:
    """Events of a fit to a synthetic Gaussian pattern with zero, displacement and gaps."""
    x = np.arange(25.0, 115.0, 0.02)
    x = x[(x < 60.0) | (x > 62.0)]

    def width(theta: float, _: float) -> float:
        t = math.tan(theta)
        return math.sqrt(8.0 * math.log(2.0) * (GAUSS["u"] * t * t + GAUSS["v"] * t + GAUSS["w"]))

    def shift(theta: float) -> float:
        return TRUE["zero"] - math.degrees(2.0 * TRUE["displacement"] / RADIUS) * math.cos(theta)

    cell = (TRUE["a"], TRUE["a"])
    scaled = (x - 70.0) / 55.0
    background = 120.0 - 30.0 * scaled + 12.0 * (2.0 * scaled**2 - 1.0)
    y = TRUE["scale"] * peaks(x, "Cu", cell, TRUE["u_iso"], width, gaussian, shift) + background
    first = ["phase.cu.scale", *(f"pattern.background.c{k}" for k in range(3))]
    second = [*first, "phase.cu.cell.a", "pattern.displacement"]
    third = [*second, "pattern.profile.u", "pattern.profile.v", "pattern.profile.w", "phase.cu.site.Cu1.u_iso"]
    job = task([copper()], [first, second, third], pattern=noisy(x, y), values={"pattern.zero": TRUE["zero"]})
    return worker.refine(job)


def test_the_worker_reports_every_stage_with_a_complete_snapshot(gaussian_fit: list[dict[str, Any]]) -> None:
    assert [e["event"] for e in gaussian_fit] == ["stage_start", "stage"] * 3 + ["done"]
    keys = set(gaussian_fit[-1]["outcome"])
    for event in gaussian_fit[1::2]:
        assert set(event["snapshot"]) == keys
        assert event["snapshot"]["stages"][-1]["name"] == event["name"]
    free = {n for n, p in gaussian_fit[1]["snapshot"]["parameters"].items() if p["free"]}
    assert free == {"phase.cu.scale", *(f"pattern.background.c{k}" for k in range(3))}


def test_a_synthetic_gaussian_pattern_gives_back_its_parameters(gaussian_fit: list[dict[str, Any]]) -> None:
    outcome = gaussian_fit[-1]["outcome"]
    assert outcome["converged"]
    assert 0.9 < outcome["agreement"]["gof"] < 1.15
    assert_within(outcome, "phase.cu.cell.a", TRUE["a"])
    assert_within(outcome, "pattern.displacement", TRUE["displacement"])
    for letter, value in GAUSS.items():
        assert_within(outcome, f"pattern.profile.{letter}", value)
    for k, value in enumerate((120.0, -30.0, 12.0)):
        assert_within(outcome, f"pattern.background.c{k}", value)


def test_scale_and_displacement_parameter_agree_to_the_form_factor_tables(gaussian_fit: list[dict[str, Any]]) -> None:
    """rietx and gemmi tabulate f0 by different fits, which differ by some tenths of a percent."""
    outcome = gaussian_fit[-1]["outcome"]
    assert row(outcome, "phase.cu.scale")[0] == pytest.approx(TRUE["scale"], rel=0.01)
    assert row(outcome, "phase.cu.site.Cu1.u_iso")[0] == pytest.approx(TRUE["u_iso"], abs=2e-4)


def test_esds_are_the_roots_of_the_covariance_and_follow_the_profile(gaussian_fit: list[dict[str, Any]]) -> None:
    """The first stage is linear, so its covariance is gof² (AᵀA)⁻¹ of curves known in closed form."""
    outcome = gaussian_fit[1]["snapshot"]
    profile = {k: np.array(v) for k, v in outcome["profile"].items() if k != "phases"}
    scaled = (profile["two_theta"] - 70.0) / 55.0
    curve = np.array(outcome["profile"]["phases"]["cu"]) / row(outcome, "phase.cu.scale")[0]
    design = np.column_stack([curve, np.ones_like(scaled), scaled, 2 * scaled**2 - 1]) / profile["sigma"][:, None]
    expected = np.sqrt(np.diag(np.linalg.inv(design.T @ design))) * outcome["agreement"]["gof"]
    names = ["phase.cu.scale", *(f"pattern.background.c{k}" for k in range(3))]
    assert [row(outcome, n)[1] for n in names] == pytest.approx(expected, rel=1e-4)
    matrix = np.array(outcome["covariance"]["matrix"])
    esds = [row(outcome, n)[1] for n in outcome["covariance"]["names"]]
    assert np.sqrt(np.diag(matrix)) == pytest.approx(esds)


def test_the_profile_adds_up_and_gives_the_agreement_printed(gaussian_fit: list[dict[str, Any]]) -> None:
    outcome = gaussian_fit[-1]["outcome"]
    profile = outcome["profile"]
    y, sigma = np.array(profile["observed"]), np.array(profile["sigma"])
    calculated = np.array(profile["calculated"])
    assert calculated == pytest.approx(np.array(profile["background"]) + np.array(profile["phases"]["cu"]))
    rwp = math.sqrt(np.sum(((y - calculated) / sigma) ** 2) / np.sum((y / sigma) ** 2))
    assert outcome["agreement"]["rwp"] == pytest.approx(rwp)
    assert outcome["agreement"]["n_free"] == 10


def test_reflections_sit_where_bragg_zero_and_displacement_put_them(gaussian_fit: list[dict[str, Any]]) -> None:
    outcome = gaussian_fit[-1]["outcome"]
    a, shift = row(outcome, "phase.cu.cell.a")[0], row(outcome, "pattern.displacement")[0]
    found = outcome["reflections"]["cu"]
    assert [r["multiplicity"] for r in found[:3]] == [12, 8, 6]
    for r in found:
        d = a / math.sqrt(r["h"] ** 2 + r["k"] ** 2 + r["l"] ** 2)
        theta = math.asin(KA1 / (2 * d))
        drawn = math.degrees(2 * theta) + TRUE["zero"] - math.degrees(2 * shift / RADIUS) * math.cos(theta)
        assert r["d"] == pytest.approx(d, rel=1e-9)
        assert r["two_theta"] == pytest.approx(drawn, abs=1e-8)


WEIGHT_NI = 0.59
SIZES = {"cu": 25.0, "ni": 90.0}
STRAINS = {"cu": 0.0, "ni": 0.002}


@pytest.fixture(scope="module")
def mixture(worker: Worker) -> dict[str, Any]:
    """A two-phase synthetic mixture whose phases differ in width; second fit of the same process."""
    x = np.arange(20.0, 111.0, 0.03)
    y = np.full_like(x, 60.0)
    cells = {"cu": (3.6, 3.6), "ni": (2.9, 4.1)}
    weights = {"cu": 1.0 - WEIGHT_NI, "ni": WEIGHT_NI}
    for name, element in (("cu", "Cu"), ("ni", "Ni")):
        a, c = cells[name]

        def width(theta: float, wavelength: float, name: str = name) -> float:
            size = math.degrees(KA1 / (10.0 * SIZES[name] * math.cos(theta)))
            return size + math.degrees(STRAINS[name] * math.tan(theta))

        scale = 1e3 * weights[name] / (gemmi.Element(element).weight * a * a * c)
        y += scale * peaks(x, element, (a, c), 0.006, width, lorentzian, lambda _: 0.0)
    sizes = [f"phase.{n}.crystallite_size_nm" for n in cells]
    strains = ["phase.ni.microstrain"]
    scales = ["phase.cu.scale", "phase.ni.scale", "pattern.background.c0"]
    axes = ["phase.cu.cell.a", "phase.ni.cell.a", "phase.ni.cell.c"]
    stages = [scales, [*scales, *sizes, *strains], [*scales, *sizes, *strains, *axes]]
    start = {sizes[0]: 60.0, sizes[1]: 60.0, strains[0]: 0.001, "pattern.profile.w": 0.0}
    return worker.outcome(task([copper(3.603), nickel(2.901, 4.104)], stages, pattern=noisy(x, y), values=start))


def test_phases_of_different_width_give_back_sizes_and_strain(mixture: dict[str, Any]) -> None:
    assert 0.9 < mixture["agreement"]["gof"] < 1.15
    for name, size in SIZES.items():
        assert row(mixture, f"phase.{name}.crystallite_size_nm")[0] == pytest.approx(size, rel=0.03)
        assert_within(mixture, f"phase.{name}.crystallite_size_nm", size)
    assert_within(mixture, "phase.ni.microstrain", STRAINS["ni"])


def test_the_weight_fraction_of_a_mixture_of_different_widths_is_the_weighed_one(mixture: dict[str, Any]) -> None:
    factors = mixture["mass_factor"]
    assert factors["cu"] == pytest.approx(63.546 * mixture["derived_cells"]["cu"]["volume"], rel=1e-3)
    masses = {n: row(mixture, f"phase.{n}.scale")[0] * f for n, f in factors.items()}
    fraction = masses["ni"] / sum(masses.values())
    assert fraction == pytest.approx(WEIGHT_NI, abs=0.005)
    assert mixture["engine_weight_fractions"]["ni"]["value"] == pytest.approx(fraction, rel=1e-12)


def test_the_engine_esd_of_a_weight_fraction_follows_from_the_covariance(mixture: dict[str, Any]) -> None:
    names = mixture["covariance"]["names"]
    i, j = names.index("phase.cu.scale"), names.index("phase.ni.scale")
    matrix = np.array(mixture["covariance"]["matrix"])[np.ix_([i, j], [i, j])]
    m = np.array([mixture["mass_factor"]["cu"], mixture["mass_factor"]["ni"]])
    s = np.array([row(mixture, "phase.cu.scale")[0], row(mixture, "phase.ni.scale")[0]])
    total = float(m @ s)
    gradient = np.array([-m[1] * s[1] * m[0], m[1] * m[0] * s[0]]) / total**2
    expected = math.sqrt(gradient @ matrix @ gradient)
    assert mixture["engine_weight_fractions"]["ni"]["esd"] == pytest.approx(expected, rel=1e-9)


def test_values_and_esds_agree_with_a_fit_run_by_rietx_itself(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    import rietx

    monkeypatch.setenv("RIETX_TELEMETRY", "0")  # or rietx records the run in the working folder
    x = np.arange(25.0, 100.0, 0.04)
    y = 40.0 + 0.8 * peaks(x, "Cu", (3.6, 3.6), 0.006, lambda *_: 0.15, gaussian, lambda _: 0.0)
    names = ["phase.cu.scale", "phase.cu.cell.a", "pattern.profile.w", "pattern.background.c0"]
    job = task(
        [copper(3.601)],
        [names],
        pattern=noisy(x, y),
        background={"kind": "chebyshev", "n_terms": 3, "range": [x[0], x[-1]]},
    )
    ours = worker.outcome(job)
    problem = build_problem(job)
    problem.structure.phases[0].scale.value = 0.5
    stage = rietx.StageSpec(name="all", turn_on=[problem.links[n].path for n in names], max_iter=60)
    theirs = rietx.Refinement(problem.structure, problem.instrument).fit(
        problem.pattern, plan=rietx.PlanSpec(stages=[stage])
    )
    assert ours["agreement"]["rwp"] == pytest.approx(theirs.statistics.rwp, rel=1e-6)
    for name in names:
        link, fitted = problem.links[name], theirs.parameter(problem.links[name].path)
        value, esd = row(ours, name)
        assert value == pytest.approx(link.to_xtal(fitted.value), abs=0.01 * esd)
        assert esd == pytest.approx(fitted.stderr_uncorrected * abs(link.slope(fitted.value)), rel=0.01)


def evaluate(worker: Worker, phases: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """The outcome of a task that frees nothing: a plain calculation."""
    return worker.outcome(task(phases, [[]], **changes))


def test_width_of_a_line_is_scherrer_plus_strain(worker: Worker) -> None:
    values = {"phase.cu.crystallite_size_nm": 40.0, "phase.cu.microstrain": 0.003, "pattern.profile.w": 0.0}
    for r in evaluate(worker, [copper()], values=values)["reflections"]["cu"]:
        theta = math.asin(KA1 / (2 * r["d"]))
        expected = math.degrees(KA1 / 400.0 / math.cos(theta) + 0.003 * math.tan(theta))
        assert r["fwhm"] == pytest.approx(expected, rel=2e-3)


def test_march_dollase_multiplies_the_intensities_by_its_closed_form(worker: Worker) -> None:
    r = 0.7
    textured = nickel() | {"texture_axis": [0, 0, 1]}
    plain = evaluate(worker, [nickel()])["reflections"]["ni"]
    found = evaluate(worker, [textured], values={"phase.ni.texture.r": r})["reflections"]["ni"]
    assert len(plain) == len(found) > 10
    ratios, expected = [], []
    for before, after in zip(plain, found, strict=True):
        cos2 = (before["l"] / 4.1 * before["d"]) ** 2
        ratios.append(after["intensity"] / before["intensity"])
        expected.append((r * r * cos2 + (1 - cos2) / r) ** -1.5)
    ratios, expected = np.array(ratios), np.array(expected)
    assert ratios / ratios[0] == pytest.approx(expected / expected[0], rel=1e-6)


def test_a_neutron_pattern_uses_the_nuclide_and_no_polarization(worker: Worker) -> None:
    neutron = instrument(
        radiation={"kind": "neutron_cw", "lines": [[1.6, 1.0]]}, geometry="debye-scherrer", monochromator_two_theta=None
    )
    lithium = {}
    for isotope in (None, "7"):
        entry = phase("li", CUBIC, [3.6, 3.6, 3.6, 90, 90, 90], site("Li1", "Li", (0, 0, 0), 0.0, isotope=isotope))
        lithium[isotope] = evaluate(worker, [entry], instrument=neutron)["reflections"]["li"][0]
    # bound coherent scattering lengths (fm), Sears, Neutron News 3 (1992) 26
    assert lithium["7"]["f_squared"] / lithium[None]["f_squared"] == pytest.approx((2.22 / 1.90) ** 2, rel=0.01)


def test_an_ion_has_its_own_form_factor_and_an_unknown_one_is_reported(worker: Worker) -> None:
    def li(ion: str | None) -> dict[str, Any]:
        return phase("li", CUBIC, [3.6, 3.6, 3.6, 90, 90, 90], site("Li1", "Li", (0, 0, 0), 0.0, ion=ion))

    neutral, ionic, odd = (evaluate(worker, [li(ion)]) for ion in (None, "Li1+", "Li3-"))
    f2 = [o["reflections"]["li"][0]["f_squared"] for o in (neutral, ionic, odd)]
    assert f2[1] != pytest.approx(f2[0], rel=0.01)
    assert f2[2] == pytest.approx(f2[0])
    assert any("Li3-" in text for text in odd["warnings"])
    assert not any("form factor" in text for text in ionic["warnings"])


def test_rhombohedral_and_hexagonal_axes_give_the_same_reflections(worker: Worker) -> None:
    a, c = 4.0, 14.0
    edge = math.sqrt(3 * a * a + c * c) / 3
    angle = math.degrees(2 * math.asin(3 / (2 * math.sqrt(3 + (c / a) ** 2))))
    hexagonal = phase(
        "p", "R -3 m:H", [a, a, c, 90, 90, 120], site("Cu1", "Cu", (0, 0, 0)), site("O1", "O", (0, 0, 0.26))
    )
    rhombohedral = phase(
        "p", "R -3 m:R", [edge] * 3 + [angle] * 3, site("Cu1", "Cu", (0, 0, 0)), site("O1", "O", (0.26, 0.26, 0.26))
    )
    values = {"phase.p.cell.alpha": angle}
    one = evaluate(worker, [hexagonal])
    two = evaluate(worker, [rhombohedral], values=values)
    assert one["derived_cells"]["p"]["volume"] == pytest.approx(3 * two["derived_cells"]["p"]["volume"], rel=1e-9)
    pairs = zip(one["reflections"]["p"], two["reflections"]["p"], strict=True)
    for r, s in pairs:
        assert r["two_theta"] == pytest.approx(s["two_theta"], abs=1e-6)
    total = [sum(r["multiplicity"] * r["f_squared"] for r in o["reflections"]["p"]) for o in (one, two)]
    assert total[0] == pytest.approx(9 * total[1], rel=1e-6)


def test_a_parameter_on_its_bound_has_no_esd_and_says_so(worker: Worker) -> None:
    x = np.arange(25.0, 100.0, 0.04)
    y = 40.0 + 0.8 * peaks(x, "Cu", (3.6, 3.6), 0.006, lambda *_: 0.15, gaussian, lambda _: 0.0)
    names = ["phase.cu.scale", "pattern.background.c0", "pattern.profile.w", "phase.cu.cell.a"]
    job = task([copper()], [names], pattern=noisy(x, y), values={"phase.cu.cell.a": 3.61})
    job["parameters"]["phase.cu.cell.a"] |= {"min": 3.605, "max": 3.62}
    outcome = worker.outcome(job)
    assert outcome["parameters"]["phase.cu.cell.a"] | {"value": None} == {
        "value": None,
        "esd": None,
        "free": True,
        "reason": "at bound",
    }
    assert "phase.cu.cell.a" not in outcome["covariance"]["names"]


# -- the process -----------------------------------------------------------------------


def test_the_worker_announces_engine_and_version(worker: Worker) -> None:
    import rietx

    assert worker.ready == {"event": "ready", "engine": "rietx", "version": rietx.__version__}
    assert worker.send('{"cmd": "version"}')[-1]["version"] == rietx.__version__


@pytest.mark.parametrize(
    ("line", "kind", "named"),
    [
        ("this is not json", "bad_input", "Expecting value"),
        ('{"cmd": "dance"}', "bad_input", "dance"),
        (json.dumps({"cmd": "refine", "task": task([copper()], [])}), "bad_input", "stages"),
        (
            json.dumps({"cmd": "refine", "task": task([copper()], [["phase.cu.texture.r"]])}),
            "unsupported",
            "phase.cu.texture.r",
        ),
    ],
)
def test_an_error_names_its_cause_and_the_worker_goes_on(worker: Worker, line: str, kind: str, named: str) -> None:
    event = worker.send(line)[-1]
    assert (event["event"], event["kind"]) == ("error", kind)
    assert named in event["message"]
    assert worker.send('{"cmd": "version"}')[-1]["event"] == "version"


# -- measured standards ----------------------------------------------------------------


def test_the_lab6_standard_gives_its_certified_cell_and_displacement(worker: Worker, shared_data: Path) -> None:
    lab6 = phase(
        "lab6",
        CUBIC,
        [4.157] * 3 + [90] * 3,
        site("La", "La", (0, 0, 0), 0.0045),
        site("B", "B", (0.198, 0.5, 0.5), 0.0035),
    )
    background = [f"pattern.background.c{k}" for k in range(6)]
    steps = [
        ["phase.lab6.scale", *background],
        ["pattern.displacement", "phase.lab6.cell.a"],
        ["pattern.profile.w", "pattern.profile.x", "pattern.profile.y"],
        ["pattern.profile.axial"],
        ["phase.lab6.site.B.x", "phase.lab6.site.La.u_iso", "phase.lab6.site.B.u_iso"],
    ]
    start = {"pattern.profile.axial": 0.04, "pattern.profile.w": 0.0005}
    start |= {"pattern.profile.x": 0.02, "pattern.profile.y": 0.02} | dict.fromkeys(background, 0.0)
    job = task(
        [lab6],
        cumulative(steps),
        pattern=measured_lab6(shared_data),
        instrument=instrument(goniometer_radius_mm=217.5, dispersion=True),
        background={"kind": "chebyshev", "n_terms": 6, "range": [20.3, 150.91]},
        values=start,
    )
    outcome = worker.outcome(job)
    assert outcome["converged"]
    assert row(outcome, "phase.lab6.cell.a")[0] == pytest.approx(4.156780, rel=60e-6)
    assert row(outcome, "pattern.displacement")[0] == pytest.approx(-0.07877, abs=0.005)
    assert row(outcome, "phase.lab6.site.B.x")[0] == pytest.approx(0.198, abs=0.002)
    assert outcome["agreement"]["rwp"] < 0.095


def round_robin_phases() -> list[dict[str, Any]]:
    """Al2O3, ZnO and CaF2 as the round robin's re-analyses model them (B in Å², U = B / 8π²)."""
    u = {b: b / (8 * math.pi**2) for b in (0.3, 0.55, 0.75)}
    return [
        phase(
            "corundum",
            "R -3 c",
            [4.759355, 4.759355, 12.99231, 90, 90, 120],
            site("Al", "Al", (0, 0, 0.35216), u[0.3]),
            site("O", "O", (0.30624, 0, 0.25), u[0.3]),
        ),
        phase(
            "zincite",
            "P 63 m c",
            [3.2499, 3.2499, 5.2066, 90, 90, 120],
            site("Zn", "Zn", (1 / 3, 2 / 3, 0), u[0.55]),
            site("O", "O", (1 / 3, 2 / 3, 0.3826), u[0.55]),
        ),
        phase(
            "fluorite",
            "F m -3 m",
            [5.4631] * 3 + [90] * 3,
            site("Ca", "Ca", (0, 0, 0), u[0.55]),
            site("F", "F", (0.25, 0.25, 0.25), u[0.75]),
        ),
    ]


def test_the_round_robin_mixture_1g_gives_its_weighed_fractions(worker: Worker, shared_data: Path) -> None:
    x, y = np.loadtxt(shared_data / "qpa_cpd_lab" / "cpd-1g.prn").T
    keep = x >= 15.0
    phases = round_robin_phases()
    names = [p["name"] for p in phases]
    background = [f"pattern.background.c{k}" for k in range(9)]
    cells = [f"phase.{n}.cell.{k}" for n in names for k in "ac" if (n, k) != ("fluorite", "c")]
    widths = [f"phase.{n}.{k}" for n in names for k in ("crystallite_size_nm", "microstrain")]
    steps = [
        [*(f"phase.{n}.scale" for n in names), *background],
        ["pattern.displacement", *cells],
        [f"pattern.profile.{k}" for k in "uvw"],
        widths,
    ]
    start = {
        "pattern.profile.axial": 0.04,
        "pattern.profile.u": 2e-4,
        "pattern.profile.v": -2e-4,
        "pattern.profile.w": 4e-4,
    }
    start |= {name: 200.0 if "size" in name else 5e-4 for name in widths} | dict.fromkeys(background, 0.0)
    job = task(
        phases,
        cumulative(steps),
        pattern={"two_theta": x[keep].tolist(), "intensity": y[keep].tolist(), "sigma": np.sqrt(y[keep]).tolist()},
        instrument=instrument(goniometer_radius_mm=173.0, dispersion=True),
        background={"kind": "chebyshev", "n_terms": 9, "range": [15.0, 150.0]},
        values=start,
    )
    outcome = worker.outcome(job)
    masses = {n: row(outcome, f"phase.{n}.scale")[0] * f for n, f in outcome["mass_factor"].items()}
    fractions = {n: 100.0 * m / sum(masses.values()) for n, m in masses.items()}
    assert fractions == pytest.approx({"corundum": 31.37, "zincite": 34.21, "fluorite": 34.42}, abs=2.5)
    assert outcome["agreement"]["rwp"] < 0.12


def test_a_neutron_garnet_gives_the_published_occupancies_through_ties(worker: Worker, shared_data: Path) -> None:
    """Fe 0.577(9) on 16a and Al 0.701(7) on 24d by GSAS-II; the other element of each site follows."""
    import rietx

    measured = rietx.read_pattern(shared_data / "cwn_garnet_d1a" / "garnet.raw")
    x, y = np.array(measured.two_theta), np.array(measured.intensity)
    x, y = x[x < 157.6], y[x < 157.6]
    garnet = phase(
        "g",
        "I a -3 d",
        [12.19] * 3 + [90] * 3,
        site("Y", "Y", (0.125, 0, 0.25)),
        site("Fe16a", "Fe", (0, 0, 0), occupancy=0.6),
        site("Al16a", "Al", (0, 0, 0), occupancy=0.4),
        site("Al24d", "Al", (0.375, 0, 0.25), occupancy=0.65),
        site("Fe24d", "Fe", (0.375, 0, 0.25), occupancy=0.35),
        site("O", "O", (-0.029, 0.053, 0.15)),
    )
    base = "phase.g.site"
    pairs = (("Al16a", "Fe16a"), ("Fe24d", "Al24d"))
    ties = [
        {"target": f"{base}.{a}.{k}", "terms": [[c, f"{base}.{b}.{k}"]], "constant": constant}
        for a, b in pairs
        for k, c, constant in (("occupancy", -1.0, 1.0), ("u_iso", 1.0, 0.0))
    ]
    background = [f"pattern.background.c{k}" for k in range(6)]
    steps = [
        ["phase.g.scale", *background],
        ["pattern.zero", "phase.g.cell.a"],
        [f"pattern.profile.{k}" for k in "uvw"],
        [f"{base}.O.{c}" for c in "xyz"] + [f"{base}.{n}.u_iso" for n in ("Y", "Fe16a", "Al24d", "O")],
        [f"{base}.{b}.occupancy" for _, b in pairs],
        ["pattern.profile.axial"],
    ]
    start = {"pattern.profile.u": 0.0354, "pattern.profile.v": -0.0760, "pattern.profile.w": 0.0652}
    start |= {"pattern.profile.axial": 0.02} | dict.fromkeys(background, 0.0)
    neutron = instrument(
        radiation={"kind": "neutron_cw", "lines": [[1.909, 1.0]]},
        geometry="debye-scherrer",
        monochromator_two_theta=None,
    )
    outcome = worker.outcome(
        task(
            [garnet],
            cumulative(steps),
            pattern={"two_theta": x.tolist(), "intensity": y.tolist(), "sigma": np.sqrt(y).tolist()},
            instrument=neutron,
            background={"kind": "chebyshev", "n_terms": 6, "range": [24.0, 157.6]},
            values=start,
            ties=ties,
        )
    )
    assert row(outcome, f"{base}.Fe16a.occupancy")[0] == pytest.approx(0.577, abs=0.02)
    assert row(outcome, f"{base}.Al24d.occupancy")[0] == pytest.approx(0.701, abs=0.02)
    leader, follower = (row(outcome, f"{base}.{name}.occupancy") for name in ("Fe16a", "Al16a"))
    assert leader[0] + follower[0] == pytest.approx(1.0)
    assert leader[1] == pytest.approx(follower[1])
    assert outcome["agreement"]["rwp"] < 0.056
