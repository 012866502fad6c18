"""Pictures of simulated patterns: stacked or overlaid, with labels that don't collide; differences; waterfalls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction import Simulation
from ..pattern import AXIS_UNITS, Pattern
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["chosen_labels", "hkl_text", "interactive_patterns", "plot_difference", "plot_patterns", "plot_waterfall"]

FloatArray = NDArray[np.float64]

AXIS_NAMES = {"two_theta": "2θ", "tof": "time of flight"}
LABEL_POINTS = 6.5
WEAKEST_LABEL = 0.02
PATTERN_INCHES = 1.7
TICK_INCHES = 0.17
POINTS_PER_INCH = 72.0


def hkl_text(hkl: Sequence[int]) -> str:
    """Miller indices as they are printed: ``110``, ``1̅10``, with spaces once an index has two digits."""
    parts = [f"{abs(index)}̅" if index < 0 else str(index) for index in hkl]
    return (" " if any(abs(index) > 9 for index in hkl) else "").join(parts)


def chosen_labels(simulation: Simulation, width: float, *, limit: int = 40) -> list[tuple[float, str, str]]:
    """Positions, texts and phases of labels that keep `width` (axis units) between one another, the strongest peaks first.

    Families of a phase at one position share a label.
    """
    peaks: dict[tuple[float, str], list[Any]] = {}
    for row in simulation.peaks():
        position, intensity = float(row[simulation.pattern.axis] or 0), float(row["intensity"] or 0)
        held = peaks.setdefault((round(position, 4), str(row["phase"])), [0.0, []])
        held[0] += intensity
        held[1].append((intensity, hkl_text([int(row[index] or 0) for index in "hkl"])))
    strongest = max((held[0] for held in peaks.values()), default=0.0)
    taken: list[tuple[float, str, str]] = []
    for (position, phase), (intensity, names) in sorted(peaks.items(), key=lambda item: -item[1][0]):
        if intensity < WEAKEST_LABEL * strongest or len(taken) == limit:
            break
        if all(abs(position - other) >= width for other, _, _ in taken):
            shown = [name for part, name in names if part > WEAKEST_LABEL * intensity]
            taken.append((position, ", ".join(shown[:3]) + ("…" if len(shown) > 3 else ""), phase))
    return sorted(taken)


def plot_patterns(
    simulations: Sequence[tuple[str, Simulation]],
    *,
    overlaid: bool = False,
    labels: bool = True,
    measured: Pattern | None = None,
) -> Figure:
    """Simulated patterns under one another, or in one frame, with a row of ticks per phase.

    Parameters
    ----------
    simulations : sequence of (name, Simulation)
        On a common axis.
    overlaid : bool
        All in one frame, each brought to the height 1.
    labels : bool
        Whether Miller indices stand above the peaks.
    measured : Pattern, optional
        Drawn with every simulation; a simulation is brought onto it by a factor and a constant, which is no refinement.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.
    """
    n_frames = 1 if overlaid else len(simulations)
    drawn = [_drawn(simulation, measured, overlaid) for _, simulation in simulations]
    with style.print_style():
        figure, frames = _figure(n_frames, sum(len(simulation.phases) for _, simulation in simulations))
        colours, phase_colours = _colours(simulations)
        for index, (name, simulation) in enumerate(simulations):
            frame = frames[0 if overlaid else index]
            if measured is not None and (not overlaid or index == 0):
                frame.plot(
                    measured.x, _unit(measured.intensity, overlaid), ".", ms=1.2, color=style.OBSERVED, label="measured"
                )
            frame.plot(simulation.pattern.x, drawn[index], color=colours[name], lw=0.8, label=name)
            if labels and (not overlaid or index == 0):
                highest = np.max(drawn, axis=0) if overlaid else drawn[index]
                _label(frame, simulation, highest, figure, phase_colours[name])
        for frame in frames[:-1]:
            frame.set_ylabel("intensity (a.u.)" if overlaid else "counts")
            frame.legend(loc="upper right")
        frames[-1].set_xlim(*_ends(simulations[0][1]))
        _ticks(frames[-1], simulations, phase_colours)
        _axis_title(frames[-1], simulations[0][1])
    return figure


def _ends(simulation: Simulation) -> tuple[float, float]:
    return float(simulation.pattern.x[0]), float(simulation.pattern.x[-1])


def _colours(simulations: Sequence[tuple[str, Simulation]]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Colour of each curve, and of each of its phases: by phase for one mixture, by curve for several patterns."""
    names = tuple(name for name, _ in simulations)
    if len(simulations) == 1:
        phases = tuple(phase.structure.name for phase in simulations[0][1].phases)
        return {names[0]: style.OBSERVED}, {names[0]: style.phase_colours(phases)}
    curves = style.phase_colours(names)
    return curves, {
        name: dict.fromkeys((phase.structure.name for phase in simulation.phases), curves[name])
        for name, simulation in simulations
    }


