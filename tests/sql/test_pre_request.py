"""How a token becomes the sets of groups that policies compare with, and nothing else.

That is authz.identify_caller, which authz.admit_request calls.
"""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg.types.json import Jsonb

from control.database import begin_request, request_claims
from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal, refusal_of
from tests.servers import Database

IDS = ("user_id", "job_id", "job_group_id")
SETS = ("any_groups", "full_groups", "direct_groups", "member_groups", "admin_groups")
Settings = dict[str, str | set[int]]
NOBODY: Settings = {"user_id": "", "job_id": "", "job_group_id": ""} | {
    name: set() for name in SETS
}
# Groups by letter: each grants b a role, and b is where granted roles are held from.
GRANTS = {"d": "admin", "e": "member", "f": "viewer"}


def settings_of(conn: psycopg.Connection) -> Settings:
    """Return the settings of this request."""
    rows = conn.execute(
        "select name, current_setting('aspen.' || name) from unnest(%s::text[]) as names (name)",
        [[*IDS, *SETS]],
    ).fetchall()
    return {name: group_ids(value) if name in SETS else value for name, value in rows}


def group_ids(array: str) -> set[int]:
    """Return the ids in an array as PostgreSQL writes it."""
    return {int(group) for group in array.strip("{}").split(",") if group}


@pytest.fixture
def groups(admin: psycopg.Connection) -> dict[str, int]:
    """Store groups a, b and c, and those that granted roles to b."""
    ids = {letter: factories.group(admin) for letter in "abcdef"}
    for letter, role in GRANTS.items():
        factories.grant(admin, ids[letter], ids["b"], role)
    # Not transitive: whoever sees d through b sees nothing of a through d.
    factories.grant(admin, ids["a"], ids["d"], "admin")
    return ids


# Roles held -> groups in any_groups, full_groups, direct_groups, member_groups, admin_groups.
HELD = {
    "admin": ({"a": "admin"}, "a a a a a"),
    "member": ({"a": "member"}, "a a a a -"),
    "viewer": ({"a": "viewer"}, "a - a - -"),
    "viewer where much is granted": ({"b": "viewer"}, "bdef de b - -"),
    "all at once": ({"a": "admin", "b": "viewer", "c": "member"}, "abcdef acde abc ac a"),
    "granted and held": ({"b": "viewer", "d": "viewer"}, "abdef ade bd - -"),
    "none": ({}, "- - - - -"),
}


@pytest.mark.parametrize("with_claims", [True, False], ids=["claims", "memberships"])
@pytest.mark.parametrize(("held", "sets"), HELD.values(), ids=HELD)
def test_roles_become_sets_of_groups(
    admin: psycopg.Connection,
    request_as: RequestAs,
    groups: dict[str, int],
    with_claims: bool,
    held: dict[str, str],
    sets: str,
) -> None:
    """Add direct roles and grants up, whether the token or the memberships name the roles."""
    roles = {groups[letter]: role for letter, role in held.items()}
    user = factories.user(admin, "alice", {} if with_claims else roles)
    with request_as("member", sub="alice", groups=roles if with_claims else None) as conn:
        found = settings_of(conn)

    expected = [{groups[letter] for letter in letters.strip("-")} for letters in sets.split()]
    assert found == {"user_id": str(user), "job_id": "", "job_group_id": ""} | dict(
        zip(SETS, expected, strict=True)
    )


def test_operator_role_gives_the_platform_alone(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Show operators the jobs of the platform, and no group's data."""
    user = factories.user(admin, "olga", is_operator=True)
    with request_as("operator", sub="olga") as conn:
        found = settings_of(conn)

    platform = {"any_groups": {0}, "full_groups": {0}}
    assert found == NOBODY | {"user_id": str(user)} | platform


def test_request_without_a_token_has_no_user(request_as: RequestAs) -> None:
    """Accept it, because health and shared links need no token."""
    with request_as("anon") as conn:
        found = settings_of(conn)

    assert found == NOBODY


def test_job_has_its_id_and_no_groups(admin: psycopg.Connection, request_as: RequestAs) -> None:
    """Show a container the inputs of its job, not the data of its group."""
    group = factories.group(admin)
    job = factories.job(admin, group, status="running")
    with request_as("job", sub="job", job_id=job, attempt=1) as conn:
        found = settings_of(conn)

    assert found == NOBODY | {"job_id": str(job), "job_group_id": str(group)}


@pytest.mark.parametrize("attempt", [None, 1, 3, "2", 2.5, [2], True])
def test_token_of_another_attempt_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, attempt: object
) -> None:
    """Reject a program that lost its worker while the job's next attempt runs."""
    job = factories.job(admin, factories.group(admin), status="running", attempt=2)
    with request_as("job", sub="job", job_id=job, attempt=2) as conn:
        assert settings_of(conn)["job_id"] == str(job)
    with (
        pytest.raises(psycopg.Error) as caught,
        request_as("job", sub="job", job_id=job, attempt=attempt),
    ):
        pass

    assert refusal(caught.value)[:2] == (401, "job_not_running")


