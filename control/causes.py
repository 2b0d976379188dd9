"""List the known causes of failures, each with its remedy, and recognise them by words or SQLSTATE.

A refused connection brings no SQLSTATE, only a message; so do the logs of servers and the output
of PostgreSQL's programs. One table serves them all: `OF_CONNECTIONS` and `OF_LOGS` say which causes
are looked for where, and the first that matches counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_URL = "ASPEN_DATABASE_URL (in aspen.toml: database_url)"
_UP = "run control up"
_BACKUP = "restore a backup (docs/operations.md, Backups), or run make clean to delete the data"


@dataclass(frozen=True)
class Cause:
    """One cause: the pattern of its messages, its name, and the remedy here and elsewhere."""

    pattern: str
    what: str
    # The remedy where the server belongs to the local stack.
    here: str
    # The remedy for any other server.
    elsewhere: str

    def remedy(self, is_ours: bool) -> str:
        """Return the remedy for a server of the local stack, or for any other one."""
        return self.here if is_ours else self.elsewhere

    def matches(self, text: str) -> bool:
        """Return whether a message names this cause."""
        return re.search(self.pattern, text, re.IGNORECASE) is not None


def _everywhere(pattern: str, what: str, remedy: str) -> Cause:
    return Cause(pattern, what, remedy, remedy)


DISK_FULL = Cause(
    "no space left on device|disk quota exceeded|could not write .*: wrote only",
    "the disk is full",
    f"free some space (df shows where), then {_UP}; no stored data is lost",
    "free some space (df shows where), then run it again",
)
NO_MEMORY = Cause(
    "cannot allocate memory|could not map anonymous shared memory|out of memory|MemoryError",
    "there is not enough memory",
    f"close the programs that use most of it, then {_UP}",
    "work in smaller parts, or lower work_mem on the server",
)
CONNECTION_LOST = Cause(
    "closed the connection|terminat|connection is closed|consuming input|lost|reset by peer",
    "the connection was lost",
    "control logs postgres shows why; control up starts what stopped; then run it again",
    "the log of the server shows why; then run it again",
)
READ_ONLY = _everywhere(
    "read-only transaction",
    "this server accepts no changes",
    f"name the primary server in {_URL}, not a standby",
)
OF_CONNECTIONS = (
    DISK_FULL,
    NO_MEMORY,
    Cause(
        "password authentication failed|no password supplied|authentication method|SCRAM",
        "the database rejected the password",
        f"{_UP}, which sets the passwords of the local stack again",
        f"correct the password in {_URL} or in ~/.pgpass",
    ),
    Cause(
        'database "[^"]*" does not exist',
        "the database does not exist",
        f"{_UP}, which creates it",
        f"correct its name in {_URL}, or create it: docs/operations.md, A database of your own",
    ),
    Cause(
        'role "[^"]*" (does not exist|is not permitted to log in)',
        "the database user does not exist or may not log in",
        f"{_UP}, which creates the roles",
        f"correct the user in {_URL}, or run sql/roles.sql as an administrator",
    ),
    _everywhere(
        "too many clients|too many connections|remaining connection slots",
        "all connections of the database are in use",
        "wait until some connections end, or end idle ones (pg_stat_activity lists them);"
        " max_connections is the limit",
    ),
    _everywhere(
        "starting up|shutting down|in recovery|not yet accepting|not accept",
        "the database is not ready",
        "wait a moment and run it again",
    ),
    Cause(
        "pg_hba.conf",
        "the database accepts no connections from this machine",
        f"{_UP}, which writes its pg_hba.conf, or restore that file",
        "have its administrator add this machine, user and database to pg_hba.conf",
    ),
    Cause(
        r"\bSSL\b|certificate|sslmode",
        "the encrypted connection failed",
        "unset the PGSSL… variables",
        f"correct sslmode and sslrootcert in {_URL} or in the environment",
    ),
    Cause(
        "translate host name|not known|resolve|No address associated|Temporary failure",
        "the host is unknown",
        _UP,
        f"correct the host in {_URL}, and check that this machine reaches its name server",
    ),
    Cause(
        "timeout|timed out|unreachable|No route",
        "the database does not answer",
        "control status shows what runs; control down and control up restart it",
        f"correct host and port in {_URL}, and check firewall and VPN",
    ),
    Cause(
        "refused|No such file or directory",
        "no server listens at this address",
        "control status shows what runs; control up starts the local stack",
        f"start the server, or correct host and port in {_URL}",
    ),
    CONNECTION_LOST,
    Cause(
        "connection (option|string|info)|URI|invalid (port|integer value|sslmode)",
        "the address of the database is invalid",
        _UP,
        f"write {_URL} as postgresql://control@host:5432/aspen",
    ),
)
# A full disk comes first: it causes several of the others.
OF_LOGS = (
    DISK_FULL,
    NO_MEMORY,
    _everywhere(
        "could not create semaphores|could not create shared memory segment",
        "the system's limit of shared memory or semaphores is reached",
        "raise the limit (ipcs -l shows it)",
    ),
    _everywhere(
        "too many open files",
        "too many files are open",
        f"raise the limit (ulimit -n), then {_UP}",
    ),
    _everywhere(
        "address already in use|could not bind",
        "another program uses its port",
        f"{_UP}, which chooses another port",
    ),
    _everywhere(
        "could not locate a valid checkpoint record|invalid checkpoint|checksum mismatch"
        "|incorrect checksum|invalid primary checkpoint|PANIC:  could not open file",
        "the data directory is damaged",
        _BACKUP,
    ),
    _everywhere(
        r"is not a valid data directory|could not open file \"\S*global/pg_control",
        "files are missing from the data directory",
        _BACKUP,
    ),
    _everywhere(
        "permission denied|has wrong ownership|has invalid permissions",
        "its files belong to another user",
        "run control as the user who ran it first",
    ),
)
OF_STATES = {
    "53100": DISK_FULL,
    "53200": NO_MEMORY,
    "57P01": CONNECTION_LOST,
    "57P02": CONNECTION_LOST,
    "57P03": CONNECTION_LOST,
    "25006": READ_ONLY,
}


def cause_of_failed_connection(message: str) -> Cause | None:
    """Return why a connection failed; None when the message names no known cause."""
    return next((cause for cause in OF_CONNECTIONS if cause.matches(message)), None)


def cause_in_log(lines: Sequence[str]) -> tuple[Cause, str] | None:
    """Return the cause that the last telling line of a log names, and that line."""
    for line in reversed(lines):
        for cause in OF_LOGS:
            if cause.matches(line):
                return cause, line
    return None
