"""A tree is built by the real tools, from samples of the platform and a data set in S3."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from control.demo import files
from control.demo.outbreak import DEMO, outbreak, tips
from control.outputs.arrivals import Handled
from control.outputs.reports import register_reports
from control.storage.credentials import current_credentials, store_credentials
from pipelines import tools
from tests import factories
from tests.http.world import World, rows
from tests.servers import S3, SETTINGS

STORY = replace(DEMO, samples=18, started_on=date(2024, 3, 4), prefix="TREE")
IS_REQUIRED = bool(os.environ.get("ASPEN_REQUIRE_PIPELINES"))
HAS_TOOLS = all(
    shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}{tools.VENV}")
    for name in ("augur", "mafft", "iqtree2")
)
needs_tools = pytest.mark.skipif(
    not (HAS_TOOLS or IS_REQUIRED), reason="make pipelines; apt-get install mafft iqtree"
)
CHOSEN = 5


def store_samples(world: World) -> dict[str, int]:
    """Store the samples of an outbreak with genomes of 3,000 bases; return ids by strain."""
    stored = {}
    for node, sample in tips(outbreak(STORY)):
        strain = f"{world.name}/{sample.strain}"
        sample_id = factories.sample(
            world.conn,
            world.group,
            strain,
            public_identifier=strain,
            collection_date=node.date,
            location_id=factories.location(
                world.conn,
                node.location.country,
                node.location.division,
                node.location.location,
                region=node.location.region,
            ),
        )
        factories.sequence(world.conn, sample_id, sample.genome)
        stored[strain] = sample_id
    return stored


def store_context(world: World, s3: S3, folder: Path) -> None:
    """Store a data set as the newest of the pathogen's contextual repository."""
    store_credentials(world.conn, current_credentials(s3.settings, s3.client))
    genbank = factories.repository(world.conn, "GenBank")
    world.conn.execute(
        "update aspen.pathogens set contextual_repository_id = %s where id = %s",
        [genbank, world.pathogen],
    )
    sequences, metadata = files.write_context(folder, outbreak(STORY))
    for path in (sequences, metadata):
        s3.client.upload_file(str(path), s3.bucket, f"context/{path.name}")
    factories.repository_data(
        world.conn,
        bucket=s3.bucket,
        sequences_key=f"context/{sequences.name}",
        metadata_key=f"context/{metadata.name}",
    )


def run_program(world: World, job: int, folder: Path, **environment: str) -> None:
    """Run the program of a job as a worker does: in its folder, with its environment alone."""
    world.conn.execute("select internal.move_job(%s, 'start')", [job])
    given = {
        "ASPEN_JOB_ID": str(job),
        "ASPEN_JOB_ATTEMPT": "1",
        "ASPEN_API_URL": world.api.url,
        "ASPEN_JOB_TOKEN": world.api.token(f"job|{job}", "job", job_id=job, attempt=1),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    done = subprocess.run(
        [sys.executable, str(SETTINGS.root / "pipelines/phylo/run.py")],
        cwd=folder,
        env=given | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5000:]


def request_run(world: World, samples: list[str], **others: Any) -> int:
    """Request a run as a member, and return its id."""
    (run,) = rows(world.alice.post("/rpc/create_phylo_run", json=run_of(world, samples, others)))
    return int(run["id"])


def run_of(world: World, samples: list[str], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request of a run."""
    return {
        "group_id": world.group,
        "pathogen": "SC2",
        "name": "A tree",
        "samples": samples,
        "tree_type": "TARGETED",
        **others,
    }


def register(conn: psycopg.Connection, s3: S3) -> list[Handled]:
    """Register what programs handed in."""
    return list(register_reports(conn, s3.client, s3.bucket))


def tip_samples(world: World, job: int) -> dict[str, int | None]:
    """Return the tips of the tree of a run, and the samples they are linked to."""
    return dict(
        world.conn.execute(
            "select tips.name, tips.sample_id from aspen.phylo_tree_tips as tips"
            " inner join aspen.phylo_trees as trees on tips.phylo_tree_id = trees.id"
            " where trees.job_id = %s and tips.is_tip",
            [job],
        ).fetchall()
    )


@needs_tools
@pytest.mark.timeout(900)
def test_targeted_tree_is_built_and_registered(world: World, s3: S3, tmp_path: Path) -> None:
    """Link every tip that is a sample, add context, and leave out what was deleted meanwhile."""
    stored = store_samples(world)
    store_context(world, s3, tmp_path)
    chosen = [*stored][:CHOSEN]
    # The other samples of the group were collected before, and are no relatives.
    run = request_run(world, chosen, template_args={"filter_start_date": "2024-03-01"})
    gone = [*stored][-1]
    deleted = world.alice.delete(f"/samples?id=eq.{stored.pop(gone)}")

    run_program(world, run, tmp_path)
    (handled,) = (one for one in register(world.conn, s3) if one.job_id == run)

    assert deleted.status_code in (200, 204)
    assert (handled.job_id, handled.problem) == (run, None)
    linked = tip_samples(world, run)
    assert {name: sample for name, sample in linked.items() if sample is not None} == stored
    assert any("/CONTEXT-" in name for name in linked)
    assert gone not in linked
    (job,) = rows(world.alice.get(f"/jobs?id=eq.{run}&select=status,software_versions"))
    assert job["status"] == "succeeded"
    assert {*job["software_versions"]} == {"augur", "mafft", "iqtree"}


@pytest.mark.timeout(300)
def test_run_fails_with_the_remedy_where_a_program_is_missing(
    world: World, s3: S3, tmp_path: Path
) -> None:
    """Hand in the reason, so that the owner of the run reads it."""
    sample = factories.sample(world.conn, world.group, f"lone-{world.name}")
    factories.sequence(world.conn, sample)
    run = request_run(world, [f"lone-{world.name}"], tree_type="NON_CONTEXTUALIZED")

    run_program(world, run, tmp_path, PATH="/nowhere")
    register(world.conn, s3)

    (job,) = rows(world.alice.get(f"/phylo_runs?id=eq.{run}&select=status,error"))
    assert job["status"] == "failed"
    assert " is not installed on the worker: " in job["error"]
