"""Reading the file that an option ``--policy`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import FormatError, UsageError
from indelible.formats.tlog_policy import Policy

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_policy"]

_MAX_POLICY_BYTES = 1 << 20


def read_policy(path: Path) -> Policy:
    """The C2SP tlog-policy in a file.

    Raises:
        UsageError: the file is too large for one.
        FormatError: it is none.
    """
    with path.open("rb") as file:
        data = file.read(_MAX_POLICY_BYTES + 1)
    if len(data) > _MAX_POLICY_BYTES:
        raise UsageError(f"{path} is too large to be a policy")
    try:
        return Policy.parse(data)
    except FormatError as error:
        raise FormatError(f"{path} is no C2SP tlog-policy: {error}") from error
