"""The longest request while `control migrate up` loads code, and while it does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import psycopg

from control.errors import ControlError
from control.stack.state import SUPERUSER
from tests.bench.import_group import GROUP, SUBJECT, empty, location_of
from tests.bench.load import Load, Service, load_mix
from tests.bench.report import Report, Side, below
from tests.bench.servers import HERE, Bench

SAMPLES = 2_000
SECONDS, LOAD_AFTER, ROUNDS = 20, 1.5, 3
# What a load may cost those who ask while it runs.
LONGEST_MS = 200
CONTROL = "from control.cli import main; main()"

# Of policies that write: fences are under a safety rule, and what is read has its plans.
POLICY = r"(for (?:insert|update|delete) to [\w, ]+\n(?:using|with check)) \("

Change = Callable[[Path, int], None]


def run(bench: Bench, report: Report) -> None:
    """Let eight clients read and write, and change the code under them."""
    report.title(f"pause: 8 clients read and write {SAMPLES:,} samples while code is loaded")
    database = bench.database("pause", HERE / "import.sql")
    empty(bench, database)
    with bench.connect(SUPERUSER, database) as conn:
        # The safety rules refuse the logins of other benchmarks.
        conn.execute((HERE / "no_sides.sql").read_bytes())
    with bench.connect("control", database) as conn:
        store(conn, location_of(bench, database))
    token = bench.token(SUBJECT, {GROUP: "member"})
    rounds: dict[str, list[Load]] = {name: [] for name in CASES}
    with (
        TemporaryDirectory(dir=bench.settings.data_dir) as folder,
        bench.postgrest(database) as service,
    ):
        copy_checkout(bench.settings.root, Path(folder))
        # Plans and caches are made by whoever comes first.
        load_mix(service, REQUESTS, token, 3)
        for number in range(ROUNDS):
            for name, change in CASES.items():
                shutil.rmtree(folder)
                copy_checkout(bench.settings.root, Path(folder))
                migrate = Migrate(bench, database, service, Path(folder))
                # Otherwise this case would take back what the case before changed.
                migrate.run("up")
                change(Path(folder), number)
                # Whatever the round before left the servers to do is done in this time.
                load_mix(service, REQUESTS, token, 2)
                if change is not nothing:
                    migrate.start()
                rounds[name].append(load_mix(service, REQUESTS, token, SECONDS))
                if change is not nothing:
                    migrate.finish(is_good=change is not failing_file)
                if change is new_column:
                    migrate.run("down", "--yes")
    empty(bench, database)
    for name, loads in rounds.items():
        longest = Side(f"longest request, {name}", tuple(one.longest_ms for one in loads), "ms")
        report.sides([longest])
        if name != "no load":
            report.bound(f"longest request, {name}", longest, below(LONGEST_MS))


def store(conn: psycopg.Connection, location: int) -> None:
    """Store samples that everybody reads and changes."""
    conn.execute(
        "insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select %(group)s, 1, %(location)s, 'P-' || number, 'P-' || number, '2024-01-01'"
        " from generate_series(1, %(samples)s) as numbers (number)",
        {"group": GROUP, "location": location, "samples": SAMPLES},
    )
    conn.execute("analyze")


REQUESTS = (
    ("GET", "/samples?limit=20&order=id.desc", ""),
    ("GET", "/samples?select=*,sample_lineages(*)&limit=20&order=id", ""),
    ("PATCH", "/samples?private_identifier=eq.P-%d", '{"host": "Host %d"}'),
    ("GET", "/jobs?limit=20", ""),
    ("GET", "/me", ""),
    ("GET", "/locations?limit=20", ""),
)


def nothing(root: Path, number: int) -> None:
    """Change nothing."""


def one_function(root: Path, number: int) -> None:
    """Change the body of a function that every request calls."""
    edit(root / "sql/authz/identify_caller.sql", r"\nbegin\n", f"\nbegin\n    -- {number}\n")


def one_policy(root: Path, number: int) -> None:
    """Change a policy of the most used table."""
    edit(root / "sql/policies/samples.sql", POLICY, rf"\1 ({number} = {number} and ")


def everything(root: Path, number: int) -> None:
    """Change every function that has a body, every view and every policy."""
    for path in (root / "sql").glob("*/**/*.sql"):
        if path.parent.name != "tables":
            edit(path, r"\$\$\n(?=(declare|begin|with|select))", f"$$$$\n-- {number}\n")
            edit(path, POLICY, rf"\1 ({number} = {number} and ")
            option = str(number % 2 == 0).lower()
            edit(path, r"security_invoker = true", rf"\g<0>, security_barrier = {option}")


def failing_file(root: Path, number: int) -> None:
    """Change everything, and make the last file fail."""
    everything(root, number)
    with (root / "sql/api/functions/job_outputs/output_url.sql").open("a") as file:
        file.write("\nselect nothing_of_this_name;\n")


def new_column(root: Path, number: int) -> None:
    """Change everything, and before it a table that is in use."""
    everything(root, number)
    for suffix, change in (("", "add bench text"), (".rollback", "drop bench")):
        (root / f"migrations/9999_change_lineages{suffix}.sql").write_text(
            f"-- depends:\nalter table aspen.sample_lineages {change};\n"
        )


CASES: dict[str, Change] = {
    "no load": nothing,
    "one function": one_function,
    "one policy": one_policy,
    "everything": everything,
    "everything and a migration": new_column,
    "a failing file": failing_file,
}


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace the matches of a pattern in a file."""
    path.write_text(re.sub(pattern, replacement.replace("$$$$", "$$"), path.read_text()))


def copy_checkout(source: Path, root: Path) -> None:
    """Copy the files that a database is made of, so that they can be changed."""
    for folder in ("sql", "migrations"):
        shutil.copytree(source / folder, root / folder, dirs_exist_ok=True)
    shutil.copy(source / "postgrest.conf", root)


class Migrate:
    """`control migrate up` as a process of its own, which starts after the requests."""

    def __init__(self, bench: Bench, database: str, service: Service, root: Path) -> None:
        self._environment = {
            "PATH": os.defpath,
            "ASPEN_ROOT": str(root),
            "ASPEN_DATA_DIR": str(bench.settings.data_dir),
            "ASPEN_DATABASE_URL": bench.url("control", database),
            "ASPEN_API_URL": service.url,
        }
        self._done: subprocess.CompletedProcess[str] | None = None
        self._thread = Thread(target=self._later)

    def start(self) -> None:
        """Begin in a moment."""
        self._thread.start()

    def finish(self, *, is_good: bool) -> None:
        """Wait for its end and require success."""
        if self._thread.is_alive():
            raise ControlError(
                f"the load took longer than the {SECONDS} s it is measured in",
                "run it again when less else is going on",
            )
        assert self._done is not None
        if (self._done.returncode == 0) is not is_good:
            raise ControlError(f"control migrate: {self._done.stderr}", "see above")

    def run(self, *arguments: str) -> None:
        """Run `control migrate …` to its end."""
        self._done = subprocess.run(
            [sys.executable, "-c", CONTROL, "migrate", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
        )

    def _later(self) -> None:
        time.sleep(LOAD_AFTER)
        self.run("up")
