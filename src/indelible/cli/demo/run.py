"""``indelible demo run``: a served log of all bundled real events, as ``make run`` starts it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indelible import embedded
from indelible.cli.demo.samples import import_samples
from indelible.cli.demo.stage import wanted_entry
from indelible.cli.init import first_admin_key
from indelible.cli.serve import serve_directory
from indelible.cli.target import DEFAULT_DATA, DataOption
from indelible.cli.terminal import Terminal
from indelible.config import DEFAULT_LISTEN
from indelible.embedded import DataDirectory
from indelible.embedded.birth import MAIN_LOG
from indelible.errors import NotFound
from indelible.trust.key_files import create_private_file

if TYPE_CHECKING:
    from indelible.cli.intake.appending import Tally

__all__ = ["run"]

_KEY_FILE = "keys/first-admin-key"


def run(
    *,
    data: DataOption = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help=f"Where to listen, port 0 for a free one; else INDELIBLE_LISTEN, the configuration, {DEFAULT_LISTEN}.",
        ),
    ] = None,
) -> None:
    """Make a data directory if there is none, import the bundled real events into it, and serve it.

    Running it again keeps the data, and imports nothing twice.
    """
    terminal = Terminal(json=False)
    path = data or DEFAULT_DATA
    _make(path, terminal)
    with embedded.open(path) as log:
        tally = import_samples(log, terminal)
        size = log.run(log.plans.describe()).size
    _say_imported(terminal, tally, size)
    index = wanted_entry(path)
    serve_directory(path, listen, on_listening=lambda url: _say_where(terminal, url, path, index))


def _make(path: Path, terminal: Terminal) -> None:
    try:
        DataDirectory.open(path)
    except NotFound:
        with DataDirectory.create(path) as directory:
            key = first_admin_key(directory)
            create_private_file(path / _KEY_FILE, f"{key.secret}\n".encode())
        terminal.say(f"{path} is new. Its first admin key, which is shown only now:", style="bold")
        terminal.say(f"  {key.secret}")
        terminal.say(f"It is also in {path / _KEY_FILE}, which only you can read, for the commands below.")


def _say_imported(terminal: Terminal, tally: Tally, size: int) -> None:
    terminal.say(
        f"bundled events: {tally.read:,} read, {tally.added:,} added, {tally.duplicates:,} there already; "
        f"{MAIN_LOG} has {size:,} entries"
    )


def _say_where(terminal: Terminal, address: str, path: Path, index: int) -> None:
    indelible, data = shlex.quote(_program()), shlex.quote(_relative(path))
    option = "" if path == DEFAULT_DATA else f" --data {data}"
    terminal.note(f"listening on {address}")
    terminal.say()
    terminal.say(f"{address}/ in a browser says what this is. Next, in another terminal:", style="bold")
    terminal.say(f"  {indelible} show {index}{option}")
    terminal.say(f"  {indelible} verify {data}")
    terminal.say(f"  {indelible} demo tamper")
    terminal.say("To record something, which needs the key:")
    key_file = shlex.quote(_relative(path / _KEY_FILE))
    terminal.say(f"  {indelible} record hello.world --actor user:me --url {address} --api-key-file {key_file}")


def _program() -> str:
    """How this program was called, from where the user stands."""
    called = Path(sys.argv[0])
    return _relative(called) if called.name == "indelible" and called.exists() else "indelible"


def _relative(path: Path) -> str:
    absolute = path.absolute()
    here = Path.cwd()
    if not absolute.is_relative_to(here):
        return str(absolute)
    inside = str(absolute.relative_to(here))
    return inside if "/" in inside else f"./{inside}"
