"""G(r) by PDFfit2 itself, for comparison."""

from __future__ import annotations

import io

import numpy as np
from diffpy.pdffit2 import PdfFit, redirect_stdout

from xtal.convert import to_diffpy
from xtal.diffraction.form_factors import neutron_length
from xtal.structure import Structure

_SILENCE = io.StringIO()
R_MAX, STEP = 40.0, 0.01


def peer(structure: Structure, probe: str, q_max: float, q_damp: float) -> PdfFit:
    """PDFfit2 with a structure and room for G(r) up to 40 Å; `calc` is still to be called."""
    redirect_stdout(_SILENCE)
    fit = PdfFit(create_intro=False)
    fit.add_structure(to_diffpy(structure))
    fit.alloc("X" if probe == "xray" else "N", q_max, q_damp, STEP, R_MAX, round(R_MAX / STEP))
    return fit


def peer_pdf(
    structure: Structure,
    r: np.ndarray,
    *,
    probe: str = "xray",
    q_max: float = 0.0,
    q_damp: float = 0.0,
    same_lengths: bool = False,
    **variables: float,
) -> np.ndarray:
    """G(r) at multiples of 0.01 Å; `variables` in PDFfit2's own names (qbroad, delta1, delta2, spdiameter).

    PDFfit2 has another table of neutron lengths (Mn −3.750 fm, Sears 1992 −3.73); `same_lengths` gives it that of this project.
    """
    fit = peer(structure, probe, q_max, q_damp)
    if same_lengths and probe == "neutron":
        for element in structure.cell_contents:
            fit.set_scat("N", element, neutron_length(element).real)
    for name, value in variables.items():
        fit.setvar(name, value)
    fit.calc()
    return np.array(fit.getpdf_fit())[np.round(r / STEP).astype(int) - 1]
