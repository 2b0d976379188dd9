"""Translate exceptions of the database, of S3 and of the system to ControlErrors, in one place."""

from __future__ import annotations

import errno
import json
import sys
from typing import TYPE_CHECKING

from control.causes import DISK_FULL, OF_STATES, cause_of_failed_connection
from control.errors import ControlError

if TYPE_CHECKING:
    import botocore.exceptions
    import psycopg


def translate(error: BaseException, *, is_ours: bool = False) -> ControlError | None:
    """Return the failure behind an exception; None when it is a bug.

    Known are exceptions of the database, of S3 and of the system. `is_ours` tells whether the
    database is the local stack's, which decides the remedy.
    """
    match error:
        case ControlError():
            return error
        case BrokenPipeError():
            # The reader of our output closed it; click ends the command quietly.
            return None
    # Code that raised them has imported them already, so commands that use neither start quickly.
    # Checked before OSError, because time-outs of botocore are OSErrors as well.
    if "botocore" in sys.modules and (refused := _from_boto(error)):
        return refused
    if isinstance(error, OSError):
        return _from_system(error)
    if "psycopg" in sys.modules and (known := _from_psycopg(error, is_ours)):
        return known
    return None


def refusal_in(error: Exception) -> ControlError | None:
    """Return why work is refused; None for an error that another attempt may not meet.

    The API refuses what the requester may not do any more, and what passes a limit of the group.
    """
    if getattr(error, "sqlstate", None) != "PGRST" and not isinstance(error, ControlError):
        return None
    return translate(error)


def _from_system(error: OSError) -> ControlError:
    remedy = {
        errno.ENOSPC: DISK_FULL.elsewhere,
        errno.EDQUOT: DISK_FULL.elsewhere,
        errno.EACCES: "run control as a user with permission",
        errno.EPERM: "run control as a user with permission",
    }.get(error.errno or 0)
    return ControlError(f"{error.filename or 'the system'}: {error.strerror or error}", remedy)


def _from_psycopg(error: BaseException, is_ours: bool) -> ControlError | None:
    import psycopg

    return _from_database(error, is_ours) if isinstance(error, psycopg.Error) else None


def _from_boto(error: BaseException) -> ControlError | None:
    import botocore.exceptions

    match error:
        case botocore.exceptions.ClientError():
            return _from_aws(error)
        case botocore.exceptions.NoCredentialsError():
            from control.storage.s3 import no_credentials

            return no_credentials()
        case botocore.exceptions.BotoCoreError():
            from control.storage.s3 import explain

            return explain(error)
        case _:
            return None


def _from_database(error: psycopg.Error, is_ours: bool) -> ControlError:
    """Translate an error of the database; sqlstate PGRST marks those that internal.fail raised."""
    if error.sqlstate == "PGRST":
        return _from_fail(error)
    if error.sqlstate is None:
        return _from_driver(error, is_ours)
    message = f"{error.diag.message_primary} (SQLSTATE {error.sqlstate})"
    if error.diag.message_detail:
        message = f"{message}\n{error.diag.message_detail}"
    cause = OF_STATES.get(error.sqlstate)
    if cause is None:
        return ControlError(message, error.diag.message_hint)
    return ControlError(f"{cause.what}: {message}", cause.remedy(is_ours))


def _from_driver(error: psycopg.Error, is_ours: bool) -> ControlError:
    """Translate an error that has no SQLSTATE by its message; the remedy depends on `is_ours`."""
    import psycopg

    words = " ".join(str(error).split())
    cause = cause_of_failed_connection(words)
    if cause is None and not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        # The driver rejected a value, such as text with a NUL byte.
        return ControlError(words)
    if cause is None:
        return ControlError(
            f"no connection to the database: {words}",
            "control status shows whether the local database runs; ASPEN_DATABASE_URL names"
            " another one",
        )
    return ControlError(
        f"no connection to the database: {cause.what} ({words})", cause.remedy(is_ours)
    )


def _from_fail(error: psycopg.Error) -> ControlError:
    """Translate the JSON that `internal.fail` raised: {code, message, details, hint}."""
    try:
        body = json.loads(error.diag.message_primary or "")
        message = f"{body['message']} ({body['code']})"
    except (ValueError, KeyError, TypeError):
        return ControlError(f"unreadable error from the database: {error}")
    if body.get("details"):
        message = f"{message}\n{body['details']}"
    return ControlError(message, body.get("hint"))


def _from_aws(error: botocore.exceptions.ClientError) -> ControlError:
    """Translate an answer of S3, naming the operation that failed."""
    body = error.response.get("Error", {})
    return ControlError(
        f"S3 rejected {error.operation_name}:"
        f" {body.get('Message', error)} ({body.get('Code', '?')})"
    )
