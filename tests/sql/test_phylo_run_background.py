"""api.create_phylo_run records what a run is made from besides what was chosen."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab
from tests.sql.phylo_runs import CREATE, arguments, inputs, sequenced


def background(conn: psycopg.Connection) -> tuple[Any, ...]:
    """Return what the last run is made from besides what was chosen."""
    ((*found,),) = conn.execute(
        "select sample_ids, left_out_count, resolved_template_args from aspen.job_backgrounds"
        " order by id desc limit 1"
    ).fetchall()
    return tuple(found)


def test_run_is_made_from_all_samples_of_the_group_that_have_a_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record private ones too, but no chosen one, none of other groups and none without one."""
    chosen = sequenced(admin, lab.group, "chosen")
    others = [sequenced(admin, lab.group), sequenced(admin, lab.group, is_private=True)]
    factories.sample(admin, lab.group)
    sequenced(admin, lab.group, pathogen_id=factories.pathogen(admin, "MPX"))
    factories.grant(admin, lab.other_group, lab.group, "member")
    sequenced(admin, lab.other_group)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["chosen"]))

    assert [row[1] for row in inputs(admin)] == [chosen]
    assert background(admin) == (others, 0, {})


FILTERS = [
    ({}, "middle old new"),
    ({"filter_start_date": "2024-02-01"}, "middle new"),
    ({"filter_end_date": "2024-02-01"}, "middle old"),
    ({"filter_start_date": "2024-02-01", "filter_end_date": "2024-02-01"}, "middle"),
    ({"filter_pango_lineages": ["BA.2*"]}, "middle new"),
    ({"filter_pango_lineages": ["Omicron"]}, "old"),
    ({"location_id": "country"}, "middle new"),
    ({"location_id": "division"}, "new"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filters_hold_for_the_samples_that_were_not_chosen(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    filters: dict[str, object],
    expected: str,
) -> None:
    """Keep those that match, and the chosen one although it matches no filter."""
    for lineage in ("BA.2", "BA.2.1"):
        factories.lineage_name(admin, lab.pathogen, lineage)
    factories.lineage_alias(admin, lab.pathogen, "Omicron", "XBB")
    places = {
        "country": factories.location(admin, "Peru"),
        "division": factories.location(admin, "Peru", "Lima"),
    }
    sequenced(admin, lab.group, "chosen", collection_date="2020-01-01")
    stored = {
        "middle": sequenced(admin, lab.group, location_id=places["country"]),
        "old": sequenced(admin, lab.group, collection_date="2024-01-31"),
        "new": sequenced(
            admin, lab.group, collection_date="2024-02-02", location_id=places["division"]
        ),
    }
    for name, lineage in {"middle": "BA.2", "old": "XBB", "new": "BA.2.1"}.items():
        factories.sample_lineage(admin, stored[name], lineage)
    given = {key: places.get(str(value), value) for key, value in filters.items()}
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["chosen"], template_args=given))

    assert background(admin)[0] == [stored[name] for name in expected.split()]
    assert len(inputs(admin)) == 1


def test_filters_are_resolved_when_the_run_is_requested(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep each lineage and the row of the location, whatever becomes of the reference data."""
    factories.lineage_name(admin, lab.pathogen, "BA.2.1")
    place = factories.location(admin, "Peru", "Lima")
    sequenced(admin, lab.group, "chosen")
    filters = {"filter_pango_lineages": ["BA.2*"], "location_id": place}
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["chosen"], template_args=filters))

    assert background(admin)[2] == {
        "filter_pango_lineages": ["BA.2.1"],
        "location": {
            "id": place,
            "region": "Europe",
            "country": "Peru",
            "division": "Lima",
            "location": None,
        },
    }


def test_run_without_a_location_is_looked_at_from_the_place_of_the_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name the place of the group's trees, and filter by nothing."""
    place = factories.location(admin, "Peru")
    admin.execute(
        "update aspen.groups set default_tree_location_id = %s where id = %s", [place, lab.group]
    )
    elsewhere = sequenced(admin, lab.group)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, []))

    sample_ids, _, resolved = background(admin)
    assert sample_ids == [elsewhere]
    assert resolved["location"]["country"] == "Peru"


