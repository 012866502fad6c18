"""How often the intervals of ``--defend`` hold a weighed fraction, as a table.

Run from the top of the repository: ``python tools/interval_study.py [--data FOLDER] [--engine rietx] [--output FILE]``. Weighed mixtures that are
measured, outside the repository (XTAL_TEST_DATA, or ../shared/data). The terms of the model interval were chosen on the first set, the round robin;
the second set, the precursors, had no part in that and is the test. The file is rewritten after every mixture; a run goes on where it ends.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from xtal.io.atomic import write_text_atomic
from xtal.io.jobs import job_from_template
from xtal.rietveld.defence import defend
from xtal.rietveld.run import refine

ROOT = Path(__file__).resolve().parent.parent
CHOSEN_ON, NOT_CHOSEN_ON = "round robin (terms chosen on it)", "precursors (not chosen on)"
TRACE = 5.0

# M. Marezio, Acta Cryst. 20 (1966) 723.
INDIA = """data_in2o3
_cell_length_a 10.117
_cell_length_b 10.117
_cell_length_c 10.117
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'I a -3'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
In1 In 0.25 0.25 0.25 0.004
In2 In 0.4663 0 0.25 0.004
O1 O 0.3905 0.1529 0.3820 0.006
"""


@dataclass(frozen=True)
class Mixture:
    """A weighed mixture: file relative to the data, and weight of each phase, any unit."""

    name: str
    group: str
    file: str
    weights: dict[str, float]
    instrument: str


@dataclass(frozen=True)
class Row:
    """A phase of a mixture: what was weighed, what was found, and its intervals, all in wt%."""

    mixture: str
    group: str
    phase: str
    weighed: float
    found: float
    esd: float | None
    profile: tuple[float, float] | None
    model: tuple[float, float] | None
    verdict: str
    seconds: float

    @property
    def profile_covers(self) -> bool:
        """Whether the profile-likelihood interval holds what was weighed."""
        return self.profile is not None and self.profile[0] <= self.weighed <= self.profile[1]

    @property
    def model_covers(self) -> bool:
        """Whether the interval with the model's errors does."""
        return self.model is not None and self.model[0] <= self.weighed <= self.model[1]

    @property
    def verdict_is_right(self) -> bool:
        """A phase up to 5 wt% is a trace, another is present."""
        return self.verdict == ("trace" if self.weighed < TRACE else "present")


def mixtures() -> tuple[Mixture, ...]:
    """Every mixture of the study. NiO/La(OH)3/ZnO is left out: no structure of La(OH)3 is at hand."""
    weighed = {"1a": (1.15, 4.04, 94.81), "1d": (13.53, 32.89, 53.58), "1g": (31.37, 34.21, 34.42)}
    robin = [
        Mixture(f"CPD {name}", CHOSEN_ON, f"qpa_cpd_lab/cpd-{name}.prn",
                dict(zip(("al2o3", "zno", "caf2"), weights, strict=True)), "lab-cuka-graphite")
        for name, weights in weighed.items()
    ]  # fmt: skip
    precursors = {
        "Li2CO3_0p9001-ZrO2_0p1000": {"li2co3": 0.9001, "zro2": 0.1000},
        "NiO_0p2030-Li2CO3_0p2999-TiO2_0p5025": {"nio": 0.2030, "li2co3": 0.2999, "anatase": 0.5025},
        "TiO2_0p4009-ZnO_0p6010": {"anatase": 0.4009, "zno": 0.6010},
        "ZnO_0p4006-In2O3_0p6008": {"zno": 0.4006, "in2o3": 0.6008},
    }
    measured = [
        Mixture(f"{'/'.join(weights)}, {minutes} min", NOT_CHOSEN_ON, f"qpa_precursors/{stem}--{minutes}min.xrdml", weights, "lab-cuka")
        for stem, weights in precursors.items()
        for minutes in (8, 2)
    ]  # fmt: skip
    return (*robin, *measured)


def run(mixture: Mixture, data: Path, engine: str) -> list[Row]:
    """Refine and defend a mixture."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        india = Path(folder) / "in2o3.cif"
        india.write_text(INDIA, encoding="utf-8")
        names = [str(india) if name == "in2o3" else name for name in mixture.weights]
        job = job_from_template("quantitative-phase-analysis", data / mixture.file, phases=names,
                                instrument=mixture.instrument, engine=engine)  # fmt: skip
        result = defend(job, refine(job))
    total = sum(mixture.weights.values())
    return [_row(mixture, name, 100 * weight / total, result.phases[name], time.monotonic() - started)
            for name, weight in mixture.weights.items()]  # fmt: skip


def _row(mixture: Mixture, name: str, weighed: float, phase: object, seconds: float) -> Row:
    fraction, defence = phase.weight_fraction, phase.defence  # type: ignore[attr-defined]
    return Row(
        mixture.name, mixture.group, name, weighed, 100 * fraction.value,
        None if fraction.esd is None else 100 * fraction.esd,
        _percent(defence.weight_interval), _percent(defence.model_interval), defence.verdict, round(seconds, 1),
    )  # fmt: skip


def _percent(interval: object) -> tuple[float, float] | None:
    return None if interval is None else (100 * interval.low, 100 * interval.high)  # type: ignore[attr-defined]


def table(rows: Sequence[Row]) -> str:
    """Markdown: every phase, then the coverage of each set."""
    lines = ["| mixture | phase | weighed | found | 95 %, profile | 95 %, models | holds | verdict |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {row.mixture} | {row.phase} | {row.weighed:.2f} | {row.found:.2f} | {_text(row.profile)} | {_text(row.model)} | "
        f"{'yes' if row.model_covers else '**no**'} | {row.verdict} |"
        for row in rows
    ]
    lines += ["", "| set | phases | profile intervals hold | model intervals hold | verdicts right |", "|---|---|---|---|---|"]  # fmt: skip
    for group in dict.fromkeys(row.group for row in rows):
        own = [row for row in rows if row.group == group]
        counts = [sum(getattr(row, key) for row in own) for key in ("profile_covers", "model_covers", "verdict_is_right")]  # fmt: skip
        lines.append(f"| {group} | {len(own)} | {counts[0]} | {counts[1]} | {counts[2]} |")
    return "\n".join(lines) + "\n"


def _text(interval: tuple[float, float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.2f}–{interval[1]:.2f}"


def _read(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    pairs = ("profile", "model")
    items = json.loads(path.read_text(encoding="utf-8"))
    return [Row(**{key: tuple(v) if key in pairs and v else v for key, v in item.items()}) for item in items]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the file doesn't hold yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("XTAL_TEST_DATA", ROOT.parent / "shared" / "data")))  # fmt: skip
    parser.add_argument("--engine", default="rietx")
    parser.add_argument("--output", type=Path, default=Path("intervals.json"))
    options = parser.parse_args(arguments)
    rows = _read(options.output)
    done = {row.mixture for row in rows}
    for mixture in mixtures():
        if mixture.name in done:
            continue
        rows += run(mixture, options.data, options.engine)
        write_text_atomic(options.output, json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        print(mixture.name, file=sys.stderr)
    print(table(rows))


if __name__ == "__main__":
    main()
