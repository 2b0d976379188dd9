"""The local stack is reached directly: no proxy, profile or libpq variable hides it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from control.database import connect
from control.local import is_ours
from control.storage.s3 import make_client
from tests.servers import SETTINGS, Database
from tests.stack.conftest import LocalStack

Hostile = Callable[[str, Path], dict[str, str]]
# Which programs the tests run.
CHOICES = ("ASPEN_POSTGRES_BIN", "ASPEN_POSTGREST_BIN")
# After each of them, because starting a process for each would take most of the time.
END = "== ended ==\n"
ONE_AFTER_THE_OTHER = f"""
import sys
from control.cli import main
for command in sys.argv[1:]:
    sys.argv[1:] = command.split()
    try:
        main()
    except SystemExit as end:
        if end.code:
            sys.exit(f"{{command}} ends with {{end.code}}")
    print({END!r}, end="", flush=True)
"""
COMMANDS = ("status --json", "output credentials", "migrate up", "token rotate-keys", "up")


@pytest.fixture(scope="module")
def nowhere() -> Iterator[str]:
    """Listen on an address where connections are accepted and never answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def proxies(nowhere: str, tmp_path: Path) -> dict[str, str]:
    """Return variables that name a proxy for everything."""
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    return {**dict.fromkeys(names, f"http://{nowhere}"), "no_proxy": "", "NO_PROXY": ""}


def libpq(nowhere: str, tmp_path: Path) -> dict[str, str]:
    """Return variables that name another database."""
    return {
        "PGHOST": "db.invalid",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGPASSWORD": "wrong",
        "PGDATABASE": "nothing",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/nonexistent/root.crt",
        "PGREQUIRESSL": "1",
        "PGGSSENCMODE": "require",
        "PGCHANNELBINDING": "require",
        "PGREQUIREAUTH": "none",
        "PGOPTIONS": "-c statement_timeout=1 -c nonsense=1",
        "PGTARGETSESSIONATTRS": "standby",
        "PGCLIENTENCODING": "latin1",
        "PGTZ": "Nowhere/Land",
        "PGDATESTYLE": "nonsense",
        "PGPASSFILE": "/nonexistent/pgpass",
    }


def service(nowhere: str, tmp_path: Path) -> dict[str, str]:
    """Return a service that no file defines, which no connection parameter can undo."""
    return {"PGSERVICE": "nope", "PGSERVICEFILE": str(tmp_path / "none"), "PGSYSCONFDIR": "/none"}


def aws(nowhere: str, tmp_path: Path) -> dict[str, str]:
    """Return variables that name another account."""
    broken = tmp_path / "config"
    broken.write_text("[[[")
    return {
        "AWS_PROFILE": "nope",
        "AWS_DEFAULT_PROFILE": "nope",
        "AWS_CONFIG_FILE": str(broken),
        "AWS_SHARED_CREDENTIALS_FILE": str(broken),
        "AWS_ENDPOINT_URL": f"http://{nowhere}",
        "AWS_ENDPOINT_URL_S3": f"http://{nowhere}",
        "AWS_CA_BUNDLE": "/nonexistent/ca.pem",
        "REQUESTS_CA_BUNDLE": "/nonexistent/ca.pem",
        "AWS_ACCESS_KEY_ID": "AKIANOBODY",
        "AWS_SECRET_ACCESS_KEY": "wrong",
        "AWS_SESSION_TOKEN": "wrong",
        "AWS_REGION": "nowhere-1",
        "AWS_DEFAULT_REGION": "nowhere-1",
        "AWS_RETRY_MODE": "nonsense",
        "AWS_MAX_ATTEMPTS": "nonsense",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "BOTO_CONFIG": str(broken),
    }


