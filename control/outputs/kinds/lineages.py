"""Register the files of lineages jobs: the list of the lineages of a pathogen."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.outputs.kinds import Stored
from control.outputs.malformed import Malformed
from control.reference.lineages import LARGEST_FILE_BYTES, read_lineages, store_lineages

if TYPE_CHECKING:
    import psycopg

    from control.jobs.states import Job
    from control.outputs.job_files import JobFiles
    from control.outputs.manifest import Submission

FILES = ("lineage_list",)


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
    with TemporaryDirectory() as folder, files.open("lineage_list") as file:
        path = Path(folder) / "lineage_list"
        path.write_bytes(file.content.read(LARGEST_FILE_BYTES + 1))
        try:
            store_lineages(conn, row[0], read_lineages(path))
        except ControlError as error:
            raise Malformed(file.name, None, error.message.replace(f"{path}", "it")) from error
    return Stored()
