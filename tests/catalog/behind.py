"""Who sees the rows of tables that no resource shows; functions and other tables rely on them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from psycopg import sql

from tests import factories
from tests.catalog.matrix import MEMBER_OF_TWO, Matrix

DIRECT = frozenset({"admin", "member", "op-member"})
FULL = DIRECT | {"g-admin", "g-member"}
ANY = FULL | {"viewer", "g-viewer"}
# By table and row of the lab.
SEEN_BY = {
    ("aligned_sequences", "-"): FULL,
    ("group_limits", "-"): DIRECT,
    ("group_requests", "-"): DIRECT,
    ("job_backgrounds", "-"): FULL,
    ("job_public_sequences", "-"): FULL,
    ("job_samples", "-"): FULL,
    ("phylo_tree_tips", "-"): ANY,
}
# What tells the rows of a table apart, where it is not an id.
KEYS = {"group_requests": "group_id"}


def store_rows(matrix: Matrix) -> dict[tuple[str, str], int]:
    """Store a row of each table, and return their ids."""
    conn, lab = matrix.conn, matrix.names["group"]
    run = matrix.rows["phylo_runs", "-"]
    sample = matrix.rows["samples", "open"]
    repository = matrix.rows["public_repositories", "-"]
    public = {"group_id": lab, "job_id": run, "public_repository_id": repository, "strain": "a"}
    conn.execute("insert into aspen.group_requests values (%s, '2024-01-01', 1)", [lab])
    tip = conn.execute("select min(id) from aspen.phylo_tree_tips").fetchone()
    assert tip is not None
    return {
        ("aligned_sequences", "-"): factories.aligned_sequence(conn, sample),
        ("group_limits", "-"): factories.insert(conn, "group_limits", {"group_id": lab}),
        ("group_requests", "-"): lab,
        ("job_backgrounds", "-"): factories.job_background(conn, run, [sample]),
        ("job_public_sequences", "-"): factories.insert(conn, "job_public_sequences", public),
        ("job_samples", "-"): factories.job_sample(conn, run, sample),
        ("phylo_tree_tips", "-"): int(tip[0]),
    }


def who_sees(matrix: Matrix, table: str, row_id: int) -> frozenset[str]:
    """Return who would see a row if a view showed the table; needs a superuser's connection."""
    with matrix.conn.transaction(force_rollback=True):
        matrix.conn.execute(
            sql.SQL(
                "create view api.behind with (security_invoker = true) as select {} as id from {};"
                " grant select on api.behind to member, operator, anon, job"
            ).format(sql.Identifier(KEYS.get(table, "id")), sql.Identifier("aspen", table))
        )
        return frozenset(_callers(matrix, row_id))


def _callers(matrix: Matrix, row_id: int) -> Iterator[str]:
    for caller in matrix.callers.keys() - MEMBER_OF_TWO.keys():
        try:
            with matrix.request_of(caller) as conn:
                found = conn.execute("select from api.behind where id = %s", [row_id]).fetchall()
        except psycopg.Error:
            found = []
        if found:
            yield caller
