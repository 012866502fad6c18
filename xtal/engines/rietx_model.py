"""Turn the model of a refinement task (engine contract, xtal units) into rietx objects.

Structure, instrument and pattern; names and units are in ``rietx_units``, what may vary is
in ``rietx_freedom``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import gemmi
import numpy as np
from rietx.crystallography.scattering import detect_fallback
from rietx.crystallography.stephens import S_NAMES, stephens_basis
from rietx.crystallography.symmetry import cell_constraints, resolve_group
from rietx.schemas import (
    AnisoU,
    Atom,
    Cell,
    Instrument,
    Parameter,
    PatternData,
    Phase,
    PreferredOrientation,
)
from rietx.schemas.instrument import (
    BackgroundChebyshev,
    Dispersion,
    EmissionLine,
    Geometry,
    NeutronSource,
    PeakComponent,
    ProfileTCHZ,
    Source,
)
from rietx.schemas.structure import SphericalHarmonicTexture, StephensStrain

from xtal.engines.rietx_units import (
    CELL_NAMES,
    COORDINATES,
    KINDS,
    PEAK_QUANTITIES,
    TENSOR,
    Link,
    ever_used,
    has_stephens,
    make_parameter,
    value_of,
)
from xtal.engines.worker_lines import TaskError

UNUSED_RADIUS_MM = 200.0
"""Radius given to rietx when none is needed: it only divides a displacement of zero."""


def build_phases(task: dict[str, Any], links: dict[str, Link]) -> list[Any]:
    """Return the rietx phases, in the task's order."""
    return [build_phase(task, links, phase) for phase in task["phases"]]


def build_phase(task: dict[str, Any], links: dict[str, Link], phase: dict[str, Any]) -> Any:
    """Return one rietx phase."""
    name, structure = phase["name"], phase["structure"]
    symbol, operations = symmetry_of(structure)
    group = resolve_group(symbol, operations)
    base = f"phase.{name}"
    size = make_parameter(task, links, f"{base}.crystallite_size_nm", math.inf)
    options: dict[str, Any] = {}
    if phase.get("texture_axis") is not None:
        options["preferred_orientation"] = PreferredOrientation(
            axis=tuple(int(i) for i in phase["texture_axis"]),
            r=make_parameter(task, links, f"{base}.texture.r", 1.0),
        )
    if phase.get("harmonics"):
        options["texture"] = build_texture(task, links, phase)
    if has_stephens(task, phase):
        options["microstrain"] = build_stephens(task, links, phase, group)
    return Phase(
        name=name,
        space_group=symbol,
        symmetry_operations=operations,
        cell=build_cell(task, links, base, structure["cell"], group),
        atoms=[build_atom(task, links, base, site) for site in structure["sites"]],
        scale=make_parameter(task, links, f"{base}.scale", 1.0),
        lor_size=size,
        lor_strain=make_parameter(task, links, f"{base}.microstrain", 0.0),
        **options,
    )


def build_texture(task: dict[str, Any], links: dict[str, Link], phase: dict[str, Any]) -> Any:
    """Return the harmonics of a phase's texture, every coefficient under rietx's name."""
    prefix = f"phase.{phase['name']}.texture."
    coefficients = {
        link.path.rpartition(".")[2]: make_parameter(task, links, name, 0.0)
        for name, link in links.items()
        if name.startswith(prefix)
    }
    return SphericalHarmonicTexture(order=max(degree for degree, _ in phase["harmonics"]), coefficients=coefficients)


def build_stephens(task: dict[str, Any], links: dict[str, Link], phase: dict[str, Any], group: Any) -> Any:
    """Return the fifteen coefficients (10⁻¹² Å⁻⁴): the independent ones from the task, the others by symmetry.

    Raises
    ------
    TaskError
        ``unsupported`` for a microstrain that is refined beside them: rietx holds it.
    """
    base = f"phase.{phase['name']}"
    if f"{base}.microstrain" in ever_used(task):
        raise TaskError(
            "unsupported",
            f"{base}.microstrain: rietx holds it beside anisotropic strain, of which it is a special case; native and gsas2 "
            "refine both.",
        )
    basis = stephens_basis(group)
    leaders = {name: make_parameter(task, links, f"{base}.stephens.{name}", 0.0) for name in phase["stephens"]}
    columns = [S_NAMES.index(name) for name in leaders]
    native = np.linalg.pinv(basis[:, columns].T) @ [parameter.value for parameter in leaders.values()]
    followers = dict(zip(S_NAMES, native @ basis, strict=True))
    return StephensStrain(
        **{name: leaders.get(name, Parameter(value=float(value))) for name, value in followers.items()}
    )


