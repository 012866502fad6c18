"""The report in a real browser: it draws, it zooms, it complains of nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from xtal.report.html import report_html

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip

# What a person does, as events: hover, zoom by key, by wheel and by dragging, hide a curve, filter the parameters.
PERSON = """
<script>
const said = (name, value) => { document.documentElement.dataset[name] = value; };
const svg = document.querySelector("#plot svg");
const frame = svg.getBoundingClientRect();
const at = (part) => ({ clientX: frame.left + part * frame.width, clientY: frame.top + 100, bubbles: true, button: 0,
                        cancelable: true, pointerId: 1, ctrlKey: true });
const ticks = () => [...svg.querySelectorAll("text[text-anchor=middle]:not(.name)")].map((node) => node.textContent).join(" ");
svg.setPointerCapture = () => {};
said("full", ticks());
svg.dispatchEvent(new PointerEvent("pointermove", at(0.4)));
said("note", document.getElementById("note").textContent);
svg.dispatchEvent(new KeyboardEvent("keydown", { key: "+", bubbles: true }));
said("key", ticks());
svg.dispatchEvent(new WheelEvent("wheel", { ...at(0.5), deltaY: -100 }));
said("wheel", ticks());
svg.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
said("reset", ticks());
svg.dispatchEvent(new PointerEvent("pointerdown", at(0.3)));
svg.dispatchEvent(new PointerEvent("pointermove", at(0.35)));
said("selection", svg.querySelectorAll(".selection").length);
svg.dispatchEvent(new PointerEvent("pointerup", at(0.4)));
said("drag", ticks());
const boxes = Object.fromEntries([...document.querySelectorAll("#controls label")].map((label) => [label.textContent, label.control]));
said("before", svg.querySelectorAll(".ticks, #calculated").length);
boxes["calculated"].click(); boxes["llto"].click();
said("after", svg.querySelectorAll(".ticks, #calculated").length);
boxes["phase profiles"].click(); boxes["square root"].click(); boxes["difference / σ"].click();
said("broken", svg.innerHTML.includes("NaN"));
const filter = document.getElementById("filter");
filter.value = "cubic cell"; filter.dispatchEvent(new Event("input"));
const rows = () => [...document.querySelectorAll("#parameters tbody tr")].filter((row) => !row.hidden).map((row) => row.cells[0].textContent).join(" ");
said("rows", rows());
filter.value = "lif"; document.getElementById("refined").click();
said("refined", rows());
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) to test the report in a browser")
    return found


def _run(browser: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", *options, (folder / "report.html").as_uri()]
    environment = {**os.environ, "HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)


def _dom(browser: str, folder: Path, text: str) -> tuple[str, dict[str, str], list[str]]:
    """Document after scripts ran, data attributes of its root, lines of the console."""
    (folder / "report.html").write_text(text, encoding="utf-8")
    done = _run(
        browser,
        folder,
        "--enable-logging=stderr",
        "--virtual-time-budget=5000",
        "--window-size=1200,1000",
        "--dump-dom",
    )
    head = re.search(r"<html[^>]*>", done.stdout)
    assert head, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, dict(re.findall(r'data-([\w-]+)="([^"]*)"', head[0])), console


def test_the_report_draws_its_plot_and_tables_without_a_complaint(browser, result, tmp_path):
    dom, said, console = _dom(browser, tmp_path, report_html(result))
    assert console == []
    assert said == {"drawn": "yes"}
    for curve in ("observed", "calculated", "difference"):
        path = re.search(rf'<path[^>]*id="{curve}"[^>]*>', dom)
        assert path and len(re.search(r' d="([^"]*)"', path[0])[1]) > 5000, curve
    assert len(re.findall(r'class="ticks"', dom)) == 3
    for table in ("phases", "cells", "structures", "checks", "parameters", "stages", "correlations", "provenance"):
        assert f'<table id="{table}"' in dom


def test_the_plot_zooms_resets_hides_and_explains(browser, result, tmp_path):
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report_html(result))
    _, said, console = _dom(browser, tmp_path, text.replace("</body>", PERSON + "</body>"))
    assert console == [] and "error" not in said
    assert said["full"] == "20 30 40 50 60 70 80"
    assert said["reset"] == said["full"]
    assert len({said[name] for name in ("full", "key", "wheel", "drag")}) == 4
    assert said["note"].startswith("2θ ") and "observed " in said["note"] and "σ" in said["note"]
    assert (said["selection"], said["before"], said["broken"]) == ("1", "4", "false")
    assert said["after"] == "2"
    assert said["rows"] == "phase.cubic.cell.a"
    assert said["refined"] == "phase.lif.scale phase.lif.cell.a"


def test_a_script_in_the_title_does_not_run(browser, result, tmp_path):
    evil = "<script>document.documentElement.dataset.evil = 'ran'</script>"
    _, said, console = _dom(browser, tmp_path, report_html(replace(result, title=evil, message=evil)))
    assert said == {"drawn": "yes"} and console == []


def test_the_page_forbids_scripts_that_are_not_its_own(browser, result, tmp_path):
    injected = "<script>document.documentElement.dataset.evil = 'ran'</script></body>"
    _, said, console = _dom(browser, tmp_path, report_html(result).replace("</body>", injected))
    assert "evil" not in said and any("Content Security Policy" in line for line in console)


def test_a_report_without_curves_opens_without_a_complaint(browser, result, tmp_path):
    failed = replace(result, status="failed", verdict="fail", agreement=None, profile=None, phases={}, stages=())
    dom, said, console = _dom(browser, tmp_path, report_html(failed))
    assert console == [] and said == {} and "<svg" not in dom


def test_a_screenshot_of_the_report_is_not_blank(browser, result, tmp_path):
    from matplotlib.image import imread

    (tmp_path / "report.html").write_text(report_html(result), encoding="utf-8")
    picture = tmp_path / "report.png"
    _run(browser, tmp_path, "--window-size=1200,1000", f"--screenshot={picture}")
    pixels = imread(picture)[..., :3]
    assert pixels.shape[:2] == (1000, 1200)
    vermilion = (abs(pixels - [0xD5 / 255, 0x5E / 255, 0]).max(axis=-1) < 0.15).sum()
    assert vermilion > 300
