"""Keep the keys that sign and verify tokens, and the JWKS file that PostgREST reads.

`keys.json` is the source: every key with its private part, and whether it still signs. `jwks.json`
is derived from it (plus `trusted.json`, the public keys of an identity provider) and holds what
verifies, never an RSA private key. An old key is kept for verification until it is retired, so that
rotating ends nobody's session.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from control.errors import ControlError
from control.tokens.terms import ALGORITHMS as ALGORITHMS
from control.tokens.terms import Algorithm as Algorithm
from control.tokens.trusted_keys import Jwk, parse_trusted
from control.whole_files import whole_file

KEYS_FILE = "keys.json"
TRUSTED_FILE = "trusted.json"
JWKS_FILE = "jwks.json"

SECRET_BYTES = 64
# RFC 7518 §3.2: an HS256 key is at least as long as the hash; PostgREST 13 rejects shorter ones.
LEAST_SECRET_BYTES = 32
RSA_BITS = 2048

# The exceptions of json, base64 and the key libraries for a file that does not hold keys.
_NOT_KEYS = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    NotImplementedError,
    InvalidKeyError,
)


@dataclass(frozen=True)
class Key:
    """One of our own keys; `material` stays out of `repr`, so that no log or traceback shows it."""

    kid: str
    algorithm: Algorithm
    signs: bool
    material: bytes | RSAPrivateKey | RSAPublicKey = field(repr=False)

    @property
    def verifier(self) -> bytes | RSAPublicKey:
        """Return the key that verifies signatures."""
        if isinstance(self.material, RSAPrivateKey):
            return self.material.public_key()
        return self.material

    @property
    def signer(self) -> bytes | RSAPrivateKey:
        """Return the key that signs; ValueError if this key no longer signs."""
        if isinstance(self.material, RSAPublicKey):
            raise ValueError(f"{self.kid} only verifies")
        return self.material

    def retained(self) -> Key:
        """Return this key without its RSA private part, for verifying only."""
        return replace(self, signs=False, material=self.verifier)

    def verification_jwk(self) -> Jwk:
        """Return the JWK that verifies: public for RSA, the secret itself for HS256."""
        return {"kid": self.kid, "use": "sig", "alg": self.algorithm, **_jwk(self.verifier)}

    def stored_jwk(self) -> Jwk:
        """Return the complete JWK that `keys.json` keeps."""
        purposes = ["sign", "verify"] if self.signs else ["verify"]
        material = _jwk(self.material)
        return {"kid": self.kid, "alg": self.algorithm, **material, "key_ops": purposes}


@dataclass(frozen=True)
class KeySet:
    """All keys of a key directory."""

    directory: Path
    keys: tuple[Key, ...] = ()
    trusted: tuple[Jwk, ...] = ()

    @property
    def jwks_path(self) -> Path:
        """Return the file that `jwt-secret` in `postgrest.conf` names."""
        return self.directory / JWKS_FILE

    def signing(self, algorithm: Algorithm) -> Key:
        """Return the one key that signs with `algorithm`."""
        return next(key for key in self.keys if key.signs and key.algorithm == algorithm)

    def verification_jwks(self) -> dict[str, list[Jwk]]:
        """Return the JWKS for PostgREST; keep it secret, because it can mint HS256 tokens."""
        return {"keys": [*(key.verification_jwk() for key in self.keys), *self.trusted]}

    def public_jwks(self) -> dict[str, list[Jwk]]:
        """Return the JWKS that anybody may see, without HS256 secrets."""
        return {"keys": [jwk for jwk in self.verification_jwks()["keys"] if jwk["kty"] != "oct"]}

    def purposes(self) -> dict[str, str]:
        """Return the purpose of each key, by key id."""
        ours = {key.kid: "signs and verifies" if key.signs else "verifies" for key in self.keys}
        return ours | {jwk["kid"]: "trusted" for jwk in self.trusted}

    def rotated(self, *, drop_old: bool) -> KeySet:
        """Return new keys that sign; old keys go on verifying, unless dropped."""
        old = () if drop_old else tuple(key.retained() for key in self.keys)
        return replace(self, keys=(*_new_keys(), *old))

    def retired(self) -> KeySet:
        """Return only the keys that sign; tokens of older keys are rejected."""
        return replace(self, keys=tuple(key for key in self.keys if key.signs))

    def trusting(self, trusted: tuple[Jwk, ...]) -> KeySet:
        """Return the keys with an identity provider's keys in place of those trusted before."""
        taken = {key.kid for key in self.keys} & {jwk["kid"] for jwk in trusted}
        if taken:
            raise ControlError(
                f"the key id {min(taken)} is already used by one of the local keys",
                "give the identity provider's JWKS, not the local one",
            )
        return replace(self, trusted=trusted)


