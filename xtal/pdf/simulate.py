r"""G(r) of structures: X-ray or neutron, with partials, from symmetry, occupancies and displacements.

.. math:: G(r) = e^{-(Q_{damp} r)^2/2}\,\gamma_0(r)\left[\frac{1}{r N \langle b\rangle^2}
          \sum_{i \ne j} o_i o_j b_i b_j\, \mathcal N(r; r_{ij}, \sigma_{ij}^2) - 4\pi\rho_0 r\right]

cut at Qmax (C. L. Farrow et al., J. Phys.: Condens. Matter 19 (2007) 335219). Distances between sites that exclude each other (split sites)
are counted with the product of their occupancies, as in every small-box program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..elements import atomic_mass
from ..errors import InputError
from ..structure import Structure
from .envelope import resolution_envelope, sphere_envelope
from .pairs import PairTable, pair_table
from .peak_sum import GRID_POINTS_PER_SIGMA, sum_of_gaussians
from .peak_widths import DEFAULT_U_ISO, peak_variances, relative_displacements
from .site_scattering import CellScattering, Probe, cell_scattering, element_pairs, pair_weights
from .termination import terminated
from .transform import r_grid

__all__ = ["PdfPhase", "PdfSettings", "SimulatedPdf", "mixture", "r_grid", "simulate_pdf"]

FloatArray = NDArray[np.float64]

RIPPLE_MARGIN = 10.0
"""Å beyond the last point that are calculated too, so that ripples from there are whole; their second half fades out."""

LAST_Q = 75.0
"""Å⁻¹ up to which form factors are known."""

_GRID = (0.0025, 0.02)
_STEPS_EQUAL = 1e-6


@dataclass(frozen=True)
class PdfSettings:
    """What the instrument does to a PDF.

    Parameters
    ----------
    probe : {"xray", "neutron"}
        Radiation.
    q_max : float
        Å⁻¹; 0 for no termination.
    q_damp : float
        Å⁻¹.
    q_broad : float
        Å⁻¹.
    ions : bool
        Count the electrons of the ions rather than of the atoms.
    form_factors : bool
        Weigh pairs by f(Q) f(Q)/⟨f(Q)⟩² of the atoms at each Q, as X-rays do, rather than by their value at Q = 0.
    """

    probe: Probe = "xray"
    q_max: float = 0.0
    q_damp: float = 0.0
    q_broad: float = 0.0
    ions: bool = False
    form_factors: bool = False

    def __post_init__(self) -> None:
        for name in ("q_max", "q_damp", "q_broad"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise InputError(f"{name} = {value:g} Å⁻¹;", where="pdf", remedy="it can't be negative.")
        if self.form_factors and (self.probe != "xray" or self.ions or not 0 < self.q_max <= LAST_Q):
            raise InputError("form factors without X-rays, neutral atoms and a Qmax;", where="pdf",
                             remedy=f"give Qmax up to {LAST_Q:g} Å⁻¹, and neither neutrons nor ions.")  # fmt: skip


@dataclass(frozen=True)
class PdfPhase:
    """A structure in a PDF.

    Parameters
    ----------
    structure : Structure
        Structure.
    scale : float
        Factor on its G(r). `mixture` makes it from weight fractions.
    delta1, delta2 : float
        Correlated motion, Å and Å².
    diameter : float or None
        Of spherical particles, Å; None for a bulk crystal.
    """

    structure: Structure
    scale: float = 1.0
    delta1: float = 0.0
    delta2: float = 0.0
    diameter: float | None = None

    def __post_init__(self) -> None:
        if self.diameter is not None and not self.diameter > 0:
            raise InputError(f"diameter {self.diameter:g} Å of {self.structure.name};", where="pdf",
                             remedy="it must be positive; leave it out for a bulk crystal.")  # fmt: skip


@dataclass(frozen=True, eq=False)
class SimulatedPdf:
    """A simulated PDF.

    Parameters
    ----------
    r : ndarray, shape (n,)
        Å.
    g : ndarray, shape (n,)
        G(r), Å⁻².
    phases : dict of ndarray
        Share of each phase in `g`.
    partials : dict of ndarray
        Share of each pair of elements (``"Cl-K"``, alphabetical) in `g`; empty unless asked for. Their sum is `g`.
    number_density : float
        Atoms Å⁻³ (mean over the phases with their shares of the scattering).
    scaled_density : float
        Sum of the phases' densities times their scales, Å⁻³: `g` begins with −4π times it times r.
    settings : PdfSettings
        As given.
    notes : tuple of str
        What was assumed.
    """

    r: FloatArray
    g: FloatArray
    phases: Mapping[str, FloatArray]
    partials: Mapping[str, FloatArray]
    number_density: float
    scaled_density: float
    settings: PdfSettings
    notes: tuple[str, ...] = field(default=())

    @property
    def rdf(self) -> FloatArray:
        """Radial distribution function R(r) = r G(r) + 4πρ₀r², Å⁻¹, weighted by scattering power and the phases' scales.

        It is 0 below the first pair. Of particles, and with damping, G(r) fades and R(r) tends to 4πρ₀r².
        """
        return np.asarray(self.r * self.g + 4.0 * np.pi * self.scaled_density * self.r**2)

    def partial(self, first: str, second: str) -> FloatArray:
        """Partial of two elements in either order.

        Raises
        ------
        InputError
            There is none.
        """
        name = "-".join(sorted((first, second)))
        if name not in self.partials:
            raise InputError(f"there is no partial {name};", where="pdf",
                             remedy=f"there are {', '.join(self.partials) or 'none: ask for partials'}.")  # fmt: skip
        return self.partials[name]


def simulate_pdf(
    phases: Structure | PdfPhase | Sequence[PdfPhase],
    r: ArrayLike,
    settings: PdfSettings | None = None,
    *,
    partials: bool = False,
) -> SimulatedPdf:
    """Simulate G(r).

    Parameters
    ----------
    phases : Structure, PdfPhase or sequence of PdfPhase
        What the sample consists of; the G(r) of several phases add with their scales.
    r : array_like, shape (n,)
        Ascending distances, Å.
    settings : PdfSettings, optional
        X-rays without resolution and termination by default.
    partials : bool
        Part `g` by pairs of elements as well.

    Returns
    -------
    SimulatedPdf

    Raises
    ------
    InputError
        Distances that aren't ascending from 0 or more, no phase, two phases of one name, or one without atoms.
    """
    chosen, listed, points = settings or PdfSettings(), _listed(phases), _checked_points(r)
    pairs = element_pairs([phase.structure for phase in listed])
    if not partials:
        pairs = []
    parts, densities = [], []
    for phase in listed:
        composition = cell_scattering(phase.structure, chosen.probe, ions=chosen.ions)
        parts.append(_phase_pdf(phase, composition, points, chosen, pairs))
        densities.append((phase.scale, composition.number_density))
    total = np.sum(parts, axis=0)
    scaled = sum(scale * density for scale, density in densities)
    return SimulatedPdf(
        points,
        total[0],
        {phase.structure.name: part[0] for phase, part in zip(listed, parts, strict=True)},
        {"-".join(pair): row for pair, row in zip(pairs, total[1:], strict=True)},
        scaled / (sum(scale for scale, _ in densities) or 1.0),
        scaled,
        chosen,
        tuple(note for phase in listed for note in _assumptions(phase.structure)),
    )


def mixture(
    phases: Sequence[PdfPhase], weight_fractions: Sequence[float], probe: Probe, *, ions: bool = False
) -> tuple[PdfPhase, ...]:
    r"""Phases with the scales that a mixture of these weight fractions has, when its G(r) is normalised as a whole.

    :math:`s_p = x_p \langle b\rangle_p^2 / \langle b\rangle^2` with the atomic fractions :math:`x_p` and the mean over the whole sample, for domains
    that are large against r.

    Raises
    ------
    InputError
        Weights that are negative, all zero, or not one per phase.
    """
    weights = np.asarray(weight_fractions, dtype=float)
    if len(weights) != len(phases) or not np.all((weights >= 0) & np.isfinite(weights)) or weights.sum() <= 0:
        raise InputError(f"weights {weights.tolist()} for {len(phases)} phases;", where="mixture",
                         remedy="give one for each, none of them negative.")  # fmt: skip
    compositions = [cell_scattering(phase.structure, probe, ions=ions) for phase in phases]
    masses = np.array([_mean_atomic_mass(phase.structure) for phase in phases])
    atoms = weights / masses
    atoms /= atoms.sum()
    means = np.array([composition.mean_power for composition in compositions])
    scales = atoms * means**2 / float(atoms @ means) ** 2
    return tuple(
        PdfPhase(phase.structure, float(scale), phase.delta1, phase.delta2, phase.diameter)
        for phase, scale in zip(phases, scales, strict=True)
    )


def _mean_atomic_mass(structure: Structure) -> float:
    atoms = np.array([site.occupancy * n for site, n in zip(structure.sites, structure.multiplicities, strict=True)])
    masses = np.array([atomic_mass(site.element, site.isotope) for site in structure.sites])
    return float(atoms @ masses / atoms.sum())


def _listed(phases: Structure | PdfPhase | Sequence[PdfPhase]) -> list[PdfPhase]:
    if isinstance(phases, Structure):
        return [PdfPhase(phases)]
    listed = [phases] if isinstance(phases, PdfPhase) else list(phases)
    names = [phase.structure.name for phase in listed]
    if not listed or len(set(names)) < len(names):
        raise InputError(f"phases {names};", where="pdf", remedy="give at least one, each with its own name.")
    return listed


def _checked_points(r: ArrayLike) -> FloatArray:
    points = np.asarray(r, dtype=float)
    if points.ndim != 1 or len(points) < 2 or points[0] < 0 or np.any(np.diff(points) <= 0):
        raise InputError("the distances are not ascending numbers from 0 upwards;", where="r",
                         remedy="give at least two distances in Å.")  # fmt: skip
    return points


def _assumptions(structure: Structure) -> tuple[str, ...]:
    bare = [site.label for site in structure.sites if site.u_iso is None and site.u_aniso is None]
    if not bare:
        return ()
    return (
        f"{structure.name}: no displacement parameter in the source for {', '.join(bare)}; U = {DEFAULT_U_ISO} Å² was used.",
    )


def _phase_pdf(
    phase: PdfPhase,
    composition: CellScattering,
    points: FloatArray,
    settings: PdfSettings,
    pairs: list[tuple[str, str]],
) -> FloatArray:
    """G of one phase at the points, and of each pair of elements: shape (1 + pairs, n)."""
    table = pair_table(phase.structure, float(points[-1]) + RIPPLE_MARGIN)
    displacements = relative_displacements(phase.structure, table)
    _refuse_sharp(phase.structure, displacements)
    variance = peak_variances(table, displacements, phase.delta1, phase.delta2, settings.q_broad)
    step = _grid_step(points, variance)
    r = np.asarray(step * np.arange(int(table.maximum / step) + 1), dtype=np.float64)
    weight, density = _pair_weights(table, composition)
    wanted = element_pairs([phase.structure]) if settings.form_factors else pairs
    rows = [] if settings.form_factors else [_bare_pdf(r, step, table.r, variance, weight, density.sum())]
    for selected, share in _by_elements(phase.structure, table, density, wanted):
        rows.append(_bare_pdf(r, step, table.r[selected], variance[selected], weight[selected], share))
    fading = phase.scale * sphere_envelope(r, phase.diameter) * resolution_envelope(r, settings.q_damp)
    bare = np.array(rows) * fading * _taper(r)
    if not settings.form_factors:
        return _at_points(r, step, terminated(bare, step, settings.q_max), points)
    seen = terminated(bare, step, settings.q_max, lambda q: pair_weights(phase.structure, wanted, q))
    by_pair = dict(zip(wanted, seen, strict=True))
    nothing = np.zeros_like(r)
    return _at_points(r, step, np.array([seen.sum(axis=0), *(by_pair.get(pair, nothing) for pair in pairs)]), points)


def _refuse_sharp(structure: Structure, displacements: FloatArray) -> None:
    """Raise InputError where a peak would have no width: displacement parameters of zero or below."""
    if len(displacements) and not displacements.min() > 0:
        bad = [site.label for site in structure.sites if site.u_iso is not None and site.u_iso <= 0]
        raise InputError(f"displacement parameters that aren't positive{f' at {bad[0]}' if bad else ''};", where=structure.name,
                         remedy="correct them, or replace all of them (--u-iso 0.005).")  # fmt: skip


def _pair_weights(table: PairTable, composition: CellScattering) -> tuple[FloatArray, FloatArray]:
    """Area of each row's peak in R(r), and ρ₀ parted by pairs of sites, (n_sites, n_sites), Å⁻³."""
    strength = composition.occupancy * composition.power / composition.mean_power
    weight = table.count * strength[table.first] * strength[table.second] / composition.total_atoms
    shares = composition.atoms * composition.power / (composition.mean_power * composition.total_atoms)
    return np.asarray(weight), np.asarray(composition.number_density * np.outer(shares, shares))


