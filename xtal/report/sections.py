"""The parts of the report, each as HTML. All text that comes from a result is escaped here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ..plot.style import is_synthetic
from ..result import CELL_NAMES, CellResult, Check, ParameterResult, PhaseResult, Result
from .values import missing, number, percent, row, table, value_with_esd

__all__ = [
    "checks_section",
    "correlations_section",
    "head_section",
    "parameters_section",
    "phases_section",
    "provenance_section",
    "rwp_of",
    "stages_section",
]

VERDICTS = {
    "pass": "Pass: no check found anything that stands against these numbers.",
    "review": "Review: read the checks below before you use these numbers.",
    "fail": "Fail: don't use these numbers.",
}
STATUSES = {
    "converged": "the fit converged",
    "not_converged": "the fit did not converge",
    "timeout": "the fit ran out of time; the last completed stage is shown",
    "failed": "the fit failed",
}
QUALITIES = {
    "experiment": "from an experiment",
    "dft": "from a DFT calculation",
    "model": "a model, not a determined structure",
}
SEVERITIES = ("severe", "warning", "info")


def head_section(result: Result) -> str:
    """Title, verdict, message, agreement; says when the data are synthetic."""
    synthetic = (
        '<p class="synthetic">Synthetic data: computed, not measured.</p>' if is_synthetic(result.pattern) else ""
    )
    source = escape(str(result.pattern.get("source", "")))
    return (
        f"<header><h1>{escape(result.title)}</h1>{synthetic}"
        f'<div class="verdict {escape(result.verdict)}"><strong>{VERDICTS.get(result.verdict, escape(result.verdict))}</strong>'
        f"<p>{escape(result.message)}</p></div>"
        f"<p>Status: {STATUSES.get(result.status, escape(result.status))}. Engine: {escape(_engine(result))}. "
        f"Pattern: {source or '–'}.</p>{_agreement(result)}</header>"
    )


def phases_section(result: Result) -> str:
    """Fractions, cells, sizes and origin of every phase."""
    if not result.phases:
        return "<section><h2>Phases</h2><p>No phase was refined.</p></section>"
    groups = {phase: name for name, members in result.groups.items() for phase in members}
    fractions = table(
        "phases",
        "Shares of the crystalline phases in this job; an amorphous part is not seen.",
        ("phase", "weight / wt%", "share in its group / wt%", "intensity / %", "density / g cm⁻³", "size / nm",
         "microstrain", "structure"),
        (row(_fraction_cells(phase, groups.get(name)), escape(name)) for name, phase in result.phases.items()),
    )  # fmt: skip
    cells = table(
        "cells",
        "Refined cells.",
        ("phase", "space group", "a / Å", "b / Å", "c / Å", "α / °", "β / °", "γ / °", "volume / Å³"),
        (row(_cell_cells(phase), escape(name)) for name, phase in result.phases.items()),
    )
    structures = _corrected(result) + table(
        "structures",
        "Structures that the phases were refined from.",
        ("phase", "quality", "cell content", "source"),
        (row(_structure_cells(phase), escape(name)) for name, phase in result.phases.items()),
    )
    return f"<section><h2>Phases</h2>{fractions}{cells}{structures}</section>"


def _corrected(result: Result) -> str:
    """Fractions with and without Brindley's correction; empty when the job gives no grain size."""
    found = {name: phase for name, phase in result.phases.items() if phase.corrected_fraction is not None}
    if not found:
        return ""
    rows = (
        row((percent(phase.weight_fraction, 2), percent(phase.corrected_fraction, 2)), escape(name))
        for name, phase in found.items()
        if phase.corrected_fraction is not None
    )
    caption = "Microabsorption after Brindley with the grain sizes of the job; the esds take grain sizes and formula as exact."
    return table("corrected", caption, ("phase", "weight / wt%", "corrected for microabsorption / wt%"), rows)


def checks_section(result: Result) -> str:
    """What a referee would ask about, the severe first."""
    checks = sorted(result.checks, key=lambda check: SEVERITIES.index(check.severity))
    if not checks:
        return "<section><h2>Checks</h2><p>No check found anything.</p></section>"
    rows = (row(_check_cells(check)) for check in checks)
    return (
        f"<section><h2>Checks</h2>{table('checks', 'Findings.', ('severity', 'phase', 'what', 'code'), rows)}</section>"
    )


def parameters_section(result: Result) -> str:
    """Every parameter of the model with start, value, esd, bounds and the stages in which it was free."""
    stage_numbers = {stage.name: index for index, stage in enumerate(result.stages, start=1)}
    rows = (_parameter_row(name, item, stage_numbers) for name, item in result.parameters.items())
    caption = (
        "Lengths in Å, angles in degrees, U in Å², Gaussian variances in deg², sizes in nm. Numbers of stages as below."
    )
    headings = ("parameter", "start", "value", "esd", "min", "max", "free in stage")
    return (
        '<section><h2>Parameters</h2><p class="screen"><label>Show names with '
        '<input id="filter" type="search" placeholder="cell, u_iso …"></label> '
        '<label><input id="refined" type="checkbox"> only what was refined</label></p>'
        f"{table('parameters', caption, headings, rows)}</section>"
    )


def stages_section(result: Result) -> str:
    """What each stage freed and why, and where it got to."""
    rows = (
        row(
            (escape(stage.name), escape(" ".join((stage.why, *stage.notes)).strip()), _names(stage.free), f"{100 * stage.rwp:.2f}", f"{stage.seconds:.1f}",
             "yes" if stage.converged else "<strong>no</strong>"),
            str(index),
        )
        for index, stage in enumerate(result.stages, start=1)
    )  # fmt: skip
    headings = ("stage", "name", "why", "freed", "R<sub>wp</sub> / %", "seconds", "converged")
    return f"<section><h2>Stages</h2>{table('stages', 'In order.', headings, rows)}</section>"


