"""The models of rietx behind the job's words, each against its closed form, gemmi or a certified standard."""

from __future__ import annotations

import json
import math
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
    instrument,
    measured_lab6,
    nickel,
    noisy,
    phase,
    site,
    task,
)

from xtal.engines.rietx_freedom import build_problem
from xtal.engines.rietx_restraints import restraint_bonds
from xtal.engines.rietx_worker import refine
from xtal.engines.worker_lines import TaskError, encode
from xtal.stephens import isotropic_stephens
from xtal.symmetry import SpaceGroup

CAPILLARY = instrument(geometry="debye-scherrer", monochromator_two_theta=None)


def outcome_of(job: dict[str, Any]) -> dict[str, Any]:
    """What the worker says at the end of a task, in this process."""
    return json.loads(encode(refine(job, lambda event: None)))


def evaluated(phases: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return outcome_of(task(phases, [[]], **changes))


# -- extra peaks, absorption, transparency ---------------------------------------------

HUMP = {"position": 60.0, "area": 5000.0, "fwhm": 3.0, "eta": 0.0}


def with_peak(job: dict[str, Any], peak: dict[str, float]) -> dict[str, Any]:
    """The task with an extra peak named hump and the bounds that a job gives it."""
    for name, value in peak.items():
        job["parameters"][f"pattern.peak.hump.{name}"] = {"value": value, "min": None, "max": None}
    width = peak["fwhm"]
    job["parameters"]["pattern.peak.hump.position"] |= {"min": peak["position"] - 6, "max": peak["position"] + 6}
    job["parameters"]["pattern.peak.hump.fwhm"] |= {"min": width / 20, "max": width * 20}
    job["parameters"]["pattern.peak.hump.eta"] |= {"min": 0.0, "max": 1.0}
    return job | {"peaks": ["hump"]}


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_an_extra_peak_is_a_pseudo_voigt_function_of_its_area_and_width_in_the_background(eta: float) -> None:
    plain = evaluated([copper()])
    found = outcome_of(with_peak(task([copper()], [[]]), HUMP | {"eta": eta}))
    x = np.array(found["profile"]["two_theta"]) - HUMP["position"]
    gauss = 2 / 3.0 * math.sqrt(math.log(2) / math.pi) * np.exp(-4 * math.log(2) * (x / 3.0) ** 2)
    lorentz = 2 / (math.pi * 3.0) / (1 + 4 * (x / 3.0) ** 2)
    expected = 5000.0 * (gauss if eta == 0 else lorentz)
    peak = np.array(found["profile"]["extra_peaks"])
    assert peak == pytest.approx(expected, abs=1e-3 * expected.max())
    background = np.array(found["profile"]["background"]) - np.array(plain["profile"]["background"])
    assert background == pytest.approx(peak, abs=1e-9)


def test_a_hump_drawn_with_noise_gives_back_its_area_position_and_width() -> None:
    x = np.arange(20.0, 120.0, 0.02)
    gauss = 2 / 3.0 * math.sqrt(math.log(2) / math.pi) * np.exp(-4 * math.log(2) * ((x - 60.0) / 3.0) ** 2)
    free = [f"pattern.peak.hump.{name}" for name in ("position", "area", "fwhm")]
    job = task([copper()], [["pattern.background.c0", *free]], pattern=noisy(x, 100.0 + 5000.0 * gauss))
    job["parameters"]["phase.cu.scale"]["value"] = 1e-9
    job["parameters"]["pattern.background.c0"]["value"] = 90.0
    found = outcome_of(with_peak(job, HUMP | {"position": 59.0, "area": 3000.0, "fwhm": 2.0}))
    for name, true in (("position", 60.0), ("area", 5000.0), ("fwhm", 3.0)):
        item = found["parameters"][f"pattern.peak.hump.{name}"]
        assert abs(item["value"] - true) < 4 * item["esd"], name


def test_transparency_moves_lines_by_its_formula() -> None:
    moved = evaluated([copper()], values={"pattern.transparency": 0.2})["reflections"]["cu"]
    for row in moved:
        bragg = 2 * math.asin(KA1 / (2 * row["d"]))
        expected = math.degrees(bragg - 0.2 / (2 * RADIUS) * math.sin(bragg))
        assert row["two_theta"] == pytest.approx(expected, abs=1e-6)


def ratios(phases: list[dict[str, Any]], name: str, value: float, **changes: Any) -> tuple[np.ndarray, np.ndarray]:
    """Bragg angles, and intensities with a correction over those without it, to a common factor."""
    key = phases[0]["name"]
    plain = evaluated(phases, **changes)["reflections"][key]
    found = evaluated(phases, values={name: value}, **changes)["reflections"][key]
    theta = np.arcsin([KA1 / (2 * row["d"]) for row in plain])
    return theta, np.array([b["intensity"] / a["intensity"] for a, b in zip(plain, found, strict=True)])


def test_a_thin_plate_loses_intensity_by_its_formula() -> None:
    theta, found = ratios([copper()], "pattern.plate_mu_t", 0.3)
    expected = 1 - np.exp(-0.6 / np.sin(theta))
    assert found / found[0] == pytest.approx(expected / expected[0], rel=2e-3)  # two wavelengths share a row


def test_absorption_of_a_capillary_agrees_with_the_integral_over_its_section() -> None:
    theta, found = ratios([copper()], "pattern.absorption", 0.8, instrument=CAPILLARY)
    expected = np.array([transmission(0.8, angle) for angle in theta])
    # Rouse et al. state 0.0035 for their fit of this integral, here of about 0.3.
    assert found / found[0] == pytest.approx(expected / expected[0], rel=0.02)


def transmission(mu_r: float, theta: float) -> float:
    """Mean of exp(−µ path) over the section of a cylinder of radius 1 (International Tables C, 6.3.3)."""
    grid = (np.arange(400) + 0.5) / 200.0 - 1.0
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    x, y = x[inside := x**2 + y**2 < 1], y[inside]

    def path(direction: tuple[float, float]) -> np.ndarray:
        along = x * direction[0] + y * direction[1]
        return -along + np.sqrt(np.maximum(along**2 + 1 - x**2 - y**2, 0.0))

    back, ahead = (-1.0, 0.0), (math.cos(2 * theta), math.sin(2 * theta))
    return float(np.mean(np.exp(-mu_r * (path(back) + path(ahead)))))


# -- anisotropic strain ----------------------------------------------------------------


def strained(values: dict[str, float]) -> dict[str, Any]:
    """Nickel of the tests, tetragonal, with Stephens coefficients."""
    names = ["s400", "s004", "s220", "s202"]
    found = {f"phase.ni.stephens.{name}": values.get(name, 0.0) for name in names}
    return evaluated([nickel() | {"stephens": names}], values=found | {"pattern.profile.w": 0.0})


def test_strain_along_one_axis_broadens_by_stephens_formula() -> None:
    values = {"s400": 2e-2, "s004": 5e-3, "s220": 1e-2, "s202": 3e-2}
    for row in strained(values)["reflections"]["ni"]:
        h, k, l, d = (row[name] for name in ("h", "k", "l", "d"))
        variance = 1e-6 * (2e-2 * (h**4 + k**4) + 5e-3 * l**4 + 1e-2 * h**2 * k**2 + 3e-2 * l**2 * (h**2 + k**2))
        theta = math.asin(KA1 / (2 * d))
        assert row["fwhm"] == pytest.approx(math.degrees(math.sqrt(variance) * d**2 * math.tan(theta)), rel=2e-3)


def test_isotropic_coefficients_broaden_as_the_microstrain_does() -> None:
    lattice_of = build_problem(task([nickel()], [[]])).structure.phases[0].cell
    from xtal.lattice import Lattice

    lattice = Lattice(lattice_of.a.value, lattice_of.b.value, lattice_of.c.value, 90.0, 90.0, 90.0)
    values = isotropic_stephens(SpaceGroup.from_symbol("P 4/m m m"), lattice, 3e-3)
    found = strained(values)["reflections"]["ni"]
    plain = evaluated([nickel()], values={"phase.ni.microstrain": 3e-3, "pattern.profile.w": 0.0})["reflections"]["ni"]
    assert [row["fwhm"] for row in found] == pytest.approx([row["fwhm"] for row in plain], rel=1e-6)


def test_a_strained_pattern_gives_back_its_coefficients() -> None:
    names = ["s400", "s004", "s220", "s202"]
    true = {"s400": 2e-2, "s004": 5e-3, "s220": 1e-2, "s202": 3e-2}
    values = {f"phase.ni.stephens.{name}": true[name] for name in names}
    scale = {"phase.ni.scale": 0.05, "pattern.background.c0": 100.0}
    made = evaluated([nickel() | {"stephens": names}], values=values | scale)["profile"]
    start = {f"phase.ni.stephens.{name}": 1e-2 for name in names}
    job = task([nickel() | {"stephens": names}], cumulative([["phase.ni.scale", "pattern.background.c0"], [*start]]),
               values=start | scale, pattern=noisy(np.array(made["two_theta"]), np.array(made["calculated"])))  # fmt: skip
    found = outcome_of(job)["parameters"]
    for name in names:
        item = found[f"phase.ni.stephens.{name}"]
        assert abs(item["value"] - true[name]) < 4 * item["esd"], name


# -- texture ---------------------------------------------------------------------------


def textured(entry: dict[str, Any], harmonics: list[list[int]], values: dict[str, float], **changes: Any) -> np.ndarray:
    """Intensities with harmonics over those without, to a common factor."""
    name = f"phase.{entry['name']}.texture."
    plain = evaluated([entry], **changes)["reflections"][entry["name"]]
    found = evaluated(
        [entry | {"harmonics": harmonics}], values={name + key: v for key, v in values.items()}, **changes
    )
    ratio = [b["intensity"] / a["intensity"] for a, b in zip(plain, found["reflections"][entry["name"]], strict=True)]
    return np.array(ratio)


@pytest.mark.parametrize("geometry", ["bragg-brentano", "debye-scherrer"])
def test_the_second_harmonic_about_a_fourfold_axis_is_the_legendre_polynomial(geometry: str) -> None:
    rows = evaluated([nickel()])["reflections"]["ni"]
    cosine = np.array([row["l"] * row["d"] / 4.1 for row in rows])
    expected = 1 + 0.2 * math.sqrt(5) * (1.5 * cosine**2 - 0.5)
    there = instrument() if geometry == "bragg-brentano" else CAPILLARY
    found = textured(nickel(), [[2, 1]], {"c2_1": 0.2}, instrument=there)
    assert found / found[0] == pytest.approx(expected / expected[0], rel=1e-6)


def test_the_cubic_harmonic_of_fourth_order_is_its_polynomial() -> None:
    """K4 = 5 √21/4 (x⁴ + y⁴ + z⁴ − 3/5), of mean square 1 (F. C. Von der Lage & H. A. Bethe, Phys. Rev. 71 (1947) 612)."""
    rows = evaluated([copper()])["reflections"]["cu"]
    unit = np.array([[row["h"], row["k"], row["l"]] for row in rows]) * np.array([[row["d"] / 3.6] for row in rows])
    expected = 1 + 0.1 * 1.25 * math.sqrt(21) * (np.sum(unit**4, axis=1) - 0.6)
    found = textured(copper(), [[4, 1]], {"c4_1": 0.1})
    assert found / found[0] == pytest.approx(expected / expected[0], rel=1e-6)


def test_a_texture_drawn_with_noise_gives_back_its_coefficients() -> None:
    values = {"phase.ni.texture.c2_1": 0.3, "phase.ni.texture.c4_1": -0.1, "phase.ni.texture.c4_2": 0.15}
    entry, scale = (
        nickel() | {"harmonics": [[2, 1], [4, 1], [4, 2]]},
        {"phase.ni.scale": 0.05, "pattern.background.c0": 100.0},
    )
    made = evaluated([entry], values=values | scale)["profile"]
    job = task([entry], [["phase.ni.scale", "pattern.background.c0", *values]], values=dict.fromkeys(values, 0.0) | scale,
               pattern=noisy(np.array(made["two_theta"]), np.array(made["calculated"])))  # fmt: skip
    found = outcome_of(job)["parameters"]
    for name, true in values.items():
        assert abs(found[name]["value"] - true) < 4 * found[name]["esd"], name


def test_a_class_whose_harmonics_rietx_mixes_is_refused_with_the_engine_that_has_them() -> None:
    entry = phase("ni", "P 4/m", [2.9, 2.9, 4.1, 90, 90, 90], site("Ni1", "Ni", (0, 0, 0)))
    with pytest.raises(TaskError, match=r"phase\.ni\.texture\.c: rietx has mixtures.*native") as caught:
        build_problem(task([entry | {"harmonics": [[2, 1], [4, 1], [4, 2], [4, 3]]}], [["phase.ni.scale"]]))
    assert caught.value.kind == "unsupported"


# -- displacement tensors --------------------------------------------------------------

RUTILE_TENSOR = [0.007, 0.007, 0.004, -0.002, 0.0, 0.0]


def rutile(tensor: list[float]) -> dict[str, Any]:
    return phase("rutile", "P 42/m n m", [4.5937, 4.5937, 2.9587, 90, 90, 90], site("Ti", "Ti", (0, 0, 0), 0.005),
                 site("O", "O", (0.305, 0.305, 0), None, u_aniso=tensor))  # fmt: skip


def test_structure_factors_with_a_tensor_are_gemmis() -> None:
    rows = evaluated([rutile(RUTILE_TENSOR)])["reflections"]["rutile"]
    small = gemmi.SmallStructure()
    small.cell.set(4.5937, 4.5937, 2.9587, 90, 90, 90)
    small.spacegroup = gemmi.find_spacegroup_by_name("P 42/m n m")
    for label, xyz, u in (("Ti", (0, 0, 0), 0.005), ("O", (0.305, 0.305, 0), 0.0)):
        atom = gemmi.SmallStructure.Site()
        atom.label, atom.type_symbol, atom.element = label, label, gemmi.Element(label)
        atom.fract, atom.u_iso, atom.occ = gemmi.Fractional(*xyz), u, 1.0
        if label == "O":
            atom.aniso = gemmi.SMat33d(*RUTILE_TENSOR)
        small.add_site(atom)
    small.setup_cell_images()
    small.change_occupancies_to_crystallographic()
    calculator = gemmi.StructureFactorCalculatorX(small.cell)
    expected = [abs(calculator.calculate_sf_from_small_structure(small, (r["h"], r["k"], r["l"]))) ** 2 for r in rows]
    # rietx has the form factors of Waasmaier and Kirfel, gemmi those of International Tables C.
    strong = np.array(expected) > 0.01 * max(expected)
    assert np.array([r["f_squared"] for r in rows])[strong] == pytest.approx(np.array(expected)[strong], rel=0.03)


def test_a_tensor_drawn_with_noise_comes_back_and_symmetry_moves_its_other_components() -> None:
    scale = {"phase.rutile.scale": 0.02, "pattern.background.c0": 100.0}
    made = evaluated([rutile(RUTILE_TENSOR)], values=scale)["profile"]
    start = {"phase.rutile.site.O.u11": 0.005, "phase.rutile.site.O.u33": 0.005, "phase.rutile.site.O.u12": 0.0}
    job = task([rutile([0.005, 0.005, 0.005, 0.0, 0.0, 0.0])], [["phase.rutile.scale", *start]], values=start | scale,
               pattern=noisy(np.array(made["two_theta"]), np.array(made["calculated"])))  # fmt: skip
    found = outcome_of(job)["parameters"]
    for name, true in (("u11", 0.007), ("u33", 0.004), ("u12", -0.002)):
        item = found[f"phase.rutile.site.O.{name}"]
        assert abs(item["value"] - true) < 4 * item["esd"], name


# -- restraints ------------------------------------------------------------------------


def restrained(sigma: float, **changes: Any) -> dict[str, Any]:
    return {"phase": "rutile", "site_a": "Ti", "site_b": "O", "distance": 2.1, "sigma": sigma, "weight": 1.0} | changes


def rutile_task(*restraints: dict[str, Any]) -> dict[str, Any]:
    entry = phase("rutile", "P 42/m n m", [4.5937, 4.5937, 2.9587, 90, 90, 90], site("Ti", "Ti", (0, 0, 0), 0.005),
                  site("O", "O", (0.305, 0.305, 0), 0.005))  # fmt: skip
    return task([entry], [["phase.rutile.site.O.x"]], restraints=list(restraints))


def test_the_bonds_of_titanium_in_rutile_are_its_octahedron() -> None:
    job = rutile_task(restrained(0.02))
    bonds = restraint_bonds(job, build_problem(job).structure)
    assert [len(one) for one in bonds] == [6]


def test_a_restraint_without_data_pulls_the_mean_distance_to_its_value() -> None:
    job = rutile_task(restrained(1e-3))
    job["parameters"]["phase.rutile.scale"]["value"] = 1e-12
    found = outcome_of(job)["restraints"][0]
    x = outcome_of(job)["parameters"]["phase.rutile.site.O.x"]["value"]
    axial, equatorial = x * 4.5937 * math.sqrt(2), math.hypot((0.5 - x) * 4.5937 * math.sqrt(2), 2.9587 / 2)
    assert found["n_bonds"] == 6
    assert found["mean_distance"] == pytest.approx((2 * axial + 4 * equatorial) / 6, abs=1e-9)
    residual = 2 * (axial - 2.1) ** 2 + 4 * (equatorial - 2.1) ** 2
    assert found["chi2"] == pytest.approx(residual / 1e-6, rel=1e-6)
    # Two bonds lengthen with x and four shorten: least squares, by trying.
    tried = np.linspace(0.25, 0.36, 20001)
    sums = 2 * (tried * 4.5937 * math.sqrt(2) - 2.1) ** 2
    sums += 4 * (np.hypot((0.5 - tried) * 4.5937 * math.sqrt(2), 2.9587 / 2) - 2.1) ** 2
    assert x == pytest.approx(tried[np.argmin(sums)], abs=2e-5)


# -- refusals --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "free", "named"),
    [
        ({"values": {"pattern.absorption": 1.5}, "instrument": CAPILLARY}, [], r"pattern\.absorption.*native"),
        ({"values": {"pattern.absorption": 0.5}, "instrument": CAPILLARY}, ["pattern.absorption"], "holds µR"),
        ({"values": {"pattern.plate_mu_t": 1.0}}, ["pattern.plate_mu_t"], "holds µt.*native"),
        ({"values": {"phase.cu.crystallite_size_axial_nm": 9.0}}, [], "uniaxial crystallite size; native and gsas2"),
        ({"values": {"phase.cu.texture.c4_1": 0.2}}, [], r"texture\.c4_1.*harmonics.*native"),
    ],
)
def test_what_rietx_lacks_is_refused_with_the_engine_that_has_it(
    changes: dict[str, Any], free: list[str], named: str
) -> None:
    with pytest.raises(TaskError, match=named) as caught:
        build_problem(task([copper()], [["phase.cu.scale", *free]], **changes))
    assert caught.value.kind == "unsupported"


