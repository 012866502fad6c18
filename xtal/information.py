"""How much the data say of one parameter by itself: the values under ``information`` of result.json.

docs/how-to/plan-a-measurement.md explains them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Information"]


@dataclass(frozen=True)
class Information:
    r"""Share of the pattern's information on a parameter that other parameters can't take over.

    Information is the inverse variance. With everything else held it is :math:`1/\sigma_{held}^2`; with everything else refined
    :math:`1/\sigma^2`, what is left of it. Their ratio is :math:`1 - R^2`, R the multiple correlation of the parameter with all others.

    Parameters
    ----------
    independent : float
        σ² with everything else held over σ² with everything else refined, 0 to 1: 1 where nothing else imitates the parameter, 0
        where something does so exactly.
    esd_held : float
        Standard uncertainty with every other parameter held.
    most_shared_with : str or None
        The parameter that imitates it best; None when it was refined alone.
    shared : float
        The square of their correlation: by this share of itself the variance would fall if that one were known.
    """

    independent: float
    esd_held: float
    most_shared_with: str | None
    shared: float
