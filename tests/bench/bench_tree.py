"""A tree of 5,000 tips with the caller's names.

In SQL, and loaded, renamed and dumped in Python.
"""

from __future__ import annotations

import json
import random
import time
import urllib.request
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from control.database import begin_request, request_claims
from control.outputs.formats.auspice import Dataset, parse_dataset
from tests.bench.bench_list import LARGE
from tests.bench.processes import costs
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

TIPS, LINKED = 5000, 4000
ROUNDS = 15
GROUP, SUBJECT = 3, "bench|3"
PREFIX = "hCoV-19"


def run(bench: Bench, report: Report) -> None:
    """Personalise one tree both ways in turn."""
    report.title(f"tree: {TIPS:,} tips personalised, {LINKED:,} of them samples of the caller")
    database = bench.database("large", LARGE)
    with bench.connect("control", database) as conn:
        private_names = names_of_samples(conn)
        text = make_tree(list(private_names))
        tree_id = store(conn, parse_dataset(text, [PREFIX]), private_names)
    report.note(f"the document has {len(text) / 1e6:.1f} MB")
    with bench.connect("authenticator", database) as conn:
        names = {public: private for public, (_, private) in private_names.items()}
        stored = text.encode()
        require_same_tips(in_sql(conn, tree_id), in_python(stored, names))
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(costs(conn.info.backend_pid, lambda: in_sql(conn, tree_id)))
            theirs.append(costs(conn.info.backend_pid, lambda: in_python(stored, names)))
    sides = (
        Side("api.phylo_tree", tuple(ours), "ms of processor time"),
        Side("json.loads, rename, json.dumps in Python", tuple(theirs), "ms of processor time"),
    )
    report.sides(sides)
    report.ratio("tree, SQL by Python", *sides, at_most(0.2))
    with bench.postgrest(database) as service:
        url = f"{service.url}/rpc/phylo_tree?id={tree_id}"
        token = bench.token(SUBJECT, {GROUP: "member"})
        fetched = [milliseconds(lambda: fetch(url, token)) for _ in range(ROUNDS)]
    report.sides([Side("over HTTP, for information", tuple(fetched), "ms")])


