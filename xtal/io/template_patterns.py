"""What a template says of its only pattern, said of each of several.

A template frees ``pattern.background``; a job with two ``[[pattern]]`` tables that completes it has ``pattern.X.background`` and ``pattern.N.background``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import JobError
from .job_places import as_name

__all__ = ["refuse_other_patterns", "stages_for_patterns"]

OWN_SCALE = "pattern.*.scale"


def stages_for_patterns(stages: Sequence[Mapping[str, Any]], patterns: Sequence[Any]) -> list[dict[str, Any]]:
    """Stages of a template for several patterns; the first also frees the scales that further patterns have.

    Parameters
    ----------
    stages : sequence of dict
        As in the template.
    patterns : sequence
        The ``[[pattern]]`` tables of the job.
    """
    names = [_name(table) for table in patterns]
    if len(names) < 2 or any(name is None for name in names):
        return [dict(stage) for stage in stages]
    changed = [
        {
            **stage,
            **{
                key: [new for entry in stage[key] for new in _entries(entry, names)]
                for key in ("free", "fix")
                if key in stage
            },
        }
        for stage in stages
    ]
    if changed and OWN_SCALE not in changed[0].get("free", []):
        changed[0]["free"] = [*changed[0].get("free", []), OWN_SCALE]
    return changed


def refuse_other_patterns(wanted: Sequence[str], patterns: Any) -> None:
    """Refuse a job whose patterns lack a name that its template speaks of.

    Raises
    ------
    JobError
        With the names that there are.
    """
    tables = patterns if isinstance(patterns, list) else [patterns]
    names = [name for table in tables if (name := _name(table)) is not None]
    if set(wanted) - set(names):
        raise JobError(
            f"the template is for patterns {' and '.join(wanted)}, this job has {', '.join(names) or 'none'};",
            remedy='write a [[pattern]] with that name = "…" for each.',
        )


def _name(table: Any) -> str | None:
    """Name of a pattern as the job will have it; None for a table that the schema will refuse."""
    if not isinstance(table, dict) or not (table.get("name") or table.get("file")):
        return None
    return str(table.get("name") or as_name(Path(str(table["file"])).stem))


def _entries(entry: str, names: Sequence[str | None]) -> list[str]:
    """An entry of a stage, for each pattern when it speaks of the only one."""
    parts = [part.strip() for part in str(entry).split("|")]
    if not all(part.startswith("pattern.") for part in parts) or any(_names_one(part, names) for part in parts):
        return [entry]
    return [" | ".join(part.replace("pattern.", f"pattern.{name}.", 1) for part in parts) for name in names]


def _names_one(part: str, names: Sequence[str | None]) -> bool:
    second = part.split(".")[1]
    return second in names or "*" in second
