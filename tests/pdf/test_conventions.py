"""S, F, G, g, T and RDF: closed forms of hard spheres and the identities between them."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal.errors import InputError
from xtal.pdf import conventions as named

R = np.linspace(0.05, 10, 400)
RHO = 0.08


def test_an_ideal_gas_has_no_reduced_pair_distribution_function() -> None:
    gas = np.ones_like(R)
    assert np.allclose(named.gr_from_pair(r=R, pair=gas, number_density=RHO), 0)
    assert np.allclose(named.rdf_from_gr(r=R, gr=np.zeros_like(R), number_density=RHO), 4 * np.pi * RHO * R**2)


def test_a_hole_in_the_pair_distribution_is_the_density_line() -> None:
    inside = named.gr_from_pair(r=R, pair=np.zeros_like(R), number_density=RHO)
    assert np.allclose(inside, -4 * np.pi * RHO * R)


def test_the_area_of_the_rdf_of_a_shell_is_its_coordination_number() -> None:
    shell = 4.0 * np.exp(-0.5 * ((R - 1.62) / 0.05) ** 2) / (0.05 * np.sqrt(2 * np.pi))
    gr = named.gr_from_rdf(r=R, rdf=shell, number_density=RHO)
    back = named.rdf_from_gr(r=R, gr=gr, number_density=RHO)
    assert np.trapezoid(back, R) == pytest.approx(4.0, rel=1e-3)


def test_keens_functions_differ_by_the_mean_square_alone() -> None:
    q = np.linspace(0.5, 20, 50)
    sq = 1 + 0.3 * np.sin(2 * q) / q
    keen = named.keen_from_fq(q=q, fq=named.fq_from_sq(q=q, sq=sq), mean_square=0.3526)
    assert np.allclose(keen, 0.3526 * (sq - 1))
    assert np.allclose(named.fq_from_keen(q=q, keen=keen, mean_square=0.3526), q * (sq - 1))
    assert np.allclose(named.sq_from_fq(q=q, fq=q * (sq - 1)), sq)


@given(source=st.sampled_from(get_args(named.RealSpace)), target=st.sampled_from(get_args(named.RealSpace)),
       density=st.floats(0.01, 0.2), seed=st.integers(0, 99))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_every_conversion_of_real_space_has_its_inverse(source: str, target: str, density: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=R.size)
    there = named.convert_real_space(r=R, values=values, source=source, target=target, number_density=density,
                                     mean_square=0.28)  # type: ignore[arg-type]  # fmt: skip
    back = named.convert_real_space(r=R, values=there, source=target, target=source, number_density=density,
                                    mean_square=0.28)  # type: ignore[arg-type]  # fmt: skip
    assert np.allclose(back, values, atol=1e-8)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: named.gr_from_pair(r=R, pair=R, number_density=0.0),
        lambda: named.pair_from_gr(r=[0.0, 1.0], gr=[0.0, 1.0], number_density=0.1),
        lambda: named.sq_from_fq(q=[0.0, 1.0], fq=[0.0, 1.0]),
        lambda: named.gr_from_rdf(r=[0.0, 1.0], rdf=[0.0, 1.0], number_density=0.1),
        lambda: named.convert_real_space(r=R, values=R, source="G", target="h", number_density=0.1),  # type: ignore[arg-type]
        lambda: named.convert_real_space(r=R, values=R, source="G", target="GK", number_density=0.1),
    ],
)
def test_what_has_no_meaning_is_refused(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]


@pytest.mark.parametrize("source", ["S", "F", "FK"])
@pytest.mark.parametrize("target", ["S", "F", "FK"])
def test_every_conversion_of_reciprocal_space_has_its_inverse(source: str, target: str) -> None:
    q, values = np.linspace(0.5, 20.0, 40), np.linspace(-0.8, 3.0, 40)
    there = named.convert_reciprocal_space(q=q, values=values, source=source, target=target, mean_square=0.4)  # type: ignore[arg-type]
    back = named.convert_reciprocal_space(q=q, values=there, source=target, target=source, mean_square=0.4)  # type: ignore[arg-type]
    assert np.allclose(back, values)


def test_reduced_and_keens_structure_functions_follow_from_s() -> None:
    """F = Q[S − 1] and ⟨b⟩²[S − 1]."""
    assert named.convert_reciprocal_space(q=[2.0], values=[1.5], source="S", target="F") == pytest.approx([1.0])
    assert named.convert_reciprocal_space(
        q=[2.0], values=[1.5], source="S", target="FK", mean_square=0.4
    ) == pytest.approx([0.2])
    for wrong in ({"source": "G"}, {"q": [0.0]}, {"target": "FK"}):
        with pytest.raises(InputError):
            named.convert_reciprocal_space(**({"q": [2.0], "values": [1.5], "source": "S", "target": "F"} | wrong))  # type: ignore[arg-type]
