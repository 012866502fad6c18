"""``xtal simulate``: the powder pattern that an instrument would show of one or several structures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, OutputError
from .options import Overwrite
from .refusals import refuse_taken, refuse_unknown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..diffraction import Simulation
    from ..instrument import Instrument
    from ..pattern import Pattern

__all__ = ["simulate"]

DEFAULT_RANGE = (10.0, 90.0)
DEFAULT_D_RANGE = (0.6, 4.0)
DEFAULT_STEP = 0.02
TOF_POINTS = 5000
DEFAULT_COUNTS = 10_000.0
DIFFERENCES_SHOWN = 12
PICTURES = (".png", ".svg", ".pdf", ".html")


def simulate(
    structures: Annotated[list[str], typer.Argument(metavar="STRUCTURE…", help="Reference name or CIF, or ALIAS=NAME_OR_CIF.")],
    mix: Annotated[str | None, typer.Option("--mix", help="Weight fractions, cubic=0.46,llto=0.54; without it every structure is a pattern of its own.")] = None,
    radiation: Annotated[str | None, typer.Option("--radiation", help="CuKa, CuKa1, MoKa, AgKa, CoKa …, 0.4139A, neutron:1.594A or tof:FILE.")] = None,
    span: Annotated[tuple[float, float] | None, typer.Option("--range", help="Degrees 2θ (10 90), or µs for time of flight.")] = None,
    step: Annotated[float | None, typer.Option("--step", help="Step of the axis; 0.02° by default.")] = None,
    instrument: Annotated[str | None, typer.Option("--instrument", help="Preset or file; lab-cuka by default.")] = None,
    slits: Annotated[Path | None, typer.Option("--slits", metavar="FILE", help="TOML with [slits]: fundamental-parameters profile instead of the instrument's widths (needs xrayutilities).")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Crystallite size in nm: 120, or cubic=120,llto=300.")] = None,
    strain: Annotated[str | None, typer.Option("--strain", help="Microstrain, dimensionless: 0.001, or by phase.")] = None,
    texture: Annotated[list[str] | None, typer.Option("--texture", help="March–Dollase: llto=0,0,1:0.8; may be repeated.")] = None,
    stephens: Annotated[list[str] | None, typer.Option("--stephens", help="Anisotropic strain, 10⁻⁶ Å⁻⁴: llto=s400:0.02,s220:0.01 with every term of the Laue class; may be repeated.")] = None,
    harmonics: Annotated[list[str] | None, typer.Option("--harmonics", help="Texture by spherical harmonics: llto=c2_1:0.3,c4_1:-0.1; may be repeated.")] = None,
    background: Annotated[str | None, typer.Option("--background", help="With commas between: Chebyshev coefficients in counts, and humps as NAME:counts (glass:50, kapton:80, halo:4.2:100, 4.2 Å): 150,-20,glass:50.")] = None,
    counts: Annotated[float, typer.Option("--counts", min=1e-9, help="Height of the highest point above the background.")] = DEFAULT_COUNTS,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Poisson noise with this seed; none without it.")] = None,
    displacement: Annotated[float, typer.Option("--displacement", help="Specimen displacement, mm; positive: surface too low.")] = 0.0,
    transparency: Annotated[float, typer.Option("--transparency", min=0, help="Depth 1/µ to which the beam sinks into a flat plate, mm.")] = 0.0,
    absorption: Annotated[float, typer.Option("--absorption", min=0, max=10, help="µR of a capillary.")] = 0.0,
    plate: Annotated[float | None, typer.Option("--plate", min=1e-6, help="µt of a thin flat plate; thick without it.")] = None,
    isotope: Annotated[list[str] | None, typer.Option("--isotope", help="For neutrons: Li=6, Li=7, H=2; may be repeated.")] = None,
    dispersion: Annotated[bool, typer.Option("--dispersion/--no-dispersion", help="Use f′ and f″.")] = True,
    neutral_atoms: Annotated[bool, typer.Option("--neutral-atoms", help="Form factors of atoms instead of ions.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Pattern to write: .xye, .xy, .csv, .fxye, .cif.")] = None,
    peaks: Annotated[Path | None, typer.Option("--peaks", help="Peak list to write, CSV.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Picture to write: .png, .svg, .pdf or .html.")] = None,
    style: Annotated[str, typer.Option("--style", help="stacked, overlaid, difference (of two) or waterfall.")] = "stacked",
    compare: Annotated[Path | None, typer.Option("--compare", help="Measured pattern to draw with it; its axis is used.")] = None,
    force: Overwrite = False,
) -> None:  # fmt: skip
    """Simulate the powder pattern of one structure, a mixture (--mix), or several structures side by side."""
    from .mixture_text import background_of, instrument_of, named_structures, phase_profiles, weights_of

    _refuse_outputs([output, peaks, plot], force)
    refuse_unknown("--style", style, PLOT_STYLES)
    found = named_structures(structures, isotope or ())
    names = [structure.name for structure in found]
    device = instrument_of(instrument, radiation)
    measured = _measured(compare, span)
    axis = measured.x if measured is not None else _axis(device, span, step)
    profiles = phase_profiles(names, size, strain, texture or (), stephens or (), harmonics or ())
    weights = weights_of(mix, names) if mix else {}
    groups = [found] if mix else [[structure] for structure in found]
    from ..diffraction import simulate_pattern
    from ..io.slit_optics import read_slit_optics

    optics = None if slits is None else read_slit_optics(slits)
    made = [
        (" + ".join(structure.name for structure in group),
         simulate_pattern([(s, weights.get(s.name, 1.0), profiles[s.name]) for s in group], device, axis,
                          background=background_of(background), counts=counts,
                          seed=None if seed is None else seed + index, displacement=displacement,
                          transparency=transparency, mu_r=absorption, plate_mu_t=plate, use_dispersion=dispersion, neutral_atoms=neutral_atoms, optics=optics))
        for index, group in enumerate(groups)
    ]  # fmt: skip
    for name, simulation in made:
        _report(name, simulation)
    _write(made, output, peaks, plot, style, measured)


def _refuse_outputs(paths: list[Path | None], force: bool) -> None:
    refuse_taken(paths, force)
    picture = paths[-1]
    if picture is not None and picture.suffix.lower() not in PICTURES:
        raise OutputError(f"{picture}: pictures are written as {', '.join(PICTURES)}.")


def _measured(path: Path | None, span: tuple[float, float] | None) -> Pattern | None:
    if path is None:
        return None
    from ..io.read_pattern import read_pattern

    read = read_pattern(path)
    return read if span is None else read.cut(*span)


def _axis(device: Instrument, span: tuple[float, float] | None, step: float | None) -> NDArray[np.float64]:

    from ..diffraction import axis_points

    if device.bank is None:
        return axis_points(*(span or DEFAULT_RANGE), step or DEFAULT_STEP)
    low, high = span or (device.bank.dif_c * DEFAULT_D_RANGE[0], device.bank.dif_c * DEFAULT_D_RANGE[1])
    return axis_points(low, high, step or (high - low) / TOF_POINTS)


def _report(name: str, simulation: Simulation) -> None:
    rows = simulation.peaks()
    x = simulation.pattern.x
    noise = "noise-free" if simulation.seed is None else f"Poisson noise, seed {simulation.seed}"
    print(
        f"{name}: {len(rows)} reflections, {len(x)} points from {x[0]:g} to {x[-1]:g}, {simulation.instrument.name}, {noise}"
    )


PLOT_STYLES = ("stacked", "overlaid", "difference", "waterfall")


def _write(
    made: list[tuple[str, Simulation]],
    output: Path | None,
    peaks: Path | None,
    plot: Path | None,
    style: str,
    measured: Pattern | None,
) -> None:
    from ..io.peaks import write_peaks
    from ..io.write_pattern import write_pattern

    if output is not None:
        for name, simulation in made:
            target = output if len(made) == 1 else output.with_name(f"{output.stem}-{name}{output.suffix}")
            print(f"pattern: {write_pattern(simulation.pattern, target)}")
    if peaks is not None:
        print(f"peaks: {write_peaks([row for _, simulation in made for row in simulation.peaks()], peaks)}")
    if plot is not None:
        print(f"picture: {_picture(made, plot, style, measured)}")


def _picture(made: list[tuple[str, Simulation]], plot: Path, style: str, measured: Pattern | None) -> Path:
    import io

    from ..io.atomic import write_bytes_atomic, write_text_atomic
    from ..plot import simulated

    if plot.suffix.lower() == ".html":
        return write_text_atomic(plot, simulated.interactive_patterns(made, measured))
    if style == "difference":
        if len(made) != 2:
            raise InputError(
                f"{len(made)} patterns;", where="--style difference", remedy="it takes two structures, without --mix."
            )
        _print_difference(made[0][1], made[1][1])
        figure = simulated.plot_difference(made[0], made[1])
    elif style == "waterfall":
        figure = simulated.plot_waterfall(made)
    else:
        figure = simulated.plot_patterns(made, overlaid=style == "overlaid", measured=measured)
    content = io.BytesIO()
    figure.savefig(content, format=plot.suffix[1:].lower())
    return write_bytes_atomic(plot, content.getvalue())


def _print_difference(first: Simulation, second: Simulation) -> None:
    """Where two models differ most, and how many counts would tell them apart."""
    from ..diffraction.rivals import compare_models

    found = compare_models(first, second)
    print(f"{found.n_sigma:g} sigma at {found.counts:.3g} counts in the highest point, when the scale alone is refined")
    print("region            first   second   share of the difference   reflections of the first")
    ranked = sorted(found.regions, key=lambda region: -region.significance)[:DIFFERENCES_SHOWN]
    for region in sorted(ranked, key=lambda region: region.low):
        names = ", ".join(region.reflections) or "none"
        print(f"{region.low:7.2f}-{region.high:7.2f} {region.first:8.2f} {region.second:8.2f} {region.significance:12.1%}"
              f"              {names}")  # fmt: skip
