"""The load generator, the same for every server: wrk, with what it counted as JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from control.errors import ControlError
from tests.bench.processes import seconds_used

CONNECTIONS = 8
MOST_SECONDS = 60

# The token goes through a file, because everybody can read a command line.
SCRIPT = """\
wrk.headers["Authorization"] = "Bearer %s"
function done(summary, latency, requests)
    local failed = summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.status + summary.errors.timeout
    io.stderr:write(string.format(
        '{"requests": %%d, "microseconds": %%d, "failed": %%d}',
        summary.requests, summary.duration, failed))
end
"""


@dataclass(frozen=True)
class Service:
    """A server under test, with the processes that work for it, its database's too."""

    url: str
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Load:
    """What the server did under load."""

    requests_per_second: float
    processor_ms_per_request: float


def require_wrk() -> None:
    """Say so before anything is built when the load generator is missing."""
    if shutil.which("wrk") is None:
        raise ControlError(
            "wrk, which makes the load, is not installed",
            "apt-get install wrk, or any other package of it",
        )


def load(service: Service, path: str, token: str, seconds: int) -> Load:
    """Ask for one path as fast as it is answered; anything but success is an error.

    A server that answers nothing within the time gets more, so that its rate is above zero.
    """
    require_wrk()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        os.chmod(script.name, 0o600)
        script.write(SCRIPT % token)
        script.flush()
        counted = {"requests": 0, "failed": 0}
        used = 0.0
        while not counted["requests"]:
            before = seconds_used(service.pids)
            counted = _run_wrk(service.url + path, script.name, seconds)
            used = seconds_used(service.pids) - before
            if counted["failed"] or seconds > MOST_SECONDS:
                raise ControlError(f"{path} failed under load: {counted}", "look at the logs")
            seconds *= 3
    requests = counted["requests"]
    return Load(requests / counted["microseconds"] * 1e6, used / requests * 1000)


def _run_wrk(url: str, script: str, seconds: int) -> dict[str, int]:
    done = subprocess.run(
        [
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", f"{MOST_SECONDS}s"),
            *("-s", script, url),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    counted: dict[str, int] = json.loads(done.stderr)
    return counted
