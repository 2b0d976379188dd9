"""Each check of `control doctor` is well on a healthy database, and tells what was broken."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from control.backups.archive import Archive
from control.backups.manifest import Backup
from control.doctor import server
from control.doctor.checks import ALL
from control.doctor.patient import Patient
from control.doctor.running import Finding, examine
from control.doctor.verdicts import Check, Verdict, ok
from control.schema.code import loaded_probe
from control.tokens.keys import KeySet
from tests import factories
from tests.servers import S3, Api, Database
from tests.sql.conftest import Lab
from tests.sql.conftest import lab as lab


def look(patient: Patient, name: str) -> Finding:
    """Do one check."""
    with patient:
        [finding] = examine(patient, [check for check in ALL if check.name == name])
    return finding


@pytest.fixture
def patient(admin: psycopg.Connection, shared_database: Database) -> Patient:
    """Look at a database as role control, in a transaction that is rolled back."""
    return Patient(shared_database.settings, admin)


@pytest.fixture
def open_patient(superuser: psycopg.Connection, shared_database: Database) -> Patient:
    """Look at a database as somebody who can break anything."""
    return Patient(shared_database.settings, superuser)


# What somebody broke by hand.


@pytest.mark.parametrize(
    ("name", "fault", "state", "said"),
    [
        (
            "row-level-security",
            "alter table aspen.samples no force row level security",
            "fail",
            "samples",
        ),
        (
            "row-level-security",
            "alter table aspen.jobs disable row level security",
            "fail",
            "jobs",
        ),
        ("roles", "alter role member bypassrls", "fail", "member"),
        ("roles", "alter role control superuser", "fail", "control"),
        ("roles", "alter role authenticator nologin", "fail", "authenticator"),
        ("roles", "grant control to authenticator", "fail", "authenticator as control"),
        (
            "grants",
            "grant execute on all functions in schema internal to public",
            "fail",
            "internal.",
        ),
        (
            "migrations",
            "delete from control._yoyo_migration where migration_id = (select max(migration_id)"
            " from control._yoyo_migration)",
            "fail",
            "pending: 0",
        ),
        (
            "migrations",
            "update control._yoyo_migration set migration_id = '9999_of_tomorrow' where"
            " migration_id = (select max(migration_id) from control._yoyo_migration)",
            "fail",
            "9999_of_tomorrow",
        ),
        (
            "code",
            "update control.loaded_files set sha256 = '' where path = 'policies/samples.sql'",
            "fail",
            "policies/samples.sql",
        ),
        (
            "missing-indexes",
            "drop index aspen.jobs_pathogen_id_idx",
            "warn",
            "pathogen_id",
        ),
    ],
)
def test_what_was_broken_by_hand_is_told(
    open_patient: Patient, name: str, fault: str, state: str, said: str
) -> None:
    """Find nothing before, the object afterwards, and say what to do."""
    before = look(open_patient, name)
    open_patient.conn.execute(fault.encode())
    broken = look(Patient(open_patient.settings, open_patient.conn), name)

    assert (before.state, before.remedy) == ("ok", None)
    assert (broken.state, bool(broken.remedy)) == (state, True)
    assert said in broken.said


def test_month_without_a_partition_is_told(patient: Patient) -> None:
    """Want the partition of next month before the month begins."""
    before = look(patient, "partitions")
    with patient.conn.transaction():
        patient.conn.execute("set local role aspen_owner")
        month = datetime.now(UTC).replace(day=1) + timedelta(days=32)
        names = [f"{table}_{month:%Y_%m}" for table in ("audit_log", "events")]
        for name in names:
            patient.conn.execute(f"create table control.{name} ()".encode())

    assert before.state == "warn"
    assert f"missing: {', '.join(names)};" in before.said
    assert look(patient, "partitions").state == "ok"


def test_database_without_our_schemas_is_no_fault_of_each_check(empty_database: Database) -> None:
    """Fail for what is missing, and skip what follows from it."""
    wanted = [check for check in ALL if check.name in ("migrations", "code", "grants", "mails")]
    with Patient(empty_database.settings) as patient:
        found = {finding.name: finding.state for finding in examine(patient, wanted)}

    assert found == {"migrations": "fail", "code": "fail", "grants": "skip", "mails": "skip"}


# Work that does not go on.


@pytest.mark.parametrize(
    ("name", "stored", "state", "said"),
    [
        ("workers", {"status": "queued"}, "fail", "1 jobs wait and no worker runs"),
        ("workers", {"status": "running", "worker": "gone"}, "fail", "have lost their worker"),
        ("queue", {"status": "queued", "due_at": "-30 min"}, "warn", "the oldest for 30 min"),
        ("queue", {"status": "queued", "due_at": "-2 hours"}, "fail", "the oldest for 120 min"),
        ("dead-letters", {"status": "failed"}, "warn", "1 jobs failed since yesterday"),
    ],
)
def test_job_that_stands_still_is_told(
    patient: Patient, lab: Lab, name: str, stored: dict[str, str], state: str, said: str
) -> None:
    """Find nothing before it is stored."""
    before = look(patient, name)
    columns: dict[str, Any] = dict(stored)
    if "due_at" in stored:
        [(columns["due_at"],)] = patient.rows(
            b"select now() + %(age)s::interval", {"age": stored["due_at"]}
        )
    factories.job(patient.conn, lab.group, **columns)

    found = look(patient, name)

    assert (before.state, found.state) == ("ok", state)
    assert said in found.said


def test_worker_takes_what_waits(patient: Patient, lab: Lab) -> None:
    """Be content with a queue while a worker lives, and with one of a kind that is paused."""
    factories.job(patient.conn, lab.group)
    alone = look(patient, "workers").state
    patient.conn.execute("insert into aspen.job_workers (name) values ('w')")
    served = look(patient, "workers").state
    patient.conn.execute("update aspen.job_workers set heartbeat_at = now() - interval '1 day'")
    dead = look(patient, "workers").state
    patient.conn.execute("update aspen.job_kinds set is_paused = true")

    assert (alone, served, dead) == ("fail", "ok", "fail")
    assert look(patient, "workers").state == "ok"


def test_notification_that_was_set_aside_is_told(patient: Patient) -> None:
    """Name the command that handles it again."""
    patient.conn.execute(
        "insert into aspen.rejected_notifications (message_id, body, reason) values ('m', '{}', '')"
    )

    found = look(patient, "dead-letters")

    assert (found.state, "control output replay" in f"{found.remedy}") == ("warn", True)


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ("created_at, body) values (%s, %s, 'a@b.example', 's', now(), 'x')", "ok"),
        (
            "created_at, body) values (%s, %s, 'a@b.example', 's', now() - interval '1 hour', 'x')",
            "fail",
        ),
        ("given_up_at) values (%s, %s, 'a@b.example', 's', now())", "warn"),
    ],
    ids=["fresh", "stuck", "given up"],
)
def test_mail_that_is_not_sent_is_told(
    patient: Patient, lab: Lab, columns: str, state: str
) -> None:
    """Give a fresh one a quarter of an hour."""
    invitation = factories.invitation(patient.conn, lab.group)
    patient.conn.execute("delete from aspen.mails")
    before = look(patient, "mails").state
    statement = f"insert into aspen.mails (group_id, invitation_id, recipient, subject, {columns}"
    patient.conn.execute(statement.encode(), [lab.group, invitation])

    assert (before, look(patient, "mails").state) == ("ok", state)


def test_webhook_that_stopped_and_events_that_wait_are_told(patient: Patient, lab: Lab) -> None:
    """Warn of what its owner must mend, fail where nobody publishes."""
    user = factories.user(patient.conn, "hook", {lab.group: "admin"})
    patient.conn.execute("delete from aspen.event_notes")
    factories.webhook(patient.conn, lab.group, user)
    before = look(patient, "webhooks").state
    patient.conn.execute("update aspen.webhooks set stopped_at = now()")
    stopped = look(patient, "webhooks").state
    patient.conn.execute(
        "insert into aspen.event_notes (group_id, kind, row_ids, disclosed_at, occurred_at)"
        " values (%s, 'sample.created', '{1}', now(), now() - interval '1 hour')",
        [lab.group],
    )

    assert (before, stopped, look(patient, "webhooks").state) == ("ok", "warn", "fail")


@pytest.mark.parametrize(
    ("age", "state"), [("1 day", "ok"), ("1 minute", "warn"), ("-1 minute", "fail")]
)
def test_credentials_that_end_are_told(patient: Patient, age: str, state: str) -> None:
    """Fail without any, too."""
    before = look(patient, "links").state
    patient.conn.execute(
        "insert into aspen.storage_credentials (bucket, region, endpoint_url, access_key_id,"
        " secret_access_key, expires_at) values (%s, 'r', 'http://s3', 'a', 's', now() + %s)",
        [patient.settings.bucket, age],
    )

    assert (before, look(patient, "links").state) == ("fail", state)


# The server.


def test_index_that_nobody_reads_is_told(database: Database) -> None:
    """Count since the statistics began."""
    with database.connect() as conn:
        conn.execute(
            "create table aspen.notes as"
            " select n as id, n as size from pg_catalog.generate_series(1, 60000) as rows_ (n);"
            " create index notes_id_idx on aspen.notes (id);"
            " create index notes_size_idx on aspen.notes (size)"
        )
        before = look(Patient(database.settings, conn), "unused-indexes").state
        conn.execute(
            "do $$ begin for n in 1..100 loop perform from aspen.notes where id = n;"
            " end loop; end $$"
        )
        conn.execute("select pg_stat_force_next_flush()")
        conn.execute("select")
        found = look(Patient(database.settings, conn), "unused-indexes")

    assert (before, found.state) == ("ok", "warn")
    assert found.said == "never read since the database was made: aspen.notes_size_idx"


def test_server_of_tests_is_neither_vacuumed_nor_durable(patient: Patient) -> None:
    """Tell it of a server that is set up so; the local stack shows the other case."""
    assert [look(patient, name).state for name in ("vacuum", "durability")] == ["fail", "fail"]


@pytest.fixture
def bystander(shared_database: Database) -> Iterator[psycopg.Connection]:
    """Keep a transaction open."""
    with psycopg.connect(shared_database.url, application_name="a bystander") as conn:
        conn.execute("select 1")
        yield conn


@pytest.mark.usefixtures("bystander")
def test_old_transaction_is_named(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count from ten minutes on, and here from the beginning."""
    before = look(patient, "transactions").state
    monkeypatch.setattr(server, "LONG_SECONDS", 0)
    warned = look(patient, "transactions")
    monkeypatch.setattr(server, "VERY_LONG_SECONDS", 0)

    assert (before, warned.state, look(patient, "transactions").state) == ("ok", "warn", "fail")
    assert "of control (" in warned.said


