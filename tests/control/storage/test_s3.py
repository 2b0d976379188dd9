"""Parse addresses in S3, and read objects piece by piece."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError
from click.testing import CliRunner

from control.cli import cli
from control.storage import s3 as client
from control.storage.s3 import BUFFER_BYTES, S3Uri, make_client, open_object
from control.translation import translate
from tests import factories
from tests.servers import S3, Database


def test_uri_is_written_as_it_was_read() -> None:
    """Allow slashes, spaces and question marks in keys."""
    text = "s3://results/jobs/1/a b?.json"

    assert str(S3Uri.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["results/key", "http://results/key", "s3://", "s3://results", "s3:///key"]
)
def test_anything_else_is_no_uri(text: str) -> None:
    """Require bucket and key."""
    with pytest.raises(ValueError, match=r"s3:"):
        S3Uri.parse(text)


@pytest.mark.parametrize(
    ("key", "sibling"),
    [("run/manifest.json", "run/tree.json"), ("manifest.json", "tree.json")],
    ids=["in a folder", "at the top"],
)
def test_sibling_is_in_the_same_folder(key: str, sibling: str) -> None:
    """Resolve the files that a manifest names relative to itself."""
    assert S3Uri("results", key).sibling("tree.json") == S3Uri("results", sibling)


def test_object_is_read_without_being_held_in_memory(s3: S3) -> None:
    """Hold one buffer at a time, however large the object."""
    line = b"ACGT" * 256 + b"\n"
    count = 20 * BUFFER_BYTES // len(line)
    s3.client.put_object(Bucket=s3.bucket, Key="large", Body=line * count)

    tracemalloc.start()
    with open_object(s3.client, S3Uri(s3.bucket, "large")) as lines:
        read = sum(1 for found in lines if found == line)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert read == count
    assert peak < 4 * BUFFER_BYTES


@pytest.fixture
def silent_s3(monkeypatch: pytest.MonkeyPatch, s3: S3) -> Iterator[S3]:
    """Run an S3 that accepts connections and never answers; give it up after a moment."""
    monkeypatch.setattr(client, "READ_SECONDS", 0.1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = replace(s3.settings, s3_endpoint_url=url)
        yield S3(make_client(settings), settings)


@pytest.mark.parametrize(
    "command",
    [
        ("output", "register", "1", "s3://aspen-test/jobs/1/1/manifest.json"),
        ("db", "backup", "{tmp_path}/backup"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_silent_s3_is_given_up_with_the_cause(
    database: Database, silent_s3: S3, command: tuple[str, ...], tmp_path: Path
) -> None:
    """Name the cause, the address, and what to check."""
    with database.connect() as conn:
        job = factories.job(conn, factories.group(conn), status="running")
        factories.job_output(conn, job)

    result = CliRunner().invoke(
        cli,
        [word.format(tmp_path=tmp_path) for word in command],
        env={**database.environment, **silent_s3.environment},
    )

    assert result.exit_code == 1, result.output
    assert f"S3 at {silent_s3.settings.s3_endpoint_url} accepts connections" in result.stderr
    assert "Remedy: look at that server" in result.stderr


def test_s3_is_given_up_within_a_minute() -> None:
    """Count all attempts and the pauses between them."""
    assert client.READ_SECONDS * client.ATTEMPTS <= 30
    assert client.CONNECT_SECONDS * client.ATTEMPTS <= 15


def test_absent_s3_is_named(s3: S3) -> None:
    """Ask a port where no server listens."""
    client = make_client(replace(s3.settings, s3_endpoint_url="http://127.0.0.1:1"))

    with pytest.raises(BotoCoreError) as caught:
        client.list_buckets()

    assert f"{translate(caught.value)}" == "no S3 server answers at http://127.0.0.1:1"
