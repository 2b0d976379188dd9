"""The load generator, the same for every server: wrk, with its counts as JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from control.errors import ControlError
from tests.bench.processes import seconds_used

CONNECTIONS = 8
MOST_SECONDS = 60

# The token goes through a file, because everybody can read a command line.
SCRIPT = """\
wrk.headers["Authorization"] = "Bearer %s"
wrk.headers["Content-Type"] = "application/json"
%s
function done(summary, latency, requests)
    local failed = summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.status + summary.errors.timeout
    io.stderr:write(string.format(
        '{"requests": %%d, "microseconds": %%d, "failed": %%d, "longest": %%d}',
        summary.requests, summary.duration, failed, latency.max))
end
"""
# Each connection goes round the list by itself.
MIX = """\
local mix, number = {%s}, 0
function request()
    number = number + 1
    local one = mix[number %% #mix + 1]
    local path, body = one[2]:gsub("%%%%d", number %% 1000), one[3]:gsub("%%%%d", number)
    return wrk.format(one[1], path, nil, body ~= "" and body or nil)
end
"""


@dataclass(frozen=True)
class Service:
    """A server under test, with the processes that work for it, its database's too."""

    url: str
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Load:
    """The rates and times of a server under load."""

    requests_per_second: float
    processor_ms_per_request: float
    longest_ms: float = 0.0


def require_wrk() -> None:
    """Require the load generator before anything is built."""
    if shutil.which("wrk") is None:
        raise ControlError(
            "wrk, which makes the load, is not installed",
            "apt-get install wrk, or any other package of it",
        )


def load(service: Service, path: str, token: str, seconds: int, prefer: str = "") -> Load:
    """Request one path as fast as it is answered; anything but success is an error.

    A server that answers nothing within the time gets more, so that its rate is above zero.
    """
    require_wrk()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        os.chmod(script.name, 0o600)
        script.write(SCRIPT % (token, f'wrk.headers["Prefer"] = "{prefer}"' if prefer else ""))
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


def load_mix(
    service: Service, requests: Sequence[tuple[str, str, str]], token: str, seconds: int
) -> Load:
    """Send requests in turn, each a method, a path and a body, as fast as they are answered.

    `%d` in them is the number of the request; anything but success is an error.
    """
    require_wrk()
    listed = ", ".join(
        "{" + ", ".join(json.dumps(part) for part in request) + "}" for request in requests
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        os.chmod(script.name, 0o600)
        script.write(SCRIPT % (token, MIX % listed))
        script.flush()
        before = seconds_used(service.pids)
        counted = _run_wrk(service.url, script.name, seconds)
        used = seconds_used(service.pids) - before
    if counted["failed"]:
        raise ControlError(f"requests failed under load: {counted}", "look at the logs")
    number = counted["requests"]
    return Load(
        number / counted["microseconds"] * 1e6, used / number * 1000, counted["longest"] / 1000
    )


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
