"""Any bytes given as keys or as a token give a sentence and never a traceback."""

from __future__ import annotations

import json
import shutil
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from control.errors import ControlError
from control.tokens.inspection import inspect
from control.tokens.keys import KeySet, load_keys
from control.tokens.minting import claims_for, sign
from control.tokens.trusted_keys import parse_trusted
from tests.control.tokens.test_keys import published_ec, published_rsa

HOUR = timedelta(hours=1)
PUBLISHED = (published_rsa(), published_ec())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=12,
)
members = st.sampled_from(
    ["kty", "kid", "alg", "use", "key_ops", "n", "e", "crv", "x", "y", "k", "d", "x5c"]
)
member_values = json_values | st.sampled_from(
    ["RSA", "EC", "OKP", "oct", "sig", "enc", "none", "RS256", "ES256", "HS256", "P-256", "AQAB"]
)
entries = st.dictionaries(members, member_values, max_size=6)
short = settings(max_examples=60)
in_a_folder = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@short
@given(st.binary())
@example(b"[" * 100_000)
@example(b'{"keys": [' + b'{"a":' * 50_000)
@example(b'{"keys": [{"kid": "a", "kty": "RSA", "n": ' + b"9" * 5000 + b"}]}")
def test_any_bytes_as_a_jwks(document: bytes) -> None:
    """Try wrong files."""
    with pytest.raises(ControlError):
        parse_trusted(document)


@short
@given(json_values)
def test_any_json_as_a_jwks(document: Any) -> None:
    """Try wrong documents."""
    with suppress(ControlError):
        parse_trusted(json.dumps(document))


@short
@given(st.lists(entries | json_values, max_size=5))
def test_any_list_of_keys(keys: list[Any]) -> None:
    """Accept or name every entry, unless the whole document is rejected."""
    with suppress(ControlError):
        published = parse_trusted(json.dumps({"keys": keys}))
        assert len(published.keys) + len(published.left_out) == len(keys)


@short
@given(st.sampled_from(PUBLISHED), entries)
def test_any_change_of_a_good_key(key: dict[str, Any], change: dict[str, Any]) -> None:
    """Keep the other key, whatever happens to this one."""
    with suppress(ControlError):
        published = parse_trusted(json.dumps({"keys": [key | change, published_other(key)]}))
        assert "other" in [jwk["kid"] for jwk in published.keys] or change.get("kid") == "other"


def published_other(key: dict[str, Any]) -> dict[str, Any]:
    """Return the other valid key."""
    return PUBLISHED[key is PUBLISHED[0]] | {"kid": "other"}


@in_a_folder
@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"keys": [1]}')
@example(b'{"keys": [{"kid": "a", "alg": "RS256", "key_ops": [], "n": 1, "e": 1}]}')
@example(b'{"keys": [{"kid": "a", "alg": "HS256", "key_ops": [], "k": 1}]}')
def test_any_bytes_as_our_own_keys(key_directory: Path, tmp_path: Path, content: bytes) -> None:
    """Name each of the two files when it is damaged."""
    for name in ("keys.json", "trusted.json"):
        folder = shutil.copytree(key_directory, tmp_path / name, dirs_exist_ok=True)
        (folder / name).write_bytes(content)
        with pytest.raises(ControlError, match=f"{name}"):
            load_keys(folder)


def part(content: bytes) -> str:
    """Encode a part of a token."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@in_a_folder
@given(st.text())
@example("a." * 40_000)
@example(".".join([part(b"[" * 20_000), part(b"{}"), ""]))
@example(".".join([part(b"{}"), part(b"[" * 20_000), ""]))
@example(".".join([part(b"{}"), part(b'{"a":' + b"[" * 90 + b"]" * 90 + b"}"), ""]))
def test_any_text_as_a_token(keys: KeySet, text: str) -> None:
    """Try a password pasted by mistake, for example."""
    with pytest.raises(ControlError):
        inspect(keys, text)


@in_a_folder
@given(st.dictionaries(st.text(), json_values), st.dictionaries(st.text(), json_values))
@example({}, {"exp": 1e300, "iat": -1e300, "nbf": 10**400})
@example({"alg": ["HS256"]}, {"aud": {"a": 1}, "groups": {"1": []}, "exp": True})
@example({"alg": "HS256", "kid": []}, {"sub": {}, "role": [], "iss": [], "jti": {}})
def test_any_header_and_claims(keys: KeySet, header: Any, claims: Any) -> None:
    """Print both forms of the answer, one of them JSON."""
    token = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}.AAAA"

    with suppress(ControlError):
        inspection = inspect(keys, token)
        assert inspection.problems != ()
        assert inspection.as_text() != ""
        assert json.loads(inspection.as_json())["verified_by"] is None


@in_a_folder
@given(st.dictionaries(st.text(), json_values))
def test_any_claims_that_we_signed(keys: KeySet, claims: dict[str, Any]) -> None:
    """Mix valid claims with odd ones."""
    token = sign(keys, claims_for(sub="alice", role="member", ttl=HOUR) | claims)

    with suppress(ControlError):
        assert inspect(keys, token).verified_by == keys.signing("HS256").kid
