r"""χ² and BIC of a fit, from its figures of merit.

:math:`\chi^2 = GOF^2 (N-k)`; :math:`BIC = N \ln(\chi^2/N) + k \ln N` (G. Schwarz, Ann. Stat. 6 (1978) 461, for an
unknown common factor of the weights, which is what a GOF above 1 says they have).
"""

from __future__ import annotations

import math

from ...result import Agreement

__all__ = ["bic", "chi_square", "reduced_chi_square"]


def chi_square(agreement: Agreement) -> float:
    """Σ w (o − c)²."""
    return agreement.gof**2 * max(agreement.n_points - agreement.n_free, 1)


def reduced_chi_square(agreement: Agreement) -> float:
    """GOF², the factor that the esds carry too."""
    return agreement.gof**2


def bic(agreement: Agreement) -> float:
    """Bayesian information criterion with the scale of the weights unknown."""
    n = agreement.n_points
    return n * math.log(max(chi_square(agreement), 1e-300) / n) + agreement.n_free * math.log(n)
