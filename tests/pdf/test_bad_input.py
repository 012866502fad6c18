"""What the PDF commands refuse, beyond what a reduction does, and what they say of a fit without enough data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.pdf.pdf_jobs import job, synthetic_gr
from xtal.composition import parse_composition
from xtal.errors import InputError, PatternError
from xtal.io.library import find_structure
from xtal.pattern import Pattern
from xtal.pdf.conventions import convert_real_space, convert_reciprocal_space
from xtal.pdf.fit import fit_pdf
from xtal.pdf.local import fit_shells
from xtal.pdf.local_data import local_data
from xtal.pdf.reduce import reduce_pattern
from xtal.pdf.reduction_settings import Corrections, ReductionSettings
from xtal.pdf.rivals import refuse_other_jobs
from xtal.pdf.shells import parse_shell
from xtal.pdf.simulate import PdfPhase, PdfSettings, mixture, r_grid, simulate_pdf

NI = parse_composition("Ni")
JOB = '[[data]]\nname = "d"\nfile = "n.gr"\nrange = [{range}]\n[[phase]]\nname = "p"\nstructure = "ni"\n'


def curve(kind: str, axis: str = "q", level: float = 0.0) -> Pattern:
    x = np.linspace(0.5, 20.0, 400)
    y = level + np.sin(2.5 * x) * np.exp(-0.01 * x**2)
    head = {"outputtype": kind, "composition": "Ni", "qmax": 20.0}
    return Pattern(x, y, axis=axis, source=f"ni.{kind}", metadata=head)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "quantity", "said"),
    [("gr", "F", r"says G\(r\), not F"), ("sq", "F", "give --quantity S"), ("fq", "I", "give --quantity F"),
     ("fq", "FK", "give --quantity F")],
)  # fmt: skip
def test_function_that_the_header_says_is_another_is_not_reduced(kind, quantity, said):
    with pytest.raises(PatternError, match=said):
        reduce_pattern(curve(kind), ReductionSettings(NI, quantity=quantity))


@pytest.mark.parametrize("wrong", [{"background_scale": np.nan}, {"q_max": np.inf}, {"q_min": np.nan}])
def test_settings_that_are_no_numbers_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        ReductionSettings(NI, **wrong)


@pytest.mark.parametrize("wrong", [{"polarization": 2.5}, {"absorption": -1.0}, {"monochromator_two_theta": 200.0}])
def test_corrections_beyond_nature_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Corrections(**wrong)


def test_keens_functions_of_a_null_scatterer_are_refused():
    with pytest.raises(InputError, match="⟨b⟩² of 0"):
        convert_reciprocal_space(q=[1.0], values=[0.1], source="FK", target="F", mean_square=0.0)
    with pytest.raises(InputError, match="⟨b⟩² of 0"):
        convert_real_space(r=[1.0], values=[0.1], source="G", target="GK", number_density=0.1, mean_square=0.0)


@pytest.mark.parametrize("u_iso", [0.0, -0.01])
def test_peaks_without_a_width_are_refused_by_name(u_iso):
    nickel = find_structure("ni")
    flat = nickel.with_sites(replace(site, u_iso=u_iso) for site in nickel.sites)
    with pytest.raises(InputError, match="aren't positive at Ni1"):
        simulate_pdf(flat, r_grid(1.0, 5.0))


def test_mixture_with_a_weight_that_is_no_number_is_refused():
    phases = [PdfPhase(find_structure("ni")), PdfPhase(find_structure("nio"))]
    with pytest.raises(InputError, match="weights"):
        mixture(phases, [0.5, np.nan], "xray")


def test_rdf_of_a_mixture_of_unlike_scatterers_is_zero_below_the_first_pair():
    phases = mixture([PdfPhase(find_structure("lif")), PdfPhase(find_structure("ni"))], [0.5, 0.5], "neutron")
    assert abs(sum(phase.scale for phase in phases) - 1) > 0.1
    r = r_grid(0.3, 0.5)
    assert np.abs(simulate_pdf(phases, r, PdfSettings("neutron")).rdf).max() < 1e-9


def test_s_of_q_is_not_taken_for_f_of_q_by_the_local_analysis():
    with pytest.raises(InputError, match=r"says S\(Q\)"):
        local_data(curve("sq", level=1.0))
    unmarked = replace(curve("fq", level=1.0), metadata={"composition": "Ni"})
    with pytest.raises(PatternError, match="seems to be S"):
        local_data(unmarked)


@pytest.mark.parametrize(("limits", "said"), [((3.0, 2.0), "smaller r first"), ((4.0, 6.0), "outside the fit range")])
def test_shells_and_their_range_must_meet(limits, said):
    data = local_data(curve("gr", axis="r"), number_density=0.09)
    with pytest.raises(InputError, match=said):
        fit_shells(data.band, data.total(), [parse_shell("Ni-Ni:2.4:2.6")], fit_range=limits)


@pytest.fixture
def nickel_gr(tmp_path: Path) -> Path:
    nickel = find_structure("ni").with_sites(replace(site, u_iso=0.006) for site in find_structure("ni").sites)
    synthetic_gr(tmp_path / "n.gr", nickel, PdfSettings("xray", 20.0), noise=0.05, seed=3, span=(0.5, 12.0))
    return tmp_path


def test_fit_with_more_parameters_than_independent_points_is_no_pass_and_has_no_esds(nickel_gr):
    stage = '[[stage]]\nname = "all"\nfree = ["data.*.scale", "phase.p.cell", "*.u_iso", "phase.p.delta2"]\n'
    result = fit_pdf(job(nickel_gr, JOB.format(range="2.2, 2.6") + stage))
    assert result.agreement is not None and result.agreement.n_independent < 4
    assert result.verdict == "review"
    assert "too short" in result.message
    assert all(item.esd is None for item in result.parameters.values())


def test_rivals_of_different_points_are_refused_before_they_are_fitted(nickel_gr):
    jobs = {name: job(nickel_gr, JOB.format(range=span)) for name, span in (("a", "1.5, 8.0"), ("b", "1.5, 9.0"))}
    with pytest.raises(InputError, match="different points"):
        refuse_other_jobs(jobs, 5.0)
    with pytest.raises(InputError, match="window -1"):
        refuse_other_jobs({"a": jobs["a"], "c": jobs["a"]}, -1.0)
    refuse_other_jobs({"a": jobs["a"], "c": jobs["a"]}, 5.0)
