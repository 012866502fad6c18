"""Sphinx extension: the first time that a page uses a word of the glossary, the word leads there.

Written ``{term}`` links stay as they are. Words that also have a plain meaning (`PLAIN`) are linked only where the author says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

GLOSSARY = Path(__file__).resolve().parent / "glossary.md"
PLAIN = frozenset(
    {
        "bank",
        "bound",
        "check",
        "group",
        "halo",
        "instrument",
        "match",
        "model",
        "profile",
        "projection",
        "seed",
        "series",
        "severity",
        "share",
        "stacking",
        "stage",
        "tie",
        "Q",
        "2θ",
    }
)
PAGES = re.compile(
    r"^(start|explanation|tutorials|tutorials/.*|how-to/.*|validation|performance|units-and-conventions|index)$"
)
LEFT_ALONE = (
    nodes.literal,
    nodes.literal_block,
    nodes.reference,
    nodes.title,
    nodes.term,
    nodes.raw,
    nodes.math,
    addnodes.pending_xref,
)


@cache
def terms() -> tuple[str, ...]:
    """Every term as the glossary writes it, long ones first."""
    found = re.findall(r"^(\S.*)\n  \S", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    return tuple(sorted(found, key=len, reverse=True))


def pattern(term: str) -> re.Pattern[str]:
    """The term as a word of its own, in singular or plural; abbreviations and formulas in their own capitals only."""
    flags = 0 if any(letter.isupper() for letter in term[1:]) else re.IGNORECASE
    return re.compile(rf"(?<![\w/\-.]){re.escape(term)}s?(?![\w\-/(=]|\.\w)", flags)


class GlossaryLinks(SphinxTransform):
    """Link the first mention of every term of the glossary on a page."""

    default_priority = 400

    def apply(self, **options: Any) -> None:
        """Go through the terms, long ones first, so that no short one cuts a long one."""
        if not PAGES.match(self.env.docname):
            return
        written = {
            node["reftarget"].lower()
            for node in self.document.findall(addnodes.pending_xref)
            if node.get("reftype") == "term"
        }
        for term in terms():
            if term not in PLAIN and term.lower() not in written:
                self._link(term)

    def _link(self, term: str) -> None:
        wanted = pattern(term)
        for text in self._texts():
            found = wanted.search(text.astext())
            if found:
                text.parent.replace(text, list(self._parts(text.astext(), found, term)))
                return

    def _texts(self) -> list[nodes.Text]:
        return [
            text
            for text in self.document.findall(nodes.Text)
            if not _is_inside(text, LEFT_ALONE) and _is_inside(text, (nodes.paragraph,))
        ]

    def _parts(self, text: str, found: re.Match[str], term: str) -> Iterator[nodes.Node]:
        link = addnodes.pending_xref("", nodes.inline("", found[0], classes=["xref", "std", "std-term"]), refdomain="std", reftype="term",
                                     reftarget=term, refexplicit=True, refwarn=True, refdoc=self.env.docname)  # fmt: skip
        for part in (text[: found.start()], link, text[found.end() :]):
            if part:
                yield nodes.Text(part) if isinstance(part, str) else part


def _is_inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's hook."""
    app.add_transform(GlossaryLinks)
    return {"parallel_read_safe": True}
