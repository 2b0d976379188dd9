"""Inspect tokens: show what one says, and whether the API would accept it."""

from __future__ import annotations

import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeGuard

import jwt

from control.errors import ControlError
from control.settings import AUDIENCE
from control.tokens.keys import KeySet
from control.tokens.terms import GROUP_ROLES, LONGEST_LIFETIME, ROLES
from control.tokens.trusted_keys import RSA_ALGORITHMS, verifying_key

# PostgREST allows this much between its clock and the issuer's.
CLOCK_SKEW = timedelta(seconds=30)
# The limit of authz.groups_claim_is_valid.
MOST_GROUPS = 1000
# PostgREST accepts every algorithm that fits a key, whatever alg or curve its JWK names.
SECRET_ALGORITHMS = ("HS256", "HS384", "HS512")
EC_ALGORITHMS = ("ES256", "ES384", "ES512")
# No issuer nests claims that deep, and deeper ones could not be printed.
DEEPEST_CLAIM = 64

PASSES = "passes: signature, dates and audience; the API then asks the database about the user"

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", re.ASCII
)


@dataclass(frozen=True)
class Inspection:
    """What a token says, and why the API would reject it before asking the database."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    verified_by: str | None
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(asdict(self), indent=2, default=str)

    def as_text(self) -> str:
        """Return everything as text, the verdict last."""
        named = [*self.header.items(), *self.claims.items()]
        lines = [f"{_escaped(name):<12}{_readable(name, value)}" for name, value in named]
        notes = [f"note: {note}" for note in self.notes]
        verdict = [f"refused: {problem}" for problem in self.problems] or [PASSES]
        verified_by = f"{'verified by':<12}{self.verified_by or 'no key'}"
        return "\n".join([*lines, verified_by, *notes, *verdict])


def inspect(
    keys: KeySet, token: str, *, audience: str = AUDIENCE, now: datetime | None = None
) -> Inspection:
    """Read a token without trusting it; the signature itself is not part of the answer.

    The rules are those of PostgREST 12 and of authz.identify_caller; tests/http compares the two.
    """
    parts = _Parts.of(token)
    verified_by = _verifying_kid(keys, parts)
    return Inspection(
        parts.header,
        parts.claims,
        verified_by,
        problems=(
            *_header_problems(parts.header, verified_by),
            *_claim_problems(parts.claims, audience, now or datetime.now(UTC)),
        ),
        notes=tuple(_header_notes(parts.header, verified_by)),
    )


@dataclass(frozen=True)
class _Parts:
    """A token split into its parts."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes = field(repr=False)

    @classmethod
    def of(cls, token: str) -> _Parts:
        """Split a token as strictly as PostgREST does."""
        try:
            header, claims, signature = (_from_base64url(part) for part in token.split("."))
            signed = token.rpartition(".")[0].encode()
            parts = cls(_json(header), _json(claims), signed, signature)
        except (ValueError, RecursionError) as error:
            # The token stays out of the message, because it may be valid somewhere.
            raise ControlError(
                "this is not a JSON web token",
                "give the three base64url parts joined by dots, as control token issue prints them",
            ) from error
        if not isinstance(parts.header, dict) or not isinstance(parts.claims, dict):
            raise ControlError(
                "the claims of this token are not a JSON object",
                "ask its issuer for a token rather than a signed value",
            )
        if _is_deep(parts.header) or _is_deep(parts.claims):
            raise ControlError(
                f"the claims of this token are nested more than {DEEPEST_CLAIM} deep",
                "ask its issuer for a token with plain claims",
            )
        return parts


def _is_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST_CLAIM):
        level = [
            part
            for outer in level
            for part in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True


def _from_base64url(part: str) -> bytes:
    decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4)) if part.isascii() else b""
    # Rejects padding, and characters or bits that decode to nothing.
    if urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
        raise ValueError("not base64url")
    return decoded


def _json(text: bytes) -> Any:
    return json.loads(
        text.decode(),
        parse_float=_number,
        parse_constant=_no_constant,
        object_pairs_hook=_first_of_each,
    )


