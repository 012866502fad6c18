"""Which of GSAS-II's variables a stage refines."""

from __future__ import annotations

from typing import Any

from .errors import bad_input, unsupported
from .parameter import Parameter
from .session import Session
from .strains import set_strain_flag
from .values import NO_SIZE_MICROMETRE

SAMPLE_FLAGS = ("Scale", "Shift", "Transparency", "Absorption", "DisplaceX", "DisplaceY")


def clear_flags(session: Session) -> None:
    """Fix everything."""
    for measured in session.patterns:
        clear_histogram_flags(session.histogram(measured.number))
    for phase in session.phases:
        phase.data["General"]["Cell"][0] = False
        for hap in session.haps(phase):
            hap["Scale"][1], hap["Pref.Ori."][2] = False, False
            hap["Size"][2], hap["Mustrain"][2] = [False] * 3, [False] * 3
            hap["Mustrain"][5] = [False] * len(hap["Mustrain"][4])
            hap["HStrain"][1] = [False] * len(hap["HStrain"][0])
        for record in phase.data["Atoms"]:
            record[2] = ""
    constraints = session.project.data["Constraints"]["data"]
    for scope in ("Hist", "HAP", "Phase", "Global"):
        constraints[scope] = []


def clear_histogram_flags(histogram: Any) -> None:
    """Fix background, instrument and sample of one histogram."""
    histogram.data["Background"][0][1] = False
    for entry in histogram.data["Instrument Parameters"][0].values():
        if len(entry) > 2:
            entry[2] = False
    for name in SAMPLE_FLAGS:
        if name in histogram.data["Sample Parameters"]:
            histogram.data["Sample Parameters"][name][1] = False


def set_flag(session: Session, parameter: Parameter) -> None:
    """Let GSAS-II vary one parameter."""
    phase_id, number, name, *atom = parameter.variable.split(":")
    if not phase_id:
        histogram = session.histogram(int(number))
        key = name.split(";")[0]
        if key == "Back":
            histogram.data["Background"][0][1] = True
        elif key in SAMPLE_FLAGS:
            histogram.data["Sample Parameters"][key][1] = True
        elif not key.startswith("BkPk"):
            histogram.data["Instrument Parameters"][0][key][2] = True
    elif atom:
        set_atom_flag(session.phases[int(phase_id)], int(atom[0]), name, parameter.dotted)
    elif parameter.kind == "cell":
        session.phases[int(phase_id)].data["General"]["Cell"][0] = True
    elif parameter.kind == "strain":
        set_strain_flag(session, session.phases[int(phase_id)], int(number), name)
    else:
        haps = session.haps(session.phases[int(phase_id)])
        for hap in haps if parameter.kind != "share" else [haps[int(number)]]:
            set_hap_flag(hap, name, parameter.dotted)


def set_hap_flag(hap: Any, name: str, dotted: str) -> None:
    """Vary a scale, a broadening or a texture parameter."""
    key, _, part = name.partition(";")
    number = {"i": 0, "a": 1}.get(part)
    if key == "Size" and hap["Size"][1][number or 0] >= NO_SIZE_MICROMETRE:
        raise bad_input(f"{dotted} is free but has no start value")
    if name == "Scale":
        hap["Scale"][1] = True
    elif name == "MD":
        hap["Pref.Ori."][2] = True
    elif number is None:
        set_strain_term_flag(hap, int(part), dotted)
    else:
        hap[key][2][number] = True


def set_strain_term_flag(hap: Any, position: int, dotted: str) -> None:
    """Vary one of the terms of an anisotropic strain, whose slope GSAS-II has only where the strain is not zero."""
    if not any(hap["Mustrain"][4]):
        raise bad_input(f"{dotted} is free while all terms of the strain are 0: give them start values")
    hap["Mustrain"][5][position] = True


def set_atom_flag(phase: Any, number: int, name: str, dotted: str) -> None:
    """Vary an occupancy, a displacement parameter or coordinates of one atom."""
    record = phase.data["Atoms"][number]
    letter = "U" if name.startswith("AU") else {"Afrac": "F"}.get(name, "X")
    if letter == "U" and (record[9] == "A") != (name != "AUiso"):
        raise unsupported(
            f"{dotted}: the site is {'an' if record[9] == 'A' else ''}isotropic, GSAS-II has no such U for it"
        )
    if letter not in record[2]:
        record[2] += letter
