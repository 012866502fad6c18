"""Refined structures as FullProf .pcr and TOPAS .inp, through rietx's writers, which refuse what those files can't hold."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..io.cif_text import cif_text
from ..structure import Structure

__all__ = ["fullprof_pcr", "topas_inp"]


def fullprof_pcr(structure: Structure) -> str:
    """FullProf control file with the structure of one phase.

    Raises
    ------
    InputError
        The writer refuses the structure (partial occupancies, …).
    """
    from rietx.io.projects.fullprof import from_structure

    return _written(structure, from_structure, "FullProf")


def topas_inp(structure: Structure) -> str:
    """TOPAS input with the structure of one phase.

    Raises
    ------
    InputError
        The writer refuses the structure.
    """
    from rietx.io.projects.topas import from_structure

    return _written(structure, from_structure, "TOPAS")


def _written(structure: Structure, writer: Callable[..., Any], program: str) -> str:
    from rietx.crystallography.cif import structure_from_cif

    os.environ.setdefault("RIETX_TELEMETRY", "0")
    try:
        with tempfile.TemporaryDirectory(prefix="xtal-") as folder:
            path = Path(folder) / "phase.cif"
            path.write_text(cif_text(structure), encoding="utf-8")
            text = str(writer(structure_from_cif(str(path), phase_name=structure.name)))
    except (ValueError, KeyError, NotImplementedError) as error:
        # The writer goes on with reasons of its own code.
        reason = " ".join(str(error).split()).partition(". ")[0]
        raise InputError(f"{program}'s format can't hold it ({reason});", where=structure.name,
                         remedy="start from the CIF in that program.") from error  # fmt: skip
    return text
