"""Plan a measurement: which radiation would determine a parameter, and with what counts."""

from __future__ import annotations

from .candidates import CANDIDATES, Candidate, candidate
from .forecast import plan_measurement
from .outlook import Forecast, Outlook, Plan

__all__ = ["CANDIDATES", "Candidate", "Forecast", "Outlook", "Plan", "candidate", "plan_measurement"]
