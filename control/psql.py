"""Open psql on an environment's database, with no password in any process list."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict

from control.backups.tools import find_tool
from control.settings import Settings

# libpq's variable of each part of a URL; what has none stays in the connection string.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}
_SEARCH_PATH = "aspen, api, authz, internal"


@dataclass(frozen=True)
class Session:
    """Hold the command line of psql, and the variables that tell it where to connect."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)

    @property
    def public_environment(self) -> dict[str, str]:
        """Return the variables that may be shown."""
        return {
            name: value
            for name, value in self.environment.items()
            if name.startswith("PG") and name != "PGPASSWORD"
        }

    def start(self) -> None:
        """Become psql; does not return."""
        os.execve(self.arguments[0], self.arguments, dict(self.environment))


def plan_session(
    conn: psycopg.Connection, settings: Settings, *, writes: bool, more: Sequence[str]
) -> Session:
    """Plan psql as the login of `conn`: reading only, unless `writes`.

    Its prompt shows the environment, the role and the state of the transaction.
    """
    tool = find_tool(settings, "psql", conn.info.server_version // 10000)
    parts = {
        name: str(value)
        for name, value in conninfo_to_dict(settings.database_url or "").items()
        if value is not None
    }
    environment = {
        **os.environ,
        **{_VARIABLES[name]: value for name, value in parts.items() if name in _VARIABLES},
        "PGAPPNAME": "control db psql",
    }
    options = [f"-c search_path={_SEARCH_PATH.replace(' ', '')}"]
    if not writes:
        options.append("-c default_transaction_read_only=on")
    environment["PGOPTIONS"] = " ".join([*options, parts.pop("options", "")]).strip()
    rest = " ".join(f"{name}={value}" for name, value in parts.items() if name not in _VARIABLES)
    prompt = f"{settings.environment} %n{'' if writes else ' (reading)'}%R%x%# "
    arguments = [
        tool.path,
        *([f"--dbname={rest}"] if rest else []),
        f"--set=PROMPT1={prompt}",
        f"--set=PROMPT2={prompt}",
        *more,
    ]
    return Session(tuple(arguments), environment)
