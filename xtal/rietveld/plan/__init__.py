"""Plan a measurement: which radiation would determine a parameter, and with what counts."""

from __future__ import annotations

from .candidates import CANDIDATES, Candidate, candidate
from .forecast import Forecast, Outlook, Plan, plan_measurement

__all__ = ["CANDIDATES", "Candidate", "Forecast", "Outlook", "Plan", "candidate", "plan_measurement"]
