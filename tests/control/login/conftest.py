"""Fixtures of the tests of a login: a provider, an API that trusts it, and a keyring in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import keyring
import psycopg
import pytest
from click.testing import CliRunner, Result
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from control.cli import cli
from control.login.stores import Logins
from control.tokens.keys import ensure_keys
from control.tokens.rotation import trust
from tests import factories
from tests.control.login.provider import Provider, run_provider
from tests.servers import Api, Cluster, Database, database_names, run_api


class Memory(KeyringBackend):
    """A keyring that forgets everything with the test."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")


@dataclass(frozen=True)
class Desk:
    """A person at a terminal, and whom the API knows."""

    api: Api
    provider: Provider
    folder: Path
    keyring: Memory
    group: int

    @property
    def logins(self) -> Logins:
        """Return where the login of the person is."""
        return Logins("local", self.folder / "aspen" / "logins")

    def run(self, *arguments: str, stdin: str | bytes = "", **variables: str) -> Result:
        """Run a command without a database."""
        environment = {
            "ASPEN_ROOT": self.api.database.environment["ASPEN_ROOT"],
            "ASPEN_DATA_DIR": "/nonexistent/aspen",
            "ASPEN_API_URL": self.api.url,
            "ASPEN_ISSUER": self.provider.url,
            "ASPEN_CLIENT_ID": "client-1",
            "XDG_STATE_HOME": f"{self.folder}",
        }
        return CliRunner().invoke(cli, arguments, input=stdin, env=environment | variables)

    def connect(self) -> psycopg.Connection:
        """Connect to the database of the API."""
        return self.api.database.connect()


@pytest.fixture(scope="module")
def office(
    cluster: Cluster, template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """Start a provider, and an API that trusts it and knows alice and five samples."""
    folder = tmp_path_factory.mktemp("office")
    with (
        run_provider() as provider,
        cluster.database(next(database_names), template.name) as database,
    ):
        trust(ensure_keys(folder / "keys").directory, provider.jwks())
        with database.connect() as conn:
            group = factories.group(conn, "Bay Laboratory", prefix="BAY")
            factories.user(conn, "auth0|alice", {group: "member"}, name="Alice", email="a@bay.org")
            for number in range(5):
                factories.sample(conn, group, f"S-{number}")
        with run_api(database, folder) as api:
            yield Desk(api, provider, folder, Memory(), group)


@pytest.fixture
def desk(office: Desk, tmp_path: Path) -> Iterator[Desk]:
    """Return a person who is not signed in, at a provider that behaves."""
    kept, own = keyring.get_keyring(), Memory()
    before = dict(office.provider.__dict__)
    office.provider.__dict__ |= Provider(office.provider.url, key=office.provider.key).__dict__
    keyring.set_keyring(own)
    yield replace(office, folder=tmp_path, keyring=own)
    keyring.set_keyring(kept)
    office.provider.__dict__ |= before
