"""The folder of a result appears whole, or the disk is as it was."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import gemmi
import pytest

import xtal.report.folder as folder_module
from xtal.errors import OutputError
from xtal.io.results import read_result
from xtal.report.folder import check_folder, write_result


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def full_disk(monkeypatch):
    def savefig(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", savefig)


def test_the_folder_holds_every_promised_file(result, tmp_path):
    written = write_result(result, tmp_path / "out")
    assert written == tmp_path / "out"
    assert {path.name for path in written.iterdir()} == {
        "result.json", "report.html", "pattern.csv", "reflections.csv", "fit.png", "log.txt", "engine.lst",
        "cubic.cif", "llto.cif", "lif.cif",
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert read_result(written).to_dict() == result.to_dict()
    assert (written / "fit.png").read_bytes().startswith(b"\x89PNG")


def test_the_refined_cif_carries_cell_and_esd(result, tmp_path):
    block = gemmi.cif.read(str(write_result(result, tmp_path / "out") / "cubic.cif")).sole_block()
    assert block.find_value("_cell_length_a") == "3.91100(14)"


def test_a_result_without_curves_is_written_without_picture(result, tmp_path):
    failed = replace(
        result, status="failed", verdict="fail", agreement=None, profile=None, reflections={}, structures={}
    )
    names = {path.name for path in write_result(failed, tmp_path / "out").iterdir()}
    assert names == {"result.json", "report.html", "log.txt", "engine.lst"}


def test_an_existing_folder_is_refused_without_force_and_untouched(result, tmp_path):
    write_result(result, tmp_path / "out")
    before = _snapshot(tmp_path)
    with pytest.raises(OutputError, match=r"exists already; .* --force"):
        write_result(replace(result, title="another"), tmp_path / "out")
    assert _snapshot(tmp_path) == before


def test_force_replaces_the_folder_of_an_earlier_result(result, tmp_path):
    write_result(result, tmp_path / "out")
    write_result(replace(result, title="another", files={}), tmp_path / "out", force=True)
    assert read_result(tmp_path / "out").title == "another"
    assert not (tmp_path / "out" / "engine.lst").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_never_replaces_a_folder_that_is_not_a_result(result, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(OutputError, match="not the folder of a result"):
        write_result(result, tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"


def test_an_empty_folder_is_used_and_a_file_is_refused(result, tmp_path):
    (tmp_path / "empty").mkdir()
    assert (write_result(result, tmp_path / "empty") / "result.json").is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        check_folder(tmp_path / "file", force=True)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_no_half_folder(result, tmp_path):
    with pytest.raises(OutputError, match="No space left on device"):
        write_result(result, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_result(result, tmp_path, request):
    write_result(result, tmp_path / "out")
    before = _snapshot(tmp_path)
    request.getfixturevalue("full_disk")
    with pytest.raises(OutputError, match="No space left on device"):
        write_result(replace(result, title="another"), tmp_path / "out", force=True)
    assert _snapshot(tmp_path) == before


def test_an_interrupt_while_writing_leaves_the_old_result(result, tmp_path, monkeypatch):
    write_result(result, tmp_path / "out")
    before = _snapshot(tmp_path)

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "report_html", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_result(replace(result, title="another"), tmp_path / "out", force=True)
    assert _snapshot(tmp_path) == before


def test_an_interrupt_between_the_two_renames_brings_the_old_result_back(result, tmp_path, monkeypatch):
    write_result(result, tmp_path / "out")
    before = _snapshot(tmp_path)
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_result(replace(result, title="another"), tmp_path / "out", force=True)
    assert _snapshot(tmp_path) == before


def test_no_absolute_path_reaches_any_file(result, tmp_path):
    secret = "/home/someone/measurements/pellet.xy"
    structures = {name: replace(item, source=f"from {secret}") for name, item in result.structures.items()}
    told = replace(
        result,
        message=f"Read {secret}.",
        pattern={**result.pattern, "source": secret},
        provenance={**result.provenance, "command": f"xtal refine {secret}", "inputs": {secret: "00"}},
        structures=structures,
        log=f"reading {secret}\n",
    )
    contents = _snapshot(write_result(told, tmp_path / "out"))
    for name, content in contents.items():
        assert b"/home/someone" not in content, name
        assert str(tmp_path).encode() not in content, name
    assert b"pellet.xy" in contents["report.html"]


def test_a_parent_that_is_a_file_is_a_clear_error(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be written"):
        write_result(result, tmp_path / "file" / "out")
