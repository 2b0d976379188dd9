"""A mail server on loopback: a real one, which keeps what it gets."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from control.stack.ports import HOST, any_free

USER, PASSWORD = "aspen", "hunter2"


@dataclass
class MailServer:
    """Takes mails, except to recipients whose name says what goes wrong."""

    port: int
    certificate: Path | None = None
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Answer as the name of the recipient says."""
        match address.partition("@")[0]:
            case "refused":
                return f"550 5.1.1 no mailbox {address}"
            case "busy":
                return f"451 4.2.1 mailbox {address} is busy"
            case "gone":
                cast(Any, server).transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Know the senders of one domain."""
        if not address.endswith("@aspen.example"):
            return f"553 5.7.1 {address} is not yours"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail."""
        message = message_from_bytes(cast(bytes, envelope.content), policy=default)
        self.mails.append((list(envelope.rcpt_tos), message))
        return "250 OK"

    @property
    def recipients(self) -> list[str]:
        """Return to whom mails came, in the order of their arrival."""
        return [recipient for recipients, _ in self.mails for recipient in recipients]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Return the subject and the body of each mail."""
        return [
            (message["Subject"], message.get_content().replace("\r\n", "\n"))
            for _, message in self.mails
        ]

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line to this server."""
        variables = {
            "ASPEN_SMTP_HOST": HOST,
            "ASPEN_SMTP_PORT": str(self.port),
            "ASPEN_SMTP_SECURITY": "none",
            "ASPEN_MAIL_FROM": "Aspen <noreply@aspen.example>",
        }
        if self.certificate is not None:
            variables |= {
                "ASPEN_SMTP_SECURITY": "starttls",
                "ASPEN_SMTP_USER": USER,
                "ASPEN_SMTP_PASSWORD": PASSWORD,
                "SSL_CERT_FILE": str(self.certificate),
            }
        return variables


@contextmanager
def run_mail_server(certificate: Path | None = None) -> Iterator[MailServer]:
    """Start a server: with a certificate, it wants STARTTLS and a login, otherwise neither."""
    server = MailServer(any_free(), certificate)
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        options = {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": _check,
            "auth_required": True,
        }
    controller = Controller(server, hostname=HOST, port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _check(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    expected = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == expected, handled=False)


def write_certificate(folder: Path) -> Path:
    """Write a certificate for the loopback address, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path
