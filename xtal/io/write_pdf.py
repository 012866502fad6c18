"""PDFs as text: simulated curves in columns, with what they were made from in the header."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from .._version import __version__

if TYPE_CHECKING:
    from ..pdf.simulate import SimulatedPdf

__all__ = ["simulated_text"]


def simulated_text(name: str, simulated: SimulatedPdf, partials: Sequence[str] = (), *, comma: bool = False) -> str:
    """Columns r (Å), G (Å⁻²), R (Å⁻¹) and the wanted partials of G, under a header that calls them synthetic."""
    settings = simulated.settings
    header = [
        f"synthetic: G(r) of {name}, simulated by xtal {__version__}",
        f"stype = {'X' if settings.probe == 'xray' else 'N'}  qmax = {settings.q_max:g}  qdamp = {settings.q_damp:g}  qbroad = {settings.q_broad:g}",
        f"number density = {simulated.number_density:.6f} atoms per cubic angstrom",
        *simulated.notes,
    ]
    names = ["r", "G", "R", *partials]
    columns = np.column_stack([simulated.r, simulated.g, simulated.rdf, *(simulated.partials[p] for p in partials)])
    separator = "," if comma else " "
    text = StringIO()
    text.writelines(f"# {line}\n" for line in header)
    text.write(separator.join(names) + "\n" if comma else "#L " + " ".join(names) + "\n")
    np.savetxt(text, columns, fmt="%.6g", delimiter=separator)
    return text.getvalue()
