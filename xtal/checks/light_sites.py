"""Sites of lithium and hydrogen that X-rays hardly see, and what was refined of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

import numpy as np

from ..diffraction.lorentz_polarization import instrument_factor
from ..diffraction.reflections import calculate_reflections
from ..errors import XtalError
from ..instrument import Instrument
from ..result import Check
from ..structure import Structure
from .evidence import Evidence

__all__ = ["intensity_carried_by_site", "light_parameter_checks", "light_site_checks"]

LIGHT_ELEMENTS = frozenset({"H", "D", "Li"})
LEAST_SHARE = 0.01


def light_site_checks(facts: Evidence) -> Iterator[Check]:
    """One check per phase whose light sites carry less than 1 % of its intensity; severe when they were refined."""
    for phase in facts.job.phases:
        shares = _best_shares(phase.structure, facts)
        weak = {label: share for label, share in shares.items() if share < LEAST_SHARE}
        if not weak:
            continue
        refined = [label for label in weak if _was_refined(phase.name, label, facts)]
        listed = ", ".join(f"{label} ({100 * share:.2f} %)" for label, share in weak.items())
        verb = f"were refined all the same ({', '.join(refined)}): hold them" if refined else "were held"
        yield Check(
            "light-sites", "severe" if refined else "info", phase.name,
            f"Sites of {phase.name} that change its intensities by less than 1 %: {listed}. They {verb}; "
            "this pattern says nothing about their coordinates, occupancies or displacement.",
        )  # fmt: skip


def light_parameter_checks(facts: Evidence) -> Iterator[Check]:
    """Occupancies and displacement parameters of Li and H that were refined on X-rays alone."""
    if any(one.instrument.radiation.kind != "xray" for one in facts.job.all_patterns):
        return
    for phase in facts.job.phases:
        light = {site.label for site in phase.structure.sites if site.element in LIGHT_ELEMENTS}
        prefix = f"phase.{phase.name}.site."
        refined = [
            name.removeprefix(prefix) for name, item in facts.parameters.items()
            if item.free and name.startswith(prefix) and _is_light_amount(name.removeprefix(prefix), light)
        ]  # fmt: skip
        if refined:
            yield Check(
                "light-atoms-by-x-rays", "warning", phase.name,
                f"Refined on X-rays alone: {', '.join(refined)} of {phase.name}. Their esds hold counting statistics, not the error of the heavier "
                "atoms' model, which is larger than a light atom's whole contribution; `xtal plan` tells what neutrons would determine.",
            )  # fmt: skip


def _is_light_amount(name: str, light: Collection[str]) -> bool:
    """Whether a parameter within a site is an occupancy or displacement parameter of one of the labels."""
    label, _, last = name.rpartition(".")
    return label in light and (last == "occupancy" or last.startswith("u"))


def _best_shares(structure: Structure, facts: Evidence) -> dict[str, float]:
    """Share of each light site in the pattern that shows it best; none at time of flight, where neutrons see them."""
    if any(one.instrument.bank is not None for one in facts.job.all_patterns):
        return {}
    found = [
        _light_shares(structure, one.instrument, (curves.x[0], curves.x[-1])) for one, curves, _ in facts.measured()
    ]
    return {label: max(shares.get(label, 0.0) for shares in found) for label in found[0]}


def _was_refined(phase: str, label: str, facts: Evidence) -> bool:
    """Whether a parameter of the site was free on its own: a shared (tied) one is carried by the other sites."""
    prefix = f"phase.{phase}.site.{label}."
    leaders = {leader for tie in facts.job.ties for _, leader in tie.terms}
    return any(item.free and name.startswith(prefix) and name not in leaders for name, item in facts.parameters.items())


def _light_shares(structure: Structure, instrument: Instrument, two_theta: tuple[float, float]) -> dict[str, float]:
    labels = [site.label for site in structure.sites if site.element in LIGHT_ELEMENTS and site.occupancy > 0]
    if not labels or len(labels) == len(structure.sites):
        return {}
    return {label: intensity_carried_by_site(structure, label, instrument, two_theta) for label in labels}


@lru_cache(maxsize=256)
def intensity_carried_by_site(
    structure: Structure, label: str, instrument: Instrument, two_theta: tuple[float, float]
) -> float:
    r"""Share of a phase's intensity that changes when a site is emptied.

    :math:`\sum |I - I_{without}| / \sum I` over the reflections in a range (degrees 2θ), with multiplicity and
    Lorentz–polarisation factor. NaN when the phase has no reflection there or the tables lack the element. Answers are kept,
    for the frames of a series ask the same.
    """
    without = structure.with_sites(site for site in structure.sites if site.label != label)
    try:
        full = calculate_reflections(structure, instrument.radiation, two_theta=two_theta)
        empty = calculate_reflections(without, instrument.radiation, two_theta=two_theta)
    except XtalError:
        return float("nan")
    angle = full.two_theta(instrument.radiation.wavelength)
    weight = np.nan_to_num(full.multiplicity * instrument_factor(angle, instrument))
    return float(np.sum(weight * np.abs(full.f_squared - empty.f_squared)) / np.sum(weight * full.f_squared))
