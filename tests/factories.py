"""Rows for tests: each function stores one as role control and returns its id.

Values that a test does not name are made up. Pathogens, repositories and locations are looked up
before they are made, so that samples share them unless a test says otherwise.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.rows import find, group_of, insert_into

GENOME = "ACGT" * 250

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Tip:
    """A tip of a tree, and the sample it stands for, if any."""

    name: str
    sample_id: int | None = None
    accession: str | None = None


def group(conn: psycopg.Connection, name: str | None = None, **columns: object) -> int:
    """Store a public-health group."""
    number = next(_numbers)
    return insert(
        conn,
        "groups",
        {"name": name or f"Group {number}", "prefix": f"G{number}"} | columns,
    )


def user(
    conn: psycopg.Connection,
    subject: str,
    memberships: Mapping[int, str] | None = None,
    **columns: object,
) -> int:
    """Store a user with the sub claim `subject` and a role in each of these groups."""
    values = {
        "subject": subject,
        "name": subject.capitalize(),
        "email": f"{subject}-{next(_numbers)}@example.org",
    }
    user_id = insert(conn, "users", values | columns)
    for group_id, role in (memberships or {}).items():
        membership(conn, group_id, user_id, role)
    return user_id


def membership(conn: psycopg.Connection, group_id: int, user_id: int, role: str = "member") -> int:
    """Store a role held directly in a group."""
    return insert(conn, "memberships", {"group_id": group_id, "user_id": user_id, "role": role})


def grant(
    conn: psycopg.Connection,
    group_id: int,
    grantee_group_id: int,
    role: str = "viewer",
    **columns: object,
) -> int:
    """Store a grant: every user of the grantee group gets this role on the rows of a group."""
    return insert(
        conn,
        "group_grants",
        {"group_id": group_id, "grantee_group_id": grantee_group_id, "role": role} | columns,
    )


def invitation(conn: psycopg.Connection, group_id: int, **columns: object) -> int:
    """Store an open invitation into a group."""
    number = next(_numbers)
    values = {
        "group_id": group_id,
        "email": f"invited-{number}@example.org",
        "role": "member",
        "token_hash": str(number).encode(),
        "expires_at": "2999-01-01",
    }
    return insert(conn, "invitations", values | columns)


def repository(conn: psycopg.Connection, name: str = "GISAID") -> int:
    """Store or find a public repository."""
    return find(conn, "public_repositories", {"name": name}) or insert(
        conn, "public_repositories", {"name": name}
    )


def pathogen(conn: psycopg.Connection, slug: str = "SC2", **columns: object) -> int:
    """Store or find a pathogen with both jobs, whose samples are hCoV-19/… in GISAID."""
    if found := find(conn, "pathogens", {"slug": slug}):
        return found
    values = {
        "slug": slug,
        "name": f"Pathogen {slug}",
        "organism": f"Organism {slug}",
        "default_repository_id": repository(conn),
        "lineage_caller": "PANGOLIN",
        "nextclade_dataset_name": "sars-cov-2",
    }
    pathogen_id = insert(conn, "pathogens", values | columns)
    strain_prefix(conn, pathogen_id, repository(conn), "hCoV-19")
    return pathogen_id


def strain_prefix(
    conn: psycopg.Connection, pathogen_id: int, repository_id: int, prefix: str
) -> int:
    """Store the prefix of the strain names of a pathogen in a repository."""
    return insert(
        conn,
        "pathogen_repositories",
        {"pathogen_id": pathogen_id, "public_repository_id": repository_id, "prefix": prefix},
    )


def location(
    conn: psycopg.Connection,
    country: str | None = "France",
    division: str | None = None,
    location: str | None = None,
    *,
    region: str = "Europe",
    latitude: float | None = None,
    longitude: float | None = None,
) -> int:
    """Store or find a location."""
    place = {"region": region, "country": country, "division": division, "location": location}
    return find(conn, "locations", place) or insert(
        conn, "locations", place | {"latitude": latitude, "longitude": longitude}
    )


def lineage_name(conn: psycopg.Connection, pathogen_id: int, lineage: str) -> int:
    """Store a known lineage of a pathogen."""
    return insert(conn, "lineages", {"pathogen_id": pathogen_id, "lineage": lineage})


def lineage_alias(conn: psycopg.Connection, pathogen_id: int, alias: str, *patterns: str) -> int:
    """Store a name that stands for several lineages."""
    values = {"pathogen_id": pathogen_id, "alias": alias, "patterns": [*patterns] or ["BA*"]}
    return insert(conn, "lineage_aliases", values)


def repository_data(conn: psycopg.Connection, **columns: object) -> int:
    """Store an aligned data set of GenBank, and the job of the platform that made it."""
    values = {
        "pathogen_id": pathogen(conn),
        "public_repository_id": repository(conn, "GenBank"),
        "stage": "aligned",
    } | columns
    if "job_id" not in values:
        values["job_id"] = platform_job(
            conn,
            pathogen_id=values["pathogen_id"],
            public_repository_id=values["public_repository_id"],
        )
    folder = f"jobs/{values['job_id']}/1"
    places = {
        "bucket": "aspen",
        "sequences_key": f"{folder}/sequences.fasta.xz",
        "metadata_key": f"{folder}/metadata.tsv.xz",
    }
    return insert(conn, "repository_data", places | values)


def platform_job(
    conn: psycopg.Connection, kind: str = "repository_alignment", **columns: object
) -> int:
    """Store a job that belongs to no group."""
    return insert(conn, "jobs", {"group_id": 0, "kind": kind} | columns)


def usher_option(
    conn: psycopg.Connection, pathogen_id: int, value: str, priority: int | None = None
) -> int:
    """Store a reference tree of UShER."""
    values = {"pathogen_id": pathogen_id, "description": value, "value": value}
    return insert(conn, "usher_options", values | {"priority": priority})


def public_sequence(
    conn: psycopg.Connection, strain: str, pathogen_id: int | None = None, **columns: object
) -> None:
    """Store a sequence published in GISAID."""
    values = {
        "pathogen_id": pathogen_id or pathogen(conn),
        "public_repository_id": repository(conn),
        "strain": strain,
    } | columns
    conn.execute(insert_into("public_sequences", values), values)


def sample(
    conn: psycopg.Connection,
    group_id: int,
    private_identifier: str | None = None,
    **columns: object,
) -> int:
    """Store a sample that is not private, collected in France on 1 February 2024."""
    number = next(_numbers)
    values = {
        "group_id": group_id,
        "pathogen_id": columns.get("pathogen_id") or pathogen(conn),
        "location_id": columns.get("location_id") or location(conn),
        "private_identifier": private_identifier or f"private-{number}",
        "public_identifier": f"public-{private_identifier or number}",
        "collection_date": "2024-02-01",
    }
    return insert(conn, "samples", values | columns)


def sequence(
    conn: psycopg.Connection, sample_id: int, text: str = GENOME, **columns: object
) -> int:
    """Store the sequence of a sample."""
    return insert(conn, "sequences", _key_of_sample(conn, sample_id) | {"sequence": text} | columns)


def numbered_samples(conn: psycopg.Connection, group_id: int, count: int, text: str | None) -> None:
    """Store so many samples, called by their number, with this sequence, by one statement."""
    conn.execute(
        "with samples as ("
        " insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select %s, %s, %s, number, number, '2024-02-01' from generate_series(1, %s) as number"
        " returning group_id, id)"
        " insert into aspen.sequences (group_id, sample_id, sequence)"
        " select group_id, id, given.text from samples"
        " cross join (select %s::text as text) as given where given.text is not null",
        [group_id, pathogen(conn), location(conn), count, text],
    )


def aligned_sequence(conn: psycopg.Connection, sample_id: int, sequence: str = GENOME) -> int:
    """Store the aligned sequence of a sample."""
    values = _key_of_sample(conn, sample_id) | {"sequence": sequence}
    return insert(conn, "aligned_sequences", values)


def sample_lineage(
    conn: psycopg.Connection, sample_id: int, lineage: str | None = "BA.2", **columns: object
) -> int:
    """Store a lineage that Pangolin called for a sample."""
    values = _visible_like(conn, sample_id) | {
        "lineage_type": "PANGOLIN",
        "lineage": lineage,
        "lineage_software_version": "4.3",
    }
    return insert(conn, "sample_lineages", values | columns)


def qc_metric(conn: psycopg.Connection, sample_id: int, **columns: object) -> int:
    """Store Nextclade's quality metrics of a sample."""
    values = _visible_like(conn, sample_id) | {
        "qc_caller": "NEXTCLADE",
        "qc_status": "good",
        "qc_software_version": "3.0",
    }
    return insert(conn, "sample_qc_metrics", values | columns)