def symmetry_of(structure: dict[str, Any]) -> tuple[str, list[str] | None]:
    """Return (symbol, operations) that give rietx exactly the task's operations.

    A tabulated setting is named by gemmi's extended symbol (origin choice and axes
    included); any other list of operations is passed as it is, with a bracketed label.
    """
    operations = [str(text) for text in structure["operations"]]
    group = gemmi.GroupOps([gemmi.Op(text) for text in operations])
    setting = gemmi.find_spacegroup_by_ops(group)
    if setting is not None:
        return str(setting.xhm()), None
    return f"{structure.get('hm') or 'P 1'} [given by its operations]", operations


def build_cell(task: dict[str, Any], links: dict[str, Link], base: str, cell: Iterable[float], group: Any) -> Any:
    """Return the rietx cell; parameters override the structure's values, symmetry rules the rest."""
    edges = {
        letter: make_parameter(task, links, f"{base}.cell.{letter}", float(value))
        for letter, value in zip(CELL_NAMES, cell, strict=True)
    }
    constraints = cell_constraints(group)
    for letter, source in constraints.ties.items():
        edges[letter] = Parameter(value=edges[source].value)
    for letter, angle in constraints.fixed_angles.items():
        edges[letter] = Parameter(value=float(angle))
    return Cell(**edges)


def build_atom(task: dict[str, Any], links: dict[str, Link], base: str, site: dict[str, Any]) -> Any:
    """Return one rietx atom, isotropic or with a fixed displacement tensor (U, Å²)."""
    name = f"{base}.site.{site['label']}"
    fields: dict[str, Any] = {
        letter: make_parameter(task, links, f"{name}.{letter}", float(value))
        for letter, value in zip(COORDINATES, site["xyz"], strict=True)
    }
    fields["occ"] = make_parameter(task, links, f"{name}.occupancy", float(site["occupancy"]))
    if site.get("u_aniso") is not None:
        fields["aniso"] = build_tensor(task, links, name, [float(u) for u in site["u_aniso"]])
    else:
        fields["biso"] = make_parameter(task, links, f"{name}.u_iso", u_start(task, name, site))
    return Atom(label=site["label"], species=species_of(task, site), **fields)


def build_tensor(task: dict[str, Any], links: dict[str, Link], name: str, values: list[float]) -> Any:
    """Return the displacement tensor of a site (U, Å²); a start value given as a parameter replaces the structure's."""
    components = {
        component: make_parameter(task, links, f"{name}.{component}", value)
        for component, value in zip(TENSOR, values, strict=True)
    }
    return AnisoU(**components)


def u_start(task: dict[str, Any], name: str, site: dict[str, Any]) -> float:
    """Return the start value of U (Å²) of an isotropic site."""
    given = site.get("u_iso")
    if task.get("mode", "rietveld") != "rietveld":
        return float(given or 0.0)
    if given is None and task["parameters"].get(f"{name}.u_iso", {}).get("value") is None:
        raise TaskError("bad_input", f"{name}.u_iso: no start value; give U (Å²) or a tensor.")
    return float(given or 0.0)


def species_of(task: dict[str, Any], site: dict[str, Any]) -> str:
    """Return rietx's scattering species: the ion for X-rays, the nuclide for neutrons."""
    if task["instrument"]["radiation"]["kind"] == "xray":
        return str(site.get("ion") or site["element"])
    isotope = str(site.get("isotope") or "")
    if isotope.isdigit():
        return f"{isotope}{site['element']}"
    return isotope or str(site["element"])


def form_factor_warnings(task: dict[str, Any]) -> list[str]:
    """Return one sentence per ion that rietx's table replaces by the neutral atom."""
    if task["instrument"]["radiation"]["kind"] != "xray":
        return []
    sites = (site for phase in task["phases"] for site in phase["structure"]["sites"])
    ions = sorted({str(site["ion"]) for site in sites if site.get("ion")})
    return [
        f"rietx has no form factor for {ion}; it used the neutral atom."
        for ion in ions
        if detect_fallback(ion) is not None
    ]


def build_instrument(task: dict[str, Any], links: dict[str, Link]) -> Any:
    """Return the rietx instrument: source, geometry, profile, zero and background."""

    def parameter(name: str) -> Any:
        return make_parameter(task, links, name, 0.0)

    n_terms = int(task["background"]["n_terms"])
    return Instrument(
        source=build_source(task["instrument"]),
        geometry=build_geometry(task, links, parameter),
        profile=ProfileTCHZ(**{k: parameter(f"pattern.profile.{k}") for k in "uvwxy"}),
        zero_shift=parameter("pattern.zero"),
        background=BackgroundChebyshev(coefficients=[parameter(f"pattern.background.c{k}") for k in range(n_terms)]),
        extra_components=[build_peak(task, links, name) for name in task.get("peaks", [])],
    )


