"""Tables of a result for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from ..result import CELL_NAMES, format_value

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ..result import Agreement, PhaseResult, Result, Value

__all__ = ["checks_table", "defence_lines", "information_lines", "phases_table", "print_result"]

PLAIN_WIDTH = 400
SEVERITY_STYLES = {"severe": "bold red", "warning": "yellow", "info": "dim"}
VERDICT_STYLES = {"pass": "bold green", "review": "bold yellow", "fail": "bold red"}
CELL_UNITS = {"a": "Å", "b": "Å", "c": "Å", "alpha": "°", "beta": "°", "gamma": "°"}
CELL_SIGNS = {"alpha": "α", "beta": "β", "gamma": "γ"}


def print_result(result: Result, console: Console) -> None:
    """Verdict, message, agreement, phases and checks; plain lines where the console is not a terminal."""
    plain = not console.is_terminal
    if plain:
        console = _wide_console(console)
    console.print(Text.assemble((result.verdict, VERDICT_STYLES.get(result.verdict, "")), f"  {result.message}"))
    if result.agreement is not None:
        console.print(
            f"Rwp {100 * result.agreement.rwp:.2f} %, Rexp {100 * result.agreement.rexp:.2f} %, "
            f"GOF {result.agreement.gof:.2f}{_serial(result.agreement)}",
            highlight=False,
        )
    console.print(phases_table(result, plain=plain))
    console.print(checks_table(result, plain=plain))
    for line in (*corrected_lines(result), *information_lines(result), *defence_lines(result)):
        console.print(Text(line))


def _serial(agreement: Agreement) -> str:
    factor = agreement.serial_correlation
    return "" if factor is None else f"; esds times {factor:.1f} for serially correlated residuals (Bérar–Lelann)"


def phases_table(result: Result, *, plain: bool = False) -> RenderableType:
    """Weight fraction, share in its group and cell of every phase.

    Parameters
    ----------
    result : Result
        What a refinement found.
    plain : bool
        Without lines and colours, for files and pipes.
    """
    if not result.phases:
        return Text("No phase was refined.")
    groups = {phase: name for name, members in result.groups.items() for phase in members}
    table = _table(plain)
    for heading in ("phase", "wt%", "share in group", "cell"):
        table.add_column(heading, no_wrap=True)
    table.add_column("structure", no_wrap=True)
    for name, phase in result.phases.items():
        share = _percent(phase.group_share, 1)
        group = f"{share} % of {groups[name]}" if name in groups and phase.group_share.value is not None else share
        cells = (name, _percent(phase.weight_fraction, 2), group, _cell(phase), phase.quality)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def checks_table(result: Result, *, plain: bool = False) -> RenderableType:
    """What the checks found, the severe first; one line when they found nothing."""
    if not result.checks:
        return Text("No check found anything.")
    table = _table(plain)
    table.add_column("check", no_wrap=True)
    table.add_column("phase", no_wrap=True)
    table.add_column("finding", overflow="fold")
    order = list(SEVERITY_STYLES)
    for check in sorted(result.checks, key=lambda check: order.index(check.severity)):
        style = "" if plain else SEVERITY_STYLES[check.severity]
        table.add_row(Text(check.severity, style=style), Text(check.phase or "–"), Text(check.sentence))
    return table


def defence_lines(result: Result) -> list[str]:
    """What stands behind each fraction, a line for the verdict and one for the scattered starts."""
    lines = []
    for name, phase in result.phases.items():
        if phase.defence is None:
            continue
        if phase.defence.sentence:
            lines.append(f"{name}: {phase.defence.sentence}")
        starts = phase.defence.starts
        if starts is not None:
            spread = "–" if starts.spread is None else f"{100 * starts.spread:.3f} wt%"
            lines.append(
                f"{name}: {starts.n} scattered starts, spread {spread} (esd beside it in the table), "
                f"{starts.n_elsewhere} ended in another minimum, {starts.n_failed} failed."
            )
    return lines


def corrected_lines(result: Result) -> list[str]:
    """Fractions corrected for microabsorption, on one line; none when the job gives no grain size."""
    found = {name: phase.corrected_fraction for name, phase in result.phases.items()}
    listed = ", ".join(f"{name} {_percent(value, 2)}" for name, value in found.items() if value is not None)
    return [f"Corrected for microabsorption (Brindley, grain sizes of the job): {listed} wt%."] if listed else []


def information_lines(result: Result) -> list[str]:
    """Per refined occupancy, and displacement parameter of a light atom, how much of the pattern's information is its own."""
    lines = []
    for name, item in result.information.items():
        found = result.parameters[name]
        shared = (
            ""
            if item.most_shared_with is None
            else f"; shares most, {100 * item.shared:.0f} %, with {item.most_shared_with}"
        )
        lines.append(
            f"{name} {format_value(found.value, found.esd)}: {100 * item.independent:.2g} % of the information on it is its own{shared}."
        )
    return lines


def _wide_console(console: Console) -> Console:
    """The same output without rich's guess of 80 columns: what reads a pipe wants a row on a line."""
    from rich.console import Console

    return Console(file=console.file, width=PLAIN_WIDTH, no_color=True, highlight=False)


def _table(plain: bool) -> Table:
    return Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, header_style="" if plain else "bold")


def _percent(value: Value, decimals: int) -> str:
    if value.value is None:
        return "–"
    return format_value(100 * value.value, None if value.esd is None else 100 * value.esd, decimals)


def _cell(phase: PhaseResult) -> str:
    """The lengths that differ and the angles that aren't 90 or 120 degrees by symmetry, one per line."""
    lines: list[str] = []
    lengths: set[tuple[float, float | None]] = set()
    for name in CELL_NAMES:
        item = getattr(phase.cell, name)
        if (
            item.value is None
            or (name in "abc" and (item.value, item.esd) in lengths)
            or (name not in "abc" and item.esd is None)
        ):
            continue
        lengths.add((item.value, item.esd))
        text = format_value(item.value, item.esd, 5 if name in "abc" else 3)
        lines.append(f"{CELL_SIGNS.get(name, name)} {text} {CELL_UNITS[name]}")
    return "\n".join(lines)
