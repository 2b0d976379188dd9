"""Read the public keys of an identity provider from the JWKS it publishes."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from control.errors import ControlError

Jwk = Mapping[str, Any]

# Members that only a document published by mistake contains.
PRIVATE_MEMBERS = ("k", "d", "p", "q", "dp", "dq", "qi", "oth", "priv")
# The algorithms that PostgREST verifies. Any other key, or any other name, would make it reject the
# whole file of keys, and with it every token.
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES: dict[str, tuple[str, ec.EllipticCurve]] = {
    "P-256": ("ES256", ec.SECP256R1()),
    "P-384": ("ES384", ec.SECP384R1()),
    "P-521": ("ES512", ec.SECP521R1()),
}
LEAST_RSA_BITS = 2048
MOST_RSA_BITS = 16384
LONGEST_DOCUMENT = 1 << 20

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")


@dataclass(frozen=True)
class PublishedKeys:
    """The keys of a document that verify tokens, and a sentence for each key left out."""

    keys: tuple[Jwk, ...]
    left_out: tuple[str, ...]


class _UnusableError(Exception):
    """One key cannot be used; the others can."""


def parse_trusted(document: str | bytes) -> PublishedKeys:
    """Return the signature keys of a published JWKS, reduced to the members that verify.

    Unusable keys are left out and named, because providers also publish keys of other kinds, such
    as encryption keys. A document with a secret or private part is rejected as a whole, because it
    is compromised. So is one without any usable key.
    """
    try:
        jwks = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise _refused(f"it is not JSON ({type(error).__name__})") from error
    entries = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(entries, list):
        raise _refused("it is not a JWKS, an object with a list of keys")
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict) and any(entry.get(name) is not None for name in PRIVATE_MEMBERS):
            raise _refused(
                f"{_name(entry, number)} holds a secret or private part; a published key must not"
            )
    keys: dict[str, Jwk] = {}
    left_out: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            key = _reduced(entry)
            if key["kid"] in keys:
                raise _UnusableError("an earlier key has the same id")
            keys[key["kid"]] = key
        except _UnusableError as reason:
            left_out.append(f"{_name(entry, number)}: {reason}")
    return PublishedKeys(tuple(keys.values()), tuple(left_out))


def require_usable(published: PublishedKeys) -> tuple[Jwk, ...]:
    """Return the usable keys; fail if there is none."""
    if not published.keys:
        reasons = "".join(f"\n  {reason}" for reason in published.left_out)
        raise _refused(f"no key in it can be used{reasons}")
    return published.keys


def verifying_key(jwk: Jwk) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """Return the key of a stored JWK; ValueError when its numbers form no key."""
    if jwk["kty"] == "RSA":
        return rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
    curve = CURVES[jwk["crv"]][1]
    return ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), curve).public_key()


def _reduced(entry: object) -> Jwk:
    """Return the members that verify, in the one form that every reader of keys understands."""
    if not isinstance(entry, dict):
        raise _UnusableError("it is not an object")
    for reason in _wrong_purposes(entry):
        raise _UnusableError(reason)
    common = {"use": "sig", "alg": _algorithm(entry), "kty": entry["kty"], "kid": entry["kid"]}
    try:
        key = verifying_key(entry)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _UnusableError("its numbers are not those of a key") from error
    if isinstance(key, rsa.RSAPublicKey):
        if not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
            raise _UnusableError(
                f"it has {key.key_size} bits, not {LEAST_RSA_BITS} to {MOST_RSA_BITS}"
            )
        of_rsa = key.public_numbers()
        return common | {"n": _encoded(of_rsa.n), "e": _encoded(of_rsa.e)}
    of_ec, size = key.public_numbers(), (key.key_size + 7) // 8
    coordinates = {"x": _encoded(of_ec.x, size), "y": _encoded(of_ec.y, size)}
    return common | {"crv": entry["crv"]} | coordinates


def _wrong_purposes(entry: dict[str, Any]) -> Iterator[str]:
    kid, operations = entry.get("kid"), entry.get("key_ops")
    if not isinstance(kid, str) or not kid or not kid.isprintable():
        yield "it has no id (kid) of printable text"
    if entry.get("use") not in (None, "sig"):
        yield "it is not for signatures (use)"
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        yield "it is not for verifying (key_ops)"


def _algorithm(entry: dict[str, Any]) -> str:
    """Return the algorithm of a key: the one it names, else the usual one of its kind."""
    given = entry.get("alg")
    if entry.get("kty") == "RSA":
        if given not in (None, *RSA_ALGORITHMS):
            raise _UnusableError(f"alg is not one of {', '.join(RSA_ALGORITHMS)}")
        return given or RSA_ALGORITHMS[0]
    if entry.get("kty") == "EC":
        curve = entry.get("crv")
        if not isinstance(curve, str) or curve not in CURVES:
            raise _UnusableError(f"crv is not one of {', '.join(CURVES)}")
        if given not in (None, CURVES[curve][0]):
            raise _UnusableError(f"alg is not {CURVES[curve][0]}, the one of {curve}")
        return CURVES[curve][0]
    raise _UnusableError("it is neither RSA nor EC (kty)")


def _number(jwk: Jwk, member: str) -> int:
    text = jwk.get(member)
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise ValueError(f"{member} is not base64url")
    stripped = text.rstrip("=")
    return int.from_bytes(urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4)), "big")


def _encoded(number: int, size: int | None = None) -> str:
    length = size or (number.bit_length() + 7) // 8
    return urlsafe_b64encode(number.to_bytes(length, "big")).rstrip(b"=").decode()


def _name(entry: object, number: int) -> str:
    """Return how messages call an entry: by its id if it has one."""
    kid = entry.get("kid") if isinstance(entry, dict) else None
    return f"key {kid}" if isinstance(kid, str) and kid.isprintable() and kid else f"key {number}"


def _refused(reason: str) -> ControlError:
    return ControlError(
        f"this key document cannot be trusted: {reason}",
        "give the JSON found under jwks_uri of the identity provider's openid-configuration",
    )
