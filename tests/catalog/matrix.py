"""The rows that the permission matrix is about, and the people who ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from control.database import begin_request, request_claims
from tests import factories
from tests.factories import Tip
from tests.list_requests import as_list
from tests.people import PEOPLE, store_groups, store_people
from tests.rows import find

PRIVATE_IDENTIFIER = "known-to-members"
# The roles of strangers of other kinds than Bob, for whom plans have other conditions.
STRANGERS = {
    "viewing-stranger": {"others": "viewer"},
    "stranger-of-two": {"others": "admin", "more": "member"},
    "mixed-stranger": {"others": "viewer", "more": "member"},
}
MEMBER_OF_TWO = {"member-of-two": {"lab": "member", "more": "member"}}
# Who stands for each column of permissions.txt; no person does for `anon` and `job`.
COLUMNS = {
    "admin": "ada",
    "member": "alice",
    "viewer": "vic",
    "g-admin": "gwen",
    "g-member": "pat",
    "g-viewer": "gus",
    "stranger": "bob",
    "operator": "olga",
    "op-member": "otto",
    "disabled": "dina",
}


@dataclass(frozen=True)
class Caller:
    """The claims of a request: those of a person, of a job, or none."""

    role: str
    subject: str | None = None
    job_id: int | None = None


@dataclass(frozen=True)
class Matrix:
    """The callers by column of the matrix, and the row that each of its lines is about."""

    conn: psycopg.Connection
    callers: dict[str, Caller]
    rows: dict[tuple[str, str], int]
    names: dict[str, int]

    def params(self, resource: str, row: str) -> dict[str, object]:
        """Return the parameters that the attempt on a row may use."""
        return self.names | {
            "id": self.rows.get((resource, row)),
            "is_private": row == "private",
            "unsequenced": self.rows.get(("unsequenced", row)),
            "private_identifier": f"{PRIVATE_IDENTIFIER}-open",
        }

    @contextmanager
    def request_of(self, caller: str, lists: str | None = None) -> Iterator[psycopg.Connection]:
        """Begin a request by a caller that is rolled back: one for a list of a resource, or any."""
        who = self.callers[caller]
        claims = request_claims(who.role, who.subject)
        if who.job_id is not None:
            claims |= {"job_id": who.job_id, "attempt": 1}
        with self.conn.transaction(force_rollback=True):
            if lists:
                as_list(self.conn, lists)
            begin_request(self.conn, who.role, claims)
            yield self.conn


def make_matrix(conn: psycopg.Connection) -> Matrix:
    """Store the cast and every row, all of which the lab owns."""
    # psycopg would forget a plan that a test keeps, with those that it keeps itself.
    conn.prepare_threshold = None
    groups = store_groups(conn)
    lab = groups["lab"]
    names = {"group": lab, "pathogen": factories.pathogen(conn)}
    names["location"] = factories.location(conn)
    factories.strain_prefix(conn, names["pathogen"], factories.repository(conn, "GenBank"), "x")
    conn.execute("update aspen.groups set default_tree_location_id = %(location)s", names)
    run = factories.phylo_run(conn, lab, status="failed", error="it failed")
    running = factories.job(conn, lab, status="running")
    rows = {
        ("groups", "-"): lab,
        ("jobs", "-"): factories.job(conn, lab, status="failed", error="it failed"),
        ("phylo_runs", "-"): run,
        ("cancel_job", "-"): factories.job(conn, lab),
        ("requested_by", "-"): run,
        ("retry_job", "-"): factories.job(conn, lab, status="failed"),
        ("job_schedules", "-"): factories.job_schedule(conn, lab, "MPX"),
        ("job_outputs", "-"): factories.job_output(conn, run),
        ("output_url", "other"): factories.job_output(conn, run, "aligned_fasta"),
        # Rows nothing refers to, so that a delete shows the right to do it.
        ("pathogens", "-"): factories.pathogen(conn, "MPX", default_repository_id=None),
        ("locations", "-"): factories.location(conn, "Nowhere"),
        ("lineages", "-"): factories.lineage_name(conn, names["pathogen"], "XBB"),
        ("lineage_aliases", "-"): factories.lineage_alias(conn, names["pathogen"], "Omicron"),
        ("usher_options", "-"): factories.usher_option(conn, names["pathogen"], "GISAID"),
        ("repository_data", "-"): factories.repository_data(conn),
        ("public_repositories", "-"): factories.repository(conn, "ENA"),
    }
    rows["output_url", "tree"] = rows["job_outputs", "-"]
    rows["invitations", "-"] = rows["revoke_invitation", "-"] = factories.invitation(conn, lab)
    factories.storage_credentials(conn)
    rows["uploads", "-"] = rows["upload_links", "-"] = factories.upload(conn, lab)
    rows["create_import", "-"] = rows["uploads", "-"]
    submission = rows["submissions", "-"] = factories.submission(conn, lab)
    rows["submission_files", "-"] = factories.submission_file(conn, submission)
    rows["import_problems", "-"] = factories.import_problem(
        conn, factories.job(conn, lab, "import", "failed")
    )
    for kind, is_private in (("open", False), ("private", True)):
        identifier = f"{PRIVATE_IDENTIFIER}-{kind}"
        sample = factories.sample(conn, lab, identifier, is_private=is_private)
        rows["samples", kind] = sample
        rows["submission_samples", kind] = factories.submission_sample(
            conn, submission, sample_id=sample
        )
        rows["job_inputs", kind] = 4 * factories.job_sample(conn, rows["jobs", "-"], sample)
        for function in ("update_samples", "delete_samples", "owner", "uploaded_by"):
            rows[function, kind] = sample
        rows["sequences", kind] = factories.sequence(conn, sample)
        rows["sequences_fasta", kind] = rows["sequences", kind]
        rows["accessions", kind] = factories.accession(conn, sample)
        rows["sample_lineages", kind] = factories.sample_lineage(conn, sample)
        rows["sample_mutations", kind] = factories.mutations(conn, sample)
        rows["sample_qc_metrics", kind] = factories.qc_metric(conn, sample)
        rows["raw_output", kind] = rows["sample_qc_metrics", kind]
        rows["events", kind] = factories.event(conn, sample)
        rows["unsequenced", kind] = factories.sample(conn, lab, is_private=is_private)
    rows["explain_access", "-"] = rows["samples", "open"]
    rows["restore_samples", "-"] = factories.sample(conn, lab)
    conn.execute("delete from aspen.samples where id = %s", [rows["restore_samples", "-"]])
    tips = [Tip("public-tip", rows["samples", "open"])]
    rows["phylo_trees", "-"] = factories.phylo_tree(conn, run, tips)
    for function in ("phylo_tree", "phylo_tree_samples"):
        rows[function, "-"] = rows["phylo_trees", "-"]
    people = store_people(conn, groups)
    conn.execute("update aspen.samples set uploaded_by_id = %(alice)s", people)
    conn.execute("update aspen.jobs set requested_by_id = %(alice)s", people)
    # Of a viewer, so that those whom it acts as are told apart from admins.
    rows["machine_tokens", "-"] = rows["revoke_machine_token", "-"] = factories.machine_token(
        conn, lab, people["vic"]
    )
    # Alice's own, so that members who made no link are told apart from her.
    rows["share_phylo_tree", "-"] = rows["phylo_tree", "-"]
    rows["share_links", "-"] = rows["revoke_share_link", "-"] = rows["created_by", "-"] = (
        factories.share_link(
            conn,
            people["alice"],
            phylo_tree_id=rows["phylo_tree", "-"],
            token="known to everybody: tree",
        )
    )
    factories.share_link(
        conn,
        people["alice"],
        sample_id=rows["samples", "open"],
        token="known to everybody: sequences",
    )
    # A row of somebody else for every caller, and not that of the last admin.
    rows["group_members", "-"] = _id_of(conn, "memberships", group_id=lab, user_id=people["dina"])
    rows["group_grants", "-"] = _id_of(
        conn, "group_grants", group_id=lab, grantee_group_id=groups["partners"]
    )
    rows["changes", "-"] = rows["changed_by", "-"] = factories.change(
        conn, lab, row_id=rows["samples", "open"], user_id=people["alice"]
    )
    hook = factories.webhook(conn, lab, people["ada"])
    for name in ("webhooks", "replay_webhook", "rotate_webhook_secret"):
        rows[name, "-"] = hook
    callers = {"anon": Caller("anon"), "job": Caller("job", "job", job_id=running)}
    for column, name in COLUMNS.items():
        callers[column] = Caller(PEOPLE[name].database_role, name)
    known = groups | {"more": factories.group(conn)}
    for name, roles in (STRANGERS | MEMBER_OF_TWO).items():
        factories.user(conn, name, {known[group]: role for group, role in roles.items()})
        callers[name] = Caller("member", name)
    return Matrix(conn, callers, rows, names)


def _id_of(conn: psycopg.Connection, table: str, **columns: object) -> int:
    found = find(conn, table, columns)
    assert found is not None
    return found
