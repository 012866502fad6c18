"""Write the reference tables of docs/reference from the code: job keys, parameters, result keys, JSON schema.

Run from the top of the repository: ``python tools/make_reference.py``. A test compares the files with a fresh run.
"""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from xtal.instrument import Instrument
from xtal.job import JobPhase, Parameter, Peak, job_json_schema
from xtal.job import schema as job_schema
from xtal.job.parameters import (
    DEFAULT_SIZE_NM,
    idle_pattern_parameters,
    idle_phase_parameters,
    model_parameters,
)
from xtal.lattice import Lattice
from xtal.pdf import job_schema as pdf_job_schema
from xtal.radiation import Radiation
from xtal.result import SCHEMA, Result, Value
from xtal.series import series_file
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup

__all__ = ["documented_result_keys", "reference_files"]

MADE = "<!-- Written by tools/make_reference.py from the code; change the code, not this page. -->\n"

TABLES = {
    "top level": job_schema.JobFile,
    "[pattern]": job_schema.PatternTable,
    "[pattern.instrument]": job_schema.InstrumentTable,
    "[[pattern.peak]]": job_schema.PeakTable,
    "[background]": job_schema.BackgroundTable,
    "[[phase]]": job_schema.PhaseTable,
    "[[stage]]": job_schema.StageTable,
    "[[tie]]": job_schema.TieTable,
    "[[restraint]]": job_schema.RestraintTable,
    "[parameters]": job_schema.ParameterTable,
    "[output]": job_schema.OutputTable,
    "[template]": job_schema.TemplateTable,
}
PDF_TABLES = {
    "top level": pdf_job_schema.PdfJobFile,
    "[[data]]": pdf_job_schema.DataTable,
    "[[phase]]": pdf_job_schema.PdfPhaseTable,
    "[[stage]]": job_schema.StageTable,
    "[[tie]]": job_schema.TieTable,
    "[parameters]": job_schema.ParameterTable,
    "[[bond]]": pdf_job_schema.BondTable,
    "[box_car]": pdf_job_schema.BoxCarTable,
    "[output]": pdf_job_schema.OutputTable,
}
SERIES_TABLES = {
    "top level": series_file.SeriesFile,
    "[patterns]": series_file.PatternsTable,
    "[axis]": series_file.AxisTable,
    "[shared]": series_file.SharedTable,
    "[[override]]": series_file.OverrideTable,
    "[override.parameters]": job_schema.ParameterTable,
    "[run]": series_file.RunTable,
    "[[transition]]": series_file.TransitionTable,
    "[[property]]": series_file.PropertyTable,
}
AFTER = {
    "[parameters]": 'One table per dotted name: `"phase.cubic.cell.a" = { start = 3.91, min = 3.8, max = 4.0 }`. It overrides what'
    " the phase says; names may hold wildcards.",
    "[[phase]]": "Names within a phase lack the `phase.NAME.` in front: `\"cell.a\" = [3.8, 4.0]`. A dotted name is quoted, or TOML"
    " takes it for a table.",
    "[[stage]]": "Wildcards: `*` any text, `?` one letter; a name means everything below it (`phase.cubic.cell`). Wildcards pass over"
    " the followers of ties and over what a phase's `refine` leaves out; a name written in full doesn't. Wildcards also keep atoms on one"
    " position together, hold one coordinate of a phase without a fixed origin, pass over the microstrain beside anisotropic strain, and free"
    " absorption, transparency, µt and Uij only where the last part of the name is written (`phase.*.site.*.u11`); see"
    " [models](../how-to/models.md).",
    "[[pattern.peak]]": "In a job with several `[[pattern]]` tables it belongs to the one above it.",
    "[pattern.instrument]": "Only where `instrument` is a table; else it is a preset's or a file's name.",
}  # fmt: skip

