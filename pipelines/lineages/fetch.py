"""Fetch the list of the lineages of a pathogen; registration reads and checks it."""

from __future__ import annotations

from pathlib import Path

from pipelines import tools
from pipelines.job import Job
from pipelines.repository.download import fetch_source

LIST = Path("lineage_list")


def fetch_list(job: Job) -> None:
    """Fetch the list of the source, and hand it in."""
    source = job.inputs()["arguments"] or {}
    fetch_source(source.get("lineages_url"), LIST, "lineages", source.get("lineages_sha256"))
    job.upload(LIST, LIST.name)
    job.report(tools.own_versions())
