"""`control login` signs in by a device flow, and the API accepts or refuses the token."""

from __future__ import annotations

import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from control.errors import ControlError
from control.login.device import Code, wait_for_tokens
from control.login.provider import discover
from control.login.session import current_token
from tests.control.login.conftest import Desk
from tests.control.login.provider import DEVICE


def test_person_signs_in_by_a_code(desk: Desk) -> None:
    """Show address and code, wait for the confirmation, and keep the login in the keyring."""
    desk.provider.errors = ["authorization_pending", "authorization_pending"]

    result = desk.run("login")

    assert (result.exit_code, result.stdout) == (
        0,
        "Alice <a@bay.org>\n  member in Bay Laboratory\n",
    )
    assert f"Open {desk.provider.url}/activate\nand confirm the code WDJB-MJHT" in result.stderr
    assert desk.provider.grants(DEVICE) == 3
    assert json.loads(desk.keyring.kept["aspen", "local"])["api_url"] == desk.api.url
    assert desk.provider.given[0] not in result.output


def test_login_is_kept_in_a_file_only_when_told(desk: Desk) -> None:
    """Say where, and let nobody else read it."""
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]

    result = desk.run("login", "--store", "file")

    path = desk.logins.file.path
    assert result.exit_code == 0
    assert f"the login is kept in {path}, not encrypted" in result.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert desk.run("whoami").exit_code == 0


def test_login_without_a_keyring_is_kept_nowhere(desk: Desk) -> None:
    """Name the other store instead of taking it."""
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]

    result = desk.run("login")

    assert result.exit_code == 1
    assert "has no keyring" in result.stderr
    assert "--store file" in result.stderr
    assert not desk.logins.file.path.exists()


def test_file_that_others_may_read_is_refused(desk: Desk) -> None:
    """Do not use a token that others may have."""
    desk.run("login", "--store", "file")
    desk.logins.file.path.chmod(0o640)

    result = desk.run("whoami")

    assert result.exit_code == 1
    assert "others may read" in result.stderr


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("access_denied", "the sign-in was refused in the browser"),
        ("expired_token", "nobody confirmed the code in time"),
        ("invalid_client", "the provider refuses the sign-in: not now (invalid_client)"),
    ],
)
def test_sign_in_that_the_provider_refuses_ends(desk: Desk, error: str, message: str) -> None:
    """Say why, and keep nothing."""
    desk.provider.errors = ["authorization_pending", error]

    result = desk.run("login")

    assert result.exit_code == 1
    assert message in result.stderr
    assert desk.keyring.kept == {}


def test_provider_that_is_asked_too_often_is_asked_more_rarely(desk: Desk) -> None:
    """Add five seconds for good, as RFC 8628 says."""
    desk.provider.errors = ["authorization_pending", "slow_down", "authorization_pending"]
    code = Code("the-device-code", "A", "https://a", None, seconds=900.0, interval=5.0)
    waits: list[float] = []

    wait_for_tokens(discover(desk.provider.url), "client-1", code, pause=waits.append)

    assert waits == [5.0, 5.0, 10.0, 10.0]


def test_code_is_not_asked_for_after_its_time(desk: Desk) -> None:
    """Stop when it has expired, whatever the provider says."""
    desk.provider.errors = ["authorization_pending"] * 9
    code = Code("the-device-code", "A", "https://a", None, seconds=12.0, interval=5.0)
    waits: list[float] = []

    with pytest.raises(ControlError, match="in time"):
        wait_for_tokens(
            discover(desk.provider.url),
            "client-1",
            code,
            pause=waits.append,
            clock=lambda: sum(waits),
        )

    assert waits == [5.0, 5.0, 5.0]


def test_token_that_ends_soon_is_renewed_once(desk: Desk) -> None:
    """Keep the new refresh token: the old one does not work again."""
    desk.provider.lifetime = 30
    desk.run("login")
    desk.provider.lifetime = 3600
    before = desk.provider.grants("refresh_token")

    first, second = desk.run("whoami"), desk.run("whoami")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert desk.provider.grants("refresh_token") == before + 1
    assert desk.provider.refresh == {f"refresh-{desk.provider.number}"}


