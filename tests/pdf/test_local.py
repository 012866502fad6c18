"""First shells: distances, widths and coordination numbers of known shells, of a glass, and of crystals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtal.composition import parse_composition
from xtal.errors import InputError
from xtal.io.library import find_structure
from xtal.io.read_pattern import read_pattern
from xtal.pattern import Pattern
from xtal.pdf.local import fit_shells
from xtal.pdf.local_data import local_data
from xtal.pdf.reduce import reduce_pattern
from xtal.pdf.reduction_settings import Corrections, ReductionSettings
from xtal.pdf.scattering import mean_form_factor, scattering_power
from xtal.pdf.shell_model import MeasuredBand, pair_weight, shell_total
from xtal.pdf.shells import Shell, parse_shell
from xtal.pdf.simulate import PdfPhase, PdfSettings, simulate_pdf
from xtal.pdf.transform import r_grid, window_values

LZACO = parse_composition("1.4Li2O-0.75ZrCl4-0.25AlCl3")


def band(composition: str, radiation: str, q_max: float, window: str = "none", r_max: float = 6.0) -> MeasuredBand:
    q = np.linspace(0.0, q_max, int(q_max / 0.02) + 1)
    return MeasuredBand(r_grid(0.5, r_max, 0.01), q, window, parse_composition(composition), radiation)  # type: ignore[arg-type]


def drawn(where: MeasuredBand, shells: list[tuple[str, float, float, float]]) -> np.ndarray:
    """T(r) of shells (pair, distance, coordination, sigma), by a quadrature of its own."""
    total = np.zeros_like(where.r)
    step = where.q[1] - where.q[0]
    for pair, distance, number, sigma in shells:
        weight = pair_weight(Shell(*pair.split("-"), distance - 0.1, distance + 0.1), where)
        fq = weight * number * np.sin(where.q * distance) / distance * np.exp(-0.5 * (sigma * where.q) ** 2)
        fq *= window_values(where.q, where.q[-1], where.window)
        total += (
            2 / np.pi * step * (np.sin(np.outer(where.r, where.q)) @ fq - 0.5 * np.sin(where.r * where.q[-1]) * fq[-1])
        )
    return total


def test_a_shell_without_termination_is_a_gaussian_whose_area_is_its_coordination_number() -> None:
    """With Qmax so high that nothing is lost, r T(r) is N times a Gaussian, for neutrons weighted by c b_a b_b/⟨b⟩²."""
    where = band("SiO2", "neutron", 120.0)
    weight = pair_weight(Shell("Si", "O", 1.5, 1.7), where)
    total = shell_total(where.matrix(), where.q, weight, 1.62, 4.0, 0.06)
    b_si, b_o = 4.1491, 5.803
    mean = (b_si + 2 * b_o) / 3
    expected = 2 / 3 * 4 * b_si * b_o / mean**2
    assert np.trapezoid(where.r * total, where.r) == pytest.approx(expected, rel=1e-3)
    assert where.r[np.argmax(total)] == pytest.approx(1.62, abs=0.006)


def test_x_ray_weights_are_those_of_the_form_factors() -> None:
    where = band("Mg2SiO4", "xray", 20.0)
    weight = pair_weight(Shell("Si", "O", 1.5, 1.7), where)
    powers = [scattering_power((element, 0), where.q, "xray") for element in ("Si", "O")]
    mean = mean_form_factor(where.composition, where.q)
    assert np.allclose(weight, 2 / 7 * powers[0] * powers[1] / mean**2)


@pytest.mark.parametrize("window", ["none", "lorch"])
@pytest.mark.parametrize("radiation", ["xray", "neutron"])
def test_overlapping_shells_of_a_zirconium_oxychloride_come_back(radiation: str, window: str) -> None:
    """Zr–O and Zr–Cl merge into one broad peak, beside Al–Cl and Li–Cl (study D)."""
    where = band(LZACO.formula, radiation, 31.5, window)
    made = [
        ("Zr-O", 2.05, 2.0, 0.08),
        ("Al-Cl", 2.15, 3.2, 0.07),
        ("Zr-Cl", 2.47, 4.1, 0.09),
        ("Li-Cl", 2.56, 3.0, 0.12),
    ]
    shells = [parse_shell(text) for text in ("Zr-O:2.0:2.1:sigma=0.08", "Al-Cl:2.1:2.2:sigma=0.07", "Zr-Cl:2.45:2.5:sigma=0.09",
                                             "Li-Cl:2.5:2.6:sigma=0.12")]  # fmt: skip
    found = fit_shells(where, drawn(where, made), shells, fit_range=(1.5, 3.2))
    assert found.success and found.rw < 1e-3
    for item, (_, distance, number, _) in zip(found.shells, made, strict=True):
        assert item.distance.value == pytest.approx(distance, abs=0.003)
        assert item.coordination.value == pytest.approx(number, abs=0.05)
        assert item.sigma.esd is None and item.sigma.reason == "given, not refined"


def test_uncertainties_agree_with_the_scatter_of_repeated_noise() -> None:
    where = band("SiO2", "neutron", 25.0)
    sigma = 0.05 * np.sqrt(where.q + 0.1)
    clean = drawn(where, [("Si-O", 1.61, 4.0, 0.05)])
    rng = np.random.default_rng(4)
    fits = [fit_shells(where, clean + where.matrix() @ (sigma * rng.normal(size=where.q.size)), [parse_shell("Si-O:1.5:1.7")],
                       fit_range=(1.2, 2.0), fq_sigma=sigma) for _ in range(40)]  # fmt: skip
    for name, true in (("distance", 1.61), ("coordination", 4.0)):
        values = np.array([getattr(fit.shells[0], name).value for fit in fits])
        esds = np.array([getattr(fit.shells[0], name).esd for fit in fits])
        assert values.mean() == pytest.approx(true, abs=4 * values.std() / np.sqrt(40))
        assert np.median(esds) == pytest.approx(values.std(), rel=0.5)


def test_twelve_neighbours_of_nickel_are_counted_in_a_simulated_pdf() -> None:
    """The simulation is the toolkit's own but shares no code with the shells; 12 at a/√2 is geometry."""
    nickel = find_structure("ni")
    r = r_grid(0.5, 8.0, 0.01)
    made = simulate_pdf([PdfPhase(nickel)], r, PdfSettings("xray", 25.0))
    head = {"composition": "Ni", "mode": "xray", "qmax": 25.0, "number_density": made.number_density}
    data = local_data(
        Pattern(r, made.g, np.ones_like(r), axis="r", sigma_origin="none", source="simulated", metadata=head)
    )
    shells = [parse_shell("Ni-Ni:2.3:2.7"), parse_shell("Ni-Ni:3.3:3.7")]
    first, second = fit_shells(data.band, data.total(), shells, fit_range=(1.9, 3.8)).shells
    for found, distance, number in ((first, nickel.lattice.a / np.sqrt(2), 12.0), (second, nickel.lattice.a, 6.0)):
        # PDFgui's peak is a Gaussian in the RDF, ours in T(r): their means differ by sigma²/r.
        assert found.distance.value + found.sigma.value**2 / distance == pytest.approx(distance, abs=0.003)
        assert found.coordination.value == pytest.approx(number, rel=0.02)


