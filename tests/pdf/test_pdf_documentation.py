"""The examples of the how-to page run."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace

import pytest

from tests.pdf.pdf_jobs import synthetic_gr
from xtal.io.library import find_structure
from xtal.io.pdf_jobs import load_pdf_job
from xtal.pdf.fit import fit_pdf
from xtal.pdf.rivals import PdfRefit, PdfRival, PdfRivals, PdfRivalWindow
from xtal.pdf.simulate import PdfSettings
from xtal.series.series_file import SeriesFile


def test_the_job_of_the_page_converges_with_its_box_car(repository, tmp_path):
    page = (repository / "docs" / "how-to" / "pdf.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page.split("## Fit\n")[1], flags=re.S)
    (tmp_path / "job.toml").write_text("".join(blocks[:2]), encoding="utf-8")
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    synthetic_gr(tmp_path / "ni.gr", nickel, PdfSettings("xray", 25.0, 0.05), noise=0.2, seed=1, span=(0.5, 21.0))
    result = fit_pdf(load_pdf_job(tmp_path / "job.toml"))
    assert result.status == "converged"
    assert len(result.windows) == 3


def test_the_python_of_the_page_runs(repository):
    page = (repository / "docs" / "how-to" / "pdf.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page.split("## Simulate\n")[1], flags=re.S)[0]
    names: dict = {}
    exec(code, names)
    assert names["made"].partial("Li", "O").min() < 0


def test_every_key_of_a_result_is_on_the_page(repository, tmp_path):
    page = (repository / "docs" / "how-to" / "pdf.md").read_text(encoding="utf-8")
    nickel = find_structure("ni")
    synthetic_gr(tmp_path / "ni.gr", nickel, PdfSettings("xray", 25.0, 0.05), noise=0.3, seed=1, span=(0.5, 9.0))
    text = 'schema = "xtal-pdf-job/1"\n[[data]]\nfile = "ni.gr"\nrange = [1.5, 8.0]\n[[phase]]\nstructure = "ni"\n'
    (tmp_path / "job.toml").write_text(text, encoding="utf-8")
    content = fit_pdf(load_pdf_job(tmp_path / "job.toml")).to_dict()
    keys = [*content, *content["agreement"], *content["data"]["ni"], *content["phases"]["ni"], *content["bonds"][0]]
    keys += list(next(iter(content["parameters"].values())))
    table = page.split("### result.json of a fit")[1]
    missing = [key for key in keys if key != "schema" and f"`{key}`" not in table and f"`{key}." not in table]
    assert not missing


def test_the_conversions_of_the_page_run(repository):
    page = (repository / "docs" / "how-to" / "pdf.md").read_text(encoding="utf-8")
    names: dict = {}
    exec(re.findall(r"```python\n(.*?)```", page, flags=re.S)[0], names)
    assert names["fq"].tolist() == pytest.approx([-1.8, 18.0])
    assert names["rdf"].shape == (2,)


def test_the_sliders_of_the_page_show_the_misfit(repository, shared_data, monkeypatch):
    monkeypatch.chdir(shared_data / "pdf_reduction_ni")
    page = (repository / "docs" / "how-to" / "pdf.md").read_text(encoding="utf-8")
    names: dict = {}
    exec(re.findall(r"```python\n(.*?)```", page, flags=re.S)[1], names)
    assert "slow misfit" in repr(names["explorer"])


def test_the_series_of_the_page_keeps_to_its_schema(repository):
    page = (repository / "docs" / "how-to" / "pdf.md").read_text(encoding="utf-8")
    text = re.findall(r"```toml\n(.*?)```", page.split("## Series\n")[1], flags=re.S)[0]
    series = SeriesFile.model_validate(tomllib.loads(text))
    assert re.search(str(series.axis.pattern), "k_0.03.gr").group(1) == "0.03"


def test_every_key_of_a_comparison_is_on_the_page(repository):
    page = (repository / "docs" / "how-to" / "pdf.md").read_text(encoding="utf-8").split("## Compare models")[1]
    for kind in (PdfRivals, PdfRival, PdfRivalWindow, PdfRefit):
        for field in fields(kind):
            name = "models" if field.name == "rivals" else field.name
            assert f"`{name}`" in page, name
