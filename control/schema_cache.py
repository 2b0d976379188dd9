"""Whether PostgREST has read the schema that was just loaded."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from enum import Enum

from control.errors import ControlError

_PATIENCE_SECONDS = 20.0
_REQUEST_TIMEOUT_SECONDS = 5.0


class ApiState(Enum):
    """What became of telling the API about a load."""

    NOT_ASKED = "no API URL is configured"
    NOT_RUNNING = "the API is not running; it reads the schema when it starts"
    CURRENT = "the API serves this schema"


def wait_for_api(api_url: str | None, probe: str) -> ApiState:
    """Ask for a function of the new schema until the API knows it.

    404 means that the function is unknown; anything else, a refusal above all, that it is known.
    Fails when the API does not come to know it.
    """
    if api_url is None:
        return ApiState.NOT_ASKED
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        status = _status_of(f"{api_url.rstrip('/')}/rpc/{probe}")
        if status is None:
            return ApiState.NOT_RUNNING
        # 5xx: it is starting or reconnecting, and has no schema at all yet.
        if status != 404 and status < 500:
            return ApiState.CURRENT
        time.sleep(0.05)
    raise ControlError(
        f"the database is up to date, but {api_url} still serves its old schema",
        "check that this API belongs to this database and has db-channel-enabled on, or restart it",
    )


def _status_of(url: str) -> int | None:
    """The HTTP status of a GET; None when nobody listens, 504 when there is no answer in time."""
    try:
        with urllib.request.urlopen(url, timeout=_REQUEST_TIMEOUT_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:
        return None if isinstance(error.reason, ConnectionRefusedError) else 504
    except TimeoutError:
        return 504
