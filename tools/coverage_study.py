"""Coverage of the intervals of cubic shares on synthetic composites with mismatched widths, as a table.

Run from the top of the repository: ``python tools/coverage_study.py [--engines rietx,gsas2] [--seeds 3] [--first-seed 0] [--profile] [--bootstrap 100]
[--output FILE]``. Shares, widths and seeds are fixed here; the patterns come from code that neither rietx nor GSAS-II shares. ``--profile`` adds the
profile-likelihood intervals, three to eight refits each, ``--bootstrap`` those of resampled patterns (native only). ``--first-seed`` takes other noise. One
seed is gone through before the next, and the file is rewritten after every fit, so that a stopped run is a smaller study; a run goes on where the file ends.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from xtal.diffraction import PhaseProfile
from xtal.errors import XtalError
from xtal.io.atomic import write_text_atomic
from xtal.io.instruments import write_instrument
from xtal.io.jobs import job_from_template
from xtal.io.write_pattern import write_pattern
from xtal.rietveld.bootstrap import bootstrap
from xtal.rietveld.defence import share_intervals
from xtal.rietveld.run import refine
from xtal.synthetic import PELLET_PROFILES, laboratory_instrument, synthetic_pellet

SHARES = (0.0, 0.02, 0.05, 0.10, 0.59, 0.91, 1.0)
"""True share of the cubic phase in Li2OHCl, by weight."""
WIDTHS = {
    "cubic sharp, orthorhombic broad": {"cubic": PhaseProfile(150.0, 5e-4), "orthorhombic": PhaseProfile(30.0, 3e-3)},
    "cubic broad, orthorhombic sharp": {"cubic": PhaseProfile(25.0, 3e-3), "orthorhombic": PhaseProfile(150.0, 8e-4)},
}
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Row:
    """One fit: what was true, what was found, and whether the 95 % intervals hold the truth."""

    engine: str
    share: float
    widths: str
    seed: int
    status: str
    found: float | None
    esd: float | None
    low: float | None
    high: float | None
    seconds: float
    serial: float | None = None
    resampled: tuple[float, float] | None = None

    @property
    def key(self) -> tuple[str, float, str, int]:
        """What was asked."""
        return self.engine, self.share, self.widths, self.seed

    @property
    def esd_covers(self) -> bool | None:
        """Whether found ± 1.96 esd holds the truth; None without an esd."""
        if self.found is None or self.esd is None:
            return None
        return abs(self.found - self.share) <= NORMAL_95 * self.esd

    @property
    def serial_covers(self) -> bool | None:
        """The same with the esd enlarged by the Bérar–Lelann factor."""
        if self.found is None or self.esd is None or self.serial is None:
            return None
        return abs(self.found - self.share) <= NORMAL_95 * self.serial * self.esd

    @property
    def bootstrap_covers(self) -> bool | None:
        """Whether the truth lies between the 2.5 and 97.5 % points of the refits; None without a bootstrap."""
        return None if self.resampled is None else self.resampled[0] <= self.share <= self.resampled[1]

    @property
    def profile_covers(self) -> bool | None:
        """Whether the profile-likelihood interval holds the truth; None without one."""
        return None if self.low is None or self.high is None else self.low - 1e-9 <= self.share <= self.high + 1e-9


def cases(engines: Sequence[str], seeds: int, first: int = 0) -> Iterator[tuple[str, float, str, int]]:
    """Engine, share, widths, seed of every fit."""
    for engine in engines:
        for index in range(first, first + seeds):
            for number, share in enumerate(SHARES):
                for order, widths in enumerate(WIDTHS):
                    yield engine, share, widths, 1000 * number + 100 * order + index


def run(engine: str, share: float, widths: str, seed: int, profile: bool, refits: int = 0) -> Row:
    """Simulate, refine, and ask for the intervals that are wanted."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pattern, _ = synthetic_pellet(share, seed=seed, profiles={**PELLET_PROFILES, **WIDTHS[widths]})
        write_pattern(pattern, folder / "pellet.xye")
        write_instrument(laboratory_instrument(), folder / "instrument.toml")
        job = job_from_template(
            "antiperovskite-perovskite",
            folder / "pellet.xye",
            instrument=str(folder / "instrument.toml"),
            engine=engine,
        )
        try:
            result = refine(job, in_process=True)
            intervals = share_intervals(job, result, in_process=True) if profile else {}
            spread = bootstrap(job, result, refits).bootstrap if refits else None
        except XtalError as error:
            print(f"  {error}", file=sys.stderr)
            return Row(engine, share, widths, seed, "failed", None, None, None, None, time.monotonic() - started)
    value = result.phases["cubic"].group_share if result.phases else None
    interval = intervals.get("cubic")
    return Row(
        engine, share, widths, seed, result.status,
        None if value is None else value.value, None if value is None else value.esd,
        None if interval is None else interval.low, None if interval is None else interval.high,
        round(time.monotonic() - started, 2),
        None if result.agreement is None else result.agreement.serial_correlation,
        None if spread is None else (spread.group_shares["cubic"].low, spread.group_shares["cubic"].high),
    )  # fmt: skip


def table(rows: Sequence[Row]) -> str:
    """Markdown: per engine and share the bias and the coverage, and over all shares."""
    lines = [
        "| engine | true share | fits | mean found − true | largest | 1.96 esd covers | with Bérar–Lelann | bootstrap covers | "
        "profile interval covers | seconds per fit |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for engine in dict.fromkeys(row.engine for row in rows):
        own = [row for row in rows if row.engine == engine]
        for share in sorted({row.share for row in own}):
            lines.append(_line(engine, f"{share:.2f}", [row for row in own if row.share == share]))
        lines.append(_line(engine, "all", own))
    return "\n".join(lines) + "\n"


def _line(engine: str, label: str, rows: Sequence[Row]) -> str:
    errors = [row.found - row.share for row in rows if row.found is not None]
    mean = f"{statistics.fmean(errors):+.4f}" if errors else "–"
    worst = f"{max(errors, key=abs):+.4f}" if errors else "–"
    seconds = statistics.fmean(row.seconds for row in rows)
    kinds = ("esd_covers", "serial_covers", "bootstrap_covers", "profile_covers")
    covers = " | ".join(_share([getattr(row, kind) for row in rows]) for kind in kinds)
    return f"| {engine} | {label} | {len(errors)} of {len(rows)} | {mean} | {worst} | {covers} | {seconds:.1f} |"


def _share(held: Sequence[bool | None]) -> str:
    known = [item for item in held if item is not None]
    return f"{sum(known)} of {len(known)}" if known else "–"


def _read(path: Path) -> list[Row]:
    items = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [Row(**{**item, "resampled": tuple(item["resampled"]) if item.get("resampled") else None}) for item in items]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the file doesn't hold yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="rietx,gsas2")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--bootstrap", type=int, default=0, help="refits of resampled patterns, native only")
    parser.add_argument("--profile", action="store_true", help="profile-likelihood intervals too")
    parser.add_argument("--output", type=Path, default=Path("coverage.json"))
    options = parser.parse_args(arguments)
    rows = _read(options.output)
    done = {row.key for row in rows}
    for case in cases(options.engines.split(","), options.seeds, options.first_seed):
        if case in done:
            continue
        rows.append(run(*case, options.profile, options.bootstrap))
        write_text_atomic(options.output, json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        last = rows[-1]
        print(
            f"{last.engine} share {last.share:g} ({last.widths}, seed {last.seed}): {last.found} ± {last.esd}",
            file=sys.stderr,
        )
    print(table(rows))


if __name__ == "__main__":
    main()
