"""Find the settings: ASPEN_* variables first, then the profile, then the defaults.

The profile `local` is what `control up` wrote to `.aspen/env.json`; any other profile is a table
of `aspen.toml` (profiles.py). Secrets are in variables, behind a command or in AWS Secrets Manager
(secret_values.py), and in no file of ours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from control.errors import ControlError
from control.profiles import COMMAND, Profile, find_profile, require_own_file
from control.secret_values import AWS, Later, Secret, from_aws, from_command
from control.urls import has_password, with_password

LOCAL = "local"
MARKER = "postgrest.conf"
# The audience of tokens; postgrest.conf tells PostgREST the same.
AUDIENCE = "aspen"
# Each has db-pool connections, of the 100 that the local PostgreSQL accepts.
MOST_POSTGRESTS = 4


@dataclass(frozen=True, repr=False)
class Settings:
    """The settings of one environment. Secrets are read when they are first asked for."""

    root: Path
    data_dir: Path
    environment: str = LOCAL
    database_url: Secret = Secret()
    admin_database_url: Secret = Secret()
    api_url: str | None = None
    admin_url: str | None = None
    s3_endpoint_url: str | None = None
    s3_access_key: str | None = None
    s3_secret_key: Secret = Secret()
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
    smtp_password: Secret = Secret()
    mail_from: str | None = None
    mail_folder: str | None = None
    # Where backups go outside the machine, and who can read them there (control/backups/vault.py).
    backup_s3_endpoint_url: str | None = None
    backup_s3_region: str | None = None
    backup_s3_access_key: str | None = None
    backup_s3_secret_key: Secret = Secret()
    backup_recipient: str | None = None
    backup_identity: Secret = Secret()
    backup_identity_file: str | None = None
    # The token of a user, for commands that call the API.
    api_token: Secret = Secret()
    # The identity provider of `control login`, and this client's id there.
    issuer: str | None = None
    client_id: str | None = None
    # The directory of `control user sync`, and the client that reads and changes it.
    directory_url: str | None = None
    directory_client_id: str | None = None
    directory_client_secret: Secret = Secret()
    # The state machine of the executor stepfunctions.
    state_machine_arn: str | None = None
    first_port: int = 8300
    # How many PostgREST the local stack runs; as many as before if unset.
    postgrests: int | None = None
    # Who runs the control plane, for the audit log; the system's user and host if unset.
    operator: str | None = None
    # Where `control db backup` or `control db archive` writes, for `control doctor`.
    backup_folder: str | None = None

    def __repr__(self) -> str:
        """Name the environment only: settings appear in tracebacks and hold secrets."""
        return f"Settings({self.environment!r}, root={str(self.root)!r})"

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
    "issuer",
    "client_id",
    "directory_url",
    "directory_client_id",
    "state_machine_arn",
    "operator",
    "backup_folder",
    "backup_s3_endpoint_url",
    "backup_s3_region",
    "backup_s3_access_key",
    "backup_recipient",
    "backup_identity_file",
)
# In ASPEN_<NAME>, or in a profile as <name>_command or `aws-secret:…`, but never as text in a file.
PASSWORDS = ("database_password", "admin_database_password")
SECRET_KEYS = (
    *PASSWORDS,
    "s3_secret_key",
    "smtp_password",
    "api_token",
    "directory_client_secret",
    "backup_s3_secret_key",
    "backup_identity",
)
# Of several lines; of the others the first line counts.
LONG_SECRETS = ("backup_identity",)
HTTP_URLS = (
    "api_url",
    "admin_url",
    "s3_endpoint_url",
    "backup_s3_endpoint_url",
    "issuer",
    "directory_url",
)
DATABASE_URLS = ("database_url", "admin_database_url")
# Relative ones in a profile start at the folder of its file, so that they mean the same anywhere.
PATHS = ("keys_dir", "mail_folder", "backup_folder", "backup_identity_file")


@dataclass(frozen=True, repr=False)
class Found:
    """One value, and where it was found."""

    value: str | Later
    source: str


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
    data_dir = _data_dir(root, environ)
    try:
        found = find_values(name, environ)
    except DamagedState:
        if not passes_damage:
            raise
        found = _found(Profile(name, data_dir / "env.json", {}), environ)
    values: dict[str, Any] = {key: one.value for key, one in found.items() if key not in PASSWORDS}
    for url in DATABASE_URLS:
        password = found.get(url.replace("url", "password"))
        if url in values and password is not None and not has_password(values[url]):
            values[url] = Later(partial(_completed, values[url], password.value))
    # Each environment signs with keys of its own.
    own_keys = data_dir / "keys" if name == LOCAL else data_dir / name / "keys"
    return Settings(
        root=root,
        data_dir=data_dir,
        environment=name,
        keys_dir=Path(values.pop("keys_dir", own_keys)).absolute(),
        first_port=_port(environ.get("ASPEN_FIRST_PORT", "8300")),
        postgrests=_number_of_postgrests(environ.get("ASPEN_POSTGRESTS")),
        **values,
    )


def find_values(name: str, environ: Mapping[str, str] = os.environ) -> dict[str, Found]:
    """Find what is set for an environment, and where; what is not set is left out."""
    root = find_root(environ)
    if name == LOCAL:
        data_dir = _data_dir(root, environ)
        return _found(Profile(name, data_dir / "env.json", _local_profile(data_dir)), environ)
    profile = find_profile(root, name, environ)
    _check_profile(profile)
    return _found(profile, environ)


def _data_dir(root: Path, environ: Mapping[str, str]) -> Path:
    return Path(environ.get("ASPEN_DATA_DIR") or root / ".aspen").absolute()


def _found(profile: Profile, environ: Mapping[str, str]) -> dict[str, Found]:
    found = {}
    for key in (*KEYS, *SECRET_KEYS, "keys_dir"):
        if key in found:
            continue
        variable = f"ASPEN_{key.upper()}"
        if variable in environ and (key != "keys_dir" or environ[variable]):
            found[key] = Found(environ[variable], variable)
        elif profile.values.get(key) is not None:
            found[key] = Found(profile.values[key], f"{profile.path}: {key}")
        elif profile.values.get(f"{key}{COMMAND}") is not None:
            command = list(profile.values[f"{key}{COMMAND}"])
            is_long = key in LONG_SECRETS
            read = Later(partial(from_command, f"{key}{COMMAND}", command, is_long=is_long))
            found[key] = Found(read, f"{profile.path}: {key}{COMMAND} ({command[0]} …)")
    region = f"{found['region'].value if 'region' in found else Settings.region}"
    for key, one in found.items():
        if key in HTTP_URLS:
            _require_http_url(one.source, f"{one.value}")
        elif key in SECRET_KEYS and f"{one.value}".startswith(AWS):
            read = Later(partial(from_aws, key, f"{one.value}", region))
            found[key] = Found(read, f"{one.source} = {one.value}")
        elif key in PATHS and one.source.startswith(f"{profile.path}: ") and _is_path(one.value):
            path = Path(f"{one.value}").expanduser()
            found[key] = Found(str(profile.path.parent / path), one.source)
    return found


def _is_path(value: object) -> bool:
    """Return whether a value is a path: an address in S3 is none."""
    return value != "" and "://" not in f"{value}"


def _completed(url: str, password: str | Later) -> str:
    return with_password(url, password.text() if isinstance(password, Later) else password)


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


def _number_of_postgrests(text: str | None) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]", text, re.ASCII) or not 1 <= int(text) <= MOST_POSTGRESTS:
        raise ControlError(
            f"ASPEN_POSTGRESTS is {text!r}, not a number of servers",
            f"set it to a number from 1 to {MOST_POSTGRESTS}",
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
    for key in (*KEYS, *SECRET_KEYS, "keys_dir"):
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


def _check_profile(profile: Profile) -> None:
    path, name = profile.path, profile.name
    commands = {f"{key}{COMMAND}" for key in SECRET_KEYS}
    unknown = sorted(set(profile.values) - {*KEYS, *SECRET_KEYS, *commands, "keys_dir"})
    if unknown:
        raise ControlError(
            f"{path}: [{name}] has unknown keys: {', '.join(unknown)}",
            f"known keys: {', '.join(KEYS)}, keys_dir, {', '.join(sorted(commands))}",
        )
    for key, value in profile.values.items():
        if key in commands:
            _check_command(profile, key, value)
        elif not isinstance(value, str):
            raise ControlError(
                f"{path}: [{name}] has a {key} that is not text", f'write {key} = "…"'
            )
    for key, value in profile.values.items():
        if f"{key}{COMMAND}" in profile.values:
            raise ControlError(
                f"{path}: [{name}] has {key} and {key}{COMMAND}", "leave one of them out"
            )
        if key in HTTP_URLS and has_password(value):
            raise ControlError(
                f"{path}: [{name}] has a secret in {key}", "leave user and password out of it"
            )
        if secret := _secret_in(key, f"{value}"):
            raise ControlError(
                f"{path}: [{name}] has a secret in {key}",
                f"leave it out and set ASPEN_{secret.upper()}, or write"
                f' {secret}{COMMAND} = ["pass", "show", "…"] or {secret} = "{AWS}NAME#KEY"',
            )


def _secret_in(key: str, value: str) -> str | None:
    """Return the key that belongs in place of a secret that a value contains; None without one."""
    if key in SECRET_KEYS:
        return None if value.startswith(AWS) and len(value) > len(AWS) else key
    if key in DATABASE_URLS and has_password(value):
        return key.replace("url", "password")
    return None


def _check_command(profile: Profile, key: str, value: object) -> None:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise ControlError(
            f"{profile.path}: [{profile.name}] has a {key} that is no list of texts",
            f'write {key} = ["pass", "show", "aspen"]',
        )
    if not value[0]:
        raise ControlError(f"{profile.path}: [{profile.name}] has a {key} without a program")
    require_own_file(profile.path)
