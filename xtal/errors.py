"""What can go wrong, as exceptions whose text says what was found, where, and what to do.

Tree::

    XtalError
    ├── InputError            bad user input; `where`, `found`, `remedy`
    │   ├── PatternError      a powder pattern that can't be read
    │   ├── CifError          a crystal structure that can't be read or built
    │   ├── JobError          a job file that can't be used
    │   └── GeometryError     a plane, direction, limit or lattice that has no meaning
    ├── EngineError           an engine ended without an answer
    │   ├── EngineUnsupportedError   it can't express the job
    │   └── EngineMissingError       it is not installed
    ├── OutputError           a result that could not be written
    └── MissingPartError      an optional package that isn't installed
"""

from __future__ import annotations

__all__ = [
    "CifError",
    "EngineError",
    "EngineMissingError",
    "EngineUnsupportedError",
    "GeometryError",
    "InputError",
    "JobError",
    "MissingPartError",
    "OutputError",
    "PatternError",
    "XtalError",
]


class XtalError(Exception):
    """Base of every error that this toolkit raises on purpose."""


class InputError(XtalError):
    """Input that can't be used.

    Parameters
    ----------
    found : str
        What was found, in plain words.
    where : str, optional
        File, line, table or key in which it was found.
    remedy : str, optional
        What the user can do about it.
    """

    def __init__(self, found: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.found, self.where, self.remedy = found, where, remedy
        head = f"{where}: {found}" if where else found
        super().__init__(f"{head} {remedy}" if remedy else head)


class PatternError(InputError):
    """A powder pattern that can't be read or used."""


class CifError(InputError):
    """A crystal structure that can't be read or built."""


class JobError(InputError):
    """A job file that can't be used."""


class GeometryError(InputError):
    """A plane, direction, limit or lattice that has no meaning."""


class EngineError(XtalError):
    """A refinement engine that ended without an answer."""


class EngineUnsupportedError(EngineError):
    """An engine that can't express what the job asks for."""


class EngineMissingError(EngineError):
    """An engine that is not installed; the text says how to get it."""


class OutputError(XtalError):
    """A result that could not be written; nothing half-written is left behind."""


class MissingPartError(XtalError):
    """An optional package that isn't installed; the text says how to get it."""
