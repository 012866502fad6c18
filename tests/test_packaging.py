"""What is shipped: the wheel works outside the clone, everything is pinned, and make refuses what can't work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

CONSTRAINTS = "constraints.txt"


def normalised(name: str) -> str:
    """Name of a distribution as package tools compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(repository: Path) -> dict[str, str]:
    """Pinned version by distribution."""
    lines = (repository / CONSTRAINTS).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normalised(name): version for name, version in pairs}


def project(repository: Path) -> dict[str, Any]:
    """Table [project] of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def clean_environment(repository: Path) -> dict[str, str]:
    """This environment with every pin and without what could lead to the clone."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {
        **kept,
        "PIP_CONSTRAINT": CONSTRAINTS,
        "PIP_BUILD_CONSTRAINT": CONSTRAINTS,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def run(*command: str | Path, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command without standard input."""
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=550
    )


@pytest.fixture(scope="session")
def registry(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips, visibly, where pip reaches no package registry: one small package, past the cache, tells."""
    small = f"iniconfig=={pins(repository)['iniconfig']}"
    folder = tmp_path_factory.mktemp("registry")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-cache-dir",
        "--no-deps",
        "--retries",
        "1",
        "-d",
        folder,
        small,
    ]
    if run(*pip, cwd=repository, env=clean_environment(repository)).returncode != 0:
        pytest.skip("pip reaches no package registry from here")


@pytest.fixture(scope="session")
def wheel(repository: Path, registry: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, "."]
    done = run(*pip, cwd=repository, env=clean_environment(repository))
    assert done.returncode == 0, done.stderr
    return next(folder.glob("xtal_toolkit-*.whl"))


