"""Oxychlorides xLi2O–yZrCl4–zAlCl3 placed on the frameworks of crystalline chlorides.

The amorphous electrolyte 1.4Li2O–0.75ZrCl4–0.25AlCl3 (LZACO) shows weak order of two chloride families, hcp (Li2ZrCl6,
``P-3m1``) and ccp (Li3InCl6 type, ``C2/m``). These models give its composition to those frameworks, as references for
diffraction and PDF; no such crystal was ever measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import InputError
from ..io.library import reference_structure
from ..structure import Site, Structure
from .provenance import model

__all__ = ["Framework", "oxychloride"]

Framework = Literal["P-3m1", "C2/m"]


@dataclass(frozen=True)
class _Host:
    """A framework: the structure, one label per metal position, and Li positions that it leaves empty."""

    reference: str
    metals: tuple[str, ...]
    empty_lithium: tuple[tuple[float, float, float], ...]
    remark: str


_HOSTS: Mapping[str, _Host] = {
    "P-3m1": _Host("li2zrcl6-hcp", ("Zr1", "Zr2"), ((0.329238, 0.0, 0.0),),
                   "6g (x, 0, 0), empty in ordered Li2ZrCl6, takes Li as in Li3YCl6, with the x of 6h"),
    "C2/m": _Host("li3in2_3sc1_3cl6", ("In1",), (), "4g and 4h take Li as in the host"),
}  # fmt: skip


def oxychloride(
    framework: Framework, li2o: float = 1.4, zrcl4: float = 0.75, alcl3: float = 0.25, *, name: str | None = None
) -> Structure:
    """xLi2O–yZrCl4–zAlCl3 on a chloride framework.

    Choices, which `notes` repeat: Zr and Al fill the metal positions completely, in the ratio of the composition; O and
    Cl share all anion positions evenly, and what the metals can't charge-balance stays vacant there; Li is spread evenly
    over the octahedral Li positions, the rest of which is vacant. The charge is then zero for any composition.

    Parameters
    ----------
    framework : {"P-3m1", "C2/m"}
        hcp Li2ZrCl6 or ccp Li3InCl6 type.
    li2o, zrcl4, alcl3 : float
        Amounts of the components.
    name : str, optional
        Name of the result.

    Raises
    ------
    InputError
        An unknown framework, no metal, or more anions or Li than the framework has positions for.
    """
    if framework not in _HOSTS:
        raise InputError(f"framework {framework!r};", remedy=f"choose one of {', '.join(_HOSTS)}.")
    metal = zrcl4 + alcl3
    if min(li2o, zrcl4, alcl3) < 0 or metal <= 0:
        raise InputError(
            f"amounts {li2o:g}, {zrcl4:g}, {alcl3:g};", remedy="they must not be negative, with some metal."
        )
    host = _HOSTS[framework]
    structure = reference_structure(host.reference)
    per_metal = {"Zr": zrcl4 / metal, "Al": alcl3 / metal, "Li": 2 * li2o / metal, "O": li2o / metal,
                 "Cl": (4 * zrcl4 + 3 * alcl3) / metal}  # fmt: skip
    sites = _metal_sites(structure, host, per_metal) + _anion_and_lithium_sites(structure, host, per_metal)
    formula = f"{li2o:g}Li2O-{zrcl4:g}ZrCl4-{alcl3:g}AlCl3"
    did = f"composition {formula} on the {framework} framework."
    return model(structure, name or f"lzaco-{'hcp' if framework == 'P-3m1' else 'ccp'}", sites, did,
                 _notes(structure, host, sites))  # fmt: skip


def _metal_sites(structure: Structure, host: _Host, per_metal: Mapping[str, float]) -> list[Site]:
    sites = []
    for index, label in enumerate(host.metals, start=1):
        site = structure.site(label)
        for element, charge in (("Zr", 4), ("Al", 3)):
            if per_metal[element] > 0:
                sites.append(replace(site, label=f"{element}{index}", element=element, charge=charge,
                                     occupancy=per_metal[element]))  # fmt: skip
    return sites


def _anion_and_lithium_sites(structure: Structure, host: _Host, per_metal: Mapping[str, float]) -> list[Site]:
    group = structure.space_group
    metals = sum(group.multiplicity(structure.site(label).xyz) for label in host.metals)
    anions = [site for site in structure.sites if site.element == "Cl"]
    lithium = [site for site in structure.sites if site.element == "Li"]
    lithium += [
        replace(lithium[0], label=f"Li{len(lithium) + 1 + i}", xyz=xyz) for i, xyz in enumerate(host.empty_lithium)
    ]
    share = {"anion": metals / sum(group.multiplicity(site.xyz) for site in anions),
             "lithium": metals / sum(group.multiplicity(site.xyz) for site in lithium)}  # fmt: skip
    oxygen, chlorine = per_metal["O"] * share["anion"], per_metal["Cl"] * share["anion"]
    filling = per_metal["Li"] * share["lithium"]
    if oxygen + chlorine > 1 + 1e-9 or filling > 1 + 1e-9:
        raise InputError(
            f"the composition needs {oxygen + chlorine:.3f} of the anion and {filling:.3f} of the Li positions;",
            remedy="neither may exceed 1: take less Li2O.",
        )
    placed = [replace(site, occupancy=filling) for site in lithium if filling > 0]
    for index, site in enumerate(anions, start=1):
        placed.append(replace(site, occupancy=chlorine))
        if oxygen > 0:
            placed.append(replace(site, label=f"O{index}", element="O", charge=-2, occupancy=oxygen))
    return placed


def _notes(structure: Structure, host: _Host, sites: list[Site]) -> tuple[str, ...]:
    by_element = {site.element: site.occupancy for site in sites}
    vacant = 1.0 - by_element["Cl"] - by_element.get("O", 0.0)
    return (
        f"Metal positions full: {', '.join(f'{e} {by_element[e]:.4g}' for e in ('Zr', 'Al') if e in by_element)}.",
        f"Anion positions: Cl {by_element['Cl']:.4f}, O {by_element.get('O', 0.0):.4f}, vacant {vacant:.4f}, evenly spread.",
        f"Li positions: {by_element.get('Li', 0.0):.4f} filled evenly; {host.remark}.",
        f"Cell and coordinates are those of {structure.name}, not of the oxychloride.",
    )
