"""What a refinement template says, as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["template_line", "template_text"]

WIDTH = 100


def template_line(template: Mapping[str, Any]) -> str:
    """Name and title of a template in one line."""
    about = template["template"]
    return f"{about['name']:<32}{about['title']}"


def template_text(template: Mapping[str, Any]) -> str:
    """Everything that a template says of itself: about, phases, parameters with limits, stages, literature, limits."""
    about = template["template"]
    parts = [
        f"{about['name']}: {about['title']}",
        _paragraph(about["about"]),
        _section("Phases", (_phase(phase) for phase in template.get("phase", []))),
        _section("Limits", _limits(template)),
        _section("Stages", (_stage(stage) for stage in template.get("stage", []))),
        _section("Literature", about["literature"]),
        _section("What it can't tell", about["cannot_tell"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _paragraph(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)


def _section(title: str, lines: Iterable[str]) -> str:
    items = [
        textwrap.fill(" ".join(line.split()), WIDTH, initial_indent="  ", subsequent_indent="    ") for line in lines
    ]
    return "\n".join([title, *items]) if items else ""


def _phase(phase: Mapping[str, Any]) -> str:
    name = phase.get("name") or phase["structure"]
    optional = f" (optional: --phase {name})" if phase.get("optional") else ""
    return f"{name}: {phase['structure']}{optional}. {phase.get('about', '')}"


def _limits(template: Mapping[str, Any]) -> list[str]:
    """Start values and bounds, of the whole model and of each phase, by their dotted names."""
    whole = [_limit(name, table.get("start"), table.get("min"), table.get("max"))
             for name, table in template.get("parameters", {}).items()]  # fmt: skip
    return whole + [line for phase in template.get("phase", []) for line in _phase_limits(phase)]


def _phase_limits(phase: Mapping[str, Any]) -> list[str]:
    starts, bounds = phase.get("start", {}), phase.get("bounds", {})
    owner = phase.get("name") or phase["structure"]
    return [
        _limit(f"phase.{owner}.{name}", starts.get(name), *bounds.get(name, (None, None)))
        for name in {**starts, **bounds}
    ]


def _limit(name: str, start: float | None, low: float | None, high: float | None) -> str:
    said = [f"start {start:g}"] if start is not None else []
    said += [f"at least {low:g}"] if low is not None else []
    said += [f"at most {high:g}"] if high is not None else []
    return f"{name}: {', '.join(said) or 'no limits'}"


def _stage(stage: Mapping[str, Any]) -> str:
    freed = f"frees {', '.join(stage['free'])}" if stage.get("free") else "frees nothing"
    when = f" (only with an instrument that is {stage['when']})" if stage.get("when") else ""
    return f"{stage['name']}: {freed}{when}. {stage.get('why', '')}"
