"""Request phylogenetic runs: what the tests of api.create_phylo_run share."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tests import factories
from tests.sql.conftest import Lab

CREATE = (
    "select * from api.create_phylo_run(%s, %s, to_json(%s::text), to_json(%s::text[]), %s, %s)"
)


def more(count: int) -> dict[str, object]:
    """Return the entry that says how many details were left out."""
    return {"reason": f"{count} more problems are not listed", "more": count}


def arguments(lab: Lab, samples: object, **others: object) -> list[object]:
    """Return the arguments of a valid run, replaced by those given."""
    given: dict[str, object] = {
        "group_id": lab.group,
        "pathogen": "SC2",
        "name": "A run",
        "samples": samples,
        "tree_type": "TARGETED",
        "template_args": {},
    } | others
    return [*list(given.values())[:-1], Jsonb(given["template_args"])]


def sequenced(conn: psycopg.Connection, group_id: int, *args: Any, **columns: Any) -> int:
    """Store a sample with a sequence."""
    sample_id = factories.sample(conn, group_id, *args, **columns)
    factories.sequence(conn, sample_id)
    return sample_id


def inputs(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Return the samples and strains recorded as the input of runs."""
    return conn.execute(
        "select sample_group_id, sample_id, public_identifier from aspen.job_samples"
        " where job_id in (select id from aspen.jobs where kind = 'phylo_run')"
        " union all select null, public_repository_id, strain from aspen.job_public_sequences"
        " order by 1, 2, 3"
    ).fetchall()
