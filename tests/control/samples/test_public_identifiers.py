"""`control sample update-public-ids`: all public identifiers of a table are changed, or none."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.control.samples.importer import Importer, Rows, problems

HEADER = "private_identifier,public_identifier\n"


def update(importer: Importer, rows: str, *options: str, header: str = HEADER) -> Result:
    """Write a table and run the command on it."""
    path = importer.folder / "mapping.csv"
    path.write_text(header + rows)
    given = ["sample", "update-public-ids", "--group-id", str(importer.group_id)]
    given += ["--private-to-public-id-mapping", str(path), *options]
    return CliRunner().invoke(cli, given, env=importer.database.environment)


def names(importer: Importer) -> Rows:
    """Return both identifiers of all samples of the group."""
    return importer.query(
        "select private_identifier, public_identifier from aspen.samples"
        " where group_id = (select min(id) from aspen.groups where name = 'Alpha Lab') order by 1"
    )


@pytest.fixture
def lab(importer: Importer) -> Importer:
    """Return a group with three samples, beside one with a sample of the same names."""
    with importer.database.connect() as conn:
        other = factories.group(conn, "Beta Lab", prefix="BET")
        for number in (1, 2, 3):
            factories.sample(conn, importer.group_id, f"p{number}", public_identifier=f"P/{number}")
        factories.sample(conn, other, "p1", public_identifier="P/9")
    return importer


def test_public_identifiers_are_changed_by_the_table(lab: Importer) -> None:
    """Keep those that the table does not name, and those of other groups; write the audit log."""
    result = update(lab, "p1,P/9\np3,P/3\n")

    assert (result.exit_code, result.stdout) == (
        0,
        "changed 1 public identifiers of Alpha Lab, 1 are as they were\n",
    )
    assert names(lab) == [("p1", "P/9"), ("p2", "P/2"), ("p3", "P/3")]
    assert lab.query(
        "select old_values ->> 'public_identifier', new_values ->> 'public_identifier', role_name"
        " from aspen.audit_log where table_name = 'samples' and action = 'update'"
    ) == [("P/1", "P/9", "control")]


def test_public_identifiers_may_pass_from_one_sample_to_another(lab: Importer) -> None:
    """Turn them round in a ring, though each is unique in the group."""
    result = update(lab, "p1,P/2\np2,P/3\np3,P/1\n")

    assert result.exit_code == 0
    assert names(lab) == [("p1", "P/2"), ("p2", "P/3"), ("p3", "P/1")]


def test_update_run_again_changes_nothing(lab: Importer) -> None:
    """Find the second time that everything is as the table says."""
    update(lab, "p1,P/9\n")

    result = update(lab, "p1,P/9\n", "--json")

    assert json.loads(result.stdout) == {
        "total": 1,
        "changed": 0,
        "unchanged": 1,
        "problems": [],
        "is_stored": True,
    }


def test_dry_run_of_an_update_stores_nothing(lab: Importer) -> None:
    """Say what would be changed."""
    result = update(lab, "p1,P/9\n", "--dry-run")

    assert result.stdout == "would change 1 public identifiers of Alpha Lab, 0 are as they were\n"
    assert names(lab)[0] == ("p1", "P/1")


def test_update_names_every_problem_and_changes_nothing(lab: Importer) -> None:
    """List unknown, repeated and clashing identifiers, bad names and torn rows by their lines."""
    rows = "p1,P/7\nx,P/8\np2,P/7\np3,P/2\np3,P/5\n,P/4\np2\np9,\n"

    result = update(lab, rows)

    found = [line.removeprefix(f"{lab.folder}/") for line in problems(result)]
    assert (result.exit_code, found) == (
        1,
        [
            'mapping.csv:2: p1: public_identifier "P/7" is given more than once in this batch',
            'mapping.csv:3: x: private_identifier "x" is not a sample of this group',
            'mapping.csv:4: p2: public_identifier "P/7" is given more than once in this batch',
            'mapping.csv:6: p3: private_identifier "p3" is given twice, first in line 5',
            "mapping.csv:7: : private_identifier is required",
            "mapping.csv:8: : the row has 1 cells, the header 2",
            "mapping.csv:9: p9: public_identifier is required",
        ],
    )
    assert names(lab) == [("p1", "P/1"), ("p2", "P/2"), ("p3", "P/3")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("p1,P/2\n", '"P/2" already exists in this group'),
        ("p1,=1\n", '"=1" must not begin with ='),
        ("p1,1E+05\n", '"1E+05" is a number that a spreadsheet shortened'),
        ("p1,#N/A\n", '"#N/A" is an error of a spreadsheet, not a value'),
        ("p1,a\0b\n", "holds a NUL character"),
    ],
)
def test_bad_public_identifier_is_rejected(lab: Importer, row: str, reason: str) -> None:
    """Reject what another sample has and what tables reject."""
    result = update(lab, row)

    assert result.exit_code == 1
    assert reason in result.stderr


@pytest.mark.parametrize(
    "header", ["private_identifier\n", ",private_identifier,public_identifier\n"]
)
def test_table_with_other_columns_is_rejected(lab: Importer, header: str) -> None:
    """Reject a missing column, and the numbers of lines that some programs write."""
    result = update(lab, "p1,P/9\n", header=header)

    assert result.exit_code == 1
    assert "column" in result.stderr


def test_update_of_an_unknown_group_is_rejected(lab: Importer) -> None:
    """Take the number for an id, though another group may be called like it."""
    with lab.database.connect() as conn:
        factories.group(conn, "777", prefix="SEV")
    lab.group_id = 777

    result = update(lab, "p1,P/9\n")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        1,
        "Error: there is no group 777",
    )
