"""Mint and inspect tokens without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.errors import ControlError
from control.tokens import minting as tokens
from control.tokens.inspection import inspect
from control.tokens.keys import ALGORITHMS, Algorithm, KeySet, ensure_keys
from control.tokens.rotation import retire, rotate, trust
from control.tokens.terms import GROUP_ROLES

HOUR = timedelta(hours=1)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def alices(keys: KeySet, **claims: Any) -> str:
    """Mint a token for alice, valid for an hour from noon unless `claims` say otherwise."""
    arguments: dict[str, Any] = {"sub": "alice", "role": "member", "ttl": HOUR, "now": NOON}
    return tokens.mint(keys, **(arguments | claims))


def test_token_carries_the_claims_of_the_design() -> None:
    """Include sub, role, groups, aud, iss, iat, exp and a unique jti."""
    claims = tokens.claims_for(
        sub="auth0|62c", role="member", groups={3: "admin", 12: "viewer"}, ttl=HOUR, now=NOON
    )

    assert claims == {
        "sub": "auth0|62c",
        "role": "member",
        "groups": {"3": "admin", "12": "viewer"},
        "aud": "aspen",
        "iss": "aspen-control",
        "iat": int(NOON.timestamp()),
        "exp": int(NOON.timestamp()) + 3600,
        "jti": claims["jti"],
    }


def test_two_tokens_never_share_a_jti(keys: KeySet) -> None:
    """Mint two tokens from the same claims in the same second."""
    assert alices(keys) != alices(keys)


def test_token_without_groups_has_no_groups_claim() -> None:
    """Leave the claim out, so that the API reads the memberships table."""
    assert "groups" not in tokens.claims_for(sub="alice", role="member", ttl=HOUR)


def test_token_with_no_group_has_an_empty_groups_claim() -> None:
    """Keep it empty, so that the caller sees no group's rows."""
    assert tokens.claims_for(sub="alice", role="member", groups={}, ttl=HOUR)["groups"] == {}


def test_override_replaces_a_claim_and_none_leaves_it_out() -> None:
    """Let a test break one claim at a time."""
    claims = tokens.claims_for(sub="alice", role="member", ttl=HOUR, aud=["x"], exp=None, job_id=7)

    assert (claims["aud"], "exp" in claims, claims["job_id"]) == (["x"], False, 7)


def test_token_that_starts_later_lives_its_whole_time() -> None:
    """Count the lifetime from not_before, so that a token for tomorrow is not expired by then."""
    start = NOON + timedelta(days=1)
    claims = tokens.claims_for(sub="alice", role="member", ttl=HOUR, now=NOON, not_before=start)

    assert (claims["nbf"], claims["exp"] - claims["nbf"]) == (int(start.timestamp()), 3600)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_token_names_the_key_that_signed_it(keys: KeySet, alg: Algorithm) -> None:
    """Name the kid, by which PostgREST 13 and later look the key up."""
    header = jwt.get_unverified_header(alices(keys, alg=alg))

    assert header == {"alg": alg, "kid": keys.signing(alg).kid, "typ": "JWT"}


def test_public_keys_alone_verify_an_rs256_token(keys: KeySet) -> None:
    """Verify with what `control token jwks` prints."""
    token = alices(keys, alg="RS256", now=None)
    published = jwt.PyJWKSet.from_dict(json.loads(json.dumps(keys.public_jwks())))

    claims = jwt.decode(token, published.keys[0], algorithms=["RS256"], audience="aspen")

    assert claims["sub"] == "alice"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_inspect_finds_nothing_wrong_with_a_good_token(keys: KeySet, alg: Algorithm) -> None:
    """Accept a valid token, unlike all below."""
    inspection = inspect(keys, alices(keys, alg=alg), now=NOON)

    assert (inspection.verified_by, inspection.problems) == (keys.signing(alg).kid, ())


STAMP = int(NOON.timestamp())
BAD_CLAIMS = {
    "no exp": ({"exp": None}, "exp is missing or not a time"),
    "exp of text": ({"exp": "never"}, "exp is missing or not a time"),
    "exp true": ({"exp": True}, "exp is missing or not a time"),
    "exp past the calendar": (
        {"exp": 10**30},
        "exp is more than 30 days ahead (token_lives_too_long)",
    ),
    "expired": ({"exp": STAMP - 31}, "expired at 2026-12-01T11:59:29+00:00"),
    "not yet valid": ({"nbf": STAMP + 31}, "not valid before 2026-12-01T12:00:31+00:00"),
    "from the future": (
        {"iat": STAMP + 31},
        "issued in the future, at 2026-12-01T12:00:31+00:00",
    ),
    "no audience": ({"aud": None}, "aud is not aspen"),
    "another audience": ({"aud": ["a", "b"]}, "aud is not aspen"),
    "no sub": ({"sub": None}, "sub is missing"),
    "role of a number": ({"role": 3}, "role is missing"),
}


