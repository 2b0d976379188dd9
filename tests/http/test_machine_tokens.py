"""Machine tokens through the whole stack: one group, one scope, ended at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from control.jobs.work.token_uses import note_token_uses
from control.people.actions import DISABLE_USERS
from control.people.batch import Row
from control.people.storing import carry_out
from control.tokens.machine import revoke_machine_tokens
from control.tokens.minting import claims_for, sign
from tests import factories
from tests.http.world import Caller, World, refusal, rows
from tests.names import unique

SHOWN = "return=representation"
Door = Callable[[Caller, World, int], httpx.Response]
# Everything that writes, by each door, with a sample of the lab.
WRITES: dict[str, Door] = {
    "POST": lambda caller, world, _: caller.post(
        "/samples", json={"group_id": world.group} | world.batch_sample(unique())
    ),
    "PATCH": lambda caller, _, sample: caller.patch(
        f"/samples?id=eq.{sample}", json={"host": "bat"}
    ),
    "DELETE": lambda caller, _, sample: caller.delete(f"/samples?id=eq.{sample}"),
    "PUT": lambda caller, _, sample: caller.ask("PUT", f"/samples?id=eq.{sample}", json={}),
    "CSV": lambda caller, *_: caller.post_csv("/samples", "host\nbat\n"),
    "RPC": lambda caller, world, _: caller.post(
        "/rpc/create_samples", json=world.batch(world.batch_sample(unique()))
    ),
    "RPC of a link": lambda caller, world, _: caller.post(
        "/rpc/share_phylo_tree", json={"phylo_tree_id": world.tree}
    ),
    "rolled back": lambda caller, _, sample: caller.delete(
        f"/samples?id=eq.{sample}", prefer="tx=rollback"
    ),
    "with a key": lambda caller, world, sample: caller.post(
        "/rpc/delete_samples",
        json={"group_id": world.group, "ids": [sample]},
        headers={"Idempotency-Key": unique()},
    ),
    "own user": lambda caller, *_: caller.patch("/me", json={"gisaid_submitter_id": "x"}),
}
# What belongs to the user and not to the group; a token with the scope write reaches none of it.
OF_THE_USER: dict[str, Callable[[Caller, World], httpx.Response]] = {
    "own user": lambda caller, world: caller.patch("/me", json={"name": "M"}, prefer=SHOWN),
    "own membership": lambda caller, world: caller.delete(
        f"/group_members?user_id=eq.{world.users['ada']}", prefer=SHOWN
    ),
    "own role": lambda caller, world: caller.patch(
        f"/group_members?user_id=eq.{world.users['ada']}", json={"role": "viewer"}, prefer=SHOWN
    ),
    "the group": lambda caller, world: caller.patch(
        f"/groups?id=eq.{world.group}", json={"address": "x"}, prefer=SHOWN
    ),
}
REFUSED: dict[str, Callable[[Caller, World], httpx.Response]] = {
    "invite": lambda caller, world: caller.post(
        "/rpc/invite_members", json={"group_id": world.group, "emails": ["a@example.org"]}
    ),
    "grant": lambda caller, world: caller.post(
        "/rpc/grant_access", json={"group_id": world.group, "grantee": f"others-{world.name}"}
    ),
    "revoke": lambda caller, world: caller.post(
        "/rpc/revoke_machine_token",
        json={"id": factories.machine_token(world.conn, world.group, world.users["ada"])},
    ),
}


def machine_with(world: World, **claims: object) -> Caller:
    """Return a program whose token has other claims as well."""
    token_id = factories.machine_token(world.conn, world.group, world.users["alice"])
    given = claims_for(sub="machine", role="member", ttl=timedelta(hours=1)) | {
        "machine_token_id": token_id
    }
    return Caller(world.api, sign(world.api.keys, given | claims))


def newcomer(world: World, role: str, *, other: str | None = None) -> tuple[int, Caller]:
    """Store a user with a role in the lab, and perhaps one in the other group."""
    subject = f"newcomer-{unique()}"
    roles = {world.group: role} | ({world.other: other} if other else {})
    user = factories.user(world.conn, subject, roles)
    claims = claims_for(sub=subject, role="member", ttl=timedelta(hours=1))
    return user, Caller(world.api, sign(world.api.keys, claims))


def seen(caller: Caller, world: World) -> set[int]:
    """Return which of three samples a caller sees: of the lab, a private one, of another group."""
    ids = f"{world.open},{world.hidden},{world.foreign}"
    return {row["id"] for row in rows(caller.get(f"/samples?select=id&id=in.({ids})"))}


@pytest.mark.parametrize("write", WRITES)
def test_a_token_to_read_writes_by_no_door(world: World, write: str) -> None:
    """Refuse it with the reason; a token to write is not refused for it."""
    sample = world.bare_sample()

    refused = WRITES[write](world.machine("alice"), world, sample)
    other = WRITES[write](world.machine("alice", scope="write"), world, sample)

    assert refusal(refused) == (403, "token_is_read_only")
    assert "token_is_read_only" not in other.text


def test_a_token_to_write_writes(world: World) -> None:
    """Change a sample, under the name of the user."""
    sample = world.bare_sample()
    machine = world.machine("alice", scope="write")

    assert WRITES["PATCH"](machine, world, sample).status_code == 204
    assert WRITES["RPC"](machine, world, sample).status_code == 200
    assert world.conn.execute(
        "select user_id from aspen.audit_log where table_name = 'samples' and row_id = %s"
        " order by id desc limit 1",
        [sample],
    ).fetchall() == [(world.users["alice"],)]


def test_a_token_to_read_calls_what_reads(world: World) -> None:
    """Take a POST of a function that can be called by GET."""
    answer = world.machine("alice").post("/rpc/search_locations", json={"query": "France"})

    assert "token_is_read_only" not in answer.text
    assert answer.status_code == 200


@pytest.mark.parametrize("scope", ["read", "write"])
def test_a_token_sees_its_group_only(world: World, scope: str) -> None:
    """See what its user sees there, and none of the user's other groups."""
    user, person = newcomer(world, "member", other="member")
    machine = world.machine(user, scope=scope)

    assert seen(machine, world) == {world.open, world.hidden}
    assert seen(person, world) == {world.open, world.hidden, world.foreign}
    assert {row["group_id"] for row in rows(machine.get("/group_members"))} == {world.group}
    assert [one["id"] for one in rows(machine.get("/me"))[0]["groups"]] == [world.group]


