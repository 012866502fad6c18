"""What local analysis found, as the dictionary of its JSON file (``xtal-pdf-local/1``, described in docs/how-to/pdf.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..pdf.crystalline_fraction import CrystallineFraction
    from ..pdf.local import ShellFit
    from ..pdf.local_data import LocalData
    from ..pdf.order import Coherence, OrderWindow
    from ..result import Value

__all__ = ["SCHEMA", "local_summary"]

SCHEMA = "xtal-pdf-local/1"


def local_summary(
    data: LocalData, fit: ShellFit | None, share: CrystallineFraction | None, windows: tuple[OrderWindow, ...],
    envelope: Coherence, reach: Value,
) -> dict[str, Any]:  # fmt: skip
    """Numbers of a local analysis; lengths in Å, Q in Å⁻¹, fractions from 0 to 1."""
    return {
        "schema": SCHEMA, "source": data.source, "composition": str(data.band.composition), "radiation": data.band.radiation,
        "q_max": data.q_max, "number_density": data.number_density, "window": data.band.window,
        "shells": None if fit is None else _shells(fit), "crystalline": None if share is None else _crystalline(share),
        "windows": [vars(item) for item in windows], "coherence_length": _value(envelope.length),
        "order_reach": _value(reach),
    }  # fmt: skip


def _shells(fit: ShellFit) -> dict[str, Any]:
    rows = [{"pair": item.shell.pair, "distance": _value(item.distance), "sigma": _value(item.sigma),
             "coordination": _value(item.coordination)} for item in fit.shells]  # fmt: skip
    return {"range": [float(fit.r[0]), float(fit.r[-1])], "rw": fit.rw, "success": fit.success, "message": fit.message,
            "n_independent": fit.n_independent, "n_varied": fit.n_varied, "rows": rows}  # fmt: skip


def _crystalline(share: CrystallineFraction) -> dict[str, Any]:
    models = [{"crystals": list(model.crystals), "rw": model.rw, "bic": model.bic,
               "weights": {name: _value(value) for name, value in model.weights.items()}} for model in share.models]  # fmt: skip
    return {"stacking": share.stacking, "fraction": _value(share.total), "range": list(share.fit_range),
            "fractions": {name: _value(value) for name, value in share.fractions.items()}, "models": models}  # fmt: skip


def _value(value: Value) -> dict[str, Any]:
    return {"value": value.value, "esd": value.esd, "reason": value.reason}
