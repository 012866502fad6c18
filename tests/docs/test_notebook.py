"""What things show in a notebook, asked of IPython itself; and the live refinement with and without widgets."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import xtal
from xtal import notebook, notebook_live, notebook_parts
from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.synthetic import laboratory_instrument

IPython = pytest.importorskip("IPython")


@pytest.fixture(scope="module")
def shell():
    return IPython.core.interactiveshell.InteractiveShell.instance()


@pytest.fixture(scope="module")
def simulated():
    return simulate_pattern(
        [(xtal.reference_structure("lif"), 1.0, PhaseProfile(size_nm=80.0))],
        laboratory_instrument(),
        axis_points(36.0, 48.0, 0.03),
        counts=2000.0,
        seed=3,
    )


@pytest.fixture(scope="module")
def job(simulated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    xtal.write_pattern(simulated.pattern, folder / "lif.xye")
    instrument = xtal.write_instrument(laboratory_instrument(), folder / "instrument.toml")
    return xtal.job_from_template(
        "quantitative-phase-analysis", folder / "lif.xye", phases=["lif"], instrument=str(instrument)
    )


LIGHT_JOB = """
[pattern]
instrument = "instrument.toml"
[background]
terms = 2
[[phase]]
structure = "lif"
[[stage]]
name = "scale"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cell"
free = ["phase.*.cell"]
"""
LIGHT_SERIES = """
schema = "xtal-series/1"
title = "synthetic light series"
job = "job.toml"
[patterns]
glob = "lif_*.xye"
[axis]
name = "step"
from = "order"
"""
LIBRARY = "window.Plotly = Plotly"


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Four frames of lithium fluoride, refined."""
    from xtal.io.series_files import read_series_file
    from xtal.series.run import RunOptions, run_series
    from xtal.series.series import Series

    folder = tmp_path_factory.mktemp("series")
    for index in range(4):
        made = simulate_pattern([(xtal.reference_structure("lif"), 1.0, PhaseProfile(size_nm=80.0))], laboratory_instrument(),
                                axis_points(36.0, 48.0, 0.03), counts=2000.0, seed=index)  # fmt: skip
        xtal.write_pattern(made.pattern, folder / f"lif_{index}.xye")
    xtal.write_instrument(laboratory_instrument(), folder / "instrument.toml")
    (folder / "job.toml").write_text(LIGHT_JOB, encoding="utf-8")
    (folder / "series.toml").write_text(LIGHT_SERIES, encoding="utf-8")
    run_series(read_series_file(folder / "series.toml"), folder / "out", RunOptions(workers=1))
    with Series(folder / "out") as opened:
        yield opened


@pytest.fixture
def fresh_page(monkeypatch):
    """A notebook that has shown no figure yet."""
    monkeypatch.setattr(notebook_parts, "_library_shown", {})
    monkeypatch.delenv("XTAL_PLOTLYJS", raising=False)


