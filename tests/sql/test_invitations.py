"""People are invited by address, and join with a token whose verified address is that one.

Before they have a user, authz.identify_caller lets them in by authz.verified_email: the tests of
authz.identify_caller with a token of a stranger are here.
"""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg
import pytest

from control.database import begin_request, request_claims
from tests import factories
from tests.conftest import RequestAs
from tests.kept_session import KeptSession
from tests.people import store_groups, store_people
from tests.refusals import Refusal, refusal, refusal_of
from tests.servers import Database

INVITE = "select email, outcome from api.invite_members(%s, %s)"
TOKENS = "select token from api.invite_members(%s, %s) order by email"
ACCEPT = "select group_id, role from api.accept_invitation(%s)"
VERIFIED: dict[str, Any] = {"email": "new@example.org", "email_verified": True}


@pytest.fixture
def groups(
    request: pytest.FixtureRequest,
    admin: psycopg.Connection,
    kept_sessions: dict[str, KeptSession],
) -> dict[str, int]:
    """Store the cast and return the ids of its groups."""
    return kept_sessions["control"].store(request, lambda: store_cast(admin))


def store_cast(conn: psycopg.Connection) -> dict[str, int]:
    """Store what the fixture returns."""
    groups = store_groups(conn)
    store_people(conn, groups)
    return groups


def invited(conn: psycopg.Connection, group: int, token: str = "secret", **columns: Any) -> int:
    """Store the invitation of new@example.org and return its id."""
    values = {"email": "new@example.org", "token_hash": hashlib.sha256(token.encode()).digest()}
    return factories.invitation(conn, group, **(values | columns))


def visit(conn: psycopg.Connection, path: str) -> None:
    """Make the following requests go to a path, as PostgREST notes it."""
    conn.execute("select set_config('request.path', %s, true)", [path])


def refused_request(
    request_as: RequestAs, sub: str = "stranger", role: str = "member", **claims: Any
) -> Refusal:
    """Return why a request is refused before it begins."""
    with pytest.raises(psycopg.Error) as caught, request_as(role, sub=sub, **claims):
        pass
    return refusal(caught.value)


def answer_of(conn: psycopg.Connection, query: str, params: list[Any]) -> Refusal | None:
    """Return why a query is refused, or nothing."""
    try:
        with conn.transaction():
            conn.execute(query.encode(), params)
    except psycopg.Error as error:
        return refusal(error)
    return None


def refused_acceptance(
    request_as: RequestAs, token: str = "secret", sub: str = "stranger", **claims: Any
) -> Refusal:
    """Return why accepting is refused; the refusal of the whole request counts too."""
    try:
        with request_as("member", sub=sub, **(VERIFIED | claims)) as conn:
            return refusal_of(conn, ACCEPT, [token])
    except psycopg.Error as error:
        return refusal(error)


# Who invites.


@pytest.mark.parametrize(("role", "who"), [("member", "ada"), ("operator", "olga")])
def test_admin_and_operator_invite(
    request_as: RequestAs, groups: dict[str, int], role: str, who: str
) -> None:
    """Return the address with what became of it."""
    with request_as(role, sub=who) as conn:
        answer = conn.execute(INVITE, [groups["lab"], '["new@example.org"]']).fetchall()

    assert answer == [("new@example.org", "invited")]


@pytest.mark.parametrize("who", ["alice", "vic", "gwen", "pat", "bob", "otto"])
def test_only_a_direct_admin_invites(
    request_as: RequestAs, groups: dict[str, int], who: str
) -> None:
    """Reject everybody else, admins by grant too."""
    with request_as("member", sub=who) as conn:
        answer = refusal_of(conn, INVITE, [groups["lab"], '["new@example.org"]'])

    assert answer == (403, "group_access_denied", {"group_id": groups["lab"]})


@pytest.mark.parametrize(("role", "who"), [("member", "ada"), ("operator", "olga")])
def test_unknown_group_is_refused(
    request_as: RequestAs, groups: dict[str, int], role: str, who: str
) -> None:
    """Answer an operator like everybody else."""
    with request_as(role, sub=who) as conn:
        answer = refusal_of(conn, INVITE, [10**15, '["new@example.org"]'])

    assert answer == (403, "group_access_denied", {"group_id": 10**15})


