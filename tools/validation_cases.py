"""Fits with an answer that did not come from this toolkit: what they are, what is known, how close we must come.

Used by tests/acceptance and by tools/validate.py, which writes docs/validation.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xtal.io.jobs import job_from_template, load_job
from xtal.io.write_pattern import write_pattern
from xtal.job import Job
from xtal.result import Result, Value
from xtal.synthetic import laboratory_instrument, synthetic_pellet

__all__ = ["MEASURED", "PELLET_SHARES", "SYNTHETIC", "Case", "Known", "build_job"]


@dataclass(frozen=True)
class Known:
    """A number with a known answer.

    `unit` is "wt%", "ppm" or "Rwp"; `tolerance` is in that unit, None where nothing is demanded.
    """

    label: str
    answer: float
    unit: str
    tolerance: float | None
    found: Callable[[Result], Value]

    def error(self, result: Result) -> float:
        """Found minus known in `unit`."""
        value = self.found(result).value
        if value is None:
            return float("nan")
        return {"ppm": 1e6 * (value / self.answer - 1), "wt%": 100 * value - self.answer,
                "share": value - self.answer, "Rwp": 100 * value - self.answer, "Å": value - self.answer}[self.unit]  # fmt: skip

    def holds(self, result: Result) -> bool:
        """Whether the result is as close as demanded; an Rwp only has to be no worse."""
        error = self.error(result)
        if self.tolerance is None:
            return True
        return error <= self.tolerance if self.unit == "Rwp" else abs(error) <= self.tolerance


@dataclass(frozen=True)
class Case:
    """A fit: `template` with `phases`, or the text of a job file; data relative to the folder of measured data."""

    name: str
    about: str
    data: str
    known: tuple[Known, ...]
    template: str = "quantitative-phase-analysis"
    phases: tuple[str, ...] = ()
    instrument: str | None = None
    job: str = ""
    source: str = ""
    engines: tuple[str, ...] = ("rietx", "gsas2", "native")


def weight(phase: str, answer: float, tolerance: float | None) -> Known:
    """A weighed fraction, wt%."""
    return Known(f"w({phase})", answer, "wt%", tolerance, lambda result: result.phases[phase].weight_fraction)


def cell(phase: str, name: str, answer: float, ppm: float | None) -> Known:
    """A cell length, Å, tolerance in ppm."""
    return Known(f"{name}({phase})", answer, "ppm", ppm, lambda result: getattr(result.phases[phase].cell, name))


def rwp_not_above(answer: float) -> Known:
    """An Rwp that another program reached, percent."""
    return Known("Rwp", answer, "Rwp", 0.0, lambda result: Value(result.agreement.rwp if result.agreement else None))


def _round_robin(sample: str, weights: tuple[float, float, float]) -> Case:
    known = tuple(
        weight(phase, answer, 1.5 if answer < 5 else 2.5)
        for phase, answer in zip(("al2o3", "zno", "caf2"), weights, strict=True)
    )
    return Case(
        name=f"CPD {sample}",
        about="IUCr CPD round robin, weighed mixture of corundum, zincite, fluorite",
        data=f"qpa_cpd_lab/cpd-{sample}.prn",
        known=known,
        phases=("al2o3", "zno", "caf2"),
        instrument="lab-cuka-graphite",
        source="Madsen et al., J. Appl. Cryst. 2001, 34, 409",
    )


def _titania_zincite(minutes: int) -> Case:
    total = 0.4009 + 0.6010
    titania = Known(
        "w(TiO2)", 40.09 / total, "wt%", 5.0,
        lambda result: Value(1.0 - (result.phases["zno"].weight_fraction.value or 0.0)),
    )  # fmt: skip
    return Case(
        name=f"TiO2/ZnO, {minutes} min",
        about="weighed precursor mixture, Aeris",
        data=f"qpa_precursors/TiO2_0p4009-ZnO_0p6010--{minutes}min.xrdml",
        known=(titania, weight("zno", 60.10 / total, 5.0)),
        phases=("anatase", "zno"),
        instrument="lab-cuka",
        source="weighed masses in the file's name",
    )


PROFILE_JOB = """
schema = "xtal-job/1"
title = "{title}"
[pattern]
file = "{file}"
instrument = "{instrument}"
{pattern}
[background]
terms = {terms}
[[phase]]
structure = "{structure}"
[[stage]]
name = "scale and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cell and sample height"
free = ["phase.*.cell", "pattern.displacement"]
[[stage]]
name = "profile"
free = [{profile}]
max_cycles = 40
"""

WIDTHS = '"pattern.profile.u", "pattern.profile.v", "pattern.profile.w", "pattern.profile.x", "pattern.profile.y"'

STRUCTURE_STAGE = """
[[stage]]
name = "structure"
free = ["phase.*.site.*.x", "phase.*.site.*.y", "phase.*.site.*.z", "phase.*.site.*.u_iso"]
max_cycles = 40
"""

MEASURED: tuple[Case, ...] = (
    _round_robin("1a", (1.15, 4.04, 94.81)),
    _round_robin("1d", (13.53, 32.89, 53.58)),
    _round_robin("1g", (31.37, 34.21, 34.42)),
    Case(
        name="SRM 660c",
        about="NIST LaB6, certification measurement, 20.85 °C",
        data="nist_srm660c_lab/nist_srm660c_100a.cif",
        known=(cell("lab6", "a", 4.156780, 60.0),),
        job=PROFILE_JOB.format(
            title="SRM 660c", file="{data}", instrument="lab-cuka", pattern="", terms=8, structure="lab6",
            profile=WIDTHS + ', "pattern.profile.axial"',
        ),
        source="cell in the data file, NIST SRM 660c",
    ),
    Case(
        name="fluorapatite",
        about="laboratory pattern of the GSAS-II tutorial",
        data="lab_fap/FAP.XRA",
        known=(cell("fluorapatite", "a", 9.371724, 150.0), cell("fluorapatite", "c", 6.885867, 150.0),
               rwp_not_above(10.05)),
        job=PROFILE_JOB.format(title="fluorapatite", file="{data}", instrument="{folder}/INST_XRY.PRM",
                               pattern="range = [15.0, 130.0]", terms=8, structure="fluorapatite", profile=WIDTHS) + STRUCTURE_STAGE,
        source="GSAS refinement FAP.EXP of the same data",
    ),
    _titania_zincite(8),
    _titania_zincite(2),
)  # fmt: skip
"""Measured data; they live outside the repository."""

PELLET_SHARES = (0.59, 0.91, 0.95, 1.0)
PELLET_SEEDS = {0.59: 59, 0.91: 91, 0.95: 95, 1.0: 100}


def _pellet(share: float) -> Case:
    known = Known("cubic share", share, "share", 0.02, lambda result: result.phases["cubic"].group_share)
    a = Known("a(cubic)", 3.911, "Å", 0.001, lambda result: result.phases["cubic"].cell.a)
    return Case(
        name=f"synthetic pellet, share {share:g}",
        about="synthetic: Li2OHCl/LLTO 1:1 by weight, simulated by code that rietx and gsas2 do not share (native does)",
        data=f"synthetic:{share}",
        known=(known, a),
        template="antiperovskite-perovskite",
        source=f"input of the simulation, seed {PELLET_SEEDS[share]}",
    )


SYNTHETIC = tuple(_pellet(share) for share in PELLET_SHARES)


def build_job(case: Case, engine: str, data: Path | None, scratch: Path) -> Job:
    """The job of a case; `scratch` is a folder for files that are made on the way."""
    if case.data.startswith("synthetic:"):
        return _pellet_job(case, engine, scratch)
    assert data is not None
    file = data / case.data
    if case.job:
        path = scratch / "job.toml"
        path.write_text(case.job.replace("{data}", str(file)).replace("{folder}", str(file.parent)), encoding="utf-8")
        return load_job(path, engine=engine)
    return job_from_template(case.template, file, phases=case.phases, instrument=case.instrument, engine=engine)


def _pellet_job(case: Case, engine: str, scratch: Path) -> Job:
    from xtal.io.instruments import write_instrument

    share = float(case.data.removeprefix("synthetic:"))
    pattern, _ = synthetic_pellet(share, seed=PELLET_SEEDS[share])
    write_pattern(pattern, scratch / "pellet.xye")
    write_instrument(laboratory_instrument(), scratch / "instrument.toml")
    return job_from_template(
        case.template, scratch / "pellet.xye", instrument=str(scratch / "instrument.toml"), engine=engine
    )
