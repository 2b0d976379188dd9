"""Run as the program of a job: `python -m pipelines.phylo`."""

from __future__ import annotations

import sys

from pipelines import job
from pipelines.phylo.build import build_tree

if __name__ == "__main__":
    sys.exit(job.run(build_tree))
