"""Remember ports and passwords of the cluster in an `env.json` of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from control.settings import Settings
from control.stack.ports import HOST
from control.stack.state import DATABASE, LOGINS, SUPERUSER, State

# Patroni's own logins: of replicas in PostgreSQL, and of whoever changes something over its HTTP or
# in the console of PgBouncer.
REPLICATOR, OPERATOR = "replicator", "patroni"
NODES = (1, 2, 3)
# The PostgREST that writes, and one for each replica.
WRITER, READERS = 1, (2, 3)
INSTANCES = (WRITER, *READERS)
# Writes while the writer or PgBouncer restarts, and reaches the primary without PgBouncer.
STAND_IN = 4
# A node that hangs accepts connections and says nothing: the next one is asked after so long.
CONNECT_SECONDS = 3
# How far above the ports of the local stack those of the cluster begin.
PORTS_ABOVE = 100


@dataclass
class ClusterState(State):
    """Ports and passwords of the cluster; its database is wherever the primary is."""

    port_names: ClassVar[tuple[str, ...]] = (
        *("api", "relay", "replica_relay", "etcd", "etcd_peer", "pgbouncer"),
        *(f"postgres_{number}" for number in NODES),
        *(f"patroni_{number}" for number in NODES),
        *(f"postgrest_{number}" for number in INSTANCES),
        *(f"admin_{number}" for number in INSTANCES),
        *(f"postgrest_{STAND_IN}", f"admin_{STAND_IN}"),
    )
    logins: ClassVar[tuple[str, ...]] = (SUPERUSER, *LOGINS, REPLICATOR, OPERATOR)

    def database_url(self, login: str, database: str = DATABASE) -> str:
        """Return the address of the primary, whichever of the nodes that is."""
        return self.url_of_one(login, database, "read-write", NODES)

    def replica_url(self, login: str, reader: int, database: str = DATABASE) -> str:
        """Return the address of a replica, or of the primary while there is none.

        The readers ask in opposite orders: whichever node is the primary, each has another replica.
        """
        order = NODES if reader == READERS[0] else NODES[::-1]
        return self.url_of_one(login, database, "prefer-standby", order)

    def node_url(self, login: str, node: int, database: str = DATABASE) -> str:
        """Return the address of one node."""
        return self.url_of_one(login, database, "any", (node,))

    def bouncer_url(self, login: str, database: str = DATABASE) -> str:
        """Return the address of PgBouncer, which leads to the primary."""
        return f"postgresql://{login}:{self.passwords[login]}@{HOST}:{self.ports['pgbouncer']}/{database}"

    def url_of_one(self, login: str, database: str, attributes: str, nodes: tuple[int, ...]) -> str:
        """Return the address of the first of these nodes that is what is asked for."""
        hosts = ",".join(f"{HOST}:{self.ports[f'postgres_{node}']}" for node in nodes)
        return (
            f"postgresql://{login}:{self.passwords[login]}@{hosts}/{database}"
            f"?target_session_attrs={attributes}&connect_timeout={CONNECT_SECONDS}"
        )

    def applied_to(self, settings: Settings) -> Settings:
        """Return the settings with everything that points at the cluster; it has no S3."""
        is_complete = self.knows(tuple(f"postgres_{number}" for number in NODES))
        return replace(
            settings,
            database_url=self.database_url("control") if is_complete else None,
            admin_database_url=self.database_url(SUPERUSER) if is_complete else None,
            api_url=self.http_url("api"),
            admin_url=self.http_url(f"admin_{WRITER}"),
        )


def settings_of_cluster(settings: Settings) -> Settings:
    """Return the settings of the cluster that belongs to a local stack's data directory."""
    home = settings.data_dir / "cluster"
    return replace(
        settings,
        data_dir=home,
        keys_dir=home / "keys",
        first_port=settings.first_port + PORTS_ABOVE,
        s3_endpoint_url=None,
    )
