"""What can go wrong, said once: what failed, on which object, and what to do next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

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


def translate(error: BaseException) -> ControlError | None:
    """The failure behind an exception of the database, of S3 or of the system; None for a bug."""
    # Imported only here, so that commands which touch neither start quickly.
    import botocore.exceptions
    import psycopg

    match error:
        case ControlError():
            return error
        case psycopg.Error():
            return _from_database(error)
        case botocore.exceptions.ClientError():
            return _from_aws(error)
        case botocore.exceptions.NoCredentialsError():
            return ControlError(
                "no AWS credentials were found",
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
        case botocore.exceptions.BotoCoreError():
            return ControlError(f"S3 did not answer: {error}", "control status")
        case BrokenPipeError():
            # The reader of our output went away, which click knows how to end quietly.
            return None
        case OSError():
            return ControlError(f"{error.filename or 'the system'}: {error.strerror or error}")
        case _:
            return None


def _from_database(error: psycopg.Error) -> ControlError:
    """Our own SQL raises sqlstate PGRST with JSON in the message; the rest is PostgreSQL's."""
    import psycopg

    if error.sqlstate == "PGRST":
        return _from_fail(error)
    if error.sqlstate is None and isinstance(error, psycopg.OperationalError):
        return ControlError(
            f"no connection to the database: {' '.join(str(error).split())}",
            "control status shows whether it runs; control up starts the local one",
        )
    if error.sqlstate is None:
        return ControlError(f"the database driver refused: {' '.join(str(error).split())}")
    message = f"{error.diag.message_primary} (SQLSTATE {error.sqlstate})"
    if error.diag.message_detail:
        message = f"{message}\n{error.diag.message_detail}"
    return ControlError(message, error.diag.message_hint)


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
