"""A tree is built by the real tools, from samples of the platform and a data set in S3."""

from __future__ import annotations

import json
import lzma
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
from pipelines.phylo import genomes
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
LINEAGES = ("BA.2", "BA.2.86")


def store_samples(world: World) -> dict[str, int]:
    """Store the samples of an outbreak with genomes of 3,000 bases; return ids by strain."""
    stored: dict[str, int] = {}
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
        factories.sample_lineage(world.conn, sample_id, lineage=LINEAGES[len(stored) % 2])
        stored[strain] = sample_id
    return stored


@pytest.fixture(scope="module")
def stored(world: World, s3: S3, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Store samples and a data set once; a test that deletes a sample takes it out of the ids."""
    store_context(world, s3, tmp_path_factory.mktemp("context"))
    return store_samples(world)


def store_context(world: World, s3: S3, folder: Path, count: int = 1000) -> None:
    """Store a data set as the newest of the pathogen's contextual repository."""
    store_credentials(world.conn, current_credentials(s3.settings, s3.client))
    genbank = factories.repository(world.conn, "GenBank")
    world.conn.execute(
        "update aspen.pathogens set contextual_repository_id = %s where id = %s",
        [genbank, world.pathogen],
    )
    sequences, metadata = files.write_context(folder, outbreak(STORY))
    genomes.write(sequences, [*genomes.read(sequences)][:count])
    # As repositories publish them.
    metadata = metadata.rename(metadata.with_suffix(".tsv.xz"))
    metadata.write_bytes(lzma.compress(metadata.read_bytes()))
    if shutil.which("zstd"):
        subprocess.run(["zstd", "--quiet", "--rm", sequences], check=True)
        sequences = sequences.with_suffix(".fasta.zst")
    for path in (sequences, metadata):
        s3.client.upload_file(str(path), s3.bucket, f"context-{count}/{path.name}")
    factories.repository_data(
        world.conn,
        bucket=s3.bucket,
        sequences_key=f"context-{count}/{sequences.name}",
        metadata_key=f"context-{count}/{metadata.name}",
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
    """Register what programs submitted."""
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


def tip_values(world: World, s3: S3, job: int, name: str) -> dict[str, Any]:
    """Return the values that the tips of a tree have of an attribute."""
    [(key,)] = world.conn.execute(
        "select key from aspen.job_outputs where job_id = %s", [job]
    ).fetchall()
    dataset = json.load(s3.client.get_object(Bucket=s3.bucket, Key=key)["Body"])
    nodes, found = [dataset["tree"]], {}
    while nodes:
        node = nodes.pop()
        nodes += node.get("children", [])
        if "children" not in node:
            found[node["name"]] = node["node_attrs"].get(name, {}).get("value")
    return found


@needs_tools
@pytest.mark.timeout(900)
def test_targeted_tree_is_built_and_registered(
    world: World, s3: S3, stored: dict[str, int], tmp_path: Path
) -> None:
    """Link every tip that is a sample, add context, and leave out what was deleted since."""
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
    lineages = tip_values(world, s3, run, "pango_lineage")
    assert {lineages[name] for name in stored} == {*LINEAGES}


@needs_tools
@pytest.mark.timeout(900)
def test_overview_is_of_the_group_and_what_is_around_it(
    world: World, s3: S3, stored: dict[str, int], tmp_path: Path
) -> None:
    """Take the samples that the filters leave, and the data set without any choice of relatives."""
    store_context(world, s3, tmp_path, count=4)
    chosen = [*stored][:2]
    run = request_run(
        world,
        chosen,
        tree_type="OVERVIEW",
        template_args={"filter_start_date": "2030-01-01"},
    )

    run_program(world, run, tmp_path)
    register(world.conn, s3)

    (job,) = rows(world.alice.get(f"/jobs?id=eq.{run}&select=status,error"))
    assert job == {"status": "succeeded", "error": None}
    linked = tip_samples(world, run)
    assert {name for name, sample in linked.items() if sample is not None} == {*chosen}
    assert len([name for name in linked if "/CONTEXT-" in name]) == 4


@needs_tools
@pytest.mark.timeout(900)
def test_genomes_that_nextclade_aligned_are_not_aligned_again(
    world: World, s3: S3, tmp_path: Path
) -> None:
    """Build a tree of mpox without context where MAFFT cannot run."""
    mpox = factories.pathogen(
        world.conn, "MPX", lineage_caller="NEXTCLADE", nextclade_dataset_name="hMPXV"
    )
    ids = {}
    for number, change in enumerate(("A", "C", "G", "T"), 1):
        name = f"{world.name}/MPX-{number}/2024"
        ids[name] = sample = factories.sample(
            world.conn,
            world.group,
            name,
            pathogen_id=mpox,
            public_identifier=name,
            collection_date=f"2024-0{number}-01",
        )
        genome = factories.GENOME[:200] + change * 40 + factories.GENOME[200:]
        factories.sequence(world.conn, sample, genome)
        factories.aligned_sequence(world.conn, sample, sequence=f"{genome}---N")
        factories.sample_lineage(
            world.conn, sample, lineage_type="NEXTCLADE", lineage=f"B.1.{number}"
        )
    broken = tmp_path / "bin/mafft"
    broken.parent.mkdir()
    broken.write_text('#!/bin/sh\n[ "$1" = --version ] && echo v7.5 && exit\nexit 7\n')
    broken.chmod(0o755)
    run = request_run(world, [*ids], pathogen="MPX", tree_type="NON_CONTEXTUALIZED")

    run_program(world, run, tmp_path, PATH=f"{broken.parent}{os.pathsep}{os.environ['PATH']}")
    register(world.conn, s3)

    (job,) = rows(world.alice.get(f"/jobs?id=eq.{run}&select=status,error"))
    assert job == {"status": "succeeded", "error": None}
    assert tip_samples(world, run) == {
        name.replace("/", "_"): sample for name, sample in ids.items()
    }
    assert tip_values(world, s3, run, "lineage") == {
        f"{world.name}_MPX-{number}_2024": f"B.1.{number}" for number in range(1, 5)
    }


@needs_tools
@pytest.mark.parametrize("count", [1, 2])
def test_run_of_too_few_genomes_says_how_many_a_tree_needs(
    world: World, s3: S3, stored: dict[str, int], tmp_path: Path, count: int
) -> None:
    """Fail before anything is inferred; with a data set, one genome is enough."""
    run = request_run(
        world,
        [*stored][:count],
        tree_type="NON_CONTEXTUALIZED",
        template_args={"filter_start_date": "2030-01-01"},
    )

    run_program(world, run, tmp_path)
    register(world.conn, s3)

    (job,) = rows(world.alice.get(f"/jobs?id=eq.{run}&select=status,error"))
    assert job == {
        "status": "failed",
        "error": f"a tree needs 3 genomes, and the run has {count}"
        f" ({count} of its samples have a sequence)",
    }


@pytest.mark.timeout(300)
def test_run_fails_with_the_remedy_where_a_program_is_missing(
    world: World, s3: S3, tmp_path: Path
) -> None:
    """Submit the reason, so that the owner of the run reads it."""
    sample = factories.sample(world.conn, world.group, f"lone-{world.name}")
    factories.sequence(world.conn, sample)
    run = request_run(world, [f"lone-{world.name}"], tree_type="NON_CONTEXTUALIZED")

    run_program(world, run, tmp_path, PATH="/nowhere")
    register(world.conn, s3)

    (job,) = rows(world.alice.get(f"/phylo_runs?id=eq.{run}&select=status,error"))
    assert job["status"] == "failed"
    assert " is not installed on the worker: " in job["error"]
