"""TLS at the edge, by a file of the operator's own beside nginx.conf."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from control.stack.ports import HOST, any_free
from tests.http.world import refusal
from tests.servers import Api, run_edge

LISTEN = """
listen {host}:{plain_port};
listen {host}:{port} ssl;
ssl_certificate local/tls.pem;
ssl_certificate_key local/tls.pem;
"""


@dataclass(frozen=True)
class Encrypted:
    """An edge with a certificate that it signed itself."""

    port: int
    certificate: str

    @property
    def url(self) -> str:
        """Return its address."""
        return f"https://{HOST}:{self.port}"

    def client(self) -> httpx.Client:
        """Return a client that trusts this certificate and no other."""
        return httpx.Client(
            base_url=self.url, verify=ssl.create_default_context(cadata=self.certificate)
        )


@pytest.fixture(scope="module")
def encrypted(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    """Start an edge with TLS before the PostgREST of the other tests."""
    plain_port, port, postgrest_port = any_free(), any_free(), urlsplit(api.direct_url).port
    assert postgrest_port is not None
    key, certificate = make_certificate()
    files = {
        "local/listen.conf": LISTEN.format(host=HOST, plain_port=plain_port, port=port),
        "local/tls.pem": key + certificate,
    }
    folder = tmp_path_factory.mktemp("tls")
    with run_edge(folder, plain_port, postgrest_port, unlimited=[HOST], files=files):
        yield Encrypted(port, certificate)


def make_certificate() -> tuple[str, str]:
    """Return a key and a certificate for this machine, signed with the key itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Aspen test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return text.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_api_is_answered_by_tls(encrypted: Encrypted) -> None:
    """Answer whoever trusts the certificate, and have them come back by TLS only."""
    with encrypted.client() as http:
        response = http.get("/rpc/health")

    assert response.status_code == 200
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_certificate_is_checked(encrypted: Encrypted) -> None:
    """Fail for a client that does not know it, so that the test above shows something."""
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{encrypted.url}/rpc/health")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_refused(encrypted: Encrypted, version: str) -> None:
    """Agree on TLS 1.2 or later."""
    context = ssl.create_default_context(cadata=encrypted.certificate)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion[version]

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{encrypted.url}/rpc/health", verify=context)


def test_plain_request_at_the_port_of_tls_is_refused(encrypted: Encrypted) -> None:
    """Answer in the common form, without the header of TLS."""
    response = httpx.get(f"http://{HOST}:{encrypted.port}/rpc/health")

    assert refusal(response) == (400, "bad_request")
    assert "Strict-Transport-Security" not in response.headers
