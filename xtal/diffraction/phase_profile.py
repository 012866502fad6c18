r"""What a phase adds to the peaks of an instrument: crystallite size and strain along each reflection, preferred orientation.

Uniaxial size: :math:`1/L = \sqrt{(\cos\varphi/L_{axial})^2 + (\sin\varphi/L_{equatorial})^2}`, averaged over the equivalents of a family, φ the angle
between their normals and that of the axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..stephens import stephens_strains, stephens_terms
from ..structure import Structure
from .families import equivalents
from .harmonics import harmonic_basis
from .reflections import Reflections
from .texture import MarchDollase, march_dollase_factor, squared_axis_cosines

__all__ = ["PhaseProfile", "orientation_factor", "size_along", "strain_along", "uniaxial_inverse_size"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PhaseProfile:
    """What a phase adds to the instrument's peaks.

    Parameters
    ----------
    size_nm : float or None
        Crystallite size, nm (Scherrer constant 1, Lorentzian); None for no broadening. With an axis: the size across it.
    microstrain : float
        ε of FWHM = ε tanθ radians 2θ, dimensionless (Lorentzian); Δd/d = ε/2.
    texture : MarchDollase or None
        Preferred orientation.
    grain_um : float or None
        Grain diameter for microabsorption, µm; None for none.
    axial_size_nm, size_axis : float, tuple of int, or None
        Size along the normal of the planes `size_axis`, nm.
    stephens : mapping of str to float
        Anisotropic strain: coefficients S_HKL, 10⁻⁶ Å⁻⁴, of the Laue class's independent terms (``{"s400": 0.02, …}``); it adds to
        `microstrain`.
    harmonics : mapping of (int, int) to float
        Preferred orientation: coefficients of the functions (l, n) of `harmonics.harmonic_terms`.
    """

    size_nm: float | None = None
    microstrain: float = 0.0
    texture: MarchDollase | None = None
    grain_um: float | None = None
    axial_size_nm: float | None = None
    size_axis: tuple[int, int, int] | None = None
    stephens: Mapping[str, float] = field(default_factory=dict)
    harmonics: Mapping[tuple[int, int], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (
            not all(size is None or size > 0 for size in (self.size_nm, self.axial_size_nm))
            or not self.microstrain >= 0
        ):
            raise InputError(f"crystallite size {self.size_nm} nm with microstrain {self.microstrain:g};",
                             remedy="the size must be positive and the strain not negative.")  # fmt: skip
        if (self.axial_size_nm is None) != (self.size_axis is None):
            raise InputError("a size along an axis without the axis, or the axis alone;", remedy="give both.")
        if self.texture is not None and self.harmonics:
            raise InputError("two models of preferred orientation;", remedy="give texture or harmonics, not both.")

    @property
    def is_isotropic(self) -> bool:
        """Whether all directions are broadened alike."""
        return self.size_axis is None and not self.stephens


def uniaxial_inverse_size(cos_squared: ArrayLike, axial: float, equatorial: float) -> FloatArray:
    """1/L at cos²φ from the reciprocal sizes along and across the axis."""
    cosines = np.asarray(cos_squared, dtype=float)
    return np.asarray(np.sqrt(axial**2 * cosines + equatorial**2 * (1 - cosines)))


def size_along(structure: Structure, table: Reflections, profile: PhaseProfile) -> float | FloatArray | None:
    """Crystallite size along reflections, nm: one number, or (n,) with an axis."""
    if profile.size_axis is None or profile.axial_size_nm is None:
        return profile.size_nm
    images = equivalents(table.hkl, structure.space_group.laue_rotations).astype(float)
    cosines = squared_axis_cosines(images, structure.lattice.reciprocal_metric_tensor, profile.size_axis)
    across = 0.0 if profile.size_nm is None else 1 / profile.size_nm
    inverse = uniaxial_inverse_size(np.minimum(cosines, 1.0), 1 / profile.axial_size_nm, across).mean(axis=1)
    return np.asarray(1 / np.maximum(inverse, 1e-12))


def strain_along(structure: Structure, table: Reflections, profile: PhaseProfile) -> float | FloatArray:
    """Microstrain along reflections: one number, or (n,) when it is anisotropic.

    Raises
    ------
    InputError
        Terms that the Laue class doesn't have, or lacks.
    """
    if not profile.stephens:
        return profile.microstrain
    terms = stephens_terms(structure.space_group)
    if set(terms) != set(profile.stephens):
        raise InputError(f"strain terms {', '.join(profile.stephens)};", where=structure.name,
                         remedy=f"its Laue class has {', '.join(terms)}.")  # fmt: skip
    return profile.microstrain + stephens_strains(table.hkl, table.d_spacing, terms, dict(profile.stephens))


def orientation_factor(structure: Structure, table: Reflections, profile: PhaseProfile) -> FloatArray:
    """Intensity factor of reflections by preferred orientation, (n,).

    Raises
    ------
    InputError
        Harmonics that the Laue class doesn't have, or coefficients by which a direction would scatter negatively.
    """
    if profile.texture is not None:
        return march_dollase_factor(structure, table.hkl, profile.texture)
    factor = np.ones(len(table))
    if not profile.harmonics:
        return factor
    basis = harmonic_basis(structure.space_group, max(l for l, _ in profile.harmonics))
    unknown = set(profile.harmonics) - set(basis.terms)
    if unknown:
        raise InputError(
            f"harmonics {sorted(unknown)};", where=structure.name, remedy=f"its Laue class has {basis.terms}."
        )
    coefficients = np.array([profile.harmonics.get(term, 0.0) for term in basis.terms])
    factor += coefficients @ basis.at_reflections(table.hkl, structure.lattice)
    if np.any(factor < 0):
        raise InputError(
            "harmonics that make an intensity negative;", where=structure.name, remedy="make them smaller."
        )
    return factor
