"""Answer in `control db shell`: queries and requests, as role control or as any user."""

from __future__ import annotations

import ast
import code
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from control.database import acting_as
from control.errors import ControlError
from control.local import forward
from control.people.callers import claims_of_user
from control.schema.versions import CURRENT, profile
from control.settings import Settings

if TYPE_CHECKING:
    from psycopg.abc import Params

_REQUEST = re.compile(r"(?P<method>GET|HEAD|POST|PATCH|PUT|DELETE)\s+(?P<path>/\S.*|/)")
_LIFETIME = timedelta(minutes=5)
_SECONDS = 60
_BANNER = "conn, query(sql, *values, as_user=None), api('GET /samples', as_user=None, data=None)"


class Shell:
    """What the names of the shell stand for: one connection, and the API of the environment."""

    def __init__(self, conn: psycopg.Connection, settings: Settings, *, writes: bool) -> None:
        self.conn = conn
        self.settings = settings
        self.writes = writes
        if not writes:
            conn.execute("set session characteristics as transaction read only")
        conn.execute("set search_path = aspen, api, authz, internal")

    @property
    def names(self) -> dict[str, Any]:
        """Return the names that are there at the start."""
        return {"conn": self.conn, "query": self.query, "api": self.api}

    def query(self, text: str, *values: object, as_user: str | None = None) -> Any:
        """Return the rows of a query as dicts, or as a data frame where pandas is installed.

        `as_user` runs it as a request of this user begins, and rolls it back.
        """
        with self._beginning_as(as_user), self.conn.cursor(row_factory=dict_row) as cursor:
            cursor.execute(text.encode(), values or None)
            columns = [column.name for column in cursor.description or ()]
            if len(set(columns)) < len(columns):
                raise ControlError("two columns have the same name", "name them: count(*) as rows")
            rows = cursor.fetchall() if columns else []
        if find_spec("pandas") is None:
            return rows
        return import_module("pandas").DataFrame(rows, columns=columns)

    def api(
        self,
        request: str,
        *,
        as_user: str | None = None,
        data: object = None,
        version: str = CURRENT,
    ) -> Any:
        """Return the answer to a real request, whose token is minted for the user.

        Without `as_user` it carries no token. What a request writes stays. `version` asks a
        previous version of the API, such as api_v1.
        """
        method, path = self._parse(request)
        headers = {"Accept": "application/json", **dict(profile(version, method))}
        if as_user is not None:
            headers["Authorization"] = f"Bearer {self._token(as_user)}"
        body = None
        if data is not None:
            body = json.dumps(data, default=str).encode()
            headers["Content-Type"] = "application/json"
        if method in ("POST", "PATCH"):
            headers["Prefer"] = "return=representation"
        address = f"{self._url}{quote(path, safe='/?&=%:,.*()!~$+;@')}"
        wanted = Request(address, data=body, headers=headers, method=method)
        try:
            with forward(wanted, _SECONDS) as response:
                status, answer = response.status, _content(response.read())
        except URLError as error:
            raise ControlError(
                f"{self._url} does not answer: {error.reason}", "start the API: control up"
            ) from error
        if status is not None and 200 <= status < 300:
            return answer
        if not isinstance(answer, Mapping):
            raise ControlError(f"{request}: {status} {answer}")
        message = f"{request}: {status} {answer.get('code')}: {answer.get('message')}"
        raise ControlError(message, answer.get("hint"))

    def run(self, source: str) -> Any:
        """Run Python and return the value of its last line, if that is an expression."""
        names = self.names
        try:
            tree = ast.parse(source, "<-c>")
            last = tree.body[-1] if tree.body else None
            if not isinstance(last, ast.Expr):
                exec(compile(tree, "<-c>", "exec"), names)
                return None
            exec(compile(ast.Module(tree.body[:-1], []), "<-c>", "exec"), names)
            return eval(compile(ast.Expression(last.value), "<-c>", "eval"), names)
        except (ControlError, psycopg.Error, OSError):
            raise
        except Exception as error:
            raise ControlError(f"{type(error).__name__}: {error}", "correct the code") from error

    def interact(self) -> None:
        """Open the console: IPython's where it is installed, else Python's own."""
        if find_spec("IPython") is not None:
            print(_BANNER, file=sys.stderr)
            import_module("IPython").start_ipython(argv=["--no-banner"], user_ns=self.names)
        else:
            code.interact(banner=_BANNER, local=self.names, exitmsg="")

    @property
    def _url(self) -> str:
        if self.settings.api_url is None:
            raise ControlError(
                f"environment {self.settings.environment} has no API", "set ASPEN_API_URL"
            )
        return self.settings.api_url.rstrip("/")

    def _parse(self, request: str) -> tuple[str, str]:
        parts = _REQUEST.fullmatch(request.strip())
        if parts is None:
            raise ControlError(
                f"{request!r} is no request", "give method and path, such as 'GET /samples?limit=3'"
            )
        if parts["method"] not in ("GET", "HEAD") and not self.writes:
            raise ControlError(f"{parts['method']} may write", "start the shell with --write")
        return parts["method"], parts["path"]

    def _token(self, user: str) -> str:
        from control.tokens.keys import load_keys
        from control.tokens.minting import mint

        # Asked first: elsewhere an identity provider signs, and no user makes up for that.
        keys = load_keys(self.settings.keys_dir)
        return mint(keys, ttl=_LIFETIME, **claims_of_user(self.conn, user))

    @contextmanager
    def _beginning_as(self, user: str | None) -> Iterator[None]:
        if user is None:
            yield
            return
        claims = claims_of_user(self.conn, user)
        with (
            self.conn.transaction(force_rollback=True),
            acting_as(self.conn, role=claims["role"], subject=claims["sub"]),
        ):
            yield


class TimedCursor(psycopg.Cursor[Any]):
    """Print every query, without its values, and how long it took."""

    def execute(self, query: Any, params: Params | None = None, **options: Any) -> Any:
        """Run a query and print it."""
        start = time.perf_counter()
        try:
            return super().execute(query, params, **options)
        finally:
            spent = 1000 * (time.perf_counter() - start)
            print(f"{spent:8.1f} ms  {_text(query)}", file=sys.stderr)


def _text(query: object) -> str:
    if isinstance(query, sql.Composable):
        query = query.as_string(None)
    text = query.decode() if isinstance(query, bytes) else f"{query}"
    return " ".join(text.split())


def _content(body: bytes) -> Any:
    text = body.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
