"""The load generator, the same for every server: wrk, with what it counted as JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from control.errors import ControlError

CONNECTIONS = 8
MOST_SECONDS = 60

# The token goes through a file, because everybody can read a command line.
SCRIPT = """\
wrk.headers["Authorization"] = "Bearer %s"
function done(summary, latency, requests)
    local failed = summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.status + summary.errors.timeout
    io.stderr:write(string.format(
        '{"requests": %%d, "microseconds": %%d, "failed": %%d, "bytes": %%d, "p50": %%d, "p99": %%d}',
        summary.requests, summary.duration, failed, summary.bytes,
        latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What the server did under load."""

    requests_per_second: float
    bytes_per_request: float
    p50_ms: float
    p99_ms: float


def require_wrk() -> None:
    """Say so before anything is built when the load generator is missing."""
    if shutil.which("wrk") is None:
        raise ControlError(
            "wrk, which makes the load, is not installed",
            "apt-get install wrk, or any other package of it",
        )


def load(url: str, token: str, seconds: int, connections: int = CONNECTIONS) -> Load:
    """Ask for one URL as fast as it is answered; anything but success is an error.

    A server that answers nothing within the time gets more, so that its rate is above zero.
    """
    require_wrk()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        os.chmod(script.name, 0o600)
        script.write(SCRIPT % token)
        script.flush()
        counted = {"requests": 0, "failed": 0}
        while not counted["requests"]:
            counted = _run_wrk(url, script.name, seconds, connections)
            if counted["failed"] or seconds > MOST_SECONDS:
                raise ControlError(f"{url} failed under load: {counted}", "look at its log")
            seconds *= 3
    return Load(
        counted["requests"] / counted["microseconds"] * 1e6,
        counted["bytes"] / counted["requests"],
        counted["p50"] / 1000,
        counted["p99"] / 1000,
    )


def _run_wrk(url: str, script: str, seconds: int, connections: int) -> dict[str, int]:
    done = subprocess.run(
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{MOST_SECONDS}s"),
            *("-s", script, url),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    counted: dict[str, int] = json.loads(done.stderr)
    return counted
