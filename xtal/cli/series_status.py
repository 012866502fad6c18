"""``xtal series status``: how far a series is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..series.series import Series

__all__ = ["status"]

SHOWN = 10


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the series.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, schema xtal-series-status/1.")
    ] = False,
) -> None:
    """Say how far a series is, without disturbing a run.

    Exit code: 0 every frame refined, 1 some frames failed, 2 not finished.
    """
    from ..series.series import Series

    with Series(folder) as series:
        content = _content(series)
    if as_json:
        print(json.dumps(content, ensure_ascii=False))
    else:
        _show(content)
    raise typer.Exit(2 if content["done"] < content["total"] else 1 if content["failed"] else 0)


def _content(series: Series) -> dict[str, Any]:
    done, total = series.n_steps()
    fits = series.accepted.values()
    failed = [fit for fit in fits if fit.status not in ("converged", "not_converged")]
    timing: Counter[str] = Counter()
    for fit in fits:
        timing.update(fit.timing)
    return {
        "schema": "xtal-series-status/1",
        "title": series.meta["title"],
        "done": done,
        "total": total,
        "failed": len(failed),
        "status": dict(Counter(fit.status for fit in fits)),
        "verdicts": dict(Counter(fit.verdict for fit in fits)),
        "failures": [{"frame": fit.frame, "message": fit.message} for fit in failed],
        "seconds_per_frame": {name: round(seconds / max(len(fits), 1), 3) for name, seconds in timing.items()},
    }


def _show(content: dict[str, Any]) -> None:
    print(content["title"])
    print(f"{content['done']} of {content['total']} refinements done, {content['failed']} frames failed")
    print("verdicts: " + (", ".join(f"{count} {name}" for name, count in content["verdicts"].items()) or "none yet"))
    print("seconds per frame: " + ", ".join(f"{name} {value}" for name, value in content["seconds_per_frame"].items()))
    for one in content["failures"][:SHOWN]:
        print(f"frame {one['frame']}: {one['message']}")
