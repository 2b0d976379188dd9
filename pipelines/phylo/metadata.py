"""Name genomes and write their metadata in the two layouts that Nextstrain's builds read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.phylo.plan import Rules

# The 26 columns of ncov.
NCOV = (
    "strain", "virus", "gisaid_epi_isl", "genbank_accession", "date", "region", "country",
    "division", "location", "region_exposure", "country_exposure", "division_exposure", "segment",
    "length", "host", "age", "sex", "Nextstrain_clade", "pango_lineage", "GISAID_clade",
    "originating_lab", "submitting_lab", "authors", "url", "title", "date_submitted",
)  # fmt: skip
# The 29 columns of the builds from GenBank, such as mpox.
GENBANK = (
    "accession", "genbank_accession_rev", "strain", "date", "region", "country", "division",
    "location", "host", "date_submitted", "sra_accession", "abbr_authors", "reverse", "authors",
    "institution", "clade", "outbreak", "lineage", "coverage", "missing_data", "divergence",
    "nonACGTN", "QC_missing_data", "QC_mixed_sites", "QC_rare_mutations", "QC_frame_shifts",
    "QC_stop_codons", "frame_shifts", "is_reverse_complement",
)  # fmt: skip
LAYOUTS: Mapping[str, tuple[str, ...]] = {"ncov": NCOV, "genbank": GENBANK}
# What the plan draws by, beside the columns of the layout.
EXTRA = ("source", "focal")

# The formats of trees give the rest a meaning.
_UNSAFE = re.compile(r"[^A-Za-z0-9._/|+-]")


def strain_of(identifier: str, rules: Rules) -> str:
    """Return the name of a genome in a tree: without the prefix of the repository."""
    if rules.prefix and identifier.lower().startswith(rules.prefix.lower()):
        identifier = identifier[len(rules.prefix) :]
    return identifier.replace("/", rules.slash)


class Names:
    """Names that every tool accepts, and what those stand for that had to be changed."""

    def __init__(self) -> None:
        self.meant: dict[str, str] = {}

    def safe(self, strain: str) -> str:
        """Return the name under which the tools know a genome."""
        if not _UNSAFE.search(strain):
            return strain
        digest = hashlib.sha256(strain.encode()).hexdigest()[:8]
        name = f"{_UNSAFE.sub('_', strain)}_{digest}"
        self.meant[name] = strain
        return name


def row_of_sample(
    sample: Mapping[str, Any], strain: str, layout: str, group: str, length: int
) -> dict[str, str]:
    """Return the metadata of a sample of the job, by column of a layout."""
    places = {level: sample[level] or "" for level in ("region", "country", "division", "location")}
    row = {
        "strain": strain,
        "date": str(sample["collection_date"]),
        **places,
        "host": sample["host"] or "",
    }
    if layout == "genbank":
        row |= {"accession": strain, "institution": group, "lineage": sample["lineage"] or ""}
    else:
        row |= {
            "virus": "ncov",
            "region_exposure": places["region"],
            "country_exposure": places["country"],
            "division_exposure": places["division"],
            "segment": "genome",
            "length": str(length),
            "pango_lineage": sample["lineage"] or "",
            "originating_lab": group,
            "submitting_lab": group,
        }
    return row


def tsv_line(values: Iterable[str]) -> str:
    """Return a line of a table; a tab or line end inside a value becomes a space."""
    return "\t".join(re.sub(r"[\t\r\n]+", " ", value) for value in values) + "\n"
