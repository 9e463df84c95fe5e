"""What each figure means, what it is compared with, and the bar it is held to: the words of the benchmark page.

The texts name counts that a run may choose differently (``--quick``, ``--long``); the counts of a run stand in its
details.
"""

from __future__ import annotations

from typing import Final

from indelible.bench.definition import Definition
from indelible.bench.search.definitions import SEARCH

__all__ = ["DEFINITIONS"]

_INGEST = (
    "Events a second over HTTP into a served log: NDJSON, 1,000 events of about 450 bytes a request, 8 connections "
    "kept open, bearer token, validation, given ids, duplicate check, durable before the answer; the search index, "
    "which has a figure of its own, off. The load comes from a separate process on the same machine; its requests are "
    "built beforehand. "
)
_INGEST_CEILING = (
    "The smaller of two. (a) Durable write bandwidth, bytes a second of 1 MiB writes to a new file ended by one "
    "`fdatasync`, divided by the bytes that must be written for an event: its record once into the journal and once "
    "into the entry bundle, each with a length of two bytes. (b) A bare loop in one thread over the same request "
    "bodies: msgspec decode, sorted encode, leaf hash, the node hashes of each 1,000, one write and one `fdatasync` a "
    "1,000."
)
_ECHO = (
    "A bare ASGI application that answers with the body it read, on the same server set-up (granian, in process, one "
    "event loop), under the same requests from the same load generator."
)

DEFINITIONS: Final = {
    definition.name: definition
    for definition in (
        Definition(
            name="ingest",
            title="durable ingest over HTTP, 1,000 events a request",
            unit="events/s",
            measures=_INGEST + "Each answer lists id, index and leaf hash of every event.",
            ceiling=_INGEST_CEILING,
            bar="≥ 40 % of the ceiling",
            least_ratio=0.4,
        ),
        Definition(
            name="ingest_minimal",
            title="the same with `?return=minimal`",
            unit="events/s",
            measures=_INGEST + "The answers (`?return=minimal`) name first index and counts only.",
            ceiling=_INGEST_CEILING,
        ),
        Definition(
            name="single",
            title="one event a request, 64 connections",
            unit="requests/s",
            measures="Requests a second, each with one event as `application/json`, on 64 connections that each send "
            "the next request when the last one is answered; everything on as above, and the search index too.",
            ceiling=_ECHO,
            bar="≥ 45 % of the ceiling",
            least_ratio=0.45,
        ),
        Definition(
            name="single_p99",
            title="one event a request, 64 connections: p99",
            unit="ms",
            measures="The 99th percentile of the time from sending a request to its whole answer, in the same runs.",
            ceiling="The same percentile of the bare ASGI application.",
            bar="≤ 25 ms",
            greatest_value=25.0,
        ),
        Definition(
            name="sequential_p50",
            title="one client, one event after another: p50",
            unit="ms",
            measures="The median time of one request with one event on one kept connection, from sending it to "
            "its answer.",
            ceiling="Three times the median of one `fdatasync` plus 1 ms, where an `fdatasync` follows a write of 600 "
            "bytes to the end of a file in the same directory.",
            bar="≤ the ceiling",
            greatest_ratio=1.0,
        ),
        Definition(
            name="published_p50",
            title="acknowledged until covered by a published checkpoint: p50",
            unit="ms",
            measures="The median of the time below.",
        ),
        Definition(
            name="published_p99",
            title="acknowledged until covered by a published checkpoint: p99",
            unit="ms",
            measures="While 100 requests a second with 100 events each arrive at a steady pace: from the answer of an "
            "append until a reader who asks for `/logs/main/checkpoint` every 2 ms gets one whose size covers the "
            "request's last event. Default publish interval.",
            bar="≤ 450 ms",
            greatest_value=450.0,
        ),
        Definition(
            name="verify",
            title="verify a directory: intact and signed",
            unit="entries/s",
            measures="Entries a second of verifying a data directory at rest as `indelible verify DIR` does (every "
            "bundle and tile, root, both signatures), without the start of the interpreter. Files are in the "
            "page cache.",
            ceiling="A bare loop in one thread over the same entries, already in memory: leaf hash of each, and node "
            "hashes up to the root of each bundle of 256.",
            bar="≥ 50 % of the ceiling",
            least_ratio=0.5,
        ),
        Definition(
            name="proof_p50",
            title="inclusion proof: p50",
            unit="ms",
            measures="The median time to make a tlog-proof of a random entry from the directory at rest, through a "
            "reader that was opened for this proof and has cached nothing (opening is not counted; files are in the "
            "page cache).",
            ceiling="The same median for pymerkle (`InmemoryTree`, its subroot cache off: nothing cached either) at "
            "200,000 entries.",
            bar="≤ 1 ms, and ≤ 1/10 of pymerkle's",
            greatest_ratio=0.1,
            greatest_value=1.0,
        ),
        Definition(
            name="memory_growth",
            title="memory that 1,000,000 ingested events add",
            unit="MB",
            measures="Growth of the resident size of the server and its helper process (10^6 bytes) while 1,000,000 "
            "events are ingested as above, after a warm-up of 100,000, each time measured when the log has been idle "
            "for two seconds.",
            bar="< 50 MB",
            greatest_value=50.0,
        ),
        Definition(
            name="memory_10m",
            title="memory at 10,000,000 entries",
            unit="MB",
            measures="Resident size (10^6 bytes) of a process that embeds the log and has taken in 10,000,000 events, "
            "ids included (`--long` only).",
            bar="< 600 MB",
            greatest_value=600.0,
        ),
        Definition(
            name="disk",
            title="bytes on disk a byte of record",
            unit="bytes/byte",
            measures="The sizes of all files under `logs/`, `journal/` and `state/` divided by the sum of the records' "
            "own bytes, when the log has been idle until its journal was trimmed. The id index is included; a search "
            "index is not.",
            bar="≤ 1.15",
            greatest_value=1.15,
        ),
        Definition(
            name="growth_ingest",
            title="ingest by size of the log",
            unit="events/s",
            measures="Events a second in process (validation, ids, duplicate check, durable), 1,000 a request, 8 "
            "requests under way, over the 20,000 events that follow the given size.",
            ceiling="The same at the smallest size.",
        ),
        Definition(
            name="growth_duplicates",
            title="duplicates by size of the log",
            unit="events/s",
            measures="Events a second, 1,000 a request, where every event is already in the log at a random place: "
            "found by id, read, compared, answered with the first index. Of the smallest log the reader holds much in "
            "memory; of larger ones it reads an entry bundle for each.",
            ceiling="The same at the smallest size.",
        ),
        Definition(
            name="growth_proof",
            title="proof by size of the log",
            unit="ms",
            measures="The median time of an inclusion proof of a random entry, in the process that holds the log open.",
            ceiling="The same at the smallest size.",
        ),
        *SEARCH,
    )
}
