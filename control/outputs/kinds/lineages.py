"""Register the files of lineages jobs: the lineages of a pathogen, and Pango's alias key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.outputs.kinds import Stored
from control.outputs.malformed import Malformed
from control.reference.alias_key import add_full_names, read_alias_key
from control.reference.lineages import LARGEST_FILE_BYTES, read_lineages, store_lineages

if TYPE_CHECKING:
    import psycopg

    from control.jobs.states import Job
    from control.outputs.job_files import JobFiles
    from control.outputs.manifest import Submission

FILES = ("lineage_list",)
OPTIONAL_FILES = ("alias_key",)


def register(
    conn: psycopg.Connection, job: Job, files: JobFiles, _submission: Submission
) -> Stored:
    """Replace the lineages of the pathogen; a list with less than half of them is wrong."""
    row = conn.execute(
        "select slug from aspen.pathogens where id = %s", [job.pathogen_id]
    ).fetchone()
    if row is None:
        raise ControlError(
            f"job {job.id} names no pathogen, so nobody knows whose lineages these are",
            "queue a job that names one: control job queue",
        )
    key: Mapping[str, str] = {}
    if "alias_key" in files:
        with _copied(files, "alias_key") as path:
            key = read_alias_key(path)
    with _copied(files, "lineage_list") as path:
        store_lineages(conn, row[0], add_full_names(read_lineages(path), key))
    return Stored()


@contextmanager
def _copied(files: JobFiles, kind: str) -> Iterator[Path]:
    """Return where a file is for as long as it is read; what is wrong with it fails the job."""
    with TemporaryDirectory() as folder, files.open(kind) as file:
        path = Path(folder) / kind
        path.write_bytes(file.content.read(LARGEST_FILE_BYTES + 1))
        try:
            yield path
        except ControlError as error:
            raise Malformed(file.name, None, error.message.replace(f"{path}", "it")) from error
