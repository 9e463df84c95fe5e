"""How ``v1.tar.gz`` was made: ``python tests/vectors/data_directory/make.py v1.tar.gz``, with the first release's code.

A data directory as a power failure leaves it: 300 entries of ``main`` are published (one full entry bundle and tile,
and the partial ones after them), 7 more are acknowledged and stand in the journal only; one log was made beside it; the
control database holds two keys. It is never made again: tests open this very file with the code of their day.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from indelible.access import ApiKeys, Grant
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from indelible.errors import UsageError
from indelible.log import Log, LogSettings, Stores
from indelible.storage.posix import PosixStores
from indelible.trust.signer import LogKeys, LogSigner

if TYPE_CHECKING:
    from indelible.events import Prepared


def prepared(log: Log, first: int, end: int) -> list[Prepared]:
    lines = [
        json.dumps(
            {
                "id": f"0190a1b2-0000-7000-8000-{number:012x}",
                "occurred_at": f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}Z",
                "action": "thing.done",
                "actor": {"type": "user", "id": "ada"},
                "targets": [{"type": "thing", "id": str(number)}],
            }
        )
        for number in range(first, end)
    ]
    body = "\n".join(lines).encode()
    return log.preparer.prepare_ndjson(body, principal="vector", now_ms=1_767_225_600_000, random=os.urandom)


def make(folder: Path) -> None:
    environment = {"INDELIBLE_STATE": str(folder / "state")}
    with DataDirectory.create(folder / "data", origin="vectors.example/v1/main", environment=environment) as directory:
        with administering(directory) as admin:
            directory.create_log("team-a", acts=admin.acts, by=admin.by, public=True)
            keys = ApiKeys(admin.store, admin.acts)
            created = [
                keys.create(name="admin", grants=[Grant.parse("admin:*")], by=admin.by),
                keys.create(name="writer", grants=[Grant.parse("writer:main")], by=admin.by),
            ]
        with directory.open_log("main") as log:
            log.append(prepared(log, 0, 300), wait="published")
    (folder / "secrets.json").write_text(json.dumps([key.secret for key in created]) + "\n")


def leave_unpublished(folder: Path) -> None:
    """Append as a server does whose machine loses power before the next checkpoint."""
    data = folder / "data"
    stores = PosixStores.open(data, "main")
    log = Log.open(
        Stores(journal=stores.journal, ids=stores.ids, objects=stores.objects, checkpoints=stores.checkpoints),
        name="main",
        origin="vectors.example/v1/main",
        signer=LogSigner(LogKeys.load(data / "keys" / "main")),
        settings=LogSettings(publish_interval=3_600.0),
    )
    log.append(prepared(log, 300, 307))


def main(target: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        child = os.fork()
        if child == 0:
            leave_unpublished(folder)
            os._exit(0)  # nothing is closed, nothing published
        if os.waitpid(child, 0)[1] != 0:
            raise UsageError("the child did not end well")
        with tarfile.open(target, "x:gz") as archive:
            archive.add(folder / "data", arcname="data")
            archive.add(folder / "secrets.json", arcname="secrets.json")


if __name__ == "__main__":
    main(sys.argv[1])
