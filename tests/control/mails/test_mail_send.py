"""`control mail send`: who gets a mail, what a server refuses, and that the link is forgotten."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.mails.sending import Report, send_mails
from control.mails.transport import open_transport
from control.settings import load_settings
from control.stack.ports import any_free
from tests import factories
from tests.control.mails.mail_server import PASSWORD, MailServer, run_mail_server, write_certificate
from tests.servers import Database

LINK = "https://app.example.org/join?token=secret"
STATE = (
    "select sent_at is not null, given_up_at is not null, body is not null, attempt_count, error"
    " from aspen.mails order by id"
)
SENT = (True, False, False, 1, None)
UNTOUCHED = (False, False, True, 0, None)
Row = tuple[Any, ...]


@pytest.fixture
def group(conn: psycopg.Connection) -> int:
    """Store a group whose invitations are mailed."""
    return factories.group(conn)


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Start a mail server that takes mails from everybody."""
    with run_mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a certificate for loopback."""
    return write_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def strict_server(certificate: Path) -> Iterator[MailServer]:
    """Start a mail server that wants STARTTLS and a login."""
    with run_mail_server(certificate) as server:
        yield server


def invite(
    conn: psycopg.Connection,
    group: int,
    recipient: str = "nia@example.org",
    subject: str = "Invitation to lab",
    invitation: dict[str, Any] | None = None,
    **columns: Any,
) -> int:
    """Store an invitation and its mail, and return the mail's id."""
    values = {
        "group_id": group,
        "invitation_id": factories.invitation(conn, group, **(invitation or {})),
        "recipient": recipient,
        "subject": subject,
        "body": f"You are invited.\n\nAccept it here: {LINK}\n",
    }
    return factories.insert(conn, "mails", values | columns)


def send(database: Database, environment: dict[str, str], *options: str) -> Result:
    """Run `control mail send` in this process."""
    return CliRunner().invoke(
        cli, ["mail", "send", *options], env=database.environment | environment
    )


def states(conn: psycopg.Connection) -> list[Row]:
    """Return what is stored about each mail."""
    return conn.execute(STATE).fetchall()


# Sending.


