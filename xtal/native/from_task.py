"""Domain objects from the plain JSON of a task."""

from __future__ import annotations

import re
from typing import Any

from ..errors import XtalError
from ..instrument import Instrument, TofBank
from ..lattice import Lattice
from ..radiation import Radiation
from ..structure import Site, Structure
from ..symmetry import SpaceGroup
from .refusals import NativeError

__all__ = ["instrument_of", "structure_of"]


def structure_of(phase: dict[str, Any]) -> Structure:
    """Structure of a phase of the task, at its start.

    Raises
    ------
    NativeError
        Cell, symmetry and sites contradict each other.
    """
    given = phase["structure"]
    try:
        group = SpaceGroup(given["hm"], given["hall"], int(given["number"]), tuple(given["operations"]))
        sites = tuple(_site(site) for site in given["sites"])
        return Structure(phase["name"], Lattice.from_parameters(given["cell"]), group, sites)
    except XtalError as error:
        raise NativeError("bad_input", f"phase {phase['name']}: {error}") from error


def _site(site: dict[str, Any]) -> Site:
    u_aniso = site.get("u_aniso")
    return Site(
        site["label"], site["element"], tuple(site["xyz"]), float(site["occupancy"]), site.get("u_iso"),
        None if u_aniso is None else tuple(u_aniso), _charge(site.get("ion")), site.get("isotope"),
    )  # fmt: skip


def _charge(ion: str | None) -> int | None:
    """Charge of an ion written like ``Cl1-`` or ``Li1+``."""
    found = re.fullmatch(r"[A-Za-z]+(\d*)([+-])", ion or "")
    return None if found is None else int(found[1] or 1) * (1 if found[2] == "+" else -1)


def instrument_of(task: dict[str, Any]) -> Instrument:
    """Instrument of a task; zero, flight times and widths, which are parameters, are not set.

    Raises
    ------
    NativeError
        An impossible radiation, radius or polarisation.
    """
    given = task["instrument"]
    bank = TofBank(1.0, two_theta=float(given["bank"]["two_theta"])) if given.get("bank") else None
    try:
        lines = tuple((float(length), float(weight)) for length, weight in given["radiation"]["lines"])
        return Instrument(
            "of the task", Radiation(given["radiation"]["kind"], lines), given["geometry"],
            goniometer_radius=given.get("goniometer_radius_mm"),
            monochromator_two_theta=given.get("monochromator_two_theta"), polarization=given.get("polarization"),
            bank=bank,
        )  # fmt: skip
    except XtalError as error:
        raise NativeError("bad_input", str(error)) from error
