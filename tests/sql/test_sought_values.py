"""Filters through functions of ours use the indexes that PostgreSQL's own filters would use."""

from __future__ import annotations

import re

import psycopg
import pytest

from tests.conftest import RequestAs
from tests.sql.conftest import Lab

FILTERS = {
    "a day": "collection_date >= authz.sought_day('2024-06-01') order by collection_date, id",
    "days, as in": (
        "collection_date = any (array(select authz.sought_day(unnest('{2024-06-01}'::text[]))))"
        " order by collection_date, id"
    ),
    "ids": "id in (1, 2, 3)",
}
# Both indexes for ids begin with the id.
INDEXES = {
    "a day": "samples_collection_date_id_idx",
    "days, as in": "samples_collection_date_id_idx",
    "ids": "samples_pkey|samples_id_group_id_disclosed_at_key",
}


@pytest.mark.parametrize("name", FILTERS)
def test_filter_reaches_its_index(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, name: str
) -> None:
    """Use the index under row-level security, through the view."""
    admin.execute(
        "insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select %s, %s, %s, 's' || number, 'p' || number, '2020-01-01'::date + number %% 1800"
        " from generate_series(1, 3000) as numbers (number)",
        [lab.group, lab.pathogen, lab.location],
    )
    admin.execute("analyze aspen.samples")
    condition = FILTERS[name]
    with request_as("member", sub="alice") as conn:
        plan = conn.execute(
            f"explain select id from api.samples where {condition} limit 50"  # noqa: S608
        ).fetchall()

    assert [line for (line,) in plan if re.search(INDEXES[name], line)] != []
