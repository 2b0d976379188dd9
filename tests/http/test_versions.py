"""A previous version of the API is served beside the current one, as docs/dba.md makes one."""

from __future__ import annotations

import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.lint.rules import catalogue_rules
from control.stack.postgrest import find_postgrest
from tests import factories
from tests.catalog.generated import SNAPSHOTS, generate, version_snapshot
from tests.control.schema.checkout import Checkout
from tests.factories import GENOME
from tests.http.world import World, problems, refusal, rows
from tests.names import unique
from tests.servers import SETTINGS, Api, Cluster, Database, database_names, run_api

PAGE = (SETTINGS.root / "docs/dba.md").read_text("utf-8")
SECTION = PAGE.partition("## Two versions at once\n")[2].partition("\n## ")[0]
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(found["kind"], found["text"]) for found in BLOCK.finditer(SECTION)]
# Making a version takes as long as a load of all code.
pytestmark = pytest.mark.timeout(400)
OLD = {"Accept-Profile": "api_v1", "Content-Profile": "api_v1"}
HEADERS = ("Content-Profile", "Deprecation", "Sunset", "Link")


@dataclass(frozen=True)
class Versions:
    """An API with both versions, what the commands of the page printed, and what was asked then."""

    world: World
    checkout: Checkout
    printed: list[str]
    meanwhile: set[int]

    def old(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the previous version."""
        headers = OLD | options.pop("headers", {})
        return self.world.caller(who).ask(method, path, headers=headers, **options)

    def new(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the current version."""
        return self.world.caller(who).ask(method, path, **options)


@contextmanager
def asking(api: Api) -> Iterator[set[int]]:
    """Send one request after the other, and collect how they are answered."""
    found: set[int] = set()
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            found.add(api.get("/rpc/health").status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()


def do_as_the_page_says(checkout: Checkout) -> list[str]:
    """Run its commands and make its edits; return what the commands print."""
    printed = []
    for kind, text in BLOCKS:
        if kind == "diff":
            edit = ["git", "apply", "-"]
            subprocess.run(edit, cwd=checkout.root, input=text.encode(), check=True)
        elif kind == "sh":
            result = CliRunner().invoke(cli, shlex.split(text)[1:], env=checkout.environment)
            assert result.exit_code == 0, result.output
            printed.append(result.stdout)
    return printed


@pytest.fixture(scope="module")
def versions(
    cluster: Cluster, template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Versions]:
    """Make the version of the page in a copy of the checkout, while its API is asked."""
    folder = tmp_path_factory.mktemp("versions")
    with cluster.database(next(database_names), template.name) as database:
        checkout = Checkout.copy_of(SETTINGS.root, folder / "checkout", database)
        checkout.write("postgrest.conf", (SETTINGS.root / "postgrest.conf").read_text("utf-8"))
        settings = replace(
            SETTINGS, root=checkout.root, postgrest_bin=f"{find_postgrest(SETTINGS)}"
        )
        with run_api(database, folder / "api", settings) as api, database.connect() as conn:
            checkout.extra_environment["ASPEN_API_URL"] = api.direct_url
            with asking(api) as meanwhile:
                printed = do_as_the_page_says(checkout)
            yield Versions(World(api, conn), checkout, printed, meanwhile)


def test_the_page_shows_what_the_commands_print(versions: Versions) -> None:
    """Compare the outputs; `…` on the page stands for any text."""
    shown = [text for kind, text in BLOCKS if kind == "text"]
    forms = [re.escape(text).replace("…", ".*") for text in shown]

    pairs = zip(forms, versions.printed, strict=True)
    assert [printed for form, printed in pairs if not re.fullmatch(form, printed)] == []


def test_no_request_fails_while_a_version_is_added(versions: Versions) -> None:
    """Have PostgREST read its file and the schema again, and answer meanwhile."""
    assert versions.meanwhile == {200}


def test_old_version_is_what_the_api_was(versions: Versions) -> None:
    """Compare views, columns, rights, defaults and functions with those before the change."""
    was = _facts((SNAPSHOTS / "api.txt").read_text("utf-8"))
    with versions.checkout.database.connect("postgres") as conn:
        old = _facts(generate(conn, version_snapshot("api_v1")))
        new = _facts(generate(conn, version_snapshot("api")))

    assert {fact for fact in was ^ old if "sequences_fasta" not in fact} == {"domain */*: text"}
    assert {fact for fact in was - new if "view" in fact} == {
        "view sequences, column sequencing_depth: aspen.amount"
    }


def _facts(snapshot: str) -> set[str]:
    """Return the lines without what a view over a view does not say: that nothing is null."""
    return {
        line.replace("api_v1.", "api.").replace(" not null", "")
        for line in snapshot.splitlines()[1:]
    }


def test_snapshot_of_a_version_changes_with_it(versions: Versions) -> None:
    """Show that the comparison can fail: a column with another name is another line."""
    with versions.checkout.database.connect("postgres") as conn:
        before = generate(conn, version_snapshot("api_v1"))
        with conn.transaction(force_rollback=True):
            conn.execute("alter view api_v1.sequences rename column sequencing_depth to depth")
            after = generate(conn, version_snapshot("api_v1"))

    assert {line.split(":")[0] for line in {*before.splitlines()} ^ {*after.splitlines()}} == {
        "view sequences, column depth",
        "view sequences, column sequencing_depth",
    }


def test_lint_finds_nothing_wrong_with_a_version(versions: Versions) -> None:
    """Keep the rules of the catalogue in what was generated and edited."""
    with versions.checkout.database.connect() as conn:
        found = {
            rule.name: conn.execute(rule.statement).fetchall()
            for rule in catalogue_rules()
            if rule.level != "info"
        }

    assert {name: rows for name, rows in found.items() if "api_v1" in f"{rows}"} == {}


def test_each_version_has_its_own_columns(versions: Versions) -> None:
    """Read a column by the name that the version gives it, and by no other."""
    path = "/sequences?select={}&sample_id=eq." + f"{versions.world.open}"

    answers = [
        ask("alice", "GET", path.format(name)).status_code
        for ask in (versions.old, versions.new)
        for name in ("sequencing_depth", "depth")
    ]

    assert answers == [200, 400, 400, 200]


@pytest.mark.parametrize(
    ("who", "names"),
    [("alice", ["open", "hidden"]), ("vic", [None]), ("bob", ["foreign"]), ("olga", [])],
)
def test_old_version_shows_each_caller_the_same_rows(
    versions: Versions, who: str, names: list[str | None]
) -> None:
    """Obey row-level security and masks, whichever version is asked."""
    path = "/samples?select=private_identifier,lineages:sample_lineages(lineage),owner"
    old, new = versions.old(who, "GET", path), versions.new(who, "GET", path)

    shown = [row["private_identifier"] for row in rows(old)]
    assert [name and name.partition("-")[0] for name in shown] == names
    assert old.json() == new.json()


def test_old_version_inserts_and_changes(versions: Versions) -> None:
    """Store what is sent with Content-Profile, by the old name of the column."""
    world = versions.world
    posted = versions.old("alice", "POST", "/samples", json=world.sample(f"v1-{unique()}"))
    sample = factories.sample(world.conn, world.group, f"bare-{unique()}")
    key = {"group_id": world.group, "sample_id": sample}
    sequence = key | {"sequence": GENOME, "sequencing_depth": 7}
    inserted = versions.old("alice", "POST", "/sequences", json=sequence)
    row = f"/sequences?sample_id=eq.{sample}"
    patched = versions.old("alice", "PATCH", row, json={"sequencing_depth": 8})

    assert [one.status_code for one in (posted, inserted, patched)] == [201, 201, 204]
    assert rows(versions.new("alice", "GET", f"{row}&select=depth")) == [{"depth": 8}]


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_old_version_inserts_and_changes_nothing_for_others(versions: Versions, who: str) -> None:
    """Refuse to insert into a group of others; find no row of theirs to change."""
    world = versions.world
    posted = versions.old(who, "POST", "/samples", json=world.sample(f"v1-{unique()}"))
    row = f"/sequences?sample_id=eq.{world.open}"
    prefer = "return=representation"
    patched = versions.old(who, "PATCH", row, json={"sequencing_depth": 9}, prefer=prefer)

    assert refusal(posted) == refusal(
        versions.new(who, "POST", "/samples", json=world.sample(f"v1-{unique()}"))
    )
    assert posted.status_code == 403
    assert rows(patched) == []


@pytest.mark.parametrize(("version", "argument"), [("old", "job_id"), ("new", "id")])
def test_each_version_calls_a_function_by_its_argument(
    versions: Versions, version: str, argument: str
) -> None:
    """Cancel a job of the group; a stranger finds none, and the other name is unknown."""
    ask = getattr(versions, version)
    job = factories.job(versions.world.conn, versions.world.group)
    other = {"job_id": "id", "id": "job_id"}[argument]

    answers = [
        ask(who, "POST", "/rpc/cancel_job?select=status", json={name: job})
        for who, name in (("bob", argument), ("alice", other), ("alice", argument))
    ]

    assert [one.status_code for one in answers] == [404, 404, 200]
    assert answers[0].json()["code"] == "job_not_found"
    assert answers[2].json() == [{"status": "cancelled"}]


def test_old_version_says_that_it_ends(versions: Versions) -> None:
    """Write the headers of the page, into errors of the database as well."""
    shown = "".join(text for kind, text in BLOCKS if kind == "http")
    answer = versions.old("alice", "GET", "/sequences?limit=1")
    refused = versions.old("dina", "GET", "/sequences?limit=1")

    expected = dict(line.split(": ", 1) for line in shown.splitlines())
    assert {name: answer.headers[name] for name in expected} == expected
    assert refusal(refused) == (401, "user_disabled")
    assert {name: refused.headers[name] for name in expected} == expected


def test_current_version_says_nothing_of_an_end(versions: Versions) -> None:
    """Write none of the headers, whether the profile is named or not."""
    answers = [
        versions.new("alice", "GET", "/sequences?limit=1", headers={"Accept-Profile": name})
        for name in ("api", "public")
    ]

    assert [[name in one.headers for name in HEADERS[1:]] for one in answers] == [[False] * 3] * 2


def test_a_page_may_read_the_headers(versions: Versions) -> None:
    """Name them to browsers."""
    headers = {"Origin": "http://localhost:3000"}
    answer = versions.old("alice", "GET", "/sequences?limit=1", headers=headers)

    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {*HEADERS} <= {*exposed}


def test_each_version_is_described(versions: Versions) -> None:
    """Describe both alike, but for the names that differ, and from a cache of their own."""
    old, new = (
        rows(ask("alice", "GET", "/rpc/json_schema"))["$defs"]
        for ask in (versions.old, versions.new)
    )
    title = rows(versions.old("alice", "GET", "/"))["info"]["title"]

    differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert differing == {
        "sequences",
        "sequences_insert",
        "sequences_update",
        "cancel_job_arguments",
    }
    renamed = old["sequences_insert"]["properties"]["sequencing_depth"]
    assert renamed == new["sequences_insert"]["properties"]["depth"]
    assert title == "Aspen, version 1"
    manual = versions.old("alice", "GET", "/rpc/manual").text
    assert "Deprecated: 2027-01-01" in manual


def test_key_of_one_version_is_not_that_of_another(versions: Versions) -> None:
    """Execute a request once; the same one to another version is another request."""
    body = versions.world.sample(f"key-{unique()}")
    headers = {"Idempotency-Key": unique()}
    first = versions.old("alice", "POST", "/samples", json=body, headers=headers)
    again = versions.old("alice", "POST", "/samples", json=body, headers=headers)
    other = versions.new("alice", "POST", "/samples", json=body, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert refusal(other) == (409, "idempotency_key_reused")


def test_answer_of_a_function_of_an_old_version_is_kept(versions: Versions) -> None:
    """Repeat what the function answered, row by row as it was."""
    job = factories.job(versions.world.conn, versions.world.group)
    headers = {"Idempotency-Key": unique()}
    first, again = (
        versions.old("alice", "POST", "/rpc/cancel_job", json={"job_id": job}, headers=headers)
        for _ in range(2)
    )

    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()


@pytest.mark.parametrize(("most", "status"), [(1, 400), (2, 204)])
def test_old_version_bounds_a_change(versions: Versions, most: int, status: int) -> None:
    """Count the rows that a PATCH changes below the views of the version."""
    ids = ",".join(f"{one}" for one in (versions.world.open, versions.world.hidden))
    answer = versions.old(
        "alice",
        "PATCH",
        f"/samples?id=in.({ids})",
        json={"authors": ["A"]},
        prefer=f"max-affected={most}",
    )

    assert answer.status_code == status


def test_old_version_reports_every_problem(versions: Versions) -> None:
    """Name row and field of a value that is invalid."""
    bad = versions.world.sample("bad", collection_date="2024-02-31")
    answer = versions.old("alice", "POST", "/samples", json=[bad])

    status, code, details = problems(answer)
    assert (status, code) == (400, "invalid_sample")
    assert [(one["row"], one["field"]) for one in details] == [(1, "collection_date")]


def test_old_version_writes_fasta(versions: Versions) -> None:
    """Answer with the media types that the resource had."""
    path = f"/sequences?sample_id=eq.{versions.world.open}"
    answers = [
        ask("alice", "GET", path, accept="text/x-fasta") for ask in (versions.old, versions.new)
    ]

    assert answers[0].text.startswith(">")
    assert answers[0].text == answers[1].text
