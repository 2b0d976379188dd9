"""Check S3: that it answers, that objects are written, read and deleted, and that links work."""

from __future__ import annotations

import secrets

from control.doctor.patient import Patient
from control.doctor.verdicts import Check, Verdict, fail, ok, warn

# No row refers to what is below, and no command looks there.
PREFIX = "doctor/"


def s3(patient: Patient) -> Verdict:
    """Put an object that nobody refers to, look at it, and delete it with its version."""
    bucket, key = patient.settings.bucket, f"{PREFIX}{secrets.token_hex(8)}"
    stored = patient.s3.put_object(Bucket=bucket, Key=key, Body=b"control doctor")
    version: str | None = stored.get("VersionId")
    try:
        size = patient.s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    finally:
        if version is None:
            patient.s3.delete_object(Bucket=bucket, Key=key)
        else:
            # Otherwise the object stays behind a mark that says it is deleted.
            patient.s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    if size != len(b"control doctor"):
        return fail(
            f"{bucket} returns another object than was stored", "look at what serves this bucket"
        )
    if not version:
        return warn(
            f"{bucket} keeps no versions: a registered file can be replaced",
            f"aws s3api put-bucket-versioning --bucket {bucket}"
            " --versioning-configuration Status=Enabled",
        )
    return ok(f"an object was written to {bucket}, read and deleted; it keeps versions")


def links(patient: Patient) -> Verdict:
    """Look until when the credentials are valid with which the database signs links."""
    rows = patient.rows(
        b"select expires_at, expires_at < now(), expires_at < now() + interval '5 minutes'"
        b" from aspen.storage_credentials where bucket = %(bucket)s",
        {"bucket": patient.settings.bucket},
    )
    remedy = "control output credentials; control job work does it by itself"
    if not rows:
        return fail(f"the database has no credentials for {patient.settings.bucket}", remedy)
    [(expires_at, is_over, is_soon_over)] = rows
    said = f"{expires_at:%Y-%m-%d %H:%M %Z}"
    if is_over:
        return fail(f"no link works since {said}", remedy)
    if is_soon_over:
        return warn(f"no link works after {said}", remedy)
    return ok(f"links can be signed until {said}")


CHECKS = (
    Check("s3", "The bucket can be written, read and deleted from", s3),
    Check("links", "The database can sign links to files", links),
)
