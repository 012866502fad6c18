"""The interactive projection in a real browser: it draws, it explains a spot, it complains of nothing, it asks for no network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from xtal.io.library import reference_structure
from xtal.plot.projection_html import projection_html
from xtal.reciprocal import Probe, View, overlay, project

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=720,800",
    "--enable-logging=stderr", "--virtual-time-budget=6000",
)  # fmt: skip

# A person points at the spot 020 of the first crystal (data coordinates from the test).
POINT = """
<script>
const graph = document.getElementById("projections");
const point = () => {
  const layout = graph._fullLayout, box = graph.querySelector(".nsewdrag").getBoundingClientRect();
  const where = { clientX: box.left + layout.xaxis.d2p(X), clientY: box.top + layout.yaxis.d2p(Y), bubbles: true };
  graph.querySelector(".nsewdrag").dispatchEvent(new MouseEvent("mousemove", where));
  setTimeout(() => {
    document.documentElement.dataset.hover = [...graph.querySelectorAll(".hovertext text")].map((node) => node.textContent).join("|");
    document.documentElement.dataset.spots = graph.querySelectorAll(".scatterlayer .point").length;
    document.documentElement.dataset.buttons = [...graph.querySelectorAll(".modebar-btn")].map((node) => node.dataset.title).join("|");
    document.documentElement.dataset.requests = performance.getEntriesByType("resource").length;
  }, 600);
};
setTimeout(point, 800);
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) to test the projection in a browser")
    return found


@pytest.fixture(scope="module")
def drawn():
    crystals = [reference_structure("li2ohcl-cubic"), reference_structure("llto")]
    views = [View.along_plane(1, 0, 0), View.along_plane(0, 0, 1)]
    return overlay(crystals, views, align=[((0, 1, 0), (1, 0, 0))])


def run(browser: str, folder: Path, text: str, *options: str) -> tuple[dict[str, str], list[str]]:
    """Data attributes of the document's root, lines of the console."""
    page = folder / "projection.html"
    page.write_text(text, encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "HOME": str(folder)}
    )
    head = re.search(r"<html[^>]*>", done.stdout)
    said = dict(re.findall(r'data-([\w-]+)="([^"]*)"', head[0])) if head else {}
    return said, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_pointing_at_a_spot_shows_indices_d_f_squared_and_its_partner(browser, drawn, tmp_path):
    first = drawn.projections[0]
    x, y = first.xy[first.index(0, 2, 0)]
    script = POINT.replace("X)", f"{x:.6f})").replace("Y)", f"{y:.6f})")
    text = projection_html([drawn]).replace("</body>", script + "</body>")
    said, console = run(browser, tmp_path, text, "--dump-dom")
    assert console == []
    hover = unescape(said["hover"])
    f_squared = first.f_squared[first.index(0, 2, 0)]
    for part in (
        "li2ohcl-cubic 0 2 0",
        "d = 1.9555 Å",
        f"|F|² = {f_squared:.4g} e²",
        "pair: llto 200, mismatch +1.09 %",
    ):
        assert part in hover
    assert int(said["spots"]) == 68 + len(drawn.projections[1]) + 68 + 1
    assert said["requests"] == "0"
    assert said["buttons"] == "Download plot as a PNG|Zoom|Pan|Zoom in|Zoom out|Reset axes"


def test_a_screenshot_shows_both_colours_and_the_coincident_ground(browser, drawn, tmp_path):
    from matplotlib.image import imread

    picture = tmp_path / "projection.png"
    _, console = run(browser, tmp_path, projection_html([drawn]), f"--screenshot={picture}")
    pixels = imread(picture)[..., :3]
    assert console == [] and pixels.shape[:2] == (800, 720)
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0xF0, 0xE4, 0x42)):
        assert (abs(pixels - [value / 255 for value in colour]).max(axis=-1) < 0.1).sum() > 300, colour


def test_a_script_in_a_name_does_not_run(browser, tmp_path):
    evil = "<img src=x onerror=\"document.documentElement.dataset.evil='ran'\"><script>document.documentElement.dataset.evil='ran'</script>"
    shown = project(
        reference_structure("llto").renamed(evil), View.along_zone(0, 0, 1), probe=Probe.from_text("electron:200kV")
    )
    said, console = run(browser, tmp_path, projection_html([shown], title=evil), "--dump-dom")
    assert "evil" not in said and console == []
