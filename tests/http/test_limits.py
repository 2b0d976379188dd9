"""Limits of a request (rows, time, connections, origins) and what a client sees at each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from control.schema.api_reload import wait_for_api
from tests import factories
from tests.http.world import World, refusal, rows
from tests.servers import Api, Cluster, Database, run_api

OWN_SITE = "http://localhost:3000"
OTHER_SITE = "https://elsewhere.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
TIMEOUTS = {"nobody": "3s", "alice": "10s", "olga": "10s"}
POOL_SIZE = 20
AT_ONCE = 10


@pytest.fixture(scope="module")
def own_api(
    cluster: Cluster, template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """Start a PostgREST of this module's own, with functions and a view that show its limits."""
    with (
        cluster.database("aspen_limits", template.name) as database,
        run_api(database, tmp_path_factory.mktemp("limits")) as api,
    ):
        with database.connect("postgres") as conn:
            conn.execute(
                "create function api.timeout() returns text language sql stable"
                " return current_setting('statement_timeout');"
                "create function api.sleep(seconds double precision) returns text language sql"
                " stable set statement_timeout = '300ms' return pg_sleep(seconds)::text;"
                "create function api.named() returns text language sql stable"
                " return current_setting('application_name');"
                "create function api.locked() returns bigint language sql stable security definer"
                " return (select count(*) from aspen.lineages);"
                "create view api.limits as select current_setting('statement_timeout') as timeout;"
                "grant select on api.limits to anon, member;"
                "grant execute on function"
                " api.timeout, api.sleep, api.named, api.locked to anon, member;"
                "notify pgrst, 'reload schema'"
            )
        wait_for_api(api.url, "timeout")
        yield api


@pytest.fixture(scope="module")
def own_world(own_api: Api) -> Iterator[World]:
    """Store the cast of that API."""
    with own_api.database.connect() as conn:
        yield World(own_api, conn)


@pytest.mark.parametrize(("who", "timeout"), TIMEOUTS.items(), ids=TIMEOUTS.keys())
def test_each_role_has_its_timeout(own_world: World, who: str, timeout: str) -> None:
    """Read it from the role, which PostgREST would silently not do with db-config off."""
    assert rows(own_world.caller(who).get("/rpc/timeout")) == timeout


def test_batches_of_samples_may_take_longer(own_world: World) -> None:
    """Give those a time of their own that read, write or delete thousands of sequences at once."""
    limits = own_world.conn.execute(
        "select proname, substring(proconfig::text from 'statement_timeout=(\\d+s)')"
        " from pg_proc where pronamespace = 'api'::regnamespace"
        " and proname = any('{create_samples,delete_samples,restore_samples}') order by proname"
    ).fetchall()

    assert limits == [
        ("create_samples", "120s"),
        ("delete_samples", "50s"),
        ("restore_samples", "50s"),
    ]


def test_request_that_takes_too_long_is_cancelled(own_world: World) -> None:
    """Store nothing and say when to try again."""
    response = own_world.alice.get("/rpc/sleep?seconds=9")

    assert refusal(response) == (503, "57014")
    assert response.headers["Retry-After"] == "5"


def test_request_that_finds_no_connection_is_refused(own_world: World) -> None:
    """Answer 504 after three seconds while several people's requests wait."""
    people = ("ada", "alice", "vic")
    with own_world.api.database.connect() as conn, conn.transaction():
        conn.execute("lock table aspen.lineages in access exclusive mode")

        with ThreadPoolExecutor(2 * POOL_SIZE) as pool:
            answers = list(
                pool.map(
                    lambda number: own_world.caller(people[number % 3]).get("/lineages"),
                    range(POOL_SIZE + 1),
                )
            )

    told = sorted((*refusal(answer), answer.headers["Retry-After"]) for answer in answers)
    assert told == [(503, "55P03", "1")] * POOL_SIZE + [(504, "PGRST003", "1")]


