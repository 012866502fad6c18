"""Pages of the reference that are made from the code while the documentation is built: every module, every command.

``docs/conf.py`` calls `write_pages`; nothing that this writes is committed. A name is described once, in the module that
defines it; a package that offers it too links there.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from enum import Enum
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any, get_args

import typer

import xtal
from xtal.cli import app

SINGLE_MODULES = "things"
TITLES = {
    SINGLE_MODULES: "Things: lattice, structure, instrument, pattern, result",
    "builders": "Models built from reference structures",
    "checks": "Checks",
    "cli": "Command line (for developers)",
    "convert": "Conversion to other packages",
    "diffraction": "Forward model of powder diffraction",
    "engines": "Refinement engines",
    "interface": "Mismatch, coincidence cells, slabs",
    "io": "Files",
    "job": "Jobs",
    "native": "The toolkit's own refinement engine",
    "pdf": "Pair distribution functions",
    "plot": "Figures",
    "reciprocal": "Reciprocal-lattice projections",
    "report": "Reports",
    "rietveld": "Rietveld refinement",
    "series": "Series of patterns",
}


@cache
def public_modules() -> tuple[ModuleType, ...]:
    """The package and every module in it that lists public names."""
    names = [found.name for found in walk_packages(xtal.__path__, "xtal.") if not found.name.endswith("__main__")]
    return tuple(module for module in (xtal, *map(import_module, names)) if getattr(module, "__all__", ()))


def is_described_by_docstring(thing: Any) -> bool:
    """Whether a public thing is a function or class; constants and type aliases are shown by their value."""
    return inspect.isclass(thing) or inspect.isroutine(thing)


def home(module: ModuleType, name: str) -> str:
    """Name of the module that defines a public name of `module`."""
    thing = getattr(module, name)
    if is_described_by_docstring(thing):
        return str(thing.__module__)
    below = [m.__name__ for m in public_modules() if m.__name__.startswith(f"{module.__name__}.")]
    defining = [other for other in below if name in import_module(other).__all__]
    return defining[0] if defining else module.__name__


def api_pages() -> dict[str, str]:
    """Text of every page by its name; one page per package."""
    sections: dict[str, list[str]] = {}
    for module in public_modules():
        parts = module.__name__.split(".")
        package = parts[1] if len(parts) > 2 or (hasattr(module, "__path__") and len(parts) > 1) else SINGLE_MODULES
        sections.setdefault(package, []).append(_module_section(module))
    return {
        f"api-{package}": f"# {TITLES.get(package, package)}\n\n" + "\n".join(texts)
        for package, texts in sorted(sections.items(), key=lambda item: (item[0] != SINGLE_MODULES, item[0]))
    }


def _module_section(module: ModuleType) -> str:
    own, elsewhere = [], []
    for name in module.__all__:
        place = home(module, name)
        (own if place == module.__name__ else elsewhere).append((name, place))
    described = [
        name for name, _ in own if is_described_by_docstring(getattr(module, name)) or name in constant_texts(module)
    ]
    shown = [name for name, _ in own if name not in described]
    text = f"## `{module.__name__}`\n\n```{{eval-rst}}\n.. automodule:: {module.__name__}\n"
    text += (f"   :members: {', '.join(described)}\n" if described else "   :no-members:\n") + "```\n"
    text += "".join(_constant(module, name) for name in shown)
    if elsewhere:
        text += "\nAlso offered here: " + ", ".join(_link(name, place) for name, place in elsewhere) + ".\n"
    return text


def _link(name: str, place: str) -> str:
    return f"{{py:obj}}`{name} <{place}.{name}>`"


def _constant(module: ModuleType, name: str) -> str:
    """Entry of a constant or type alias without a text of its own: its value."""
    value = " ".join(repr(getattr(module, name)).replace("typing.", "").split())
    short = value if len(value) <= 160 else value[:157] + "…"
    return f"\n```{{eval-rst}}\n.. py:data:: {name}\n   :module: {module.__name__}\n   :value: {short}\n```\n"


@cache
def constant_texts(module: ModuleType) -> dict[str, str]:
    """Strings that stand right below an assignment, by the assigned name."""
    body = ast.parse(inspect.getsource(module)).body
    found: dict[str, str] = {}
    for assignment, text in pairwise(body):
        targets = assignment.targets if isinstance(assignment, ast.Assign) else [getattr(assignment, "target", None)]
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            names = [
                name for target in targets for name in ast.walk(target or ast.Tuple([])) if isinstance(name, ast.Name)
            ]
            found |= {name.id: inspect.cleandoc(text.value.value) for name in names}
    return found


def command_page() -> str:
    """Every command with its arguments and options, from the command line itself."""
    root = typer.main.get_command(app)
    return "# Commands and options\n\nMade from the command line itself.\n" + "".join(_command_sections(root, "xtal"))


def _command_sections(command: Any, path: str) -> Iterator[str]:
    rows = "".join(_parameter_row(item) for item in command.params if not getattr(item, "hidden", False))
    head = "\n| argument or option | default | |\n| --- | --- | --- |\n"
    yield f"\n## `{path}`\n\n{inspect.cleandoc(command.help or '')}\n" + (head + rows if rows else "")
    for name in command.list_commands(None) if hasattr(command, "list_commands") else []:
        yield from _command_sections(command.get_command(None, name), f"{path} {name}")


def _parameter_row(item: Any) -> str:
    if item.param_type_name == "argument":
        names = item.metavar or item.name.upper()
    else:
        value = "" if item.is_flag else f" {item.metavar or _kind(item.type_descriptor.annotation)}"
        names = ", ".join([*item.opts, *item.secondary_opts]) + value
    default = "required" if item.required else "" if item.default in (None, (), [], False) else f"`{item.default}`"
    cells = (f"`{names}`", default, item.help or "")
    return "| " + " | ".join(_cell(str(cell)) for cell in cells) + " |\n"


def _cell(text: str) -> str:
    """Text in one line of a table; what the command line sets line by line stays so."""
    flowing, _, lines = text.partition("\b")
    kept = "".join(f"<br>{line.strip()}" for line in lines.splitlines() if line.strip())
    return (" ".join(flowing.split()) + kept).replace("|", "\\|")


def _kind(annotation: Any) -> str:
    """What a value of an option looks like."""
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return "|".join(str(choice.value) for choice in annotation)
    words = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "FILE"}
    inner = get_args(annotation)
    return " ".join(_kind(item) for item in inner) if inner else words.get(annotation, "VALUE")


def write_pages(folder: Path) -> None:
    """Write every generated page into a folder, and leave unchanged ones alone so that they aren't built again."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {**api_pages(), "commands": command_page()}
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / f"{name}.md"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
