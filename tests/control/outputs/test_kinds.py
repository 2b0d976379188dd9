"""A kind of job is rows and a module, added as docs/jobs.md says, without any other change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules

import psycopg
import pytest

from control.errors import ControlError
from control.jobs import kinds as run_by_control
from control.outputs import kinds
from control.outputs.manifest import missing_files
from control.schema.migrate import apply_all, build_from_nothing
from tests import factories
from tests.control.outputs.desk import Desk
from tests.servers import S3, SETTINGS, Cluster, Database

ROWS = """
insert into aspen.job_kinds (name, is_queued_for_sequences, is_dataset_needed, lineage_caller)
values ('gc_content', true, false, null);

insert into aspen.job_output_kinds (name, job_kind)
values ('gc_report', 'gc_content');
"""
MODULE = '''
"""Register gc_content jobs: a report of one number."""

from control.outputs.kinds import Stored

FILES = ("gc_report",)


def register(conn, job, files, submission):
    with files.open("gc_report") as file:
        return Stored(software_versions={"gc": file.stream.read().decode()})
'''


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a checkout to which a kind was added as docs/jobs.md says."""
    for folder in ("sql", "migrations"):
        shutil.copytree(SETTINGS.root / folder, tmp_path / folder)
    newest = max(path.stem for path in (tmp_path / "migrations").glob("*[!k].sql"))
    migration = tmp_path / f"migrations/{int(newest[:4]) + 1:04}_add_gc_content.sql"
    head = f"-- depends: {newest}\n\nset local role none;\n"
    migration.write_text(f"{head}{ROWS}\nset local role aspen_owner;\n")
    migration.with_suffix(".rollback.sql").write_text("-- The rows harm nobody.\n")
    for table, statement in zip(("job_kinds", "job_output_kinds"), ROWS.split("\n\n"), strict=True):
        with (tmp_path / f"sql/tables/{table}.sql").open("a") as file:
            file.write(f"\n{statement}\n")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/gc_content.py").write_text(MODULE)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path / "modules")])
    kinds.job_kinds.cache_clear()
    yield tmp_path
    kinds.job_kinds.cache_clear()


def kinds_in(conn: psycopg.Connection) -> dict[str, set[str]]:
    """Read the kinds of jobs, and of the files of each."""
    return {
        kind: set(files)
        for kind, files in conn.execute(
            "select kinds.name, array_agg(files.name) from aspen.job_kinds as kinds"
            " inner join aspen.job_output_kinds as files on kinds.name = files.job_kind"
            " group by kinds.name"
        )
    }


def test_added_kind_is_queued_and_registered(
    checkout: Path, database: Database, conn: psycopg.Connection, s3: S3
) -> None:
    """Add it by the migration on a database in use, without a change of any other file."""
    apply_all(database.url, checkout)
    desk = Desk(conn, database, s3)
    sample = factories.sample(conn, desk.group_id)

    factories.sequence(conn, sample)
    [job] = desk.rows("select id from aspen.jobs where kind = 'gc_content'")
    assert desk.rows("select sample_id from aspen.job_samples where job_id = %s", job) == [sample]
    desk.store(job, desk.submit(job, "gc_content", {"gc_report": "0.5"}))

    assert desk.rows("select status, software_versions from aspen.jobs where id = %s", job) == [
        ("succeeded", {"gc": "0.5"})
    ]
    assert desk.rows("select kind from aspen.job_outputs") == ["gc_report"]


def test_added_kind_is_there_from_nothing(
    checkout: Path, database: Database, empty_database: Database, conn: psycopg.Connection
) -> None:
    """Compare the rows of sql/tables with those of the migrations."""
    apply_all(database.url, checkout)
    build_from_nothing(empty_database.url, checkout)
    with empty_database.connect() as other:
        assert "gc_content" in kinds_in(conn)
        assert kinds_in(conn) == kinds_in(other)


def test_migrations_and_sql_store_the_same_kinds(cluster: Cluster, template: Database) -> None:
    """Compare rows, which the schema differ does not."""
    statements = [
        f"select to_jsonb(kinds) from aspen.{table} as kinds order by name"  # noqa: S608
        for table in ("job_kinds", "job_output_kinds")
    ]
    with (
        cluster.database("aspen_kinds_migrated", template.name) as migrated,
        cluster.database("aspen_kinds_from_nothing") as from_nothing,
    ):
        build_from_nothing(from_nothing.url, SETTINGS.root)
        stored = []
        for database in (migrated, from_nothing):
            with database.connect() as conn:
                stored.append([conn.execute(one.encode()).fetchall() for one in statements])

    assert stored[0] == stored[1]


def test_modules_and_rows_are_the_same_kinds(admin: psycopg.Connection) -> None:
    """List the same files, so that the database takes what a module registers.

    A kind that runs in control stores its outputs itself.
    """
    run_here = {module.name for module in iter_modules(run_by_control.__path__)}
    registered = {name: files for name, files in kinds_in(admin).items() if name not in run_here}

    assert registered == {name: set(kind.all_files) for name, kind in kinds.job_kinds().items()}


@pytest.mark.parametrize(
    ("view", "table"), [("jobs", "job_kinds"), ("job_outputs", "job_output_kinds")]
)
def test_comments_name_every_kind(admin: psycopg.Connection, view: str, table: str) -> None:
    """Name each there, because clients read there what there is."""
    comment = admin.execute(
        "select col_description(attrelid, attnum) from pg_attribute"
        " where attrelid = %s::regclass and attname = 'kind'",
        [f"api.{view}"],
    ).fetchall()[0][0]
    names = admin.execute(f"select name from aspen.{table}".encode()).fetchall()  # noqa: S608

    assert [name for (name,) in names if name not in comment] == []


def test_files_of_every_kind_are_described() -> None:
    """Say in docs/manifest.md what is read of them."""
    page = (SETTINGS.root / "docs/manifest.md").read_text("utf-8")
    names = [*kinds.job_kinds(), *kinds.file_kinds()]

    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_kind_without_a_module_is_refused() -> None:
    """Pass it over: the database may have been migrated by a newer version."""
    with pytest.raises(ControlError) as caught:
        missing_files("gc_content", [])

    assert caught.value.message == "no module of this version registers a gc_content"
    assert caught.value.remedy