@pytest.mark.parametrize(("claims", "problem"), BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_inspect_names_what_is_wrong(keys: KeySet, claims: dict[str, Any], problem: str) -> None:
    """Report one problem for one bad claim."""
    token = tokens.sign(keys, _claims(**claims))

    assert inspect(keys, token, now=NOON).problems == (problem,)


def _claims(**overrides: Any) -> tokens.Claims:
    arguments: dict[str, Any] = {"sub": "alice", "role": "member", "ttl": HOUR, "now": NOON}
    claims = tokens.claims_for(**arguments) | overrides
    return {name: value for name, value in claims.items() if value is not None}


IN_SKEW = {
    "expired just now": {"exp": STAMP - 29},
    "valid in a moment": {"nbf": STAMP + 29},
    "audience in a list": {"aud": ["other", "aspen"]},
}


@pytest.mark.parametrize("claims", IN_SKEW.values(), ids=IN_SKEW.keys())
def test_inspect_allows_what_postgrest_allows(keys: KeySet, claims: dict[str, Any]) -> None:
    """Allow 30 seconds between two clocks, and several audiences."""
    token = tokens.sign(keys, _claims(**claims))

    assert inspect(keys, token, now=NOON).problems == ()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_inspect_does_not_verify_a_strangers_token(
    keys: KeySet, tmp_path: Path, alg: Algorithm
) -> None:
    """Use the right algorithm and the wrong key."""
    stranger = ensure_keys(tmp_path / "stranger")

    inspection = inspect(keys, alices(stranger, alg=alg), now=NOON)

    assert inspection.problems == ("no known key verifies the signature",)


def test_inspect_does_not_verify_an_unsigned_token(keys: KeySet) -> None:
    """Reject alg none, which nobody signed."""
    token = jwt.encode(_claims(), "", algorithm="none")

    assert inspect(keys, token, now=NOON).verified_by is None


def test_inspect_notices_a_token_that_names_another_key(keys: KeySet) -> None:
    """Report it, because PostgREST 12 accepts it and PostgREST 13 does not."""
    key = keys.signing("HS256")
    token = jwt.PyJWS().encode(
        json.dumps(_claims()).encode(), key.signer, "HS256", {"kid": "other"}
    )

    inspection = inspect(keys, token, now=NOON)
    assert inspection.problems == ()
    assert inspection.notes == (
        f"kid does not name {key.kid}, which verifies it (PostgREST 13 asks for that)",
    )


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_token_outlives_a_rotation_and_ends_with_the_retirement(
    keys: KeySet, alg: Algorithm
) -> None:
    """End no session by rotating, but by retiring the old keys."""
    token = alices(keys, alg=alg)

    rotated = rotate(keys.directory).after
    retired = retire(keys.directory).after

    assert inspect(rotated, token, now=NOON).problems == ()
    assert inspect(retired, token, now=NOON).verified_by is None


def test_token_of_a_trusted_identity_provider_verifies(keys: KeySet, tmp_path: Path) -> None:
    """Use the provider's public keys only."""
    provider = ensure_keys(tmp_path / "provider")
    trusting = trust(keys.directory, json.dumps(provider.public_jwks())).after

    token = alices(provider, alg="RS256")

    assert inspect(trusting, token, now=NOON).verified_by == provider.signing("RS256").kid


NOT_TOKENS = {
    "nothing": "",
    "a word": "secret",
    "two parts": "a.b",
    "not base64": "!.!.!",
    "no claims": "eyJhbGciOiJub25lIn0.Ww.",
    "claims in latin-1": "eyJhbGciOiJub25lIn0.6Q.",
}


@pytest.mark.parametrize("text", NOT_TOKENS.values(), ids=NOT_TOKENS.keys())
def test_inspect_refuses_what_is_no_token_without_repeating_it(keys: KeySet, text: str) -> None:
    """Keep the text out, because it may be a password pasted by mistake."""
    with pytest.raises(ControlError) as caught:
        inspect(keys, text)

    assert caught.value.message in (
        "this is not a JSON web token",
        "the claims of this token are not a JSON object",
    )


@given(
    st.dictionaries(
        st.integers(min_value=1, max_value=10**18 - 1),
        st.sampled_from(GROUP_ROLES),
        min_size=1,
    )
)
def test_groups_are_read_as_they_were_written(groups: dict[int, str]) -> None:
    """Try any ids and roles."""
    written = ",".join(f"{group_id}:{role}" for group_id, role in groups.items())

    assert tokens.parse_groups(written) == groups


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "3:",
        ":admin",
        "0:admin",
        "-1:admin",
        "3:Admin",
        "3:owner",
        "1e3:admin",
        "٣:admin",
        "3:admin,",
        "3:admin,3:viewer",
        "3:admin;4:viewer",
        "1000000000000000000:admin",
    ],
)
def test_groups_that_are_not_ids_and_roles_are_refused(text: str) -> None:
    """Reject ids beyond bigint, digits of other scripts, and a group named twice."""
    with pytest.raises(ValueError, match=r"group|role"):
        tokens.parse_groups(text)


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("30d", timedelta(days=30)),
    ],
)
def test_lifetime_is_a_number_and_a_unit(text: str, lifetime: timedelta) -> None:
    """Allow up to 30 days."""
    assert tokens.parse_lifetime(text) == lifetime


@pytest.mark.parametrize(
    "text", ["", "1", "h", "0s", "-1h", "1.5h", "1w", "1h30m", "31d", "721h", "9999999d", "٣h"]
)
def test_lifetime_that_is_none_or_too_long_is_refused(text: str) -> None:
    """Reject zero, negative, fractional, unknown units, and more than 30 days."""
    with pytest.raises(ValueError, match=r"unit|longer"):
        tokens.parse_lifetime(text)
