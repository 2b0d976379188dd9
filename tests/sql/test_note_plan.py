"""What authz.note_plan lets the planner count on changes no answer."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

NAMES = "select group_id, private_identifier from api.samples order by id"


@pytest.fixture(autouse=True)
def list_of_samples(admin: psycopg.Connection) -> None:
    """Let requests be lists of samples whose plans serve them only, as those of PostgREST."""
    admin.execute(
        "select set_config('plan_cache_mode', 'force_custom_plan', true),"
        " set_config('request.method', 'GET', true), set_config('request.path', '/samples', true)"
    )


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


@pytest.mark.parametrize(("person", "looks"), [("alice", 1), ("vic", 2)], ids=["member", "viewer"])
def test_member_pays_for_no_mask(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, person: str, looks: int
) -> None:
    """Look at the table once for a caller who is a viewer nowhere, twice for a viewer."""
    factories.sample(admin, lab.group, "P-1")

    with request_as("member", sub=person) as conn:
        plan = conn.execute(f"explain (costs off) {NAMES}").fetchall()

    assert sum(" on samples" in line for (line,) in plan) == looks, plan
