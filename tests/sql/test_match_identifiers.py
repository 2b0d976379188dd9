"""What an identifier matches: the group's own sample first; between samples of others, no guess."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from control.outputs.formats.auspice import parse_dataset
from control.samples.fasta import Record
from control.samples.sequence_names import SequenceNames
from tests import factories
from tests.sql.conftest import Lab

MATCH = "select * from internal.match_identifiers(%s, %s, %s, %s::bigint[], %s, %s) order by 1, 3"


def match(
    conn: psycopg.Connection,
    lab: Lab,
    *identifiers: str | None,
    open_groups: list[int] | None = None,
    full_groups: list[int] | None = None,
    private_groups: list[int] | None = None,
) -> list[Any]:
    """Return identifier and sample of each candidate.

    By default every row of both groups counts.
    """
    both = [lab.group, lab.other_group]
    groups = [both if given is None else given for given in (open_groups, full_groups)]
    names = both if private_groups is None else private_groups
    rows = conn.execute(MATCH, [lab.group, lab.pathogen, list(identifiers), *groups, names])
    return [(identifier, sample) for identifier, _, sample, _ in rows]


def named(conn: psycopg.Connection, group: int, public: str, private: str | None = None) -> int:
    """Store a sample with these identifiers."""
    return factories.sample(conn, group, private, public_identifier=public)


def test_spellings_are_those_with_and_without_each_prefix(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Accept the prefix in any case, and the rest of the identifier only in its own case."""
    genbank = factories.repository(admin, "GenBank")
    factories.strain_prefix(admin, lab.pathogen, genbank, "SARS-CoV-2/human")
    given = ["hcov-19/a/B", "SARS-CoV-2/human/c", "d", "hCoV-19/", "hCoV-19e", "d", None]

    rows = admin.execute(
        'select identifier, array_agg(spelling order by is_exact desc, spelling collate "C")'
        " from internal.identifier_spellings(%s, %s) group by identifier"
        ' order by identifier collate "C"',
        [lab.pathogen, given],
    ).fetchall()

    assert rows == [
        (
            "SARS-CoV-2/human/c",
            ["SARS-CoV-2/human/c", "c", "hCoV-19/c"],
        ),
        ("d", ["d", "SARS-CoV-2/human/d", "hCoV-19/d"]),
        ("hCoV-19/", ["hCoV-19/", "SARS-CoV-2/human/hCoV-19/", "hCoV-19/hCoV-19/"]),
        ("hCoV-19e", ["hCoV-19e", "SARS-CoV-2/human/hCoV-19e", "hCoV-19/hCoV-19e"]),
        ("hcov-19/a/B", ["hcov-19/a/B", "SARS-CoV-2/human/a/B", "a/B", "hCoV-19/a/B"]),
    ]


def test_name_without_slashes_is_also_spelt_with_them(admin: psycopg.Connection, lab: Lab) -> None:
    """Replace each _ that a tool wrote for a slash; leave a name with a slash as it is."""
    given = ["HCOV-19_a_b", "a_b", "hCoV-19/a_b", "_", "hCoV-19_"]

    rows = admin.execute(
        'select identifier, array_agg(distinct spelling collate "C")'
        " from internal.identifier_spellings(%s, %s) group by identifier"
        ' order by identifier collate "C"',
        [lab.pathogen, given],
    ).fetchall()

    assert rows == [
        ("HCOV-19_a_b", ["HCOV-19_a_b", "a/b", "a_b", "hCoV-19/a/b", "hCoV-19/a_b"]),
        ("_", ["/", "_", "hCoV-19//", "hCoV-19/_"]),
        ("a_b", ["a/b", "a_b", "hCoV-19/a/b", "hCoV-19/a_b"]),
        ("hCoV-19/a_b", ["a_b", "hCoV-19/a_b"]),
        ("hCoV-19_", ["hCoV-19/", "hCoV-19/hCoV-19/", "hCoV-19/hCoV-19_", "hCoV-19_"]),
    ]


