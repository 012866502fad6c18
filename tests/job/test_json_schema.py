"""The published schema of the job file is the one that jobs are checked against."""

from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest

from xtal.io.data_folders import data_folder
from xtal.job import job_json_schema


@pytest.fixture(scope="module")
def validator(request):
    path = request.config.rootpath / "docs" / "reference" / "job.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_published_schema_is_the_one_in_the_code(validator):
    assert validator.schema == job_json_schema(), "run `python tools/make_reference.py`"


@pytest.mark.parametrize("path", sorted(data_folder("refinement_templates").glob("*.toml")), ids=lambda path: path.stem)
def test_template_satisfies_the_published_schema(path, validator):
    validator.validate(tomllib.loads(path.read_text(encoding="utf-8")))


def test_shipped_example_satisfies_the_published_schema(validator, repository):
    path = repository / "xtal" / "examples" / "pellet" / "job.toml"
    validator.validate(tomllib.loads(path.read_text(encoding="utf-8")))


GOOD = {
    "pattern": {"file": "a.xy"},
    "phase": [{"structure": "si"}],
    "stage": [{"name": "s", "free": ["phase.*.scale"]}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "xtal-job/2"},
        {"engine": "fullprof"},
        {"patern": {}},
        {"stage": []},
        {"background": {"terms": 0}},
        {"pattern": {"file": "a.xy", "range": [10]}},
        {"phase": [{"name": "a b", "structure": "si"}]},
        {"pattern": {"instrument": {"raditation": "CuKa"}}},
    ],
    ids=str,
)
def test_published_schema_refuses(change, validator):
    assert validator.is_valid(GOOD)
    assert not validator.is_valid(GOOD | change)


def test_job_without_stages_is_valid_only_when_it_completes_a_template(validator):
    without = {key: value for key, value in GOOD.items() if key != "stage"}
    assert not validator.is_valid(without)
    assert validator.is_valid({**without, "extends": "chlorospinel"})