def test_every_address_has_a_result_of_its_own(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Invite whom it can, in the order of the request."""
    admin.execute("update aspen.users set email = 'vic@example.org' where subject = 'vic'")
    invited(admin, groups["lab"], email="open@example.org")
    invited(admin, groups["lab"], "b", email="old@example.org", created_at="2024-01-01",
            expires_at="2024-01-02")  # fmt: skip
    invited(admin, groups["others"], "c", email="elsewhere@example.org")
    addresses = (
        '[" new@example.org ", "NEW@example.org", "VIC@example.org", "Open@example.org",'
        ' "old@example.org", "elsewhere@example.org", "nobody", "=a@example.org",'
        ' "a\\nb@example.org", "", null]'
    )
    with request_as("member", sub="ada") as conn:
        answer = conn.execute(INVITE, [groups["lab"], addresses]).fetchall()

    assert answer == [
        ("new@example.org", "invited"),
        ("NEW@example.org", "named_twice"),
        ("VIC@example.org", "already_member"),
        ("Open@example.org", "already_invited"),
        ("old@example.org", "invited"),
        ("elsewhere@example.org", "invited"),
        ("nobody", "invalid_address"),
        ("=a@example.org", "invalid_address"),
        ("a\nb@example.org", "invalid_address"),
        ("", "invalid_address"),
        (None, "invalid_address"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("[]", "member", 7), (400, "empty_batch")),
        (("null", "member", 7), (400, "invalid_argument")),
        (('"a@example.org"', "member", 7), (400, "invalid_argument")),
        (("[1]", "member", 7), (400, "invalid_argument")),
        (('["a@example.org"]', "boss", 7), (400, "invalid_argument")),
        (('["a@example.org"]', None, 7), (400, "invalid_argument")),
        (('["a@example.org"]', "member", 0), (400, "invalid_argument")),
        (('["a@example.org"]', "member", 91), (400, "invalid_argument")),
        (('["a@example.org"]', "member", None), (400, "invalid_argument")),
        ((f'["a@example.org"{", null" * 100}]', "member", 7), (413, "batch_too_large")),
    ],
)
def test_invalid_request_invites_nobody(
    request_as: RequestAs, groups: dict[str, int], arguments: tuple[Any, ...], code: Any
) -> None:
    """Reject what is wrong with all of it."""
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(
            conn, "select api.invite_members(%s, %s, %s, %s)", [groups["lab"], *arguments]
        )

    assert answer[:2] == code


# What is kept, and who sees it.


def test_accepted_invitation_stays_accepted_when_its_guest_is_invited_again(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Revoke nothing that is over, though its time has passed as well."""
    times = {"created_at": "2024-01-01", "expires_at": "2024-01-09"}
    invited(admin, groups["lab"], accepted_at="2024-01-02", **times)
    with request_as("member", sub="ada") as conn:
        answer = conn.execute(INVITE, [groups["lab"], '["new@example.org"]']).fetchall()
        statuses = conn.execute("select status from api.invitations order by id").fetchall()

    assert (answer, statuses) == (
        [("new@example.org", "invited")],
        [("accepted",), ("open",)],
    )


def test_only_the_hash_of_the_token_is_kept(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Store nothing with which an invitation could be accepted, except in the mail."""
    with request_as("member", sub="ada", keep=True) as conn:
        row = conn.execute(TOKENS, [groups["lab"], '["new@example.org"]']).fetchone()

    assert row is not None
    assert admin.execute("select token_hash from aspen.invitations").fetchall() == [
        (hashlib.sha256(row[0].encode()).digest(),)
    ]
    assert admin.execute(
        "select count(*) from aspen.audit_log where details::text like '%%' || %s || '%%'", row
    ).fetchone() == (0,)


def test_mail_waits_until_the_control_plane_sends_it(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Store recipient, subject and a body with the link in the web app."""
    admin.execute("set local aspen.invitation_url = 'https://app.example.org/join/'")
    with request_as("member", sub="ada", keep=True) as conn:
        row = conn.execute(
            "select token, link, to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')"
            " from api.invite_members(%s, '[\"new@example.org\"]', 'viewer', 30)",
            [groups["lab"]],
        ).fetchone()

    assert row is not None
    token, link, end = row
    assert link == f"https://app.example.org/join/{token}"
    mails = admin.execute("select recipient, subject, body, sent_at from aspen.mails").fetchall()
    assert mails == [
        (
            "new@example.org",
            "Invitation to lab",
            f"You are invited to lab as viewer.\n\nAccept it here: {link}\n\nSign in with the"
            f" address new@example.org. The invitation works once, until {end} UTC.\n",
            None,
        )
    ]


def test_mail_has_the_token_where_no_web_app_is_known(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Let whoever invited pass the token on."""
    with request_as("member", sub="ada", keep=True) as conn:
        row = conn.execute(
            "select token, link from api.invite_members(%s, '[\"new@example.org\"]')",
            [groups["lab"]],
        ).fetchone()

    assert row is not None
    assert row[1] is None
    assert admin.execute(
        "select count(*) from aspen.mails where body like '%%token: ' || %s || E'\\n%%'", [row[0]]
    ).fetchone() == (1,)


@pytest.mark.parametrize(
    ("role", "who", "count"),
    [
        ("member", "ada", 1),
        ("member", "alice", 1),
        ("member", "vic", 0),
        ("member", "gwen", 0),
        ("member", "bob", 0),
        ("operator", "olga", 1),
    ],
)
def test_invitations_are_shown_to_members_and_operators(
    admin: psycopg.Connection,
    request_as: RequestAs,
    groups: dict[str, int],
    role: str,
    who: str,
    count: int,
) -> None:
    """Hide the address from viewers, grantees and strangers."""
    invited(admin, groups["lab"])
    with request_as(role, sub=who) as conn:
        rows = conn.execute("select email, status from api.invitations").fetchall()

    assert rows == [("new@example.org", "open")] * count


@pytest.mark.parametrize("role", ["member", "operator"])
def test_hash_of_the_token_is_shown_to_nobody(
    request_as: RequestAs, groups: dict[str, int], role: str
) -> None:
    """Grant the other columns only."""
    with request_as(role, sub="otto") as conn:
        row = conn.execute(
            "select has_column_privilege(relations.oid, 'token_hash', 'select')"
            " from pg_catalog.pg_class as relations where relations.relname = 'invitations'"
            " and relations.relnamespace::regnamespace::text = 'aspen'"
        ).fetchone()

    assert row == (False,)


STATUSES: dict[str, dict[str, Any]] = {
    "open": {},
    "accepted": {"accepted_at": "2024-02-01"},
    "revoked": {"revoked_at": "2024-02-01"},
    "expired": {"created_at": "2024-01-01", "expires_at": "2024-02-01"},
}
CLOSED = [status for status in STATUSES if status != "open"]


@pytest.mark.parametrize("status", STATUSES)
def test_status_says_what_became_of_an_invitation(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], status: str
) -> None:
    """Derive it from the times."""
    invited(admin, groups["lab"], **STATUSES[status])
    with request_as("member", sub="ada") as conn:
        assert conn.execute("select status from api.invitations").fetchall() == [(status,)]


# Revoking.


@pytest.mark.parametrize(("role", "who"), [("member", "ada"), ("operator", "olga")])
def test_revoked_invitation_and_its_mail_are_gone(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], role: str, who: str
) -> None:
    """Accept a second revocation as well, and do not send the mail."""
    with request_as("member", sub="ada", keep=True) as conn:
        row = conn.execute(
            "select invitation_id from api.invite_members(%s, '[\"new@example.org\"]')",
            [groups["lab"]],
        ).fetchone()
    with request_as(role, sub=who, keep=True) as conn:
        first, second = (
            conn.execute("select status from api.revoke_invitation(%s)", row).fetchone()
            for _ in range(2)
        )

    assert (first, second) == (("revoked",), ("revoked",))
    assert admin.execute("select count(*) from aspen.mails").fetchone() == (0,)


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("alice", (403, "group_access_denied")),
        ("vic", (404, "invitation_not_found")),
        ("gwen", (404, "invitation_not_found")),
        ("bob", (404, "invitation_not_found")),
    ],
)
def test_only_an_admin_revokes(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], who: str, code: Any
) -> None:
    """Treat an invitation that the caller does not see as absent."""
    invitation = invited(admin, groups["lab"])
    with request_as("member", sub=who) as conn:
        answer = refusal_of(conn, "select api.revoke_invitation(%s)", [invitation])

    assert answer[:2] == code


def test_accepted_invitation_is_not_revoked(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Point to the membership instead."""
    invitation = invited(admin, groups["lab"], **STATUSES["accepted"])
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(conn, "select api.revoke_invitation(%s)", [invitation])

    assert answer == (409, "invitation_closed", {"id": invitation, "status": "accepted"})


# Accepting.


@pytest.mark.parametrize("email", ["new@example.org", "NEW@Example.org"])
def test_stranger_becomes_a_member_by_accepting(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], email: str
) -> None:
    """Make the user, whatever the case of the address, and record who joined."""
    invitation = invited(admin, groups["lab"], role="viewer")
    visit(admin, "/rpc/accept_invitation")
    claims = VERIFIED | {"email": email, "name": "Nia New"}
    with request_as("member", sub="stranger", keep=True, **claims) as conn:
        answer = conn.execute(ACCEPT, ["secret"]).fetchall()

    assert answer == [(groups["lab"], "viewer")]
    user = admin.execute(
        "select id, name, email, is_operator from aspen.users where subject = 'stranger'"
    ).fetchone()
    assert user is not None
    assert user[1:] == ("Nia New", "new@example.org", False)
    assert admin.execute(
        "select table_name, row_id = %s, user_id from aspen.audit_log"
        " where table_name in ('memberships', 'invitations') order by id desc limit 2",
        [invitation],
    ).fetchall() == [("invitations", True, user[0]), ("memberships", False, user[0])]


@pytest.mark.parametrize("name", [None, 1, "", "=1", "a\nb", "x" * 129])
def test_stranger_without_a_usable_name_is_named_by_the_address(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], name: object
) -> None:
    """Store no name that harms readers; the user may change it in me."""
    invited(admin, groups["lab"])
    visit(admin, "/rpc/accept_invitation")
    with request_as("member", sub="stranger", keep=True, **VERIFIED, name=name) as conn:
        conn.execute(ACCEPT, ["secret"])

    assert admin.execute("select name from aspen.users where subject = 'stranger'").fetchone() == (
        "new@example.org",
    )


def test_new_member_uses_the_api_with_the_same_token(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Need nobody else from there on."""
    factories.sample(admin, groups["lab"])
    invited(admin, groups["lab"])
    visit(admin, "/rpc/accept_invitation")
    with request_as("member", sub="stranger", keep=True, **VERIFIED) as conn:
        conn.execute(ACCEPT, ["secret"])
    visit(admin, "/samples")
    with request_as("member", sub="stranger", **VERIFIED) as conn:
        assert conn.execute("select count(*) from api.samples").fetchone() == (1,)


@pytest.mark.parametrize("path", ["/me", "/rpc/accept_invitation"])
def test_invited_stranger_reaches_two_paths(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], path: str
) -> None:
    """Show no row there, not even of the inviting group."""
    factories.sample(admin, groups["lab"])
    invited(admin, groups["lab"])
    visit(admin, path)
    with request_as("member", sub="stranger", **VERIFIED, groups={groups["lab"]: "admin"}) as conn:
        counts = conn.execute(
            "select (select count(*) from api.me), (select count(*) from api.samples),"
            " (select count(*) from api.groups), (select count(*) from api.group_members)"
        ).fetchone()

    assert counts == (0, 0, 0, 0)


@pytest.mark.parametrize("path", ["", "/", "/pathogens", "/samples", "/me/", "/rpc/create_samples"])
def test_invited_stranger_reaches_nothing_else(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], path: str
) -> None:
    """Refuse even reference data, which is for every user."""
    invited(admin, groups["lab"])
    visit(admin, path)

    assert refused_request(request_as, **VERIFIED) == (401, "unknown_user", None)


STRANGERS: dict[str, dict[str, Any]] = {
    "another address": VERIFIED | {"email": "other@example.org"},
    "the Kelvin sign for a k": VERIFIED | {"email": "\u212aim@example.org"},
    "an address that is not verified": VERIFIED | {"email_verified": False},
    "verified as a text": VERIFIED | {"email_verified": "true"},
    "verified as a number": VERIFIED | {"email_verified": 1},
    "no word about verification": {"email": "new@example.org"},
    "no address": {"email_verified": True},
    "an address that is no text": VERIFIED | {"email": ["new@example.org"]},
    "an empty subject": VERIFIED | {"sub": ""},
    "a subject that is no text": VERIFIED | {"sub": {"a": 1}},
}


@pytest.mark.parametrize("claims", STRANGERS.values(), ids=STRANGERS)
def test_stranger_with_another_claim_is_unknown(
    admin: psycopg.Connection,
    request_as: RequestAs,
    groups: dict[str, int],
    claims: dict[str, Any],
) -> None:
    """Require the invited address, verified by who issued the token."""
    invited(admin, groups["lab"])
    invited(admin, groups["lab"], "of kim", email="kim@example.org")
    visit(admin, "/rpc/accept_invitation")
    who = {"sub": "stranger"} | claims

    assert refused_request(request_as, **who) == (401, "unknown_user", None)


def test_invited_stranger_is_no_operator(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Refuse a token with that role: an invitation makes members only."""
    invited(admin, groups["lab"])
    visit(admin, "/rpc/accept_invitation")

    answer = refused_request(request_as, role="operator", **VERIFIED)

    assert answer == (401, "unknown_user", None)


@pytest.mark.parametrize("status", ["revoked", "expired"])
def test_closed_invitation_is_not_accepted(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], status: str
) -> None:
    """Tell the invited person why."""
    invitation = invited(admin, groups["lab"], **STATUSES[status])
    visit(admin, "/rpc/accept_invitation")

    answer = refused_acceptance(request_as)

    assert answer == (409, "invitation_closed", {"id": invitation, "status": status})


@pytest.mark.parametrize(("end", "is_open"), [("now()", False), ("now() + '1 us'", True)])
def test_invitation_expires_at_its_moment(
    admin: psycopg.Connection,
    request_as: RequestAs,
    groups: dict[str, int],
    end: str,
    is_open: bool,
) -> None:
    """Accept it before that moment, and not from it on."""
    invited(admin, groups["lab"], created_at="2024-01-01")
    admin.execute(f"update aspen.invitations set expires_at = {end}".encode())  # noqa: S608
    visit(admin, "/rpc/accept_invitation")
    with request_as("member", sub="ada") as conn:
        status = conn.execute("select status from api.invitations").fetchone()
    with request_as("member", sub="stranger", **VERIFIED) as conn:
        answer = answer_of(conn, ACCEPT, ["secret"])

    expected = ("open", None) if is_open else ("expired", (409, "invitation_closed"))
    assert (status, answer and answer[:2]) == ((expected[0],), expected[1])


def test_invitation_works_once(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Refuse the second time, to the same person too."""
    invitation = invited(admin, groups["lab"])
    visit(admin, "/rpc/accept_invitation")
    with request_as("member", sub="stranger", keep=True, **VERIFIED) as conn:
        conn.execute(ACCEPT, ["secret"])

    answer = refused_acceptance(request_as)

    assert answer == (409, "invitation_closed", {"id": invitation, "status": "accepted"})


def test_accepted_invitation_lets_no_second_account_in(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Know nobody else with the same address."""
    invited(admin, groups["lab"])
    visit(admin, "/rpc/accept_invitation")
    with request_as("member", sub="stranger", keep=True, **VERIFIED) as conn:
        conn.execute(ACCEPT, ["secret"])

    assert refused_acceptance(request_as, sub="second") == (401, "unknown_user", None)


@pytest.mark.parametrize("token", ["wrong", "", "SECRET", None])
def test_invited_person_needs_the_token(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], token: str
) -> None:
    """Refuse the right address without the link."""
    invited(admin, groups["lab"])
    visit(admin, "/rpc/accept_invitation")

    assert refused_acceptance(request_as, token) == (404, "invitation_not_found", None)


@pytest.mark.parametrize("who", ["bob", "ada"])
def test_link_of_another_address_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], who: str
) -> None:
    """Let a link that was passed on do nothing, in the hands of a user too."""
    invited(admin, groups["lab"])

    answer = refused_acceptance(request_as, sub=who, email="bob@example.org")

    assert answer == (404, "invitation_not_found", None)


