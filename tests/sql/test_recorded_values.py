"""The audit log keeps what changed, but no secret and no bases."""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

OTHER = "TTGA" * 250


def values(conn: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    """Return action, old and new values of the entries about a table, without updated_at."""
    return conn.execute(
        "select action, old_values - 'updated_at', new_values - 'updated_at' from aspen.audit_log"
        " where table_name = %s order by id",
        [table],
    ).fetchall()


def checksum(letters: str) -> str:
    """Return what the log writes for a sequence."""
    return "sha256:" + hashlib.sha256(letters.encode()).hexdigest()


def test_update_keeps_old_and_new_values_of_what_changed(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep columns that differ only, also those that were or become null."""
    sample = factories.sample(admin, lab.group, "a", host="bat", authors=["A"])
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(
            "update api.samples set host = null, organism = 'x', authors = '{A,B}',"
            " collection_date = collection_date where id = %s",
            [sample],
        )

    old, new = values(admin, "samples")[-1][1:]
    organism = old.pop("organism")
    assert organism != "x"
    assert (old, new) == (
        {"host": "bat", "authors": ["A"]},
        {"host": None, "organism": "x", "authors": ["A", "B"]},
    )


def test_delete_keeps_the_whole_row(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep every column of a sample, as the API names it."""
    sample = factories.sample(admin, lab.group, "a")
    row = admin.execute(
        "select to_jsonb(samples) - 'updated_at' from aspen.samples as samples"
    ).fetchone()
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples where id = %s", [sample])

    assert row is not None
    assert values(admin, "samples") == [("insert", None, None), ("delete", row[0], None)]


def test_batch_keeps_the_values_of_each_row(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Compare each row with its own old values."""
    for name in "abc":
        factories.sample(admin, lab.group, name, host=name)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set host = host || private_identifier")

    assert sorted(
        (old["host"], new["host"]) for _, old, new in values(admin, "samples") if old
    ) == [("a", "aa"), ("b", "bb"), ("c", "cc")]


def test_change_of_letters_is_kept_by_checksum(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep the bases beside the log, where nobody but restore_samples reads them."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.sequences set sequence = %s", [OTHER])
        conn.execute("update api.sequences set sequence = lower(sequence), sequencing_depth = 7")
        conn.execute("delete from api.sequences")

    _, changed, renewed, deleted = values(admin, "sequences")
    kept = admin.execute(
        "select group_id, sample_id, 'sha256:' || sequence_checksum, sequence"
        " from aspen.replaced_sequences order by id"
    ).fetchall()
    assert changed == (
        "update",
        {"sequence": checksum(factories.GENOME)},
        {"sequence": checksum(OTHER)},
    )
    assert renewed == ("update", {"sequencing_depth": None}, {"sequencing_depth": 7})
    assert deleted[1]["sequence"] == checksum(OTHER)
    assert kept == [
        (lab.group, sample, checksum(letters), letters) for letters in (factories.GENOME, OTHER)
    ]


def test_rows_that_go_with_their_sample_are_kept(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record what a foreign key deletes like what a request deletes."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    factories.accession(admin, sample)
    factories.sample_lineage(admin, sample)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples")

    gone = admin.execute(
        "select table_name, user_id, (old_values ->> 'sample_id')::bigint from aspen.audit_log"
        " where action = 'delete' and old_values ? 'sample_id' order by table_name"
    ).fetchall()
    assert gone == [
        (table, lab.alice, sample) for table in ("accessions", "sample_lineages", "sequences")
    ]


def test_removal_of_a_group_is_recorded_with_what_it_takes_along(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Record the group itself and the rows that a foreign key deletes."""
    group = factories.group(admin, "Short-lived")
    factories.job_schedule(admin, group)
    factories.invitation(admin, group)
    admin.execute("delete from aspen.groups where id = %s", [group])

    gone = admin.execute(
        "select table_name, coalesce(old_values ->> 'name', old_values ->> 'kind') as name"
        " from aspen.audit_log where action = 'delete' and group_id = %s order by table_name",
        [group],
    ).fetchall()
    assert gone == [
        ("groups", "Short-lived"),
        ("invitations", None),
        ("job_schedules", "phylo_run"),
    ]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("share_links", "update aspen.share_links set token_hash = 'new-hush'"),
        ("invitations", "update aspen.invitations set token_hash = 'new-hush'"),
        ("mails", "update aspen.mails set body = 'new-hush', recipient = 'hush@example.com'"),
    ],
)
def test_secrets_are_not_kept(admin: psycopg.Connection, lab: Lab, table: str, change: str) -> None:
    """Keep neither the hash of a token nor the text of a mail, which has one."""
    tree = factories.phylo_tree(admin, factories.phylo_run(admin, lab.group))
    factories.share_link(admin, lab.alice, phylo_tree_id=tree)
    mail = {
        "group_id": lab.group,
        "invitation_id": factories.invitation(admin, lab.group),
        "recipient": "hush@example.org",
        "subject": "Invitation",
        "body": "hush",
    }
    factories.insert(admin, "mails", mail)
    admin.execute(change.encode())
    admin.execute(sql.SQL("delete from aspen.{}").format(sql.Identifier(table)))

    text = admin.execute(
        "select string_agg(concat(details, old_values, new_values), '') from aspen.audit_log"
        " where table_name = %s",
        [table],
    ).fetchone()
    assert text is not None
    assert "hush" not in text[0]
    assert b"hush".hex() not in text[0]


def test_request_is_recorded_by_its_id(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name the request as the access log does; the control plane has none."""
    factories.sample(admin, lab.group)
    admin.execute("select set_config('request.headers', '{\"x-request-id\": \"abc-1\"}', true)")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set host = 'bat'")

    ids = admin.execute(
        "select action, request_id from aspen.audit_log where table_name = 'samples' order by id"
    ).fetchall()
    assert ids == [("insert", None), ("update", "abc-1")]


def test_entry_without_a_partition_goes_into_the_default_one(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Lose no entry, whether or not its month was prepared."""
    admin.execute(
        "insert into aspen.audit_log (occurred_at, table_name, action, role_name)"
        " values ('1999-01-01', 'samples', 'insert', 'x'), ('2999-01-01', 'samples', 'insert', 'x')"
    )

    rows = admin.execute(
        "select tableoid::regclass::text from aspen.audit_log where role_name = 'x'"
    ).fetchall()
    assert rows == [("aspen.audit_log_default",)] * 2
