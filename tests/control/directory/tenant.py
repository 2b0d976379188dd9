"""A server on this machine that behaves like the management API of an Auth0 tenant."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SECRET = "the-secret-of-the-client"
ROLES = {"rol_a": "admin", "rol_m": "member", "rol_v": "viewer", "rol_x": "billing"}
IDS = {name: key for key, name in ROLES.items()}
Members = dict[str, set[str]]


class Refused(Exception):
    """An error of the management API."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Tenant:
    """What the tenant has, what it was asked, and how it misbehaves."""

    url: str = ""
    organizations: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, Members] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    # Statuses that the next requests get instead of an answer.
    failures: list[int] = field(default_factory=list)
    refuses_every: int = 0
    token_lasts: int = 1_000_000
    tells_roles: bool = True
    tokens: int = 0
    left: int = 0

    def organization(self, key: str, name: str, **metadata: str) -> None:
        """Make an organisation without members."""
        self.organizations[key] = {
            "id": key,
            "name": key,
            "display_name": name,
            "metadata": metadata,
        }
        self.members[key] = {}

    def person(self, who: str, memberships: dict[str, str] | None = None, **columns: Any) -> str:
        """Make a user with a role in each of these organisations."""
        key = f"auth0|{who}"
        self.users[key] = {
            "user_id": key,
            "name": who.capitalize(),
            "email": f"{who}@example.org",
            "email_verified": True,
        } | columns
        for organization, role in (memberships or {}).items():
            self.members[organization][key] = {IDS[role]} if role else set()
        return key

    def roles(self, organization: str) -> dict[str, list[str]]:
        """Return the roles of the members by name."""
        return {
            key: sorted(ROLES[role] for role in roles)
            for key, roles in self.members[organization].items()
        }

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        """Return the JSON of an answer."""
        match [method, *path.strip("/").split("/")]:
            case ["GET", "organizations"]:
                return self._listed("organizations", list(self.organizations.values()), query)
            case ["GET", "organizations", key, "members"]:
                return self._listed("members", list(self.members[key].items()), query)
            case ["POST", "organizations", key, "members"]:
                for one in _few(body["members"]):
                    if one not in self.users:
                        raise Refused(404, "No such user")
                    self.members[key].setdefault(one, set())
            case ["DELETE", "organizations", key, "members"]:
                for one in _few(body["members"]):
                    self.members[key].pop(one, None)
            case ["GET", "organizations", key, "members", one, "roles"]:
                held = self.members[key][unquote(one)]
                return [{"id": role, "name": ROLES[role]} for role in sorted(held)]
            case ["POST", "organizations", key, "members", one, "roles"]:
                self.members[key][unquote(one)] |= set(body["roles"])
            case ["DELETE", "organizations", key, "members", one, "roles"]:
                self.members[key][unquote(one)] -= set(body["roles"])
            case ["GET", "roles"]:
                start = int(query["page"]) * int(query["per_page"])
                rows = [{"id": key, "name": name} for key, name in ROLES.items()]
                return rows[start : start + int(query["per_page"])]
            case ["GET", "users"]:
                return self._found(query)
            case _:
                raise Refused(404, "Not Found")
        return None

    def _member(self, who: str, roles: set[str], wanted: list[str]) -> dict[str, Any]:
        """Return a member with the fields that the request names."""
        named = [{"id": role, "name": ROLES[role]} for role in sorted(roles)]
        shown: dict[str, Any] = {"user_id": who} | ({"roles": named} if self.tells_roles else {})
        return {name: value for name, value in shown.items() if name in wanted}

    def _found(self, query: dict[str, str]) -> list[dict[str, Any]]:
        if int(query.get("page", 0)) * int(query["per_page"]) >= 1000:
            raise Refused(400, "You can only page through the first 1000 records")
        sought = re.findall(r'"((?:[^"\\]|\\.)*)"', query["q"])
        ids = [re.sub(r"\\(.)", r"\1", one) for one in sought]
        found = [self.users[one] for one in ids if one in self.users]
        return found[: min(int(query["per_page"]), 100)]

    def _listed(self, key: str, rows: list[Any], query: dict[str, str]) -> dict[str, Any]:
        """Return a page of a list by checkpoint."""
        start, end = int(query.get("from", 0)), int(query.get("from", 0)) + int(query["take"])
        if int(query["take"]) > 100:
            raise Refused(400, "take must be at most 100")
        some = rows[start:end]
        if key == "members":
            wanted = query["fields"].split(",")
            some = [self._member(member, roles, wanted) for member, roles in some]
        page: dict[str, Any] = {key: some}
        return page | ({"next": f"{end}"} if end < len(rows) else {})


def _few(ids: list[str]) -> list[str]:
    if not 0 < len(ids) <= 10:
        raise Refused(400, "members must have 1 to 10 items")
    return ids


@contextmanager
def run_tenant() -> Iterator[Tenant]:
    """Serve a tenant until the end."""
    tenant = Tenant()

    class Handler(BaseHTTPRequestHandler):
        """One request of the management API."""

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            tenant.asked.append(f"{self.command} {parts.path}")
            if tenant.failures:
                self._send(tenant.failures.pop(0), {"message": "broken"})
            elif parts.path == "/oauth/token":
                self._sign_in(body)
            elif not self._may_pass():
                return
            else:
                path = parts.path.removeprefix("/api/v2")
                try:
                    found = tenant.answer(self.command, path, dict(parse_qsl(parts.query)), body)
                except Refused as error:
                    self._send(error.status, {"message": f"{error}"})
                else:
                    self._send(200, found)

        def _sign_in(self, body: Any) -> None:
            if body["client_secret"] != SECRET:
                self._send(401, {"error": "access_denied", "error_description": "Unauthorized"})
                return
            tenant.tokens, tenant.left = tenant.tokens + 1, tenant.token_lasts
            self._send(200, {"access_token": f"token-{tenant.tokens}", "expires_in": 86400})

        def _may_pass(self) -> bool:
            given = self.headers.get("Authorization")
            if given != f"Bearer token-{tenant.tokens}" or not tenant.left:
                self._send(401, {"message": "Expired token received for JSON Web Token validation"})
                return False
            tenant.left -= 1
            if tenant.refuses_every and len(tenant.asked) % tenant.refuses_every == 0:
                reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{int(time.time())}"}
                self._send(429, {"message": "Global limit has been reached"}, reset)
                return False
            return True

        def _send(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
            content = b"" if document is None else json.dumps(document).encode()
            self.send_response(status if content else 204)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", f"{len(content)}")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _handle

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tenant.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield tenant
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