def test_two_commands_at_once_renew_the_token_once(desk: Desk) -> None:
    """Let the second one take what the first one got."""
    desk.provider.lifetime = 30
    desk.run("login", "--store", "file")
    desk.provider.lifetime = 3600
    before = desk.provider.grants("refresh_token")

    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda _: current_token(desk.logins, desk.api.url), range(4)))

    assert len(set(tokens)) == 1
    assert desk.provider.grants("refresh_token") == before + 1


def test_login_that_the_provider_ended_is_over(desk: Desk) -> None:
    """Tell to sign in again."""
    desk.provider.lifetime = 30
    desk.run("login")
    desk.provider.refresh.clear()

    result = desk.run("whoami")

    assert result.exit_code == 1
    assert "the login has ended\nRemedy: run control login" in result.stderr


def test_expired_token_without_a_refresh_token_is_over(desk: Desk) -> None:
    """Ask the API for nothing with it."""
    desk.provider.lifetime, desk.provider.gives_refresh = 30, False
    desk.run("login")

    assert "the login has ended" in desk.run("whoami").stderr


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "another-api"}, "PGRST301"),
        ({"exp": int(time.time()) - 600}, "PGRST301"),
        ({"sub": "auth0|stranger"}, "unknown_user"),
        ({"role": "operator"}, "role_not_allowed"),
    ],
)
def test_token_that_the_api_refuses_is_an_error(
    desk: Desk, claims: dict[str, object], code: str
) -> None:
    """Show the code of the API, and not the token."""
    desk.run("login")
    desk.provider.claims = claims
    refused = desk.provider.tokens()["access_token"]

    result = desk.run("whoami", ASPEN_API_TOKEN=refused)

    assert result.exit_code == 1
    assert f"{code})" in result.stderr
    assert refused not in result.output


def test_revoked_login_is_refused_until_the_next_one(desk: Desk) -> None:
    """End the sessions of the user in the database, and sign in again."""
    desk.provider.claims = {"iat": int(time.time()) - 60}
    desk.run("login")
    with desk.connect() as conn:
        conn.execute("update aspen.users set tokens_valid_after = now() - interval '30 s'")
    refused = desk.run("whoami")
    desk.provider.claims = {"iat": int(time.time()) - 5}

    again = desk.run("login")

    with desk.connect() as conn:
        conn.execute("update aspen.users set tokens_valid_after = null")
    assert (refused.exit_code, again.exit_code) == (1, 0)
    assert "token_revoked" in refused.stderr


def test_logout_ends_the_login_on_both_sides(desk: Desk) -> None:
    """Revoke the refresh token, and keep nothing."""
    desk.run("login")

    result = desk.run("logout")

    assert (result.exit_code, result.stdout) == (0, "signed out of local\n")
    assert (desk.keyring.kept, desk.provider.refresh) == ({}, set())
    assert "nobody is signed in to local" in desk.run("whoami").stderr


def test_login_is_used_for_its_api_only(desk: Desk) -> None:
    """Send the token to no other address, whoever wrote it into the settings."""
    desk.run("login")

    result = desk.run("whoami", ASPEN_API_URL="http://127.0.0.1:9")

    assert result.exit_code == 1
    assert f"the login is for {desk.api.url}, and not for http://127.0.0.1:9" in result.stderr


def test_configuration_of_another_issuer_is_refused(desk: Desk) -> None:
    """Ask nobody for tokens whom the issuer did not name."""
    desk.provider.issuer = "https://other.example"

    result = desk.run("login")

    assert result.exit_code == 1
    assert "is not the configuration of" in result.stderr


def test_issuer_without_encryption_is_refused(desk: Desk) -> None:
    """Allow plain http on this machine only."""
    result = desk.run("login", "--issuer", "http://id.example.org")

    assert result.exit_code == 1
    assert "the issuer is not encrypted" in result.stderr


def test_api_without_encryption_is_refused(desk: Desk) -> None:
    """Send no token where anybody could read it."""
    result = desk.run("whoami", ASPEN_API_URL="http://api.example.org", ASPEN_API_TOKEN="a.b.c")

    assert result.exit_code == 1
    assert "api_url is not encrypted" in result.stderr


def test_token_that_is_no_web_token_is_refused(desk: Desk) -> None:
    """Tell that the audience is missing, which Auth0 answers with such tokens."""
    desk.provider.is_opaque = True

    result = desk.run("login")

    assert result.exit_code == 1
    assert "--audience" in result.stderr
    assert desk.keyring.kept == {}
