"""Parameters of a time-of-flight pattern, with GSAS-II's names for the terms of the profile."""

from __future__ import annotations

from ..instrument import TofBank
from .resolved import Parameter

__all__ = ["PROFILE_TERMS", "tof_parameters"]

PROFILE_TERMS = ("alpha", "beta_0", "beta_1", "beta_q", "sig_0", "sig_1", "sig_2", "sig_q", "x", "y", "z")
"""Terms of the back-to-back exponentials (alpha, beta), the Gaussian variance (sig) and the Lorentzian width (x, y, z)."""

FULLPROF_RISE = "alpha_0"
"""A term of the rise that FullProf has and GSAS-II lacks: rise alpha/d + alpha_0. Only banks with it have the parameter."""

_FREEDOM = 0.05


def tof_parameters(bank: TofBank, background_terms: int) -> dict[str, Parameter]:
    """Parameters of the only pattern of a job, measured on this bank.

    Flight time of a reflection: t = dif_c d + dif_a d² + dif_b/d + zero, in µs. Profile after R. B. Von Dreele, J. D. Jorgensen
    & C. G. Windsor, J. Appl. Cryst. 15 (1982) 581: rise alpha/d and decay beta_0 + beta_1/d⁴ + beta_q/d² in µs⁻¹,
    variance sig_0 + sig_1 d² + sig_2 d⁴ + sig_q d in µs², Lorentzian FWHM x d + y d² + z in µs.
    """
    parameters = {
        "pattern.zero": Parameter(bank.zero),
        "pattern.dif_c": Parameter(bank.dif_c, bank.dif_c * (1 - _FREEDOM), bank.dif_c * (1 + _FREEDOM)),
        "pattern.dif_a": Parameter(bank.dif_a),
        "pattern.dif_b": Parameter(bank.dif_b),
        "pattern.absorption": Parameter(0.0, 0.0, 10.0),
    }
    parameters |= {f"pattern.background.c{index}": Parameter(0.0) for index in range(background_terms)}
    terms = PROFILE_TERMS + ((FULLPROF_RISE,) if bank.profile.get(FULLPROF_RISE) else ())
    return parameters | {f"pattern.profile.{name}": Parameter(bank.profile.get(name, 0.0)) for name in terms}
