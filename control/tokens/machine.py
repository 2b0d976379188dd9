"""Make and revoke machine tokens: a row that each request reads, and a token that names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from control.errors import ControlError
from control.people.actions import Action, Field
from control.people.batch import Row
from control.people.groups import find_group
from control.people.listing import find_user
from control.people.storing import carry_out
from control.tokens.keys import KeySet
from control.tokens.minting import claims_for, sign

if TYPE_CHECKING:
    import psycopg

Scope = Literal["read", "write"]
SCOPES = ("read", "write")

_CREATE = Action(
    "insert",
    "machine_tokens",
    {
        "name": Field("name", is_required=True),
        "group": Field("group_id", "group"),
        "user": Field("user_id", "user"),
        "scope": Field("scope", is_required=True),
        "expires_at": Field("expires_at", "moment", is_required=True),
    },
)


@dataclass(frozen=True)
class Wanted:
    """What a machine token is for."""

    name: str
    group: str
    user: str
    scope: Scope
    lifetime: timedelta


@dataclass(frozen=True)
class MachineToken:
    """A machine token that was made; nobody is shown it again."""

    id: int
    token: str
    expires_at: datetime


def create_machine_token(
    conn: psycopg.Connection, keys: KeySet, wanted: Wanted, *, dry_run: bool = False
) -> MachineToken:
    """Store the row of a token and sign the token, or neither."""
    expires_at = (datetime.now(UTC) + wanted.lifetime).replace(microsecond=0)
    with conn.transaction(force_rollback=dry_run):
        group_id, user_id = find_group(conn, wanted.group).id, find_user(conn, wanted.user)
        _require_member(conn, wanted, group_id, user_id)
        _require_new_name(conn, wanted, group_id)
        cells = {
            "name": wanted.name,
            "group": f"{group_id}",
            "user": wanted.user,
            "scope": wanted.scope,
            "expires_at": expires_at.isoformat(),
        }
        (token_id,) = carry_out(conn, _CREATE, [Row(1, cells)])
        # The subject keeps its answers to an Idempotency-Key apart from those of the user.
        claims = claims_for(
            sub=f"machine-token|{token_id}",
            role="member",
            ttl=wanted.lifetime,
            exp=int(expires_at.timestamp()),
            machine_token_id=token_id,
        )
        return MachineToken(token_id, sign(keys, claims), expires_at)


def revoke_machine_tokens(
    conn: psycopg.Connection, ids: list[int], *, dry_run: bool = False
) -> None:
    """Revoke tokens, all or none; those that were revoked stay as they are."""
    with conn.transaction(force_rollback=dry_run):
        known = conn.execute(
            "select id from aspen.machine_tokens where id = any(%s)", [ids]
        ).fetchall()
        if missing := sorted(set(ids) - {found for (found,) in known}):
            listed = ", ".join(map(str, missing))
            raise ControlError(
                f"there is no machine token {listed}; nothing was revoked",
                "control token list --all shows all",
            )
        conn.execute(
            "update aspen.machine_tokens set revoked_at = now()"
            " where id = any(%s) and revoked_at is null",
            [ids],
        )


def _require_member(conn: psycopg.Connection, wanted: Wanted, group_id: int, user_id: int) -> None:
    row = conn.execute(
        "select memberships.role, users.disabled_at is not null from aspen.users as users"
        " left join aspen.memberships as memberships on memberships.user_id = users.id"
        " and memberships.group_id = %s where users.id = %s",
        [group_id, user_id],
    ).fetchone()
    assert row is not None
    role, is_disabled = row
    if role is None or is_disabled:
        what = "is disabled" if is_disabled else f"is not in the group {wanted.group!r}"
        raise ControlError(
            f"user {wanted.user!r} {what}, so the token would not work",
            "name a user who is in the group: control member list",
        )
    if role == "viewer" and wanted.scope == "write":
        raise ControlError(
            f"user {wanted.user!r} is a viewer of the group {wanted.group!r} and cannot write",
            "give the token the scope read, or the user another role",
        )


def _require_new_name(conn: psycopg.Connection, wanted: Wanted, group_id: int) -> None:
    row = conn.execute(
        "select id from aspen.machine_tokens"
        " where group_id = %s and name = %s and revoked_at is null",
        [group_id, wanted.name],
    ).fetchone()
    if row is not None:
        raise ControlError(
            f"machine token {row[0]} of this group has the name {wanted.name!r}",
            f"choose another name, or revoke it first: control token revoke {row[0]}",
        )
