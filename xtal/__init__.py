"""Crystallographic characterization of solid electrolytes.

Names are loaded when they are first used, so that importing the package stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .diffraction.reflections import calculate_reflections
    from .diffraction.simulate import simulate_pattern
    from .instrument import Instrument, Profile
    from .io.cif import read_cif, write_cif
    from .io.instruments import load_instrument, write_instrument
    from .io.jobs import job_from_template, load_job
    from .io.library import find_structure, reference_names, reference_structure
    from .io.read_pattern import read_pattern
    from .io.results import read_result
    from .io.write_pattern import write_pattern
    from .job import Job
    from .lattice import Lattice
    from .pattern import Pattern
    from .radiation import Radiation
    from .report.folder import write_result
    from .result import Result
    from .rietveld.run import refine
    from .structure import Site, Structure
    from .symmetry import SpaceGroup

_HOME = {
    "Instrument": "instrument",
    "Job": "job",
    "Lattice": "lattice",
    "Pattern": "pattern",
    "Profile": "instrument",
    "Radiation": "radiation",
    "Result": "result",
    "Site": "structure",
    "SpaceGroup": "symmetry",
    "Structure": "structure",
    "calculate_reflections": "diffraction.reflections",
    "find_structure": "io.library",
    "job_from_template": "io.jobs",
    "load_instrument": "io.instruments",
    "load_job": "io.jobs",
    "read_cif": "io.cif",
    "read_pattern": "io.read_pattern",
    "read_result": "io.results",
    "reference_names": "io.library",
    "reference_structure": "io.library",
    "refine": "rietveld.run",
    "simulate_pattern": "diffraction.simulate",
    "write_cif": "io.cif",
    "write_instrument": "io.instruments",
    "write_pattern": "io.write_pattern",
    "write_result": "report.folder",
}

__all__ = [
    "Instrument",
    "Job",
    "Lattice",
    "Pattern",
    "Profile",
    "Radiation",
    "Result",
    "Site",
    "SpaceGroup",
    "Structure",
    "__version__",
    "calculate_reflections",
    "find_structure",
    "job_from_template",
    "load_instrument",
    "load_job",
    "read_cif",
    "read_pattern",
    "read_result",
    "reference_names",
    "reference_structure",
    "refine",
    "simulate_pattern",
    "write_cif",
    "write_instrument",
    "write_pattern",
    "write_result",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name not in _HOME:
        raise AttributeError(f"module 'xtal' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return __all__
