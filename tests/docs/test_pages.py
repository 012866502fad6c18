"""What every page keeps: pictures say what they are, and every word of the glossary can be looked up."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

FIGURE = re.compile(r"^!\[[^\]]*\]\((?P<file>[^)]*\.(?:png|svg))\)\n\n(?P<next>.*)", re.MULTILINE)
KINDS = re.compile("synthetic|measured|calculated|simulated|drawn by", re.IGNORECASE)


def pages(repository: Path) -> list[Path]:
    folder = repository / "docs"
    return sorted([*folder.glob("*.md"), *(folder / "how-to").glob("*.md"), *(folder / "reference").glob("*.md")])


def test_every_figure_of_a_page_has_a_caption_that_says_whether_it_is_measured_or_synthetic(repository):
    figures = [
        (page.name, found) for page in pages(repository) for found in FIGURE.finditer(page.read_text(encoding="utf-8"))
    ]
    assert len(figures) > 8
    silent = [
        (name, found["file"])
        for name, found in figures
        if not (found["next"].startswith("*") and KINDS.search(found["next"]))
    ]
    assert silent == []


def test_every_picture_of_the_readme_has_a_caption_that_says_so_too(repository):
    head = (repository / "README.md").read_text(encoding="utf-8").split("With a clone")[0].strip().splitlines()
    pictures, captions = head[-2], head[-1]
    assert pictures.count("![") == captions.count("*Synthetic") + captions.count("*Calculated") == 3


@pytest.fixture(scope="module")
def glossary_links(repository):
    pytest.importorskip("sphinx", reason="the documentation needs pip install '.[docs]'")
    sys.path.insert(0, str(repository / "docs"))
    import glossary_links

    return glossary_links


def test_words_that_are_linked_only_on_request_are_terms(glossary_links):
    assert set(glossary_links.terms()) > glossary_links.PLAIN


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [("Two weight fractions differ.", "weight fraction", True), ("its esd is", "esd", True), ("the esd's", "esd", True),
     ("phase.x.esd", "esd", False), ("a Job", "job", True), ("job.toml", "job", False), ("GOF", "GOF", True), ("gof", "GOF", False),
     ("jobless", "job", False)],
)  # fmt: skip
def test_a_term_is_found_as_a_word_of_its_own(glossary_links, text, term, found):
    assert bool(glossary_links.pattern(term).search(text)) is found
