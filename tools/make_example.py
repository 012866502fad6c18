"""Simulate the pattern of the shipped example anew: a synthetic pellet, seed and truth recorded in its header.

Run from the top of the repository: ``python tools/make_example.py``. A test compares the shipped files with a fresh run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from xtal.io.instruments import write_instrument
from xtal.io.write_pattern import write_pattern
from xtal.rietveld.example import TRUE_CUBIC_SHARE
from xtal.synthetic import synthetic_pellet

SEED = 20261120


def main(folder: Path) -> None:
    """Write pellet.xye and instrument.toml into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pattern, truth = synthetic_pellet(cubic_share=TRUE_CUBIC_SHARE, seed=SEED)
    write_pattern(pattern, folder / "pellet.xye")
    write_instrument(truth["instrument"], folder / "instrument.toml")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "xtal" / "examples" / "pellet")
