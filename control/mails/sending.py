"""Send every mail that is due, and store what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg.rows import class_row

from control.errors import ControlError
from control.mails.messages import Mail, Unsendable, message_of
from control.mails.transport import BrokenConnection, NoServer, Transport, TryLater
from control.queries import query, run_query

# With waits of 5, 10, 20 … minutes, the last try is 42 hours after the first.
MOST_ATTEMPTS = 10


@dataclass
class Report:
    """What became of the mails; the problems name them by id."""

    sent: int = 0
    postponed: int = 0
    given_up: int = 0
    problems: dict[int, str] = field(default_factory=dict)


def count_due(conn: psycopg.Connection) -> int:
    """Return how many mails would be sent now."""
    row = conn.execute(query("mails/count_due"), {"most": MOST_ATTEMPTS}).fetchone()
    assert row is not None
    return int(row[0])


def send_mails(conn: psycopg.Connection, transport: Transport) -> Report:
    """Send the mails that are due, in the order of their ids; several senders share them."""
    report = Report()
    while (mail := _claim(conn)) is not None:
        _send(conn, transport, mail, report)
    return report


def close_mails(conn: psycopg.Connection) -> int:
    """Give up mails that nobody needs any more, and return their number."""
    return run_query(conn, "mails/close_mails", {"most": MOST_ATTEMPTS})


def _claim(conn: psycopg.Connection) -> Mail | None:
    with conn.cursor(row_factory=class_row(Mail)) as cursor:
        return cursor.execute(query("mails/claim_mail"), {"most": MOST_ATTEMPTS}).fetchone()


def _send(conn: psycopg.Connection, transport: Transport, mail: Mail, report: Report) -> None:
    try:
        transport.deliver(mail.id, message_of(mail, transport.sender))
    except NoServer:
        # It was not the mail's fault, so the try does not count.
        conn.execute(
            "update aspen.mails set attempt_count = attempt_count - 1, tried_at = null"
            " where id = %s and body is not null",
            [mail.id],
        )
        raise
    except Unsendable as error:
        _give_up(conn, mail, str(error), report)
    except TryLater as error:
        if mail.attempt_count >= MOST_ATTEMPTS:
            _give_up(conn, mail, str(error), report)
        else:
            conn.execute("update aspen.mails set error = %s where id = %s", [str(error), mail.id])
            report.postponed += 1
            report.problems[mail.id] = str(error)
        if isinstance(error, BrokenConnection):
            raise ControlError(
                f"the connection to the mail server broke at mail {mail.id}",
                f"{report.sent} mails were sent before; run it again for the others",
            ) from error
    else:
        conn.execute(
            "update aspen.mails set sent_at = clock_timestamp(), given_up_at = null,"
            " body = null, error = null where id = %s",
            [mail.id],
        )
        report.sent += 1


def _give_up(conn: psycopg.Connection, mail: Mail, reason: str, report: Report) -> None:
    conn.execute(
        "update aspen.mails set given_up_at = clock_timestamp(), body = null, error = %s"
        " where id = %s and sent_at is null",
        [reason, mail.id],
    )
    report.given_up += 1
    report.problems[mail.id] = reason
