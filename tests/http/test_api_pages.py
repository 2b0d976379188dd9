"""Every command of the pages in docs/api prints what the page shows, with the demo."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from control.cli import cli
from control.demo import OWNER, STRANGER, VIEWER
from control.demo.loading import load_demo
from tests import factories
from tests.http.api_pages import Example, examples
from tests.servers import S3, SETTINGS, Api, Cluster, Database, database_names, run_api

PAGES = sorted((SETTINGS.root / "docs" / "api").glob("*.md"))
INDEX = (SETTINGS.root / "docs" / "api.md").read_text("utf-8")
DBA_PAGE = (SETTINGS.root / "docs" / "dba.md").read_text("utf-8")
# What the pages call the users of the demo.
NAMES = {"ALICE": OWNER, "VIC": VIEWER, "BOB": STRANGER}
# Of whom the demo has none: $OLGA.
OPERATOR = "olga"


@pytest.fixture(scope="module")
def demo(cluster: Cluster, template: Database, s3: S3) -> Iterator[Database]:
    """Load the demo once; every page has a copy of its own."""
    with cluster.database(next(database_names), template.name) as database:
        with database.connect() as conn:
            # An analyze at some moment would change the plan that docs/dba.md shows.
            conn.execute("alter table aspen.samples set (autovacuum_enabled = false)")
            load_demo(conn, s3.client, s3.settings)
        yield database


@pytest.fixture
def demo_api(cluster: Cluster, demo: Database, tmp_path: Path) -> Iterator[Api]:
    """Start an API over a copy of the demo."""
    with (
        cluster.database(next(database_names), demo.name) as database,
        run_api(database, tmp_path / "api") as api,
        database.connect() as conn,
    ):
        factories.user(conn, OPERATOR, is_operator=True)
        yield api


def printed(api: Api, example: Example, folder: Path) -> str:
    """Run a command of a page as a reader does, and return what it printed."""
    tokens = {name: api.token(person.subject) for name, person in NAMES.items()}
    tokens["OLGA"] = api.token(OPERATOR, role="operator")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example.command],
        # Some pages begin with what an operator does.
        env=os.environ
        | tokens
        | api.database.environment
        | {"URL": api.url, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_of_the_page_print_what_it_shows(
    demo_api: Api, page: Path, tmp_path: Path
) -> None:
    """Run all of them, from the top to the end, over a fresh demo."""
    ran = [(one, printed(demo_api, one, tmp_path)) for one in examples(page.read_text("utf-8"))]

    differing = {one.command: output for one, output in ran if not one.is_shown(output)}
    assert differing == {}
    assert len(ran) >= 3


def of_section(title: str) -> Iterator[Example]:
    """Yield the examples of a section of docs/dba.md."""
    found = re.search(rf"^## {title}\n.*?(?=^## |\Z)", DBA_PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    yield from examples(found[0])


@pytest.mark.parametrize("section", ["Lint", "Plans", "Who can", "Start something new"])
def test_commands_of_the_dba_page_print_what_it_shows(demo: Database, section: str) -> None:
    """Run those of a section over the demo, which they leave as it is."""
    environment = {
        **demo.environment,
        "ASPEN_ADMIN_DATABASE_URL": demo.url_of("postgres"),
        "COLUMNS": "100",
    }
    ran = [
        (one, CliRunner().invoke(cli, shlex.split(one.command)[1:], env=environment).stdout)
        for one in of_section(section)
    ]

    assert {one.command: output for one, output in ran if not one.is_shown(output)} == {}
    assert ran != []


def test_consoles_of_the_dba_page_print_what_it_shows(demo_api: Api, tmp_path: Path) -> None:
    """Run each in a process of its own, which psql takes over; requests go to the API."""
    environment = {
        **os.environ,
        **demo_api.database.environment,
        "ASPEN_API_URL": demo_api.url,
        "ASPEN_KEYS_DIR": f"{demo_api.keys.directory}",
    }
    program = f"{Path(sys.executable).with_name('control')}"
    ran = [
        (
            one,
            subprocess.run(
                [program, *shlex.split(one.command)[1:]],
                env=environment,
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout,
        )
        for one in of_section("Look around")
    ]

    differing = {one.command: out for one, out in ran if not one.is_shown(out)}
    assert (differing, len(ran)) == ({}, 4)


def test_index_has_every_resource_and_function(demo: Database) -> None:
    """List in docs/api.md what the schema has, and nothing else."""
    with demo.connect() as conn:
        found = conn.execute(
            "select relname from pg_class where relnamespace = 'api'::regnamespace"
            " and relkind = 'v' union "
            "select proname from pg_proc where pronamespace = 'api'::regnamespace"
            " and (has_function_privilege('member', oid, 'execute')"
            " or has_function_privilege('job', oid, 'execute')"
            " or has_function_privilege('operator', oid, 'execute'))"
        ).fetchall()

    listed = re.findall(r"^\| (?:\[`|`)(\w+)`", INDEX, re.M)
    assert sorted(listed) == sorted(name for (name,) in found)


def test_page_of_a_resource_has_its_columns(demo: Database) -> None:
    """Say of every column of a resource, and argument of a function, what it means."""
    page_of = dict(re.findall(r"^\| \[`(\w+)`\]\(api/(\w+)\.md", INDEX, re.M))
    with demo.connect() as conn:
        found = conn.execute(
            "select relname, attname from pg_attribute"
            " inner join pg_class on attrelid = pg_class.oid"
            " where relnamespace = 'api'::regnamespace and relkind = 'v' and attnum > 0 union "
            "select proname, unnest(proargnames[1:pronargs]) from pg_proc"
            " where pronamespace = 'api'::regnamespace"
        ).fetchall()
    texts = {page.stem: page.read_text("utf-8") for page in PAGES}

    assert [
        (thing, name)
        for thing, name in found
        if thing in page_of and not re.search(rf"`[^`]*\b{name}\b[^`]*`", texts[page_of[thing]])
    ] == []


def test_index_leads_to_every_page() -> None:
    """Link each page of docs/api."""
    linked = set(re.findall(r"\(api/(\w+\.md)", INDEX))

    assert linked == {page.name for page in PAGES}


@pytest.mark.parametrize(
    ("block", "output"),
    [
        ('json\n[{"id": 1, "a": {"group_id": 2}}]', '[{"a":{"group_id":9},"id":7}]'),
        ('json\n{"details": "{\\"id\\" : 1}"}', '{"details":"{\\"id\\": 2}"}'),
        ('json\n{"at": "2024-01-01T00:00:00Z"}', '{"at":"2026-11-26T10:00:00.123+00:00"}'),
        ('json\n{"token": "' + "a1" * 22 + '"}', '{"token":"' + "b_-2" * 11 + '"}'),
        ('json\n{"sample_ids": [1, 2]}', '{"sample_ids":[3, 4]}'),
        ('json\n{"url": "http://…/x"}', '{"url":"http://127.0.0.1:5/x"}'),
        ("text\n206 0-1/60", "206 0-1/60\n"),
        ("text\nlink …, 5 minutes", "link http://x, 5 minutes"),
        ("http\nHTTP/1.1 200 OK\nEtag: …\n\n[]", 'HTTP/1.1 200 OK\r\nX: y\r\nETag: "1"\r\n\r\n[]'),
    ],
)
def test_output_that_differs_as_it_may_is_what_the_page_shows(block: str, output: str) -> None:
    """Allow other ids, times and secrets, other white space and order of keys, and `…`."""
    (example,) = examples(f"```sh\ncurl\n```\n\n```{block}\n```\n")

    assert example.is_shown(output)


@pytest.mark.parametrize(
    ("block", "output"),
    [
        ('json\n[{"id": 1}]', '[{"id":null}]'),
        ('json\n[{"id": 1}]', '[{"id":1},{"id":2}]'),
        ('json\n[{"id": 1}]', '[{"id":1,"name":"x"}]'),
        ('json\n[{"count": 1}]', '[{"count":2}]'),
        ('json\n{"is_private": true}', '{"is_private":1}'),
        ('json\n{"details": "{\\"count\\" : 1}"}', '{"details":"{\\"count\\": 2}"}'),
        ('json\n{"day": "2024-01-01"}', '{"day":"2024-01-02"}'),
        ("json\n[]", "exit 22: curl: (22)"),
        ("text\n206 0-1/60", "206 0-1/61\n"),
        ("text\n" + "ACGT" * 15, "ACGA" * 15),
        ("http\nHTTP/1.1 200 OK\nEtag: …\n\n[]", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n[]"),
        ("http\nHTTP/1.1 200 OK\n\n[]", "HTTP/1.1 201 Created\r\n\r\n[]"),
    ],
)
def test_output_that_differs_is_not_what_the_page_shows(block: str, output: str) -> None:
    """Compare everything else as a whole."""
    (example,) = examples(f"```sh\ncurl\n```\n```{block}\n```\n")

    assert not example.is_shown(output)
