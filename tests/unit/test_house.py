"""The house's own rules, where no linter knows them.

What modules export, what the core may import, what is never written down, how long a file and a function may be.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "indelible"
SOURCES = sorted(PACKAGE.rglob("*.py"))

PURE_ROOMS = ("merkle", "formats", "events", "query")
IO_MODULES = {"os", "io", "pathlib", "socket", "sqlite3", "asyncio", "logging", "time", "subprocess", "threading"}

LONG_FILE = 250
"""Lines; a few files may have a reason to be longer, none may be twice as long."""
LONG_FUNCTION = 40

# Put together from pieces, so that this file does not find itself.
PRIVATE_PATHS = tuple("/".join(parts) for parts in (("", "work", ""), ("shared", "design"), ("shared", "specs")))
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("registry", "npmjs", "org"),
        ("crates", "io"),
        ("repo", "maven", "apache", "org"),
        ("repo1", "maven", "org"),
        ("deb", "debian", "org"),
    )
)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_public(path: Path) -> bool:
    return not any(part.startswith("_") and part != "__init__.py" for part in path.relative_to(PACKAGE).parts)


def is_migration(path: Path) -> bool:
    """Alembic's revisions and environment are run by Alembic by file name, never imported from."""
    return "migrations" in path.parts


def imported_names(tree: ast.AST) -> set[str]:
    """The top-level package of every absolute import in the module, those inside functions included."""
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def tracked_files() -> list[Path]:
    # The checkout may belong to another user than the one who tests it.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def defines_something(path: Path) -> bool:
    """Whether there is more in a module than a docstring: many rooms' ``__init__`` only says what the room is for."""
    return any(
        not isinstance(node, ast.ImportFrom) or node.module != "__future__"
        for node in ast.parse(path.read_text("utf-8")).body[1:]
    )


PUBLIC = [path for path in SOURCES if is_public(path) and defines_something(path) and not is_migration(path)]


@pytest.mark.parametrize("path", PUBLIC, ids=module_name)
def test_house_every_public_module_exports_what_it_names(path: Path) -> None:
    """``__all__`` stands in every public module, holds no name twice, and every name in it exists."""
    module = importlib.import_module(module_name(path))
    exported = getattr(module, "__all__", None)
    assert exported is not None, f"{path.relative_to(ROOT)} has no __all__"
    assert len(exported) == len(set(exported))
    assert [name for name in exported if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_house_every_module_says_what_it_is(path: Path) -> None:
    """A module begins with a docstring that is more than its name."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert len(docstring) > 20, f"{path.relative_to(ROOT)} does not say what it is"


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_house_core_does_no_io(room: str) -> None:
    """The core is arithmetic on values: no module of it imports anything that touches the world."""
    modules = sorted((PACKAGE / room).rglob("*.py"))
    assert modules, f"there is no room {room}"
    guilty = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in modules
        if (found := imported_names(ast.parse(path.read_text("utf-8"))) & IO_MODULES)
    }
    assert guilty == {}


def test_house_files_name_no_private_paths_and_no_registries() -> None:
    """The repository stands alone: no path of one machine, no address of a package registry, in any tracked file."""
    words = [word.encode() for word in (*PRIVATE_PATHS, *REGISTRY_HOSTS)]
    guilty = {
        str(path.relative_to(ROOT)): [word.decode() for word in words if word in content]
        for path in tracked_files()
        if any(word in (content := path.read_bytes()) for word in words)
    }
    assert guilty == {}


def test_house_locks_pin_every_package_by_hash() -> None:
    """Every requirement in a lock is an exact version with at least one hash."""
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        blocks = [
            line for line in lock.read_text("utf-8").replace("\\\n", " ").splitlines() if line and line[0] not in "# "
        ]
        assert blocks, f"{lock.name} is empty"
        unpinned = [block.split()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block]
        assert unpinned == [], lock.name


def test_house_most_files_are_short() -> None:
    """At least nine source files in ten are under 250 lines, and none reaches 500."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    longest = sorted(lengths.items(), key=lambda item: -item[1])
    long = [item for item in longest if item[1] >= LONG_FILE]
    assert longest[0][1] < 2 * LONG_FILE, longest[:5]
    assert len(long) * 10 <= len(lengths), long


def test_house_most_functions_are_short() -> None:
    """At least nineteen functions in twenty are under 40 lines, and none reaches 120."""
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    longest = sorted(lengths.items(), key=lambda item: -item[1])
    long = [item for item in longest if item[1] >= LONG_FUNCTION]
    assert longest[0][1] < 3 * LONG_FUNCTION, longest[:5]
    assert len(long) * 20 <= len(lengths), long
