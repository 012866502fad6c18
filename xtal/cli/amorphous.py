"""``xtal amorphous``: amorphous content from a refined pattern, by every method that the data allow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, OutputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..result import ProfileCurves, Result, Value
    from ..rietveld.amorphous import Estimate, HumpCalibration
    from ..rietveld.covariance import Covariance

__all__ = ["amorphous"]

SCHEMA, HUMP_SCHEMA = "xtal-amorphous/1", "xtal-hump/1"
_MOST_ROUNDS = 100


def amorphous(
    result: Annotated[Path, typer.Argument(metavar="RESULT_DIR", help="Folder of a refinement.")],
    internal: Annotated[str | None, typer.Option("--internal", metavar="PHASE=SHARE", help="Weighed standard in the mixture: al2o3=0.20 or al2o3=0.200(2).")] = None,
    crystallinity: Annotated[str, typer.Option("--crystallinity", help="Crystalline share of the internal standard: 0.98 or 0.98(2).")] = "1",
    external: Annotated[Path | None, typer.Option("--external", metavar="RESULT_DIR", help="Refinement of the pure standard, measured under the same conditions.")] = None,
    external_crystallinity: Annotated[str, typer.Option("--external-crystallinity", help="Of the external standard.")] = "1",
    absorption_ratio: Annotated[str | None, typer.Option("--absorption-ratio", help="Mass absorption of the sample over the standard's; by default from the refined phases.")] = None,
    glass_like: Annotated[str | None, typer.Option("--glass-like", metavar="NAME|CIF", help="What the amorphous part absorbs like; by default the refined phases on average.")] = None,
    exposure_ratio: Annotated[float, typer.Option("--exposure-ratio", min=1e-9, help="Time × beam of the sample's measurement over the standard's.")] = 1.0,
    halo: Annotated[str | None, typer.Option("--halo", metavar="2THETA,FWHM|FILE", help="Halo as a Gaussian (degrees), or the pattern of the pure glass.")] = None,
    halo_terms: Annotated[int, typer.Option("--halo-terms", min=1, max=20, help="Chebyshev terms of the background beside the halo.")] = 4,
    calibration: Annotated[Path | None, typer.Option("--calibration", metavar="FILE", help="Halo calibrated earlier.")] = None,
    known: Annotated[str | None, typer.Option("--known", metavar="SHARE", help="This mixture's amorphous share is known: calibrate the halo with it.")] = None,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Where the calibration goes (with --known).")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="JSON file for the estimates.")] = None,
) -> None:  # fmt: skip
    """Amorphous content by internal standard, external standard, calibrated halo and area.

    Every method that the options allow is shown, and how far they disagree.
    """
    from ..io.atomic import write_text_atomic
    from ..io.results import read_result
    from ..result import Value
    from ..rietveld.amorphous import (
        by_area,
        by_external_standard,
        by_hump_phase,
        by_internal_standard,
        disagreement,
        impossible,
    )
    from ..rietveld.masses import mass_in_beam

    _refuse(internal, external, halo, known, save, calibration)
    if output is not None and output.exists():
        raise OutputError(f"{output} exists already; choose another name.")
    found = read_result(result)
    mass = mass_in_beam(found, covariance=_covariance(result))
    added, own = Value(0.0), Value(1.0)
    estimates: list[Estimate] = []
    if internal is not None:
        phase, share = _standard(internal, found)
        added, own = share, _number(crystallinity, "--crystallinity")
        estimates.append(by_internal_standard(found.phases[phase].weight_fraction, added, own))
    if external is not None:
        standard = read_result(external)
        _same_engine(found, standard.engine["name"], "--external")
        against = mass_in_beam(standard, covariance=_covariance(external))
        certified = _number(external_crystallinity, "--external-crystallinity")

        def estimate(ratio: Value) -> Estimate:
            return by_external_standard(mass, against, absorption_ratio=ratio, crystallinity=certified,
                                        exposure_ratio=exposure_ratio, added=added, added_crystallinity=own)  # fmt: skip

        if absorption_ratio is not None:
            estimates.append(estimate(_number(absorption_ratio, "--absorption-ratio")))
        else:
            parts = _mass_absorption(result, found), _mass_absorption(external, standard)
            estimates.append(_self_consistent(estimate, *parts, _glass_absorption(glass_like, found)))
    if halo is not None:
        from ..rietveld.hump import fit_hump

        hump = fit_hump(_curves(found), _shape(halo, _curves(found)), terms=halo_terms)
        if known is not None:
            _save_calibration(mass, hump, known, found.engine["name"], _halo_name(halo), save)
        if calibration is not None:
            loaded = _load_calibration(calibration)
            _same_engine(found, loaded.engine, "--calibration")
            _same_halo(loaded.halo, halo)
            estimates.append(by_hump_phase(mass, hump, loaded, added, own))
        estimates.append(by_area(hump, added, own))
    sentence = " ".join((disagreement(estimates), *impossible(estimates)))
    _show(estimates, sentence)
    if output is not None:
        write_text_atomic(output, _json(found, estimates, sentence))


def _refuse(internal: Any, external: Any, halo: Any, known: Any, save: Path | None, calibration: Any) -> None:
    if internal is None and external is None and halo is None:
        raise InputError("no method is named;", remedy="give --internal, --external or --halo.")
    if (known is None) != (save is None):
        raise InputError("--known and --save go together;", remedy="give both to calibrate a halo.")
    if (known is not None or calibration is not None) and halo is None:
        raise InputError("a calibration without a halo;", remedy="give its shape with --halo.")
    if save is not None and save.exists():
        raise OutputError(f"{save} exists already; choose another name.")


def _number(text: str, where: str) -> Value:
    from ..result import Value

    body, _, digits = text.strip().partition("(")
    try:
        value = float(body)
        decimals = len(body.partition(".")[2])
        esd = int(digits.rstrip(")")) * 10.0**-decimals if digits else None
    except ValueError:
        raise InputError(
            f"{text!r};", where=where, remedy="write a number, with its esd in parentheses if known: 0.98(2)."
        ) from None
    return Value(value, esd)


def _standard(text: str, found: Result) -> tuple[str, Value]:
    phase, _, share = text.partition("=")
    if phase not in found.phases:
        raise InputError(
            f"no phase {phase!r} in the result;", where="--internal", remedy=f"it has {', '.join(found.phases)}."
        )
    return phase, _number(share, "--internal")


def _covariance(folder: Path) -> Covariance | None:
    from ..io.covariance import read_covariance
    from ..rietveld.covariance import Covariance

    content = read_covariance(folder if folder.is_dir() else folder.parent)
    return None if content is None else Covariance(*content)


def _same_engine(found: Result, engine: str, where: str) -> None:
    if found.engine["name"] != engine:
        raise InputError(f"engine {engine!r}, but the sample was refined with {found.engine['name']!r};", where=where,
                         remedy="scales only compare within one engine: refine both with the same.")  # fmt: skip


def _halo_name(text: str) -> str:
    """What a calibration remembers of its halo: numbers as they are, a glass's pattern by its content."""
    import hashlib

    if Path(text).is_file():
        return f"sha256:{hashlib.sha256(Path(text).read_bytes()).hexdigest()}"
    return ",".join(f"{float(part):g}" for part in text.split(","))


