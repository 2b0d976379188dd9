"""A run is queued with the samples it names, found by any identifier the caller may use."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import dict_row

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab
from tests.sql.phylo_runs import CREATE, arguments, inputs, more, sequenced


def test_run_is_queued_and_returned(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Return the run as api.phylo_runs shows it."""
    genbank = factories.repository(admin, "GenBank")
    mpx = factories.pathogen(admin, "MPX", contextual_repository_id=genbank)
    factories.repository_data(admin, pathogen_id=mpx)
    sample = sequenced(admin, lab.group, pathogen_id=mpx, collection_date="2024-01-15")
    factories.sample_lineage(admin, sample, "XBB")
    filters = {
        "filter_start_date": "2024-01-01",
        "filter_end_date": "2024-01-31",
        "filter_pango_lineages": ["BA.2*", "XBB"],
        "location_id": lab.location,
    }
    given = arguments(
        lab, [], pathogen="MPX", tree_type="overview",
        template_args=filters | {"filter_end_date": None},
    )  # fmt: skip
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(CREATE, given).fetchone()
        shown = cursor.execute("select * from api.phylo_runs").fetchone()

    assert run is not None
    del filters["filter_end_date"]
    assert run == shown
    assert run == {
        "id": run["id"],
        "group_id": lab.group,
        "pathogen_id": run["pathogen_id"],
        "name": "A run",
        "tree_type": "OVERVIEW",
        "template_args": filters,
        "contextual_repository_id": genbank,
        "status": "queued",
        "attempt": 1,
        "software_versions": {},
        "error": None,
        "requested_by_id": lab.alice,
        "created_at": run["created_at"],
        "started_at": None,
        "finished_at": None,
        "updated_at": run["created_at"],
    }


@pytest.mark.parametrize(
    "identifier",
    ["private", "public", "hCoV-19/public"],
    ids=["private identifier", "public identifier", "with the prefix"],
)
def test_own_sample_is_found_by_either_identifier(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, identifier: str
) -> None:
    """Find it by either identifier and record the public one."""
    sample = sequenced(admin, lab.group, "private", public_identifier="public")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, [identifier]))

    assert inputs(admin) == [(lab.group, sample, "public")]


@pytest.mark.parametrize(
    "identifier",
    ["strain/1", "hCoV-19/strain/1", "EPI_ISL_7"],
    ids=["strain", "prefix", "accession"],
)
def test_published_sequence_is_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, identifier: str
) -> None:
    """Find it in the default repository of the pathogen."""
    factories.public_sequence(admin, "strain/1", accession="EPI_ISL_7")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, [identifier]))

    assert inputs(admin) == [(None, factories.repository(admin), "strain/1")]


def test_sample_named_in_several_ways_is_recorded_once(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record a strain named in several ways once as well."""
    sample = sequenced(admin, lab.group, "private", public_identifier="public")
    factories.public_sequence(admin, "strain", accession="EPI_ISL_7")
    names = ["private", "public", "private", "strain", "EPI_ISL_7"]
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, names))

    assert inputs(admin) == [
        (lab.group, sample, "public"),
        (None, factories.repository(admin), "strain"),
    ]


OPEN = ["open private", "open public"]
PRIVATE = ["private private", "private public"]


@pytest.fixture
def their_samples(admin: psycopg.Connection, lab: Lab) -> None:
    """Store samples of the other group with the identifiers OPEN and PRIVATE."""
    for (private, public), is_private in ((OPEN, False), (PRIVATE, True)):
        factories.sample(
            admin, lab.other_group, private, public_identifier=public, is_private=is_private
        )


@pytest.mark.usefixtures("their_samples")
def test_samples_of_other_groups_are_unknown(request_as: RequestAs, lab: Lab) -> None:
    """Answer as for an identifier that does not exist."""
    names = ["nobody's", *OPEN, *PRIVATE]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, names))

    assert answer == (400, "unknown_samples", names)


@pytest.mark.usefixtures("their_samples")
@pytest.mark.parametrize(
    ("role", "unknown"),
    [
        ("viewer", ["nobody's", "open private", *PRIVATE]),
        ("member", ["nobody's"]),
        ("admin", ["nobody's"]),
    ],
)
def test_granted_sample_is_found_by_the_identifiers_the_caller_may_see(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str, unknown: list[str]
) -> None:
    """Let viewers find only public identifiers of samples that are not private."""
    factories.grant(admin, lab.other_group, lab.group, role)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["nobody's", *OPEN, *PRIVATE]))

    assert answer == (400, "unknown_samples", unknown)


def test_granted_sample_is_recorded_with_its_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record the sample's group apart from the run's group, because they may differ."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    sample = sequenced(admin, lab.other_group, public_identifier="theirs")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["theirs"]))

    assert inputs(admin) == [(lab.other_group, sample, "theirs")]


def test_own_sample_wins_over_one_of_the_same_name(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Prefer it: a group that grants access must not replace a sample of the grantee."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    own = sequenced(admin, lab.group, public_identifier="x")
    factories.sample(admin, lab.other_group, public_identifier="x")
    factories.sample(admin, lab.other_group, public_identifier="hCoV-19/x")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["x", "hCoV-19/x"]))

    assert inputs(admin) == [(lab.group, own, "x")]


def test_identifier_of_two_samples_of_others_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name both samples, whatever else the request contains."""
    third = factories.group(admin)
    for group in (lab.other_group, third):
        factories.grant(admin, group, lab.group, "viewer")
    theirs = [
        factories.sample(admin, group, public_identifier=name)
        for group, name in ((lab.other_group, "x"), (third, "hCoV-19/x"))
    ]
    factories.sample(admin, lab.group, public_identifier="own")
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["own", "x"]))

    candidates = [
        {"group_id": group, "sample_id": sample, "public_identifier": name}
        for group, sample, name in zip(
            (lab.other_group, third), theirs, ("x", "hCoV-19/x"), strict=True
        )
    ]
    assert answer == (400, "ambiguous_samples", [{"identifier": "x", "candidates": candidates}])


