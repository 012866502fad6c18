"""The store of a series: one SQLite file with a transaction per frame, so that a kill at any moment loses no finished frame.

Tables: ``meta`` (key, JSON), ``frames`` (what is to be refined), ``steps`` (the plan), ``fits`` (one row per finished step),
``parameters`` (refined values with esds, for SQL), ``axes`` (positions of the points, which frames share).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import InputError, OutputError
from .frames import Frame
from .plan import Step

__all__ = ["STORE_NAME", "STORE_VERSION", "Fit", "Store"]

STORE_NAME = "series.sqlite"
STORE_VERSION = 1
_APPLICATION = 0x5874616C
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE frames (
  frame INTEGER PRIMARY KEY, file TEXT NOT NULL, path TEXT NOT NULL, value REAL NOT NULL, ramp INTEGER NOT NULL,
  direction TEXT NOT NULL);
CREATE TABLE steps (
  place INTEGER PRIMARY KEY, frame INTEGER NOT NULL REFERENCES frames, route TEXT NOT NULL, parent INTEGER,
  UNIQUE (frame, route));
CREATE TABLE axes (digest TEXT PRIMARY KEY, x BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE fits (
  frame INTEGER NOT NULL REFERENCES frames, route TEXT NOT NULL, status TEXT NOT NULL, verdict TEXT NOT NULL,
  message TEXT NOT NULL, rwp REAL, gof REAL, n_points INTEGER, started_from INTEGER, attempts INTEGER NOT NULL,
  seconds REAL NOT NULL, timing TEXT NOT NULL, worker TEXT NOT NULL, finished TEXT NOT NULL, sha256 TEXT NOT NULL,
  weak TEXT NOT NULL, axis TEXT REFERENCES axes, result BLOB, curves BLOB, PRIMARY KEY (frame, route));
CREATE TABLE parameters (
  frame INTEGER NOT NULL, route TEXT NOT NULL, name TEXT NOT NULL, value REAL NOT NULL, esd REAL,
  PRIMARY KEY (frame, route, name)) WITHOUT ROWID;
"""
_FACTS = (
    "frame, route, status, verdict, message, rwp, gof, n_points, started_from, attempts, seconds, timing, worker, finished, "
    "sha256, weak"
)


@dataclass(frozen=True, eq=False)
class Fit:
    """One finished step as the store holds it.

    `result` and `curves` are packed (see `packing`); `status` is that of a `Result`, or ``unreadable`` when the pattern
    could not be read. `timing` holds seconds by what they were spent on.
    """

    frame: int
    route: str
    status: str
    verdict: str
    message: str
    rwp: float | None = None
    gof: float | None = None
    n_points: int | None = None
    started_from: int | None = None
    attempts: int = 1
    seconds: float = 0.0
    timing: Mapping[str, float] = field(default_factory=dict)
    worker: str = ""
    finished: str = ""
    sha256: str = ""
    weak: tuple[str, ...] = ()
    x: bytes | None = None
    result: bytes | None = None
    curves: bytes | None = None
    parameters: tuple[tuple[str, float, float | None], ...] = ()


