"""`control load demo`: invented data that takes the paths of real data, and shows who sees what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.demo import OWNER, STRANGER, VIEWER, loading
from control.demo.outbreak import SAMPLE_COUNT, outbreak, tips
from control.outputs.register import register_outputs
from tests import factories
from tests.live import Live, run_live
from tests.servers import S3, Cluster, Database

# The numbers of rows; the audit log notices every change.
COUNTS = """
    select
        (select count(*) from aspen.groups where id <> 0),
        (select count(*) from aspen.users),
        (select count(*) from aspen.samples),
        (select count(*) from aspen.sequences),
        (select count(*) from aspen.sample_lineages),
        (select count(*) from aspen.sample_qc_metrics),
        (select count(*) from aspen.aligned_sequences),
        (select count(*) from aspen.phylo_tree_tips where sample_id is not null),
        (select count(*) from aspen.jobs where status = 'succeeded'),
        (select count(*) from aspen.jobs)
"""
# One of the jobs belongs to the platform.
LOADED = (3, 3, *[SAMPLE_COUNT] * 6, 4, 4)


@pytest.fixture(scope="module")
def demo(
    cluster: Cluster, template: Database, s3: S3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Provide an environment for this module, with the demo in it."""
    with run_live(cluster, template, s3, tmp_path_factory.mktemp("demo")) as live:
        live.run("load", "demo")
        yield live


def query(database: Database, statement: str) -> tuple[Any, ...]:
    """Return one row."""
    with database.connect() as conn:
        row = conn.execute(statement.encode()).fetchone()
    assert row is not None
    return row


def ask(demo: Live, subject: str, path: str, **params: Any) -> httpx.Response:
    """Ask the API as one of the demo's users."""
    return demo.api.get(path, demo.api.token(subject), params=params)


def tip_names(node: dict[str, Any]) -> set[str]:
    """Return the names of the tips below a node of an Auspice tree."""
    below = [tip_names(child) for child in node.get("children", ())]
    return set().union(*below) if below else {node["name"]}


def test_demo_has_samples_with_results_of_every_kind(demo: Live) -> None:
    """Load everything through the import, the API and registration."""
    assert query(demo.api.database, COUNTS) == LOADED


def test_demo_is_loaded_once(demo: Live) -> None:
    """Change nothing the second time, and say so."""
    newest = "select max(id) from aspen.audit_log"
    before = query(demo.api.database, newest)

    said = demo.run("load", "demo")

    assert said.startswith("the demo is loaded: 60 samples of Demo Bay Laboratory and their tree\n")
    assert query(demo.api.database, newest) == before


