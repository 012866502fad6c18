"""Tables for the terminal are plain text when nobody looks at a terminal."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from xtal.cli.tables import checks_table, phases_table, print_result
from xtal.result import Value


def _printed(result, **options) -> str:
    console = Console(file=StringIO(), **options)
    print_result(result, console)
    return console.file.getvalue()


def test_plain_output_has_one_row_per_line_and_no_decoration(result):
    lines = _printed(result).splitlines()
    assert lines[0].startswith("review  The fit converged after 3 stages.")
    assert "\x1b" not in "".join(lines) and "─" not in "".join(lines)
    cubic = next(line for line in lines if line.startswith("cubic"))
    assert cubic.split("  ")[0] == "cubic"
    for text in ("45.5(3)", "91.2(8) % of Li2OHCl", "a 3.91100(14) Å", "model"):
        assert text in cubic


def test_a_terminal_gets_colours(result):
    assert "\x1b[1;33mreview" in _printed(result, force_terminal=True, color_system="standard", width=100)


def test_names_in_square_brackets_are_not_taken_for_markup(result):
    named = replace(result, phases={"[bold]x[/bold]": result.phases["cubic"]}, message="[red]no[/red]")
    text = _printed(named)
    assert "[bold]x[/bold]" in text and "[red]no[/red]" in text


def test_cells_show_each_length_that_differs_and_each_refined_angle(result):
    phase = result.phases["cubic"]
    cell = replace(phase.cell, b=Value(7.8, 0.002), c=Value(7.9, 0.002), beta=Value(94.21, 0.03))
    text = _printed(replace(result, phases={"mono": replace(phase, cell=cell)}))
    for expected in ("a 3.91100(14) Å", "b 7.800(2) Å", "c 7.900(2) Å", "β 94.21(3) °"):
        assert expected in text
    assert "α" not in text


def test_empty_tables_are_sentences(result):
    assert str(phases_table(replace(result, phases={}))) == "No phase was refined."
    assert str(checks_table(replace(result, checks=()))) == "No check found anything."
