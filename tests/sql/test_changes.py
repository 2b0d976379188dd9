"""Direct members and admins of a group read what happened to its rows."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

HISTORY = (
    "select resource, row_id, action, old_values, new_values, changed_by_id from api.changes"
    " where resource = %s and action <> 'insert' order by id"
)
COUNT = "select count(*) from api.changes where group_id = %s and resource = 'samples'"


def counted(conn: psycopg.Connection, group: int) -> int:
    """Return how many changes of samples of a group the caller sees."""
    row = conn.execute(COUNT, [group]).fetchone()
    assert row is not None
    return int(row[0])


def history(conn: psycopg.Connection, resource: str) -> list[tuple[Any, ...]]:
    """Return the updates and deletes of a resource, oldest first."""
    return conn.execute(HISTORY, [resource]).fetchall()


def test_renamed_sample_keeps_one_history(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Find it by its id, whatever it was called and wherever it was collected."""
    peru = factories.location(admin, "Peru")
    sample = factories.sample(admin, lab.group, "a")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set private_identifier = 'b'")
        conn.execute("update api.samples set location_id = %s", [peru])
        conn.execute("update api.samples set host = 'bat'")

        changes = history(conn, "samples")

    assert changes == [
        ("samples", sample, "update", {key: old}, {key: new}, lab.alice)
        for key, old, new in (
            ("private_identifier", "a", "b"),
            ("location_id", lab.location, peru),
            ("host", None, "bat"),
        )
    ]


def test_change_of_access_is_shown_with_its_values(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show it like any other change, under the name of its resource."""
    member = factories.membership(admin, lab.group, lab.bob)
    admin.execute("update aspen.memberships set role = 'viewer' where id = %s", [member])
    admin.execute("delete from aspen.memberships where id = %s", [member])
    with request_as("member", sub="alice") as conn:
        changes = history(conn, "group_members")

    viewer = {"user_id": lab.bob, "role": "viewer"}
    assert changes == [
        ("group_members", member, "update", {"role": "member"}, viewer, None),
        ("group_members", member, "delete", viewer, None, None),
    ]


def test_entry_of_before_values_were_kept_is_shown_without(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show that something changed, when and by whom."""
    factories.change(admin, lab.group, row_id=7, user_id=lab.alice)
    with request_as("member", sub="alice") as conn:
        changes = history(conn, "samples")

    assert changes == [("samples", 7, "update", None, None, lab.alice)]


@pytest.mark.parametrize(("who", "seen"), [("alice", 1), ("vic", 0), ("bob", 0)])
def test_changes_are_for_members_of_the_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, who: str, seen: int
) -> None:
    """Hide them from viewers, who do not see private rows, and from other groups."""
    factories.sample(admin, lab.group)
    with request_as("member", sub=who) as conn:
        count = counted(conn, lab.group)

    assert count == seen


@pytest.mark.parametrize("role", ["viewer", "member", "admin"])
def test_grant_shows_no_changes(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str
) -> None:
    """Show the group to whom it granted access its rows, and never their history."""
    factories.grant(admin, lab.group, lab.other_group, role)
    factories.sample(admin, lab.group)
    factories.sample(admin, lab.other_group)
    with request_as("member", sub="bob") as conn:
        samples = conn.execute("select group_id from api.samples order by id").fetchall()
        counts = [counted(conn, group) for group in (lab.group, lab.other_group)]

    assert (samples, counts) == ([(lab.group,), (lab.other_group,)], [0, 1])


