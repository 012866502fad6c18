"""``xtal project``: the reciprocal lattice of one crystal seen along planes or zone axes, or of several overlaid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import GeometryError
from .options import Overwrite
from .project_output import print_summary, write_figure, write_map, write_profile, write_projections, write_stereogram
from .refusals import refuse_taken

if TYPE_CHECKING:
    from ..reciprocal import Overlay, Projection, RotationScan, View
    from ..reciprocal.alignment import Alignment
    from ..structure import Structure

__all__ = ["project"]

Indices = "H,K,L"
Direction = "U,V,W"


def project(
    structures: Annotated[
        list[str], typer.Argument(metavar="STRUCTURE...", help="Reference structures or CIFs; each after the first is laid over it.")
    ],
    plane: Annotated[list[str] | None, typer.Option("--plane", metavar=Indices, help="Plane of the first crystal in the paper; repeat for more panels.")] = None,
    zone: Annotated[list[str] | None, typer.Option("--zone", metavar=Direction, help="Zone axis of the first crystal towards the reader; repeat for more panels.")] = None,
    plane2: Annotated[list[str] | None, typer.Option("--plane2", metavar=Indices, help="Plane of the second crystal; repeat for the third and so on.")] = None,
    zone2: Annotated[list[str] | None, typer.Option("--zone2", metavar=Direction, help="Zone axis of the second crystal, in place of --plane2.")] = None,
    align: Annotated[list[str] | None, typer.Option("--align", metavar="UVW//UVW", help="Direction of the first ∥ direction of the second crystal: 0,1,0//1,0,0.")] = None,
    right: Annotated[str | None, typer.Option("--right", metavar=Direction, help="Direction of the first crystal that points to the right.")] = None,
    rotate: Annotated[str, typer.Option("--rotate", metavar="DEG|START:STOP:STEP", help="Turn the further crystals, or search the best overlap.")] = "0",
    gmax: Annotated[float, typer.Option("--gmax", metavar="G", help="Largest |g| = 1/d, 1/Å.")] = 1.2,
    layer: Annotated[int, typer.Option("--layer", metavar="N", help="Laue layer, hu + kv + lw = N.")] = 0,
    slab: Annotated[str | None, typer.Option("--slab", metavar="LOW:HIGH", help="Project all spots between two heights (1/Å) instead of a layer.")] = None,
    probe: Annotated[str, typer.Option("--probe", metavar="PROBE", help="xray, xray:MoKa, neutron or electron:200kV.")] = "xray",
    tolerance: Annotated[float, typer.Option("--tolerance", metavar="T", help="Spots coincide within this fraction of |g|.")] = 0.03,
    forbidden: Annotated[bool, typer.Option("--forbidden", help="Show systematically absent spots, as crosses.")] = False,
    lattice_only: Annotated[bool, typer.Option("--lattice-only", help="Leave out intensities.")] = False,
    labels: Annotated[str, typer.Option("--labels", metavar="WHICH", help="Indices beside spots: all, paired or none.")] = "all",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Figure: .svg, .png or .pdf.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Interactive figure, one file that works offline.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Spots and pairs as JSON.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Spots as CSV.")] = None,
    scan: Annotated[Path | None, typer.Option("--scan", metavar="FILE", help="Figure of the overlap score against rotation.")] = None,
    stereogram: Annotated[Path | None, typer.Option("--stereogram", metavar="FILE", help="Figure of the stereographic projection.")] = None,
    row: Annotated[str | None, typer.Option("--row", metavar=Indices, help="Row of the first crystal for --profile.")] = None,
    profile: Annotated[Path | None, typer.Option("--profile", metavar="FILE", help="Figure of the intensity along --row.")] = None,
    space_map: Annotated[Path | None, typer.Option("--map", metavar="FILE", help="Figure of the coplanar reciprocal-space map (needs xrayutilities).")] = None,
    force: Overwrite = False,
) -> None:  # fmt: skip
    """Project the reciprocal lattice of a crystal, or overlay those of several.

    The first crystal is the film in the sign of every mismatch: (first - second)/second.
    """
    from ..io.library import find_structure
    from ..reciprocal import Probe

    figures = [output, scan, stereogram, profile, space_map]
    refuse_taken([*figures, html, json_file, csv_file], force)
    _check_endings(figures)
    if (scan is not None) and (":" not in rotate or len(structures) < 2):
        raise GeometryError(
            "a scan needs two structures and a range of angles;", where="--scan", remedy="add --rotate 0:90:0.5."
        )
    if (profile is None) != (row is None):
        raise GeometryError(
            "a profile needs a row and a file;", where="--profile", remedy="give --row 0,1,0 with --profile FILE."
        )
    crystals = [find_structure(name) for name in structures]
    views = _views(plane, zone, right)
    options: dict[str, Any] = {
        "g_max": gmax, "layer": layer, "slab": _limits(slab), "probe": Probe.from_text(probe), "show_forbidden": forbidden,
        "lattice_only": lattice_only,
    }  # fmt: skip
    items, found = _items(crystals, views, _further_views(plane2, zone2), align, rotate, tolerance, options)
    print_summary(items, found)
    write_projections(items, output, html, json_file, csv_file, labels)
    if scan is not None:
        from ..plot.projection_scan import plot_rotation_scan

        write_figure(scan, plot_rotation_scan(found[0]))
    if stereogram is not None:
        write_stereogram(stereogram, items[0], crystals)
    if profile is not None and row is not None:
        write_profile(profile, items[0], row)
    if space_map is not None:
        write_map(space_map, items[0], crystals, options["probe"], gmax)


def _check_endings(figures: list[Path | None]) -> None:
    from ..plot.projection import check_kind

    for figure in figures:
        if figure is not None:
            check_kind(figure.suffix.lower().removeprefix("."))


def _views(planes: list[str] | None, zones: list[str] | None, right: str | None) -> list[View]:
    from ..reciprocal import View, parse_indices

    towards = None if right is None else parse_indices(right)
    views = [View(plane=parse_indices(text), right=towards) for text in planes or []]
    views += [View(zone=parse_indices(text), right=towards) for text in zones or []]
    if not views:
        raise GeometryError("no direction of view;", remedy="give --plane 1,0,0 or --zone 0,0,1.")
    return views


def _further_views(planes: list[str] | None, zones: list[str] | None) -> list[View]:
    if planes and zones:
        raise GeometryError("both --plane2 and --zone2;", remedy="give one of them.")
    return _views(planes, zones, None) if planes or zones else []


def _limits(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise GeometryError(
            f"{text!r} is not a pair of heights;", where="--slab", remedy="write low:high, as in -0.1:0.1."
        ) from None
    return low, high


def _items(
    crystals: list[Structure], views: list[View], further: list[View], align: list[str] | None, rotate: str,
    tolerance: float, options: dict[str, Any],
) -> tuple[list[Projection | Overlay], list[RotationScan]]:  # fmt: skip
    """A projection or overlay for each view, and the scans that were asked for."""
    from ..reciprocal import parse_alignment, project_views

    if len(crystals) == 1:
        if further or align:
            raise GeometryError(
                "--plane2, --zone2 and --align are for a second crystal;", remedy="name a second structure."
            )
        if rotate != "0":
            raise GeometryError("--rotate turns a second crystal;", remedy="name a second structure.")
        return list(project_views(crystals[0], views, **options)), []
    others = len(crystals) - 1
    relations = [parse_alignment(text) for text in align or []]
    if len(further) > others or len(relations) > others:
        raise GeometryError(f"{len(further)} views and {len(relations)} alignments for {others} further crystals;",
                            remedy="give one of each for every structure after the first, or fewer.")  # fmt: skip
    aligned: list[Alignment | None] = [*relations, *[None] * (others - len(relations))]
    own = [[view, *further, *[_plain(view)] * (others - len(further))] for view in views]
    drawn = [_overlay(crystals, one, aligned, rotate, tolerance, options) for one in own]
    return [item for item, _ in drawn], [scan for _, scans in drawn for scan in scans]


def _overlay(
    crystals: list[Structure],
    views: list[View],
    align: list[Alignment | None],
    rotate: str,
    tolerance: float,
    options: dict[str, Any],
) -> tuple[Overlay, list[RotationScan]]:
    """Overlay at the angle that was given, or at the best one of the range that was given, with the scans."""
    from ..reciprocal import angle_range, overlay, scan_rotation

    if ":" not in rotate:
        return overlay(crystals, views, align=align, rotation=_angle(rotate), tolerance=tolerance, **options), []
    angles = angle_range(rotate)
    first, *others = overlay(crystals, views, align=align, tolerance=tolerance, **options).projections
    scans = [scan_rotation(first, other, angles, tolerance=tolerance) for other in others]
    best = [scan.best_angle for scan in scans]
    return overlay(crystals, views, align=align, rotation=best, tolerance=tolerance, **options), scans


def _plain(view: View) -> View:
    """The same plane or zone axis without the first crystal's right-hand direction."""
    from dataclasses import replace

    return replace(view, right=None)


def _angle(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise GeometryError(
            f"{text!r} is not an angle;", where="--rotate", remedy="write degrees, or start:stop:step."
        ) from None
