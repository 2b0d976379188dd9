"""Deleting through api.samples removes all rows of a sample and keeps files that name it true."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.factories import Tip
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

DELETE = "delete from api.samples where id = %s returning id"


def test_rows_of_the_sample_are_deleted_with_it(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Delete every row of the sample and no row of another one."""
    gone, kept = (factories.sample(admin, lab.group) for _ in range(2))
    for sample in (gone, kept):
        factories.sequence(admin, sample)
        factories.aligned_sequence(admin, sample)
        factories.sample_lineage(admin, sample)
        factories.qc_metric(admin, sample)
        factories.mutations(admin, sample)
        factories.accession(admin, sample)
    with request_as("member", sub="alice", keep=True) as conn:
        assert conn.execute(DELETE, [gone]).fetchall() == [(gone,)]

    left = admin.execute(
        "select id from aspen.samples"
        " union all select sample_id from aspen.sequences"
        " union all select sample_id from aspen.aligned_sequences"
        " union all select sample_id from aspen.sample_lineages"
        " union all select sample_id from aspen.sample_qc_metrics"
        " union all select sample_id from aspen.sample_mutations"
        " union all select sample_id from aspen.accessions"
    ).fetchall()
    assert left == [(kept,)] * 7


def test_runs_and_trees_keep_the_public_identifier(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep it, because their files name it."""
    sample = factories.sample(admin, lab.group, "s", public_identifier="p")
    run = factories.phylo_run(admin, lab.group)
    factories.job_sample(admin, run, sample)
    factories.phylo_tree(admin, run, [Tip("p", sample)])
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(DELETE, [sample])

    inputs = admin.execute("select sample_id, public_identifier from aspen.job_samples").fetchall()
    tips = admin.execute("select sample_id, name from aspen.phylo_tree_tips").fetchall()
    assert (inputs, tips) == ([(None, "p")], [(None, "p")])


@pytest.mark.parametrize("role", ["admin", "member"])
def test_granted_member_deletes_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str
) -> None:
    """Delete private samples too."""
    factories.grant(admin, lab.group, lab.other_group, role)
    sample = factories.sample(admin, lab.group, is_private=True)
    with request_as("member", sub="bob") as conn:
        assert conn.execute(DELETE, [sample]).fetchall() == [(sample,)]


def test_viewer_cannot_delete_a_sample(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer 403, because a viewer sees that the sample exists."""
    sample = factories.sample(admin, lab.group)
    with request_as("member", sub="vic") as conn:
        answer = refusal_of(conn, DELETE, [sample])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_deleting_all_samples_deletes_only_those_seen(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Leave samples alone that the caller does not see."""
    private = factories.sample(admin, lab.group, is_private=True)
    own = factories.sample(admin, lab.other_group)
    with request_as("member", sub="bob", keep=True) as conn:
        assert conn.execute("delete from api.samples returning id").fetchall() == [(own,)]

    assert admin.execute("select id from aspen.samples").fetchall() == [(private,)]