# Unit and meaning of every parameter; the names come from the model, so that none can be missing here.
VOCABULARY = {
    "pattern.zero": ("° 2θ", "Zero shift: observed = calculated + zero."),
    "pattern.displacement": (
        "mm",
        "How far the sample's surface lies below the axis (away from tube and detector), Bragg–Brentano: Δ2θ = −(2 s/R) cosθ in radians; positive lowers 2θ.",
    ),
    "pattern.background.c0": (
        "counts",
        "Coefficients c0, c1, … of Chebyshev polynomials of the first kind over the fitted range.",
    ),
    "pattern.profile.u": ("deg²", "Gaussian variance σ² = u tan²θ + v tanθ + w; FWHM² = 8 ln 2 σ²."),
    "pattern.profile.v": ("deg²", "See u."),
    "pattern.profile.w": ("deg²", "See u."),
    "pattern.profile.x": ("°", "Lorentzian FWHM = x/cosθ + y tanθ."),
    "pattern.profile.y": ("°", "See x."),
    "pattern.profile.axial": ("–", "Axial divergence (S + H)/L of Finger, Cox and Jephcoat."),
    "pattern.peak.NAME.position": ("° 2θ or µs", "Extra peak or hump; its table gives its start."),
    "pattern.peak.NAME.area": ("counts·° or counts·µs", "Its area; no scale multiplies it."),
    "pattern.peak.NAME.fwhm": ("° or µs", "Its full width at half maximum."),
    "pattern.peak.NAME.eta": ("–", "Pseudo-Voigt mixing: 0 Gaussian, 1 Lorentzian."),
    "phase.P.scale": (
        "engine's",
        "Scale factor; relative. A start of 1 lets the engine choose one from the pattern.",
    ),
    "phase.P.cell.a": ("Å", "Only what symmetry leaves independent exists: a, b, c, alpha, beta, gamma."),
    "phase.P.cell.b": ("Å", "See a."),
    "phase.P.cell.c": ("Å", "See a."),
    "phase.P.cell.alpha": ("°", "See a."),
    "phase.P.cell.beta": ("°", "See a."),
    "phase.P.cell.gamma": ("°", "See a."),
    "phase.P.crystallite_size_nm": (
        "nm",
        f"Apparent size L: Lorentzian FWHM = λ/(L cosθ) in radians. Starts at {DEFAULT_SIZE_NM:g} nm when a stage frees it; else there is no broadening.",
    ),
    "phase.P.microstrain": ("–", "Lorentzian FWHM = microstrain · tanθ in radians; Δd/d is half of it."),
    "phase.P.crystallite_size_axial_nm": (
        "nm",
        "Size along size_axis; crystallite_size_nm is then that across it: 1/L(φ) = √((cosφ/L_axial)² + (sinφ/L_equatorial)²).",
    ),
    "phase.P.stephens.s400": (
        "10⁻⁶ Å⁻⁴",
        "Anisotropic microstrain √(Σ S_HKL hᴴkᴷlᴸ)·d², added to microstrain. Only the terms that the Laue class leaves independent exist. All zero and"
        " freed, they start as an isotropic microstrain: the phase's own, which goes to 0, or 10⁻³.",
    ),
    "phase.P.texture.c2_1": (
        "–",
        "Coefficient of the n-th symmetrised harmonic of order l, c⟨l⟩_⟨n⟩; intensity factor 1 + Σ c k. Only what the Laue class allows exists.",
    ),
    "phase.P.texture.r": ("–", "March–Dollase r on the phase's texture_axis; 1 is no texture."),
    "phase.P.site.L.x": ("–", "Fractional coordinate; only what the site's symmetry leaves free exists."),
    "phase.P.site.L.y": ("–", "See x."),
    "phase.P.site.L.z": ("–", "See x."),
    "phase.P.site.L.occupancy": ("–", "Share of the position that the atom fills."),
    "phase.P.site.L.u_iso": ("Å²", "Isotropic displacement U = B/8π²; not on anisotropic sites."),
    "phase.P.site.L.u11": (
        "Å²",
        "Displacement tensor of an anisotropic site as in CIF, also u22, u33, u12, u13, u23: what the site's symmetry leaves independent.",
    ),
    "pattern.absorption": ("–", "µR of a capillary (debye-scherrer)."),
    "pattern.transparency": (
        "mm",
        "1/µ_eff of a flat plate (bragg-brentano): Δ2θ = −(transparency/2R) sin2θ in radians; positive lowers 2θ.",
    ),
    "pattern.plate_mu_t": (
        "–",
        "µt of a thin flat plate (bragg-brentano): factor 1 − exp(−2µt/sinθ); absent: infinitely thick.",
    ),
}