def mutations(conn: psycopg.Connection, sample_id: int) -> int:
    """Store the mutations of a sample."""
    return insert(
        conn,
        "sample_mutations",
        _visible_like(conn, sample_id) | {"mutations_caller": "NEXTCLADE"},
    )


def accession(
    conn: psycopg.Connection, sample_id: int, accession: str = "EPI_ISL_1", **columns: object
) -> int:
    """Store the accession of a sample in GISAID."""
    values = _visible_like(conn, sample_id) | {
        "public_repository_id": repository(conn),
        "accession": accession,
    }
    return insert(conn, "accessions", values | columns)


def job(
    conn: psycopg.Connection,
    group_id: int,
    kind: str = "nextclade",
    status: str = "queued",
    **columns: object,
) -> int:
    """Store a compute job; one that has ended gets the time it ended."""
    values = {
        "group_id": group_id,
        "pathogen_id": columns.get("pathogen_id") or pathogen(conn),
        "kind": kind,
        "status": status,
        "finished_at": None if status in ("queued", "running") else "2999-01-01",
    }
    return insert(conn, "jobs", values | columns)


def phylo_run(
    conn: psycopg.Connection,
    group_id: int,
    name: str = "A run",
    status: str = "succeeded",
    **columns: object,
) -> int:
    """Store a phylogenetic run."""
    described = {"name": name, "tree_type": "TARGETED", "template_args": Jsonb({})}
    return job(conn, group_id, "phylo_run", status, **(described | columns))


