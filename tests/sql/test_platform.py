"""Group 0 is the platform: its jobs belong to no group, operators read it, nobody joins it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

PLATFORM = 0
# By table, a row of a group; %(group)s is the group that the check is about.
ROWS = {
    "memberships": "insert into aspen.memberships (group_id, user_id, role)"
    " values (%(group)s, %(user)s, 'viewer')",
    "invitations": "insert into aspen.invitations (group_id, email, role, token_hash, expires_at)"
    " values (%(group)s, 'a@example.org', 'viewer', 'x', now() + interval '1 day')",
    "grants": "insert into aspen.group_grants (group_id, grantee_group_id, role)"
    " values (%(group)s, %(other)s, 'viewer')",
    "grants to it": "insert into aspen.group_grants (group_id, grantee_group_id, role)"
    " values (%(other)s, %(group)s, 'viewer')",
    "samples": "insert into aspen.samples (group_id, pathogen_id, location_id, collection_date,"
    " private_identifier, public_identifier, organism, sample_collected_by, authors)"
    " values (%(group)s, %(pathogen)s, %(location)s, '2024-01-01', 'a', 'a', 'o', 'c', '{a}')",
}


@pytest.fixture
def olga(admin: psycopg.Connection) -> int:
    """Store an operator who is in no group."""
    return factories.user(admin, "olga", is_operator=True)


@pytest.mark.parametrize("statement", ROWS.values(), ids=list(ROWS))
def test_table_takes_rows_of_groups_and_none_of_the_platform(
    admin: psycopg.Connection, lab: Lab, olga: int, statement: str
) -> None:
    """Refuse it to everybody, an administrator included."""
    values = {
        "user": olga,
        "other": lab.other_group,
        "pathogen": lab.pathogen,
        "location": lab.location,
    }
    assert admin.execute(statement.encode(), values | {"group": lab.group}).rowcount == 1

    with pytest.raises(psycopg.errors.CheckViolation, match="platform_check"):
        admin.execute(statement.encode(), values | {"group": PLATFORM})


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (
            "select api.invite_members(0, '[\"a@example.org\"]', 'viewer')",
            (403, "group_access_denied", {"group_id": 0}),
        ),
        (
            "select api.create_samples(0, 'SC2', '[{\"private_identifier\": \"a\"}]')",
            (403, "group_access_denied", {"group_id": 0}),
        ),
        (
            "select api.grant_access(0, 'Lab', 'viewer')",
            (403, "group_access_denied", {"group_id": 0}),
        ),
    ],
)
def test_operator_changes_nothing_about_who_is_in_it(
    request_as: RequestAs, lab: Lab, olga: int, call: str, answer: tuple[Any, ...]
) -> None:
    """Answer as for a group that does not exist."""
    with request_as("operator", sub="olga") as conn:
        assert refusal_of(conn, call) == answer


def test_operator_invites_into_groups(request_as: RequestAs, lab: Lab, olga: int) -> None:
    """Allow the same call for a group of people."""
    with request_as("operator", sub="olga") as conn:
        invited = conn.execute(
            "select outcome from api.invite_members(%s, '[\"a@example.org\"]', 'viewer')",
            [lab.group],
        ).fetchall()

    assert invited == [("invited",)]


@pytest.mark.parametrize("name", ["Aspen platform", "ASPEN-PLATFORM"])
def test_nobody_grants_it_access(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, name: str
) -> None:
    """Find no group by its name and prefix; those of another group are found."""
    factories.user(admin, "ada", {lab.group: "admin"})
    grant = "select grantee_group_id from api.grant_access(%s, %s, 'viewer')"
    with request_as("member", sub="ada") as conn:
        assert refusal_of(conn, grant, [lab.group, name])[:2] == (404, "group_not_found")
    with request_as("member", sub="ada") as conn:
        assert conn.execute(grant, [lab.group, "Other lab"]).fetchall() == [(lab.other_group,)]


def test_claim_cannot_name_it(admin: psycopg.Connection) -> None:
    """Refuse a token with it, as one with any malformed claim; accept another group."""
    judged = [
        admin.execute("select authz.groups_claim_is_valid(%s)", [Jsonb({key: "admin"})]).fetchone()
        for key in ("0", "1")
    ]

    assert judged == [(False,), (True,)]


def test_operator_sees_its_jobs_with_errors_and_files(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, olga: int
) -> None:
    """Do what somebody with the role of a member may; members of groups see nothing of it."""
    ended = {"status": "failed", "error": "it failed", "finished_at": "2024-01-01"}
    job = factories.platform_job(admin, pathogen_id=lab.pathogen, **ended)
    factories.job_output(admin, job, "aligned_sequences")
    ask = (
        "select jobs.error, outputs.key is not null from api.jobs as jobs"
        " inner join api.job_outputs as outputs on jobs.id = outputs.job_id where jobs.id = %s"
    )
    with request_as("operator", sub="olga") as conn:
        seen = conn.execute(ask, [job]).fetchall()
        groups = conn.execute("select groups from api.me").fetchall()
        named = conn.execute("select id from api.groups where id = 0").fetchall()
    with request_as("member", sub="alice") as conn:
        unseen = conn.execute(ask, [job]).fetchall()
        unnamed = conn.execute("select id from api.groups where id = 0").fetchall()

    assert (seen, groups, named) == ([("it failed", True)], [([],)], [(PLATFORM,)])
    assert (unseen, unnamed) == ([], [])


def test_token_of_role_member_shows_an_operator_nothing_of_it(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, olga: int
) -> None:
    """Let the role of the token decide, as everywhere."""
    factories.platform_job(admin)
    with request_as("member", sub="olga") as conn:
        seen = conn.execute("select id from api.jobs").fetchall()

    assert seen == []


def test_operator_cancels_and_retries_its_jobs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, olga: int
) -> None:
    """Show no such job to a member."""
    job = factories.platform_job(admin)
    with request_as("member", sub="alice") as conn:
        assert refusal_of(conn, "select api.cancel_job(%s)", [job])[:2] == (404, "job_not_found")
    with request_as("operator", sub="olga") as conn:
        cancelled = conn.execute("select status from api.cancel_job(%s)", [job]).fetchall()
        retried = conn.execute("select status, attempt from api.retry_job(%s)", [job]).fetchall()

    assert (cancelled, retried) == ([("cancelled",)], [("queued", 2)])


@pytest.mark.parametrize(
    ("group", "kind", "error"),
    [
        ("lab", "pangolin", None),
        (PLATFORM, "repository_alignment", None),
        (PLATFORM, "repository_download", None),
        ("lab", "repository_download", psycopg.errors.ForeignKeyViolation),
        ("lab", "repository_alignment", psycopg.errors.ForeignKeyViolation),
        (PLATFORM, "pangolin", psycopg.errors.ForeignKeyViolation),
        (PLATFORM, "phylo_run", psycopg.errors.ForeignKeyViolation),
    ],
)
def test_kind_belongs_to_groups_or_to_the_platform(
    admin: psycopg.Connection,
    lab: Lab,
    group: str | int,
    kind: str,
    error: type[psycopg.Error] | None,
) -> None:
    """Refuse loads of reference data for a group, and runs for the platform."""
    statement = (
        "insert into aspen.jobs (group_id, pathogen_id, kind, name, tree_type, template_args)"
        " values (%(group)s, %(pathogen)s, %(kind)s, %(name)s, %(type)s, %(args)s)"
    )
    values: dict[str, Any] = {
        "group": lab.group if group == "lab" else group,
        "pathogen": lab.pathogen,
        "kind": kind,
        **dict.fromkeys(("name", "type", "args")),
    }
    if kind == "phylo_run":
        values |= {"name": "a", "type": "TARGETED", "args": "{}"}
    if error is None:
        assert admin.execute(statement, values).rowcount == 1
        return
    with pytest.raises(error):
        admin.execute(statement, values)


def test_only_jobs_of_the_platform_may_lack_a_pathogen(admin: psycopg.Connection, lab: Lab) -> None:
    """Refuse a job of a group without one."""
    assert factories.platform_job(admin, pathogen_id=None)

    with pytest.raises(psycopg.errors.CheckViolation, match="jobs_pathogen_is_given_check"):
        factories.job(admin, lab.group, pathogen_id=None)


def test_access_to_its_jobs_is_explained(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, olga: int
) -> None:
    """Allow it to operators; Alice sees nothing of it."""
    job = factories.platform_job(admin)
    ask = (
        "select outcome from api.explain_access('jobs', %s, %s)"
        " where step in ('operator', 'verdict')"
    )
    with request_as("operator", sub="olga") as conn:
        own = [outcome for (outcome,) in conn.execute(ask, [job, olga])]
        other = [outcome for (outcome,) in conn.execute(ask, [job, lab.alice])]

    assert own == ["allows", "visible"]
    assert other == ["hidden"]
