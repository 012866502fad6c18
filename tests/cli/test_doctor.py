"""`xtal doctor`, and where GSAS-II is looked for. Interpreters are scripts that answer the probe as the real ones do."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from xtal import doctor
from xtal.cli import main
from xtal.doctor import examine
from xtal.engines.gsas2_engine import Gsas2Engine
from xtal.engines.gsas2_location import find_gsas2, gsas2_command, gsas2_version, usual_interpreters
from xtal.errors import EngineMissingError, InputError
from xtal.io.settings import settings_file

PART = {
    "type": "object",
    "properties": {
        "found": {"type": "boolean"},
        "version": {"type": ["string", "null"]},
        "location": {"type": ["string", "null"]},
        "purpose": {"type": "string"},
        "remedy": {"type": ["string", "null"]},
    },
    "required": ["found", "version", "location", "purpose", "remedy"],
    "additionalProperties": False,
}
KEYS = {
    "type": "object",
    "properties": {
        "schema": {"const": "xtal-doctor/1"},
        "xtal": {"type": "string"},
        "ok": {"type": "boolean"},
        "python": {
            "type": "object",
            "properties": {
                "version": {"type": "string"},
                "executable": {"type": "string"},
                "supported": {"type": "boolean"},
            },
            "required": ["version", "executable", "supported"],
            "additionalProperties": False,
        },
        "platform": {"type": "string"},
        "engines": {
            "type": "object",
            "properties": {"rietx": PART, "gsas2": PART},
            "required": ["rietx", "gsas2"],
            "additionalProperties": False,
        },
        "parts": {
            "type": "object",
            "properties": {"pdffit2": PART, "xrayutilities": PART, "numba": PART, "chromium": PART},
            "required": ["pdffit2", "xrayutilities", "numba", "chromium"],
            "additionalProperties": False,
        },
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["schema", "xtal", "ok", "python", "platform", "engines", "parts", "warnings"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without GSAS-II, settings or a named interpreter."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XTAL_GSAS2_PYTHON", raising=False)
    monkeypatch.setattr("xtal.engines.gsas2_location.find_spec", lambda name: None)
    gsas2_version.cache_clear()
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the imports of installed parts for granted; other tests try them in fresh interpreters."""
    monkeypatch.setattr("xtal.doctor._import_fault", lambda module: None)