class Store:
    """An open store.

    Parameters
    ----------
    folder : Path
        Folder of the series.
    writable : bool
        Open for a run; else only for reading, which a run at work does not disturb.

    Raises
    ------
    InputError
        There is none, it is no store, or a newer version wrote it.
    """

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        path = folder / STORE_NAME
        if not path.is_file():
            raise InputError(f"no series in {folder};", remedy="start one with xtal series run.")
        try:
            self._db = _connected(path, writable)
            _check_version(self._db, path)
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path.name} is not readable as a store of a series ({error});",
                             where=str(folder), remedy="restore it from a copy, or run the series anew.") from None  # fmt: skip

    @classmethod
    def create(cls, folder: Path, meta: Mapping[str, Any], frames: Sequence[Frame], plan: Sequence[Step]) -> Store:
        """New store with its frames and plan; it appears whole or not at all."""
        path = folder / STORE_NAME
        if path.exists():
            raise OutputError(f"{folder} holds a series already; continue it with --resume or choose another folder.")
        partial = folder / f".{STORE_NAME}.part"
        partial.unlink(missing_ok=True)
        database = sqlite3.connect(partial, isolation_level=None)
        database.executescript(_TABLES)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {STORE_VERSION}")
        with _transaction(database):
            _insert_series(database, meta, frames, plan)
        database.close()
        partial.replace(path)
        return cls(folder, writable=True)

    def close(self) -> None:
        """End the connection; the write-ahead log is merged into the file."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    @property
    def meta(self) -> dict[str, Any]:
        """What the series is: title, series file, versions, digest of its definition …"""
        return {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM meta")}

    def frames(self) -> list[Frame]:
        """Every frame in order."""
        rows = self._db.execute("SELECT frame, path, value, ramp, direction FROM frames ORDER BY frame")
        return [Frame(index, Path(path), value, ramp, direction) for index, path, value, ramp, direction in rows]

    def steps(self) -> list[Step]:
        """The plan in order."""
        rows = self._db.execute("SELECT frame, route, parent FROM steps ORDER BY place")
        return [Step(*row) for row in rows]

    def finished(self) -> dict[tuple[int, str], str]:
        """Status of every finished step by frame and route."""
        return {
            (frame, route): status for frame, route, status in self._db.execute("SELECT frame, route, status FROM fits")
        }

    def add(self, fit: Fit) -> bool:
        """Store a finished step in one transaction; False when it was there already, then nothing changes."""
        digest = None if fit.x is None else hashlib.sha256(fit.x).hexdigest()
        with _transaction(self._db):
            if fit.x is not None:
                self._db.execute("INSERT OR IGNORE INTO axes VALUES (?, ?)", (digest, fit.x))
            row = (fit.frame, fit.route, fit.status, fit.verdict, fit.message, fit.rwp, fit.gof, fit.n_points,
                   fit.started_from, fit.attempts, fit.seconds, json.dumps(dict(fit.timing)), fit.worker, fit.finished,
                   fit.sha256, json.dumps(fit.weak), digest, fit.result, fit.curves)  # fmt: skip
            marks = ",".join("?" * len(row))
            if self._db.execute(f"INSERT OR IGNORE INTO fits VALUES ({marks})", row).rowcount == 0:
                return False
            self._db.executemany(
                "INSERT INTO parameters VALUES (?, ?, ?, ?, ?)",
                [(fit.frame, fit.route, *parameter) for parameter in fit.parameters],
            )
        return True

    def extend(self, frames: Sequence[Frame], plan: Sequence[Step], ramps: Mapping[int, tuple[int, str]]) -> None:
        """Append frames with their steps, and set ramp and direction of all frames anew, in one transaction."""
        with _transaction(self._db):
            first = 1 + self._db.execute("SELECT coalesce(max(place), -1) FROM steps").fetchone()[0]
            _insert_frames(self._db, frames, plan, first)
            self._db.executemany(
                "UPDATE frames SET ramp = ?, direction = ? WHERE frame = ?",
                [(*ramp, frame) for frame, ramp in ramps.items()],
            )

    def fit(self, frame: int, route: str, *, whole: bool = True) -> Fit | None:
        """A finished step with everything in it, or without results and curves when not the `whole` is wanted; None without one."""
        columns, tables = (", x, result, curves", " LEFT JOIN axes ON digest = axis") if whole else ("", "")
        row = self._db.execute(
            f"SELECT {_FACTS}{columns} FROM fits{tables} WHERE frame = ? AND route = ?", (frame, route)
        ).fetchone()
        return None if row is None else replace(_fit(row), parameters=self.parameters(frame, route))

    def fits(self) -> Iterator[Fit]:
        """Finished steps without results and curves, by frame and route."""
        for row in self._db.execute(f"SELECT {_FACTS} FROM fits ORDER BY frame, route"):
            yield _fit(row)

    def parameters(self, frame: int, route: str) -> tuple[tuple[str, float, float | None], ...]:
        """Refined parameters of a finished step: name, value, esd."""
        rows = self._db.execute("SELECT name, value, esd FROM parameters WHERE frame = ? AND route = ?", (frame, route))
        return tuple(rows)

    def describe(self, values: Mapping[str, Any]) -> None:
        """Set entries of `meta` anew, in one transaction."""
        with _transaction(self._db):
            self._db.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in values.items()]
            )

    def forget_failed(self) -> int:
        """Take failed steps back, so that they are refined again; how many there were."""
        with _transaction(self._db):
            failed = "status NOT IN ('converged', 'not_converged')"
            self._db.execute(
                f"DELETE FROM parameters WHERE (frame, route) IN (SELECT frame, route FROM fits WHERE {failed})"
            )
            return self._db.execute(f"DELETE FROM fits WHERE {failed}").rowcount

    def n_bytes(self) -> int:
        """Size of the store without what waits in the write-ahead log."""
        pages, size = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return int(pages * size)


def _fit(row: Sequence[Any]) -> Fit:
    """From the columns `_FACTS`, then x, result and curves where they were asked for."""
    values = [*row[:11], json.loads(row[11]), *row[12:15], tuple(json.loads(row[15])), *row[16:]]
    return Fit(*values)


def _insert_series(
    database: sqlite3.Connection, meta: Mapping[str, Any], frames: Sequence[Frame], plan: Sequence[Step]
) -> None:
    database.executemany("INSERT INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in meta.items()])
    _insert_frames(database, frames, plan, 0)


def _insert_frames(database: sqlite3.Connection, frames: Sequence[Frame], plan: Sequence[Step], first: int) -> None:
    database.executemany(
        "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?)",
        [(one.index, one.path.name, str(one.path), one.value, one.ramp, one.direction) for one in frames],
    )
    database.executemany(
        "INSERT INTO steps VALUES (?, ?, ?, ?)",
        [(place, step.frame, step.route, step.parent) for place, step in enumerate(plan, start=first)],
    )


def _connected(path: Path, writable: bool) -> sqlite3.Connection:
    mode = "rw" if writable else "ro"
    if not writable and _is_sealed(path):
        mode = "ro&immutable=1"
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=30.0)
    if writable:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
    return database


def _is_sealed(path: Path) -> bool:
    """Whether nothing can change beside a store, as in an archive: then SQLite can't make its log there, and needs none."""
    log = path.with_name(f"{path.name}-wal")
    return not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)


def _check_version(database: sqlite3.Connection, path: Path) -> None:
    if database.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
        raise InputError(
            f"{path.name} is not a store of a series;", where=str(path.parent), remedy="name another folder."
        )
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > STORE_VERSION:
        raise InputError(f"{path.name} was written by a newer version of xtal (format {version}, this one reads {STORE_VERSION});",
                         where=str(path.parent), remedy="update xtal; nothing was changed.")  # fmt: skip


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        _roll_back(database)
        raise OutputError(f"the store can't be written ({error}). What was finished is kept: "
                          "free some space, or whatever holds it, and go on with --resume.") from error  # fmt: skip
    except BaseException:
        _roll_back(database)
        raise


def _roll_back(database: sqlite3.Connection) -> None:
    """End a transaction that SQLite may have ended already."""
    with suppress(sqlite3.OperationalError):
        database.execute("ROLLBACK")
