"""A server on this machine that behaves like an OpenID Connect provider with a device flow."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Provider:
    """What the provider says, and how it was asked."""

    url: str = ""
    issuer: str | None = None
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    # Errors that the next requests for tokens get: authorization_pending, slow_down …
    errors: list[str] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    lifetime: int = 3600
    gives_refresh: bool = True
    is_opaque: bool = False
    refresh: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    number: int = 0

    def jwks(self) -> str:
        """Return the public key, as `control token trust` reads it."""
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [public | {"kid": "provider", "use": "sig"}]})

    def grants(self, kind: str) -> int:
        """Count the requests for tokens of one kind."""
        return sum(fields.get("grant_type") == kind for _, fields in self.asked)

    def configuration(self) -> dict[str, Any]:
        """Return what it publishes."""
        return {
            "issuer": f"{self.issuer or self.url}/",
            "device_authorization_endpoint": f"{self.url}/device",
            "token_endpoint": f"{self.url}/token",
            "revocation_endpoint": f"{self.url}/revoke",
        }

    def answer(self, path: str, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON of a POST."""
        self.asked.append((path, fields))
        if path == "/device":
            return 200, {
                "device_code": "the-device-code",
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.url}/activate",
                "expires_in": 900,
                "interval": 0,
            }
        if path == "/revoke":
            self.refresh.discard(fields["token"])
            return 200, {}
        if self.errors:
            return 400, {"error": self.errors.pop(0), "error_description": "not now"}
        if fields["grant_type"] == "refresh_token":
            if fields["refresh_token"] not in self.refresh:
                return 400, {"error": "invalid_grant", "error_description": "unknown"}
            self.refresh.remove(fields["refresh_token"])
        elif fields != {
            "grant_type": DEVICE,
            "device_code": "the-device-code",
            "client_id": "client-1",
        }:
            return 400, {"error": "invalid_request"}
        return 200, self.tokens()

    def tokens(self) -> dict[str, Any]:
        """Return new tokens: the refresh token works once."""
        self.number += 1
        now = int(time.time())
        claims = {
            "sub": "auth0|alice",
            "role": "member",
            "aud": "aspen",
            "iat": now,
            "exp": now + self.lifetime,
        } | self.claims
        access = jwt.encode(claims, self.key, "RS256", headers={"kid": "provider"})
        if self.is_opaque:
            access = "opaque-token"
        given = {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime}
        self.given.append(access)
        if self.gives_refresh:
            given["refresh_token"] = f"refresh-{self.number}"
            self.refresh.add(f"refresh-{self.number}")
        return given


@contextmanager
def run_provider() -> Iterator[Provider]:
    """Serve a provider until the end."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            is_known = self.path == "/.well-known/openid-configuration"
            self._send(200 if is_known else 404, provider.configuration() if is_known else {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(*provider.answer(self.path, dict(parse_qsl(body))))

        def _send(self, status: int, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", f"{len(content)}")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