def test_sample_the_caller_may_not_see_makes_nothing_ambiguous(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ignore a private sample of a group that granted only the viewer role."""
    third = factories.group(admin)
    for group in (lab.other_group, third):
        factories.grant(admin, group, lab.group, "viewer")
    theirs = sequenced(admin, lab.other_group, public_identifier="x")
    factories.sample(admin, third, public_identifier="x", is_private=True)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["x"]))

    assert inputs(admin) == [(lab.other_group, theirs, "x")]


def test_only_the_first_unknown_samples_are_listed(request_as: RequestAs, lab: Lab) -> None:
    """List the first ones and count the others."""
    names = [f"n{number:05}" for number in range(20_000)]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, names))

    assert answer == (400, "unknown_samples", [*names[:200], more(19_800)])


def test_samples_of_another_pathogen_are_unknown(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Find only samples of the run's pathogen: a tree has one."""
    mpx = factories.pathogen(admin, "MPX")
    factories.sample(admin, lab.group, "s", pathogen_id=mpx)
    factories.public_sequence(admin, "strain", mpx)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["s", "strain"]))

    assert answer == (400, "unknown_samples", ["s", "strain"])


def test_refused_run_leaves_nothing(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Store neither a job nor inputs."""
    factories.sample(admin, lab.group, "s")
    with request_as("member", sub="alice", keep=True) as conn:
        refusal_of(conn, CREATE, arguments(lab, ["s", "unknown"]))

    assert admin.execute("select count(*) from aspen.jobs").fetchone() == (0,)
    assert inputs(admin) == []


@pytest.mark.parametrize("user", ["vic", "bob"], ids=["viewer", "granted admin"])
def test_group_without_a_direct_role_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, user: str
) -> None:
    """Require a direct role: a granted one does not allow creating runs."""
    factories.grant(admin, lab.group, lab.other_group, "admin")
    with request_as("member", sub=user) as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, []))

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


@pytest.mark.parametrize("status", ["queued", "running"])
def test_run_that_has_not_ended_is_not_deleted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, status: str
) -> None:
    """Reject deleting it while a worker may be running it."""
    run = factories.phylo_run(admin, lab.group, status=status)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, "delete from api.phylo_runs where id = %s", [run])

    assert answer == (409, "job_in_progress", {"id": run, "status": status})


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "timed_out"])
def test_run_that_has_ended_is_deleted_with_its_tree(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, status: str
) -> None:
    """Delete its tree, inputs and outputs with it."""
    run = factories.phylo_run(admin, lab.group, status=status)
    factories.job_sample(admin, run, factories.sample(admin, lab.group))
    factories.job_output(admin, run)
    factories.phylo_tree(admin, run)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.phylo_runs where id = %s", [run])

    left = admin.execute(
        "select (select count(*) from aspen.jobs), (select count(*) from aspen.job_samples),"
        " (select count(*) from aspen.job_outputs), (select count(*) from aspen.phylo_tree_tips)"
    ).fetchone()
    assert left == (0, 0, 0, 0)


def test_sample_without_a_sequence_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name each sample as the request spells it: without a sequence it would not be in the tree."""
    sequenced(admin, lab.group, "with")
    factories.sample(admin, lab.group, "without", public_identifier="also without")
    names = ["with", "without", "also without"]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, names))

    assert answer == (400, "samples_without_sequence", ["also without", "without"])


def test_sample_is_taken_though_the_caller_may_not_see_its_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Let a viewer choose samples of a granted group without reading their sequences."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    theirs = sequenced(admin, lab.other_group, public_identifier="theirs")
    with request_as("member", sub="alice", keep=True) as conn:
        seen = conn.execute("select count(*) from api.sequences").fetchone()
        conn.execute(CREATE, arguments(lab, ["theirs"]))

    assert (seen, inputs(admin)) == ((0,), [(lab.other_group, theirs, "theirs")])


def test_run_over_a_group_without_sequences_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ignore sequences of other pathogens and other groups."""
    factories.sample(admin, lab.group)
    sequenced(admin, lab.group, pathogen_id=factories.pathogen(admin, "MPX"))
    sequenced(admin, lab.other_group)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, []))

    assert answer == (400, "samples_without_sequence", {"group_id": lab.group})


def test_pathogen_without_a_pipeline_has_no_runs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Reject the run: without a reference to align to, no worker would ever take it."""
    hcv = factories.pathogen(admin, "HCV", lineage_caller=None, nextclade_dataset_name=None)
    sequenced(admin, lab.group, "s", pathogen_id=hcv)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["s"], pathogen="HCV"))

    assert answer == (400, "pathogen_without_runs", {"pathogen": "HCV"})
