"""`control db explain`: PostgREST's own statement, and its plan as the caller who asks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.database import request_claims
from control.plans.explaining import Explained
from control.plans.explaining import explain as run_explain
from control.plans.private_api import Request, ask
from control.plans.tree import sequential_scans, tree, with_functions
from tests import factories
from tests.servers import SETTINGS, Cluster, Database, database_names

SAMPLE = "GET /samples?select=id&order=id.desc&limit=5"


@pytest.fixture(scope="module")
def explained(cluster: Cluster, template: Database) -> Iterator[Database]:
    """Clone a database for the module, with a sample that Alice sees."""
    with cluster.database(next(database_names), template.name) as database:
        with database.connect() as conn:
            group = factories.group(conn)
            factories.user(conn, "alice", {group: "member"})
            factories.pathogen(conn)
            factories.sample(conn, group)
        yield database


def run(database: Database, *arguments: str, **environment: str) -> Result:
    """Run the command on one database."""
    return CliRunner().invoke(
        cli, ["db", "explain", *arguments], env=database.environment | environment
    )


def test_statement_is_postgrests_own_and_planned_as_the_caller(explained: Database) -> None:
    """Print the statement, its values, and nodes with the policy by the name of its function."""
    result = run(explained, SAMPLE, "--as", "alice", COLUMNS="160")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith('WITH pgrst_source AS ( SELECT "api"."samples"."id"')
    assert "(policy): " in result.stdout
    assert "authz.full_groups()" in result.stdout
    assert "execution" in result.stdout


def test_version_is_asked_for(explained: Database) -> None:
    """Ask for the version named, which these servers do not have; refuse what is no version."""
    missing = run(explained, SAMPLE, "--as", "alice", "--version", "api_v9")
    wrong = run(explained, SAMPLE, "--as", "alice", "--version", "v9")

    assert (missing.exit_code, "answered with 406" in missing.stderr) == (1, True)
    assert (wrong.exit_code, "api_v1" in wrong.stderr) == (2, True)


def test_plan_has_the_rows_that_the_caller_sees(explained: Database) -> None:
    """Count the sample of a member, and none of somebody without a group."""
    path = "GET /samples?select=id&id=eq.1"
    own = run(explained, path, "--as", "alice", "--json")
    claims = json.dumps({"sub": "alice", "role": "member", "groups": {}})
    other = run(explained, path, "--claims", claims, "--json")

    rows = [scanned_samples(json.loads(one.stdout)["plan"]["Plan"]) for one in (own, other)]
    assert rows == [1, 0]


def scanned_samples(node: dict[str, Any]) -> int:
    """Return how many samples the scans of a plan yield."""
    own = (
        node["Actual Rows"] * node["Actual Loops"] if node.get("Relation Name") == "samples" else 0
    )
    return int(own + sum(scanned_samples(below) for below in node.get("Plans", ())))


def test_write_is_explained_and_undone(explained: Database) -> None:
    """Plan a DELETE with what it does, and keep the row."""
    result = run(explained, "DELETE /samples?id=eq.1", "--as", "alice")

    with explained.connect() as conn:
        left = conn.execute("select id from aspen.samples")
        assert left.fetchall() == [(1,)]
    assert result.exit_code == 0, result.output
    assert "ModifyTable" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["samples"], 2, "the request is a method and a path"),
        ([SAMPLE, "--as", "nobody"], 1, "no user is called nobody"),
        ([SAMPLE, "--as", "a", "--claims", "{}"], 2, "give one of"),
        (["GET /jobs"], 1, "the request is answered with 401"),
    ],
    ids=["no request", "no user", "two callers", "refused"],
)
def test_what_cannot_be_explained_says_why(
    explained: Database, arguments: list[str], code: int, says: str
) -> None:
    """Name the argument, or the answer."""
    result = run(explained, *arguments)

    assert result.exit_code == code
    assert says in result.stderr


def test_token_of_a_file_is_the_caller(explained: Database, tmp_path: Path) -> None:
    """Act as whom it names, whoever signed it; say so if there is none."""
    file = tmp_path / "token"
    file.write_text(jwt.encode(request_claims("member", "alice"), "x" * 32))
    own = run(explained, "GET /samples?select=id", "--token-file", str(file), "--json")
    file.write_text("no token")

    other = run(explained, "GET /samples?select=id", "--token-file", str(file))

    assert scanned_samples(json.loads(own.stdout)["plan"]["Plan"]) == 1
    assert "the file has no token in it" in other.stderr


@pytest.mark.parametrize("argument", ["DELETE /samples?id=eq.1", SAMPLE])
def test_writes_and_edits_elsewhere_must_be_allowed(
    tmp_path: Path, argument: str, explained: Database
) -> None:
    """Refuse a write, and an edit, outside the local stack before anything is asked."""
    shutil.copy(SETTINGS.root / "postgrest.conf", tmp_path)
    (tmp_path / "sql").mkdir()
    (tmp_path / "aspen.toml").write_text("[far]\n")

    result = CliRunner().invoke(
        cli,
        ["--env", "far", "db", "explain", argument, *(["--compare"] if argument == SAMPLE else [])],
        env={
            "ASPEN_ROOT": str(tmp_path),
            "ASPEN_DATA_DIR": str(tmp_path),
            "ASPEN_DATABASE_URL": explained.url,
        },
    )

    assert result.exit_code == 1
    assert "Remedy: give --allow-writes" in result.stderr


def test_edit_is_compared_and_undone(explained: Database, tmp_path: Path) -> None:
    """Plan the statement again with an edited policy, which nobody else ever meets."""
    for name in ("postgrest.conf", "nginx.conf", "nginx.js"):
        shutil.copy(SETTINGS.root / name, tmp_path)
    for name in ("node_modules", "migrations"):
        (tmp_path / name).symlink_to(SETTINGS.root / name)
    shutil.copytree(SETTINGS.root / "sql", tmp_path / "sql")
    policy = tmp_path / "sql/policies/pathogens.sql"
    policy.write_text(policy.read_text().replace("using (true)", "using (id > -5)"))
    request = Request("GET", "/pathogens", claims=request_claims("member", "alice"))
    settings = replace(explained.settings, root=tmp_path)
    with explained.connect() as conn:
        before = policies(conn)

        result = run_explain(settings, conn, request, compares=True)

        assert policies(conn) == before
    assert_compared(result)


def policies(conn: psycopg.Connection) -> list[Any]:
    """Return the policies of a table as they are."""
    found = conn.execute(
        "select polname, pg_get_expr(polqual, polrelid) from pg_policy"
        " where polrelid = 'aspen.pathogens'::regclass order by 1"
    )
    return found.fetchall()


def assert_compared(result: Explained) -> None:
    """Find the edit in the second plan alone."""
    assert result.changed == ("policies/pathogens.sql",)
    assert "-5" in json.dumps(result.after)
    assert "-5" not in json.dumps(result.plan)


def test_statements_of_a_request_are_recorded_whole(explained: Database) -> None:
    """Note the transaction as PostgREST sends it: role, claims, pre-request, and a rollback."""
    with explained.connect() as conn:
        answer = ask(explained.settings, conn, Request("GET", "/rpc/health"))

    texts = [one.text for one in answer.statements]
    assert answer.status == 200
    assert "pre_request" in "".join(texts)
    assert texts[-1].upper().startswith(("ROLLBACK", "ABORT"))


def test_inlined_policies_are_named() -> None:
    """Write the function in the place of the expression that it became."""
    condition = (
        "(group_id = ANY ((NULLIF(current_setting('aspen.any_groups'::text, true),"
        " ''::text))::bigint[]))"
    )

    assert with_functions(condition) == "(group_id = ANY (authz.any_groups()))"


def test_scan_of_a_table_of_groups_is_marked() -> None:
    """Mark one that was executed, of such a table; no other."""
    scan = {"Node Type": "Seq Scan", "Plan Rows": 1, "Actual Rows": 1, "Actual Loops": 1}
    node = scan | {
        "Relation Name": "jobs",
        "Plans": [
            scan | {"Relation Name": "samples", "Actual Loops": 0},
            scan | {"Relation Name": "pathogens"},
        ],
    }
    plan = {"Plan": node, "Planning Time": 1.0, "Execution Time": 2.0}

    lines = list(tree(plan, {"jobs", "samples"}, 100))

    assert sequential_scans(plan, {"jobs", "samples"}) == ["jobs"]
    assert [line[:4] == "!! S" for line in lines[1:4]] == [True, False, False]
    assert max(map(len, lines)) <= 100
