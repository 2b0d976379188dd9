"""Run a server of PostgreSQL for clones: on loopback, in a folder that goes at the end."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from control.local import connect_here
from control.queries import query
from control.schema.applying import apply_each
from control.schema.code import Contents, run_files
from control.schema.ledger import Ledger, Migration
from control.schema.session import become_owner
from control.settings import Settings
from control.stack.bootstrap import create_database, prepare_cluster, prepare_database
from control.stack.ports import HOST, any_free
from control.stack.postgres import Postgres, postgres_server
from control.stack.process import start_mark
from control.stack.state import LOGINS, SUPERUSER

# Linux's file system in memory, where a clone costs a quarter of the processor time.
_MEMORY = Path("/dev/shm")
_ROOM = 1 << 30
_FOLDER = "aspen-clones-"


@dataclass(frozen=True)
class CloneServer:
    """A server that clones are made on; `prefix` keeps their names apart from others'."""

    port: int
    passwords: dict[str, str] = field(repr=False)
    sql_dir: Path
    prefix: str = "clone_"

    @property
    def admin_url(self) -> str:
        """Return the address of the server for an administrator."""
        return self._url(SUPERUSER, "postgres")

    def url(self, name: str, login: str = "control") -> str:
        """Return the address of a clone."""
        return self._url(login, self.prefix + name)

    def server(self) -> AbstractContextManager[psycopg.Connection]:
        """Connect to the server itself, as an administrator."""
        return connect_here(self.admin_url)

    def create(self, name: str, of: str | None = None) -> str:
        """Make a clone, or with no original an empty database of ours; return its address."""
        database = sql.Identifier(self.prefix + name)
        with self.server() as conn:
            if of is None:
                create_database(conn, self.prefix + name)
            else:
                conn.execute(
                    sql.SQL(
                        "create database {} owner aspen_owner template {} strategy file_copy"
                    ).format(database, sql.Identifier(self.prefix + of))
                )
                # What sql/schemas.sql does to the database itself, which is not copied.
                conn.execute(
                    sql.SQL("revoke temporary on database {} from public").format(database)
                )
        if of is None:
            with connect_here(self.url(name, SUPERUSER)) as conn:
                prepare_database(conn, self.sql_dir)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a clone if it is there."""
        with self.server() as conn:
            conn.execute(
                sql.SQL("drop database if exists {} with (force)").format(
                    sql.Identifier(self.prefix + name)
                )
            )

    @contextmanager
    def connect(self, name: str) -> Iterator[psycopg.Connection]:
        """Connect to a clone as the owner of everything in it, in autocommit."""
        with connect_here(self.url(name)) as conn:
            become_owner(conn)
            yield conn

    def _url(self, login: str, database: str) -> str:
        return f"postgresql://{login}:{self.passwords[login]}@{HOST}:{self.port}/{database}"


@contextmanager
def clone_server(settings: Settings) -> Iterator[CloneServer]:
    """Start a server with our roles and nothing else, and remove it at the end."""
    passwords = {login: secrets.token_urlsafe(12) for login in (SUPERUSER, *LOGINS)}
    folder = _folder()
    server = postgres_server("clones", folder, folder)
    try:
        postgres = Postgres.find(folder / "data", server, settings.postgres_bin, durable=False)
        postgres.initialise(passwords[SUPERUSER])
        clones = CloneServer(any_free(), passwords, settings.sql_dir)
        postgres.start(clones.port, clones.admin_url)
        with clones.server() as conn:
            prepare_cluster(conn, settings.sql_dir, {login: passwords[login] for login in LOGINS})
        yield clones
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def make_schemas(conn: psycopg.Connection, contents: Contents) -> None:
    """Make what migrations and tables start from: the schemas and our bookkeeping."""
    with conn.transaction():
        conn.execute("set local role none")
        run_files(conn, contents.root, contents.schemas)
        conn.execute("set local role aspen_owner")
        conn.execute(query("schema/bookkeeping"))


def make_tables(conn: psycopg.Connection, contents: Contents) -> None:
    """Make the tables as sql/ says they are, without any migration."""
    with conn.transaction():
        run_files(conn, contents.root, contents.tables)


def make_by_migrations(conn: psycopg.Connection, migrations: list[Migration]) -> None:
    """Make the tables by migrations, without code."""
    Ledger(conn).prepare()
    for migration in migrations:
        if migration.use_transactions:
            with conn.transaction():
                apply_each(conn, [migration], lambda line: None)
        else:
            apply_each(conn, [migration], lambda line: None)


def _folder() -> Path:
    """Make a folder that the server's user may enter; those of killed commands go first.

    A server whose folder is gone ends by itself.
    """
    has_room = os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    parent = _MEMORY if has_room else Path(tempfile.gettempdir())
    for other in parent.glob(f"{_FOLDER}*"):
        pid = other.name.removeprefix(_FOLDER).partition("-")[0]
        is_ours = other.stat().st_uid == os.getuid()
        if is_ours and pid.isdigit() and not other.name.startswith(_name_of(int(pid))):
            shutil.rmtree(other, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_name_of(os.getpid()), dir=parent))
    folder.chmod(0o711)
    return folder


def _name_of(pid: int) -> str:
    """Return how the folders of a process begin; a pid is given again, but with another start."""
    mark = hashlib.sha256(f"{start_mark(pid)}".encode()).hexdigest()[:8]
    return f"{_FOLDER}{pid}-{mark}-"
