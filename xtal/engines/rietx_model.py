"""Turn a refinement task (engine contract, xtal units) into rietx objects.

Unit conversions, all in one place (:func:`known_links`):

=====================================  =========================================  =======================
xtal parameter                         rietx parameter                            rietx value
=====================================  =========================================  =======================
``pattern.profile.u|v|w`` (variance)   ``instrument.profile.u|v|w`` (FWHM²)       8 ln 2 × value
``pattern.profile.x|y``                ``instrument.profile.x|y``                 value (x: 1/cosθ, y: tanθ)
``pattern.profile.axial`` (S/L + H/L)  ``instrument.geometry.axial_sl`` = ``_hl``  value / 2
``phase.P.crystallite_size_nm``        ``phases.i.lor_size`` (deg, 1/cosθ)        (180/π) λ / L
``phase.P.microstrain``                ``phases.i.lor_strain`` (deg, tanθ)        (180/π) × value
``phase.P.site.S.u_iso``               ``phases.i.atoms.j.biso``                  8π² × value
everything else                        same quantity                              value
=====================================  =========================================  =======================

Written for rietx 1.10, whose parameter table, compiled model and least-squares
driver are used directly: its staged plans hold and release parameters on their
own judgement, and a job's stage promises to free exactly what it lists.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import gemmi
import numpy as np
from pydantic import ValidationError
from rietx.crystallography.scattering import detect_fallback
from rietx.crystallography.symmetry import cell_constraints, resolve_group
from rietx.crystallography.wyckoff import coordinate_basis, stabilizer_rotations
from rietx.params.vector import AffineTie, ParameterTable
from rietx.schemas import (
    AnisoU,
    Atom,
    Cell,
    Instrument,
    Parameter,
    PatternData,
    Phase,
    PreferredOrientation,
    Structure,
)
from rietx.schemas.instrument import (
    BackgroundChebyshev,
    Dispersion,
    EmissionLine,
    Geometry,
    NeutronSource,
    ProfileTCHZ,
    Source,
)

CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")
COORDINATES = ("x", "y", "z")

GAUSSIAN_VARIANCE_TO_FWHM_SQUARED = 8.0 * math.log(2.0)
B_OVER_U = 8.0 * math.pi**2
DEGREES_PER_RADIAN = 180.0 / math.pi

LARGEST_SIZE_NM = 1.0e4
"""Upper bound of a refined crystallite size (nm): 10 µm, beyond any laboratory or synchrotron resolution."""

SMALLEST_GAUSSIAN_FWHM_SQUARED = 1.0e-8
"""rietx clamps the Gaussian FWHM² (deg²) here, so W = 0 starts on the clamp."""

UNUSED_RADIUS_MM = 200.0
"""Radius given to rietx when none is needed: it only divides a displacement of zero."""


class TaskError(Exception):
    """A task this worker refuses or a fit that failed.

    Parameters
    ----------
    kind
        ``"unsupported"``, ``"bad_input"`` or ``"diverged"`` (engine contract).
    message
        What was found, where, and what to do.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


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


@dataclass
class Problem:
    """One refinement, ready to run: rietx objects and the way back to xtal names."""

    task: dict[str, Any]
    structure: Any
    instrument: Any
    pattern: Any
    table: Any
    links: dict[str, Link]
    followers: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def phase_names(self) -> list[str]:
        """Names of the phases in the task's order."""
        return [phase["name"] for phase in self.task["phases"]]


def build_problem(task: dict[str, Any]) -> Problem:
    """Translate a whole task.

    Raises
    ------
    TaskError
        ``unsupported`` for anything rietx cannot express, by its dotted name;
        ``bad_input`` for values that contradict each other.
    """
    links = known_links(task)
    check_task(task, links)
    try:
        structure = Structure(phases=build_phases(task, links))
        instrument = build_instrument(task, links)
        pattern = build_pattern(task["pattern"])
        table = ParameterTable(structure, instrument)
    except (ValidationError, ValueError, KeyError) as error:
        raise TaskError("bad_input", f"rietx refuses the model: {error}") from error
    problem = Problem(task, structure, instrument, pattern, table, links)
    release_coordinates(problem)
    apply_ties(problem)
    table.set_vary(["*"], False)
    problem.warnings += form_factor_warnings(task)
    return problem


# -- names and units -------------------------------------------------------------------


def known_links(task: dict[str, Any]) -> dict[str, Link]:
    """Return every dotted name this worker understands for `task`, with its conversion."""
    links = pattern_links(int(task["background"]["n_terms"]))
    wavelength = float(task["instrument"]["radiation"]["lines"][0][0])
    for index, phase in enumerate(task["phases"]):
        links |= phase_links(f"phase.{phase['name']}", f"phases.{index}", phase, wavelength)
    return links


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
    """Return the links of one site; an anisotropic site has no ``u_iso``."""
    links = {f"{name}.{letter}": Link(f"{base}.{letter}") for letter in COORDINATES}
    links[f"{name}.occupancy"] = Link(f"{base}.occ")
    if site.get("u_aniso") is None:
        links[f"{name}.u_iso"] = Link(f"{base}.biso", B_OVER_U)
    return links


