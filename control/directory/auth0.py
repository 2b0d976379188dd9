"""Read and change the organisations of an Auth0 tenant by its management API, version 2."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn
from urllib.parse import quote, urlencode
from urllib.request import Request

from control.directory.interface import ROLES, Member, Organization, Person
from control.errors import ControlError
from control.web import NO_ANSWER, Answer, ask, pause_of, require_secure

# What Auth0 gives at once, takes at once, and finds by one query.
PAGE = 100
MEMBERS_AT_ONCE = 10
PEOPLE_AT_ONCE = 50
# Pauses while the server is not there; a minute and a half outlasts a restart.
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)
# The rate is limited by the minute, so this many refusals mean that something else is wrong.
MOST_REFUSALS = 20
# A new token is asked for when the old one has so many seconds left.
SPARE_SECONDS = 60
# The name of the metadata of an organisation that is to become a group: the group's prefix.
PREFIX = "aspen_prefix"


@dataclass
class Auth0:
    """A tenant, asked as a machine client. The secret and the token stay out of `repr`."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    pause: Callable[[float], None] = time.sleep
    _token: str | None = field(default=None, repr=False, init=False)
    _renew_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.url = require_secure("the address of the directory", self.url)

    def issues(self, subject: str) -> bool:
        """Return whether this is `connection|id`."""
        return re.fullmatch(r"[a-z][a-z0-9-]*\|.+", subject) is not None

    def organizations(self) -> Iterator[Organization]:
        """Yield all organisations, by the name that people see."""
        for entry in self._all("/organizations", "organizations"):
            metadata = entry.get("metadata")
            prefix = metadata.get(PREFIX) if isinstance(metadata, dict) else None
            name = entry.get("display_name") or entry.get("name")
            yield Organization(_text(entry, "id"), f"{name}", prefix and f"{prefix}")

    def members(self, organization_id: str) -> Iterator[Member]:
        """Yield the members of an organisation, with their roles."""
        fields = {"fields": "user_id,roles", "include_fields": "true"}
        for entry in self._all(_members(organization_id), "members", fields):
            roles = entry.get("roles")
            if not isinstance(roles, list):
                # Taken for "no role", it would look as if everybody had lost theirs.
                raise ControlError(
                    "the directory does not tell the roles of members",
                    "grant read:organization_member_roles to the client",
                )
            yield Member(_text(entry, "user_id"), frozenset(_text(role, "name") for role in roles))

    def people(self, ids: Iterable[str]) -> Iterator[Person]:
        """Yield those whom the tenant knows.

        They are searched by id, because a list of users ends after 1,000.
        """
        for some in _pieces(ids, PEOPLE_AT_ONCE):
            sought = " OR ".join(f'"{_quoted(one)}"' for one in some)
            query = {
                "q": f"user_id:({sought})",
                "search_engine": "v3",
                "per_page": PAGE,
                "fields": "user_id,email,email_verified,name,blocked",
                "include_fields": "true",
            }
            found = self._call("GET", f"/users?{urlencode(query)}")
            for entry in found if isinstance(found, list) else _strange("/users"):
                email = entry.get("email")
                yield Person(
                    _text(entry, "user_id"),
                    f"{entry.get('name') or email or ''}".strip(),
                    email.strip() if isinstance(email, str) and email.strip() else None,
                    entry.get("email_verified") is True,
                    entry.get("blocked") is True,
                )

    def add(self, organization_id: str, ids: Iterable[str]) -> None:
        """Make people members; who is one already stays one."""
        for some in _pieces(ids, MEMBERS_AT_ONCE):
            self._call("POST", _members(organization_id), {"members": some})

    def remove(self, organization_id: str, ids: Iterable[str]) -> None:
        """End memberships; who is no member is ignored."""
        for some in _pieces(ids, MEMBERS_AT_ONCE):
            self._call("DELETE", _members(organization_id), {"members": some})

    def set_role(self, organization_id: str, person_id: str, role: str) -> None:
        """Give the new role before the others are taken, so that nobody is without one."""
        path = f"{_members(organization_id)}/{quote(person_id, safe='')}/roles"
        self._call("POST", path, {"roles": [self._role_ids[role]]})
        held = self._call("GET", f"{path}?per_page={PAGE}")
        names = {_text(one, "name") for one in (held if isinstance(held, list) else _strange(path))}
        others = [self._role_ids[one] for one in ROLES if one != role and one in names]
        if others:
            self._call("DELETE", path, {"roles": others})

    @cached_property
    def _role_ids(self) -> dict[str, str]:
        """Map the names of our roles to their ids in the tenant."""
        found: dict[str, str] = {}
        for page in range(1000 // PAGE):
            roles = self._call("GET", f"/roles?page={page}&per_page={PAGE}")
            rows = roles if isinstance(roles, list) else _strange("/roles")
            found |= {_text(role, "name"): _text(role, "id") for role in rows}
            if len(rows) < PAGE:
                break
        if missing := [role for role in ROLES if role not in found]:
            raise ControlError(
                f"the directory has no role {missing[0]}",
                "create the roles admin, member and viewer in the tenant",
            )
        return found

    def _all(
        self, path: str, key: str, fields: dict[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the entries of a list, page by page."""
        after: str | None = None
        seen: set[str] = set()
        while True:
            query = {"take": f"{PAGE}"} | (fields or {}) | ({"from": after} if after else {})
            page = self._call("GET", f"{path}?{urlencode(query)}")
            entries = page.get(key) if isinstance(page, dict) else None
            if not isinstance(entries, list):
                _strange(path)
            yield from (entry if isinstance(entry, dict) else _strange(path) for entry in entries)
            after = page.get("next")
            if not after:
                return
            if after in seen:
                raise ControlError(f"the directory repeats a page of {path}", "try again later")
            seen.add(after)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request until it is answered, and return the JSON of the answer."""
        pauses, refusals, is_renewed = iter(PAUSES), 0, False
        while True:
            answer = self._answer(method, path, body)
            if answer is not None and answer.status == 401 and not is_renewed:
                self._token, is_renewed = None, True
            elif answer is not None and answer.status == 429 and refusals < MOST_REFUSALS:
                refusals += 1
                asked = pause_of(answer.headers, time.time())
                self.pause(1.0 if asked is None else asked)
            elif answer is None or answer.status >= 500:
                wait = next(pauses, None)
                if wait is None:
                    raise _no_answer(self.url, answer)
                self.pause(wait)
            else:
                return _content(answer, f"{method} {path.partition('?')[0]}")

    def _answer(self, method: str, path: str, body: object) -> Answer | None:
        headers = {"Authorization": f"Bearer {self._access()}", "Accept": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self.url}/api/v2{path}"
        try:
            return ask(Request(url, data=data, headers=headers, method=method))
        except NO_ANSWER:
            return None

    def _access(self) -> str:
        """Return a token of the management API."""
        if self._token is None or time.monotonic() >= self._renew_at:
            self._token, seconds = self._sign_in()
            self._renew_at = time.monotonic() + seconds - SPARE_SECONDS
        return self._token

    def _sign_in(self) -> tuple[str, float]:
        body = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "audience": f"{self.url}/api/v2/",
        }
        request = Request(
            f"{self.url}/oauth/token",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        for wait in (*PAUSES, None):
            answer = None
            try:
                answer = ask(request)
            except NO_ANSWER:
                pass
            if answer is not None and answer.status != 429 and answer.status < 500:
                break
            if wait is None:
                raise _no_answer(self.url, answer)
            asked = pause_of(answer.headers, time.time()) if answer is not None else None
            self.pause(wait if asked is None else asked)
        given = answer.object() if answer is not None else {}
        if answer is None or answer.status != 200 or not isinstance(given.get("access_token"), str):
            raise ControlError(
                "the directory does not accept the client"
                f" ({given.get('error_description') or given.get('error') or 'no reason given'})",
                "check ASPEN_DIRECTORY_CLIENT_ID and ASPEN_DIRECTORY_CLIENT_SECRET",
            )
        seconds = given.get("expires_in")
        return given["access_token"], float(seconds) if isinstance(seconds, int) else 3600.0


def _content(answer: Answer, what: str) -> Any:
    if 200 <= answer.status < 300:
        try:
            return json.loads(answer.content) if answer.content else None
        except (ValueError, RecursionError):
            _strange(what)
    said = answer.object().get("message") or "no reason given"
    raise ControlError(
        f"the directory answers {what} with {answer.status}: {said}",
        "give the client the scope that it names" if answer.status == 403 else None,
    )


def _no_answer(url: str, answer: Answer | None) -> ControlError:
    status = "not" if answer is None else f"with {answer.status}"
    return ControlError(
        f"the directory at {url} answers {status}",
        "try again later; what is done already is not done twice",
    )


def _strange(what: str) -> NoReturn:
    raise ControlError(
        f"the answer of the directory to {what} is not Auth0's", "check ASPEN_DIRECTORY_URL"
    )


def _text(entry: object, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, str) and value else _strange(key)


def _members(organization_id: str) -> str:
    return f"/organizations/{quote(organization_id, safe='')}/members"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _pieces(values: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
