"""The pages build without a warning, fit a window of 1280 px, load nothing from a network, and can be searched offline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.lab import Page, browser_page, find_browser, waited

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("documentation")]

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the pages, built outside the clone and without running the tutorials, which have tests of their own."""
    pytest.importorskip("myst_nb", reason="the documentation needs pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("documentation")
    shutil.copytree(repository / "docs", folder / "docs", ignore=shutil.ignore_patterns("_build", "generated"))
    shutil.copy(repository / "CHANGELOG.md", folder)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-D", "nb_execution_mode=off"]
    done = subprocess.run(
        [*command, "docs", "site"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "site"


@pytest.fixture(scope="module")
def browser() -> str:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) to test the pages in a browser")
    return found


def dom(browser: str, home: Path, address: str, patience: int = 3000) -> str:
    """Document after its scripts ran."""
    options = (f"--user-data-dir={home / 'profile'}", "--window-size=1280,900", f"--virtual-time-budget={patience}")
    command = [browser, *FLAGS, *options, "--dump-dom", address]
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment).stdout


def test_every_page_is_built_and_loads_nothing_from_a_network(site):
    pages = list(site.rglob("*.html"))
    assert {f"{name}.html" for name in ("index", "start", "glossary", "search")} <= {page.name for page in pages}
    loads = re.compile(r"<(?:script|img|link)\b[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*\"")
    assert [(page.name, loads.findall(page.read_text(encoding="utf-8"))) for page in pages
            if loads.search(page.read_text(encoding="utf-8"))] == []  # fmt: skip


def test_every_glossary_term_can_be_linked(site, repository):
    source = (repository / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^(\S.*)\n  \S", source, re.MULTILINE)
    page = (site / "glossary.html").read_text(encoding="utf-8")
    assert len(terms) > 50
    assert len(re.findall(r'id="term-', page)) == len(terms)


@pytest.mark.browser
def test_every_page_fits_a_window_of_1280_pixels(site, browser, tmp_path):
    pytest.importorskip("websocket", reason="the test of the pages' width needs pip install '.[dev]'")
    with browser_page(browser, tmp_path, width=1280) as page:
        wide = {file.name: width for file in sorted(site.rglob("*.html")) if (width := page_width(page, file)) > 1280}
    assert wide == {}


def page_width(page: Page, file: Path) -> int:
    """Width that a page asks for, pixels."""
    page.open(file.as_uri())
    waited(
        lambda: page.value("document.readyState") == "complete" and page.value("location.href") == file.as_uri(),
        file.name,
    )
    return int(page.value("document.documentElement.scrollWidth"))


@pytest.mark.browser
def test_search_finds_a_page_without_a_network(site, browser, tmp_path):
    found = dom(browser, tmp_path, f"{(site / 'search.html').as_uri()}?q=microabsorption", patience=8000)
    assert "when-not-to-trust-a-fraction.html" in found
