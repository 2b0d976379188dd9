"""Replacing keys under a running API: which tokens are accepted, and from when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm

from control.cli import cli
from control.tokens import minting as tokens
from control.tokens.keys import ALGORITHMS, Algorithm, KeySet, ensure_keys, load_keys
from tests.servers import Api, run_api

HOUR = timedelta(hours=1)
Run = Callable[..., Result]


@pytest.fixture
def own_api(api: Api, tmp_path: Path) -> Iterator[Api]:
    """Start a PostgREST of the test's own, so that rotating its keys ends no other session."""
    with run_api(api.database, tmp_path) as own_api:
        yield own_api


@pytest.fixture
def run(own_api: Api) -> Run:
    """Return what runs `control token …` for that API."""
    here = {
        **own_api.database.environment,
        "ASPEN_API_URL": own_api.url,
        "ASPEN_KEYS_DIR": str(own_api.keys.directory),
    }

    def run(*arguments: str, stdin: str = "", **environment: str) -> Result:
        return CliRunner().invoke(cli, ["token", *arguments], input=stdin, env=here | environment)

    return run


def token_of(keys: KeySet, alg: Algorithm) -> str:
    """Sign a good token of an unknown user, because only the signature matters here."""
    return tokens.mint(keys, sub="nobody", role="member", ttl=HOUR, alg=alg)


def signature_is_good(api: Api, token: str) -> bool:
    """Tell whether a token is rejected for its user, not for its signature."""
    return {"unknown_user": True, "PGRST301": False}[api.get("/me", token).json()["code"]]


def eventually(check: Callable[[], bool]) -> bool:
    """Tell whether something comes true within five seconds."""
    deadline = time.monotonic() + 5
    while not (held := check()) and time.monotonic() < deadline:
        pass
    return held


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_rotation_lets_old_and_new_tokens_in(own_api: Api, run: Run, alg: Algorithm) -> None:
    """Accept both as soon as the command returns."""
    old = token_of(own_api.keys, alg)

    result = run("rotate-keys")

    new = token_of(load_keys(own_api.keys.directory), alg)
    assert result.exit_code == 0, result.output
    assert [signature_is_good(own_api, token) for token in (old, new)] == [True, True]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_retirement_ends_old_tokens_only(own_api: Api, run: Run, alg: Algorithm) -> None:
    """Reject them as soon as the command returns, for the key pair as for the secret."""
    old = token_of(own_api.keys, alg)
    run("rotate-keys")

    result = run("rotate-keys", "--retire")

    new = token_of(load_keys(own_api.keys.directory), alg)
    assert result.exit_code == 0, result.output
    assert [signature_is_good(own_api, token) for token in (old, new)] == [False, True]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_leaked_keys_end_at_once(own_api: Api, run: Run, alg: Algorithm) -> None:
    """Replace the old keys in one step with --drop-old."""
    old = token_of(own_api.keys, alg)
    used_before = signature_is_good(own_api, old)

    run("rotate-keys", "--drop-old", "--yes")

    new = token_of(load_keys(own_api.keys.directory), alg)
    assert used_before
    assert [signature_is_good(own_api, token) for token in (old, new)] == [False, True]


def test_rotation_says_so_when_the_api_reads_other_keys(
    own_api: Api, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make the keys and warn that this API does not know them."""
    monkeypatch.setattr("control.tokens.rotation.RELOADED_WITHIN_SECONDS", 0.2)

    result = run("rotate-keys", ASPEN_KEYS_DIR=str(tmp_path / "elsewhere"))

    assert result.exit_code == 1
    assert "does not use the new keys" in result.stderr


def test_rotation_says_so_when_the_api_is_down(own_api: Api, run: Run) -> None:
    """Make the keys and say that the API reads them when it starts."""
    result = run("rotate-keys", ASPEN_API_URL="http://127.0.0.1:1")

    assert result.exit_code == 1
    assert "the new keys are stored" in result.stderr


def test_tokens_of_a_trusted_provider_are_let_in_until_it_is_replaced(
    own_api: Api, run: Run, tmp_path: Path
) -> None:
    """Accept them by its public keys alone, until another provider replaces it."""
    provider = ensure_keys(tmp_path / "provider")
    token = token_of(provider, "RS256")
    before = signature_is_good(own_api, token)

    run("trust", stdin=json.dumps(provider.public_jwks()))
    trusted = eventually(lambda: signature_is_good(own_api, token))
    successor = ensure_keys(tmp_path / "successor")
    run("trust", stdin=json.dumps(successor.public_jwks()))

    assert (before, trusted) == (False, True)
    assert eventually(lambda: not signature_is_good(own_api, token))


def test_tokens_of_a_provider_with_a_curve_are_let_in(own_api: Api, run: Run) -> None:
    """Accept ES256, which some providers prefer."""
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "provider"}
    claims = tokens.claims_for(sub="nobody", role="member", ttl=HOUR)
    token = PyJWS().encode(json.dumps(claims).encode(), private, "ES256", {"kid": "provider"})

    result = run("trust", stdin=json.dumps({"keys": [jwk]}))

    assert result.exit_code == 0, result.output
    assert eventually(lambda: signature_is_good(own_api, token))
