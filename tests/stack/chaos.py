"""Break a local stack at random and bring it up again: `make chaos ARGS="--only stack --seed 7"`.

Each round does one to three things that a kernel or a colleague may do, then runs `control up` once
and checks: does everything run and answer, is everything there that was stored, and is no server
there twice?
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from control import stack
from control.stack.ports import any_free
from control.stack.process import start_mark, wait_for
from tests.servers import SETTINGS
from tests.stack.conftest import SERVERS, LocalStack

Action = Callable[["Chaos"], str]


class Chaos:
    """One stack, one seed, and what has been stored so far."""

    def __init__(self, local: LocalStack, seed: int) -> None:
        self.local = local
        self.random = random.Random(seed)
        # Ports that a stranger holds until the end of a round.
        self.held = ExitStack()
        self.kept: list[str] = []

    def round(self, number: int) -> list[str]:
        """Break, bring up and check; return what is wrong afterwards."""
        self.kept.append(f"round-{number:03}")
        self.local.keep(self.kept[-1])
        done = [
            action(self) for action in self.random.choices(ACTIONS, k=self.random.randint(1, 3))
        ]
        try:
            self.local.up()
            wrong = self.wrong()
        except Exception as error:
            wrong = [f"up failed: {error}"]
        finally:
            self.held.close()
        return [f"round {number} after {'; '.join(done)}: {each}" for each in wrong]

    def wrong(self) -> list[str]:
        """Return what a healthy stack would not show."""
        states = self.local.states()
        found = [f"{name} is {state}" for name, state in states.items() if state != "running"]
        if not self.local.api_answers():
            found.append("the API does not answer")
        found += [f"{word} is lost" for word in self.kept if self.local.kept(word) != (True, True)]
        for component in stack.components_of(self.local.settings):
            leaders = [pid for pid in component.server.writers() if os.getsid(pid) == pid]
            # PostgreSQL gives each backend a session of its own.
            if component.server.name != "postgres" and len(leaders) != 1:
                found.append(f"{component.server.name} runs {len(leaders)} times")
        return found

    def some_server(self) -> str:
        """Choose one of the servers."""
        return self.random.choice(SERVERS)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a server, if it runs, and wait for its effect."""
        pid = read_pids(self.local).get(name)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            wait_for(lambda: start_mark(pid) is None, 20)


def server_of(local: LocalStack, name: str) -> stack.Server:
    """Return one of the servers by its name."""
    [found] = [
        each.server for each in stack.components_of(local.settings) if each.server.name == name
    ]
    return found


def read_pids(local: LocalStack) -> dict[str, int | None]:
    """Return the pids that can be read: an earlier action may have damaged a file."""
    with suppress(Exception):
        return local.pids()
    return {}


def kill_one(chaos: Chaos) -> str:
    """Kill one server with `kill -9`."""
    name = chaos.some_server()
    chaos.signal(name, signal.SIGKILL)
    return f"kill -9 of {name}"


def kill_all(chaos: Chaos) -> str:
    """Kill all, as when the machine runs out of memory."""
    for name in chaos.random.sample(SERVERS, len(SERVERS)):
        chaos.signal(name, signal.SIGKILL)
    return "kill -9 of all"


def end_one(chaos: Chaos) -> str:
    """Stop one politely, as a person would."""
    name = chaos.some_server()
    chaos.signal(name, signal.SIGTERM)
    return f"SIGTERM to {name}"


def lose_pid_file(chaos: Chaos) -> str:
    """Delete a file of .aspen/run."""
    name = chaos.some_server()
    chaos.local.pid_file(name).unlink(missing_ok=True)
    return f"pid file of {name} deleted"


def damage_pid_file(chaos: Chaos) -> str:
    """Truncate a pid file, as when the disk is full."""
    name = chaos.some_server()
    path = chaos.local.pid_file(name)
    if path.exists():
        os.truncate(path, chaos.random.randrange(path.stat().st_size + 1))
    return f"pid file of {name} truncated"


def name_a_stranger(chaos: Chaos) -> str:
    """Name another program's pid in a pid file, as after a reboot."""
    name = chaos.some_server()
    chaos.signal(name, signal.SIGKILL)
    path = chaos.local.pid_file(name)
    if path.exists():
        text = f'{{"pid": {os.getpid()}, "started": "earlier", "fingerprint": ""}}'
        path.write_text(text)
    return f"pid of {name} is a stranger's"


def lose_state(chaos: Chaos) -> str:
    """Delete env.json."""
    chaos.local.settings.state_file.unlink(missing_ok=True)
    return "env.json deleted"


def damage_state(chaos: Chaos) -> str:
    """Truncate env.json."""
    path = chaos.local.settings.state_file
    if path.exists():
        os.truncate(path, chaos.random.randrange(path.stat().st_size))
    return "env.json truncated"


def lose_postmaster_pid(chaos: Chaos) -> str:
    """Delete PostgreSQL's own pid file."""
    (chaos.local.settings.data_dir / "postgres" / "postmaster.pid").unlink(missing_ok=True)
    return "postmaster.pid deleted"


def lose_a_port(chaos: Chaos) -> str:
    """Kill a server and take its port before it comes back."""
    ports: dict[str, int] = {}
    with suppress(Exception):
        ports = chaos.local.remembered()["ports"]
    owners = {"postgres": "postgres", "s3": "ministack", "api": "nginx", "postgrest": "postgrest"}
    name = chaos.random.choice(sorted(owners))
    chaos.signal(owners[name], signal.SIGKILL)
    listener = chaos.held.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError, KeyError):
        listener.bind(("127.0.0.1", ports[name]))
        listener.listen()
    return f"port {name} taken"


def cut_off_up(chaos: Chaos) -> str:
    """Kill `control up` itself before it ends."""
    chaos.signal(chaos.some_server(), signal.SIGKILL)
    seconds = chaos.random.uniform(0.3, 4)
    with subprocess.Popen(
        [sys.executable, "-c", "from control.cli import main; main()", "up"],
        env={
            "PATH": os.environ["PATH"],
            "ASPEN_ROOT": str(SETTINGS.root),
            "ASPEN_DATA_DIR": str(chaos.local.settings.data_dir),
            "ASPEN_FIRST_PORT": str(chaos.local.settings.first_port),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as up:
        with suppress(subprocess.TimeoutExpired):
            up.wait(seconds)
        up.kill()
    return f"control up killed after {seconds:.1f} s"


def go_down(chaos: Chaos) -> str:
    """Run `control down`."""
    with suppress(Exception):
        chaos.local.down()
    return "control down"


ACTIONS: tuple[Action, ...] = (
    kill_one,
    kill_all,
    end_one,
    lose_pid_file,
    damage_pid_file,
    name_a_stranger,
    lose_state,
    damage_state,
    lose_postmaster_pid,
    lose_a_port,
    cut_off_up,
    go_down,
)


def run(local: LocalStack, seed: int, rounds: int) -> list[str]:
    """Break and heal this many times, and return everything that was wrong."""
    chaos = Chaos(local, seed)
    local.up()
    return [each for number in range(rounds) for each in chaos.round(number)]


def break_and_heal(seed: int, rounds: int) -> list[str]:
    """Do so on a stack of its own, and return what did not heal."""
    with tempfile.TemporaryDirectory(prefix="aspen-chaos-") as name:
        data = Path(name)
        data.chmod(0o755)
        local = LocalStack(
            replace(SETTINGS, data_dir=data, keys_dir=data / "keys", first_port=any_free())
        )
        try:
            return run(local, seed, rounds)
        finally:
            local.down()
