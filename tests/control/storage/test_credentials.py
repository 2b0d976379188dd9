"""`control output credentials`: the credentials that sign links are renewed and short-lived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.database import acting_as
from control.storage.credentials import (
    current_credentials,
    renew_credentials_if_needed,
    store_credentials,
)
from tests import factories
from tests.control.outputs.desk import Desk
from tests.servers import S3, Database, run_s3


def stored(conn: psycopg.Connection) -> Any:
    """Return the only row, without what changes."""
    return conn.execute(
        "select bucket, region, endpoint_url, access_key_id, secret_access_key,"
        " session_token is not null from aspen.storage_credentials"
    ).fetchall()


def renew(environment: dict[str, str], *options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["output", "credentials", *options], env=environment)


def test_keys_of_an_own_endpoint_are_stored_as_they_are(
    conn: psycopg.Connection, database: Database, s3: S3
) -> None:
    """Store the local stack's keys, which open nothing else; running again renews them."""
    environment = database.environment | s3.environment

    first, second = renew(environment), renew(environment)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.startswith(f"signing links to {s3.bucket} until ")
    assert stored(conn) == [
        (s3.bucket, s3.settings.region, s3.settings.s3_endpoint_url, "test", "test", False)
    ]


def test_secret_is_not_printed(database: Database, s3: S3) -> None:
    """Show it neither in the output nor in an error's repr."""
    environment = database.environment | s3.environment | {"ASPEN_S3_SECRET_KEY": "hush-hush"}

    assert "hush" not in renew(environment).output


def test_dry_run_stores_nothing(conn: psycopg.Connection, database: Database, s3: S3) -> None:
    """Look for credentials, and store none."""
    result = renew(database.environment | s3.environment, "--dry-run")

    assert result.stdout.startswith("would sign links to ")
    assert stored(conn) == []


@pytest.fixture(scope="module")
def s3_with_sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """Run an S3 whose users can request session credentials."""
    with run_s3(tmp_path_factory.mktemp("sts"), "aspen-sts", "s3,sts") as s3:
        yield s3


@pytest.fixture
def aws(
    s3_with_sts: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[dict[str, str]]:
    """Configure AWS as boto3 finds it, except for the address of its token service."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield {
        "ASPEN_REGION": "eu-west-1",
        "ASPEN_BUCKET": "production",
        "AWS_ENDPOINT_URL_STS": f"{s3_with_sts.settings.s3_endpoint_url}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


def test_long_lived_keys_are_exchanged_for_an_hours(
    conn: psycopg.Connection, database: Database, aws: dict[str, str]
) -> None:
    """Keep them out of the database."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    result = renew(database.environment | aws | keys)

    assert result.exit_code == 0, result.output
    [(bucket, region, endpoint_url, access_key_id, secret, has_token)] = stored(conn)
    assert (bucket, region, endpoint_url) == (
        "production",
        "eu-west-1",
        "https://s3.eu-west-1.amazonaws.com",
    )
    assert has_token and "test" not in (access_key_id, secret)
    assert timedelta(minutes=50) < lifetime(conn) <= timedelta(hours=1, minutes=1)


def test_session_of_unknown_end_is_used_for_a_quarter_of_an_hour(
    conn: psycopg.Connection, database: Database, aws: dict[str, str]
) -> None:
    """Use it for 15 minutes, because it may end at any time."""
    keys = {
        "AWS_ACCESS_KEY_ID": "ASIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
    }

    result = renew(database.environment | aws | keys)

    assert result.exit_code == 0, result.output
    assert stored(conn)[0][3:] == ("ASIA", "secret", True)
    assert timedelta(minutes=14) < lifetime(conn) <= timedelta(minutes=15)


def test_without_credentials_the_remedy_is_named(database: Database, aws: dict[str, str]) -> None:
    """Ask AWS nothing."""
    result = renew(database.environment | aws)

    assert result.exit_code == 1
    assert "Remedy: set AWS_PROFILE" in result.stderr


def test_links_signed_with_session_credentials_fetch_the_file(
    desk: Desk, s3_with_sts: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sign the token as part of the link, as AWS requires."""
    address = f"{s3_with_sts.settings.s3_endpoint_url}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", address)
    lent = current_credentials(
        replace(s3_with_sts.settings, s3_endpoint_url=None), s3_with_sts.client
    )
    store_credentials(desk.conn, lent)
    s3_with_sts.client.put_object(Bucket=s3_with_sts.bucket, Key="tree.json", Body=b"content")
    output_id = factories.job_output(
        desk.conn, desk.job("phylo_run"), bucket=s3_with_sts.bucket, key="tree.json"
    )
    factories.user(desk.conn, "alice", {desk.group_id: "member"})

    with acting_as(desk.conn, role="member", subject="alice"):
        row = desk.conn.execute("select api.output_url(%s)", [output_id]).fetchone()

    assert row is not None
    link = row[0]["url"]
    assert lent.session_token is not None
    assert f"X-Amz-Security-Token={quote(lent.session_token, safe='')}" in link
    assert httpx.get(link).raise_for_status().content == b"content"
    assert httpx.get(link.replace("Security-Token=", "Security-Token=0")).is_client_error


@pytest.mark.parametrize(
    ("age", "is_renewed"),
    [(29, False), (31, True), (61, True)],
)
def test_worker_renews_credentials_when_half_their_life_is_over(
    conn: psycopg.Connection, s3: S3, age: int, is_renewed: bool
) -> None:
    """Renew them long before they end, so that a link is signed with good ones."""
    stored_at = datetime.now(UTC) - timedelta(minutes=age)
    factories.storage_credentials(
        conn, s3.bucket, updated_at=stored_at, expires_at=stored_at + timedelta(hours=1)
    )

    done = renew_credentials_if_needed(conn, s3.settings, s3.client)

    assert (done, stored(conn)[0][3] == "test") == (is_renewed, is_renewed)
    assert not renew_credentials_if_needed(conn, s3.settings, s3.client)


def test_worker_stores_the_first_credentials(conn: psycopg.Connection, s3: S3) -> None:
    """Store them for a bucket that has none."""
    assert renew_credentials_if_needed(conn, s3.settings, s3.client)
    assert stored(conn)[0][0] == s3.bucket


def test_style_of_links_is_that_of_the_client(
    conn: psycopg.Connection, database: Database, aws: dict[str, str]
) -> None:
    """Name the bucket in the host at AWS, as boto3 does."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    renew(database.environment | aws | keys)

    assert conn.execute("select addressing_style from aspen.storage_credentials").fetchall() == [
        ("virtual",)
    ]


def lifetime(conn: psycopg.Connection) -> timedelta:
    """Return how long the stored credentials are valid."""
    row = conn.execute("select expires_at from aspen.storage_credentials").fetchone()
    assert row is not None
    return timedelta(seconds=(row[0] - datetime.now(UTC)).total_seconds())
