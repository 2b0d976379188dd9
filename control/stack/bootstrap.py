"""Prepare a new cluster: roles, passwords, an empty database, extensions."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from control.local import connect_here
from control.stack.state import DATABASE, LOGINS, State

OWNER = "aspen_owner"


def bootstrap(state: State, admin_url: str, sql_dir: Path) -> None:
    """Bring roles, passwords and the database to the state of the checkout; safe to repeat."""
    with connect_here(admin_url) as conn:
        prepare_cluster(conn, sql_dir, {login: state.passwords[login] for login in LOGINS})
        create_database(conn, DATABASE)
    with connect_here(state.database_url("postgres")) as conn:
        prepare_database(conn, sql_dir)


def prepare_cluster(conn: psycopg.Connection, sql_dir: Path, passwords: dict[str, str]) -> None:
    """Create the roles. Passwords are sent hashed, so that no log ever shows them."""
    conn.execute((sql_dir / "roles.sql").read_bytes())
    for login, password in passwords.items():
        verifier = conn.pgconn.encrypt_password(
            password.encode(), login.encode(), b"scram-sha-256"
        ).decode()
        conn.execute(
            sql.SQL("alter role {} password {}").format(
                sql.Identifier(login), sql.Literal(verifier)
            )
        )


def create_database(conn: psycopg.Connection, name: str) -> bool:
    """Create an empty database unless it exists; return whether it was created."""
    found = conn.execute("select from pg_catalog.pg_database where datname = %s", [name])
    if found.fetchone() is not None:
        return False
    conn.execute(
        sql.SQL("create database {} owner {} template template0").format(
            sql.Identifier(name), sql.Identifier(OWNER)
        )
    )
    return True


def prepare_database(conn: psycopg.Connection, sql_dir: Path) -> None:
    """Create in a database what needs an administrator: extensions."""
    conn.execute((sql_dir / "extensions.sql").read_bytes())
