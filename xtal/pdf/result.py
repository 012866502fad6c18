"""What a PDF fit found. `PdfResult.to_dict` gives what ``result.json`` holds, schema ``xtal-pdf-result/1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..result import CellResult, Correlation, ParameterResult, StageResult, Status, Value, Verdict
from ..structure import Structure
from .bonds import BondLength

__all__ = ["PDF_RESULT_SCHEMA", "PdfAgreement", "PdfCurves", "PdfPhaseResult", "PdfResult", "PdfWindow"]

FloatArray = NDArray[np.float64]

PDF_RESULT_SCHEMA = "xtal-pdf-result/1"


@dataclass(frozen=True)
class PdfAgreement:
    """How well the model fits.

    Parameters
    ----------
    rw : float
        Over all data, Rw² = Σw(o−c)²/Σwo².
    chi2 : float
        Weighted sum of squares.
    n_points : int
        Points fitted.
    n_independent : float
        Independent numbers in them, Σ(Δr Qmax/π + 1).
    n_free : int
        Parameters refined at the end.
    bic : float
        Bayesian information criterion for unknown noise, n_ind ln(χ²/n) + p ln n_ind (G. Schwarz, Ann. Stat. 6 (1978) 461);
        only differences between fits of the same points mean something.
    """

    rw: float
    chi2: float
    n_points: int
    n_independent: float
    n_free: int
    bic: float


@dataclass(frozen=True, eq=False)
class PdfCurves:
    """A data set and its fit on the same points: r in Å, the others in Å⁻².

    Parameters
    ----------
    partials : dict of ndarray
        Share of each pair of elements in the model, on the scale of the data; by this project's own calculation.
    sigma : ndarray or None
        Standard uncertainties whose inverse squares were the weights; None for equal weights.
    """

    r: FloatArray
    observed: FloatArray
    calculated: FloatArray
    rw: float
    probe: str
    q_max: float
    source: str
    weighted: bool
    partials: Mapping[str, FloatArray] = field(default_factory=dict)
    sigma: FloatArray | None = None

    @property
    def difference(self) -> FloatArray:
        """Observed minus calculated."""
        return np.asarray(self.observed - self.calculated)


@dataclass(frozen=True)
class PdfPhaseResult:
    """One phase: refined cell, share by weight for each data set's radiation, where its structure comes from."""

    formula: str
    space_group: str
    quality: str
    source: str
    cell: CellResult
    weight_fraction: Value
    diameter: Value


@dataclass(frozen=True)
class PdfWindow:
    """One fit of a box-car series over r."""

    low: float
    high: float
    rw: float | None
    status: Status
    values: Mapping[str, Value]


@dataclass(frozen=True, eq=False)
class PdfResult:
    """Everything a PDF fit found. Curves and structures travel beside ``result.json`` as files."""

    title: str
    status: Status
    verdict: Verdict
    message: str
    agreement: PdfAgreement | None
    parameters: Mapping[str, ParameterResult]
    phases: Mapping[str, PdfPhaseResult]
    bonds: tuple[BondLength, ...]
    correlations: tuple[Correlation, ...]
    stages: tuple[StageResult, ...]
    warnings: tuple[str, ...]
    windows: tuple[PdfWindow, ...]
    provenance: Mapping[str, Any]
    curves: Mapping[str, PdfCurves] = field(default_factory=dict)
    structures: Mapping[str, Structure] = field(default_factory=dict)
    log: str = ""

    def value(self, name: str) -> float:
        """Value of a parameter by its dotted name."""
        return self.parameters[name].value

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content: plain types, null for what is missing."""
        plain = {name: getattr(self, name) for name in ("title", "status", "verdict", "message")}
        return {
            "schema": PDF_RESULT_SCHEMA,
            **plain,
            "agreement": None if self.agreement is None else asdict(self.agreement),
            "data": {name: _data_dict(curves) for name, curves in self.curves.items()},
            "phases": {name: asdict(phase) for name, phase in self.phases.items()},
            "parameters": {name: asdict(item) for name, item in self.parameters.items()},
            "bonds": [asdict(bond) for bond in self.bonds],
            "correlations": [asdict(item) for item in self.correlations],
            "stages": [asdict(stage) for stage in self.stages],
            "warnings": list(self.warnings),
            "windows": [
                {**asdict(window), "values": {k: asdict(v) for k, v in window.values.items()}}
                for window in self.windows
            ],
            "provenance": dict(self.provenance),
        }


def _data_dict(curves: PdfCurves) -> dict[str, Any]:
    return {
        "source": curves.source, "probe": curves.probe, "q_max": curves.q_max, "weighted": curves.weighted, "rw": curves.rw,
        "range": [float(curves.r[0]), float(curves.r[-1])], "n_points": len(curves.r), "pairs": list(curves.partials),
    }  # fmt: skip
