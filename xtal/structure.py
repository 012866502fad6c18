"""Crystal structures: an asymmetric unit with a space group in any setting, where it comes from and how good it is.

Coordinates are fractional; displacement parameters are U in Å² (``B = 8π² U``); occupancies are chemical
occupancies (1 for a full site, whatever its multiplicity).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .elements import atomic_mass, check_element
from .errors import CifError
from .lattice import Lattice
from .symmetry import SpaceGroup

__all__ = ["Quality", "Site", "Structure"]

Quality = Literal["experiment", "dft", "model", "unknown"]

AMU_PER_CUBIC_ANGSTROM = 1.66053906660
"""1 u/Å³ in g/cm³ (CODATA 2018)."""

_OVERFULL = 1.0 + 1e-3

_SAME_POSITION = 1e-4
_BIN_OFFSET = 0.37 * _SAME_POSITION
"""Keeps the edges of the bins away from coordinates with few digits, so that rounding errors don't part equal ones."""


@dataclass(frozen=True)
class Site:
    """One site of the asymmetric unit.

    Parameters
    ----------
    label : str
        Unique within its structure.
    element : str
        Chemical symbol (``"Li"``).
    xyz : tuple of float
        Fractional coordinates.
    occupancy : float
        Chemical occupancy, 0–1.
    u_iso : float or None
        Isotropic displacement parameter, Å²; None when the source gives none.
    u_aniso : tuple of float or None
        ``(U11, U22, U33, U12, U13, U23)``, Å², CIF convention.
    charge : int or None
        Formal charge of the ion whose form factor is meant; None for the neutral atom.
    isotope : int or None
        Mass number for neutrons (6 for ⁶Li); None for the natural mixture.
    """

    label: str
    element: str
    xyz: tuple[float, float, float]
    occupancy: float = 1.0
    u_iso: float | None = None
    u_aniso: tuple[float, float, float, float, float, float] | None = None
    charge: int | None = None
    isotope: int | None = None

    def __post_init__(self) -> None:
        where = f"site {self.label}"
        check_element(self.element, where=where)
        numbers = np.array([*self.xyz, self.occupancy])
        if len(self.xyz) != 3 or not np.all(np.isfinite(numbers)):
            raise CifError("a coordinate or occupancy is not a number;", where=where, remedy="give x, y, z, occupancy.")
        if not 0.0 <= self.occupancy <= _OVERFULL:
            raise CifError(
                f"occupancy {self.occupancy:g} is not between 0 and 1;", where=where, remedy="correct the site."
            )

    @property
    def ion(self) -> str:
        """Element with its charge as form-factor tables write it: ``"Cl1-"``, ``"Li1+"``, ``"Ti"``."""
        if not self.charge:
            return self.element
        return f"{self.element}{abs(self.charge)}{'+' if self.charge > 0 else '-'}"

    @property
    def u_equivalent(self) -> float | None:
        """`u_iso`, or one third of the trace of the diagonal Uij (exact for orthogonal axes), Å²."""
        if self.u_iso is not None or self.u_aniso is None:
            return self.u_iso
        return float(np.mean(self.u_aniso[:3]))


