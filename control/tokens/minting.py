"""Mint tokens: the claims, the signature, and the options of `control token issue`."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from control.settings import AUDIENCE
from control.tokens.keys import Algorithm, Key, KeySet
from control.tokens.terms import GROUP_ROLES, LONGEST_LIFETIME

ISSUER = "aspen-control"
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Claims = dict[str, Any]


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
    """Return the claims of a token; an override replaces a claim, None leaves it out."""
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
    """Sign exactly these claims, however odd they are."""
    return sign_with(keys.signing(alg), claims)


def sign_with(key: Key, claims: Claims) -> str:
    """Sign with a given key, even one that no longer signs, to see it rejected."""
    payload = json.dumps(claims, separators=(",", ":")).encode()
    # PyJWS, because PyJWT checks types, and tests need tokens with wrong ones.
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
    """Mint a token; without `groups` the API reads the memberships from the database."""
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


def parse_groups(text: str) -> dict[int, str]:
    """Parse `3:admin,12:viewer`; ValueError says which entry is wrong."""
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
    """Parse `30s`, `15m`, `1h` or `7d`; ValueError says what is wrong."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text, re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is not a number and a unit, such as 30s, 15m, 1h or 7d")
    lifetime = timedelta(**{UNITS[match[2]]: int(match[1])})
    if lifetime > LONGEST_LIFETIME:
        raise ValueError(f"{text} is longer than {LONGEST_LIFETIME.days}d")
    return lifetime
