"""Models of the GSAS-II worker against closed forms: a tetragonal crystal of one atom, written out over all hkl.

The patterns are made here from the formulas of the task, not by GSAS-II.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gemmi
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from tests.gsas2_tasks import INTERPRETER, needs_gsas2, pseudo_voigt, run
from xtal.engines.gsas2.corrections import narrow_tof_windows
from xtal.engines.gsas2.errors import WorkerError
from xtal.engines.gsas2.extra_peaks import gsas2_widths, width_and_part
from xtal.engines.gsas2.le_bail import constant_wavelength, extracted
from xtal.engines.gsas2.parameters import parameter_table
from xtal.engines.gsas2.pawley import leaders_of

pytestmark = pytest.mark.gsas2

WAVELENGTH, RADIUS_MM = 1.54, 200.0
A, C = 3.9, 4.6
LENGTH = 1.03  # of nickel, 1e-12 cm
U11, U33 = 0.012, 0.006
VARIANCE = 2e-3
TRUTH = {"scale": 8.0, "axial_size": 30.0, "equatorial_size": 90.0, "transparency": 0.15, "mu_r": 1.2}
STRAIN = {"s400": 0.02, "s004": 0.005, "s220": 0.05, "s202": 0.03}
PEAK = {"position": 55.0, "area": 9000.0, "fwhm": 4.0, "eta": 0.4}


# --- the crystal ---------------------------------------------------------------------------------------------------


def size_width(hkl: np.ndarray, d: float, theta: float) -> float:
    """Lorentzian FWHM in degrees of crystallites that are shorter along c."""
    cosine = hkl[2] / C * d
    inverse = math.hypot(cosine / TRUTH["axial_size"], math.sqrt(1 - cosine**2) / TRUTH["equatorial_size"]) / 10.0
    return math.degrees(WAVELENGTH * inverse / math.cos(theta))


def strain_width(hkl: np.ndarray, d: float, theta: float) -> float:
    """Lorentzian FWHM in degrees by Stephens's quartic for 4/mmm."""
    h, k, l = hkl
    quartic = STRAIN["s400"] * (h**4 + k**4) + STRAIN["s004"] * l**4 + STRAIN["s220"] * h**2 * k**2
    quartic += STRAIN["s202"] * l**2 * (h**2 + k**2)
    return math.degrees(math.sqrt(1e-6 * quartic) * d**2 * math.tan(theta))


def transmission(mu_r: float, theta: float) -> float:
    """Of a cylinder in the beam, by adding up the paths through its cross section."""
    r, angle = np.meshgrid((np.arange(60) + 0.5) / 60, (np.arange(120) + 0.5) * math.pi / 60)
    x, y = r * np.cos(angle), r * np.sin(angle)
    path = np.zeros_like(x)
    for direction in (math.pi, 2 * theta):
        along = x * math.cos(direction) + y * math.sin(direction)
        path += -along + np.sqrt(1 - r**2 + along**2)
    return float(np.sum(np.exp(-mu_r * path) * r) / np.sum(r))


def structure_factor(hkl: np.ndarray) -> float:
    h, k, l = hkl / np.array([A, A, C])
    return float(LENGTH**2 * math.exp(-4 * math.pi**2 * (U11 * (h * h + k * k) + U33 * l * l)))


def reflections(two_theta_max: float) -> list[tuple[np.ndarray, float, float]]:
    """Every hkl with its d and θ."""
    found = []
    for indices in itertools.product(range(-6, 7), repeat=3):
        hkl = np.array(indices, float)
        if any(indices):
            d = 1.0 / float(np.linalg.norm(hkl / np.array([A, A, C])))
            s = WAVELENGTH / (2 * d)
            if s < math.sin(math.radians(two_theta_max / 2)):
                found.append((hkl, d, math.asin(s)))
    return found


