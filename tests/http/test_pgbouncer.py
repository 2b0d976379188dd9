"""PgBouncer before the database: one connection serves all, and nobody gets what is another's.

Session mode needs nothing else. Transaction mode needs a PostgREST that neither prepares statements
nor listens (docs/scaling.md). test_isolation.py runs through both as well.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from control.cluster.bouncer import LOGIN, POOLINGS, TRANSACTION
from control.database import begin_request, request_claims
from tests.failover.stage import needs_cluster
from tests.http.pools import Pool, run_pool
from tests.http.test_isolation import LISTS
from tests.http.world import World
from tests.people import PEOPLE
from tests.servers import Api

pytestmark = needs_cluster
# Whatever a request sets for its transaction.
LEFT_BEHIND = (
    "select current_user::text, current_setting('search_path') ~ 'api|authz',"
    " array(select name from unnest(array['request.jwt.claims', 'request.headers',"
    " 'aspen.any_groups', 'aspen.full_groups', 'aspen.user_id', 'role']) as settings (name)"
    " where coalesce(current_setting(name, true), '') not in ('', 'none'))"
)


@pytest.fixture(scope="module", params=POOLINGS)
def pool(
    request: pytest.FixtureRequest, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pool]:
    """Start one with a connection to the database for PostgREST.

    In session mode PostgREST keeps it; the other is for what the tests do by hand.
    """
    most = 1 if request.param == TRANSACTION else 2
    with run_pool(api, tmp_path_factory.mktemp("pgbouncer"), request.param, most) as pool:
        yield pool


@pytest.fixture(scope="module")
def answers(world: World) -> dict[tuple[str, str], tuple[int, str]]:
    """Return what everybody gets from every list without PgBouncer."""
    return answers_of(world, world.api, world.api.direct_url)


def answers_of(world: World, api: Api, url: str) -> dict[tuple[str, str], tuple[int, str]]:
    """Return status and body for each person in turn, for every list."""
    tokens = {name: world.caller(name).token for name in PEOPLE} | {"nobody": None}
    found = {}
    for resource in LISTS:
        for name, token in tokens.items():
            answer = api.get(f"{url}/{resource}?order=id", token)
            found[resource, name] = answer.status_code, answer.text
    return found


def test_everybody_gets_their_own_rows_over_one_connection(
    pool: Pool, world: World, answers: dict[tuple[str, str], tuple[int, str]]
) -> None:
    """Answer each person in turn as without PgBouncer, for every list."""
    with pool.postgrest() as pooled:
        found = answers_of(world, pooled, pooled.url)

    assert found == answers
    assert len(set(found.values())) > len(LISTS)


def test_request_leaves_no_setting_on_the_connection(pool: Pool, world: World) -> None:
    """Find nothing of a caller in the session that the next client gets."""
    with psycopg.connect(pool.url, autocommit=True, prepare_threshold=None) as conn:
        with conn.transaction():
            begin_request(conn, "member", request_claims("member", f"alice-{world.name}"))
            during = conn.execute(LEFT_BEHIND).fetchone()
            served = conn.execute("select pg_backend_pid()").fetchone()

    with psycopg.connect(pool.url, autocommit=True, prepare_threshold=None) as conn:
        after = conn.execute(LEFT_BEHIND).fetchone()
        serves = conn.execute("select pg_backend_pid()").fetchone()

    assert during is not None
    assert (served, during[2] != []) == (serves, True)
    assert after == (LOGIN, False, [])


@pytest.mark.parametrize("prepares", [True, False], ids=["prepared", "as we set it"])
def test_prepared_statements_are_another_clients_in_transaction_mode(
    api: Api, world: World, tmp_path_factory: pytest.TempPathFactory, prepares: bool
) -> None:
    """Show why PostgREST may prepare none: it gets the rows of what another one prepared.

    Two PostgREST prepare their statements by the same names, each on a connection to the server of
    its own. Then the first is served by the connection of the second.
    """
    token = world.alice.token
    with (
        run_pool(api, tmp_path_factory.mktemp("pgbouncer"), TRANSACTION, 2) as pool,
        pool.postgrest(prepares=prepares) as first,
        psycopg.connect(pool.url, autocommit=True, prepare_threshold=None) as other,
    ):
        asked = [first.get("/me?select=id", token).json()]
        with other.transaction():
            kept = other.execute("select pg_backend_pid()").fetchone()
            with pool.postgrest(prepares=prepares) as second:
                groups = [second.get("/groups?select=name", token).json() for _ in range(2)][1]
        with other.transaction():
            assert other.execute("select pg_backend_pid()").fetchone() == kept
            asked.append(first.get("/me?select=id", token).json())

    me = [{"id": world.users["alice"]}]
    assert (asked, groups) == ([me, groups if prepares else me], [{"name": f"lab-{world.name}"}])


def test_request_does_not_hang_on_the_server_before(pool: Pool) -> None:
    """End it, because a server that hangs answers nobody and would keep all connections."""
    database = pool.api.database
    with closing(psycopg.connect(pool.url, autocommit=True)) as conn:
        conn.pgconn.send_query(b"set statement_timeout = 0; select pg_sleep(600)")
        conn.pgconn.flush()
        pool.bouncer.lead_to(database.cluster.port, "postgres")
        ended, _, _ = select.select([conn.pgconn.socket], [], [], 10)
        pool.bouncer.lead_to(database.cluster.port, database.name)

    assert ended
    assert pool.bouncer.is_ready()
