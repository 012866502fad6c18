"""Rival models: the variants of one job file, or several job files on the same data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ..errors import JobError
from ..job import Job, JobFile
from ..job.schema import VariantTable
from .jobs import load_job, read_job_file, resolve_job

__all__ = ["BASE", "load_rivals"]

BASE = "base"
"""Name of the job's own model beside its variants."""


def load_rivals(paths: Sequence[str | Path], *, engine: str | None = None) -> dict[str, Job]:
    """Jobs by name: of one file its own model and its variants, of several files each under its stem.

    Raises
    ------
    JobError
        One file without variants, names that repeat, or data that differ.
    """
    jobs = _variants(Path(paths[0]), engine) if len(paths) == 1 else _files([Path(path) for path in paths], engine)
    _refuse_other_data(jobs)
    return jobs


def _files(paths: Sequence[Path], engine: str | None) -> dict[str, Job]:
    names = [path.stem for path in paths]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise JobError(f"two job files are called {repeated[0]!r};", remedy="give each model's file its own name.")
    return {path.stem: load_job(path, engine=engine) for path in paths}


def _variants(path: Path, engine: str | None) -> dict[str, Job]:
    job_file, folder = read_job_file(path)
    names = [BASE, *(variant.name for variant in job_file.variant)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise JobError(f"variant {repeated[0]!r} is there twice (or means the job's own model);", where=path.name,
                       remedy=f"give each its own name, not {BASE!r}.")  # fmt: skip
    if len(names) < 2:
        raise JobError("only one model;", where=path.name, remedy="add a [[variant]], or name several job files.")
    digest = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    jobs = {BASE: resolve_job(job_file, folder, where=path.name, engine=engine, inputs=digest)}
    for variant in job_file.variant:
        where = f"{path.name}, [[variant]] {variant.name}"
        jobs[variant.name] = resolve_job(_varied(job_file, variant), folder, where=where, engine=engine, inputs=digest)
    return jobs


def _varied(job_file: JobFile, variant: VariantTable) -> JobFile:
    """The job with a variant's tables in place of its own."""
    given = {name: getattr(variant, name) for name in variant.model_fields_set - {"name", "about", "parameters"}}
    changes = {name: value for name, value in given.items() if value is not None}
    if variant.parameters is not None:
        changes["parameters"] = {**job_file.parameters, **variant.parameters}
    about = f": {variant.about}" if variant.about else ""
    return job_file.model_copy(update={**changes, "title": f"{job_file.title} [{variant.name}{about}]", "variant": []})


def _refuse_other_data(jobs: dict[str, Job]) -> None:
    (first, reference), *others = jobs.items()
    for name, job in others:
        same = job.pattern.x.shape == reference.pattern.x.shape and bool((job.pattern.x == reference.pattern.x).all())
        if not (same and bool((job.pattern.intensity == reference.pattern.intensity).all())):
            raise JobError(
                f"{name!r} is fitted to other points than {first!r};",
                remedy="rival models need the same pattern, range and exclusions.",
            )
