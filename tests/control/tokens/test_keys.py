"""The key directory: its content, its permissions, and the replacement of keys."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from control.errors import ControlError
from control.tokens.keys import KeySet, ensure_keys, load_keys
from control.tokens.rotation import Change, retire, rotate, trust

RSA_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi"}


def contents(directory: Path) -> dict[str, str]:
    """Return every file of a directory, by name."""
    return {path.name: path.read_text() for path in directory.iterdir()}


def modes(directory: Path) -> dict[str, str]:
    """Return the permissions of a directory and its files."""
    paths = [directory, *directory.iterdir()]
    return {path.name: stat.filemode(path.stat().st_mode) for path in paths}


def jwks(keys: KeySet) -> list[dict[str, str]]:
    """Return the keys in the file PostgREST reads."""
    document: dict[str, list[dict[str, str]]] = json.loads(keys.jwks_path.read_text())
    return document["keys"]


def test_keys_are_made_once(keys: KeySet) -> None:
    """Keep everybody's session when the stack starts again."""
    before = contents(keys.directory)

    ensure_keys(keys.directory)

    assert contents(keys.directory) == before


def test_keys_made_by_many_at_once_are_one_set(tmp_path: Path) -> None:
    """Let one of many first runs create the keys, and the others find them."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(ensure_keys, [tmp_path / "keys"] * 8))

    assert {key.kid for keys in made for key in keys.keys} == {key.kid for key in made[0].keys}


def test_only_the_owner_can_read_keys(keys: KeySet) -> None:
    """Set 0700 for the directory and 0600 for files, from their creation on."""
    assert modes(keys.directory) == {
        "keys": "drwx------",
        "keys.json": "-rw-------",
        "jwks.json": "-rw-------",
        "trusted.json": "-rw-------",
    }


def test_loose_permissions_are_tightened(keys: KeySet) -> None:
    """Repair what a copy or a restore opened."""
    strict = modes(keys.directory)
    for path in (keys.directory, *keys.directory.iterdir()):
        path.chmod(0o755)

    ensure_keys(keys.directory)

    assert modes(keys.directory) == strict


def test_jwks_file_has_the_secret_and_the_public_key_only(keys: KeySet) -> None:
    """Leave out the RSA private key, which PostgREST does not need."""
    members = [sorted(jwk) for jwk in jwks(keys)]

    assert members == [
        ["alg", "k", "kid", "kty", "use"],
        ["alg", "e", "kid", "kty", "n", "use"],
    ]


def test_every_key_has_an_id_of_its_own(keys: KeySet) -> None:
    """Use new ids also for a rotation on the same day."""
    rotated = rotate(keys.directory).after

    kids = [jwk["kid"] for jwk in jwks(rotated)]

    assert len(set(kids)) == 4


def test_keys_do_not_show_in_a_log(keys: KeySet) -> None:
    """Show key ids in repr, and nothing that signs."""
    secrets = [value for jwk in jwks(keys) for name, value in jwk.items() if name in ("k", "n")]

    assert [secret for secret in secrets if secret in repr(keys)] == []


def test_rotation_signs_with_new_keys_and_verifies_with_both(keys: KeySet) -> None:
    """Keep tokens in use working."""
    before, after = (change := rotate(keys.directory)).before, change.after

    assert [after.purposes()[key.kid] for key in after.keys] == [
        "signs and verifies",
        "signs and verifies",
        "verifies",
        "verifies",
    ]
    assert [jwk["kid"] for jwk in jwks(after)][2:] == [key.kid for key in before.keys]


def test_new_keys_are_published_before_they_sign(keys: KeySet) -> None:
    """Let PostgREST read them while the old ones still sign, so that no new token is refused."""
    seen = []

    def announce(change: Change) -> None:
        published = json.loads(keys.jwks_path.read_text())["keys"]
        signing = load_keys(keys.directory).signing("HS256").kid
        seen.append(
            (signing, change.after.signing("HS256").kid in {one["kid"] for one in published})
        )

    change = rotate(keys.directory, announce=announce)

    assert seen == [(change.before.signing("HS256").kid, True)]
    assert load_keys(keys.directory).signing("HS256").kid == change.after.signing("HS256").kid


def test_rotation_forgets_the_old_private_key(keys: KeySet) -> None:
    """Keep no private part that could leak."""
    rotate(keys.directory)

    stored = json.loads((keys.directory / "keys.json").read_text())["keys"]
    private = [jwk["kid"] for jwk in stored if RSA_PRIVATE_MEMBERS & set(jwk)]

    assert private == [load_keys(keys.directory).signing("RS256").kid]


def test_rotation_in_a_new_directory_makes_the_first_keys(tmp_path: Path) -> None:
    """Start an environment without `control up`."""
    change = rotate(tmp_path / "keys")

    assert set(change.outcome().values()) == {"signs and verifies"}


@pytest.mark.parametrize("make", [rotate, ensure_keys], ids=["rotate", "ensure"])
def test_lost_keys_are_made_anew_without_losing_the_trusted(
    keys: KeySet, make: Callable[[Path], object]
) -> None:
    """Keep the provider's sessions when an operator moves a damaged keys.json away."""
    trust(keys.directory, document(published_rsa()))
    (keys.directory / "keys.json").unlink()

    make(keys.directory)

    assert [jwk["kid"] for jwk in load_keys(keys.directory).trusted] == ["provider-1"]


