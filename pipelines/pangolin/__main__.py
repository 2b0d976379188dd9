"""Run as the program of a job: `python -m pipelines.pangolin`."""

from __future__ import annotations

import sys

from pipelines import job
from pipelines.pangolin.call import call_lineages

if __name__ == "__main__":
    sys.exit(job.run(call_lineages))
