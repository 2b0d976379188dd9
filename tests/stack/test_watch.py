"""`control up --watch`: dead servers come back, and none is left when it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from control import stack
from control.stack import supervisor
from control.stack.changing import is_being_changed
from control.stack.process import wait_for
from control.stack.supervisor import Patience, Supervisor
from tests.servers import SETTINGS
from tests.stack.conftest import SERVERS, LocalStack

PATIENCE = 60


class Watcher:
    """A `control up --watch` in the background, and what it printed."""

    def __init__(self, local: LocalStack, log: Path) -> None:
        self._local, self._log, self._read = local, log, 0
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from control.cli import main; main()", "up", "--watch"],
                env={
                    "PATH": os.environ["PATH"],
                    "ASPEN_ROOT": str(SETTINGS.root),
                    "ASPEN_DATA_DIR": str(local.settings.data_dir),
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert wait_for(lambda: "supervising the stack" in self.said(), PATIENCE), self.said()

    def said(self) -> str:
        """Return everything printed during this test."""
        return self._log.read_text()[self._read :]

    def is_running(self) -> bool:
        """Tell whether no test has ended it."""
        return self.process.poll() is None

    def skip(self) -> None:
        """Skip what was printed during earlier tests."""
        self._read = len(self._log.read_text())

    def heals(self) -> bool:
        """Tell whether everything runs again in time."""
        return wait_for(lambda: set(self._local.states().values()) == {"running"}, PATIENCE)

    def end(self, asking: signal.Signals) -> int:
        """Tell it to end and return its exit code."""
        self.process.send_signal(asking)
        return self.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def watchers() -> Iterator[list[Watcher]]:
    """Keep a supervisor until a test ends it."""
    started: list[Watcher] = []
    yield started
    end_all(started)


@pytest.fixture
def watcher(
    local: LocalStack, watchers: list[Watcher], tmp_path_factory: pytest.TempPathFactory
) -> Watcher:
    """Return the supervisor of the stack that these tests share."""
    if not any(each.is_running() for each in watchers):
        watchers.append(Watcher(local, tmp_path_factory.mktemp("watcher") / "said"))
    watchers[-1].skip()
    return watchers[-1]


def end_all(watchers: list[Watcher]) -> None:
    """End those that run."""
    for each in watchers:
        if each.is_running():
            each.end(signal.SIGTERM)


def test_everything_killed_at_once_comes_back(local: LocalStack, watcher: Watcher) -> None:
    """Recover as after the kernel ran out of memory, and print what died."""
    local.keep("before-the-end")
    before = local.pids()
    for name in SERVERS:
        local.kill(name)

    assert wait_for(lambda: not set(local.pids().values()) & {*before.values(), None}, PATIENCE)
    assert watcher.heals(), watcher.said()
    assert [name for name in SERVERS if f"{name} died" not in watcher.said()] == []
    assert local.kept("before-the-end") == (True, True)
    assert local.api_answers()
    assert wait_for(lambda: not is_being_changed(local.settings), PATIENCE)
    assert local.announced("jobs/3/1/manifest.json") == ["jobs/3/1/manifest.json"]


def test_server_that_dies_is_started_again(local: LocalStack, watcher: Watcher) -> None:
    """Leave the others alone, and tell the signal that ended what the supervisor had started."""
    # The first may be killed while it waits for its second try.
    assert wait_for(lambda: local.pids()["postgres"] is not None, PATIENCE)
    before = local.pids()

    local.kill("postgres")
    assert wait_for(lambda: local.pids()["postgres"] not in (None, before["postgres"]), PATIENCE)

    assert watcher.heals(), watcher.said()
    assert "postgres died of SIGKILL" in watcher.said()
    assert {**local.pids(), "postgres": 0} == {**before, "postgres": 0}


def test_second_supervisor_is_refused(local: LocalStack, watcher: Watcher) -> None:
    """Reject it, because two would start everything twice."""
    with pytest.raises(Exception, match="supervises this stack already"):
        stack.watch(local.settings, lambda line: None, lambda settings: None)


def test_supervisor_stops_everything_when_it_is_told_to_end(
    local: LocalStack, watcher: Watcher
) -> None:
    """Stop every server, and find the stored data the next time."""
    local.keep("before-sigterm")

    code = watcher.end(signal.SIGTERM)

    assert (code, set(local.states().values())) == (0, {"stopped"})
    assert [name for name, server in servers(local).items() if server.strays()] == []
    local.up()
    assert local.kept("before-sigterm") == (True, True)


def servers(local: LocalStack) -> dict[str, stack.Server]:
    """Return every server by its name."""
    return {each.server.name: each.server for each in stack.components_of(local.settings)}


@pytest.mark.parametrize("asking", supervisor.END_SIGNALS, ids=lambda each: each.name)
def test_signal_that_ends_the_supervisor_lets_it_finish(asking: signal.Signals) -> None:
    """Note it, instead of ending in the middle; afterwards it does what it did before."""
    before = signal.getsignal(asking)

    with supervisor._end_signals() as over:
        is_over = over.is_set()
        signal.raise_signal(asking)

    assert (is_over, over.is_set(), signal.getsignal(asking)) == (False, True, before)


def test_supervisor_ends_when_the_stack_is_taken_down(local: LocalStack) -> None:
    """End instead of restarting what `control down` stopped."""
    said: list[str] = []

    stack.watch(local.settings, said.append, lambda settings: local.down())

    assert said[-1] == "control down stopped the stack; supervision ends"
    assert set(local.states().values()) == {"stopped"}


def test_pause_grows_with_each_death_and_is_forgotten_by_a_stable_run() -> None:
    """Bound the work spent on a server that cannot run."""
    patience = Patience(started=0.0)

    pauses = [patience.failed(now) for now in (1, 2, 3, 4, 5, 6, 7, 8, 9)]

    assert pauses == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert patience.failed(supervisor.STABLE_SECONDS + 1) == 0


def test_server_that_cannot_start_is_told_with_its_cause(local: LocalStack) -> None:
    """Try it again later while the others go on."""
    control_file = local.settings.data_dir / "postgres" / "global" / "pg_control"
    said: list[str] = []
    watching = Supervisor(local.settings, said.append)
    local.kill("postgres")
    control_file.rename(control_file.with_suffix(".aside"))

    still_up = watching.look()

    control_file.with_suffix(".aside").rename(control_file)
    assert still_up
    assert any("files are missing from the data directory" in line for line in said), said
    assert any("postgres is tried again in 1 s" in line for line in said), said