def test_a_token_sees_nothing_by_a_grant(world: World) -> None:
    """Leave out what the lab grants to the partners, though the user sees it."""
    token = factories.machine_token(
        world.conn, world.groups["partners"], world.users["pat"], scope="write"
    )
    machine = machine_with(world, machine_token_id=token)

    assert seen(machine, world) == set()
    assert seen(world.pat, world) == {world.open, world.hidden}


def test_a_token_of_a_viewer_sees_what_a_viewer_sees(world: World) -> None:
    """Follow the role that the user has at the time of the request."""
    machine = world.machine("vic", scope="write")

    assert seen(machine, world) == {world.open}
    assert WRITES["PATCH"](machine, world, world.open).status_code == 403


def test_claims_of_a_token_widen_nothing(world: World) -> None:
    """Ignore groups that a signed machine token names, and take no other role."""
    named = machine_with(world, groups={str(world.other): "admin"})
    operator = machine_with(world, role="operator")
    unknown = machine_with(world, machine_token_id=10**17)
    odd = machine_with(world, machine_token_id="1 or 1=1")

    assert seen(named, world) == {world.open, world.hidden}
    assert refusal(operator.get("/samples")) == (403, "role_not_allowed")
    assert refusal(unknown.get("/samples")) == (401, "token_revoked")
    assert refusal(odd.get("/samples")) == (401, "token_revoked")


@pytest.mark.parametrize("act", OF_THE_USER)
def test_a_token_of_an_admin_manages_nothing(world: World, act: str) -> None:
    """Change no row about the user or the group, though the admin may."""
    answer = OF_THE_USER[act](world.machine("ada", scope="write"), world)

    assert rows(answer) == []
    assert len(rows(world.ada.patch("/me", json={"agreed_to_tos": True}, prefer=SHOWN))) == 1