def check_task(task: dict[str, Any], links: dict[str, Link]) -> None:
    """Refuse, by name, what this worker or rietx cannot express."""
    if task.get("mode", "rietveld") != "rietveld":
        raise TaskError("unsupported", f"mode {task['mode']!r}: this worker runs mode 'rietveld' only.")
    if task["background"]["kind"] != "chebyshev":
        raise TaskError("unsupported", f"background.kind {task['background']['kind']!r}: use 'chebyshev'.")
    used = ever_used(task)
    for name in sorted(used | task["parameters"].keys()):
        if name not in links and (name in used or not is_neutral(name, task["parameters"][name]["value"])):
            raise TaskError("unsupported", f"{name}: rietx has no such parameter in this model.")
        if name not in task["parameters"]:
            raise TaskError("bad_input", f"{name}: freed or tied, but it has no start value.")
    check_displacement(task, used)


def is_neutral(name: str, value: float | None) -> bool:
    """Tell whether an unknown parameter has the value that leaves the model unchanged."""
    return value is None or value == (1.0 if name.endswith("texture.r") else 0.0)


def ever_used(task: dict[str, Any]) -> set[str]:
    """Return the names that some stage frees or some tie mentions."""
    names = {name for stage in task["stages"] for name in stage["free"]}
    for tie in task.get("ties", []):
        names |= {tie["target"], *(name for _, name in tie["terms"])}
    return names


def check_displacement(task: dict[str, Any], used: set[str]) -> None:
    """Refuse a sample displacement where rietx has no formula or no radius for it."""
    name = "pattern.displacement"
    if name not in used and value_of(task, name, 0.0) == 0.0:
        return
    if task["instrument"]["geometry"] != "bragg-brentano":
        raise TaskError("unsupported", f"{name}: only defined for bragg-brentano geometry; refine pattern.zero.")
    if not task["instrument"].get("goniometer_radius_mm"):
        raise TaskError("bad_input", f"{name}: needs instrument.goniometer_radius_mm.")


def value_of(task: dict[str, Any], name: str, default: float) -> float:
    """Return the start value of a parameter, or `default` when it is absent or null."""
    value = task["parameters"].get(name, {}).get("value")
    return default if value is None else float(value)


def make_parameter(task: dict[str, Any], links: dict[str, Link], name: str, default: float) -> Any:
    """Return the rietx Parameter of a dotted name: start value and bounds converted.

    Bounds the task leaves null are rietx's own for that quantity (for example zero
    for a scale or a width).
    """
    spec = task["parameters"].get(name, {})
    link = links[name]
    value = value_of(task, name, default)
    low, high = native_bounds(link, spec, value)
    native = native_start(link, value)
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
    largest = max(LARGEST_SIZE_NM, value) if high is None else float(high)
    lowest = 0.0 if not math.isfinite(largest) else link.to_native(largest)
    return lowest, (link.to_native(float(low)) if low else None)


# -- phases ----------------------------------------------------------------------------


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
        fields["aniso"] = AnisoU.from_values([float(u) for u in site["u_aniso"]])
    else:
        fields["biso"] = make_parameter(task, links, f"{name}.u_iso", u_start(task, name, site))
    return Atom(label=site["label"], species=species_of(task, site), **fields)


def u_start(task: dict[str, Any], name: str, site: dict[str, Any]) -> float:
    """Return the start value of U (Å²) of an isotropic site."""
    given = site.get("u_iso")
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


# -- instrument and pattern ------------------------------------------------------------


def build_instrument(task: dict[str, Any], links: dict[str, Link]) -> Any:
    """Return the rietx instrument: source, geometry, profile, zero and background."""

    def parameter(name: str) -> Any:
        return make_parameter(task, links, name, 0.0)

    n_terms = int(task["background"]["n_terms"])
    return Instrument(
        source=build_source(task["instrument"]),
        geometry=build_geometry(task, parameter),
        profile=ProfileTCHZ(**{k: parameter(f"pattern.profile.{k}") for k in "uvwxy"}),
        zero_shift=parameter("pattern.zero"),
        background=BackgroundChebyshev(coefficients=[parameter(f"pattern.background.c{k}") for k in range(n_terms)]),
    )


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


def build_geometry(task: dict[str, Any], parameter: Any) -> Any:
    """Return the rietx geometry; axial divergence is shared equally by sample and slit."""
    instrument = task["instrument"]
    kinds = {"bragg-brentano": "bragg_brentano", "debye-scherrer": "debye_scherrer"}
    if instrument["geometry"] not in kinds:
        raise TaskError("unsupported", f"instrument.geometry {instrument['geometry']!r}.")
    radius = instrument.get("goniometer_radius_mm")
    if radius is None and instrument["geometry"] == "bragg-brentano":
        radius = UNUSED_RADIUS_MM
    axial = parameter("pattern.profile.axial")
    options = {}
    if instrument["geometry"] == "bragg-brentano":
        options["sample_displacement"] = parameter("pattern.displacement")
    return Geometry(
        kind=kinds[instrument["geometry"]],
        goniometer_radius_mm=radius,
        axial_sl=axial,
        axial_hl=axial.model_copy(),
        **options,
    )


