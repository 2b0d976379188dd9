"""Run as the program of a job: `python -m pipelines.nextclade`."""

from __future__ import annotations

import sys

from pipelines import job
from pipelines.nextclade.judge import judge_genomes

if __name__ == "__main__":
    sys.exit(job.run(judge_genomes))
