"""A group that stands for an organisation of a tenant, and the operator who syncs both."""

from __future__ import annotations

from typing import Any

import psycopg

from control.directory.auth0 import Auth0
from control.directory.planning import Plan
from control.directory.syncing import Options, sync_from_directory
from tests import factories
from tests.control.directory.tenant import SECRET, Tenant

APPLY = Options(applies=True)
ROLES = (
    "select split_part(users.subject, '|', 2), memberships.role from aspen.memberships"
    " inner join aspen.users on memberships.user_id = users.id where group_id = %s order by 1"
)
DISABLED = "select split_part(subject, '|', 2) from aspen.users where disabled_at is not null"


class Desk:
    """A group that stands for an organisation, with an admin and a member, and the operator."""

    def __init__(self, conn: psycopg.Connection, tenant: Tenant) -> None:
        self.conn, self.tenant = conn, tenant
        self.waits: list[float] = []
        self.directory = Auth0(tenant.url, "client-1", SECRET, self.waits.append)
        self.group = factories.group(conn, "Alpha Lab", prefix="ALP", directory_id="org_alpha")
        tenant.organization("org_alpha", "Alpha")
        for name, role in (("ada", "admin"), ("max", "member")):
            self.user(name, {self.group: role})
            tenant.person(name, {"org_alpha": role})

    def user(self, name: str, roles: dict[int, str] | None = None, **columns: Any) -> int:
        """Store a user with the address that the directory has, too."""
        columns = {"email": f"{name}@example.org"} | columns
        return factories.user(self.conn, f"auth0|{name}", roles, **columns)

    def follow(self, options: Options = APPLY, **links: str) -> Plan:
        """Let the database follow the directory."""
        return sync_from_directory(self.conn, self.directory, links, options, lambda _: None)

    def roles(self, group: int | None = None) -> dict[str, str]:
        """Return the stored roles by name."""
        return dict(self.conn.execute(ROLES, [group or self.group]).fetchall())

    def disabled(self) -> list[str]:
        """Return who is disabled."""
        return [name for (name,) in self.conn.execute(DISABLED)]
