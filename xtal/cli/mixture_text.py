"""What ``xtal simulate`` reads from its options: mixtures, values per phase, backgrounds, textures, radiation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from ..diffraction import Background, Hump, MarchDollase, PhaseProfile
    from ..instrument import Instrument
    from ..structure import Structure

__all__ = [
    "background_of",
    "instrument_of",
    "named_structures",
    "phase_profiles",
    "values_by_phase",
    "weights_of",
    "with_alias",
    "with_isotopes",
]

HUMPS = ("glass", "kapton", "halo")
SYNCHROTRON_PROFILE = {"u": 2e-6, "v": 0.0, "w": 4e-6, "x": 0.002, "y": 0.004, "axial": 0.001}
SYNCHROTRON_POLARIZATION = 0.95
NEUTRON_PROFILE = {"u": 0.03, "v": -0.04, "w": 0.03, "x": 0.02, "y": 0.0, "axial": 0.02}


def with_alias(argument: str) -> Structure:
    """Structure of ``NAME_OR_CIF`` or ``ALIAS=NAME_OR_CIF``."""
    from ..io.library import find_structure

    alias, equals, place = argument.partition("=")
    return find_structure(place).renamed(alias) if equals else find_structure(argument)


def named_structures(arguments: Sequence[str], isotopes: Sequence[str]) -> list[Structure]:
    """Structures of arguments, with their isotopes.

    Raises
    ------
    InputError
        Two have the same name.
    """
    found = with_isotopes([with_alias(argument) for argument in arguments], isotopes)
    names = [structure.name for structure in found]
    if len(set(names)) < len(names):
        raise InputError(
            f"structures {', '.join(names)};", where="arguments", remedy="give each its own name: alias=structure."
        )
    return found


def with_isotopes(structures: Sequence[Structure], isotopes: Sequence[str]) -> list[Structure]:
    """Structures whose elements are the isotopes of ``Li=7``, ``H=2`` …; some may lack an element, not all.

    Raises
    ------
    InputError
        Text that doesn't name an element and a mass number, or an element that no structure holds.
    """
    numbers: dict[str, int] = {}
    known = {site.element for structure in structures for site in structure.sites}
    for text in isotopes:
        element, _, number = (part.strip() for part in text.partition("="))
        if not number.isdigit():
            raise InputError(f"isotope {text!r};", where="--isotope", remedy="write element=mass number, as in Li=7.")
        if element not in known:
            raise InputError(f"isotope {text!r} of an element that nothing here holds;", where="--isotope",
                             remedy=f"there are {', '.join(sorted(known))}.")  # fmt: skip
        numbers[element] = int(number)
    return [
        structure.with_sites(
            replace(site, isotope=numbers[site.element]) if site.element in numbers else site
            for site in structure.sites
        )
        for structure in structures
    ]


def values_by_phase(text: str, names: Sequence[str], option: str) -> dict[str, float]:
    """Numbers by phase from ``120`` (every phase) or ``cubic=120,llto=300``.

    Raises
    ------
    InputError
        A phase that isn't simulated, or something that isn't a number.
    """
    if "=" not in text:
        return dict.fromkeys(names, _number(text, option))
    pairs = [part.partition("=")[::2] for part in text.split(",")]
    for name, _ in pairs:
        if name.strip() not in names:
            raise InputError(f"phase {name.strip()!r} is not among {', '.join(names)};", where=option,
                             remedy="use the names of the structures, or give one an alias: alias=structure.")  # fmt: skip
    return {name.strip(): _number(value, option) for name, value in pairs}


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(
            f"{text.strip()!r} is not a number;", where=option, remedy="write for example 120 or cubic=120."
        ) from None


def weights_of(mix: str, names: Sequence[str]) -> dict[str, float]:
    """Weight fractions of ``cubic=0.46,orthorhombic=0.04,llto=0.5``; every phase must be named.

    Raises
    ------
    InputError
        A phase without a fraction, an unknown one, or something that isn't a number.
    """
    weights = values_by_phase(mix, names, "--mix")
    missing = [name for name in names if name not in weights]
    if "=" not in mix or missing:
        raise InputError(f"no weight fraction for {', '.join(missing or names)};", where="--mix",
                         remedy="give every structure one, as in cubic=0.46,orthorhombic=0.04,llto=0.5.")  # fmt: skip
    return weights


def phase_profiles(
    names: Sequence[str],
    size: str | None,
    strain: str | None,
    texture: Sequence[str],
    stephens: Sequence[str] = (),
    harmonics: Sequence[str] = (),
) -> dict[str, PhaseProfile]:
    """Profiles by phase from the options ``--size``, ``--strain``, ``--texture``, ``--stephens`` and ``--harmonics``."""
    from ..diffraction import PhaseProfile

    sizes = values_by_phase(size, names, "--size") if size else {}
    strains = values_by_phase(strain, names, "--strain") if strain else {}
    textures = dict(_texture(text, names) for text in texture)
    strain_terms = dict(_terms(text, names, "--stephens") for text in stephens)
    series = {name: {_order(term): value for term, value in terms.items()}
              for name, terms in (_terms(text, names, "--harmonics") for text in harmonics)}  # fmt: skip
    return {
        name: PhaseProfile(sizes.get(name), strains.get(name, 0.0), textures.get(name),
                           stephens=strain_terms.get(name, {}), harmonics=series.get(name, {}))
        for name in names
    }  # fmt: skip


def _terms(text: str, names: Sequence[str], option: str) -> tuple[str, dict[str, float]]:
    """``llto=s400:0.02,s220:0.01`` as a phase and its coefficients."""
    name, _, rest = text.partition("=")
    pairs = [part.partition(":")[::2] for part in rest.split(",")]
    if name not in names or not all(key and value for key, value in pairs):
        example = "s400:0.02,s220:0.01" if option == "--stephens" else "c2_1:0.3,c4_1:-0.1"
        raise InputError(
            f"{text!r};", where=option, remedy=f"write phase=term:value, for example {names[0]}={example}."
        )
    return name, {key.strip(): _number(value, option) for key, value in pairs}


def _order(term: str) -> tuple[int, int]:
    """Order and running number of ``c4_1``."""
    order, _, number = term.removeprefix("c").partition("_")
    if not term.startswith("c") or not order.isdigit() or not number.isdigit():
        raise InputError(f"harmonic {term!r};", where="--harmonics", remedy="write c2_1, c4_1 as in a job.")
    return int(order), int(number)


def _texture(text: str, names: Sequence[str]) -> tuple[str, MarchDollase]:
    """``llto=0,0,1:0.8`` as a phase and its texture."""
    from ..diffraction import MarchDollase

    name, _, rest = text.partition("=")
    axis, _, r = rest.partition(":")
    parts = axis.split(",")
    if name not in names or len(parts) != 3 or not r:
        raise InputError(
            f"texture {text!r};", where="--texture", remedy="write phase=h,k,l:r, for example llto=0,0,1:0.8."
        )
    h, k, l = (int(_number(part, "--texture")) for part in parts)
    return name, MarchDollase((h, k, l), _number(r, "--texture"))


def background_of(text: str | None) -> Background:
    """Background of ``150,-20,5`` (Chebyshev coefficients, counts) with ``glass:50``, ``kapton:80`` or ``halo:4.2:100``.

    Raises
    ------
    InputError
        A word that isn't known, or something that isn't a number.
    """
    from ..diffraction import Background

    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    from ..io.text_columns import is_number

    wrong = [part for part in parts if not part.startswith(HUMPS) and not is_number(part)]
    if wrong:
        raise InputError(f"{wrong[0]!r} is neither a coefficient nor a hump;", where="--background",
                         remedy="put commas between: 150,-20,glass:50 (counts).")  # fmt: skip
    numbers = tuple(_number(part, "--background") for part in parts if not part.startswith(HUMPS))
    return Background(numbers, tuple(_hump(part) for part in parts if part.startswith(HUMPS)))


def _hump(text: str) -> Hump:
    from ..diffraction import amorphous_halo, glass_hump, kapton_hump

    kind, *values = text.split(":")
    numbers = [_number(value, "--background") for value in values]
    if kind == "halo" and len(numbers) == 2:
        return amorphous_halo(*numbers)
    if kind in ("glass", "kapton") and len(numbers) == 1:
        return (glass_hump if kind == "glass" else kapton_hump)(numbers[0])
    raise InputError(f"{text!r} is not a background;", where="--background",
                     remedy="write glass:HEIGHT, kapton:HEIGHT or halo:SPACING:HEIGHT (Å, counts).")  # fmt: skip


def instrument_of(instrument: str | None, radiation: str | None) -> Instrument:
    """Instrument of a preset or file, with another radiation when one is named.

    Without an instrument: the ``lab-cuka`` preset for tubes, typical sharp or broad profiles (said in its source) for a
    synchrotron wavelength or a neutron wavelength, the bank of FILE for ``tof:FILE``.

    Raises
    ------
    InputError
        Radiation or file can't be understood.
    """
    from ..instrument import Instrument, Profile
    from ..io.instruments import load_instrument
    from ..radiation import KALPHA_LINES, Radiation

    if radiation and radiation.startswith("tof:"):
        return _tof_instrument(radiation[4:])
    base = load_instrument(instrument or "lab-cuka")
    if radiation is None:
        return base
    beam = Radiation.from_name(radiation)
    if instrument or any(beam.name.startswith(f"{element}Ka") for element in KALPHA_LINES):
        return replace(base, name=f"{base.name} with {beam.name}", radiation=beam)
    x_rays = beam.kind == "xray"
    return Instrument(
        f"{'synchrotron' if x_rays else 'reactor'} {beam.name}",
        beam,
        "debye-scherrer",
        Profile(**(SYNCHROTRON_PROFILE if x_rays else NEUTRON_PROFILE)),
        polarization=SYNCHROTRON_POLARIZATION if x_rays else None,
        source="typical widths, not measured",
    )


def _tof_instrument(path: str) -> Instrument:
    from ..io.instruments import load_instrument

    found = load_instrument(path)
    if found.bank is None:
        raise InputError("it holds no time-of-flight bank;", where=path, remedy="give a file with difC, difA and zero.")
    return found