@pytest.fixture(scope="session")
def fresh(repository: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs of a new environment, outside the clone, that holds the wheel at the pinned versions."""
    folder = tmp_path_factory.mktemp("fresh")
    environment = clean_environment(repository)
    made = run(sys.executable, "-m", "venv", folder, cwd=folder, env=environment)
    assert made.returncode == 0, made.stderr
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile", wheel]
    done = run(*pip, cwd=repository, env=environment)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_the_wheel_holds_reference_structures_templates_presets_and_licence(repository: Path, wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, ending in (("reference_cifs", "cif"), ("reference_cifs", "toml"), ("refinement_templates", "toml")):
        files = sorted((repository / folder).glob(f"*.{ending}"))
        assert files
        assert {f"xtal/_data/{folder}/{file.name}" for file in files} <= names
    assert {"xtal/py.typed", "xtal/instrument_presets.toml"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_the_installed_wheel_runs_the_demo_outside_the_clone(repository: Path, fresh: Path, tmp_path: Path) -> None:
    environment = clean_environment(repository)
    where = run(fresh / "python", "-c", "import xtal; print(xtal.__file__)", cwd=tmp_path, env=environment)
    assert Path(where.stdout.strip()).is_relative_to(fresh.parent)
    done = run(fresh / "xtal", "demo", "-o", "result", cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert "report: result/report.html" in done.stdout
    result = json.loads((tmp_path / "result" / "result.json").read_text(encoding="utf-8"))
    assert result["phases"]["cubic"]["group_share"]["value"] == pytest.approx(0.91, abs=0.02)
    assert (tmp_path / "result" / "report.html").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_the_doctor_of_the_installed_wheel_finds_the_default_engine(
    repository: Path, fresh: Path, tmp_path: Path
) -> None:
    done = run(fresh / "xtal", "doctor", "--json", cwd=tmp_path, env=clean_environment(repository))
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["engines"]["rietx"]["version"] == pins(repository)["rietx"]
    assert content["parts"]["pdffit2"]["version"] == pins(repository)["diffpy-pdffit2"]
    assert content["warnings"] == []


def test_everything_that_is_installed_is_pinned(repository: Path) -> None:
    table = project(repository)
    wanted = [*table["dependencies"], *(item for items in table["optional-dependencies"].values() for item in items)]
    names = {normalised(re.split(r"[\[<>=!~ ]", requirement)[0]) for requirement in wanted} - {
        normalised(table["name"])
    }
    assert names <= set(pins(repository))


def test_exact_requirements_and_pins_agree(repository: Path) -> None:
    exact = dict(text.split("==") for text in project(repository)["dependencies"] if "==" in text)
    assert exact == {"rietx": "1.10.0", "diffpy.pdffit2": "1.5.1"}
    assert {normalised(name): version for name, version in exact.items()}.items() <= pins(repository).items()


def test_constraints_hold_versions_and_nothing_else(repository: Path) -> None:
    lines = [
        line for line in (repository / CONSTRAINTS).read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in lines)
    assert len(pins(repository)) == len(lines)


@pytest.fixture
def set_up(repository: Path, tmp_path: Path) -> Path:
    """Folder with what `make install` looks at, and no environment."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "pyproject.toml", CONSTRAINTS, "xtal/_version.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(repository / name, tmp_path / name)
    return tmp_path


def python_of_version(folder: Path, minor: int) -> Path:
    """This interpreter under the pretence of being Python 3.`minor`."""
    script = folder / f"python3.{minor}"
    pretence = f"import sys; sys.version_info = (3, {minor}, 0); exec(sys.argv[1])"
    script.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.{minor}.0" && exit\n'
        f'[ "$1" = -c ] || {{ echo "called: $*"; exit 9; }}\n'
        f'exec "{sys.executable}" -c "{pretence}" "$2"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("minor", [9, 10, 14])
def test_make_refuses_other_pythons_with_a_sentence(minor: int, set_up: Path) -> None:
    done = run("make", "demo", f"PYTHON={python_of_version(set_up, minor)}", cwd=set_up, env=dict(os.environ))
    assert done.returncode != 0
    assert "xtal needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert f"is Python 3.{minor}.0" in done.stderr
    assert not (set_up / ".venv").exists()


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_make_takes_supported_pythons_as_far_as_making_the_environment(minor: int, set_up: Path) -> None:
    done = run("make", "demo", f"PYTHON={python_of_version(set_up, minor)}", cwd=set_up, env=dict(os.environ))
    assert "called: -m venv --clear .venv" in done.stdout


def test_make_names_a_python_that_is_not_there(set_up: Path) -> None:
    done = run("make", "test", "PYTHON=no-such-python", cwd=set_up, env=dict(os.environ))
    assert done.returncode != 0
    assert "there is no 'no-such-python' here" in done.stderr


def test_make_does_not_install_again_when_nothing_changed(set_up: Path) -> None:
    stamp = set_up / ".venv" / ".installed"
    stamp.parent.mkdir()
    stamp.touch()
    os.utime(stamp, (2e9, 2e9))
    done = run("make", "install", "PYTHON=no-such-python", cwd=set_up, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    os.utime(set_up / CONSTRAINTS, (2.1e9, 2.1e9))
    assert run("make", "install", "PYTHON=no-such-python", cwd=set_up, env=dict(os.environ)).returncode != 0


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("[a](there.md) [b](there.md#the-heading-1) [c](https://example.org)", None),
        ("[a](absent.md)", "leads to no file"),
        ("[a](there.md#other)", "names a heading"),
        ("`[a](absent.md)`", None),
    ],
)
def test_broken_links_in_the_documentation_are_found(
    page: str, said: str | None, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "there.md").write_text("# The heading: 1\n", encoding="utf-8")
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    done = run(sys.executable, repository / "docs" / "check_links.py", tmp_path, cwd=tmp_path, env=dict(os.environ))
    assert done.returncode == (1 if said else 0)
    assert (said or "resolves") in done.stdout


def test_every_link_of_the_documentation_resolves(repository: Path) -> None:
    pages = ["README.md", "CHANGELOG.md", "docs"]
    done = run(sys.executable, "docs/check_links.py", *pages, cwd=repository, env=dict(os.environ))
    assert done.returncode == 0, done.stdout
