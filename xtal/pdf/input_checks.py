"""Is it what it is said to be? Units of Q, S(Q) against F(Q), ranges of data and background, negative intensities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PatternError
from ..pattern import Pattern

__all__ = [
    "refuse_background_range",
    "refuse_nanometres",
    "refuse_negative",
    "refuse_other_function",
    "refuse_over_subtracted",
    "refuse_wrong_function",
    "stated_function",
]

FloatArray = NDArray[np.float64]

HIGHEST_FIRST_PEAK = 9.0
"""Å⁻¹. A first strong peak beyond it would mean planes closer than 0.7 Å."""

HIGHEST_Q = 100.0
"""Å⁻¹, beyond what any instrument for total scattering reaches."""

PROMINENT = 0.3
OVER_SUBTRACTED = 0.2
KINDS = {"iq": "I", "sq": "S", "fq": "F", "gr": "G"}
"""What the headers of PDFgetX3 and of this project call the function of a file."""
RATIO_OF_UNITS = 3.0


def refuse_nanometres(q: FloatArray, intensity: FloatArray, source: str) -> None:
    """Raise PatternError where Q in nm⁻¹ was given as Å⁻¹, as the first strong peak or the end of Q shows."""
    first = _first_strong_peak(q, intensity)
    remedy = "Q seems to be in nm⁻¹: say so (--axis q-nm), or divide it by 10."
    if q[-1] > HIGHEST_Q:
        raise PatternError(f"Q ends at {q[-1]:.4g} Å⁻¹;", where=source, remedy=remedy)
    if first is not None and first > HIGHEST_FIRST_PEAK:
        raise PatternError(f"the first strong peak is at Q = {first:.3g} Å⁻¹, planes {2 * np.pi / first:.2g} Å apart;",
                           where=source, remedy=remedy)  # fmt: skip


def refuse_negative(pattern: Pattern) -> None:
    """Raise PatternError for measured intensities below zero."""
    below = np.flatnonzero(pattern.intensity < 0)
    if below.size:
        raise PatternError(
            f"{below.size} of {len(pattern)} intensities are negative, the first ({pattern.intensity[below[0]]:g}) at {pattern.x[below[0]]:g};",
            where=pattern.source,
            remedy="give the intensities as measured, and the background apart; an S(Q) or F(Q) needs --quantity.",
        )


def stated_function(pattern: Pattern) -> str | None:
    """Which function the file's header says that it holds: I, S, F or G; None where it doesn't say."""
    return KINDS.get(str(pattern.metadata.get("outputtype", "")).lower())


def refuse_other_function(pattern: Pattern, quantity: str) -> None:
    """Raise PatternError where the file's header says that it holds another function than `quantity` (I, S, F or FK)."""
    kind = stated_function(pattern)
    if kind is None or kind == quantity:
        return
    remedy = (
        "give what it was made from: --quantity takes functions of Q."
        if kind == "G"
        else f"give --quantity {kind}, or the right file."
    )
    raise PatternError(f"the header says {kind}({'r' if kind == 'G' else 'Q'}), not {quantity}(Q);",
                       where=pattern.source, remedy=remedy)  # fmt: skip


def refuse_over_subtracted(q: FloatArray, net: FloatArray, scale: float, source: str) -> None:
    """Raise PatternError where more than a fifth of the intensities fall below zero without the background."""
    share = float(np.mean(net < 0))
    if share > OVER_SUBTRACTED:
        first = q[np.flatnonzero(net < 0)[0]]
        raise PatternError(
            f"{share:.0%} of the intensities are negative (first at Q = {first:.3g} Å⁻¹) after {scale:g} × background;",
            where=source,
            remedy="lower --background-scale or check that the background belongs to these data.",
        )


def refuse_background_range(data: Pattern, background: Pattern, low: float, high: float) -> None:
    """Raise PatternError unless the background is on the data's axis and covers `low` to `high` of it.

    One step at either end is forgiven. A background that ends several times farther than the data has other units.
    """
    if background.axis != data.axis:
        raise PatternError(f"the background is against {background.axis}, the data against {data.axis};",
                           where=background.source, remedy="convert one, or say what its axis is.")  # fmt: skip
    x, slack = background.x, max(data.step, background.step)
    if x[-1] > RATIO_OF_UNITS * data.x[-1]:
        raise PatternError(
            f"the background ends at {x[-1]:.4g}, {x[-1] / data.x[-1]:.3g} times as far as the data ({data.x[-1]:.4g});",
            where=background.source,
            remedy="check the units of both; cut the background if they agree.",
        )
    if x[0] > low + slack or x[-1] < high - slack:
        raise PatternError(
            f"the background spans {x[0]:.4g}–{x[-1]:.4g}, shorter than the {low:.4g}–{high:.4g} used of the data;",
            where=background.source,
            remedy="lower --qmax and --qmaxinst (or raise --qmin) to what it covers, or measure it again.",
        )


def refuse_wrong_function(q: FloatArray, values: FloatArray, quantity: str, source: str) -> None:
    """Raise PatternError where S(Q) was given as F(Q) or the reverse: S ends around 1, F and Keen's F around 0."""
    tail = values[q > q[0] + 0.6 * (q[-1] - q[0])]
    mean = float(np.mean(tail))
    looks_like_s = abs(mean - 1) < abs(mean) and abs(mean - 1) < 0.3
    if quantity == "S" and abs(mean) < 0.3 and abs(mean) < abs(mean - 1):
        raise PatternError(f"S(Q) ends around {mean:.2f} instead of 1;", where=source,
                           remedy="it seems to be F(Q): give --quantity F or FK.")  # fmt: skip
    if quantity in ("F", "FK") and looks_like_s:
        raise PatternError(f"F(Q) ends around {mean:.2f} instead of 0;", where=source,
                           remedy="it seems to be S(Q): give --quantity S.")  # fmt: skip


def _first_strong_peak(q: FloatArray, intensity: FloatArray) -> float | None:
    """Position of the first maximum that stands out by a third of what the most prominent one does."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    smooth = gaussian_filter1d(intensity, max(1.0, intensity.size / 1000))
    peaks, found = find_peaks(smooth, prominence=0.02 * np.ptp(smooth))
    if not peaks.size:
        return None
    strong = found["prominences"] >= PROMINENT * found["prominences"].max()
    return float(q[peaks[strong][0]])
