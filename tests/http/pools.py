"""PostgREST behind PgBouncer, over the database of the API that the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from control.cluster.bouncer import LOGIN, TRANSACTION, Bouncer
from control.cluster.state import OPERATOR, ClusterState
from control.settings import Settings
from control.stack.health import http_ok
from control.stack.ports import HOST, any_free
from control.stack.postgrest import READY_SECONDS, postgrest_launch, postgrest_server
from tests.names import unique
from tests.servers import SETTINGS, Api, run_edge


@dataclass(frozen=True)
class Pool:
    """A PgBouncer that leads to the database of an API."""

    api: Api
    settings: Settings
    state: ClusterState
    pooling: str

    @property
    def url(self) -> str:
        """Return its address for the login of PostgREST."""
        return self.state.bouncer_url(LOGIN)

    @property
    def bouncer(self) -> Bouncer:
        """Return its process."""
        return Bouncer(self.settings, self.state)

    @contextmanager
    def postgrest(self, *, prepares: bool | None = None) -> Iterator[Api]:
        """Start a PostgREST with one connection, which prepares statements as we say it should."""
        home = self.settings.data_dir / unique()
        port, admin_port = any_free(), any_free()
        direct_url, admin_url = (f"http://{HOST}:{one}" for one in (port, admin_port))
        launch = postgrest_launch(
            self.settings,
            database_url=self.url,
            jwks=self.api.keys.jwks_path,
            api_port=port,
            admin_port=admin_port,
            public_url=self.api.url,
        )
        is_safe = self.pooling != TRANSACTION
        chosen = {
            "PGRST_DB_POOL": "1",
            "PGRST_DB_CHANNEL_ENABLED": "false",
            "PGRST_DB_PREPARED_STATEMENTS": "true" if prepares or is_safe else "false",
        }
        server = postgrest_server("postgrest", home / "run", home / "logs")
        server.start(replace(launch, environment={**launch.environment, **chosen}))
        try:
            server.wait_ready(lambda: http_ok(f"{admin_url}/ready"), READY_SECONDS)
            with httpx.Client(base_url=direct_url, timeout=60) as http:
                yield replace(
                    self.api, url=direct_url, direct_url=direct_url, admin_url=admin_url, http=http
                )
        finally:
            server.stop()

    @contextmanager
    def api_at_the_edge(self) -> Iterator[Api]:
        """Start a PostgREST with one connection, and the edge before it."""
        port = any_free()
        with self.postgrest() as direct:
            behind = int(direct.direct_url.rpartition(":")[2])
            home = self.settings.data_dir / unique()
            with (
                run_edge(home, port, behind, unlimited=[HOST]) as url,
                httpx.Client(base_url=url, timeout=60) as http,
            ):
                yield replace(direct, url=url, http=http)


@contextmanager
def run_pool(api: Api, home: Path, pooling: str, most_servers: int) -> Iterator[Pool]:
    """Start PgBouncer in one mode, and stop it at the end."""
    settings = replace(SETTINGS, data_dir=home)
    cluster = api.database.cluster
    passwords = {**cluster.passwords, OPERATOR: unique()}
    state = ClusterState(home / "env.json", {"pgbouncer": any_free()}, passwords)
    bouncer = Bouncer(settings, state, most_servers=most_servers)
    bouncer.pool_by(pooling)
    bouncer.lead_to(cluster.port, api.database.name)
    bouncer.start()
    try:
        yield Pool(api, settings, state, pooling)
    finally:
        bouncer.server.stop()
