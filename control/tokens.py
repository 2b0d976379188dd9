"""Minting a token, and telling what is in one and whether the API would take it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from control.errors import ControlError
from control.keys import Algorithm, Key, KeySet
from control.settings import AUDIENCE

ISSUER = "aspen-control"
# As in aspen.users.
LONGEST_SUBJECT = 255
ROLES = ("member", "operator")
GROUP_ROLES = ("admin", "member", "viewer")

# PostgREST allows this much between its clock and the issuer's.
CLOCK_SKEW = timedelta(seconds=30)
# A single token cannot be taken back, only all of a user's at once: so none lives long.
LONGEST_LIFETIME = timedelta(days=30)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

PASSES = "passes: signature, dates and audience; the API goes on to ask the database about the user"

Claims = dict[str, Any]


@dataclass(frozen=True)
class Inspection:
    """What a token says, and why the API would refuse it before asking the database who this is."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    verified_by: str | None
    problems: tuple[str, ...]

    def as_json(self) -> str:
        """All of it for machines."""
        return json.dumps(asdict(self), indent=2)

    def as_text(self) -> str:
        """All of it for people, the verdict last."""
        named = [*self.header.items(), *self.claims.items()]
        lines = [f"{_escaped(name):<12}{_readable(name, value)}" for name, value in named]
        verdict = [f"refused: {problem}" for problem in self.problems] or [PASSES]
        return "\n".join([*lines, f"{'verified by':<12}{self.verified_by or 'no key'}", *verdict])


def claims_for(
    *,
    sub: str,
    role: str,
    groups: Mapping[int, str] | None = None,
    ttl: timedelta,
    now: datetime | None = None,
    not_before: datetime | None = None,
    **overrides: object,
) -> Claims:
    """The claims of a token; an override replaces a claim, an override of None leaves it out."""
    issued_at = now or datetime.now(UTC)
    claims: Claims = {
        "sub": sub,
        "role": role,
        "aud": AUDIENCE,
        "iss": ISSUER,
        "iat": int(issued_at.timestamp()),
        "exp": int(((not_before or issued_at) + ttl).timestamp()),
        "jti": secrets.token_hex(16),
    }
    if not_before is not None:
        claims["nbf"] = int(not_before.timestamp())
    if groups is not None:
        claims["groups"] = {str(group_id): group_role for group_id, group_role in groups.items()}
    return {name: value for name, value in (claims | overrides).items() if value is not None}


def sign(keys: KeySet, claims: Claims, alg: Algorithm = "HS256") -> str:
    """A token of exactly these claims, however odd they are."""
    return sign_with(keys.signing(alg), claims)


def sign_with(key: Key, claims: Claims) -> str:
    """The same with a key that may have stopped signing, to see that it is refused."""
    payload = json.dumps(claims, separators=(",", ":")).encode()
    # PyJWS rather than PyJWT: the latter checks types, and tests need tokens with bad ones.
    return jwt.PyJWS().encode(payload, key.signer, key.algorithm, headers={"kid": key.kid})


def mint(
    keys: KeySet,
    *,
    sub: str,
    role: str,
    groups: Mapping[int, str] | None = None,
    ttl: timedelta,
    alg: Algorithm = "HS256",
    now: datetime | None = None,
    not_before: datetime | None = None,
    **overrides: object,
) -> str:
    """A signed token; without `groups` the API takes the caller's memberships from the database."""
    claims = claims_for(
        sub=sub,
        role=role,
        groups=groups,
        ttl=ttl,
        now=now,
        not_before=not_before,
        **overrides,
    )
    return sign(keys, claims, alg)


def inspect(
    keys: KeySet, token: str, *, audience: str = AUDIENCE, now: datetime | None = None
) -> Inspection:
    """Read a token without trusting it; the signature itself is not part of the answer."""
    header, claims = _decode(token)
    verified_by = _verifying_kid(keys, token, header)
    problems = (
        *_signature_problems(header, verified_by),
        *_claim_problems(claims, audience, now or datetime.now(UTC)),
    )
    return Inspection(header, claims, verified_by, problems)


def parse_groups(text: str) -> dict[int, str]:
    """`3:admin,12:viewer` as a mapping; ValueError says which entry is wrong."""
    groups: dict[int, str] = {}
    for entry in text.split(","):
        group_id, role = _parse_group(entry.strip())
        if group_id in groups:
            raise ValueError(f"group {group_id} is named twice")
        groups[group_id] = role
    return groups