def job_sample(conn: psycopg.Connection, job_id: int, sample_id: int) -> int:
    """Store a sample as the input of a job."""
    row = conn.execute(
        "insert into aspen.job_samples"
        " (group_id, job_id, sample_group_id, sample_id, public_identifier)"
        " select jobs.group_id, jobs.id, samples.group_id, samples.id, samples.public_identifier"
        " from aspen.jobs as jobs cross join aspen.samples as samples"
        " where jobs.id = %s and samples.id = %s returning id",
        [job_id, sample_id],
    ).fetchone()
    assert row is not None
    return int(row[0])


def job_background(
    conn: psycopg.Connection, job_id: int, sample_ids: Sequence[int], **columns: object
) -> int:
    """Store what a run is made from besides what was chosen."""
    values = {
        "group_id": group_of(conn, "jobs", job_id),
        "job_id": job_id,
        "sample_ids": list(sample_ids),
        "left_out_count": 0,
        "resolved_template_args": Jsonb({}),
    }
    return insert(conn, "job_backgrounds", values | columns)


def job_output(
    conn: psycopg.Connection, job_id: int, kind: str = "auspice_json", **columns: object
) -> int:
    """Store a file that a job wrote to S3."""
    values = {
        "group_id": group_of(conn, "jobs", job_id),
        "job_id": job_id,
        "kind": kind,
        "bucket": "aspen",
        "key": f"jobs/{job_id}/1/{kind}",
        "size_bytes": 1,
        "etag": "0",
        "verified_at": "2024-02-01",
    }
    return insert(conn, "job_outputs", values | columns)


