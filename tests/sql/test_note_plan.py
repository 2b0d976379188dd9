"""What authz.note_plan lets the planner count on changes no answer."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.list_requests import as_list
from tests.sql.conftest import Lab

NAMES = "select group_id, private_identifier from api.samples order by id"


@pytest.fixture(autouse=True)
def list_of_samples(admin: psycopg.Connection) -> None:
    """Let requests be lists of samples."""
    as_list(admin)


@pytest.mark.parametrize(
    ("person", "name"), [("alice", "P-1"), ("vic", None)], ids=["member", "viewer"]
)
def test_viewer_finds_samples_without_private_identifiers(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, person: str, name: str | None
) -> None:
    """Mask them, and show the row."""
    factories.sample(admin, lab.group, "P-1")

    with request_as("member", sub=person) as conn:
        assert conn.execute(NAMES).fetchall() == [(lab.group, name)]


def test_somebody_in_two_groups_finds_the_samples_of_both(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show no other group's."""
    factories.membership(admin, lab.other_group, lab.alice, "viewer")
    for group in (lab.group, lab.other_group, factories.group(admin)):
        factories.sample(admin, group, "P-1")

    with request_as("member", sub="alice") as conn:
        found = conn.execute(NAMES).fetchall()

    assert found == [(lab.group, "P-1"), (lab.other_group, None)]


@pytest.mark.parametrize(
    ("person", "other_role", "looks"),
    [("alice", None, 1), ("vic", None, 1), ("alice", "viewer", 2)],
    ids=["member", "viewer", "member and viewer"],
)
def test_caller_of_one_role_pays_for_no_mask(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    person: str,
    other_role: str | None,
    looks: int,
) -> None:
    """Look at the table twice only for a caller who is member here and viewer there."""
    if other_role:
        factories.membership(admin, lab.other_group, lab.alice, other_role)
    factories.sample(admin, lab.group, "P-1")

    with request_as("member", sub=person) as conn:
        plan = conn.execute(f"explain (costs off) {NAMES}").fetchall()

    assert sum(line.endswith((" on samples", " on samples named")) for (line,) in plan) == looks


@pytest.mark.parametrize(
    ("person", "identifier", "found"),
    [("alice", "P-1", 1), ("alice", "P-2", 1), ("vic", "P-1", 0), ("bob", "P-1", 0)],
)
def test_private_identifier_is_found_by_members(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    person: str,
    identifier: str,
    found: int,
) -> None:
    """Find nothing by the identifier for whoever does not see it."""
    factories.sample(admin, lab.group, "P-1")
    factories.sample(admin, lab.group, "P-2", is_private=True)

    with request_as("member", sub=person) as conn:
        rows = conn.execute(
            "select id from api.samples where private_identifier = %s", [identifier]
        ).fetchall()

    assert len(rows) == found


@pytest.mark.parametrize(
    ("person", "other_role", "expected"),
    [
        ("alice", None, ["P-1", "P-2"]),
        ("vic", None, ["P-1"]),
        ("bob", None, ["O-1"]),
        ("alice", "member", ["P-1", "P-2", "O-1"]),
        ("alice", "viewer", ["P-1", "P-2", "O-1"]),
        ("vic", "viewer", ["P-1", "O-1"]),
        ("vic", "member", ["P-1", "O-1"]),
    ],
)
def test_rows_of_samples_are_those_of_every_other_request(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    person: str,
    other_role: str | None,
    expected: list[str],
) -> None:
    """Show the samples, and what belongs to them, that the caller sees in any other request."""
    if other_role:
        factories.membership(admin, lab.other_group, getattr(lab, person), other_role)
    for group, identifier, is_private in (
        (lab.group, "P-1", False),
        (lab.group, "P-2", True),
        (lab.other_group, "O-1", False),
    ):
        sample = factories.sample(
            admin, group, identifier, public_identifier=identifier, is_private=is_private
        )
        factories.sample_lineage(admin, sample, lineage=identifier)

    with request_as("member", sub=person) as conn:
        samples = conn.execute("select public_identifier from api.samples order by id").fetchall()
        lineages = conn.execute("select lineage from api.sample_lineages order by id").fetchall()

    assert samples == lineages == [(one,) for one in expected]


@pytest.mark.parametrize(
    ("reader", "other", "expected"),
    [
        ("alice", "vic", []),
        ("alice", "bob", [("O-1", "O-1")]),
        ("vic", "alice", [("P-1", None)]),
        ("vic", "bob", [("O-1", None)]),
        ("both", "vic", []),
        ("both", "bob", [("O-1", "O-1")]),
        ("mixed", "vic", [("P-1", None)]),
        ("mixed", "alice", [("P-1", "P-1"), ("P-2", "P-2")]),
    ],
)
def test_plan_made_for_one_caller_shows_another_no_more_than_their_own(
    admin: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    request_as: RequestAs,
    lab: Lab,
    reader: str,
    other: str,
    expected: list[tuple[str, str | None]],
) -> None:
    """Compare with the settings when the plan runs, should a plan ever be kept."""
    # Or psycopg forgets all prepared statements, this one as well.
    monkeypatch.setattr(admin, "prepare_threshold", None)
    factories.user(admin, "both", {lab.group: "member", lab.other_group: "admin"})
    factories.user(admin, "mixed", {lab.group: "viewer", lab.other_group: "member"})
    for group, name, is_private in (
        (lab.group, "P-1", False),
        (lab.group, "P-2", True),
        (lab.other_group, "O-1", False),
    ):
        factories.sample(admin, group, name, public_identifier=name, is_private=is_private)

    with request_as("member", sub=reader) as conn:
        conn.execute("select set_config('plan_cache_mode', 'force_generic_plan', true)")
        conn.execute(
            "prepare kept as select public_identifier, private_identifier from api.samples"
            " order by id"
        )
        assert conn.execute("execute kept").fetchall() != []
    with request_as("member", sub=other) as conn:
        found = conn.execute("execute kept").fetchall()
        conn.execute("deallocate kept")

    assert found == expected


def test_computed_column_is_planned_for_each_caller(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Read it for callers in turn: a function of SQL keeps its plans for the session."""
    for group in (lab.group, lab.other_group):
        sample = factories.sample(admin, group)
        factories.qc_metric(admin, sample, raw_output=Jsonb({"of": f"{group}"}))

    for person, group in (("alice", lab.group), ("bob", lab.other_group), ("vic", lab.group)):
        with request_as("member", sub=person) as conn:
            found = conn.execute(
                "select api.raw_output(metrics) ->> 'of' from api.sample_qc_metrics as metrics"
            ).fetchall()

        assert found == [(f"{group}",)]
