"""`control sample import` reads laboratories' files as they are, or names them with a remedy."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable

import pytest
import zstandard

from tests.control.samples.importer import GENOME, Importer, problems

RUN = "from control.cli import main; main()"
BOM = b"\xef\xbb\xbf"
WHOLE = [("A/1", "A/1", True), ("A/2", "A/2", True)]


def two_samples(importer: Importer) -> tuple[bytes, bytes]:
    """Return the content of valid files."""
    importer.add("A/1")
    importer.add("A/2")
    importer.write()
    return (
        (importer.folder / "metadata.tsv").read_bytes(),
        (importer.folder / "sequences.fasta").read_bytes(),
    )


def command(
    importer: Importer, script: str, given: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run a line of shell, where `import_ …` is the command with the usual options."""
    python = f"'{sys.executable}' -c '{RUN}' sample import"
    always = f"--group {importer.group_id} --user alice --pathogen SC2"
    done = subprocess.run(
        ["bash", "-c", f'import_() {{ {python} {always} "$@"; }}\n{script}'],
        cwd=importer.folder,
        env=os.environ | importer.database.environment,
        input=given,
        capture_output=True,
        timeout=60,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


@pytest.mark.parametrize(
    "script",
    [
        "import_ --metadata metadata.tsv --sequences <(cat sequences.fasta)",
        "import_ --metadata <(cat metadata.tsv) --sequences <(cat sequences.fasta)",
        "import_ --metadata metadata.tsv --sequences <(gzip -c sequences.fasta)",
        "import_ --metadata /dev/stdin --sequences sequences.fasta < metadata.tsv",
        "cat metadata.tsv | import_ --metadata - --sequences sequences.fasta",
        "cat sequences.fasta | import_ --metadata metadata.tsv --sequences -",
        "cat sequences.fasta | import_ --metadata metadata.tsv --sequences /dev/stdin"
        " --allow-missing-sequences",
    ],
)
def test_what_can_be_read_once_is_read(importer: Importer, script: str) -> None:
    """Read pipes of every kind, for both files."""
    two_samples(importer)

    done = command(importer, script)

    assert (done.returncode, importer.stored()) == (0, WHOLE), done.stderr


def test_named_pipes_are_read(importer: Importer) -> None:
    """Open them once: a second time nobody would write."""
    contents = two_samples(importer)
    pipes = [importer.folder / name for name in ("metadata.pipe", "sequences.pipe")]
    for pipe, content in zip(pipes, contents, strict=True):
        os.mkfifo(pipe)
        threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True).start()

    result = importer.invoke("--metadata", "metadata.pipe", "--sequences", "sequences.pipe")

    assert (result.exit_code, importer.stored()) == (0, WHOLE), result.stderr


def test_pipe_without_room_for_its_copy_is_named(importer: Importer) -> None:
    """Fail before anything is stored; a limit on file sizes stands in for a full disk."""
    two_samples(importer)

    done = command(
        importer,
        "ulimit -f 1; import_ --metadata metadata.tsv"
        " --sequences <(cat sequences.fasta sequences.fasta)",
    )

    assert (done.returncode, importer.stored()) == (1, [])
    assert "could not be copied to a temporary file: File too large" in done.stderr


def test_one_pipe_is_not_two_files(importer: Importer) -> None:
    """Reject it, because the first reader would leave nothing for the second."""
    metadata, _ = two_samples(importer)

    done = command(importer, "import_ --metadata - --sequences - ", given=metadata)

    assert (done.returncode, importer.stored()) == (2, [])
    assert "must be different files" in done.stderr


@pytest.mark.parametrize("named", ["metadata.tsv", "sequences.fasta"])
def test_file_of_problems_does_not_replace_what_is_imported(importer: Importer, named: str) -> None:
    """Reject a slip of the hand."""
    two_samples(importer)
    before = (importer.folder / named).read_bytes()

    result = importer.invoke("--sequences", "sequences.fasta", "--rejects", named)

    assert (result.exit_code, (importer.folder / named).read_bytes()) == (2, before)


