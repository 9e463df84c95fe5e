"""``indelible prove``: one entry's bytes and its proof, as two files that verify without us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indelible.cli.proofs import ProofChecker
from indelible.cli.show import which_entry
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, LogOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal
from indelible.merkle import leaf_hash

__all__ = ["prove", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("prove", epilog="Example: indelible prove 0 -o evidence")(prove)


def prove(
    event: Annotated[str, typer.Argument(metavar="ID", help="The event's id, or its index in the log.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="NAME", help="Write NAME.tlog-proof and NAME.json; default: the id."),
    ] = None,
    log: LogOption = "main",
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Write an entry's bytes, and the proof that they are in the log, for anyone to check with `indelible verify`.

    The proof is checked before anything is written.
    """
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).reader(log) as audit_log:
        proof = audit_log.prove(which_entry(event))
        ProofChecker(audit_log).check(proof.index, proof.entry, proof.tlog_proof)
    event_id = proof.record["id"]
    name = output or Path(event_id)
    # Appended, not with_suffix: a name may hold a dot of its own.
    proof_file, record_file = (name.parent / f"{name.name}{suffix}" for suffix in (".tlog-proof", ".json"))
    record_file.write_bytes(proof.entry)
    proof_file.write_bytes(proof.tlog_proof)
    if json:
        terminal.result(
            {
                "log": log,
                "index": proof.index,
                "id": event_id,
                "leaf_hash": leaf_hash(proof.entry).hex(),
                "proof": str(proof_file),
                "record": str(record_file),
            }
        )
    terminal.say(f"{proof_file}  the proof that entry {proof.index} is in {log}")
    terminal.say(f"{record_file}  the entry, byte for byte")
    terminal.say(f"check them anywhere: indelible verify {proof_file} --record {record_file}", style="dim")
