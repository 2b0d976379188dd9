"""Find the settings: ASPEN_* variables first, then the profile, then the defaults.

The profile `local` is what `control up` wrote to `.aspen/env.json`; any other profile is a table
`[<name>]` in `aspen.toml` beside `postgrest.conf`, with the same keys as `Settings`.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from control.errors import ControlError
from control.text_files import read_text

LOCAL = "local"
MARKER = "postgrest.conf"
# The audience of tokens; postgrest.conf tells PostgREST the same.
AUDIENCE = "aspen"


@dataclass(frozen=True)
class Settings:
    """The settings of one environment. URLs with a password stay out of `repr`."""

    root: Path
    data_dir: Path
    environment: str = LOCAL
    database_url: str | None = field(default=None, repr=False)
    admin_database_url: str | None = field(default=None, repr=False)
    api_url: str | None = None
    admin_url: str | None = None
    s3_endpoint_url: str | None = None
    s3_access_key: str | None = field(default=None, repr=False)
    s3_secret_key: str | None = field(default=None, repr=False)
    bucket: str = "aspen"
    region: str = "us-east-1"
    keys_dir: Path = Path(".aspen/keys")
    postgres_bin: str | None = None
    postgrest_bin: str | None = None
    nginx_bin: str | None = None
    cors_origins: str = "http://localhost:3000"
    # The mail server; with a folder instead, mails become files in it.
    smtp_host: str | None = None
    smtp_port: str | None = None
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    mail_folder: str | None = None
    # Where backups go outside the machine, and who can read them there (control/backups/vault.py).
    backup_s3_endpoint_url: str | None = None
    backup_s3_region: str | None = None
    backup_s3_access_key: str | None = field(default=None, repr=False)
    backup_s3_secret_key: str | None = field(default=None, repr=False)
    backup_recipient: str | None = None
    backup_identity: str | None = field(default=None, repr=False)
    backup_identity_file: str | None = None
    backup_identity_command: str | None = None
    # The token of a user, for commands that call the API.
    api_token: str | None = field(default=None, repr=False)
    # The state machine of the executor stepfunctions.
    state_machine_arn: str | None = None
    first_port: int = 8300
    # Who runs the control plane, for the audit log; the system's user and host if unset.
    operator: str | None = None

    @property
    def is_local(self) -> bool:
        """Return whether `control up` runs the servers of this environment."""
        return self.environment == LOCAL

    @property
    def state_file(self) -> Path:
        """Return the file with the local stack's ports, generated passwords and URLs."""
        return self.data_dir / "env.json"

    @property
    def sql_dir(self) -> Path:
        """Return the folder with the present form of the database."""
        return self.root / "sql"

    @property
    def migrations_dir(self) -> Path:
        """Return the folder with the migrations that lead to it."""
        return self.root / "migrations"


# Written by `control up` to the profile `local`.
STACK_KEYS = (
    "database_url",
    "admin_database_url",
    "api_url",
    "admin_url",
    "s3_endpoint_url",
    "s3_access_key",
    "s3_secret_key",
    "bucket",
    "region",
)
# Read from the profile and from ASPEN_<NAME>; the directories are found in other ways.
KEYS = (
    *STACK_KEYS,
    "postgres_bin",
    "postgrest_bin",
    "nginx_bin",
    "cors_origins",
    "smtp_host",
    "smtp_port",
    "smtp_security",
    "smtp_user",
    "mail_from",
    "mail_folder",
    "state_machine_arn",
    "operator",
    "backup_s3_endpoint_url",
    "backup_s3_region",
    "backup_s3_access_key",
    "backup_recipient",
    "backup_identity_file",
    "backup_identity_command",
)
# Read from ASPEN_<NAME> only, so that no file with settings contains it.
SECRET_KEYS = ("smtp_password", "api_token", "backup_s3_secret_key", "backup_identity")
HTTP_URLS = ("api_url", "admin_url", "s3_endpoint_url", "backup_s3_endpoint_url")


class DamagedState(ControlError):
    """The local stack's env.json cannot be read."""