def object_prune(conn: psycopg.Connection, group_id: int, key: str, **columns: object) -> int:
    """Queue an object in S3 for deletion."""
    values = {"group_id": group_id, "job_id": 1, "bucket": "aspen", "key": key}
    return insert(conn, "object_prunes", values | columns)


def phylo_tree(
    conn: psycopg.Connection,
    job_id: int,
    tips: Sequence[Tip] = (Tip("a tip"),),
    **columns: object,
) -> int:
    """Store the tree of a run: a root with these tips."""
    group_id = group_of(conn, "jobs", job_id)
    values = {
        "group_id": group_id,
        "job_id": job_id,
        "document": Jsonb({"version": "v2", "meta": {}}),
        "lead_text": '{"name":"root","children":[{"name":',
        "tip_count": len(tips),
    }
    tree_id = insert(conn, "phylo_trees", values | columns)
    for position, tip in enumerate(tips, start=1):
        insert(
            conn,
            "phylo_tree_tips",
            {
                "group_id": group_id,
                "phylo_tree_id": tree_id,
                "position": position,
                "name": tip.name,
                "accession": tip.accession,
                "segment": json.dumps(tip.name, ensure_ascii=False)
                + ("}]}" if position == len(tips) else '},{"name":'),
                "sample_group_id": tip.sample_id and group_of(conn, "samples", tip.sample_id),
                "sample_id": tip.sample_id,
            },
        )
    return tree_id


def share_link(
    conn: psycopg.Connection,
    user_id: int,
    *,
    phylo_tree_id: int | None = None,
    sample_id: int | None = None,
    token: str | None = None,
) -> int:
    """Store a link to a tree or to the sequence of a sample."""
    target = ("samples", sample_id) if phylo_tree_id is None else ("phylo_trees", phylo_tree_id)
    assert target[1] is not None
    return insert(
        conn,
        "share_links",
        {
            "group_id": group_of(conn, target[0], target[1]),
            "kind": "sequences" if phylo_tree_id is None else "phylo_tree",
            "token_hash": sha256((token or str(next(_numbers))).encode()).digest(),
            "phylo_tree_id": phylo_tree_id,
            "sample_ids": None if sample_id is None else [sample_id],
            "created_by_id": user_id,
            "expires_at": "2999-01-01",
        },
    )


def machine_token(conn: psycopg.Connection, group_id: int, user_id: int, **columns: object) -> int:
    """Store a token of a program that reads, unless told otherwise."""
    given: dict[str, object] = {
        "name": f"program {next(_numbers)}",
        "scope": "read",
        "expires_at": "2100-01-01",
    }
    row = {"group_id": group_id, "user_id": user_id} | given | columns
    return insert(conn, "machine_tokens", row)


def change(conn: psycopg.Connection, group_id: int, **columns: object) -> int:
    """Store an entry of the audit log about a sample."""
    values = {"group_id": group_id, "table_name": "samples", "row_id": 1, "action": "update"}
    return insert(conn, "audit_log", values | {"role_name": "member"} | columns)


def job_schedule(
    conn: psycopg.Connection, group_id: int, pathogen_slug: str = "SC2", **columns: object
) -> int:
    """Store a schedule that starts a run every Monday."""
    values = {
        "group_id": group_id,
        "pathogen_id": pathogen(conn, pathogen_slug),
        "kind": "phylo_run",
        "weekdays": [1],
    }
    return insert(conn, "job_schedules", values | columns)


def upload(conn: psycopg.Connection, group_id: int, **columns: object) -> int:
    """Store a file that somebody sends."""
    values = {
        "group_id": group_id,
        "file_name": "samples.tsv",
        "bucket": "aspen",
        "folder": f"group/{group_id}/uploads/{next(_numbers):08}-0000-0000-0000-000000000000/",
        "size_bytes": 100,
        "checksum_sha256": "0" * 64,
    }
    return insert(conn, "uploads", values | columns)


