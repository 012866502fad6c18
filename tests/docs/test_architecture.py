"""The drawn map of the code is the code: every package stands in it, and imports go up it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import draw_map
import pytest

RANKS = {
    name: layer
    for layer, y in enumerate(sorted({box.y for box in draw_map.BOXES}))
    for box in draw_map.BOXES
    if box.y == y
    for name in box.names
}
KNOWN = {("builders", "io"), ("io", "pdf"), ("io", "series")}
"""Builders start from reference structures; the readers of PDF and series files know the jobs that they make."""


def test_every_package_stands_in_the_map(repository):
    packages = {file.parent.name for file in (repository / "xtal").glob("*/__init__.py")}
    assert packages - set(RANKS) == set()


def test_the_picture_is_the_one_that_the_script_draws(repository):
    assert (repository / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8") == draw_map.drawn()


def imports(file: Path, root: Path) -> Iterator[str]:
    """First part of every name that a module imports from the package when it is loaded."""
    place = file.relative_to(root).parts[:-1]
    for one in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(one, ast.ImportFrom) and one.level:
            base = [*place[: len(place) + 1 - one.level], *(one.module.split(".") if one.module else [])]
            yield from [base[0]] if base else (name.name for name in one.names)


@pytest.mark.parametrize("package", sorted(RANKS))
def test_imports_go_up_the_map(package, repository):
    root = repository / "xtal"
    files = list((root / package).rglob("*.py")) or list(root.glob(f"{package}.py"))
    below = {
        (package, name)
        for file in files
        for name in imports(file, root)
        if name != package and RANKS.get(name, 0) > RANKS[package]
    }
    assert below - KNOWN == set()
