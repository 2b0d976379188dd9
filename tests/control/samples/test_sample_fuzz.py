"""Any bytes given as metadata or sequences give a sentence and never a traceback."""

from __future__ import annotations

import gzip
import lzma
from contextlib import suppress
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from control.cli import cli
from control.errors import ControlError
from control.input_files import open_input
from control.samples.fasta import read_records
from control.samples.metadata import MetadataOptions, read_metadata
from tests import factories
from tests.servers import Database

HEADER = b"strain\tdate\tregion\tcountry\tgenbank_accession\tauthors\tis_private\n"
cells = st.text(max_size=8) | st.sampled_from(["?", "A/1", "2021-02-03", "2021-XX", "Europe", "\0"])
rows = st.lists(cells, min_size=5, max_size=8).map(lambda row: "\t".join(row).encode())
tables = st.lists(rows, max_size=4).map(lambda lines: HEADER + b"\n".join(lines))
records = st.lists(
    st.sampled_from([b">", b">A/1", b">A/2 x", b"ACGT", b"\n", b"\r\n", b"\0", b"\xff", b" "]),
    max_size=12,
).map(b"".join)


def short(examples: int) -> settings:
    """Use the same examples every time, in one shared folder."""
    return settings(
        max_examples=examples,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def damaged(content: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return the bytes as they are, compressed, or compressed and cut off or extended."""
    return st.one_of(
        content,
        content.map(gzip.compress),
        content.map(lambda text: gzip.compress(text)[:-5]),
        content.map(lambda text: gzip.compress(text) + b"more"),
        content.map(lzma.compress),
        content.map(lambda text: lzma.compress(text)[:-9]),
    )


@short(200)
@given(damaged(st.binary() | tables))
@example(b"\x1f\x8b")
@example(b"\xef\xbb\xbf" + HEADER)
@example(HEADER + b"x" * (2 << 20))
@example(b"strain\tdate\tregion\tstrain\n")
def test_any_bytes_as_metadata(tmp_path: Path, content: bytes) -> None:
    """Expect every row to be usable or named."""
    path = tmp_path / "metadata.tsv"
    path.write_bytes(content)

    with suppress(ControlError):
        read = read_metadata(path, MetadataOptions())
        assert read.total <= len(read.rows) + len(read.problems)


@short(200)
@given(damaged(st.binary() | records))
@example(b">" + b"\xc3" * 3)
@example(b"\xfd7zXZ\0\0\0")
def test_any_bytes_as_sequences(tmp_path: Path, content: bytes) -> None:
    """Expect records, or the reason why there are none."""
    path = tmp_path / "sequences.fasta"
    path.write_bytes(content)

    with suppress(ControlError), open_input(path) as file:
        assert all(isinstance(record.sequence, str) for record in read_records(file))


@short(40)
@given(tables, records)
@example(HEADER + "A/1\t2021-02-03\tEu\u2028rope\t?\t?\t?\tmaybe\n".encode(), b">A/1\nAC\0GT\n")
@example(HEADER + b"A/1\t294277-01-01\tEurope\t?\t?\t?\tTRUE\n", b">A/1\nACGT\n")
@example(HEADER + b"A/1\t-1-1-1 BC\tEurope\t?\t?\t,;,\tnull\n", b">A/1\nACGT\n")
def test_any_files_as_an_import(
    database: Database, tmp_path: Path, table: bytes, sequences: bytes
) -> None:
    """Run the whole command, with the rules of the database."""
    arguments: list[Any] = ["sample", "import", "--group", "FUZ", "--user", "fuzzy"]
    arguments += ["--pathogen", "SC2", "--dry-run", "--allow-missing-sequences"]
    for name, content in (("--metadata", table), ("--sequences", sequences)):
        (tmp_path / name).write_bytes(content)
        arguments += [name, tmp_path / name]
    with database.connect() as conn:
        factories.pathogen(conn)
        if conn.execute("select from aspen.users").rowcount == 0:
            factories.user(conn, "fuzzy", {factories.group(conn, prefix="FUZ"): "member"})

    result = CliRunner().invoke(cli, [*map(str, arguments)], env=database.environment)

    assert isinstance(result.exception, SystemExit | None)
