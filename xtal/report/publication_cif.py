"""A refinement as CIF for a journal: pattern, figures of merit and phases (IUCr powder dictionary, cif_pow).

The first block holds the pattern and the refinement, one block per phase its structure with lengths and angles; they point at each other by
``_pd_block_id`` as the dictionary asks (International Tables G (2005), chapters 3.3 and 4.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..io.cif_text import cif_text, number_with_esd
from ..io.results import phase_esds
from ..result import ProfileCurves, Result
from ..structure import Structure

if TYPE_CHECKING:
    from ..rietveld.geometry import Angle, Length

__all__ = ["excluded_regions", "publication_cif"]

PROBES = {True: "x-ray", False: "neutron"}
CHEBYSHEV = "Chebyshev polynomial of the first kind"
PROFILE = (
    "Thompson-Cox-Hastings pseudo-Voigt, Gaussian variance U tan^2(th) + V tan(th) + W (deg^2), Lorentzian FWHM "
    "X/cos(th) + Y tan(th) (deg), axial divergence after Finger, Cox & Jephcoat (1994)"
)


def publication_cif(
    result: Result,
    structures: Mapping[str, Structure],
    lengths: Mapping[str, Sequence[Length]],
    angles: Mapping[str, Sequence[Angle]],
) -> str:
    """Text of the CIF.

    Parameters
    ----------
    result : Result
        With its profile.
    structures : mapping
        Refined structures by phase.
    lengths, angles : mapping
        By phase.
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "_", result.title).strip("_")[:50] or "refinement"
    created = str(result.provenance.get("created", "?"))
    identities = {name: f"{created}|{stem}_{name}|xtal|" for name in structures}
    blocks = [_pattern_block(result, stem, created, identities)]
    for name, structure in structures.items():
        text = cif_text(structure.renamed(f"{stem}_{name}"), phase_esds(result, name))
        head = f"_pd_block_id {_quoted(identities[name])}\n_pd_phase_name {_quoted(name)}\n"
        blocks.append(f"{text}{head}{_geometry(lengths.get(name, ()), angles.get(name, ()))}")
    return "\n".join(blocks)


def excluded_regions(profile: ProfileCurves) -> list[tuple[float, float]]:
    """Gaps in the axis wider than 1.5 steps."""
    step = float(np.median(np.diff(profile.x)))
    starts = np.flatnonzero(np.diff(profile.x) > 1.5 * step)
    return [(float(profile.x[i]), float(profile.x[i + 1])) for i in starts]


def _pattern_block(result: Result, stem: str, created: str, identities: Mapping[str, str]) -> str:
    lines = [
        f"data_{stem}_pattern",
        f"_pd_block_id {_quoted(f'{created}|{stem}_pattern|xtal|')}",
        f"_audit_creation_method {_quoted('xtal ' + str(result.provenance.get('versions', {}).get('xtal', '')))}",
        f"_computing_structure_refinement {_quoted(' '.join(result.engine.values()))}",
        f"_diffrn_radiation_wavelength {result.pattern.get('wavelength', '?')}",
        *_refinement(result),
        *_loop(
            ["_pd_phase_block_id", "_pd_phase_mass_%"],
            [[_quoted(identities[name]), _percent(result, name)] for name in identities],
        ),
        *_reflections(result, identities),
        *([] if result.profile is None else _pattern(result.profile)),
    ]
    return "\n".join(lines) + "\n"


def _refinement(result: Result) -> list[str]:
    agreement = result.agreement
    lines = [
        f"_pd_proc_ls_profile_function {_quoted(PROFILE)}",
        f"_pd_proc_ls_background_function {_quoted(_background(result))}",
        f"_refine_special_details {_text(_details(result))}",
    ]
    if agreement is None:
        return lines
    return [
        *lines,
        f"_pd_proc_ls_prof_R_factor {agreement.rp:.5f}",
        f"_pd_proc_ls_prof_wR_factor {agreement.rwp:.5f}",
        f"_pd_proc_ls_prof_wR_expected {agreement.rexp:.5f}",
        f"_refine_ls_goodness_of_fit_all {agreement.gof:.3f}",
        f"_refine_ls_number_parameters {agreement.n_free}",
        f"_refine_ls_number_restraints {len(result.restraints)}",
        f"_refine_ls_number_constraints {_n_followers(result)}",
        "_refine_ls_matrix_type full",
        f"_pd_proc_number_of_points {agreement.n_points}",
        "_refine_ls_weighting_scheme sigma",
        "_refine_ls_weighting_details 'w = 1/sigma^2(y) of each point, _pd_proc_ls_weight'",
        *_constraints(result),
        *_restraints(result),
    ]


def _constraints(result: Result) -> list[str]:
    """Ties as equations; the dictionary has a text for them and no names."""
    if not result.constraints:
        return []
    return [f"_pd_proc_ls_special_details {_text(chr(10).join(['Constraints:', *result.constraints]))}"]