def test_name_copied_from_a_tree_without_slashes_is_found(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Match a sample or a published sequence; the group's own sample spelt so comes first."""
    slashed = named(admin, lab.group, "hCoV-19/USA/1")
    named(admin, lab.group, "USA/2")
    exact = named(admin, lab.group, "USA_2")
    factories.public_sequence(admin, "USA/3", lab.pathogen)

    strains = admin.execute(
        "select identifier, strain from internal.match_strains(%s, %s)",
        [lab.pathogen, ["hCoV-19_USA_3"]],
    ).fetchall()

    assert match(admin, lab, "USA_1", "USA_2") == [("USA_1", slashed), ("USA_2", exact)]
    assert strains == [("hCoV-19_USA_3", "USA/3")]


def test_own_sample_comes_before_those_of_others(admin: psycopg.Connection, lab: Lab) -> None:
    """Prefer it by either identifier, in every spelling."""
    own = [named(admin, lab.group, f"x{number}", f"p{number}") for number in range(3)]
    for number in range(3):
        named(admin, lab.other_group, f"hCoV-19/x{number}", f"q{number}")
        named(admin, lab.other_group, f"x{number}", f"p{number}")

    assert match(admin, lab, "x0", "hCoV-19/x1", "p2") == [
        ("hCoV-19/x1", own[1]),
        ("p2", own[2]),
        ("x0", own[0]),
    ]


def test_private_identifier_of_the_group_comes_before_a_public_one_of_others(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Match what the group calls its own sample, whatever other groups publish under that name."""
    own = named(admin, lab.group, "x", "S1")
    named(admin, lab.other_group, "S1")

    assert match(admin, lab, "S1") == [("S1", own)]


def test_exact_spelling_comes_first_within_the_group(admin: psycopg.Connection, lab: Lab) -> None:
    """Prefer it, so that each of two similar samples can be named."""
    bare, prefixed = (named(admin, lab.group, name) for name in ("x", "hCoV-19/x"))

    assert match(admin, lab, "x", "hCoV-19/x") == [("hCoV-19/x", prefixed), ("x", bare)]


@pytest.mark.parametrize("theirs", ["x", "hCoV-19/x"], ids=["as given", "with the prefix"])
def test_two_samples_of_others_are_both_named(
    admin: psycopg.Connection, lab: Lab, theirs: str
) -> None:
    """Name both in every spelling: one group may imitate another group's identifier."""
    third = factories.group(admin)
    both = [named(admin, lab.other_group, "x"), named(admin, third, theirs)]
    groups = [lab.group, lab.other_group, third]

    found = match(admin, lab, "x", open_groups=groups, full_groups=[], private_groups=[])

    assert found == [("x", sample) for sample in both]


def test_public_and_private_identifier_of_two_own_samples_are_both_named(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Name both samples, because neither identifier takes precedence."""
    both = [named(admin, lab.group, "S1", "a"), named(admin, lab.group, "b", "S1")]

    assert match(admin, lab, "S1") == [("S1", sample) for sample in both]


def test_sample_named_twice_is_one_candidate(admin: psycopg.Connection, lab: Lab) -> None:
    """Return a sample once when both its identifiers match."""
    own = named(admin, lab.group, "S1", "S1")

    assert match(admin, lab, "S1", "S1", None) == [("S1", own)]


def test_only_what_the_groups_allow_is_found(admin: psycopg.Connection, lab: Lab) -> None:
    """Match samples, private samples and private identifiers in groups that allow each."""
    shown = named(admin, lab.other_group, "open", "p-open")
    hidden = factories.sample(
        admin, lab.other_group, "p-hidden", public_identifier="hidden", is_private=True
    )
    wanted = ("open", "hidden", "p-open", "p-hidden")

    def found(full: list[int], private: list[int]) -> list[Any]:
        return match(admin, lab, *wanted, full_groups=full, private_groups=private)

    other = [lab.other_group]
    assert found([], []) == [("open", shown)]
    assert found(other, []) == [("hidden", hidden), ("open", shown)]
    assert found(other, other) == [
        ("hidden", hidden),
        ("open", shown),
        ("p-hidden", hidden),
        ("p-open", shown),
    ]


def test_another_pathogens_sample_is_not_found(admin: psycopg.Connection, lab: Lab) -> None:
    """Match identifiers among the samples of one pathogen only."""
    mpx = factories.pathogen(admin, "MPX")
    factories.sample(admin, lab.group, "p", public_identifier="x", pathogen_id=mpx)

    assert match(admin, lab, "x", "p") == []


def test_nothing_is_found_for_nothing(admin: psycopg.Connection, lab: Lab) -> None:
    """Return no rows without identifiers or without groups."""
    named(admin, lab.group, "x")

    assert match(admin, lab) == []
    assert match(admin, lab, "x", open_groups=[], full_groups=[], private_groups=[]) == []


def test_strain_is_found_by_name_prefix_and_accession(admin: psycopg.Connection, lab: Lab) -> None:
    """Search the default repository of the pathogen and no other."""
    factories.public_sequence(admin, "strain/1", accession="EPI_ISL_7")
    genbank = factories.repository(admin, "GenBank")
    factories.public_sequence(admin, "strain/2", public_repository_id=genbank)
    given = ["HCOV-19/strain/1", "EPI_ISL_7", "strain/2", "hCoV-19/EPI_ISL_7"]

    rows = admin.execute(
        "select identifier, strain from internal.match_strains(%s, %s) order by 1",
        [lab.pathogen, given],
    ).fetchall()

    assert rows == [("EPI_ISL_7", "strain/1"), ("HCOV-19/strain/1", "strain/1")]


PREFIXES = ["hCoV-19", "SARS-CoV-2/human", "SARS-CoV-2"]
SPELT = [
    "HCOV-19/a/B",
    "sars-cov-2/human/c",
    "SARS-CoV-2_human_d",
    "hcov-19_USA_1",
    "hCoV-19_USA/2",
    "hCoV-19/",
    "hCoV-19_",
    "e/hCoV-19/f",
    "g",
]
BARE = """
select array_agg(
    internal.without_prefix(given.name, internal.prefix_pattern(%(pathogen)s)) order by given.place
)
from unnest(%(names)s::text[]) with ordinality as given (name, place)
"""
STRAINS = [
    ("hCoV-19", "USA/1", "hCoV-19/USA/1"),
    ("hCoV-19", "HCOV-19/USA/1", "hCoV-19/USA/1"),
    ("SARS-CoV-2/human", "hCoV-19/USA/1", "SARS-CoV-2/human/USA/1"),
    ("hCoV-19", "SARS-CoV-2_human_1", "hCoV-19/1"),
    ("hCoV-19", "hCoV-19/", "hCoV-19/hCoV-19/"),
    ("MPX.V", "MPXxV/1", "MPX.V/MPXxV/1"),
    (None, "hCoV-19/USA/1", "hCoV-19/USA/1"),
]


@pytest.mark.parametrize(("prefix", "identifier", "strain"), STRAINS)
def test_name_in_a_repository_has_its_prefix_alone(
    admin: psycopg.Connection, lab: Lab, prefix: str | None, identifier: str, strain: str
) -> None:
    """Replace the prefix of another repository, and read no dot as any character."""
    for other in ("SARS-CoV-2/human", "MPX.V"):
        factories.strain_prefix(admin, lab.pathogen, factories.repository(admin, other), other)

    row = admin.execute(
        "select internal.strain_name(%s, %s, internal.prefix_pattern(%s))",
        [identifier, prefix, lab.pathogen],
    ).fetchone()

    assert row == (strain,)


def test_pathogen_without_repositories_has_no_prefix(admin: psycopg.Connection) -> None:
    """Leave names as they are."""
    row = admin.execute(
        "select internal.without_prefix('hCoV-19/a', internal.prefix_pattern(0)),"
        " internal.strain_name('hCoV-19/a', 'x', internal.prefix_pattern(0))"
    ).fetchone()

    assert row == ("hCoV-19/a", "x/hCoV-19/a")


def test_tree_and_import_take_off_the_prefixes_that_sql_does(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Shorten names as internal.without_prefix does, in files that no query reads."""
    for prefix in PREFIXES[1:]:
        factories.strain_prefix(admin, lab.pathogen, factories.repository(admin, prefix), prefix)
    tree = {"children": [{"name": name} for name in SPELT], "name": "root"}

    (bare,) = admin.execute(BARE, {"pathogen": lab.pathogen, "names": SPELT}).fetchone() or ()
    dataset = parse_dataset(json.dumps({"version": "v2", "meta": {}, "tree": tree}), PREFIXES)
    slashed = [(name, short) for name, short in zip(SPELT, bare, strict=True) if "/" in name[:-1]]
    imported = [
        SequenceNames({short}, PREFIXES).strains_of(Record(name, 1, "")) for name, short in slashed
    ]

    assert [tip.name for tip in dataset.tips] == bare
    assert imported == [[short] for _, short in slashed]
