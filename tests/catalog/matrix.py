"""One group and everybody who may ask for its rows: what the permission matrix is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from control.database import begin_request, request_claims
from tests import factories
from tests.factories import Tip

PRIVATE_IDENTIFIER = "known-to-members"


@dataclass(frozen=True)
class Caller:
    """Somebody who sends requests."""

    role: str
    subject: str | None = None
    job_id: int | None = None


@dataclass(frozen=True)
class World:
    """The callers by name, and the row that each line of the matrix is about."""

    conn: psycopg.Connection
    callers: dict[str, Caller]
    rows: dict[tuple[str, str], int]
    names: dict[str, int]

    def params(self, resource: str, row: str) -> dict[str, object]:
        """What the attempt on a row may refer to."""
        return self.names | {
            "id": self.rows.get((resource, row)),
            "is_private": row == "private",
            "unsequenced": self.rows.get(("unsequenced", row)),
            "private_identifier": f"{PRIVATE_IDENTIFIER}-open",
        }

    @contextmanager
    def request_of(self, caller: str) -> Iterator[psycopg.Connection]:
        """A request by a caller that is rolled back."""
        who = self.callers[caller]
        claims = request_claims(who.role, who.subject)
        if who.job_id is not None:
            claims["job_id"] = who.job_id
        with self.conn.transaction(force_rollback=True):
            begin_request(self.conn, who.role, claims)
            yield self.conn


def make_world(conn: psycopg.Connection) -> World:
    """Store it all; the group `alpha` owns every row."""
    alpha = factories.group(conn, "Alpha", default_tree_location_id=factories.location(conn))
    names = {"group": alpha, "pathogen": factories.pathogen(conn)}
    names["location"] = factories.location(conn)
    run = factories.phylo_run(conn, alpha, status="failed", error="it failed")
    running = factories.job(conn, alpha, status="running")
    rows = {
        ("groups", "-"): alpha,
        ("jobs", "-"): factories.job(conn, alpha, status="failed", error="it failed"),
        ("phylo_runs", "-"): run,
        ("cancel_job", "-"): factories.job(conn, alpha),
        ("job_outputs", "-"): factories.job_output(conn, run),
        ("output_url", "other"): factories.job_output(conn, run, "aligned_fasta"),
        # Rows nothing refers to, so that a delete shows the right to do it.
        ("pathogens", "-"): factories.pathogen(conn, "MPX", default_repository_id=None),
        ("locations", "-"): factories.location(conn, "Nowhere"),
        ("lineages", "-"): factories.lineage_name(conn, names["pathogen"], "XBB"),
        ("public_repositories", "-"): factories.repository(conn, "ENA"),
    }
    rows["output_url", "tree"] = rows["job_outputs", "-"]
    factories.storage_credentials(conn)
    for kind, is_private in (("open", False), ("private", True)):
        identifier = f"{PRIVATE_IDENTIFIER}-{kind}"
        sample = factories.sample(conn, alpha, identifier, is_private=is_private)
        rows["samples", kind] = sample
        rows["sequences", kind] = factories.sequence(conn, sample)
        rows["sequences_fasta", kind] = rows["sequences", kind]
        rows["accessions", kind] = factories.accession(conn, sample)
        rows["sample_lineages", kind] = factories.sample_lineage(conn, sample)
        rows["sample_qc_metrics", kind] = factories.qc_metric(conn, sample)
        rows["raw_output", kind] = rows["sample_qc_metrics", kind]
        rows["unsequenced", kind] = factories.sample(conn, alpha, is_private=is_private)
    tips = [Tip("public-tip", rows["samples", "open"])]
    rows["phylo_trees", "-"] = rows["phylo_tree", "-"] = factories.phylo_tree(conn, run, tips)
    return World(conn, make_callers(conn, alpha, running), rows, names)


def make_callers(conn: psycopg.Connection, alpha: int, running_job: int) -> dict[str, Caller]:
    """Everybody, named as in the matrix; whoever alpha granted access is but a viewer at home."""
    granted = {role: factories.group(conn) for role in ("admin", "member", "viewer")}
    for role, grantee in granted.items():
        factories.grant(conn, alpha, grantee, role)
    held: dict[str, dict[int, str]] = {
        "admin": {alpha: "admin"},
        "member": {alpha: "member"},
        "viewer": {alpha: "viewer"},
        "g-admin": {granted["admin"]: "viewer"},
        "g-member": {granted["member"]: "viewer"},
        "g-viewer": {granted["viewer"]: "viewer"},
        "stranger": {factories.group(conn): "admin"},
        "operator": {},
        "op-member": {alpha: "member"},
        "disabled": {alpha: "admin"},
    }
    callers = {"anon": Caller("anon"), "job": Caller("job", "job", job_id=running_job)}
    for name, groups in held.items():
        is_operator = name in ("operator", "op-member")
        disabled_at = "2024-01-01" if name == "disabled" else None
        factories.user(conn, name, groups, is_operator=is_operator, disabled_at=disabled_at)
        callers[name] = Caller("operator" if is_operator else "member", name)
    return callers
