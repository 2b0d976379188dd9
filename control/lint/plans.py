"""Prove that a caller of one group reads that group and not the table, by the plans themselves.

The policies compare with settings inline, an index of each table leads to the group, and each
request is planned for its own settings: the three together give this plan, none of them alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

import psycopg
from psycopg import sql

from control.lint.rules import Rule
from control.queries import query

RULE = Rule(
    name="members_read_the_rows_of_their_group",
    level="error",
    description=(
        "On copies of the tables with 2,000 generated rows, the plan for a member of a group with"
        " 10 of them begins at an index, and PostgreSQL knows how many rows to expect."
    ),
    fix=(
        "compare group_id with authz.any_groups() or its like outside of any sub-select, and have"
        " an index that begins with group_id"
    ),
)
_GROUP, _ROWS = "2", 10
# How often more rows than there are the planner may expect: with a sub-select it is 20 times.
_TOLERANCE = 5
_SETTINGS = {
    "aspen.user_id": "1",
    "aspen.any_groups": f"{{{_GROUP}}}",
    "aspen.full_groups": f"{{{_GROUP}}}",
    "aspen.direct_groups": f"{{{_GROUP}}}",
    "aspen.member_groups": f"{{{_GROUP}}}",
    "aspen.admin_groups": f"{{{_GROUP}}}",
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
    "jit": "off",
}


def find_bad_plans(conn: psycopg.Connection, only: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the policies whose plans read too much, each with what it reads.

    `only` names tables. Everything happens beside the tables, in a transaction that is rolled back.
    """
    with conn.transaction(force_rollback=True):
        found = conn.execute(query("plans/copies_of_tables")).fetchall()
        tables = [row for row in found if not only or row[0] in only]
        conn.execute("create schema aspen_lint; grant usage on schema aspen_lint to member")
        conn.execute(b";".join(creation.encode() for *_, creation, _ in tables))
        conn.execute(b";".join(filling.encode() for *_, filling in tables))
        conn.execute("set local role member")
        for name, value in _SETTINGS.items():
            conn.execute("select set_config(%s, %s, true)", [name, value])
        return [
            (policy, problem)
            for name, policy, *_ in tables
            if (problem := _problem(_plan(conn, name)))
        ]


def _plan(conn: psycopg.Connection, table: str) -> dict[str, Any]:
    explained = sql.SQL("explain (format json) select * from {}").format(
        sql.Identifier("aspen_lint", table)
    )
    row = conn.execute(explained).fetchone()
    assert row is not None
    found = row[0] if isinstance(row[0], list) else json.loads(row[0])
    plan: dict[str, Any] = found[0]["Plan"]
    return plan


def _problem(plan: dict[str, Any]) -> str | None:
    nodes = list(_nodes(plan))
    if whole := [node for node in nodes if node["Node Type"].endswith("Seq Scan")]:
        return (
            f"reads all 2,000 rows of a copy ({whole[0]['Node Type']}) for a group that has {_ROWS}"
        )
    if plan["Plan Rows"] > _TOLERANCE * _ROWS:
        return (
            f"is planned for {plan['Plan Rows']} rows for a group that has {_ROWS}:"
            " PostgreSQL cannot see the groups of the caller"
        )
    conditions = [node["Index Cond"] for node in nodes if "Index Cond" in node]
    if not any("_groups" in one or "group_id" in one or "user_id" in one for one in conditions):
        return "reads an index from end to end: its condition is not the group"
    return None


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
