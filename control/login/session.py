"""Begin, renew and end the login to an API."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from control.errors import ControlError
from control.login.provider import Provider, Refusal, Tokens, post_form, request_tokens
from control.login.stores import Login, Logins, Store
from control.web import NO_ANSWER

# A token is renewed when it ends within this time: a request may take a minute.
SPARE_SECONDS = 60.0


def begin(
    logins: Logins, store: Store, provider: Provider, client_id: str, api_url: str, tokens: Tokens
) -> None:
    """Keep a login for the API that it is meant for."""
    login = Login(
        api_url,
        provider.issuer,
        client_id,
        provider.token_endpoint,
        provider.revocation_endpoint,
        tokens.access,
        tokens.refresh,
        tokens.expires_at,
    )
    with logins.turn():
        logins.keep(login, store)


def current_token(
    logins: Logins, api_url: str, clock: Callable[[], float] = time.time
) -> str | None:
    """Return a token that lasts for a request, a new one if need be; None without a login."""
    found = logins.find()
    if found is None:
        return None
    _require_same(found[1], api_url)
    if found[1].expires_at - clock() > SPARE_SECONDS:
        return found[1].access_token
    with logins.turn():
        # Another command may have renewed it, or signed out, while this one waited.
        found = logins.find()
        if found is None:
            return None
        store, login = found
        _require_same(login, api_url)
        if login.expires_at - clock() > SPARE_SECONDS:
            return login.access_token
        renewed = _renewed(login, clock)
        logins.keep(renewed, store)
    return renewed.access_token


def end(logins: Logins) -> str | None:
    """Forget the login; return why the provider does not end it, too, or None."""
    with logins.turn():
        try:
            found = logins.find()
        except ControlError:
            # One that cannot be read is forgotten all the same.
            logins.forget()
            return "the login could not be read, so the provider still knows it"
        logins.forget()
    if found is None:
        raise ControlError("nobody is signed in")
    return _revoke(found[1])


def _revoke(login: Login) -> str | None:
    if login.revocation_endpoint is None or login.refresh_token is None:
        return "the provider cannot end it: the token works until it expires"
    fields = {
        "token": login.refresh_token,
        "token_type_hint": "refresh_token",
        "client_id": login.client_id,
    }
    try:
        answer = post_form(login.revocation_endpoint, fields)
    except NO_ANSWER:
        return f"{login.issuer} did not answer, and still knows it"
    return None if answer.status == 200 else f"{login.issuer} refused to end it"


def _renewed(login: Login, clock: Callable[[], float]) -> Login:
    if login.refresh_token is None:
        raise _ended()
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": login.refresh_token,
        "client_id": login.client_id,
    }
    try:
        tokens = request_tokens(login.token_endpoint, fields, clock)
    except NO_ANSWER as error:
        raise ControlError(f"{login.issuer} does not answer", "try again later") from error
    except Refusal as refusal:
        if refusal.code == "invalid_grant":
            raise _ended() from refusal
        raise ControlError(
            f"the provider does not renew the login: {refusal}", "try again, or run control login"
        ) from refusal
    return replace(
        login,
        access_token=tokens.access,
        # A provider that does not rotate them sends no new one.
        refresh_token=tokens.refresh or login.refresh_token,
        expires_at=tokens.expires_at,
    )


def _require_same(login: Login, api_url: str) -> None:
    if login.api_url != api_url:
        raise ControlError(
            f"the login is for {login.api_url}, and not for {api_url}", "run control login"
        )


def _ended() -> ControlError:
    return ControlError("the login has ended", "run control login")
