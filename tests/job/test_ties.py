"""Linear relations between parameters: reading them, and reducing them to independent leaders."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtal.errors import JobError
from xtal.job.schema import TieTable
from xtal.job.ties import parse_linear, resolve_ties

NAMES = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("expression", "terms", "constant"),
    [
        ("{a}", {"a": 1.0}, 0.0),
        ("-{a}", {"a": -1.0}, 0.0),
        ("0.5", {}, 0.5),
        ("1 - 2*{a}", {"a": -2.0}, 1.0),
        ("2/3 - 2/3*{a}", {"a": -2 / 3}, 2 / 3),
        ("1/18-1/18*{a}", {"a": -1 / 18}, 1 / 18),
        ("{a} + {b} - {c}", {"a": 1.0, "b": 1.0, "c": -1.0}, 0.0),
        ("{a} + {a}", {"a": 2.0}, 0.0),
        ("1.5e-3*{ a } + .25", {"a": 1.5e-3}, 0.25),
        ("  3 + 4 - 2  ", {}, 5.0),
    ],
)
def test_linear_expression_is_read_as(expression, terms, constant):
    found, found_constant = parse_linear(expression)
    assert {name: coefficient for coefficient, name in found} == pytest.approx(terms)
    assert found_constant == pytest.approx(constant)


@pytest.mark.parametrize(
    "expression",
    ["", " ", "{a}*{b}", "{a}{b}", "2{a}", "{a}/2", "{a}**2", "sin({a})", "1 +", "a", "1 2", "*{a}", "1/0*{a}", "{}"],
)
def test_what_is_not_linear_is_refused(expression):
    with pytest.raises(ValueError, match=r"can't read|empty|divides by zero"):
        parse_linear(expression)


term = st.tuples(st.sampled_from("+-"), st.integers(0, 99), st.integers(1, 99), st.sampled_from([None, *NAMES]))


@given(st.lists(term, min_size=1, max_size=8), st.lists(st.integers(-9, 9), min_size=4, max_size=4))
def test_expression_evaluates_to_what_exact_arithmetic_gives(terms, values):
    known = dict(zip(NAMES, values, strict=True))
    text = " ".join(f"{sign} {n}/{m}" + (f"*{{{name}}}" if name else "") for sign, n, m, name in terms)
    exact = sum(
        (1 if sign == "+" else -1) * Fraction(n, m) * (known[name] if name else 1) for sign, n, m, name in terms
    )
    found, constant = parse_linear(text)
    assert constant + sum(coefficient * known[name] for coefficient, name in found) == pytest.approx(float(exact))


def resolved(*tables: dict, names=NAMES):
    return {tie.target: tie for tie in resolve_ties([TieTable(**table) for table in tables], names, "job.toml")}


def test_equal_lets_the_first_lead_all_others():
    ties = resolved({"equal": ["b", "a", "d"]})
    assert {name: tie.terms for name, tie in ties.items()} == {"a": ((1.0, "b"),), "d": ((1.0, "b"),)}


def test_equal_with_a_wildcard_takes_names_in_the_order_of_the_model():
    names = ["phase.p.site.O1.u_iso", "phase.p.site.O2.u_iso", "phase.p.site.O3.u_iso"]
    ties = resolved({"equal": ["phase.p.site.O2.u_iso", "phase.p.site.*.u_iso"]}, names=names)
    assert {name: tie.terms[0][1] for name, tie in ties.items()} == {names[0]: names[1], names[2]: names[1]}


def test_sum_lets_the_last_be_what_the_others_leave():
    tie = resolved({"sum": ["a", "b", "c"], "value": 2.0})["c"]
    assert (tie.constant, {name: k for k, name in tie.terms}) == (2.0, {"a": -1.0, "b": -1.0})


def test_sum_of_occupancies_is_one_unless_it_says_otherwise():
    assert resolved({"sum": ["a", "b"]})["b"].constant == 1.0


def test_leader_that_follows_is_replaced_by_its_own_leader():
    ties = resolved({"target": "b", "expression": "1 - 2*{a}"}, {"target": "c", "expression": "3*{b} + 0.5*{a}"})
    assert ties["c"].terms == ((pytest.approx(-5.5), "a"),)
    assert ties["c"].constant == pytest.approx(3.0)


def test_order_of_ties_does_not_matter():
    first = {"target": "b", "expression": "1 - 2*{a}"}
    second = {"target": "c", "expression": "3*{b}"}
    assert resolved(first, second)["c"] == resolved(second, first)["c"]


@pytest.mark.parametrize(
    "tables",
    [
        [{"target": "a", "expression": "{a}"}],
        [{"target": "a", "expression": "{b}"}, {"target": "b", "expression": "1 - {a}"}],
        [{"equal": ["a", "b"]}, {"equal": ["b", "c"]}, {"equal": ["c", "a"]}],
    ],
)
def test_circle_is_refused(tables):
    with pytest.raises(JobError, match="follows itself"):
        resolved(*tables)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=3, max_size=3), st.floats(-5, 5))
def test_chain_of_ties_equals_the_functions_one_after_the_other(steps, start):
    tables = [
        {"target": target, "expression": f"{_signed(k)}*{{{leader}}} {_signed(c)}"}
        for (k, c), leader, target in zip(steps, "abc", "bcd", strict=True)
    ]
    tie = resolved(*tables)["d"]
    value = start
    for k, c in steps:
        value = k * value + c
    assert tie.constant + sum(coefficient * start for coefficient, name in tie.terms if name == "a") == pytest.approx(
        value, abs=1e-9
    )
    assert {name for _, name in tie.terms} == {"a"}


def _signed(number: float) -> str:
    return f"{'-' if np.signbit(number) else '+'} {abs(number):.17g}"


def test_k_doped_template_keeps_the_charge_at_zero_for_any_k_share(folder):
    from xtal.io.jobs import job_from_template

    job = job_from_template("k-doped-antiperovskite", folder / "flat.xy")
    structure = job.phases[0].structure
    follow = {tie.target: tie for tie in job.ties}
    formal = {"K": 1, "O": -2, "H": 1, "Li": 1, "Cl": -1}
    for share in (0.0, 0.04, 0.3):
        charge = 0.0
        for site, multiplicity in zip(structure.sites, structure.multiplicities, strict=True):
            name = f"phase.cubic.site.{site.label}.occupancy"
            occupancy = share if site.element == "K" else site.occupancy
            if name in follow:
                occupancy = follow[name].constant + sum(coefficient * share for coefficient, _ in follow[name].terms)
            charge += multiplicity * occupancy * formal[site.element]
        assert charge == pytest.approx(0.0, abs=1e-6)
