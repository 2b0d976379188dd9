"""Attacks that pass off one group's sample, file or right as another's."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from click.testing import CliRunner

from control.cli import cli
from tests import factories
from tests.attack.stage import Stage, Trial
from tests.http.world import rows
from tests.names import unique


def names(stage: Stage) -> Iterator[Trial]:
    """Post a sample with an identifier of a group that may see the attacker's samples."""
    world, conn = stage.world, stage.conn
    mine, theirs = world.groups["lab"], world.groups["others"]
    factories.grant(conn, theirs, mine, "viewer")
    identifier = f"twin-{unique(8)}"
    own = factories.sample(conn, mine, f"own-{identifier}", public_identifier=identifier)
    decoy = factories.sample(conn, theirs, f"decoy-{identifier}", public_identifier=identifier)
    for sample in (own, decoy):
        factories.sequence(conn, sample)
    with stage.client(world.alice.token) as http:
        answer = http.post("/rpc/create_phylo_run", json=world.run_request(identifier))
        run = rows(answer)
        run_id = run[0]["id"] if isinstance(run, list) else run["id"]
        inputs = conn.execute(
            "select sample_id from aspen.job_samples where job_id = %s", [run_id]
        ).fetchall()
        yield "the run takes its own group's sample", inputs == [(own,)] and decoy != own

        third = factories.group(conn, f"third {identifier}")
        factories.grant(conn, third, mine, "viewer")
        lost = f"lost-{unique(8)}"
        for group in (theirs, third):
            one = factories.sample(conn, group, f"p{group}-{lost}", public_identifier=lost)
            factories.sequence(conn, one)
        answer = http.post("/rpc/create_phylo_run", json=world.run_request(lost))
        both = str(theirs) in answer.text and str(third) in answer.text
        yield (
            f"two candidates elsewhere are refused by name: {answer.status_code}",
            (400 <= answer.status_code < 500 and both),
        )


def outputs(stage: Stage) -> Iterator[Trial]:
    """Register a file of another job as one's own."""
    world, conn = stage.world, stage.conn
    mine = factories.phylo_run(conn, world.groups["others"], "mine", status="running")
    theirs = world.run
    bucket = stage.settings.bucket
    environment = {
        "ASPEN_DATA_DIR": str(stage.settings.data_dir),
        "ASPEN_ROOT": str(stage.settings.root),
    }
    for key in (
        f"jobs/{theirs}/1/tree.json",
        f"jobs/{mine}/../{theirs}/1/tree.json",
        f"jobs/{mine}/1/../../{theirs}/1/tree.json",
        f"jobs//{theirs}/1/tree.json",
        f"jobs/{mine}0/1/tree.json",
        f"/jobs/{theirs}/1/tree.json",
    ):
        result = CliRunner().invoke(
            cli,
            ["output", "register", str(mine), "--file", f"auspice_json=s3://{bucket}/{key}"],
            env=environment,
        )
        yield f"{key}: {result.exit_code}", result.exit_code != 0
    stored = conn.execute(
        "select count(*) from aspen.job_outputs where job_id = %s", [mine]
    ).fetchone()
    yield "nothing is registered", stored == (0,)


def access(stage: Stage) -> Iterator[Trial]:
    """Change roles without leaving an audit record, or leave a group without an admin."""
    conn = stage.conn
    group = factories.group(conn, f"lonely {unique(8)}")
    admin = factories.user(conn, f"lonely-{group}", {group: "admin"})
    for what, statement in (
        ("deleted", "delete from aspen.memberships where group_id = %s"),
        ("demoted", "update aspen.memberships set role = 'viewer' where group_id = %s"),
    ):
        try:
            conn.execute(statement, [group])
            held = False
        except psycopg.Error as error:
            held = "last_admin" in str(error)
        yield f"the last admin is not {what}", held
    for what, statement in (
        ("disabled", "update aspen.users set disabled_at = now() where id = %s"),
        ("made an operator", "update aspen.users set is_operator = true where id = %s"),
        ("signed out", "update aspen.users set tokens_valid_after = now() where id = %s"),
    ):
        before = audited(conn)
        conn.execute(statement, [admin])
        yield f"a user who is {what} leaves a trace", audited(conn) > before


def audited(conn: psycopg.Connection) -> int:
    """Count the rows of the audit log."""
    row = conn.execute("select count(*) from aspen.audit_log").fetchone()
    return row[0] if row else 0
