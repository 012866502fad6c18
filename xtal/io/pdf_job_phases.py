"""Read the structures that a PDF job names, each parted into what is calculated and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..displacement_freedom import anisotropic_site
from ..errors import CifError, InputError, JobError
from ..job.messages import nearest
from ..job.parameters import DEFAULT_U_ISO
from ..pdf.job import PdfData, PdfJobPhase
from ..pdf.job_schema import PdfPhaseTable
from ..pdf.site_scattering import left_out_share
from ..structure import Site, Structure
from .job_places import sha256
from .library import find_structure
from .pdf_job_data import name_of

__all__ = ["left_out_notes", "read_phase"]

MUCH_LEFT_OUT = 0.1
"""Share of the scattering above which leaving sites out is called too much."""

PROBE_NAMES = {"xray": "X-rays", "neutron": "neutrons"}


def read_phase(table: PdfPhaseTable, folder: Path, where: str, inputs: dict[str, str], notes: list[str]) -> PdfJobPhase:
    """A phase with displacement parameters on every site; its checksum is added to `inputs`, what was assumed to `notes`.

    Raises
    ------
    JobError
        An unknown structure or site, or nothing left to calculate.
    """
    beside = folder / table.structure
    wanted = str(beside) if beside.is_file() else table.structure
    name = table.name or name_of(Path(table.structure).stem)
    try:
        structure = find_structure(wanted)
    except InputError as error:
        raise JobError(error.found, where=f"{where}, [[phase]] {name}, key 'structure'", remedy=error.remedy) from error
    if beside.is_file():
        inputs[beside.name] = sha256(beside)
    seen, left_out = _parted(structure.renamed(name), table.leave_out, f"{where}, [[phase]] {name}, key 'leave_out'")
    bare = [site.label for site in seen.sites if site.u_equivalent is None]
    if bare:
        notes.append(f"{name}: no displacement parameter in the source for {', '.join(bare)}; "
                     f"started at U = {DEFAULT_U_ISO} Å² unless the job says otherwise.")  # fmt: skip
    return PdfJobPhase(name, _with_displacements(seen, table, where), table.diameter, left_out)


def _parted(structure: Structure, names: Sequence[str], place: str) -> tuple[Structure, tuple[Site, ...]]:
    """The structure that is calculated, and the sites that are left out of it."""
    known = {name for site in structure.sites for name in (site.label, site.element)}
    for name in names:
        if name not in known:
            raise JobError(f"{name!r} is neither a site nor an element of {structure.name};", where=place,
                           remedy=nearest(name, known))  # fmt: skip
    left_out = tuple(site for site in structure.sites if {site.label, site.element} & set(names))
    if len(left_out) == len(structure.sites):
        raise JobError("leaves no site;", where=place, remedy="leave out only what the radiation hardly sees.")
    return structure.with_sites(site for site in structure.sites if site not in left_out), left_out


def left_out_notes(data: Sequence[PdfData], phases: Sequence[PdfJobPhase]) -> Iterator[str]:
    """How much of the scattering each radiation loses with what is left out."""
    for phase in phases:
        if not phase.left_out:
            continue
        shares = {item.probe: left_out_share(phase.whole(phase.structure), phase.left_out, item.probe) for item in data}
        said = ", ".join(f"{share:.1%} of what {PROBE_NAMES[probe]} see" for probe, share in shares.items())
        labels = ", ".join(site.label for site in phase.left_out)
        much = " That is too much to be left out." if max(shares.values()) > MUCH_LEFT_OUT else ""
        yield f"{phase.name}: {labels} left out of the calculation, {said}.{much}"


def _with_displacements(structure: Structure, table: PdfPhaseTable, where: str) -> Structure:
    """Every site with a displacement parameter, anisotropic where the job wants it, isotropic else."""
    place = f"{where}, [[phase]] {structure.name}, key 'anisotropic'"
    for label in table.anisotropic:
        if label != "*":
            try:
                structure.site(label)
            except CifError as error:
                raise JobError(error.found, where=place, remedy=error.remedy) from error
    sites = []
    for site in structure.sites:
        u_iso = DEFAULT_U_ISO if site.u_equivalent is None else site.u_equivalent
        if "*" in table.anisotropic or site.label in table.anisotropic:
            sites.append(anisotropic_site(structure, site, u_iso))
        else:
            sites.append(replace(site, u_iso=site.u_iso if site.u_aniso is None else u_iso, u_aniso=None))
    return structure.with_sites(sites)
