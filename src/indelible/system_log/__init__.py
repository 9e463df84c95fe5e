"""The log of the log: what happens to Indelible itself, recorded in ``_system`` with the proofs that all records have.

An administrative act is two records, the intent before and the outcome after (:mod:`~indelible.system_log.acts`); who
asked what is one record (:mod:`~indelible.system_log.asked`); denials are added up by source and minute
(:mod:`~indelible.system_log.denials`). Whatever cannot be recorded is not done.
"""

from __future__ import annotations

from indelible.system_log.caller import Caller
from indelible.system_log.event import Action, SystemEvent
from indelible.system_log.log import SYSTEM_PRINCIPAL, Reserve, SystemLog, UnrecordedSystemLog

__all__ = ["SYSTEM_PRINCIPAL", "Action", "Caller", "Reserve", "SystemEvent", "SystemLog", "UnrecordedSystemLog"]