JOINT = """
## Several patterns

With several `[[pattern]]` tables `pattern.` becomes `pattern.NAME.`. Every pattern but the first has three kinds of parameters more.

| name | unit | default bounds | meaning |
| --- | --- | --- | --- |
| `pattern.NAME.scale` | – | from 0 | Intensity per unit of the phases' scales, which are those of the first pattern. |
| `pattern.NAME.strain.P.a` | – | -0.05 to 0.05 | There the axis is longer by this fraction; also b and c, as far as symmetry leaves them free. |
| `pattern.NAME.share.P` | – | from 0 | Multiplies the scale of a phase there; not of the first phase. |
"""
TIME_OF_FLIGHT = """
## Time of flight

Instead of the parameters of an instrument at constant wavelength: t = dif_c d + dif_a d² + dif_b/d + zero, in µs with d in Å. The peak is a pair of
back-to-back exponentials, rise alpha/d (+ alpha_0, which FullProf has and GSAS-II lacks; only banks that state it have the parameter) and decay beta_0 + beta_1/d⁴ + beta_q/d² in µs⁻¹, convoluted with a pseudo-Voigt function of the Gaussian variance
sig_0 + sig_1 d² + sig_2 d⁴ + sig_q d in µs² and the Lorentzian FWHM x d + y d² + z in µs. A crystallite size L adds dif_c d²/L to the latter, a
microstrain ε dif_c d ε/2: both mean what they mean at constant wavelength. `absorption` is µR per Å of wavelength, of a cylinder.

| name | unit | default bounds |
| --- | --- | --- |
| `pattern.zero` | µs | none |
| `pattern.dif_c` | µs/Å | start ± 5 % |
| `pattern.dif_a`, `pattern.dif_b` | µs/Å², µs·Å | none |
| `pattern.absorption` | Å⁻¹ | 0 to 10 |
| `pattern.profile.alpha`, `beta_0`, `beta_1`, `beta_q`, `sig_0`, `sig_1`, `sig_2`, `sig_q`, `x`, `y`, `z` | as above | none |
"""

PATTERN_KEYS = {
    "source": ("str", "Name of the file."),
    "synthetic": ("bool", "Whether the pattern was simulated."),
    "axis": ("str", '`"two_theta"`, or `"tof"`.'),
    "range": ("two numbers", "First and last point fitted, degrees 2θ or µs."),
    "n_points": ("int", "Points fitted."),
    "sigma_origin": ("str", 'Where the uncertainties come from: `"file"` or `"poisson"`.'),
    "instrument": ("str", "Name of the instrument."),
    "calibrated": ("bool", "Whether its profile was measured on a standard."),
    "wavelength": ("float or null", "Å, of the first line; null at time of flight."),
    "radiation": ("str", '`"xray"`, `"neutron_cw"` or `"neutron_tof"`.'),
    "lines": ("list of two numbers", "Wavelength in Å and relative weight of every line; empty at time of flight."),
    "bank_two_theta": ("float or null", "Angle of a time-of-flight bank, degrees."),
    "notes": ("list of str", "What was assumed or held."),
}
PROVENANCE_KEYS = {
    "inputs.FILE": (
        "str",
        "sha256 of every file read, by its name; with its folder or a number where two files share one.",
    ),
    "versions.PACKAGE": ("str", "Versions of xtal, Python and what the numbers depend on."),
    "command": ("str", "Command line, without folders."),
    "seed": ("int or null", "From the job."),
    "created": ("str", "Time, UTC."),
    "seconds": ("float", "Wall-clock time of the fit, and of the second one where weak phases were held."),
}
ENGINE_KEYS = {"name": ("str", '`"rietx"`, `"gsas2"` or `"native"`.'), "version": ("str", "Its version.")}
NOT_IN_JSON = {"profile", "reflections", "structures", "files", "log"}


