"""List the environments, and tell where each of their settings comes from without its secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from control.profiles import all_profiles
from control.secret_values import Secret
from control.settings import (
    DATABASE_URLS,
    HTTP_URLS,
    LOCAL,
    SECRET_KEYS,
    Settings,
    find_root,
    find_values,
    load_settings,
)
from control.urls import without_password

HIDDEN = "(hidden)"
# These say where the others are looked for.
_PLACES = ("root", "data_dir", "environment")


@dataclass(frozen=True)
class Environment:
    """One environment: the file that describes it, and whether commands use it by default."""

    name: str
    file: str
    is_default: bool


@dataclass(frozen=True)
class Setting:
    """One setting as it may be shown; `value` is null if it is not set."""

    key: str
    value: str | None
    source: str


def list_environments(environ: Mapping[str, str] = os.environ) -> list[Environment]:
    """List the local stack and every profile."""
    root = find_root(environ)
    default = environ.get("ASPEN_ENV") or LOCAL
    local = load_settings(LOCAL, environ, passes_damage=True)
    files = {LOCAL: f"{local.state_file}"}
    for profile in all_profiles(root, environ):
        files.setdefault(profile.name, f"{profile.path}")
    return [Environment(name, file, name == default) for name, file in files.items()]


def describe(name: str, environ: Mapping[str, str] = os.environ) -> Iterator[Setting]:
    """Yield every setting of an environment; no secret is read, so no command is run."""
    settings = load_settings(name, environ)
    found = find_values(name, environ)
    keys = dict.fromkeys((*(field.name for field in fields(Settings)), *SECRET_KEYS))
    for key in keys:
        if key in _PLACES or key == "first_port":
            continue
        if key in found:
            yield Setting(key, _shown(key, found[key].value), found[key].source)
            continue
        is_secret = isinstance(vars(Settings).get(key), Secret) or key in SECRET_KEYS
        default = None if is_secret else getattr(settings, key)
        is_set = default is not None
        yield Setting(key, f"{default}" if is_set else None, "default" if is_set else "not set")


def _shown(key: str, value: object) -> str:
    if key in SECRET_KEYS:
        return HIDDEN
    if key in DATABASE_URLS or key in HTTP_URLS:
        return without_password(f"{value}")
    return f"{value}"
