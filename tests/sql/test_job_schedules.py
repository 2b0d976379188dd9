"""Admins say on which days runs start, and a scheduled run begins with the newest data."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

# A Thursday.
DAY = date(2026, 3, 5)
INSERT = (
    "insert into api.job_schedules (group_id, pathogen_id, kind, weekdays, tree_type,"
    " template_args) values (%s, %s, %s, %s, %s, %s)"
    " returning weekdays, tree_type, template_args, is_enabled"
)
DUE = "select id from internal.due_schedules(%s)"


@pytest.fixture
def ada(admin: psycopg.Connection, lab: Lab) -> str:
    """Store an admin of the lab."""
    factories.user(admin, "ada", {lab.group: "admin"})
    return "ada"


def arguments(lab: Lab, **others: Any) -> list[object]:
    """Return the values of a valid schedule, replaced by those given."""
    given = {
        "group_id": lab.group,
        "pathogen_id": lab.pathogen,
        "kind": "phylo_run",
        "weekdays": [4, 1, 4],
        "tree_type": None,
        "template_args": {"location_id": f" {lab.location} "},
    } | others
    return [*list(given.values())[:-1], Jsonb(given["template_args"])]


def recent(conn: psycopg.Connection, lab: Lab, template_args: object = None) -> object:
    """Return the filters of a run that is scheduled for DAY."""
    return conn.execute(
        "select internal.recent_filters(%s, %s, %s, %s)",
        [lab.group, lab.pathogen, Jsonb(template_args or {}), DAY],
    ).fetchall()[0][0]


def sequenced(conn: psycopg.Connection, lab: Lab, day: str) -> None:
    """Store a sample with a sequence that was collected on a day."""
    factories.sequence(conn, factories.sample(conn, lab.group, collection_date=day))


def test_schedule_is_stored_in_its_usual_form(request_as: RequestAs, lab: Lab, ada: str) -> None:
    """Sort weekdays, name the type of tree, write filters as create_phylo_run does."""
    with request_as("member", sub=ada) as conn:
        stored = conn.execute(INSERT, arguments(lab)).fetchall()

    assert stored == [([1, 4], "OVERVIEW", {"location_id": lab.location}, True)]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("kind", "nextclade", "must be phylo_run"),
        ("weekdays", [], "must be days from 1 (Monday) to 7 (Sunday)"),
        ("weekdays", [0], "must be days from 1 (Monday) to 7 (Sunday)"),
        ("weekdays", [8], "must be days from 1 (Monday) to 7 (Sunday)"),
        ("weekdays", [1, None], "must be days from 1 (Monday) to 7 (Sunday)"),
        ("weekdays", [[1], [2]], "must be days from 1 (Monday) to 7 (Sunday)"),
        ("weekdays", None, "is required"),
        ("tree_type", "overview", "must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED"),
        ("template_args", {"color": "red"}, "is not a known filter"),
        ("template_args", [], "must be an object"),
        ("pathogen_id", 0, "must be the id of a pathogen with a nextclade_dataset_name"),
    ],
)
def test_invalid_schedule_is_refused(
    request_as: RequestAs, lab: Lab, ada: str, field: str, value: object, reason: str
) -> None:
    """Name the field and the reason."""
    with request_as("member", sub=ada) as conn:
        answer = refusal_of(conn, INSERT, arguments(lab, **{field: value}))

    status, code, [problem] = cast(tuple[int, str, Any], answer)
    named = problem["field"].partition(".")[0]
    assert (status, code, named, problem["reason"]) == (400, "invalid_value", field, reason)


def test_change_is_checked_like_a_new_schedule(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: str
) -> None:
    """Name the row by its id."""
    schedule = factories.job_schedule(admin, lab.group)
    with request_as("member", sub=ada) as conn:
        answer = refusal_of(conn, "update api.job_schedules set weekdays = '{9}'")

    assert answer == (
        400,
        "invalid_value",
        [
            {
                "id": schedule,
                "field": "weekdays",
                "value": "{9}",
                "reason": "must be days from 1 (Monday) to 7 (Sunday)",
            }
        ],
    )


def test_group_has_one_schedule_for_a_pathogen(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: str
) -> None:
    """Refuse a second one."""
    factories.job_schedule(admin, lab.group)
    with request_as("member", sub=ada) as conn:
        assert refusal_of(conn, INSERT, arguments(lab)) == "23505"


@pytest.mark.parametrize(
    ("columns", "is_due"),
    [
        ({"weekdays": [4]}, True),
        ({"weekdays": [1, 4]}, True),
        ({"weekdays": [3, 5]}, False),
        ({"weekdays": [4], "is_enabled": False}, False),
        ({"weekdays": [4], "last_run_on": "2026-03-04"}, True),
        ({"weekdays": [4], "last_run_on": "2026-03-05"}, False),
        ({"weekdays": [4], "last_run_on": "2026-03-06"}, False),
    ],
)
def test_schedule_is_due_on_its_days_once(
    admin: psycopg.Connection, lab: Lab, columns: dict[str, Any], is_due: bool
) -> None:
    """Count days in UTC, whatever the time zone of the session."""
    schedule = factories.job_schedule(admin, lab.group, **columns)
    admin.execute("set local timezone = 'Pacific/Kiritimati'")

    due = admin.execute(DUE, ["2026-03-05 23:59:59+00"]).fetchall()

    assert due == ([(schedule,)] if is_due else [])


@pytest.mark.parametrize(
    ("newest", "start"),
    [
        ("2026-03-05", "2025-12-11"),
        ("2025-12-11", "2025-12-11"),
        ("2025-12-10", "2025-09-05"),
        ("2025-09-04", "2025-03-05"),
        ("2025-03-04", "2024-03-05"),
        ("2024-03-05", "2024-03-05"),
    ],
)
def test_time_is_widened_until_there_is_a_sample(
    admin: psycopg.Connection, lab: Lab, newest: str, start: str
) -> None:
    """Begin 12 weeks, or 6, 12 or 24 months before the day."""
    sequenced(admin, lab, newest)

    assert recent(admin, lab) == {"filter_start_date": start}


def test_run_without_recent_data_is_not_scheduled(admin: psycopg.Connection, lab: Lab) -> None:
    """Count neither old samples, nor those without a sequence, nor those of others."""
    sequenced(admin, lab, "2024-03-04")
    factories.sample(admin, lab.group, collection_date="2026-03-01")
    factories.sequence(
        admin, factories.sample(admin, lab.other_group, collection_date="2026-03-01")
    )

    assert recent(admin, lab) is None


def test_start_that_is_given_is_kept(admin: psycopg.Connection, lab: Lab) -> None:
    """Do not look for data."""
    given = {"filter_start_date": "2020-01-01"}

    assert recent(admin, lab, given) == given


def test_location_is_widened_after_the_time(admin: psycopg.Connection, lab: Lab) -> None:
    """Take the division, then the country, where public sequences are; never the region."""
    place = factories.location(admin, "Peru", "Lima", "Callao")
    division = factories.location(admin, "Peru", "Lima")
    country = factories.location(admin, "Peru")
    admin.execute("update aspen.groups set default_tree_location_id = %s", [place])
    columns = {"region": "Europe", "country": "Peru", "collection_date": "2026-03-01"}
    found = [recent(admin, lab)]
    for number, (day, names) in enumerate(
        [
            ("2026-03-01", {"country": "Chile"}),
            ("2026-03-01", {"division": "Cusco"}),
            ("2025-03-05", {"division": "Lima"}),
            ("2024-03-05", {"division": "Lima", "location": "Callao"}),
        ]
    ):
        factories.public_sequence(
            admin, f"strain {number}", lab.pathogen, **columns | {"collection_date": day} | names
        )
        found.append(recent(admin, lab))

    assert found == [
        None,
        None,
        {"filter_start_date": "2025-12-11", "location_id": country},
        {"filter_start_date": "2025-03-05", "location_id": division},
        {"filter_start_date": "2024-03-05"},
    ]
