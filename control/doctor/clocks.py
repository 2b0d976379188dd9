"""Check that the clocks of all servers agree with the clock of this machine."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

from control.doctor.patient import Patient, ahead_of_us
from control.doctor.verdicts import Check, Unknown, Verdict, fail, ok, warn

# Tokens begin and end by the clock of PostgREST, leases of jobs by that of the database; S3
# refuses requests that are a quarter of an hour off.
MOST_SECONDS = 30
NOTED_SECONDS = 3


def clocks(patient: Patient) -> Verdict:
    """Compare the clocks of those servers that answer."""
    found = dict(_ahead(patient))
    if not found:
        raise Unknown("no server answers that tells its time")
    said = ", ".join(f"{name} {seconds:+.0f} s" for name, seconds in found.items())
    remedy = "synchronise them: run chrony or systemd-timesyncd on each machine"
    worst = max(map(abs, found.values()))
    if worst > MOST_SECONDS:
        return fail(said, remedy)
    if worst > NOTED_SECONDS:
        return warn(said, remedy)
    return ok(said)


def _ahead(patient: Patient) -> Iterator[tuple[str, float]]:
    """Yield by how many seconds each server is ahead of this machine."""
    # Whoever does not answer is named by another check.
    for name, look in (("database", _of_database), ("API", _of_api), ("S3", _of_s3)):
        try:
            ahead = look(patient)
        except (Unknown, OSError, http.client.HTTPException):
            continue
        if ahead is not None:
            yield name, ahead


def _of_database(patient: Patient) -> float | None:
    import psycopg

    try:
        conn = patient.conn
        sent = patient.now()
        row = conn.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
    except psycopg.Error:
        return None
    received = patient.now()
    assert row is not None
    return float(row[0]) - (sent + received) / 2


def _of_api(patient: Patient) -> float | None:
    return patient.ask_api("/rpc/health").ahead_seconds


def _of_s3(patient: Patient) -> float | None:
    import botocore.exceptions

    sent = patient.now()
    try:
        answer = patient.s3.head_bucket(Bucket=patient.settings.bucket)
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
    except botocore.exceptions.ClientError as error:
        # A refusal has a time as well; it is the check s3 that names it.
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    except botocore.exceptions.BotoCoreError:
        return None
    return ahead_of_us(headers.get("date"), sent, patient.now())


CHECKS = (Check("clocks", "The clocks of all servers agree", clocks),)
