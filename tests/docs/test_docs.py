"""The documentation does what it says: every page's blocks are run in order, in a directory of the page's own."""

from __future__ import annotations

import doctest
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import Block, blocks, commands
from tests.docs.session import REPOSITORY, Session

pytestmark = pytest.mark.xdist_group("docs")

PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]
RUNNING = [page for page in PAGES if blocks(page.read_text("utf-8"))]
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def without_blocks(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    titles = _HEADING.findall(without_blocks(page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def run_python(block: Block, namespace: dict[str, Any], page: Path) -> None:
    """Run a Python block in the page's namespace; examples with ``>>>`` are held against the output that they show."""
    padded = "\n" * block.line + block.text  # tracebacks name the page's own lines
    if ">>> " not in block.text:
        exec(compile(padded, str(page), "exec"), namespace)  # noqa: S102 - the repository's own documentation
        return
    test = doctest.DocTestParser().get_doctest(block.text, namespace, page.name, str(page), block.line)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    runner.run(test, out=said.append, clear_globs=False)
    namespace.update(test.globs)
    assert runner.failures == 0, "".join(said)


def run_block(block: Block, session: Session, namespace: dict[str, Any], page: Path) -> None:
    match block.kind:
        case "python":
            with pytest.MonkeyPatch.context() as patch:
                for name, value in session.exported().items():
                    patch.setenv(name, value)
                run_python(replace(block, text=session.localised(block.text)), namespace, page)
        case "file":
            (session.directory / block.name).parent.mkdir(parents=True, exist_ok=True)
            (session.directory / block.name).write_text(block.text, "utf-8")
        case "before":
            output, status = session.run(block.text)
            assert status == 0, f"before: {block.text}\n{output}"
        case "console":
            for command in commands(block):
                session.check(command)
        case "background":
            (command,) = commands(block)
            session.serve(command)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", RUNNING, ids=name_of)
def test_docs_page_does_what_it_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command succeeds with the output shown, every Python block runs, in the order of the page."""
    directory = tmp_path / "page"
    directory.mkdir()
    monkeypatch.chdir(directory)
    namespace: dict[str, Any] = {"__name__": "__page__"}
    with Session(directory) as session:
        for name in ("HOME", "COLUMNS", "NO_COLOR", "TERM"):
            monkeypatch.setenv(name, session.environment[name])
        for block in blocks(page.read_text("utf-8")):
            if block.needs and shutil.which(block.needs, path=session.environment["PATH"]) is None:
                pytest.skip(f"{block.needs} is not installed (scripts/install-test-tools installs it)")
            run_block(block, session, namespace, page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_docs_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file of the repository, and an anchor that exists in it."""
    broken = []
    for target in _LINK.findall(without_blocks(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []


def test_docs_readme_leads_to_every_page() -> None:
    """No page is an orphan: following links from the README finds all of them."""
    todo, seen = [REPOSITORY / "README.md"], set[Path]()
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        targets = _LINK.findall(without_blocks(page.read_text("utf-8")))
        todo += [(page.parent / target.partition("#")[0]).resolve() for target in targets if ":" not in target]
    assert [name_of(page) for page in PAGES if page not in seen] == []


def test_docs_readme_is_short() -> None:
    """README shows the whole in under 100 lines."""
    assert len((REPOSITORY / "README.md").read_text("utf-8").splitlines()) < 100
