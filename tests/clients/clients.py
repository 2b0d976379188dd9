"""Two real clients behind one interface: a scenario and its input in, an outcome out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgrest import APIError, CountMethod, SyncPostgrestClient

from tests.http.world import Caller

SCRIPT = Path(__file__).with_name("scenarios.mjs")


@dataclass(frozen=True)
class Outcome:
    """The answer that a client returns to the program that uses it."""

    data: Any
    count: int | None = None
    code: str | None = None
    details: str | None = None


Client = Callable[[Caller, str, dict[str, Any]], Outcome]


class PostgrestJs:
    """A node with @supabase/postgrest-js, which receives each token by stdin."""

    __name__ = "postgrest_js"

    def __init__(self, node: subprocess.Popen[str]) -> None:
        self._node = node

    def __call__(self, caller: Caller, scenario: str, given: dict[str, Any]) -> Outcome:
        """Send a line and read one."""
        request = {
            "url": caller.api.url,
            "token": caller.token,
            "scenario": scenario,
            "input": given,
        }
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.write(f"{json.dumps(request)}\n")
        self._node.stdin.flush()
        return Outcome(**json.loads(self._node.stdout.readline()))


@contextmanager
def run_postgrest_js() -> Iterator[PostgrestJs]:
    """Start it for several scenarios, because its start takes longer than they do."""
    with subprocess.Popen(
        ["node", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        try:
            yield PostgrestJs(node)
        finally:
            node.kill()


def postgrest_py(caller: Caller, scenario: str, given: dict[str, Any]) -> Outcome:
    """Run PyPI's postgrest with its default schema public, which the edge maps to ours."""
    headers = {"Authorization": f"Bearer {caller.token}"}
    with SyncPostgrestClient(caller.api.url, headers=headers) as api:
        try:
            response = SCENARIOS[scenario](api, **given).execute()
        except APIError as error:
            return Outcome(None, code=error.code, details=error.details)
    return Outcome(response.data, getattr(response, "count", None))


SCENARIOS: dict[str, Callable[..., Any]] = {
    "list": lambda api, ids: (
        api.from_("samples")
        .select(
            "id, private_identifier, location:locations(country),"
            "lineages:sample_lineages(lineage), qc:sample_qc_metrics(qc_status),"
            "accessions(accession)"
        )
        .in_("id", ids)
        .order("id", desc=True)
        .limit(100)
    ),
    "one": lambda api, id: api.from_("samples").select("id").eq("id", id).single(),
    "count": lambda api, ids: (
        api.from_("samples").select("*", count=CountMethod.exact, head=True).in_("id", ids)
    ),
    "insert": lambda api, rows: (
        api.from_("samples").insert(rows).select("private_identifier, location:locations(country)")
    ),
    "update": lambda api, id, values: (
        api.from_("samples").update(values).eq("id", id).select("id, host")
    ),
    "remove": lambda api, id: api.from_("samples").delete().eq("id", id).select("id"),
    "upsert": lambda api, rows: (
        api.from_("sequences")
        .upsert(rows, on_conflict="group_id,sample_id")
        .select("sample_id, num_missing_alleles")
    ),
    "create": lambda api, batch: api.rpc("create_samples", batch),
    "tree": lambda api, id: api.rpc("phylo_tree", {"id": id}, get=True),
    "fasta": lambda api, batch: api.rpc("export_sequences", batch),
    "misspelt": lambda api: api.from_("samples").select("colour"),
}
