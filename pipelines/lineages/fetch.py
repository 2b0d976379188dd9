"""Fetch the lineages of a pathogen and their alias key; registration reads and checks them."""

from __future__ import annotations

from pathlib import Path

from pipelines import tools
from pipelines.job import Job
from pipelines.repository.download import fetch_source

LIST = Path("lineage_list")
ALIAS_KEY = Path("alias_key")


def fetch_list(job: Job) -> None:
    """Fetch the list of the source, and its alias key if it has one, and hand them in."""
    source = job.inputs()["arguments"] or {}
    fetch_source(source.get("lineages_url"), LIST, "lineages", source.get("lineages_sha256"))
    job.upload(LIST, LIST.name)
    if url := source.get("alias_key_url"):
        fetch_source(url, ALIAS_KEY, "alias key", source.get("alias_key_sha256"))
        job.upload(ALIAS_KEY, ALIAS_KEY.name)
    job.report(tools.own_versions())
