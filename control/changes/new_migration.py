"""Write a migration from an edit of sql/tables/: both ways, proved on clones and reviewed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from control.changes import clones as cloning
from control.changes.clones import CloneServer, make_by_migrations, make_schemas, make_tables
from control.changes.proof import Proof, Review, prove
from control.changes.squawk import squawk_findings
from control.errors import ControlError
from control.schema.code import read_contents
from control.schema.diff import Action, Comparison, Difference, Rename, compare_databases
from control.schema.freeze import migration_files, number_of
from control.schema.heads import check_heads
from control.schema.ledger import migrations_of
from control.schema.script import Script
from control.settings import Settings

# Whose rename keeps rows; the rest is made again from rows, so an equal name is enough.
_WITH_ROWS = ("table", "column", "sequence", "type", "domain")
_CODE = ("acl:", "policy:", "trigger:", "function:", "procedure:", "view:")
_INDEX = re.compile(r"^create (unique )?index ", re.IGNORECASE)
_DROPPED_INDEX = re.compile(r"^drop index ", re.IGNORECASE)
# What fails while code that uses it is loaded.
_NEEDS_NO_CODE = re.compile(
    r"alter table \S+\s+(alter column \S+\s+(set data )?type|drop column)"
    r"|^drop (table|type|domain)",
    re.IGNORECASE,
)
_BY_HAND = (
    "write the two files by hand, starting from what control migrate new --dry-run prints, and run"
    " control migrate check"
)


@dataclass(frozen=True)
class NewMigration:
    """Hold a migration that was proved; `name` is its id."""

    name: str
    forward: str
    rollback: str
    # What the rows lose: on the way, and on the way back.
    loses: tuple[str, ...]
    rollback_loses: tuple[str, ...]
    review: Review
    # None where squawk is not installed.
    findings: tuple[str, ...] | None
    files: tuple[str, ...] = field(default=())


def new_migration(
    settings: Settings,
    message: str,
    *,
    renames: Mapping[str, str],
    keeps_no_name: bool = False,
    concurrently: bool = False,
    is_written: bool = True,
) -> NewMigration | None:
    """Write the migration that leads to sql/tables/ and sql/domains/; None if nothing differs.

    `renames` are full names of tables and columns, before and after. Without them, or
    `keeps_no_name`, what may have been renamed is refused: to drop it loses its rows.
    """
    root = settings.root
    check_heads(root)
    name = _name(root, message)
    with cloning.clone_server(settings) as clones:
        _make_both_sides(clones, root)
        forth, back = _plans(clones, renames, keeps_no_name)
        if not forth.differences:
            return None
        _refuse_what_no_statement_does(forth.differences)
        alone = concurrently and _is_of_indexes(forth.actions)
        head = _head(root, message, forth.actions, alone)
        forward = Script(f"migrations/{name}.sql", head + _text(forth.actions, alone))
        rollback = Script(f"migrations/{name}.rollback.sql", _text(back.actions, False))
        proof = prove(
            clones,
            forward,
            rollback,
            before="before",
            after="after",
            alone=alone,
            renames=renames,
        )
        _refuse_unproved(proof)
    findings = squawk_findings(root, forward.text)
    made = NewMigration(
        name,
        forward.text,
        rollback.text,
        loses=_lost(forth.actions),
        rollback_loses=_lost(back.actions),
        review=proof.review,
        findings=None if findings is None else tuple(findings),
        files=(forward.name, rollback.name),
    )
    if is_written:
        for script in (forward, rollback):
            (root / script.name).write_text(script.text, encoding="utf-8")
        _format([root / script.name for script in (forward, rollback)])
    return made


def _make_both_sides(clones: CloneServer, root: Path) -> None:
    """Make the tables by migrations, and as the files say they are."""
    contents = read_contents(root)
    clones.create("before")
    with clones.connect("before") as conn:
        make_schemas(conn, contents)
    clones.create("after", of="before")
    with clones.connect("before") as conn:
        make_by_migrations(conn, migrations_of(root))
    with clones.connect("after") as conn:
        make_tables(conn, contents)


def _plans(
    clones: CloneServer, renames: Mapping[str, str], keeps_no_name: bool
) -> tuple[Comparison, Comparison]:
    """Plan both ways, with what is renamed instead of made again."""
    urls = {name: clones.url(name) for name in ("before", "after")}
    both = [("before", "after"), ("after", "before")]
    forth, back = compare_databases(urls, both)
    chosen = _chosen(forth.renames, renames, keeps_no_name)
    if not chosen:
        return forth, back
    (forth,) = compare_databases(urls, both[:1], chosen)
    (back,) = compare_databases(urls, both[1:], [(after, before) for before, after in chosen])
    return forth, back


def _chosen(
    candidates: Iterable[Rename], renames: Mapping[str, str], keeps_no_name: bool
) -> list[tuple[str, str]]:
    """Choose what is renamed: what the caller says, and what holds no rows of its own."""
    chosen = []
    asked = dict(renames)
    for one in candidates:
        kind, _, before = one.before.partition(":")
        after = one.after.partition(":")[2]
        if kind not in _WITH_ROWS:
            if one.status == "unambiguous":
                chosen.append((one.before, one.after))
        elif asked.get(before) == after:
            chosen.append((one.before, one.after))
            del asked[before]
        elif before not in renames and not keeps_no_name:
            raise ControlError(
                f"{kind} {before} is gone and {after} is new: that may be a rename",
                f"say --rename {before}={after} to keep its rows, or --no-rename to drop {before}"
                f" with all its values and make {after} again",
            )
    if asked:
        before, after = next(iter(asked.items()))
        raise ControlError(
            f"{before} cannot be renamed to {after}: they are not the same but for the name",
            "rename it in one migration and change it in the next",
        )
    return chosen


def _refuse_what_no_statement_does(differences: Sequence[Difference]) -> None:
    new_or_gone = {one.name for one in differences if one.verb != "set"}
    for one in differences:
        if one.id.startswith("unmodeled_kind:"):
            raise ControlError(f"no statement can be made for this: {one.id}", _BY_HAND)
        if one.id.startswith(_CODE) and not _comes_by_itself(one, new_or_gone):
            raise ControlError(
                f"{one.name} is code, and sql/tables/ and sql/domains/ have none",
                "put it below sql/policies/, sql/triggers/, sql/internal/ or sql/api/: code needs"
                " no migration",
            )


def _comes_by_itself(one: Difference, new_or_gone: Set[str]) -> bool:
    """Tell whether these are the rights that a table or type has from its beginning."""
    is_usual = one.name.startswith("rights of aspen_owner on ") or (
        one.name.startswith("rights of PUBLIC on ") and one.object[0] == "type"
    )
    return is_usual and not new_or_gone.isdisjoint(one.of)


def _refuse_unproved(proof: Proof) -> None:
    """Refuse a migration after which the database is not what it is to be."""
    for one in proof.after_forward:
        if one.id.startswith("column position:"):
            raise ControlError(
                f"column {one.object[1]} is at another place in its table: no statement moves it",
                "put new columns at the end of their `create table`, before the constraints",
            )
    for said, differences in (
        ("the migration does not make what sql/ says", proof.after_forward),
        ("the rollback does not lead back", proof.after_rollback),
    ):
        if differences:
            listed = "\n".join(f"  {name}" for name in dict.fromkeys(d.name for d in differences))
            raise ControlError(f"{said}; these differ:\n{listed}", _BY_HAND)


def _name(root: Path, message: str) -> str:
    """Return the id: the next number, and the words of the message."""
    words = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:60].rstrip("_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", words):
        raise ControlError(
            f"{message!r} is no name for a migration",
            "say in some words what it does and why: control migrate new 'Add nicknames of users'",
        )
    number = max(map(number_of, migration_files(root)), default=0) + 1
    return f"{number:04}_{words}"


def _head(root: Path, message: str, actions: Iterable[Action], alone: bool) -> str:
    """Return the comment that a migration begins with: why, after which, and how it is run."""
    sentence = message[0].upper() + message[1:].rstrip(".")
    newest = max(migration_files(root), key=number_of, default="")
    lines = [f"-- {sentence}.", f"-- depends: {newest}".rstrip()]
    if alone:
        lines.append("-- transactional: false")
    if any(_NEEDS_NO_CODE.search(one.sql) for one in actions):
        lines.append("-- code: unloaded")
    return "\n".join(lines) + "\n\n"


def _text(actions: Iterable[Action], alone: bool) -> str:
    statements = []
    for one in actions:
        sql = one.sql
        if alone:
            sql = _INDEX.sub(
                lambda found: f"create {found[1] or ''}index concurrently if not exists ", sql
            )
            sql = _DROPPED_INDEX.sub("drop index concurrently if exists ", sql)
        statements.append(f"{sql};\n")
    return "\n".join(statements)


def _is_of_indexes(actions: Iterable[Action]) -> bool:
    """Tell whether nothing but indexes changes, which can be built while others write."""
    if all(_INDEX.match(one.sql) or _DROPPED_INDEX.match(one.sql) for one in actions):
        return True
    raise ControlError(
        "an index is built concurrently in a migration of its own, and more than indexes changes",
        "run it without --concurrently for the rest first, then add the index to sql/tables/",
    )


def _lost(actions: Iterable[Action]) -> tuple[str, ...]:
    return tuple(one.id.replace(":", " ", 1) for one in actions if one.loses)


def _format(paths: Sequence[Path]) -> None:
    """Lay the files out as make lint wants them, where sqlfluff is installed."""
    program = Path(sys.executable).with_name("sqlfluff")
    if program.exists() and (paths[0].parent.parent / ".sqlfluff").exists():
        subprocess.run(
            [program, "fix", "--disable-progress-bar", "-q", *paths],
            cwd=paths[0].parent.parent,
            capture_output=True,
            check=False,
        )
