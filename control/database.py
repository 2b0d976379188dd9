"""Connect as role control, and act as another role the way PostgREST does."""

from __future__ import annotations

import getpass
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.local import connect_here, is_ours
from control.settings import AUDIENCE, Settings

CONNECT_TIMEOUT_SECONDS = 10


def connect(settings: Settings, label: str) -> psycopg.Connection:
    """Connect as role control, in autocommit: the outermost caller opens transactions.

    `label` names the command in pg_stat_activity. The audit log records its changes under the name
    of the person who runs it.
    """
    if settings.database_url is None:
        raise ControlError(
            f"environment {settings.environment} has no database",
            "run control up" if settings.is_local else "set ASPEN_DATABASE_URL",
        )
    options: dict[str, Any] = {
        "application_name": f"control {label}",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    if is_ours(settings, "database_url"):
        conn = connect_here(settings.database_url, **options)
    else:
        conn = psycopg.connect(settings.database_url, autocommit=True, **options)
    operator = settings.operator or system_user()
    conn.execute("select set_config('aspen.operator', %s, false)", [operator])
    return conn


def connect_as_administrator(settings: Settings, label: str) -> psycopg.Connection | None:
    """Connect as the administrator of the server, in autocommit; None if nothing names one."""
    url = settings.admin_database_url
    if url is None:
        return None
    options: dict[str, Any] = {
        "application_name": f"control {label}",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    if is_ours(settings, "admin_database_url"):
        return connect_here(url, **options)
    return psycopg.connect(url, autocommit=True, **options)


def system_user() -> str:
    """Return `user@host` of the system; a user without a name is given by number."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{user}@{platform.node()}"


@contextmanager
def acting_as(
    conn: psycopg.Connection,
    *,
    role: str,
    subject: str | None = None,
    groups: Mapping[int, str] | None = None,
    claims: Mapping[str, object] | None = None,
) -> Iterator[psycopg.Connection]:
    """Run one transaction as an API role, set up the way PostgREST sets up a request.

    Without `groups` the memberships table decides, as for a token without that claim; `claims` are
    added unchanged.
    """
    with conn.transaction():
        begin_request(conn, role, request_claims(role, subject, groups) | dict(claims or {}))
        yield conn


@contextmanager
def as_control(conn: psycopg.Connection, *, back_to: str) -> Iterator[None]:
    """Return to role control inside `acting_as`, for what no API role may do.

    `back_to` is the role of `acting_as`. After an error the transaction is aborted, so the role is
    set again only on success.
    """
    conn.execute("set local role none")
    yield
    conn.execute(sql.SQL("set local role {}").format(sql.Identifier(back_to)))


def request_claims(
    role: str, subject: str | None = None, groups: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """Return the claims of a new token; without a subject, those of a request without token."""
    if subject is None:
        return {"role": role}
    now = int(time.time())
    claims: dict[str, Any] = {"role": role, "sub": subject, "aud": AUDIENCE, "iat": now}
    claims["exp"] = now + 300
    if groups is not None:
        claims["groups"] = {str(group): held for group, held in groups.items()}
    return claims


def begin_request(conn: psycopg.Connection, role: str, claims: Mapping[str, object]) -> None:
    """Do what PostgREST does at the start of a request's transaction, in the same order."""
    conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    conn.execute(
        "select set_config('search_path', 'api', true), set_config('request.jwt.claims', %s, true)",
        [json.dumps(claims)],
    )
    conn.execute("select authz.pre_request()")
