r"""Order against r: how strong it is, how far it reaches, and which model it resembles where.

In windows of r: the root mean square of G(r), the correlation with a model, Rw after one scale factor, and the ratio of peak widths.

The latter comes from mean square wave numbers, which sharp peaks raise: of the model M, :math:`k_M^2 = \int M'^2 dr / \int M^2 dr`, and across data and
model, :math:`k_X^2 = \int G'M' dr / \int GM\,dr`, to which noise adds nothing on average. For Gaussian peaks at the same places they are
1/2σ_M² and 1/(σ_M² + σ_G²), hence :math:`\sigma_G/\sigma_M = \sqrt{2k_M^2/k_X^2 - 1}`; above 1 the data's peaks are the broader ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..result import Value
from .agreement import best_scale, correlation, rw
from .transform import nyquist_step

__all__ = ["Coherence", "OrderWindow", "coherence_length", "order_reach", "order_windows"]

FloatArray = NDArray[np.float64]

NOISE_TAIL = 0.15
ABOVE_NOISE = 3.0
FEWEST_WINDOWS = 5
LEAST_CORRELATION = 0.3


@dataclass(frozen=True)
class OrderWindow:
    """One window of r.

    Parameters
    ----------
    low, high : float
        Å.
    strength : float
        Root mean square of G(r), Å⁻².
    correlation, rw, scale, width_ratio : dict of float
        By model; no width ratio (None) where data and model hardly correlate.
    """

    low: float
    high: float
    strength: float
    correlation: dict[str, float]
    rw: dict[str, float]
    scale: dict[str, float]
    width_ratio: dict[str, float | None]


@dataclass(frozen=True, eq=False)
class Coherence:
    """Decay of the envelope, A·exp(−r/ξ) and a floor of noise.

    Parameters
    ----------
    length : Value
        ξ, Å.
    amplitude, floor : float
        Å⁻².
    r, envelope, model : ndarray
        Middle of the windows, root mean square of G(r) × √2 in them, and the fit to it.
    """

    length: Value
    amplitude: float
    floor: float
    r: FloatArray
    envelope: FloatArray
    model: FloatArray


def order_windows(
    r: FloatArray, gr: FloatArray, models: Mapping[str, FloatArray], *, width: float = 5.0, step: float | None = None,
    start: float = 1.5,
) -> tuple[OrderWindow, ...]:  # fmt: skip
    """Compare data and models in windows of r.

    Parameters
    ----------
    r, gr : ndarray, shape (n,)
        Å and Å⁻².
    models : mapping of name to ndarray, shape (n,)
        G(r) at the same r.
    width, step : float
        Of the windows, Å; they touch one another by default.
    start : float
        Å, where the first begins.

    Raises
    ------
    InputError
        No window fits into the data.
    """
    edges = np.arange(start, r[-1] - width + 1e-9, step or width)
    if not edges.size:
        raise InputError(f"no window of {width:g} Å fits between {start:g} and {r[-1]:g} Å;", where="local",
                         remedy="reduce to a larger rmax, or narrow the windows.")  # fmt: skip
    found = []
    for low in edges:
        inside = (r >= low) & (r < low + width)
        parts = {name: curve[inside] for name, curve in models.items()}
        found.append(_window(float(low), float(low + width), r[inside], gr[inside], parts))
    return tuple(found)


def _window(low: float, high: float, r: FloatArray, gr: FloatArray, models: Mapping[str, FloatArray]) -> OrderWindow:
    scales = {name: best_scale(gr, curve) for name, curve in models.items()}
    return OrderWindow(
        low,
        high,
        float(np.sqrt(np.mean(gr**2))),
        {name: correlation(gr, curve) for name, curve in models.items()},
        {name: rw(gr, scales[name] * curve) for name, curve in models.items()},
        scales,
        {name: _width_ratio(r, gr, curve) for name, curve in models.items()},
    )


def _width_ratio(r: FloatArray, gr: FloatArray, model: FloatArray) -> float | None:
    if correlation(gr, model) < LEAST_CORRELATION:
        return None
    slope = np.gradient(model, r)
    own = np.sum(slope**2) / np.sum(model**2)
    across = np.sum(np.gradient(gr, r) * slope) / np.sum(gr * model)
    squared = 2 * own / across - 1
    return float(np.sqrt(squared)) if across > 0 and squared > 0 else None


def order_reach(r: FloatArray, gr: FloatArray, *, noise: float | None = None, width: float = 2.0) -> Value:
    """Largest r (Å) up to which every window of G(r) is three times stronger than noise.

    Parameters
    ----------
    r, gr : ndarray, shape (n,)
        Å and Å⁻².
    noise : float, optional
        Standard uncertainty of G(r), Å⁻²; without it the strength of the last 15 % of the data stands for it, and where these
        aren't much weaker than the middle, there is no answer but a reason.
    width : float
        Of the windows, Å.
    """
    if noise is None:
        noise = _strength(gr[r > r[-1] - NOISE_TAIL * (r[-1] - r[0])])
        middle = _strength(gr[(r > r[0] + 0.25 * (r[-1] - r[0])) & (r < r[0] + 0.5 * (r[-1] - r[0]))])
        if noise > middle / 2:
            return Value(
                None, None, "the end of the data is as strong as their middle: crystalline order, or noise throughout"
            )
    reach = 0.0
    for low in np.arange(max(1.0, r[0]), r[-1] - width, width):
        if _strength(gr[(r >= low) & (r < low + width)]) < ABOVE_NOISE * noise:
            break
        reach = float(low + width)
    return Value(reach, None, f"a limit, known to the width of its windows, {width:g} Å")


def _strength(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def coherence_length(
    r: FloatArray, gr: FloatArray, q_max: float, *, width: float = 2.0, start: float = 3.0
) -> Coherence:
    """Length over which the envelope of G(r) falls to 1/e.

    Parameters
    ----------
    r, gr : ndarray, shape (n,)
        Å and Å⁻².
    q_max : float
        Å⁻¹; weighs the windows by their independent points.
    width, start : float
        Of the windows and of the first of them, Å; by default beyond the first shell. With fewer than five windows there is no length,
        but a reason.
    """
    import lmfit

    lows = np.arange(start, r[-1] - width + 1e-9, width)
    middle = lows + width / 2
    if lows.size < FEWEST_WINDOWS:
        wanted = start + FEWEST_WINDOWS * width
        reason = f"an envelope needs G(r) to {wanted:g} Å, the data end at {r[-1]:g} Å"
        return Coherence(Value(None, None, reason), 0.0, 0.0, middle, np.zeros_like(middle), np.zeros_like(middle))
    envelope = np.array([np.sqrt(2 * np.mean(gr[(r >= low) & (r < low + width)] ** 2)) for low in lows])
    # A root mean square over m independent points is known to 1/√(2m) of itself.
    relative = 1 / np.sqrt(2 * width / nyquist_step(q_max))
    parameters = lmfit.Parameters()
    parameters.add("amplitude", envelope[0] * np.exp(middle[0] / 5.0), min=0)
    parameters.add("length", 5.1, min=0.1, max=1000)
    parameters.add("floor", envelope[-1] / 2, min=0)

    def curve(values: dict[str, float]) -> FloatArray:
        return np.asarray(np.hypot(values["amplitude"] * np.exp(-middle / values["length"]), values["floor"]))

    found = lmfit.minimize(lambda p: np.log(envelope / curve(p.valuesdict())) / relative, parameters)
    values = found.params.valuesdict()
    return Coherence(_length(found), values["amplitude"], values["floor"], middle, envelope, curve(values))


def _length(found: object) -> Value:
    item = found.params["length"]  # type: ignore[attr-defined]
    if not found.success or not found.errorbars or item.stderr is None:  # type: ignore[attr-defined]
        return Value(float(item.value), None, "no covariance: the envelope doesn't determine it")
    if item.stderr > item.value:
        return Value(None, None, f"the envelope hardly decays over the data (fit {item.value:.3g} Å)")
    return Value(float(item.value), float(item.stderr))
