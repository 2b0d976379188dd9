"""Rules and dashboard watch what is exported, and Prometheus reads it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import click
import httpx
import pytest
import yaml

from control.cli import cli
from control.stack.ports import HOST, any_free
from control.stack.process import wait_for
from tests.control.metrics.monitoring import (
    CASES,
    FOLDER,
    RULES,
    alerts,
    check_alerts,
    named_metrics,
    program,
    run,
    unit_tests,
)
from tests.control.metrics.test_metrics_serve import scrape, serving, settings_of
from tests.http.world import World
from tests.servers import S3, SETTINGS, Api

SERVICE_LEVELS = (SETTINGS.root / "docs" / "service-levels.md").read_text()
SUFFIXES = ("", "_total", "_bucket", "_count", "_sum")


def test_rules_and_configuration_are_accepted() -> None:
    """Have Prometheus' own checker read them."""
    promtool = program("promtool")

    assert run(promtool, "check", "rules", f"{RULES}") == ""
    assert run(promtool, "check", "config", f"{FOLDER / 'prometheus.yml'}") == ""


def test_each_alert_fires_when_it_should(tmp_path: Path) -> None:
    """Try each with series that make it fire, alone, and with similar ones that do not."""
    assert check_alerts(tmp_path, *unit_tests()) == ""
    assert set(CASES) == set(alerts())


def test_each_alert_is_explained() -> None:
    """Name it in docs/service-levels.md, and no other."""
    assert set(re.findall(r"`(Aspen\w+)`", SERVICE_LEVELS)) == set(alerts())


def known_command(words: list[str]) -> bool:
    """Return whether `control` has the command that these words begin with."""
    command: click.Command | None = cli
    context = click.Context(cli)
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(context, word)
    return command is not None and not isinstance(command, click.Group)


@pytest.mark.parametrize("name", alerts())
def test_alert_says_what_to_do(name: str) -> None:
    """Name commands that there are."""
    action = alerts()[name]["annotations"]["action"]
    commands = re.findall(r"\bcontrol ((?:[a-z-]+)(?: [a-z-]+)?)", action)

    assert [one for one in commands if not known_command(one.split())] == []


def test_what_is_watched_is_exported(world: World, api: Api, s3: S3) -> None:
    """Find each metric of the rules and the dashboard among those that are served."""
    with serving(settings_of(api, s3), api.keys.directory.parent / "logs" / "nginx.log") as server:
        families = scrape(server).families
    exported = {f"{family}{suffix}" for family in families for suffix in SUFFIXES}

    assert named_metrics() - exported == set()
    assert len(named_metrics()) > 30


def test_prometheus_reads_the_metrics(world: World, api: Api, s3: S3, tmp_path: Path) -> None:
    """Scrape them with the shipped configuration, and evaluate the shipped rules."""
    prometheus, port = program("prometheus"), any_free()
    with serving(settings_of(api, s3), api.keys.directory.parent / "logs" / "nginx.log") as server:
        configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        configuration["rule_files"] = [str(RULES)]
        [job] = configuration["scrape_configs"]
        job["static_configs"] = [{"targets": [f"{HOST}:{server.server_port}"]}]
        (tmp_path / "prometheus.yml").write_text(json.dumps(configuration))
        process = subprocess.Popen(
            [
                prometheus,
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address={HOST}:{port}",
                "--log.level=error",
            ]
        )

        def asked(query: str) -> list[str]:
            url = f"http://{HOST}:{port}/api/v1/query"
            try:
                answer = httpx.get(url, params={"query": query}).raise_for_status()
            except httpx.HTTPError:
                return []
            return [value for one in answer.json()["data"]["result"] for _, value in [one["value"]]]

        try:
            wait_for(lambda: asked('aspen_up{part="database"}') == ["1"], 30)
            bytes_of_samples = asked('aspen_table_bytes{table="samples"}')
            rules = httpx.get(f"http://{HOST}:{port}/api/v1/rules").json()["data"]["groups"]
        finally:
            process.terminate()
            process.wait(30)

    assert len(bytes_of_samples) == 1
    assert {rule["health"] for group in rules for rule in group["rules"]} <= {"ok", "unknown"}
