"""Draw the map of the code for the developer guide: ``python tools/draw_map.py`` writes docs/images/architecture.svg.

What stands in a box is written here; a test compares it with the folders and modules that there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "docs" / "images" / "architecture.svg"
WIDTH, HEIGHT, PAD = 960, 684, 14
LINE = 17


@dataclass(frozen=True)
class Box:
    """A box of the map: where it stands (pixels), its head, and what is in it."""

    x: int
    y: int
    width: int
    height: int
    head: str
    parts: tuple[str, ...]
    colour: str

    @property
    def names(self) -> set[str]:
        """Modules and packages that the box names."""
        return {name for part in self.parts for name in part.split(":")[0].split()}


BLUE, GREEN, ORANGE, PURPLE, GREY = "#dbe9f6", "#dcf1e7", "#fbecd0", "#f3e0ec", "#eeeeee"
FULL = WIDTH - 2 * PAD
BOXES = (
    Box(PAD, 20, FULL, 102, "things", (
        "lattice symmetry structure species elements …: a crystal",
        "radiation instrument pattern: a measurement",
        "distances radii oxidation composition displacement errors …: what follows from them, and what can be wrong",
        ": frozen dataclasses and read-only arrays, units in the docstring",
    ), BLUE),
    Box(PAD, 150, 300, 84, "forward models", ("diffraction: powder patterns", "reciprocal: projections", "interface: mismatch, coincidence"), GREEN),
    Box(330, 150, 300, 84, "what is asked and found", ("job: a job and its parameters", "result …: numbers with esds", "checks: a referee's questions"), BLUE),
    Box(646, 150, 300, 84, "made up", ("builders: doped and ordered models", "synthetic …: patterns with known answers", "examples convert: to other packages"), GREEN),
    Box(PAD, 262, 456, 84, "files", ("io: readers and writers of CIF, patterns,", ": instruments, jobs, results, tables"), GREY),
    Box(490, 262, 456, 84, "engines, each in a process of its own", ("engines: protocol, and one adapter per engine", "native: the toolkit's own least squares", ": rietx, GSAS-II, PDFfit2 behind the same protocol"), ORANGE),
    Box(PAD, 374, FULL, 84, "workflows", ("rietveld: job → task → engine → outcome → result; calibration, rivals, defence", "pdf: reduction, simulation, fit, local order", "series: many frames on Dask, store, findings"), PURPLE),
    Box(PAD, 486, FULL, 66, "shown", ("plot: figures for print and for the screen", "report: report.html, the result's folder, publication"), GREEN),
    Box(PAD, 580, FULL, 84, "where it is used from", ("cli: one file per command", "notebook: how things show themselves in Jupyter", "doctor: what is installed"), BLUE),
)  # fmt: skip


def drawn() -> str:
    """Text of the picture."""
    arrows = "".join(_arrow(x, low, high) for x, low, high in ARROWS)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13" role="img">\n'
        "<title>Map of the code: a box imports from boxes above it, never from one below</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{arrows}{"".join(map(_box, BOXES))}</svg>\n'
    )


ARROWS = ((480, 122, 150), (480, 234, 262), (480, 346, 374), (480, 458, 486), (480, 552, 580))
"""Where a layer uses the one above it: x, upper and lower y."""


def _arrow(x: int, upper: int, lower: int) -> str:
    return (
        f'<path d="M{x} {lower} V{upper + 8}" stroke="#777777" stroke-width="1.5" fill="none"/>'
        f'<path d="M{x - 5} {upper + 10} L{x} {upper + 2} L{x + 5} {upper + 10} Z" fill="#777777"/>\n'
    )


def _box(box: Box) -> str:
    lines = "".join(_line(box.x + 12, box.y + 42 + LINE * row, part) for row, part in enumerate(box.parts))
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="6" fill="{box.colour}" stroke="#999999"/>\n'
        f'<text x="{box.x + 12}" y="{box.y + 21}" font-weight="bold">{escape(box.head)}</text>\n{lines}'
    )


def _line(x: int, y: int, part: str) -> str:
    names, colon, text = part.partition(":")
    name = f'<tspan font-family="monospace" fill="#0050a0">{escape(names)}</tspan>' if names else ""
    rest = (
        f"<tspan{'' if not names else ' dx=' + chr(34) + '8' + chr(34)}>{escape(text.strip())}</tspan>" if colon else ""
    )
    return f'<text x="{x}" y="{y}">{name}{rest}</text>\n'


if __name__ == "__main__":
    FILE.write_text(drawn(), encoding="utf-8")
    print(FILE)
