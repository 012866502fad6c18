"""The report says everything, escapes everything and loads nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from xtal.report.html import report_html
from xtal.result import Check, RestraintResult

VOID = {"meta", "link", "input", "br", "rect", "path"}


class Document(HTMLParser):
    """Texts of table rows by table id, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.errors: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in named.items()]
        if tag == "table":
            self.tables[named["id"]] = []
        elif tag == "tr":
            self._rows().append([])
        elif tag in ("td", "th"):
            self._rows()[-1].append("")
        elif tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif "td" in self.open or "th" in self.open:
            self._rows()[-1][-1] += data

    def _rows(self) -> list[list[str]]:
        return list(self.tables.values())[-1]


@pytest.fixture
def document(result) -> Document:
    return Document(report_html(result))


def test_the_report_is_well_formed(document):
    assert document.errors == [] and document.open == []
    assert set(document.tables) == {
        "phases", "cells", "structures", "checks", "parameters", "stages", "correlations", "provenance"
    }  # fmt: skip


def test_nothing_is_loaded_from_anywhere(document, result):
    loading = [item for item in document.attributes if item[1] in ("src", "href", "action", "srcset", "poster", "data")]
    assert loading == [("link", "href", "data:,")]
    assert ("meta", "http-equiv", "Content-Security-Policy") in document.attributes
    text = report_html(result)
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    assert set(re.findall(r"\w+://[^\"'\s<]+", text)) == {"http://www.w3.org/2000/svg"}


def test_every_parameter_is_in_the_table(document, result):
    rows = {cells[0]: cells[1:] for cells in document.tables["parameters"][1:]}
    assert set(rows) == set(result.parameters)
    assert rows["phase.cubic.cell.a"] == ["3.913", "3.91100(14)", "0.00014", "3.8", "4.1", "2"]
    assert rows["pattern.background.c0"][-1] == "1, 2, 3"
    assert rows["phase.lif.site.Cl1.u_iso"][-1] == "fixed"


def test_a_missing_esd_is_a_dash_with_its_reason(document):
    rows = {cells[0]: cells[1:] for cells in document.tables["parameters"][1:]}
    assert rows["phase.cubic.site.Cl1.u_iso"][2] == "– (held at its start value)"
    assert ("span", "title", "held at its start value") in document.attributes
    assert ("span", "title", "fixed by symmetry") in document.attributes


def test_phases_show_fractions_in_percent_and_models_are_called_so(document):
    rows = {cells[0]: cells[1:] for cells in document.tables["phases"][1:]}
    assert rows["cubic"][:2] == ["45.5(3)", "91.2(8) of Li2OHCl"]
    assert rows["cubic"][-1] == "model" and rows["llto"][-1] == "experiment"
    structures = {cells[0]: cells[1:] for cells in document.tables["structures"][1:]}
    assert structures["cubic"][0] == "model a model, not a determined structure"
    assert structures["cubic"][2] == "Made up for tests <b>&</b> marked so"


def test_a_parameter_that_follows_others_is_called_tied(result):
    tied = replace(result.parameters["pattern.zero"], free=False, stages=(), reason="equals another")
    document = Document(report_html(replace(result, parameters={"phase.a.site.O1.u_iso": tied})))
    assert document.tables["parameters"][1][-1] == "tied"


def test_checks_are_listed_the_severe_first(document):
    assert [cells[0] for cells in document.tables["checks"][1:]] == ["severe", "warning", "info"]


def test_verdict_and_message_come_before_every_table(result):
    text = report_html(result)
    assert text.index("Review: read the checks") < text.index(result.message) < text.index("<table")


def test_synthetic_data_are_called_synthetic_and_measured_data_are_not(result):
    assert "Synthetic data: computed, not measured." in report_html(result)
    assert "Synthetic data" not in report_html(replace(result, pattern={"source": "pellet.xy"}))


def test_text_of_the_result_can_not_become_markup(result):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
    phases = {evil: result.phases["cubic"], **result.phases}
    checks = (Check(evil, "severe", evil, evil),)
    attacked = replace(
        result,
        title=evil,
        message=evil,
        phases=phases,
        checks=checks,
        reflections={evil: result.reflections["cubic"]},
        provenance={evil: {evil: evil}},
        pattern={"source": evil},
    )
    document = Document(report_html(attacked))
    assert document.errors == [] and len(document.scripts) == 2
    assert not any(name.startswith("on") for _, name, _ in document.attributes)
    assert not any(tag == "img" for tag, _, _ in document.attributes)
    assert document.tables["checks"][1][2] == evil
    assert json.loads(document.scripts[0])["phases"][0]["name"] == evil


def test_the_plot_data_are_the_curves_of_the_result(document, result):
    data = json.loads(document.scripts[0])
    assert data["x"] == pytest.approx(result.profile.x)
    assert data["curves"]["observed"] == pytest.approx(result.profile.observed)
    assert data["curves"]["calculated"] == pytest.approx(result.profile.calculated, abs=0.5)
    assert [phase["name"] for phase in data["phases"]] == ["cubic", "llto", "lif"]
    assert data["phases"][0]["ticks"][0][1] == "1 0 0"


def test_a_failed_fit_has_a_report_that_says_so(result):
    failed = replace(result, status="failed", verdict="fail", message="The engine died.", agreement=None, profile=None,
                     phases={}, checks=(), correlations=(), stages=())  # fmt: skip
    text = report_html(failed)
    assert Document(text).errors == []
    assert "Fail: don't use these numbers." in text and "The engine died." in text
    assert re.search(r'id="data">null</script>', text)


def test_restraints_and_what_wildcards_passed_over_are_shown(result):
    restraint = RestraintResult("rutile", "Ti1", "O1", 1.96, 0.02, 1.0, 6, 1.9573, 3.51)
    first = replace(result.stages[0], notes=("zno: Zn1.z is held.",))
    shown = replace(result, restraints=(restraint,), stages=(first, *result.stages[1:]))
    tables = Document(report_html(shown)).tables
    assert tables["restraints"][1] == ["rutile: Ti1–O1", "1.960(0.020)", "6", "1.9573", "3.5"]
    assert "Zn1.z is held" in tables["stages"][1][2]
    assert "restraints" not in Document(report_html(result)).tables
