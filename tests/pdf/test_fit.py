"""PDF jobs and fits: what is refused and how, how a fit ends, what is written, and that PDFfit2 stays silent."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from diffpy.pdffit2 import PdfFit, redirect_stdout

from tests.pdf.pdf_jobs import cif, job, synthetic_gr
from tests.pdf.pdffit2_peer import _SILENCE
from xtal.engines.pdffit2_engine import Pdffit2Engine
from xtal.engines.process import run_task
from xtal.errors import InputError, OutputError
from xtal.io.library import find_structure
from xtal.io.pdf_results import read_pdf_result
from xtal.pdf.fit import _faded_together, fit_pdf
from xtal.pdf.job import structures_of
from xtal.pdf.job_schema import PdfJobFile, pdf_job_json_schema
from xtal.pdf.pdffit2_task import pdffit2_task
from xtal.pdf.simulate import PdfSettings
from xtal.pdf.uncertainty import PdfCovariance
from xtal.report.pdf_report import pdf_report_html, write_pdf_result

DATA = '[[data]]\nname = "d"\nfile = "n.gr"\nrange = [1.5, 10.0]\n'
PHASE = '[[phase]]\nname = "ni"\nstructure = "nickel.cif"\n'


@pytest.fixture
def folder(tmp_path):
    """Folder with the CIF and a synthetic G(r) of nickel."""
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    cif(tmp_path, nickel.renamed("nickel"))
    synthetic_gr(tmp_path / "n.gr", nickel, PdfSettings("xray", 20.0, 0.03), noise=0.3, seed=1, span=(0.5, 12.0))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DATA.replace("10.0", "60.0") + PHASE, r"range 1.5-60 Å goes beyond the data, which span 0.5-12 Å"),
        (DATA.replace("1.5", "0.1") + PHASE, "goes beyond the data"),
        (DATA.replace("[1.5, 10.0]", "[9, 3]") + PHASE, "smaller, larger"),
        (DATA.replace("n.gr", "absent.gr") + PHASE, "absent.gr"),
        (DATA + PHASE.replace("nickel.cif", "nickle"), "neither a reference structure nor a file"),
        (DATA + PHASE + "diametre = 3\n", "Did you mean 'diameter'"),
        (DATA + PHASE + 'anisotropic = ["Ni9"]\n', "no site 'Ni9'"),
        (DATA + PHASE + "start = { dleta2 = 1.0 }\n", "delta2"),
        (DATA + PHASE + '[[stage]]\nname = "s"\nfree = ["phase.ni.cell.b"]\n', "no parameter is called"),
        (DATA + PHASE + '[[stage]]\nname = "s"\nfree = ["*.scale"]\n', "only have a product"),
        (DATA + PHASE + "[box_car]\nwidth = 20\nstep = 1\n", "doesn't fit"),
        (DATA + PHASE + "[box_car]\nwidth = 2\nstep = 1\nstop = 30\n", "go beyond the range"),
        (DATA + DATA + PHASE, "is there twice"),
        (DATA, "'phase' is missing"),
        ("[[data", "not valid TOML"),
    ],
)
def test_a_bad_job_is_refused_with_what_and_where(folder, text, words):
    with pytest.raises(InputError, match=words):
        job(folder, text)


def test_another_schema_is_named_first(folder):
    (folder / "job.toml").write_text('schema = "xtal-pdf-job/7"\n', encoding="utf-8")
    from xtal.io.pdf_jobs import load_pdf_job

    with pytest.raises(InputError, match="it reads 'xtal-pdf-job/1'"):
        load_pdf_job(folder / "job.toml")


def test_radiation_and_qmax_must_be_known(folder):
    text = (folder / "n.gr").read_text(encoding="utf-8")
    (folder / "n.gr").write_text(text.replace("stype=X", ""), encoding="utf-8")
    with pytest.raises(InputError, match="add probe"):
        job(folder, DATA + PHASE)
    (folder / "n.gr").write_text(text.replace("qmax=20", ""), encoding="utf-8")
    with pytest.raises(InputError, match="gives Qmax"):
        job(folder, DATA + PHASE)


def test_uneven_points_are_refused(folder):
    lines = (folder / "n.gr").read_text(encoding="utf-8").splitlines()
    (folder / "n.gr").write_text("\n".join(lines[:200] + lines[260:]), encoding="utf-8")
    with pytest.raises(InputError, match="not evenly spaced"):
        job(folder, DATA + PHASE)


def test_a_bond_of_an_unknown_element_is_refused(folder):
    with pytest.raises(InputError, match="neither a site nor an element"):
        fit_pdf(job(folder, DATA + PHASE + '[[bond]]\nfirst = "Ni"\nsecond = "Zr"\nrange = [1, 3]\n'))


def test_default_stages_fit_without_any_being_named(folder):
    loaded = job(folder, DATA + PHASE)
    assert [stage.name for stage in loaded.stages] == ["scale", "cell", "widths"]
    assert loaded.parameters["data.d.scale"].start == pytest.approx(1.0, abs=0.05)
    result = fit_pdf(loaded)
    assert (result.status, result.verdict) == ("converged", "pass")
    assert result.agreement.chi2 / result.agreement.n_points == pytest.approx(1.0, abs=0.2)
    bond = result.bonds[0]
    assert (bond.count, bond.length) == (12, pytest.approx(result.value("phase.ni.cell.a") / np.sqrt(2), abs=1e-6))
    assert bond.esd == pytest.approx(result.parameters["phase.ni.cell.a"].esd / np.sqrt(2), rel=1e-3)


def test_a_data_set_or_phase_called_x_has_nothing_freed_by_default_but_what_is_meant(folder):
    text = '[[data]]\nname = "x"\nfile = "n.gr"\nrange = [1.5, 10.0]\n[[phase]]\nname = "y"\nstructure = "ni"\n'
    loaded = job(folder, text)
    freed = {name for stage in loaded.stages for name in stage.free}
    assert freed == {"data.x.scale", "phase.y.cell.a", "phase.y.site.Ni1.u_iso", "phase.y.delta2"}


def test_particle_whose_size_and_resolution_were_refined_together_is_warned_of():
    names = ("data.d.q_damp", "phase.p.diameter", "phase.p.cell.a")
    matrix = np.array([[1.0, 0.97, 0.95], [0.97, 1.0, 0.95], [0.95, 0.95, 1.0]])
    said = list(_faded_together(PdfCovariance(names, matrix)))
    assert said == [
        "data.d.q_damp and phase.p.diameter are correlated by +0.97: hold q_damp at the value of a standard."
    ]


def test_own_calculation_reproduces_the_fitted_curve(folder):
    loaded = job(folder, DATA + PHASE)
    curves = fit_pdf(loaded).curves["d"]
    # PDFfit2 breaks its model off 6 ripples beyond the range: 0.7 % of the maximum near both ends (see test_simulate).
    apart = np.abs(sum(curves.partials.values()) - curves.calculated) / curves.calculated.max()
    assert apart.max() < 0.008


def test_covariance_has_the_shape_of_pdffit2s_own(folder):
    """PDFfit2's esds differ by one factor, which depends on its weights; repeated noise tests the size of ours."""
    free = '"data.d.scale", "phase.ni.cell", "*.u_iso"'
    result = fit_pdf(job(folder, DATA + PHASE + f'[[stage]]\nname = "all"\nfree = [{free}]\nmax_cycles = 50\n'))
    theirs = _own_fit(folder, result)
    ratios = [
        result.parameters[name].esd / theirs[number]
        for name, number in (("phase.ni.cell.a", 1), ("phase.ni.site.Ni1.u_iso", 2), ("data.d.scale", 3))
    ]
    assert ratios == pytest.approx([np.mean(ratios)] * 3, rel=0.05)