def _same_halo(calibrated: str | None, text: str) -> None:
    if calibrated is not None and calibrated != _halo_name(text):
        raise InputError(f"halo {text!r}, but the calibration was made with {calibrated!r};", where="--halo",
                         remedy="weight per area belongs to one halo: give the same, or calibrate again.")  # fmt: skip


def _self_consistent(
    estimate: Callable[[Value], Estimate], crystals: float, standard: float, glass: float | None
) -> Estimate:
    """External standard with the sample's absorption from its own answer: crystals and glass by their shares."""
    from ..result import Value

    found = estimate(Value(crystals / standard))
    if glass is None:
        return found
    for _ in range(_MOST_ROUNDS):
        share = min(max(found.mixture.value or 0.0, 0.0), 1.0)
        again = estimate(Value(((1 - share) * crystals + share * glass) / standard))
        done = abs((again.mixture.value or 0.0) - (found.mixture.value or 0.0)) < 1e-6
        found = again
        if done:
            break
    return found


def _glass_absorption(name: str | None, found: Result) -> float | None:
    """Mass absorption coefficient, cm²/g, of what the amorphous part absorbs like."""
    if name is None:
        return None
    from ..diffraction.absorption import linear_absorption
    from ..io.library import find_structure

    structure = find_structure(name)
    return linear_absorption(structure, float(found.pattern["wavelength"])) / structure.density


