"""The cluster: reads go to replicas, writers read what they wrote, and the primary can move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from psycopg.types.json import Jsonb

from control.cli import cli
from control.cluster import lifecycle
from control.cluster.apis import running_apis
from control.cluster.bouncer import TRANSACTION
from control.cluster.restarting import Servers
from control.cluster.state import INSTANCES, STAND_IN
from control.errors import ControlError
from control.partitions import extend_tables
from control.stack.process import wait_for
from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests.calm.operations import (
    Operations,
    reload_pgbouncer_and_nginx,
    restart_postgrest_of_cluster,
    switch_over,
)
from tests.calm.run import prepare, run
from tests.calm.stages import copy_checkout
from tests.control.metrics.monitoring import check_alerts, unit_test
from tests.failover.run import clear
from tests.failover.stage import LocalCluster, needs_cluster, run_local_cluster
from tests.stack.watched_cluster import LAG, Watcher, stuck

pytestmark = [needs_cluster, pytest.mark.timeout(300)]
METHODS = ("GET", "POST")
NAMES = "/samples?select=private_identifier&private_identifier=eq."


@dataclass(frozen=True)
class Client:
    """Ada at the edge: she has a group, and no cookies but those that a test gives her."""

    local: LocalCluster
    group: int
    location: int
    token: str

    def post(self, name: str, **headers: str) -> httpx.Response:
        """Upload a sample."""
        sample = {
            "private_identifier": name,
            "collection_date": "2026-11-01",
            "location_id": self.location,
        }
        return httpx.post(
            f"{self.local.settings.api_url}/rpc/create_samples",
            json={"group_id": self.group, "pathogen": "SC2", "samples": [sample]},
            headers=self._headers(headers),
        )

    def finds(self, name: str, **headers: str) -> bool:
        """Tell whether a sample is in the answer."""
        url = f"{self.local.settings.api_url}{NAMES}{name}"
        answer = httpx.get(url, headers=self._headers(headers))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, str]] = answer.json()
        return found == [{"private_identifier": name}]

    def calls(self, function: str) -> list[int]:
        """Return with which statuses a replica and the writer answer a function."""
        url = f"{self.local.settings.api_url}/rpc/{function}"
        headers = self._headers({})
        return [httpx.request(method, url, headers=headers).status_code for method in METHODS]

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | headers


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Start the cluster that these tests share, over a checkout whose code may be changed."""
    folder = tmp_path_factory.mktemp("cluster")
    with run_local_cluster(folder / "data", root=copy_checkout(folder)) as local:
        yield local


@pytest.fixture(scope="module")
def ada(local: LocalCluster) -> Client:
    """Store a group with an admin."""
    group, location = prepare(local)
    keys = load_keys(local.settings.keys_dir)
    token = mint(keys, sub="ada", role="member", ttl=timedelta(hours=1))
    return Client(local, group, location, token)


@pytest.fixture
def late(local: LocalCluster, ada: Client) -> Iterator[Client]:
    """Stop both replicas from replaying."""
    with stuck(local, *local.replicas()):
        yield ada


def test_two_replicas_follow_a_primary(local: LocalCluster) -> None:
    """Run every server, and have one replica hold everything that was answered."""
    found = lifecycle.status(local.outer)

    assert sorted(member.role for member in found.members) == [
        "primary",
        "replica",
        "synchronous replica",
    ]
    assert found.is_whole


def test_months_ahead_have_partitions(local: LocalCluster) -> None:
    """Make them as `control up` does: nothing else runs there that would."""
    with local.connect() as conn:
        assert extend_tables(conn, dry_run=True) == []


def test_replicas_answer_reads(late: Client) -> None:
    """Show what a replica has, and not what the primary has."""
    written = late.post("S-1")

    assert (written.status_code, late.finds("S-1")) == (200, False)


def test_writer_reads_what_it_wrote(late: Client) -> None:
    """Answer from the primary whoever names a transaction that the replicas do not have."""
    written = late.post("S-2").headers["Aspen-Transaction"]

    assert late.finds("S-2", **{"Aspen-Transaction": written})


def test_browser_reads_what_it_wrote(late: Client) -> None:
    """Keep the transaction in a cookie that scripts and other sites do not get."""
    cookie = late.post("S-3").headers["Set-Cookie"]

    name, *attributes = cookie.split("; ")
    assert attributes == ["Path=/", "Max-Age=60", "HttpOnly", "SameSite=Strict"]
    assert late.finds("S-3", Cookie=name)


def test_answer_that_was_kept_names_its_transaction(late: Client) -> None:
    """Say the same to whoever sends a request again, because the first answer may be lost."""
    first, again = (late.post("S-4", **{"Idempotency-Key": "S-4"}) for _ in range(2))

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Aspen-Transaction"] == first.headers["Aspen-Transaction"]


def test_replica_answers_a_writer_once_it_has_everything(local: LocalCluster, ada: Client) -> None:
    """Ask the primary no more for what is everywhere: it says nothing of itself here."""
    written = int(ada.post("S-5").headers["Aspen-Transaction"])

    with local.on(local.replicas()[0]) as conn:
        conn.execute(
            "select authz.await_transaction(%s)", [Jsonb({"aspen-transaction": f"{written}"})]
        )

    assert ada.finds("S-5", **{"Aspen-Transaction": f"{written}"})


