"""Restraints and balances of charge: what a job says of atoms, checked against its phases."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import JobError
from ..oxidation import oxidation_number
from ..structure import Site
from .messages import nearest
from .resolved import JobPhase, Restraint, Tie
from .schema import RestraintTable, TieTable

__all__ = ["balance_of_charge", "refuse_restraints", "resolve_restraints"]

_NOT_THE_IONS = ("O", "H", "D")
"""Form factors of O¹⁻ and of neutral hydrogen stand for oxide and for protons: their charges are the oxidation numbers."""
_SITE_NAME = re.compile(r"phase\.(?P<phase>[^.]+)\.site\.(?P<site>.+)")


def resolve_restraints(
    tables: Sequence[RestraintTable], phases: Sequence[JobPhase], where: str
) -> tuple[Restraint, ...]:
    """Restraints whose two sites exist in one phase.

    Raises
    ------
    JobError
        A name that is no site, two phases, or one pair with two distances.
    """
    found: dict[tuple[str, frozenset[str]], Restraint] = {}
    for number, table in enumerate(tables, start=1):
        place = f"{where}, [[restraint]] number {number}"
        (phase, first), (other, second) = (_site_of(name, phases, place) for name in table.atoms)
        if phase != other:
            raise JobError(
                f"sites of two phases, {phase} and {other};", where=place, remedy="a bond lies within one phase."
            )
        pair = (phase, frozenset((first, second)))
        if pair in found:
            raise JobError(f"{first}–{second} of {phase} is restrained twice;", where=place, remedy="keep one of them.")
        found[pair] = Restraint(phase, first, second, table.distance, table.sigma, table.weight)
    return tuple(found.values())


def _site_of(name: str, phases: Sequence[JobPhase], place: str) -> tuple[str, str]:
    known = [f"phase.{phase.name}.site.{site.label}" for phase in phases for site in phase.structure.sites]
    match = _SITE_NAME.fullmatch(name)
    if match is None or name not in known:
        raise JobError(f"no site is called {name!r};", where=place, remedy=nearest(name, known))
    return match["phase"], match["site"]


def refuse_restraints(restraints: Sequence[Restraint], mode: str, where: str) -> None:
    """Refuse restraints where no structure is refined.

    Raises
    ------
    JobError
        There are some.
    """
    if restraints:
        raise JobError(
            f"{len(restraints)} restraint{'s' if len(restraints) > 1 else ''} in mode {mode!r};",
            where=f"{where}, [[restraint]]",
            remedy='extracted intensities refine no structure: leave them out, or use mode = "rietveld".',
        )


def balance_of_charge(table: TieTable, phases: Sequence[JobPhase], place: str) -> Tie:
    """Occupancy that follows the others so that Σ charge · occupancy · multiplicity of a phase is zero.

    Charges are those of the tie, else −2 of oxygen and +1 of hydrogen, else those of the ions.

    Raises
    ------
    JobError
        No such phase or site, or a charge that isn't known or, of the follower, is zero.
    """
    names = [phase.name for phase in phases]
    if not names:
        raise JobError("charge_balance in a job that doesn't take it;", where=place, remedy="write a sum instead.")
    if table.charge_balance not in names:
        raise JobError(f"no phase is called {table.charge_balance!r};", where=place,
                       remedy=nearest(str(table.charge_balance), names))  # fmt: skip
    phase = phases[names.index(table.charge_balance)]
    occupancies = [f"site.{site.label}.occupancy" for site in phase.structure.sites]
    if table.follower not in occupancies:
        raise JobError(f"follower {table.follower!r} is no occupancy of {phase.name};", where=place,
                       remedy=nearest(str(table.follower), occupancies))  # fmt: skip
    _refuse_unknown_charges(table, phase, place)
    amounts = {
        f"phase.{phase.name}.{name}": _charge(site, table, phase, place) * multiplicity
        for name, site, multiplicity in zip(
            occupancies, phase.structure.sites, phase.structure.multiplicities, strict=True
        )
    }
    target = f"phase.{phase.name}.{table.follower}"
    own = amounts.pop(target)
    if own == 0:
        raise JobError(f"{table.follower} of {phase.name} has no charge;", where=place,
                       remedy="let an ion follow, or give its charge under charges.")  # fmt: skip
    return Tie(target, tuple((-amount / own, name) for name, amount in amounts.items() if amount != 0))


def _charge(site: Site, table: TieTable, phase: JobPhase, place: str) -> float:
    given = table.charges.get(site.label, table.charges.get(site.element))
    if given is not None:
        return given
    if site.element in _NOT_THE_IONS:
        return float(oxidation_number("H" if site.element == "D" else site.element))
    if site.charge is None:
        raise JobError(
            f"the charge of {site.label} in {phase.name} is not known;",
            where=place,
            remedy=f"give it: charges = {{ {site.element} = … }}.",
        )
    return float(site.charge)


def _refuse_unknown_charges(table: TieTable, phase: JobPhase, place: str) -> None:
    known = {name for site in phase.structure.sites for name in (site.label, site.element)}
    for name in table.charges:
        if name not in known:
            raise JobError(
                f"charges names {name!r}, which {phase.name} doesn't hold;", where=place, remedy=nearest(name, known)
            )
