"""Run every validation case through the engines that are here and write docs/validation.md.

Run from the top of the repository: ``python tools/validate.py [--data FOLDER] [--engines rietx,gsas2,native] [--joint]``.
Measured data live outside the repository (XTAL_TEST_DATA, or ../shared/data); without them only the synthetic cases run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from validation_agreement import LIMIT as NEAR
from validation_agreement import agreement_table
from validation_cases import MEASURED, SYNTHETIC, Case, Known, build_job
from validation_joint import MULTI, JointCase, build_joint_job

from xtal.errors import XtalError
from xtal.job import Job
from xtal.result import Result, format_value
from xtal.rietveld.run import refine

LIMIT = 1500.0
AGREEMENT = (
    f"Every number that all engines refined with an esd: how many lie within {NEAR:g} combined esds of the median of the engines (of the other one where "
    "there are two), and those that lie furthest away."
)
ROOT = Path(__file__).resolve().parent.parent
TEXT = Path(__file__).with_name("validation_text.md")


@dataclass(frozen=True)
class Fit:
    """A case through an engine."""

    case: Case
    engine: str
    result: Result | None
    seconds: float
    trouble: str = ""


def run_case(case: Case, engine: str, data: Path | None) -> Fit:
    """One fit; an engine that can't do it is a row with its reason."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            job = _job(case, engine, data, Path(folder))
            started = time.perf_counter()
            result = refine(job, timeout=LIMIT)
        except XtalError as error:
            return Fit(case, engine, None, 0.0, str(error))
        return Fit(case, engine, result, time.perf_counter() - started)


def _job(case: Case, engine: str, data: Path | None, folder: Path) -> Job:
    if isinstance(case, JointCase):
        assert data is not None
        return build_joint_job(case, engine, data, folder)
    return build_job(case, engine, data, folder)


def warm_up(engines: Sequence[str], data: Path | None) -> None:
    """Start the workers, so that no case pays for their imports."""
    for engine in engines:
        run_case(SYNTHETIC[0], engine, data)


def rows(fits: Sequence[Fit]) -> Iterator[str]:
    """Markdown rows, one per known number and engine."""
    for fit in fits:
        if fit.result is None or fit.result.agreement is None:
            yield f"| {fit.case.name} | {fit.engine} | – | – | – | {fit.trouble or 'no stage finished'} | – | – | – |"
            continue
        for known in fit.case.known:
            yield _row(fit, known, fit.result)


def _row(fit: Fit, known: Known, result: Result) -> str:
    value, factor = known.found(result), 100.0 if known.unit in ("wt%", "Rwp") else 1.0
    assert value.value is not None and result.agreement is not None
    found = format_value(
        factor * value.value, None if value.esd is None else factor * value.esd, 2 if factor > 1 else 4
    )
    allowed = "–" if known.tolerance is None else ("not worse" if known.unit == "Rwp" else f"±{known.tolerance:g}")
    kept = "yes" if known.holds(result) else "**no**"
    error = f"{known.error(result):+.2f}" if known.unit in ("wt%", "Rwp") else f"{known.error(result):+.3g}"
    return (
        f"| {fit.case.name} | {fit.engine} | {known.label} | {known.answer:g} | {found} | {error} {known.unit} | "
        f"{allowed} | {kept} | {100 * result.agreement.rwp:.2f} | {fit.seconds:.1f} | {result.verdict} |"
    )


def page(fits: Sequence[Fit], engines: Sequence[str]) -> str:
    """The whole page: text, table, and what each case is."""
    versions = {fit.engine: fit.result.engine.get("version", "") for fit in fits if fit.result is not None}
    head = TEXT.read_text(encoding="utf-8")
    used = ", ".join(f"{engine} {versions.get(engine, '')}".strip() for engine in engines)
    table = [
        "| case | engine | number | known | found | off by | allowed | kept | Rwp % | seconds | verdict |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *rows(fits),
    ]
    agreement = agreement_table(_by_case(fits))
    cases = {fit.case.name: fit.case for fit in fits}.values()
    about = [f"- **{case.name}**: {case.about}. Known from: {case.source}." for case in cases]
    return "\n".join(
        [
            head.rstrip(),
            "",
            f"Engines: {used}.",
            "",
            *table,
            "",
            "## Agreement of the engines",
            "",
            AGREEMENT,
            "",
            *agreement,
            "",
            "## The cases",
            "",
            *about,
            "",
        ]
    )


def _by_case(fits: Sequence[Fit]) -> dict[str, dict[str, Result]]:
    found: dict[str, dict[str, Result]] = {}
    for fit in fits:
        if fit.result is not None:
            found.setdefault(fit.case.name, {})[fit.engine] = fit.result
    return found


def main() -> int:
    """Run and write; exit code 1 when a demanded number is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("XTAL_TEST_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--engines", default="rietx,gsas2,native")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "validation.md")
    parser.add_argument(
        "--joint", action="store_true", help="also the joint and time-of-flight cases (tens of minutes)"
    )
    options = parser.parse_args()
    engines = options.engines.split(",")
    data = options.data if options.data.is_dir() else None
    cases: list[Case] = [*(MEASURED if data else ()), *(MULTI if data and options.joint else ()), *SYNTHETIC]
    warm_up(engines, data)
    fits = []
    for case in cases:
        for engine in engines:
            if isinstance(case, JointCase) and engine not in case.engines:
                continue
            fits.append(run_case(case, engine, data))
            print(*rows(fits[-1:]), sep="\n", file=sys.stderr)
    options.output.write_text(page(fits, engines), encoding="utf-8")
    missed = [fit for fit in fits if fit.result is None or not all(k.holds(fit.result) for k in fit.case.known)]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
