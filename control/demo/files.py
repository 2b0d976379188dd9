"""Write the outbreak as files: what a laboratory uploads, and what the jobs produce."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from control.demo.outbreak import GENOME_LENGTH, LOCATIONS, DemoSample, Node, tips
from control.samples.fasta import write_record

METADATA_COLUMNS = (
    "strain",
    "lab_number",
    "date",
    "region",
    "country",
    "division",
    "location",
    "host",
    "authors",
    "originating_lab",
    "is_private",
)
PRIVATE_IDENTIFIER_COLUMN = "lab_number"
LABORATORY = "Demo Bay Laboratory"
UPDATED = "2021-08-01"
LEVELS = ("country", "division", "location")
DATASET = {
    "name": "demo",
    "nameFriendly": "Aspen's demo",
    "reference": {"accession": "DEMO0001", "source": "demo", "strainName": "DEMO/root/2021"},
    "tag": "2021-08-01T00:00:00Z",
}
EMPTY_QC_COLUMNS = (
    "insertions",
    "deletions",
    "aaSubstitutions",
    "aaInsertions",
    "aaDeletions",
    "warnings",
    "errors",
)
# A contextual data set has the columns of Nextstrain's files.
CONTEXT_COLUMNS = (
    "strain",
    "genbank_accession",
    "date",
    "region",
    "country",
    "division",
    "location",
    "pango_lineage",
    "host",
    "length",
)
CONTEXT_SEED, CONTEXT_COUNT, CONTEXT_MUTATIONS = 20210801, 40, 5
# Shares of missing sites above which QC is mediocre or bad.
MEDIOCRE, BAD = 0.04, 0.1


def write_upload(folder: Path, root: Node) -> tuple[Path, Path]:
    """Write metadata and sequences to a folder, as a laboratory keeps them."""
    metadata, sequences = folder / "metadata.tsv", folder / "sequences.fasta"
    with metadata.open("w") as table, sequences.open("w") as fasta:
        table.write("\t".join(METADATA_COLUMNS) + "\n")
        for node, sample in tips(root):
            location = node.location
            row = (
                sample.strain,
                sample.private_identifier,
                node.date.isoformat(),
                *(location.region, location.country, location.division, location.location),
                "Homo sapiens",
                "Bay et al",
                LABORATORY,
                json.dumps(sample.is_private),
            )
            table.write("\t".join(str(cell or "?") for cell in row) + "\n")
            write_record(fasta, sample.strain, sample.genome)
    return metadata, sequences


def auspice_json(root: Node, title: str = "Aspen's demo outbreak") -> bytes:
    """Return the tree of a phylo run, as augur exports it."""
    document = {
        "version": "v2",
        "meta": {
            "title": title,
            "updated": UPDATED,
            "panels": ["tree", "map", "entropy"],
            "maintainers": [{"name": LABORATORY}],
            "genome_annotations": {
                "nuc": {"start": 1, "end": GENOME_LENGTH, "strand": "+", "type": "source"}
            },
            "colorings": [
                {"key": "num_date", "title": "Sampling date", "type": "continuous"},
                {"key": "lineage", "title": "Lineage", "type": "categorical"},
                *(
                    {"key": level, "title": level.title(), "type": "categorical"}
                    for level in LEVELS
                ),
            ],
            "filters": [*LEVELS, "lineage"],
            "geo_resolutions": [{"key": level, "demes": _demes(level)} for level in LEVELS],
            "display_defaults": {"color_by": "division", "geo_resolution": "division"},
        },
        "tree": _auspice_node(root),
    }
    return json.dumps(document).encode()


def _demes(level: str) -> dict[str, dict[str, float]]:
    """Return the coordinates of the locations of a level."""
    depth = LEVELS.index(level)
    found = {}
    for location, (latitude, longitude) in LOCATIONS.items():
        names = [getattr(location, key) for key in LEVELS]
        if names[depth] and not any(names[depth + 1 :]):
            found[names[depth]] = {"latitude": latitude, "longitude": longitude}
    return found


def _auspice_node(node: Node) -> dict[str, Any]:
    year_start = date(node.date.year, 1, 1)
    attributes: dict[str, Any] = {
        "div": node.divergence,
        "num_date": {"value": round(node.date.year + (node.date - year_start).days / 365, 3)},
    }
    for level in LEVELS:
        attributes[level] = {"value": getattr(node.location, level)}
    if node.sample is not None:
        attributes["lineage"] = {"value": node.sample.lineage}
    found: dict[str, Any] = {
        "name": node.name,
        "node_attrs": attributes,
        "branch_attrs": {"mutations": {"nuc": node.mutations} if node.mutations else {}},
    }
    if node.children:
        found["children"] = [_auspice_node(child) for child in node.children]
    return found


def write_context(folder: Path, root: Node) -> tuple[Path, Path]:
    """Write an aligned data set of a repository: relatives of the outbreak from elsewhere."""
    sequences, metadata = folder / "aligned.fasta", folder / "metadata.tsv"
    # Not for secrets: the same mutations every time are intended.
    mutating = random.Random(CONTEXT_SEED)
    places = [place for place in LOCATIONS if place.division]
    with sequences.open("w") as fasta, metadata.open("w") as table:
        table.write("\t".join(CONTEXT_COLUMNS) + "\n")
        for number, (node, sample) in enumerate(islice(tips(root), CONTEXT_COUNT), 1):
            genome = list(sample.genome.replace("N", "A"))
            for index in mutating.sample(range(GENOME_LENGTH), CONTEXT_MUTATIONS):
                genome[index] = mutating.choice("ACGT")
            place = mutating.choice(places)
            strain = f"{place.country}/CONTEXT-{number:03}/{node.date.year}"
            row = (
                *(strain, f"EPI_DEMO_{number:03}", node.date.isoformat()),
                *(place.region, place.country, place.division, place.location),
                *(sample.lineage, "Homo sapiens", str(GENOME_LENGTH)),
            )
            table.write("\t".join(cell or "?" for cell in row) + "\n")
            write_record(fasta, strain, "".join(genome))
    return sequences, metadata


def lineage_report(samples: Mapping[int, DemoSample]) -> bytes:
    """Return what pangolin would write; samples are given by id."""
    return _csv(
        [
            {
                "taxon": sample_id,
                "lineage": sample.lineage,
                "conflict": "0.0",
                "ambiguity_score": "1.0",
                "scorpio_call": "",
                "scorpio_support": "",
                "version": "DEMO-v1.0",
                "pangolin_version": "4.3.1",
                "qc_status": "pass",
                "note": "",
            }
            for sample_id, sample in samples.items()
        ],
        ",",
    )


def nextclade_csv(samples: Mapping[int, DemoSample]) -> bytes:
    """Return what Nextclade would write; samples are given by id."""
    rows = []
    for sample_id, sample in samples.items():
        missing = sample.genome.count("N")
        share = missing / GENOME_LENGTH
        row = {
            "seqName": sample_id,
            "clade": "20C",
            "Nextclade_pango": sample.lineage,
            "qc.overallScore": round(share * 1000, 2),
            "qc.overallStatus": _qc_status(share),
            "totalSubstitutions": len(sample.mutations),
            "totalMissing": missing,
            "substitutions": ",".join(sample.mutations),
            "coverage": round(1 - share, 4),
        }
        rows.append(row | dict.fromkeys(EMPTY_QC_COLUMNS, ""))
    return _csv(rows, ";")


def _qc_status(missing_share: float) -> str:
    if missing_share > BAD:
        return "bad"
    return "mediocre" if missing_share > MEDIOCRE else "good"


def tag_json() -> bytes:
    """Return the dataset that Nextclade compared with."""
    return json.dumps(DATASET, indent=2).encode()


def aligned_fasta(samples: Mapping[int, DemoSample]) -> bytes:
    """Return the genomes unchanged: nothing was inserted or deleted since the root."""
    stream = io.StringIO()
    for sample_id, sample in samples.items():
        write_record(stream, str(sample_id), sample.genome)
    return stream.getvalue().encode()


def _csv(rows: list[dict[str, object]], delimiter: str) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows[0], delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()
