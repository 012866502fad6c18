"""PDF jobs for the tests, written as a user writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xtal.io.cif import write_cif
from xtal.io.pdf_jobs import load_pdf_job
from xtal.pdf.job import PdfJob
from xtal.pdf.simulate import PdfPhase, PdfSettings, r_grid, simulate_pdf
from xtal.structure import Structure


def job(folder: Path, text: str, name: str = "job.toml") -> PdfJob:
    """Load a job from its text; the schema line is added."""
    path = folder / name
    path.write_text('schema = "xtal-pdf-job/1"\n' + text, encoding="utf-8")
    return load_pdf_job(path)


def synthetic_gr(
    path: Path,
    phases: Structure | PdfPhase | list[PdfPhase],
    settings: PdfSettings,
    *,
    noise: float,
    seed: int,
    span: tuple[float, float] = (0.5, 20.0),
) -> Path:
    """Write a simulated G(r) with Gaussian noise of `noise` Å⁻² under a header that calls it synthetic."""
    r = r_grid(*span, 0.02)
    g = simulate_pdf(phases, r, settings).g + np.random.default_rng(seed).normal(0.0, noise, len(r))
    stype = {"xray": "X", "neutron": "N"}[settings.probe]
    header = f"# synthetic: seed {seed}\n# stype={stype} qmax={settings.q_max:g} qdamp={settings.q_damp:g}\n#L r G dG\n"
    rows = "".join(f"{x:.4f} {y:.6f} {noise:.6f}\n" for x, y in zip(r, g, strict=True))
    path.write_text(header + rows, encoding="utf-8")
    return path


def cif(folder: Path, structure: Structure) -> str:
    """Write a CIF and give its name."""
    write_cif(structure, folder / f"{structure.name}.cif")
    return f"{structure.name}.cif"
