"""``xtal pdf simulate``: G(r) of one or several structures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, OutputError
from .options import Overwrite
from .pdf_options import refuse_pictures
from .refusals import refuse_taken

if TYPE_CHECKING:
    from ..pattern import Pattern
    from ..pdf.simulate import PdfPhase, SimulatedPdf
    from ..structure import Structure

__all__ = ["simulate"]


def simulate(
    structures: Annotated[list[str], typer.Argument(metavar="STRUCTURE…", help="Reference name or CIF, or ALIAS=NAME_OR_CIF.")],
    mix: Annotated[str | None, typer.Option("--mix", help="Weight fractions, hcp=0.1,ccp=0.9: one PDF of the mixture instead of one each.")] = None,
    neutron: Annotated[bool, typer.Option("--neutron", help="Neutrons instead of X-rays.")] = False,
    span: Annotated[tuple[float, float], typer.Option("--range", help="First and last r, Å.")] = (0.5, 30.0),
    step: Annotated[float, typer.Option("--step", help="Å.")] = 0.01,
    q_max: Annotated[float, typer.Option("--qmax", help="Å⁻¹; 0 for no termination ripples.")] = 0.0,
    q_damp: Annotated[float, typer.Option("--qdamp", help="Å⁻¹.")] = 0.0,
    q_broad: Annotated[float, typer.Option("--qbroad", help="Å⁻¹.")] = 0.0,
    delta1: Annotated[str | None, typer.Option("--delta1", help="Å: 0.5, or by structure: hcp=0.5.")] = None,
    delta2: Annotated[str | None, typer.Option("--delta2", help="Å²: 2, or by structure.")] = None,
    diameter: Annotated[str | None, typer.Option("--diameter", help="Of spherical particles, Å: 30, or by structure.")] = None,
    u_iso: Annotated[str | None, typer.Option("--u-iso", help="Displacement parameters of every site, Å²: 0.01, or by structure.")] = None,
    isotope: Annotated[list[str] | None, typer.Option("--isotope", help="Li=7; may be repeated.")] = None,
    ions: Annotated[bool, typer.Option("--ions", help="Electrons of ions instead of atoms.")] = False,
    form_factors: Annotated[bool, typer.Option("--form-factors", help="X-rays: weigh pairs by form factors at each Q instead of at Q = 0; needs --qmax.")] = False,
    partial: Annotated[list[str] | None, typer.Option("--partial", metavar="A-B", help="Pair of elements to show and write (all: every pair); may be repeated.")] = None,
    coordination: Annotated[list[str] | None, typer.Option("--coordination", metavar="A-B:LOW:HIGH", help="Print the number of B around A between two distances, Å; may be repeated.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Columns r, G, R and partials to write: .gr or .csv.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Picture to write: .png, .svg or .pdf.")] = None,
    compare: Annotated[Path | None, typer.Option("--compare", help="Measured G(r) to draw with it.")] = None,
    force: Overwrite = False,
) -> None:  # fmt: skip
    """Simulate G(r) of one structure, of several side by side, or of a mixture (--mix)."""
    from ..pdf.simulate import PdfSettings, r_grid, simulate_pdf
    from .mixture_text import named_structures

    _refuse(output, plot, force)
    found = named_structures(structures, isotope or ())
    settings = PdfSettings("neutron" if neutron else "xray", q_max, q_damp, q_broad, ions, form_factors)
    phases = _phases(found, delta1=delta1, delta2=delta2, diameter=diameter, u_iso=u_iso)
    measured = _measured(compare, span)
    r = r_grid(*span, step)
    made = [
        (name, simulate_pdf(group, r, settings, partials=bool(partial)))
        for name, group in _groups(phases, mix, settings.probe, ions)
    ]
    for name, simulated in made:
        _report(name, simulated)
    _print_coordination(phases, coordination or ())
    _write(made, partial or [], output, plot, measured)


def _refuse(output: Path | None, plot: Path | None, force: bool) -> None:
    refuse_taken([output, plot], force)
    refuse_pictures(plot)
    if output is not None and output.suffix.lower() not in (".gr", ".csv"):
        raise OutputError(f"{output}: PDFs are written as .gr or .csv.")


def _phases(found: list[Structure], **options: str | None) -> list[PdfPhase]:
    from dataclasses import replace

    from ..pdf.simulate import PdfPhase
    from .mixture_text import values_by_phase

    names = [structure.name for structure in found]
    values = {
        key: values_by_phase(text, names, f"--{key.replace('_', '-')}") if text else {} for key, text in options.items()
    }
    phases = []
    for structure in found:
        own = {key: by_name[structure.name] for key, by_name in values.items() if structure.name in by_name}
        u_iso = own.pop("u_iso", None)
        if u_iso is not None:
            structure = structure.with_sites(replace(site, u_iso=u_iso, u_aniso=None) for site in structure.sites)
        phases.append(PdfPhase(structure, **own))
    return phases


def _groups(phases: list[PdfPhase], mix: str | None, probe: str, ions: bool) -> list[tuple[str, list[PdfPhase]]]:
    from ..pdf.simulate import mixture
    from .mixture_text import weights_of

    names = [phase.structure.name for phase in phases]
    if mix is None:
        return [(name, [phase]) for name, phase in zip(names, phases, strict=True)]
    weights = weights_of(mix, names)
    mixed = mixture(phases, [weights[name] for name in names], "neutron" if probe == "neutron" else "xray", ions=ions)
    return [(" + ".join(names), list(mixed))]


def _measured(path: Path | None, span: tuple[float, float]) -> Pattern | None:
    if path is None:
        return None
    from ..io.read_pattern import read_pattern

    pattern = read_pattern(path)
    if pattern.axis != "r":
        raise InputError(
            f"its axis is {pattern.axis};", where=path.name, remedy="give a G(r) in Å, as .gr files hold it."
        )
    return pattern.cut(*span)


def _report(name: str, simulated: SimulatedPdf) -> None:
    r, settings = simulated.r, simulated.settings
    print(f"{name}: G(r) of {settings.probe} at {len(r)} points from {r[0]:g} to {r[-1]:g} Å, "
          f"{simulated.number_density:.5f} atoms Å⁻³, highest {simulated.g.max():.4g} Å⁻² at {r[simulated.g.argmax()]:.3f} Å")  # fmt: skip
    for note in simulated.notes:
        print(f"  {note}")


def _print_coordination(phases: list[PdfPhase], wanted: list[str] | tuple[()]) -> None:
    from ..pdf.partials import coordination_number

    for text in wanted:
        try:
            pair, low, high = text.split(":")
            first, second = pair.split("-")
            limits = float(low), float(high)
        except ValueError:
            raise InputError(
                f"{text!r};", where="--coordination", remedy="write A-B:low:high, as in Zr-O:1.8:2.6."
            ) from None
        for phase in phases:
            number = coordination_number(
                phase.structure, first, second, *limits, delta1=phase.delta1, delta2=phase.delta2
            )
            print(
                f"{phase.structure.name}: {number:.3f} {second} around {first} between {limits[0]:g} and {limits[1]:g} Å"
            )


def _write(
    made: list[tuple[str, SimulatedPdf]],
    partial: list[str],
    output: Path | None,
    plot: Path | None,
    measured: Pattern | None,
) -> None:
    from ..io.atomic import write_bytes_atomic, write_text_atomic
    from ..io.write_pdf import simulated_text

    chosen = {name: _chosen_partials(simulated, partial) for name, simulated in made}
    if output is not None:
        for name, simulated in made:
            target = output if len(made) == 1 else output.with_name(f"{output.stem}-{name}{output.suffix}")
            text = simulated_text(name, simulated, chosen[name], comma=output.suffix.lower() == ".csv")
            print(f"PDF: {write_text_atomic(target, text)}")
    if plot is not None:
        import io

        from ..plot.pair_distribution import plot_simulated

        content = io.BytesIO()
        plot_simulated(made, chosen, measured).savefig(content, format=plot.suffix[1:].lower())
        print(f"picture: {write_bytes_atomic(plot, content.getvalue())}")


def _chosen_partials(simulated: SimulatedPdf, wanted: list[str]) -> list[str]:
    if "all" in wanted:
        return list(simulated.partials)
    chosen = []
    for text in wanted:
        first, dash, second = text.partition("-")
        if not dash:
            raise InputError(f"{text!r};", where="--partial", remedy="write two elements, as in Li-O, or all.")
        simulated.partial(first, second)
        chosen.append("-".join(sorted((first, second))))
    return chosen
