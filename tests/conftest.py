"""Fixtures for every test; servers start when first used, apart from any running stack.

`request_as` and `admin` share one transaction that is rolled back; `database` is a clone of a
test's own; `api` and `s3` are real servers shared by the session.
"""

from __future__ import annotations

import functools
import gc
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import psycopg
import pytest
from click.testing import CliRunner
from httpx._transports import default

from control.database import begin_request, request_claims
from control.stack.ministack import SERVICES
from control.stack.state import SUPERUSER
from tests.http.world import World
from tests.kept_session import KeptSession, leave_others
from tests.memory import make_folder
from tests.servers import (
    S3,
    TEMPLATE,
    Api,
    Cluster,
    Database,
    database_names,
    run_api,
    run_cluster,
    run_s3,
)

Isolation = Callable[..., Any]
RequestAs = Callable[..., AbstractContextManager[psycopg.Connection]]

# In memory, for all that tests write.
FOLDER = pytest.StashKey[Path]()

# Hypothesis generates the same examples in every run, or with `--hypothesis-seed=N` those of N.
# How long an example takes says nothing: most of them wait for a server.
hypothesis.settings.register_profile("same every run", deadline=None, derandomize=True)
hypothesis.settings.register_profile("by seed", deadline=None, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the examples before any test module makes its settings, and where files go."""
    hypothesis.settings.load_profile("same every run" if seed_of(config) is None else "by seed")
    # A worker is given its own.
    if config.option.basetemp is None and (folder := make_folder()):
        config.stash[FOLDER] = folder
        config.option.basetemp = folder / "files"
    # Each client would read the certificates of the world for it, although nothing here speaks TLS.
    vars(default)["create_ssl_context"] = functools.cache(httpx.create_ssl_context)
    CliRunner.isolation = one_at_a_time(CliRunner.isolation)  # type: ignore[method-assign]
    # Looking for garbage among ten thousand tests takes half of the time to find them.
    gc.disable()


def one_at_a_time(isolation: Isolation) -> Isolation:
    """Let no two commands run at once: each changes, and restores, the environment of all."""
    turn = threading.Lock()

    @contextmanager
    @functools.wraps(isolation)
    def alone(*args: Any, **kwargs: Any) -> Iterator[Any]:
        if not turn.acquire(blocking=False):
            raise AssertionError("another thread runs a command: start one of them as a process")
        try:
            with isolation(*args, **kwargs) as streams:
                yield streams
        finally:
            turn.release()

    return alone


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but not among the tests."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove all files, or leave those of tests that failed until the next run."""
    if not session.testsfailed and (folder := session.config.stash.get(FOLDER, None)):
        shutil.rmtree(folder, ignore_errors=True)
        # What Python compiled there.
        shutil.rmtree(f"{sys.pycache_prefix}{folder}", ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests first that mostly wait for servers, so that others fill their time."""
    items.sort(key=lambda item: "/tests/stack/" not in f"{item.path}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let no test find the rows of others, or wait for them."""
    if isinstance(item, pytest.Function):
        leave_others(item.fixturenames)


def pytest_report_header(config: pytest.Config) -> str:
    """Print how the examples of this run are generated again."""
    seed = seed_of(config)
    return "examples: " + ("the same every run" if seed is None else f"--hypothesis-seed={seed}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the seed beside the failures as well."""
    seed = seed_of(config)
    if seed is not None and terminalreporter.stats.get("failed"):
        terminalreporter.write_line(
            f"Replay the examples of this run with --hypothesis-seed={seed}"
        )


def seed_of(config: pytest.Config) -> str | None:
    """Return the seed that the command line names."""
    seed: str | None = config.getoption("--hypothesis-seed")
    return seed


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a PostgreSQL with our roles; ASPEN_POSTGRES_BIN chooses which."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Database:
    """Return the migrated database that nobody connects to: the original of every clone."""
    return Database(cluster, TEMPLATE)


@pytest.fixture(scope="session")
def shared_database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """Clone the migrated database that all tests which roll back share."""
    with cluster.database("aspen_shared", template.name) as database:
        yield database


@pytest.fixture
def database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """Clone a migrated database of this test's own."""
    with cluster.database(next(database_names), template.name) as database:
        yield database


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[Database]:
    """Clone a database as `control up` creates it, before any migration."""
    with cluster.database(next(database_names)) as database:
        yield database


@pytest.fixture(scope="module")
def kept_sessions(shared_database: Database) -> Iterator[dict[str, KeptSession]]:
    """Keep a session for each login, which is opened when a test first asks for it."""
    kept = {login: KeptSession(shared_database.url_of(login)) for login in ("control", SUPERUSER)}
    yield kept
    for session in kept.values():
        session.close()


@pytest.fixture
def admin(kept_sessions: dict[str, KeptSession]) -> Iterator[psycopg.Connection]:
    """Connect as role control, in a transaction that is rolled back after the test."""
    session = kept_sessions["control"]
    yield session.begin()
    session.end()


@pytest.fixture
def superuser(kept_sessions: dict[str, KeptSession]) -> Iterator[psycopg.Connection]:
    """Connect as superuser, who may become any role; this is rolled back as well."""
    session = kept_sessions[SUPERUSER]
    yield session.begin()
    session.end()


@pytest.fixture
def request_as(admin: psycopg.Connection) -> RequestAs:
    """Run one request as PostgREST would; what it wrote is undone, unless `keep=True`.

    `request_as("member", sub="alice", groups={3: "admin"})`; without `sub` it carries no token,
        and further keywords are further claims (None leaves one out).
    """

    @contextmanager
    def request(
        role: str,
        sub: str | None = None,
        groups: Mapping[int, str] | None = None,
        *,
        keep: bool = False,
        **claims: object,
    ) -> Iterator[psycopg.Connection]:
        wanted = request_claims(role, sub, groups) | claims
        with admin.transaction(force_rollback=not keep):
            begin_request(admin, role, {k: v for k, v in wanted.items() if v is not None})
            yield admin
            if keep:
                _leave_request(admin)

    return request


@pytest.fixture(scope="session")
def api(
    cluster: Cluster, template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """Start PostgREST over a database whose rows stay for the session."""
    with (
        cluster.database("aspen_api", template.name) as database,
        run_api(database, tmp_path_factory.mktemp("api")) as api,
    ):
        yield api


@pytest.fixture(scope="module")
def world(api: Api) -> Iterator[World]:
    """Store a module's own lab and cast; what its tests store by HTTP stays until its end."""
    with api.database.connect() as conn:
        yield World(api, conn)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """Start S3 with a bucket of this session's own."""
    services = f"{SERVICES},secretsmanager"
    with run_s3(tmp_path_factory.mktemp("s3"), "aspen-test", services) as s3:
        yield s3


def _leave_request(conn: psycopg.Connection) -> None:
    """Become role control again; `set local` would last until the outer transaction ends."""
    conn.execute("reset role")
    conn.execute("set local search_path to default")
    conn.execute("select set_config('request.jwt.claims', '', true)")
    conn.execute(
        "select set_config(name, '', true) from unnest(array["
        "'aspen.user_id', 'aspen.traceparent', 'aspen.job_id',"
        " 'aspen.job_group_id', 'aspen.any_groups', 'aspen.full_groups',"
        " 'aspen.direct_groups', 'aspen.member_groups', 'aspen.admin_groups']) as settings (name)"
    )