@pytest.mark.parametrize("invented", ["9223372036854775807", "abc", "1,2,3", "-1", ""])
def test_invented_transaction_harms_nobody(ada: Client, invented: str) -> None:
    """Read it as one that no replica has, or as none."""
    ada.post("S-6")

    assert ada.finds("S-6", **{"Aspen-Transaction": invented}) in (True, False)


def test_nobody_notices_that_the_cluster_is_changed(local: LocalCluster, ada: Client) -> None:
    """Load code, restart, reload, and move the primary, for which only writes may wait."""
    said: list[str] = []
    clear(local)
    some = Operations(
        (restart_postgrest_of_cluster,), (reload_pgbouncer_and_nginx,), (switch_over,)
    )

    result = run(local, ada.group, ada.location, some, seed=1, applies=1, echo=said.append)

    assert result.wrong == [], said
    assert result.uploads > 0


def test_switchover_refuses_a_node_that_may_lack_something(local: LocalCluster) -> None:
    """Name the one that can take over."""
    members = lifecycle.status(local.outer).members
    fit, unfit = (
        next(member.name for member in members if member.role == role)
        for role in ("synchronous replica", "replica")
    )

    with pytest.raises(ControlError) as caught:
        lifecycle.switchover(local.outer, unfit, dry_run=False)

    assert (caught.value.remedy, local.primary().name in (fit, unfit)) == (f"choose {fit}", False)


def test_up_ends_a_stand_in_that_a_restart_left(local: LocalCluster, ada: Client) -> None:
    """Keep writing while a restart has failed, and give the writer its requests back."""
    servers = Servers(local.settings, local.state, print)
    other = servers.instance(STAND_IN).server
    with suppress(ControlError), servers.stand_in():
        raise ControlError("the writer does not start")
    was_left = other.pid() is not None, ada.post("S-7").status_code

    local.up()

    assert (was_left, other.pid(), ada.post("S-8").status_code) == ((True, 200), None, 200)


def test_commands_know_every_postgrest_of_a_cluster(local: LocalCluster) -> None:
    """Name one for the primary and one for each replica: a load waits for all of them."""
    found = running_apis(local.settings)

    assert found == [local.state.http_url(f"postgrest_{number}") for number in INSTANCES]


@pytest.mark.parametrize(
    "command", [["up"], ["down"], ["restart", "postgrest"], ["status"], ["logs"]]
)
def test_commands_of_the_local_stack_refuse_a_cluster(
    local: LocalCluster, command: list[str]
) -> None:
    """Change nothing of it: its servers are others."""
    environment = {"ASPEN_DATA_DIR": str(local.settings.data_dir)}

    answer = CliRunner().invoke(cli, command, env=environment)

    assert answer.exit_code == 1
    assert "use control cluster" in answer.stderr


def test_restart_needs_a_cluster_that_runs(tmp_path: Path) -> None:
    """Say what starts it."""
    answer = CliRunner().invoke(
        cli, ["cluster", "restart", "postgrest"], env={"ASPEN_DATA_DIR": str(tmp_path)}
    )

    assert (answer.exit_code, answer.stderr.splitlines()) == (
        1,
        ["Error: the cluster does not run", "Remedy: start it: control cluster up"],
    )


@pytest.fixture(scope="module")
def watcher(local: LocalCluster) -> Watcher:
    """Store an operator who watches the cluster."""
    return Watcher.of(local)


def test_lag_of_each_replica_is_watched(local: LocalCluster, watcher: Watcher) -> None:
    """Name each, and show only the lag of one that does not replay, until it does again."""
    first, other = local.replicas()
    with stuck(local, first) as [name]:
        behind = {unit: watcher.lag_after_a_write(name, unit) for unit in ("bytes", "seconds")}
        for unit, lag in behind.items():
            wait_for(partial(watcher.is_further_behind, name, unit, lag), 20)
        wait_for(lambda: watcher.lags("bytes")[f"node-{other}"] == 0, 10)
        lags = watcher.lags("seconds")
    wait_for(lambda: watcher.lags("bytes")[name] == 0, 10)

    assert (sorted(lags), behind["bytes"] > 10_000) == (sorted([name, f"node-{other}"]), True)
    assert lags[name] > behind["seconds"] > 0


def test_lag_of_a_replica_fires_its_alert(
    local: LocalCluster, watcher: Watcher, tmp_path: Path
) -> None:
    """Have the shipped rule read the series by its real name, as it grows while time passes."""
    number = local.replicas()[0]
    with stuck(local, number) as [name]:
        watcher.lag_after_a_write(name, "seconds")
        seen = watcher.lags("seconds")
    series = [f'{LAG}_seconds{{replica="{one}"}} {"0+60" if one == name else "0"}' for one in seen]

    fires = unit_test("a replica that replays nothing", series, {"AspenReplicaIsBehind"})
    assert check_alerts(tmp_path, fires) == ""


def test_new_endpoint_is_served_behind_a_pool_of_transactions(
    local: LocalCluster, ada: Client
) -> None:
    """Have the follower, which listens at the server itself, pass on what PgBouncer does not."""
    local.pooling = TRANSACTION
    local.up()
    before = ada.calls("reached")
    with local.connect() as conn:
        conn.execute(
            "create function api.reached() returns integer language sql stable"
            " begin atomic select 7; end; grant execute on function api.reached() to member"
        )
        conn.execute("notify pgrst, 'reload schema'")

    wait_for(lambda: ada.calls("reached") == [200, 200], 10)

    assert (before, ada.calls("reached")) == ([404, 404], [200, 200])