def _figure(n_frames: int, n_phases: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ticks = TICK_INCHES * n_phases + 0.1
    height = max(PATTERN_INCHES * n_frames, 2.6) + ticks + 0.4
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    frames = figure.subplots(
        n_frames + 1, 1, sharex=True, height_ratios=[(height - ticks) / n_frames] * n_frames + [ticks]
    )
    return figure, list(np.atleast_1d(frames))


def _drawn(simulation: Simulation, measured: Pattern | None, overlaid: bool) -> FloatArray:
    from ..diffraction.rivals import scale_to_measured

    y = np.asarray(simulation.pattern.intensity)
    if measured is not None and len(measured) == len(y):
        factor, constant = scale_to_measured(simulation.calculated, measured.intensity)
        y = factor * simulation.calculated + constant
    return _unit(y, overlaid)


def _unit(y: FloatArray, wanted: bool) -> FloatArray:
    return np.asarray(y / y.max()) if wanted else y


def _label(frame: Axes, simulation: Simulation, y: FloatArray, figure: Figure, colours: dict[str, str]) -> None:
    """Upright labels above the peaks; two lines of text never share a place on the axis."""
    x = simulation.pattern.x
    width = 1.15 * LABEL_POINTS / POINTS_PER_INCH / (0.88 * figure.get_figwidth()) * (x[-1] - x[0])
    step = simulation.pattern.step
    top = float(np.max(y))
    for position, text, phase in chosen_labels(simulation, width):
        near = np.abs(x - position) <= max(width / 2, 3 * step)
        height = float(y[near].max()) if near.any() else 0.0
        frame.annotate(text, (position, height), xytext=(0, 3), textcoords="offset points", rotation=90, ha="center",
                       va="bottom", fontsize=LABEL_POINTS, color=colours[phase])  # fmt: skip
    frame.set_ylim(min(0.0, float(np.min(y))), 1.32 * top)


def _ticks(frame: Axes, simulations: Sequence[tuple[str, Simulation]], colours: dict[str, dict[str, str]]) -> None:
    """One row of reflection positions per phase; its name stands beside it."""
    phases = [(name, phase) for name, simulation in simulations for phase in simulation.phases]
    low, high = frame.get_xlim()
    for row, (name, phase) in enumerate(phases):
        inside = (phase.position >= low) & (phase.position <= high)
        colour = colours[name][phase.structure.name]
        frame.plot(phase.position[inside], np.full(inside.sum(), -row), "|", ms=6, mew=0.7, color=colour)
    several = len(simulations) > 1
    names = [f"{name}: {phase.structure.name}" if several and name != phase.structure.name else phase.structure.name
             for name, phase in phases]  # fmt: skip
    frame.set_yticks([-row for row in range(len(phases))], names)
    frame.set_ylim(-len(phases) + 0.4, 0.6)
    frame.tick_params(axis="y", length=0)
    frame.spines["left"].set_visible(False)


def _axis_title(frame: Axes, simulation: Simulation) -> None:
    axis = simulation.pattern.axis
    radiation = simulation.instrument.radiation.name or simulation.instrument.name
    frame.set_xlabel(f"{AXIS_NAMES[axis]} ({AXIS_UNITS[axis].split()[0]}), {radiation}, simulated")


def plot_difference(first: tuple[str, Simulation], second: tuple[str, Simulation], *, low: float | None = None,
                    high: float | None = None) -> Figure:  # fmt: skip
    """Two rival models on a common scale, their difference below, and the counts that would tell them apart."""
    from ..diffraction.rivals import compare_models

    (name, one), (rival, other) = first, second
    found = compare_models(one, other, low=low, high=high)
    x, y = one.pattern.x, one.calculated - one.background
    z = found.scale * (other.calculated - other.background)
    inside = (x >= (x[0] if low is None else low)) & (x <= (x[-1] if high is None else high))
    with style.print_style():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(style.WIDTH, 4.0), layout="constrained")
        FigureCanvasAgg(figure)
        main, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.2])
        main.plot(x[inside], y[inside], color=style.OBSERVED, label=name)
        main.plot(x[inside], z[inside], color=style.CALCULATED, ls="--", label=f"{rival} × {found.scale:.4g}")
        main.set_ylabel("counts above background")
        main.legend(loc="upper right")
        lower.axhline(0, color=style.BACKGROUND, lw=0.5)
        lower.plot(x[inside], (y - z)[inside], color=style.DIFFERENCE)
        lower.set_ylabel("difference")
        counts = (
            "equal patterns"
            if np.isinf(found.counts)
            else f"{found.n_sigma:g}σ at {found.counts:.3g} counts in the highest point"
        )
        main.set_title(f"told apart: {counts} (scale alone refined)", loc="left")
        _axis_title(lower, one)
    return figure


