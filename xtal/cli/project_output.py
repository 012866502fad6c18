"""What ``xtal project`` prints and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GeometryError

if TYPE_CHECKING:
    from ..reciprocal import Overlay, Probe, Projection, RotationScan
    from ..structure import Structure

__all__ = ["print_summary", "write_figure", "write_map", "write_profile", "write_projections", "write_stereogram"]

_SHOWN_PAIRS = 12


def print_summary(items: list[Projection | Overlay], scans: list[RotationScan]) -> None:
    """Print frame, views, pairs and best rotations."""
    from ..reciprocal import FRAME, Overlay

    print(FRAME)
    for item in items:
        for projection in item.projections if isinstance(item, Overlay) else (item,):
            print(f"{projection.description}; {len(projection)} spots")
        if isinstance(item, Overlay):
            _print_pairs(item)
    for scan in scans:
        print(f"best rotation of {scan.names[1]} on {scan.names[0]}: {scan.best_angle:.3f}°, score {scan.best_score:.3f} "
              f"(mean over the scan {scan.typical_score:.3f})")  # fmt: skip


def _print_pairs(item: Overlay) -> None:
    print(item.relation)
    for pairs in item.pairs:
        print(f"{pairs.first.name} / {pairs.second.name}: {len(pairs)} coincident spots, score {pairs.score:.3f}")
        if pairs.combined:
            first, second = (100 * value for value in pairs.combined.principal)
            print(
                f"mismatch (first - second)/second: {first:+.3f} % and {second:+.3f} %, rotation {pairs.combined.rotation:+.3f}°"
            )
        for one, two, mismatch in list(zip(pairs.hkl_1, pairs.hkl_2, pairs.mismatch, strict=True))[:_SHOWN_PAIRS]:
            print(f"  {' '.join(map(str, one)):>10}  {' '.join(map(str, two)):>10}  {100 * mismatch:+.3f} %")
        if len(pairs) > _SHOWN_PAIRS:
            print(f"  … {len(pairs) - _SHOWN_PAIRS} more; --json FILE holds them all")


def write_projections(
    items: list[Projection | Overlay], output: Path | None, html: Path | None, json_file: Path | None, csv_file: Path | None, labels: str
) -> None:  # fmt: skip
    """Write the figure, the interactive figure and the tables that were asked for."""
    from ..io.atomic import write_text_atomic
    from ..reciprocal import projections_csv, projections_json

    if output is not None:
        from ..plot.projection import plot_projections

        write_figure(output, plot_projections(items, labels=labels))  # type: ignore[arg-type]
    if html is not None:
        from ..plot.projection_html import projection_html

        print(write_text_atomic(html, projection_html(items)))
    if json_file is not None:
        print(write_text_atomic(json_file, projections_json(items)))
    if csv_file is not None:
        print(write_text_atomic(csv_file, projections_csv(items)))


def write_figure(path: Path, figure: Any) -> None:
    """Write a figure in the format that the name's ending says, and print the name."""
    from ..io.atomic import write_bytes_atomic
    from ..plot.projection import figure_bytes

    print(write_bytes_atomic(path, figure_bytes(figure, path.suffix.lower().removeprefix("."))))


def write_profile(path: Path, item: Projection | Overlay, row: str) -> None:
    """Write the figure of the intensity along a row of the first crystal."""
    from ..plot.projection_row import plot_row_profile
    from ..reciprocal import parse_indices, row_profile

    write_figure(path, plot_row_profile(row_profile(item, parse_indices(row))))


def _projections(item: Projection | Overlay) -> tuple[Projection, ...]:
    from ..reciprocal import Overlay

    return item.projections if isinstance(item, Overlay) else (item,)


def write_stereogram(path: Path, item: Projection | Overlay, crystals: list[Structure]) -> None:
    """Write the stereographic projection of low-index planes of every crystal."""
    from ..plot.projection_stereographic import plot_stereogram
    from ..reciprocal import pole_figure
    from ..reciprocal import stereogram as joined

    figures = [pole_figure(crystal, one.view) for crystal, one in zip(crystals, _projections(item), strict=True)]
    write_figure(path, plot_stereogram(joined(*figures)))


def write_map(path: Path, item: Projection | Overlay, crystals: list[Structure], probe: Probe, g_max: float) -> None:
    """Write the coplanar map whose azimuth is the horizontal of the paper."""
    from ..plot.projection_map import plot_reciprocal_space_map
    from ..reciprocal import nearest_zone_axis, reciprocal_space_map

    drawn = _projections(item)
    if probe.kind != "xray":
        raise GeometryError(
            "a reciprocal-space map is for X-rays;", where="--map", remedy="use --probe xray or xray:MoKa."
        )
    to_the_right = nearest_zone_axis(drawn[0].lattice, drawn[0].orientation[0], tolerance=0.01)
    if to_the_right is None:
        raise GeometryError("the horizontal of the paper is no simple direction of the first crystal;", where="--map",
                            remedy="name the azimuth with --right U,V,W.")  # fmt: skip
    views = [one.view for one in drawn]
    found = reciprocal_space_map(crystals, views, to_the_right[0], wavelength=probe.wavelength, g_max=g_max)
    write_figure(path, plot_reciprocal_space_map(found))
