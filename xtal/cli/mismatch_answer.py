"""Everything that ``xtal mismatch`` found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..interface.coincidence import Limits
    from ..interface.fillers import FillerRank
    from ..interface.match import Match
    from ..interface.measured_cell import MeasuredCell
    from ..interface.mismatch import Mismatch
    from ..interface.series import CompositionSeries

__all__ = ["MismatchAnswer"]


@dataclass(frozen=True, eq=False)
class MismatchAnswer:
    """Everything the command found."""

    film: MeasuredCell
    substrate: MeasuredCell
    mismatch: Mismatch | None
    matches: tuple[Match, ...]
    ranks: tuple[FillerRank, ...]
    series: CompositionSeries | None
    seconds: float
    limits: Limits

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``--json`` prints it."""
        from dataclasses import asdict

        from ..interface.match import pareto_front

        front = set(map(id, pareto_front(self.matches)))
        return {
            "film": _cell_dict(self.film),
            "substrate": _cell_dict(self.substrate),
            "limits": asdict(self.limits),
            "mismatch": self.mismatch and self.mismatch.to_dict(),
            "matches": [{**match.to_dict(), "pareto": id(match) in front} for match in self.matches],
            "series": self.series and _series_dict(self.series),
            "fillers": [_rank_dict(rank) for rank in self.ranks],
            "seconds": self.seconds,
        }


def _cell_dict(cell: MeasuredCell) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "name": cell.name,
        "cell": list(cell.lattice.parameters),
        "parameters": {name: asdict(value) for name, value in cell.parameters.items()},
        "temperature": cell.temperature,
        "source": cell.structure.source,
        "quality": cell.structure.quality,
    }


def _series_dict(series: CompositionSeries) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "definition": series.definition,
        "composition": series.composition.tolist(),
        "mismatch": [asdict(value) for value in series.mismatch],
        "intercept": asdict(series.intercept),
        "slope": asdict(series.slope),
        "reduced_chi_square": series.reduced_chi_square,
        "matching_composition": asdict(series.matching_composition),
        "extrapolated": series.extrapolated,
    }


def _rank_dict(rank: FillerRank) -> dict[str, Any]:
    return {
        "name": rank.substrate.name,
        "best": rank.best and rank.best.to_dict(),
        "front": [[match.area, match.strain] for match in rank.front],
        "per_plane_pair": [match.to_dict() for match in rank.per_plane_pair],
        "note": rank.note,
    }
