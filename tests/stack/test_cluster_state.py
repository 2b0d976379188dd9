"""Addresses of the cluster lead to a node that does what is asked."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from control.cluster.follower import Follower
from control.cluster.state import NODES, READERS, ClusterState
from tests.servers import SETTINGS

STATE = ClusterState(
    Path("env.json"),
    {f"postgres_{number}": 8400 + number for number in NODES},
    {"authenticator": "a"},
)


@pytest.mark.parametrize("primary", NODES)
def test_each_reader_has_a_replica_of_its_own(primary: int) -> None:
    """Let no replica idle, wherever the primary is: libpq takes the first standby."""
    of_primary = f"127.0.0.1:{8400 + primary}"
    chosen = {next(host for host in hosts_of(reader) if host != of_primary) for reader in READERS}

    assert len(chosen) == len(READERS)


def test_node_that_hangs_is_passed_over() -> None:
    """Give up a connection after some seconds: such a node accepts it and says nothing."""
    urls = [STATE.replica_url("authenticator", READERS[0]), STATE.database_url("authenticator")]

    assert {parse_qs(urlsplit(url).query)["connect_timeout"][0] for url in urls} == {"3"}


def test_follower_starts_anew_with_new_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have `control cluster up` restart it after an update, as it does when a port changes."""
    monkeypatch.setattr("control.cluster.follower.__file__", str(tmp_path / "follower.py"))
    code = tmp_path / "bouncer.py"
    launches = []
    for text in ("before", "before", "after"):
        code.write_text(text)
        launches.append(Follower(SETTINGS, STATE).launch().fingerprint)

    assert launches[0] == launches[1] != launches[2]


def hosts_of(reader: int) -> list[str]:
    """Return the nodes that a reader asks, in this order."""
    return urlsplit(STATE.replica_url("authenticator", reader)).netloc.rpartition("@")[2].split(",")