@dataclass(frozen=True)
class Structure:
    """A crystal structure.

    Parameters
    ----------
    name : str
        Short name; the phase's name in jobs and results unless a job says otherwise.
    lattice : Lattice
        Cell in the setting of `space_group`.
    space_group : SpaceGroup
        Symmetry, any setting.
    sites : tuple of Site
        Asymmetric unit. Sites that share a position (mixed occupancy) are separate sites with equal coordinates.
    source : str
        Where the numbers come from.
    quality : {"experiment", "dft", "model", "unknown"}
        What kind of numbers they are.
    notes : tuple of str
        What is uncertain, and what builders did.

    Raises
    ------
    CifError
        Repeated labels, a cell that the symmetry doesn't allow, or sites that share a position with occupancies above 1.

    Examples
    --------
    >>> from xtal import reference_structure
    >>> lithium_fluoride = reference_structure("lif")
    >>> lithium_fluoride.formula
    'Li4 F4'
    >>> lithium_fluoride.multiplicities
    (4, 4)
    """

    name: str
    lattice: Lattice
    space_group: SpaceGroup
    sites: tuple[Site, ...]
    source: str = ""
    quality: Quality = "unknown"
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        repeated = [label for label, n in Counter(site.label for site in self.sites).items() if n > 1]
        if repeated:
            raise CifError(
                f"site labels {repeated} appear more than once;",
                where=self.name,
                remedy="give each site its own label.",
            )
        if not self.space_group.fits(self.lattice):
            raise CifError(
                f"the cell ({self.lattice}) contradicts space group {self.space_group};",
                where=self.name,
                remedy="check the setting (unique axis, rhombohedral or hexagonal axes) and the cell.",
            )
        self._refuse_overfull_positions()

    def _refuse_overfull_positions(self) -> None:
        for sites in self.shared_positions():
            total = sum(site.occupancy for site in sites)
            if total > _OVERFULL:
                raise CifError(
                    f"sites {[site.label for site in sites]} share a position and their occupancies sum to {total:.4g};",
                    where=self.name,
                    remedy="the sum may not exceed 1.",
                )

    @cached_property
    def multiplicities(self) -> tuple[int, ...]:
        """Multiplicity of each site in the cell of this setting."""
        return tuple(self.space_group.multiplicity(site.xyz) for site in self.sites)

    @cached_property
    def cell_contents(self) -> dict[str, float]:
        """Atoms of each element in the cell, occupancies counted."""
        contents: dict[str, float] = defaultdict(float)
        for site, multiplicity in zip(self.sites, self.multiplicities, strict=True):
            contents[site.element] += site.occupancy * multiplicity
        return dict(contents)

    @property
    def cell_mass(self) -> float:
        """Mass of the cell's content, u (unified atomic mass units)."""
        return sum(
            atomic_mass(site.element, site.isotope) * site.occupancy * multiplicity
            for site, multiplicity in zip(self.sites, self.multiplicities, strict=True)
        )

    @property
    def density(self) -> float:
        """X-ray density, g/cm³."""
        return self.cell_mass / self.lattice.volume * AMU_PER_CUBIC_ANGSTROM

    @property
    def cell_charge(self) -> float | None:
        """Sum of the formal charges in the cell, in e; None when a site has none given."""
        if any(site.charge is None for site in self.sites):
            return None
        return sum(
            (site.charge or 0) * site.occupancy * multiplicity
            for site, multiplicity in zip(self.sites, self.multiplicities, strict=True)
        )

    @property
    def formula(self) -> str:
        """Content of the cell, elements in the order of the sites: ``"Li2 O1 H1 Cl1"``."""
        return " ".join(f"{element}{round(amount, 3):g}" for element, amount in self.cell_contents.items())

    def site(self, label: str) -> Site:
        """The site with this label.

        Raises
        ------
        CifError
            No such site.
        """
        for site in self.sites:
            if site.label == label:
                return site
        raise CifError(
            f"no site {label!r};", where=self.name, remedy=f"the sites are {', '.join(s.label for s in self.sites)}."
        )

    def shared_positions(self) -> list[tuple[Site, ...]]:
        """Sites grouped by position: each group sits on one position of the asymmetric unit."""
        wrapped = np.mod(np.array([site.xyz for site in self.sites]).reshape(-1, 3) + _BIN_OFFSET, 1.0)
        groups: dict[tuple[int, ...], list[Site]] = defaultdict(list)
        for key, site in zip(np.floor(wrapped / _SAME_POSITION).astype(int).tolist(), self.sites, strict=True):
            groups[tuple(key)].append(site)
        return [tuple(group) for group in groups.values()]

    def expanded(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """All positions in the cell.

        Returns
        -------
        site_index : ndarray, shape (n,)
            Index into `sites` of each position.
        xyz : ndarray, shape (n, 3)
            Fractional coordinates in [0, 1).
        """
        orbits = [self.space_group.orbit(site.xyz) for site in self.sites]
        index = np.repeat(np.arange(len(orbits)), [len(orbit) for orbit in orbits])
        return index, np.concatenate(orbits) if orbits else np.empty((0, 3))

    def with_lattice(self, lattice: Lattice) -> Structure:
        """The same structure with another cell."""
        return replace(self, lattice=lattice)

    def with_sites(self, sites: Iterable[Site]) -> Structure:
        """The same structure with other sites."""
        return replace(self, sites=tuple(sites))

    def renamed(self, name: str) -> Structure:
        """The same structure under another name."""
        return replace(self, name=name)

    def _repr_html_(self) -> str:
        """HTML table of formula, cell and sites for notebooks."""
        from .notebook import structure_html

        return structure_html(self)
