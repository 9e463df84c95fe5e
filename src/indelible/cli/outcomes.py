"""How outcomes look: a colour, and in charts a filling that can be told apart without colours."""

from __future__ import annotations

__all__ = ["OUTCOMES", "OUTCOME_FILLINGS", "OUTCOME_STYLES"]

OUTCOMES = ("success", "failure", "denied", "unknown")

OUTCOME_STYLES = {"success": "green", "failure": "yellow", "denied": "red", "unknown": "dim"}

OUTCOME_FILLINGS = {"success": "█", "failure": "▓", "denied": "▒", "unknown": "░"}
