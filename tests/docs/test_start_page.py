"""A newcomer's path: the commands of the start page, as they stand there, from a synthetic pattern to the supplement."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """Every xtal command in the page's shell blocks and sentences, in words."""
    blocks = "".join(SHELL.findall(page)).replace("\\\n", " ").splitlines()
    sentences = re.findall(r"`(xtal publish [^`…]*)`", page)
    words = [shlex.split(line, comments=True) for line in [*blocks, *sentences]]
    return [line for line in words if line[:1] == ["xtal"]]


@pytest.mark.slow
def test_the_commands_of_the_start_page_lead_to_a_report_and_a_supplement(repository, tmp_path):
    page = (repository / "docs" / "start.md").read_text(encoding="utf-8")
    found = commands(page)
    make_pattern = [line for line in found if line[1] == "simulate"]
    own_data = [line for line in found if "my-mix.xrdml" in line]
    rest = [line for line in found if line not in make_pattern and line not in own_data]
    assert len(make_pattern) == len(own_data) == 1 and len(rest) == 5
    # The page refines "your" pattern before it offers to make one.
    for line in [*make_pattern, *rest]:
        done = subprocess.run(
            [sys.executable, "-m", *line], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode in ((0, 1) if line[1] == "refine" else (0,)), done.stderr
    assert (tmp_path / "my-pellet-result" / "report.html").is_file()
    assert (tmp_path / "supplement" / "refinement.cif").is_file()
    assert "synthetic" in (tmp_path / "my-pellet-result" / "result.json").read_text(encoding="utf-8")