def _restraints(result: Result) -> list[str]:
    """Restrained distances in the names of the restraints dictionary (cif_rstr.dic): target, its esd, target minus found."""
    tags = ["_restr_distance_atom_site_label_1", "_restr_distance_atom_site_label_2", "_restr_distance_target",
            "_restr_distance_target_weight_param", "_restr_distance_diff", "_restr_distance_details"]  # fmt: skip
    rows = [
        [one.site_a, one.site_b, f"{one.distance:g}", f"{one.sigma / max(one.weight, 1e-12) ** 0.5:.4g}", f"{one.distance - one.mean_distance:.5f}",
         _quoted(f"{one.phase}, mean of {one.n_bonds} bonds")]
        for one in result.restraints
    ]  # fmt: skip
    return _loop(tags, rows)


def _n_followers(result: Result) -> int:
    return sum(not item.free and item.esd is not None for item in result.parameters.values())


def _background(result: Result) -> str:
    names = [name for name in result.parameters if name.startswith("pattern.background.")]
    return f"{CHEBYSHEV}, {len(names)} terms"


def _details(result: Result) -> str:
    """Profile and shifts with their esds, notes, severe checks: what a reader needs and the dictionary has no name for."""
    pattern = [
        f"{name} {number_with_esd(item.value, item.esd)}"
        for name, item in result.parameters.items()
        if name.startswith("pattern.") and ".background." not in name
    ]
    checks = [f"{check.severity}: {check.sentence}" for check in result.checks if check.severity == "severe"]
    notes = [str(note) for note in result.pattern.get("notes", ())]
    synthetic = ["Synthetic data: computed, not measured."] if result.pattern.get("synthetic") else []
    esds = ["Standard uncertainties hold the factor GOF."]
    return "\n".join([*synthetic, *esds, *pattern, *notes, *checks])


def _percent(result: Result, name: str) -> str:
    weight = result.phases[name].weight_fraction
    if weight.value is None:
        return "?"
    return number_with_esd(round(100 * weight.value, 4), None if weight.esd is None else 100 * weight.esd)


def _reflections(result: Result, identities: Mapping[str, str]) -> list[str]:
    tags = [
        "_pd_refln_phase_id",
        "_refln_index_h",
        "_refln_index_k",
        "_refln_index_l",
        "_refln_d_spacing",
        "_refln_F_squared_calc",
    ]
    rows = [
        [
            _quoted(identities[name]),
            str(row.h),
            str(row.k),
            str(row.l),
            f"{row.d:.5f}",
            "?" if row.f_squared is None else f"{row.f_squared:.4g}",
        ]
        for name in identities
        for row in result.reflections.get(name, ())
    ]
    return _loop(tags, rows)


def _pattern(profile: ProfileCurves) -> list[str]:
    gaps = excluded_regions(profile)
    excluded = "none" if not gaps else "\n".join(f"{low:g} to {high:g} degrees 2theta" for low, high in gaps)
    steps = [] if gaps else [
        f"_pd_proc_2theta_range_min {profile.x[0]:.6g}", f"_pd_proc_2theta_range_max {profile.x[-1]:.6g}",
    ]  # fmt: skip
    tags = ["_pd_proc_2theta_corrected", "_pd_proc_intensity_total", "_pd_calc_intensity_total", "_pd_proc_intensity_bkg_calc",
            "_pd_proc_ls_weight"]  # fmt: skip
    weights = np.where(profile.sigma > 0, 1.0 / np.maximum(profile.sigma, 1e-300) ** 2, 0.0)
    columns = (profile.x, profile.observed, profile.calculated, profile.background, weights)
    rows = [
        [f"{x:.6g}", f"{o:.8g}", f"{c:.8g}", f"{b:.8g}", f"{w:.6g}"] for x, o, c, b, w in zip(*columns, strict=True)
    ]
    return [f"_pd_proc_info_excluded_regions {_text(excluded)}", *steps, *_loop(tags, rows)]


def _geometry(lengths: Sequence[Length], angles: Sequence[Angle]) -> str:
    bonds = _loop(
        [
            "_geom_bond_atom_site_label_1",
            "_geom_bond_atom_site_label_2",
            "_geom_bond_site_symmetry_2",
            "_geom_bond_distance",
            "_geom_bond_multiplicity",
        ],
        [[b.first, b.second, b.symmetry, number_with_esd(round(b.length, 5), b.esd), str(b.count)] for b in lengths],
    )
    corners = _loop(
        ["_geom_angle_atom_site_label_1", "_geom_angle_atom_site_label_2", "_geom_angle_atom_site_label_3",
         "_geom_angle_site_symmetry_1", "_geom_angle_site_symmetry_3", "_geom_angle"],
        [[a.first, a.centre, a.last, a.symmetry_first, a.symmetry_last, number_with_esd(round(a.angle, 3), a.esd)] for a in angles],
    )  # fmt: skip
    return "\n".join([*bonds, *corners, ""])


def _loop(tags: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["loop_", *tags, *(" ".join(row) for row in rows)] if rows else []


def _quoted(text: str) -> str:
    import gemmi

    return str(gemmi.cif.quote(text))


def _text(text: str) -> str:
    """A value of several lines."""
    return f"\n;{text.replace(chr(10) + ';', chr(10) + ' ;')}\n;"
