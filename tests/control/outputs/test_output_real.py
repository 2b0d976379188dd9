"""Real outputs of pangolin and Nextclade, and a real tree, are registered.

The files are not in the repository: ASPEN_TEST_DATA names their folder.
"""

from __future__ import annotations

import json
import os

import pytest

from control.outputs.formats.auspice import parse_dataset
from control.outputs.formats.json_values import dump
from tests import factories
from tests.control.outputs.desk import Desk
from tests.servers import SETTINGS

DATA = (SETTINGS.root / os.environ.get("ASPEN_TEST_DATA", "../shared/data")).resolve()
FILES = (
    "lineage_report.csv",
    "nextclade.csv",
    "tag.json",
    "nextclade.aligned.fasta",
    "ncov_tree.json",
)

pytestmark = pytest.mark.skipif(
    not all((DATA / name).is_file() for name in FILES),
    reason=f"{DATA} has not all of {', '.join(FILES)}; ASPEN_TEST_DATA names their folder",
)


def content(name: str) -> bytes:
    """Return the content of one of the files."""
    return (DATA / name).read_bytes()


def add_samples(draft: Desk, *sample_ids: int) -> None:
    """Create samples with the ids in the files."""
    for sample_id in sample_ids:
        factories.sample(draft.conn, draft.group_id, id=sample_id)


def test_real_lineage_report_is_registered(draft: Desk) -> None:
    """Register two genomes that pangolin found among the designated ones."""
    add_samples(draft, 3, 4)
    job = draft.job("pangolin", [3, 4])

    draft.store(job, draft.report(job, content("lineage_report.csv")))

    assert draft.rows(
        "select sample_id, lineage, lineage_software_version, lineage_probability"
        " from aspen.sample_lineages order by sample_id"
    ) == [(3, "B", "PANGO-v1.2.133", 100.0), (4, "B", "PANGO-v1.2.133", 100.0)]
    assert draft.rows("select software_versions from aspen.jobs") == [
        {"pangolin": "4.0.1", "scorpio": "0.3.16", "constellations": "v0.1.4"}
    ]


def test_real_nextclade_files_are_registered(draft: Desk) -> None:
    """Register two genomes, one of them bad; the alignment holds one record."""
    add_samples(draft, 1, 2)
    job = draft.job("nextclade", [1, 2])
    files = (content(name) for name in ("nextclade.csv", "nextclade.aligned.fasta", "tag.json"))

    done = draft.store(job, draft.qc(job, *files, software_versions={"nextclade": "2.9.1"}))

    assert done.results is not None
    assert done.results.samples_without_alignment == [2]
    assert draft.rows(
        "select metrics.sample_id, metrics.qc_score, metrics.qc_status,"
        " cardinality(mutations.substitutions), cardinality(mutations.aa_deletions)"
        " from aspen.sample_qc_metrics as metrics"
        " inner join aspen.sample_mutations as mutations using (group_id, sample_id)"
        " order by metrics.sample_id"
    ) == [(1, 18.0625, "good", 37, 4), (2, 200.694444, "bad", 32, 4)]
    assert draft.rows("select name, accession, tag from aspen.reference_datasets") == [
        ("sars-cov-2", "MN908947", "2022-11-15T12:00:00Z")
    ]


def test_real_tree_joins_to_what_it_was() -> None:
    """Compare every member of every node."""
    text = content("ncov_tree.json").decode()

    cut = parse_dataset(text, ["hCoV-19"])

    pieces = (
        json.dumps(tip.full_name) + tip.segment.removeprefix(dump(tip.name)) for tip in cut.tips
    )
    whole = json.loads(cut.document) | {"tree": json.loads(cut.lead_text + "".join(pieces))}
    assert whole == json.loads(text)
