"""What a referee would ask about a refinement, asked before the user publishes.

Each check is a small function of `Evidence` that yields `Check` values; a severe one makes the verdict ``review``.
docs/how-to/read-the-checks.md explains every code.
"""

from __future__ import annotations

from typing import Any

from ..result import Check, Status, Verdict
from .evidence import Evidence
from .light_sites import light_parameter_checks, light_site_checks
from .likeness import likeness_checks
from .measurement import measurement_checks
from .parameters import parameter_checks
from .pattern import pattern_checks
from .phases import phase_checks

__all__ = ["Evidence", "run_checks", "verdict_of"]

_ORDER = {"severe": 0, "warning": 1, "info": 2}


def run_checks(**evidence: Any) -> tuple[Check, ...]:
    """All checks of a fit, severe ones first; keywords as in `Evidence`."""
    facts = Evidence(**evidence)
    found = [
        *parameter_checks(facts),
        *phase_checks(facts),
        *pattern_checks(facts),
        *light_site_checks(facts),
        *light_parameter_checks(facts),
        *likeness_checks(facts),
        *measurement_checks(facts),
    ]
    said = [text for text in facts.engine_warnings if not _is_said(text, found)]
    found += [Check("engine-warning", "info", None, text) for text in said]
    return tuple(sorted(found, key=lambda check: _ORDER[check.severity]))


def _is_said(text: str, found: list[Check]) -> bool:
    """Whether a check says, with a remedy, what an engine says of a bound or a correlation."""
    start = text.removesuffix(".").replace(": at bound", " stopped at its ")
    return any(check.sentence.startswith(start) for check in found)


def verdict_of(status: Status, checks: tuple[Check, ...]) -> Verdict:
    """``fail`` for a fit that failed or ran out of time, ``review`` for anything severe, else ``pass``."""
    if status in ("failed", "timeout"):
        return "fail"
    if status == "not_converged" or any(check.severity == "severe" for check in checks):
        return "review"
    return "pass"
