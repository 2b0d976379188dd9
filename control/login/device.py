"""Sign somebody in by the device flow (RFC 8628): they confirm a code in a browser anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from control.errors import ControlError
from control.login.provider import Provider, Refusal, Tokens, post_form, request_tokens
from control.web import NO_ANSWER

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# What RFC 8628 says: the interval if the provider names none, and what slow_down adds to it.
INTERVAL = 5.0
SLOWER = 5.0
LONGEST_CODE = 3600.0


@dataclass(frozen=True)
class Code:
    """A code that somebody has to confirm."""

    device_code: str = field(repr=False)
    user_code: str
    address: str
    complete_address: str | None
    seconds: float
    interval: float


def request_code(provider: Provider, client_id: str, scope: str, audience: str) -> Code:
    """Ask the provider for a code."""
    fields = {"client_id": client_id, "scope": scope, "audience": audience}
    try:
        answer = post_form(provider.device_endpoint, fields)
    except NO_ANSWER as error:
        raise ControlError(f"{provider.issuer} does not answer", "try again later") from error
    given = answer.object()
    if answer.status != 200:
        reason = given.get("error_description") or given.get("error") or answer.status
        raise ControlError(
            f"{provider.issuer} gives no code: {reason}",
            "check the client's id, and that it may use the device flow",
        )
    device_code, user_code = given.get("device_code"), given.get("user_code")
    address = given.get("verification_uri") or given.get("verification_url")
    complete = given.get("verification_uri_complete")
    if not all(isinstance(one, str) and one for one in (device_code, user_code, address)):
        raise ControlError(f"{provider.issuer} gives no usable code", "check the issuer")
    return Code(
        f"{device_code}",
        f"{user_code}",
        f"{address}",
        complete if isinstance(complete, str) else None,
        min(_number(given.get("expires_in"), 900.0), LONGEST_CODE),
        _number(given.get("interval"), INTERVAL),
    )


def wait_for_tokens(
    provider: Provider,
    client_id: str,
    code: Code,
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Tokens:
    """Ask until the code is confirmed, no faster than the provider wants."""
    fields = {"grant_type": GRANT, "device_code": code.device_code, "client_id": client_id}
    interval, deadline = code.interval, clock() + code.seconds
    while clock() < deadline:
        pause(interval)
        try:
            return request_tokens(provider.token_endpoint, fields)
        except NO_ANSWER:
            # RFC 8628 has clients ask more and more rarely.
            interval *= 2
        except Refusal as refusal:
            if refusal.code == "slow_down":
                interval += SLOWER
            elif refusal.code == "access_denied":
                raise ControlError("the sign-in was refused in the browser") from refusal
            elif refusal.code == "expired_token":
                break
            elif refusal.code.startswith("http_5"):
                interval *= 2
            elif refusal.code != "authorization_pending":
                raise ControlError(f"the provider refuses the sign-in: {refusal}") from refusal
    raise ControlError("nobody confirmed the code in time", "run control login again")


def _number(value: Any, otherwise: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value >= 0 else otherwise
