"""The example of the how-to page runs."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.pdf.pdf_jobs import synthetic_gr
from xtal.io.library import find_structure
from xtal.io.pdf_jobs import load_pdf_job
from xtal.pdf.fit import fit_pdf
from xtal.pdf.simulate import PdfSettings


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
