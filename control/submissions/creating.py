"""Make the files for a public repository, and record what is sent, in one transaction.

The files are those of api.submission_template and api.export_sequences, made with the rights of the
user under whose name they are sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from control.database import acting_as
from control.errors import ControlError
from control.jobs.platform import find_pathogen, find_repository
from control.people.groups import Group
from control.queries import query
from control.terminal import listed, working_on

ROLE = "member"
# Looks samples up, with the rights of the caller (docs/architecture.md).
FINDER = "api_writer"
SHOWN_PROBLEMS = 100
METADATA_ENDINGS = {"gisaid": "metadata.csv", "genbank": "metadata.tsv"}
SEQUENCES_ENDING = "sequences.fasta"


@dataclass(frozen=True)
class Order:
    """What is to be sent, where and under whose name."""

    group: Group
    subject: str
    pathogen: str
    repository: str
    identifiers: Sequence[str]


@dataclass(frozen=True)
class Created:
    """A recorded submission; without an id after a dry run."""

    id: int | None
    samples: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class _Chosen:
    identifier: str
    reason: str | None
    sample_id: int | None
    strain: str | None


def create_submission(conn: psycopg.Connection, order: Order, *, dry_run: bool = False) -> Created:
    """Freeze the files of chosen samples, or say why one of them cannot be sent."""
    pathogen_id = find_pathogen(conn, order.pathogen)
    repository_id = find_repository(conn, order.repository)
    with conn.transaction(force_rollback=dry_run):
        lock_submissions(conn, order.group.id, repository_id)
        working_on(f"checking {len(order.identifiers)} samples")
        chosen = _choose(conn, order, pathogen_id)
        names = {one.sample_id: one.identifier for one in chosen}
        obstacles = find_obstacles(conn, order.group.id, repository_id, list(names))
        _refuse([(names[sample_id], reason) for sample_id, reason in obstacles])
        working_on(f"making the files of {len(names)} samples")
        files = _make_files(conn, order)
        row = conn.execute(
            query("submissions/store_submission"),
            {
                "group_id": order.group.id,
                "pathogen_id": pathogen_id,
                "repository_id": repository_id,
                "subject": order.subject,
                "names": list(files),
                "contents": [content.encode() for content in files.values()],
                "sample_ids": list(names),
                "strains": [one.strain for one in chosen],
            },
        ).fetchone()
    assert row is not None
    return Created(None if dry_run else int(row[0]), len(chosen), tuple(files))


def lock_submissions(conn: psycopg.Connection, group_id: int, repository_id: int) -> None:
    """Let one transaction at a time decide which samples of a group go to a repository."""
    name = f"submissions {group_id} {repository_id}"
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def find_obstacles(
    conn: psycopg.Connection, group_id: int, repository_id: int, sample_ids: Sequence[int | None]
) -> list[tuple[int, str]]:
    """Return the samples that are on their way to a repository or in it, and how that is known."""
    keys = {"group_id": group_id, "repository_id": repository_id, "sample_ids": list(sample_ids)}
    return conn.execute(query("submissions/find_obstacles"), keys).fetchall()


def _choose(conn: psycopg.Connection, order: Order, pathogen_id: int) -> list[_Chosen]:
    choice = {
        "pathogen": order.pathogen,
        "group_id": order.group.id,
        "samples": list(order.identifiers),
        "lineages": None,
    }
    with acting_as(conn, role=ROLE, subject=order.subject):
        conn.execute(
            "select authz.require_member(%s, 'You cannot submit samples of this group', 'full')",
            [order.group.id],
        )
        _become(conn, FINDER)
        rows = conn.execute(
            query("submissions/choose_samples"),
            {
                "choice": Jsonb(choice),
                "group_id": order.group.id,
                "pathogen_id": pathogen_id,
                "repository": order.repository,
            },
        ).fetchall()
        conn.execute("set local role none")
    found = [_Chosen(*row) for row in rows]
    _refuse([(one.identifier, one.reason) for one in found if one.reason])
    # Two identifiers of one sample, its private and its public one, name it once.
    return list({one.sample_id: one for one in found}.values())


def _refuse(problems: Sequence[tuple[str, str]]) -> None:
    if not problems:
        return
    lines = [f"{identifier} {reason}" for identifier, reason in problems[:SHOWN_PROBLEMS]]
    if hidden := len(problems) - len(lines):
        lines.append(f"… and {hidden} more")
    raise ControlError(
        f"nothing was recorded: {len(problems)} samples cannot be sent\n" + "\n".join(lines),
        "leave them out, or correct them",
    )


def _make_files(conn: psycopg.Connection, order: Order) -> dict[str, str]:
    """Return the files by name, as the API makes them for the user."""
    ending = METADATA_ENDINGS.get(order.repository.lower())
    if ending is None:
        raise ControlError(
            f"there is no template for {order.repository}",
            f"use one of {listed(['GISAID', 'GenBank'])}",
        )
    arguments = [
        order.pathogen,
        order.repository,
        order.group.id,
        json.dumps(list(order.identifiers)),
    ]
    with acting_as(conn, role=ROLE, subject=order.subject):
        metadata = conn.execute(
            "select api.submission_template(pathogen => %s, repository => %s, group_id => %s,"
            " samples => %s::json)",
            arguments,
        ).fetchone()
        sequences = conn.execute(
            "select api.export_sequences(pathogen => %s, repository => %s, group_id => %s,"
            " samples => %s::json)",
            arguments,
        ).fetchone()
        conn.execute("set local role none")
    names = conn.execute(
        "select internal.file_name(%s, %s), internal.file_name(%s, %s)",
        [order.repository, ending, order.repository, SEQUENCES_ENDING],
    ).fetchone()
    assert metadata is not None and sequences is not None and names is not None
    return {names[0]: _text(metadata[0]), names[1]: _text(sequences[0])}


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else bytes(content).decode()


def _become(conn: psycopg.Connection, role: str) -> None:
    conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
