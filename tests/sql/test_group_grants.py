"""Access that one group grants to another: who grants, who sees it, and when it ends."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.kept_session import KeptSession
from tests.people import store_groups, store_people
from tests.refusals import refusal_of

GRANT = "select group_id, grantee_group_id, role, ends_at::text from api.grant_access(%s, %s"
GRANT_VIEWER = f"{GRANT})"
GRANT_ALL = f"{GRANT}, %s, %s)"


@pytest.fixture
def groups(
    request: pytest.FixtureRequest,
    admin: psycopg.Connection,
    kept_sessions: dict[str, KeptSession],
) -> dict[str, int]:
    """Store the cast and return the ids of its groups; members of the partners are Max and Pat."""
    return kept_sessions["control"].store(request, lambda: store_cast(admin))


def store_cast(conn: psycopg.Connection) -> dict[str, int]:
    """Store what the fixture returns."""
    groups = store_groups(conn)
    store_people(conn, groups)
    factories.user(conn, "max", {groups["partners"]: "member"})
    factories.sample(conn, groups["lab"])
    conn.execute("set local time zone 'UTC'")
    return groups


def count_of_samples(conn: psycopg.Connection) -> Any:
    """Return how many samples the caller sees."""
    return conn.execute("select count(*) from api.samples").fetchone()


@pytest.mark.parametrize("grantee", ["others", "OTH", " others "])
def test_admin_grants_by_name_or_prefix(
    request_as: RequestAs, groups: dict[str, int], grantee: str
) -> None:
    """Grant the role viewer without an end."""
    with request_as("member", sub="ada") as conn:
        granted = conn.execute(GRANT_VIEWER, [groups["lab"], grantee]).fetchall()

    assert granted == [(groups["lab"], groups["others"], "viewer", None)]


def test_grant_gives_access_at_once(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Show the samples in the next request of the grantee, and record who granted."""
    with request_as("member", sub="bob") as conn:
        before = count_of_samples(conn)
    with request_as("member", sub="ada", keep=True) as conn:
        conn.execute(GRANT_ALL, [groups["lab"], "others", "member", "2999-01-01T00:00:00Z"])
    with request_as("member", sub="bob") as conn:
        after = count_of_samples(conn)

    assert (before, after) == ((0,), (1,))
    assert admin.execute(
        "select users.subject, details from aspen.audit_log as entries"
        " inner join aspen.users as users on entries.user_id = users.id"
        " where table_name = 'group_grants' order by entries.id desc limit 1"
    ).fetchone() == (
        "ada",
        {
            "grantee_group_id": groups["others"],
            "role": "member",
            "ends_at": "2999-01-01T00:00:00+00:00",
        },
    )


@pytest.mark.parametrize("who", ["alice", "vic", "gwen", "pat", "bob"])
def test_only_a_direct_admin_grants(
    request_as: RequestAs, groups: dict[str, int], who: str
) -> None:
    """Reject members, and admins by grant: access is not passed on."""
    with request_as("member", sub=who) as conn:
        answer = refusal_of(conn, GRANT_VIEWER, [groups["lab"], "others"])

    assert answer == (403, "group_access_denied", {"group_id": groups["lab"]})


def test_operator_does_not_grant(request_as: RequestAs, groups: dict[str, int]) -> None:
    """Reject operators, who decide nothing about the data of groups."""
    with request_as("operator", sub="olga") as conn:
        answer = refusal_of(conn, GRANT_VIEWER, [groups["lab"], "others"])

    assert answer == (403, "group_access_denied", {"group_id": groups["lab"]})


def test_unknown_group_is_not_found(request_as: RequestAs, groups: dict[str, int]) -> None:
    """Find names only as they are spelt, and no ids."""
    with request_as("member", sub="ada") as conn:
        answers = [
            refusal_of(conn, GRANT_VIEWER, [groups["lab"], grantee])
            for grantee in ("nobody", "Others", str(groups["others"]))
        ]

    assert answers == [
        (404, "group_not_found", {"grantee": grantee})
        for grantee in ("nobody", "Others", str(groups["others"]))
    ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((" ", "viewer", None), "grantee"),
        ((None, "viewer", None), "grantee"),
        (("lab", "viewer", None), "grantee"),
        (("others", "boss", None), "role"),
        (("others", None, None), "role"),
        (("others", "viewer", "tomorrow"), "ends_at"),
        (("others", "viewer", "infinity"), "ends_at"),
        (("others", "viewer", "2024-01-01"), "ends_at"),
    ],
)
def test_invalid_grant_is_rejected(
    request_as: RequestAs, groups: dict[str, int], arguments: tuple[Any, ...], field: str
) -> None:
    """Name the field."""
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(conn, GRANT_ALL, [groups["lab"], *arguments])

    assert answer[:2] == (400, "invalid_argument")
    assert f"'field': '{field}'" in f"{answer}"