def build_peak(task: dict[str, Any], links: dict[str, Link], name: str) -> Any:
    """Return an extra peak: one pseudo-Voigt function where it is seen, without images by further lines.

    rietx evaluates it in a window that the bounds of its position and width set, so both need bounds.
    """
    prefix = f"pattern.peak.{name}"
    width = value_of(task, f"{prefix}.fwhm", 1.0)
    reach = {"position": 2.0 * width, "fwhm": 0.5 * width, "area": math.inf, "eta": 0.0}
    quantities = {}
    for quantity, theirs in PEAK_QUANTITIES.items():
        parameter = make_parameter(task, links, f"{prefix}.{quantity}", 0.0)
        low, high = parameter.min, parameter.max
        if not math.isfinite(low) or not math.isfinite(high):
            low, high = parameter.value - reach[quantity], parameter.value + reach[quantity]
        quantities[theirs] = Parameter(value=parameter.value, min=low if quantity != "area" else 0.0, max=high)
    return PeakComponent(label=name, all_lines=False, **quantities)


def build_source(instrument: dict[str, Any]) -> Any:
    """Return the rietx source with all emission lines, or a neutron wavelength."""
    radiation = instrument["radiation"]
    lines = [(float(wavelength), float(weight)) for wavelength, weight in radiation["lines"]]
    if radiation["kind"] == "neutron_cw":
        if len(lines) > 1:
            raise TaskError("unsupported", "instrument.radiation.lines: one neutron wavelength only.")
        return NeutronSource(wavelength=Parameter(value=lines[0][0]))
    if radiation["kind"] != "xray":
        raise TaskError("unsupported", f"instrument.radiation.kind {radiation['kind']!r}.")
    return Source(
        lines=[
            EmissionLine(
                wavelength=Parameter(value=wavelength),
                weight=Parameter(value=weight / lines[0][1]),
            )
            for wavelength, weight in lines
        ],
        polarization=Parameter(value=polarization_fraction(instrument)),
        dispersion=Dispersion() if instrument.get("dispersion", True) else None,
    )


def polarization_fraction(instrument: dict[str, Any]) -> float:
    """Return rietx's K in P = K + (1 - K) cos²2θ.

    With a source fraction p (0.5 for a tube) and a crystal monochromator that passes the
    other component weakened by A = cos²2θ_m (Azároff, Acta Cryst. 8 (1955) 701),
    P ∝ p + (1 - p) A cos²2θ, so K = p / (p + (1 - p) A); a tube gives K = 1/(1 + A).
    """
    fraction = instrument.get("polarization")
    p = 0.5 if fraction is None else float(fraction)
    angle = instrument.get("monochromator_two_theta")
    a = 1.0 if angle is None else math.cos(math.radians(float(angle))) ** 2
    return p / (p + (1.0 - p) * a)


def build_geometry(task: dict[str, Any], links: dict[str, Link], parameter: Any) -> Any:
    """Return the rietx geometry; axial divergence is shared equally by sample and slit."""
    instrument = task["instrument"]
    if instrument["geometry"] not in KINDS:
        raise TaskError("unsupported", f"instrument.geometry {instrument['geometry']!r}.")
    radius = instrument.get("goniometer_radius_mm")
    if radius is None and instrument["geometry"] == "bragg-brentano":
        radius = UNUSED_RADIUS_MM
    axial = parameter("pattern.profile.axial")
    options: dict[str, Any] = {}
    if instrument["geometry"] == "bragg-brentano":
        options["sample_displacement"] = parameter("pattern.displacement")
        if "pattern.transparency" in links:
            options["sample_transparency"] = parameter("pattern.transparency")
        options["mu_t"] = task["parameters"].get("pattern.plate_mu_t", {}).get("value")
    else:
        options["mu_r"] = value_of(task, "pattern.absorption", 0.0)
    return Geometry(
        kind=KINDS[instrument["geometry"]],
        goniometer_radius_mm=radius,
        axial_sl=axial,
        axial_hl=axial.model_copy(),
        **options,
    )


def build_pattern(pattern: dict[str, Any]) -> Any:
    """Return the rietx pattern (degrees 2θ, counts, standard uncertainties)."""
    return PatternData(two_theta=pattern["two_theta"], intensity=pattern["intensity"], sigma=pattern["sigma"])
