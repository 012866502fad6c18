"""Every public name has a docstring and stands in the reference; so does every command, job key and result key."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import typing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))
import reference_pages

MODULES = reference_pages.public_modules()


def test_every_public_name_is_documented():
    without = [module.__name__ for module in MODULES if not (module.__doc__ or "").strip()]
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            text = inspect.getdoc(thing) or ""
            # A dataclass without a docstring gets its signature for one.
            if reference_pages.is_described_by_docstring(thing) and (not text.strip() or text.startswith(f"{name}(")):
                without.append(f"{module.__name__}.{name}")
    assert without == []


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """Text under each module's heading."""
    pages = "".join(reference_pages.api_pages().values())
    parts = re.split(r"^## `([\w.]+)`$", pages, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_public_name_stands_in_the_reference_where_it_is_defined(sections):
    missing = []
    for module in MODULES:
        for name in module.__all__:
            text = sections.get(reference_pages.home(module, name), "")
            if not re.search(rf"^   :members: (.*, )?{name}(,|$)|py:data:: {name}$", text, re.MULTILINE):
                missing.append(f"{module.__name__}.{name}")
    assert missing == []


def test_public_names_are_defined_in_public_modules():
    public = {module.__name__ for module in MODULES}
    for module in MODULES:
        for name in module.__all__:
            assert reference_pages.home(module, name) in public, f"{module.__name__}.{name}"


def test_every_command_and_option_stands_in_the_reference():
    page = reference_pages.command_page()
    from xtal.cli import COMMANDS
    from xtal.cli.pdf import PDF_COMMANDS
    from xtal.cli.phases import PHASES_COMMANDS
    from xtal.cli.series import SERIES_COMMANDS

    groups = {"pdf": PDF_COMMANDS, "phases": PHASES_COMMANDS, "series": SERIES_COMMANDS}
    below = [f"{group} {name}" for group, commands in groups.items() for name in commands]
    assert [path for path in (*COMMANDS, *below) if f"## `xtal {path}`" not in page] == []
    assert "`--template NAME`" in page and "`--engine rietx" in page and "<class" not in page


def files() -> dict[str, type]:
    """Model of each kind of file that users write, by its page."""
    from xtal.job.schema import JobFile
    from xtal.pdf.job_schema import PdfJobFile
    from xtal.series.series_file import SeriesFile

    return {"job-keys.md": JobFile, "pdf-job-keys.md": PdfJobFile, "series-keys.md": SeriesFile}


@pytest.mark.parametrize("name", files())
def test_every_key_of_a_file_stands_in_the_reference(name, repository):
    page = (repository / "docs" / "reference" / name).read_text(encoding="utf-8")
    keys = list(keys_of(files()[name]))
    assert len(keys) > 20
    assert [key for key in keys if f"| `{key}` |" not in page] == []


def test_every_key_of_the_findings_of_a_series_stands_in_the_reference(repository):
    from xtal.series import alarms, change_points, correlation, findings, series, transitions, trends

    page = (repository / "docs" / "series-findings.md").read_text(encoding="utf-8")
    things = (trends.Trend, transitions.StepFit, transitions.Hysteresis, change_points.ChangePoint, correlation.PropertyCorrelation,
              alarms.Alarm, alarms.Candidate, series.Disagreement, findings.TransitionFinding)  # fmt: skip
    keys = {field.name for thing in things for field in dataclasses.fields(thing)} | set(findings.Findings().to_dict())
    assert [key for key in sorted(keys) if not re.search(rf"`[^`]*\b{key}\b[^`]*`", page)] == []


def keys_of(model):
    """Names of all keys of a table and the tables in it, as a job file writes them."""
    from pydantic import BaseModel

    for name, field in model.model_fields.items():
        yield field.alias or name
        for part in parts_of(field.annotation):
            if inspect.isclass(part) and issubclass(part, BaseModel):
                yield from keys_of(part)


def parts_of(annotation):
    inner = typing.get_args(annotation)
    return [annotation] if not inner else [part for item in inner for part in parts_of(item)]