def signal(two_theta: np.ndarray, broadening: str) -> np.ndarray:
    """Pattern of the crystal: plate with transparency and size broadening, or cylinder with absorption and strain."""
    total = np.zeros_like(two_theta)
    gauss = math.sqrt(8 * math.log(2) * VARIANCE)
    for hkl, d, theta in reflections(150.0):
        centre, absorbed = math.degrees(2 * theta), 1.0
        if broadening == "size":
            centre -= math.degrees(TRUTH["transparency"] / (2 * RADIUS_MM) * math.sin(2 * theta))
        else:
            absorbed = transmission(TRUTH["mu_r"], theta)
        half = math.radians(centre / 2)
        width = (size_width if broadening == "size" else strain_width)(hkl, d, half)
        area = structure_factor(hkl) * absorbed / (2 * A * A * C * math.sin(half) ** 2 * math.cos(half))
        total += area * pseudo_voigt(two_theta - centre, gauss, width)
    return TRUTH["scale"] * 1e3 * total


# --- tasks ---------------------------------------------------------------------------------------------------------


def tetragonal(u_aniso: bool) -> dict[str, Any]:
    group = gemmi.SpaceGroup("P 4/m m m")
    site = {"label": "M1", "element": "Ni", "ion": None, "isotope": None, "xyz": [0.0, 0.0, 0.0], "occupancy": 1.0}
    site |= {"u_iso": 0.009, "u_aniso": [0.009, 0.009, 0.009, 0, 0, 0] if u_aniso else None, "multiplicity": 1}
    structure = {"cell": [A, A, C, 90.0, 90.0, 90.0], "hall": group.hall, "hm": group.hm, "number": group.number}
    structure |= {"operations": [op.triplet() for op in group.operations()], "sites": [site]}
    return {"name": "M", "structure": structure, "texture_axis": None}


def task_of(
    folder: Path, phase: dict[str, Any], geometry: str, values: dict[str, float], **more: Any
) -> dict[str, Any]:
    two_theta = np.arange(18.0, 150.0, 0.05)
    shared = {"pattern.zero": 0.0, "pattern.background.c0": 90.0, "pattern.profile.w": VARIANCE}
    shared |= {f"pattern.profile.{name}": 0.0 for name in "uvxy"} | {"pattern.profile.axial": 0.0}
    shared |= {"phase.M.cell.a": A, "phase.M.cell.c": C, "phase.M.site.M1.occupancy": 1.0, "phase.M.microstrain": 0.0}
    peak = pseudo_peak(two_theta) if "pattern.peak.holder.area" in values else 0.0
    intensity = signal(two_theta, "size" if geometry == "bragg-brentano" else "strain") + 100.0 + peak
    return {
        "title": "one atom",
        "work_dir": str(folder),
        "mode": "rietveld",
        "pattern": {
            "two_theta": two_theta.tolist(),
            "intensity": intensity.tolist(),
            "sigma": np.sqrt(intensity).tolist(),
        },
        "instrument": {
            "radiation": {"kind": "neutron_cw", "lines": [[WAVELENGTH, 1.0]]},
            "geometry": geometry,
            "goniometer_radius_mm": RADIUS_MM,
            "monochromator_two_theta": None,
            "polarization": None,
            "dispersion": False,
        },
        "background": {"kind": "chebyshev", "n_terms": 1, "range": [18.0, 150.0]},
        "phases": [phase],
        "parameters": {n: {"value": v, "min": None, "max": None} for n, v in (shared | values).items()},
        "ties": [],
        **more,
    }


def pseudo_peak(x: np.ndarray) -> np.ndarray:
    """The extra peak, a sum of a Gaussian and a Lorentzian of the same width."""
    offset = (x - PEAK["position"]) / PEAK["fwhm"]
    gauss = math.sqrt(4 * math.log(2) / math.pi) * np.exp(-4 * math.log(2) * offset**2)
    lorentz = 2 / math.pi / (1 + 4 * offset**2)
    return np.asarray(PEAK["area"] / PEAK["fwhm"] * (PEAK["eta"] * lorentz + (1 - PEAK["eta"]) * gauss))


def stages(*frees: list[str]) -> list[dict[str, Any]]:
    """Stages that add to each other."""
    free: list[str] = []
    return [{"name": str(i), "free": (free := [*free, *more]), "max_cycles": 30} for i, more in enumerate(frees)]


