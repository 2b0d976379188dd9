"""Find the endpoints of an OpenID Connect provider, and ask for tokens."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request

from control.errors import ControlError
from control.web import NO_ANSWER, Answer, ask, require_secure

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
# How long a token lasts if neither the provider nor the token says so.
_SHORT = 300.0


@dataclass(frozen=True)
class Provider:
    """The endpoints of a provider that sign somebody in without a browser of ours."""

    issuer: str
    device_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None


@dataclass(frozen=True)
class Tokens:
    """What a provider gave. A refresh token may be missing."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_at: float


class Refusal(Exception):
    """An error of the provider, by its code in RFC 6749 or RFC 8628."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{description or 'no reason given'} ({code})")
        self.code = code


def discover(issuer: str) -> Provider:
    """Read the configuration that a provider publishes."""
    base = require_secure("the issuer", issuer)
    url = f"{base}/.well-known/openid-configuration"
    try:
        answer = ask(Request(url, headers={"Accept": "application/json"}))
    except NO_ANSWER as error:
        raise ControlError(f"no provider answers at {url}", "check the issuer") from error
    found = answer.object()
    # Another issuer would mean that somebody else's configuration arrived.
    if answer.status != 200 or f"{found.get('issuer')}".rstrip("/") != base:
        raise ControlError(
            f"{url} is not the configuration of {base}",
            "give the issuer exactly as the provider names it",
        )
    if not isinstance(found.get("device_authorization_endpoint"), str):
        raise ControlError(
            f"{base} has no device flow", "allow the device flow in the settings of the client"
        )
    revocation = found.get("revocation_endpoint")
    return Provider(
        base,
        require_secure("the device endpoint", found["device_authorization_endpoint"]),
        require_secure("the token endpoint", f"{found.get('token_endpoint')}"),
        require_secure("the revocation endpoint", revocation) if revocation else None,
    )


def post_form(url: str, fields: Mapping[str, str]) -> Answer:
    """Post a form, as OAuth has it; NO_ANSWER if none arrives."""
    return ask(Request(url, data=urlencode(fields).encode(), headers=_FORM, method="POST"))


def request_tokens(
    token_endpoint: str, fields: Mapping[str, str], clock: Callable[[], float] = time.time
) -> Tokens:
    """Return the tokens that a grant gives; Refusal if the provider refuses it."""
    answer = post_form(token_endpoint, fields)
    given = answer.object()
    if answer.status != 200:
        code = given.get("error") or f"http_{answer.status}"
        raise Refusal(f"{code}", f"{given.get('error_description') or ''}")
    access, refresh = given.get("access_token"), given.get("refresh_token")
    claims = _claims(access) if isinstance(access, str) else None
    if not isinstance(access, str) or claims is None:
        raise ControlError(
            "the provider gives no access token that is a JSON web token",
            "let --audience name the API as the provider knows it",
        )
    return Tokens(
        access,
        refresh if isinstance(refresh, str) and refresh else None,
        _end(given.get("expires_in"), claims.get("exp"), clock()),
    )


def _end(seconds: object, exp: object, now: float) -> float:
    """Return when a token ends: the earlier time, if the answer and the token differ."""
    ends = [now + seconds] if isinstance(seconds, int | float) else []
    ends += [float(exp)] if isinstance(exp, int | float) else []
    return min(ends, default=now + _SHORT)


def _claims(token: str) -> dict[str, Any] | None:
    """Return the claims of a token, which the API verifies and we do not."""
    parts = token.split(".")
    try:
        body = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(urlsafe_b64decode(body)) if len(parts) == 3 else None
    except (IndexError, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