def _own_fit(folder, result):
    """Esds of a, U and scale by PDFfit2 itself, from the text of its results."""
    from xtal.convert import to_diffpy

    curves = result.curves["d"]
    redirect_stdout(_SILENCE)
    fit = PdfFit(create_intro=False)
    fit.add_structure(to_diffpy(result.structures["ni"]))
    fit.read_data_lists("X", 20.0, 0.03, curves.r.tolist(), curves.observed.tolist(), curves.sigma.tolist())
    fit.setpar(1, result.value("phase.ni.cell.a"))
    fit.setpar(2, result.value("phase.ni.site.Ni1.u_iso"))
    fit.setpar(3, result.value("data.d.scale"))
    for axis in (1, 2, 3):
        fit.constrain(fit.lat(axis), "@1")
    for atom in range(1, 5):
        for component in (fit.u11, fit.u22, fit.u33):
            fit.constrain(component(atom), "@2")
    fit.constrain("dscale", "@3")
    fit.setvar("qdamp", 0.03)
    fit.refine()
    section = fit.save_res_string().split("Refinement parameters :")[1]
    import re

    return {int(n): float(esd) for n, esd in re.findall(r"(\d+): \S+ \((\S+?)\)", section)}


def test_a_parameter_beyond_its_bound_is_held_there_and_said(folder):
    text = DATA + PHASE + 'bounds = { "cell.a" = [3.4, 3.51] }\nstart = { "cell.a" = 3.5 }\n'
    result = fit_pdf(job(folder, text))
    cell = result.parameters["phase.ni.cell.a"]
    assert cell.value == 3.51
    assert (cell.esd, cell.reason) == (None, "it ended on its bound")
    assert result.verdict == "review"
    assert any("phase.ni.cell.a ended on its bound" in warning for warning in result.warnings)


