"""Members, grants and invitations through the whole stack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from control.tokens.minting import claims_for, sign
from tests import factories
from tests.http.test_two_at_once import at_once
from tests.http.world import Caller, World, problems, refusal, rows
from tests.names import unique

INVITE = "/rpc/invite_members"
ACCEPT = "/rpc/accept_invitation"
SHOWN = "return=representation"


def stranger(world: World, email: str, **claims: Any) -> Caller:
    """Return somebody without a user, whose token has this verified address."""
    verified = claims_for(sub=f"stranger-{unique()}", role="member", ttl=timedelta(hours=1)) | {
        "email": email,
        "email_verified": True,
    }
    return Caller(world.api, sign(world.api.keys, verified | claims))


def invite(world: World, email: str, **arguments: Any) -> Any:
    """Invite an address to the lab, and return the result of it."""
    body = {"group_id": world.group, "emails": [email]} | arguments
    return rows(world.ada.post(INVITE, json=body))[0]


def test_invited_person_joins(world: World) -> None:
    """Invite, accept with the address in another case, and read the samples of the group."""
    email = f"nia-{unique()}@example.org"
    invited = invite(world, email, role="member", days=1)
    nia = stranger(world, email.upper(), name="Nia New")
    accepted = rows(nia.post(ACCEPT, json={"token": invited["token"]}))
    me = rows(nia.get("/me"))[0]

    assert accepted == [
        {
            "group_id": world.group,
            "group_name": f"lab-{world.name}",
            "role": "member",
            "user_id": me["id"],
        }
    ]
    assert (me["name"], me["email"], me["groups"][0]["role"]) == ("Nia New", email, "member")
    assert rows(nia.get(f"/samples?select=id&id=eq.{world.hidden}")) == [{"id": world.hidden}]
    assert rows(world.alice.get(f"/invitations?select=status&email=eq.{email}")) == [
        {"status": "accepted"}
    ]


PATHS = ("/pathogens", "/samples", "/invitations", "/groups", "/", "/me/", "/rpc/phylo_tree?id=1")


@pytest.mark.parametrize("path", PATHS)
def test_invited_person_reaches_nothing_before_accepting(world: World, path: str) -> None:
    """Refuse everything but accepting, reference data and the description of the API too."""
    email = f"nia-{unique()}@example.org"
    invite(world, email)

    response = stranger(world, email).get(path)

    assert refusal(response) in [(401, "unknown_user"), (404, "not_found")]


def test_invited_person_is_nobody_yet_in_me(world: World) -> None:
    """Answer with no row, and change none."""
    email = f"nia-{unique()}@example.org"
    invite(world, email)
    nia = stranger(world, email)

    assert rows(nia.get("/me?select=*,samples(*)")) == []
    assert rows(nia.patch("/me", json={"name": "x"}, prefer=SHOWN)) == []


def test_person_with_another_verified_address_is_unknown(world: World) -> None:
    """Refuse the link in the hands of somebody else, before and as a user."""
    invited = invite(world, f"nia-{unique()}@example.org")
    accept = {"token": invited["token"]}
    eve = stranger(world, f"eve-{unique()}@example.org")

    assert refusal(eve.post(ACCEPT, json=accept)) == (401, "unknown_user")
    assert refusal(world.bob.post(ACCEPT, json=accept)) == (404, "invitation_not_found")


def test_person_accepts_two_invitations_with_one_user(world: World) -> None:
    """Make the user once."""
    email = f"nia-{unique()}@example.org"
    first = invite(world, email)
    second = rows(world.bob.post(INVITE, json={"group_id": world.other, "emails": [email]}))[0]
    nia = stranger(world, email)
    answers = [rows(nia.post(ACCEPT, json={"token": one["token"]})) for one in (first, second)]

    assert {answer[0]["user_id"] for answer in answers} == {rows(nia.get("/me"))[0]["id"]}
    assert [answer[0]["group_id"] for answer in answers] == [world.group, world.other]


LOCK_INVITATIONS = "select from aspen.invitations where lower(email) = %s for update"


def test_invitation_is_accepted_once_by_two_at_once(world: World) -> None:
    """Let the second wait, and then tell it that the invitation is used up."""
    email = f"nia-{unique()}@example.org"
    token = invite(world, email)["token"]
    nia = stranger(world, email)
    answers = at_once(
        world, [lambda: nia.post(ACCEPT, json={"token": token})] * 2, LOCK_INVITATIONS, email
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [refusal(answer) for answer in answers if answer.is_error] == [
        (409, "invitation_closed")
    ]


def test_two_invitations_are_accepted_at_once_with_one_user(world: World) -> None:
    """Make the user once, whichever comes first."""
    email = f"nia-{unique()}@example.org"
    first = invite(world, email)["token"]
    body = {"group_id": world.other, "emails": [email]}
    second = rows(world.bob.post(INVITE, json=body))[0]["token"]
    nia = stranger(world, email)
    answers = at_once(
        world,
        [
            lambda: nia.post(ACCEPT, json={"token": first}),
            lambda: nia.post(ACCEPT, json={"token": second}),
        ],
        LOCK_INVITATIONS,
        email,
    )

    me = rows(nia.get("/me"))[0]
    assert [rows(answer)[0]["user_id"] for answer in answers] == [me["id"]] * 2
    assert {group["id"] for group in me["groups"]} >= {world.group, world.other}


def test_two_who_invite_the_same_person_at_once_invite_once(world: World) -> None:
    """Tell the second that an invitation is open."""
    body = {"group_id": world.group, "emails": [f"nia-{unique()}@example.org"]}
    answers = at_once(
        world,
        [
            lambda: world.ada.post(INVITE, json=body),
            lambda: world.olga.post(INVITE, json=body),
        ],
        "lock table aspen.invitations in share mode",
    )

    assert sorted(rows(answer)[0]["outcome"] for answer in answers) == [
        "already_invited",
        "invited",
    ]


def test_two_who_grant_the_same_group_access_at_once_grant_once(world: World) -> None:
    """Tell the second that the grant exists."""
    body = {"group_id": world.group, "grantee": f"others-{world.name}"}
    answers = at_once(
        world,
        [lambda: world.ada.post("/rpc/grant_access", json=body)] * 2,
        "lock table aspen.group_grants in share mode",
    )
    world.ada.delete(f"/group_grants?grantee_group_id=eq.{world.other}")

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [refusal(answer) for answer in answers if answer.is_error] == [(409, "grant_exists")]


def test_result_of_an_invitation_is_csv_too(world: World) -> None:
    """Let columns be chosen and the format be CSV, for a spreadsheet of links."""
    response = world.ada.post(
        f"{INVITE}?select=email,outcome",
        json={"group_id": world.group, "emails": ["x", "y"]},
        accept="text/csv",
    )

    assert response.text == "email,outcome\nx,invalid_address\ny,invalid_address"


@pytest.mark.parametrize("emails", ["a@example.org", {}, None, [1], [["a@example.org"]], [True]])
def test_addresses_are_a_list_of_texts(world: World, emails: object) -> None:
    """Reject anything else."""
    response = world.ada.post(INVITE, json={"group_id": world.group, "emails": emails})

    assert refusal(response) == (400, "invalid_argument")


BAD_WRITES = {
    "a number as a role": ("group_members", {"role": 1}, "role"),
    "a blank role": ("group_members", {"role": " "}, "role"),
    "no role": ("group_members", {"role": None}, "role"),
    "a number as the role of a grant": ("group_grants", {"role": 1}, "role"),
    "no role of a grant": ("group_grants", {"role": None}, "role"),
    "a word as an end": ("group_grants", {"ends_at": "tomorrow"}, "ends_at"),
    "infinity as an end": ("group_grants", {"ends_at": "infinity"}, "ends_at"),
}


@pytest.mark.parametrize(("resource", "body", "field"), BAD_WRITES.values(), ids=BAD_WRITES.keys())
def test_bad_value_is_named(world: World, resource: str, body: Any, field: str) -> None:
    """Reject it by row and field, and change nothing."""
    row = rows(world.ada.get(f"/{resource}?select=id&limit=1"))[0]

    response = world.ada.patch(f"/{resource}?id=eq.{row['id']}", json=body)

    status, code, found = problems(response)
    assert (status, code) == (400, "invalid_value")
    assert [(entry["id"], entry["field"]) for entry in found] == [(row["id"], field)]


@pytest.mark.parametrize(
    "query",
    [
        "group_members?created_at=eq.soon",
        "group_members?agreed_to_tos=eq.yes",
        "group_members?acknowledged_policy_version=eq.1.2.2024",
        "group_grants?ends_at=lt.soon",
        "group_grants?has_ended=eq.yes",
        "invitations?expires_at=gt.soon",
    ],
)
def test_bad_filter_is_rejected(world: World, query: str) -> None:
    """Read filters alike on every resource."""
    assert refusal(world.ada.get(f"/{query}")) == (400, "invalid_value")


@pytest.mark.parametrize("role", ["boss", "ADMIN"])
@pytest.mark.parametrize("resource", ["group_members", "group_grants"])
def test_unknown_role_is_rejected(world: World, resource: str, role: str) -> None:
    """Know three roles."""
    response = world.ada.patch(f"/{resource}", json={"role": role})

    assert refusal(response) == (400, "23514")


def test_admin_makes_a_viewer_a_member(world: World) -> None:
    """Return the changed row, which counts from the next request on."""
    name = f"val-{unique()}"
    user = factories.user(world.conn, name, {world.group: "viewer"})
    val = Caller(world.api, world.api.token(name))
    before = rows(val.get(f"/samples?select=id&id=eq.{world.hidden}"))
    changed = world.ada.patch(
        f"/group_members?user_id=eq.{user}&select=role", json={"role": "member"}, prefer=SHOWN
    )
    after = rows(val.get(f"/samples?select=id&id=eq.{world.hidden}"))

    assert (before, rows(changed), after) == ([], [{"role": "member"}], [{"id": world.hidden}])


def test_member_leaves(world: World) -> None:
    """Delete the own row by group, and see nothing more of the group."""
    name = f"val-{unique()}"
    factories.user(world.conn, name, {world.group: "member"})
    val = Caller(world.api, world.api.token(name))
    left = val.delete(f"/group_members?group_id=eq.{world.group}&select=role", prefer=SHOWN)

    assert rows(left) == [{"role": "member"}]
    assert rows(val.get("/samples?select=id")) == []


def test_members_are_embedded_in_their_group(world: World) -> None:
    """Follow the foreign key, for who may see both."""
    path = (
        f"/groups?select=id,group_members(name)&id=eq.{world.group}&group_members.name=like.Vic-*"
    )

    assert rows(world.alice.get(path)) == [
        {"id": world.group, "group_members": [{"name": f"Vic-{world.name}"}]}
    ]


def test_operator_creates_a_group_whose_admin_edits_it(world: World) -> None:
    """Create, invite the first admin, and let the admin set what may change."""
    name, email = f"new {unique()}", f"nia-{unique()}@example.org"
    group = rows(world.olga.post("/groups", json={"name": name, "prefix": unique()}, prefer=SHOWN))[
        0
    ]
    body = {"group_id": group["id"], "emails": [email], "role": "admin"}
    token = rows(world.olga.post(INVITE, json=body))[0]["token"]
    nia = stranger(world, email)
    nia.post(ACCEPT, json={"token": token})
    edited = nia.patch(f"/groups?id=eq.{group['id']}", json={"address": "1 Road"}, prefer=SHOWN)

    assert rows(edited)[0]["address"] == "1 Road"
    assert refusal(nia.patch("/groups", json={"name": "x"})) == (403, "42501")
    assert refusal(nia.patch("/groups", json={"prefix": "x"})) == (403, "42501")


SECRET_DOORS = {
    "members of a place's samples": "/samples?select=*,groups(*,group_members(*))",
    "members of groups": "/groups?select=*,group_members(*),invitations(*)",
    "members by an address": "/group_members?email=like.*",
    "grants": "/group_grants?select=*,groups(*)",
    "me": "/me?select=*,group_members(*,groups(*))",
}


@pytest.mark.parametrize("path", SECRET_DOORS.values(), ids=SECRET_DOORS)
@pytest.mark.parametrize("who", ["vic", "gus", "pat", "bob"])
def test_address_of_a_member_is_shown_to_members_only(world: World, who: str, path: str) -> None:
    """Find no door to the address of Ada for viewers, grantees and strangers."""
    response = world.caller(who).get(path)

    assert f"ada-{world.name}-" not in told(response)


def test_address_of_a_member_is_shown_to_members(world: World) -> None:
    """Show that the doors above lead there."""
    assert f"ada-{world.name}-" in told(world.alice.get("/group_members?email=like.*"))


def told(response: httpx.Response) -> str:
    """Return all that a response says."""
    return f"{response.headers}{response.text}"
