"""Run as the program of a job: `python3 pipelines/lineages/run.py`."""

from __future__ import annotations

import sys
from pathlib import Path

# The worker starts this file by its path, in a folder of the job.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from pipelines import job  # noqa: E402
from pipelines.lineages.fetch import fetch_list  # noqa: E402

if __name__ == "__main__":
    sys.exit(job.run(fetch_list))