def reference_files() -> dict[str, str]:
    """Content of every generated file by its name in docs/reference."""
    return {
        "job-keys.md": _job_keys(),
        "parameters.md": _parameters(),
        "result-keys.md": _result_keys(),
        "job.schema.json": json.dumps(job_json_schema(), indent=2, ensure_ascii=False) + "\n",
        "pdf-job-keys.md": _pdf_job_keys(),
        "series-keys.md": _series_keys(),
        "series.schema.json": json.dumps(series_file.series_json_schema(), indent=2, ensure_ascii=False) + "\n",
        "pdf-job.schema.json": json.dumps(pdf_job_schema.pdf_job_json_schema(), indent=2, ensure_ascii=False) + "\n",
    }


# -- job keys ---------------------------------------------------------------------------


def _job_keys() -> str:
    head = (
        "# Keys of a job file\n\n"
        + MADE
        + "\nA job is a TOML file, schema `xtal-job/1`; its [JSON schema](job.schema.json) is"
        " published. Units: Å, degrees 2θ, deg² for Gaussian\nvariances, nm for sizes, mm for displacements, Å² for U."
        " Dotted names are listed under [parameters](parameters.md). Unknown keys are errors.\n"
    )
    return head + "".join(_table_of(title, model) for title, model in TABLES.items())


def _pdf_job_keys() -> str:
    head = (
        "# Keys of a PDF job file\n\n"
        + MADE
        + "\nA PDF job is a TOML file, schema `xtal-pdf-job/1`; its [JSON schema](pdf-job.schema.json) is"
        " published. Units: Å, Å⁻¹ for Q,\nÅ² for U and δ₂, degrees for angles. Its parameters are listed under"
        " [fit](../how-to/pdf.md#fit). Unknown keys are errors.\n"
    )
    return head + "".join(_table_of(title, model) for title, model in PDF_TABLES.items())


def _series_keys() -> str:
    head = (
        "# Keys of a series file\n\n"
        + MADE
        + "\nA series is a TOML file, schema `xtal-series/1`; its [JSON schema](series.schema.json) is published. It names a"
        " [job](job-keys.md), or\na template, and the patterns to refine with it: see [run a series](../how-to/run-a-series.md)."
        " Unknown keys are errors.\n"
    )
    return head + "".join(_table_of(title, model) for title, model in SERIES_TABLES.items())


def _table_of(title: str, model: type[BaseModel]) -> str:
    text = (getdoc(model) or "").strip()
    rows = [_key_row(name, info) for name, info in model.model_fields.items()]
    after = f"\n{AFTER[title]}\n" if title in AFTER else ""
    heading = title if title == "top level" else f"`{title}`"
    return f"\n## {heading}\n\n{text}\n\n" + _markdown(("key", "type", "default", "meaning"), rows) + after


def _key_row(name: str, info: FieldInfo) -> tuple[str, ...]:
    if not info.description:
        raise ValueError(f"job key {name!r} has no description")
    kind = _type_name(info.annotation) + _limits(info.metadata)
    return f"`{info.alias or name}`", kind, _default(info), info.description


def _limits(constraints: list[Any]) -> str:
    """Limits of a number in words."""
    words = {"ge": "from", "gt": "above", "le": "to"}
    found = [
        f"{word} {getattr(item, key):g}" for item in constraints for key, word in words.items() if hasattr(item, key)
    ]
    return f", {' '.join(found)}" if found else ""


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.default
    if value is PydanticUndefined or value is None or value == "":
        return "–"
    return f"`{json.dumps(value)}`"


