"""Names and units: which rietx parameter carries which xtal parameter, and how.

=====================================  =========================================  =======================
xtal parameter                         rietx parameter                            rietx value
=====================================  =========================================  =======================
``pattern.profile.u|v|w`` (variance)   ``instrument.profile.u|v|w`` (FWHM²)       8 ln 2 × value
``pattern.profile.x|y``                ``instrument.profile.x|y``                 value (x: 1/cosθ, y: tanθ)
``pattern.profile.axial`` (S/L + H/L)  ``instrument.geometry.axial_sl`` = ``_hl``  value / 2
``phase.P.crystallite_size_nm``        ``phases.i.lor_size`` (deg, 1/cosθ)        (180/π) λ / L
``phase.P.microstrain``                ``phases.i.lor_strain`` (deg, tanθ)        (180/π) × value
``phase.P.site.S.u_iso``               ``phases.i.atoms.j.biso``                  8π² × value
``phase.P.stephens.sHKL`` (10⁻⁶ Å⁻⁴)   ``phases.i.microstrain.sHKL`` (10⁻¹² Å⁻⁴)  10⁶ × value
``pattern.transparency`` (mm)          ``instrument.geometry.sample_transparency``  value / 2R
``pattern.peak.N.position``            ``instrument.extra_components.i.center``   value
everything else                        same quantity                              value
=====================================  =========================================  =======================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rietx.schemas import Parameter

from xtal.engines.worker_lines import TaskError

CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")


COORDINATES = ("x", "y", "z")


TENSOR = ("u11", "u22", "u33", "u12", "u13", "u23")


KINDS = {"bragg-brentano": "bragg_brentano", "debye-scherrer": "debye_scherrer"}
"""rietx's names of the geometries."""


PEAK_QUANTITIES = {"position": "center", "area": "area", "fwhm": "fwhm", "eta": "eta"}


STEPHENS_FACTOR = 1.0e6
"""rietx keeps S in 10⁻¹² Å⁻⁴, xtal in 10⁻⁶ Å⁻⁴."""


GAUSSIAN_VARIANCE_TO_FWHM_SQUARED = 8.0 * math.log(2.0)


B_OVER_U = 8.0 * math.pi**2


DEGREES_PER_RADIAN = 180.0 / math.pi


LARGEST_SIZE_NM = 1.0e4
"""Upper bound of a refined crystallite size (nm): 10 µm, beyond any laboratory or synchrotron resolution."""


SMALLEST_GAUSSIAN_FWHM_SQUARED = 1.0e-8
"""rietx clamps the Gaussian FWHM² (deg²) here, so W = 0 starts on the clamp."""


@dataclass(frozen=True)
class Link:
    """How one xtal parameter is carried by one rietx parameter.

    ``native = factor * value``, or ``native = factor / value`` when `inverse`.
    """

    path: str
    factor: float = 1.0
    inverse: bool = False

    def to_native(self, value: float) -> float:
        """Return the rietx value of an xtal value (an infinite size is a width of zero)."""
        return self.factor / value if self.inverse else self.factor * value

    def to_xtal(self, native: float) -> float | None:
        """Return the xtal value of a rietx value; None for a size without broadening."""
        if not self.inverse:
            return native / self.factor
        return self.factor / native if native > 0.0 else None

    def slope(self, native: float) -> float:
        """Return d(xtal)/d(rietx) at a rietx value, which carries a covariance across."""
        if not self.inverse:
            return 1.0 / self.factor
        return -self.factor / native**2 if native > 0.0 else 0.0


def known_links(task: dict[str, Any]) -> dict[str, Link]:
    """Return every dotted name this worker understands for `task`, with its conversion."""
    links = pattern_links(int(task["background"]["n_terms"])) | correction_links(task)
    wavelength = float(task["instrument"]["radiation"]["lines"][0][0])
    for index, phase in enumerate(task["phases"]):
        links |= phase_links(f"phase.{phase['name']}", f"phases.{index}", phase, wavelength)
        if has_stephens(task, phase):
            links |= {
                f"phase.{phase['name']}.stephens.{name}": Link(f"phases.{index}.microstrain.{name}", STEPHENS_FACTOR)
                for name in phase["stephens"]
            }
    return links


def correction_links(task: dict[str, Any]) -> dict[str, Link]:
    """Return the links of extra peaks and of the transparency of a flat sample."""
    links = {
        f"pattern.peak.{name}.{quantity}": Link(f"instrument.extra_components.{index}.{theirs}")
        for index, name in enumerate(task.get("peaks", []))
        for quantity, theirs in PEAK_QUANTITIES.items()
    }
    instrument = task["instrument"]
    radius = instrument.get("goniometer_radius_mm")
    if instrument["geometry"] == "bragg-brentano" and radius:
        links["pattern.transparency"] = Link("instrument.geometry.sample_transparency", 0.5 / float(radius))
    return links


def has_stephens(task: dict[str, Any], phase: dict[str, Any]) -> bool:
    """Tell whether a phase's anisotropic strain is in use; all zero and held it is no model at all."""
    names = [f"phase.{phase['name']}.stephens.{name}" for name in phase.get("stephens") or ()]
    return bool(ever_used(task).intersection(names)) or any(value_of(task, name, 0.0) for name in names)