def test_dropping_old_keys_leaves_only_the_new(keys: KeySet) -> None:
    """Remove a key that leaked."""
    change = rotate(keys.directory, drop_old=True)

    assert list(change.outcome().values()) == ["signs and verifies"] * 2 + ["dropped"] * 2
    assert len(jwks(change.after)) == 2


def test_retiring_drops_what_no_longer_signs(keys: KeySet) -> None:
    """Retire keys after their last token has expired."""
    rotated = rotate(keys.directory).after

    retired = retire(keys.directory).after

    assert [key.kid for key in retired.keys] == [key.kid for key in rotated.keys if key.signs]
    assert [jwk["kid"] for jwk in jwks(retired)] == [key.kid for key in retired.keys]


def test_retiring_twice_changes_nothing(keys: KeySet) -> None:
    """Keep the keys that sign."""
    before = contents(keys.directory)

    retire(keys.directory)

    assert contents(keys.directory) == before


def test_run_cut_off_between_two_files_heals(keys: KeySet) -> None:
    """Derive jwks.json again from keys.json."""
    written = contents(keys.directory)
    keys.jwks_path.write_text('{"keys": []}')

    ensure_keys(keys.directory)

    assert contents(keys.directory) == written


DRY_RUNS: dict[str, Callable[[Path], Change]] = {
    "rotate": lambda directory: rotate(directory, dry_run=True),
    "rotate and drop": lambda directory: rotate(directory, drop_old=True, dry_run=True),
    "retire": lambda directory: retire(directory, dry_run=True),
    "trust": lambda directory: trust(directory, document(published_rsa()), dry_run=True),
}


@pytest.mark.parametrize("attempt", DRY_RUNS.values(), ids=DRY_RUNS.keys())
def test_dry_run_leaves_every_file_as_it_was(
    keys: KeySet, attempt: Callable[[Path], Change]
) -> None:
    """Report what would happen, and write nothing."""
    rotate(keys.directory)
    before = contents(keys.directory)

    change = attempt(keys.directory)

    assert contents(keys.directory) == before
    assert change.after != change.before


def test_dry_run_of_the_first_keys_makes_no_directory(tmp_path: Path) -> None:
    """Leave nothing behind."""
    rotate(tmp_path / "keys", dry_run=True)

    assert list(tmp_path.iterdir()) == []


def test_missing_keys_are_named_with_the_remedy(tmp_path: Path) -> None:
    """Create no keys at a wrong path that nobody would accept."""
    with pytest.raises(ControlError) as caught:
        load_keys(tmp_path)

    assert caught.value.message == f"no signing keys in {tmp_path}"


def _without_rsa(stored: list[dict[str, Any]]) -> object:
    return {"keys": stored[:1]}


def _with_a_short_secret(stored: list[dict[str, Any]]) -> object:
    return {"keys": [stored[0] | {"k": "c2hvcnQ"}, stored[1]]}


def _with_one_kid(stored: list[dict[str, Any]]) -> object:
    return {"keys": [jwk | {"kid": "one"} for jwk in stored]}


def _with_another_algorithm(stored: list[dict[str, Any]]) -> object:
    return {"keys": [*stored, stored[0] | {"kid": "x", "alg": "none"}]}


def _with_a_broken_pair(stored: list[dict[str, Any]]) -> object:
    return {"keys": [stored[0], stored[1] | {"n": "AQAB"}]}


