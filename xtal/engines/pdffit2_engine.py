"""The PDFfit2 engine: small-box fits of pair distribution functions, in a child process of this interpreter."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["Pdffit2Engine"]


class Pdffit2Engine:
    """Fits by diffpy.pdffit2 1.5."""

    name = "pdffit2"

    def worker_command(self) -> Sequence[str]:
        """Command line of its worker."""
        return (sys.executable, "-m", "xtal.engines.pdffit2_worker")
