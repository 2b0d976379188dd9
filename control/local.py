"""Reach the servers of the local stack at their own addresses, whatever the environment says.

A proxy, a PGSERVICE or an AWS profile is meant for other servers, and could only make a healthy
local one look dead. They apply as usual to addresses set by hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener, urlopen

from control.errors import ControlError
from control.settings import Settings

if TYPE_CHECKING:
    import psycopg


def is_ours(settings: Settings, key: str) -> bool:
    """Return whether this setting is an address that `control up` wrote."""
    if not settings.is_local:
        return False
    try:
        value = getattr(settings, key)
        ours = json.loads(settings.state_file.read_text()).get(key)
        return value is not None and bool(value == ours)
    # A ControlError: the secret of an address set by hand cannot be read.
    except (OSError, ValueError, AttributeError, ControlError):
        return False


@contextmanager
def without_variables(*prefixes: str) -> Iterator[None]:
    """Hide the environment variables with these prefixes, for libraries that always read them."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def connect_here(url: str, **options: Any) -> psycopg.Connection:
    """Connect to a database of the local stack, in autocommit, using nothing but the URL."""
    # Imported here, so that commands without a database start quickly.
    import psycopg

    with without_variables("PG"):
        return psycopg.connect(url, autocommit=True, **options)


def open_url(request: Request, seconds: float) -> HTTPResponse:
    """Send a request: directly to this machine, through the environment's proxies to others."""
    opener = _direct.open if _is_loopback(request.full_url) else urlopen
    return cast(HTTPResponse, opener(request, timeout=seconds))


def forward(request: Request, seconds: float) -> HTTPResponse | HTTPError:
    """Send a request and return the answer, whatever its status.

    A redirect is an answer, too: following it would give the headers to another server.
    """
    opener = _direct if _is_loopback(request.full_url) else _through_proxies
    try:
        return cast(HTTPResponse, opener.open(request, timeout=seconds))
    except HTTPError as answer:
        return answer


class _NoRedirects(HTTPRedirectHandler):
    """Follow no redirects: a server that redirects is not one of the local stack."""

    def redirect_request(self, *_: Any) -> None:
        return None


_direct = build_opener(ProxyHandler({}), _NoRedirects)
_through_proxies = build_opener(_NoRedirects)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
