"""`control user sync` reconciles users, groups and memberships with a directory like Auth0's."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from click.testing import Result

from control.directory.auth0 import Auth0
from control.directory.planning import Plan
from control.directory.syncing import Options, sync_from_directory
from control.errors import ControlError
from tests import factories
from tests.control.directory.desk import APPLY, Desk
from tests.control.directory.tenant import SECRET, Tenant
from tests.http.test_two_at_once import wait_until_waiting
from tests.servers import Database

Run = Callable[..., Result]
DELETE = Options(applies=True, deletes=True, forces=True)


def reasons(plan: Plan) -> list[str]:
    """Return the conflicts in words."""
    return [f"{one.subject or one.group}: {one.reason}" for one in plan.conflicts]


def changes(plan: Plan) -> list[tuple[str, str, str]]:
    """Return the changes, short."""
    return [(one.action, one.kind, f"{one.subject or one.group}") for one in plan.changes]


def test_sides_that_agree_need_nothing(desk: Desk) -> None:
    """Plan no change and list no conflict."""
    plan = desk.follow()

    assert (plan.changes, plan.conflicts) == ([], [])


def test_new_member_becomes_a_user_with_the_role(desk: Desk) -> None:
    """Store the user by the id of the directory, which is the sub of the tokens."""
    desk.tenant.person("eve", {"org_alpha": "viewer"})

    plan = desk.follow()

    assert changes(plan) == [("add", "user", "auth0|eve"), ("add", "membership", "auth0|eve")]
    assert desk.roles() == {"ada": "admin", "eve": "viewer", "max": "member"}


def test_dry_run_plans_the_same_and_stores_nothing(desk: Desk) -> None:
    """List what would be done."""
    desk.tenant.person("eve", {"org_alpha": "viewer"})

    plan = desk.follow(Options())

    assert len(plan.changes) == 2
    assert desk.roles() == {"ada": "admin", "max": "member"}


def test_role_of_the_directory_wins(desk: Desk) -> None:
    """Change the role, and take the strongest of several."""
    desk.tenant.members["org_alpha"]["auth0|max"] = {"rol_v", "rol_a", "rol_x"}

    desk.follow()

    assert desk.roles() == {"ada": "admin", "max": "admin"}


def test_admins_change_places_in_one_run(desk: Desk) -> None:
    """Let the new admin come before the old one goes."""
    desk.tenant.members["org_alpha"] = {"auth0|ada": {"rol_v"}, "auth0|max": {"rol_a"}}

    desk.follow()

    assert desk.roles() == {"ada": "viewer", "max": "admin"}


def test_membership_that_ended_is_removed_only_when_told(desk: Desk) -> None:
    """Keep it without --delete; the user, whom the directory knows, stays enabled."""
    del desk.tenant.members["org_alpha"]["auth0|max"]

    kept = desk.follow(), desk.roles()
    removed = desk.follow(DELETE), desk.roles()

    assert kept[1] == {"ada": "admin", "max": "member"}
    assert removed[1] == {"ada": "admin"}
    assert changes(kept[0]) == changes(removed[0]) == [("remove", "membership", "auth0|max")]
    assert desk.disabled() == []


def test_user_who_left_the_directory_is_disabled(desk: Desk) -> None:
    """Keep the row, to which samples and jobs refer."""
    del desk.tenant.members["org_alpha"]["auth0|max"], desk.tenant.users["auth0|max"]

    desk.follow(DELETE)

    assert (desk.roles(), desk.disabled()) == ({"ada": "admin"}, ["max"])


def test_user_who_is_blocked_is_disabled_without_being_told(desk: Desk) -> None:
    """Take access from whoever may not sign in any more."""
    desk.tenant.users["auth0|max"]["blocked"] = True

    desk.follow(Options(applies=True, forces=True))

    assert (desk.roles(), desk.disabled()) == ({"ada": "admin", "max": "member"}, ["max"])


def test_last_admin_stays(desk: Desk) -> None:
    """Neither remove, demote nor disable the only admin of a group."""
    del desk.tenant.members["org_alpha"]["auth0|ada"], desk.tenant.users["auth0|ada"]

    plan = desk.follow(DELETE)

    assert (desk.roles(), desk.disabled()) == ({"ada": "admin", "max": "member"}, [])
    assert reasons(plan) == [
        "auth0|ada: not in the directory any more, but the last admin of the group",
        "auth0|ada: is not in the organisation, but no admin would be left",
    ]


def test_operator_stays(desk: Desk) -> None:
    """Leave operators to people."""
    desk.user("olga", {desk.group: "viewer"}, is_operator=True)

    plan = desk.follow(DELETE)

    assert desk.roles()["olga"] == "viewer"
    assert reasons(plan) == [
        "auth0|olga: not in the directory any more, but an operator: disable them by hand",
        "auth0|olga: is not in the organisation, but an operator: remove them by hand",
    ]


def test_members_of_other_origin_and_other_groups_stay(desk: Desk) -> None:
    """Touch neither subjects that the directory does not issue nor groups without organisation."""
    beta = factories.group(desk.conn, "Beta Lab")
    factories.user(desk.conn, "machine-7", {desk.group: "viewer"})
    desk.user("zoe", {beta: "member"})

    plan = desk.follow(DELETE)

    assert (plan.changes, plan.conflicts) == ([], [])
    assert desk.roles(beta) == {"zoe": "member"}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"email": None}, "has no e-mail address"),
        ({"email_verified": False}, "the address eve@example.org is not verified"),
        ({"email": "MAX@example.org"}, "auth0|max has the same address MAX@example.org"),
        ({"email": "Zoe@example.org"}, "the address Zoe@example.org is that of auth0|zoe here"),
        (
            {"name": "=cmd()"},
            "the name '=cmd()' or the address eve@example.org is not allowed here",
        ),
        ({"name": "a\0b"}, "the name 'a\\x00b' or the address eve@example.org is not allowed here"),
    ],
)
def test_new_person_in_conflict_is_listed(desk: Desk, columns: dict[str, Any], reason: str) -> None:
    """Guess nothing, and go on with the others."""
    desk.user("zoe")
    desk.tenant.person("eve", {"org_alpha": "viewer"}, **columns)
    desk.tenant.person("fay", {"org_alpha": "viewer"})

    plan = desk.follow()

    assert reasons(plan) == [f"auth0|eve: {reason}"]
    assert desk.roles() == {"ada": "admin", "fay": "viewer", "max": "member"}


def test_two_new_people_with_one_address_are_listed(desk: Desk) -> None:
    """Make neither of them a user."""
    desk.tenant.person("eve", {"org_alpha": "viewer"})
    desk.tenant.person("eva", {"org_alpha": "viewer"}, email="EVE@example.org")

    plan = desk.follow()

    assert reasons(plan) == [
        "auth0|eve: auth0|eva has the same address eve@example.org",
        "auth0|eva: auth0|eve has the same address EVE@example.org",
    ]


def test_changed_address_is_listed(desk: Desk) -> None:
    """Change nothing, but let the role follow."""
    desk.tenant.users["auth0|max"]["email"] = "max@elsewhere.org"
    desk.tenant.members["org_alpha"]["auth0|max"] = {"rol_v"}

    plan = desk.follow()

    assert reasons(plan) == [
        "auth0|max: the address is max@elsewhere.org, but max@example.org here"
    ]
    assert desk.roles()["max"] == "viewer"


def test_member_without_a_role_of_ours_is_listed(desk: Desk) -> None:
    """Neither guess a role nor take the one stored here."""
    desk.tenant.members["org_alpha"]["auth0|max"] = {"rol_x"}

    plan = desk.follow(DELETE)

    assert reasons(plan) == ["auth0|max: has none of our roles there"]
    assert desk.roles()["max"] == "member"


def test_roles_that_are_not_told_are_an_error(desk: Desk) -> None:
    """Do not take a missing scope for members without a role."""
    desk.tenant.tells_roles = False

    with pytest.raises(ControlError, match="does not tell the roles"):
        desk.follow(DELETE)


def test_organisation_that_is_gone_leaves_its_group_alone(desk: Desk) -> None:
    """Remove nobody, whatever the directory lists."""
    del desk.tenant.organizations["org_alpha"]

    plan = desk.follow(DELETE)

    assert reasons(plan) == ["Alpha Lab: its organisation org_alpha does not exist"]
    assert desk.roles() == {"ada": "admin", "max": "member"}


def test_organisation_with_a_prefix_becomes_a_group(desk: Desk) -> None:
    """Store name, prefix and the id of the organisation, and the members."""
    desk.tenant.organization("org_beta", "Beta Lab", aspen_prefix="BET")
    desk.tenant.members["org_beta"]["auth0|max"] = {"rol_a"}

    desk.follow()

    [group] = desk.conn.execute(
        "select id, name, prefix from aspen.groups where directory_id = 'org_beta'"
    ).fetchall()
    assert (group[1:], desk.roles(group[0])) == (("Beta Lab", "BET"), {"max": "admin"})


@pytest.mark.parametrize(
    ("name", "metadata", "reason"),
    [
        ("Beta Lab", {}, "no group stands for it"),
        ("Beta Lab", {"aspen_prefix": "ALP"}, "another group has its name or prefix"),
        ("=B", {"aspen_prefix": "BET"}, "a group cannot have its name or the prefix BET"),
    ],
)
def test_organisation_that_cannot_become_a_group_is_listed(
    desk: Desk, name: str, metadata: dict[str, str], reason: str
) -> None:
    """Say how to link it to a group."""
    desk.tenant.organization("org_beta", name, **metadata)

    plan = desk.follow()

    assert reasons(plan) == [f"{name}: {reason}: --link GROUP=org_beta"]


def test_group_is_linked_to_an_organisation(desk: Desk) -> None:
    """Let the members follow in the same run."""
    beta = factories.group(desk.conn, "Beta Lab")
    desk.tenant.organization("org_beta", "Beta")
    desk.tenant.members["org_beta"]["auth0|max"] = {"rol_a"}

    desk.follow(APPLY, **{"Beta Lab": "org_beta"})

    assert desk.roles(beta) == {"max": "admin"}


def test_loss_of_more_than_a_tenth_needs_force(desk: Desk) -> None:
    """Change nothing at all without it."""
    desk.tenant.person("eve", {"org_alpha": "viewer"})
    del desk.tenant.members["org_alpha"]["auth0|max"]

    with pytest.raises(ControlError, match="1 of 2 memberships would be removed"):
        desk.follow(Options(applies=True, deletes=True))

    assert desk.roles() == {"ada": "admin", "max": "member"}


def test_loss_of_a_tenth_needs_no_force(desk: Desk) -> None:
    """Remove one of ten."""
    for number in range(8):
        desk.user(f"u{number}", {desk.group: "viewer"})
        desk.tenant.person(f"u{number}", {"org_alpha": "viewer"})
    del desk.tenant.members["org_alpha"]["auth0|max"]

    desk.follow(Options(applies=True, deletes=True))

    assert "max" not in desk.roles()


def test_changes_are_logged_under_the_name_of_the_operator(desk: Desk) -> None:
    """Write to the audit log who let the database follow."""
    desk.conn.execute("set local aspen.operator = 'grace'")
    desk.tenant.members["org_alpha"]["auth0|max"] = {"rol_v"}

    desk.follow()

    logged = desk.conn.execute(
        "select table_name, action, actor from aspen.audit_log order by id desc limit 1"
    ).fetchall()
    assert logged == [("memberships", "update", "grace")]


def test_directory_that_limits_fails_and_forgets_is_read_whole(desk: Desk) -> None:
    """Wait as told, try again, and get another token in the middle."""
    for number in range(250):
        desk.tenant.person(f"u{number}", {"org_alpha": "viewer"})
    desk.tenant.refuses_every, desk.tenant.token_lasts = 4, 5
    desk.tenant.failures = [503, 500]

    desk.follow()

    assert len(desk.roles()) == 252
    assert desk.waits[:2] == [1.0, 2.0]
    assert desk.tenant.tokens > 2


def test_twenty_thousand_members_are_read_by_few_requests(desk: Desk) -> None:
    """Read 100 members and 50 people at once; what is stored has no more statements for it."""
    for number in range(20_000):
        desk.tenant.person(f"u{number}", {"org_alpha": "viewer"})

    plan = desk.follow(Options())

    assert (len(plan.changes), plan.conflicts) == (40_000, [])
    assert len(desk.tenant.asked) == 1 + 1 + 201 + 401


def test_directory_that_stays_away_changes_nothing(desk: Desk) -> None:
    """Give up after a minute and a half, before anything is stored."""
    desk.tenant.person("eve", {"org_alpha": "viewer"})
    desk.tenant.failures = [503] * 20

    with pytest.raises(ControlError, match="answers with 503"):
        desk.follow()

    assert desk.roles() == {"ada": "admin", "max": "member"}


def test_command_lists_applies_and_ends(run: Run, tenant: Tenant) -> None:
    """Exit with 3 while something is to do, and with 0 when both sides agree."""
    tenant.person("eve", {"org_alpha": "viewer"})

    listed, applied, again = run(), run("--apply", "--json"), run()

    assert (listed.exit_code, applied.exit_code, again.exit_code) == (3, 0, 0)
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["add", "user", "auth0|eve", "eve@example.org", "new", "in", "Alpha", "Lab"],
        [
            "add",
            "membership",
            "auth0|eve",
            "Alpha",
            "Lab",
            "viewer",
            "is",
            "in",
            "the",
            "organisation",
        ],
    ]
    assert json.loads(applied.stdout)["applied"] == 2
    assert again.stdout == ""


def test_two_runs_at_once_store_everything_once(database: Database, tenant: Tenant) -> None:
    """Let the second wait for the first, and find nothing left to do."""
    with database.connect() as one, database.connect() as two, ThreadPoolExecutor() as pool:
        first = Desk(one, tenant)
        tenant.person("eve", {"org_alpha": "viewer"})
        del tenant.members["org_alpha"]["auth0|max"]
        other = Auth0(tenant.url, "client-1", SECRET, lambda _: None)
        with one.transaction():
            done = first.follow(DELETE)
            waiting = pool.submit(sync_from_directory, two, other, {}, DELETE, lambda _: None)
            wait_until_waiting(one, 1)
        again = waiting.result()

        assert changes(done) == [
            ("add", "user", "auth0|eve"),
            ("add", "membership", "auth0|eve"),
            ("remove", "membership", "auth0|max"),
        ]
        assert (changes(again), first.roles()) == ([], {"ada": "admin", "eve": "viewer"})


def test_wrong_secret_is_an_error_that_does_not_show_it(run: Run) -> None:
    """Name the variable instead."""
    result = run(ASPEN_DIRECTORY_CLIENT_SECRET="wrong-secret")

    assert result.exit_code == 1
    assert "Unauthorized" in result.stderr
    assert "wrong-secret" not in result.output


def test_directory_without_encryption_is_refused(run: Run) -> None:
    """Send the secret to no server that anybody could listen to."""
    result = run(ASPEN_DIRECTORY_URL="http://tenant.example.org")

    assert result.exit_code == 1
    assert "is not encrypted" in result.stderr


def test_directory_follows_the_database(run: Run, tenant: Tenant, database: Database) -> None:
    """Add, change and remove members there, keep their other roles, and do it once."""
    tenant.person("eve"), tenant.person("gil", {"org_alpha": "viewer"})
    tenant.members["org_alpha"]["auth0|max"] = {"rol_v", "rol_x"}
    with database.connect() as conn:
        [(group,)] = conn.execute("select id from aspen.groups where prefix = 'ALP'").fetchall()
        for name in ("eve", "hal"):
            factories.user(conn, f"auth0|{name}", {group: "viewer"})

    first = run("--from", "database", "--apply", "--delete", "--force", "--json")
    asked = len(tenant.asked)
    run("--from", "database", "--apply", "--delete")

    assert first.exit_code == 3
    assert [one["reason"] for one in json.loads(first.stdout)["conflicts"]] == [
        "the directory does not know them"
    ]
    assert tenant.roles("org_alpha") == {
        "auth0|ada": ["admin"],
        "auth0|max": ["billing", "member"],
        "auth0|eve": ["viewer"],
    }
    assert all(line.startswith("GET") for line in tenant.asked[asked + 1 :])


def test_push_that_broke_off_goes_on_where_it_was(run: Run, tenant: Tenant) -> None:
    """Leave what is done, and do the rest in the next run."""
    del tenant.members["org_alpha"]["auth0|ada"], tenant.members["org_alpha"]["auth0|max"]
    del tenant.users["auth0|max"]

    run("--from", "database", "--apply")
    tenant.person("max")
    run("--from", "database", "--apply")

    assert tenant.roles("org_alpha") == {"auth0|ada": ["admin"], "auth0|max": ["member"]}
