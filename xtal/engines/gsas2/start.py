"""Start values of the scales."""

from __future__ import annotations

import numpy as np

from .chebyshev import chebyshev_curve
from .conversions import power_of_ten
from .curves import calculate
from .measured import Measured
from .parameters import parameter_table
from .session import Session
from .values import set_values


def start_scales(session: Session) -> None:
    """Sensible start for every scale left at 1, and the unit the scales are kept in."""
    names = [f"phase.{phase['name']}.scale" for phase in session.task["phases"]]
    freed = {name for stage in session.task["stages"] for name in stage["free"]}
    freed |= {tie["target"] for tie in session.task.get("ties", [])}
    unknown = [n for n in names if session.values.get(n) in (None, 1.0) and n in freed]
    others = [one for one in session.patterns[1:] if f"{one.prefix}.scale" in freed]
    if unknown or others:
        estimate_all_scales(session, names, unknown, others)
    largest = max((session.values.get(n) or 0.0 for n in names), default=1.0)
    session.scale_unit = power_of_ten(largest)
    session.table = parameter_table(session.task, session.scale_unit, session.shifts, session.stephens)
    set_values(session)


def estimate_all_scales(session: Session, names: list[str], unknown: list[str], others: list[Measured]) -> None:
    """Scales of the phases from the first pattern, then one scale for each further pattern."""
    curves = calculate(session)
    unit = {n: (session.values.get(n) or 1.0) for n in names}
    columns = [[profile / unit[n] for n, profile in zip(names, one.phases, strict=True)] for one in curves]
    if unknown:
        scales = estimated_scales(session, session.patterns[0], curves[0].background, columns[0])
        floor = 1e-3 * max(scales)
        for name, scale in zip(names, scales, strict=True):
            if name in unknown:
                session.values[name] = float(max(scale, floor))
    for measured in others:
        name = f"{measured.prefix}.scale"
        scales = [session.values[n] or 0.0 for n in names]
        total = np.sum([s * column for s, column in zip(scales, columns[measured.number], strict=True)], axis=0)
        if session.values.get(name) in (None, 1.0):
            column = total / (session.values.get(name) or 1.0)
            background = curves[measured.number].background
            session.values[name] = max(estimated_scales(session, measured, background, [column]))


def estimated_scales(
    session: Session, measured: Measured, background: np.ndarray, columns: list[np.ndarray]
) -> list[float]:
    """Linear least squares of a pattern on calculated curves and corrections of the background, which are made.

    At least one is positive.
    """
    weight = 1.0 / measured.sigma
    terms = background_columns(session, measured)
    target = measured.intensity - background
    design = np.column_stack([*columns, *terms]) * weight[:, None]
    norm = np.where(np.linalg.norm(design, axis=0) > 0, np.linalg.norm(design, axis=0), 1.0)
    solution = np.linalg.lstsq(design / norm, target * weight, rcond=1e-10)[0] / norm
    for name, correction in zip(measured.background(), solution[len(columns) :], strict=False):
        session.values[name] = (session.values.get(name) or 0.0) + float(correction)
    scales = [float(v) for v in solution[: len(columns)]]
    if max(scales) <= 0.0:
        return [1e-3 * peak_ratio(target, columns)] * len(columns)
    return scales


def peak_ratio(target: np.ndarray, columns: list[np.ndarray]) -> float:
    """Fallback scale: highest observed over highest calculated point."""
    highest = max(float(column.max()) for column in columns)
    return float(np.ptp(target)) / highest if highest > 0.0 else 1.0


def background_columns(session: Session, measured: Measured) -> list[np.ndarray]:
    """Chebyshev terms to fit together with the scales: those the first stage frees."""
    freed = session.task["stages"][0]["free"]
    n_used = sum(name in freed for name in measured.background())
    limits = measured.entry["background"]["range"]
    return [chebyshev_curve(row, measured.x, limits) for row in np.eye(measured.n_terms)[:n_used]]
