"""Requests that only a stranger would write, for everything that the catalogue of api holds."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tests.attack import odd_parts, words
from tests.attack.judging import Headers, Request, faults_of
from tests.attack.stage import Stage, Trial

CALLERS = (*("alice",) * 8, *("olga",) * 4, *("vic", "bob") * 4, "nobody")
# They may see nothing of the other group.
OF_LAB = ("alice", "vic", "nobody")
KINDS = ("filters", "selects", "pages", "calls", "writes", "headers", "bodies", "targets")
JSON: Headers = (("Content-Type", "application/json"),)
DRY: Headers = (("Prefer", "tx=rollback"),)
# For each example of an operation; a short run sends as many of each kind as this.
REQUESTS = 40
AT_ONCE = 4
COLUMNS = """
select pg_class.relname, pg_attribute.attname
from pg_catalog.pg_class inner join pg_catalog.pg_attribute on attrelid = pg_class.oid
where relnamespace = 'api'::regnamespace and relkind = 'v' and attnum > 0 order by 1, attnum
"""
FUNCTIONS = """
select proname, coalesce(proargnames[1:pronargs], '{}')
from pg_catalog.pg_proc
where pronamespace = 'api'::regnamespace and prokind = 'f' order by 1, 2
"""


class Odd:
    """A source of requests: everything that api holds, and seeded dice."""

    def __init__(self, stage: Stage) -> None:
        """Read the catalogue."""
        self.dice = random.Random(stage.seed)
        self.world = stage.world
        self.columns: list[tuple[str, str]] = stage.conn.execute(COLUMNS).fetchall()
        self.functions = stage.conn.execute(FUNCTIONS).fetchall()
        self.resources = sorted({resource for resource, _ in self.columns})
        self.names = sorted({column for _, column in self.columns})

    def value(self) -> str:
        """Return a value, percent-encoded unless that is a way to be odd."""
        value = self.dice.choice(words.VALUES)
        if self.dice.random() < 0.3:
            value = f"{self.dice.choice(words.VALUES)[:20]}{value}"
        return quote(value, safe="" if self.dice.random() < 0.8 else "(){},.*:")

    def filter_of(self, column: str) -> str:
        """Return a condition on a column."""
        operator = self.dice.choice(words.OPERATORS)
        negation = "not." if self.dice.random() < 0.15 else ""
        value = self.value()
        if operator == "in" or operator.endswith(("any)", "all)")):
            value = self.dice.choice(("({})", "{{{}}}", "{}", "({},{})", '("{}")')).format(
                value, value
            )
        path = self.dice.choice(("", "", "", "", "->a", "->>a->>b", "->0", "->-1", "->>9999999999"))
        return f"{column}{path}={negation}{operator}.{value}"

    def term(self, resource: str, depth: int = 0) -> str:
        """Return an item of a select."""
        dice = self.dice
        own = [column for name, column in self.columns if name == resource] or self.names
        name = (
            dice.choice(own) if dice.random() < 0.85 else dice.choice((*self.names, "*", "", "x"))
        )
        kind = dice.random()
        if kind < 0.2 and depth < 6:
            other = dice.choice(self.resources)
            hint = dice.choice(("", "", "!inner", "!left", "!x_fkey", "!group_id", "!inner!left"))
            dots = dice.choice(("", "", "..."))
            return f"{dots}{other}{hint}({','.join(self.term(other, depth + 1) for _ in range(2))})"
        if kind < 0.4:
            name += dice.choice(
                ("->a", "->>a", "->0", "->-1->>b", "->>99999999999", "->'a'", "->", "->>")
            )
        if kind > 0.5:
            name = f"{dice.choice(('a', 'é', 'id', 'x' * 100))}:{name}" if kind > 0.8 else name
            name += f"::{quote(dice.choice(words.CASTS), safe='(),[]')}" if kind < 0.75 else ""
        if kind > 0.9:
            name += f".{dice.choice(words.AGGREGATES)}()"
        return name

    def filters(self) -> Request:
        """Filter a column by any operator and value."""
        resource, column = self.dice.choice(self.columns)
        path = f"/{resource}?{self.filter_of(column)}"
        shape = self.dice.random()
        if shape < 0.15:
            other = self.filter_of(column).replace("=", ".", 1)
            junction = self.dice.choice(("or", "and", "not.or", "not.and"))
            path = f"/{resource}?{junction}=({other},{other})"
        return Request(self.method_of_reads(), path)

    def method_of_reads(self) -> str:
        """Return GET nearly always."""
        return self.dice.choice(("GET",) * 8 + ("HEAD", "DELETE"))

    def selects(self) -> Request:
        """Select anything."""
        resource = self.dice.choice(self.resources)
        terms = ",".join(self.term(resource) for _ in range(self.dice.randrange(1, 4)))
        return Request(self.method_of_reads(), f"/{resource}?select={terms}&limit=2")

    def pages(self) -> Request:
        """Order, and take pages, by anything."""
        dice = self.dice
        resource, column = dice.choice(self.columns)
        embedded = dice.choice(self.resources)
        ending = dice.choice(
            ("", ".asc", ".desc.nullsfirst", ".nullslast.desc", ".x", "->a.desc", "->>0", ".")
        )
        other = dice.choice(
            (column, f"{dice.choice(self.resources)}({column})", "id", self.value())
        )
        query = dice.choice(
            (
                f"order={column}{ending},{other}",
                f"limit={dice.choice(words.PAGES)}&offset={dice.choice(words.PAGES)}",
                f"offset={dice.choice(words.PAGES)}&order={other}",
                f"select=id,{embedded}(*)&{embedded}.limit={dice.choice(words.PAGES)}",
                f"columns={column},{other}",
                f"on_conflict={column},{other}",
            )
        )
        range_of = (
            ("Range", dice.choice(words.RANGES)),
            ("Range-Unit", dice.choice(("items", "bytes", "x"))),
        )
        return Request(
            self.method_of_reads(), f"/{resource}?{query}", range_of if dice.random() < 0.5 else ()
        )

    def calls(self) -> Request:
        """Call a function with any arguments, by GET or POST."""
        dice = self.dice
        name, arguments = dice.choice(self.functions)
        given = [argument for argument in arguments if dice.random() < 0.8]
        if dice.random() < 0.3:
            query = "&".join(f"{quote(argument)}={self.value()}" for argument in given)
            return Request("GET", f"/rpc/{name}?{query}")
        document = {argument: self.thing() for argument in given}
        return Request("POST", f"/rpc/{name}", JSON, self.encoded(document))

    def thing(self, depth: int = 0) -> Any:
        """Return any JSON value."""
        dice = self.dice
        kind = dice.random()
        if kind < 0.15 and depth < 3:
            return [self.thing(depth + 1) for _ in range(dice.randrange(3))]
        if kind < 0.3 and depth < 3:
            return {dice.choice((*self.names, "a", "")): self.thing(depth + 1) for _ in range(3)}
        if kind < 0.4:
            return dice.choice(
                (None, True, False, 0, -1, 1, 1.5, 2**31, 2**63, -(2**63), 10**400, 1e308)
            )
        if kind < 0.6:
            return dice.choice(
                (self.world.group, self.world.open, self.world.run, "SC2", "samples", 1, 2, 3)
            )
        return dice.choice(
            (*words.VALUES, "\ud800", "\x00", "2024-02-01", "GISAID", "public", "viewer")
        )

    def encoded(self, document: Any) -> bytes:
        """Return JSON, sometimes with what no serialiser writes."""
        text = json.dumps(document, ensure_ascii=self.dice.random() < 0.7)
        if self.dice.random() < 0.1:
            text = self.dice.choice(odd_parts.ODD_DOCUMENTS)
        return text.encode("utf-8", "surrogatepass")

    def writes(self) -> Request:
        """Write rows of any kind."""
        dice = self.dice
        resource = dice.choice(self.resources)
        own = [column for name, column in self.columns if name == resource]
        row = {column: self.thing() for column in own if dice.random() < 0.4}
        body: Any = [row, row] if dice.random() < 0.4 else row
        method = dice.choice(("POST", "POST", "PATCH", "PUT", "DELETE"))
        column = dice.choice(own)
        query = dice.choice(
            (
                "",
                f"id=eq.{self.world.open}",
                f"columns={column}",
                f"on_conflict={column}",
                f"select={self.term(resource)}",
                f"id=eq.{dice.choice((1, 2, 0))}&order=id&limit=1",
            )
        )
        preferences = ("Prefer", ",".join(dice.sample(words.PREFERENCES, 2)))
        return Request(
            method,
            f"/{resource}?{query}" if query else f"/{resource}",
            (*JSON, preferences),
            self.encoded(body),
        )

    def headers(self) -> Request:
        """Send headers of any kind with a good request."""
        dice = self.dice
        method, target, body = dice.choice(odd_parts.GOOD)
        headers = [
            (name, dice.choice(values))
            for name, values in odd_parts.HEADERS.items()
            if dice.random() < 0.25
        ]
        headers += [dice.choice(headers)] if headers and dice.random() < 0.2 else []
        return Request(method, target.format(world=self.world), tuple(headers), body)

    def bodies(self) -> Request:
        """Send bodies whose length, coding or type is wrong."""
        dice = self.dice
        body = dice.choice(odd_parts.BODIES)
        headers = [("Content-Type", dice.choice(words.MEDIA_TYPES))] if dice.random() < 0.8 else []
        # Longer names of arguments of whoever has a token cost half a minute: docs/edge.md.
        if "form-urlencoded" in dict(headers).get("Content-Type", ""):
            body = body[:1000]
        coding = dice.random()
        if coding < 0.2:
            headers.append(("Content-Encoding", dice.choice(("gzip", "br", "identity", "x"))))
            body = gzip.compress(body) if dice.random() < 0.7 else body
        if coding > 0.8:
            headers.append(("Transfer-Encoding", "chunked"))
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        target = dice.choice(
            (
                "/samples",
                "/rpc/create_samples",
                "/sequences",
                "/rpc/health",
                "/rpc/explain_access",
                "/me",
                "/groups",
                "/rpc/search_locations",
                "/nothing",
            )
        )
        return Request(
            dice.choice(("POST", "POST", "PATCH", "PUT", "GET", "DELETE", "OPTIONS")),
            target,
            tuple(headers),
            body,
        )

    def targets(self) -> Request:
        """Ask for paths that nobody serves, by methods that nobody knows."""
        dice = self.dice
        version = dice.choice(("1.1", "1.1", "1.1", "1.0", "1.01", "2.0", "0.9", "9.9", "x"))
        return Request(dice.choice(words.METHODS), dice.choice(words.TARGETS), (), None, version)


def requests(stage: Stage) -> Iterator[Trial]:
    """Send requests of each kind as anybody; what they write is taken back."""
    odd = Odd(stage)
    signed: dict[str, Headers] = {
        who: (("Authorization", f"Bearer {token}"),) if token else ()
        for who in set(CALLERS)
        for token in [stage.world.caller(who).token]
    }
    sent = []
    for kind in KINDS * (REQUESTS * stage.examples):
        who = odd.dice.choice(CALLERS)
        request: Request = getattr(odd, kind)()
        sent.append(
            replace(
                request, headers=(*signed[who], *DRY, *request.headers), is_of_lab=who in OF_LAB
            )
        )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda request: faults_of(stage, request), sent)
        for request, faults in zip(sent, found, strict=True):
            yield f"{faults} {request}", not faults
