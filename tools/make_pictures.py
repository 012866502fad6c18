"""Make the three pictures of the README from what the toolkit does: ``python tools/make_pictures.py [FOLDER]``.

``make docs`` runs it. All three are synthetic: the shipped pellet, reference structures laid over each other, a heating run.
Writes ``refinement.png``, ``overlay.png`` and ``heating.png`` (``docs/images`` by default).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import xtal
from xtal.io.atomic import write_bytes_atomic
from xtal.plot.projection import figure_bytes, plot_projections
from xtal.plot.refinement import plot_refinement
from xtal.plot.series import plot_quantities
from xtal.reciprocal import View, overlay
from xtal.series.findings import analyse
from xtal.series.series import Series
from xtal.synthetic_series import write_heating

N_FRAMES = 40


def refinement() -> Any:
    """The shipped pellet, refined as ``xtal demo`` does."""
    with as_file(files("xtal") / "examples" / "pellet") as pellet:
        job = xtal.load_job(pellet / "job.toml")
    return plot_refinement(xtal.refine(job))


def laid_over() -> Any:
    """Cubic Li2OHCl (100) and LLTO (001)."""
    salt = xtal.reference_structure("li2ohcl-cubic").renamed("c-Li₂OHCl")
    oxide = xtal.reference_structure("llto").renamed("LLTO")
    views = [View.along_plane(1, 0, 0), View.along_plane(0, 0, 1)]
    return plot_projections([overlay([salt, oxide], views, align=[((0, 1, 0), (1, 0, 0))], g_max=0.9)])


def heating() -> Any:
    """Share and cell of the cubic phase on the way up and down."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_heating(folder, N_FRAMES, two_theta=(20.0, 60.0, 0.03))
        command = [
            sys.executable,
            "-m",
            "xtal",
            "series",
            "run",
            "series.toml",
            "-o",
            "heating",
            "--workers",
            "2",
            "-q",
        ]
        subprocess.run(command, cwd=folder, check=True)
        with Series(folder / "heating") as series:
            return plot_quantities(
                series, ["phase.cubic.group_share", "phase.cubic.cell.a"], analyse(series, alarms=False)
            )


def main(folder: Path) -> None:
    """Write the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("refinement", refinement), ("overlay", laid_over), ("heating", heating)):
        print(write_bytes_atomic(folder / f"{name}.png", figure_bytes(make(), "png")))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "docs" / "images")