def import_problem(conn: psycopg.Connection, job_id: int, **columns: object) -> int:
    """Store why a row of an import was rejected."""
    values = {
        "group_id": group_of(conn, "jobs", job_id),
        "job_id": job_id,
        "file_name": "samples.tsv",
        "line": 2,
        "strain": "LAB-1",
        "field": "date",
        "value": "soon",
        "reason": "must be a date YYYY-MM-DD",
    }
    return insert(conn, "import_problems", values | columns)


def submission(conn: psycopg.Connection, group_id: int, **columns: object) -> int:
    """Store a submission to GISAID."""
    values = {
        "group_id": group_id,
        "pathogen_id": pathogen(conn),
        "public_repository_id": repository(conn),
    }
    return insert(conn, "submissions", values | columns)


def submission_file(conn: psycopg.Connection, submission_id: int, **columns: object) -> int:
    """Store a file of a submission."""
    content = b"sent"
    values = {
        "group_id": group_of(conn, "submissions", submission_id),
        "submission_id": submission_id,
        "name": "metadata.csv",
        "content": content,
        "size_bytes": len(content),
        "checksum_sha256": sha256(content).hexdigest(),
    }
    return insert(conn, "submission_files", values | columns)


def submission_sample(conn: psycopg.Connection, submission_id: int, **columns: object) -> int:
    """Store a sample of a submission, without a sample of ours."""
    values = {
        "group_id": group_of(conn, "submissions", submission_id),
        "submission_id": submission_id,
        "strain": f"hCoV-19/France/{next(_numbers)}/2024",
    }
    return insert(conn, "submission_samples", values | columns)


def event(conn: psycopg.Connection, sample_id: int) -> int:
    """Store the event that a sample was created, as seen by whoever sees the sample."""
    group_id, disclosed_at = conn.execute(
        "select group_id, disclosed_at from aspen.samples where id = %s", [sample_id]
    ).fetchall()[0]
    values = {"group_id": group_id, "row_id": sample_id, "disclosed_at": disclosed_at}
    return insert(conn, "events", values | {"kind": "sample.created", "occurred_at": "2024-01-01"})


def webhook(conn: psycopg.Connection, group_id: int, user_id: int, **columns: object) -> int:
    """Store a webhook that a user made, for every kind of event from now on."""
    values = {
        "group_id": group_id,
        "created_by_id": user_id,
        "url": "https://hooks.example.org/",
        "kinds": ["sample.created", "sample.changed", "sample.deleted", "job.ended", "tree.ready"],
        "secret": f"{'A' * 43}=",
        "last_event_id": 0,
    }
    return insert(conn, "webhooks", values | columns)


def storage_credentials(conn: psycopg.Connection, bucket: str = "aspen", **columns: object) -> None:
    """Store the credentials that sign URLs of a bucket."""
    values = {
        "bucket": bucket,
        "region": "eu-west-1",
        "endpoint_url": "https://s3.example.org",
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "secret",
        "expires_at": "2999-01-01",
    }
    conn.execute(insert_into("storage_credentials", values | columns), values | columns)


def insert(conn: psycopg.Connection, table: str, values: Mapping[str, object]) -> int:
    """Store one row of a table of aspen and return its id."""
    statement = insert_into(table, values) + sql.SQL(" returning id")
    row = conn.execute(statement, values).fetchone()
    assert row is not None
    return int(row[0])


def _key_of_sample(conn: psycopg.Connection, sample_id: int) -> dict[str, object]:
    return {"group_id": group_of(conn, "samples", sample_id), "sample_id": sample_id}


def _visible_like(conn: psycopg.Connection, sample_id: int) -> dict[str, object]:
    row = conn.execute(
        "select disclosed_at from aspen.samples where id = %s", [sample_id]
    ).fetchone()
    assert row is not None
    return _key_of_sample(conn, sample_id) | {"disclosed_at": row[0]}
