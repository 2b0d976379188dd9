"""`control token` as people type it."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.tokens import minting as tokens
from control.tokens.inspection import inspect
from control.tokens.keys import KeySet, ensure_keys, load_keys

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `control token …` with the keys the test made, if any, and no servers."""
    here = {"ASPEN_DATA_DIR": str(tmp_path), "ASPEN_KEYS_DIR": str(tmp_path / "keys")}

    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(cli, ["token", *arguments], input=stdin, env=here)

    return run


def minted(keys: KeySet, **claims: Any) -> str:
    """Issue a token for alice that is valid for an hour."""
    return tokens.mint(keys, sub="alice", role="member", ttl=timedelta(hours=1), **claims)


def test_issue_prints_the_token_and_nothing_else(keys: KeySet, run: Run) -> None:
    """Print the token alone, so that TOKEN=$(control token issue …) works."""
    result = run("issue", "--sub", "alice", "--groups", "3:admin,12:viewer", "--ttl", "15m")

    inspection = inspect(keys, result.stdout.removesuffix("\n"))
    assert (result.exit_code, result.stderr, inspection.problems) == (0, "", ())
    assert inspection.claims["groups"] == {"3": "admin", "12": "viewer"}
    assert inspection.claims["exp"] - inspection.claims["iat"] == 900


def test_issue_signs_with_the_pair_when_asked(keys: KeySet, run: Run) -> None:
    """Sign with HS256 by default, and with RS256 as an identity provider would."""
    result = run("issue", "--sub", "alice", "--role", "operator", "--alg", "RS256")

    inspection = inspect(keys, result.stdout.strip())
    assert inspection.verified_by == keys.signing("RS256").kid
    assert inspection.claims["role"] == "operator"


def test_issue_tells_the_claims_as_json(keys: KeySet, run: Run) -> None:
    """Print the claims for scripts that need to know when to issue again."""
    details = json.loads(run("issue", "--sub", "alice", "--json").stdout)

    assert inspect(keys, details["token"]).claims == details["claims"]
    assert (details["alg"], details["kid"]) == ("HS256", keys.signing("HS256").kid)