def test_microstrain_beside_anisotropic_strain_is_refused_by_name() -> None:
    strain = copper() | {"stephens": ["s400", "s220"]}
    values = {"phase.cu.stephens.s400": 0.01, "phase.cu.stephens.s220": 0.02}
    with pytest.raises(TaskError, match=r"phase\.cu\.microstrain: rietx holds it"):
        build_problem(task([strain], [["phase.cu.microstrain"]], values=values))


# -- extracted intensities -------------------------------------------------------------


def lab6_task(mode: str, folder: Path) -> dict[str, Any]:
    """The standard in few stages, between 20° and 100°."""
    entry = phase("lab6", CUBIC, [4.157] * 3 + [90] * 3, site("La", "La", (0, 0, 0), 0.0045),
                  site("B", "B", (0.198, 0.5, 0.5), 0.0035))  # fmt: skip
    background = [f"pattern.background.c{k}" for k in range(4)]
    steps = [
        [*(["phase.lab6.scale"] if mode == "rietveld" else []), *background],
        ["pattern.displacement", "phase.lab6.cell.a", "pattern.profile.w", "pattern.profile.x", "pattern.profile.y"],
    ]
    data = measured_lab6(folder)
    kept = [i for i, x in enumerate(data["two_theta"]) if x < 100]
    start = {"pattern.profile.axial": 0.0616, "pattern.profile.w": 0.0005, "pattern.profile.x": 0.02}
    start |= {"pattern.profile.y": 0.02, "pattern.background.c0": 100.0} | dict.fromkeys(background[1:], 0.0)
    job = task([entry], cumulative(steps), pattern={name: [row[i] for i in kept] for name, row in data.items()},
               instrument=instrument(goniometer_radius_mm=217.5, dispersion=True),
               background={"kind": "chebyshev", "n_terms": 4, "range": [20.3, 100.0]}, values=start, mode=mode)  # fmt: skip
    if mode != "rietveld":
        dropped = ("scale", "site.")
        job["parameters"] = {
            name: item for name, item in job["parameters"].items() if not name.removeprefix("phase.lab6.").startswith(dropped)
        }  # fmt: skip
    return job