def in_two_parts(content: bytes) -> bytes:
    """Return two gzip files, one after the other, as bgzip and cat make them."""
    middle = len(content) // 2
    return gzip.compress(content[:middle]) + gzip.compress(content[middle:])


READ: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": bz2.compress,
    "gzip of many members": in_two_parts,
    "xz of many streams": lambda text: lzma.compress(text[:9]) + lzma.compress(text[9:]),
    "zstd of many frames": lambda text: zstandard.compress(text[:9]) + zstandard.compress(text[9:]),
    "byte-order mark": lambda text: BOM + text,
    "byte-order mark, compressed": lambda text: gzip.compress(BOM + text),
    "CR": lambda text: text.replace(b"\n", b"\r"),
    "CR, compressed": lambda text: gzip.compress(text.replace(b"\n", b"\r")),
    "CR, none at the end": lambda text: text.replace(b"\n", b"\r").rstrip(b"\r"),
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("form", READ.values(), ids=READ)
def test_import_reads_files_of_every_common_form(
    importer: Importer, form: Callable[[bytes], bytes]
) -> None:
    """Read metadata and sequences."""
    for name, content in zip(
        ("metadata.tsv", "sequences.fasta"), two_samples(importer), strict=True
    ):
        (importer.folder / name).write_bytes(form(content))

    result = importer.invoke("--sequences", "sequences.fasta")

    assert (result.exit_code, importer.stored()) == (0, WHOLE), result.stderr


def test_line_ends_are_told_beyond_the_first_bytes(importer: Importer) -> None:
    """Detect them in a file that is read in many pieces, and number lines the same way."""
    text = "".join(f">A/{number} {'x' * 90_000}\r{GENOME}\r" for number in (1, 2))
    importer.add("A/1")
    importer.add("A/2")
    importer.write()
    (importer.folder / "sequences.fasta").write_bytes(text.encode() + b">A/1\r!\r")

    result = importer.invoke("--sequences", "sequences.fasta")

    assert problems(result) == ["sequences.fasta:5: A/1: sequence is given twice, first in line 1"]


