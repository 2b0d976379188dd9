"""Members ask for the import of files that they uploaded."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

CALL = (
    "select id, group_id, kind, status, requested_by_id, progress_done, progress_total"
    " from api.create_import(%s, 'SC2', %s, %s)"
)


@pytest.fixture
def files(admin: psycopg.Connection, lab: Lab) -> tuple[int, int]:
    """Store two uploads of the lab."""
    return factories.upload(admin, lab.group), factories.upload(admin, lab.group)


def test_import_is_queued_for_its_requester(
    request_as: RequestAs, lab: Lab, files: tuple[int, int]
) -> None:
    """Keep what was asked for with the job."""
    with request_as("member", sub="alice") as conn:
        [job] = conn.execute(CALL, [lab.group, *files]).fetchall()
        conn.execute("reset role")
        arguments = conn.execute(
            "select arguments from aspen.jobs where id = %s", [job[0]]
        ).fetchall()

    assert job[1:] == (lab.group, "import", "queued", lab.alice, None, None)
    assert arguments == [
        (
            {
                "metadata_upload_id": files[0],
                "sequences_upload_id": files[1],
                "on_conflict": "error",
                "is_private": False,
                "incomplete_dates": "reject",
                "is_sequence_optional": False,
                "private_identifier_column": "strain",
                "public_identifier_column": "strain",
                "strain_prefix": "keep",
            },
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ("null, null", ["metadata_upload_id", "sequences_upload_id"]),
        ("{0}, {0}", ["sequences_upload_id"]),
        ("{0}", ["sequences_upload_id"]),
        ("{0}, {1}, on_conflict => 'replace'", ["on_conflict"]),
        ("{0}, {1}, on_conflict => null", ["on_conflict"]),
        ("{0}, {1}, incomplete_dates => 'guess'", ["incomplete_dates"]),
        ("{0}, {1}, strain_prefix => 'add'", ["strain_prefix"]),
        (
            "{0}, {1}, private_identifier_column => ' ',"
            " public_identifier_column => repeat('x', 101)",
            ["private_identifier_column", "public_identifier_column"],
        ),
        ("{0}, {1}, private_identifier_column => e'a\\u202eb'", ["private_identifier_column"]),
    ],
)
def test_wrong_import_is_rejected(
    request_as: RequestAs, lab: Lab, files: tuple[int, int], arguments: str, fields: list[str]
) -> None:
    """Name every argument that is wrong."""
    call = f"select api.create_import({lab.group}, 'SC2', {arguments.format(*files)})"
    with request_as("member", sub="alice") as conn:
        refused: Any = refusal_of(conn, call)

    assert refused[:2] == (400, "invalid_argument")
    assert [problem["field"] for problem in refused[2]] == fields


def test_samples_without_sequences_are_imported_if_meant(
    request_as: RequestAs, lab: Lab, files: tuple[int, int]
) -> None:
    """Take one file then."""
    with request_as("member", sub="alice") as conn:
        queued = conn.execute(
            "select status from api.create_import(%s, 'SC2', %s, is_sequence_optional => true)",
            [lab.group, files[0]],
        ).fetchall()

    assert queued == [("queued",)]


def test_file_of_another_group_or_time_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, files: tuple[int, int]
) -> None:
    """Answer as if it did not exist, also where the caller may see it."""
    foreign = factories.upload(admin, lab.other_group)
    own_of_other = factories.group(admin)
    factories.membership(admin, own_of_other, lab.alice, "admin")
    other = factories.upload(admin, own_of_other)
    old = factories.upload(admin, lab.group, created_at="2024-01-01", expires_at="2024-01-02")

    with request_as("member", sub="alice") as conn:
        refused = [
            refusal_of(conn, CALL, [lab.group, files[0], one]) for one in (foreign, other, old)
        ]

    assert refused == [(404, "upload_not_found", {"id": one}) for one in (foreign, other, old)]


@pytest.mark.parametrize("subject", ["vic", "bob"])
def test_viewer_and_stranger_import_nothing(
    request_as: RequestAs, lab: Lab, files: tuple[int, int], subject: str
) -> None:
    """Refuse who may not create samples."""
    with request_as("member", sub=subject) as conn:
        refused = refusal_of(conn, CALL, [lab.group, *files])

    assert refused == (403, "group_access_denied", {"group_id": lab.group})


@pytest.mark.parametrize(("subject", "count"), [("alice", 1), ("vic", 0), ("bob", 0)])
def test_problems_are_for_those_who_see_private_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, subject: str, count: int
) -> None:
    """Show no identifier of a file to a viewer."""
    factories.import_problem(admin, factories.job(admin, lab.group, "import", "failed"))

    with request_as("member", sub=subject) as conn:
        assert conn.execute("select from api.import_problems").rowcount == count
