"""Write files from a migrated database and the rules: pages of docs/, snapshots for review.

`make docs` and `make snapshot` run `python -m tests.catalog.generated docs` and `… snapshot`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg

from control.schema.migrate import apply_all
from control.schema.versions import CURRENT, versions_in
from tests.catalog.conventions import conventions_page
from tests.catalog.jobs_page import PAGE, jobs_page
from tests.catalog.schema_page import schema_page
from tests.catalog.schema_picture import schema_picture
from tests.servers import SETTINGS, run_cluster

SNAPSHOTS = Path(__file__).parent / "snapshots"
Generator = Callable[[psycopg.Connection], str]


def _snapshot_of(query: Path, schema: str = CURRENT) -> Generator:
    """Return what lists the facts a query finds: one a line, sorted by their bytes.

    `schema` stands in the place of the current version of the API.
    """

    def snapshot(conn: psycopg.Connection) -> str:
        statement = query.read_text("utf-8").replace(f"'{CURRENT}'", f"'{schema}'")
        facts = sorted(str(fact) for (fact,) in conn.execute(statement.encode()))
        return f"# Written by make snapshot from {query.name}; review what changes.\n" + "".join(
            f"{fact}\n" for fact in facts
        )

    return snapshot


def version_snapshot(version: str) -> Generator:
    """Return what lists what clients of a previous version meet."""
    return _snapshot_of(SNAPSHOTS / "api.sql", version)


# What must stay as it is: a snapshot of these is written once.
KEPT = {SNAPSHOTS / f"{version}.txt": version for version in versions_in(SETTINGS.root)}
# What writes each file, by target of the Makefile.
TARGETS: dict[str, dict[Path, Generator]] = {
    "docs": {
        # No database has to do with it.
        SETTINGS.root / "docs/conventions.md": lambda conn: conventions_page(SETTINGS.root),
        PAGE: jobs_page,
        SETTINGS.root / "docs/schema.md": schema_page,
        SETTINGS.root / "docs/schema.svg": schema_picture,
    },
    "snapshot": {
        query.with_suffix(".txt"): _snapshot_of(query) for query in sorted(SNAPSHOTS.glob("*.sql"))
    }
    | {path: version_snapshot(version) for path, version in KEPT.items()},
}


def generate(conn: psycopg.Connection, generator: Generator) -> str:
    """Return what a generator writes of a database; names are written with their schema."""
    with conn.transaction():
        conn.execute("set local search_path = pg_catalog")
        return generator(conn)


def main(*targets: str) -> None:
    """Migrate a database of a server of its own, and write the files of some targets."""
    files = {path: generator for target in targets for path, generator in TARGETS[target].items()}
    with (
        tempfile.TemporaryDirectory(prefix="aspen-") as directory,
        run_cluster(Path(directory)) as cluster,
        cluster.database("aspen_generated") as database,
    ):
        apply_all(database.url, SETTINGS.root)
        for path, generator in files.items():
            if path in KEPT and path.exists():
                print(f"kept {path.relative_to(SETTINGS.root)}: a previous version stays as it is")
                continue
            with psycopg.connect(database.url_of("postgres")) as conn:
                path.write_text(generate(conn, generator), "utf-8")
            print(f"wrote {path.relative_to(SETTINGS.root)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