def test_demo_prints_three_short_commands_that_work_when_pasted(demo: Live, tmp_path: Path) -> None:
    """Paste them as one block into any shell: the newest samples, and the tree as a file."""
    said = demo.run("load", "demo").splitlines()
    commands = [line for line in said if line.startswith(("T=", "curl "))]
    control = Path(sys.executable).with_name("control")
    script = "\n".join(commands).replace(commands[0].split()[0], f"T=$({control}")

    done = subprocess.run(
        ["sh", "-euc", script],
        env=os.environ | demo.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(commands) == 3
    assert max(map(len, said)) <= 100
    assert [bool(row["private_identifier"]) for row in json.loads(done.stdout)] == [True] * 3
    assert len(tip_names(json.loads((tmp_path / "tree.json").read_text())["tree"])) == SAMPLE_COUNT


def test_demo_shows_each_group_what_it_may_see(demo: Live) -> None:
    """Show everything to its owner, public names to a granted viewer, nothing to a stranger."""
    samples = [sample for _, sample in tips(outbreak())]
    path, tree_id = "/rpc/phylo_tree", ask(demo, OWNER.subject, "/phylo_trees").json()[0]["id"]

    seen_by_owner = ask(demo, OWNER.subject, path, id=tree_id).json()["tree"]
    seen_by_viewer = ask(demo, VIEWER.subject, path, id=tree_id).json()["tree"]
    seen_by_stranger = ask(demo, STRANGER.subject, path, id=tree_id)

    assert tip_names(seen_by_owner) == {sample.private_identifier for sample in samples}
    assert tip_names(seen_by_viewer) == {sample.strain for sample in samples}
    assert seen_by_stranger.status_code == 404


def test_demo_hides_private_samples_from_the_viewer(demo: Live) -> None:
    """Show four samples to the owner only."""
    lists = [ask(demo, member.subject, "/samples").json() for member in (OWNER, VIEWER, STRANGER)]

    assert [len(rows) for rows in lists] == [SAMPLE_COUNT, SAMPLE_COUNT - 4, 0]


def test_demo_has_its_files_behind_presigned_links(demo: Live) -> None:
    """Follow the links right after loading."""
    outputs = ask(demo, OWNER.subject, "/job_outputs").json()

    links = [
        ask(demo, OWNER.subject, "/rpc/output_url", id=output["id"]).json()["url"]
        for output in outputs
    ]

    sizes = [len(httpx.get(link).content) for link in links]
    assert sizes == [output["size_bytes"] for output in outputs]


def test_interrupted_demo_is_completed_by_the_next_run(
    database: Database, s3: S3, demo: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Complete it wherever it was interrupted; here between two registrations."""
    done: list[object] = []

    def register_one(*arguments: Any) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(register_outputs(*arguments))

    environment = demo.environment | database.environment
    with monkeypatch.context() as patch:
        patch.setattr(loading, "register_outputs", register_one)
        interrupted = CliRunner().invoke(cli, ["load", "demo"], env=environment)
    completed = CliRunner().invoke(cli, ["load", "demo"], env=environment)

    assert (interrupted.exit_code, completed.exit_code) == (130, 0)
    assert query(database, COUNTS) == LOADED


def test_demo_never_takes_what_users_added_for_its_own(
    database: Database, s3: S3, demo: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither count users' rows as the demo's, nor submit results for their jobs."""
    environment = demo.environment | database.environment
    with monkeypatch.context() as patch:
        patch.setattr(loading, "register_outputs", raise_interrupt)
        CliRunner().invoke(cli, ["load", "demo"], env=environment)
    with database.connect() as conn:
        [group_id] = conn.execute(
            "select id from aspen.groups where prefix = %s", [OWNER.prefix]
        ).fetchone() or [0]
        sample_id = factories.sample(conn, group_id)
        job_id = factories.job(conn, group_id, kind="pangolin")
        factories.job_sample(conn, job_id, sample_id)

    completed = CliRunner().invoke(cli, ["load", "demo"], env=environment)

    assert completed.stdout.startswith("the demo is loaded: 60 samples of Demo Bay Laboratory")
    statuses = "select count(*) filter (where status = 'queued'), count(*) from aspen.jobs"
    assert query(database, statuses) == (1, 5)


def raise_interrupt(*_: Any) -> None:
    """Interrupt the demo here."""
    raise KeyboardInterrupt


def test_demo_does_not_move_into_a_group_of_the_users(database: Database, demo: Live) -> None:
    """Fail, because its users would join a group that only shares the prefix."""
    with database.connect() as conn:
        factories.group(conn, "Bay of Plenty", prefix=OWNER.prefix)

    refused = CliRunner().invoke(cli, ["load", "demo"], env=demo.environment | database.environment)

    assert refused.exit_code == 1
    assert "Bay of Plenty (DEMO-BAY)" in refused.stderr
    assert query(database, "select count(*) from aspen.users") == (0,)


def test_demo_dry_run_stores_nothing(database: Database) -> None:
    """Say that there is something to load, and load nothing."""
    result = CliRunner().invoke(cli, ["load", "demo", "--dry-run"], env=database.environment)

    assert (result.exit_code, result.stdout) == (0, "the demo would be loaded\n")
    assert query(database, COUNTS) == (0,) * 10


def test_demo_is_refused_outside_the_local_stack(database: Database, tmp_path: Path) -> None:
    """Reject it, because it creates users who may sign in."""
    (tmp_path / "aspen.toml").write_text("[production]\n")
    environment = database.environment | {"ASPEN_ROOT": str(tmp_path)}

    result = CliRunner().invoke(cli, ["--env", "production", "load", "demo"], env=environment)

    assert result.exit_code == 1
    assert "so it is not loaded into production" in result.stderr


def test_outbreak_is_the_same_every_time() -> None:
    """Repeat it exactly, so that everybody gets what the README shows."""
    assert outbreak() == outbreak()


def test_genomes_differ_from_the_root_by_their_mutations() -> None:
    """Compare the tree's mutations with the sequences' own."""
    root, genomes = outbreak(), {}
    for _, sample in tips(root):
        letters = list(sample.genome)
        for mutation in reversed(sample.mutations):
            index = int(mutation[1:-1]) - 1
            letters[index] = mutation[0] if letters[index] != "N" else "N"
        genomes[sample.strain] = letters

    columns = zip(*genomes.values(), strict=True)
    assert all(len(set(column) - {"N"}) <= 1 for column in columns)