@pytest.mark.parametrize("status", ["queued", "succeeded", "failed", "cancelled", "timed_out"])
def test_token_of_a_job_that_does_not_run_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, status: str
) -> None:
    """Reject it once the job has ended."""
    job = factories.job(admin, factories.group(admin), status=status)
    with (
        pytest.raises(psycopg.Error) as caught,
        request_as("job", sub="job", job_id=job, attempt=1),
    ):
        pass

    assert refusal(caught.value) == (401, "job_not_running", None)


def test_token_of_an_unknown_job_is_refused(request_as: RequestAs) -> None:
    """Answer as for a job that has ended."""
    with (
        pytest.raises(psycopg.Error) as caught,
        request_as("job", sub="job", job_id=10**17, attempt=1),
    ):
        pass

    assert refusal(caught.value) == (401, "job_not_running", None)


def test_token_of_a_job_ends_with_the_user_who_asked_for_it(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Reject it when that user is disabled or revoked, who would otherwise read through the job."""
    user = factories.user(admin, "alice")
    job = factories.job(admin, factories.group(admin), status="running", requested_by_id=user)
    with request_as("job", sub="job", job_id=job, attempt=1) as conn:
        before = settings_of(conn)["job_id"]
    admin.execute("update aspen.users set disabled_at = now() where id = %s", [user])

    with (
        pytest.raises(psycopg.Error) as caught,
        request_as("job", sub="job", job_id=job, attempt=1),
    ):
        pass

    assert (before, refusal(caught.value)) == (str(job), (401, "user_disabled", None))


@pytest.mark.parametrize("value", ["left out", None, "4102444800", "", True, [4102444800]])
@pytest.mark.parametrize("role", ["member", "operator", "job"])
def test_token_that_never_ends_is_refused(
    admin: psycopg.Connection, role: str, value: object
) -> None:
    """Require an exp: PostgREST checks one only where it is."""
    claims = request_claims(role, "alice") | {"exp": value}
    if value == "left out":
        del claims["exp"]
    with pytest.raises(psycopg.Error) as caught:
        begin_request(admin, role, claims)

    assert refusal(caught.value) == (401, "token_without_exp", None)


@pytest.mark.parametrize("value", ["left out", None, "", []])
def test_token_for_no_audience_is_refused(admin: psycopg.Connection, value: object) -> None:
    """Require an aud: PostgREST checks one only where it is."""
    claims = request_claims("member", "alice") | {"aud": value}
    if value == "left out":
        del claims["aud"]
    with pytest.raises(psycopg.Error) as caught:
        begin_request(admin, "member", claims)

    assert refusal(caught.value) == (401, "token_without_aud", None)


@pytest.mark.parametrize("exp", [10**12, 1e300, 31 * 86400 + 10**10])
@pytest.mark.parametrize("role", ["member", "operator", "job"])
def test_token_that_lives_too_long_is_refused(request_as: RequestAs, role: str, exp: float) -> None:
    """Limit the lifetime, because a single token cannot be revoked."""
    with pytest.raises(psycopg.Error) as caught, request_as(role, sub="alice", exp=exp):
        pass

    assert refusal(caught.value) == (401, "token_lives_too_long", None)


@pytest.mark.parametrize(
    ("claimed", "held", "sets"),
    [
        ("admin", "admin", "a a a a a"),
        ("admin", "member", "a a a a -"),
        ("admin", "viewer", "a - a - -"),
        ("member", "admin", "a a a a -"),
        ("viewer", "admin", "a - a - -"),
        ("admin", None, "- - - - -"),
    ],
)
@pytest.mark.parametrize("role", ["operator", "member"])
def test_operator_has_the_weaker_of_the_role_claimed_and_held(
    admin: psycopg.Connection,
    request_as: RequestAs,
    groups: dict[str, int],
    role: str,
    claimed: str,
    held: str | None,
    sets: str,
) -> None:
    """Grant operators who are members no more than the database does, whatever groups claims."""
    user = factories.user(admin, "olga", {groups["a"]: held} if held else {}, is_operator=True)
    with request_as(role, sub="olga", groups={groups["a"]: claimed}) as conn:
        found = settings_of(conn)

    expected = [{groups[letter] for letter in letters.strip("-")} for letters in sets.split()]
    if role == "operator":
        # The platform is in any_groups and full_groups of every operator.
        expected = [*({0} | seen for seen in expected[:2]), *expected[2:]]
    assert found == {"user_id": str(user), "job_id": "", "job_group_id": ""} | dict(
        zip(SETS, expected, strict=True)
    )


@pytest.mark.parametrize(
    "job_id", [None, "x", "1 or 1=1", -1, 0, 1.5, [1], {"id": 1}, True, 10**18, 1.0, 1e300, "1.0"]
)
def test_token_without_a_usable_job_id_is_refused(request_as: RequestAs, job_id: object) -> None:
    """Reject every other value of job_id."""
    with (
        pytest.raises(psycopg.Error) as caught,
        request_as("job", sub="job", job_id=job_id, attempt=1),
    ):
        pass

    assert refusal(caught.value) == (401, "malformed_job_id", None)


@pytest.mark.parametrize("role", ["control", "aspen_owner"])
def test_role_that_is_not_for_requests_is_refused(request_as: RequestAs, role: str) -> None:
    """Reject it even if PostgREST could become that role."""
    with pytest.raises(psycopg.Error) as caught, request_as(role, sub="alice"):
        pass

    assert refusal(caught.value) == (403, "role_not_allowed", None)


@pytest.mark.parametrize("role", ["member", "operator"])
def test_disabled_user_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, role: str
) -> None:
    """Let the same token in before, and not from the moment on."""
    factories.user(admin, "olga", is_operator=True)
    with request_as(role, sub="olga"):
        pass
    admin.execute("update aspen.users set disabled_at = now() where subject = 'olga'")
    with pytest.raises(psycopg.Error) as caught, request_as(role, sub="olga"):
        pass

    assert refusal(caught.value) == (401, "user_disabled", None)


def test_operator_must_be_an_operator_in_the_database(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Reject a token whose claim alone says so."""
    factories.user(admin, "alice")
    with pytest.raises(psycopg.Error) as caught, request_as("operator", sub="alice"):
        pass

    assert refusal(caught.value) == (403, "role_not_allowed", None)


@pytest.mark.parametrize(
    ("claim", "is_valid"),
    [
        ({}, True),
        ({"3": "admin", "12": "viewer", "4": "member"}, True),
        ({str(group): "viewer" for group in range(1, 1001)}, True),
        ({str(group): "viewer" for group in range(1, 1002)}, False),
        ({"999999999999999999": "viewer"}, True),
        ({"1000000000000000000": "viewer"}, False),
        ({"0": "viewer"}, False),
        ({"03": "viewer"}, False),
        ({"-3": "viewer"}, False),
        ({"3.0": "viewer"}, False),
        ({" 3": "viewer"}, False),
        ({"": "viewer"}, False),
        ({"3}": "viewer"}, False),
        ({"3": "owner"}, False),
        ({"3": "Admin"}, False),
        ({"3": None}, False),
        ({"3": ["admin"]}, False),
        ({"3": {"role": "admin"}}, False),
        ({"3": 1}, False),
        ([], False),
        ([3], False),
        ("3", False),
        (3, False),
        (True, False),
        (None, False),
    ],
)
def test_groups_claim_maps_ids_to_roles(
    admin: psycopg.Connection, claim: object, is_valid: bool
) -> None:
    """Reject every other value as malformed, never with an error of PostgreSQL's own."""
    row = admin.execute("select authz.groups_claim_is_valid(%s)", [Jsonb(claim)]).fetchone()

    assert row == (is_valid,)


def claims_since_revocation(conn: psycopg.Connection, seconds: int) -> dict[str, object]:
    """Return claims of a token made this long after a revocation that happens now."""
    factories.user(conn, "alice")
    row = conn.execute(
        "update aspen.users set tokens_valid_after = date_trunc('second', now())"
        " where subject = 'alice' returning extract(epoch from tokens_valid_after)::bigint"
    ).fetchone()
    assert row is not None
    return request_claims("member", "alice") | {"iat": row[0] + seconds}


@pytest.mark.parametrize("seconds", [-1, 2, 25])
def test_revocation_ends_tokens_made_before_and_ahead_of_time(
    admin: psycopg.Connection, seconds: int
) -> None:
    """Reject a token from the future as well: its real age is unknown."""
    claims = claims_since_revocation(admin, seconds)
    with pytest.raises(psycopg.Error) as caught:
        begin_request(admin, "member", claims)

    assert refusal(caught.value) == (401, "token_revoked", None)


@pytest.mark.parametrize("value", ["left out", None, "4102444800"])
def test_revocation_ends_tokens_that_do_not_say_when_they_were_made(
    admin: psycopg.Connection, value: object
) -> None:
    """Reject a token that may be older."""
    claims = claims_since_revocation(admin, 0) | {"iat": value}
    if value == "left out":
        del claims["iat"]
    with pytest.raises(psycopg.Error) as caught:
        begin_request(admin, "member", claims)

    assert refusal(caught.value) == (401, "token_revoked", None)


def test_token_made_since_the_revocation_is_accepted(admin: psycopg.Connection) -> None:
    """Accept a token made after the revocation."""
    begin_request(admin, "member", claims_since_revocation(admin, 0))

    assert settings_of(admin)["user_id"] != ""


@pytest.mark.parametrize("claim", [[3], "3", {"3": "owner"}, 1.5, False])
def test_malformed_groups_are_refused(admin: psycopg.Connection, claim: object) -> None:
    """Reject them: treating them as no groups would hide an issuer's mistake."""
    factories.user(admin, "alice")
    claims = request_claims("member", "alice") | {"groups": claim}
    with pytest.raises(psycopg.Error) as caught:
        begin_request(admin, "member", claims)

    assert refusal(caught.value) == (401, "malformed_groups", None)


def test_request_gets_nothing_of_the_one_before(database: Database) -> None:
    """Give a pooled connection's next request no rows, settings or claims of the previous one."""
    with database.connect() as conn:
        group = factories.group(conn)
        factories.user(conn, "alice", {group: "admin"})
        factories.user(conn, "bob")
        factories.sample(conn, group)
    count = "select count(*) from api.samples"
    with database.connect("authenticator") as conn:
        with conn.transaction():
            begin_request(conn, "member", request_claims("member", "alice"))
            before = conn.execute(count).fetchone()
        with conn.transaction():
            begin_request(conn, "member", request_claims("member", "bob"))
            after = conn.execute(count).fetchone()
        with conn.transaction():
            begin_request(conn, "anon", request_claims("anon"))
            left = settings_of(conn)
        outside = refusal_of(conn, count)

    assert (before, after, left, outside) == ((1,), (0,), NOBODY, "42501")


def test_policies_show_nothing_where_no_request_was_begun(database: Database) -> None:
    """Return no rows to a connection that skips the pre-request function, even after a request."""
    with database.connect() as conn:
        group = factories.group(conn)
        factories.user(conn, "alice", {group: "admin"})
        factories.sample(conn, group)
    with database.connect("authenticator") as conn:
        with conn.transaction():
            conn.execute("set local role member")
            never_set = conn.execute("select count(*) from api.samples").fetchone()
        with conn.transaction():
            begin_request(conn, "member", request_claims("member", "alice"))
        with conn.transaction():
            conn.execute("set local role member")
            set_before = conn.execute("select count(*) from api.samples").fetchone()

    assert (never_set, set_before) == ((0,), (0,))


def test_forged_settings_of_a_client_are_overwritten(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Replace settings that were set before the pre-request function."""
    group = factories.group(admin)
    user = factories.user(admin, "alice")
    admin.execute("select set_config('aspen.any_groups', %s, true)", [f"{{{group}}}"])
    with request_as("member", sub="alice") as conn:
        found = settings_of(conn)

    assert found == NOBODY | {"user_id": str(user)}


def test_pre_request_writes_no_text_of_the_caller(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Write only numbers into settings, whatever sub contains."""
    subject = json.dumps({"aspen.any_groups": "{1}"}) + "'; reset role --"
    user = factories.user(admin, subject, name="Mallory", email="m@example.org")
    with request_as("member", sub=subject) as conn:
        found = settings_of(conn)

    assert found == NOBODY | {"user_id": str(user)}
