"""How many requests of one caller run at once, and which callers are limited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg
import pytest

from control.database import begin_request, request_claims
from tests import factories
from tests.refusals import Refusal, refusal
from tests.servers import Database

AT_ONCE = 10
REFUSED = (429, "too_many_requests", {"at_once": AT_ONCE})


@dataclass
class Pool:
    """Connections with a running request on each."""

    database: Database
    stack: ExitStack = field(default_factory=ExitStack)

    def begin(
        self,
        role: str,
        claims: Mapping[str, object],
        *,
        login: str = "authenticator",
        path: str = "/me",
    ) -> Refusal | None:
        """Begin one more request; return how it was rejected, if it was."""
        conn = self.stack.enter_context(psycopg.connect(self.database.url_of(login)))
        conn.execute("select set_config('request.path', %s, true)", [path])
        try:
            begin_request(conn, role, claims)
        except psycopg.Error as error:
            return refusal(error)
        return None

    def end(self) -> None:
        """End all requests."""
        self.stack.close()


@pytest.fixture
def pool(database: Database) -> Iterator[Pool]:
    """Open a pool without a size limit, in front of a database of the test's own."""
    pool = Pool(database)
    with pool.stack:
        yield pool


@pytest.fixture
def job(database: Database) -> int:
    """Store a running job, and the users Alice and Bob."""
    with database.connect() as conn:
        factories.user(conn, "alice")
        factories.user(conn, "bob")
        return factories.job(conn, factories.group(conn), status="running")


@pytest.mark.usefixtures("job")
def test_one_request_too_many_of_a_user_is_refused(pool: Pool) -> None:
    """Reject it until one of the user's requests ends; another user's first request is accepted."""
    alice, bob = request_claims("member", "alice"), request_claims("member", "bob")
    at_once = [pool.begin("member", alice) for _ in range(AT_ONCE + 1)]
    others = pool.begin("member", bob)
    pool.end()
    next_one = pool.begin("member", alice)

    assert at_once == [None] * AT_ONCE + [REFUSED]
    assert (others, next_one) == (None, None)


def test_one_request_too_many_of_a_job_is_refused(pool: Pool, job: int) -> None:
    """Count a job apart from the user whose id is the same number."""
    claims = request_claims("job", "job") | {"job_id": job, "attempt": 1}
    at_once = [pool.begin("job", claims) for _ in range(AT_ONCE + 1)]
    user = pool.begin("member", request_claims("member", "alice"))

    assert at_once == [None] * AT_ONCE + [REFUSED]
    assert user is None


def test_callers_without_a_token_share_the_slots_of_one_caller(pool: Pool) -> None:
    """Exempt health, or a stranger could make the service look dead."""
    at_once = [pool.begin("anon", request_claims("anon")) for _ in range(AT_ONCE + 1)]
    health = pool.begin("anon", request_claims("anon"), path="/rpc/health")

    assert (at_once, health) == ([None] * AT_ONCE + [REFUSED], None)


@pytest.mark.usefixtures("job")
def test_number_of_requests_is_the_operators_choice(pool: Pool) -> None:
    """Read the limit from a setting of the database."""
    with pool.database.connect("postgres") as conn:
        conn.execute(f"alter database {pool.database.name} set aspen.requests_at_once = '2'")
    alice = request_claims("member", "alice")
    at_once = [pool.begin("member", alice) for _ in range(3)]

    assert at_once == [None, None, (429, "too_many_requests", {"at_once": 2})]


@pytest.mark.usefixtures("job")
def test_control_plane_is_not_bound(pool: Pool) -> None:
    """Exempt imports for a user: they take no connection of the API's pool."""
    alice = request_claims("member", "alice")
    at_once = [pool.begin("member", alice, login="control") for _ in range(AT_ONCE + 1)]

    assert at_once == [None] * (AT_ONCE + 1)