def test_disk_without_room_is_told(
    shared_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measure the disk of the local stack only."""
    patient = Patient(replace(shared_database.settings, data_dir=tmp_path))
    monkeypatch.setattr(server, "LEAST_FREE_SHARE", 0.0)
    before = look(patient, "disk").state
    monkeypatch.setattr(server, "LEAST_FREE_SHARE", 1.0)
    warned = look(patient, "disk").state
    monkeypatch.setattr(server, "LEAST_FREE_BYTES", 1 << 60)
    failed = look(patient, "disk").state
    far = Patient(replace(patient.settings, environment="far"))

    assert (before, warned, failed, look(far, "disk").state) == ("ok", "warn", "fail", "skip")


# Files, keys and clocks.


def test_backup_that_is_old_is_told(shared_database: Database, tmp_path: Path) -> None:
    """Look at backups of every night, and at an archive."""
    patient = Patient(replace(shared_database.settings, backup_folder=f"{tmp_path}"))
    none = look(patient, "backups").state
    fresh, old = (datetime.now(UTC) - timedelta(hours=age) for age in (1, 30))
    states = []
    for moment in (old, fresh):
        directory = tmp_path / f"{moment:%d-%H}"
        directory.mkdir()
        _backup(directory, moment).write()
        states.append(look(patient, "backups").state)
    for moment in (old, datetime.now(UTC)):
        Archive(tmp_path).note(moment, "0/0")
        states.append(look(patient, "backups").state)
    gone = Patient(replace(patient.settings, backup_folder=f"{tmp_path / 'gone'}"))

    assert (none, states) == ("fail", ["fail", "ok", "fail", "ok"])
    assert look(gone, "backups").state == "fail"
    assert look(Patient(shared_database.settings), "backups").state == "skip"


def _backup(directory: Path, made_at: datetime) -> Backup:
    return Backup(
        directory=directory,
        made_at=made_at.isoformat(),
        server_major=18,
        tool_major=18,
        migrations=(),
        rows={},
        settings=(),
        dump_sha256="",
        object_list_sha256=None,
        missing_objects=(),
        has_keys=False,
    )


def test_keys_that_are_old_or_open_are_told(shared_database: Database, keys: KeySet) -> None:
    """Warn of old keys, and fail where others of the machine can sign."""
    patient = Patient(replace(shared_database.settings, keys_dir=keys.directory))
    before = look(patient, "keys").state
    years_ago = time.time() - 400 * 86400
    os.utime(keys.directory / "keys.json", (years_ago, years_ago))
    old = look(patient, "keys").state
    (keys.directory / "jwks.json").chmod(0o644)

    assert (before, old, look(patient, "keys").state) == ("ok", "warn", "fail")


def test_keys_that_the_api_does_not_know_are_told(api: Api, keys: KeySet) -> None:
    """Show it a token, and accept that nobody is its user."""
    settings = replace(api.database.settings, api_url=api.url, keys_dir=api.keys.directory)
    other = replace(settings, keys_dir=keys.directory)

    assert look(Patient(settings), "tokens").state == "ok"
    assert look(Patient(other), "tokens").state == "fail"


@pytest.mark.parametrize(("ahead", "state"), [(0, "ok"), (10, "warn"), (-3600, "fail")])
def test_clock_that_is_wrong_is_told(api: Api, s3: S3, ahead: float, state: str) -> None:
    """Compare all three servers with a clock of this machine that somebody set."""
    settings = replace(s3.settings, database_url=api.database.url, api_url=api.url)

    found = look(Patient(settings, now=lambda: time.time() + ahead), "clocks")

    assert found.state == state
    assert all(name in found.said for name in ("database", "API", "S3"))


def test_bucket_without_versions_and_bucket_that_is_missing_are_told(s3: S3) -> None:
    """Leave nothing behind."""
    warned = look(Patient(s3.settings), "s3")
    failed = look(Patient(replace(s3.settings, bucket="of-nobody")), "s3")

    assert (warned.state, failed.state) == ("warn", "fail")
    assert s3.client.list_objects_v2(Bucket=s3.bucket, Prefix="doctor/")["KeyCount"] == 0


def test_schema_that_the_api_has_not_read_is_told(api: Api) -> None:
    """Give the last load another name, and do not tell the API."""
    settings = replace(api.database.settings, api_url=api.url)
    with api.database.connect() as conn:
        probe = loaded_probe(conn)
        before = look(Patient(settings), "schema-cache").state
        conn.execute("set role aspen_owner")
        conn.execute(f"alter function api.{probe}() rename to {probe}x".encode())
        stale = look(Patient(settings), "schema-cache").state
        conn.execute(f"alter function api.{probe}x() rename to {probe}".encode())

    assert (before, stale) == ("ok", "fail")


# The frame.


def test_check_that_hangs_or_crashes_holds_up_none(shared_database: Database) -> None:
    """Give it up, and go on with the next one."""
    never = threading.Event()

    def hang(_: Patient) -> Verdict:
        never.wait()
        return ok("")

    def crash(_: Patient) -> Verdict:
        raise ZeroDivisionError("by nobody")

    checks = [
        Check("hangs", "", hang, seconds=0),
        Check("crashes", "", crash),
        Check("goes on", "", lambda _: ok("fine")),
    ]

    found = [(one.state, one.said) for one in examine(Patient(shared_database.settings), checks)]

    never.set()
    assert found == [
        ("fail", "no answer within 0 s"),
        ("fail", "ZeroDivisionError: by nobody"),
        ("ok", "fine"),
    ]


def test_names_of_checks_are_unique() -> None:
    """Let --only mean one check."""
    names = [check.name for check in ALL]

    assert len(set(names)) == len(names)
    assert all(check.about for check in ALL)
