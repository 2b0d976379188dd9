"""internal.hmac_sha256 agrees with the test vectors of RFC 4231."""

from __future__ import annotations

import hashlib
import hmac

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VECTORS = {
    "short key": (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    "key shorter than the output": (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "key and data longer than 64 together": (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    "counting key": (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    "truncated in the RFC": (
        b"\x0c" * 20,
        b"Test With Truncation",
        "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5",
    ),
    "key longer than a block": (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    "key and data longer than a block": (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data."
        b" The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
}


def hmac_sha256(conn: psycopg.Connection, key: bytes, message: bytes) -> str:
    """Return what the database computes, in hexadecimal digits."""
    row = conn.execute(
        "select encode(internal.hmac_sha256(%s, %s), 'hex')", [key, message]
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(("key", "message", "digest"), VECTORS.values(), ids=VECTORS)
def test_hmac_matches_the_vectors_of_the_rfc(
    admin: psycopg.Connection, key: bytes, message: bytes, digest: str
) -> None:
    """Compute all seven test cases, the truncated one in full."""
    assert hmac_sha256(admin, key, message) == digest


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.binary(max_size=130), message=st.binary(max_size=200))
def test_hmac_matches_python(admin: psycopg.Connection, key: bytes, message: bytes) -> None:
    """Compute it also for empty keys and messages, and for keys of exactly one block."""
    assert hmac_sha256(admin, key, message) == hmac.new(key, message, hashlib.sha256).hexdigest()
