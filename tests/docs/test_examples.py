"""Examples in docstrings, and blocks of Python in the pages, do what they show."""

from __future__ import annotations

import ast
import doctest
import re
from importlib import import_module
from pkgutil import walk_packages

import pytest

import xtal

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
READERS_OWN = re.compile(r"^\S+\.(xye?|chi|gr|toml|xrdml|cif)$|^heating$")
"""Names of files, and of a series, that only the reader has; what a block that names one imports from xtal is looked up, no more."""
OTHERS = {"dask_jobqueue"}
"""Packages that aren't part of xtal."""


def examples() -> list[doctest.DocTest]:
    names = [one.name for one in walk_packages(xtal.__path__, "xtal.") if not one.name.endswith("__main__")]
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in ("xtal", *names) for test in finder.find(import_module(name), name)]
    return [test for test in found if test.examples]


def test_every_example_in_a_docstring_gives_what_it_shows():
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    tests = examples()
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert sum(len(test.examples) for test in tests) >= 15
    assert [test.name for test in tests for one in test.examples if one.options.get(doctest.SKIP)] == []


def blocks(repository) -> list[tuple[str, str]]:
    pages = sorted((repository / "docs").glob("*.md")) + sorted((repository / "docs" / "how-to").glob("*.md"))
    return [(page.name, block) for page in pages for block in BLOCK.findall(page.read_text(encoding="utf-8"))]


def test_every_block_of_python_in_the_pages_runs(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks(repository)
    alone = [name for name, block in found if stands_alone(block)]
    assert set(alone) >= {"pdf.md", "lattice-mismatch.md", "reciprocal-projections.md"}
    for name, block in found:
        code = compile(block if stands_alone(block) else only_imports(block), name, "exec")
        try:
            exec(code, {"__name__": "page"})
        except Exception as error:
            pytest.fail(f"{name}: {type(error).__name__}: {error}\n{block}")


def stands_alone(block: str) -> bool:
    """Whether a block needs nothing but xtal."""
    nodes = list(ast.walk(ast.parse(block)))
    texts = [one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    modules = {str(one.module) for one in nodes if isinstance(one, ast.ImportFrom)}
    return not any(map(READERS_OWN.match, texts)) and not modules & OTHERS


def only_imports(block: str) -> ast.Module:
    """What a block imports from xtal."""
    body = ast.parse(block).body
    kept = [one for one in body if isinstance(one, ast.ImportFrom) and str(one.module).startswith("xtal")]
    return ast.Module(body=list(kept), type_ignores=[])
