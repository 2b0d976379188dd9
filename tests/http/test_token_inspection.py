"""`control token inspect` and the API agree on every token."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import get_algorithm_by_name
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from control.errors import ControlError
from control.tokens.inspection import inspect
from control.tokens.keys import ensure_keys
from control.tokens.minting import claims_for
from control.tokens.rotation import trust
from tests import factories
from tests.servers import Api, run_api

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
NOW = int(time.time())


@dataclass(frozen=True)
class Verifier:
    """A PostgREST, every key it verifies with, and a user it knows."""

    api: Api
    private: dict[str, Any]

    def token(
        self,
        key: str = "secret",
        alg: str = "HS256",
        claims: bytes | None = None,
        header: dict[str, Any] | None = None,
    ) -> str:
        """Sign a token of exactly these claims and header."""
        claims = claims or json.dumps(good_claims()).encode()
        head = json.dumps({"alg": alg, "kid": "any", **(header or {})}).encode()
        signed = f"{encoded(head)}.{encoded(claims)}"
        signature = get_algorithm_by_name(alg).sign(signed.encode(), self.private[key])
        return f"{signed}.{encoded(signature)}"

    def is_taken(self, token: str) -> bool:
        """Tell whether the API serves the request."""
        return self.api.get("/me", token).status_code == 200

    def passes(self, token: str) -> bool:
        """Tell whether `control token inspect` finds no problem."""
        try:
            return inspect(self.api.keys, token).problems == ()
        except ControlError:
            return False


def encoded(part: bytes) -> str:
    """Encode as base64url without padding."""
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def good_claims(**overrides: Any) -> dict[str, Any]:
    """Return claims of a known user; an override replaces one."""
    return claims_for(sub="inspected", role="member", ttl=timedelta(hours=1)) | overrides


def without(name: str) -> dict[str, Any]:
    """Return the claims without one of them."""
    return {claim: value for claim, value in good_claims().items() if claim != name}


@pytest.fixture(scope="module")
def verifier(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verifier]:
    """Start a PostgREST that trusts a provider with a key of every kind."""
    folder = tmp_path_factory.mktemp("verifier")
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curves = {name: ec.generate_private_key(curve) for name, curve in CURVES.items()}
    published = [RSAAlgorithm.to_jwk(pair.public_key(), as_dict=True) | {"kid": "RSA"}]
    for name, private in curves.items():
        published.append(ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": name})
    ours = ensure_keys(folder / "keys")
    trust(ours.directory, json.dumps({"keys": published}))
    with api.database.connect() as conn:
        factories.user(conn, "inspected")
    signers = {"secret": ours.signing("HS256").signer, "ours": ours.signing("RS256").signer}
    with run_api(api.database, folder) as own_api:
        yield Verifier(own_api, {**signers, "RSA": pair, **curves})


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        *[("secret", alg) for alg in ("HS256", "HS384", "HS512")],
        *[
            (key, alg)
            for key in ("ours", "RSA")
            for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
        ],
        *[("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")],
    ],
)
def test_every_algorithm_that_the_api_takes_passes(verifier: Verifier, key: str, alg: str) -> None:
    """Accept all that a key can do, as PostgREST does, whatever its JWK says it is for."""
    token = verifier.token(key, alg)

    assert (verifier.is_taken(token), verifier.passes(token)) == (True, True)


TAKEN: dict[str, dict[str, Any]] = {
    "expires at half a second": {"exp": NOW + 900.5},
    "expires in thirty days": {"exp": NOW + 30 * 86400},
    "valid in a moment": {"nbf": NOW + 15},
    "from a moment ahead": {"iat": NOW + 15},
    "no start": {"nbf": None, "iat": None},
    "audience in a list": {"aud": ["other", "aspen"]},
    "audience beside a URI": {"aud": ["https://other.example/a?b=c#d", "aspen"]},
    "issuer is a URI": {"iss": "https://tenant.example/"},
    "no groups": {"groups": {}},
    "groups": {"groups": {"3": "admin", "12": "viewer"}},
    "claims of its own": {"https://x.example/y": [1, {"a": None}], "name": "Zoë"},
}
REFUSED: dict[str, dict[str, Any]] = {
    "expires as text": {"exp": str(NOW + 900)},
    "expires null": {"exp": None},
    "expires true": {"exp": True},
    "expired": {"exp": NOW - 3600},
    "expires in a year": {"exp": NOW + 365 * 86400},
    "expired before time": {"exp": -(10**30)},
    "not yet valid": {"nbf": NOW + 3600},
    "valid from a text": {"nbf": "now"},
    "from the future": {"iat": NOW + 3600},
    "from a text": {"iat": "now"},
    "other audience": {"aud": "other"},
    "no audience in the list": {"aud": []},
    "audience of a number": {"aud": 5},
    "audience beside a number": {"aud": ["aspen", 5]},
    "audience beside what is no URI": {"aud": ["aspen", "a b:c"]},
    "audience null": {"aud": None},
    "role of a number": {"role": 5},
    "role null": {"role": None},
    "unknown role": {"role": "curator"},
    "role of the database": {"role": "control"},
    "role of nobody": {"role": "anon"},
    "job without a job": {"role": "job"},
    "job of a text": {"role": "job", "job_id": "one"},
    "subject of a number": {"sub": 5},
    "subject empty": {"sub": ""},
    "subject that is no URI": {"sub": "a b:c"},
    "issuer of a number": {"iss": 5},
    "issuer that is no URI": {"iss": "Our lab: Paris"},
    "id of a number": {"jti": 5},
    "groups of a text": {"groups": "3:admin"},
    "groups null": {"groups": None},
    "group zero": {"groups": {"0": "admin"}},
    "group role unknown": {"groups": {"3": "owner"}},
    "groups of a list": {"groups": ["3"]},
    "1001 groups": {"groups": {str(number): "viewer" for number in range(1, 1002)}},
    "null character": {"name": "a\0b"},
    "half a character": {"name": "a\ud800b"},
}


@pytest.mark.parametrize("claims", TAKEN.values(), ids=TAKEN.keys())
def test_claims_that_the_api_takes_pass(verifier: Verifier, claims: dict[str, Any]) -> None:
    """Require nothing that the API does not require."""
    token = verifier.token(claims=json.dumps(good_claims(**claims)).encode())

    assert (verifier.is_taken(token), verifier.passes(token)) == (True, True)


def test_token_that_expired_just_now_passes(verifier: Verifier) -> None:
    """Allow clocks to differ by 30 s, as the API does."""
    token = verifier.token(claims=json.dumps(good_claims(exp=int(time.time()) - 5)).encode())

    assert (verifier.is_taken(token), verifier.passes(token)) == (True, True)


@pytest.mark.parametrize("claims", REFUSED.values(), ids=REFUSED.keys())
def test_claims_that_the_api_refuses_are_named(verifier: Verifier, claims: dict[str, Any]) -> None:
    """Name those that PostgREST or authz.identify_caller rejects."""
    token = verifier.token(claims=json.dumps(good_claims(**claims)).encode())

    assert (verifier.is_taken(token), verifier.passes(token)) == (False, False)


def test_token_that_lives_too_long_is_called_what_the_api_calls_it(verifier: Verifier) -> None:
    """Use the code of docs/errors.md, so that the user finds the same words."""
    token = verifier.token(claims=json.dumps(good_claims(exp=NOW + 365 * 86400)).encode())

    code = verifier.api.get("/me", token).json()["code"]

    assert inspect(verifier.api.keys, token).problems == (
        f"exp is more than 30 days ahead ({code})",
    )


@pytest.mark.parametrize("name", ["sub", "role", "aud", "exp"])
def test_missing_claims_are_named(verifier: Verifier, name: str) -> None:
    """Name each claim that the API requires."""
    token = verifier.token(claims=json.dumps(without(name)).encode())

    assert (verifier.is_taken(token), verifier.passes(token)) == (False, False)


def _with_trailing_bits(token: str) -> str:
    """Return the same bytes encoded differently: the last letter has unused bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


