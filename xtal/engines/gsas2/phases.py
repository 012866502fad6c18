"""Phases and atoms in the project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .conversions import ion_name, isotope_number
from .errors import bad_input, unsupported
from .groups import space_group
from .session import Session
from .stephens import stephens_variables


def add_phase(session: Session, phase: Mapping[str, Any]) -> None:
    """Phase with its symmetry, cell and atoms."""
    structure = phase["structure"]
    group, shift = space_group(session, phase)
    session.shifts.append(shift)
    project = session.project
    added = project.add_phase(
        phasename=phase["name"],
        spacegroup=group["SpGrp"],
        cell=[float(v) for v in structure["cell"]],
        histograms=[project.histogram(one.number) for one in session.patterns],
    )
    added.data["General"]["SGData"] = group
    for site in structure["sites"]:
        add_site(session, added, site, shift)
    set_isotopes(session, added, structure["sites"])
    if phase.get("stephens"):
        session.stephens[phase["name"]] = stephens_variables(session.g2.spacegroups, group, phase)
    if phase.get("texture_axis"):
        for hap in session.haps(added):
            hap["Pref.Ori."][3] = [int(v) for v in phase["texture_axis"]]


def add_site(session: Session, phase: Any, site: Mapping[str, Any], shift: Any) -> None:
    """One atom; its multiplicity must come out as in the task."""
    xyz = [float(v) + s for v, s in zip(site["xyz"], shift, strict=True)]
    u_iso = site.get("u_iso")
    atom_type = atom_type_name(session, site)
    phase.add_atom(*xyz, atom_type, site["label"], site["occupancy"], 0.0 if u_iso is None else u_iso)
    record = phase.data["Atoms"][-1]
    if site.get("multiplicity") and int(record[8]) != int(site["multiplicity"]):
        raise bad_input(
            f"site {site['label']} of {phase.name}: multiplicity {site['multiplicity']} in the task, "
            f"{record[8]} by GSAS-II for {xyz}; is the coordinate exact enough?"
        )
    if site.get("u_aniso"):
        record[9] = "A"
        record[11:17] = [float(v) for v in site["u_aniso"]]


def atom_type_name(session: Session, site: Mapping[str, Any]) -> str:
    """Atom type with charge where GSAS-II has its form factor, else the neutral atom."""
    element = "D" if site["element"] == "H" and isotope_number(site.get("isotope")) == "2" else ""
    element = element or str(site["element"])
    name = ion_name(site.get("ion"), element)
    if all(one.kind != "xray" for one in session.patterns) or name == element:
        return element
    if session.g2.elements.GetFFtable([name]).get(name) and known_ion(session, name):
        return name
    session.warn(f"GSAS-II has no form factor for {name}: the neutral atom {element} is used")
    return element


def known_ion(session: Session, name: str) -> bool:
    """True if GSAS-II's table lists the ion itself."""
    return bool(session.g2.elements.GetAtomInfo(name)["Symbol"] == name)


def set_isotopes(session: Session, phase: Any, sites: Iterable[Mapping[str, Any]]) -> None:
    """Isotopes for neutrons; GSAS-II has one scattering length per atom type for all phases."""
    if all(one.kind == "xray" for one in session.patterns):
        return
    general = phase.data["General"]
    for site, record in zip(sites, phase.data["Atoms"], strict=True):
        name = "Nat. Abund." if record[1] == "D" else isotope_number(site.get("isotope"))
        name = name or "Nat. Abund."
        if session.isotopes.setdefault(record[1], name) != name:
            raise unsupported(f"site {site['label']} of {phase.name}: two isotopes of {record[1]} in one task")
        if name not in general["Isotopes"][record[1]]:
            if name != "Nat. Abund.":
                raise unsupported(f"site {site['label']}: GSAS-II has no isotope {name}")
            continue
        general["Isotope"][record[1]] = name
    session.g2.scriptable.SetupGeneral(phase.data, None)
