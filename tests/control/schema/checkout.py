"""A small checkout of its own: two tables, one of every kind of code, real schemas and roles."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result

from control.cli import cli
from tests.servers import SQL_DIR, Database

USERS = """\
create table aspen.users (id bigint primary key);
alter table aspen.users enable row level security, force row level security;
"""
NOTES = """\
create table aspen.notes (id bigint primary key, body text);
alter table aspen.notes enable row level security, force row level security;
"""
FILES = {
    "sql/load.sql": """\
-- Contents.
\\ir schemas.sql

\\ir tables/users.sql
\\ir tables/notes.sql

\\ir authz/user_id.sql
\\ir internal/shout.sql
\\ir policies/notes.sql
\\ir api/views/notes.sql
\\ir api/functions/latest_note.sql
""",
    "sql/tables/users.sql": USERS,
    "sql/tables/notes.sql": NOTES,
    "sql/authz/user_id.sql": """\
create function authz.user_id() returns bigint language sql stable set search_path = ''
as $$ select 1::bigint; -- a semicolon; 100 % of it $$;

grant execute on function authz.user_id() to member;
""",
    "sql/internal/shout.sql": """\
create function internal.shout() returns trigger language plpgsql set search_path = ''
as $$ begin new.body := format('%s!', new.body); return new; end $$;

create domain internal."text/x-shout" as text constraint is_loud check (value like '%!');
""",
    "sql/policies/notes.sql": """\
grant select on aspen.notes to member;

create policy notes_select_all on aspen.notes for select to member using (authz.user_id() = 1);

create trigger notes_shout before insert on aspen.notes
for each row execute function internal.shout();
""",
    "sql/api/views/notes.sql": """\
create view api.notes with (security_invoker = true) as
select notes.id, notes.body from aspen.notes;

alter view api.notes alter column body set default 'nothing';

grant select on api.notes to member;
""",
    "sql/api/functions/latest_note.sql": """\
create function api.latest_note() returns setof api.notes language sql stable
begin atomic
    select notes.id, case when true then notes.body end from api.notes order by id desc limit 1;
end;

grant execute on function api.latest_note() to member;

create function internal.loudest(notes api.notes[]) returns internal."text/x-shout"
language sql immutable return 'all!'::internal."text/x-shout";

create aggregate api.notes_shouted(api.notes) (
    sfunc = array_append, stype = api.notes[], finalfunc = internal.loudest, initcond = '{}'
);
""",
    "migrations/0001_create_users.sql": f"""\
-- People.
-- depends:

{USERS}""",
    "migrations/0001_create_users.rollback.sql": "drop table aspen.users;\n",
    "migrations/0002_create_notes.sql": f"""\
-- What people write.
-- depends: 0001_create_users

{NOTES}""",
    "migrations/0002_create_notes.rollback.sql": "drop table aspen.notes;\n",
}


@dataclass(frozen=True)
class Checkout:
    """Files in a directory, and the database that `control migrate` brings to what they say."""

    root: Path
    database: Database
    extra_environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, root: Path, database: Database) -> Checkout:
        """Write the files; schemas.sql is the real one."""
        checkout = cls(root, database)
        for path, text in FILES.items():
            checkout.write(path, text)
        checkout.write("sql/schemas.sql", (SQL_DIR / "schemas.sql").read_text())
        checkout.write("postgrest.conf", "")
        return checkout

    @classmethod
    def copy_of(cls, source: Path, root: Path, database: Database) -> Checkout:
        """Copy the files of a real checkout, free to be changed."""
        for folder in ("sql", "migrations"):
            shutil.copytree(source / folder, root / folder)
        checkout = cls(root, database)
        checkout.write("postgrest.conf", "")
        return checkout

    @property
    def environment(self) -> dict[str, str]:
        """Return what makes the command line use these files and this database."""
        return {
            **self.database.environment,
            "ASPEN_ROOT": str(self.root),
            **self.extra_environment,
        }

    def write(self, path: str, text: str) -> None:
        """Create or replace one file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def write_migration(self, name: str, text: str, rollback: str = "-- Nothing.\n") -> None:
        """Create or replace a migration and its rollback."""
        self.write(f"migrations/{name}.sql", text)
        self.write(f"migrations/{name}.rollback.sql", rollback)

    def append(self, path: str, text: str) -> None:
        """Add to one file."""
        self.write(path, (self.root / path).read_text() + text)

    def list_in_contents(self, path: str) -> None:
        """Add a line to the contents page."""
        self.append("sql/load.sql", f"\\ir {path}\n")

    def remove_code(self, path: str) -> None:
        """Delete one file of sql/ and its line of the contents page."""
        contents = (self.root / "sql/load.sql").read_text()
        self.write("sql/load.sql", contents.replace(f"\\ir {path}\n", ""))
        (self.root / "sql" / path).unlink()

    def migrate(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run `control migrate …` in this process."""
        return CliRunner().invoke(cli, ["migrate", *arguments], input=stdin, env=self.environment)

    def migrating(self, *arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """`control migrate …` as a process of its own, killed at the end if it still runs."""
        return self.running("migrate", *arguments)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`control …` as a process of its own, killed at the end if it still runs."""
        with subprocess.Popen(
            [Path(sys.executable).with_name("control"), *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A suite that was started in the background ignores it, and so would this.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def fetch(self, query: str) -> list[tuple[object, ...]]:
        """Return the rows of a query, as role control."""
        with self.database.connect() as conn:
            return conn.execute(query.encode()).fetchall()

    def write_rows(self, statement: str) -> None:
        """Run a statement as role control, whom no policy holds back."""
        with self.database.connect() as conn:
            conn.execute(statement.encode())

    def execute(self, statement: str) -> None:
        """Run a statement as the owner of everything."""
        with self.database.connect(options="-c role=aspen_owner") as conn:
            conn.execute(statement.encode())


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Return whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
