"""PgBouncer before the database: one connection serves all, and nobody gets what is another's.

Session mode needs nothing else. Transaction mode needs a PostgREST that neither prepares statements
nor listens (docs/scaling.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psycopg
import pytest

from control.cluster.bouncer import LOGIN, POOLINGS, TRANSACTION, Bouncer
from control.cluster.state import ClusterState
from control.database import begin_request, request_claims
from control.stack.health import http_ok
from control.stack.ports import HOST, any_free
from control.stack.postgrest import READY_SECONDS, postgrest_launch, postgrest_server
from tests.failover.stage import needs_cluster
from tests.http.test_isolation import LISTS
from tests.http.world import World
from tests.people import PEOPLE
from tests.servers import SETTINGS, Api

pytestmark = needs_cluster
# Whatever a request sets for its transaction.
LEFT_BEHIND = (
    "select current_user::text, current_setting('search_path') ~ 'api|authz',"
    " array(select name from unnest(array['request.jwt.claims', 'request.headers',"
    " 'aspen.any_groups', 'aspen.full_groups', 'aspen.user_id', 'role']) as settings (name)"
    " where coalesce(current_setting(name, true), '') not in ('', 'none'))"
)


@dataclass(frozen=True)
class Pool:
    """A PostgREST whose only connection goes through PgBouncer, which has one to the database."""

    url: str
    bouncer_url: str

    def get(self, path: str, token: str | None) -> tuple[int, str]:
        """Return the answer to a GET."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{self.url}/{path}", headers=headers)
        return answer.status_code, answer.text


@pytest.fixture(scope="module", params=POOLINGS)
def pool(
    request: pytest.FixtureRequest, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pool]:
    """Start both, over the database of the API that the tests share."""
    with run_pool(api, tmp_path_factory.mktemp("pgbouncer"), request.param) as pool:
        yield pool


@contextmanager
def run_pool(api: Api, home: Path, pooling: str) -> Iterator[Pool]:
    """Start PgBouncer in one mode, and a PostgREST that goes through it."""
    settings = replace(SETTINGS, data_dir=home)
    cluster = api.database.cluster
    state = ClusterState(home / "env.json", {"pgbouncer": any_free()}, cluster.passwords)
    # In session mode PostgREST keeps one; the other is for what the tests do by hand.
    most = 1 if pooling == TRANSACTION else 2
    bouncer = Bouncer(settings, state, most_servers=most)
    bouncer.pool_by(pooling)
    bouncer.lead_to(cluster.port, api.database.name)
    bouncer.start()
    port, admin_port = any_free(), any_free()
    launch = postgrest_launch(
        settings,
        database_url=state.bouncer_url(LOGIN),
        jwks=api.keys.jwks_path,
        api_port=port,
        admin_port=admin_port,
        public_url=None,
    )
    chosen = {"PGRST_DB_POOL": "1", "PGRST_DB_CHANNEL_ENABLED": "false"}
    if pooling == TRANSACTION:
        chosen["PGRST_DB_PREPARED_STATEMENTS"] = "false"
    server = postgrest_server("postgrest", home / "run", home / "logs")
    server.start(replace(launch, environment={**launch.environment, **chosen}))
    try:
        server.wait_ready(lambda: http_ok(f"http://{HOST}:{admin_port}/ready"), READY_SECONDS)
        yield Pool(f"http://{HOST}:{port}", state.bouncer_url(LOGIN))
    finally:
        server.stop()
        bouncer.server.stop()


def test_everybody_gets_their_own_rows_over_one_connection(pool: Pool, world: World) -> None:
    """Answer each person in turn as without PgBouncer, for every list."""
    tokens = {name: world.caller(name).token for name in PEOPLE} | {"nobody": None}
    asked = [(name, f"{resource}?order=id") for resource in LISTS for name in tokens]

    pooled = [(name, path, pool.get(path, tokens[name])) for name, path in asked]

    direct = replace(pool, url=world.api.direct_url)
    assert pooled == [(name, path, direct.get(path, tokens[name])) for name, path in asked]
    assert len({answer for _, _, answer in pooled}) > len(LISTS)


def test_request_leaves_no_setting_on_the_connection(pool: Pool, world: World) -> None:
    """Find nothing of a caller in the session that the next client gets."""
    with psycopg.connect(pool.bouncer_url, autocommit=True, prepare_threshold=None) as conn:
        with conn.transaction():
            begin_request(conn, "member", request_claims("member", f"alice-{world.name}"))
            during = conn.execute(LEFT_BEHIND).fetchone()
            served = conn.execute("select pg_backend_pid()").fetchone()

    with psycopg.connect(pool.bouncer_url, autocommit=True, prepare_threshold=None) as conn:
        after = conn.execute(LEFT_BEHIND).fetchone()
        serves = conn.execute("select pg_backend_pid()").fetchone()

    assert during is not None
    assert (served, during[2] != []) == (serves, True)
    assert after == (LOGIN, False, [])
