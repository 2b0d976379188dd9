"""The main job on real input: genomes in, a real tree registered, read by those who may.

The files are not in the repository: ASPEN_TEST_DATA names their folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

import httpx
import pytest

from tests import factories
from tests.live import Live, run_live
from tests.servers import S3, SETTINGS, Cluster, Database

DATA = (SETTINGS.root / os.environ.get("ASPEN_TEST_DATA", "../shared/data")).resolve()
METADATA, SEQUENCES, TREE = "ncov_metadata.tsv", "ncov_sequences.fasta.gz", "ncov_tree.json"
COORDINATES = "lat_longs.tsv"
GENOMES = 418
# The tree is rooted with the reference genome, which is not a sample.
REFERENCE = "MN908947"

pytestmark = pytest.mark.skipif(
    not all((DATA / name).is_file() for name in (METADATA, SEQUENCES, TREE, COORDINATES)),
    reason=f"{DATA} has not all of {METADATA}, {SEQUENCES}, {TREE} and {COORDINATES};"
    " ASPEN_TEST_DATA names their folder",
)


@dataclass(frozen=True)
class MainJob:
    """What exists once the job is done."""

    live: Live
    group_id: int
    run_id: int
    registered: str

    def get(self, subject: str, path: str, **params: Any) -> httpx.Response:
        """Ask the API as one of the three people."""
        return self.live.api.get(path, self.live.api.token(subject), params=params)

    def tips(self, subject: str, **params: Any) -> set[str]:
        """Return the names of the tree's tips as a person sees them."""
        tree = self.get(subject, "/rpc/phylo_tree", id=self.tree_id, **params).json()["tree"]
        return {node["name"] for node in leaves(tree)}

    @property
    def tree_id(self) -> int:
        """Return the id of the registered tree."""
        [tree] = self.get("owner", "/phylo_trees", job_id=f"eq.{self.run_id}").json()
        return int(tree["id"])

    @property
    def output_id(self) -> int:
        """Return the id of the registered file."""
        [output] = self.get("owner", "/job_outputs", job_id=f"eq.{self.run_id}").json()
        return int(output["id"])


def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tips below a node of an Auspice tree."""
    if "children" not in node:
        yield node
    for child in node.get("children", ()):
        yield from leaves(child)


def values(column: str) -> list[str]:
    """Return a column of the metadata."""
    header, *rows = (line.split("\t") for line in (DATA / METADATA).read_text().splitlines())
    return [row[header.index(column)] for row in rows]


@pytest.fixture(scope="module")
def live(
    cluster: Cluster, template: Database, s3: S3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Run an API and a database for this module."""
    with run_live(cluster, template, s3, tmp_path_factory.mktemp("main_job")) as live:
        yield live


@pytest.fixture(scope="module")
def job(live: Live) -> MainJob:
    """Import, run, submit and register: the first half of the story."""
    live.run("load", "pathogens")
    with live.api.database.connect() as conn:
        group_id = factories.group(conn, "Owners", prefix="OWN")
        viewers = factories.group(conn, "Viewers", prefix="VIEW")
        factories.user(conn, "owner", {group_id: "member"})
        factories.user(conn, "viewer", {viewers: "admin"})
        factories.user(conn, "stranger", {factories.group(conn): "admin"})
        factories.grant(conn, group_id, viewers, "viewer")

    live.run(
        *("sample", "import", "--group", "OWN", "--user", "owner", "--pathogen", "SC2"),
        *("--metadata", str(DATA / METADATA), "--sequences", str(DATA / SEQUENCES)),
        *("--private-identifier-column", "genbank_accession"),
    )
    [run] = live.api.post(
        "/rpc/create_phylo_run",
        live.api.token("owner"),
        json={
            "group_id": group_id,
            "pathogen": "SC2",
            "name": "All of it",
            "samples": values("strain"),
            "tree_type": "NON_CONTEXTUALIZED",
        },
    ).json()

    key = f"jobs/{run['id']}/1/{TREE}"
    live.s3.client.upload_file(str(DATA / TREE), live.s3.bucket, key)
    output = f"auspice_json=s3://{live.s3.bucket}/{key}"
    live.run("output", "credentials")
    registered = live.run("output", "register", str(run["id"]), "--file", output, "--json")
    return MainJob(live, group_id, run["id"], registered)


def test_every_genome_is_a_sample_with_its_sequence(job: MainJob) -> None:
    """Count them as the owner, through the API."""
    count = {"Prefer": "count=exact", "Range": "0-0"}
    token = job.live.api.token("owner")
    ranges = [
        job.live.api.get(path, token, headers=count).headers["Content-Range"]
        for path in ("/samples", "/sequences", "/accessions")
    ]

    # Two of them are in GISAID as well.
    assert ranges == [f"0-0/{GENOMES}", f"0-0/{GENOMES}", f"0-0/{GENOMES + 2}"]


