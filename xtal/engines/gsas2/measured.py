"""The patterns of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .chebyshev import chebyshev_matrix


@dataclass(frozen=True)
class Measured:
    """One pattern of a task: its number in GSAS-II, what its dotted names start with, and its part of the task.

    ``entry`` holds ``pattern``, ``instrument`` and ``background``; it is the task itself when there is one pattern only.
    """

    number: int
    prefix: str
    entry: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name among several patterns, empty for an only one."""
        return str(self.entry["name"]) if self.prefix != "pattern" else ""

    @property
    def axis(self) -> str:
        """``tof`` (µs) or ``two_theta`` (degrees)."""
        return "tof" if "tof" in self.entry["pattern"] else "two_theta"

    @property
    def strain_share(self) -> float:
        """GSAS-II's microstrain per ours, which is twice Δd/d; theirs is that at constant wavelength and Δd/d at flight times."""
        return 0.5 if self.axis == "tof" else 1.0

    @property
    def x(self) -> np.ndarray:
        """Positions of the points."""
        return np.asarray(self.entry["pattern"][self.axis], float)

    @property
    def intensity(self) -> np.ndarray:
        """Observed intensities."""
        return np.asarray(self.entry["pattern"]["intensity"], float)

    @property
    def sigma(self) -> np.ndarray:
        """Standard uncertainties of the intensities."""
        return np.asarray(self.entry["pattern"]["sigma"], float)

    @property
    def kind(self) -> str:
        """Kind of radiation."""
        return str(self.entry["instrument"]["radiation"]["kind"])

    @property
    def n_terms(self) -> int:
        """Background terms of the task."""
        return int(self.entry["background"]["n_terms"])

    def background(self) -> list[str]:
        """Dotted names of the background's coefficients."""
        return [f"{self.prefix}.background.c{i}" for i in range(self.n_terms)]

    def to_gsas2_background(self) -> np.ndarray:
        """Matrix from the task's background coefficients to GSAS-II's, whose range is that of the points."""
        x = self.x
        return chebyshev_matrix(self.n_terms, self.entry["background"]["range"], (float(x[0]), float(x[-1])))


def patterns_of(task: Mapping[str, Any]) -> list[Measured]:
    """The patterns of a task in order."""
    if "patterns" in task:
        return [Measured(i, f"pattern.{entry['name']}", entry) for i, entry in enumerate(task["patterns"])]
    return [Measured(0, "pattern", task)]
