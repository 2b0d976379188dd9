"""The lab with rows of every kind, and the cast that asks the API for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import psycopg
from psycopg.types.json import Jsonb

from control.tokens.minting import claims_for, sign
from tests import factories
from tests.factories import GENOME, Tip
from tests.names import unique
from tests.people import NOBODY, PEOPLE, store_groups, store_people
from tests.servers import Api

# A dry run: PostgREST answers as usual and takes everything back.
DRY_RUN = "tx=rollback"
REPRESENTATION = f"return=representation,{DRY_RUN}"


@dataclass(frozen=True)
class Caller:
    """A person, or nobody, who asks the API."""

    api: Api
    token: str | None

    def ask(
        self,
        method: str,
        path: str,
        *,
        prefer: str | None = None,
        accept: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Send one request; `options` are httpx's."""
        headers = dict(options.pop("headers", {}))
        headers |= {"Prefer": prefer} if prefer else {}
        headers |= {"Accept": accept} if accept else {}
        return self.api.request(method, path, self.token, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a POST."""
        return self.ask("POST", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        """Send a PATCH."""
        return self.ask("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        """Send a DELETE."""
        return self.ask("DELETE", path, **options)

    def post_csv(self, path: str, content: str | bytes, **options: Any) -> httpx.Response:
        """Post comma-separated values."""
        return self.post(path, content=content, headers={"Content-Type": "text/csv"}, **options)

    def post_text(self, path: str, content: str | bytes, **options: Any) -> httpx.Response:
        """Post JSON that no serialiser would write."""
        return self.post(
            path, content=content, headers={"Content-Type": "application/json"}, **options
        )


class World:
    """The lab as `group` with rows of every kind, the group `other` with one sample, and PEOPLE."""

    def __init__(self, api: Api, conn: psycopg.Connection) -> None:
        self.api = api
        self.conn = conn
        self.name = unique()
        self.pathogen = factories.pathogen(conn)
        self.france = factories.location(conn, "France")
        self.groups = store_groups(conn, f"-{self.name}")
        self.group, self.other = self.groups["lab"], self.groups["others"]
        self.users = store_people(conn, self.groups, suffix=f"-{self.name}")
        self.open = factories.sample(conn, self.group, f"open-{self.name}")
        self.hidden = factories.sample(conn, self.group, f"hidden-{self.name}", is_private=True)
        self.foreign = factories.sample(conn, self.other, f"foreign-{self.name}")
        for sample in (self.open, self.hidden, self.foreign):
            factories.sequence(conn, sample)
            factories.sample_lineage(conn, sample)
            factories.mutations(conn, sample)
            factories.qc_metric(conn, sample, raw_output=Jsonb({"clade": "21L"}))
            factories.accession(conn, sample)
        self.run = factories.phylo_run(conn, self.group, "A run")
        self.tree = factories.phylo_tree(
            conn,
            self.run,
            [
                Tip(f"public-open-{self.name}", self.open),
                Tip(f"public-hidden-{self.name}", self.hidden),
                Tip("a published strain"),
            ],
        )
        self.output = factories.job_output(conn, self.run)

    def machine(self, who: str | int, scope: str = "read", **columns: Any) -> Caller:
        """Return a program with a machine token for the lab that acts as one of PEOPLE."""
        user = self.users[who] if isinstance(who, str) else who
        token_id = factories.machine_token(self.conn, self.group, user, scope=scope, **columns)
        claims = claims_for(
            sub=f"machine-token|{token_id}",
            role="member",
            ttl=timedelta(hours=1),
            machine_token_id=token_id,
        )
        return Caller(self.api, sign(self.api.keys, claims))

    def caller(self, who: str, **claims: Any) -> Caller:
        """Return one of PEOPLE, or NOBODY, as a caller."""
        if who == NOBODY:
            return Caller(self.api, None)
        role = PEOPLE[who].database_role
        return Caller(self.api, self.api.token(f"{who}-{self.name}", role, **claims))

    def __getattr__(self, who: str) -> Caller:
        """Let `world.alice` be a caller."""
        if who not in (*PEOPLE, NOBODY):
            raise AttributeError(who)
        return self.caller(who)

    def sample(self, private_identifier: str, **columns: Any) -> dict[str, Any]:
        """Return a valid sample of the group, as a client posts it to /samples."""
        return {
            "group_id": self.group,
            "pathogen_id": self.pathogen,
            **self.batch_sample(private_identifier, **columns),
        }

    def batch_sample(self, private_identifier: str, **columns: Any) -> dict[str, Any]:
        """Return a valid sample, as a client puts it into a batch of create_samples."""
        return {
            "private_identifier": private_identifier,
            "collection_date": "2024-02-01",
            "location_id": self.france,
        } | columns

    def batch(self, *samples: Any, **arguments: Any) -> dict[str, Any]:
        """Return the body of create_samples."""
        return {"group_id": self.group, "pathogen": "SC2", "samples": samples} | arguments

    def sequence(self, sample_id: int | None = None, **columns: Any) -> dict[str, Any]:
        """Return a valid sequence, as a client posts it to /sequences."""
        key = {"group_id": self.group, "sample_id": sample_id or self.open}
        return key | {"sequence": GENOME} | columns

    def run_request(self, *samples: str, **arguments: Any) -> dict[str, Any]:
        """Return the body of create_phylo_run."""
        return {
            "group_id": self.group,
            "pathogen": "SC2",
            "name": "A new run",
            "samples": samples,
            "tree_type": "TARGETED",
        } | arguments

    def bare_sample(self, private_identifier: str | None = None) -> int:
        """Store one more sample of the group, without a sequence."""
        return factories.sample(self.conn, self.group, private_identifier or f"bare-{unique()}")

    def count(self, table: str = "samples") -> int:
        """Count the rows of a table that the group has, whoever may see them."""
        row = self.conn.execute(
            f"select count(*) from aspen.{table} where group_id = %s",  # noqa: S608
            [self.group],
        ).fetchone()
        assert row is not None
        return int(row[0])


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error; fail on any shape but our one JSON shape."""
    body = response.json()
    assert sorted(body) == ["code", "details", "hint", "message"]
    return response.status_code, body["code"]


def problems(response: httpx.Response) -> tuple[int, str, Any]:
    """Return status, code and details, which are JSON wherever they hold values."""
    status, code = refusal(response)
    details = response.json()["details"]
    return status, code, details and json.loads(details)


def rows(response: httpx.Response) -> Any:
    """Return the body of a request that succeeded."""
    assert response.is_success, response.text
    return response.json()