def names_of_samples(conn: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Return key and private identifier of the caller's newest samples by public identifier."""
    rows = conn.execute(
        "select public_identifier, id, private_identifier from aspen.samples"
        " where group_id = %s order by id desc limit %s",
        [GROUP, LINKED],
    )
    return {public.removeprefix(f"{PREFIX}/"): (key, private) for public, key, private in rows}


def make_tree(public_names: list[str]) -> str:
    """Make an unindented Auspice v2 dataset with nodes as long as those of Nextstrain."""
    numbers = random.Random(1)
    names = [f"{PREFIX}/{name}" for name in public_names]
    names += [f"{PREFIX}/World/PUBLIC-{number}/2023" for number in range(TIPS - len(names))]
    numbers.shuffle(names)
    document = {
        "version": "v2",
        "meta": {
            "title": "A tree to be measured",
            "updated": "2024-01-01",
            "panels": ["tree", "map", "entropy"],
            "colorings": [{"key": "country", "title": "Country", "type": "categorical"}],
        },
        "tree": make_node(numbers, names),
    }
    return json.dumps(document, separators=(",", ":"))


def make_node(numbers: random.Random, names: list[str]) -> dict[str, Any]:
    """Return a node above these tips, or the tip itself."""
    place = numbers.randrange(600)
    node: dict[str, Any] = {
        "name": names[0] if len(names) == 1 else f"NODE_{numbers.randrange(10**7):07}",
        "node_attrs": {
            "div": numbers.random() / 1000,
            "num_date": {"value": 2020 + numbers.random() * 4},
            "country": {"value": f"Country {place % 60}"},
            "division": {"value": f"Division {place}"},
        },
        "branch_attrs": {"mutations": {"nuc": [f"C{numbers.randrange(29903)}T" for _ in range(3)]}},
    }
    if len(names) == 1:
        node["node_attrs"] |= {
            "host": {"value": "Homo sapiens"},
            "author": {
                "value": "Curie et al A",
                "author": "Curie et al",
                "title": "Severe acute respiratory syndrome coronavirus 2, complete genome",
            },
            "url": f"https://www.ncbi.nlm.nih.gov/nuccore/MT{numbers.randrange(10**6):06}",
        }
        return node
    cuts = sorted({0, len(names), *(numbers.randrange(1, len(names)) for _ in range(2))})
    node["children"] = [make_node(numbers, names[start:end]) for start, end in pairwise(cuts)]
    return node


def store(conn: psycopg.Connection, dataset: Dataset, samples: dict[str, tuple[int, str]]) -> int:
    """Register the tree as the output of a run, in place of an earlier benchmark's."""
    with conn.transaction():
        conn.execute("delete from aspen.jobs where group_id = %s", [GROUP])
        job = conn.execute(
            "insert into aspen.jobs (group_id, pathogen_id, kind, status, name, tree_type,"
            " template_args, started_at, finished_at)"
            " values (%s, 1, 'phylo_run', 'succeeded', 'bench', 'OVERVIEW', '{}', now(), now())"
            " returning id",
            [GROUP],
        ).fetchone()
        assert job is not None
        tree = conn.execute(
            "insert into aspen.phylo_trees"
            " (group_id, job_id, document, places, lead_text, tip_count)"
            " values (%s, %s, %s, %s, %s, %s) returning id",
            [
                *(GROUP, job[0], dataset.document, Jsonb(dataset.places)),
                *(dataset.lead_text, len(dataset.tips)),
            ],
        ).fetchone()
        assert tree is not None
        with (
            conn.cursor() as cursor,
            cursor.copy(
                "copy aspen.phylo_tree_tips (group_id, phylo_tree_id, position, name, segment,"
                " sample_group_id, sample_id) from stdin"
            ) as copy,
        ):
            for position, tip in enumerate(dataset.tips, start=1):
                sample = (GROUP, samples[tip.name][0]) if tip.name in samples else (None, None)
                copy.write_row((GROUP, tree[0], position, tip.name, tip.segment, *sample))
    # Not the tree of the run before.
    conn.execute("vacuum (analyze) aspen.phylo_trees, aspen.phylo_tree_tips")
    return int(tree[0])


def in_sql(conn: psycopg.Connection, tree_id: int) -> str:
    """Run one request as PostgREST would, to the last byte of the answer."""
    with conn.transaction():
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        with conn.cursor(binary=True) as cursor:
            row = cursor.execute("select api.phylo_tree(%s)::text", [tree_id]).fetchone()
    assert row is not None
    return str(row[0])


def in_python(stored: bytes, names: dict[str, str]) -> bytes:
    """Rename tips as the FastAPI baseline did.

    The document is read already, and the identifiers are given for free.
    """
    document = json.loads(stored)
    nodes = [document["tree"]]
    while nodes:
        node = nodes.pop()
        name = node["name"]
        if name.lower().startswith("hcov-19/"):
            name = name[len(PREFIX) + 1 :]
            node["name"] = name
        if private := names.get(name):
            node["name"] = private
            node["GISAID_ID"] = name
        nodes.extend(node.get("children", ()))
    return json.dumps(document).encode()


def require_same_tips(ours: str, theirs: bytes) -> None:
    """Require the same names of tips of both sides."""
    assert tip_names(json.loads(ours)) == tip_names(json.loads(theirs)), "the tips differ"


def tip_names(document: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return every tip's name and public name, sorted."""
    tips, nodes = [], [document["tree"]]
    while nodes:
        node = nodes.pop()
        nodes.extend(node.get("children", ()))
        if "children" not in node:
            tips.append((node["name"], node.get("GISAID_ID")))
    return sorted(tips)


def fetch(url: str, token: str) -> bytes:
    """Send one GET."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as response:
        body: bytes = response.read()
    return body


def milliseconds(work: Callable[[], object]) -> float:
    """Measure how long a function takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