def plate_task(folder: Path) -> dict[str, Any]:
    """Uniaxial size, anisotropic displacement, transparency and an extra peak, all started off the truth."""
    values = {"phase.M.scale": 1.0, "pattern.transparency": 0.05, "pattern.displacement": 0.0}
    values |= {"phase.M.crystallite_size_nm": 60.0, "phase.M.crystallite_size_axial_nm": 50.0}
    values |= {"phase.M.site.M1.u11": 0.009, "phase.M.site.M1.u33": 0.009}
    start = {"position": 54.5, "area": 7000.0, "fwhm": 3.0, "eta": 0.2}
    values |= {f"pattern.peak.holder.{name}": value for name, value in start.items()}
    free = stages(
        ["phase.M.scale", "pattern.background.c0", "pattern.peak.holder.area"],
        ["pattern.transparency", "phase.M.cell.a", "phase.M.cell.c"],
        [name for name in values if "size" in name or ".u" in name],
        [f"pattern.peak.holder.{name}" for name in ("position", "fwhm", "eta")],
    )
    task = task_of(folder, tetragonal(True) | {"size_axis": [0, 0, 1]}, "bragg-brentano", values, stages=free)
    return task | {"peaks": ["holder"]}


def cylinder_task(folder: Path) -> dict[str, Any]:
    """Stephens's strain and the absorption of a capillary."""
    values = {"phase.M.scale": 1.0, "pattern.absorption": 0.5}
    values |= {"phase.M.site.M1.u11": U11, "phase.M.site.M1.u33": 0.01}
    values |= {f"phase.M.stephens.{name}": 0.7 * value for name, value in STRAIN.items()}
    free = stages(
        ["phase.M.scale", "pattern.background.c0"],
        ["phase.M.site.M1.u33", "pattern.absorption"],
        ["phase.M.cell.a", "phase.M.cell.c", *(f"phase.M.stephens.{name}" for name in STRAIN)],
    )
    return task_of(folder, tetragonal(True) | {"stephens": list(STRAIN)}, "debye-scherrer", values, stages=free)


def extraction_task(folder: Path) -> dict[str, Any]:
    """Le Bail: cell and widths without a structure."""
    values = {"phase.M.crystallite_size_nm": 60.0, "phase.M.crystallite_size_axial_nm": 50.0}
    values |= {"pattern.transparency": TRUTH["transparency"], "phase.M.site.M1.u_iso": 0.01}
    values["phase.M.cell.a"] = A + 0.003
    sizes = [name for name in values if "size" in name]
    free = stages(["pattern.background.c0"], ["phase.M.cell.a", "phase.M.cell.c"], sizes)
    phase = tetragonal(False) | {"size_axis": [0, 0, 1]}
    return task_of(folder, phase, "bragg-brentano", values, stages=free) | {"mode": "lebail"}


def pawley_task(folder: Path) -> dict[str, Any]:
    """The same with the intensities as parameters."""
    return extraction_task(folder) | {"mode": "pawley"}


RUTILE_U, RUTILE_A, RUTILE_C = 0.30, 4.5937, 2.9587
RESTRAINT = {"phase": "TiO2", "site_a": "Ti1", "site_b": "O1", "distance": 2.0, "sigma": 0.02, "weight": 2.0}


