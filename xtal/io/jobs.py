"""Read a job file, and the pattern, instrument and structures it names, into a resolved `Job`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..displacement_freedom import anisotropic_site
from ..errors import CifError, JobError
from ..job.extraction import without_structures
from ..job.joint import joint_parameters
from ..job.messages import job_error, nearest
from ..job.model import Model, held_back, refuse_contradictions, restrained, with_starts, without_absent
from ..job.parameters import (
    DEFAULT_U_ISO,
    adjusted,
    idle_pattern_parameters,
    idle_phase_parameters,
    model_parameters,
)
from ..job.plausible import refuse_implausible_starts
from ..job.resolved import Job, JobPattern, JobPhase, Parameter
from ..job.restraints import refuse_restraints, resolve_restraints
from ..job.schema import JobFile, PhaseTable, StageTable
from ..job.stages import PassedOver, resolve_stages
from ..job.ties import resolve_ties
from ..structure import Structure
from .data_folders import data_folder
from .job_patterns import read_job_patterns
from .job_places import as_name, near, placed, sha256, with_input
from .library import find_structure
from .template_patterns import refuse_other_patterns, stages_for_patterns
from .toml_files import read_toml

PLACEHOLDER = "the-bank-of-your-data.instprm"
"""Where a template can't know the instrument."""

__all__ = ["job_from_template", "load_job", "read_job_file", "read_template", "resolve_job", "template_names"]


def template_names() -> tuple[str, ...]:
    """Names of the shipped refinement templates."""
    return tuple(sorted(path.stem for path in data_folder("refinement_templates").glob("*.toml")))


def read_template(name: str) -> dict[str, Any]:
    """Content of a shipped template.

    Raises
    ------
    JobError
        No such template; the nearest name is suggested.
    """
    if name not in template_names():
        raise JobError(f"template {name!r} is not known;", remedy=nearest(name, template_names()))
    return read_toml(data_folder("refinement_templates") / f"{name}.toml", "template")


def read_job_file(path: str | Path) -> tuple[JobFile, Path]:
    """A job file checked against its schema, and the folder that its paths are relative to.

    Raises
    ------
    JobError
        The file is missing, is not TOML, or has a table or key that isn't allowed.
    """
    file = Path(path)
    content = read_toml(file, "job")
    if "extends" in content:
        with placed(f"{file.name}, key 'extends'"):
            template = read_template(str(content["extends"]))
            if "stage" not in content:
                refuse_other_patterns(template["template"].get("patterns", []), content.get("pattern"))
            content = _completed(template, content)
    return _checked(content, file.name), file.parent


def load_job(path: str | Path, *, engine: str | None = None) -> Job:
    """Read a job file and everything that it names.

    Parameters
    ----------
    path : path
        TOML job file.
    engine : str, optional
        Replaces the job's engine.

    Raises
    ------
    JobError, PatternError, CifError
        What the job or its inputs have wrong, with the place and the remedy.
    """
    job_file, folder = read_job_file(path)
    digest = {Path(path).name: sha256(Path(path))}
    return resolve_job(job_file, folder, where=Path(path).name, engine=engine, inputs=digest)


def job_from_template(
    name: str,
    data: str | Path,
    *,
    phases: Sequence[str] = (),
    instrument: str | None = None,
    engine: str | None = None,
) -> Job:
    """A job from a shipped template and a pattern.

    Parameters
    ----------
    name : str
        Template.
    data : path
        Pattern file.
    phases : sequence of str
        Optional phases of the template to take, reference names or CIF paths to add.
    instrument : str, optional
        Preset or instrument file; replaces the template's.

    Raises
    ------
    JobError
        Unknown template or phase, or a template that needs phases and got none.
    """
    content = read_template(name)
    _refuse_several(name, content)
    content["pattern"] = {**content.get("pattern", {}), "file": str(Path(data).resolve())}
    if instrument is not None:
        content["pattern"]["instrument"] = instrument
    elif content["pattern"].get("instrument") == PLACEHOLDER:
        raise JobError(f"template {name} has no instrument of its own;", where="--instrument",
                       remedy="name the calibrated file of your bank.")  # fmt: skip
    content["title"] = content.get("title") or f"{Path(data).name} with {name}"
    job_file = _checked(content, f"template {name}")
    left_out = [table for table in job_file.phase if table.optional and _name_of(table) not in phases]
    job_file = job_file.model_copy(update={"phase": [*_chosen_phases(job_file, phases), *left_out], "include": []})
    return resolve_job(job_file, Path(), where=f"template {name}", engine=engine, inputs={})