def archive(text: bytes) -> bytes:
    """Return a tar archive with one file."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        entry = tarfile.TarInfo("data.tsv")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return written.getvalue()


def zipped(*names: str) -> Callable[[bytes], bytes]:
    """Return a zip archive with files of these names."""

    def pack(text: bytes) -> bytes:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as package:
            for name in names:
                package.writestr(name, text)
        return written.getvalue()

    return pack


def greedy(text: bytes) -> bytes:
    """Return an xz file that asks for 2 GiB of memory: its block header names the dictionary."""
    packed = bytearray(lzma.compress(text))
    end = 12 + 4 * packed[12]
    packed[16] = 38
    packed[end : end + 4] = zlib.crc32(packed[12:end]).to_bytes(4, "little")
    return bytes(packed)


NAMED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "UTF-16": (lambda text: text.decode().encode("utf-16"), "is UTF-16, not UTF-8"),
    "UTF-16 without a mark": (lambda text: text.decode().encode("utf-16-le"), "is UTF-16"),
    "UTF-16, big end first": (lambda text: text.decode().encode("utf-16-be"), "is UTF-16"),
    "UTF-16, compressed": (lambda text: gzip.compress(text.decode().encode("utf-16")), "is UTF-16"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "is a spreadsheet"),
    "ods": (zipped("mimetype-opendocument.spreadsheet"), "is a spreadsheet"),
    "xls": (lambda text: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + text, "is a spreadsheet"),
    "zip": (zipped("metadata.tsv"), "is a zip archive"),
    "tar": (archive, "is a tar archive"),
    "tar.xz": (lambda text: lzma.compress(archive(text)), "is a tar archive"),
    "damaged zstd": (
        lambda text: b"(\xb5/\xfd" + text,
        "is damaged: it is compressed, and damaged",
    ),
    "half of zstd": (
        lambda text: zstandard.compress(text)[:-3],
        "is damaged: it is compressed, and ends too",
    ),
    "half of xz": (
        lambda text: lzma.compress(text)[:-3],
        "is damaged: it is compressed, and ends too early",
    ),
    "xz that needs gigabytes": (
        greedy,
        "is damaged: it is compressed, and damaged: Memory usage limit exceeded",
    ),
    "twice": (lambda text: gzip.compress(gzip.compress(text)), "is compressed twice"),
    "web page": (lambda text: b"\n<!DOCTYPE html>" + text, "is a web page"),
}


@pytest.mark.parametrize("name", ["metadata.tsv", "sequences.fasta"])
@pytest.mark.parametrize(("form", "reason"), NAMED.values(), ids=NAMED)
def test_import_names_files_it_cannot_read(
    importer: Importer, name: str, form: Callable[[bytes], bytes], reason: str
) -> None:
    """Name the kind of file and the remedy."""
    two_samples(importer)
    path = importer.folder / name
    path.write_bytes(form(path.read_bytes()))

    result = importer.invoke("--sequences", "sequences.fasta")

    assert (result.exit_code, importer.stored()) == (1, [])
    assert f"Error: {name} {reason}" in result.stderr
    assert "\nRemedy: " in result.stderr


def test_damaged_bzip2_is_named(importer: Importer) -> None:
    """Report it like the other compressions."""
    _, sequences = two_samples(importer)
    packed = bytearray(bz2.compress(sequences))
    packed[12] ^= 255
    (importer.folder / "sequences.fasta").write_bytes(packed)

    result = importer.invoke("--sequences", "sequences.fasta")

    assert "sequences.fasta: is damaged" in result.stderr
    assert importer.stored() == []


@pytest.mark.parametrize("content", [b"", b"\n \n"], ids=["nothing", "blank lines"])
@pytest.mark.parametrize("options", [(), ("--allow-missing-sequences",)], ids=["all", "some"])
def test_file_without_sequences_is_refused(
    importer: Importer, content: bytes, options: tuple[str, ...]
) -> None:
    """Reject it, because somebody gave it on purpose."""
    two_samples(importer)
    (importer.folder / "sequences.fasta").write_bytes(content)

    result = importer.invoke("--sequences", "sequences.fasta", *options)

    assert (result.exit_code, importer.stored()) == (1, [])
    assert "Error: sequences.fasta holds no sequences" in result.stderr


def test_sequences_of_other_samples_are_refused(importer: Importer) -> None:
    """Reject it even where sequences may be missing: the names or the file are wrong."""
    importer.add("A/1")
    importer.sequences = {"B/1": GENOME, "B/2": GENOME}

    result = importer.run("--allow-missing-sequences")

    assert (result.exit_code, importer.stored()) == (1, [])
    assert "none of the 2 sequences of sequences.fasta is named like a row" in result.stderr
    assert "the first is 'B/2', the first row 'A/1'" in result.stderr


def test_samples_without_a_sequence_are_said(importer: Importer) -> None:
    """Report them where they are allowed and other samples have sequences."""
    importer.add("A/1")
    for number in range(30):
        importer.add(f"B/{number}", None)

    result = importer.run("--allow-missing-sequences")

    assert result.exit_code == 0
    assert "30 samples have no sequence: B/0, B/1, " in result.stderr
    assert "B/19, …" in result.stderr


HEADERS = {
    "GISAID": "hCoV-19/USA/X-1/2021|EPI_ISL_1|2021-02-03",
    "GISAID, spaces": "hCoV-19/USA/X-1/2021 | EPI_ISL_1 | 2021-02-03",
    "the strain among parts": "EPI_ISL_1|USA/X-1/2021",
    "GISAID's prefix": "hCoV-19/USA/X-1/2021",
    "GISAID's prefix and more": "hCoV-19/USA/X-1/2021 whole genome",
    "GenBank's prefix": "SARS-CoV-2/human/USA/X-1/2021",
    "a prefix in another case": "hcov-19/USA/X-1/2021",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_sequences_are_found_by_what_repositories_make_of_names(
    importer: Importer, header: str
) -> None:
    """Print a notice, because it is a guess."""
    importer.add("USA/X-1/2021", None)
    importer.sequences = {header: GENOME}

    result = importer.run()

    assert importer.stored() == [("USA/X-1/2021", "USA/X-1/2021", True)], result.stderr
    assert (
        f"1 sequences were found by a part of their header: {header} is USA/X-1/2021"
        in result.stderr
    )


def test_strains_with_a_prefix_are_found_by_the_name_without(importer: Importer) -> None:
    """Match rows named by GISAID's downloads with sequences named by other tools."""
    importer.add("hCoV-19/USA/X-1/2021", None)
    importer.sequences = {"USA/X-1/2021": GENOME}

    result = importer.run()

    assert [stored[2] for stored in importer.stored()] == [True], result.stderr


