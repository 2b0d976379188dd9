"""Find out whether PostgREST has read the schema that was just loaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request

from control.errors import ControlError
from control.local import is_ours, open_url
from control.settings import Settings

RunningApis = Callable[[Settings], list[str]]

_PATIENCE_SECONDS = 20.0
_REQUEST_TIMEOUT_SECONDS = 5.0


class ApiState(Enum):
    """What became of telling the API about a load."""

    NOT_ASKED = "no API URL is configured"
    NOT_RUNNING = "the API is not running; it reads the schema when it starts"
    CURRENT = "the API serves this schema"


def configured_api(settings: Settings) -> list[str]:
    """Return the address the settings name, whoever listens there."""
    return [] if settings.api_url is None else [settings.api_url]


def await_schema(settings: Settings, probe: str, running_apis: RunningApis) -> ApiState:
    """Wait until the API of these settings serves the schema that `probe` belongs to.

    `running_apis` returns the address of each PostgREST of the local stack while its process lives,
    so that another program which took the port of a stopped one is not asked.
    """
    if not is_ours(settings, "api_url"):
        return wait_for_api(settings.api_url, probe)
    states = {wait_for_api(url, probe) for url in running_apis(settings)}
    return ApiState.CURRENT if ApiState.CURRENT in states else ApiState.NOT_RUNNING


def wait_for_api(api_url: str | None, probe: str) -> ApiState:
    """Ask for a function of the new schema until the API knows it.

    404 means that the function is unknown; anything else, a refusal above all, that it is known.
    Fails when the API does not come to know it.
    """
    if api_url is None:
        return ApiState.NOT_ASKED
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    status: int | None = None
    while time.monotonic() < give_up_at:
        status = _status_of(f"{api_url.rstrip('/')}/rpc/{probe}")
        if status is None:
            return ApiState.NOT_RUNNING
        # 5xx: it is starting or reconnecting, and has no schema at all yet.
        if status != 404 and status < 500:
            return ApiState.CURRENT
        time.sleep(0.05)
    if status != 404:
        raise ControlError(
            f"the database is up to date, but {api_url} answers {status} for"
            f" {_PATIENCE_SECONDS:.0f} s: it cannot be said which schema it serves",
            "check that PostgREST behind it runs and reaches its database",
        )
    raise ControlError(
        f"the database is up to date, but {api_url} still serves its old schema",
        "check that this API belongs to this database and has db-channel-enabled on, or restart it",
    )


def _status_of(url: str) -> int | None:
    """Return the HTTP status of a GET; None when nobody listens, 504 without an answer in time."""
    try:
        with open_url(Request(url), _REQUEST_TIMEOUT_SECONDS) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except URLError as error:
        return None if isinstance(error.reason, ConnectionRefusedError) else 504
    except (OSError, HTTPException):
        return 504
