"""Tables of mismatch, matches and fillers for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..result import format_value

if TYPE_CHECKING:
    from ..interface.fillers import FillerRank
    from ..interface.match import Match
    from ..interface.mismatch import Mismatch
    from ..interface.series import CompositionSeries

__all__ = ["fillers_table", "matches_table", "mismatch_table", "nearest_text", "series_text"]


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def mismatch_table(mismatch: Mismatch) -> Table:
    """Every matched length with its mismatch under every definition, the means, the area and the principal strains."""
    from ..interface.mismatch import DEFINITIONS, percent

    table = _table("along", "film (Å)", "substrate (Å)", *DEFINITIONS.values())
    for axis in (*mismatch.axes, mismatch.area):
        table.add_row(axis.label, str(axis.film), str(axis.substrate), *(percent(axis.values[d]) for d in DEFINITIONS))
    if len(mismatch.axes) > 2:
        table.add_row("mean of the axes", "", "", *(percent(mismatch.mean[d]) for d in DEFINITIONS))
    table.add_row("mean in the plane", "", "", *(percent(mismatch.mean_in_plane[d]) for d in DEFINITIONS))
    for number, name in enumerate(("smaller principal strain", "larger principal strain")):
        table.add_row(name, "", "", *(percent(mismatch.principal[d][number]) for d in DEFINITIONS))
    return table


def nearest_text(mismatch: Mismatch, published: float) -> str:
    """Which definition comes nearest to a published number, in percent."""
    from ..interface.mismatch import DEFINITIONS, nearest_definition, percent

    definition, label, value = nearest_definition(mismatch, published / 100)
    return f"nearest to {published:g} %: {DEFINITIONS[definition]} along {label}, {percent(value)}"


def matches_table(matches: Sequence[Match], front: Sequence[Match], shown: int) -> Table:
    """The first matches and all of the front, which a star marks; numbers are those that ``--build`` takes."""
    columns = ["no.", "orientation", "area (Å²)", "strain (%)", "principal misfits (%)", "rotation (°)", "atoms",
               "dislocations (Å)", "moiré (Å)"]  # fmt: skip
    energies = any(match.film_stiffness is not None for match in matches)
    table = _table(*columns, *(["energy (meV/atom)"] if energies else []))
    starred = set(map(id, front))
    for number, match in enumerate(matches, 1):
        if number <= shown or id(match) in starred:
            energy = match.elastic_energy
            cells = _match_cells(match) + ([f"{energy:.2f}"] if energy is not None else [])
            table.add_row(f"{number}{'*' if id(match) in starred else ''}", *cells)
    return table


def _match_cells(match: Match) -> list[str]:
    low, high = match.principal_misfits
    spacing = " ".join("–" if value is None else f"{value:.0f}" for value in match.dislocation_spacing)
    moire = "–" if match.moire_period is None else f"{match.moire_period:.1f}"
    turned = " (film turned over)" if match.flipped else ""
    return [match.orientation + turned, f"{match.area:.2f}", f"{100 * match.strain:.3f}",
            f"{100 * low:+.3f} {100 * high:+.3f}", f"{match.rotation + 0.0:.2f}".replace("-0.00", "0.00"), f"{match.atoms:.4g}", spacing, moire]  # fmt: skip


def fillers_table(ranks: Sequence[FillerRank]) -> Table:
    """Fillers in the order of fit with their best match, and the best of every other plane pair below it."""
    table = _table("rank", "filler", "best orientation", "area (Å²)", "strain (%)", "least strain (%) at (Å²)")
    for number, rank in enumerate(ranks, 1):
        least = f"{100 * rank.front[-1].strain:.3f} at {rank.front[-1].area:.0f}" if rank.front else "–"
        if rank.best is None:
            table.add_row(str(number), rank.substrate.name, rank.note, "–", "–", least)
            continue
        table.add_row(str(number), rank.substrate.name, rank.best.orientation, f"{rank.best.area:.2f}", f"{100 * rank.best.strain:.3f}", least)  # fmt: skip
        for match in rank.per_plane_pair[1:4]:
            table.add_row(
                "", "", Text(match.orientation, style="dim"), f"{match.area:.2f}", f"{100 * match.strain:.3f}", ""
            )
    return table


def series_text(series: CompositionSeries) -> str:
    """The Vegard line and the composition without mismatch, in one or two sentences."""
    root = series.matching_composition
    slope = float(series.slope.value or 0)
    size = format_value(abs(slope), series.slope.esd, 4)
    line = f"Vegard line: {series.intercept} {'−' if slope < 0 else '+'} {size}·x Å"
    if root.value is None:
        return f"{line}; {root.reason}."
    outside = ", outside the measured range: an extrapolation" if series.extrapolated else ""
    reason = f" ({root.reason})" if root.esd is None else ""
    return f"{line}; no mismatch at x = {format_value(root.value, root.esd, 3)}{reason}{outside}."