def test_header_that_names_two_rows_is_refused(importer: Importer) -> None:
    """Reject it, because nobody can tell which is meant."""
    importer.add("A/1", None)
    importer.add("A/2", None)
    importer.sequences = {"A/1|A/2": GENOME}

    result = importer.run()

    assert problems(result)[-1] == (
        "sequences.fasta:1: A/1|A/2: sequence is named like several rows: A/1, A/2"
    )


def test_whole_header_wins_over_its_parts(importer: Importer) -> None:
    """Prefer it, because a strain may contain a bar."""
    importer.add("A/1|x", None)
    importer.add("A/1", None)
    importer.sequences = {"A/1|x": GENOME, "A/1 first": GENOME}

    result = importer.run()

    assert result.exit_code == 0, result.stderr
    assert "found by a part" not in result.stderr


def metadata(importer: Importer, header: str, *rows: str) -> None:
    """Write the metadata unchanged."""
    (importer.folder / "metadata.tsv").write_text("\n".join((header, *rows)) + "\n")


CELLS = {
    "a comma": ('"Washington, D.C."', "Washington, D.C."),
    "quotes": ('"the ""big"" one"', 'the "big" one'),
    "a tab": ('"a\tb"', "a\tb"),
    "quotes inside": ('the "big" one', 'the "big" one'),
    "two quoted words": ('"one" and "two"', '"one" and "two"'),
    "one quote": ('"big one', '"big one'),
    # Then it is the host of the pathogen.
    "nothing": ('""', "Homo sapiens"),
}


@pytest.mark.parametrize(("cell", "value"), CELLS.values(), ids=CELLS)
def test_cells_are_unquoted_as_spreadsheets_quote_them(
    importer: Importer, cell: str, value: str
) -> None:
    """Keep quotes that no spreadsheet wrote."""
    metadata(importer, '"strain"\tdate\tregion\thost\tx', f'"A/1"\t2021-02-03\tEurope\t{cell}\tx')

    result = importer.invoke("--allow-missing-sequences")

    if "\t" in value:
        assert f'host "{value}"'.replace("\t", "\\t") in result.stderr
    else:
        assert importer.query("select private_identifier, host from aspen.samples") == [
            ("A/1", value)
        ]


@pytest.mark.parametrize("separator", [",", ";"])
def test_metadata_of_spreadsheets_are_read(importer: Importer, separator: str) -> None:
    """Take commas, or semicolons where commas are decimal points, and quoted cells."""
    rows = [
        ("strain", "date", "region", "division", "country", "host"),
        ("A/1", "2021-02-03", "Europe", f'"Ile{separator} de ""F"""', "France", '"a"'),
        ("A/2", "2021-02-03", "Europe", "", "", "b", "", ""),
        ("", "", "", "", "", ""),
    ]
    metadata(importer, *(separator.join(row) for row in rows))

    result = importer.invoke("--allow-missing-sequences")

    assert importer.query(
        "select samples.private_identifier, locations.division, samples.host"
        " from aspen.samples inner join aspen.locations"
        " on samples.location_id = locations.id order by 1"
    ) == [("A/1", f'Ile{separator} de "F"', "a"), ("A/2", None, "b")], result.stderr


def test_row_of_csv_that_is_torn_is_named(importer: Importer) -> None:
    """Count its cells as spreadsheets do."""
    metadata(importer, "strain,date,region", 'A/1,2021-02-03,"Eur, ope', "A/2,2021-02-03,Europe,x")

    result = importer.invoke("--allow-missing-sequences")

    assert problems(result) == [
        "metadata.tsv:2: A/1: the row has 4 cells, the header 3",
        "metadata.tsv:3: A/2: the row has 4 cells, the header 3",
    ]


