"""Calibration: the profile of an instrument from the pattern of a line-profile standard whose cell is certified.

The cell is held at its certified value, so that the shift of the lines belongs to the specimen's height (or the zero), and the
standard has no size and strain of its own unless a size is given. What the fit finds is then the instrument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..instrument import Instrument, Profile
from ..job import Job, JobPhase, Parameter, Stage
from ..job.parameters import model_parameters
from ..pattern import Pattern
from ..result import Result
from ..structure import Structure

__all__ = ["PROFILE_NAMES", "Calibration", "calibrated_instrument", "calibration_job", "gaussian_variance"]

FloatArray = NDArray[np.float64]

PROFILE_NAMES = ("u", "v", "w", "x", "y", "axial")
START = {"u": 0.0, "v": 0.0, "w": 5e-4, "x": 0.02, "y": 0.02, "axial": 0.03}
"""Where the profile starts: U and V at zero, so that W finds the mean width first."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a standard says of an instrument.

    Parameters
    ----------
    instrument : Instrument
        With the profile found, `calibrated` true.
    result : Result
        The fit behind it.
    notes : tuple of str
        What was held, and why.
    """

    instrument: Instrument
    result: Result
    notes: tuple[str, ...]


def calibration_job(
    pattern: Pattern,
    standards: Sequence[Structure],
    instrument: Instrument,
    *,
    background_terms: int = 8,
    size_nm: float | None = None,
    free_gaussian_terms: bool = True,
    shift: str = "auto",
    title: str = "",
    inputs: Mapping[str, str] | None = None,
) -> Job:
    """Job that refines the profile on one or several standards with their cells held.

    Parameters
    ----------
    pattern : Pattern
        Pattern of the standard.
    standards : sequence of Structure
        With certified cells.
    instrument : Instrument
        Radiation and geometry; its profile is replaced by a neutral start.
    background_terms : int
        Chebyshev terms.
    size_nm : float, optional
        Known crystallite size of the standard, nm; held. Without it the standard broadens nothing.
    free_gaussian_terms : bool
        Refine U and V beside W.
    shift : {"auto", "displacement", "zero"}
        What moves the lines; ``auto`` is the displacement in Bragg–Brentano geometry and the zero otherwise.

    Raises
    ------
    InputError
        A displacement in a geometry that has none.
    """
    instrument = replace(instrument, profile=Profile(**START), calibrated=False)
    phases = tuple(JobPhase(structure.name, structure) for structure in standards)
    parameters = _with_size(model_parameters(phases, instrument, background_terms), size_nm)
    return Job(
        title=title or f"calibration on {', '.join(phase.name for phase in phases)}",
        engine="rietx",
        pattern=pattern,
        instrument=instrument,
        dispersion=True,
        background_terms=background_terms,
        background_range=(float(pattern.x[0]), float(pattern.x[-1])),
        phases=phases,
        parameters=parameters,
        ties=(),
        stages=_stages(list(parameters), phases, _shift_name(shift, parameters), free_gaussian_terms),
        inputs=dict(inputs or {}),
        notes=_notes(size_nm, free_gaussian_terms),
    )


def _with_size(parameters: Mapping[str, Parameter], size_nm: float | None) -> dict[str, Parameter]:
    """Parameters with the standard's known size, or without any."""
    changed = {}
    for name, parameter in parameters.items():
        if not name.endswith(".crystallite_size_nm"):
            changed[name] = parameter
        elif size_nm is not None:
            changed[name] = replace(parameter, start=size_nm)
    return changed


def _shift_name(shift: str, parameters: Mapping[str, Parameter]) -> str:
    if shift not in ("auto", "displacement", "zero"):
        raise InputError(f"shift {shift!r};", remedy="it is auto, displacement or zero.")
    has_displacement = "pattern.displacement" in parameters
    if shift == "displacement" and not has_displacement:
        raise InputError("a displacement in this geometry;", remedy="it needs Bragg–Brentano with a goniometer radius.")
    return "pattern.zero" if shift == "zero" or not has_displacement else "pattern.displacement"


def _stages(names: Sequence[str], phases: Sequence[JobPhase], shift: str, gaussian: bool) -> tuple[Stage, ...]:
    scales = [f"phase.{phase.name}.scale" for phase in phases]
    background = [name for name in names if name.startswith("pattern.background.")]
    steps = [
        ("scale and background", "Linear parameters first.", [*scales, *background], 20),
        ("line shift", "With the cell certified, what is left belongs to the specimen or the zero.", [shift], 20),
        ("widths", "One Gaussian width, Lorentzian size- and strain-like terms.", _profile("w", "x", "y"), 30),
        ("asymmetry", "Axial divergence shapes the low angles.", _profile("axial"), 30),
    ]
    if gaussian:
        steps.append(("Gaussian width against angle", "U and V last: they correlate with W.", _profile("u", "v"), 60))
    free: list[str] = []
    stages = []
    for name, why, more, cycles in steps:
        free += more
        stages.append(Stage(name, why, tuple(n for n in names if n in free), cycles))
    return tuple(stages)


def _profile(*letters: str) -> list[str]:
    return [f"pattern.profile.{letter}" for letter in letters]


def _notes(size_nm: float | None, gaussian: bool) -> tuple[str, ...]:
    size = "no size broadening of its own was assumed" if size_nm is None else f"its size was held at {size_nm:g} nm"
    notes = [f"Calibration: the cell of the standard was held at its certified value; {size}."]
    if not gaussian:
        notes.append("U and V were held at 0: with them free the Gaussian variance went negative within the range.")
    return tuple(notes)


def gaussian_variance(profile: Profile, two_theta: FloatArray) -> FloatArray:
    """U tan²θ + V tanθ + W in deg² at angles 2θ in degrees, (n,)."""
    tangent = np.tan(np.radians(two_theta / 2))
    return np.asarray(profile.u * tangent**2 + profile.v * tangent + profile.w)


def calibrated_instrument(instrument: Instrument, result: Result, name: str) -> Instrument:
    """Instrument with the profile that a calibration found; the specimen's displacement is no part of it.

    Raises
    ------
    InputError
        The fit failed, did not converge, or left a profile that is no width.
    """
    if result.status != "converged":
        raise InputError(f"the calibration did not converge ({result.message});", where=name,
                         remedy="check the standard, the radiation and the range.")  # fmt: skip
    values = {letter: result.parameters[f"pattern.profile.{letter}"].value for letter in PROFILE_NAMES}
    profile = Profile(**values)
    low, high = result.pattern["range"]
    if np.min(gaussian_variance(profile, np.linspace(low, high, 200))) < 0:
        raise InputError(
            f"the Gaussian variance U tan²θ + V tanθ + W is negative somewhere between {low:g} and {high:g}°;",
            where=name, remedy="hold U and V, or measure the standard over a wider range.",
        )  # fmt: skip
    fit = "" if result.agreement is None else f", Rwp {100 * result.agreement.rwp:.2f} %"
    standards = ", ".join(result.phases)
    return replace(
        instrument,
        name=name,
        profile=profile,
        zero=result.parameters["pattern.zero"].value,
        calibrated=True,
        source=f"calibrated on {standards} with the certified cell ({result.pattern['source']}, {low:g}–{high:g}°{fit})",
    )