def of_this_machine(nowhere: str, tmp_path: Path) -> dict[str, str]:
    """Return variables of time, language, Python and the user's files."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("[[[")
    (home / ".netrc").write_text("machine 127.0.0.1 login nobody password wrong\n")
    (home / ".pgpass").write_text("*:*:*:*:wrong\n")
    (home / ".pgpass").chmod(0o600)
    return {
        "HOME": str(home),
        "NETRC": str(home / ".netrc"),
        "TZ": "Nowhere/Land",
        "LC_ALL": "de_DE.UTF-8",
        "LANGUAGE": "de",
        "PYTHONPATH": "/nonexistent",
        "PYTHONSTARTUP": "/nonexistent",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii:backslashreplace",
        "PYTHONHASHSEED": "1",
        "PGRST_DB_URI": "postgres://nobody@db.invalid/nothing",
        "GATEWAY_PORT": "1",
    }


def of_http_and_machine(nowhere: str, tmp_path: Path) -> dict[str, str]:
    """Return the variables that do not concern the database."""
    return proxies(nowhere, tmp_path) | aws(nowhere, tmp_path) | of_this_machine(nowhere, tmp_path)


def of_libpq_and_http(nowhere: str, tmp_path: Path) -> dict[str, str]:
    """Return all variables at once but those that hide others: a service hides those of libpq."""
    return libpq(nowhere, tmp_path) | of_http_and_machine(nowhere, tmp_path)


@pytest.mark.parametrize("hostile", [of_libpq_and_http, service], ids=lambda each: each.__name__)
def test_healthy_servers_are_untouched_whatever_the_environment(
    local: LocalStack, hostile: Hostile, nowhere: str, tmp_path: Path
) -> None:
    """Succeed with every command, and restart no server."""
    before = local.pids()

    done = run(local, hostile(nowhere, tmp_path), *COMMANDS)

    assert done.returncode == 0, done.stderr
    assert local.pids() == before
    shown, _, rest = done.stdout.partition(END)
    assert json.loads(shown)["components"].keys() == before.keys()
    assert rest.count(END) == len(COMMANDS) - 1


def run(
    local: LocalStack, environment: dict[str, str], *commands: str
) -> subprocess.CompletedProcess[str]:
    """Run commands beside the stack in a process that has an environment, until one fails."""
    return subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER, *commands],
        env={
            "PATH": os.environ["PATH"],
            "ASPEN_ROOT": str(SETTINGS.root),
            "ASPEN_DATA_DIR": str(local.settings.data_dir),
            **{name: os.environ[name] for name in CHOICES if name in os.environ},
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_stack_comes_up_in_a_hostile_environment(
    local: LocalStack, nowhere: str, tmp_path: Path
) -> None:
    """Give each server an environment of its own."""
    local.down()
    everything: dict[str, str] = {}
    for hostile in (of_libpq_and_http, service):
        everything |= hostile(nowhere, tmp_path)

    done = run(local, everything, "up")

    assert (done.returncode, set(local.states().values())) == (0, {"running"}), done.stderr
    theirs = {
        entry
        for pid in local.pids().values()
        for entry in Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    }
    assert theirs & {f"{name}={value}" for name, value in everything.items()} == set()


def test_address_set_by_hand_keeps_the_environments_settings(
    local: LocalStack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep certificates for a remote database, and the profile for a remote bucket."""
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", "/nonexistent/root.crt")
    local.up()

    with connect(local.settings, "test") as conn:
        reached = conn.execute("select current_user").fetchone()
    with pytest.raises(psycopg.OperationalError, match="SSL"):
        connect(database.settings, "test")

    assert reached == ("control",)


def test_only_addresses_written_by_up_are_direct(local: LocalStack) -> None:
    """Treat the same keys of another environment as remote."""
    elsewhere = {"database_url": "postgresql://control@127.0.0.1:1/aspen"}

    assert is_ours(local.settings, "database_url")
    assert is_ours(local.settings, "s3_endpoint_url")
    assert not is_ours(local.with_(**elsewhere), "database_url")
    assert not is_ours(local.with_(environment="production"), "database_url")
    assert not is_ours(local.with_(database_url=None), "database_url")


def test_profile_of_the_user_is_used_for_an_endpoint_set_by_hand(
    local: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Use it as boto3 does elsewhere."""
    monkeypatch.setenv("AWS_PROFILE", "nope")

    make_client(local.settings).list_buckets()
    with pytest.raises(Exception, match="nope"):
        make_client(local.with_(s3_endpoint_url="http://127.0.0.1:1"))
