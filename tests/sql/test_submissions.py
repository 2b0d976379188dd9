"""Submissions are for members and admins of the group, and keep what was sent."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

RESOURCES = ("submissions", "submission_files", "submission_samples")
COUNTS = (
    "select (select count(*) from api.submissions), (select count(*) from api.submission_files),"
    " (select count(*) from api.submission_samples)"
)


@pytest.fixture
def submission(admin: psycopg.Connection, lab: Lab) -> int:
    """Return a submission of the lab with a file and a sample."""
    submission = factories.submission(admin, lab.group)
    factories.submission_file(admin, submission)
    sample = factories.sample(admin, lab.group, "LAB-1")
    factories.submission_sample(admin, submission, sample_id=sample)
    return submission


@pytest.mark.usefixtures("submission")
@pytest.mark.parametrize(
    ("subject", "counts"), [("alice", (1, 1, 1)), ("vic", (0, 0, 0)), ("bob", (0, 0, 0))]
)
def test_submissions_are_for_members(
    request_as: RequestAs, subject: str, counts: tuple[int, int, int]
) -> None:
    """Show them to a member, neither to a viewer nor to a stranger."""
    with request_as("member", sub=subject) as conn:
        seen = conn.execute(COUNTS).fetchone()

    assert seen == counts


def test_sample_of_a_submission_outlives_the_sample(
    admin: psycopg.Connection, submission: int
) -> None:
    """Keep what was sent after the sample is deleted."""
    admin.execute("delete from aspen.samples where private_identifier = 'LAB-1'")

    kept = admin.execute(
        "select sample_id, status from aspen.submission_samples where submission_id = %s",
        [submission],
    ).fetchall()
    assert kept == [(None, "sent")]


@pytest.mark.parametrize(
    "change",
    [
        "update aspen.submission_files set content = 'other'",
        "update aspen.submission_samples set status = 'accepted'",
        "update aspen.submission_samples set accession = 'EPI_ISL_1'",
        "update aspen.submission_samples set status = 'lost'",
    ],
)
@pytest.mark.usefixtures("submission")
def test_row_that_contradicts_itself_is_refused(admin: psycopg.Connection, change: str) -> None:
    """Hold content to its checksum, and an accession to an accepted sample."""
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(change.encode())


def test_sample_of_another_group_is_in_no_submission(
    admin: psycopg.Connection, lab: Lab, submission: int
) -> None:
    """Refuse a reference across groups."""
    other = factories.sample(admin, lab.other_group, "OTHER-1")

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        factories.submission_sample(admin, submission, sample_id=other)


@pytest.mark.parametrize("resource", RESOURCES)
def test_operator_without_a_role_in_the_group_sees_no_submission(
    request_as: RequestAs, admin: psycopg.Connection, submission: int, resource: str
) -> None:
    """Show operators no data of groups."""
    factories.user(admin, "olga", is_operator=True)

    with request_as("operator", sub="olga") as conn:
        seen = conn.execute(f"select from api.{resource}".encode()).rowcount

    assert (submission > 0, seen) == (True, 0)