@pytest.fixture(scope="module")
def fits(shared_data: Path) -> dict[str, dict[str, Any]]:
    return {mode: outcome_of(lab6_task(mode, shared_data)) for mode in ("rietveld", "lebail", "pawley")}


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_extracted_intensities_fit_the_standard_better_than_its_structure(mode: str, fits: Any) -> None:
    assert fits[mode]["converged"]
    assert fits[mode]["agreement"]["rwp"] < fits["rietveld"]["agreement"]["rwp"]


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_the_cell_of_the_standard_is_the_certified_one_without_its_structure(mode: str, fits: Any) -> None:
    assert fits[mode]["parameters"]["phase.lab6.cell.a"]["value"] == pytest.approx(4.156780, rel=60e-6)


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_extracted_amplitudes_are_those_of_the_structure(mode: str, fits: Any) -> None:
    """|F|² from the pattern alone against |F|² of lanthanum hexaboride, to a common factor."""
    calculated = {(r["h"], r["k"], r["l"]): r["f_squared"] for r in fits["rietveld"]["reflections"]["lab6"]}
    rows = [r for r in fits[mode]["reflections"]["lab6"] if (r["h"], r["k"], r["l"]) in calculated]
    strongest = max(calculated.values())
    alone = [r for r in rows if not overlaps(r) and calculated[r["h"], r["k"], r["l"]] > strongest / 3]
    found = np.array([r["f_squared"] for r in alone])
    expected = np.array([calculated[r["h"], r["k"], r["l"]] for r in alone])
    ratio = found / expected
    assert len(alone) > 6
    assert np.abs(ratio / np.median(ratio) - 1).max() < 0.12
    assert np.corrcoef(found, expected)[0, 1] > 0.97


