"""Events in other formats: pure readers, one a format, and the intake that prepares what they read."""

from __future__ import annotations

from indelible.events.foreign.document import ForeignEvent, Rejected
from indelible.events.foreign.intake import Intake, prepare_foreign

__all__ = ["ForeignEvent", "Intake", "Rejected", "prepare_foreign"]