def executable(path: Path, script: str) -> Path:
    """A shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def with_gsas2(path: Path, version: str = "v5.7.9 (5838)") -> Path:
    """An interpreter that imports GSAS-II, which greets first, as the real one does."""
    return executable(path, f"echo 'GSAS-II binary directory: somewhere'; echo 'xtal-probe:{version}'")


def without_gsas2(path: Path) -> Path:
    return executable(path, "echo \"ModuleNotFoundError: No module named 'GSASII'\" >&2; exit 1")


def gsas2_package(folder: Path) -> Path:
    """A folder that holds a package which answers the probe like GSASII."""
    package = folder / "GSASII"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "GSASIIscriptable.py").touch()
    (package / "GSASIIpath.py").write_text(
        "def GetVersionTag(): return 'v1.2.3'\ndef GetVersionNumber(): return 45\n", encoding="utf-8"
    )
    return folder


def linked_interpreter(path: Path) -> Path:
    """This interpreter under another path, as an installer would put its own there."""
    return executable(path, f'exec "{sys.executable}" "$@"')


def test_json_has_the_documented_keys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json"])
    content = json.loads(capsys.readouterr().out)
    jsonschema.validate(content, KEYS)
    assert ended.value.code == (0 if content["ok"] else 2)
    assert content["engines"]["rietx"]["version"] == metadata.version("rietx")
    assert content["python"]["supported"]


def test_every_key_is_named_in_the_documentation_of_the_module() -> None:
    documented = doctor.__doc__ or ""
    names = [
        *KEYS["properties"],
        *PART["properties"],
        "pdffit2",
        "xrayutilities",
        "numba",
        "chromium",
        "rietx",
        "gsas2",
    ]  # type: ignore[misc]
    assert all(name in documented for name in names)


@pytest.mark.usefixtures("quick")
def test_the_text_names_every_part_and_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xtal.doctor.BROWSERS", ("no-such-browser",))
    with pytest.raises(SystemExit):
        main(["doctor"])
    text = capsys.readouterr().out
    assert all(name in text for name in ("rietx", "gsas2", "pdffit2", "xrayutilities", "numba", "chromium"))
    assert "then set XTAL_GSAS2_PYTHON" in text
    assert "apt-get install chromium" in text


def test_a_default_engine_that_cannot_be_imported_exits_with_2_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("xtal.doctor._import_fault", lambda module: "ImportError: no kernels")
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json"])
    rietx = json.loads(capsys.readouterr().out)["engines"]["rietx"]
    assert ended.value.code == 2
    assert not rietx["found"]
    assert "ImportError: no kernels" in rietx["remedy"]
    assert "pip install 'rietx" in rietx["remedy"]


def test_the_fault_of_an_import_is_the_last_line_of_its_traceback() -> None:
    fault = doctor._import_fault("no_such_module_at_all")
    assert fault == "ModuleNotFoundError: No module named 'no_such_module_at_all'"
    assert doctor._import_fault("json") is None


def test_another_release_of_the_engine_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtal.doctor._requirement", lambda name: f"{name}==0.0.1")
    assert any("made for 0.0.1: pip install rietx==0.0.1" in warning for warning in doctor._pin_warnings())


@pytest.mark.usefixtures("quick")
def test_an_unrelated_distribution_of_our_name_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "xtal-0.9.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: xtal\nVersion: 0.9.2\n", encoding="utf-8")
    assert not any("distribution named xtal" in warning for warning in examine().warnings)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert any("distribution named xtal (0.9.2)" in warning for warning in examine().warnings)


@pytest.mark.usefixtures("quick")
def test_a_folder_that_shadows_the_package_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xtal").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not any(str(tmp_path) in warning for warning in examine().warnings)
    (tmp_path / "xtal" / "__init__.py").touch()
    assert any(f"{tmp_path / 'xtal'}." in warning for warning in examine().warnings)


def test_without_gsas2_nothing_is_found_and_the_engine_says_how_to_get_it() -> None:
    assert find_gsas2() is None
    with pytest.raises(EngineMissingError, match="XTAL_GSAS2_PYTHON"):
        Gsas2Engine().worker_command()


@pytest.mark.usefixtures("quick")
def test_the_interpreter_in_the_environment_variable_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = with_gsas2(home / "mine" / "python")
    with_gsas2(home / "gsas2main" / "bin" / "python")
    monkeypatch.setenv("XTAL_GSAS2_PYTHON", str(named))
    assert find_gsas2() == named
    part = examine().engines["gsas2"]
    assert (part.found, part.version, part.location) == (True, "v5.7.9 (5838)", str(named))


@pytest.mark.parametrize("script", [without_gsas2, None])
@pytest.mark.usefixtures("quick")
def test_a_named_interpreter_that_does_not_work_is_not_passed_over(
    script: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = home / "mine" / "python"
    if script:
        script(named)
    with_gsas2(home / "gsas2main" / "bin" / "python")
    monkeypatch.setenv("XTAL_GSAS2_PYTHON", str(named))
    with pytest.raises(EngineMissingError, match=f"XTAL_GSAS2_PYTHON names {named}"):
        find_gsas2()
    remedy = examine().engines["gsas2"].remedy
    assert remedy is not None
    assert str(named) in remedy


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_interpreter_in_the_settings_is_taken(elsewhere: bool, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if elsewhere:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "settings"))
    named = with_gsas2(home / "mine" / "python")
    assert settings_file() == home / ("settings" if elsewhere else ".config") / "xtal" / "config.toml"
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text('[gsas2]\npython = "~/mine/python"\n', encoding="utf-8")
    assert find_gsas2() == named


@pytest.mark.parametrize("content", ["[gsas2\n", "[gsas2]\npython = 3\n"])
def test_settings_that_cannot_be_read_are_named_with_their_file(content: str) -> None:
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"config\.toml"):
        find_gsas2()


@pytest.mark.parametrize(
    "place",
    [
        "gsas2main/bin/python",
        "gsas2full/bin/python",
        "g2full/bin/python",
        "miniforge3/envs/GSASII/bin/python",
        "GSAS-II/pixi/.pixi/envs/default/bin/python",
        ".pixi/envs/gsas2/bin/python",
    ],
)
def test_the_usual_folders_of_installers_are_searched(place: str, home: Path) -> None:
    interpreter = with_gsas2(home / place)
    assert interpreter in list(usual_interpreters())
    assert find_gsas2() == interpreter


def test_a_usual_folder_without_gsas2_is_passed_over(home: Path) -> None:
    without_gsas2(home / "gsas2main" / "bin" / "python")
    working = with_gsas2(home / "g2full" / "bin" / "python")
    assert find_gsas2() == working


def test_an_interpreter_is_asked_once_per_process(home: Path) -> None:
    count = home / "count"
    interpreter = executable(home / "g2full" / "bin" / "python", f"echo asked >> {count}; echo xtal-probe:1")
    assert [find_gsas2() for _ in range(3)] == [interpreter] * 3
    assert count.read_text(encoding="utf-8") == "asked\n"


def test_an_interpreter_that_does_not_answer_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtal.engines.gsas2_location.PROBE_SECONDS", 0.2)
    assert gsas2_version(executable(home / "slow" / "python", "exec sleep 30")) is None


@pytest.mark.parametrize("beside", ["gsas2main/GSAS-II", "gsas2main"])
def test_a_package_beside_its_interpreter_is_made_importable(beside: str, home: Path) -> None:
    """The installers unpack GSAS-II next to their Python without making it importable."""
    folder = gsas2_package(home / beside)
    interpreter = linked_interpreter(home / "gsas2main" / "bin" / "python")
    assert find_gsas2() == interpreter
    assert gsas2_version(interpreter) == "v1.2.3 (45)"
    script = home / "worker.py"
    script.write_text(
        "import sys, GSASII\nif __name__ == '__main__': print(GSASII.__file__, sys.argv)\n", encoding="utf-8"
    )
    done = subprocess.run(gsas2_command(interpreter, script), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{folder / 'GSASII' / '__init__.py'} {[str(script)]}"


def test_an_interpreter_that_imports_gsas2_by_itself_runs_the_script_plainly(home: Path) -> None:
    interpreter = with_gsas2(home / "g2full" / "bin" / "python")
    assert gsas2_command(interpreter, Path("worker.py")) == (str(interpreter), "worker.py")
