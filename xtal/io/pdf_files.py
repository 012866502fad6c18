"""Files of total scattering: .iq, .sq, .fq and .gr with the settings that made them in the header.

The layout is that of PDFgetX3: ``key = value`` lines, then ``#### start data`` and columns; PDFgui and `read_pattern` read it. With
uncertainties, a .gr has the four columns r, G, dr (zero), dG, which PDFgui expects; the others have three.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .._version import __version__
from ..errors import OutputError
from ..pattern import Pattern
from .atomic import write_text_atomic

__all__ = ["PDF_SUFFIXES", "write_pdf_file"]

PDF_SUFFIXES = (".iq", ".sq", ".fq", ".gr")
_LABELS = {
    ".iq": ("Q(1/Å)", "I", "dI"), ".sq": ("Q(1/Å)", "S", "dS"),
    ".fq": ("Q(1/Å)", "F(1/Å)", "dF(1/Å)"), ".gr": ("r(Å)", "G(1/Å^2)", "dr(Å)", "dG(1/Å^2)"),
}  # fmt: skip


def write_pdf_file(
    path: str | Path, curve: Pattern, settings: Mapping[str, str], notes: tuple[str, ...] = ()
) -> Path:  # fmt: skip
    """Write one curve.

    Parameters
    ----------
    path : path
        Its extension, one of `PDF_SUFFIXES`, says which function it is; an existing file is replaced.
    curve : Pattern
        Against q (Å⁻¹), or r (Å) for .gr.
    settings : mapping of str to str
        Written as ``key = value``.
    notes : tuple of str
        Written as comments.

    Raises
    ------
    OutputError
        Another extension, a curve on the wrong axis, or a file that can't be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in PDF_SUFFIXES:
        raise OutputError(f"{target}: total scattering is written as {', '.join(PDF_SUFFIXES)}.")
    if curve.axis != ("r" if suffix == ".gr" else "q"):
        raise OutputError(f"{target}: a curve against {curve.axis} doesn't belong in {suffix}.")
    head = ["[DEFAULT]", "", f"version = xtal-{__version__}", f"outputtype = {suffix[1:]}"]
    head += [f"{key} = {_one_line(value)}" for key, value in settings.items()]
    head += [f"# {_one_line(note)}" for note in notes]
    return write_text_atomic(target, "\n".join([*head, "", "#### start data", *_rows(curve, suffix)]) + "\n")


def _rows(curve: Pattern, suffix: str) -> list[str]:
    labels = _LABELS[suffix]
    if curve.sigma_origin != "file":
        rows = [f"{x:.10g} {y:.8g}" for x, y in zip(curve.x, curve.intensity, strict=True)]
        return ["#L " + "  ".join(labels[:2]), *rows]
    middle = " 0" if suffix == ".gr" else ""
    rows = [f"{x:.10g} {y:.8g}{middle} {s:.4g}" for x, y, s in zip(curve.x, curve.intensity, curve.sigma, strict=True)]
    return ["#L " + "  ".join(labels), *rows]


def _one_line(text: str) -> str:
    return " ".join(text.split())
