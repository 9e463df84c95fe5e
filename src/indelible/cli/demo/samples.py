"""The real events that are bundled: in the wheel beside the code, in a checkout under ``samples/``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import indelible
from indelible.cli.import_ import Format, import_events
from indelible.cli.intake.appending import Tally
from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.cli.terminal import Terminal
    from indelible.sdk.audit_log import AuditLog

__all__ = ["ALL_SAMPLES", "import_samples", "samples_folder"]

ALL_SAMPLES = (Format.CLOUDTRAIL, Format.KUBERNETES, Format.GITHUB)


def samples_folder() -> Path:
    """The folder with one folder for each format.

    Raises:
        UsageError: this installation was made without them.
    """
    package = Path(indelible.__file__).parent
    for folder in (package / "samples", package.parent.parent / "samples"):
        if (folder / Format.CLOUDTRAIL).is_dir():
            return folder
    raise UsageError("this installation has no sample events; install the wheel, or work in a checkout")


def import_samples(log: AuditLog, terminal: Terminal, formats: Sequence[Format] = ALL_SAMPLES) -> Tally:
    """Import the bundled events of these formats; what is there already is not added again."""
    tally = Tally()
    for form in formats:
        import_events(log, form, [samples_folder() / form], tally, terminal)
    log.run(log.plans.wait_published(tally.end, None))
    return tally
