"""Find what the pages for people refer to: files of this repository, and headings of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_FOLDERS = "control|docs|examples|migrations|setup|sql|tests|\\.ci|\\.github"
# A file of ours, wherever it is mentioned; `(new)` after it says that the reader is to make it.
_PATH = re.compile(
    rf"(?<![\w/.~$-])(?P<path>(?:{_FOLDERS})/[\w./*-]*[\w*/])(?P<rest>[<…{{]?)"
    r"(?:`? \((?P<new>new)\))?"
)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<text>.+?) *$", re.MULTILINE)
# A block that is a file to be made or changed, as in CONTRIBUTING.md.
_FILE = re.compile(r"^ *(`{3,})\w+ \S+\n.*?^ *\1$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def pages(root: Path) -> list[Path]:
    """Return every page of a checkout, but not of what is installed in it."""
    folders = (one for one in root.iterdir() if one.is_dir() and one.name[0] != ".")
    found = [*root.glob("*.md")]
    for folder in folders:
        if folder.name != "node_modules":
            found += folder.rglob("*.md")
    return sorted(found)


def wrong_paths(root: Path, page: Path) -> Iterator[str]:
    """Yield the paths on a page that do not exist, and new ones that do."""
    for found in _PATH.finditer(_FILE.sub("", page.read_text("utf-8"))):
        # A previous version of the API comes and goes.
        if found["path"].startswith("sql/api_v"):
            continue
        # The rest is up to the reader: sql/tables/<table>.sql
        path = found["path"].rpartition("/")[0] if found["rest"] else found["path"]
        exists = any(root.glob(path.rstrip("/"))) if path else True
        if exists == bool(found["new"]):
            yield found[0]


def wrong_links(page: Path) -> Iterator[str]:
    """Yield the links on a page that lead to no file, or to no heading of a page."""
    text = _FENCED.sub("", _FILE.sub("", page.read_text("utf-8")))
    for found in _LINK.finditer(text):
        target, _, anchor = found["target"].partition("#")
        if ":" in target:
            continue
        path = page.parent / target if target else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            yield found["target"]


def _anchors(page: Path) -> set[str]:
    """Return the names of the headings of a page, as hosts of git make them."""
    text = _FENCED.sub("", page.read_text("utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading["text"].lower()).replace(" ", "-")
        for heading in _HEADING.finditer(text)
    }
