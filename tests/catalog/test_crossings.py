"""No key and no query of ours combines the rows of two groups, but for those named here."""

from __future__ import annotations

import psycopg
import pytest

from tests.catalog.crossings import crossings, crossings_of

# A grant is between two groups, and says who may see whose rows.
GRANT = "a grant is between two groups"
# A run may have samples of a group that granted access: inputs and tips name the group of each.
GRANTED = "a run has samples of groups that granted access"
# Whoever submits names their own laboratory.
OWN_LAB = "the caller's laboratory submits samples of a group that granted access"
# Ids name the rows, each of which is in one group; comparing the group as well changes the plan.
BY_ID = "rows are looked up by their ids"

KEYS = {
    "group_grants_grantee_group_id_fkey": GRANT,
    "job_samples_sample_group_id_sample_id_fkey": GRANTED,
    "phylo_tree_tips_sample_group_id_sample_id_fkey": GRANTED,
}
QUERIES = {
    "api.phylo_tree: aspen.phylo_tree_tips and named": GRANTED,
    "api.samples: aspen.samples and aspen.samples": BY_ID,
    "authz.grant_party: groups around aspen.group_grants": GRANT,
    "authz.may_share: aspen.group_grants and aspen.memberships": GRANT,
    "authz.user_access: aspen.group_grants and aspen.groups": GRANT,
    "internal.cancel_jobs_without_input: inputs around aspen.samples": GRANTED,
    "internal.cancel_jobs_without_input: inputs around aspen.sequences": GRANTED,
    "internal.chosen_samples: aspen.sequences and aspen.sample_qc_metrics": BY_ID,
    "internal.export_sequences: aspen.sequences and aspen.samples": BY_ID,
    "internal.gisaid_rows: aspen.samples and aspen.groups": OWN_LAB,
    "internal.renew_results: aspen.job_samples and aspen.jobs": BY_ID,
    "internal.renew_results: inputs around aspen.jobs": BY_ID,
    "internal.renew_results: inputs around aspen.sequences": GRANTED,
    "internal.renew_stale_results: samples, sequences around aspen.job_samples": GRANTED,
    "internal.tree_samples: tips around aspen.samples": GRANTED,
}

# Keys from a row of a group to a row of a group that do not say that it is the same group.
CROSSING_KEYS = """
select constraints.conname
from pg_catalog.pg_constraint as constraints
inner join pg_catalog.pg_attribute as columns
    on constraints.conrelid = columns.attrelid and columns.attname = 'group_id'
inner join pg_catalog.pg_attribute as referenced
    on
        constraints.confrelid = referenced.attrelid
        and referenced.attname
        = case when constraints.confrelid = 'aspen.groups'::regclass then 'id' else 'group_id' end
where
    constraints.contype = 'f'
    and constraints.conparentid = 0
    and not exists (
        select
        from unnest(constraints.conkey, constraints.confkey) as pairs (own, other)
        where pairs.own = columns.attnum and pairs.other = referenced.attnum
    )
"""


def test_no_foreign_key_leaves_its_group(admin: psycopg.Connection) -> None:
    """Refer from a row of a group to rows of the same group."""
    found = {name for (name,) in admin.execute(CROSSING_KEYS.encode())}

    assert found == KEYS.keys()


def test_no_query_combines_rows_of_two_groups(admin: psycopg.Connection) -> None:
    """Compare the groups wherever views and functions join rows of groups."""
    assert crossings(admin) == QUERIES.keys()


TENANTS = frozenset({"aspen.samples", "aspen.sequences", "aspen.groups"})
JOIN = "select from aspen.samples as a inner join aspen.sequences as b on a.id = b.sample_id"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (JOIN, ["aspen.samples and aspen.sequences"]),
        (f"{JOIN} and a.group_id = b.group_id", []),
        (
            f"{JOIN} and (a.group_id = b.group_id or a.id = 1)",
            ["aspen.samples and aspen.sequences"],
        ),
        (f"{JOIN} where a.group_id = wanted and b.group_id = wanted", []),
        (f"{JOIN} where a.group_id = wanted", ["aspen.samples and aspen.sequences"]),
        (f"{JOIN} and a.group_id = any(wanted)", ["aspen.samples and aspen.sequences"]),
        (
            "select from aspen.samples as a where exists"
            " (select from aspen.sequences as b where b.sample_id = a.id)",
            ["a around aspen.sequences"],
        ),
        (
            "select from aspen.samples as a where exists (select from aspen.sequences as b"
            " where b.sample_id = a.id and b.group_id = a.group_id)",
            [],
        ),
        (
            "select from aspen.samples as a where a.id in"
            " (select b.sample_id from aspen.sequences as b)",
            ["a around aspen.sequences"],
        ),
        (
            "select from aspen.samples as a where (a.group_id, a.id) in"
            " (select b.group_id, b.sample_id from aspen.sequences as b)",
            [],
        ),
        (
            "with listed as (select a.group_id, a.id from aspen.samples as a)"
            " select from listed inner join aspen.sequences as b on listed.id = b.sample_id",
            ["listed and aspen.sequences"],
        ),
        (
            "update aspen.samples as a set host = '' from aspen.sequences as b"
            " where a.id = b.sample_id",
            ["aspen.sequences and aspen.samples"],
        ),
        (
            "delete from aspen.samples as a using aspen.sequences as b where a.id = b.sample_id",
            ["aspen.sequences and aspen.samples"],
        ),
        ("select from aspen.samples as a, aspen.groups as g where a.group_id = g.id", []),
        (
            "select from aspen.samples as a, aspen.groups as g where a.id = g.id",
            ["aspen.samples and aspen.groups"],
        ),
    ],
)
def test_crossing_is_found(statement: str, expected: list[str]) -> None:
    """Name the relations that nothing connects, and nothing where the groups are compared."""
    assert crossings_of(statement, TENANTS) == expected
