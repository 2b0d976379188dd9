"""Which names, lists of names and texts the tables accept, on every way in."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.servers import Cluster, Database, database_names

GOOD_NAMES = [
    "A",
    "hCoV-19/USA/CA-1/2024",
    "Müller & Søn",
    "名前 1",
    "a=b",
    "a+b",
    "a-b@c",
    "'=1",
    "٣",
]


def characters(*ranges: tuple[int, int]) -> list[str]:
    """Return all characters from the first to the last of each range."""
    return [chr(code) for first, last in ranges for code in range(first, last + 1)]


# They break a line or change the direction of what follows.
BREAKING = characters(
    (0x01, 0x1F), (0x7F, 0x9F), (0x2028, 0x202E), (0x2066, 0x2069), (0xFEFF, 0xFEFF)
)
# Nobody sees them in a name; in a text they are part of a language.
JOINING = characters(
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x2060, 0x2065),
    (0x206A, 0x206F),
    (0xFFF9, 0xFFFB),
    (0xE0001, 0xE007F),
)
INVISIBLE = [*BREAKING, *JOINING]
FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
SPACES = ("", " ", " a", "a ", "a\u00a0", "\u3000a")

GOOD_TEXTS = [
    "",
    "a",
    "Main Street 1, Bern",
    "-",
    "-80",
    "+41 (31) 123-45-67",
    "a=b",
    "שלום\u200e",
    " =a",
]
BAD_TEXTS = ["=1", "@a", "+a", "-a", "-80 C", "-2+3+cmd|' /C calc'!A0", "\uff1d1", "\uff0dcmd"]


def asked(conn: psycopg.Connection, question: str, values: list[str]) -> dict[str, bool]:
    """Return the answer of one of the functions for each value."""
    rows = conn.execute(
        f"select value, internal.{question}(value) from unnest(%s::text[]) as given (value)",  # noqa: S608
        [values],
    )
    return {value: answer for value, answer in rows.fetchall()}


def test_reason_is_given_for_every_rejected_value(admin: psycopg.Connection) -> None:
    """Return a reason exactly for the values that are not accepted."""
    values = [*GOOD_NAMES, *GOOD_TEXTS, *BAD_TEXTS, *SPACES]
    values += [f"{char}a{char}b" for char in (*INVISIBLE, *FORMULA_SIGNS)]
    differences = admin.execute(
        "select value from unnest(%s::text[]) as given (value)"
        " where (internal.name_problem(value) is null)"
        "  <> (length(value) between 1 and 128 and internal.is_name(value))"
        " or (internal.text_problem(value) is null) <> internal.is_text(value)"
        " or (internal.names_problem(array[value]) is null) <> internal.are_names(array[value])",
        [values],
    ).fetchall()

    assert differences == []


def test_reason_names_the_invisible_character(admin: psycopg.Connection) -> None:
    """Write its number as Unicode does, with four digits or more."""
    wanted = {f"a{char}b": f"U+{ord(char):04X}" for char in INVISIBLE if char not in "\r\n"}

    rows = admin.execute(
        "select name, substring(internal.name_problem(name) from 'U.*')"
        " from unnest(%s::text[]) as given (name)",
        [list(wanted)],
    )

    assert dict(rows.fetchall()) == wanted


def test_good_names_are_accepted(admin: psycopg.Connection) -> None:
    """Accept names in every script."""
    assert asked(admin, "is_name", GOOD_NAMES) == dict.fromkeys(GOOD_NAMES, True)


def test_name_has_no_invisible_characters(admin: psycopg.Connection) -> None:
    """Reject control, separator, direction and zero-width characters at every position."""
    names = [name for char in INVISIBLE for name in (f"a{char}b", f"{char}a", f"a{char}")]

    assert asked(admin, "is_name", names) == dict.fromkeys(names, False)


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_name_does_not_begin_like_a_formula(admin: psycopg.Connection, sign: str) -> None:
    """Reject it, because a spreadsheet would run it."""
    names = [sign, f"{sign}1", f"{sign}a", f"a{sign}"]

    assert list(asked(admin, "is_name", names).values()) == [False, False, False, True]


def test_name_has_no_spaces_around_it(admin: psycopg.Connection) -> None:
    """Reject surrounding spaces; each table limits the length itself."""
    assert asked(admin, "is_name", list(SPACES[1:])) == dict.fromkeys(SPACES[1:], False)


def test_good_texts_are_accepted(admin: psycopg.Connection) -> None:
    """Accept numbers with a sign, and the joiners that some languages need."""
    texts = [*GOOD_TEXTS, *(f"a{char}b" for char in JOINING)]

    assert asked(admin, "is_text", texts) == dict.fromkeys(texts, True)


def test_text_cannot_break_or_turn_a_line_or_begin_a_formula(admin: psycopg.Connection) -> None:
    """Reject line breaks, direction marks and a beginning that a spreadsheet would run."""
    texts = [*BAD_TEXTS, *(f"a{char}b" for char in BREAKING)]

    assert asked(admin, "is_text", texts) == dict.fromkeys(texts, False)


@pytest.mark.parametrize(
    ("names", "are_names"),
    [
        ("{}", True),
        ("{A}", True),
        ('{"Curie, Marie",B}', True),
        ("{NULL}", False),
        ("{A,NULL,B}", False),
        ("{{A,B},{C,D}}", False),
        ("{{A}}", False),
        ('{""}', False),
        ('{"A\nB"}', False),
        ('{"A\n",NULL}', False),
        ('{"",NULL}', False),
        ("{=A}", False),
        ("{A,@B}", False),
        ('{"A "}', False),
        ("{A,B\u202e}", False),
        ("{" + ",".join(["A"] * 1000) + "}", True),
        ("{" + ",".join(["A"] * 1001) + "}", False),
        ("{" + "é" * 250 + "}", True),
        ("{A," + "é" * 251 + "}", False),
        ("{" + ",".join(["A" * 250] * 79) + "}", True),
        ("{" + ",".join(["A" * 250] * 80) + "}", False),
    ],
)
def test_list_of_names_is_flat_and_bounded(
    admin: psycopg.Connection, names: str, are_names: bool
) -> None:
    """Reject nulls, nested lists, lists that are too long and names that are not accepted."""
    row = admin.execute("select internal.are_names(%s::text[])", [names]).fetchone()

    assert row == (are_names,)


DOORS = {
    "private identifier": "update aspen.samples set private_identifier = %s",
    "public identifier": "update aspen.samples set public_identifier = %s",
    "author": "update aspen.samples set authors = array[%s]",
    "collector": "update aspen.samples set sample_collected_by = %s",
    "e-mail of the collector": "update aspen.samples set sample_collector_contact_email = %s",
    "address of the collector": "update aspen.samples set sample_collector_contact_address = %s",
    "organism": "update aspen.samples set organism = %s",
    "host": "update aspen.samples set host = %s",
    "purpose": "update aspen.samples set purpose_of_sampling = %s",
    "processing": "update aspen.samples set specimen_processing = %s",
    "user's name": "update aspen.users set name = %s",
    "user's e-mail": "update aspen.users set email = %s || '@example.org'",
    "user's GISAID account": "update aspen.users set gisaid_submitter_id = %s",
    "group's name": "update aspen.groups set name = %s where id <> 0",
    "group's prefix": "update aspen.groups set prefix = %s where id <> 0",
    "group's lab": "update aspen.groups set submitting_lab = %s where id <> 0",
    "group's address": "update aspen.groups set address = %s where id <> 0",
    "group's division": "update aspen.groups set division = %s where id <> 0",
    "group's location": "update aspen.groups set location = %s where id <> 0",
    "run's name": "update aspen.jobs set name = %s",
    "accession": "update aspen.accessions set accession = %s",
    "region": "update aspen.locations set region = %s",
    "country": "update aspen.locations set country = %s",
    "division": "update aspen.locations set division = %s",
    "place": "update aspen.locations set location = %s",
    "pathogen's name": "update aspen.pathogens set name = %s",
    "pathogen's organism": "update aspen.pathogens set organism = %s",
    "pathogen's host": "update aspen.pathogens set host = %s",
    "pathogen's dataset": "update aspen.pathogens set nextclade_dataset_name = %s",
    "repository's name": "update aspen.public_repositories set name = %s",
    "description of a reference tree": "update aspen.usher_options set description = %s",
    "reference tree": "update aspen.usher_options set value = %s",
    "lineage": "update aspen.lineages set lineage = %s",
    "invited e-mail": "update aspen.invitations set email = %s || '@example.org'",
}
# What tools and repositories call things: any character that neither breaks nor turns a line.
LINES = {
    "user's subject": "update aspen.users set subject = %s",
    "lineage": "update aspen.sample_lineages set lineage = %s",
    "version of the caller": "update aspen.sample_lineages set lineage_software_version = %s",
    "call of scorpio": "update aspen.sample_lineages set scorpio_call = %s",
    "version of the QC": "update aspen.sample_qc_metrics set qc_software_version = %s",
    **{
        column: f"update aspen.sample_mutations set {column} = array['A1T', %s]"  # noqa: S608
        for column in (
            "substitutions",
            "insertions",
            "deletions",
            "aa_substitutions",
            "aa_insertions",
            "aa_deletions",
        )
    },
    **{
        f"public sequence's {column}": f"update aspen.public_sequences set {column} = %s"  # noqa: S608
        for column in (
            "strain",
            "accession",
            "lineage",
            "region",
            "country",
            "division",
            "location",
        )
    },
    **{
        f"reference dataset's {column}": f"update aspen.reference_datasets set {column} = %s"  # noqa: S608
        for column in ("name", "accession", "tag")
    },
    **{
        f"file's {column}": f"update aspen.job_outputs set {column} = %s"  # noqa: S608
        for column in ("bucket", "key", "version_id", "etag")
    },
    "strain of a run": "update aspen.job_public_sequences set strain = %s",
    "sample of a run": "update aspen.job_samples set public_identifier = %s",
    "executor": "update aspen.jobs set executor = %s",
    "handle of the executor": "update aspen.jobs set executor_handle = %s",
    "tip": "update aspen.phylo_tree_tips set name = %s",
    "accession of a tip": "update aspen.phylo_tree_tips set accession = %s",
}


# Blanks around them go before a check sees them.
TIDIED = ("region", "country", "division", "place")
# The others hold names.
TEXTS = (
    "collector",
    "e-mail of the collector",
    "address of the collector",
    "organism",
    "host",
    "purpose",
    "processing",
    "group's address",
)


@pytest.fixture(scope="module")
def filled(cluster: Cluster, template: Database) -> Iterator[psycopg.Connection]:
    """Store one row in every table with texts, in a database of this module's own."""
    with (
        cluster.database(next(database_names), template.name) as database,
        database.connect() as conn,
    ):
        group = factories.group(conn)
        factories.user(conn, "alice")
        factories.invitation(conn, group)
        sample = factories.sample(
            conn, group, location_id=factories.location(conn, "France", "Bretagne", "Brest")
        )
        factories.accession(conn, sample)
        factories.sample_lineage(conn, sample)
        factories.qc_metric(conn, sample)
        factories.mutations(conn, sample)
        pathogen = factories.pathogen(conn)
        factories.lineage_name(conn, pathogen, "B.1")
        factories.public_sequence(conn, "A/1", pathogen)
        factories.insert(conn, "reference_datasets", {"name": "sars-cov-2"})
        factories.insert(
            conn,
            "usher_options",
            {"pathogen_id": pathogen, "description": "All", "value": "all"},
        )
        run = factories.phylo_run(conn, group)
        factories.job_output(conn, run)
        factories.job_sample(conn, run, sample)
        repository = factories.repository(conn)
        factories.insert(
            conn,
            "job_public_sequences",
            {
                "group_id": group,
                "job_id": run,
                "public_repository_id": repository,
                "strain": "A/1",
            },
        )
        factories.phylo_tree(conn, run)
        yield conn