def _mass_absorption(folder: Path, found: Result) -> float:
    from ..diffraction.absorption import linear_absorption
    from ..io.cif import read_cif

    if found.pattern.get("radiation") != "xray":
        raise InputError("absorption of neutrons is not calculated;", where="--external",
                         remedy="give --absorption-ratio.")  # fmt: skip
    total = 0.0
    for name, phase in found.phases.items():
        structure = read_cif(folder / f"{name}.cif")
        weight = phase.weight_fraction.value or 0.0
        total += weight * linear_absorption(structure, float(found.pattern["wavelength"])) / structure.density
    return total


def _curves(found: Result) -> ProfileCurves:
    if found.profile is None:
        raise InputError("the result has no pattern.csv;", where="--halo", remedy="refine again.")
    return found.profile


def _shape(text: str, curves: ProfileCurves) -> NDArray[Any]:
    from ..rietveld.hump import gaussian_hump, measured_hump

    if Path(text).is_file():
        from ..io.read_pattern import read_pattern

        glass = read_pattern(text)
        return measured_hump(curves.x, glass.x, glass.intensity)
    try:
        position, fwhm = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{text!r};", where="--halo", remedy="write 2THETA,FWHM in degrees, or name a pattern."
        ) from None
    return gaussian_hump(curves.x, position, fwhm)


def _save_calibration(mass: Value, hump: Any, known: str, engine: str, halo: str, save: Path | None) -> None:
    from dataclasses import asdict

    from ..io.atomic import write_text_atomic
    from ..rietveld.amorphous import calibrate_hump

    found = calibrate_hump(mass, hump, _number(known, "--known"), engine, halo)
    assert save is not None
    write_text_atomic(save, json.dumps({"schema": HUMP_SCHEMA, **asdict(found)}, indent=1) + "\n")
    print(f"calibration: {save}")


def _load_calibration(path: Path) -> HumpCalibration:
    from ..rietveld.amorphous import HumpCalibration

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("schema") != HUMP_SCHEMA:
            raise KeyError("schema")
        return HumpCalibration(**content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"no halo calibration ({error});", where=str(path), remedy="make one with --known and --save."
        ) from None


def _show(estimates: list[Estimate], sentence: str) -> None:
    from ..result import format_value

    def percent(value: Value) -> str:
        return format_value(100 * (value.value or 0.0), None if value.esd is None else 100 * value.esd, 2)

    print("Amorphous, wt%")
    print(f"{'method':32} {'in the mixture':>16} {'in the sample':>16}   rests on")
    for item in estimates:
        print(f"{item.method:32} {percent(item.mixture):>16} {percent(item.sample):>16}   {item.note}")
    print(sentence)


def _json(found: Result, estimates: list[Estimate], sentence: str) -> str:
    from dataclasses import asdict

    from ..strict_json import strict_json

    content = {
        "schema": SCHEMA,
        "title": found.title,
        "sentence": sentence,
        "estimates": [asdict(e) for e in estimates],
    }
    return strict_json(content, indent=1) + "\n"