DAMAGE = {
    "not a key set": lambda stored: stored,
    "no RSA pair": _without_rsa,
    "a secret of five bytes": _with_a_short_secret,
    "two keys with one id": _with_one_kid,
    "an unknown algorithm": _with_another_algorithm,
    "a broken pair": _with_a_broken_pair,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_keys_are_refused_and_left_alone(
    keys: KeySet, damage: Callable[[list[dict[str, Any]]], object]
) -> None:
    """Leave the remedy to the operator, because they may be the only copy."""
    path = keys.directory / "keys.json"
    path.write_text(json.dumps(damage(json.loads(path.read_text())["keys"])))
    damaged = path.read_text()

    with pytest.raises(ControlError, match="cannot be used"):
        ensure_keys(keys.directory)

    assert path.read_text() == damaged


def published_rsa(bits: int = 2048, **members: Any) -> dict[str, Any]:
    """Return an RSA key as an identity provider publishes it."""
    public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return {
        "kid": "provider-1",
        "use": "sig",
        **RSAAlgorithm.to_jwk(public, as_dict=True),
        **members,
    }


def published_ec(**members: Any) -> dict[str, Any]:
    """Return an EC key as an identity provider publishes it."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {
        "kid": "provider-2",
        "use": "sig",
        **ECAlgorithm.to_jwk(public, as_dict=True),
        **members,
    }


def published_okp() -> dict[str, Any]:
    """Return an Ed25519 key as an identity provider publishes it."""
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return {
        "kid": "provider-3",
        "use": "sig",
        **OKPAlgorithm.to_jwk(public, as_dict=True),
    }


def published_secp256k1() -> dict[str, Any]:
    """Return a secp256k1 key, which PyJWT supports and PostgREST does not."""
    public = ec.generate_private_key(ec.SECP256K1()).public_key()
    return ECAlgorithm.to_jwk(public, as_dict=True) | {"kid": "provider-3"}


def document(*published: object) -> str:
    """Return a JWKS as it is fetched."""
    return json.dumps({"keys": published})


def test_trusted_keys_reach_the_jwks_file(keys: KeySet) -> None:
    """Reduce RSA and EC keys to the members that verify."""
    noisy = published_rsa(x5c=["MII…"], x5t="abc", alg="RS256")
    encrypting = published_rsa(use="enc", kid="provider-3", alg="RSA-OAEP")

    trusting = trust(keys.directory, document(noisy, published_ec(), encrypting)).after

    assert [(jwk["kid"], sorted(jwk)) for jwk in jwks(trusting)[2:]] == [
        ("provider-1", ["alg", "e", "kid", "kty", "n", "use"]),
        ("provider-2", ["alg", "crv", "kid", "kty", "use", "x", "y"]),
    ]


def test_trusted_keys_survive_a_rotation_of_ours(keys: KeySet) -> None:
    """Leave the rotation of these keys to the provider."""
    trust(keys.directory, document(published_rsa()))

    rotated = rotate(keys.directory, drop_old=True).after

    assert [jwk["kid"] for jwk in jwks(rotated)][2:] == ["provider-1"]


def test_trusted_keys_are_replaced_as_a_whole(keys: KeySet) -> None:
    """Stop trusting keys that the provider no longer publishes."""
    trust(keys.directory, document(published_rsa()))

    change = trust(keys.directory, document(published_ec()))

    assert change.outcome()["provider-1"] == "dropped"
    assert [jwk["kid"] for jwk in jwks(change.after)][2:] == ["provider-2"]


UNTRUSTED: dict[str, Callable[[], str]] = {
    "not JSON": lambda: "<html>",
    "no keys": lambda: "{}",
    "keys that are none": lambda: '{"keys": ["a"]}',
    "a shared secret": lambda: document({"kty": "oct", "k": "AAAA", "kid": "a"}),
    "a private key": lambda: document(published_rsa(d="AQAB")),
    "a short key": lambda: document(published_rsa(bits=1024)),
    "a key without id": lambda: document(published_rsa(kid=None)),
    "a point off the curve": lambda: document(published_ec(x="AQAB")),
    "a private key for encryption beside a good one": lambda: document(
        published_ec(), published_rsa(use="enc", alg="RSA-OAEP", d="AQAB")
    ),
    "a secret beside a good key": lambda: document(
        published_ec(), {"kty": "oct", "k": "AAAA", "kid": "a"}
    ),
    "an Ed25519 key alone": lambda: document(published_okp()),
    "a list too deep": lambda: "[" * 100_000,
    "bytes": lambda: "\0\ud800",
}


@pytest.mark.parametrize("published", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_documents_that_cannot_be_trusted_are_refused(
    keys: KeySet, published: Callable[[], str]
) -> None:
    """Reject above all a secret, because anybody who saw it could mint tokens."""
    before = contents(keys.directory)

    with pytest.raises(ControlError, match="cannot be trusted"):
        trust(keys.directory, published())

    assert contents(keys.directory) == before


NEIGHBOURS: dict[str, tuple[Callable[[], object], str]] = {
    "Ed25519": (published_okp, "key provider-3: it is neither RSA nor EC (kty)"),
    "another curve": (published_secp256k1, "key provider-3: crv is not one of P-256, P-384, P-521"),
    "for encryption": (
        lambda: published_rsa(kid="provider-3", use="enc"),
        "key provider-3: it is not for signatures (use)",
    ),
    "for encryption, without use": (
        lambda: {**published_rsa(kid="provider-3", alg="RSA-OAEP"), "use": None},
        "key provider-3: alg is not one of RS256, RS384, RS512, PS256, PS384, PS512",
    ),
    "for encryption by key_ops": (
        lambda: published_rsa(kid="provider-3", key_ops=["encrypt"]),
        "key provider-3: it is not for verifying (key_ops)",
    ),
    "alg none": (
        lambda: published_rsa(kid="provider-3", alg="none"),
        "key provider-3: alg is not one of RS256, RS384, RS512, PS256, PS384, PS512",
    ),
    "alg of another curve": (
        lambda: published_ec(kid="provider-3", alg="ES512"),
        "key provider-3: alg is not ES256, the one of P-256",
    ),
    "unknown kty": (lambda: {"kty": "LWE", "kid": "provider-3"}, "key provider-3: it is neither"),
    "kty of a list": (lambda: {"kty": ["RSA"], "kid": "provider-3"}, "key provider-3: it is n"),
    "weak": (
        lambda: published_rsa(bits=1024, kid="provider-3"),
        "key provider-3: it has 1024 bits, not 2048 to 16384",
    ),
    "an id twice": (lambda: published_rsa(), "key provider-1: an earlier key has the same id"),
    "no id": (lambda: published_rsa(kid=None), "key 2: it has no id (kid) of printable text"),
    "an id that clears the screen": (
        lambda: published_rsa(kid="a\x1b[2J"),
        "key 2: it has no id (kid) of printable text",
    ),
    "numbers that are none": (
        lambda: published_rsa(kid="provider-3", n="é"),
        "key provider-3: its numbers are not those of a key",
    ),
    "an even exponent": (
        lambda: published_rsa(kid="provider-3", e="AQAA"),
        "key provider-3: its numbers are not those of a key",
    ),
    "a text": (lambda: "provider-3", "key 2: it is not an object"),
}


@pytest.mark.parametrize(("neighbour", "reason"), NEIGHBOURS.values(), ids=NEIGHBOURS.keys())
def test_a_key_that_cannot_be_used_leaves_the_others(
    keys: KeySet, neighbour: Callable[[], object], reason: str
) -> None:
    """Name it and keep it from PostgREST, which would reject every token because of it."""
    change = trust(keys.directory, document(published_rsa(), neighbour(), published_ec()))

    assert [jwk["kid"] for jwk in jwks(change.after)][2:] == ["provider-1", "provider-2"]
    assert [left_out[: len(reason)] for left_out in change.left_out] == [reason]


def test_numbers_are_written_the_one_way_that_is_read_everywhere(keys: KeySet) -> None:
    """Remove padding; give coordinates the length of their curve."""
    published = published_ec()
    padded = published | {"x": published["x"] + "=", "kid": "padded"}

    change = trust(keys.directory, document(published, padded))

    first, second = jwks(change.after)[2:]
    assert second | {"kid": "provider-2"} == first


def test_our_own_keys_cannot_be_trusted_as_a_strangers(keys: KeySet) -> None:
    """Reject it, because trusting it would keep it valid after it is retired."""
    with pytest.raises(ControlError, match="already used by one of the local keys"):
        trust(keys.directory, json.dumps(keys.public_jwks()))
