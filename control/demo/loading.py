"""Load the demo through the same paths as real data.

The samples go through the import, the run through the API's function, the outputs through S3 and
registration; only groups, users and locations are inserted directly. Every step can be repeated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg

from control.database import acting_as
from control.demo import MEMBERS, OWNER, PATHOGEN, RUN_NAME, VIEWER, Member, files
from control.demo.outbreak import HOME, LINEAGES, LOCATIONS, DemoSample, Node, outbreak, tips
from control.errors import ControlError
from control.events.numbering import number_events
from control.outputs.by_hand import register_data_set
from control.outputs.manifest import MANIFEST_NAME, read_manifest
from control.outputs.register import register_outputs
from control.people.groups import Group, find_group
from control.queries import query, run_query
from control.reference.pathogens import load_pathogens
from control.samples.importing import Target, import_samples
from control.samples.metadata import MetadataOptions, read_metadata
from control.settings import Settings
from control.storage.credentials import current_credentials, store_credentials
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTEXT_REPOSITORY = "GenBank"
SOFTWARE = {
    "phylo_run": {"augur": "22.0.0"},
    "pangolin": {"pangolin": "4.3.1"},
    "nextclade": {"nextclade": "2.14.0"},
}


def load_demo(conn: psycopg.Connection, s3: S3Client, settings: Settings) -> None:
    """Create what is missing of the demo."""
    root = outbreak()
    store_credentials(conn, current_credentials(settings, s3))
    with conn.transaction():
        _refuse_groups_of_others(conn)
        load_pathogens(conn)
        _store_locations(conn)
        for member in MEMBERS:
            _store_member(conn, member)
        _grant_viewer(conn)
        _store_lineages(conn)
    group = find_group(conn, OWNER.prefix)
    _import(conn, group, root)
    _finish_jobs(conn, s3, settings, group, root)
    _ensure_context(conn, s3, settings, root)
    _ensure_run(conn, group, root)
    _finish_jobs(conn, s3, settings, group, root)
    number_events(conn)


def _finish_jobs(
    conn: psycopg.Connection, s3: S3Client, settings: Settings, group: Group, root: Node
) -> None:
    """Submit the outputs of the jobs that are open."""
    for job_id, kind in _open_jobs(conn, group, root):
        manifest = S3Uri(settings.bucket, f"jobs/{job_id}/1/{MANIFEST_NAME}")
        _submit(s3, manifest, kind, _outputs(conn, job_id, kind, root))
        register_outputs(conn, s3, job_id, read_manifest(s3, manifest, job_id))


def _ensure_context(conn: psycopg.Connection, s3: S3Client, settings: Settings, root: Node) -> None:
    """Register the data set that runs take their context from, unless there is one."""
    found = conn.execute(
        "select from aspen.pathogens as pathogens cross join lateral"
        " internal.latest_aligned(pathogens.id, pathogens.contextual_repository_id)"
        " where pathogens.slug = %s",
        [PATHOGEN],
    ).fetchone()
    if found is not None:
        return
    with TemporaryDirectory() as folder:
        sequences, metadata = files.write_context(Path(folder), root)
        register_data_set(
            conn,
            s3,
            settings.bucket,
            pathogen=PATHOGEN,
            repository=CONTEXT_REPOSITORY,
            sequences=sequences,
            metadata=metadata,
            software_versions={"mafft": "7.526"},
        )


def _refuse_groups_of_others(conn: psycopg.Connection) -> None:
    """Fail rather than add the demo's users to a group that somebody else created."""
    rows = conn.execute(
        "select groups.name, groups.prefix from aspen.groups as groups"
        " inner join unnest(%s::text[], %s::text[]) as ours (name, prefix)"
        " on groups.prefix = ours.prefix and groups.name <> ours.name order by groups.id",
        [[member.group for member in MEMBERS], [member.prefix for member in MEMBERS]],
    ).fetchall()
    if rows:
        raise ControlError(
            "the demo needs a prefix that another group uses: "
            + ", ".join(f"{name} ({prefix})" for name, prefix in rows),
            "load the demo into another local stack (set ASPEN_DATA_DIR)",
        )


def _store_locations(conn: psycopg.Connection) -> None:
    """Store the locations of the outbreak; existing coordinates stay."""
    conn.cursor().executemany(
        query("demo/store_location"),
        [
            asdict(location) | {"latitude": latitude, "longitude": longitude}
            for location, (latitude, longitude) in LOCATIONS.items()
        ],
    )


def _store_member(conn: psycopg.Connection, member: Member) -> None:
    """Store a user with a role in a group of their own, whose trees are coloured from HOME."""
    values = asdict(member) | {
        "email": f"{member.prefix.lower()}@example.org",
        "home": HOME.location,
    }
    conn.execute(
        "insert into aspen.groups (name, prefix, submitting_lab, default_tree_location_id)"
        " select %(group)s, %(prefix)s, %(group)s, locations.id"
        " from aspen.locations as locations where locations.location = %(home)s"
        " on conflict (prefix) do nothing",
        values,
    )
    conn.execute(
        "insert into aspen.users (subject, name, email)"
        " values (%(subject)s, %(name)s, %(email)s) on conflict (subject) do nothing",
        values,
    )
    run_query(conn, "demo/store_membership", values)