def build_pattern(pattern: dict[str, Any]) -> Any:
    """Return the rietx pattern (degrees 2θ, counts, standard uncertainties)."""
    return PatternData(two_theta=pattern["two_theta"], intensity=pattern["intensity"], sigma=pattern["sigma"])


# -- freedom ---------------------------------------------------------------------------


def release_coordinates(problem: Problem) -> None:
    """Let x, y and z of the sites in use vary under their own names.

    rietx refines displacements along symmetry directions; the job names coordinates and
    carries its own site-symmetry ties, which :func:`check_site_symmetry` verifies.
    """
    table = problem.table
    used = ever_used(problem.task)
    for path in sorted(problem.links[name].path for name in used if name.rsplit(".", 1)[-1] in "xyz"):
        if ".atoms." not in path:
            continue
        for letter in COORDINATES:
            entry = entry_of(table, f"{path.rsplit('.', 1)[0]}.{letter}")
            if entry.tie is not None:
                table.set_tie(entry.path, None)


def entry_of(table: Any, path: str) -> Any:
    """Return the parameter-table row of a rietx path."""
    return next(entry for entry in table.entries if entry.path == path)


def apply_ties(problem: Problem) -> None:
    """Declare the job's ties and the equal axial apertures in rietx's parameter table."""
    problem.table.set_tie("instrument.geometry.axial_hl", AffineTie.identity("instrument.geometry.axial_sl"))
    for tie in problem.task.get("ties", []):
        target = problem.links[tie["target"]]
        try:
            problem.table.set_tie(target.path, native_tie(problem.links, tie))
        except ValueError as error:
            raise TaskError("bad_input", f"{tie['target']}: tie refused, {error}") from error
        problem.followers[tie["target"]] = ", ".join(name for _, name in tie["terms"])


def native_tie(links: dict[str, Link], tie: dict[str, Any]) -> Any:
    """Return a tie in rietx's units; a size may only be a multiple of another size."""
    target = links[tie["target"]]
    terms = [(float(coef), links[name]) for coef, name in tie["terms"]]
    constant = float(tie.get("constant", 0.0))
    if not any(link.inverse for link in (target, *(link for _, link in terms))):
        scaled = tuple((link.path, coef * target.factor / link.factor) for coef, link in terms)
        return AffineTie(terms=scaled, const=constant * target.factor)
    if len(terms) == 1 and target.inverse and terms[0][1].inverse and constant == 0.0:
        coef, link = terms[0]
        return AffineTie(terms=((link.path, target.factor / (coef * link.factor)),))
    raise TaskError(
        "unsupported",
        f"{tie['target']}: a crystallite size can only be tied to a multiple of one other size.",
    )


def free_exactly(problem: Problem, names: Iterable[str]) -> None:
    """Free the listed parameters and hold every other one.

    Raises
    ------
    TaskError
        ``bad_input`` when symmetry or a tie fixes a listed parameter.
    """
    table = problem.table
    wanted = {problem.links[name].path: name for name in names}
    table.set_vary(["*"], False)
    freed = set(table.set_vary(list(wanted), True)) if wanted else set()
    refused = sorted(name for path, name in wanted.items() if path not in freed)
    if refused:
        raise TaskError("bad_input", f"{', '.join(refused)}: fixed by symmetry or tied, so it cannot be refined.")
    for index, phase in enumerate(problem.structure.phases):
        check_site_symmetry(problem, index, phase)


def check_site_symmetry(problem: Problem, index: int, phase: Any) -> None:
    """Refuse a free set that moves an atom off its special position."""
    table = problem.table
    matrix = table.constraint_block()[0]
    group = resolve_group(phase.space_group, phase.symmetry_operations)
    for j, atom in enumerate(phase.atoms):
        base = f"phases.{index}.atoms.{j}"
        moves = np.asarray(matrix[[table._paths[f"{base}.{c}"] for c in COORDINATES], :].todense())
        moves = moves[:, np.any(moves != 0.0, axis=0)]
        if moves.size == 0:
            continue
        xyz = np.array([getattr(atom, c).value for c in COORDINATES])
        allowed = np.asarray(coordinate_basis(stabilizer_rotations(group, xyz)), dtype=float)
        basis = allowed.reshape(-1, 3).T
        fitted = basis @ np.linalg.lstsq(basis, moves, rcond=None)[0] if basis.size else 0.0 * moves
        if not np.allclose(fitted, moves, atol=1e-6):
            raise TaskError(
                "bad_input",
                f"phase.{phase.name}.site.{atom.label}: the free coordinates leave the special "
                "position; tie them as the site symmetry asks.",
            )
