"""Operators read what is to be watched, in the text form of OpenMetrics."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.openmetrics import Metrics, parse
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

METRICS = "select api.metrics()"


@pytest.fixture
def operator(admin: psycopg.Connection) -> str:
    """Store an operator."""
    factories.user(admin, "olga", is_operator=True)
    return "olga"


def sizes(conn: psycopg.Connection, group: int, samples: int, jobs_requested: int = 0) -> None:
    """Store what a group had when it was counted."""
    conn.execute(
        "insert into aspen.group_sizes values (%s, %s, 0, 0, 0, %s)",
        [group, samples, jobs_requested],
    )


def text_of(request_as: RequestAs, operator: str) -> str:
    """Return what an operator reads."""
    with request_as("operator", sub=operator) as conn:
        row = conn.execute(METRICS).fetchone()
    assert row is not None
    return str(row[0])


def metrics_of(request_as: RequestAs, operator: str) -> Metrics:
    """Return the samples that an operator reads."""
    return parse(text_of(request_as, operator))


def test_each_sample_has_a_family(
    admin: psycopg.Connection, request_as: RequestAs, operator: str, lab: Lab
) -> None:
    """Lose no sample for a name that internal.metric_families does not list."""
    metrics = metrics_of(request_as, operator)
    families = {row[0] for row in admin.execute("select name from internal.metric_families()")}
    measured = {
        row[0]
        for function in ("job", "outbox", "server", "table", "group", "usage")
        for row in admin.execute(f"select distinct name from internal.{function}_metrics()")  # noqa: S608
    }

    assert measured - families == set()
    assert set(metrics.families) == families


def test_jobs_are_counted_by_kind(
    admin: psycopg.Connection, request_as: RequestAs, operator: str, lab: Lab
) -> None:
    """Count what waits and runs of all groups, and what ended in the last hour."""
    long_ago = "2000-01-01"
    factories.job(admin, lab.group, created_at=long_ago)
    factories.job(admin, lab.other_group, status="running", worker="gone")
    factories.job(admin, lab.other_group, status="failed", error="it failed")
    factories.job(admin, lab.group, status="failed", created_at=long_ago, finished_at=long_ago)
    metrics = metrics_of(request_as, operator)

    assert {
        name: metrics.value(f"aspen_{name}", kind="nextclade")
        for name in ("jobs_queued", "jobs_running", "jobs_lost")
    } == {"jobs_queued": 1, "jobs_running": 1, "jobs_lost": 1}
    assert metrics.value("aspen_jobs_ended_in_hour", kind="nextclade", status="failed") == 1
    assert metrics.value("aspen_jobs_queued", kind="export") == 0


def test_age_of_a_waiting_job_is_told(
    admin: psycopg.Connection, request_as: RequestAs, operator: str, lab: Lab
) -> None:
    """Count from when it could have started, and not while its kind is paused."""
    factories.job(admin, lab.group)
    factories.job(admin, lab.group, kind="export")
    admin.execute("alter table aspen.jobs disable trigger jobs_set_updated_at")
    admin.execute(
        "update aspen.jobs set updated_at = now() - interval '1 hour',"
        " created_at = now() - interval '2 hours'"
    )
    admin.execute("update aspen.job_kinds set is_paused = true where name = 'export'")
    metrics = metrics_of(request_as, operator)

    assert [
        metrics.value(f"aspen_{name}_seconds", kind=kind)
        for kind in ("nextclade", "export")
        for name in ("oldest_waiting_job", "oldest_open_job")
    ] == [3600, 7200, 0, 7200]


def test_what_was_given_up_is_counted(
    admin: psycopg.Connection, request_as: RequestAs, operator: str, lab: Lab
) -> None:
    """Count webhooks that stopped and notifications that nobody replayed."""
    factories.webhook(admin, lab.group, lab.alice, stopped_at="2024-01-01")
    factories.webhook(admin, lab.other_group, lab.bob)
    factories.insert(
        admin,
        "rejected_notifications",
        {"message_id": "a", "body": "{}", "reason": "it makes no sense"},
    )
    metrics = metrics_of(request_as, operator)

    assert {
        labels[0][1]: value
        for (name, labels), value in metrics.samples.items()
        if name == "aspen_dead_letters"
    } == {"notifications": 1, "mails": 0, "webhooks": 1}
    assert metrics.value("aspen_webhooks", state="active") == 1


def test_groups_are_named_by_their_ids_alone(
    admin: psycopg.Connection, request_as: RequestAs, operator: str, lab: Lab
) -> None:
    """Show no name, address, identifier or reason; groups that used nothing are left out."""
    factories.job(admin, lab.group, status="failed", error="about hCoV-19/secret")
    factories.sample(admin, lab.group, "PRIVATE-1")
    text = text_of(request_as, operator)
    jobs = parse(text).value("aspen_group_jobs_ended_in_day", group=str(lab.group))

    assert jobs == 1
    assert f'group="{lab.other_group}"' not in text
    assert not any(word in text for word in ("PRIVATE-1", "hCoV", "example.org", "alice", "Alice"))


def test_groups_are_compared_with_their_limits(
    admin: psycopg.Connection, request_as: RequestAs, operator: str, lab: Lab
) -> None:
    """Tell what a group had when it was counted, and beside it the limit of the same name."""
    sizes(admin, lab.group, samples=90, jobs_requested=3)
    sizes(admin, lab.other_group, samples=7)
    factories.insert(
        admin, "group_limits", {"group_id": lab.group, "most_samples": 100, "most_jobs_per_day": 4}
    )
    metrics = metrics_of(request_as, operator)

    of_group = {
        (name.removeprefix("aspen_group_"), labels["of"]): value
        for (name, pairs), value in metrics.samples.items()
        if (labels := dict(pairs)).get("group") == str(lab.group) and "of" in labels
    }
    assert of_group == {
        ("usage", "samples"): 90,
        ("limit", "samples"): 100,
        ("usage", "jobs_per_day"): 3,
        ("limit", "jobs_per_day"): 4,
    }
    assert metrics.value("aspen_all_groups_usage", of="samples") == 97
    assert metrics.value("aspen_group_usage_age_seconds") == 0


def test_few_of_many_groups_are_shown(
    admin: psycopg.Connection, request_as: RequestAs, operator: str, lab: Lab
) -> None:
    """Show the 100 largest, and smaller ones only if they are near a limit."""
    admin.execute(
        "with made as (insert into aspen.groups (name, prefix) select 'Many ' || number,"
        " 'MANY-' || number from generate_series(1, 120) as number returning id, name)"
        " insert into aspen.group_sizes select id, 1000 + substr(name, 6)::integer, 0, 0, 0, 0"
        " from made"
    )
    sizes(admin, lab.group, samples=6)
    sizes(admin, lab.other_group, samples=4)
    for group in (lab.group, lab.other_group):
        factories.insert(admin, "group_limits", {"group_id": group, "most_samples": 10})
    metrics = metrics_of(request_as, operator)

    shown = {
        dict(labels)["group"] for name, labels in metrics.samples if name == "aspen_group_usage"
    }
    smallest = min(
        value for (name, _), value in metrics.samples.items() if name == "aspen_group_usage"
    )
    assert (len(shown), smallest, str(lab.other_group) in shown) == (101, 6, False)


def test_server_tells_about_itself(request_as: RequestAs, operator: str) -> None:
    """Tell the states of connections, which only some roles see; there is no replica."""
    metrics = metrics_of(request_as, operator)

    assert (metrics.value("aspen_wal_bytes_total") or 0) > 0
    assert (metrics.value("aspen_table_bytes", table="samples") or 0) > 0
    assert metrics.value("aspen_is_replica") == 0
    assert "aspen_replication_lag_seconds" not in metrics.names()


def test_slot_that_nobody_reads_is_counted(
    superuser: psycopg.Connection, request_as: RequestAs, operator: str
) -> None:
    """Count it, because a replica that is gone has no lag."""
    before = metrics_of(request_as, operator).value("aspen_replication_slots_unused")
    superuser.execute("select pg_create_physical_replication_slot('nobody', true)")
    try:
        metrics = metrics_of(request_as, operator)
    finally:
        superuser.execute("select pg_drop_replication_slot('nobody')")

    assert (before, metrics.value("aspen_replication_slots_unused")) == (0, 1)
    assert metrics.value("aspen_replication_slot_bytes", slot="nobody") is not None


@pytest.mark.parametrize("role", ["member", "anon"])
def test_others_read_no_metrics(request_as: RequestAs, lab: Lab, role: str) -> None:
    """Refuse admins of groups as well as nobody."""
    with request_as(role, sub="alice" if role == "member" else None) as conn:
        answer = refusal_of(conn, METRICS)

    assert answer == "42501"


@pytest.mark.parametrize("column", ["error", "name", "arguments", "requested_by_id"])
def test_observer_reads_no_values_of_jobs(
    superuser: psycopg.Connection, lab: Lab, column: str
) -> None:
    """Grant the role that counts only what it counts by."""
    superuser.execute("set local role observer")

    assert refusal_of(superuser, f"select {column} from aspen.jobs") == "42501"  # noqa: S608


def test_credentials_that_never_end_have_no_time_left(
    admin: psycopg.Connection, request_as: RequestAs, operator: str
) -> None:
    """Tell the time of the others alone."""
    factories.storage_credentials(admin, "ends")
    factories.storage_credentials(admin, "lasts", expires_at="infinity")

    text = text_of(request_as, operator)

    name = "aspen_storage_credentials_expiry_seconds"
    assert (f'{name}{{bucket="ends"}}' in text, f'{name}{{bucket="lasts"}}' in text) == (
        True,
        False,
    )
