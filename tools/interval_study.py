"""How often the intervals of ``--defend`` hold a weighed fraction, as a table.

Run from the top of the repository: ``python tools/interval_study.py [--data FOLDER] [--more FOLDER] [--engine rietx] [--output FILE]``. Weighed mixtures
that are measured, outside the repository (XTAL_TEST_DATA, or ../shared/data). The terms of the model interval were chosen knowing the misses of the round
robin and of the first precursors. ``--more`` is the folder of the other precursor mixtures (CederGroupHub/dara on GitHub, dataset/precursor_mixture): the
terms were settled before any of them was refined, so that they are the test. The file is rewritten after every mixture; a run goes on where it ends.
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
ROBIN, PRECURSORS, UNTOUCHED = "round robin (seen)", "first precursors (seen)", "other precursors (not seen)"
TRACE = 5.0

HEAD = """data_{name}
_cell_length_a {cell[0]}
_cell_length_b {cell[1]}
_cell_length_c {cell[2]}
_cell_angle_alpha 90
_cell_angle_beta {cell[3]}
_cell_angle_gamma {cell[4]}
_space_group_name_H-M_alt '{group}'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
{sites}
"""
Content = tuple[tuple[float, float, float, float, float], str, str]
STRUCTURES: dict[str, Content] = {
    # M. Marezio, Acta Cryst. 20 (1966) 723.
    "in2o3": ((10.117, 10.117, 10.117, 90, 90), "I a -3", "In1 In 0.25 0.25 0.25 0.004\nIn2 In 0.4663 0 0.25 0.004\nO1 O 0.3905 0.1529 0.3820 0.006"),
    # R. Enjalbert, J. Galy, Acta Cryst. C42 (1986) 1467.
    "v2o5": ((11.512, 3.564, 4.368, 90, 90), "P m m n :2", "V1 V 0.10118 0.25 0.8917 0.005\nO1 O 0.1043 0.25 0.531 0.010\n"
             "O2 O 0.9311 0.25 0.003 0.008\nO3 O 0.25 0.25 0.001 0.008"),
    # H. Effenberger, K. Mereiter, J. Zemann, Z. Krist. 156 (1981) 233.
    "mnco3": ((4.772, 4.772, 15.637, 90, 120), "R -3 c", "Mn1 Mn 0 0 0 0.007\nC1 C 0 0 0.25 0.008\nO1 O 0.2695 0 0.25 0.012"),
    # G. Malmros, Acta Chem. Scand. 24 (1970) 384.
    "bi2o3": ((5.850, 8.170, 7.512, 113.0, 90), "P 1 21/c 1", "Bi1 Bi 0.5242 0.1843 0.3614 0.006\nBi2 Bi 0.0404 0.0425 0.7762 0.006\n"
              "O1 O 0.780 0.300 0.710 0.010\nO2 O 0.242 0.044 0.134 0.010\nO3 O 0.271 0.024 0.513 0.010"),
}  # fmt: skip
"""What the library of references doesn't hold."""
PHASES = {"Li2CO3": "li2co3", "ZrO2": "zro2", "NiO": "nio", "TiO2": "anatase", "ZnO": "zno", "In2O3": "in2o3",
          "V2O5": "v2o5", "MnCO3": "mnco3", "Bi2O3": "bi2o3"}  # fmt: skip


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


def mixtures(more: Path | None = None) -> tuple[Mixture, ...]:
    """Every mixture of the study; those with La(OH)3 are left out: no structure of it is at hand."""
    weighed = {"1a": (1.15, 4.04, 94.81), "1d": (13.53, 32.89, 53.58), "1g": (31.37, 34.21, 34.42)}
    robin = [
        Mixture(f"CPD {name}", ROBIN, f"qpa_cpd_lab/cpd-{name}.prn",
                dict(zip(("al2o3", "zno", "caf2"), weights, strict=True)), "lab-cuka-graphite")
        for name, weights in weighed.items()
    ]  # fmt: skip
    seen = [
        "Li2CO3_0p9001-ZrO2_0p1000", "NiO_0p2030-Li2CO3_0p2999-TiO2_0p5025", "TiO2_0p4009-ZnO_0p6010", "ZnO_0p4006-In2O3_0p6008",
    ]  # fmt: skip
    first = [
        _precursor(f"qpa_precursors/{stem}--{minutes}min.xrdml", PRECURSORS) for stem in seen for minutes in (8, 2)
    ]
    names = [] if more is None else sorted(path.name for path in more.glob("*--8min.xrdml"))
    other = [
        _precursor(name, UNTOUCHED) for name in names if "La(OH)3" not in name and not name.startswith(tuple(seen))
    ]
    return (*robin, *first, *other)


def _precursor(file: str, group: str) -> Mixture:
    """A mixture whose masses are in its file's name."""
    stem, _, minutes = Path(file).stem.partition("--")
    parts = [part.partition("_") for part in stem.split("-")]
    weights = {PHASES[formula]: float(mass.replace("p", ".")) for formula, _, mass in parts}
    return Mixture(f"{'/'.join(weights)}, {minutes}", group, file, weights, "lab-cuka")


def run(mixture: Mixture, data: Path, engine: str) -> list[Row]:
    """Refine and defend a mixture."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        names = [_named(name, Path(folder)) for name in mixture.weights]
        job = job_from_template("quantitative-phase-analysis", data / mixture.file, phases=names,
                                instrument=mixture.instrument, engine=engine)  # fmt: skip
        result = defend(job, refine(job))
    total = sum(mixture.weights.values())
    return [_row(mixture, name, 100 * weight / total, result.phases[name], time.monotonic() - started)
            for name, weight in mixture.weights.items()]  # fmt: skip


def _named(name: str, folder: Path) -> str:
    """Name of a reference, or path of a CIF that is written here."""
    if name not in STRUCTURES:
        return name
    cell, group, sites = STRUCTURES[name]
    path = folder / f"{name}.cif"
    path.write_text(HEAD.format(name=name, cell=cell, group=group, sites=sites), encoding="utf-8")
    return str(path)


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
    parser.add_argument("--more", type=Path, help="folder of further precursor mixtures")
    parser.add_argument("--engine", default="rietx")
    parser.add_argument("--output", type=Path, default=Path("intervals.json"))
    options = parser.parse_args(arguments)
    rows = _read(options.output)
    done = {row.mixture for row in rows}
    for mixture in mixtures(options.more):
        if mixture.name in done:
            continue
        rows += run(mixture, options.more if mixture.group == UNTOUCHED else options.data, options.engine)
        write_text_atomic(options.output, json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        print(mixture.name, file=sys.stderr)
    print(table(rows))


if __name__ == "__main__":
    main()