def correlations_section(result: Result) -> str:
    """Pairs of parameters that the data can hardly tell apart."""
    if not result.correlations:
        return "<section><h2>Correlations</h2><p>No pair of parameters has |r| above 0.9.</p></section>"
    pairs = sorted(result.correlations, key=lambda pair: -abs(pair.r))
    rows = (row((escape(pair.first), escape(pair.second), f"{pair.r:+.3f}")) for pair in pairs)
    return f"<section><h2>Correlations</h2>{table('correlations', '|r| above 0.9.', ('first', 'second', 'r'), rows)}</section>"


def provenance_section(result: Result) -> str:
    """Inputs with their checksums, versions, command, seed, time."""
    rows = (row((escape(text),), escape(name)) for name, text in _flat(result.provenance))
    pattern = (row((escape(text),), escape(f"pattern {name}")) for name, text in _flat(result.pattern))
    return (
        "<section><h2>Provenance</h2>"
        f"{table('provenance', 'From what and by what this was made.', ('what', 'value'), [*rows, *pattern])}</section>"
    )


def _engine(result: Result) -> str:
    return " ".join(str(result.engine.get(key, "")) for key in ("name", "version")).strip()


def rwp_of(result: Result) -> str:
    """Agreement on one of several patterns, for its heading."""
    if result.agreement is None:
        return ""
    return f" · R<sub>wp</sub> {100 * result.agreement.rwp:.2f} %, GOF {result.agreement.gof:.2f}"


def _agreement(result: Result) -> str:
    agreement = result.agreement
    if agreement is None:
        return "<p>No stage was finished, so there are no figures of merit.</p>"
    figures = (("R<sub>wp</sub>", agreement.rwp), ("R<sub>exp</sub>", agreement.rexp), ("R<sub>p</sub>", agreement.rp))
    items = [f"<div><dt>{name}</dt><dd>{100 * value:.2f} %</dd></div>" for name, value in figures]
    items.append(f"<div><dt>GOF</dt><dd>{agreement.gof:.2f}</dd></div>")
    if agreement.serial_correlation is not None:
        items.append(f"<div><dt>esds × for serial correlation</dt><dd>{agreement.serial_correlation:.1f}</dd></div>")
    items.append(f"<div><dt>points</dt><dd>{agreement.n_points}</dd></div>")
    items.append(f"<div><dt>free parameters</dt><dd>{agreement.n_free}</dd></div>")
    return f'<dl class="figures">{"".join(items)}</dl>'


def _fraction_cells(phase: PhaseResult, group: str | None) -> Iterator[str]:
    yield percent(phase.weight_fraction, 2)
    share = percent(phase.group_share)
    yield f"{share} <small>of {escape(group)}</small>" if group and phase.group_share.value is not None else share
    yield percent(phase.intensity_share)
    for value, decimals in ((phase.density, 3), (phase.crystallite_size_nm, 1), (phase.microstrain, 5)):
        yield value_with_esd(value.value, value.esd, value.reason, decimals)
    yield _quality(phase)


def _quality(phase: PhaseResult) -> str:
    return f'<span class="quality {escape(phase.quality, quote=True)}">{escape(phase.quality)}</span>'


def _structure_cells(phase: PhaseResult) -> Iterator[str]:
    yield f"{_quality(phase)} {QUALITIES.get(phase.quality, 'of unknown quality')}"
    yield escape(phase.formula)
    yield escape(phase.source) or "–"


def _cell_cells(phase: PhaseResult) -> Iterator[str]:
    yield escape(phase.space_group)
    yield from (_cell_value(phase.cell, name) for name in CELL_NAMES)
    yield value_with_esd(phase.volume.value, phase.volume.esd, phase.volume.reason, 3)


def _cell_value(cell: CellResult, name: str) -> str:
    value = getattr(cell, name)
    return value_with_esd(value.value, value.esd, value.reason, 3 if name in CELL_NAMES[3:] else 5)


def _check_cells(check: Check) -> tuple[str, ...]:
    severity = f'<span class="severity {escape(check.severity)}">{escape(check.severity)}</span>'
    return severity, escape(check.phase or "–"), escape(check.sentence), f"<code>{escape(check.code)}</code>"


def _parameter_row(name: str, item: ParameterResult, stage_numbers: Mapping[str, int]) -> str:
    value = number(item.value) if item.esd is None else value_with_esd(item.value, item.esd, None)
    esd = missing(item.reason or (None if item.free else "fixed")) if item.esd is None else number(item.esd, 2)
    cells = (number(item.start), value, esd, number(item.min), number(item.max), _freedom(item, stage_numbers))
    return row(cells, escape(name))


def _freedom(item: ParameterResult, stage_numbers: Mapping[str, int]) -> str:
    """Numbers of the stages; a parameter that follows others has an esd without having been free."""
    if item.stages:
        numbers = ", ".join(str(stage_numbers.get(stage, escape(stage))) for stage in item.stages)
        return f'<span title="{escape(", ".join(item.stages), quote=True)}">{numbers}</span>'
    if item.free:
        return "not reached"
    if item.esd is not None:
        return f'<span title="{escape(item.reason or "follows other parameters", quote=True)}">tied</span>'
    return "fixed"


def _names(names: tuple[str, ...]) -> str:
    listed = "<br>".join(escape(name) for name in names)
    if len(names) <= 4:
        return listed or "nothing"
    return f"<details><summary>{len(names)} parameters</summary>{listed}</details>"


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}", "–" if value is None else str(value)