def test_only_the_newest_samples_of_a_large_group_are_recorded(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record 20,000, and say how many more there were."""
    oldest = sequenced(admin, lab.group, collection_date="2020-01-01")
    factories.numbered_samples(admin, lab.group, 20_001, factories.GENOME)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, []))

    sample_ids, left_out, _ = background(admin)
    assert (len(sample_ids), left_out, oldest in sample_ids) == (20_000, 2, False)


def test_run_whose_filters_no_sample_matches_is_rejected(
    request_as: RequestAs, admin: psycopg.Connection, lab: Lab
) -> None:
    """Say so when asked for, instead of hours later; a chosen sample makes it possible."""
    sequenced(admin, lab.group, "chosen")
    filters = {"filter_start_date": "2025-01-01"}
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, CREATE, arguments(lab, [], template_args=filters))
        conn.execute(CREATE, arguments(lab, ["chosen"], template_args=filters))

    assert refused[:2] == (400, "samples_without_sequence")


def test_inputs_are_listed_for_members_and_not_for_viewers(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """List what was chosen and the others, with a name each; a viewer reads no row."""
    factories.public_sequence(admin, "strain")
    chosen = sequenced(admin, lab.group, "a", public_identifier="a")
    other = sequenced(admin, lab.group, "b", public_identifier="b")
    gone = sequenced(admin, lab.group, "c", public_identifier="c")
    with request_as("member", sub="alice", keep=True) as conn:
        run = conn.execute(CREATE, arguments(lab, ["a", "strain"])).fetchone()
    assert run is not None
    admin.execute("delete from aspen.samples where id = %s", [gone])
    seen = "select kind, identifier, is_chosen, sample_id from api.job_inputs where job_id = %s"
    with request_as("member", sub="alice") as conn:
        listed = conn.execute(seen, run[:1]).fetchall()
    with request_as("member", sub="vic") as conn:
        of_viewer = conn.execute(seen, run[:1]).fetchall()

    assert sorted(listed, key=str) == [
        ("public_sequence", "strain", True, None),
        ("sample", "a", True, chosen),
        ("sample", "b", False, other),
        ("sample", None, False, None),
    ]
    assert of_viewer == []


def with_context(conn: psycopg.Connection, lab: Lab) -> None:
    """Store a sample, and let the pathogen take its context from GenBank."""
    sequenced(conn, lab.group, "a")
    conn.execute(
        "update aspen.pathogens set contextual_repository_id = %s where id = %s",
        [factories.repository(conn, "GenBank"), lab.pathogen],
    )


@pytest.mark.parametrize("tree_type", ["OVERVIEW", "TARGETED"])
def test_tree_with_context_takes_the_newest_aligned_data_set(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree_type: str
) -> None:
    """Record the newest of the contextual repository, and list it among the inputs."""
    with_context(admin, lab)
    _, newest = (factories.repository_data(admin) for _ in range(2))
    with request_as("member", sub="alice") as conn:
        run = conn.execute(CREATE, arguments(lab, ["a"], tree_type=tree_type)).fetchone()
        assert run is not None
        listed = conn.execute(
            "select identifier, is_chosen from api.job_inputs where job_id = %s"
            " and kind = 'data_set'",
            run[:1],
        ).fetchall()

    assert listed == [(str(newest), False)]


@pytest.mark.parametrize("tree_type", ["OVERVIEW", "TARGETED"])
def test_tree_with_context_is_refused_without_a_data_set(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree_type: str
) -> None:
    """Accept neither one that is not aligned, nor one of another repository."""
    with_context(admin, lab)
    factories.repository_data(admin, stage="raw")
    factories.repository_data(admin, public_repository_id=factories.repository(admin, "GISAID"))
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, CREATE, arguments(lab, ["a"], tree_type=tree_type))

    assert refused == (400, "data_set_missing", {"tree_type": tree_type})


def test_run_records_its_inputs_also_after_one_that_was_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record the data set however often the session has planned the function before."""
    with_context(admin, lab)
    given = arguments(lab, ["a"], tree_type="OVERVIEW")
    with request_as("member", sub="alice") as conn:
        refusal_of(conn, CREATE, given)
    data_set = factories.repository_data(admin)
    with request_as("member", sub="alice") as conn:
        conn.execute(CREATE, given)
        listed = conn.execute(
            "select identifier from api.job_inputs where kind = 'data_set'"
        ).fetchall()

    assert listed == [(str(data_set),)]


def test_tree_without_context_needs_no_data_set(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record none, even if there is one."""
    with_context(admin, lab)
    given = arguments(lab, ["a"], tree_type="NON_CONTEXTUALIZED")
    with request_as("member", sub="alice") as conn:
        before = conn.execute(CREATE, given).fetchall()
    factories.repository_data(admin)
    with request_as("member", sub="alice") as conn:
        conn.execute(CREATE, given)
        recorded = conn.execute("select from api.job_inputs where kind = 'data_set'").fetchall()

    assert (len(before), recorded) == (1, [])
