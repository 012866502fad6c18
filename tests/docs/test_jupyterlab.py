"""A notebook in a real JupyterLab, looked at by a headless Chromium without a network; then exported to HTML and looked at again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.lab import browser_page, find_browser, jupyterlab, waited

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("documentation")]

CELLS = (
    """import tempfile
from pathlib import Path
import xtal
from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.synthetic import laboratory_instrument
xtal.reference_structure("lif")""",
    """made = simulate_pattern([(xtal.reference_structure("lif"), 1.0, PhaseProfile(size_nm=80.0))], laboratory_instrument(),
                         axis_points(36.0, 48.0, 0.03), counts=2000.0, seed=3)
made.pattern""",
    """xtal.calculate_reflections(xtal.reference_structure("lif"), d_min=1.0)""",
    """from xtal.notebook import live_refine
folder = Path(tempfile.mkdtemp())
xtal.write_pattern(made.pattern, folder / "lif.xye")
device = xtal.write_instrument(laboratory_instrument(), folder / "instrument.toml")
job = xtal.job_from_template("quantitative-phase-analysis", folder / "lif.xye", phases=["lif"], instrument=str(device))
result = live_refine(job)
result""",
)
DRAWN = "document.querySelectorAll('.xtal-plot.js-plotly-plot .main-svg').length > 0 ? document.querySelectorAll('.xtal-plot.js-plotly-plot').length : 0"
N_FIGURES = 2
PANEL = "[...jupyterapp.shell.widgets('main')].find(one => one.context && one.context.path === 'smoke.ipynb')"
READY = f"(() => {{ const panel = {PANEL}; jupyterapp.shell.activateById(panel.id); return panel.sessionContext.session.kernel.status; }})()"
STATE = """(() => {
  const panel = PANEL;
  const cells = panel.content.widgets;
  return {run: cells.filter(cell => cell.model.executionCount).length,
          faults: cells.flatMap(cell => cell.model.outputs ? cell.model.outputs.toJSON() : [])
                       .filter(one => one.output_type === 'error').map(one => one.evalue)};
})()""".replace("PANEL", PANEL)


@pytest.fixture(scope="module")
def browser() -> str:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) to test notebooks in JupyterLab")
    return found


@pytest.fixture(scope="module")
def seen(browser, repository, tmp_path_factory) -> dict:
    """What the browser shows of the notebook in JupyterLab, and of its export."""
    for part in ("jupyterlab", "nbconvert", "ipywidgets", "ipykernel", "websocket"):
        pytest.importorskip(part, reason="the JupyterLab test needs pip install '.[dev]'")
    home = tmp_path_factory.mktemp("home")
    notebook = write_notebook(tmp_path_factory.mktemp("notebooks") / "smoke.ipynb")
    with browser_page(browser, home) as page:
        with jupyterlab(notebook.parent, home, repository) as address:
            page.open(f"{address}/lab/tree/{notebook.name}?reset")
            waited(lambda: page.value(READY) == "idle", "a kernel")
            # Ends when every cell has.
            page.value("jupyterapp.commands.execute('notebook:run-all-cells').then(() => 1)")
            found = {"state": waited(lambda: is_run(page), "every cell has run")}
            waited(lambda: page.value(DRAWN) == N_FIGURES, "every figure is drawn")
            found["text"] = page.value("document.body.innerText")
            found["bar"] = page.value(
                "document.querySelector('.widget-hprogress [role=progressbar], .widget-hprogress .progress-bar')?.outerHTML"
            )
            page.value("jupyterapp.commands.execute('docmanager:save').then(() => 1)")
        page.open(exported(notebook).as_uri())
        waited(lambda: page.value(DRAWN) == N_FIGURES, "the export draws every figure")
        found["export"] = page.value("document.body.innerText")
    return found


def write_notebook(file: Path) -> Path:
    import nbformat

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, file)
    return file


def is_run(page) -> dict | None:
    state = page.value(STATE)
    return state if state and (state["run"] == len(CELLS) or state["faults"]) else None


def exported(notebook: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", str(notebook)], check=True, capture_output=True, timeout=120
    )
    return notebook.with_suffix(".html")


def test_every_cell_runs_in_jupyterlab(seen):
    assert seen["state"] == {"run": len(CELLS), "faults": []}


def test_jupyterlab_shows_structure_reflections_and_result(seen):
    assert "F m -3 m" in seen["text"] and "2θ" in seen["text"] and "verdict" in seen["text"]


def test_jupyterlab_shows_the_live_refinement(seen):
    assert seen["bar"] and "Rwp" in seen["text"]


def test_exported_page_draws_the_figures_without_a_network(seen):
    assert "verdict" in seen["export"]