class Tags(HTMLParser):
    """Refuses tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def html_of(shell, thing) -> str:
    """What IPython would send to the notebook."""
    data, _ = shell.display_formatter.format(thing)
    tags = Tags()
    tags.feed(data["text/html"])
    assert tags.open == []
    return data["text/html"]


def test_structure_shows_formula_cell_and_sites(shell):
    html = html_of(shell, xtal.reference_structure("li2ohcl-cubic"))
    assert "Li2OHCl" in html and "<td>Cl1</td>" in html and "3.911" in html and "model" in html


def plotly_spec(html: str) -> dict:
    """Data and layout of the last figure in a fragment."""
    return json.loads(re.findall(r"const spec = (.*);$", html, re.MULTILINE)[-1])


def numbers(array: dict) -> np.ndarray:
    """Numbers of a trace as plotly writes them."""
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"])


def test_pattern_shows_a_figure_with_units_and_says_that_it_is_synthetic(shell, simulated):
    html = html_of(shell, simulated.pattern)
    assert 'src="data:image/png;base64,' in html and "synthetic" in html and "401 points" in html
    layout = plotly_spec(html)["layout"]
    assert layout["xaxis"]["title"]["text"] == "2θ (°)" and layout["yaxis"]["title"]["text"] == "intensity (counts)"


def test_figure_holds_the_pattern_that_it_shows(shell, simulated):
    (trace,) = plotly_spec(html_of(shell, simulated.pattern))["data"]
    assert numbers(trace["x"]) == pytest.approx(simulated.pattern.x, abs=1e-4)
    assert numbers(trace["y"]) == pytest.approx(simulated.pattern.intensity, rel=1e-6)


def test_plotly_comes_once_with_the_first_figure_and_nothing_from_a_network(simulated, fresh_page):
    first, second = (simulated.pattern._repr_html_() for _ in range(2))
    assert LIBRARY in first and LIBRARY not in second
    assert re.findall(r"https?://", second) == []


def test_the_cell_that_brought_plotly_brings_it_again_when_it_is_run_again(simulated, fresh_page, monkeypatch):
    shown = []
    for cell in (("a", 1), ("a", 1), ("b", 2), ("a", 3), ("b", 4), (None, 5)):
        monkeypatch.setattr(notebook_parts, "_running_cell", lambda cell=cell: cell)
        shown.append(LIBRARY in simulated.pattern._repr_html_())
    assert shown == [True, False, False, True, False, False]


def test_plotly_is_left_out_where_the_page_has_it(simulated, fresh_page, monkeypatch):
    monkeypatch.setenv("XTAL_PLOTLYJS", "page")
    assert LIBRARY not in simulated.pattern._repr_html_()


def test_series_shows_its_frames_and_a_map(shell, series):
    html = html_of(shell, series)
    assert "synthetic light series" in html and "4 frames, 4 of 4 refinements done" in html
    assert "Synthetic patterns: square root of intensity" in html and "<th>lif.cell.a (Å)</th>" in html
    (trace,) = plotly_spec(html)["data"]
    assert trace["type"] == "heatmap" and trace["z"]["shape"] == "4, 401"


def test_series_without_curves_still_shows_its_frames(shell, series, monkeypatch):
    monkeypatch.setattr(type(series), "curves", lambda self, frame: None)
    html = html_of(shell, series)
    assert "<table>" in html and "xtal-plot" not in html


def test_quantities_of_a_series_have_error_bars_and_units(series):
    from xtal.plot.interactive import interactive_quantities

    figure = interactive_quantities(series, ["phase.lif.cell.a", "phase.lif.volume"])
    assert [len(trace.error_y.array) for trace in figure.data] == [4, 4]
    assert figure.layout.yaxis.title.text == "lif.cell.a (Å)" and figure.layout.yaxis2.title.text == "lif.volume (Å³)"


def test_reflections_show_a_table(shell):
    html = html_of(shell, xtal.calculate_reflections(xtal.reference_structure("lif"), d_min=1.0))
    assert "<td>1 1 1</td>" in html and "d (Å)" in html


def test_match_shows_area_strain_and_orientation(shell):
    from xtal.interface.coincidence import Limits, search_planes

    film, oxide = xtal.find_structure("li2ohcl-cubic"), xtal.find_structure("llto")
    match = search_planes(film, oxide, Limits(max_area=40, max_strain=0.02), planes=[((1, 0, 0), (0, 0, 1))])[0]
    html = html_of(shell, match)
    assert f"{3.869**2:.2f} Å²" in html and "llto" in html and "∥" in html


def test_projection_draws_itself(shell):
    from xtal.reciprocal import View, project

    data, _ = shell.display_formatter.format(project(xtal.find_structure("llto"), View.along_zone(0, 0, 1), g_max=0.8))
    assert "<svg" in data["image/svg+xml"]


def test_table_is_html_in_a_notebook_and_text_elsewhere(shell):
    table = notebook.Table(("a", "b"), [(1, "<2>"), ("long cell", 3)], "Synthetic.")
    assert "&lt;2&gt;" in html_of(shell, table) and "<caption>Synthetic.</caption>" in html_of(shell, table)
    assert str(table) == "a          b\n1          <2>\nlong cell  3\nSynthetic."


def test_picture_has_its_caption(shell):
    from matplotlib.figure import Figure

    html = html_of(shell, notebook.Picture(Figure(), "Measured: nothing."))
    assert "<figcaption>Measured: nothing.</figcaption>" in html and "<img" in html


def test_live_refinement_prints_stages_where_there_are_no_widgets_and_its_result_shows_itself(job, shell, capsys):
    result = notebook.live_refine(job)
    printed = capsys.readouterr().out.splitlines()
    assert result.status == "converged"
    assert [line.split(":")[0] for line in printed] == [f"stage {n + 1}" for n in range(len(job.stages))]
    assert f"Rwp {100 * result.agreement.rwp:.2f} %" in printed[-1]
    html = html_of(shell, result)
    assert "lif" in html and "verdict" in html and "Synthetic pattern" in html and 'src="data:image/png' in html
    names = [trace["name"] for trace in plotly_spec(html)["data"]]
    assert names == ["observed", "calculated", "background", "lif", "difference"]


def test_figure_of_a_refinement_tells_the_indices_of_each_line_and_has_gaps_where_a_region_was_left_out(job, simulated):
    from xtal.plot.interactive import interactive_refinement

    result = xtal.refine(job)
    keep = (simulated.pattern.x < 40) | (simulated.pattern.x > 42)
    profile = result.profile
    arrays = {name: getattr(profile, name)[keep] for name in ("x", "observed", "sigma", "calculated", "background")}
    figure = interactive_refinement(replace(result, profile=replace(profile, phases={}, **arrays)))
    d_111 = result.phases["lif"].cell.a.value / 3**0.5
    assert figure.data[3].text[0] == f"lif 1 1 1, d = {d_111:.4f} Å"
    assert np.isnan(figure.data[1].y).sum() == 1
    with pytest.raises(ValueError, match="without a profile"):
        interactive_refinement(replace(result, profile=None))


def test_live_widget_follows_stage_rwp_and_curve(job, monkeypatch):
    pytest.importorskip("ipywidgets")
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(notebook_live, "shows_widgets", lambda: True)
    result = notebook.live_refine(job)
    bar, line, image = shown[0].children
    assert bar.value == bar.max == len(job.stages)
    assert f"Rwp {100 * result.agreement.rwp:.2f} %" in line.value
    assert bytes(image.value).startswith(b"\x89PNG")


def test_importing_the_notebook_module_loads_nothing_heavy():
    code = "import sys, xtal.notebook; print([m for m in ('IPython', 'ipywidgets', 'matplotlib', 'plotly') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