def _refuse_several(name: str, template: Mapping[str, Any]) -> None:
    """Refuse one pattern where a template is made for several."""
    wanted = template["template"].get("patterns", [])
    if wanted:
        raise JobError(
            f"template {name} is for patterns {' and '.join(wanted)} together;", where="--template",
            remedy=f"write a job with extends = \"{name}\" and [[pattern]] tables of these names.",
        )  # fmt: skip


def resolve_job(job_file: JobFile, folder: Path, *, where: str, engine: str | None, inputs: Mapping[str, str]) -> Job:
    """Read what a checked job file names and expand its parameters, ties and stages."""
    patterns, joined, pattern_notes = read_job_patterns(job_file.patterns, job_file.background, folder, where, inputs)
    first = patterns[0]
    tables = _chosen_phases(job_file, job_file.include)
    phases, joined = _read_phases(tables, folder, where, joined)
    model = _all_parameters(job_file, tables, phases, patterns, where)
    absent = {_name_of(table) for table in job_file.phase if table.optional} - {phase.name for phase in phases}
    tie_tables, tie_notes = without_absent(job_file.tie, absent)
    ties = resolve_ties(tie_tables, list(model.parameters), where, phases)
    restraints = resolve_restraints(job_file.restraint, phases, where)
    stage_tables = _stages_for(job_file.stage, patterns)
    allowed = {phase.name: table.refine for phase, table in zip(phases, tables, strict=True)}
    followers = {tie.target for tie in ties}
    passed_over = PassedOver(frozenset(model.idle), held_back(phases))
    stages = resolve_stages(stage_tables, list(model.parameters), followers, allowed, where, absent, passed_over)
    kept = restrained(stages, ties, phases, stage_tables, where)
    parameters = with_starts(model, kept, phases)
    ties = tuple(tie for tie in kept.ties if {tie.target, *(name for _, name in tie.terms)} <= parameters.keys())
    stages = kept.stages
    if job_file.mode != "rietveld":
        parameters, ties, stages = without_structures(parameters, ties, stages, where)
        refuse_restraints(restraints, job_file.mode, where)
    refuse_contradictions(parameters, ties, model.touched, where)
    refuse_implausible_starts(parameters, phases, {name for stage in stages for name in stage.free}, where)
    return Job(
        title=job_file.title or first.pattern.source,
        engine=engine or job_file.engine,
        pattern=first.pattern,
        instrument=first.instrument,
        dispersion=first.dispersion,
        background_terms=first.background_terms,
        background_range=first.background_range,
        phases=phases,
        parameters=parameters,
        ties=ties,
        stages=stages,
        groups=_checked_groups(job_file.groups, phases, where),
        inputs=joined,
        seed=job_file.seed,
        output_folder=job_file.output.folder,
        notes=(*pattern_notes, *tie_notes, *_assumptions(phases, parameters), *kept.notes),
        patterns=patterns if len(patterns) > 1 else (),
        peaks=first.peaks,
        mode=job_file.mode,
        restraints=restraints,
    )


def _stages_for(tables: Sequence[StageTable], patterns: Sequence[JobPattern]) -> list[StageTable]:
    """Stages that are meant for instruments as calibrated as those of the patterns."""
    calibrated = all(one.instrument.calibrated for one in patterns)
    wanted = {"always", "calibrated" if calibrated else "uncalibrated"}
    return [table for table in tables if table.when in wanted]


