"""Draw Figure 1b of study A: the reciprocal lattice of cubic Li2OHCl seen along (100), alone and overlaid with three oxides.

Usage: ``python tools/make_figure_1b.py [FOLDER]``; writes ``figure-1b.svg`` and ``figure-1b.png`` there (``docs/images`` by default).
"""

from __future__ import annotations

import sys
from pathlib import Path

from xtal.io.atomic import write_bytes_atomic
from xtal.io.library import reference_structure
from xtal.plot.projection import figure_bytes, plot_projections
from xtal.reciprocal import Overlay, Projection, View, overlay, project

FILM = reference_structure("li2ohcl-cubic").renamed("c-Li₂OHCl")
FILM_VIEW = View.along_plane(1, 0, 0, right=(0, 1, 0))
G_MAX = 1.1

# Oxide, its plane in the paper, its direction that is laid on [010] of Li2OHCl.
OXIDES = (
    ("llto", "LLTO", (0, 0, 1), (1, 0, 0)),
    ("llzo-cubic", "LLZO", (1, 0, 0), (0, 1, 0)),
    ("latp", "LATP", (0, 1, 2), (2, -2, 1)),
)


def panels() -> list[Projection | Overlay]:
    """The four panels."""
    drawn: list[Projection | Overlay] = [project(FILM, FILM_VIEW, g_max=G_MAX)]
    for reference, name, plane, direction in OXIDES:
        oxide = reference_structure(reference).renamed(name)
        views = [FILM_VIEW, View.along_plane(*plane)]
        drawn.append(overlay([FILM, oxide], views, align=[((0, 1, 0), direction)], g_max=G_MAX))
    return drawn


def main(folder: Path) -> None:
    """Write both files."""
    figure = plot_projections(panels())
    for kind in ("svg", "png"):
        print(write_bytes_atomic(folder / f"figure-1b.{kind}", figure_bytes(figure, kind)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "docs" / "images")
