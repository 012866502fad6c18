"""Synthetic study D: an amorphous oxychloride with hcp or ccp crystallites of 15 nm, neutrons to 31.5 Å⁻¹, with noise.

Everything here is synthetic. The amorphous part of the data and the amorphous reference are packings from different seeds; the crystals
are models of the composition on two frameworks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.builders.chloride_frameworks import oxychloride
from xtal.composition import parse_composition
from xtal.errors import InputError
from xtal.pdf.amorphous import glass_pdf, synthetic_glass
from xtal.pdf.crystalline_fraction import crystalline_fraction
from xtal.pdf.order import coherence_length, order_reach, order_windows
from xtal.pdf.simulate import PdfPhase, PdfSettings, simulate_pdf
from xtal.pdf.transform import r_grid, transform_matrix
from xtal.structure import Structure

LZACO = parse_composition("1.4Li2O-0.75ZrCl4-0.25AlCl3")
Q_MAX = 31.5
R = r_grid(1.5, 40.0, 0.02)
DIAMETER = 150.0
DENSITY = 0.0417


@pytest.fixture(scope="module")
def crystals() -> dict[str, np.ndarray]:
    settings = PdfSettings("neutron", Q_MAX, q_damp=0.02)
    return {name: simulate_pdf([PdfPhase(oxychloride(framework, name=name), diameter=DIAMETER)], R, settings).g
            for name, framework in (("hcp", "P-3m1"), ("ccp", "C2/m"))}  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def glasses() -> tuple[np.ndarray, np.ndarray]:
    """Amorphous part of the data, and the reference from another seed."""
    made = [glass_pdf(synthetic_glass(LZACO, DENSITY, n_atoms=3000, seed=seed), R, Q_MAX) for seed in (11, 12)]
    return made[0], made[1]


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Noise of F(Q) that grows with Q, as constant relative errors of intensity make it; seed 7."""
    q = np.arange(0.5, Q_MAX, 0.02)
    return transform_matrix(R, q) @ (np.random.default_rng(7).normal(size=q.size) * 0.01 * q)


CASES = [({}, "none"), ({"hcp": 0.1}, "hcp"), ({"ccp": 0.1}, "ccp"), ({"hcp": 0.3}, "hcp"), ({"ccp": 0.3}, "ccp"),
         ({"hcp": 0.15, "ccp": 0.15}, "hcp + ccp")]  # fmt: skip


