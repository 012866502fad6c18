"""What is loaded before it is needed; modules are counted, because seconds depend on the machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from xtal.cli import COMMANDS

HEAVY = {
    "diffpy", "gemmi", "lmfit", "matplotlib", "numpy", "pandas", "plotly", "pydantic", "pymatgen", "rich", "rietx", "scipy",
    "spglib", "sympy", "xrayutilities",
}  # fmt: skip

REPORT = "import sys; print('loaded:', *sorted({name.partition('.')[0] for name in sys.modules}))"


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running `code`."""
    done = subprocess.run([sys.executable, "-c", f"{code}\n{REPORT}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split("loaded:")[1].split())


def test_importing_xtal_loads_nothing_heavy() -> None:
    assert loaded_by("import xtal") & HEAVY == set()


def code_of(arguments: list[str]) -> str:
    return f"from xtal.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(code_of(arguments)) & HEAVY == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_nothing_heavy_but_what_typer_reads_options_with(command: str) -> None:
    assert loaded_by(code_of([command, "--help"])) & HEAVY <= {"pydantic"}


def test_the_measure_sees_a_heavy_module_when_one_is_loaded() -> None:
    assert loaded_by("import xtal; xtal.Lattice") & HEAVY == {"numpy"}


def test_every_public_name_of_the_package_loads() -> None:
    code = "import xtal\nfor name in xtal.__all__: getattr(xtal, name)"
    assert "xtal" in loaded_by(code)
