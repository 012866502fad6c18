"""Check that every link inside the documentation leads to a file, and to a heading where it names one.

Usage: ``python docs/check_links.py README.md docs``. Links to other sites are not followed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def pages(arguments: list[str]) -> list[Path]:
    """Markdown files among the arguments and in the folders among them."""
    named = [Path(argument) for argument in arguments]
    return sorted({page for path in named for page in (path.rglob("*.md") if path.is_dir() else [path])})


def anchor(heading: str) -> str:
    """Anchor that a heading gets: lower case, punctuation dropped, blanks become hyphens."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip().lower()))


def anchors(page: Path) -> set[str]:
    """Every anchor of a page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {anchor(heading) for heading in HEADING.findall(text)}


def fault(page: Path, target: str) -> str | None:
    """Say what is wrong with a link, or None."""
    if ELSEWHERE.match(target):
        return None
    path, _, fragment = target.partition("#")
    file = (page.parent / path) if path else page
    if not file.exists():
        return f"{page}: {target!r} leads to no file"
    if fragment and file.suffix == ".md" and fragment not in anchors(file):
        return f"{page}: {target!r} names a heading that {file.name} lacks"
    return None


def faults(page: Path) -> list[str]:
    """Every broken link of a page."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    return [problem for target in LINK.findall(text) if (problem := fault(page, target))]


def main(arguments: list[str]) -> int:
    """Print every broken link; 0 when there is none, else 1."""
    checked = pages(arguments or ["docs"])
    broken = [problem for page in checked for problem in faults(page)]
    print("\n".join(broken) if broken else f"{len(checked)} pages, every link inside them resolves.")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