@pytest.fixture(scope="module")
def forsterite_glass(shared_data: Path) -> Pattern:
    """F(Q) of Mg2SiO4 glass: 2.73 g/cm³ (glass of that composition at ambient pressure), λ of the file's header."""
    folder = shared_data / "pdf_amorphous_glassure"
    formula = parse_composition("Mg2SiO4")
    settings = ReductionSettings(formula, mode="physical", r_poly=None, wavelength=0.1908, q_max=20.0, low_q="zero", r_cut=1.25,
                                 number_density=formula.number_density(2.73),
                                 corrections=Corrections(low_r_iterations=5))  # fmt: skip
    made = reduce_pattern(
        read_pattern(folder / "Mg2SiO4_ambient.xy"), settings, read_pattern(folder / "Mg2SiO4_ambient_bkg.xy")
    )
    return made.fq


@pytest.mark.parametrize("span", [(1.2, 2.3), (1.3, 2.2), (1.3, 2.4)])
def test_silicon_in_mg2sio4_glass_has_four_oxygens_at_1_62(
    forsterite_glass: Pattern, span: tuple[float, float]
) -> None:
    """σ(Si–O) = 0.05 Å is the thermal width in silica glass (D. I. Grimley, A. C. Wright & R. N. Sinclair, J. Non-Cryst. Solids 119 (1990) 49)."""
    formula = parse_composition("Mg2SiO4")
    data = local_data(
        forsterite_glass, composition=formula, radiation="xray", q_max=20.0, number_density=formula.number_density(2.73)
    )
    shells = [parse_shell("Si-O:1.5:1.75:sigma=0.05"), parse_shell("Mg-O:1.9:2.2")]
    silicon, magnesium = fit_shells(data.band, data.total(), shells, fit_range=span).shells
    assert silicon.distance.value == pytest.approx(1.62, abs=0.02)
    assert silicon.coordination.value == pytest.approx(4.0, abs=0.4)
    assert silicon.coordination.esd is not None and silicon.coordination.esd < 1
    assert magnesium.distance.value == pytest.approx(2.03, abs=0.05)