def test_ties_hold_and_their_followers_have_esds(folder):
    text = DATA + PHASE + '[[tie]]\ntarget = "phase.ni.delta1"\nexpression = "0.1*{data.d.scale}"\n'
    result = fit_pdf(job(folder, text))
    scale, delta1 = result.parameters["data.d.scale"], result.parameters["phase.ni.delta1"]
    assert delta1.value == pytest.approx(0.1 * scale.value)
    assert delta1.esd == pytest.approx(0.1 * scale.esd)


def test_the_origin_of_a_polar_group_is_held_and_said(tmp_path):
    wurtzite = find_structure("zno")
    wurtzite = wurtzite.with_sites(replace(s, u_iso=0.006, u_aniso=None) for s in wurtzite.sites)
    synthetic_gr(tmp_path / "z.gr", wurtzite, PdfSettings("xray", 20.0, 0.03), noise=0.1, seed=1, span=(0.5, 12.0))
    text = f'[[data]]\nname = "d"\nfile = "z.gr"\nrange = [1.5, 10.0]\n[[phase]]\nname = "p"\nstructure = "{cif(tmp_path, wurtzite)}"\n'
    result = fit_pdf(job(tmp_path, text))
    assert result.status == "converged"
    zinc, oxygen = (next(n for n in result.parameters if n.endswith(".z") and f".{e}" in n) for e in ("Zn", "O"))
    assert not result.parameters[zinc].free
    assert any(warning.startswith(f"p: {zinc.split('.')[3]}.z is held") for warning in result.warnings)
    apart = result.value(oxygen) - result.value(zinc)
    true = {site.element: site.xyz[2] for site in wurtzite.sites}
    assert apart == pytest.approx(true["O"] - true["Zn"], abs=4 * result.parameters[oxygen].esd)


def test_an_exceeded_time_limit_ends_the_fit_and_says_so(folder):
    result = fit_pdf(job(folder, DATA + PHASE), timeout=0.01)
    assert (result.status, result.verdict) == ("timeout", "fail")
    assert "time limit" in result.message
    assert fit_pdf(job(folder, DATA + PHASE)).status == "converged"  # the next one has a new worker


@pytest.mark.parametrize(
    ("program", "status", "words"),
    [
        ("import time; time.sleep(60)", "timeout", "time limit"),
        ("import sys, os, signal; sys.stdin.readline(); os.kill(os.getpid(), signal.SIGKILL)", "failed", "SIGKILL"),
        ("import sys; sys.stdin.readline(); print('nonsense', flush=True); sys.exit(3)", "failed", "No fit"),
    ],
)
def test_a_hanging_or_crashing_engine_is_ended_and_reported(folder, monkeypatch, program, status, words):
    monkeypatch.setattr(Pdffit2Engine, "worker_command", lambda self: (sys.executable, "-c", program))
    result = fit_pdf(job(folder, DATA + PHASE), timeout=2.0)
    assert (result.status, result.verdict) == (status, "fail")
    assert words in result.message
    assert result.agreement is None
    assert all(item.esd is None for item in result.parameters.values())
    write_pdf_result(result, folder / "out")
    assert read_pdf_result(folder / "out")["status"] == status


def test_what_pdffit2_refuses_is_an_error_and_no_crash(folder):
    task = pdffit2_task(job(folder, DATA + PHASE))
    task["phases"][0]["atoms"][0]["symbol"] = "Xx"
    run = run_task(Pdffit2Engine().worker_command(), task, timeout=60)
    assert run.status == "error"
    assert "PDFfit2 could not go on" in run.message


def test_uncertainties_without_a_covariance_have_a_reason(folder):
    text = (
        DATA
        + PHASE
        + '[[stage]]\nname = "s"\nfree = ["data.*.scale", "phase.ni.cell", "*.u_iso", "phase.ni.delta2"]\nmax_cycles = 1\n'
    )
    result = fit_pdf(job(folder, text))
    assert result.status == "not_converged"
    assert result.parameters["phase.ni.cell.a"].esd is None
    assert "converge" in result.parameters["phase.ni.cell.a"].reason


