"""``xtal series export``: write a series out for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Quiet

__all__ = ["export"]


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the series.")],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", metavar="csv|parquet|cif|hdf5|figures", help="What to write; may repeat; default csv."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where to; default: export in the series' folder."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write tables, CIFs of every frame, HDF5 (NeXus) or figures of a series, also of one that is still running."""
    from ..series.export import export_series
    from ..series.series import Series

    with Series(folder) as series:
        written = export_series(series, output or folder / "export", tuple(formats or ("csv",)))
    if not quiet:
        print(f"{len(written)} files in {output or folder / 'export'}")
