"""Measured points in the project."""

from __future__ import annotations

import numpy as np

from .errors import bad_input
from .grid import fill_gaps
from .instrument import instrument_parameters, sample_parameters
from .measured import Measured
from .session import Session


def add_pattern(session: Session, measured: Measured) -> None:
    """The measured points with weights 1/sigma², gaps filled with excluded points."""
    x, sigma = measured.x, measured.sigma
    if x.size < 3 or np.any(np.diff(x) <= 0.0):
        raise bad_input(f"{measured.prefix}.{measured.axis} must have at least three points and increase")
    if not np.all(np.isfinite(sigma)) or np.any(sigma <= 0.0):
        raise bad_input(f"{measured.prefix}.sigma must be positive everywhere")
    grid, given, excluded = fill_gaps(x)
    data = np.zeros((6, grid.size))
    data[0] = grid
    data[1, given] = measured.intensity
    data[2, given] = sigma**-2.0
    session.given.append(given)
    register_histogram(session, measured, data, excluded)


def data_file(measured: Measured) -> str:
    """Name of the file through which GSAS-II imports a pattern."""
    return f"pattern-{measured.name}.xye" if measured.name else "pattern.xye"


def register_histogram(session: Session, measured: Measured, data: np.ndarray, excluded: list[list[float]]) -> None:
    """Import through GSAS-II, then put the exact numbers in place.

    GSAS-II's importer gives points at or below zero counts no weight; the
    arrays are therefore overwritten.
    """
    xye = session.gpx.with_name(data_file(measured))
    sigma = np.where(data[2] > 0.0, 1.0 / np.sqrt(np.where(data[2] > 0.0, data[2], 1.0)), 1.0)
    np.savetxt(xye, np.column_stack([data[0], data[1], sigma]), fmt="%.17g")
    inst = instrument_parameters(measured.entry, session.values, measured.prefix)
    histogram = session.project.add_powder_histogram(str(xye), (inst, {}), fmthint="xye")
    histogram.data["data"][1] = list(data)
    histogram.data["Sample Parameters"].update(sample_parameters(measured.entry))
    low, high = float(measured.x[0]), float(measured.x[-1])
    histogram.data["Limits"] = [(low, high), [low, high], *excluded]