def _number(text: str) -> float | Decimal:
    """Parse a number, including one too large for a float."""
    number = float(text)
    return number if math.isfinite(number) else Decimal(text)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keep the first of two members with one name, as PostgREST does."""
    return dict(reversed(pairs))


def _verifying_kid(keys: KeySet, parts: _Parts) -> str | None:
    """Return the key that verifies the token: like PostgREST 12, any key of the right kind."""
    return next((kid for kid, verifies in _attempts(keys, parts) if verifies), None)


def _attempts(keys: KeySet, parts: _Parts) -> Iterator[tuple[str, bool]]:
    alg = parts.header.get("alg")
    for key in keys.keys:
        if alg in (SECRET_ALGORITHMS if isinstance(key.verifier, bytes) else RSA_ALGORITHMS):
            yield key.kid, _verifies(parts, key.verifier)
    for jwk in keys.trusted:
        if alg in (RSA_ALGORITHMS if jwk["kty"] == "RSA" else EC_ALGORITHMS):
            yield jwk["kid"], _verifies(parts, verifying_key(jwk))


def _verifies(parts: _Parts, verifier: Any) -> bool:
    algorithm = jwt.get_algorithm_by_name(parts.header["alg"])
    return bool(algorithm.verify(parts.signed, verifier, parts.signature))


def _header_problems(header: Mapping[str, Any], verified_by: str | None) -> Iterator[str]:
    if verified_by is None:
        yield "no known key verifies the signature"
    if "crit" in header:
        yield "crit requires more than the API supports"
    for name in ("kid", "typ", "cty"):
        if not isinstance(header.get(name, ""), str):
            yield f"{name} is not text"


def _header_notes(header: Mapping[str, Any], verified_by: str | None) -> Iterator[str]:
    if verified_by is not None and header.get("kid") != verified_by:
        yield f"kid does not name {verified_by}, which verifies it (PostgREST 13 asks for that)"


def _claim_problems(claims: Mapping[str, Any], expected: str, now: datetime) -> Iterator[str]:
    yield from _caller_problems(claims)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected not in audiences or not all(_is_name(one) for one in audiences):
        yield f"aud is not {expected}"
    for name in ("iss", "sub"):
        if claims.get(name) is not None and not _is_name(claims[name]):
            yield f"{name} is neither text without a colon nor a URI"
    if not isinstance(claims.get("jti", ""), str | None):
        yield "jti is not text"
    yield from _time_problems(claims, now)
    if any(_UNSTORABLE.search(text) for text in _texts(claims)):
        yield "a claim holds a null character or a lone surrogate, which the database cannot read"


def _texts(claims: Mapping[str, Any]) -> Iterator[str]:
    """Yield every text in the claims, names included."""
    rest: list[Any] = [claims]
    while rest:
        match rest.pop():
            case str() as text:
                yield text
            case dict() as members:
                rest += [*members.keys(), *members.values()]
            case list() as items:
                rest += items


def _caller_problems(claims: Mapping[str, Any]) -> Iterator[str]:
    role = claims.get("role")
    if not isinstance(role, str) or not role:
        yield "role is missing"
        return
    if role == "job":
        job_id = claims.get("job_id")
        if not re.fullmatch(r"[1-9][0-9]{0,17}", f"{job_id}", re.ASCII):
            yield "job_id is not the id of a job"
        if not re.fullmatch(r"[1-9][0-9]{0,8}", f"{claims.get('attempt')}", re.ASCII):
            yield "attempt is not the number of an attempt"
        return
    if role not in ROLES:
        yield f"role is not one of {', '.join((*ROLES, 'job'))}"
    if claims.get("sub") in (None, ""):
        yield "sub is missing"
    if "groups" in claims and not _are_groups(claims["groups"]):
        yield "groups is not an object of at most 1000 group ids and roles"


def _are_groups(groups: object) -> bool:
    return (
        isinstance(groups, dict)
        and len(groups) <= MOST_GROUPS
        and all(
            re.fullmatch(r"[1-9][0-9]{0,17}", group_id, re.ASCII) and role in GROUP_ROLES
            for group_id, role in groups.items()
        )
    )


def _is_name(value: object) -> bool:
    """Return whether a claim is text, and a URI if it contains a colon (RFC 7519, StringOrURI)."""
    return isinstance(value, str) and (":" not in value or bool(_URI.fullmatch(value)))


def _time_problems(claims: Mapping[str, Any], now: datetime) -> Iterator[str]:
    stamp, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    expires_at = claims.get("exp")
    if not _is_number(expires_at):
        yield "exp is missing or not a time"
    elif expires_at <= stamp - skew:
        yield f"expired at {_moment(expires_at)}"
    elif expires_at > stamp + LONGEST_LIFETIME.total_seconds() + skew:
        yield f"exp is more than {LONGEST_LIFETIME.days} days ahead (token_lives_too_long)"
    for name, meaning in (("nbf", "not valid before"), ("iat", "issued in the future, at")):
        starts_at = claims.get(name)
        if starts_at is not None and not _is_number(starts_at):
            yield f"{name} is not a time"
        elif starts_at is not None and starts_at > stamp + skew:
            yield f"{meaning} {_moment(starts_at)}"


def _is_number(claim: object) -> TypeGuard[float]:
    return isinstance(claim, int | float | Decimal) and not isinstance(claim, bool)


def _moment(seconds: float) -> str:
    """Return a NumericDate as a date; unchanged if it is beyond the calendar."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _readable(name: str, value: object) -> str:
    if name in ("iat", "nbf", "exp") and _is_number(value):
        return f"{value} ({_moment(value)})"
    return json.dumps(value, default=str)


def _escaped(name: str) -> str:
    """Return a claim's name without quotes, control characters escaped: strangers choose it."""
    return json.dumps(name)[1:-1]