def mixed(parts: dict[str, float], crystals: dict[str, np.ndarray], glass: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return sum((share * crystals[name] for name, share in parts.items()), (1 - sum(parts.values())) * glass) + noise


@pytest.mark.parametrize("with_reference", [True, False])
@pytest.mark.parametrize(("parts", "stacking"), CASES)
def test_crystalline_share_and_stacking_of_a_synthetic_mixture_come_back(
    parts: dict[str, float], stacking: str, with_reference: bool, crystals: dict[str, np.ndarray],
    glasses: tuple[np.ndarray, np.ndarray], noise: np.ndarray,
) -> None:  # fmt: skip
    gr = mixed(parts, crystals, glasses[0], noise)
    found = crystalline_fraction(R, gr, crystals, Q_MAX, amorphous=glasses[1] if with_reference else None)
    assert found.stacking == stacking
    assert found.total.value == pytest.approx(sum(parts.values()), abs=0.04)
    for name, share in parts.items():
        assert found.fractions[name].value == pytest.approx(share, abs=0.04)
        assert found.fractions[name].esd is not None


@pytest.mark.parametrize("shift", [0.995, 1.005])
def test_a_reference_cell_wrong_by_half_a_percent_costs_less_than_four_percent_of_crystal(
    shift: float, crystals: dict[str, np.ndarray], glasses: tuple[np.ndarray, np.ndarray], noise: np.ndarray
) -> None:
    gr = mixed({"hcp": 0.1}, crystals, glasses[0], noise)
    wrong = {name: np.interp(R * shift, R, curve) for name, curve in crystals.items()}
    found = crystalline_fraction(R, gr, wrong, Q_MAX, amorphous=glasses[1])
    assert "hcp" in found.stacking
    assert found.total.value == pytest.approx(0.1, abs=0.04)


def test_a_purely_amorphous_sample_has_no_crystalline_fraction_and_says_why(
    crystals: dict[str, np.ndarray], glasses: tuple[np.ndarray, np.ndarray], noise: np.ndarray
) -> None:
    found = crystalline_fraction(R, glasses[0] + noise, crystals, Q_MAX, amorphous=glasses[1])
    assert found.fractions == {} and found.total.value == 0 and found.total.esd is None
    assert "no crystalline reference" in (found.total.reason or "")


def test_the_esd_of_a_share_is_its_scatter_under_repeated_noise(
    crystals: dict[str, np.ndarray], glasses: tuple[np.ndarray, np.ndarray]
) -> None:
    q = np.arange(0.5, Q_MAX, 0.02)
    matrix, rng = transform_matrix(R, q), np.random.default_rng(9)
    clean = 0.2 * crystals["hcp"] + 0.8 * glasses[0]
    found = [crystalline_fraction(R, clean + matrix @ (rng.normal(size=q.size) * 0.1), crystals, Q_MAX, amorphous=glasses[0]).total
             for _ in range(40)]  # fmt: skip
    values = np.array([item.value for item in found])
    assert np.median([item.esd for item in found]) == pytest.approx(values.std(), rel=0.4)
    assert values.mean() == pytest.approx(0.2, abs=0.002)


def test_what_is_left_without_the_crystals_is_the_amorphous_part(
    crystals: dict[str, np.ndarray], glasses: tuple[np.ndarray, np.ndarray], noise: np.ndarray
) -> None:
    gr = mixed({"hcp": 0.3}, crystals, glasses[0], noise)
    left = crystalline_fraction(R, gr, crystals, Q_MAX).amorphous_part
    low = R < 8
    assert np.corrcoef(left[low], glasses[0][low])[0, 1] > 0.98


def test_windows_tell_the_stacking_where_the_glass_has_ended(
    crystals: dict[str, np.ndarray], glasses: tuple[np.ndarray, np.ndarray], noise: np.ndarray
) -> None:
    windows = order_windows(R, mixed({"ccp": 0.1}, crystals, glasses[0], noise), crystals)
    far = [item for item in windows if item.low > 20]
    # The noise, 0.07 Å⁻² rms, is half as strong as the crystal's share.
    assert all(item.correlation["ccp"] > 0.7 > 0.5 > item.correlation["hcp"] for item in far)
    assert all(item.rw["ccp"] < item.rw["hcp"] for item in far)
    assert all(item.scale["ccp"] == pytest.approx(0.1, abs=0.02) for item in far)


def test_the_width_ratio_is_that_of_gaussian_peaks() -> None:
    r = np.linspace(0, 10, 2001)
    narrow, broad = (np.exp(-0.5 * ((r - 5) / width) ** 2) for width in (0.1, 0.25))
    (window,) = order_windows(r, broad, {"crystal": narrow}, width=9.9, start=0.0)
    assert window.width_ratio["crystal"] == pytest.approx(2.5, rel=0.01)
    (other,) = order_windows(r, broad, {"crystal": np.sin(40 * r)}, width=9.9, start=0.0)
    assert other.width_ratio["crystal"] is None


def test_the_width_ratio_of_a_noisy_crystal_with_larger_displacements_is_above_one(noise: np.ndarray) -> None:
    settings = PdfSettings("neutron", Q_MAX)
    sharp, soft = (
        simulate_pdf([PdfPhase(_with_u(oxychloride("C2/m", name="ccp"), u), diameter=DIAMETER)], R, settings).g
        for u in (0.01, 0.03)
    )
    far = order_windows(R, 0.3 * soft + 0.2 * noise, {"ccp": sharp}, start=20.0)
    ratios = [item.width_ratio["ccp"] for item in far]
    assert np.mean([ratio for ratio in ratios if ratio is not None]) == pytest.approx(np.sqrt(3), rel=0.15)


def _with_u(structure: Structure, u_iso: float) -> Structure:
    return structure.with_sites(replace(site, u_iso=u_iso, u_aniso=None) for site in structure.sites)


@pytest.mark.parametrize("length", [2.0, 5.0])
def test_the_coherence_length_of_a_damped_wave_comes_back(length: float) -> None:
    r = r_grid(0.5, 40.0, 0.02)
    gr = 8 * np.exp(-r / length) * np.sin(2.3 * r) + 0.001 * np.sin(17 * r)
    found = coherence_length(r, gr, 20.0).length
    assert found.value == pytest.approx(length, rel=0.05)
    assert found.esd is not None and abs(found.value - length) < 3 * found.esd + 0.05 * length


def test_the_reach_of_order_is_where_it_falls_to_noise() -> None:
    r = r_grid(0.5, 60.0, 0.02)
    damped = 8 * np.exp(-r / 5) * np.sin(2.3 * r)
    noise = 0.02 * np.random.default_rng(2).normal(size=r.size)
    # 8·exp(−r/5)/√2 = 3 × 0.02 at r = 22.7 Å.
    assert order_reach(r, damped + noise).value == pytest.approx(22.7, abs=2.5)
    endless = order_reach(r, np.sin(2.3 * r))
    assert endless.value is None and endless.reason is not None


def test_a_synthetic_glass_is_the_same_from_the_same_seed_and_calls_itself_synthetic() -> None:
    first, second = (synthetic_glass(LZACO, DENSITY, n_atoms=300, seed=5, rounds=20) for _ in range(2))
    assert np.array_equal(first.positions, second.positions)
    assert first.source.startswith("synthetic") and "seed 5" in first.source
    assert first.number_density == pytest.approx(DENSITY)


def test_ions_of_a_synthetic_glass_keep_their_distances() -> None:
    glass = synthetic_glass(LZACO, DENSITY, n_atoms=800, seed=3)
    apart = glass.positions[:, None] - glass.positions
    apart -= glass.edge * np.rint(apart / glass.edge)
    distance = np.linalg.norm(apart, axis=-1) + 10 * np.eye(len(glass.elements))
    assert np.percentile(distance.min(axis=0), 1) > 1.5


def test_what_has_no_answer_is_refused(crystals: dict[str, np.ndarray]) -> None:
    flat = np.zeros_like(R)
    for arguments, keywords, said in (
        ((R, flat, {}, Q_MAX), {}, "no crystalline reference"),
        ((R, flat, {"amorphous": flat}, Q_MAX), {}, "another name"),
        ((R, flat, {"hcp": flat[:-1]}, Q_MAX), {}, "points"),
        ((R, flat, crystals, Q_MAX), {"fit_range": (12.0, 80.0)}, "can't tell"),
    ):
        with pytest.raises(InputError, match=said):
            crystalline_fraction(*arguments, **keywords)  # type: ignore[arg-type]
    for text in ("Xe2Ne", "Li2Zr"):
        with pytest.raises(InputError):
            synthetic_glass(parse_composition(text), 0.05)
