"""Check the versions of what runs."""

from __future__ import annotations

import platform
import sys

from control.doctor.patient import Patient
from control.doctor.verdicts import Check, Verdict, fail, ok, skip

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 150000
OLDEST_POSTGREST = (12, 0, 2)


def python(patient: Patient) -> Verdict:
    """Compare this Python with the oldest that is tested."""
    said = f"Python {platform.python_version()}"
    if sys.version_info < OLDEST_PYTHON:
        return fail(said, "install Python 3.11 or later, then run make test or make up again")
    return ok(said)


def database(patient: Patient) -> Verdict:
    """Connect, and compare the version of the server."""
    version = patient.conn.info.parameter_status("server_version") or "?"
    [(is_standby, size)] = patient.rows(
        b"select pg_is_in_recovery(), pg_size_pretty(pg_database_size(current_database()))"
    )
    said = f"PostgreSQL {version}, {size}"
    if patient.conn.info.server_version < OLDEST_POSTGRES:
        return fail(said, "upgrade the server to PostgreSQL 15 or later")
    if is_standby:
        return fail(f"{said}, a standby", "name the primary server in ASPEN_DATABASE_URL")
    return ok(said)


def postgrest(patient: Patient) -> Verdict:
    """Compare the versions that PostgREST gives as the name of its sessions."""
    rows = patient.rows(
        b"select distinct split_part(application_name, ' ', 2)"
        b" from pg_catalog.pg_stat_activity where datname = current_database()"
        b" and usename = 'authenticator' and application_name like 'PostgREST %'"
    )
    versions = sorted(version for (version,) in rows)
    if not versions:
        return skip("no PostgREST is connected to this database")
    said = f"PostgREST {', '.join(versions)}"
    if any(_numbers(version) < OLDEST_POSTGREST for version in versions):
        return fail(said, "install PostgREST 12.0.2 or later")
    return ok(said)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


CHECKS = (
    Check("python", "Python is one that is tested", python),
    Check("database", "The database answers, and its version is supported", database),
    Check("postgrest", "The version of PostgREST is supported", postgrest),
)
