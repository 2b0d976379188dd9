"""The public keys of an identity provider, read from the JWKS it publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from control.errors import ControlError

Jwk = Mapping[str, Any]

PUBLIC_MEMBERS = ("kty", "kid", "alg", "use", "n", "e", "crv", "x", "y")
PRIVATE_MEMBERS = ("k", "d", "p", "q", "dp", "dq", "qi", "oth")
DEFAULT_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
LEAST_RSA_BITS = 2048


def parse_trusted(document: str) -> tuple[Jwk, ...]:
    """The signature keys in a published JWKS, reduced to the members that verify.

    Encryption keys (Keycloak publishes one) are left out. A document with a secret or a private
    part in it is refused whole: it was published by mistake and must not be relied on.
    """
    try:
        jwks = json.loads(document)["keys"]
        return _signature_keys(jwks)
    except (ValueError, KeyError, TypeError, AttributeError, PyJWTError) as error:
        raise _refused(f"it is not a JWKS ({type(error).__name__})") from error


def _signature_keys(jwks: list[Jwk]) -> tuple[Jwk, ...]:
    keys = tuple(_reduce(jwk) for jwk in jwks if jwk.get("use", "sig") == "sig")
    if len({jwk["kid"] for jwk in keys}) < len(keys):
        raise _refused("two keys have the same id")
    return keys


def _reduce(jwk: Jwk) -> Jwk:
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise _refused("a key has no id (kid)")
    if jwk["kty"] not in DEFAULT_ALGORITHMS:
        raise _refused(f"key {kid} is neither RSA nor EC")
    if any(member in jwk for member in PRIVATE_MEMBERS):
        raise _refused(f"key {kid} holds a private part; a published key must not")
    parsed = PyJWK(dict(jwk))
    if jwk["kty"] == "RSA" and parsed.key.key_size < LEAST_RSA_BITS:
        raise _refused(f"key {kid} is shorter than {LEAST_RSA_BITS} bits")
    kept = {member: jwk[member] for member in PUBLIC_MEMBERS if member in jwk}
    return {"use": "sig", "alg": parsed.algorithm_name, **kept}


def _refused(reason: str) -> ControlError:
    return ControlError(
        f"this key document cannot be trusted: {reason}",
        "give the JSON found under jwks_uri of the identity provider's openid-configuration",
    )
