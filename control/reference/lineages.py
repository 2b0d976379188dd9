"""Load the lineages of a pathogen from Pango's lineage_notes.txt or mpox's lineages.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from control.errors import ControlError
from control.input_files import open_input
from control.jobs.platform import end_platform_job, find_pathogen
from control.queries import query

HEADER = "Lineage\tDescription"
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,127}")
SHOWN_PROBLEMS = 100
LARGEST_FILE_BYTES = 1 << 26


@dataclass(frozen=True)
class LineagesFile:
    """The lineages of a file, the names that stand for some of them, and how many are withdrawn."""

    path: Path
    lineages: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    withdrawn: int = 0


@dataclass(frozen=True)
class LineagesReport:
    """How many rows were written, or would be in a dry run."""

    added: int
    removed: int
    aliases: int


def load_lineages(
    conn: psycopg.Connection,
    slug: str,
    file: LineagesFile,
    *,
    allow_fewer: bool = False,
) -> LineagesReport:
    """Replace the lineages of a pathogen, and record it as a job of the platform."""
    with conn.transaction():
        report = store_lineages(conn, slug, file, allow_fewer=allow_fewer)
        end_platform_job(conn, "lineages", None, pathogen_id=find_pathogen(conn, slug))
    return report


def store_lineages(
    conn: psycopg.Connection, slug: str, file: LineagesFile, *, allow_fewer: bool = False
) -> LineagesReport:
    """Replace the lineages of a pathogen; refuse a file with less than half of them."""
    columns = {
        "slug": slug,
        "lineages": list(file.lineages),
        "aliases": list(file.aliases),
        "aliased": list(file.aliases.values()),
    }
    before = conn.execute(
        "select count(lineages.id) from aspen.pathogens left join aspen.lineages"
        " on lineages.pathogen_id = pathogens.id where pathogens.slug = %s"
        " group by pathogens.id",
        [slug],
    ).fetchone()
    if before is None:
        raise ControlError(
            f"there is no pathogen {slug!r}", "use the slug of one that exists, such as SC2"
        )
    if len(file.lineages) * 2 < before[0] and not allow_fewer:
        raise ControlError(
            f"nothing was stored: {file.path} has {len(file.lineages)} lineages,"
            f" and {slug} has {before[0]}",
            "check that the file is complete; --allow-fewer loads it all the same",
        )
    row = conn.execute(query("reference/load_lineages"), columns).fetchone()
    assert row is not None
    return LineagesReport(*row)


def read_lineages(path: Path) -> LineagesFile:
    """Read and check a whole file, in the form that it begins like."""
    text = read_text(path)
    file = _from_json(path, text) if text.lstrip()[:1] == "{" else _from_notes(path, text)
    if not file.lineages:
        raise ControlError(f"{path} has no lineages", "check that the file is complete")
    return file


def read_text(path: Path) -> str:
    """Read a whole file of UTF-8, unpacked."""
    with open_input(path) as source:
        content = source.stream.read(LARGEST_FILE_BYTES + 1)
    if len(content) > LARGEST_FILE_BYTES:
        raise ControlError(f"{path} is larger than 64 MB", "name a file of lineages")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ControlError(f"{path} is not UTF-8", "convert it to UTF-8") from error


def _from_notes(path: Path, text: str) -> LineagesFile:
    """Read Pango's notes: a name and a description per line; `*` before it says withdrawn."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != HEADER:
        raise ControlError(
            f"{path} does not begin with the line {HEADER!r}",
            "name a lineage_notes.txt of Pango or a lineages.json of mpox",
        )
    rows = [(n, line) for n, line in enumerate(lines[1:], 2) if line.strip()]
    kept = [(n, line.split(maxsplit=1)[0]) for n, line in rows if not line.startswith("*")]
    _refuse_bad_names(path, kept)
    names = tuple(dict.fromkeys(name for _, name in kept))
    return LineagesFile(path, names, withdrawn=len(rows) - len(kept))


def _from_json(path: Path, text: str) -> LineagesFile:
    """Read mpox's list: each of `lineages` has a name and perhaps an alias."""
    try:
        entries = json.loads(text)["lineages"]
        names = [(n, entry["name"]) for n, entry in enumerate(entries, 1)]
        aliases = [(n, entry.get("alias"), entry["name"]) for n, entry in enumerate(entries, 1)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ControlError(
            f"{path} is not a list of lineages in JSON",
            'it must look like {"lineages": [{"name": "B.1", "alias": "A.1.1"}]}',
        ) from error
    given = [(n, alias, name) for n, alias, name in aliases if alias not in (None, "", name)]
    _refuse_bad_names(path, names + [(n, alias) for n, alias, _ in given])
    kept = tuple(dict.fromkeys(name for _, name in names))
    return LineagesFile(path, kept, {alias: name for _, alias, name in given if alias not in kept})


def refuse(path: Path, problems: Sequence[str], remedy: str) -> None:
    """Refuse a file that has problems, and name the first of them."""
    if problems:
        shown = [*problems[:SHOWN_PROBLEMS]]
        if hidden := len(problems) - len(shown):
            shown.append(f"… and {hidden} more")
        raise ControlError(
            f"nothing was stored: {path} has {len(problems)} problems\n" + "\n".join(shown), remedy
        )


def _refuse_bad_names(path: Path, names: Sequence[tuple[int, object]]) -> None:
    refuse(
        path,
        [
            f"{path}:{n}: {name!r} is not the name of a lineage"
            for n, name in names
            if not (isinstance(name, str) and NAME.fullmatch(name))
        ],
        "a name has 1 to 128 letters, digits and . _ / -",
    )
