"""Remember ports and passwords of the local stack in `.aspen/env.json`, for its owner only."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from control.settings import MOST_POSTGRESTS, STACK_KEYS, DamagedState, Settings, damaged
from control.stack.ports import HOST, LAST_PORT
from control.whole_files import whole_file

DATABASE = "aspen"
SUPERUSER = "postgres"
LOGINS = ("authenticator", "control")
# The keys that the emulator comes with.
S3_KEY = "test"


@dataclass
class State:
    """Ports and generated passwords, and the URLs built from them."""

    # The first port of the settings and those after it are theirs, in this order.
    port_names: ClassVar[tuple[str, ...]] = (
        "api",
        "admin",
        "postgres",
        "s3",
        "postgrest",
        "relay",
    )
    logins: ClassVar[tuple[str, ...]] = (SUPERUSER, *LOGINS)
    path: Path
    ports: dict[str, int] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    # How many PostgREST there are.
    postgrests: int = 1

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Return the remembered state; empty before the first `control up`."""
        path = settings.state_file
        try:
            stored = json.loads(path.read_bytes())
            ports, passwords = dict(stored["ports"]), dict(stored["passwords"])
            postgrests = stored.get("postgrests", 1)
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise damaged(path, repr(error)) from error
        if not all(type(port) is int and 0 < port <= LAST_PORT for port in ports.values()):
            raise damaged(path, "a port is invalid")
        if not all(isinstance(password, str) for password in passwords.values()):
            raise damaged(path, "a password is not text")
        if type(postgrests) is not int or not 1 <= postgrests <= MOST_POSTGRESTS:
            raise damaged(path, "the number of PostgREST is invalid")
        return cls(path, ports, passwords, postgrests)

    @classmethod
    def recover(cls, settings: Settings, echo: Callable[[str], None]) -> Self:
        """Return the remembered state; a damaged file is set aside and replaced."""
        try:
            return cls.load(settings)
        except DamagedState:
            aside = settings.state_file.with_suffix(".damaged")
            settings.state_file.replace(aside)
            echo(
                f"{settings.state_file} was damaged and is now {aside.name};"
                " choosing new ports and passwords"
            )
            return cls(settings.state_file)

    def ensure_passwords(self) -> None:
        """Generate the missing passwords."""
        for login in self.logins:
            self.passwords.setdefault(login, secrets.token_urlsafe(24))

    @property
    def is_of_cluster(self) -> bool:
        """Return whether it is of `control cluster`, which has other servers."""
        return "etcd" in self.ports

    def knows(self, port_names: tuple[str, ...]) -> bool:
        """Return whether these ports were chosen before."""
        return all(name in self.ports for name in port_names)

    def database_url(self, login: str, database: str = DATABASE) -> str:
        """Return the database URL of one of the generated logins."""
        password = self.passwords[login]
        return f"postgresql://{login}:{password}@{HOST}:{self.ports['postgres']}/{database}"

    def applied_to(self, settings: Settings) -> Settings:
        """Return the settings with everything that points at the local stack."""
        has_database = "postgres" in self.ports
        return replace(
            settings,
            database_url=self.database_url("control") if has_database else None,
            admin_database_url=self.database_url(SUPERUSER) if has_database else None,
            api_url=self.http_url("api"),
            admin_url=self.http_url("admin"),
            s3_endpoint_url=self.http_url("s3"),
            s3_access_key=S3_KEY,
            s3_secret_key=S3_KEY,
        )

    def http_url(self, port_name: str) -> str | None:
        """Return the URL of an HTTP server; None before its first start."""
        port = self.ports.get(port_name)
        return None if port is None else f"http://{HOST}:{port}"

    def save(self, settings: Settings) -> None:
        """Write the file whole or not at all."""
        local = asdict(self.applied_to(settings))
        profile = {name: local[name] for name in STACK_KEYS}
        document = {
            "ports": self.ports,
            "passwords": self.passwords,
            "postgrests": self.postgrests,
            **profile,
        }
        with whole_file(self.path) as file:
            file.write((json.dumps(document, indent=2) + "\n").encode())