def test_every_tip_is_found_among_the_runs_samples(job: MainJob) -> None:
    """Link every tip, so that all can be renamed; only the reference is not a sample."""
    with job.live.api.database.connect() as conn:
        unknown = conn.execute(
            "select name from aspen.phylo_tree_tips where sample_id is null"
        ).fetchall()

    assert (unknown, len(job.tips("viewer"))) == ([(REFERENCE,)], GENOMES + 1)


def test_owner_reads_private_identifiers_on_the_tips(job: MainJob) -> None:
    """Show the column that the import was told to use."""
    assert job.tips("owner") == {REFERENCE, *values("genbank_accession")}


def test_owner_reads_public_identifiers_when_asked_to(job: MainJob) -> None:
    """Show the names that may be published."""
    assert job.tips("owner", id_style="public") == {REFERENCE, *values("strain")}


def test_granted_viewer_reads_public_identifiers_on_the_tips(job: MainJob) -> None:
    """Ignore the requested style."""
    strains = {REFERENCE, *values("strain")}

    assert job.tips("viewer") == strains
    assert job.tips("viewer", id_style="private") == strains


def test_stranger_finds_no_tree(job: MainJob) -> None:
    """Hide it in the list, by its id, and as a file."""
    answers = [
        job.get("stranger", "/phylo_trees").json(),
        job.get("stranger", "/rpc/phylo_tree", id=job.tree_id).status_code,
        job.get("stranger", "/rpc/output_url", id=job.output_id).status_code,
    ]

    assert answers == [[], 404, 404]


@pytest.mark.parametrize("subject", ["owner", "viewer"])
def test_the_original_is_fetched_by_its_presigned_url(job: MainJob, subject: str) -> None:
    """Compare every byte, without a token."""
    link = job.get(subject, "/rpc/output_url", id=job.output_id).json()

    assert httpx.get(link["url"]).content == (DATA / TREE).read_bytes()


def test_the_tree_is_the_original_but_for_the_names(job: MainJob) -> None:
    """Lose and change nothing else of the document."""
    original = json.loads((DATA / TREE).read_text())

    served = job.get("viewer", "/rpc/phylo_tree", id=job.tree_id).json()

    assert served["tree"] == original["tree"]
    assert {**served["meta"], "colorings": ...} == {**original["meta"], "colorings": ...}


def test_registering_again_changes_nothing(job: MainJob) -> None:
    """Tell the second registrar that it is done."""
    output = f"auspice_json=s3://{job.live.s3.bucket}/jobs/{job.run_id}/1/{TREE}"

    again = job.live.run("output", "register", str(job.run_id), "--file", output, "--json")

    assert (json.loads(job.registered)["is_new"], json.loads(again)["is_new"]) == (True, False)
    assert len(job.get("owner", "/phylo_trees").json()) == 1


@pytest.fixture(scope="module")
def scales(job: MainJob) -> dict[str, list[str]]:
    """Return the locations of each scale for a group in Seattle, once they have coordinates."""
    with job.live.api.database.connect() as conn:
        home = factories.location(conn, "USA", "Washington", "King County", region="North America")
    job.live.run("load", "coordinates", str(DATA / COORDINATES))
    with job.live.api.database.connect() as conn:
        conn.execute(
            "update aspen.groups set default_tree_location_id = %s where id = %s",
            [home, job.group_id],
        )
    tree = job.get("viewer", "/rpc/phylo_tree", id=job.tree_id).json()
    return {
        coloring["key"]: [name for name, _ in coloring["scale"]]
        for coloring in tree["meta"]["colorings"]
        if coloring["key"] in ("country", "division", "location")
    }


def haversine(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return a value that grows with the distance of two points in degrees."""
    (north, east), (other_north, other_east) = (map(radians, place) for place in (start, end))
    return (
        sin((other_north - north) / 2) ** 2
        + cos(north) * cos(other_north) * sin((other_east - east) / 2) ** 2
    )


@pytest.mark.parametrize(("level", "home"), [("country", "USA"), ("division", "Washington")])
def test_places_of_a_real_tree_are_coloured_by_distance(
    job: MainJob, scales: dict[str, list[str]], level: str, home: str
) -> None:
    """Expect the group's own first, then the nearest by the file's coordinates."""
    lines = [line.split("\t") for line in (DATA / COORDINATES).read_text().splitlines()]
    places = {
        (line[0], line[1]): (float(line[2]), float(line[3])) for line in lines if len(line) == 4
    }
    on_tree = {
        node["node_attrs"][level]["value"]
        for node in leaves(json.loads((DATA / TREE).read_text())["tree"])
        if level in node["node_attrs"]
    }
    king_county = places["location", "King County"]
    near = sorted(
        (haversine(king_county, places[level, name]), name)
        for name in on_tree - {home}
        if (level, name) in places
    )
    far = sorted(name for name in on_tree if (level, name) not in places)

    assert scales[level] == [home, *(name for _, name in near), *far][:16]