def load_settings(
    environment: str | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    passes_damage: bool = False,
) -> Settings:
    """Return the settings of one environment.

    With `passes_damage` a damaged env.json counts as missing, for the commands that repair it.
    """
    name = environment or environ.get("ASPEN_ENV") or LOCAL
    root = find_root(environ)
    data_dir = Path(environ.get("ASPEN_DATA_DIR") or root / ".aspen").absolute()

    try:
        profile = _local_profile(data_dir) if name == LOCAL else _named_profile(root, name)
    except DamagedState:
        if not passes_damage:
            raise
        profile = {}
    source = data_dir / "env.json" if name == LOCAL else root / "aspen.toml"
    # Each environment signs with keys of its own.
    own_keys = data_dir / "keys" if name == LOCAL else data_dir / name / "keys"
    keys_dir = Path(environ.get("ASPEN_KEYS_DIR") or profile.get("keys_dir") or own_keys).absolute()
    values = {key: profile[key] for key in KEYS if profile.get(key) is not None}
    values |= {
        key: environ[var]
        for key in (*KEYS, *SECRET_KEYS)
        if (var := f"ASPEN_{key.upper()}") in environ
    }
    for key in HTTP_URLS:
        if key in values:
            variable = f"ASPEN_{key.upper()}"
            _require_http_url(variable if variable in environ else f"{source}: {key}", values[key])
    return Settings(
        root=root,
        data_dir=data_dir,
        environment=name,
        keys_dir=keys_dir,
        first_port=_port(environ.get("ASPEN_FIRST_PORT", "8300")),
        **values,
    )


def find_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the checkout: ASPEN_ROOT, or the nearest directory upwards with postgrest.conf."""
    if named := environ.get("ASPEN_ROOT"):
        return Path(named).absolute()
    here = Path.cwd()
    package = Path(__file__).parent.parent
    for candidate in (here, *here.parents, package):
        if (candidate / MARKER).is_file() and (candidate / "sql").is_dir():
            return candidate
    raise ControlError(
        f"no Aspen checkout at or above {here}",
        "run control inside one, or set ASPEN_ROOT to its path",
    )


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{4,5}", text, re.ASCII) or not 1024 <= int(text) <= 65000:
        raise ControlError(
            f"ASPEN_FIRST_PORT is {text!r}, not a port", "set it to a number from 1024 to 65000"
        )
    return int(text)


def _require_http_url(name: str, value: str) -> None:
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    # The value stays out of the message, because it may contain a password.
    if not is_url or not value.isprintable() or " " in value:
        raise ControlError(f"{name} is not a URL", "give it as http://host:port or https://host")


def _local_profile(data_dir: Path) -> dict[str, Any]:
    path = data_dir / "env.json"
    try:
        profile = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise ControlError(
            f"{path} belongs to another user", "run control as the user who ran control up"
        ) from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, "it is not JSON") from error
    if not isinstance(profile, dict):
        raise damaged(path, "it is not an object")
    for key in (*KEYS, "keys_dir"):
        if not isinstance(profile.get(key), str | None):
            raise damaged(path, f"{key} is not text")
    for key, kind in (("ports", int), ("passwords", str)):
        members = profile.get(key, {})
        if not isinstance(members, dict) or not all(type(one) is kind for one in members.values()):
            raise damaged(path, f"{key} is not in the form that control up writes")
    return profile


def damaged(path: Path, reason: str) -> DamagedState:
    """Build the error for an env.json that cannot be used."""
    return DamagedState(
        f"{path} is damaged: {reason}", "control up sets it aside and creates a new one"
    )


def _named_profile(root: Path, name: str) -> dict[str, Any]:
    path = root / "aspen.toml"
    try:
        profiles = tomllib.loads(read_text(path))
    except FileNotFoundError:
        profiles = {}
    except tomllib.TOMLDecodeError as error:
        raise ControlError(f"{path} is not TOML: {error}", "correct the file") from error
    # tomllib raises these, without a message of its own, for impossible dates and endless nesting.
    except (ValueError, RecursionError) as error:
        raise ControlError(f"{path} is not TOML", "correct the file") from error
    profile = profiles.get(name)
    if profile is None:
        raise ControlError(
            f"no environment named {name}", f"add a table [{name}] to {path}, or use local"
        )
    if not isinstance(profile, dict):
        raise ControlError(
            f"{path}: {name} is not a table", f"write [{name}] on a line and its keys below"
        )
    unknown = sorted(set(profile) - {*KEYS, "keys_dir"})
    if unknown:
        raise ControlError(
            f"{path}: [{name}] has unknown keys: {', '.join(unknown)}",
            f"known keys: {', '.join(KEYS)}, keys_dir",
        )
    for key, value in profile.items():
        if not isinstance(value, str):
            raise ControlError(
                f"{path}: [{name}] has a {key} that is not text", f'write {key} = "…"'
            )
    return profile