@pytest.mark.parametrize("act", REFUSED)
def test_a_token_of_an_admin_calls_nothing_of_admins(world: World, act: str) -> None:
    """Refuse what needs an admin."""
    machine = world.machine("ada", scope="write")

    assert refusal(REFUSED[act](machine, world)) == (403, "group_access_denied")
    assert REFUSED[act](world.ada, world).is_success


def test_a_token_accepts_no_invitation_of_its_user(world: World) -> None:
    """Leave joining to the person."""
    user, person = newcomer(world, "admin")
    email = f"{unique()}@example.org"
    world.conn.execute("update aspen.users set email = %s where id = %s", [email, user])
    invited = rows(
        world.bob.post("/rpc/invite_members", json={"group_id": world.other, "emails": [email]})
    )[0]
    token = {"token": invited["token"]}

    refused = world.machine(user, scope="write").post("/rpc/accept_invitation", json=token)

    assert refusal(refused) == (404, "invitation_not_found")
    assert person.post("/rpc/accept_invitation", json=token).is_success


def test_a_revoked_token_ends_with_the_next_request(world: World) -> None:
    """End this one, by the API and by the command, and no other of the user."""
    first, second, third = (world.machine("vic") for _ in range(3))
    ids = [row["id"] for row in rows(world.vic.get("/machine_tokens?order=id.desc&limit=3"))]
    before = [one.get("/me").status_code for one in (first, second, third)]

    revoked = rows(world.vic.post("/rpc/revoke_machine_token", json={"id": ids[0]}))
    revoke_machine_tokens(world.conn, [ids[1]])

    assert before == [200, 200, 200]
    assert [(row["id"], row["status"]) for row in revoked] == [(ids[0], "revoked")]
    assert first.get("/me").status_code == 200
    assert refusal(second.get("/me")) == refusal(third.get("/me")) == (401, "token_revoked")


@pytest.mark.parametrize("who", ["person", "machine"])
def test_a_user_who_is_disabled_is_out_with_the_next_request(world: World, who: str) -> None:
    """Disable by the command; the user's own tokens and those of programs end."""
    user, person = newcomer(world, "member")
    caller = person if who == "person" else world.machine(user)
    before = caller.get("/samples?limit=1").status_code

    carry_out(world.conn, DISABLE_USERS, [Row(1, {"user": f"{user}"})])

    assert (before, refusal(caller.get("/samples?limit=1"))) == (200, (401, "user_disabled"))


def test_a_token_ends_when_its_user_leaves_the_group(world: World) -> None:
    """Refuse it, so that the program finds out."""
    user, person = newcomer(world, "viewer")
    machine = world.machine(user)
    before = machine.get("/me").status_code
    assert rows(person.delete(f"/group_members?user_id=eq.{user}", prefer=SHOWN))

    assert (before, refusal(machine.get("/me"))) == (200, (401, "token_revoked"))


def test_an_expired_row_ends_a_token(world: World) -> None:
    """Go by the row, whatever the token says."""
    machine = world.machine("vic", created_at="2020-01-01", expires_at="2020-01-02")

    assert refusal(machine.get("/me")) == (401, "token_revoked")


def test_the_use_of_a_token_is_noted(world: World) -> None:
    """Hear of a GET, which cannot write, once a minute, and record no change of access."""
    conn = world.conn
    user, _ = newcomer(world, "member")
    machine = world.machine(user)
    used = "select id, last_used_at from aspen.machine_tokens where user_id = %s"
    try:
        note_token_uses(conn)
        before = conn.execute(used, [user]).fetchall()
        assert machine.get("/me").status_code == 200
        note_token_uses(conn)
        first = conn.execute(used, [user]).fetchall()
        assert machine.get("/me").status_code == 200
        note_token_uses(conn)
        again = conn.execute(used, [user]).fetchall()
    finally:
        conn.execute("unlisten machine_token_used")

    assert before[0][1] is None
    assert first == again
    assert first[0][1] is not None
    assert conn.execute(
        "select action from aspen.audit_log where table_name = 'machine_tokens' and row_id = %s",
        [first[0][0]],
    ).fetchall() == [("insert",)]
