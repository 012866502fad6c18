"""One fit of one G(r) of a series, and its answer in the form in which a store holds refinements.

A frame's answer has the keys of ``xtal-result/1`` where a PDF fit has them too, so that tables, trends, report and export of a series
serve both; agreement is Rw. What only a PDF fit has lies beside it under ``pdf``. Bond lengths are quantities like cell parameters.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..job.resolved import Parameter
from ..pdf.job import PdfJob
from ..result import PhaseResult, ProfileCurves, Result, Value
from .frame import FrameTask, packed_fit
from .frame_job import frame_parameters, frame_stages
from .store import Fit

if TYPE_CHECKING:
    from ..io.series_files import SeriesInput
    from ..pdf.bonds import BondLength
    from ..pdf.result import PdfPhaseResult, PdfResult
    from ..structure import Structure

__all__ = ["PdfFrameTask", "adjusted_pdf_job", "as_refinement", "bond_quantities"]

WORSE = 1.3
"""A warm fit whose Rw exceeds its neighbour's by this factor is checked against a cold one."""


def adjusted_pdf_job(job: PdfJob, index: int, given: SeriesInput) -> PdfJob:
    """A frame's job with the start values, bounds and held parameters that the series file has for it.

    Raises
    ------
    JobError
        A name that matches nothing, or nothing is free any more.
    """
    parameters = frame_parameters(job.parameters, index, given)
    return replace(job, parameters=parameters, stages=frame_stages(job.stages, list(job.parameters), index, given))


class PdfFrameTask(FrameTask):
    """What a worker gets of a series of G(r): `job` is a `PdfJob`, and `parent_gof` the neighbour's Rw."""

    def refine(self) -> Fit:
        """Fit the frame; a fit that fails comes back as a `Fit` that says so."""
        started = time.monotonic()
        result, parent = self._fitted(started + self.timeout)
        fit = _packed(self, result, parent)
        seconds = round(time.monotonic() - started, 4)
        return replace(fit, timing={"fit": seconds}, seconds=seconds)

    def _fitted(self, deadline: float) -> tuple[PdfResult, int | None]:
        """Result, and the frame that it started from."""
        from ..pdf.fit import fit_pdf

        def fit(job: PdfJob) -> PdfResult:
            return fit_pdf(job, timeout=max(deadline - time.monotonic(), 0.1))

        if self.starts is None:
            return fit(self.job), None
        warm = fit(_warm(self.job, self.starts, self.all_stages))
        if warm.status == "converged" and (self.parent_gof is None or _rw(warm) <= WORSE * self.parent_gof):
            return warm, self.parent
        cold = fit(self.job)
        return (cold, None) if _rank(cold) < _rank(warm) else (warm, self.parent)


def _rw(result: PdfResult) -> float:
    return float("inf") if result.agreement is None else result.agreement.rw


def _rank(result: PdfResult) -> tuple[bool, float]:
    return result.status != "converged", _rw(result)


def _warm(job: PdfJob, starts: Mapping[str, float], all_stages: bool) -> PdfJob:
    """The job with a neighbour's values as start. The scale of the data is left: it is the one that fits the start best."""
    parameters = {name: _started(name, item, starts.get(name)) for name, item in job.parameters.items()}
    return replace(job, parameters=parameters, stages=job.stages if all_stages else job.stages[-1:])


def _started(name: str, parameter: Parameter, value: float | None) -> Parameter:
    if value is None or (name.startswith("data.") and name.endswith(".scale")):
        return parameter
    low = value if parameter.min is None else max(value, parameter.min)
    return replace(parameter, start=low if parameter.max is None else min(low, parameter.max))


def _packed(task: FrameTask, result: PdfResult, parent: int | None) -> Fit:
    agreement = result.agreement
    curves = next((_profile(result, name) for name in result.curves), None)
    found = [(name, item.value, item.esd) for name, item in result.parameters.items() if item.free]
    return replace(
        packed_fit(task, parent, (result.status, result.verdict, result.message), curves, _content(result)),
        rwp=None if agreement is None else agreement.rw,
        n_points=None if agreement is None else agreement.n_points,
        parameters=(*found, *bond_quantities(result.bonds)),
    )


def bond_quantities(bonds: tuple[BondLength, ...]) -> Iterator[tuple[str, float, float | None]]:
    """Name, length and esd of each bond: ``phase.P.bond.Li1-O1``, numbered from the shortest where there are several."""
    groups: dict[str, list[BondLength]] = {}
    for bond in bonds:
        groups.setdefault(f"phase.{bond.phase}.bond.{bond.first}-{bond.second}", []).append(bond)
    for name, members in groups.items():
        ordered = sorted(members, key=lambda bond: bond.length)
        for number, bond in enumerate(ordered, start=1):
            yield name if len(ordered) == 1 else f"{name}.{number}", bond.length, bond.esd


def _profile(result: PdfResult, name: str) -> ProfileCurves:
    import numpy as np

    curves = result.curves[name]
    sigma = np.ones_like(curves.r) if curves.sigma is None else curves.sigma
    return ProfileCurves(curves.r, curves.observed, sigma, curves.calculated, np.zeros_like(curves.r), {}, "r")


def _content(result: PdfResult) -> dict[str, Any]:
    from ..io.cif_text import cif_text

    structures = {name: cif_text(one, {}) for name, one in result.structures.items()}
    return {
        "result": as_refinement(result).to_dict(),
        "reflections": {},
        "structures": structures,
        "pdf": result.to_dict(),
    }


def as_refinement(result: PdfResult) -> Result:
    """A PDF fit as a `Result`: phases, parameters, stages and provenance; without the agreement of a powder pattern."""
    source = next((curves.source for curves in result.curves.values()), result.title)
    phases = {name: _phase(item, result.structures[name]) for name, item in result.phases.items()}
    return Result(
        result.title, result.status, result.verdict, result.message, {"name": "pdffit2", "version": _engine_version(result)}, None,
        phases, {}, result.parameters, result.correlations, (), result.stages, {"source": source, "axis": "r"}, result.provenance,
    )  # fmt: skip


def _engine_version(result: PdfResult) -> str:
    return str(result.provenance.get("versions", {}).get("diffpy.pdffit2", ""))


def _phase(item: PdfPhaseResult, structure: Structure) -> PhaseResult:
    nothing = Value(None, None, "a PDF fit doesn't give it")
    without_covariance = "the covariance of the cell isn't kept"
    return PhaseResult(
        item.formula, item.space_group, item.quality, item.source, item.weight_fraction, nothing, nothing,
        Value(structure.density, None, without_covariance), Value(structure.lattice.volume, None, without_covariance),
        nothing, nothing, item.cell,
    )  # fmt: skip