def test_a_parameter_at_its_limit_has_no_uncertainty_but_a_reason() -> None:
    where = band("SiO2", "neutron", 25.0)
    found = fit_shells(
        where,
        drawn(where, [("Si-O", 1.61, 4.0, 0.05)]),
        [parse_shell("Si-O:1.65:1.75:sigma=0.05")],
        fit_range=(1.2, 2.0),
    )
    assert found.shells[0].distance.esd is None
    assert "limit" in (found.shells[0].distance.reason or "")


def test_a_known_pair_needs_no_limits_and_settings_are_read() -> None:
    assert (parse_shell("Zr-Cl").low, parse_shell("Zr-Cl").high) == (2.45, 2.5)
    shell = parse_shell("Mg-O:1.9:2.2:cn<7:sigma=0.1")
    assert (shell.largest, shell.sigma, shell.coordination) == (7.0, 0.1, None)
    assert parse_shell("Si-O:1.5:1.7:cn=4").coordination == 4.0


@pytest.mark.parametrize(
    "text",
    [
        "Si",
        "Si-O:1.5",
        "Si-O:1.7:1.5",
        "Si-O:a:b",
        "Si-O:1.5:1.7:cn>4",
        "K-Br",
        "Si-O:1.5:1.7:sigma<1",
        "Si-O:1:2:cn=0",
    ],
)
def test_a_shell_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(InputError):
        parse_shell(text)


def test_what_cannot_be_fitted_is_refused() -> None:
    where = band("SiO2", "neutron", 25.0)
    total = np.zeros_like(where.r)
    for shells, span, said in (([], None, "no shells"), ([parse_shell("Si-O")], (0.1, 2.0), "outside the data"),
                               ([parse_shell("Si-O")], (1.6, 1.65), "independent data"),
                               ([parse_shell("Mg-O")], (1.0, 3.0), "Mg is not in")):  # fmt: skip
        with pytest.raises(InputError, match=said):
            fit_shells(where, total, shells, fit_range=span)


def test_data_need_a_composition_a_qmax_and_a_density() -> None:
    r = r_grid(0.5, 8.0, 0.01)
    bare = Pattern(r, np.zeros_like(r), np.ones_like(r), axis="r", sigma_origin="none", source="x.gr")
    with pytest.raises(InputError, match="composition"):
        local_data(bare)
    with pytest.raises(InputError, match="qmax"):
        local_data(bare, composition=LZACO)
    with pytest.raises(InputError, match="density"):
        local_data(bare, composition=LZACO, q_max=20.0).total()
    with pytest.raises(InputError, match="beyond the data"):
        local_data(Pattern([1.0, 2.0], [0.0, 0.0], axis="q"), composition=LZACO, q_max=20.0)
