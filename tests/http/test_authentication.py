"""Which tokens the running API accepts, and how it rejects the others."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from control.database import begin_request
from control.tokens import minting as tokens
from control.tokens.keys import ALGORITHMS, Algorithm, KeySet, ensure_keys
from tests.names import unique
from tests.servers import Api

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)
STAMP = int(NOW.timestamp())


@dataclass(frozen=True)
class Caller:
    """A user, with tokens made for them and the requests that send these."""

    api: Api
    subject: str

    @property
    def keys(self) -> KeySet:
        """Return the keys that the API verifies tokens with."""
        return self.api.keys

    def token(self, alg: Algorithm = "HS256", **claims: Any) -> str:
        """Sign a good token of the user, changed by these claims; None leaves a claim out."""
        return tokens.sign(self.keys, self.claims(**claims), alg)

    def claims(self, **claims: Any) -> tokens.Claims:
        """Return the claims of that token."""
        good = tokens.claims_for(sub=self.subject, role="member", ttl=HOUR)
        return {name: value for name, value in (good | claims).items() if value is not None}

    def send(self, token: str, path: str = "/me") -> httpx.Response:
        """Send a request with this token."""
        return self.api.get(path, token)

    def ask(self, path: str = "/me", **claims: Any) -> httpx.Response:
        """Send a request with a good token, changed by these claims."""
        return self.send(self.token(**claims), path)


@pytest.fixture
def conn(api: Api) -> Iterator[psycopg.Connection]:
    """Connect to the API's database as role control; changes stay."""
    with api.database.connect() as conn:
        yield conn


@pytest.fixture
def alice(api: Api, conn: psycopg.Connection) -> Caller:
    """Store a user of the test's own."""
    return Caller(api, create_user(conn, is_operator=False))


@pytest.fixture
def olga(api: Api, conn: psycopg.Connection) -> Caller:
    """Store an operator of the test's own."""
    return Caller(api, create_user(conn, is_operator=True))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> KeySet:
    """Make keys that the API does not trust."""
    return ensure_keys(tmp_path_factory.mktemp("stranger") / "keys")


def create_user(conn: psycopg.Connection, *, is_operator: bool) -> str:
    """Store a new user and return the subject."""
    subject = f"auth0|{unique(32)}"
    conn.execute(
        "insert into aspen.users (subject, name, email, is_operator) values (%s, %s, %s, %s)",
        [subject, "A user", f"{unique(32)}@example.org", is_operator],
    )
    return subject


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error; fail on any shape but our one JSON shape."""
    body = response.json()
    assert sorted(body) == ["code", "details", "hint", "message"]
    return response.status_code, body["code"]


def base64url(octets: bytes) -> str:
    """Encode as base64url without padding, as everywhere in a token."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def hs256(claims: Mapping[str, Any], secret: bytes, **header: str) -> str:
    """Sign an HS256 token by hand, because PyJWT refuses to do what an attacker does."""
    head = base64url(json.dumps({"alg": "HS256", "typ": "JWT", **header}).encode())
    signed = f"{head}.{base64url(json.dumps(claims).encode())}"
    return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def public_pem(keys: KeySet) -> bytes:
    """Return our RSA public key as text, the way it is distributed."""
    return published(keys).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def published(keys: KeySet) -> RSAPublicKey:
    """Return our RSA public key."""
    key = keys.signing("RS256").verifier
    assert isinstance(key, RSAPublicKey)
    return key


def modulus(keys: KeySet) -> bytes:
    """Return the number in our RSA public key, the `n` of its JWK."""
    return published(keys).public_numbers().n.to_bytes(256, "big")


def test_request_with_a_good_token_runs_as_its_user(alice: Caller) -> None:
    """Accept the token that every other test of this file spoils in one way."""
    response = alice.ask()

    assert (response.status_code, response.json()[0]["subject"]) == (200, alice.subject)


