"""Reach the servers of an environment, each only once it is asked for and with bounded patience."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from urllib.request import Request

from control.doctor.verdicts import Unknown
from control.errors import ControlError
from control.local import forward
from control.settings import Settings

if TYPE_CHECKING:
    import psycopg
    from mypy_boto3_s3 import S3Client

    from control.schema.safety_rules import Breach

HTTP_SECONDS = 5
STATEMENT_SECONDS = 10
# A path that the edge answers itself.
EDGE = "/.edge"
LONGEST_BODY = 1 << 16


@dataclass(frozen=True)
class Answer:
    """An answer to a request, and how far the clock of its server is ahead of ours."""

    status: int
    body: bytes
    ahead_seconds: float | None


class Patient:
    """One environment to look at; `now` is the clock of this machine."""

    def __init__(
        self,
        settings: Settings,
        conn: psycopg.Connection | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.now = now
        self._conn = conn
        self._is_ours = conn is None
        self._is_down = False
        self._api_hangs = False

    @property
    def conn(self) -> psycopg.Connection:
        """Return the session that checks share: it only reads, and no statement runs for long."""
        from control.database import connect

        if self._is_down:
            raise Unknown("the database does not answer")
        if self._conn is None:
            if self.settings.database_url is None:
                raise Unknown(
                    "the environment has no database",
                    "run control up" if self.settings.is_local else "set ASPEN_DATABASE_URL",
                )
            try:
                self._conn = connect(self.settings, "doctor")
                self._conn.execute(
                    "select set_config('statement_timeout', %s, false),"
                    " set_config('lock_timeout', '2s', false),"
                    " set_config('default_transaction_read_only', 'on', false)",
                    [f"{STATEMENT_SECONDS}s"],
                )
            except BaseException:
                self._is_down = True
                raise
        return self._conn

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._conn is not None and self._is_ours:
            with suppress(Exception):
                self._conn.close()
            self._conn = None

    def give_up(self) -> None:
        """Leave the session alone: a check still waits for its answer."""
        if self._conn is not None:
            self._is_down = True

    def rows(self, statement: bytes, values: Mapping[str, object] | None = None) -> list[Any]:
        """Return the rows of a query."""
        return self.conn.execute(statement, values).fetchall()

    @cached_property
    def breaches(self) -> list[Breach]:
        """Return what breaks the safety rules; some checks share the answer."""
        from control.schema.safety_rules import find_breaches

        self.require_code()
        return find_breaches(self.conn)

    def require_code(self) -> None:
        """Raise Unknown where the schemas of ours are not there."""
        from control.schema.code import loaded_probe

        if loaded_probe(self.conn) is None:
            raise Unknown("the code of sql/ is not loaded", "control migrate up")

    def ask_api(self, path: str, token: str | None = None) -> Answer:
        """Send a GET through the edge; Unknown where it is known that nobody will answer."""
        if not self._edge_answers:
            raise Unknown("the edge does not answer")
        if self._api_hangs:
            raise Unknown("the API does not answer")
        try:
            return self.get(f"{self.api_url}{path}", token)
        except (OSError, http.client.HTTPException) as error:
            self._api_hangs = True
            raise ControlError(
                f"{path} is not answered within {HTTP_SECONDS} s",
                "look at PostgREST and its database: one of them hangs",
            ) from error

    @property
    def api_url(self) -> str:
        """Return the address of the edge."""
        if self.settings.api_url is None:
            raise Unknown(
                "the environment has no address of an API",
                "run control up" if self.settings.is_local else "set ASPEN_API_URL",
            )
        return self.settings.api_url.rstrip("/")

    @cached_property
    def _edge_answers(self) -> bool:
        try:
            return self.get(f"{self.api_url}{EDGE}").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def get(self, url: str, token: str | None = None) -> Answer:
        """Send a GET and return the answer, whatever its status."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        sent = self.now()
        with forward(Request(url, headers=headers), HTTP_SECONDS) as answer:
            body = answer.read(LONGEST_BODY)
            received = self.now()
            ahead = ahead_of_us(answer.headers.get("Date"), sent, received)
            return Answer(answer.status or 0, body, ahead)

    @cached_property
    def s3(self) -> S3Client:
        """Return a client that tries once and waits for little."""
        from control.storage.s3 import make_client

        return make_client(self.settings, hurries=True)


def ahead_of_us(date: str | None, sent: float, received: float) -> float | None:
    """Return by how much a clock is ahead, as far as its `Date`, which has no fractions, tells."""
    if date is None:
        return None
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except ValueError as error:
        raise ControlError(f"the server sends a Date that is no time: {date!r}") from error
    if sent - 1 <= theirs <= received:
        return 0.0
    return theirs - received if theirs > received else theirs + 1 - sent