UNSIGNED = encoded(b'{"alg": "none"}')
ODD: dict[str, Callable[[Verifier], str]] = {
    "good": lambda verifier: verifier.token(),
    "no kid": lambda verifier: verifier.token(header={"kid": None}),
    "kid of a number": lambda verifier: verifier.token(header={"kid": 5}),
    "typ of another kind": lambda verifier: verifier.token(header={"typ": "at+jwt"}),
    "typ of a number": lambda verifier: verifier.token(header={"typ": 5}),
    "critical header": lambda verifier: verifier.token(header={"crit": ["exp"], "exp": 1}),
    "critical header, empty": lambda verifier: verifier.token(header={"crit": []}),
    "padding": lambda verifier: verifier.token() + "=",
    "trailing bits": lambda verifier: _with_trailing_bits(verifier.token()),
    "two parts": lambda verifier: verifier.token().rpartition(".")[0],
    "four parts": lambda verifier: verifier.token() + ".AAAA",
    "no signature": lambda verifier: verifier.token().rpartition(".")[0] + ".",
    "alg none": lambda verifier: f"{UNSIGNED}.{verifier.token().split('.')[1]}.",
    "NaN": lambda verifier: verifier.token(claims=json.dumps(good_claims(x=float("nan"))).encode()),
    "claims of a list": lambda verifier: verifier.token(claims=b"[1]"),
    "claims of bytes": lambda verifier: verifier.token(claims=b'{"sub":"\xe9"}'),
    "two roles, the first good": lambda verifier: verifier.token(
        claims=json.dumps(good_claims()).encode()[:-1] + b', "role": "anon"}'
    ),
    "two roles, the first bad": lambda verifier: verifier.token(
        claims=b'{"role": "anon", ' + json.dumps(good_claims()).encode()[1:]
    ),
    "byte order mark": lambda verifier: verifier.token(
        claims=b"\xef\xbb\xbf" + json.dumps(good_claims()).encode()
    ),
    "ES256 by another curve": lambda verifier: verifier.token("P-384", "ES256"),
    "secret of somebody": lambda verifier: Verifier(verifier.api, {"secret": b"x" * 64}).token(),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD.keys())
def test_odd_tokens_are_judged_alike(verifier: Verifier, make: Callable[[Verifier], str]) -> None:
    """Agree with the API, whichever way it decides."""
    token = make(verifier)

    assert verifier.passes(token) == verifier.is_taken(token)
