"""What counts as a coincidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import GeometryError

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What counts as a coincidence.

    Parameters
    ----------
    max_area : float
        Largest cell, Å², on film and on substrate.
    max_strain : float
        Largest absolute principal strain that brings the film onto the substrate, below 0.5.
    max_length_mismatch : float or None
        Largest relative difference of the cell edges (film's reduced cell).
    max_angle_mismatch : float or None
        Largest difference of the cell angles, degrees.
    rotation : tuple of float or None
        Range of in-plane rotation, degrees, of the least rotated among equivalent cells; None leaves it free.
    multiples : bool
        Whether to list cells that only repeat a smaller coincidence cell of the same orientation.

    Raises
    ------
    GeometryError
        A limit that leaves nothing or has no meaning.
    """

    max_area: float = 400.0
    max_strain: float = 0.05
    max_length_mismatch: float | None = None
    max_angle_mismatch: float | None = None
    rotation: tuple[float, float] | None = None
    multiples: bool = False

    def __post_init__(self) -> None:
        if not np.isfinite(self.max_area) or self.max_area <= 0:
            raise GeometryError(f"a largest area of {self.max_area:g} Å²;", remedy="give a positive area.")
        if not 0 <= self.max_strain < 0.5:
            raise GeometryError(
                f"a largest strain of {self.max_strain:g};", remedy="give a fraction from 0 to below 0.5 (0.05 is 5 %)."
            )
        for name in ("max_length_mismatch", "max_angle_mismatch"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise GeometryError(f"{name} = {value:g};", remedy="a limit may not be negative.")
        if self.rotation is not None and not self.rotation[0] <= self.rotation[1]:
            raise GeometryError(f"a rotation range of {self.rotation};", remedy="give the smaller angle first.")
