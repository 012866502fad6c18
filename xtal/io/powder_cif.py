"""Powder patterns in CIF (pdCIF): IUCr powder dictionary, International Tables G (2005), chapter 4.2."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PatternError
from ..pattern import Axis, Pattern
from .text_columns import refuse_beyond_180

__all__ = ["is_powder_cif", "pattern_from_powder_cif"]

FloatArray = NDArray[np.float64]
POSITIONS: tuple[tuple[str, Axis], ...] = (
    ("_pd_proc_2theta_corrected", "two_theta"),
    ("_pd_meas_2theta_scan", "two_theta"),
    ("_pd_meas_2theta_corrected", "two_theta"),
    ("_pd_meas_time_of_flight", "tof"),
    ("_pd_proc_d_spacing", "d"),
)
INTENSITIES = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_proc_intensity_total",
    "_pd_proc_intensity_net",
)
METADATA = {
    "wavelength": ("_diffrn_radiation_wavelength", "_pd_proc_wavelength"),
    "temperature": ("_diffrn_ambient_temperature",),
    "goniometer_radius": ("_pd_instr_dist_spec/detc",),
    "radiation": ("_diffrn_radiation_type", "_diffrn_radiation_probe"),
    "scan_date": ("_pd_meas_datetime_initiated",),
    "sample": ("_pd_phase_name", "_pd_spec_description"),
}


@dataclass(frozen=True, eq=False)
class _Column:
    """A CIF column: values, standard uncertainties from parentheses (NaN without), and the line of its tag."""

    values: FloatArray
    uncertainties: FloatArray


def is_powder_cif(text: str) -> bool:
    """Whether a text is a CIF with powder data."""
    return "_pd_" in text and "data_" in text.lower()


def pattern_from_powder_cif(text: str, name: str, block: str | None = None) -> Pattern:
    """Pattern from a powder CIF.

    The first block with positions and intensities is taken, measured before calculated. The file's uncertainties are, in
    this order: a ``_su`` or ``_esd`` column, parentheses, ``_pd_proc_ls_weight`` as 1/σ².

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        File name for messages.
    block : str, optional
        Name of the data block to read.

    Raises
    ------
    PatternError
        Not CIF, no pattern in it, values that are missing or out of order.
    """
    document = _document(text, name)
    chosen = _choose_block(document, block, name)
    where = f"{name}, block {chosen.name}"
    axis, x = _positions(chosen, where)
    tag = next(tag for tag in INTENSITIES if len(chosen.find_loop(tag)))
    counts = _column(chosen, tag, where)
    if x.size != counts.values.size:
        raise PatternError(f"{x.size} positions but {counts.values.size} intensities;", where=where,
                           remedy="both must stand in one loop.")  # fmt: skip
    _refuse_unsorted_rows(x, where)
    if axis == "two_theta":
        refuse_beyond_180(x, name)
    sigma = _uncertainties(chosen, tag, counts, where)
    return Pattern(x, counts.values, sigma, axis=axis, source=name, metadata=_metadata(document, chosen))


def _document(text: str, name: str) -> Any:
    import gemmi

    try:
        return gemmi.cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        detail = str(error).replace("string:", "line ")
        raise PatternError(f"not valid CIF ({detail});", where=name, remedy="mend the line named.") from None


def _has_pattern(block: Any) -> bool:
    return any(len(block.find_loop(tag)) for tag in INTENSITIES) and (
        any(len(block.find_loop(tag)) for tag, _ in POSITIONS) or _range(block) is not None
    )


def _choose_block(document: Any, name: str | None, file: str) -> Any:
    patterns = [block for block in document if _has_pattern(block)]
    if not patterns:
        raise PatternError(
            "no powder pattern in this CIF;",
            where=file,
            remedy="it needs a loop with 2θ (_pd_meas_2theta_scan …) and intensities (_pd_meas_counts_total …); "
            "a crystal structure belongs under phases.",
        )
    if name is None:
        return next((block for block in patterns if "calc" not in block.name), patterns[0])
    for block in patterns:
        if block.name == name:
            return block
    raise PatternError(f"no pattern in a block {name!r};", where=file,
                       remedy=f"blocks with patterns: {', '.join(block.name for block in patterns)}.")  # fmt: skip


def _range(block: Any) -> tuple[float, float, float] | None:
    for family in ("_pd_proc_2theta_range_", "_pd_meas_2theta_range_"):
        texts = [block.find_value(f"{family}{end}") for end in ("min", "max", "inc")]
        if all(texts):
            low, high, step = (_number(text)[0] for text in texts)
            if step > 0:
                return low, high, step
    return None


def _positions(block: Any, where: str) -> tuple[Axis, FloatArray]:
    for tag, axis in POSITIONS:
        if len(block.find_loop(tag)):
            return axis, _column(block, tag, where).values
    low, high, step = _range(block) or (math.nan, math.nan, 1.0)
    return "two_theta", np.asarray(low + step * np.arange(round((high - low) / step) + 1), dtype=np.float64)


def _column(block: Any, tag: str, where: str) -> _Column:
    texts = list(block.find_loop(tag))
    pairs = np.array([_number(text) for text in texts], dtype=float).reshape(-1, 2)
    bad = np.flatnonzero(~np.isfinite(pairs[:, 0]))
    if bad.size:
        raise PatternError(f"{texts[bad[0]]!r} where a number belongs, {tag} of point {bad[0] + 1};", where=where,
                           remedy="give the value or remove the point from the loop.")  # fmt: skip
    return _Column(pairs[:, 0], pairs[:, 1])


def _number(text: str) -> tuple[float, float]:
    """Value and standard uncertainty of a CIF number such as 12.5(3); NaN where there is none."""
    body, _, digits = text.strip().strip("'\"").partition("(")
    try:
        value = float(body)
        if not digits:
            return value, math.nan
        decimals = len(body.lower().partition("e")[0].partition(".")[2])
        return value, int(digits.rstrip(")")) * 10.0**-decimals
    except ValueError:
        return math.nan, math.nan


def _refuse_unsorted_rows(x: FloatArray, where: str) -> None:
    steps = np.diff(x)
    if np.all(steps > 0):
        return
    index = int(np.flatnonzero(steps <= 0)[0]) + 1
    word = "repeats" if steps[index - 1] == 0 else "is below"
    raise PatternError(f"point {index + 1} at {x[index]:g} {word} the point before it ({x[index - 1]:g});", where=where,
                       remedy="sort the loop and merge repeated positions.")  # fmt: skip


def _uncertainties(block: Any, tag: str, counts: _Column, where: str) -> FloatArray | None:
    for suffix in ("_su", "_esd"):
        if len(block.find_loop(tag + suffix)) == counts.values.size:
            return _not_negative(_column(block, tag + suffix, where).values, tag + suffix, where)
    if np.all(np.isfinite(counts.uncertainties)):
        return counts.uncertainties
    # Weights belong to the processed pattern; beside raw counts alone they would be of something else.
    weight = "_pd_proc_ls_weight"
    if len(block.find_loop(weight)) == counts.values.size and not _raw_beside_processed(block, tag):
        weights = _not_negative(_column(block, weight, where).values, weight, where)
        return None if not np.all(weights > 0) else np.asarray(1.0 / np.sqrt(weights))
    return None


def _raw_beside_processed(block: Any, tag: str) -> bool:
    processed = any(len(block.find_loop(other)) for other in INTENSITIES if other.startswith("_pd_proc"))
    return tag.startswith("_pd_meas") and processed


def _not_negative(values: FloatArray, tag: str, where: str) -> FloatArray:
    if np.any(values < 0):
        index = int(np.flatnonzero(values < 0)[0])
        raise PatternError(f"negative {tag} {values[index]:g} of point {index + 1};", where=where,
                           remedy="uncertainties and weights must not be negative.")  # fmt: skip
    return values


def _metadata(document: Any, chosen: Any) -> dict[str, str | float]:
    """What the chosen block, or else one without a pattern, says of the measurement; of a loop the first row."""
    values: dict[str, str | float] = {"format": "pdCIF", "block": chosen.name}
    blocks = [chosen, *(block for block in document if not _has_pattern(block))]
    for key, tags in METADATA.items():
        texts = (_first_value(block, tag) for tag in tags for block in blocks)
        text = next((text.strip("'\"") for text in texts if text and text not in "?."), None)
        if text is not None:
            number = _number(text)[0]
            values[key] = text if math.isnan(number) else number
    return values


def _first_value(block: Any, tag: str) -> str | None:
    """A value, or the first of a loop."""
    value = block.find_value(tag)
    return str(value) if value else next(iter(block.find_loop(tag)), None)
