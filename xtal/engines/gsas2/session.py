"""One task, its GSAS-II project and what has been found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .measured import Measured, patterns_of
from .parameter import Parameter
from .program import Gsas2


@dataclass
class Session:
    """One task, its GSAS-II project and what has been found so far."""

    g2: Gsas2
    task: Mapping[str, Any]
    gpx: Path
    values: dict[str, float | None]
    project: Any = None
    given: list[np.ndarray] = field(default_factory=list)
    shifts: list[tuple[float, ...]] = field(default_factory=list)
    scale_unit: float = 1.0
    table: dict[str, Parameter] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stage_warnings: list[str] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    n_background: int = 0
    n_backgrounds: dict[int, int] = field(default_factory=dict)
    isotopes: dict[str, str] = field(default_factory=dict)
    stephens: dict[str, dict[str, tuple[int, float]]] = field(default_factory=dict)

    @property
    def size_axes(self) -> dict[str, list[int] | None]:
        """Axis of the size of each phase, None when it is isotropic."""
        return {phase["name"]: phase.get("size_axis") for phase in self.task["phases"]}

    @property
    def patterns(self) -> list[Measured]:
        """The patterns of the task."""
        return patterns_of(self.task)

    def histogram(self, number: int) -> Any:
        """The powder histogram of a pattern."""
        return self.project.histogram(number)

    def n_used(self, number: int) -> int:
        """Background terms that GSAS-II has for a pattern."""
        return self.n_backgrounds.get(number, self.n_background)

    @property
    def phases(self) -> list[Any]:
        """GSAS-II phases in the order of the task."""
        return sorted(self.project.phases(), key=lambda phase: phase.id)

    def haps(self, phase: Any) -> list[Any]:
        """Parameters that belong to the phase in each histogram."""
        return [phase.data["Histograms"][self.histogram(one.number).name] for one in self.patterns]

    def warn(self, message: str) -> None:
        """Keep a warning about the whole task, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def warn_of_stage(self, message: str) -> None:
        """Keep a warning that the next stage may make pointless."""
        self.stage_warnings.append(message)