@pytest.fixture
def one_of_each(filled: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Return these rows, in a transaction that is rolled back."""
    with filled.transaction(force_rollback=True):
        yield filled


# Tries values one after the other, each in a savepoint, without a round trip for each.
TRY_VALUES = """
do $$
declare
    one text;
    refused text[] := '{}';
begin
    foreach one in array current_setting('test.values')::text[] loop
        begin
            execute current_setting('test.statement') using one;
        exception when check_violation then
            refused := array_append(refused, one);
        end;
    end loop;
    perform set_config('test.refused', refused::text, true);
end $$
"""


def refused_by(conn: psycopg.Connection, statement: str, values: list[str]) -> list[str]:
    """Return the values that the checks of a table reject."""
    conn.execute(
        "select set_config('test.statement', %s, true),"
        " set_config('test.values', %s::text[]::text, true)",
        [statement.replace("%s", "$1"), values],
    )
    conn.execute(TRY_VALUES)
    row = conn.execute("select current_setting('test.refused')::text[]").fetchone()
    assert row is not None
    return list(row[0])


# An e-mail address has a rule of its own besides.
@pytest.mark.parametrize("door", sorted(DOORS.keys() - {"user's e-mail", "invited e-mail"}))
def test_reasons_agree_with_the_checks_of_tables(
    one_of_each: psycopg.Connection, door: str
) -> None:
    """Apply one rule in both its forms.

    The table's check and the function that words the reason.
    """
    question = "are_names" if door == "author" else "is_text" if door in TEXTS else "is_name"
    argument = "array[value]" if door == "author" else "value"
    if door in TIDIED:
        argument = "internal.tidy_name(value)"
    values = [f"ab{value}" for value in (*GOOD_NAMES, *INVISIBLE, *SPACES[2:])]
    values += [f"{value}abc" for value in (*GOOD_NAMES, *GOOD_TEXTS, *BAD_TEXTS, *FORMULA_SIGNS)]
    words = one_of_each.execute(
        f"select value from unnest(%s::text[]) as given (value)"  # noqa: S608
        f" where not internal.{question}({argument})",
        [values],
    ).fetchall()

    assert refused_by(one_of_each, DOORS[door], values) == [value for (value,) in words]


@pytest.mark.parametrize("value", ["ab\u202ec", "ab\nc", "ab\x1bc", "=abc", "@abc"])
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_no_table_accepts_what_breaks_an_answer(
    one_of_each: psycopg.Connection, door: str, value: str
) -> None:
    """Reject it from every role, the control plane's included."""
    with pytest.raises(psycopg.errors.CheckViolation), one_of_each.transaction():
        one_of_each.execute(door.encode(), [value])


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_every_table_accepts_good_names(one_of_each: psycopg.Connection, door: str) -> None:
    """Store good names in every table."""
    assert one_of_each.execute(door.encode(), ["abc"]).rowcount == 1


@pytest.mark.parametrize("door", LINES.values(), ids=LINES)
def test_no_table_accepts_what_breaks_or_turns_a_line(
    one_of_each: psycopg.Connection, door: str
) -> None:
    """Reject it in every table; formulas and joiners are allowed where tools write them."""
    good = ["abc", "-", "=1", "A:1-2", "שלום\u200e", "a b"]
    breaking = [f"a{char}b" for char in BREAKING]

    assert refused_by(one_of_each, door, [*good, *breaking]) == breaking


def test_error_of_a_job_may_have_several_lines(one_of_each: psycopg.Connection) -> None:
    """Accept a tool's output, but no terminal commands and no direction marks."""
    texts = [f"a{char}b" for char in ("", *BREAKING)]

    refused = refused_by(one_of_each, "update aspen.jobs set error = %s", texts)

    assert refused == [f"a{char}b" for char in BREAKING if char not in "\t\n\r"]


@pytest.mark.parametrize(
    "statement",
    [
        b"update api.me set name = %s",
        b"update api.groups set address = %s",
        b"update api.phylo_runs set name = %s",
    ],
)
def test_member_may_not_write_what_breaks_an_answer(
    admin: psycopg.Connection, request_as: RequestAs, statement: bytes
) -> None:
    """Run the checks as the member, who may execute the functions they call."""
    group = factories.group(admin)
    factories.user(admin, "alice", {group: "admin"})
    factories.phylo_run(admin, group)
    with request_as("member", sub="alice") as conn:
        written = conn.execute(statement, ["Good"]).rowcount
        with pytest.raises(psycopg.errors.CheckViolation), conn.transaction():
            conn.execute(statement, ["a\u2028b"])

    assert written == 1