def _type_name(annotation: Any) -> str:
    """A type in a reader's words."""
    plain = {str: "text", float: "number", int: "integer", bool: "true or false", types.NoneType: "nothing"}
    if annotation in plain:
        return plain[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        lengths = [
            item.min_length
            for part in inner[1:]
            for item in getattr(part, "metadata", ())
            if hasattr(item, "min_length") and item.min_length > 1
        ]
        return _type_name(inner[0]).replace("list of ", f"list of {lengths[0]} " if lengths else "list of ")
    if origin is Literal:
        return " or ".join(f"`{json.dumps(choice)}`" for choice in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(part) for part in inner if part is not types.NoneType)
    if origin is list:
        return f"list of {_plural(_type_name(inner[0]))}"
    if origin is dict:
        return f"table of {_plural(_type_name(inner[1]))}"
    return _type_name(inner[0]) if inner else str(annotation)


def _plural(name: str) -> str:
    nouns = {"text": "texts", "number": "numbers", "integer": "integers", "table": "tables"}
    return nouns.get(name, re.sub(r"^list of", "lists of", name))


# -- parameters -------------------------------------------------------------------------


def _parameters() -> str:
    """Vocabulary with the default starts and bounds that a model really has."""
    skipped = r"background\.c[1-9]|texture\.c(?!2_1)|stephens\.(?!s400)|\.u(22|33|12|13|23)$"
    model = {name: item for name, item in _model().items() if not re.search(skipped, name)}
    if set(model) != set(VOCABULARY):
        raise ValueError(f"parameters without or beyond a description: {sorted(set(model) ^ set(VOCABULARY))}")
    rows = [(f"`{name}`", VOCABULARY[name][0], _bounds(name, model[name]), VOCABULARY[name][1]) for name in model]
    head = (
        "# Dotted parameters\n\n"
        + MADE
        + "\nOne vocabulary for all engines, in jobs and results. `P` stands for a phase's name, `L`"
        " for a site's label. Starts and bounds are set in a\njob ([keys](job-keys.md)); these are the default bounds.\n\n"
    )
    tail = (
        "\nA bound relative to the start moves with a start that the job gives; the others, and every bound of the job's own,"
        " stay where they are.\n`pattern.displacement` exists on Bragg–Brentano instruments, `phase.P.texture.r` on phases"
        " with a `texture_axis`, and so on: [models](../how-to/models.md) says\nwhat brings each. Absorption, transparency, µt and Uij are part"
        " of a job only when it names them.\n" + JOINT + TIME_OF_FLIGHT
    )
    return head + _markdown(("name", "unit", "default bounds", "meaning"), rows) + tail


def _model() -> dict[str, Parameter]:
    """Parameters of a triclinic phase with one site and of both geometries, which have all there are."""
    cell, site = Lattice(5.0, 6.0, 7.0, 80.0, 95.0, 103.0), Site("L", "O", (0.1, 0.2, 0.3), u_iso=0.01)
    structure = Structure("P", cell, SpaceGroup.from_symbol("P 1"), (site,))
    instrument = Instrument(name="any", radiation=Radiation.from_name("CuKa"), goniometer_radius=200.0)
    terms = ((2, 1), (2, 2))
    phase = JobPhase("P", structure, (0, 0, 1), anisotropic_strain=True, size_axis=(0, 0, 1), harmonics=terms)
    idle = idle_pattern_parameters(replace(instrument, geometry="debye-scherrer")) | idle_pattern_parameters(instrument)
    tensor = replace(site, u_iso=None, u_aniso=(0.01, 0.01, 0.01, 0.0, 0.0, 0.0))
    of_site = idle_phase_parameters(JobPhase("P", structure.with_sites([tensor])))
    peak = Peak("NAME", 20.0, 100.0, 1.0)
    return model_parameters([phase], instrument, 2, [peak]) | {f"phase.P.{k}": v for k, v in of_site.items()} | idle


def _bounds(name: str, item: Parameter) -> str:
    last = name.rsplit(".", 1)[-1]
    if ".cell." in name and last in "abc":
        return f"start ± {100 * (item.max or 0) / item.start - 100:.0f} %"
    if ".cell." in name or (last in "xyz" and ".site." in name):
        return f"start ± {(item.max or 0) - item.start:g}{'°' if '.cell.' in name else ''}"
    if item.min is None and item.max is None:
        return "none"
    if last in ("position", "fwhm"):
        return "start ± 2 fwhm" if last == "position" else "start / 20 to start × 20"
    low = "" if item.min is None else f"{item.min:g}"
    return f"{low} to {item.max:g}" if item.max is not None else f"from {low}"


# -- result keys ------------------------------------------------------------------------


def documented_result_keys() -> dict[str, tuple[str, str]]:
    """Every path in result.json with its type and meaning; NAME, FILE … stand for names, [] for the items of a list."""
    keys: dict[str, tuple[str, str]] = {"schema": ("str", f'`"{SCHEMA}"`.')}
    given = {"pattern": PATTERN_KEYS, "provenance": PROVENANCE_KEYS, "engine": ENGINE_KEYS}
    for path, kind, meaning in _paths(Result, ""):
        top = path.split(".")[0].removesuffix("[]")
        if top in given:
            keys |= {f"{top}.{name}": entry for name, entry in given[top].items()}
        elif top not in NOT_IN_JSON:
            keys[path] = (kind, meaning)
    return keys


def _paths(thing: type, prefix: str) -> Iterator[tuple[str, str, str]]:
    described, hints = _described(thing), get_type_hints(thing)
    for field in fields(thing):
        if prefix in ("", "patterns.NAME.") and field.name in NOT_IN_JSON:
            continue
        path, kind = f"{prefix}{field.name}", hints[field.name]
        inner, suffix = _inner(kind)
        if inner is Value:
            yield path + suffix, "value", described[field.name][1]
        elif is_dataclass(inner) and isinstance(inner, type):
            yield from _paths(inner, f"{path}{suffix}.")
        else:
            yield path + suffix, *described[field.name]


def _inner(kind: Any) -> tuple[Any, str]:
    """What a mapping, a list or an optional holds, and how a path says so."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _inner(next(part for part in inner if part is not types.NoneType))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return inner[1], ".NAME"
    if origin is tuple and is_dataclass(inner[0]):
        return inner[0], "[]"
    return kind, ""


def _described(thing: type) -> dict[str, tuple[str, str]]:
    """Type and meaning of every field from the numpydoc section of a dataclass."""
    _, _, section = (getdoc(thing) or "").partition("Parameters\n----------\n")
    found: dict[str, tuple[str, str]] = {}
    for match in re.finditer(r"^(\w[^\n]*)\n((?:    [^\n]*\n?)+)", section, re.MULTILINE):
        names, _, kind = match[1].partition(" : ")
        meaning = " ".join(match[2].split())
        found |= {name.strip(): (kind, meaning) for name in names.split(",")}
    missing = [field.name for field in fields(thing) if field.name not in found]
    if missing:
        raise ValueError(f"{thing.__name__} has no description of {missing} in its docstring")
    return found


def _result_keys() -> str:
    keys = documented_result_keys()
    sections: dict[str, list[tuple[str, ...]]] = {}
    for path, (kind, meaning) in keys.items():
        top = re.split(r"[.\[]", path)[0]
        sections.setdefault(top if top != path else "top level", []).append(
            (f"`{path}`", _json_type(kind), _json_words(meaning))
        )
    head = (
        "# Keys of result.json\n\n"
        + MADE
        + f"\nSchema `{SCHEMA}`. `NAME` stands for a phase's, a group's or a parameter's name, `[]` for"
        " each item of a list. Fractions are fractions,\nnot percent. A *value* is an object with `value`, `esd` and `reason`:"
        " the number, its standard uncertainty with the factor GOF in it,\nand why one of them is null. No esd is given where no"
        " covariance stands behind it. Numbers that aren't finite are null. Keys that were\nnot asked for may be absent"
        " (`mass_factor`, `defence`, `bootstrap`); `patterns` is there when several patterns were refined together.\n"
    )
    return head + "".join(
        f"\n## {title if title == 'top level' else f'`{title}`'}\n\n" + _markdown(("key", "type", "meaning"), rows)
        for title, rows in sections.items()
    )


def _json_type(kind: str) -> str:
    words = kind.replace("tuple of", "list of").replace("None", "null")
    return words.replace("{", "").replace("}", "") or "list"


def _json_words(meaning: str) -> str:
    """Python's words in JSON's, and one kind of code marks."""
    return re.sub(r"\bNone\b", "null", meaning.replace("``", "`"))


def _markdown(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main(folder: Path) -> None:
    """Write every reference file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in reference_files().items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs" / "reference")
