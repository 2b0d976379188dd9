"""Viewers read of jobs and files only what they may fetch, and no private identifier of samples."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

Query = sql.SQL | sql.Composed
ERRORS = sql.SQL("select status, error from api.{}")
MATCHING = sql.SQL("select status from api.{} where error like 'sample%%'")
FILES = (
    "select id, kind, bucket, key, version_id, etag, size_bytes, checksum_sha256"
    " from api.job_outputs"
)
FILE = {
    "bucket": "aspen",
    "key": "a/file",
    "version_id": "v1",
    "etag": "e1",
    "size_bytes": 7,
    "checksum_sha256": "0" * 64,
}
NOTHING = dict.fromkeys(FILE)
CHECKED = NOTHING | {name: FILE[name] for name in ("size_bytes", "checksum_sha256")}


def read(request_as: RequestAs, person: str, query: Query, *values: object) -> list[Any]:
    """Return what a person finds."""
    with request_as("member", sub=person) as conn, conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchall()


@pytest.mark.parametrize("view", ["jobs", "phylo_runs"])
@pytest.mark.parametrize(
    ("person", "error"),
    [("vic", None), ("gus", None), ("alice", "sample P-1 failed"), ("bob", "sample P-1 failed")],
    ids=["viewer", "granted viewer", "member", "granted member"],
)
def test_error_is_for_members(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    view: str,
    person: str,
    error: str | None,
) -> None:
    """Hide it from viewers: the message of a failed tool may name private samples."""
    factories.grant(admin, lab.group, lab.other_group, "member")
    third = factories.group(admin)
    factories.grant(admin, lab.group, third, "viewer")
    factories.user(admin, "gus", {third: "admin"})
    factories.phylo_run(admin, lab.group, status="failed", error="sample P-1 failed")

    found = read(request_as, person, ERRORS.format(sql.Identifier(view)))
    matching = read(request_as, person, MATCHING.format(sql.Identifier(view)))

    assert found == [{"status": "failed", "error": error}]
    assert len(matching) == (0 if error is None else 1)


@pytest.mark.parametrize(
    ("person", "kind", "shown"),
    [
        ("vic", "auspice_json", CHECKED),
        ("vic", "aligned_fasta", NOTHING),
        ("alice", "auspice_json", FILE),
        ("alice", "aligned_fasta", FILE),
    ],
    ids=["viewer, tree", "viewer, other", "member, tree", "member, other"],
)
def test_viewer_reads_size_and_checksum_of_a_file(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    person: str,
    kind: str,
    shown: dict[str, object],
) -> None:
    """Show them for files the viewer may fetch, and hide where the files are stored."""
    run = factories.phylo_run(admin, lab.group)
    output = factories.job_output(admin, run, kind, **FILE)

    found = read(request_as, person, sql.SQL(FILES))

    assert found == [{"id": output, "kind": kind} | shown]


def test_run_with_a_masked_error_is_renamed(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Accept the change though the view masks a column."""
    run = factories.phylo_run(admin, lab.group)
    rename = sql.SQL("update api.phylo_runs set name = 'Renamed' where id = %s returning name")

    assert read(request_as, "alice", rename, run) == [{"name": "Renamed"}]
    assert read(request_as, "vic", rename, run) == []