def test_row_that_a_line_break_tore_is_named(importer: Importer) -> None:
    """Report it, because here a row is a line, while spreadsheets allow quoted line ends."""
    metadata(importer, "strain\tdate\tregion\thost", 'A/1\t2021-02-03\t"Eur', 'ope"\tHuman')

    result = importer.invoke("--allow-missing-sequences")

    assert problems(result)[0] == (
        "metadata.tsv:2: A/1: the row has 3 cells, the header 4:"
        " a cell in quotes may not go on in the next line"
    )


def test_empty_columns_at_the_end_are_ignored(importer: Importer) -> None:
    """Ignore them in header and rows; lines of tabs alone are no rows."""
    metadata(
        importer,
        "strain\tdate\tregion\t\t",
        "A/1\t2021-02-03\tEurope\t\t",
        "A/2\t2021-02-03\tEurope\t\t\t\t",
        "\t\t\t\t",
        "A/3\t2021-02-03\tEurope",
    )

    result = importer.invoke("--allow-missing-sequences")

    assert [stored[0] for stored in importer.stored()] == ["A/1", "A/2", "A/3"], result.stderr


def test_columns_without_a_name_are_not_imported(importer: Importer) -> None:
    """Report them like other unused columns."""
    metadata(importer, "strain\t\tdate\t\tregion", "A/1\tx\t2021-02-03\ty\tEurope")

    result = importer.invoke("--allow-missing-sequences")

    assert result.exit_code == 0
    assert "columns not imported: column 2 (no name), column 4 (no name)" in result.stderr


def test_values_beyond_the_last_column_are_refused(importer: Importer) -> None:
    """Reject them, because the row may be shifted."""
    metadata(importer, "strain\tdate\tregion", "A/1\t2021-02-03\tEurope\tFrance")

    result = importer.invoke("--allow-missing-sequences")

    assert problems(result) == ["metadata.tsv:2: A/1: the row has 4 cells, the header 3"]


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "########"])
@pytest.mark.parametrize("column", ["strain", "host", "genbank_accession", "country"])
def test_errors_of_spreadsheets_are_no_values(importer: Importer, column: str, cell: str) -> None:
    """Reject them in any imported column."""
    importer.add("A/1")
    importer.rows[0][column] = cell

    result = importer.run("--allow-missing-sequences")

    assert f'{column} "{cell}" is an error of a spreadsheet, not a value' in result.stderr
    assert importer.stored() == []


def test_errors_of_spreadsheets_elsewhere_are_left_alone(importer: Importer) -> None:
    """Allow anything in columns that are not imported, and other values that begin with #."""
    importer.add("A/1", notes="#N/A", host="#1 of the barn")

    assert importer.run().exit_code == 0
    assert importer.query("select host from aspen.samples") == [("#1 of the barn",)]


@pytest.mark.parametrize("cell", ["1E+05", "1.23457E+11", "2,5e+07"])
def test_numbers_that_spreadsheets_shortened_are_no_identifiers(
    importer: Importer, cell: str
) -> None:
    """Reject them, because the number itself is lost."""
    importer.add("A/1", lab_number=cell)

    result = importer.run("--private-identifier-column", "lab_number")

    assert problems(result) == [
        f'metadata.tsv:2: A/1: lab_number "{cell}" is a number that a spreadsheet shortened;'
        " format the column as text"
    ]


@pytest.mark.parametrize("cell", ["1E5", "E+05", "12E+", "100000", "A-1E+05"])
def test_identifiers_that_only_look_so_are_taken(importer: Importer, cell: str) -> None:
    """Accept positions on a plate, for example."""
    importer.add("A/1", lab_number=cell)

    result = importer.run("--private-identifier-column", "lab_number")

    assert [stored[0] for stored in importer.stored()] == [cell], result.stderr