def test_every_variable_starts_where_the_structure_has_it():
    """The linear relations give each atom's coordinates and Uij, in a trigonal and a monoclinic group."""
    from xtal.pattern import Pattern
    from xtal.pdf.job import PdfData, PdfJob, PdfJobPhase, pdf_parameters

    data = PdfData("d", Pattern([1.0, 2.0, 3.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0], axis="r"), "xray", 20.0, False)
    for name in ("li2zrcl6-hcp", "li2zrcl6-ccp", "llzo-cubic"):
        structure = find_structure(name)
        phase = PdfJobPhase(name, structure.with_sites(replace(s, u_iso=0.01, u_aniso=None) for s in structure.sites))
        whole = PdfJob("", (data,), (phase,), pdf_parameters([phase], ["d"]), (), ())
        values = whole.start_values()
        found = {(v["name"], v["argument"]): v["constant"] + sum(c * values[n] for c, n in v["terms"])
                 for v in pdffit2_task(whole)["variables"]}  # fmt: skip
        index, xyz = structure.expanded()
        got = np.array([[found[axis, k + 1] for axis in "xyz"] for k in range(len(xyz))])
        assert np.allclose(got, xyz, atol=1e-9)
        assert [found["lat", k] for k in range(1, 7)] == pytest.approx(structure.lattice.parameters)
        assert found["u12", 1] == pytest.approx(0.005 if structure.lattice.gamma == 120 else 0.0, abs=1e-9)
        assert structures_of(whole, values)[0].lattice == structure.lattice
        assert len(index) == len(structure.expanded()[0])


def test_the_folder_holds_result_report_curves_and_structure(folder):
    result = fit_pdf(job(folder, DATA + PHASE), command=("xtal", "pdf", "fit", "job.toml"))
    out = write_pdf_result(result, folder / "out")
    assert {path.name for path in out.iterdir()} == {
        "result.json",
        "report.html",
        "fit.png",
        "d.csv",
        "ni.cif",
        "log.txt",
    }
    content = read_pdf_result(out)
    assert content["parameters"]["phase.ni.cell.a"]["esd"] > 0
    assert content["data"]["d"]["rw"] == pytest.approx(result.agreement.rw)
    assert set(content["provenance"]["inputs"]) == {"job.toml", "n.gr", "nickel.cif"}
    assert str(folder) not in json.dumps(content)
    table = np.genfromtxt(out / "d.csv", delimiter=",", names=True)
    assert np.allclose(table["observed"] - table["calculated"], table["difference"], atol=1e-5)
    with pytest.raises(OutputError, match="exists already"):
        write_pdf_result(result, out)
    write_pdf_result(result, out, force=True)


def test_the_report_escapes_what_comes_from_the_job(folder):
    result = fit_pdf(job(folder, 'title = "<b>x</b>"\n' + DATA + PHASE))
    page = pdf_report_html(result, {})
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "12" in page


def test_the_schema_is_published():
    schema = pdf_job_json_schema()
    assert schema["required"] == ["data", "phase"]
    assert schema["properties"]["schema"]["const"] == "xtal-pdf-job/1"
    assert PdfJobFile.model_fields["schema_"].default == "xtal-pdf-job/1"


def test_the_command_fits_and_pdffit2_prints_nothing(folder):
    (folder / "job.toml").write_text('schema = "xtal-pdf-job/1"\n' + DATA + PHASE, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "xtal", "pdf", "fit", "job.toml", "-o", "out"], cwd=folder,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "phase.ni.cell.a" in done.stdout
    for text in (done.stdout, done.stderr):
        assert "Dataset" not in text
        assert "ITER" not in text
    assert "ITER" in (folder / "out" / "log.txt").read_text(encoding="utf-8")
    again = subprocess.run([sys.executable, "-m", "xtal", "pdf", "fit", "job.toml", "-o", "out"], cwd=folder,
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert (again.returncode, again.stdout) == (2, "")
    assert "exists already" in again.stderr


def test_the_command_prints_json_alone(folder):
    (folder / "job.toml").write_text('schema = "xtal-pdf-job/1"\n' + DATA + PHASE, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "xtal", "pdf", "fit", "job.toml", "-o", "out", "--json"], cwd=folder,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert json.loads(done.stdout)["schema"] == "xtal-pdf-result/1"