def _grant_viewer(conn: psycopg.Connection) -> None:
    run_query(
        conn,
        "demo/grant_viewer",
        {
            "owner_prefix": OWNER.prefix,
            "viewer_prefix": VIEWER.prefix,
            "subject": OWNER.subject,
        },
    )


def _store_lineages(conn: psycopg.Connection) -> None:
    conn.execute(
        "insert into aspen.lineages (pathogen_id, lineage)"
        " select pathogens.id, names.lineage"
        " from aspen.pathogens as pathogens cross join unnest(%s::text[]) as names (lineage)"
        " where pathogens.slug = %s on conflict (pathogen_id, lineage) do nothing",
        [list(LINEAGES), PATHOGEN],
    )


def _import(conn: psycopg.Connection, group: Group, root: Node) -> None:
    """Do what `control sample import` does; existing samples stay."""
    target = Target(group, OWNER.subject, PATHOGEN, on_conflict="skip")
    with TemporaryDirectory() as folder:
        metadata, sequences = files.write_upload(Path(folder), root)
        options = MetadataOptions(private_identifier_column=files.PRIVATE_IDENTIFIER_COLUMN)
        report = import_samples(conn, target, read_metadata(metadata, options), sequences)
    if report.problems:
        raise ControlError(
            f"the demo's own samples were rejected: {report.problems[0]}",
            "make clean removes a local stack with its data; make up creates a new one",
        )


def _ensure_run(conn: psycopg.Connection, group: Group, root: Node) -> None:
    """Request the run as its owner, through the API's function, unless it exists."""
    found = conn.execute(
        "select jobs.id from aspen.jobs as jobs where jobs.group_id = %s and jobs.name = %s",
        [group.id, RUN_NAME],
    ).fetchone()
    if found is not None:
        return
    strains = [sample.strain for _, sample in tips(root)]
    with acting_as(conn, role="member", subject=OWNER.subject):
        conn.execute(
            "select from api.create_phylo_run("
            "%s, %s, to_json(%s::text), to_json(%s::text[]), 'TARGETED')",
            [group.id, PATHOGEN, RUN_NAME, strains],
        )


def _open_jobs(conn: psycopg.Connection, group: Group, root: Node) -> list[tuple[int, str]]:
    """Return the queued jobs of the demo: its run, and the jobs of its samples alone."""
    return conn.execute(
        query("demo/find_open_jobs"),
        {
            "group_id": group.id,
            "kinds": list(SOFTWARE),
            "run_name": RUN_NAME,
            "strains": [sample.strain for _, sample in tips(root)],
        },
    ).fetchall()


def _outputs(
    conn: psycopg.Connection, job_id: int, kind: str, root: Node
) -> dict[str, tuple[str, bytes]]:
    """Return what the job would submit: kind of file → name and content."""
    if kind == "phylo_run":
        return {"auspice_json": ("ncov.json", files.auspice_json(root))}
    samples = _samples_of(conn, job_id, root)
    if kind == "pangolin":
        return {"lineage_report_csv": ("lineage_report.csv", files.lineage_report(samples))}
    return {
        "nextclade_csv": ("nextclade.csv", files.nextclade_csv(samples)),
        "nextclade_tag_json": ("tag.json", files.tag_json()),
        "aligned_fasta": ("nextclade.aligned.fasta", files.aligned_fasta(samples)),
    }


def _samples_of(conn: psycopg.Connection, job_id: int, root: Node) -> dict[int, DemoSample]:
    """Return the demo's samples among the job's inputs, by id."""
    by_strain = {sample.strain: sample for _, sample in tips(root)}
    rows = conn.execute(
        "select inputs.sample_id, inputs.public_identifier from aspen.job_samples as inputs"
        " where inputs.job_id = %s and inputs.sample_id is not null order by inputs.sample_id",
        [job_id],
    )
    return {sample_id: by_strain[strain] for sample_id, strain in rows if strain in by_strain}


def _submit(
    s3: S3Client, address: S3Uri, kind: str, outputs: Mapping[str, tuple[str, bytes]]
) -> None:
    """Store the files and, last, the manifest that names them."""
    named = []
    for file_kind, (name, content) in outputs.items():
        s3.put_object(Bucket=address.bucket, Key=address.sibling(name).key, Body=content)
        sha256 = hashlib.sha256(content).hexdigest()
        named.append({"kind": file_kind, "key": name, "size": len(content), "sha256": sha256})
    manifest = {
        "kind": kind,
        "attempt": 1,
        "status": "succeeded",
        "software_versions": SOFTWARE[kind],
        "files": named,
    }
    s3.put_object(Bucket=address.bucket, Key=address.key, Body=json.dumps(manifest).encode())
