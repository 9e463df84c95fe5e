"""``indelible verify``: whether a log is what it claims to be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from indelible.cli.policy_file import read_policy
from indelible.cli.report_view import show_report
from indelible.cli.target import ApiKeyFileOption, JsonOption, read_api_key
from indelible.cli.terminal import Terminal
from indelible.cli.verification import Verifier
from indelible.errors import UsageError
from indelible.trust.pinned_verification import GivenKeys
from indelible.trust.pins import Pins
from indelible.verify.verdicts import Report, VerdictName

__all__ = ["given_keys", "register", "verify"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("verify", epilog="Example: indelible verify ./data --require intact,signed,consistent")(verify)


def verify(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A data directory, a log's URL, or a .tlog-proof with --record.")
    ],
    *,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="The entry's bytes that a .tlog-proof is about.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="A C2SP tlog-policy: the keys, and the quorum.")
    ] = None,
    vkey: Annotated[
        list[str] | None,
        typer.Option("--vkey", metavar="KEY", help="A key that must have signed; all of the log's, one each."),
    ] = None,
    log: Annotated[
        list[str] | None, typer.Option("--log", metavar="NAME", help="Only this log; may be given several times.")
    ] = None,
    require: Annotated[
        str | None,
        typer.Option(
            "--require",
            metavar="VERDICT,…",
            help="What must hold; by default intact, signed, and consistent where something is remembered.",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Check the checkpoint and what is near it, no entry.")] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where an interrupted run stopped, trusting what it had verified."),
    ] = False,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Verify a log: every entry, every file, the signatures, and that it extends what you verified before.

    Exits with 0 when everything required holds, 1 when something failed, 3 when something could not be checked.
    """
    terminal = Terminal(json=json)
    required = None if require is None else _verdicts(require)
    if policy is not None and vkey:
        raise UsageError("--policy and --vkey both say which keys to believe; give one of them")
    verifier = Verifier(
        pins=Pins.load(os.environ),
        terminal=terminal,
        given=given_keys(policy, vkey or []),
        logs=tuple(log or ()),
        quick=quick,
        resume=resume,
        api_key=read_api_key(api_key_file),
    )
    report = _verify(verifier, target, record)
    if json:
        terminal.result(report.to_json())
    else:
        show_report(terminal, report, required)
    raise typer.Exit(report.exit_status(required))


def _verify(verifier: Verifier, target: str, record: Path | None) -> Report:
    if target.startswith(("http://", "https://")):
        return verifier.url(target)
    path = Path(target)
    if path.is_file():
        if record is None:
            raise UsageError(f"a proof is about a record: add --record FILE, the entry's bytes, to verify {target}")
        return verifier.proof(path, record)
    if record is not None:
        raise UsageError(f"--record goes with a .tlog-proof file, and {target} is none")
    is_bare_log = (path / "checkpoint").exists() and not (path / "indelible.toml").exists()
    return verifier.folder(path) if is_bare_log else verifier.directory(path)


def given_keys(policy: Path | None, vkeys: list[str]) -> GivenKeys:
    """The keys that options name.

    Raises:
        UsageError: the policy's file is too large for one.
        FormatError: it is none.
    """
    if policy is None:
        return GivenKeys(vkeys=vkeys, source="the keys given with --vkey") if vkeys else GivenKeys()
    return GivenKeys(policy=read_policy(policy), source=f"the policy {policy}")


def _verdicts(text: str) -> frozenset[VerdictName]:
    names = [name.strip() for name in text.split(",")]
    try:
        return frozenset(VerdictName(name) for name in names)
    except ValueError:
        known = ", ".join(VerdictName)
        raise UsageError(f"--require {text!r}: the verdicts are {known}") from None
