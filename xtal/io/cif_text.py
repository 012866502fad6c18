"""Structures as CIF text, with every operation written out and standard uncertainties in parentheses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import gemmi

from ..displacement import equivalent_u_iso
from ..species import type_symbol
from ..structure import Site, Structure
from ..symmetry import leading_rows

__all__ = ["cif_text", "number_with_esd"]

_U_INDICES = ("11", "22", "33", "12", "13", "23")


def cif_text(structure: Structure, esds: Mapping[str, float] | None = None) -> str:
    """CIF of a structure; what `read_cif` makes of it equals `structure` when no esds are given.

    Parameters
    ----------
    structure : Structure
        Its name, source, quality and notes become comments above the data block.
    esds : mapping, optional
        Standard uncertainties by dotted name: ``cell.a`` … ``cell.gamma``, ``site.Cl1.x`` (y, z, occupancy, u_iso,
        u11 … u23), in the units of the values. A value with one is rounded to its two leading digits.

    Returns
    -------
    str
        One data block.
    """
    errors = dict(esds or {})
    parts = [_header(structure), _cell(structure, errors), _symmetry(structure), _atoms(structure, errors), _anisotropic(structure, errors), _isotopes(structure)]  # fmt: skip
    return "\n".join(part for part in parts if part) + "\n"


def number_with_esd(value: float, esd: float | None) -> str:
    """``value(esd)`` with the esd's two leading digits, one when they exceed 19; without an esd, every digit.

    Examples
    --------
    >>> number_with_esd(3.91123, 0.00042)
    '3.9112(4)'
    >>> number_with_esd(90.0, None)
    '90'
    """
    if esd is None or not math.isfinite(esd) or esd <= 0:
        return repr(value).removesuffix(".0")
    digits = 1 - math.floor(math.log10(esd))
    if round(esd * 10**digits) > 19:
        digits -= 1
    if digits <= 0:
        return f"{round(value)}({math.ceil(esd)})"
    return f"{value:.{digits}f}({round(esd * 10**digits)})"


def _header(structure: Structure) -> str:
    block = "".join(c if c.isalnum() or c in "-_.+" else "_" for c in structure.name) or "structure"
    lines = [f"# quality: {structure.quality}"]
    lines += [f"# name: {structure.name}"] if block != structure.name else []
    lines += [f"# source: {line}" for line in structure.source.split("\n") if structure.source]
    lines += ["# note: " + note.replace("\n", "\\n") for note in structure.notes]
    return "\n".join([*lines, f"data_{block}"])


def _cell(structure: Structure, esds: Mapping[str, float]) -> str:
    names = {"a": "length_a", "b": "length_b", "c": "length_c",
             "alpha": "angle_alpha", "beta": "angle_beta", "gamma": "angle_gamma"}  # fmt: skip
    values = dict(zip(names, structure.lattice.parameters, strict=True))
    lines = [f"_cell_{names[key]} {number_with_esd(value, esds.get(f'cell.{key}'))}" for key, value in values.items()]
    return "\n".join([*lines, f"_cell_volume {structure.lattice.volume:.4f}"])


def _symmetry(structure: Structure) -> str:
    group = structure.space_group
    lines = [f"_space_group_name_H-M_alt '{group.hm}'", f"_space_group_name_Hall {gemmi.cif.quote(group.hall)}",
             f"_space_group_IT_number {group.number}"] if group.number else []  # fmt: skip
    return "\n".join([*lines, _loop(["_space_group_symop_operation_xyz"], [[f"'{op}'"] for op in group.operations])])


def _atoms(structure: Structure, esds: Mapping[str, float]) -> str:
    tags = ["label", "type_symbol", "symmetry_multiplicity", "fract_x", "fract_y", "fract_z", "occupancy",
            "adp_type", "U_iso_or_equiv"]  # fmt: skip
    rows = []
    for site, multiplicity in zip(structure.sites, structure.multiplicities, strict=True):
        known = _coordinate_esds(structure, site, esds)
        numbers = [number_with_esd(value, known.get(key)) for key, value in zip("xyz", site.xyz, strict=True)]
        numbers.append(number_with_esd(site.occupancy, esds.get(f"site.{site.label}.occupancy")))
        kind = "Uani" if site.u_aniso else "Uiso"
        u = equivalent_u_iso(site.u_aniso, structure.lattice) if site.u_aniso else site.u_iso
        u_text = "?" if u is None else number_with_esd(u, esds.get(f"site.{site.label}.u_iso"))
        rows.append(
            [
                gemmi.cif.quote(site.label),
                type_symbol(site.element, site.charge, site.isotope),
                str(multiplicity),
                *numbers,
                kind,
                u_text,
            ]
        )
    return _loop([f"_atom_site_{tag}" for tag in tags], rows)


def _coordinate_esds(structure: Structure, site: Site, esds: Mapping[str, float]) -> dict[str, float]:
    """Esds of x, y and z; one that follows another by symmetry, as in (x, x, 0), takes that one's times its slope."""
    given = {key: esd for key in "xyz" if (esd := esds.get(f"site.{site.label}.{key}")) is not None}
    if not given:
        return given
    found: dict[str, list[float]] = {}
    for leader, row in leading_rows(structure.space_group.free_coordinates(site.xyz), "xyz").items():
        for key, slope in zip("xyz", row, strict=True):
            if slope:
                found.setdefault(key, []).append(abs(float(slope)) * given.get(leader, math.nan))
    return {key: each[0] for key, each in found.items() if len(each) == 1} | given


def _anisotropic(structure: Structure, esds: Mapping[str, float]) -> str:
    rows = []
    for site in structure.sites:
        named = zip(_U_INDICES, site.u_aniso or (), strict=False)
        numbers = [number_with_esd(value, esds.get(f"site.{site.label}.u{index}")) for index, value in named]
        rows += [[gemmi.cif.quote(site.label), *numbers]] if numbers else []
    return _loop(["_atom_site_aniso_label", *(f"_atom_site_aniso_U_{index}" for index in _U_INDICES)], rows)


def _isotopes(structure: Structure) -> str:
    rows = [[gemmi.cif.quote(site.label), str(site.isotope)] for site in structure.sites
            if site.isotope is not None and not (site.element == "H" and site.isotope in (2, 3))]  # fmt: skip
    return _loop(["_xtal_isotope_site_label", "_xtal_isotope_mass_number"], rows)


def _loop(tags: Iterable[str], rows: list[list[str]]) -> str:
    return "\n".join(["loop_", *tags, *(" ".join(row) for row in rows)]) if rows else ""