def _checked(content: dict[str, Any], where: str) -> JobFile:
    try:
        return JobFile.model_validate(content)
    except ValidationError as error:
        raise job_error(error, where) from None


def _completed(template: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Template with the job's tables on top: keys of tables are merged, lists and values are replaced."""
    merged = dict(template)
    for key, value in content.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both_tables else value
    if isinstance(content.get("pattern"), list) and isinstance(template.get("pattern"), dict):
        merged["pattern"] = [
            {**template["pattern"], **table} if isinstance(table, dict) else table for table in content["pattern"]
        ]
        if "stage" not in content:
            merged["stage"] = stages_for_patterns(template.get("stage", []), content["pattern"])
    return merged


def _chosen_phases(job_file: JobFile, wanted: Sequence[str]) -> list[PhaseTable]:
    """Phases that are not optional, the optional ones that are wanted, and new ones for other names."""
    optional = {_name_of(table): table for table in job_file.phase if table.optional}
    chosen = [table for table in job_file.phase if not table.optional]
    for name in wanted:
        table = optional.get(name) or PhaseTable.model_validate({"structure": name})
        chosen.append(table.model_copy(update={"optional": False}))
    return chosen


def _name_of(table: PhaseTable) -> str:
    return table.name or as_name(Path(table.structure).stem)


def _read_phases(
    tables: Sequence[PhaseTable], folder: Path, where: str, inputs: Mapping[str, str]
) -> tuple[tuple[JobPhase, ...], dict[str, str]]:
    """Phases with their structures, and the inputs with their files added."""
    if not tables:
        raise JobError("the job has no phase;", where=where, remedy="add a [[phase]], or name phases with --phase.")
    phases: list[JobPhase] = []
    digests = dict(inputs)
    for table in tables:
        wanted = near(table.structure, folder)
        with placed(f"{where}, [[phase]] {_name_of(table)}, key 'structure'"):
            structure = find_structure(wanted)
        if Path(wanted).is_file():
            digests = with_input(digests, Path(wanted))
        name = _name_of(table)
        structure = _with_isotopes(structure, table.isotopes, f"{where}, [[phase]] {name}, key 'isotopes'")
        structure = _with_tensors(structure, table.anisotropic, f"{where}, [[phase]] {name}, key 'anisotropic'")
        phases.append(
            JobPhase(
                name,
                structure.renamed(name),
                _axis(table.texture_axis),
                table.hold_when_weak,
                table.anisotropic_strain,
                _axis(table.size_axis),
                _harmonics(structure, table.harmonics_order, f"{where}, [[phase]] {name}"),
                table.grain_size_um,
            )
        )
    names = [phase.name for phase in phases]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise JobError(f"phase {repeated[0]!r} is there twice;", where=where, remedy="give each phase its own name.")
    return tuple(phases), digests


def _axis(hkl: Sequence[int] | None) -> tuple[int, int, int] | None:
    return None if hkl is None else (hkl[0], hkl[1], hkl[2])


def _harmonics(structure: Structure, order: int | None, where: str) -> tuple[tuple[int, int], ...]:
    if order is None:
        return ()
    from ..diffraction.harmonics import harmonic_terms

    found = tuple((degree, number) for degree, number in harmonic_terms(structure.space_group, order))
    if not found:
        raise JobError(f"harmonics_order = {order} for {structure.name};", where=where,
                       remedy="a cubic crystal has none below order 4: take 4 or more.")  # fmt: skip
    return found


def _with_tensors(structure: Structure, labels: Sequence[str], where: str) -> Structure:
    """Sites that the job wants anisotropic with the tensor that their isotropic displacement is."""
    for label in labels:
        if label != "*":
            try:
                structure.site(label)
            except CifError as error:
                raise JobError(error.found, where=where, remedy=error.remedy) from error
    return structure.with_sites(
        anisotropic_site(structure, site, DEFAULT_U_ISO if site.u_iso is None else site.u_iso)
        if "*" in labels or site.label in labels
        else site
        for site in structure.sites
    )


def _with_isotopes(structure: Structure, isotopes: Mapping[str, int], where: str) -> Structure:
    elements = {site.element for site in structure.sites}
    for element in isotopes:
        if element not in elements:
            raise JobError(
                f"no site of {structure.name} holds {element!r};", where=where, remedy=nearest(element, elements)
            )
    return structure.with_sites(
        replace(site, isotope=isotopes.get(site.element, site.isotope)) for site in structure.sites
    )


def _all_parameters(
    job_file: JobFile,
    tables: Sequence[PhaseTable],
    phases: Sequence[JobPhase],
    patterns: Sequence[JobPattern],
    where: str,
) -> Model:
    """The model with the job's start values and bounds."""
    first = patterns[0]
    plain = (
        model_parameters(phases, first.instrument, first.background_terms, first.peaks)
        if len(patterns) == 1
        else joint_parameters(phases, patterns)
    )
    idle = _idle_parameters(phases, patterns)
    parameters = whole = plain | idle
    for table, phase in zip(tables, phases, strict=True):
        prefix = f"phase.{phase.name}."
        starts = {prefix + name: value for name, value in table.start.items()}
        bounds = {prefix + name: value for name, value in table.bounds.items()}
        parameters = adjusted(parameters, starts, bounds, f"{where}, [[phase]] {phase.name}")
    starts = {name: item.start for name, item in job_file.parameters.items() if item.start is not None}
    bounds = {
        name: [item.min, item.max]
        for name, item in job_file.parameters.items()
        if item.min is not None or item.max is not None
    }
    parameters = adjusted(parameters, starts, bounds, f"{where}, [parameters]")
    touched = frozenset(name for name, item in parameters.items() if item != whole[name])
    return Model(parameters, frozenset(idle), touched)


def _idle_parameters(phases: Sequence[JobPhase], patterns: Sequence[JobPattern]) -> dict[str, Parameter]:
    """Parameters that the model only has when the job asks for them."""
    idle = {
        f"{one.prefix}.{name.removeprefix('pattern.')}": item
        for one in patterns
        for name, item in idle_pattern_parameters(one.instrument).items()
    }
    for phase in phases:
        idle |= {f"phase.{phase.name}.{name}": item for name, item in idle_phase_parameters(phase).items()}
    return idle


def _checked_groups(
    groups: Mapping[str, Sequence[str]], phases: Sequence[JobPhase], where: str
) -> dict[str, tuple[str, ...]]:
    names = [phase.name for phase in phases]
    for name in names:
        groups_of_it = [group for group, members in groups.items() for member in members if member == name]
        if len(groups_of_it) > 1:
            raise JobError(
                f"phase {name!r} is named twice, in {' and '.join(map(repr, groups_of_it))};",
                where=f"{where}, [groups]",
                remedy="a phase has one share in one group.",
            )
    for group, members in groups.items():
        for member in members:
            if member not in names:
                raise JobError(
                    f"group {group!r} names phase {member!r}, which the job doesn't have;",
                    where=f"{where}, [groups]",
                    remedy=nearest(member, names),
                )
    return {group: tuple(members) for group, members in groups.items()}


def _assumptions(phases: Sequence[JobPhase], parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """What was assumed because a structure doesn't say it."""
    notes = []
    for phase in phases:
        assumed = [
            site.label
            for site in phase.structure.sites
            if site.u_iso is None and site.u_aniso is None
            and _start_of(parameters, f"phase.{phase.name}.site.{site.label}.u_iso") == DEFAULT_U_ISO
        ]  # fmt: skip
        if assumed:
            notes.append(
                f"{phase.name}: no displacement parameter in the source for {', '.join(assumed)}; "
                f"started at U = {DEFAULT_U_ISO} Å²."
            )
    return tuple(notes)


def _start_of(parameters: Mapping[str, Parameter], name: str) -> float | None:
    return parameters[name].start if name in parameters else None