def _parse_group(entry: str) -> tuple[int, str]:
    match = re.fullmatch(r"([1-9][0-9]{0,17}):(.*)", entry, re.ASCII)
    if match is None:
        raise ValueError(f"{entry!r} is not a group id and a role, such as 3:admin")
    if match[2] not in GROUP_ROLES:
        raise ValueError(f"{match[2]!r} is not a role; choose from {', '.join(GROUP_ROLES)}")
    return int(match[1]), match[2]


def parse_lifetime(text: str) -> timedelta:
    """`30s`, `15m`, `1h` or `7d` as a duration; ValueError says what is wrong."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text, re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is not a number and a unit, such as 30s, 15m, 1h or 7d")
    lifetime = timedelta(**{UNITS[match[2]]: int(match[1])})
    if lifetime > LONGEST_LIFETIME:
        raise ValueError(f"{text} is longer than {LONGEST_LIFETIME.days}d")
    return lifetime


def _decode(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        decoded = jwt.PyJWS().decode_complete(token, options={"verify_signature": False})
        claims = json.loads(decoded["payload"])
    except (jwt.PyJWTError, ValueError) as error:
        # The token itself stays out of the message: it may work somewhere.
        raise ControlError(
            "this is not a JSON web token",
            "give the three base64url parts joined by dots, as control token issue prints them",
        ) from error
    if not isinstance(claims, dict):
        raise ControlError(
            "the claims of this token are not a JSON object",
            "ask its issuer for a token rather than a signed value",
        )
    return decoded["header"], claims


def _verifying_kid(keys: KeySet, token: str, header: Mapping[str, Any]) -> str | None:
    """The key that verifies the token. Like PostgREST 12, any key of the right kind will do."""
    return next((kid for kid, verifies in _attempts(keys, token, header) if verifies), None)


def _attempts(keys: KeySet, token: str, header: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for key in keys.keys:
        if header.get("alg") == key.algorithm:
            yield key.kid, _verifies(token, key.verifier, key.algorithm)
    for jwk in keys.trusted:
        if header.get("alg") == jwk["alg"]:
            yield jwk["kid"], _verifies(token, jwt.PyJWK(dict(jwk)), jwk["alg"])


def _verifies(token: str, verifier: Any, alg: str) -> bool:
    try:
        jwt.PyJWS().decode_complete(token, verifier, algorithms=[alg])
    except jwt.PyJWTError:
        return False
    return True


def _signature_problems(header: Mapping[str, Any], verified_by: str | None) -> Iterator[str]:
    if verified_by is None:
        yield "none of our keys verifies the signature"
    elif header.get("kid") != verified_by:
        yield f"kid does not name {verified_by}, which verifies it (PostgREST 13 asks for that)"


def _claim_problems(claims: Mapping[str, Any], expected: str, now: datetime) -> Iterator[str]:
    for name in ("sub", "role"):
        if not isinstance(claims.get(name), str) or not claims[name]:
            yield f"{name} is missing"
    audience = claims.get("aud")
    if expected not in (audience if isinstance(audience, list) else [audience]):
        yield f"aud is not {expected}"
    yield from _time_problems(claims, now)


def _time_problems(claims: Mapping[str, Any], now: datetime) -> Iterator[str]:
    expires_at = _moment(claims.get("exp"))
    if expires_at is None:
        yield "exp is missing or not a time"
    elif expires_at + CLOCK_SKEW <= now:
        yield f"expired at {expires_at.isoformat()}"
    for name, meaning in (("nbf", "not valid before"), ("iat", "issued in the future, at")):
        starts_at = _moment(claims.get(name))
        if starts_at is not None and starts_at - CLOCK_SKEW > now:
            yield f"{meaning} {starts_at.isoformat()}"


def _moment(claim: object) -> datetime | None:
    """A NumericDate claim as a time; None when it is not one."""
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        return None
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _readable(name: str, value: object) -> str:
    moment = _moment(value) if name in ("iat", "nbf", "exp") else None
    return json.dumps(value) if moment is None else f"{value} ({moment.isoformat()})"


def _escaped(name: str) -> str:
    """A claim's name without quotes; a stranger chose it, so no control character gets through."""
    return json.dumps(name)[1:-1]
