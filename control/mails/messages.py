"""Write a waiting mail as a message, whatever is in the names it contains."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from control.errors import ControlError


@dataclass(frozen=True)
class Mail:
    """A mail of the outbox; the body contains a secret link and stays out of `repr`."""

    id: int
    recipient: str = field(repr=False)
    subject: str
    body: str = field(repr=False)
    attempt_count: int
    created_at: datetime


class Unsendable(Exception):
    """A mail that no server would take."""


def parse_sender(text: str) -> Address:
    """Return the address in `Aspen <aspen@example.org>`."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = text
        (address,) = message["From"].addresses
    except (ValueError, IndexError):
        address = Address()
    if not address.username or not address.domain or not address.addr_spec.isascii():
        raise ControlError(
            f"ASPEN_MAIL_FROM is {text!r}, not one address",
            "write an address, or a name and an address: Aspen <aspen@example.org>",
        )
    return Address(address.display_name, address.username, address.domain)


def message_of(mail: Mail, sender: Address) -> EmailMessage:
    """Return the message; it has the same Message-ID in every try.

    The library encodes names and refuses line ends in headers.
    """
    # Only servers with the extension SMTPUTF8 take mails to addresses beyond ASCII.
    message = EmailMessage(policy=SMTP if mail.recipient.isascii() else SMTPUTF8)
    try:
        message["To"] = _address(mail.recipient)
        message["Subject"] = mail.subject
    except (ValueError, IndexError) as error:
        raise Unsendable("the address or the subject cannot be written in a mail") from error
    message["From"] = sender
    message["Date"] = format_datetime(mail.created_at.astimezone(UTC))
    message["Message-ID"] = f"<{mail.id}.{mail.created_at.timestamp():.0f}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    # Every server takes 7 bits.
    message.set_content(mail.body, cte=None if mail.body.isascii() else "quoted-printable")
    return message


def _address(text: str) -> Address:
    """Return an address that is written in a header as it is given."""
    # The library checks the form, but only of ASCII.
    Address(addr_spec="".join(letter if letter.isascii() else "x" for letter in text))
    username, _, domain = text.rpartition("@")
    address = Address("", username, domain)
    if address.addr_spec != text:
        raise ValueError(f"{text!r} would be written in another way")
    return address
