"""The files generated from the catalogue are up to date."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.catalog.generated import TARGETS, generate
from tests.catalog.jobs_page import jobs_page
from tests.servers import SETTINGS

FILES = [(target, path) for target, files in TARGETS.items() for path in files]


@pytest.mark.parametrize(
    ("target", "path"), FILES, ids=[f"{path.relative_to(SETTINGS.root)}" for _, path in FILES]
)
def test_generated_file_is_what_the_catalogue_says(
    superuser: psycopg.Connection, target: str, path: Path
) -> None:
    """Show each change of the database in a file that is reviewed."""
    generated = generate(superuser, TARGETS[target][path])

    assert path.read_text("utf-8") == generated, f"run make {target} and review the diff"


@pytest.mark.parametrize(
    ("change", "file", "lines"),
    [
        pytest.param(
            "grant select on aspen.usher_options to anon",
            "privileges",
            {"table aspen.usher_options: select to anon"},
            id="table privilege",
        ),
        pytest.param(
            "grant update (email) on aspen.users to member",
            "privileges",
            {"column aspen.users.email: update to member"},
            id="column privilege",
        ),
        pytest.param(
            "grant execute on function internal.hmac_sha256(bytea, bytea) to public",
            "privileges",
            {"function internal.hmac_sha256(bytea,bytea): execute to public"},
            id="function",
        ),
        pytest.param(
            "alter policy lineages_select_member on aspen.lineages to anon",
            "policies",
            {
                "aspen.lineages: lineages_select_member: permissive for select to anon using true",
                "aspen.lineages: lineages_select_member: permissive for select to api_writer,"
                " member using true",
            },
            id="roles of a policy",
        ),
        pytest.param(
            "alter table aspen.jobs no force row level security",
            "policies",
            {
                "aspen.jobs: row-level security on",
                "aspen.jobs: row-level security on, forced",
            },
            id="forced row-level security",
        ),
        pytest.param(
            "alter table aspen.jobs disable trigger jobs_set_updated_at",
            "triggers",
            {
                "aspen.jobs: jobs_set_updated_at BEFORE UPDATE ON aspen.jobs FOR EACH ROW"
                " EXECUTE FUNCTION internal.set_updated_at()",
                "aspen.jobs: jobs_set_updated_at BEFORE UPDATE ON aspen.jobs FOR EACH ROW"
                " EXECUTE FUNCTION internal.set_updated_at() (D)",
            },
            id="trigger",
        ),
        pytest.param(
            "alter view api.jobs alter column status set default 'queued'",
            "api",
            {
                "view jobs, column status: text not null",
                "view jobs, column status: text not null default 'queued'::text",
            },
            id="default of a view",
        ),
        pytest.param(
            "grant execute on function api.cancel_job(bigint) to anon",
            "api",
            {
                "function cancel_job(job_id bigint) returns SETOF api.jobs: volatile, called by"
                " anon, member, operator",
                "function cancel_job(job_id bigint) returns SETOF api.jobs: volatile, called by"
                " member, operator",
            },
            id="function of the API",
        ),
    ],
)
def test_snapshot_changes_by_the_line_that_says_it(
    superuser: psycopg.Connection, change: str, file: str, lines: set[str]
) -> None:
    """Change one line: a snapshot that cannot change would prove nothing."""
    path = SETTINGS.root / f"tests/catalog/snapshots/{file}.txt"
    before = set(generate(superuser, TARGETS["snapshot"][path]).splitlines())
    superuser.execute(change.encode())
    after = set(generate(superuser, TARGETS["snapshot"][path]).splitlines())

    assert before ^ after == lines


def test_new_column_is_on_the_schema_page(superuser: psycopg.Connection) -> None:
    """Write its type, its default and its comment."""
    path = SETTINGS.root / "docs/schema.md"
    superuser.execute("alter table aspen.users add column nickname text not null default 'x'")
    superuser.execute("comment on column aspen.users.nickname is 'What friends say'")
    page = generate(superuser, TARGETS["docs"][path])

    assert "| `nickname` | `text` |  | `'x'::text` | What friends say |\n" in page


def test_new_reference_is_in_the_picture(superuser: psycopg.Connection) -> None:
    """Name the column in the box of its table."""
    path = SETTINGS.root / "docs/schema.svg"
    before = generate(superuser, TARGETS["docs"][path])
    superuser.execute(
        "alter table aspen.users add column home_id bigint references aspen.locations (id)"
    )
    after = generate(superuser, TARGETS["docs"][path])

    assert ("home_id" in before, "home_id" in after) == (False, True)


def test_new_step_of_a_job_is_in_the_picture(superuser: psycopg.Connection) -> None:
    """Draw an end that a step leads away from as no end any more."""
    superuser.execute(
        "create or replace function internal.job_transitions()"
        " returns table (action text, from_status text, to_status text)"
        " language sql immutable set search_path = ''"
        " as $$ values ('queue', null, 'queued'), ('fail', 'queued', 'failed'),"
        " ('retry', 'failed', 'queued'), ('cancel', 'queued', 'cancelled') $$"
    )
    page = jobs_page(superuser)

    assert "    failed --> queued: retry\n" in page
    assert "    [*] --> queued: queue\n" in page
    assert [line for line in page.splitlines() if line.endswith("--> [*]")] == [
        "    cancelled --> [*]"
    ]
