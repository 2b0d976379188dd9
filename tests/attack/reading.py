"""Attacks that try to learn of rows their caller may not see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

from tests.attack.stage import Stage, Trial

PREFERENCES = (
    "count=planned",
    "count=estimated",
    "COUNT=PLANNED",
    "count = planned",
    "return=minimal, count=planned",
    "return=minimal,count=estimated",
    "count=exact, count=planned",
    "handling=lenient;count=planned",
    'count="planned"',
    ",count=planned,",
)
RESOURCES = (
    "samples",
    "sequences",
    "sample_lineages",
    "jobs",
    "phylo_trees",
    "groups",
    "pathogens",
    "rpc/health",
)
CALLERS = ("bob", "vic", "olga", "nobody")
VERBS = ("GET", "HEAD")


def counts(stage: Stage) -> Iterator[Trial]:
    """Request counts that come from statistics of all rows."""
    for number, (url, who) in enumerate(product((stage.edge, stage.direct), CALLERS)):
        # A short run asks another two resources each time.
        resources = RESOURCES[number % 4 :: 4] if stage.is_short else RESOURCES
        with stage.client(stage.world.caller(who).token, url) as http:
            for verb, resource, prefer in product(VERBS, resources, PREFERENCES):
                answer = http.request(verb, f"/{resource}", headers={"Prefer": prefer})
                total = answer.headers.get("Content-Range", "*/*").rpartition("/")[2]
                yield f"{verb} {resource} as {who}: {prefer}", total == "*" or is_counted(prefer)
    with stage.client(stage.world.bob.token) as http:
        for headers in (
            [("Prefer", "return=minimal"), ("Prefer", "count=planned")],
            [("Prefer", "count=planned"), ("Prefer", "return=minimal")],
            [("prefer", "count=planned"), ("PREFER", "count=exact")],
        ):
            answer = http.get("/samples", headers=headers)
            yield f"two headers: {headers}", answer.status_code == 400


def is_counted(prefer: str) -> bool:
    """Tell whether PostgREST may have read an exact count out of this."""
    return prefer.startswith("count=exact")


def rows_of_others(stage: Stage) -> Iterator[Trial]:
    """Read, change and delete rows of a group the caller has no role in."""
    world = stage.world
    paths = [
        f"samples?id=eq.{world.open}",
        f"samples?private_identifier=eq.open-{world.name}",
        f"samples?group_id=eq.{world.group}",
        f"sequences?sample_id=eq.{world.open}",
        f"sample_lineages?sample_id=eq.{world.open}",
        f"sample_mutations?sample_id=eq.{world.open}",
        f"sample_qc_metrics?sample_id=eq.{world.open}",
        f"accessions?sample_id=eq.{world.open}",
        f"jobs?id=eq.{world.run}",
        f"phylo_runs?id=eq.{world.run}",
        f"phylo_trees?id=eq.{world.tree}",
        f"job_outputs?id=eq.{world.output}",
        f"groups?id=eq.{world.group}",
    ]
    for who in ("bob", "olga"):
        with stage.client(world.caller(who).token) as http:
            # An operator keeps groups and sees their names.
            for path in paths[: -1 if who == "olga" else None]:
                answer = http.get(f"/{path}")
                yield f"GET {path} as {who}", answer.status_code == 200 and answer.json() == []
                for verb, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
                    answer = http.request(
                        verb, f"/{path}", json=body, headers={"Prefer": "return=representation"}
                    )
                    held = answer.status_code >= 400 or answer.json() == []
                    yield f"{verb} {path} as {who}", held
            for path in (f"rpc/phylo_tree?id={world.tree}", f"rpc/output_url?id={world.output}"):
                yield f"GET {path} as {who}", http.get(f"/{path}").status_code in (403, 404)


def masks(stage: Stage) -> Iterator[Trial]:
    """Read columns that a viewer is not shown, in every way a query may name them."""
    world = stage.world
    secret = f"open-{world.name}"
    queries = [
        "select=private_identifier",
        f"private_identifier=eq.{secret}",
        f"private_identifier=like.{secret[:8]}*",
        f"or=(private_identifier.eq.{secret},id.eq.0)",
        "select=id,x:private_identifier::text",
        "select=private_identifier.max()",
        "select=id,private_identifier&order=private_identifier",
        f"id=eq.{world.hidden}",
    ]
    with stage.client(world.vic.token) as http:
        for query in queries:
            answer = http.get(f"/samples?group_id=eq.{world.group}&{query}")
            text = json.dumps(answer.json())
            yield query, secret not in text and f"hidden-{world.name}" not in text


def tokens(stage: Stage) -> Iterator[Trial]:
    """Send invalid tokens."""
    api = stage.world.api
    subject = f"alice-{stage.world.name}"
    good = api.token(subject)
    head, body, signature = good.split(".")
    bad = {
        "no signature": f"{head}.{body}.",
        "another signature": f"{head}.{body}.{signature[::-1]}",
        "alg none": f"eyJhbGciOiJub25lIn0.{body}.",
        "never expires": api.token(subject, exp=None),
        "expires after the end of the world": api.token(subject, exp=10**300),
        "expires in a year": api.token(subject, exp=2_000_000_000),
        "no audience": api.token(subject, aud=None),
        "another audience": api.token(subject, aud="other"),
        "operator who is none": api.token(subject, role="operator"),
        "role of the control plane": api.token(subject, role="control"),
        "role of the superuser": api.token(subject, role="postgres"),
        "role of the owner": api.token(subject, role="aspen_owner"),
        "job that does not exist": api.token(subject, role="job", job_id="999999999"),
        "job 1.0": api.token(subject, role="job", job_id="1.0"),
        "groups with a role nobody has": api.token(subject, groups={1: "owner"}),
        "unknown person": api.token("nobody-at-all"),
    }
    for name, token in bad.items():
        with stage.client(token) as http:
            yield name, http.get("/samples").status_code in (400, 401, 403)
    with stage.client(
        api.token(f"olga-{stage.world.name}", "operator", groups={stage.world.group: "admin"})
    ) as http:
        answer = http.get(f"/samples?group_id=eq.{stage.world.group}")
        yield "operator who claims a group", answer.json() == []
    with stage.client(good) as http:
        yield "(a good one works)", http.get("/samples").status_code == 200