ACCEPTED: dict[str, dict[str, Any]] = {
    "HS256": {"alg": "HS256"},
    "RS256": {"alg": "RS256"},
    "groups": {"groups": {3: "admin", 12: "viewer"}},
    "no group at all": {"groups": {}},
    "a group that does not exist": {"groups": {10**18 - 1: "member"}},
    "as many groups as allowed": {"groups": dict.fromkeys(range(1, 1001), "viewer")},
    "one audience of several": {"aud": ["https://other.example", "aspen"]},
    "valid within the clock skew": {"nbf": STAMP + 10},
    "made within the clock skew": {"iat": STAMP + 10},
    "lives for thirty days": {"exp": STAMP + 30 * 86400},
    "dates with fractions": {"iat": STAMP - 0.5, "exp": STAMP + 3600.5},
    "no iat": {"iat": None},
    "no issuer and no jti": {"iss": None, "jti": None},
    "claims of its own": {"email": "a@example.org", "scope": ["x"], "role_": "postgres"},
}


@pytest.mark.parametrize("claims", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_every_form_of_a_good_token_is_accepted(alice: Caller, claims: dict[str, Any]) -> None:
    """Accept what a careful issuer may send."""
    response = alice.ask(**claims)

    assert (response.status_code, len(response.json())) == (200, 1)


def test_token_is_accepted_when_it_expired_within_the_clock_skew(alice: Caller) -> None:
    """Accept a token that expired ten seconds before this moment, not before the file's import."""
    response = alice.ask(exp=int(time.time()) - 10)

    assert (response.status_code, len(response.json())) == (200, 1)


FORGED: dict[str, Callable[[Caller, KeySet], str]] = {
    "no token": lambda _, __: "x",
    "two parts": lambda caller, _: caller.token().rsplit(".", 1)[0],
    "five parts, as if encrypted": lambda caller, _: f"{caller.token()}.a.b",
    "signature of another token": lambda caller, _: ".".join(
        [*caller.token(jti="a").split(".")[:2], caller.token(jti="b").split(".")[2]]
    ),
    "no signature": lambda caller, _: caller.token().rsplit(".", 1)[0] + ".",
    "alg none": lambda caller, _: jwt.encode(caller.claims(), "", algorithm="none"),
    "alg None": lambda caller, _: hs256(caller.claims(), b"x", alg="None"),
    "a stranger's secret": lambda caller, stranger: tokens.sign(stranger, caller.claims()),
    "a stranger's pair": lambda caller, stranger: tokens.sign(stranger, caller.claims(), "RS256"),
    "a stranger's pair by our key id": lambda caller, stranger: jwt.PyJWS().encode(
        json.dumps(caller.claims()).encode(),
        stranger.signing("RS256").signer,
        "RS256",
        {"kid": caller.keys.signing("RS256").kid},
    ),
    "the empty secret": lambda caller, _: hs256(caller.claims(), b""),
    "our public key as the secret": lambda caller, _: hs256(
        caller.claims(), public_pem(caller.keys), kid=caller.keys.signing("RS256").kid
    ),
    "our modulus as the secret": lambda caller, _: hs256(
        caller.claims(), modulus(caller.keys), kid=caller.keys.signing("RS256").kid
    ),
    "our modulus in base64 as the secret": lambda caller, _: hs256(
        caller.claims(), base64url(modulus(caller.keys)).encode()
    ),
    "a key it brings along": lambda caller, _: hs256(
        caller.claims(), b"s" * 32, jwk=json.dumps({"kty": "oct", "k": base64url(b"s" * 32)})
    ),
    "critical header it does not know": lambda caller, _: jwt.PyJWS().encode(
        json.dumps(caller.claims()).encode(),
        caller.keys.signing("HS256").signer,
        "HS256",
        {"crit": ["b64"], "b64": True},
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_forged_token_is_refused(
    alice: Caller, stranger: KeySet, forge: Callable[[Caller, KeySet], str]
) -> None:
    """Answer 401 before asking the database anything."""
    assert refusal(alice.send(forge(alice, stranger))) == (401, "PGRST301")


def test_changed_claims_are_refused(alice: Caller) -> None:
    """Verify every claim by the signature: nobody becomes an operator in an editor."""
    head, _, signature = alice.token().split(".")
    changed = base64url(json.dumps(alice.claims(role="operator")).encode())

    assert refusal(alice.send(f"{head}.{changed}.{signature}")) == (401, "PGRST301")


BAD_DATES: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": STAMP - 60}, "PGRST301"),
    "not yet valid": ({"nbf": STAMP + 3600}, "PGRST301"),
    "made in the future": ({"iat": STAMP + 3600}, "PGRST301"),
    "never expires": ({"exp": None}, "token_without_exp"),
    "expires never, in a word": ({"exp": "never"}, "PGRST301"),
    "expires in the year 33658": ({"exp": 10**12}, "token_lives_too_long"),
    "expires when the sun has gone out": ({"exp": 1e300}, "token_lives_too_long"),
    "lives for a day too long": ({"exp": STAMP + 31 * 86400}, "token_lives_too_long"),
    "another audience": ({"aud": "other"}, "PGRST301"),
    "other audiences": ({"aud": ["other", "another"]}, "PGRST301"),
    "an empty list of audiences": ({"aud": []}, "PGRST301"),
    "an audience that is a number": ({"aud": 3}, "PGRST301"),
    "an empty audience": ({"aud": ""}, "PGRST301"),
    "no audience": ({"aud": None}, "token_without_aud"),
    "no subject": ({"sub": None}, "unknown_user"),
    "an empty subject": ({"sub": ""}, "unknown_user"),
    "an unknown subject": ({"sub": "nobody"}, "unknown_user"),
}


@pytest.mark.parametrize(("claims", "code"), BAD_DATES.values(), ids=BAD_DATES.keys())
def test_token_for_another_time_place_or_person_is_refused(
    alice: Caller, claims: dict[str, Any], code: str
) -> None:
    """Reject it even where PostgREST itself would accept it, as without exp or aud."""
    assert refusal(alice.ask(**claims)) == (401, code)


@pytest.mark.parametrize("name", ["exp", "aud"])
def test_claim_of_null_is_refused_like_a_missing_one(alice: Caller, name: str) -> None:
    """Reject null, which PostgREST accepts for both claims."""
    token = tokens.sign(alice.keys, alice.claims() | {name: None})

    assert refusal(alice.send(token)) == (401, f"token_without_{name}")


MALFORMED_GROUPS: dict[str, object] = {
    "text": "3",
    "text that looks like an object": '{"3": "admin"}',
    "a number": 3,
    "true": True,
    "null": None,
    "a list of ids": [3],
    "a list of objects": [{"3": "admin"}],
    "an empty list": [],
    "an id with a fraction": {"3.5": "admin"},
    "an id with an exponent": {"3e0": "admin"},
    "a negative id": {"-3": "admin"},
    "id zero": {"0": "admin"},
    "an id with a leading zero": {"03": "admin"},
    "an id with a space": {" 3": "admin"},
    "an empty id": {"": "admin"},
    "an id in other digits": {"٣": "admin"},
    "an id with a line break": {"3\n": "admin"},
    "an id too large": {"9223372036854775808": "admin"},
    "an id of 40 digits": {"9" * 40: "admin"},
    "an id that breaks out of an array": {"3}": "admin"},
    "an unknown role": {"3": "owner"},
    "a role in capitals": {"3": "Admin"},
    "a role that is a number": {"3": 1},
    "a role that is a fraction": {"3": 1.5},
    "a role that is null": {"3": None},
    "a role that is true": {"3": True},
    "a list of roles": {"3": ["admin"]},
    "a role in an object": {"3": {"role": "admin"}},
    "one bad entry among good ones": {"3": "admin", "4": "viewer", "5": "x"},
    "one group too many": {str(group): "viewer" for group in range(1, 1002)},
    "1400 groups": {str(group): "viewer" for group in range(1, 1401)},
}


@pytest.mark.parametrize("groups", MALFORMED_GROUPS.values(), ids=MALFORMED_GROUPS.keys())
def test_malformed_groups_are_refused(alice: Caller, groups: object) -> None:
    """Never treat them as a missing claim, which would mean the memberships in the database."""
    token = tokens.sign(alice.keys, alice.claims() | {"groups": groups})

    assert refusal(alice.send(token)) == (401, "malformed_groups")


def test_token_with_ten_thousand_groups_is_refused(alice: Caller) -> None:
    """Reject it at the edge, which accepts a header of at most 32 kB."""
    token = alice.token(groups=dict.fromkeys(range(1, 10_001), "viewer"))

    assert refusal(alice.send(token)) == (431, "headers_too_large")


OTHER_ROLES = [
    "postgres",
    "control",
    "authenticator",
    "aspen_owner",
    "analyst",
    "claims_reader",
    "api_writer",
    "auditor",
    "presigner",
    "registrar",
    "results_keeper",
    "observer",
    "pg_read_all_data",
]


@pytest.mark.parametrize("role", OTHER_ROLES)
def test_role_that_is_not_for_requests_is_refused(alice: Caller, role: str) -> None:
    """Reject it: a signed token may name any role, but the authenticator can become few."""
    assert refusal(alice.ask(role=role)) == (403, "42501")


def test_operators_role_is_refused_to_others(alice: Caller) -> None:
    """Let the database decide who is an operator, whatever the token says."""
    assert refusal(alice.ask(role="operator")) == (403, "role_not_allowed")


@pytest.mark.parametrize("role", ["operator", "member"])
def test_operator_may_come_as_operator_or_member(olga: Caller, role: str) -> None:
    """Accept both roles; as a member an operator has no more rights than anyone."""
    assert olga.ask(role=role).status_code == 200


def test_jobs_role_without_a_job_is_refused(alice: Caller) -> None:
    """Reject a person's token that names the role of jobs."""
    assert refusal(alice.ask(role="job")) == (401, "malformed_job_id")


NO_ROLES: dict[str, object] = {
    "unknown": "nobody",
    "empty": "",
    "a number": 3,
    "null": None,
    "a list": ["member"],
    "none": "none",
    "in capitals": "MEMBER",
    "with more SQL": 'member"; set role "postgres',
    "too long to be one": "m" * 100,
}


@pytest.mark.parametrize("role", NO_ROLES.values(), ids=NO_ROLES.keys())
def test_role_that_does_not_exist_is_refused(alice: Caller, role: object) -> None:
    """Accept 400 of PostgREST 12 or 401 of later ones, but no data and no error of ours."""
    response = alice.send(tokens.sign(alice.keys, alice.claims() | {"role": role}))

    assert 400 <= response.status_code < 500


def test_subject_with_a_nul_is_refused(alice: Caller) -> None:
    """Answer as for an unknown user, because PostgreSQL cannot store a NUL."""
    assert 400 <= alice.ask(sub="a\x00b").status_code < 500


def test_token_without_a_role_is_anonymous(alice: Caller) -> None:
    """Open what needs no token: health, but not me."""
    token = alice.token(role=None)

    assert alice.send(token, "/rpc/health").status_code == 200
    assert refusal(alice.send(token)) == refusal(alice.api.get("/me"))


@pytest.fixture
def group(conn: psycopg.Connection, alice: Caller) -> dict[str, Any]:
    """Store a group with alice as its viewer and return it as `me` shows it."""
    name = f"Group {unique(32)}"
    row = conn.execute(
        "insert into aspen.groups (name, prefix) values (%s, %s) returning id",
        [name, unique()],
    ).fetchone()
    assert row is not None
    conn.execute(
        "insert into aspen.memberships (user_id, group_id, role)"
        " select users.id, %s, 'viewer' from aspen.users as users where users.subject = %s",
        [row[0], alice.subject],
    )
    return {"id": row[0], "name": name, "role": "viewer", "is_granted": False}


def groups_of(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the groups that `me` shows, and in which role."""
    groups: list[dict[str, Any]] = response.json()[0]["groups"]
    return [{key: group[key] for key in ("id", "name", "role", "is_granted")} for group in groups]


def test_token_without_groups_has_those_of_the_database(
    alice: Caller, group: dict[str, Any]
) -> None:
    """Use the memberships and their roles."""
    assert groups_of(alice.ask()) == [group]


def test_token_with_groups_has_those_and_no_others(alice: Caller, group: dict[str, Any]) -> None:
    """Replace the memberships by the claim: they neither add to it nor limit it."""
    assert groups_of(alice.ask(groups={})) == []
    assert groups_of(alice.ask(groups={group["id"]: "admin"})) == [group | {"role": "admin"}]


def test_ended_membership_counts_from_the_next_request(
    alice: Caller, group: dict[str, Any], conn: psycopg.Connection
) -> None:
    """Apply it to a token that names no groups, though the token is still valid."""
    token = alice.token()
    before = groups_of(alice.send(token))

    conn.execute("delete from aspen.memberships where group_id = %s", [group["id"]])

    assert (before, groups_of(alice.send(token))) == ([group], [])


def test_disabled_user_is_refused_at_once(alice: Caller, conn: psycopg.Connection) -> None:
    """Reject the token that was accepted a moment ago."""
    token = alice.token()
    accepted = alice.send(token).status_code

    conn.execute("update aspen.users set disabled_at = now() where subject = %s", [alice.subject])

    assert (accepted, refusal(alice.send(token))) == (200, (401, "user_disabled"))


def test_revoked_tokens_are_refused_and_newer_ones_are_not(
    alice: Caller, conn: psycopg.Connection
) -> None:
    """End the sessions before tokens_valid_after, without a list of tokens."""
    conn.execute(
        "update aspen.users set tokens_valid_after = %s where subject = %s",
        [NOW - timedelta(minutes=1), alice.subject],
    )

    assert refusal(alice.ask(iat=STAMP - 120)) == (401, "token_revoked")
    assert alice.ask(iat=STAMP).status_code == 200


@pytest.mark.parametrize(
    "iat", [None, STAMP - 10**6, -1], ids=["no iat", "long before", "before 1970"]
)
def test_token_of_unknown_age_is_refused_after_a_revocation(
    alice: Caller, conn: psycopg.Connection, iat: int | None
) -> None:
    """Reject a token without iat, because it may be an old one."""
    conn.execute(
        "update aspen.users set tokens_valid_after = now() where subject = %s", [alice.subject]
    )

    assert refusal(alice.ask(iat=iat)) == (401, "token_revoked")


def test_token_made_in_the_second_of_the_revocation_is_refused(
    alice: Caller, conn: psycopg.Connection
) -> None:
    """Reject it: iat has no fraction, so the token may be older; signing in again is safe."""
    conn.execute(
        "update aspen.users set tokens_valid_after = %s where subject = %s",
        [datetime.fromtimestamp(STAMP + 0.5, UTC), alice.subject],
    )

    assert refusal(alice.ask(iat=STAMP)) == (401, "token_revoked")


def test_token_from_the_future_does_not_outlive_a_revocation(
    alice: Caller, conn: psycopg.Connection
) -> None:
    """Reject it, because it may have been made before; other requests forgive a fast clock."""
    token = alice.token(iat=int(time.time()) + 25)
    before = alice.send(token).status_code
    conn.execute(
        "update aspen.users set tokens_valid_after = now() where subject = %s", [alice.subject]
    )

    assert (before, refusal(alice.send(token))) == (200, (401, "token_revoked"))


def test_operators_token_names_no_groups_but_their_own(
    olga: Caller, group: dict[str, Any], conn: psycopg.Connection
) -> None:
    """Ignore the others, so that signing a token for an operator opens no group."""
    token = olga.token(role="operator", groups={group["id"]: "admin"})
    before = groups_of(olga.send(token))
    conn.execute(
        "insert into aspen.memberships (user_id, group_id, role)"
        " select users.id, %s, 'viewer' from aspen.users as users where users.subject = %s",
        [group["id"], olga.subject],
    )

    assert (before, groups_of(olga.send(token))) == ([], [group | {"role": "viewer"}])


def test_longest_life_of_tokens_is_the_operators_choice(
    alice: Caller, conn: psycopg.Connection
) -> None:
    """Read the limit from a setting of the database; without it, 30 days apply."""
    name = alice.api.database.name
    with alice.api.database.connect("postgres") as admin:
        admin.execute(f"alter database {name} set aspen.max_token_days = '60'")
        try:
            with alice.api.database.connect("authenticator") as request, request.transaction():
                begin_request(request, "member", alice.claims(exp=STAMP + 59 * 86400))
                found = request.execute("select subject from api.me").fetchall()
        finally:
            admin.execute(f"alter database {name} reset aspen.max_token_days")

    assert found == [(alice.subject,)]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_refusal_asks_for_a_token(alice: Caller, alg: Algorithm) -> None:
    """Say in every 401 how to authenticate, whichever part answers it."""
    challenges = [
        alice.ask(alg=alg, exp=STAMP - 60).headers["WWW-Authenticate"],
        alice.ask(alg=alg, exp=None).headers["WWW-Authenticate"],
    ]

    assert [challenge.split()[0] for challenge in challenges] == ["Bearer", "Bearer"]
