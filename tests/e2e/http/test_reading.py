"""Reading: records, proofs, consistency, and the tlog-tiles interface."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from indelible.events import canonical_json
from indelible.formats import entry_bundle
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from indelible.merkle import leaf_hash, tree_root, verify_consistency
from tests.e2e.http.test_append import EVENT, events, ndjson
from tests.e2e.http.test_bad_input import check_problem

if TYPE_CHECKING:
    import httpx

    from tests.e2e.http.serving import Served


@pytest.fixture(scope="module")
def filled(served: Served) -> str:
    """A log of 300 published entries: one full tile, and a part of another."""
    log = served.new_log()
    with served.client("writer") as writer:
        answer = writer.post(
            f"/v1/logs/{log}/events?wait=published&return=minimal",
            content=ndjson(events(300)),
            headers={"Content-Type": "application/x-ndjson"},
        )
    assert answer.status_code == 201
    return log


def test_get_event_by_index_and_by_id(reader: httpx.Client, served: Served, filled: str) -> None:
    """Both give the record's own fields and where it is; without those three, its bytes are the entry."""
    by_index = reader.get(f"/v1/logs/{filled}/events/299")
    assert by_index.status_code == 200
    record = msgspec.json.decode(by_index.content)
    by_id = reader.get(f"/v1/logs/{filled}/events/{record['id']}")
    assert by_id.content == by_index.content
    assert (record.pop("index"), record.pop("published")) == (299, True)
    expected = record.pop("leaf_hash")
    entry = canonical_json(record)
    assert entry == served.logs.get(filled).log.reader.get(299).entry
    assert leaf_hash(entry).hex() == expected


@pytest.mark.parametrize(
    "event", ["300", "-1", "00", "1e2", "9" * 30, "01890a5d-ac96-774b-bcce-b302099a8057", "x", "%00", "%ff", "é"]
)
def test_unknown_event_is_404(reader: httpx.Client, auditor: httpx.Client, filled: str, event: str) -> None:
    """By index, by id, by anything else."""
    check_problem(reader.get(f"/v1/logs/{filled}/events/{event}"), 404)
    check_problem(auditor.get(f"/v1/logs/{filled}/events/{event}/proof"), 404)


def test_proof_verifies_offline(auditor: httpx.Client, served: Served, filled: str) -> None:
    """Text in the c2sp.org/tlog-proof@v1 format, under the log's keys, for the record's own bytes."""
    answer = auditor.get(f"/v1/logs/{filled}/events/256/proof")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    proof = TlogProof.parse(answer.content)
    hosted = served.logs.get(filled)
    entry = hosted.log.reader.get(256).entry
    proof.verify(entry, Policy.for_log(*hosted.vkeys))


def test_consistency_leads_from_one_size_to_another(auditor: httpx.Client, served: Served, filled: str) -> None:
    """The hashes are the RFC 6962 proof, in lower-case hex."""
    answer = auditor.get(f"/v1/logs/{filled}/consistency?from=100&to=300")
    assert answer.status_code == 200
    document = answer.json()
    assert (document["log"], document["from"], document["to"]) == (filled, 100, 300)
    leaves = [leaf_hash(entry) for _, entry in served.logs.get(filled).log.reader.entries(0, 300)]
    verify_consistency(
        old_size=100,
        new_size=300,
        old_root=tree_root(leaves[:100]),
        new_root=tree_root(leaves),
        proof=[bytes.fromhex(each) for each in document["hashes"]],
    )


def test_consistency_refuses_what_makes_no_sense(auditor: httpx.Client, filled: str) -> None:
    """Backwards is 422, missing or malformed 400, beyond the published size 404 to be tried again."""
    path = f"/v1/logs/{filled}/consistency"
    check_problem(auditor.get(f"{path}?from=3&to=2"), 422)
    for query in ("", "?from=1", "?from=a&to=2", "?from=01&to=2", "?from=1&to=2&x=3", "?from=1&from=1&to=2"):
        check_problem(auditor.get(path + query), 400)
    beyond = auditor.get(f"{path}?from=1&to=301")
    check_problem(beyond, 404)
    assert int(beyond.headers["retry-after"]) >= 1