def test_user_accepts_by_the_address_of_the_user(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Need no claim: the database knows the address."""
    admin.execute("update aspen.users set email = 'bob@example.org' where subject = 'bob'")
    invited(admin, groups["lab"], email="BOB@example.org")
    with request_as("member", sub="bob") as conn:
        assert conn.execute(ACCEPT, ["secret"]).fetchall() == [(groups["lab"], "member")]


def test_user_accepts_by_a_verified_address(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Join with the user there is, and make no second one."""
    invited(admin, groups["lab"])
    with request_as("member", sub="bob", **VERIFIED) as conn:
        assert conn.execute(ACCEPT, ["secret"]).fetchall() == [(groups["lab"], "member")]


@pytest.mark.parametrize(
    ("role", "kept"), [("viewer", "member"), ("member", "member"), ("admin", "admin")]
)
def test_member_keeps_the_stronger_role(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int], role: str, kept: str
) -> None:
    """Lose nothing by accepting."""
    admin.execute("update aspen.users set email = 'new@example.org' where subject = 'alice'")
    invited(admin, groups["lab"], role=role)
    with request_as("member", sub="alice") as conn:
        assert conn.execute(ACCEPT, ["secret"]).fetchall() == [(groups["lab"], kept)]


def test_address_of_another_user_makes_no_second_user(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Leave it to the user there is, or to an operator."""
    admin.execute("update aspen.users set email = 'New@example.org' where subject = 'bob'")
    invited(admin, groups["lab"])
    visit(admin, "/rpc/accept_invitation")

    assert refused_acceptance(request_as) == (409, "email_taken", None)


def test_mail_is_not_sent_after_the_invitation_was_accepted(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Delete it: the inviter passed the link on."""
    with request_as("member", sub="ada", keep=True) as conn:
        row = conn.execute(TOKENS, [groups["lab"], '["new@example.org"]']).fetchone()
    visit(admin, "/rpc/accept_invitation")
    with request_as("member", sub="stranger", keep=True, **VERIFIED) as conn:
        conn.execute(ACCEPT, row)

    assert admin.execute("select count(*) from aspen.mails").fetchone() == (0,)


def test_first_admin_of_a_new_group_is_invited_by_an_operator(
    admin: psycopg.Connection, request_as: RequestAs, groups: dict[str, int]
) -> None:
    """Create a group, invite its admin, and leave the rest to the admin."""
    with request_as("operator", sub="olga", keep=True) as conn:
        group = conn.execute(
            "insert into api.groups (name, prefix) values ('New lab', 'NEW') returning id"
        ).fetchone()
        assert group is not None
        row = conn.execute(
            "select token from api.invite_members(%s, '[\"new@example.org\"]', 'admin')", group
        ).fetchone()
    visit(admin, "/rpc/accept_invitation")
    with request_as("member", sub="stranger", keep=True, **VERIFIED) as conn:
        conn.execute(ACCEPT, row)
    visit(admin, "/groups")
    with request_as("member", sub="stranger") as conn:
        assert conn.execute("update api.groups set address = 'here' returning id").fetchall() == [
            group
        ]


def test_two_accepting_at_once_join_once(database: Database) -> None:
    """Make the second wait for the first, then tell it that the invitation is used up."""
    with database.connect() as first, database.connect() as second:
        group = factories.group(first)
        invitation = invited(first, group)
        with first.transaction():
            begin(first)
            first.execute(ACCEPT, ["secret"])
            with second.transaction(force_rollback=True):
                second.execute("set local lock_timeout = '10ms'")
                begin(second)
                waiting = refusal_of(second, ACCEPT, ["secret"])
        with second.transaction(force_rollback=True):
            begin(second)
            answer = refusal_of(second, ACCEPT, ["secret"])

    assert waiting == "55P03"
    assert answer == (409, "invitation_closed", {"id": invitation, "status": "accepted"})


def begin(conn: psycopg.Connection) -> None:
    """Begin the request of an invited stranger."""
    visit(conn, "/rpc/accept_invitation")
    begin_request(conn, "member", request_claims("member", "stranger") | VERIFIED)
