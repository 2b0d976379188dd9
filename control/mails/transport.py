"""Deliver messages to a mail server or into a folder."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from control.errors import ControlError
from control.mails.messages import Unsendable, parse_sender
from control.settings import Settings
from control.whole_files import whole_file

# A server that says nothing for so long is given up.
TIMEOUT_SECONDS = 30
# How the connection is encrypted, with the usual port.
PORTS = {"starttls": 587, "tls": 465, "none": 25}
LOCAL_SENDER = "Aspen <aspen@localhost>"


class TryLater(Exception):
    """A mail that the server did not take now."""


class NoServer(ControlError):
    """A server that takes no mail at all; the mails wait until it does."""


class BrokenConnection(TryLater):
    """A connection that ended while a mail was sent: nobody knows whether it arrived."""


class Transport(Protocol):
    """Where messages go."""

    @property
    def sender(self) -> Address:
        """Return the address that the messages come from."""

    def deliver(self, mail_id: int, message: EmailMessage) -> None:
        """Deliver one message."""


@dataclass(frozen=True)
class Folder:
    """A folder that gets a file for each message, for the local stack."""

    path: Path
    sender: Address

    def deliver(self, mail_id: int, message: EmailMessage) -> None:
        """Write `<id>.eml`, readable by its owner only, because it contains the link."""
        with whole_file(self.path / f"{mail_id}.eml") as file:
            file.write(bytes(message))


@dataclass(frozen=True)
class Server:
    """An open connection to a mail server."""

    smtp: smtplib.SMTP = field(repr=False)
    name: str
    sender: Address

    def deliver(self, mail_id: int, message: EmailMessage) -> None:
        """Send one message; errors name the server's code, not its text, which has addresses."""
        try:
            self.smtp.send_message(
                message, self.sender.addr_spec, [message["To"].addresses[0].addr_spec]
            )
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise _refusal(code, "the recipient") from error
        except smtplib.SMTPSenderRefused as error:
            raise NoServer(
                f"{self.name} does not take mails from the address of ASPEN_MAIL_FROM"
                f" ({error.smtp_code})",
                "set ASPEN_MAIL_FROM to an address that this server sends for",
            ) from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, "the mail") from error
        except smtplib.SMTPNotSupportedError as error:
            raise Unsendable("the server takes only addresses in ASCII") from error
        except (OSError, smtplib.SMTPException) as error:
            raise BrokenConnection("the connection to the server broke") from error


def _refusal(code: int, what: str) -> Exception:
    words = f"the server refused {what} ({code})"
    return Unsendable(words) if 500 <= code < 600 else TryLater(words)


@contextmanager
def open_transport(settings: Settings) -> Iterator[Transport]:
    """Connect to the server of the settings, or open their folder."""
    local = settings.is_local and settings.smtp_host is None
    sender_text = settings.mail_from or (LOCAL_SENDER if local or settings.mail_folder else None)
    folder = settings.mail_folder or (str(settings.data_dir / "mails") if local else None)
    if folder is None and settings.smtp_host is None:
        raise ControlError(
            f"environment {settings.environment} has no mail server",
            "set ASPEN_SMTP_HOST and ASPEN_MAIL_FROM, or ASPEN_MAIL_FOLDER for files instead",
        )
    if sender_text is None:
        raise ControlError(
            "ASPEN_MAIL_FROM is not set", "set it to the address that mails come from"
        )
    sender = parse_sender(sender_text)
    if folder is not None:
        path = Path(folder)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield Folder(path, sender)
        return
    smtp, name = _connect(settings)
    try:
        yield Server(smtp, name, sender)
    finally:
        try:
            smtp.quit()
        except (OSError, smtplib.SMTPException):
            smtp.close()


def _connect(settings: Settings) -> tuple[smtplib.SMTP, str]:
    """Connect, encrypt and log in; the password is sent over an encrypted connection only."""
    security = settings.smtp_security
    if security not in PORTS:
        raise ControlError(f"ASPEN_SMTP_SECURITY is {security!r}", f"set it to {', '.join(PORTS)}")
    if security == "none" and settings.smtp_user is not None:
        raise ControlError(
            "ASPEN_SMTP_USER is set, but the connection is not encrypted",
            "set ASPEN_SMTP_SECURITY to starttls or tls, or unset ASPEN_SMTP_USER",
        )
    if (settings.smtp_user is None) != (settings.smtp_password is None):
        raise ControlError(
            "only one of ASPEN_SMTP_USER and ASPEN_SMTP_PASSWORD is set", "set both or neither"
        )
    if not f"{settings.smtp_user}{settings.smtp_password}".isascii():
        raise ControlError(
            "SMTP cannot send the login: it has characters beyond ASCII",
            "use an ASPEN_SMTP_USER and ASPEN_SMTP_PASSWORD without them",
        )
    host, port = settings.smtp_host or "", _port(settings.smtp_port, security)
    name = f"mail server {host}:{port}"
    context = ssl.create_default_context()
    smtp: smtplib.SMTP | None = None
    try:
        if security == "tls":
            smtp = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        if security == "starttls":
            smtp.starttls(context=context)
        if settings.smtp_user is not None and settings.smtp_password is not None:
            smtp.login(settings.smtp_user, settings.smtp_password)
        smtp.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        if smtp is not None:
            smtp.close()
        raise _explain(name, error) from error
    return smtp, name


def _explain(name: str, error: Exception) -> NoServer:
    """Say why no mail can be sent, without the server's text."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return NoServer(
                f"{name} rejected the login ({error.smtp_code})",
                "check ASPEN_SMTP_USER and ASPEN_SMTP_PASSWORD",
            )
        case smtplib.SMTPNotSupportedError():
            return NoServer(
                f"{name} offers no encryption with STARTTLS, or no login",
                "use a server that does; ASPEN_SMTP_SECURITY=tls encrypts from the beginning",
            )
        case ssl.SSLCertVerificationError():
            return NoServer(
                f"the certificate of {name} is not trusted: {error.verify_message}",
                "check ASPEN_SMTP_HOST; SSL_CERT_FILE names other authorities to trust",
            )
        case smtplib.SMTPResponseException():
            return NoServer(f"{name} refused the connection ({error.smtp_code})")
        case UnicodeError():
            return NoServer(f"{name} has no valid name", "check ASPEN_SMTP_HOST")
        case OSError() if not isinstance(error, smtplib.SMTPException):
            reason = error.strerror or "it did not answer in time"
            return NoServer(f"no connection to {name}: {reason}", "the mails wait; run it again")
        case _:
            return NoServer(f"no connection to {name}: it ended", "the mails wait; run it again")


def _port(text: str | None, security: str) -> int:
    if text is None:
        return PORTS[security]
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 65535:
        raise ControlError(f"ASPEN_SMTP_PORT is {text!r}, not a port", "set it to a number")
    return int(text)
