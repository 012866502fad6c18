"""What a powder CIF says of one pattern: radiation, profile function, fractions, reflections, observed and calculated curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..io.cif_text import number_with_esd
from ..result import Agreement, ProfileCurves, Result, Value
from .cif_parts import loop, quoted, text_field

__all__ = ["agreement_lines", "excluded_regions", "pattern_lines", "pattern_values"]

PROBES = {"xray": "x-ray", "neutron_cw": "neutron", "neutron_tof": "neutron"}
CHEBYSHEV = "Chebyshev polynomial of the first kind"
PROFILES = {
    "two_theta": "Thompson-Cox-Hastings pseudo-Voigt, Gaussian variance U tan^2(th) + V tan(th) + W (deg^2), Lorentzian FWHM "
    "X/cos(th) + Y tan(th) (deg), axial divergence after Finger, Cox & Jephcoat (1994)",
    "tof": "Back-to-back exponentials, rise alpha_0 + alpha/d and decay beta_0 + beta_1/d^4 + beta_q/d^2 (1/microsecond), convoluted with a pseudo-Voigt "
    "of Gaussian variance sig_0 + sig_1 d^2 + sig_2 d^4 + sig_q d (microsecond^2) and Lorentzian FWHM x d + y d^2 + z (microsecond)",
}
POSITIONS = {"two_theta": "_pd_proc_2theta_corrected", "tof": "_pd_meas_time_of_flight"}
UNITS = {"two_theta": "degrees 2theta", "tof": "microseconds"}
TOF_POWERS = {"zero": "0", "dif_c": "1", "dif_a": "2", "dif_b": "-1"}
NEIGHBOURS = 4
"""Steps on either side that a step is compared with: the steps of time of flight grow along the pattern."""


def pattern_lines(one: Result, prefix: str, identities: Mapping[str, str], fractions: Mapping[str, Value]) -> list[str]:
    """Lines of the block of a pattern, without its name and agreement.

    Parameters
    ----------
    one : Result
        As this pattern shows it.
    prefix : str
        Of its parameters: ``pattern.`` or ``pattern.NAME.``.
    identities : mapping
        ``_pd_block_id`` by phase.
    fractions : mapping
        Weight fractions in this pattern by phase.
    """
    masses = [[quoted(identities[name]), _percent(fractions[name])] for name in identities]
    return [
        *_radiation(one),
        f"_pd_proc_ls_profile_function {quoted(PROFILES[_axis(one)])}",
        f"_pd_proc_ls_background_function {quoted(_background(one, prefix))}",
        *_flight_times(one, prefix),
        *loop(["_pd_phase_block_id", "_pd_phase_mass_%"], masses),
        *_reflections(one, identities),
        *([] if one.profile is None else _curves(one.profile)),
    ]


def agreement_lines(agreement: Agreement) -> list[str]:
    """Figures of merit, on one pattern or over all."""
    return [
        f"_pd_proc_ls_prof_R_factor {agreement.rp:.5f}",
        f"_pd_proc_ls_prof_wR_factor {agreement.rwp:.5f}",
        f"_pd_proc_ls_prof_wR_expected {agreement.rexp:.5f}",
        f"_pd_proc_number_of_points {agreement.n_points}",
    ]


def pattern_values(result: Result, prefix: str) -> list[str]:
    """Parameters of a pattern but its background, with esds."""
    return [
        f"{name} {number_with_esd(item.value, item.esd)}"
        for name, item in result.parameters.items()
        if name.startswith(prefix) and ".background." not in name
    ]


def excluded_regions(profile: ProfileCurves) -> list[tuple[float, float]]:
    """Gaps in the axis wider than 1.5 times the usual step around them."""
    steps = np.diff(profile.x)
    starts = np.flatnonzero(steps > 1.5 * _usual(steps))
    return [(float(profile.x[i]), float(profile.x[i + 1])) for i in starts]


def _usual(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    around = np.pad(steps, NEIGHBOURS, mode="reflect" if steps.size > NEIGHBOURS else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * NEIGHBOURS + 1)
    return np.asarray(np.median(windows, axis=1))


def _axis(one: Result) -> str:
    return str(one.pattern.get("axis", "two_theta")) if one.profile is None else one.profile.axis


def _radiation(one: Result) -> list[str]:
    """Probe and wavelengths; results of earlier versions name only the first wavelength."""
    facts = one.pattern
    probe = PROBES.get(str(facts.get("radiation")))
    lines = facts.get("lines") or ([[facts["wavelength"], 1.0]] if facts.get("wavelength") else [])
    angle = facts.get("bank_two_theta")
    tags = ["_diffrn_radiation_wavelength_id", "_diffrn_radiation_wavelength", "_diffrn_radiation_wavelength_wt"]
    rows = [[str(i), f"{wavelength:g}", f"{weight:g}"] for i, (wavelength, weight) in enumerate(lines, 1)]
    return [
        *([] if probe is None else [f"_diffrn_radiation_probe {probe}"]),
        *([] if angle is None else [f"_pd_meas_2theta_fixed {angle:g}"]),
        *([f"{tags[1]} {rows[0][1]}"] if len(rows) == 1 else loop(tags, rows)),
    ]


def _flight_times(one: Result, prefix: str) -> list[str]:
    """Calibration of a bank as the powers of d that it sums."""
    if _axis(one) != "tof":
        return []
    found = {key: one.parameters[prefix + key] for key in TOF_POWERS if prefix + key in one.parameters}
    rows = [[key, TOF_POWERS[key], number_with_esd(item.value, item.esd)] for key, item in found.items()]
    return loop(["_pd_calib_d_to_tof.id", "_pd_calib_d_to_tof.power", "_pd_calib_d_to_tof.coeff"], rows)


def _background(one: Result, prefix: str) -> str:
    return f"{CHEBYSHEV}, {sum(name.startswith(f'{prefix}background.') for name in one.parameters)} terms"


def _percent(weight: Value) -> str:
    if weight.value is None:
        return "?"
    return number_with_esd(round(100 * weight.value, 4), None if weight.esd is None else 100 * weight.esd)


def _reflections(one: Result, identities: Mapping[str, str]) -> list[str]:
    tags = ["_pd_refln_phase_id", "_refln_index_h", "_refln_index_k", "_refln_index_l", "_refln_d_spacing",
            "_refln_F_squared_calc"]  # fmt: skip
    rows = [
        [quoted(identity), str(row.h), str(row.k), str(row.l), f"{row.d:.5f}",
         "?" if row.f_squared is None else f"{row.f_squared:.4g}"]
        for name, identity in identities.items()
        for row in one.reflections.get(name, ())
    ]  # fmt: skip
    return loop(tags, rows)


def _curves(profile: ProfileCurves) -> list[str]:
    gaps = excluded_regions(profile)
    excluded = "none" if not gaps else "\n".join(f"{low:g} to {high:g} {UNITS[profile.axis]}" for low, high in gaps)
    tags = [POSITIONS[profile.axis], "_pd_proc_intensity_total", "_pd_calc_intensity_total", "_pd_proc_intensity_bkg_calc",
            "_pd_proc_ls_weight"]  # fmt: skip
    return [
        f"_pd_proc_info_excluded_regions {text_field(excluded)}",
        *([] if gaps or profile.axis != "two_theta" else _range(profile.x)),
        *loop(tags, list(_points(profile))),
    ]


def _range(x: NDArray[np.float64]) -> list[str]:
    return [f"_pd_proc_2theta_range_min {x[0]:.6g}", f"_pd_proc_2theta_range_max {x[-1]:.6g}"]


def _points(profile: ProfileCurves) -> Iterator[Sequence[str]]:
    weights = np.where(profile.sigma > 0, 1.0 / np.maximum(profile.sigma, 1e-300) ** 2, 0.0)
    columns = (profile.x, profile.observed, profile.calculated, profile.background, weights)
    for x, observed, calculated, background, weight in zip(*columns, strict=True):
        yield f"{x:.10g}", f"{observed:.8g}", f"{calculated:.8g}", f"{background:.8g}", f"{weight:.6g}"
