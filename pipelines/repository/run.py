"""Run as the program of a job: `python3 pipelines/repository/run.py`."""

from __future__ import annotations

import sys
from pathlib import Path

# The worker starts this file by its path, in a folder of the job.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from pipelines import job  # noqa: E402
from pipelines.repository.align import align  # noqa: E402
from pipelines.repository.download import download  # noqa: E402
from pipelines.repository.process import process  # noqa: E402

STEPS = {
    "repository_download": download,
    "repository_processing": process,
    "repository_alignment": align,
}

if __name__ == "__main__":
    sys.exit(job.run(lambda one: STEPS[one.inputs()["kind"]](one)))
