"""What can go wrong, said once: what failed, on which object, and what to do next."""

from __future__ import annotations

import errno
import json
import sys
from typing import TYPE_CHECKING

from control.causes import OF_STATES, cause_of_no_connection

if TYPE_CHECKING:
    import botocore.exceptions
    import psycopg

# Exit codes of every command; click itself uses 2 for a wrong command line.
FAILED = 1
SOMETHING_TO_DO = 3


class ControlError(Exception):
    """A failure the reader can act on: the message says what and where, the remedy what to do."""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def translate(error: BaseException, *, is_ours: bool = False) -> ControlError | None:
    """The failure behind an exception of the database, of S3 or of the system; None for a bug.

    `is_ours` says whether the database is the local stack's, which decides what helps.
    """
    match error:
        case ControlError():
            return error
        case BrokenPipeError():
            # The reader of our output went away, which click knows how to end quietly.
            return None
    # Whoever raised them has loaded them; a command that touches neither starts quickly. Time-outs
    # of botocore are errors of the system as well.
    if "botocore" in sys.modules and (refused := _from_boto(error)):
        return refused
    if isinstance(error, OSError):
        return _from_system(error)
    if "psycopg" in sys.modules and (known := _from_psycopg(error, is_ours)):
        return known
    return None


def _from_system(error: OSError) -> ControlError:
    remedy = {
        errno.ENOSPC: "free some space (df shows where), then run it again",
        errno.EDQUOT: "free some space within your quota, then run it again",
        errno.EACCES: "run control as a user who may",
        errno.EPERM: "run control as a user who may",
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
            return ControlError(
                "no AWS credentials were found",
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
        case botocore.exceptions.BotoCoreError():
            from control.storage.s3 import explain

            return explain(error)
        case _:
            return None


def _from_database(error: psycopg.Error, is_ours: bool) -> ControlError:
    """Our own SQL raises sqlstate PGRST with JSON in the message; the rest is PostgreSQL's."""
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
    """Only words tell why there is no connection; what helps depends on whose database it is."""
    import psycopg

    words = " ".join(str(error).split())
    cause = cause_of_no_connection(words)
    if cause is None and not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        # A value that no database takes, a NUL byte say.
        return ControlError(words)
    if cause is None:
        return ControlError(
            f"no connection to the database: {words}",
            "control status shows whether the local one runs; another is named by"
            " ASPEN_DATABASE_URL",
        )
    return ControlError(
        f"no connection to the database: {cause.what} ({words})", cause.remedy(is_ours)
    )


def _from_fail(error: psycopg.Error) -> ControlError:
    """The error `internal.fail` raised: {code, message, details, hint}."""
    try:
        body = json.loads(error.diag.message_primary or "")
        message = f"{body['message']} ({body['code']})"
    except (ValueError, KeyError, TypeError):
        return ControlError(f"unreadable error from the database: {error}")
    if body.get("details"):
        message = f"{message}\n{body['details']}"
    return ControlError(message, body.get("hint"))


def _from_aws(error: botocore.exceptions.ClientError) -> ControlError:
    """S3's answer, with the operation it was given to."""
    body = error.response.get("Error", {})
    return ControlError(
        f"S3 refused {error.operation_name}: {body.get('Message', error)} ({body.get('Code', '?')})"
    )
