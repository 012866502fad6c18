"""Every snippet of the page on models is a piece of a job that is read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from xtal.io.jobs import load_job

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "models.md"
SNIPPETS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def completed(snippet: str) -> str:
    """The snippet with what it leaves out of a job: a pattern, the phases that it names, a first stage."""
    content: dict[str, Any] = tomllib.loads(snippet)
    parts = [snippet]
    if "pattern" not in content:
        parts.append('[pattern]\nfile = "pellet.xye"')
    named = sorted({name for name in ("latp", "al2o3") if f"phase.{name}." in snippet or f'"{name}"' in snippet})
    if "phase" not in content:
        parts += [f'[[phase]]\nstructure = "{name}"' for name in named or ["lif"]]
    if "tie" in content:
        parts.append('[parameters]\n"phase.latp.site.Li1.occupancy" = { min = 0, max = 3 }')
    parts.append('[[stage]]\nname = "first"\nfree = ["pattern.background", "phase.*.scale"]')
    return "\n".join(parts)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=map(str, range(len(SNIPPETS))))
def test_snippet_is_read_as_part_of_a_job(snippet, tmp_path):
    (tmp_path / "pellet.xye").write_text("".join(f"{15 + 0.1 * i:.2f} {100 + i % 7} 10\n" for i in range(601)))
    (tmp_path / "job.toml").write_text(completed(snippet), encoding="utf-8")
    job = load_job(tmp_path / "job.toml")
    asked = [name for table in tomllib.loads(snippet).get("stage", []) for name in table["free"]]
    for name in asked:
        kind = name.replace("*", "").replace("?", "").rstrip(".").rpartition(".")[2]
        assert any(kind in free for free in job.free_names), name


def test_the_page_has_a_snippet_for_every_model():
    keys = ("mode", "anisotropic_strain", "size_axis", "texture_axis", "harmonics_order", "anisotropic =", "[[pattern.peak]]",
            "pattern.transparency", "[[restraint]]", "charge_balance")  # fmt: skip
    text = "".join(SNIPPETS)
    assert [key for key in keys if key not in text] == []
