"""A refinement as CIF for a journal: patterns, figures of merit and phases (IUCr powder dictionary, cif_pow).

With one pattern the first block holds it and the refinement, and one block per phase its structure with lengths and angles. With several an overall block
comes first, then the phases, then one block per pattern. Blocks point at each other by ``_pd_block_id`` as the dictionary asks
(International Tables G (2005), chapters 3.3 and 4.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..io.cif_text import cif_text, number_with_esd
from ..io.results import phase_esds
from ..result import Result, Value
from ..structure import Structure
from .cif_parts import loop, quoted, text_field
from .publication_pattern import agreement_lines, pattern_lines, pattern_values

if TYPE_CHECKING:
    from ..rietveld.geometry import Angle, Length

__all__ = ["publication_cif"]

METHODS = {"rietveld": "Rietveld refinement", "lebail": "Le Bail extraction", "pawley": "Pawley refinement"}


def publication_cif(
    result: Result,
    structures: Mapping[str, Structure],
    lengths: Mapping[str, Sequence[Length]],
    angles: Mapping[str, Sequence[Angle]],
    fractions: Mapping[str, Mapping[str, Value]] | None = None,
) -> str:
    """Text of the CIF.

    Parameters
    ----------
    result : Result
        With its profiles.
    structures : mapping
        Refined structures by phase.
    lengths, angles : mapping
        By phase.
    fractions : mapping, optional
        Weight fractions by pattern, then phase (`xtal.rietveld.pattern_fractions`), where they aren't those of the result.
    """
    labels = _labels(result, structures)
    phases = [
        _phase_block(result, structure, name, labels, lengths.get(name, ()), angles.get(name, ()))
        for name, structure in structures.items()
    ]
    patterns = [
        _pattern_block(one, name, labels, (fractions or {}).get(name) or _fractions(result), _only_pattern(one) if not name else None)
        for name, one in result.by_pattern().items()
    ]  # fmt: skip
    overall = [_overall_block(result, labels)] if result.patterns else []
    return "\n".join([*overall, *phases, *patterns] if overall else [*patterns, *phases])


@dataclass(frozen=True)
class _Labels:
    """Names of the blocks, and their ``_pd_block_id``, by phase, pattern (the only one has no name) and ``overall``."""

    phases: Mapping[str, tuple[str, str]]
    patterns: Mapping[str, tuple[str, str]]
    overall: tuple[str, str]


def _labels(result: Result, phases: Iterable[str]) -> _Labels:
    stem = re.sub(r"[^A-Za-z0-9]+", "_", result.title).strip("_")[:50] or "refinement"
    created = str(result.provenance.get("created", "?"))
    taken: set[str] = set()

    def label(key: str) -> tuple[str, str]:
        name = f"{stem}_{key}"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        return name, f"{created}|{name}|xtal|"

    by_phase = {name: label(name) for name in phases}
    by_pattern = {name: label(f"pattern_{name}" if name else "pattern") for name in result.by_pattern()}
    return _Labels(by_phase, by_pattern, label("overall"))


def _fractions(result: Result) -> dict[str, Value]:
    return {name: phase.weight_fraction for name, phase in result.phases.items()}


def _head(label: tuple[str, str]) -> list[str]:
    return [f"data_{label[0]}", f"_pd_block_id {quoted(label[1])}"]


def _links(tag: str, labels: Iterable[tuple[str, str]]) -> list[str]:
    return loop([tag], [[quoted(identity)] for _, identity in labels])


def _overall_block(result: Result, labels: _Labels) -> str:
    over_all = "Profile R factors and number of points are over all patterns."
    lines = [
        *_head(labels.overall),
        *_programs(result),
        *_refinement(result, [*_origin(result), over_all, *_concerns(result)]),
        *_links("_pd_block_diffractogram_id", labels.patterns.values()),
        *_links("_pd_phase_block_id", labels.phases.values()),
        *_restraints(result),
    ]
    return "\n".join([*lines, ""])


def _pattern_block(
    one: Result, name: str, labels: _Labels, fractions: Mapping[str, Value], refinement: Sequence[str] | None
) -> str:
    """Block of a pattern, with the lines of the refinement where it is the only one."""
    prefix = f"pattern.{name}." if name else "pattern."
    identities = {phase: identity for phase, (_, identity) in labels.phases.items()}
    own = _one_of_several(one, prefix) if refinement is None else refinement
    return "\n".join([*_head(labels.patterns[name]), *own, *pattern_lines(one, prefix, identities, fractions), ""])


def _only_pattern(result: Result) -> list[str]:
    details = [*_origin(result), *pattern_values(result, "pattern."), *_concerns(result)]
    return [*_programs(result), *_refinement(result, details), *_restraints(result)]


def _one_of_several(one: Result, prefix: str) -> list[str]:
    assert one.agreement is not None
    details = "\n".join([*_origin(one), *pattern_values(one, prefix)])
    return [*agreement_lines(one.agreement), f"_refine_special_details {text_field(details)}"]


def _phase_block(
    result: Result,
    structure: Structure,
    phase: str,
    labels: _Labels,
    lengths: Sequence[Length],
    angles: Sequence[Angle],
) -> str:
    name, identity = labels.phases[phase]
    lines = [
        f"_pd_block_id {quoted(identity)}",
        f"_pd_phase_name {quoted(phase)}",
        *(_links("_pd_block_diffractogram_id", labels.patterns.values()) if result.patterns else []),
        *_strains(result, phase),
        *_geometry(lengths, angles),
    ]
    return cif_text(structure.renamed(name), phase_esds(result, phase)) + "\n".join([*lines, ""])


def _strains(result: Result, phase: str) -> list[str]:
    """What the other patterns say of a cell that is that of the first."""
    found = [
        f"in {name.split('.')[1]} {name.rpartition('.')[2]} is longer by the fraction {number_with_esd(item.value, item.esd)}"
        for name, item in result.parameters.items()
        if f".strain.{phase}." in name and (item.value or item.esd is not None)
    ]
    first = next(iter(result.patterns), "")
    text = "; ".join([f"The cell is that of pattern {first}", *found])
    return [f"_cell_special_details {text_field(text)}"] if found else []


def _programs(result: Result) -> list[str]:
    version = str(result.provenance.get("versions", {}).get("xtal", ""))
    return [
        f"_audit_creation_method {quoted('xtal ' + version)}",
        f"_computing_structure_refinement {quoted(' '.join(result.engine.values()))}",
        f"_pd_calc_method {quoted(METHODS.get(result.mode, result.mode))}",
    ]


def _refinement(result: Result, details: Sequence[str]) -> list[str]:
    agreement = result.agreement
    lines = [f"_refine_special_details {text_field(chr(10).join(details))}", *_constraints(result)]
    if agreement is None:
        return lines
    return [
        *lines,
        *agreement_lines(agreement),
        f"_refine_ls_goodness_of_fit_all {agreement.gof:.3f}",
        f"_refine_ls_number_parameters {agreement.n_free}",
        f"_refine_ls_number_restraints {len(result.restraints)}",
        f"_refine_ls_number_constraints {_n_followers(result)}",
        "_refine_ls_matrix_type full",
        "_refine_ls_weighting_scheme sigma",
        "_refine_ls_weighting_details 'w = 1/sigma^2(y) of each point, _pd_proc_ls_weight'",
    ]


def _constraints(result: Result) -> list[str]:
    """Ties as equations; the dictionary has a text for them and no names."""
    if not result.constraints:
        return []
    return [f"_pd_proc_ls_special_details {text_field(chr(10).join(['Constraints:', *result.constraints]))}"]


def _restraints(result: Result) -> list[str]:
    """Restrained distances in the names of the restraints dictionary (cif_rstr.dic): target, its esd, target minus found."""
    tags = ["_restr_distance_atom_site_label_1", "_restr_distance_atom_site_label_2", "_restr_distance_target",
            "_restr_distance_target_weight_param", "_restr_distance_diff", "_restr_distance_details"]  # fmt: skip
    rows = [
        [one.site_a, one.site_b, f"{one.distance:g}", f"{one.sigma / max(one.weight, 1e-12) ** 0.5:.4g}", f"{one.distance - one.mean_distance:.5f}",
         quoted(f"{one.phase}, mean of {one.n_bonds} bonds")]
        for one in result.restraints
    ]  # fmt: skip
    return loop(tags, rows)


def _n_followers(result: Result) -> int:
    return sum(not item.free and item.esd is not None for item in result.parameters.values())


def _origin(result: Result) -> list[str]:
    """What the numbers are before they are read."""
    synthetic = ["Synthetic data: computed, not measured."] if result.pattern.get("synthetic") else []
    return [*synthetic, "Standard uncertainties hold the factor GOF."]


def _concerns(result: Result) -> list[str]:
    """Notes and severe checks: what a reader needs and the dictionary has no name for."""
    checks = [f"{check.severity}: {check.sentence}" for check in result.checks if check.severity == "severe"]
    return [*(str(note) for note in result.pattern.get("notes", ())), *checks]


def _geometry(lengths: Sequence[Length], angles: Sequence[Angle]) -> list[str]:
    bonds = loop(
        ["_geom_bond_atom_site_label_1", "_geom_bond_atom_site_label_2", "_geom_bond_site_symmetry_2",
         "_geom_bond_distance", "_geom_bond_multiplicity"],
        [[b.first, b.second, b.symmetry, number_with_esd(round(b.length, 5), b.esd), str(b.count)] for b in lengths],
    )  # fmt: skip
    corners = loop(
        ["_geom_angle_atom_site_label_1", "_geom_angle_atom_site_label_2", "_geom_angle_atom_site_label_3",
         "_geom_angle_site_symmetry_1", "_geom_angle_site_symmetry_3", "_geom_angle"],
        [[a.first, a.centre, a.last, a.symmetry_first, a.symmetry_last, number_with_esd(round(a.angle, 3), a.esd)] for a in angles],
    )  # fmt: skip
    return [*bonds, *corners]
