"""Name what may be asked about groups, users, members and grants: the fields of each action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "flag", "moment", "number", "group", "user"]


@dataclass(frozen=True)
class Field:
    """A column of a file: the column of the table behind it, and how its text is read."""

    column: str
    kind: Kind = "text"
    is_required: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Action:
    """One change of a table; `key` are the fields that find a row that is stored."""

    does: Literal["insert", "update", "delete"]
    table: str
    fields: Mapping[str, Field]
    key: tuple[str, ...] = ()
    # Values that every row gets.
    sets: Mapping[str, str | None] = field(default_factory=dict)
    # Rows for which this is not so are left as they are.
    only_if: str = "true"

    @property
    def required(self) -> list[str]:
        """Return the columns that a file must have."""
        return [name for name, one in self.fields.items() if one.is_required or name in self.key]


_ADDRESS = {
    "submitting_lab": Field("submitting_lab"),
    "address": Field("address"),
    "division": Field("division"),
    "location": Field("location"),
    "default_tree_location_id": Field("default_tree_location_id", "number"),
}
_USER = {"user": Field("id", "user")}
_MEMBER = {"group": Field("group_id", "group"), "user": Field("user_id", "user")}
_GRANT = {"group": Field("group_id", "group"), "grantee": Field("grantee_group_id", "group")}

CREATE_GROUPS = Action(
    "insert",
    "groups",
    {"name": Field("name", is_required=True), "prefix": Field("prefix", is_required=True)}
    | _ADDRESS,
)
# Name and prefix are part of identifiers and set once, as in the API.
EDIT_GROUPS = Action("update", "groups", {"group": Field("id", "group")} | _ADDRESS, ("group",))

CREATE_USERS = Action(
    "insert",
    "users",
    {
        "subject": Field("subject", is_required=True),
        "name": Field("name", is_required=True),
        "email": Field("email", is_required=True),
        "is_operator": Field("is_operator", "flag", default="false"),
        "gisaid_submitter_id": Field("gisaid_submitter_id"),
    },
)
EDIT_USERS = Action(
    "update",
    "users",
    _USER
    | {
        "subject": Field("subject"),
        "name": Field("name"),
        "email": Field("email"),
        "is_operator": Field("is_operator", "flag"),
        "gisaid_submitter_id": Field("gisaid_submitter_id"),
    },
    ("user",),
)
DISABLE_USERS = Action(
    "update", "users", _USER, ("user",), {"disabled_at": "now"}, "stored.disabled_at is null"
)
ENABLE_USERS = Action(
    "update", "users", _USER, ("user",), {"disabled_at": None}, "stored.disabled_at is not null"
)
SIGN_USERS_OUT = Action("update", "users", _USER, ("user",), {"tokens_valid_after": "now"})

CREATE_MEMBERS = Action(
    "insert", "memberships", _MEMBER | {"role": Field("role", is_required=True)}
)
EDIT_MEMBERS = Action(
    "update",
    "memberships",
    _MEMBER | {"role": Field("role", is_required=True)},
    ("group", "user"),
)
REMOVE_MEMBERS = Action("delete", "memberships", _MEMBER, ("group", "user"))

CREATE_GRANTS = Action(
    "insert",
    "group_grants",
    _GRANT | {"role": Field("role", default="viewer"), "ends_at": Field("ends_at", "moment")},
)
EDIT_GRANTS = Action(
    "update",
    "group_grants",
    _GRANT | {"role": Field("role"), "ends_at": Field("ends_at", "moment")},
    ("group", "grantee"),
)
REVOKE_GRANTS = Action("delete", "group_grants", _GRANT, ("group", "grantee"))
