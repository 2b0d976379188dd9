"""Samples deleted through api.samples: all of theirs goes, and files that name them stay true."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.factories import Tip
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

DELETE = "delete from api.samples where id = %s returning id"


def test_all_that_belongs_to_the_sample_goes(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """And nothing that belongs to others."""
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
    """Their files name it."""
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
def test_granted_role_deletes_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str
) -> None:
    """Private ones too."""
    factories.grant(admin, lab.group, lab.other_group, role)
    sample = factories.sample(admin, lab.group, is_private=True)
    with request_as("member", sub="bob") as conn:
        assert conn.execute(DELETE, [sample]).fetchall() == [(sample,)]


def test_viewer_is_refused(admin: psycopg.Connection, request_as: RequestAs, lab: Lab) -> None:
    """A sample that is seen cannot be said not to exist."""
    sample = factories.sample(admin, lab.group)
    with request_as("member", sub="vic") as conn:
        answer = refusal_of(conn, DELETE, [sample])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_what_is_not_seen_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Deleting everything deletes what is one's own."""
    private = factories.sample(admin, lab.group, is_private=True)
    own = factories.sample(admin, lab.other_group)
    with request_as("member", sub="bob", keep=True) as conn:
        assert conn.execute("delete from api.samples returning id").fetchall() == [(own,)]

    assert admin.execute("select id from aspen.samples").fetchall() == [(private,)]
