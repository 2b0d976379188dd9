"""Why a server cannot be reached, as its own words tell, and what helps in each case.

Nothing but words comes back from a connection that was refused: PostgreSQL's SQLSTATE does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WHERE = "ASPEN_DATABASE_URL (in aspen.toml: database_url)"
AGAIN = "control up"


@dataclass(frozen=True)
class Cause:
    """One cause: how it sounds, what it is, and what helps at the local stack and elsewhere."""

    words: str
    what: str
    here: str
    elsewhere: str

    def remedy(self, is_ours: bool) -> str:
        """What to do where the database is the local stack's own, or somebody else's."""
        return self.here if is_ours else self.elsewhere


FULL = (
    "wait until some connections end, or end idle ones: pg_stat_activity shows whose they are;"
    " max_connections is the limit"
)
SOON = "wait a moment and run it again"
NO_SPACE = Cause(
    "no space left on device|disk quota exceeded|could not write .*: wrote only",
    "the disk is full",
    "free some space (df shows where), then run control up",
    "free some space on the disk of the server, then run it again",
)
# The first that fits counts.
OF_CONNECTIONS = (
    NO_SPACE,
    Cause(
        "password authentication failed|no password supplied|authentication method|SCRAM",
        "the database refused the password",
        f"{AGAIN}, which sets the passwords of the local stack anew",
        f"correct the password in {WHERE} or in ~/.pgpass",
    ),
    Cause(
        'database "[^"]*" does not exist',
        "there is no such database",
        f"{AGAIN}, which makes it",
        f"correct the name in {WHERE}, or make it: docs/operations.md, A database of your own",
    ),
    Cause(
        'role "[^"]*" (does not exist|is not permitted to log in)',
        "there is no such user",
        f"{AGAIN}, which makes the roles",
        f"correct the user in {WHERE}, or run sql/roles.sql as an administrator",
    ),
    Cause(
        "too many clients|too many connections|remaining connection slots",
        "all connections of the database are in use",
        FULL,
        FULL,
    ),
    Cause(
        "starting up|shutting down|in recovery|not yet accepting|not accept",
        "the database is not ready",
        SOON,
        SOON,
    ),
    Cause(
        "pg_hba.conf",
        "the database admits nobody from here",
        f"{AGAIN}, which writes its pg_hba.conf, or restore that file",
        "have its administrator add this machine, user and database to pg_hba.conf",
    ),
    Cause(
        r"\bSSL\b|certificate|sslmode",
        "no encrypted connection came about",
        "unset the PGSSL… variables",
        f"correct sslmode and sslrootcert in {WHERE} or in the environment",
    ),
    Cause(
        "translate host name|not known|resolve|No address associated|Temporary failure",
        "there is no such host",
        AGAIN,
        f"correct the host in {WHERE}; does this machine reach its name server?",
    ),
    Cause(
        "timeout|timed out|unreachable|No route",
        "the database does not answer",
        "control status shows what runs; control down and control up start it anew",
        f"correct host and port in {WHERE}; a firewall or a missing VPN looks the same",
    ),
    Cause(
        "refused|No such file or directory",
        "nobody listens there",
        "control status shows what runs; control up starts the local stack",
        f"start the server, or correct host and port in {WHERE}",
    ),
    Cause(
        "closed the connection|terminat|connection is closed|consuming input|lost|reset by peer",
        "the connection broke",
        "see control logs postgres for why; control up starts what died; then run it again",
        "see the log of the server for why, then run it again",
    ),
    Cause(
        "connection (option|string|info)|URI|invalid (port|integer value|sslmode)",
        "the address of the database cannot be read",
        AGAIN,
        f"write {WHERE} as postgresql://control@host:5432/aspen",
    ),
)
# By SQLSTATE, for what a working connection is told.
OF_STATES = {
    "53100": NO_SPACE,
    "53200": Cause(
        "",
        "the server has no memory left",
        "close other programs, or do it in smaller parts",
        "do it in smaller parts, or lower work_mem of the server",
    ),
    "57P01": Cause(
        "",
        "the server ended the connection",
        "see control logs postgres for why; control up starts what died; then run it again",
        "see the log of the server for why, then run it again",
    ),
    "25006": Cause(
        "",
        "this server takes no changes",
        f"name the primary in {WHERE}, not a standby",
        f"name the primary in {WHERE}, not a standby",
    ),
}
OF_STATES["57P02"] = OF_STATES["57P03"] = OF_STATES["57P01"]


def cause_of_no_connection(words: str) -> Cause | None:
    """Why there is no connection; None when the words tell none of the known causes."""
    return next((c for c in OF_CONNECTIONS if re.search(c.words, words, re.IGNORECASE)), None)
