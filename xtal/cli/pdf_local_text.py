"""What ``xtal pdf local`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .pdf_options import value_text

if TYPE_CHECKING:
    from ..pdf.crystalline_fraction import CrystallineFraction
    from ..pdf.local import ShellFit
    from ..pdf.order import Coherence, OrderWindow
    from ..result import Value

__all__ = ["print_coherence", "print_fraction", "print_reach", "print_shells", "print_windows"]


def print_shells(fit: ShellFit) -> None:
    """Distances, widths and coordination numbers of a fit, with the reasons for missing esds."""
    print(f"shells fitted to T(r) over {fit.r[0]:.2f}-{fit.r[-1]:.2f} Å: Rw {fit.rw:.3f}, "
          f"{fit.n_independent} independent data, {fit.n_varied} parameters")  # fmt: skip
    if not fit.success:
        print(f"the fit did not converge: {fit.message}")
    for item in fit.shells:
        parts = [f"{name} {value_text(value.value or 0.0, value.esd, 3)}{unit}" for name, value, unit in
                 (("r", item.distance, " Å"), ("sigma", item.sigma, " Å"), ("CN", item.coordination, ""))]  # fmt: skip
        print(f"  {item.shell.pair:6} {'   '.join(parts)}")
        for name, value in (("r", item.distance), ("sigma", item.sigma), ("CN", item.coordination)):
            if value.esd is None:
                print(f"         no esd of {name}: {value.reason}")
    for (first, second), coefficient in fit.correlations.items():
        print(f"  correlation of {first} and {second}: {coefficient:.2f}")


def print_fraction(share: CrystallineFraction, amorphous: str | None) -> None:
    """Stacking, shares, and all combinations that were tried."""
    how = "with the amorphous reference" if amorphous else "where amorphous order has ended"
    print(f"crystalline references fitted over {share.fit_range[0]:g}-{share.fit_range[1]:g} Å, {how}")
    print(f"  stacking: {share.stacking}; crystalline fraction {_percent(share.total)}")
    for name, value in share.fractions.items():
        print(f"  {name:12} {_percent(value)}")
    print("  combination              Rw    BIC - best")
    for model in share.models:
        print(
            f"  {' + '.join(model.crystals) or 'no crystal':20} {model.rw:6.3f}   {model.bic - share.models[0].bic:9.1f}"
        )


def _percent(value: Value) -> str:
    if value.value is None:
        return value.reason or "unknown"
    text = value_text(100 * value.value, None if value.esd is None else 100 * value.esd, 1) + " %"
    return text if value.esd is not None else f"{text} (no esd: {value.reason})"


def print_windows(windows: tuple[OrderWindow, ...]) -> None:
    """Correlation, Rw and ratio of widths in windows of r."""
    names = list(windows[0].rw)
    print("  r (Å)        strength   " + "   ".join(f"{name}: corr   Rw  width" for name in names))
    for item in windows:
        widths = {name: "    –" if ratio is None else f"{ratio:5.2f}" for name, ratio in item.width_ratio.items()}
        cells = [
            f"{' ' * len(name)}  {item.correlation[name]:5.2f} {item.rw[name]:5.2f} {widths[name]}" for name in names
        ]
        print(f"  {item.low:5.1f}-{item.high:5.1f}  {item.strength:8.4f}   " + "   ".join(cells))


def print_coherence(found: Coherence, without_crystals: bool) -> None:
    """Coherence length of G(r), or of what is left without the crystals."""
    of = "amorphous part (without the crystals)" if without_crystals else "G(r)"
    value = found.length
    text = f"{value_text(value.value, value.esd, 2)} Å" if value.value is not None else "unknown"
    print(f"coherence length of the {of}: {text}" + ("" if value.esd is not None else f" ({value.reason})"))


def print_reach(reach: Value) -> None:
    """How far order goes, or why that can't be told."""
    known = f"order in G(r) up to {reach.value:.1f} Å ({reach.reason})" if reach.value is not None else None
    print(known or f"reach of order: {reach.reason}")
