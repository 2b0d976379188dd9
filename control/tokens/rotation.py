"""Replace keys while tokens are in use: rotate, retire, trust; each has a dry run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import Request

from control.errors import ControlError
from control.local import open_url
from control.tokens.keys import (
    Key,
    KeySet,
    find_keys,
    load_keys,
    locked,
    store,
    write_verification_jwks,
)
from control.tokens.minting import claims_for, sign_with
from control.tokens.trusted_keys import parse_trusted, require_usable

if TYPE_CHECKING:
    import psycopg

RELOADED_WITHIN_SECONDS = 5
# PostgREST's code for a signature it cannot verify. 12.0.2 has the same code for a wrong audience,
# which shows that the signature was valid.
SIGNATURE_REFUSED = b"PGRST301"
AUDIENCE_REFUSED = b"JWTNotInAudience"


@dataclass(frozen=True)
class Change:
    """The keys before and after a command, and a sentence for each given key that is left out."""

    before: KeySet
    after: KeySet
    left_out: tuple[str, ...] = ()

    def outcome(self) -> dict[str, str]:
        """Return what each key is for from now on; `dropped` if its tokens are rejected."""
        now = self.after.purposes()
        return now | {kid: "dropped" for kid in self.before.purposes() if kid not in now}

    def dropped(self) -> list[Key]:
        """Return our own keys that no longer verify."""
        kept = {key.kid for key in self.after.keys}
        return [key for key in self.before.keys if key.kid not in kept]


def rotate(
    directory: Path,
    *,
    drop_old: bool = False,
    dry_run: bool = False,
    announce: Callable[[Change], None] | None = None,
) -> Change:
    """Create new signing keys, also the first ones; `drop_old` is for a key that leaked.

    `announce` is called once the new keys are among those that PostgREST reads, and before the
    first token is signed with them.
    """
    return _change(directory, lambda keys: keys.rotated(drop_old=drop_old), dry_run, announce)


def retire(directory: Path, *, dry_run: bool = False) -> Change:
    """Stop accepting the tokens of keys that no longer sign."""
    load_keys(directory)
    return _change(directory, KeySet.retired, dry_run)


def trust(directory: Path, document: str | bytes, *, dry_run: bool = False) -> Change:
    """Accept the tokens that an identity provider's JWKS verifies."""
    published = parse_trusted(document)
    trusted = require_usable(published)
    load_keys(directory)
    change = _change(directory, lambda keys: keys.trusting(trusted), dry_run)
    return replace(change, left_out=published.left_out)


def _change(
    directory: Path,
    step: Callable[[KeySet], KeySet],
    dry_run: bool,
    announce: Callable[[Change], None] | None = None,
) -> Change:
    if dry_run:
        before = find_keys(directory)
        return Change(before, step(before))
    with locked(directory):
        before = find_keys(directory)
        change = Change(before, step(before))
        if announce is not None:
            write_verification_jwks(change.after, change.after.jwks_path)
            announce(change)
        store(change.after)
        return change


def reload_keys(conn: psycopg.Connection, api_urls: Iterable[str], change: Change) -> None:
    """Have every PostgREST on this database read its keys again, and check that these did."""
    conn.execute("notify pgrst, 'reload config'")
    deadline = time.monotonic() + RELOADED_WITHIN_SECONDS
    for api_url in api_urls:
        while not _reloaded(api_url, change):
            if time.monotonic() > deadline:
                raise ControlError(
                    f"{api_url} does not use the new keys",
                    "see that its jwt-secret is the jwks.json of this key directory, then restart"
                    " it",
                )
            time.sleep(0.02)


def _reloaded(api_url: str, change: Change) -> bool:
    """Return whether the API accepts tokens of new keys and rejects those of dropped secrets."""
    # The user does not matter: a wrong signature is rejected before the user is looked up.
    claims = claims_for(sub="-", role="member", ttl=timedelta(minutes=1))
    good = [sign_with(key, claims) for key in change.after.keys if key.signs]
    bad = [sign_with(key, claims) for key in change.dropped() if key.algorithm == "HS256"]
    return all(_signature_accepted(api_url, token) for token in good) and not any(
        _signature_accepted(api_url, token) for token in bad
    )


def _signature_accepted(api_url: str, token: str) -> bool:
    request = Request(f"{api_url}/rpc/health", headers={"Authorization": f"Bearer {token}"})
    try:
        with open_url(request, RELOADED_WITHIN_SECONDS):
            return True
    except HTTPError as refusal:
        body = refusal.read()
        return SIGNATURE_REFUSED not in body or AUDIENCE_REFUSED in body
    except URLError as error:
        raise ControlError(
            f"the new keys are stored, but {api_url} does not answer: {error.reason}",
            "start PostgREST; it reads the new keys when it starts",
        ) from error