def pattern_links(n_background: int) -> dict[str, Link]:
    """Return the links of the parameters that belong to the pattern and the instrument."""
    profile = "instrument.profile"
    links = {
        "pattern.zero": Link("instrument.zero_shift"),
        "pattern.displacement": Link("instrument.geometry.sample_displacement"),
        "pattern.profile.axial": Link("instrument.geometry.axial_sl", 0.5),
        "pattern.profile.x": Link(f"{profile}.x"),
        "pattern.profile.y": Link(f"{profile}.y"),
    }
    for letter in "uvw":
        links[f"pattern.profile.{letter}"] = Link(f"{profile}.{letter}", GAUSSIAN_VARIANCE_TO_FWHM_SQUARED)
    for k in range(n_background):
        links[f"pattern.background.c{k}"] = Link(f"instrument.background.c{k}")
    return links


def phase_links(name: str, base: str, phase: dict[str, Any], wavelength: float) -> dict[str, Link]:
    """Return the links of one phase; `wavelength` (Å) is that of the first line."""
    links = {
        f"{name}.scale": Link(f"{base}.scale"),
        f"{name}.crystallite_size_nm": Link(f"{base}.lor_size", DEGREES_PER_RADIAN * wavelength / 10.0, inverse=True),
        f"{name}.microstrain": Link(f"{base}.lor_strain", DEGREES_PER_RADIAN),
    }
    if phase.get("texture_axis") is not None:
        links[f"{name}.texture.r"] = Link(f"{base}.preferred_orientation.r")
    for letter in CELL_NAMES:
        links[f"{name}.cell.{letter}"] = Link(f"{base}.cell.{letter}")
    for index, site in enumerate(phase["structure"]["sites"]):
        links |= site_links(f"{name}.site.{site['label']}", f"{base}.atoms.{index}", site)
    return links


def site_links(name: str, base: str, site: dict[str, Any]) -> dict[str, Link]:
    """Return the links of one site; an anisotropic site has a tensor in place of ``u_iso``."""
    links = {f"{name}.{letter}": Link(f"{base}.{letter}") for letter in COORDINATES}
    links[f"{name}.occupancy"] = Link(f"{base}.occ")
    if site.get("u_aniso") is None:
        links[f"{name}.u_iso"] = Link(f"{base}.biso", B_OVER_U)
    else:
        links |= {f"{name}.{component}": Link(f"{base}.{component}") for component in TENSOR}
    return links


def ever_used(task: dict[str, Any]) -> set[str]:
    """Return the names that some stage frees or some tie mentions."""
    names = {name for stage in task["stages"] for name in stage["free"]}
    for tie in task.get("ties", []):
        names |= {tie["target"], *(name for _, name in tie["terms"])}
    return names


def value_of(task: dict[str, Any], name: str, default: float) -> float:
    """Return the start value of a parameter, or `default` when it is absent or null."""
    value = task["parameters"].get(name, {}).get("value")
    return default if value is None else float(value)


def make_parameter(task: dict[str, Any], links: dict[str, Link], name: str, default: float) -> Any:
    """Return the rietx Parameter of a dotted name: start value and bounds converted.

    Bounds the task leaves null are rietx's own for that quantity (for example zero for a
    scale or a width).  A parameter that no stage frees and no tie moves needs none.
    """
    spec = task["parameters"].get(name, {})
    link = links[name]
    value = value_of(task, name, default)
    native = native_start(link, value)
    if name not in ever_used(task):
        return Parameter(value=native)
    low, high = native_bounds(link, spec, value)
    if link.inverse and not math.isfinite(value):
        native = max(native, low or 0.0)
    if (low is not None and native < low) or (high is not None and native > high):
        raise TaskError(
            "bad_input",
            f"{name}: start value {value:g} lies outside its bounds [{spec.get('min')}, {spec.get('max')}].",
        )
    given = {key: bound for key, bound in (("min", low), ("max", high)) if bound is not None}
    return Parameter(value=native, **given)


def native_start(link: Link, value: float) -> float:
    """Return the rietx start value; W sits on rietx's clamp at the least."""
    native = 0.0 if link.inverse and not math.isfinite(value) else link.to_native(value)
    if link.path == "instrument.profile.w" and native >= 0.0:
        return max(native, SMALLEST_GAUSSIAN_FWHM_SQUARED)
    return native


def native_bounds(link: Link, spec: dict[str, Any], value: float) -> tuple[float | None, float | None]:
    """Return (low, high) of a parameter in rietx's units; None where the task is silent."""
    low, high = spec.get("min"), spec.get("max")
    if not link.inverse:
        return (
            None if low is None else link.to_native(float(low)),
            None if high is None else link.to_native(float(high)),
        )
    largest = float(high) if high is not None else LARGEST_SIZE_NM
    if math.isfinite(value) and high is None:
        largest = max(largest, value)
    lowest = link.to_native(largest) if math.isfinite(largest) else 0.0
    return lowest, (link.to_native(float(low)) if low else None)
