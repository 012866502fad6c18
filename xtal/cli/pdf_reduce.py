"""``xtal pdf reduce``: measured intensities, or a neutron S(Q) or F(Q), to G(r)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, OutputError
from .options import Overwrite
from .pdf_options import refuse_pictures, value_text
from .refusals import refuse_taken, refuse_unknown

if TYPE_CHECKING:
    from ..pattern import Pattern
    from ..pdf.reduce import Reduction
    from ..pdf.reduction_scan import ScanResult
    from ..pdf.reduction_settings import ReductionSettings

__all__ = ["reduce"]

AXES = {"q": "q", "q-nm": "q", "two_theta": "two_theta"}
QUANTITIES = ("I", "S", "F", "FK")
METHODS = ("polynomial", "physical")
BEST_SHOWN = 5


def reduce(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Intensities against Q or 2θ, or S(Q), F(Q): see --quantity.")],
    composition: Annotated[str, typer.Option("--composition", help="Formula: Ni, Li2OHCl, (Li2OH)0.99K0.01Cl, [7Li]2O.")],
    background: Annotated[Path | None, typer.Option("--background", metavar="FILE", help="Container and air, on the data's axis.")] = None,
    background_scale: Annotated[float, typer.Option("--background-scale", metavar="S", help="Factor of the background.")] = 1.0,
    quantity: Annotated[str, typer.Option("--quantity", help="What DATA holds: I, S, F = Q(S-1), or FK = <b>²(S-1).")] = "I",
    radiation: Annotated[str, typer.Option("--radiation", help="xray or neutron.")] = "xray",
    axis: Annotated[str | None, typer.Option("--axis", help="First column: q (1/Å), q-nm (1/nm) or two_theta; else the file says it.")] = None,
    wavelength: Annotated[float | None, typer.Option("--wavelength", help="Å.")] = None,
    method: Annotated[str, typer.Option("--method", help="polynomial or physical.")] = "polynomial",
    qmin: Annotated[float, typer.Option("--qmin", help="Lower end of the transform, 1/Å.")] = 0.0,
    qmax: Annotated[float | None, typer.Option("--qmax", help="Upper end of the transform, 1/Å; the data's end without it.")] = None,
    qmaxinst: Annotated[float | None, typer.Option("--qmaxinst", help="Last meaningful Q, 1/Å.")] = None,
    rpoly: Annotated[float | None, typer.Option("--rpoly", help="Å; 0.9 for intensities; 0: no polynomial.")] = None,
    rmin: Annotated[float, typer.Option("--rmin", help="Å.")] = 0.0,
    rmax: Annotated[float, typer.Option("--rmax", help="Å.")] = 30.0,
    rstep: Annotated[float | None, typer.Option("--rstep", help="Å; 0: Nyquist's π/Qmax.")] = 0.01,
    window: Annotated[str, typer.Option("--window", help="none or lorch.")] = "none",
    low_q: Annotated[str | None, typer.Option("--low-q", help="Below the data: cut, constant S(Q), or S(Q) falling to zero.")] = None,
    density: Annotated[float | None, typer.Option("--density", help="g/cm³.")] = None,
    number_density: Annotated[float | None, typer.Option("--number-density", help="Atoms/Å³, in place of --density.")] = None,
    rcut: Annotated[float | None, typer.Option("--rcut", help="Å: no pair is closer; else read from G(r).")] = None,
    polarization: Annotated[float | None, typer.Option("--polarization", help="Physical: 0.5 tube … 1 synchrotron; without it the data are corrected already.")] = None,
    monochromator: Annotated[float | None, typer.Option("--monochromator", metavar="2THETA", help="Physical: degrees.")] = None,
    geometry: Annotated[str, typer.Option("--geometry", help="Physical: none, capillary, plate, symmetric_plate, reflection.")] = "none",
    absorption: Annotated[float, typer.Option("--absorption", help="Physical: μR or μt.")] = 0.0,
    compton: Annotated[bool, typer.Option("--compton/--no-compton", help="Physical: subtract Compton scattering.")] = True,
    iterations: Annotated[int, typer.Option("--low-r-iterations", min=0, help="Physical: rounds of low-r correction.")] = 0,
    scan_background: Annotated[str | None, typer.Option("--scan-background", metavar="A:B:STEP", help="Background scales to try.")] = None,
    scan_rpoly: Annotated[str | None, typer.Option("--scan-rpoly", metavar="A:B:STEP", help="Values of rpoly to try.")] = None,
    scan_qmax: Annotated[str | None, typer.Option("--scan-qmax", metavar="A:B:STEP", help="Values of Qmax to try.")] = None,
    find_density: Annotated[str | None, typer.Option("--find-density", metavar="A:B:STEP", help="Physical: density and background scale from low r, for these r_cut (Å).")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for .iq, .sq, .fq and .gr.")] = Path(),
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Picture: .png, .svg or .pdf.")] = None,
    force: Overwrite = False,
) -> None:  # fmt: skip
    """Reduce total-scattering data to S(Q), F(Q) and G(r).

    With --scan-… the values that leave least at low r are found first, printed, and used.
    """
    from ..composition import parse_composition
    from ..io.pdf_files import PDF_SUFFIXES
    from ..pdf.reduce import reduce_pattern
    from ..pdf.reduction_settings import Corrections, ReductionSettings

    for option, value, known in (("--quantity", quantity, QUANTITIES), ("--method", method, METHODS),
                                 ("--radiation", radiation, ("xray", "neutron")), ("--window", window, ("none", "lorch")),
                                 ("--axis", axis or "q", AXES), ("--low-q", low_q or "cut", ("cut", "constant", "zero"))):  # fmt: skip
        refuse_unknown(option, value, known)
    refuse_pictures(plot)
    refuse_taken([plot, *(output / (data.stem + suffix) for suffix in PDF_SUFFIXES)], force)
    formula = parse_composition(composition)
    if density is not None:
        number_density = formula.number_density(density)
    is_function = quantity != "I"
    settings = ReductionSettings(
        formula, radiation=radiation, mode=method, quantity=quantity, background_scale=background_scale,  # type: ignore[arg-type]
        q_min=qmin, q_max=qmax, q_max_inst=qmaxinst, r_poly=_r_poly(rpoly, is_function or method == "physical"),
        r_min=rmin, r_max=rmax, r_step=rstep or None, window=window, wavelength=wavelength, number_density=number_density,  # type: ignore[arg-type]
        r_cut=rcut, low_q=low_q or ("constant" if is_function else "zero" if method == "physical" else "cut"),  # type: ignore[arg-type]
        corrections=Corrections(polarization, monochromator, geometry, absorption, compton, iterations),  # type: ignore[arg-type]
    )  # fmt: skip
    measured = _read(data, axis, is_function)
    under = None if background is None else _read(background, axis, False)
    if find_density is not None:
        settings = _with_density(measured, settings, under, find_density)
    if scan_background or scan_rpoly or scan_qmax:
        settings = _scanned(measured, settings, under, scan_background, scan_rpoly, scan_qmax)
    made = reduce_pattern(measured, settings, under)
    _write(made, output, data, background)
    _report(made)
    if plot is not None:
        _draw(made, plot)


def _r_poly(given: float | None, none_by_default: bool) -> float | None:
    if given is None:
        return None if none_by_default else 0.9
    return given or None


def _read(path: Path, axis: str | None, is_function: bool) -> Pattern:
    from ..io.read_pattern import read_pattern
    from ..pattern import Pattern

    wanted = AXES[axis] if axis else "q" if is_function else None
    found = read_pattern(path, axis=wanted)  # type: ignore[arg-type]
    if axis != "q-nm":
        return found
    return Pattern(found.x / 10, found.intensity, found.sigma, axis="q", sigma_origin=found.sigma_origin,
                   source=found.source, metadata=found.metadata)  # fmt: skip


def _with_density(
    data: Pattern, settings: ReductionSettings, background: Pattern | None, r_cuts: str
) -> ReductionSettings:
    from ..pdf.density import density_from_low_r
    from .pdf_options import values_of

    if background is None or settings.mode != "physical":
        raise InputError("needs --method physical and --background;", where="--find-density", remedy="give both.")
    found = density_from_low_r(data, background, settings, values_of(r_cuts, "--find-density"))
    print(f"number density {value_text(found.number_density, found.number_density_esd, 4)} atoms/Å³, "
          f"background scale {value_text(found.background_scale, found.background_scale_esd, 3)}, "
          f"r_cut {found.r_cut:.3g} Å, misfit {found.misfit:.3f}; over all r_cut tried the density is "
          f"{found.spread[0]:.4f}–{found.spread[1]:.4f}")  # fmt: skip
    if found.reason:
        print(f"no esd: {found.reason}")
    return settings.changed(
        number_density=found.number_density, background_scale=found.background_scale, r_cut=found.r_cut
    )


def _scanned(
    data: Pattern, settings: ReductionSettings, background: Pattern | None, scales: str | None, r_polys: str | None,
    q_maxima: str | None,
) -> ReductionSettings:  # fmt: skip
    from ..pdf.reduction_scan import scan_reduction
    from .pdf_options import counted, values_of

    found = scan_reduction(data, settings, background, background_scales=values_of(scales, "--scan-background"),
                           r_polys=values_of(r_polys, "--scan-rpoly"), q_maxima=values_of(q_maxima, "--scan-qmax"),
                           progress=counted("scan"))  # fmt: skip
    _print_scan(found)
    best = found.best
    return settings.changed(background_scale=best.background_scale, r_poly=best.r_poly, q_max=best.q_max)


def _print_scan(found: ScanResult) -> None:
    print(f"scan of {len(found.points)} reductions, misfit over r < {found.low_r_range[1]:.2f} Å")
    print("  bgscale    rpoly     qmax   slow misfit   full misfit")
    start = found.points[0].q_max
    different = dict.fromkeys(point for point in found.points if point.q_max == start)
    ranked = sorted(different, key=lambda point: point.slow_misfit)[:BEST_SHOWN]
    for point in ranked if found.best in ranked else [*ranked, found.best]:
        text = "   none" if point.r_poly is None else f"{point.r_poly:7.3f}"
        mark = "  <- used" if point == found.best else ""
        print(
            f"  {point.background_scale:7.3f}  {text}  {point.q_max:7.2f}   {point.slow_misfit:11.4f}   {point.full_misfit:11.4f}{mark}"
        )
    for reason in found.refused:
        print(f"  left out: {reason}")
    for name in found.on_edge:
        print(f"  the best {name} is at the end of its range: scan farther.")


def _write(made: Reduction, folder: Path, data: Path, background: Path | None) -> None:
    from ..io.pdf_files import write_pdf_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} can't be made: {error.strerror or error}.") from error
    inputs = {"dataformat": "QA", "inputfile": data.name, "backgroundfile": background.name if background else "none"}
    header = inputs | made.settings.header()
    for suffix, curve in ((".iq", made.iq), (".sq", made.sq), (".fq", made.fq), (".gr", made.gr)):
        if curve is not None:
            print(write_pdf_file(folder / (data.stem + suffix), curve, header, made.notes))


def _report(made: Reduction) -> None:
    low = made.low_r
    esd = f" ± {low.number_density_esd:.2g}" if low.number_density_esd is not None else f" (no esd: {low.reason})"
    print(f"Q {made.settings.q_min:g}–{made.settings.q_max:.4g} 1/Å, r step {made.gr.step:.4g} Å")
    print(
        f"slope of G(r) over {low.start:.2f}–{low.cut:.2f} Å: {low.number_density:.4f}{esd} atoms/Å³, misfit {low.misfit:.3f}"
    )
    for note in made.notes:
        print(f"note: {note}")


def _draw(made: Reduction, path: Path) -> None:
    from ..io.atomic import write_bytes_atomic
    from ..plot.projection import figure_bytes
    from ..plot.total_scattering import plot_reduction

    print(write_bytes_atomic(path, figure_bytes(plot_reduction(made), path.suffix.lower().removeprefix("."))))
