"""``xtal pdf local``: first shells, coherence length, crystalline fraction and stacking of a G(r) or F(Q)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .options import Overwrite
from .pdf_local_text import print_coherence, print_fraction, print_reach, print_shells, print_windows
from .pdf_options import refuse_pictures
from .refusals import refuse_taken, refuse_unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..pdf.crystalline_fraction import CrystallineFraction
    from ..pdf.local import ShellFit
    from ..pdf.local_data import LocalData
    from ..pdf.order import Coherence, OrderWindow
    from ..result import Value

__all__ = ["local"]

SYNTHETIC = "synthetic"


def local(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="G(r) (.gr) or F(Q) (.fq).")],
    shell: Annotated[list[str] | None, typer.Option("--shell", metavar="A-B:LOW:HIGH", help="Shell to fit, Å: Zr-Cl:2.45:2.5, Si-O:1.5:1.7:sigma=0.05, Mg-O:1.9:2.2:cn<7; may be repeated.")] = None,
    span: Annotated[tuple[float, float] | None, typer.Option("--range", help="Of the shell fit, Å.")] = None,
    crystal: Annotated[list[str] | None, typer.Option("--crystal", metavar="NAME=WHAT", help="Crystalline reference: CIF, reference name, or .gr; may be repeated.")] = None,
    amorphous: Annotated[str | None, typer.Option("--amorphous", metavar="FILE|synthetic[:SEED]", help="Amorphous reference: .gr, or a synthetic packing.")] = None,
    amorphous_reach: Annotated[float, typer.Option("--amorphous-reach", help="Å beyond which the amorphous part has no order; used without --amorphous.")] = 12.0,
    diameter: Annotated[float, typer.Option("--diameter", help="Of the crystallites, Å.")] = 150.0,
    qdamp: Annotated[float, typer.Option("--qdamp", help="Of the instrument, 1/Å.")] = 0.0,
    qbroad: Annotated[float, typer.Option("--qbroad", help="Of the instrument, 1/Å.")] = 0.0,
    stretch: Annotated[float, typer.Option("--stretch", metavar="X", help="Let each reference's cell grow or shrink by up to X (0.01: 1 %).")] = 0.0,
    composition: Annotated[str | None, typer.Option("--composition", help="In place of the header's.")] = None,
    radiation: Annotated[str | None, typer.Option("--radiation", help="xray or neutron, in place of the header's.")] = None,
    qmax: Annotated[float | None, typer.Option("--qmax", help="1/Å, in place of the header's.")] = None,
    window: Annotated[str | None, typer.Option("--window", help="none or lorch, in place of the header's; of the transform of an F(Q).")] = None,
    density: Annotated[float | None, typer.Option("--density", help="g/cm³.")] = None,
    number_density: Annotated[float | None, typer.Option("--number-density", help="Atoms/Å³, in place of --density.")] = None,
    rmin: Annotated[float, typer.Option("--rmin", help="First r compared with references, Å.")] = 1.5,
    rmax: Annotated[float, typer.Option("--rmax", help="Last r looked at, Å.")] = 40.0,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Everything found, xtal-pdf-local/1.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Picture: .png, .svg or .pdf.")] = None,
    force: Overwrite = False,
) -> None:  # fmt: skip
    """Describe local order: shells (--shell), coherence length, crystalline fraction and stacking (--crystal)."""
    from ..composition import parse_composition
    from ..io.read_pattern import read_pattern
    from ..pdf.local import fit_shells
    from ..pdf.local_data import local_data
    from ..pdf.order import coherence_length, order_reach
    from ..pdf.shells import parse_shell

    refuse_taken([json_file, plot], force)
    refuse_pictures(plot)
    if not 0 <= rmin < rmax:
        raise InputError(f"{rmin:g} to {rmax:g} Å;", where="--rmin, --rmax", remedy="give 0 ≤ rmin < rmax.")
    for name, value, known in (
        ("--radiation", radiation, ("xray", "neutron")),
        ("--window", window, ("none", "lorch")),
    ):
        refuse_unknown(name, value or known[0], known)
    shells = [parse_shell(text) for text in shell or ()]
    formula = parse_composition(composition) if composition else None
    found = local_data(read_pattern(data), composition=formula, radiation=radiation, q_max=qmax, window=window,  # type: ignore[arg-type]
                       number_density=number_density, r_max=rmax)  # fmt: skip
    if density is not None:
        from dataclasses import replace

        found = replace(found, number_density=found.band.composition.number_density(density))
    print(f"{found.source}: {found.band.composition}, {found.band.radiation}, Qmax {found.q_max:g} 1/Å")
    fit = fit_shells(found.band, found.total(), shells, fit_range=span, fq_sigma=found.fq_sigma) if shells else None
    if fit is not None:
        print_shells(fit)
    share, windows, amorphous_gr = _compared(
        found, crystal or [], amorphous, amorphous_reach, (diameter, qdamp, qbroad), (rmin, rmax), stretch
    )
    near = found.r <= rmax
    envelope = coherence_length(
        found.r[near], found.gr[near] if amorphous_gr is None else amorphous_gr[near], found.q_max
    )
    print_coherence(envelope, amorphous_gr is not None)
    reach = order_reach(found.r[near], found.gr[near])
    print_reach(reach)
    note = "; synthetic amorphous reference" if crystal and (amorphous or "").startswith(SYNTHETIC) else ""
    _write(json_file, plot, found, fit, share, windows, envelope, reach, note)


def _compared(
    data: LocalData, crystals: list[str], amorphous: str | None, reach: float, particle: tuple[float, float, float],
    limits: tuple[float, float], stretch: float,
) -> tuple[CrystallineFraction | None, tuple[OrderWindow, ...], NDArray[Any] | None]:  # fmt: skip
    """Fraction and windows, and what of G(r) is amorphous (at every r of the data)."""
    if not crystals:
        return None, (), None
    import numpy as np

    from ..pdf.crystalline_fraction import crystalline_fraction
    from ..pdf.order import order_windows

    used = (data.r >= limits[0] - 1e-9) & (data.r <= limits[1] + 1e-9)
    r = data.r[used]
    named = [_reference(text, r, data, particle) for text in crystals]
    references = dict(named)
    if len(references) < len(named):
        raise InputError(f"two of {', '.join(name for name, _ in named)} have one name;", where="--crystal",
                         remedy="write NAME=CIF with names that differ.")  # fmt: skip
    if stretch:
        references = _stretched(references, r, data.gr[used], stretch, reach)
    glass = None if amorphous is None else _amorphous(amorphous, r, data)
    share = crystalline_fraction(r, data.gr[used], references, data.q_max, amorphous=glass, amorphous_reach=reach)
    windows = order_windows(r, data.gr[used], references, start=float(r[0]))
    print_fraction(share, amorphous)
    print_windows(windows)
    rest = np.array(data.gr, copy=True)
    rest[used] = share.amorphous_part
    return share, windows, rest


def _reference(
    text: str, r: NDArray[Any], data: LocalData, particle: tuple[float, float, float]
) -> tuple[str, NDArray[Any]]:
    name, equals, what = text.partition("=")
    if not equals:
        name, what = Path(text).stem, text
    if what.endswith(".gr"):
        return name, _curve(Path(what), r)
    from ..io.library import find_structure
    from ..pdf.simulate import PdfPhase, PdfSettings, simulate_pdf

    diameter, q_damp, q_broad = particle
    probe = "neutron" if data.band.radiation == "neutron" else "xray"
    settings = PdfSettings(probe, data.q_max, q_damp, q_broad)  # type: ignore[arg-type]
    return name, simulate_pdf([PdfPhase(find_structure(what), diameter=diameter)], r, settings).g


def _stretched(
    references: dict[str, NDArray[Any]], r: NDArray[Any], gr: NDArray[Any], limit: float, reach: float
) -> dict[str, NDArray[Any]]:
    from ..pdf.reference_stretch import best_stretch, stretched

    found = {}
    for name, curve in references.items():
        factor = best_stretch(r, gr, curve, limit, fit_range=(reach, float(r[-1])))
        at_limit = " (at its limit)" if abs(abs(factor - 1) - limit) < 0.01 * limit else ""
        print(f"cell of {name}: {100 * (factor - 1):+.2f} % fits best beyond {reach:g} Å{at_limit}")
        found[name] = stretched(r, curve, factor)
    return found


def _amorphous(text: str, r: NDArray[Any], data: LocalData) -> NDArray[Any]:
    if text.partition(":")[0] != SYNTHETIC:
        return _curve(Path(text), r)
    from ..pdf.amorphous import glass_pdf, synthetic_glass

    seed = text.partition(":")[2] or "0"
    if not seed.isdigit():
        raise InputError(f"seed {seed!r};", where="--amorphous", remedy="write synthetic:7.")
    if data.number_density is None:
        raise InputError("a synthetic glass without a density;", where="--amorphous", remedy="give --density.")
    glass = synthetic_glass(data.band.composition, data.number_density, n_atoms=3000, seed=int(seed))
    print(f"amorphous reference: {glass.source} (a model, not a measurement)")
    return glass_pdf(glass, r, data.q_max, radiation=data.band.radiation)


def _curve(path: Path, r: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    from ..io.read_pattern import read_pattern

    pattern = read_pattern(path)
    if pattern.axis != "r" or pattern.x[0] > r[0] + 0.02 or pattern.x[-1] < r[-1] - 0.02:
        raise InputError(f"it spans {pattern.x[0]:g}-{pattern.x[-1]:g} ({pattern.axis}), the data {r[0]:g}-{r[-1]:g} Å;",
                         where=path.name, remedy="give a G(r) that covers the data, or narrow them with --rmin and --rmax.")  # fmt: skip
    return np.asarray(np.interp(r, pattern.x, pattern.intensity))


def _write(
    json_file: Path | None, plot: Path | None, data: LocalData, fit: ShellFit | None, share: CrystallineFraction | None,
    windows: tuple[OrderWindow, ...], envelope: Coherence, reach: Value, note: str,
) -> None:  # fmt: skip
    from ..io.atomic import write_bytes_atomic, write_text_atomic

    if json_file is not None:
        from ..io.local_results import local_summary
        from ..strict_json import strict_json

        content = strict_json(local_summary(data, fit, share, windows, envelope, reach), indent=1)
        print(write_text_atomic(json_file, content + "\n"))
    if plot is not None:
        from ..plot.local_structure import plot_local
        from ..plot.projection import figure_bytes

        print(
            write_bytes_atomic(
                plot,
                figure_bytes(plot_local(data, fit, share, windows, note=note), plot.suffix.lower().removeprefix(".")),
            )
        )
