"""Ask servers whether they answer."""

from __future__ import annotations

import http.client
from urllib.request import Request

from control.local import open_url


def http_ok(url: str, seconds: float = 2) -> bool:
    """Return whether a GET of this URL answers 200 in time."""
    try:
        with open_url(Request(url), seconds) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False