def test_one_caller_cannot_hold_the_pool(own_world: World) -> None:
    """Accept ten requests at once, reject one more, and serve others and the health check."""
    with (
        own_world.api.database.connect("postgres") as conn,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        with conn.transaction():
            conn.execute("lock table aspen.lineages in access exclusive mode")
            waiting = [pool.submit(own_world.alice.get, "/lineages") for _ in range(AT_ONCE)]
            wait_for_somebody_to_wait(conn, AT_ONCE)
            refused = own_world.alice.get("/me")
            served = [
                own_world.ada.get("/me").status_code,
                own_world.alice.get("/rpc/health").status_code,
                own_world.nobody.get("/rpc/health").status_code,
            ]
        answers = [request.result().status_code for request in waiting]
    after = own_world.alice.get("/me").status_code

    assert refusal(refused) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "1"
    assert (served, answers, after) == ([200] * 3, [200] * AT_ONCE, 200)


def test_callers_without_a_token_share_what_one_caller_may(own_world: World) -> None:
    """Give them half the pool at most; serve health to all, and people with tokens."""
    with (
        own_world.api.database.connect("postgres") as conn,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        with conn.transaction():
            conn.execute("lock table aspen.lineages in access exclusive mode")
            waiting = [pool.submit(own_world.nobody.get, "/rpc/locked") for _ in range(AT_ONCE)]
            wait_for_somebody_to_wait(conn, AT_ONCE)
            refused = own_world.nobody.get("/rpc/timeout")
            served = [
                own_world.nobody.get("/rpc/health").status_code,
                own_world.alice.get("/me").status_code,
            ]
        answers = [request.result().status_code for request in waiting]

    assert refusal(refused) == (429, "too_many_requests")
    assert (served, answers) == ([200] * 2, [200] * AT_ONCE)


@pytest.mark.parametrize(
    ("who", "method", "path", "timeout"),
    [
        ("alice", "GET", "/limits", "5s"),
        ("olga", "GET", "/limits", "5s"),
        ("nobody", "GET", "/limits", "3s"),
        ("alice", "GET", "/rpc/timeout", "10s"),
        ("alice", "POST", "/rpc/timeout", "10s"),
    ],
)
def test_reading_a_resource_has_half_the_time(
    own_world: World, who: str, method: str, path: str, timeout: str
) -> None:
    """Bound lists to half of what the role allows functions and writes."""
    found = rows(own_world.caller(who).ask(method, path))

    assert found == ([{"timeout": timeout}] if path == "/limits" else timeout)


def test_database_knows_the_id_of_the_request(own_world: World) -> None:
    """Pass on the client's id, or the one the edge made."""
    given = own_world.alice.get("/rpc/named", headers={"X-Request-Id": "a-request.1"})
    made = own_world.alice.get("/rpc/named")

    assert rows(given) == "a-request.1"
    assert rows(made) == made.headers["X-Request-Id"]


def ask_directly(world: World, path: str, **headers: str) -> httpx.Response:
    """Ask PostgREST as the edge does."""
    token = f"Bearer {world.alice.token}"
    return httpx.get(world.api.direct_url + path, headers={"Authorization": token} | headers)


def test_access_log_knows_whose_request_it_was(own_world: World) -> None:
    """Name the user to the edge, which does not pass the name on."""
    direct = ask_directly(own_world, "/rpc/health")

    assert direct.headers["Aspen-User"] == str(own_world.users["alice"])
    assert direct.headers["Aspen-Groups"] == str(own_world.group)
    assert not {"aspen-user", "aspen-groups"} & {*own_world.alice.get("/rpc/health").headers}


def test_access_log_knows_whose_request_was_refused(own_world: World) -> None:
    """Name the user on errors too, though an error of ours drops headers set before."""
    response = ask_directly(own_world, "/rpc/phylo_tree?id=0")

    assert refusal(response) == (404, "tree_not_found")
    assert response.headers["Aspen-User"] == str(own_world.users["alice"])
    assert response.headers["Aspen-Groups"] == str(own_world.group)


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 65, "a;b", "Größe"])
def test_unusable_request_id_is_ignored(own_world: World, request_id: str) -> None:
    """Ignore ids that a log would have to escape, even on requests without the edge."""
    response = httpx.get(
        own_world.api.direct_url + "/rpc/named", headers=[(b"X-Request-Id", request_id.encode())]
    )

    assert rows(response).startswith("PostgREST ")
    assert "Aspen-User" not in response.headers


