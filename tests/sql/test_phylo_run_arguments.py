"""api.create_phylo_run names each argument that it cannot use."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import dict_row

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import Refusal, refusal_of
from tests.sql.conftest import Lab
from tests.sql.phylo_runs import CREATE, arguments, more, sequenced

LINE = "must be 1 to 128 characters on one line, without spaces around it"


def test_only_the_first_problems_of_filters_are_listed(request_as: RequestAs, lab: Lab) -> None:
    """List the first ones and count the others, for filters as for samples."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(
            conn, CREATE, arguments(lab, [], template_args={f"f{n}": n for n in range(1_000)})
        )

    assert isinstance(answer, tuple)
    assert (len(answer[2]), answer[2][-1]) == (201, more(800))


def test_filter_by_no_lineages_is_left_out(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Omit an empty list of lineages: it filters nothing."""
    sequenced(admin, lab.group)
    filters = {"filter_pango_lineages": [], "location_id": lab.location}
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(CREATE, arguments(lab, [], template_args=filters)).fetchone()

    assert run is not None
    assert run["template_args"] == {"location_id": lab.location}


@pytest.mark.parametrize("name", ["Übersicht, 2024/05 (日本)", "e\u0301", "week 3"])
def test_run_may_have_any_readable_name(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, name: str
) -> None:
    """Accept every name without invisible or control characters."""
    sequenced(admin, lab.group)
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(CREATE, arguments(lab, [], name=name)).fetchone()

    assert run is not None
    assert run["name"] == name


FORBIDDEN = ["\x01", "\t", "\n", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066"]


@pytest.mark.parametrize("character", FORBIDDEN, ids=[f"{ord(c):04x}" for c in FORBIDDEN])
def test_name_with_a_character_nobody_sees_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, character: str
) -> None:
    """Reject it when a run is created and when it is renamed."""
    name = f"a{character}b"
    run = factories.phylo_run(admin, lab.group)
    with request_as("member", sub="alice") as conn:
        created = refusal_of(conn, CREATE, arguments(lab, [], name=name))
        renamed = refusal_of(conn, "update api.phylo_runs set name = %s where id = %s", [name, run])

    assert isinstance(created, tuple)
    assert (created[:2], renamed) == ((400, "invalid_run"), "23514")
    assert [problem["field"] for problem in created[2]] == ["name"]


def test_blank_name_is_refused(admin: psycopg.Connection, request_as: RequestAs, lab: Lab) -> None:
    """Reject it when a run is created and when it is renamed."""
    run = factories.phylo_run(admin, lab.group)
    with request_as("member", sub="alice") as conn:
        created = refusal_of(conn, CREATE, arguments(lab, [], name="  "))
        renamed = refusal_of(conn, "update api.phylo_runs set name = null where id = %s", [run])

    required = [{"id": run, "field": "name", "value": None, "reason": "is required"}]
    assert created == invalid("name", None, "is required")
    assert renamed == (400, "invalid_value", required)


def invalid(field: str, value: object, reason: str) -> Refusal:
    """Return the error that rejects a run for one reason."""
    return (400, "invalid_run", [{"field": field, "value": value, "reason": reason}])


DATE = "must be a date YYYY-MM-DD"
LINEAGES = "must be an array of lineage names; * at the end is a wildcard"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": ""}, invalid("name", None, "is required")),
        ({"name": None}, invalid("name", None, "is required")),
        ({"name": "n" * 129}, invalid("name", "n" * 129, LINE)),
        (
            {"tree_type": "bush"},
            invalid("tree_type", "BUSH", "must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED"),
        ),
        (
            {"tree_type": None},
            invalid("tree_type", None, "must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED"),
        ),
        (
            {"samples": None},
            invalid("samples", None, "must be an array of identifiers without null"),
        ),
        (
            {"samples": ["s", None]},
            invalid("samples", None, "must be an array of identifiers without null"),
        ),
        (
            {"samples": [["s"], ["t"]]},
            invalid("samples", '[["s"],["t"]]', "must be an array of identifiers without null"),
        ),
        (
            {"samples": ["s"] * 20_001},
            invalid("samples", None, "must be at most 20,000 identifiers"),
        ),
        ({"template_args": []}, invalid("template_args", "[]", "must be an object")),
        ({"template_args": None}, invalid("template_args", "null", "must be an object")),
        (
            {"template_args": {"colour": 1}},
            invalid("template_args.colour", "1", "is not a known filter"),
        ),
        (
            {"template_args": {"filter_start_date": "2024-02-30"}},
            invalid("template_args.filter_start_date", '"2024-02-30"', DATE),
        ),
        (
            {"template_args": {"filter_end_date": 20240101}},
            invalid("template_args.filter_end_date", "20240101", DATE),
        ),
        (
            {"template_args": {"filter_start_date": "2024-02-02", "filter_end_date": "2024-02-01"}},
            invalid(
                "template_args",
                '{"filter_end_date": "2024-02-01", "filter_start_date": "2024-02-02"}',
                "filter_start_date must not be after filter_end_date",
            ),
        ),
        (
            {"template_args": {"filter_pango_lineages": "BA.2"}},
            invalid("template_args.filter_pango_lineages", '"BA.2"', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["BA.2", 1]}},
            invalid("template_args.filter_pango_lineages", '["BA.2", 1]', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["BA.2; rm"]}},
            invalid("template_args.filter_pango_lineages", '["BA.2; rm"]', LINEAGES),
        ),
        (
            {"template_args": {"location_id": -1}},
            invalid("template_args.location_id", "-1", "is not the id of a location"),
        ),
        (
            {"template_args": {"location_id": {"id": 1}}},
            invalid("template_args.location_id", '{"id": 1}', "is not the id of a location"),
        ),
        (
            {"template_args": {"location_id": 1e300}},
            invalid("template_args.location_id", f"1{'0' * 199}", "is not the id of a location"),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["A" * 101]}},
            invalid("template_args.filter_pango_lineages", f'["{"A" * 101}"]', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": [["BA.2"]]}},
            invalid("template_args.filter_pango_lineages", '[["BA.2"]]', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["A"] * 1001}},
            invalid(
                "template_args.filter_pango_lineages",
                str(["A"] * 1001).replace("'", '"')[:200],
                "must be at most 1,000 lineage names",
            ),
        ),
        ({"pathogen": "sc2"}, (400, "unknown_pathogen", {"pathogen": "sc2"})),
        ({"pathogen": None}, (400, "unknown_pathogen", {"pathogen": None})),
        ({"group_id": -1}, (403, "group_access_denied", {"group_id": -1})),
        ({"group_id": None}, (403, "group_access_denied", {"group_id": None})),
    ],
)
def test_unusable_argument_is_named(
    request_as: RequestAs, lab: Lab, changed: dict[str, object], expected: Refusal
) -> None:
    """Name the argument, its value and the reason."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, **{"samples": []} | changed))

    assert answer == expected


def test_location_must_be_a_number(request_as: RequestAs, lab: Lab) -> None:
    """Reject a location id that is not a number."""
    given = arguments(lab, [], template_args={"location_id": "France"})
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, given)

    assert answer == invalid("template_args.location_id", '"France"', "is not the id of a location")