def test_operator_sees_changes_of_own_groups_only(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Treat an operator like anybody else: group data is not theirs."""
    factories.user(admin, "olga", {lab.other_group: "admin"}, is_operator=True)
    for group in (lab.group, lab.other_group):
        factories.sample(admin, group)
    with request_as("operator", sub="olga") as conn:
        counts = [counted(conn, group) for group in (lab.group, lab.other_group)]

    assert counts == [0, 1]


def test_member_who_leaves_sees_no_changes(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Judge by the role of now, not by that of the time of the change."""
    factories.sample(admin, lab.group)
    admin.execute("update aspen.memberships set role = 'viewer' where user_id = %s", [lab.alice])
    with request_as("member", sub="alice") as conn:
        count = counted(conn, lab.group)

    assert count == 0


def test_tables_that_are_no_resource_are_left_out(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show no internal name: neither of a table nor of users and keys."""
    sample = factories.sample(admin, lab.group)
    factories.aligned_sequence(admin, sample)
    factories.phylo_tree(admin, factories.phylo_run(admin, lab.group))
    with request_as("member", sub="alice") as conn:
        rows = conn.execute("select distinct resource from api.changes order by 1").fetchall()
        views = conn.execute(
            "select relname from pg_catalog.pg_class where relkind = 'v'"
            " and relnamespace = 'api'::regnamespace"
        ).fetchall()

    assert rows == [("group_members",), ("groups",), ("jobs",), ("phylo_trees",), ("samples",)]
    assert {name for (name,) in rows} <= {name for (name,) in views}


# The resources whose columns the entries of a table name.
SHOWN_BY = {
    "accessions": ["accessions"],
    "groups": ["groups"],
    "job_outputs": ["job_outputs"],
    "job_schedules": ["job_schedules"],
    "jobs": ["jobs", "phylo_runs"],
    "phylo_trees": ["phylo_trees"],
    "sample_lineages": ["sample_lineages"],
    "sample_mutations": ["sample_mutations"],
    "sample_qc_metrics": ["sample_qc_metrics"],
    "samples": ["samples"],
    "sequences": ["sequences"],
    "share_links": ["share_links"],
    "submission_files": ["submission_files"],
    "submission_samples": ["submission_samples"],
    "submissions": ["submissions"],
}


@pytest.mark.parametrize("table", SHOWN_BY)
def test_columns_have_the_names_of_the_api(admin: psycopg.Connection, lab: Lab, table: str) -> None:
    """Keep no column that no resource shows."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    factories.accession(admin, sample)
    factories.sample_lineage(admin, sample)
    factories.qc_metric(admin, sample)
    run = factories.phylo_run(admin, lab.group, status="failed")
    factories.job_output(admin, run)
    tree = factories.phylo_tree(admin, run)
    factories.mutations(admin, sample)
    factories.share_link(admin, lab.alice, phylo_tree_id=tree)
    submission = factories.submission(admin, lab.group)
    factories.submission_file(admin, submission)
    factories.submission_sample(admin, submission)
    factories.job_schedule(admin, lab.group)
    factories.group(admin)
    target = sql.Identifier(table)
    admin.execute("delete from aspen.job_samples")
    admin.execute(
        sql.SQL("delete from aspen.{0} where id = (select max(id) from aspen.{0})").format(target)
    )

    hidden = admin.execute(
        "select distinct keys.name from aspen.audit_log as entries"
        " cross join jsonb_object_keys(entries.old_values) as keys (name)"
        " where entries.table_name = %s and entries.action = 'delete' and not exists ("
        "   select from pg_catalog.pg_attribute as columns"
        "   where columns.attname = keys.name and columns.attrelid::regclass::text = any (%s))",
        [table, [f"api.{view}" for view in SHOWN_BY[table]]],
    ).fetchall()
    assert hidden == []


@pytest.mark.parametrize("table", SHOWN_BY)
def test_resources_that_members_see_have_a_history(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, table: str
) -> None:
    """Show what the table of the resource records."""
    entry = factories.change(admin, lab.group, table_name=table)
    with request_as("member", sub="alice") as conn:
        shown = conn.execute("select resource from api.changes where id = %s", [entry]).fetchone()

    assert shown == (table,)


def test_who_made_a_change_is_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name the user; the control plane is nobody."""
    factories.sample(admin, lab.group)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set host = 'bat'")
        people = conn.execute(
            "select api.changed_by(changes) from api.changes as changes"
            " where resource = 'samples' order by id"
        ).fetchall()

    assert people == [(None,), ({"id": lab.alice, "name": "Alice"},)]


def test_made_up_row_names_nobody(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Read the row again, so that no argument names a user of another group."""
    foreign = factories.change(admin, lab.other_group, user_id=lab.bob)
    entry = factories.change(admin, lab.group, user_id=lab.alice)
    asked = (
        "select api.changed_by(jsonb_populate_record(null::api.changes, jsonb_build_object("
        "'id', %s::bigint, 'changed_by_id', %s::bigint, 'changed_at', now())))"
    )
    with request_as("member", sub="alice") as conn:
        answers = [conn.execute(asked, [row, lab.bob]).fetchone() for row in (foreign, entry)]

    assert answers == [(None,), ({"id": lab.alice, "name": "Alice"},)]


def test_history_of_links_and_mutations_has_no_secret(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show that a link was made, used and removed, and no hash of its token."""
    tree = factories.phylo_tree(admin, factories.phylo_run(admin, lab.group))
    link = factories.share_link(admin, lab.alice, phylo_tree_id=tree)
    mutations = factories.mutations(admin, factories.sample(admin, lab.group))
    admin.execute("update aspen.share_links set use_count = 1")
    admin.execute("update aspen.sample_mutations set substitutions = '{A1C}'")
    admin.execute("delete from aspen.share_links")
    with request_as("member", sub="alice") as conn:
        used, removed = history(conn, "share_links")
        computed = history(conn, "sample_mutations")

    assert used == ("share_links", link, "update", {"use_count": 0}, {"use_count": 1}, None)
    assert (removed[3]["kind"], "token_hash" in removed[3]) == ("phylo_tree", False)
    assert computed == [("sample_mutations", mutations, "update", {}, {}, None)]