def test_group_has_one_grant_of_another(request_as: RequestAs, groups: dict[str, int]) -> None:
    """Reject a second grant and say what the first one is."""
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(conn, GRANT_VIEWER, [groups["lab"], "partners"])
        row = conn.execute(
            "select id from api.group_grants where grantee_group_name = 'partners'"
        ).fetchone()

    assert row is not None
    assert answer == (409, "grant_exists", {"id": row[0], "role": "member", "ends_at": None})


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("ada", [("lab", "allies"), ("lab", "guests"), ("lab", "partners")]),
        ("alice", [("lab", "allies"), ("lab", "guests"), ("lab", "partners")]),
        ("max", [("lab", "partners")]),
        ("vic", []),
        ("pat", []),
        ("bob", []),
    ],
)
def test_grant_is_shown_to_both_sides(
    request_as: RequestAs, groups: dict[str, int], who: str, seen: list[Any]
) -> None:
    """Show members of both groups the grant and the name of the other group."""
    with request_as("member", sub=who) as conn:
        rows = conn.execute(
            "select group_name, grantee_group_name from api.group_grants order by 2"
        ).fetchall()

    assert rows == seen


@pytest.mark.parametrize("who", ["pat", "bob"])
def test_name_of_a_group_is_unknown_to_who_has_no_grant_of_it(
    request_as: RequestAs, groups: dict[str, int], who: str
) -> None:
    """Tell nothing, even if a view gave away the id."""
    with request_as("member", sub=who) as conn:
        row = conn.execute("select authz.grant_party(%(allies)s)", groups).fetchone()

    assert row == (None,)


def test_name_of_a_group_is_known_to_who_grants_it_access(
    request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Tell a member of the granting group that name, and not those of other groups."""
    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "select authz.grant_party(%(allies)s), authz.grant_party(%(others)s)", groups
        ).fetchone()

    assert row == ("allies", None)


def test_side_that_receives_changes_nothing(request_as: RequestAs, groups: dict[str, int]) -> None:
    """Leave the grant to the group that gives it."""
    with request_as("member", sub="max") as conn:
        changed = conn.execute("update api.group_grants set role = 'admin'").rowcount
        deleted = conn.execute("delete from api.group_grants").rowcount

    assert (changed, deleted) == (0, 0)


def test_revoked_grant_gives_nothing(request_as: RequestAs, groups: dict[str, int]) -> None:
    """End access with the next request."""
    with request_as("member", sub="pat") as conn:
        before = count_of_samples(conn)
    with request_as("member", sub="ada", keep=True) as conn:
        conn.execute("delete from api.group_grants where grantee_group_name = 'partners'")
    with request_as("member", sub="pat") as conn:
        after = count_of_samples(conn)

    assert (before, after) == ((1,), (0,))


# The transaction of a test begins once, so now() is the same moment everywhere in it.
ENDS = {
    "now": ("now()", False),
    "a microsecond ago": ("now() - interval '1 microsecond'", False),
    "in a microsecond": ("now() + interval '1 microsecond'", True),
    "never": ("null", True),
}


@pytest.mark.parametrize(("end", "gives"), ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("with_claims", [True, False], ids=["claims", "memberships"])
def test_grant_ends_at_its_moment(
    admin: psycopg.Connection,
    request_as: RequestAs,
    groups: dict[str, int],
    with_claims: bool,
    end: str,
    gives: bool,
) -> None:
    """Give everything before that moment, and nothing from it on: no row, no name, no role."""
    admin.execute(
        f"update aspen.group_grants set created_at = '2024-01-01', ends_at = {end}".encode()  # noqa: S608
    )
    claims = {groups["partners"]: "viewer"} if with_claims else None
    with request_as("member", sub="pat", groups=claims) as conn:
        seen = count_of_samples(conn)
        row = conn.execute("select jsonb_array_length(groups) from api.me").fetchone()

    assert (seen, row) == (((1,), (2,)) if gives else ((0,), (1,)))


def test_ended_grant_is_shown_to_who_gave_it_only(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Let its admins see what ended and renew it, and give the other side nothing."""
    admin.execute("update aspen.group_grants set created_at = '2024-01-01', ends_at = now()")
    query = "select bool_and(has_ended), count(*) from api.group_grants"
    with request_as("member", sub="ada") as conn:
        given = conn.execute(query).fetchone()
        conn.execute("update api.group_grants set ends_at = null")
        renewed = conn.execute(query).fetchone()
    with request_as("member", sub="max") as conn:
        received = conn.execute(query).fetchone()

    assert (given, renewed, received) == ((True, 3), (False, 3), (None, 0))


def test_grant_does_not_end_before_it_began(request_as: RequestAs, groups: dict[str, int]) -> None:
    """Reject it, because such an end is a slip of the pen."""
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(conn, "update api.group_grants set ends_at = '2024-01-01'")

    assert answer == "23514"


def test_ended_grant_names_no_tips(admin: psycopg.Connection, groups: dict[str, int]) -> None:
    """Match the names of a tree to samples that its group sees at that time."""
    run = factories.phylo_run(admin, groups["partners"])
    match = "select count(*) from internal.match_tips(%s, array['shared'])"
    factories.sample(admin, groups["lab"], public_identifier="shared")
    before = admin.execute(match, [run]).fetchone()
    admin.execute("update aspen.group_grants set created_at = '2024-01-01', ends_at = now()")
    after = admin.execute(match, [run]).fetchone()

    assert (before, after) == ((1,), (0,))