def test_tiles_are_the_c2sp_interface(reader: httpx.Client, served: Served, filled: str) -> None:
    """Checkpoint, hash tiles and bundles under their paths, with the types and caching that readers expect."""
    note = reader.get(f"/logs/{filled}/checkpoint")
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    assert note.headers["cache-control"] == "no-cache"
    checkpoint = Checkpoint.parse(Note.parse(note.content).text)
    assert (checkpoint.size, checkpoint.origin) == (300, served.logs.get(filled).log.origin)
    hashes, entries = b"", []
    for path in ("000", "001.p/44"):
        tile = reader.get(f"/logs/{filled}/tile/0/{path}")
        assert (tile.status_code, tile.headers["content-type"]) == (200, "application/octet-stream")
        assert "immutable" in tile.headers["cache-control"]
        assert "private" in tile.headers["cache-control"]
        hashes += tile.content
        bundle = reader.get(f"/logs/{filled}/tile/entries/{path}")
        entries += entry_bundle.decode(bundle.content, len(tile.content) // 32)
    leaves = [leaf_hash(entry) for entry in entries]
    assert b"".join(leaves) == hashes
    assert tree_root(leaves) == checkpoint.root
    assert [json.loads(entry)["metadata"]["n"] for entry in entries] == list(range(300))


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002",
        "tile/0/001.p/45",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0//000",
        "tile/0/000/",
        "tile/0/x000/000",
        "tile/..%2f..%2fcheckpoint",
        "tile/0/%00",
        "tile/",
        "tile",
        "journal",
        "tile/data/000",
    ],
)
def test_other_tile_paths_are_404(reader: httpx.Client, filled: str, path: str) -> None:
    """One URL a tile; nothing else of the directory can be reached."""
    answer = reader.get(f"/logs/{filled}/{path}")
    check_problem(answer, 404)


def test_public_log_gives_tiles_but_not_entries_to_anyone(
    served: Served, writer: httpx.Client, stranger: httpx.Client
) -> None:
    """Without a key: checkpoint and hash tiles of a public log, also for pages from elsewhere; never its events."""
    log = served.new_log(public=True)
    writer.post(f"/v1/logs/{log}/events?wait=published", json=EVENT)
    for path in ("checkpoint", "tile/0/000.p/1"):
        answer = stranger.get(f"/logs/{log}/{path}")
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
    check_problem(stranger.get(f"/logs/{log}/tile/entries/000.p/1"), 401)
    check_problem(stranger.get(f"/v1/logs/{log}/events/0"), 401)


def test_private_log_gives_nothing_without_a_key(stranger: httpx.Client, filled: str) -> None:
    """Nor does a log that does not exist, in the same words."""
    for path in ("checkpoint", "tile/0/000", "tile/entries/000"):
        here, nowhere = stranger.get(f"/logs/{filled}/{path}"), stranger.get(f"/logs/nowhere/{path}")
        check_problem(here, 401)
        assert here.content == nowhere.content


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("writer", set()),
        ("reader", {"event", "tile", "bundle", "checkpoint"}),
        ("auditor", {"event", "tile", "bundle", "checkpoint", "proof", "consistency"}),
        ("admin", {"event", "tile", "bundle", "checkpoint", "proof", "consistency"}),
    ],
)
def test_roles_read_what_their_row_says(served: Served, filled: str, role: str, allowed: set[str]) -> None:
    """A writer cannot read; a reader gets no proofs made for it."""
    paths = {
        "event": f"/v1/logs/{filled}/events/0",
        "proof": f"/v1/logs/{filled}/events/0/proof",
        "consistency": f"/v1/logs/{filled}/consistency?from=1&to=2",
        "checkpoint": f"/logs/{filled}/checkpoint",
        "tile": f"/logs/{filled}/tile/0/000",
        "bundle": f"/logs/{filled}/tile/entries/000",
    }
    with served.client(role) as client:
        for what, path in paths.items():
            answer = client.get(path)
            if what in allowed:
                assert answer.status_code == 200, what
            else:
                check_problem(answer, 403)