def test_mail_arrives_and_its_link_is_forgotten(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Send it to the invited address only, and keep no link."""
    invite(conn, group)

    result = send(database, server.environment)

    assert (result.exit_code, result.output) == (
        0,
        "sent 1 mails, 0 are tried again, 0 given up\n",
    )
    ((recipients, message),) = server.mails
    assert recipients == ["nia@example.org"]
    assert {name: message[name] for name in ("From", "To", "Auto-Submitted")} == {
        "From": "Aspen <noreply@aspen.example>",
        "To": "nia@example.org",
        "Auto-Submitted": "auto-generated",
    }
    assert server.texts == [("Invitation to lab", f"You are invited.\n\nAccept it here: {LINK}\n")]
    assert states(conn) == [SENT]


def test_mail_is_sent_once(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Find nothing to do in the second run, and open no connection for it."""
    invite(conn, group)
    send(database, server.environment)

    result = send(database, server.environment | {"ASPEN_SMTP_PORT": str(any_free())}, "--json")

    assert json.loads(result.stdout) == {
        "dry_run": False,
        "due": 0,
        "closed": 0,
        "sent": 0,
        "postponed": 0,
        "given_up": 0,
        "problems": {},
    }
    assert server.recipients == ["nia@example.org"]


def test_dry_run_sends_nothing(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Count, and send nothing."""
    invite(conn, group)

    result = send(database, server.environment, "--dry-run")

    assert (result.exit_code, result.output) == (0, "would send 1 mails\n")
    assert (server.mails, states(conn)) == ([], [UNTOUCHED])


@pytest.mark.parametrize(
    "name",
    [
        "Zürich",
        "\u05de\u05e2\u05d1\u05d3\u05d4",
        "\u0645\u062e\u062a\u0628\u0631 1",
        "e\u0301",
        "x" * 200,
    ],
    ids=["umlaut", "Hebrew", "Arabic", "combining", "long"],
)
def test_names_of_every_script_arrive(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer, name: str
) -> None:
    """Encode the subject and the body."""
    invite(conn, group, subject=f"Invitation to {name}", body=f"You are invited to {name}.\n")

    send(database, server.environment)

    assert server.texts == [(f"Invitation to {name}", f"You are invited to {name}.\n")]


@pytest.mark.parametrize("field", ["subject", "recipient"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028"])
def test_table_stores_no_line_end_in_a_header(
    conn: psycopg.Connection, group: int, field: str, end: str
) -> None:
    """Let nobody add headers or recipients; a plain text is stored in other tests."""
    values: dict[str, Any] = {field: f"a@example.org{end}Bcc: b@example.org"}

    with pytest.raises(psycopg.errors.CheckViolation):
        invite(conn, group, **values)


@pytest.mark.parametrize(
    "recipient",
    ["a,b@example.org", "a<b@example.org", "a@example.org>", "a(b)@example.org", "ü,b@example.org"],
)
def test_address_that_means_another_one_is_given_up(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer, recipient: str
) -> None:
    """Send to the invited address or to nobody, and send the next mail."""
    mail = invite(conn, group, recipient)
    invite(conn, group)

    result = send(database, server.environment)

    reason = "the address or the subject cannot be written in a mail"
    assert result.stderr == f"mail {mail}: {reason}\n"
    assert server.recipients == ["nia@example.org"]
    assert states(conn) == [(False, True, False, 1, reason), SENT]


# Who gets none.

ENDED: dict[str, dict[str, Any]] = {
    "accepted": {"accepted_at": "2024-02-01"},
    "revoked": {"revoked_at": "2024-02-01"},
    "expired": {"created_at": "2024-01-01", "expires_at": "2024-02-01"},
}


@pytest.mark.parametrize("ending", ENDED)
def test_mail_of_an_ended_invitation_is_given_up(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer, ending: str
) -> None:
    """Forget its link as well."""
    invite(conn, group, invitation=ENDED[ending])

    result = send(database, server.environment)

    assert result.stdout == "sent 0 mails, 0 are tried again, 1 given up\n"
    assert server.mails == []
    assert states(conn) == [(False, True, False, 0, "the invitation does not work any more")]


# What a server refuses.


def test_refused_recipient_is_given_up(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Store the server's code without its text, and send the next mail."""
    mail = invite(conn, group, "refused@example.org")
    invite(conn, group)

    result = send(database, server.environment)

    reason = "the server refused the recipient (550)"
    assert (result.exit_code, result.stderr) == (0, f"mail {mail}: {reason}\n")
    assert states(conn) == [(False, True, False, 1, reason), SENT]


def test_mail_for_a_busy_recipient_is_tried_again(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Wait before the next try, in which it arrives."""
    mail = invite(conn, group, "busy@example.org")
    send(database, server.environment)
    first = states(conn)
    send(database, server.environment)
    second = states(conn)
    conn.execute(
        "update aspen.mails set recipient = 'nia@example.org', tried_at = now() - interval '5 min'"
        " where id = %s",
        [mail],
    )
    send(database, server.environment)

    assert (first, second) == (
        [(False, False, True, 1, "the server refused the recipient (451)")],
    ) * 2
    assert states(conn) == [(True, False, False, 2, None)]


def test_mail_is_given_up_after_ten_tries(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Forget the link then."""
    invite(conn, group, "busy@example.org", attempt_count=9, tried_at="2024-01-01")

    send(database, server.environment)

    assert states(conn) == [(False, True, False, 10, "the server refused the recipient (451)")]


@pytest.mark.parametrize(
    ("attempt_count", "minutes", "is_due"),
    [(1, 4, False), (1, 6, True), (4, 39, False), (4, 41, True)],
)
def test_waits_between_tries_double(
    conn: psycopg.Connection,
    database: Database,
    group: int,
    server: MailServer,
    attempt_count: int,
    minutes: int,
    is_due: bool,
) -> None:
    """Wait 5 minutes after the first try, 40 after the fourth."""
    mail = invite(conn, group, attempt_count=attempt_count)
    conn.execute(
        "update aspen.mails set tried_at = now() - make_interval(mins => %s) where id = %s",
        [minutes, mail],
    )

    send(database, server.environment)

    assert len(server.mails) == is_due


def test_last_try_that_was_interrupted_is_given_up(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Keep no link because a sender was killed."""
    invite(conn, group, attempt_count=10, tried_at="2024-01-01")

    send(database, server.environment)

    assert states(conn) == [(False, True, False, 10, "the try was interrupted")]


def test_server_that_is_gone_costs_no_try(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Say which server, and leave the mails as they are."""
    invite(conn, group)
    port = any_free()

    result = send(database, server.environment | {"ASPEN_SMTP_PORT": str(port)})

    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: no connection to mail server 127.0.0.1:{port}: Connection refused\n"
        "Remedy: the mails wait; run it again\n",
    )
    assert states(conn) == [UNTOUCHED]


def test_server_that_ends_the_connection_ends_the_run(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Count the try of that mail only, because nobody knows whether it arrived."""
    invite(conn, group)
    mail = invite(conn, group, "gone@example.org")
    invite(conn, group)

    result = send(database, server.environment)

    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: the connection to the mail server broke at mail {mail}\n"
        "Remedy: 1 mails were sent before; run it again for the others\n",
    )
    assert states(conn) == [
        SENT,
        (False, False, True, 1, "the connection to the server broke"),
        UNTOUCHED,
    ]


def test_refused_sender_costs_no_try(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Blame the setting, not the mail."""
    invite(conn, group)

    result = send(database, server.environment | {"ASPEN_MAIL_FROM": "x@elsewhere.example"})

    assert result.exit_code == 1
    assert "does not take mails from the address of ASPEN_MAIL_FROM (553)" in result.stderr
    assert states(conn) == [UNTOUCHED]


# Several senders.


def test_two_senders_at_once_send_each_mail_once(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Share the mails between them."""
    expected = [f"person-{number:02}@example.org" for number in range(20)]
    ids = [invite(conn, group, recipient) for recipient in expected]
    settings = load_settings(environ=database.environment | server.environment)

    def run(_: int) -> Report:
        with database.connect() as own, open_transport(settings) as transport:
            return send_mails(own, transport)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(run, range(2)))

    assert sorted(server.recipients) == expected
    assert [report.sent for report in reports] == [20 - reports[1].sent, reports[1].sent]
    assert states(conn) == [SENT] * len(ids)


def test_mail_that_another_sender_claims_is_left_to_it(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Skip the row that it holds, and wait for nobody."""
    held = invite(conn, group, "held@example.org")
    invite(conn, group)
    settings = load_settings(environ=database.environment | server.environment)
    with conn.transaction(), database.connect() as own, open_transport(settings) as transport:
        conn.execute("select from aspen.mails where id = %s for update", [held])
        report = send_mails(own, transport)

    assert (report.sent, server.recipients) == (1, ["nia@example.org"])


# Encryption and login.


def test_mail_is_sent_encrypted_after_a_login(
    conn: psycopg.Connection, database: Database, group: int, strict_server: MailServer
) -> None:
    """Encrypt with STARTTLS by default."""
    invite(conn, group)

    result = send(database, strict_server.environment)

    assert result.exit_code == 0, result.stderr
    assert (strict_server.recipients, states(conn)) == (["nia@example.org"], [SENT])


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ASPEN_SMTP_PASSWORD": "wrong-secret"}, "rejected the login (535)"),
        ({"ASPEN_SMTP_PASSWORD": "pässword"}, "cannot send the login: it has characters"),
        ({"SSL_CERT_FILE": os.devnull}, "is not trusted"),
        ({"ASPEN_SMTP_SECURITY": "tls"}, "no connection to mail server"),
        ({"ASPEN_SMTP_SECURITY": "none"}, "the connection is not encrypted"),
        ({"ASPEN_SMTP_SECURITY": "ssl"}, "ASPEN_SMTP_SECURITY is 'ssl'"),
        ({"ASPEN_SMTP_PORT": "smtp"}, "ASPEN_SMTP_PORT is 'smtp'"),
        ({"ASPEN_SMTP_HOST": "a\u00df" * 40}, "mail server"),
        ({"ASPEN_MAIL_FROM": "a@b.example\r\nBcc: c@d.example"}, "not one address"),
    ],
    ids=[
        "wrong password",
        "password beyond ASCII",
        "unknown authority",
        "not the encryption of the server",
        "password without encryption",
        "unknown encryption",
        "no port",
        "no name",
        "no address",
    ],
)
def test_wrong_setting_is_named_and_costs_no_try(
    conn: psycopg.Connection,
    database: Database,
    group: int,
    strict_server: MailServer,
    variables: dict[str, str],
    said: str,
) -> None:
    """Send nothing, and print no password and no address."""
    invite(conn, group)

    result = send(database, strict_server.environment | variables)

    assert result.exit_code == 1
    assert said in result.stderr
    assert not any(
        word in result.output
        for word in (PASSWORD, "wrong-secret", "pässword", "nia@", "Traceback")
    )
    assert (strict_server.mails, states(conn)) == ([], [UNTOUCHED])


def test_server_without_encryption_gets_no_mail(
    conn: psycopg.Connection, database: Database, group: int, server: MailServer
) -> None:
    """Do not fall back to an open connection."""
    invite(conn, group)

    result = send(database, server.environment | {"ASPEN_SMTP_SECURITY": "starttls"})

    assert result.exit_code == 1
    assert "offers no encryption with STARTTLS" in result.stderr
    assert (server.mails, states(conn)) == ([], [UNTOUCHED])


def test_password_is_read_from_the_environment_only(tmp_path: Path) -> None:
    """Reject a file of settings that contains it, and keep it out of `repr`."""
    (tmp_path / "aspen.toml").write_text("[production]\nsmtp_host = 'mail.example'\n")
    environ = {"ASPEN_ROOT": str(tmp_path), "ASPEN_SMTP_PASSWORD": PASSWORD}

    settings = load_settings("production", environ)

    assert (settings.smtp_host, settings.smtp_password) == ("mail.example", PASSWORD)
    assert PASSWORD not in repr(settings)


# Files instead.


def test_local_stack_writes_files(
    conn: psycopg.Connection, database: Database, group: int, tmp_path: Path
) -> None:
    """Write a message that a mail program opens, for the owner's eyes only."""
    mail = invite(conn, group)

    result = send(database, {"ASPEN_DATA_DIR": str(tmp_path)})

    assert result.exit_code == 0, result.stderr
    (file,) = (tmp_path / "mails").iterdir()
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert (file.name, message["To"], LINK in message.as_string()) == (
        f"{mail}.eml",
        "nia@example.org",
        True,
    )
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert states(conn) == [SENT]


def test_folder_can_be_chosen(
    conn: psycopg.Connection, database: Database, group: int, tmp_path: Path
) -> None:
    """Use it instead of a server in any environment."""
    mail = invite(conn, group)

    result = send(database, {"ASPEN_MAIL_FOLDER": str(tmp_path / "here")})

    assert result.exit_code == 0, result.stderr
    assert [path.name for path in (tmp_path / "here").iterdir()] == [f"{mail}.eml"]


def test_environment_without_a_mail_server_is_named(
    conn: psycopg.Connection, database: Database, group: int, tmp_path: Path
) -> None:
    """Leave the mails as they are."""
    invite(conn, group)
    (tmp_path / "aspen.toml").write_text("[production]\nbucket = 'results'\n")

    result = send(database, {"ASPEN_ROOT": str(tmp_path), "ASPEN_ENV": "production"})

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: environment production has no mail server\n"
        "Remedy: set ASPEN_SMTP_HOST and ASPEN_MAIL_FROM, or ASPEN_MAIL_FOLDER for files instead\n",
    )
    assert states(conn) == [UNTOUCHED]