def _by_elements(
    structure: Structure, table: PairTable, density: FloatArray, pairs: list[tuple[str, str]]
) -> list[tuple[NDArray[np.bool_], float]]:
    """Rows of the table and share of ρ₀ of each pair of elements."""
    found = []
    elements = np.array([site.element for site in structure.sites])
    for one, other in pairs:
        first, second = elements == one, elements == other
        between = np.outer(first, second) | np.outer(second, first)
        found.append((between[table.first, table.second], float(density[between].sum())))
    return found


def _bare_pdf(
    r: FloatArray, step: float, centers: FloatArray, variance: FloatArray, weight: FloatArray, density: float
) -> FloatArray:
    """G without envelopes and termination on the grid `r`, zero at its first point."""
    peaks = sum_of_gaussians(centers, variance, weight, step, len(r))
    g = -4.0 * np.pi * density * r
    g[1:] += peaks[1:] / r[1:]
    return g


def _grid_step(points: FloatArray, variance: FloatArray) -> float:
    """Step of the inner grid: fine enough for the narrowest peak, a whole part of the points' own step if they have one."""
    narrowest = float(np.sqrt(variance.min())) if len(variance) else 1.0
    wanted = float(np.clip(narrowest / GRID_POINTS_PER_SIGMA, *_GRID))
    steps = np.diff(points)
    if np.ptp(steps) > _STEPS_EQUAL:
        return wanted
    own = float((points[-1] - points[0]) / len(steps))
    return float(own / np.ceil(own / wanted - 1e-9))


def _taper(r: FloatArray) -> FloatArray:
    """Smooth end of the grid beyond the wanted points, where a sudden one would send ripples back."""
    length = 0.5 * RIPPLE_MARGIN
    x = np.clip((r - (r[-1] - length)) / length, 0.0, 1.0)
    return np.asarray(0.5 * (1.0 + np.cos(np.pi * x)))


def _at_points(r: FloatArray, step: float, values: FloatArray, points: FloatArray) -> FloatArray:
    """Values on the grid at the points: picked where they lie on it, else by cubic splines."""
    place = np.round(points / step).astype(int)
    if np.all(np.abs(place * step - points) < _STEPS_EQUAL * step):
        return np.asarray(values[:, place])
    from scipy.interpolate import CubicSpline

    return np.asarray(CubicSpline(r, values, axis=1)(points))