AUTHORS = {
    "semicolons": ("Smith, Anna; Perez, Tom J.", ["Smith, Anna", "Perez, Tom J."]),
    "semicolons and initials": ("Shab,R.; Das,S.R.", ["Shab,R.", "Das,S.R."]),
    "a semicolon at the end": ("Smith, Anna;", ["Smith, Anna"]),
    "commas": ("Ann Smith, Bob Lee", ["Ann Smith", "Bob Lee"]),
    "GenBank": ("Shab,R., Das,S.R. and Lee,K.", ["Shab,R.", "Das,S.R.", "Lee,K."]),
    "initials": ("Smith, A., O'Neil, J.-P.", ["Smith, A.", "O'Neil, J.-P."]),
    "Nextstrain": ("Seemann et al", ["Seemann et al"]),
    "quoted by a spreadsheet": ('"Smith, Anna; Lee, Bo"', ["Smith, Anna", "Lee, Bo"]),
}


@pytest.mark.parametrize(("cell", "names"), AUTHORS.values(), ids=AUTHORS)
def test_names_of_authors_stay_whole(importer: Importer, cell: str, names: list[str]) -> None:
    """Split at semicolons if there are any, else at commas between names."""
    importer.add("A/1", authors=cell)
    importer.run()

    assert importer.query("select authors from aspen.samples") == [(names,)]


@pytest.mark.parametrize("cell", ["2023-13-XX", "2023-00", "1850-XX-XX"])
def test_dates_are_shown_as_they_are_written(importer: Importer, cell: str) -> None:
    """Show the cell, not the first day that would be stored."""
    importer.add("A/1", date=cell)

    result = importer.run("--incomplete-dates", "first-day")

    assert problems(result)[0].startswith(f'metadata.tsv:2: A/1: date "{cell}" ')


def test_problems_name_the_columns_of_the_file(importer: Importer) -> None:
    """Use the file's names instead of the database's."""
    importer.add("A/1", originating_lab="x" * 1001, lab_number="=1", named="A/1", authors="A; =B")

    result = importer.run(
        *("--private-identifier-column", "lab_number", "--public-identifier-column", "named")
    )

    said = [line.split(" ")[2] for line in problems(result)]
    assert sorted(said) == ["authors", "lab_number", "originating_lab"]
    assert '"A; =B"' in result.stderr


def test_many_alike_problems_are_one_line(importer: Importer) -> None:
    """Show their number, ten of them, and where all are listed."""
    for number in range(100):
        importer.add(f"A/{number}", GENOME[: number + 1], date="1800-01-01")
    importer.add("B/1", region="?")

    result = importer.run()

    lines = problems(result)
    assert [line.split(" (")[0] for line in lines] == [
        "metadata.tsv: 100 times: date must be between 1900-01-01 and today: lines 2",
        "metadata.tsv:102: B/1: region is required",
        "sequences.fasta: 100 times: sequence has … bases; at least … are needed: lines 3",
    ]
    assert lines[0].endswith(' 11 (A/9 "1800-01-01") and 90 more')
    assert "; --rejects FILE lists all problems" in result.stderr


def test_prefix_of_a_repository_is_removed_where_asked(importer: Importer) -> None:
    """Store names as the group writes them, however the prefix is written; find the sequences."""
    importer.add("hCoV-19/USA/X-1/2021")
    importer.add("HCOV-19/USA/X-2/2021")
    importer.add("USA/X-3/2021")
    importer.sequences["USA/X-1/2021"] = importer.sequences.pop("hCoV-19/USA/X-1/2021")

    result = importer.run("--strain-prefix", "remove")

    assert importer.stored() == [
        (name, name, True) for name in (f"USA/X-{number}/2021" for number in (1, 2, 3))
    ], result.stderr


def test_rows_that_are_alike_without_the_prefix_are_named(importer: Importer) -> None:
    """Reject both, whatever is done with samples the group has."""
    importer.add("hCoV-19/USA/X-1/2021")
    importer.add("USA/X-1/2021")

    result = importer.run("--strain-prefix", "remove", "--on-conflict", "skip")

    said = "is given in lines 2, 3"
    assert importer.stored() == []
    assert sum(said in line for line in problems(result)) >= 2
