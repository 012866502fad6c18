"""Errors of a job file in words: file, table, key, what was found, what is allowed, the nearest known key."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import JobError
from .schema import ONE_PATTERN, SEVERAL_PATTERNS, JobFile

__all__ = ["job_error", "nearest"]


def nearest(name: str, known: Iterable[str]) -> str:
    """Sentence that names the nearest known name, or lists the known ones when none is near."""
    names = sorted(known)
    close = [known for known in names if known.startswith(name)] or get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    return f"Known are: {shown}." if names else ""


def job_error(error: ValidationError, file: str, model: type[BaseModel] = JobFile) -> JobError:
    """The first complaint of pydantic about a `model` as a sentence a user can act on; further ones are counted."""
    details = error.errors()
    first = min(details, key=_rank)
    found, remedy = _sentence(first, model)
    more = f" ({len(details) - 1} more in this file)" if len(details) > 1 else ""
    return JobError(found, where=f"{file}{_place(first['loc'])}", remedy=remedy + more)


def _rank(detail: ErrorDetails) -> tuple[bool, bool, int]:
    """What to say first: another schema explains everything else, then keys that aren't known, then the deepest place."""
    is_schema = detail["loc"] == ("schema",) and detail["type"] == "literal_error"
    return not is_schema, detail["type"] != "extra_forbidden", -len(detail["loc"])


def _place(location: tuple[int | str, ...]) -> str:
    """Location as a TOML reader sees it: ``[[phase]] number 2, key 'structure'``."""
    words = []
    location = tuple(part for part in location if part not in (ONE_PATTERN, SEVERAL_PATTERNS))
    if not location:
        return ""
    for part, following in zip(location, (*location[1:], None), strict=True):
        if isinstance(part, int):
            words.append(f"number {part + 1}")
        elif isinstance(following, int):
            words.append(f"[[{part}]]")
        elif following is not None and part not in ("InstrumentTable", "str"):
            words.append(f"[{part}]")
        elif part not in ("InstrumentTable", "str"):
            words.append(f"key {part!r}")
    return ", " + ", ".join(words) if words else ""


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    value = detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            return f"key {key!r} is not known;", nearest(key, _known_keys(detail["loc"], model))
        case "missing":
            return f"key {key!r} is missing;", "add it."
        case "literal_error" if key == "schema":
            return (f"schema {value!r} is not one this version reads;",
                    f"it reads {model.model_fields['schema_'].default!r}: update xtal, or write the job for this version.")  # fmt: skip
        case "literal_error":
            return f"{value!r} is not allowed;", f"allowed: {detail.get('ctx', {}).get('expected', '')}."
        case "value_error":
            return str(detail["msg"]).removeprefix("Value error, ") + ";", "see the table of job keys."
        case "list_type" if isinstance(value, dict) and len(detail["loc"]) == 1:
            return f"table [{key}] found;", f"write [[{key}]]: there may be several."
        case "list_type" if isinstance(value, dict):
            return (
                f"table {value!r} found;",
                f'quote a dotted name, or it means a table: "{_dotted(key, value)}" = […].',
            )
        case "float_type" if isinstance(value, dict):
            return f"table {value!r} found;", f'quote a dotted name, or it means a table: "{_dotted(key, value)}" = …'
        case _:
            return f"{value!r} found;", f"{detail['msg'][0].lower()}{detail['msg'][1:]}."


def _dotted(key: str, table: dict[str, Any]) -> str:
    """The dotted name that a table of tables was meant to be."""
    inner, value = next(iter(table.items()), ("…", None))
    name = f"{key}.{inner}"
    return _dotted(name, value) if isinstance(value, dict) else name


def _known_keys(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Keys of the table in which an unknown key was found."""
    table: Any = model
    for part in location[:-1]:
        if isinstance(part, str) and isinstance(table, type) and issubclass(table, BaseModel):
            by_alias = {info.alias or name: info.annotation for name, info in table.model_fields.items()}
            # A part that is no key is a name in a dict of tables, or one of pydantic's own words for a choice of types.
            table = _inner_model(by_alias[part]) if part in by_alias else table
    if not (isinstance(table, type) and issubclass(table, BaseModel)):
        return []
    return [info.alias or name for name, info in table.model_fields.items()]


def _inner_model(annotation: Any) -> Any:
    """The table model inside ``list[Model]``, ``dict[str, Model]`` or ``str | Model``."""
    if get_origin(annotation) is Annotated:
        return _inner_model(get_args(annotation)[0])
    if get_origin(annotation) in (list, dict, Union, UnionType):
        inner = [_inner_model(part) for part in get_args(annotation)]
        return next((part for part in inner if part is not None), None)
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None