def overlaps(row: dict[str, Any]) -> bool:
    """Reflections of one d, whose intensities no powder pattern tells apart, and one cut by the end of the pattern."""
    return (row["h"], row["k"], row["l"]) in ((3, 0, 0), (2, 2, 1)) or row["two_theta"] > 98


def test_pawley_gives_uncertainties_of_its_intensities_and_le_bail_says_that_its_esds_are_too_small(fits: Any) -> None:
    alone = [r for r in fits["pawley"]["reflections"]["lab6"] if not overlaps(r)]
    assert all(0 < r["esd_f_squared"] < 0.2 * r["f_squared"] for r in alone)
    assert any("too small" in text for text in fits["lebail"]["warnings"])
    esds = {mode: fits[mode]["parameters"]["phase.lab6.cell.a"]["esd"] for mode in ("lebail", "pawley")}
    assert 0 < esds["lebail"] <= esds["pawley"]


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_without_structures_there_are_no_mass_factors_and_pawleys_intensities_count_as_free(
    mode: str, fits: Any
) -> None:
    assert fits[mode]["mass_factor"] == {}
    assert fits[mode]["engine_weight_fractions"] is None
    n_free, names = fits[mode]["agreement"]["n_free"], fits[mode]["stages"][-1]["free"]
    assert n_free > len(names) if mode == "pawley" else n_free == len(names)