def ensure_keys(directory: Path) -> KeySet:
    """Return the keys in `directory`; create missing keys, repair `jwks.json` and file modes."""
    with locked(directory):
        keys = find_keys(directory)
        return store(keys if keys.keys else keys.rotated(drop_old=False))


def find_keys(directory: Path) -> KeySet:
    """Return the keys in `directory`, which may have none of our own yet."""
    if (directory / KEYS_FILE).exists():
        return load_keys(directory)
    return KeySet(directory, trusted=_load_trusted(directory / TRUSTED_FILE))


def load_keys(directory: Path) -> KeySet:
    """Return the keys in `directory`; create none, so that a wrong path is noticed."""
    path = directory / KEYS_FILE
    if not path.exists():
        raise ControlError(
            f"no signing keys in {directory}",
            "control up creates them for the local stack, control token rotate-keys elsewhere",
        )
    try:
        keys = tuple(_parse(jwk) for jwk in json.loads(path.read_bytes())["keys"])
    except _NOT_KEYS as error:
        raise _unusable(path, "it is not a set of keys") from error
    if len({key.kid for key in keys}) < len(keys):
        raise _unusable(path, "two keys have the same id")
    if sorted(key.algorithm for key in keys if key.signs) != sorted(ALGORITHMS):
        raise _unusable(path, "it must have one signing key for each of HS256 and RS256")
    return KeySet(directory, keys, _load_trusted(directory / TRUSTED_FILE))


def store(keys: KeySet) -> KeySet:
    """Write all files of a key directory; the caller holds its lock."""
    _write(keys.directory / KEYS_FILE, {"keys": [key.stored_jwk() for key in keys.keys]})
    _write(keys.directory / TRUSTED_FILE, {"keys": list(keys.trusted)})
    # Written every time, so that the next run repairs one that stopped between two files.
    write_verification_jwks(keys, keys.jwks_path)
    return keys


def write_verification_jwks(keys: KeySet, path: Path) -> None:
    """Write the file that PostgREST reads; anybody who reads it can mint tokens."""
    _write(path, keys.verification_jwks())


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Allow one writer at a time: two simultaneous first runs must end with one set of keys."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _new_keys() -> tuple[Key, Key]:
    """Return a new secret and a new RSA pair; the date in a key's id shows its age."""
    stamp = datetime.now(UTC).strftime("%Y%m%d")
    secret = secrets.token_bytes(SECRET_BYTES)
    pair = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return (
        Key(f"hs256-{stamp}-{secrets.token_hex(4)}", "HS256", True, secret),
        Key(f"rs256-{stamp}-{secrets.token_hex(4)}", "RS256", True, pair),
    )


def _jwk(material: bytes | RSAPrivateKey | RSAPublicKey) -> Jwk:
    if isinstance(material, bytes):
        return {"kty": "oct", "k": urlsafe_b64encode(material).rstrip(b"=").decode()}
    jwk = RSAAlgorithm.to_jwk(material, as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"}


def _parse(jwk: Jwk) -> Key:
    kid, algorithm, signs = jwk["kid"], jwk["alg"], "sign" in jwk["key_ops"]
    if not isinstance(kid, str):
        raise ValueError("a key id is text")
    if algorithm == "HS256":
        return Key(kid, "HS256", signs, _parse_secret(jwk["k"]))
    if algorithm == "RS256":
        return Key(kid, "RS256", signs, _parse_rsa(json.dumps(jwk)))
    raise ValueError("neither HS256 nor RS256")


@lru_cache(maxsize=8)
def _parse_rsa(jwk: str) -> RSAPrivateKey | RSAPublicKey:
    """Check once in a process that numbers are a pair: it takes a twentieth of a second."""
    return RSAAlgorithm.from_jwk(jwk)


def _parse_secret(encoded: str) -> bytes:
    secret = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    if len(secret) < LEAST_SECRET_BYTES:
        raise ValueError("the secret is too short")
    return secret


def _load_trusted(path: Path) -> tuple[Jwk, ...]:
    if not path.exists():
        return ()
    remedy = "remove that one file and give the identity provider's JWKS to control token trust"
    try:
        published = parse_trusted(path.read_bytes())
    except ControlError as error:
        raise ControlError(f"{path} is damaged", remedy) from error
    if published.left_out:
        raise ControlError(f"{path} is damaged: {published.left_out[0]}", remedy)
    return published.keys


def _unusable(path: Path, reason: str) -> ControlError:
    return ControlError(
        f"{path} cannot be used: {reason}",
        "restore it from a backup; or move it away and run control token rotate-keys, after which "
        "the tokens issued so far are rejected",
    )


def _write(path: Path, document: dict[str, list[Jwk]]) -> None:
    """Replace `path` at once, readable only by its owner: nobody reads half a file."""
    text = json.dumps(document, indent=2) + "\n"
    if path.exists() and path.read_bytes() == text.encode():
        path.chmod(0o600)
        return
    with whole_file(path) as file:
        file.write(text.encode())