def rutile_task(folder: Path) -> dict[str, Any]:
    """Data that say nothing, so that the restraint decides."""
    group = gemmi.SpaceGroup("P 42/m n m")
    sites = [
        {"label": label, "element": element, "ion": None, "isotope": None, "xyz": xyz, "occupancy": 1.0, "u_iso": 0.005}
        | {"u_aniso": None, "multiplicity": multiplicity}
        for label, element, xyz, multiplicity in (
            ("Ti1", "Ti", [0.0, 0.0, 0.0], 2),
            ("O1", "O", [RUTILE_U, RUTILE_U, 0.0], 4),
        )
    ]
    cell = [RUTILE_A, RUTILE_A, RUTILE_C, 90.0, 90.0, 90.0]
    structure = {"cell": cell, "hall": group.hall, "hm": group.hm, "number": group.number, "sites": sites}
    structure |= {"operations": [op.triplet() for op in group.operations()]}
    phase = {"name": "TiO2", "structure": structure, "texture_axis": None}
    task = task_of(folder, tetragonal(False), "debye-scherrer", {})
    values = {name: entry for name, entry in task["parameters"].items() if name.startswith("pattern")}
    values |= {n: {"value": v, "min": None, "max": None} for n, v in
               {"phase.TiO2.scale": 2.0, "phase.TiO2.site.O1.x": RUTILE_U, "phase.TiO2.microstrain": 1e-3}.items()}  # fmt: skip
    task["pattern"]["sigma"] = [1e7] * len(task["pattern"]["sigma"])
    return task | {
        "phases": [phase],
        "parameters": values,
        "restraints": [RESTRAINT],
        "stages": [{"name": "bonds", "free": ["phase.TiO2.site.O1.x"], "max_cycles": 20}],
    }


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Last outcome of each task, from one worker."""
    makers = {"plate": plate_task, "cylinder": cylinder_task, "rutile": rutile_task}
    makers |= {"lebail": extraction_task, "pawley": pawley_task}
    events = run(*(make(tmp_path_factory.mktemp(name)) for name, make in makers.items()))
    ends = [event for event in events if event["event"] in ("done", "error")]
    assert [end["event"] for end in ends] == ["done"] * len(makers), [end.get("message") for end in ends]
    return {name: end["outcome"] for name, end in zip(makers, ends, strict=True)}


def value(outcome: dict[str, Any], name: str) -> float:
    return float(outcome["parameters"][name]["value"])


# --- tests ---------------------------------------------------------------------------------------------------------


@needs_gsas2
def test_uniaxial_size_comes_back(outcomes: dict[str, Any]) -> None:
    assert outcomes["plate"]["agreement"]["rwp"] < 0.005
    assert value(outcomes["plate"], "phase.M.crystallite_size_axial_nm") == pytest.approx(30.0, rel=0.005)
    assert value(outcomes["plate"], "phase.M.crystallite_size_nm") == pytest.approx(90.0, rel=0.01)


@needs_gsas2
def test_displacement_tensor_comes_back_and_its_other_components_follow(outcomes: dict[str, Any]) -> None:
    assert value(outcomes["plate"], "phase.M.site.M1.u11") == pytest.approx(U11, rel=0.01)
    assert value(outcomes["plate"], "phase.M.site.M1.u33") == pytest.approx(U33, rel=0.02)
    for entry in outcomes["plate"]["reflections"]["M"]:
        expected = structure_factor(np.array([entry["h"], entry["k"], entry["l"]], float))
        assert entry["f_squared"] == pytest.approx(expected, rel=0.01)


@needs_gsas2
def test_a_component_that_a_stage_does_not_free_stays(outcomes: dict[str, Any]) -> None:
    assert outcomes["cylinder"]["parameters"]["phase.M.site.M1.u11"]["value"] == pytest.approx(U11, rel=1e-12)
    assert value(outcomes["cylinder"], "phase.M.site.M1.u33") == pytest.approx(U33, rel=0.05)


@needs_gsas2
def test_transparency_comes_back(outcomes: dict[str, Any]) -> None:
    assert value(outcomes["plate"], "pattern.transparency") == pytest.approx(TRUTH["transparency"], abs=0.002)
    assert value(outcomes["plate"], "phase.M.cell.a") == pytest.approx(A, rel=5e-6)


@needs_gsas2
def test_an_extra_peak_comes_back_and_is_part_of_the_background(outcomes: dict[str, Any]) -> None:
    outcome = outcomes["plate"]
    for name, truth in PEAK.items():
        assert value(outcome, f"pattern.peak.holder.{name}") == pytest.approx(truth, rel=0.02)
    profile = {name: np.array(outcome["profile"][name]) for name in ("two_theta", "background", "extra_peaks")}
    expected = pseudo_peak(profile["two_theta"])
    assert np.max(np.abs(profile["extra_peaks"] - expected)) < 0.01 * expected.max()
    constant = profile["background"] - profile["extra_peaks"]
    assert np.ptp(constant) < 1e-6 * constant.mean()


@needs_gsas2
def test_stephens_strain_comes_back(outcomes: dict[str, Any]) -> None:
    assert outcomes["cylinder"]["agreement"]["rwp"] < 0.01
    for name, truth in STRAIN.items():
        assert value(outcomes["cylinder"], f"phase.M.stephens.{name}") == pytest.approx(truth, rel=0.05)


@needs_gsas2
def test_absorption_of_a_capillary_is_that_of_the_paths_through_it(outcomes: dict[str, Any]) -> None:
    outcome = outcomes["cylinder"]
    assert value(outcome, "pattern.absorption") == pytest.approx(TRUTH["mu_r"], abs=0.03)
    assert value(outcome, "phase.M.scale") == pytest.approx(value(outcomes["plate"], "phase.M.scale"), rel=0.02)


@needs_gsas2
@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_cell_widths_and_intensities_are_found_without_a_structure(outcomes: dict[str, Any], mode: str) -> None:
    outcome = outcomes[mode]
    assert outcome["agreement"]["rwp"] < 0.02
    assert value(outcome, "phase.M.cell.a") == pytest.approx(A, rel=2e-5)
    assert value(outcome, "phase.M.crystallite_size_axial_nm") == pytest.approx(30.0, rel=0.05)
    assert outcome["mass_factor"] == {} and outcome["engine_weight_fractions"] is None
    single = {(0, 0, 1), (1, 0, 0), (1, 0, 1), (1, 1, 1)}
    found = {(e["h"], e["k"], e["l"]): e["f_squared"] for e in outcome["reflections"]["M"]}
    ratios = [found[hkl] / structure_factor(np.array(hkl, float)) for hkl in sorted(single)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=0.02)


@needs_gsas2
def test_pawley_intensities_have_esds(outcomes: dict[str, Any]) -> None:
    found = {(e["h"], e["k"], e["l"]): e for e in outcomes["pawley"]["reflections"]["M"]}
    assert all(0.0 < entry["esd_f_squared"] < 0.05 * entry["f_squared"] for entry in found.values())
    assert found[0, 0, 1]["esd_f_squared"] < found[1, 1, 3]["esd_f_squared"]


@pytest.mark.parametrize(("position", "expected"), [(50.0, 3.0), (80.0, 3.0), (81.0, 1.0)])
def test_a_reflection_outside_the_range_keeps_its_intensity_in_le_bail(position: float, expected: float) -> None:
    """Three times the counts make three times the intensity wherever enough of the reflection is in range."""
    x = np.arange(20.0, 80.001, 0.02)
    powder = SimpleNamespace(
        getWidthsCW=lambda *_: ([], 5.0, 5.0),
        getFCJVoigt3=lambda pos, sig, gam, shl, x: (pseudo_voigt(x - pos, 0.1, 0.1) / 100.0, 1.0),
    )
    state = SimpleNamespace(
        x=x, xB=0, xF=x.size, cw=np.full(x.size, 0.02), Ka2=True, lamRatio=0.29, kRatio=0.5, shl=0.0
    )
    state.ratio, state.xMask = np.full(x.size, 3.0), np.zeros(x.size, bool)
    refl = np.array([1, 1, 1, 8, 2.0, position, 1.0, 1.0, 0.0, 7.0, 0.0, 2.0])
    program: Any = SimpleNamespace(workers=state, powder=powder)
    f_squared, intensity = extracted(state, refl, *constant_wavelength(program, refl))
    assert f_squared == pytest.approx(7.0 * expected)
    assert intensity == pytest.approx(2.0 * 7.0 * 1.5)


def test_windows_at_time_of_flight_hold_the_peak_and_no_peak_of_negative_width() -> None:
    program: Any = SimpleNamespace(powder=SimpleNamespace())
    narrow_tof_windows(program)
    _, below, above = program.powder.getWidthsTOF(20000.0, 0.1, 0.05, 400.0, 10.0)
    fwhm = 2.355 * 20.0 + 20.0
    assert (below, above) == pytest.approx((50 * fwhm + 200.0, 50 * fwhm + 400.0))
    for shape in ((0.1, 0.05, -1.0, 10.0), (0.1, -0.05, 400.0, 10.0), (0.1, 0.05, 4.0, -10.0)):
        _, below, above = program.powder.getWidthsTOF(20000.0, *shape)
        assert above < -below


def test_reflections_of_one_spacing_share_a_pawley_intensity() -> None:
    rows = np.zeros((4, 5))
    rows[:, 4] = [0.9, 0.7800000000001, 0.78, 0.5]
    leaders = leaders_of(rows)
    assert leaders[1] == leaders[2] in (1, 2)
    assert [leaders[0], leaders[3]] == [0, 3]


@needs_gsas2
def test_a_restraint_moves_an_atom_to_the_least_sum_of_squares(outcomes: dict[str, Any]) -> None:
    def squares(x: float) -> float:
        flat = math.hypot((0.5 - x) * RUTILE_A * math.sqrt(2), RUTILE_C / 2)
        return 4 * (flat - 2.0) ** 2 + 2 * (x * RUTILE_A * math.sqrt(2) - 2.0) ** 2

    best = minimize_scalar(squares, bounds=(0.25, 0.35), method="bounded", options={"xatol": 1e-9}).x
    outcome = outcomes["rutile"]
    assert value(outcome, "phase.TiO2.site.O1.x") == pytest.approx(best, abs=2e-5)
    (told,) = outcome["restraints"]
    assert told["n_bonds"] == 6
    assert told["chi2"] == pytest.approx(2.0 * squares(best) / 0.02**2, rel=1e-3)


@pytest.mark.parametrize(("fwhm", "eta"), [(0.3, 0.05), (4.0, 0.4), (0.1, 0.9), (2.0, 1.0), (2.0, 0.0)])
def test_widths_of_an_extra_peak_go_to_gsas2_and_back(fwhm: float, eta: float) -> None:
    assert width_and_part(*gsas2_widths(fwhm, eta)) == pytest.approx((fwhm, eta), rel=2e-3)


def test_an_extra_peak_at_time_of_flight_is_refused_by_name(tmp_path: Path) -> None:
    task = plate_task(tmp_path)
    task["pattern"]["tof"] = task["pattern"].pop("two_theta")
    with pytest.raises(WorkerError, match=r"pattern\.peak\.holder: .*native has it"):
        parameter_table(task, 1.0, [(0.0, 0.0, 0.0)])


@needs_gsas2
def test_what_gsas2_lacks_is_refused_by_name_with_the_engine_that_has_it(tmp_path: Path) -> None:
    assert INTERPRETER is not None
    trigonal = cylinder_task(tmp_path / "a")
    group = gemmi.SpaceGroup("R -3 :H")
    trigonal["phases"][0]["structure"] |= {"hm": group.hm, "number": 148, "cell": [A, A, C, 90.0, 90.0, 120.0]}
    trigonal["phases"][0]["structure"]["operations"] = [op.triplet() for op in group.operations()]
    trigonal["phases"][0]["structure"]["sites"][0] |= {"multiplicity": 3, "u_aniso": None}
    both = cylinder_task(tmp_path / "b")
    both["parameters"]["phase.M.microstrain"]["value"] = 1e-3
    half = plate_task(tmp_path / "c")
    half["stages"] = [{"name": "width", "free": ["pattern.peak.holder.fwhm"], "max_cycles": 5}]
    textured = plate_task(tmp_path / "d")
    textured["phases"][0]["harmonics"] = [[2, 1]]
    joint = plate_task(tmp_path / "e") | {"mode": "pawley"}
    joint["patterns"] = [
        {name: joint[name] for name in ("pattern", "instrument", "background")} | {"name": n} for n in "ab"
    ]
    tilted = plate_task(tmp_path / "f")
    tilted["phases"][0]["size_axis"] = [1, 0, 0]
    events = run(trigonal, both, half, textured, joint, tilted)
    messages = [event["message"] for event in events if event["event"] == "error"]
    assert [event["kind"] for event in events if event["event"] == "error"] == ["unsupported"] * 6
    for message, start in zip(
        messages,
        (
            "phase.M.stephens.s400",
            "phase.M.microstrain",
            "pattern.peak.holder.fwhm",
            "phase.M.texture.c",
            "mode 'pawley'",
            "phase.M.crystallite_size_axial_nm",
        ),
        strict=True,
    ):
        assert message.startswith(start) and "native" in message
