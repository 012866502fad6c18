"""Worker that runs GSAS-II refinements in its own interpreter.

It is started as ``python gsas2_worker.py`` by the interpreter that has GSAS-II, which finds the package ``gsas2`` in
this folder. It reads one JSON command per line on stdin and writes one JSON event per line on stdout; what GSAS-II
prints goes to stderr.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from gsas2.serve import main  # type: ignore[import-not-found]

    sys.exit(main())