def plot_waterfall(simulations: Sequence[tuple[str, Simulation]], *, shift: float = 0.25) -> Figure:
    """Patterns of a series, each brought to the height 1 and shifted upwards by `shift`, named at the right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 2.0 + 0.45 * len(simulations)), layout="constrained")
        FigureCanvasAgg(figure)
        frame = figure.subplots()
        for index, (name, simulation) in enumerate(simulations):
            y = _unit(simulation.calculated - simulation.background, True) + index * shift
            frame.plot(simulation.pattern.x, y, color=style.BLUE, lw=0.8, zorder=len(simulations) - index)
            frame.annotate(name, (1.0, index * shift), xycoords=("axes fraction", "data"), xytext=(4, 0),
                           textcoords="offset points", va="center")  # fmt: skip
        frame.set_yticks([])
        frame.set_ylabel("intensity (a.u.)")
        _axis_title(frame, simulations[0][1])
    return figure


def interactive_patterns(simulations: Sequence[tuple[str, Simulation]], measured: Pattern | None = None) -> str:
    """HTML page with the patterns to zoom into; it needs no network. Ticks tell their reflection."""
    import plotly.graph_objects as go

    figure = go.Figure()
    if measured is not None:
        figure.add_scattergl(x=measured.x, y=measured.intensity, mode="markers", marker={"size": 3, "color": style.OBSERVED},
                             name="measured")  # fmt: skip
    colours = style.phase_colours(tuple(name for name, _ in simulations))
    highest = max(float(_drawn(simulation, measured, False).max()) for _, simulation in simulations)
    row = 0
    for name, simulation in simulations:
        figure.add_scattergl(x=simulation.pattern.x, y=_drawn(simulation, measured, False), mode="lines", name=name,
                             line={"width": 1, "color": colours[name]})  # fmt: skip
        for phase in simulation.phases:
            row += 1
            texts = [f"{phase.structure.name} {hkl_text(hkl)}, d = {d:.4f} Å, m = {m}" for hkl, d, m in
                     zip(phase.reflections.hkl, phase.reflections.d_spacing, phase.reflections.multiplicity, strict=True)]  # fmt: skip
            figure.add_scattergl(x=phase.position, y=np.full(len(texts), -0.03 * row * highest), mode="markers", text=texts,
                                 hoverinfo="text+x", name=f"{phase.structure.name} reflections",
                                 marker={"symbol": "line-ns-open", "size": 9, "color": colours[name]})  # fmt: skip
    first = simulations[0][1]
    figure.update_layout(title="Simulated powder pattern", template="plotly_white", yaxis_title="counts",
                         xaxis_title=f"{AXIS_NAMES[first.pattern.axis]} ({AXIS_UNITS[first.pattern.axis].split()[0]})")  # fmt: skip
    figure.update_xaxes(range=_ends(first))
    return str(figure.to_html(include_plotlyjs=True, full_html=True))
