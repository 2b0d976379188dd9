"""A laboratory with files, and `control sample import` on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests.servers import Database

GENOME = "ACGT" * 300
DATE = "2021-02-03"
COLUMNS = (
    "strain",
    "date",
    "region",
    "country",
    "division",
    "location",
    "genbank_accession",
    "authors",
    "host",
)

Rows = list[tuple[object, ...]]


@dataclass
class Importer:
    """A group with one member, and the files she imports."""

    database: Database
    folder: Path
    group_id: int
    rows: list[dict[str, str]] = field(default_factory=list)
    sequences: dict[str, str] = field(default_factory=dict)

    def add(self, strain: str, sequence: str | None = GENOME, **cells: str) -> None:
        """Add one row, and its sequence unless that is None."""
        row = dict.fromkeys(COLUMNS, "?") | {
            "strain": strain,
            "date": DATE,
            "region": "Europe",
            "country": "France",
        }
        self.rows.append(row | cells)
        if sequence is not None:
            self.sequences[strain] = sequence

    def write(self) -> None:
        """Write both files; the sequences in another order than the metadata."""
        header = list(dict.fromkeys(name for row in self.rows for name in row))
        lines = [header, *([row.get(name, "") for name in header] for row in self.rows)]
        text = "".join("\t".join(cells) + "\n" for cells in lines)
        (self.folder / "metadata.tsv").write_text(text)
        records = [f">{name}\n{sequence}\n" for name, sequence in self.sequences.items()]
        (self.folder / "sequences.fasta").write_text("".join(reversed(records)))

    def run(self, *options: str) -> Result:
        """Write the files and import them."""
        self.write()
        return self.invoke("--sequences", "sequences.fasta", *options)

    def invoke(self, *options: str) -> Result:
        """Run `control sample import` in the folder of the files."""
        given = ["sample", "import", "--group", str(self.group_id), "--user", "alice"]
        given += ["--pathogen", "SC2", "--metadata", "metadata.tsv"]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            return CliRunner().invoke(cli, [*given, *options], env=self.database.environment)

    def query(self, statement: str) -> Rows:
        """Query the database."""
        with self.database.connect() as conn:
            return conn.execute(statement.encode()).fetchall()

    def stored(self) -> Rows:
        """Return identifiers, and whether there is a sequence."""
        return self.query(
            "select samples.private_identifier, samples.public_identifier, sequences.id is not null"
            " from aspen.samples left join aspen.sequences on sequences.sample_id = samples.id"
            " order by 1"
        )


def problems(result: Result) -> list[str]:
    """Return the listed rejected rows, without the lines around them."""
    lines = result.stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Error:"))
    return [line for line in lines[start + 1 :] if not line.startswith("Remedy:")]
