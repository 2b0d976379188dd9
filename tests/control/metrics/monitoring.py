"""What is shipped to watch the platform with, and what makes each alert fire."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers import SETTINGS

FOLDER = SETTINGS.root / "docs" / "monitoring"
RULES = FOLDER / "alerts.yml"
METRIC = re.compile(r"\baspen_[a-z0-9_]+\b")
OK, DOWN = 'aspen_up{part="s3"} 1', 'aspen_up{part="s3"} 0'

_SLOW = 'aspen_http_request_seconds_{}{{method="GET", route="/samples"{}}}'
_ENDED = 'aspen_jobs_ended_in_hour{{kind="export", status="{}"}} {}'


def _http(good: int, bad: int) -> list[str]:
    """Return the series of so many requests a minute that succeed and fail."""
    return [
        f'aspen_http_requests_total{{status="{status}"}} 0+{count}'
        for status, count in (("2xx", good), ("5xx", bad))
    ]


def _lists(quick: int, all_: int) -> list[str]:
    return [
        _SLOW.format("bucket", ', le="0.25"') + f" 0+{quick}",
        _SLOW.format("count", "") + f" 0+{all_}",
    ]


def _gauge(name: str, fires: float, calm: float, labels: str = "") -> tuple[list[str], list[str]]:
    return [f"{name}{labels} {fires:.0f}"], [f"{name}{labels} {calm:.0f}"]


_LIMIT = 'aspen_group_limit{group="3", of="samples"}'
_KIND = '{kind="export"}'
# For each alert the series with which it fires, alone, and similar ones with which nothing does.
CASES: dict[str, tuple[list[str], list[str]]] = {
    "AspenRequestsFailFast": (_http(9, 1), _http(9999, 1)),
    "AspenRequestsFailSlowly": (_http(99, 1), _http(9999, 1)),
    "AspenListsAreSlow": (_lists(90, 100), _lists(96, 100)),
    "AspenJobsWait": _gauge("aspen_oldest_waiting_job_seconds", 700, 500, _KIND),
    "AspenExportsAreLate": _gauge("aspen_oldest_open_job_seconds", 1900, 1700, _KIND),
    "AspenBackupIsOld": _gauge("aspen_backup_age_seconds", 27 * 3600, 25 * 3600),
    "AspenLogIsNotArchived": (
        ["aspen_wal_archive_failures_total 0+1"],
        ["aspen_wal_archive_failures_total 7"],
    ),
    "AspenPartIsDown": ([DOWN], [OK]),
    "AspenIsNotWatched": (["another 1"], [OK]),
    "AspenLogIsNotRead": _gauge("aspen_access_log_unread_bytes", 11e6, 9e6),
    "AspenCertificateExpires": _gauge("aspen_certificate_expiry_seconds", 1e6, 2e6),
    "AspenSigningKeysAreOld": _gauge("aspen_signing_keys_age_seconds", 32e6, 31e6),
    "AspenLinksEnd": _gauge("aspen_storage_credentials_expiry_seconds", 200, 400, '{bucket="b"}'),
    "AspenHasNoWorkers": (
        ["aspen_workers 0", f"aspen_jobs_queued{_KIND} 1"],
        ["aspen_workers 1", f"aspen_jobs_queued{_KIND} 1"],
    ),
    "AspenJobsFail": (
        [_ENDED.format("failed", 2), _ENDED.format("succeeded", 4)],
        [_ENDED.format("failed", 1), _ENDED.format("succeeded", 5)],
    ),
    "AspenJobsAreLost": _gauge("aspen_jobs_lost", 1, 0, _KIND),
    "AspenReportsWait": _gauge("aspen_oldest_job_report_seconds", 1000, 800),
    "AspenDeadLetters": _gauge("aspen_dead_letters", 1, 0, '{queue="mails"}'),
    "AspenEventsWait": _gauge("aspen_oldest_event_note_seconds", 400, 200),
    "AspenWebhooksAreLate": _gauge("aspen_webhook_lag_seconds", 1000, 800),
    "AspenMailsWait": _gauge("aspen_oldest_mail_seconds", 1000, 800),
    "AspenObjectsAreNotDeleted": _gauge("aspen_oldest_object_prune_seconds", 3e5, 2e5),
    "AspenKeptAnswersStay": _gauge("aspen_oldest_idempotency_key_seconds", 1e5, 9e4),
    "AspenGroupNearsItsLimit": (
        ['aspen_group_usage{group="3", of="samples"} 91', f"{_LIMIT} 100"],
        ['aspen_group_usage{group="3", of="samples"} 89', f"{_LIMIT} 100"],
    ),
    "AspenGroupsAreNotCounted": _gauge("aspen_group_usage_age_seconds", 4000, 700),
    "AspenReplicaIsBehind": _gauge("aspen_replication_lag_seconds", 40, 20, '{replica="b"}'),
    "AspenSlotKeepsLog": _gauge("aspen_replication_slot_bytes", 11e9, 9e9, '{slot="b"}'),
    "AspenReplicaIsGone": _gauge("aspen_replication_slots_unused", 1, 0),
    "AspenConnectionsRunOut": (
        ['aspen_connections{login="control", state="idle"} 95', "aspen_connections_max 100"],
        ['aspen_connections{login="control", state="idle"} 85', "aspen_connections_max 100"],
    ),
    "AspenTransactionIsOld": _gauge("aspen_oldest_transaction_seconds", 3700, 3500),
    "AspenRowsAreOld": _gauge("aspen_transaction_id_age", 11e8, 9e8),
    "AspenDeadlocks": (["aspen_deadlocks_total 0+1"], ["aspen_deadlocks_total 9"]),
    "AspenTableIsFullOfDeadRows": (
        ['aspen_table_dead_rows{table="jobs"} 200000', 'aspen_table_rows{table="jobs"} 100000'],
        ['aspen_table_dead_rows{table="jobs"} 200000', 'aspen_table_rows{table="jobs"} 300000'],
    ),
}
# What fires as well: after hours of failures the longer view fires, too.
TOGETHER = {"AspenRequestsFailFast": {"AspenRequestsFailSlowly"}}


def program(name: str) -> str:
    """Return a program of Prometheus; skip without it, or fail where it must be."""
    found = shutil.which(name)
    if found is None:
        assert "ASPEN_REQUIRE_PROMETHEUS" not in os.environ, f"{name} is missing"
        pytest.skip(f"{name} is missing: apt-get install prometheus")
    return found


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerts by name."""
    return {
        rule["alert"]: rule
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def named_metrics() -> set[str]:
    """Return the metrics that the rules and the dashboard name."""
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load(RULES.read_text())["groups"]
    queries += [rule["expr"] for group in rules for rule in group["rules"]]
    return set(METRIC.findall("\n".join(queries)))


def run(*command: str) -> str:
    """Run a program, and return what it says if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def check_alerts(folder: Path, *tests: dict[str, Any]) -> str:
    """Have promtool try the rules, and return what it says if they do otherwise."""
    file = folder / "tests.yml"
    file.write_text(
        json.dumps({"rule_files": [f"{RULES}"], "evaluation_interval": "5m", "tests": tests})
    )
    return run(program("promtool"), "test", "rules", f"{file}")


def unit_tests() -> list[dict[str, Any]]:
    """Return what promtool is to try: each alert when it fires, and all when none does."""
    return [
        *(
            unit_test(name, fires, {name, *TOGETHER.get(name, ())})
            for name, (fires, _) in CASES.items()
        ),
        unit_test("calm", sorted({one for _, calm in CASES.values() for one in calm}), set()),
    ]


def unit_test(name: str, series: list[str], firing: set[str]) -> dict[str, Any]:
    """Return that exactly these alerts fire after two hours of these series, one value a minute."""
    given = series if name in ("AspenIsNotWatched", "AspenPartIsDown") else {OK, *series}
    return {
        "name": name,
        "interval": "1m",
        "input_series": [
            {"series": head, "values": f"{values}x150" if "+" in values else f"{values}+0x150"}
            for head, _, values in (one.rpartition(" ") for one in given)
        ],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0',
                "eval_time": "140m",
                "exp_samples": [
                    {"labels": f'{{alertname="{one}"}}', "value": 1} for one in sorted(firing)
                ],
            }
        ],
    }
