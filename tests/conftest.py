"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A shell without job control has what it puts in the background ignore Ctrl-C, and every process of the tests would inherit that.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def shared_data_folder() -> Path | None:
    """Folder of measured data with known answers, or None where it is absent."""
    named = os.environ.get("XTAL_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of measured data; the test is skipped, visibly, where it is absent."""
    folder = shared_data_folder()
    if folder is None:
        pytest.skip("measured data are absent: set XTAL_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """Top folder of the repository."""
    return ROOT