def test_issue_starts_when_told(keys: KeySet, run: Run) -> None:
    """Count the hour from the given start, not from now."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)

    result = run("issue", "--sub", "alice", "--not-before", start.strftime("%Y-%m-%dT%H:%M:%SZ"))

    claims = inspect(keys, result.stdout.strip()).claims
    assert (claims["nbf"], claims["exp"] - claims["nbf"]) == (int(start.timestamp()), 3600)


def test_issue_and_inspect_know_another_audience(keys: KeySet, run: Run) -> None:
    """Support an API with a prescribed jwt-aud, as behind Cognito."""
    token = run("issue", "--sub", "alice", "--aud", "client-1").stdout

    assert run("inspect", "--aud", "client-1", stdin=token).exit_code == 0
    assert "refused: aud is not aspen" in run("inspect", stdin=token).stdout


WRONG = {
    "no sub": ([], "Missing option '--sub'"),
    "empty sub": (["--sub", ""], "a subject has 1 to 255 characters"),
    "long sub": (["--sub", "a" * 256], "a subject has 1 to 255 characters"),
    "unknown role": (["--sub", "a", "--role", "postgres"], "'postgres' is not one of"),
    "group without role": (["--sub", "a", "--groups", "3"], "such as 3:admin"),
    "unknown group role": (["--sub", "a", "--groups", "3:owner"], "choose from admin, member"),
    "group named twice": (["--sub", "a", "--groups", "3:admin,3:viewer"], "named twice"),
    "empty groups": (["--sub", "a", "--groups", ""], "such as 3:admin"),
    "no unit": (["--sub", "a", "--ttl", "10"], "such as 30s, 15m, 1h or 7d"),
    "too long": (["--sub", "a", "--ttl", "31d"], "31d is longer than 30d"),
    "unknown algorithm": (["--sub", "a", "--alg", "none"], "'none' is not one of"),
    "time without zone": (["--sub", "a", "--not-before", "2026-12-01T08:00:00"], "not-before"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG.keys())
def test_issue_refuses_what_it_does_not_understand(
    keys: KeySet, run: Run, arguments: list[str], words: str
) -> None:
    """Exit with 2, name the option, print no token."""
    result = run("issue", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["issue", "--sub", "alice"],
        ["inspect"],
        ["jwks"],
        ["rotate-keys", "--retire", "--no-reload"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_missing_keys_come_with_a_remedy(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    """Show a remedy instead of a traceback, and create no keys silently."""
    result = run(*arguments, stdin="a.b.c")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Remedy: control up creates them" in result.stderr
    assert not (tmp_path / "keys").exists()


def test_inspect_reads_the_token_from_standard_input(keys: KeySet, run: Run) -> None:
    """Read from where it stays out of the history; skip the word Bearer of a pasted header."""
    result = run("inspect", stdin=f"Bearer {minted(keys, groups={3: 'admin'})}\n")

    assert result.exit_code == 0
    assert 'groups      {"3": "admin"}' in result.stdout
    assert f"verified by {keys.signing('HS256').kid}" in result.stdout


def test_inspect_takes_the_token_as_an_argument(keys: KeySet, run: Run) -> None:
    """Accept the argument, for tokens that are no longer secret."""
    assert run("inspect", minted(keys)).exit_code == 0


def test_inspect_exits_with_3_when_the_api_would_refuse(keys: KeySet, run: Run) -> None:
    """Say why, and exit with 3."""
    result = run("inspect", "--json", stdin=minted(keys, exp=1))

    assert result.exit_code == 3
    assert json.loads(result.stdout)["problems"] == ["expired at 1970-01-01T00:00:01+00:00"]


def test_inspect_never_prints_a_signature_or_a_key(keys: KeySet, run: Run) -> None:
    """Keep them out, because people paste the output into tickets."""
    token = minted(keys)
    secrets = [token.rsplit(".", 1)[1], keys.verification_jwks()["keys"][0]["k"]]

    printed = run("inspect", stdin=token).output + run("inspect", "--json", stdin=token).output

    assert [secret for secret in secrets if secret in printed] == []


def test_inspect_does_not_repeat_what_is_no_token(keys: KeySet, run: Run) -> None:
    """Keep the text out, because it may be a password pasted by mistake."""
    result = run("inspect", stdin="hunter2")

    assert result.exit_code == 1
    assert "hunter2" not in result.output


def test_inspect_shows_a_strangers_claims_without_control_characters(
    keys: KeySet, run: Run
) -> None:
    """Escape them, because a claim could otherwise repaint the terminal."""
    result = run("inspect", stdin=minted(keys, **{"\x1b[2J": "\x1b[31m"}))

    assert "\x1b" not in result.output


def test_jwks_prints_only_public_keys(keys: KeySet, run: Run) -> None:
    """Print no oct key and no private member, so that the output can be published."""
    printed = json.loads(run("jwks").stdout)["keys"]

    assert [(jwk["kid"], sorted(jwk)) for jwk in printed] == [
        (keys.signing("RS256").kid, ["alg", "e", "kid", "kty", "n", "use"])
    ]


def test_jwks_writes_what_postgrest_reads_to_a_file_only(
    keys: KeySet, run: Run, tmp_path: Path
) -> None:
    """Write the file for its owner only, and print nothing, because it holds the secret."""
    result = run("jwks", "--for-postgrest", str(tmp_path / "for-postgrest.json"))

    written = tmp_path / "for-postgrest.json"
    assert written.read_text() == keys.jwks_path.read_text()
    assert stat.filemode(written.stat().st_mode) == "-rw-------"
    assert (result.exit_code, result.stdout) == (0, "")


def test_rotate_keys_makes_the_first_keys(run: Run, tmp_path: Path) -> None:
    """Create the first keys where there is no `control up`."""
    result = run("rotate-keys", "--no-reload")

    assert result.exit_code == 0
    assert len(load_keys(tmp_path / "keys").keys) == 2


def test_rotate_keys_says_what_becomes_of_each_key(keys: KeySet, run: Run) -> None:
    """List new keys first, without any of their content."""
    result = run("rotate-keys", "--no-reload")

    fates = [line.split("\t")[1] for line in result.stdout.splitlines()]
    assert fates == ["signs and verifies", "signs and verifies", "verifies", "verifies"]


def test_rotate_keys_dry_run_tells_and_changes_nothing(keys: KeySet, run: Run) -> None:
    """Change nothing, and do not contact PostgREST, which is not running here."""
    before = keys.jwks_path.read_text()

    result = run("rotate-keys", "--drop-old", "--dry-run")

    assert (result.exit_code, keys.jwks_path.read_text()) == (0, before)
    assert f"{keys.signing('HS256').kid}\tdropped" in result.stdout


def test_rotate_keys_without_a_database_changes_nothing(keys: KeySet, run: Run) -> None:
    """Change nothing, because PostgREST would reject the tokens of the new keys."""
    before = keys.jwks_path.read_text()

    result = run("rotate-keys")

    assert (result.exit_code, keys.jwks_path.read_text()) == (1, before)


def test_rotate_keys_cannot_both_rotate_and_retire(keys: KeySet, run: Run) -> None:
    """Accept only one: --drop-old creates new keys, --retire does not."""
    result = run("rotate-keys", "--retire", "--drop-old")

    assert (result.exit_code, result.stdout) == (2, "")


def test_trust_takes_a_providers_keys_from_standard_input(
    keys: KeySet, run: Run, tmp_path: Path
) -> None:
    """Read `curl … | control token trust`."""
    provider = ensure_keys(tmp_path / "provider")

    result = run("trust", "--no-reload", stdin=json.dumps(provider.public_jwks()))

    assert result.exit_code == 0
    assert f"{provider.signing('RS256').kid}\ttrusted" in result.stdout


def test_trust_names_what_it_leaves_out(keys: KeySet, run: Run, tmp_path: Path) -> None:
    """List left-out keys on stderr, apart from the accepted ones."""
    published = ensure_keys(tmp_path / "provider").public_jwks()
    published["keys"].append({"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "edwards"})

    result = run("trust", "--no-reload", stdin=json.dumps(published))

    assert result.exit_code == 0
    assert "left out key edwards: it is neither RSA nor EC (kty)\n" in result.stderr
    assert "edwards" not in result.stdout


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b'{"keys": [{"kty": "RSA", "kid": "a", "alg": "none"}]}', id="no usable key"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b" " * (1 << 20) + b"{}", id="without end"),
    ],
)
def test_trust_refuses_a_wrong_file_and_changes_nothing(
    keys: KeySet, run: Run, tmp_path: Path, document: bytes
) -> None:
    """Print one sentence, and keep trusting the earlier provider."""
    provider = ensure_keys(tmp_path / "provider").public_jwks()
    run("trust", "--no-reload", stdin=json.dumps(provider))
    before = (keys.directory / "trusted.json").read_bytes()
    (tmp_path / "document").write_bytes(document)

    result = run("trust", "--no-reload", str(tmp_path / "document"))

    assert (result.exit_code, result.stderr.startswith("Error: ")) == (1, True)
    assert (keys.directory / "trusted.json").read_bytes() == before


def test_inspect_reads_any_bytes(keys: KeySet, tmp_path: Path) -> None:
    """Accept a wrong file on standard input without a traceback."""
    result = CliRunner().invoke(
        cli,
        ["token", "inspect"],
        input=b"\xff\xfe\x00",
        env={"ASPEN_DATA_DIR": str(tmp_path), "ASPEN_KEYS_DIR": str(keys.directory)},
    )

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        1,
        "Error: this is not a JSON web token",
    )