def wait_for_somebody_to_wait(conn: psycopg.Connection, requests: int = 1) -> None:
    """Wait until so many requests wait for a lock."""
    conn.execute("select set_config('tests.requests', %s, false)", [str(requests)])
    conn.execute(
        "do $$ begin while (select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        " and datname = current_database()) < current_setting('tests.requests')::integer loop"
        " perform pg_sleep(0.01), pg_stat_clear_snapshot(); end loop; end $$"
    )


def test_one_of_two_deadlocked_requests_is_refused(own_world: World) -> None:
    """Store nothing of it, so that it can be sent again."""
    path = f"/samples?id=in.({own_world.open},{own_world.hidden})"
    change = "update aspen.samples set host = 'x' where id = %s"
    with (
        own_world.api.database.connect("postgres") as conn,
        ThreadPoolExecutor(1) as pool,
        conn.transaction(force_rollback=True),
    ):
        # Whoever looks first gives up, so this one looks late.
        conn.execute("set local deadlock_timeout = '60s'")
        conn.execute(change, [own_world.hidden])
        request = pool.submit(own_world.alice.patch, path, json={"host": "y"})
        wait_for_somebody_to_wait(conn)
        conn.execute(change, [own_world.open])

    assert refusal(request.result()) == (409, "40P01")


def test_page_has_at_most_a_thousand_rows(world: World) -> None:
    """Return at most 1000, whatever limit is requested."""
    world.conn.execute(
        "insert into aspen.lineages (pathogen_id, lineage)"
        " select %s, 'limit.' || number from generate_series(1, 1001) as number",
        [world.pathogen],
    )

    response = world.alice.get("/lineages?lineage=like.limit.*&limit=5000", prefer="count=exact")

    assert (len(rows(response)), response.headers["Content-Range"]) == (1000, "0-999/1001")


@pytest.mark.parametrize(
    "accept", ["application/vnd.pgrst.plan+json", "application/vnd.pgrst.plan"]
)
def test_plan_of_a_query_is_not_shown(world: World, accept: str) -> None:
    """Reject it, because it names tables, hidden columns and policies."""
    assert refusal(world.alice.get("/samples", accept=accept)) == (415, "PGRST107")


def cors(response: httpx.Response) -> dict[str, str]:
    """Return the headers that allow another site to use a response."""
    prefix = "access-control-"
    return {
        key.removeprefix(prefix): value
        for key, value in response.headers.items()
        if key.startswith(prefix)
    }


def test_configured_site_may_read(world: World) -> None:
    """Allow it the answers, and the headers needed for paging."""
    allowed = cors(world.nobody.get("/rpc/health", headers={"Origin": OWN_SITE}))

    assert (allowed["allow-origin"], "Content-Range" in allowed["expose-headers"]) == (
        OWN_SITE,
        True,
    )


def test_configured_site_may_send_tokens(world: World) -> None:
    """Allow it in the preflight request."""
    allowed = cors(
        world.nobody.ask("OPTIONS", "/samples", headers={"Origin": OWN_SITE, **PREFLIGHT})
    )

    assert (allowed["allow-origin"], "authorization" in allowed["allow-headers"].lower()) == (
        OWN_SITE,
        True,
    )


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("header", ["Prefer", "If-None-Match", "Idempotency-Key", "Content-Type"])
def test_configured_site_may_write(world: World, method: str, header: str) -> None:
    """Allow every method and every header of this API in the preflight request."""
    asked = {
        "Origin": OWN_SITE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": header,
    }

    allowed = cors(world.nobody.ask("OPTIONS", "/samples", headers=asked))

    assert (allowed["allow-origin"], method in allowed["allow-methods"]) == (OWN_SITE, True)
    assert header.lower() in allowed["allow-headers"].lower()


