"""`control metrics serve` shows what the edge, the database and the parts of the platform say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.metrics.server import Metrics, open_metrics
from control.settings import Settings
from control.stack.ports import HOST, any_free
from control.stack.process import wait_for
from tests.http.world import World
from tests.openmetrics import Metrics as Answer
from tests.openmetrics import parse
from tests.servers import S3, SETTINGS, Api


@contextmanager
def serving(settings: Settings, log: Path) -> Iterator[Metrics]:
    """Serve metrics in the background."""
    with open_metrics(settings, HOST, 0, log) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def scrape(server: Metrics) -> Answer:
    """Read all metrics as Prometheus does."""
    answer = httpx.get(server.url, timeout=30)
    media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    return parse(answer.text)


def settings_of(api: Api, s3: S3) -> Settings:
    """Return the settings of the whole platform."""
    return replace(
        s3.settings,
        database_url=api.database.settings.database_url,
        api_url=api.url,
        keys_dir=api.keys.directory,
    )


def test_requests_and_parts_are_shown(world: World, api: Api, s3: S3) -> None:
    """Count a request of the edge, and say that all parts answer."""
    log = api.keys.directory.parent / "logs" / "nginx.log"
    world.alice.get("/samples", headers={"X-Request-Id": "counted-1"})
    wait_for(lambda: "counted-1" in log.read_text(), 10)

    with serving(settings_of(api, s3), log) as server:
        wait_for(lambda: "aspen_group_usage_age_seconds" in scrape(server).names(), 10)
        metrics = scrape(server)

    requests = metrics.value(
        "aspen_http_requests_total", route="/samples", method="GET", status="2xx"
    )
    assert (requests or 0) >= 1
    assert {part: metrics.value("aspen_up", part=part) for part in ("api", "database", "s3")} == {
        "api": 1,
        "database": 1,
        "s3": 1,
    }
    assert metrics.value("aspen_jobs_queued", kind="export") is not None
    assert (metrics.value("aspen_all_groups_usage", of="samples") or 0) > 0
    assert (metrics.value("aspen_signing_keys_age_seconds") or 0) > 0
    assert metrics.value("aspen_backup_age_seconds") is None


def test_whatever_is_down_the_rest_is_shown(tmp_path: Path) -> None:
    """Say which parts do not answer, and show no values of them."""
    nowhere = f"http://{HOST}:{any_free()}"
    settings = replace(
        SETTINGS,
        database_url=f"postgresql://control@{HOST}:{any_free()}/aspen",
        api_url=nowhere,
        s3_endpoint_url=nowhere,
        s3_access_key="a",
        s3_secret_key="b",
        keys_dir=tmp_path,
    )

    with serving(settings, tmp_path / "missing.log") as server:
        metrics = scrape(server)

    assert [metrics.value("aspen_up", part=part) for part in ("database", "edge", "api", "s3")] == [
        0,
        0,
        0,
        0,
    ]
    assert metrics.value("aspen_access_log_unread_bytes") == 0
    assert metrics.value("aspen_workers") is None


def test_other_paths_are_refused(tmp_path: Path) -> None:
    """Name the path that there is."""
    with serving(SETTINGS, tmp_path / "missing.log") as server:
        answer = httpx.get(server.url.removesuffix("metrics"))

    assert (answer.status_code, answer.text) == (404, "Ask for /metrics\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "{taken}"], "cannot be used"),
        (["--env", "elsewhere"], "does not say where the access log is"),
    ],
)
def test_what_cannot_be_served_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """Fail before anything is served."""
    profile = tmp_path / "aspen.toml"
    profile.write_text("[elsewhere]\napi_url = 'https://api.example.org'\n")
    monkeypatch.setenv("ASPEN_CONFIG", f"{profile}")
    with serving(SETTINGS, tmp_path / "missing.log") as taken:
        given = [argument.format(taken=taken.server_port) for argument in arguments]
        done = CliRunner().invoke(cli, ["metrics", "serve", *given])

    assert (done.exit_code, said in done.stderr) == (1, True)
