"""What things show in a notebook, asked of IPython itself; and the live refinement with and without widgets."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser

import pytest

import xtal
from xtal import notebook
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


def test_pattern_shows_a_picture_and_says_that_it_is_synthetic(shell, simulated):
    html = html_of(shell, simulated.pattern)
    assert 'src="data:image/png;base64,' in html and "synthetic" in html and "401 points" in html


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


def test_live_widget_follows_stage_rwp_and_curve(job, monkeypatch):
    pytest.importorskip("ipywidgets")
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(notebook, "_shows_widgets", lambda: True)
    result = notebook.live_refine(job)
    bar, line, image = shown[0].children
    assert bar.value == bar.max == len(job.stages)
    assert f"Rwp {100 * result.agreement.rwp:.2f} %" in line.value
    assert bytes(image.value).startswith(b"\x89PNG")


def test_importing_the_notebook_module_loads_nothing_heavy():
    code = "import sys, xtal.notebook; print([m for m in ('IPython', 'ipywidgets', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