@pytest.mark.parametrize(
    "header",
    ["X-Request-Id", "Retry-After", "ETag", "Content-Disposition", "Samples-Left-Out"],
)
@pytest.mark.parametrize(
    "path", ["/samples", "/locations", f"/rpc/phylo_tree?id={10**9}", "/me?id=x"]
)
def test_configured_site_may_read_the_headers(world: World, path: str, header: str) -> None:
    """Expose them in lists, in cached answers and in errors, for pages read them too."""
    allowed = cors(world.alice.get(path, headers={"Origin": OWN_SITE}))

    exposed = allowed["expose-headers"].split(", ")
    assert (allowed["allow-origin"], exposed.count(header)) == (OWN_SITE, 1)


@pytest.mark.parametrize("path", ["/samples?collection_date=like.x", "/samples?x=eq.1", "/nothing"])
def test_configured_site_may_read_errors(world: World, path: str) -> None:
    """Keep the header in answers whose words or status the edge corrects."""
    response = world.alice.get(path, headers={"Origin": OWN_SITE})

    assert (response.is_client_error, cors(response)["allow-origin"]) == (True, OWN_SITE)


def test_answer_to_one_site_is_not_given_to_another(world: World) -> None:
    """Keep cached answers apart by origin."""
    origins = [OWN_SITE, OTHER_SITE, OWN_SITE]

    answers = [world.alice.get("/locations", headers={"Origin": origin}) for origin in origins]

    assert [cors(answer).get("allow-origin") for answer in answers] == [OWN_SITE, None, OWN_SITE]


def test_other_site_may_not_read(world: World) -> None:
    """Send no header, so that no browser hands the answer over."""
    assert cors(world.nobody.get("/rpc/health", headers={"Origin": OTHER_SITE})) == {}


def test_other_site_may_not_send_tokens(world: World) -> None:
    """Answer its preflight without allowed headers or methods."""
    allowed = cors(
        world.nobody.ask("OPTIONS", "/samples", headers={"Origin": OTHER_SITE, **PREFLIGHT})
    )

    assert allowed.keys() & {"allow-headers", "allow-methods", "allow-credentials"} == set()


def test_request_id_comes_back(world: World) -> None:
    """Return it, so that the request is found in the logs."""
    response = world.nobody.get("/rpc/health", headers={"X-Request-Id": "a-request"})

    assert response.headers["X-Request-Id"] == "a-request"


def test_unreachable_database_is_answered_with_503(own_world: World) -> None:
    """Send Retry-After, and not where it is; only requests that run get PostgreSQL's code."""
    name = own_world.api.database.name
    admin_url = own_world.api.database.cluster.url("postgres", "postgres")
    with psycopg.connect(admin_url, autocommit=True) as conn:
        conn.execute(f"alter database {name} with allow_connections false")
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        answers = [own_world.alice.get("/me") for _ in range(POOL_SIZE + 2)]
        conn.execute(f"alter database {name} with allow_connections true")

    assert {refusal(answer) for answer in answers} | {(503, "57P01")} == {
        (503, "57P01"),
        (503, "PGRST000"),
    }
    assert all("Retry-After" in answer.headers for answer in answers)
    assert {answer.json()["details"] for answer in answers} == {None}


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_reads_above_the_limit_of_a_group_are_told_its_numbers(world: World, accept: str) -> None:
    """Pass on what the database says, which the edge would otherwise say in its own words."""
    limits = {"group_id": world.group, "most_requests_per_day": 0}
    factories.insert(world.conn, "group_limits", limits)
    try:
        told = world.vic.get("/samples?limit=1", headers={"Accept": accept})
    finally:
        world.conn.execute("delete from aspen.group_limits where group_id = %s", [world.group])
    after = world.vic.get("/samples?limit=1", headers={"Accept": accept})

    assert refusal(told) == (429, "too_many_requests_of_group")
    assert int(told.headers["Retry-After"]) > 1
    assert after.status_code == 200
