"""Defence of fractions: refits that ask how far a fraction could be elsewhere, and whether the data show the phase at all."""

from __future__ import annotations

from .run import defend, share_intervals
from .starts import scattered_starts

__all__ = ["defend", "scattered_starts", "share_intervals"]
