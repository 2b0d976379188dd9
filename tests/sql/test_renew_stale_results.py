"""Lineages and quality that are missing or stale are queued again, each once."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.sql.conftest import Lab

INPUTS = (
    "select array_agg(inputs.sample_id order by inputs.sample_id) from aspen.jobs as jobs"
    " inner join aspen.job_samples as inputs on jobs.id = inputs.job_id"
    " where jobs.status = 'queued' and jobs.kind = %s group by jobs.id order by jobs.id"
)
KINDS = ("pangolin", "nextclade")
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def samples(admin: psycopg.Connection, lab: Lab) -> list[int]:
    """Store three samples with sequences, whose own jobs were cancelled."""
    admin.execute(
        "update aspen.pathogens set lineage_caller = 'PANGOLIN', nextclade_dataset_name = 'sc2'"
    )
    stored = [factories.sample(admin, lab.group) for _ in range(3)]
    for sample in stored:
        factories.sequence(admin, sample)
    admin.execute("select internal.cancel_jobs(array(select id from aspen.jobs))")
    return stored


def renew(admin: psycopg.Connection, kind: str, **options: Any) -> list[list[int]]:
    """Queue what is stale, and return the samples of each queued job."""
    admin.execute(
        "select from internal.renew_stale_results(%(kind)s, group_id => %(group_id)s,"
        " pathogen_id => %(pathogen_id)s, sample_ids => %(sample_ids)s,"
        " software_version => %(version)s, dataset_tag => %(tag)s, is_forced => %(forced)s,"
        " job_size => %(size)s)",
        {
            "kind": kind,
            "group_id": None,
            "pathogen_id": None,
            "sample_ids": None,
            "version": None,
            "tag": None,
            "forced": False,
            "size": 1000,
        }
        | options,
    )
    return [row[0] for row in admin.execute(INPUTS, [kind]).fetchall()]


def result(
    admin: psycopg.Connection, kind: str, sample: int, version: str, tag: str | None
) -> None:
    """Store the result of a kind; Pangolin's has no dataset."""
    if kind == "pangolin":
        factories.sample_lineage(admin, sample, lineage_software_version=version)
        return
    row = admin.execute(
        "insert into aspen.reference_datasets (name, tag) values ('sc2', %s)"
        " on conflict (name, accession, tag) do update set name = excluded.name returning id",
        [tag],
    ).fetchone()
    assert row is not None
    factories.qc_metric(admin, sample, qc_software_version=version, reference_dataset_id=row[0])


@every_kind
def test_missing_results_are_queued_once(
    admin: psycopg.Connection, lab: Lab, samples: list[int], kind: str
) -> None:
    """Put all samples into one job of their group; the second call finds them waiting."""
    factories.sample(admin, lab.group)

    first, second = renew(admin, kind), renew(admin, kind)

    assert first == second == [samples]


@every_kind
@pytest.mark.parametrize(
    ("version", "is_stale"),
    [("PUSHER-v1.9", True), ("1.29", False), ("v1.29.1", False), ("PANGO-v1.2.133", True)],
)
def test_result_of_an_older_version_is_stale(
    admin: psycopg.Connection, samples: list[int], kind: str, version: str, is_stale: bool
) -> None:
    """Compare the numbers in the versions, not their text."""
    for sample in samples:
        result(admin, kind, sample, version, "2024-01-16")

    queued = renew(admin, kind, version="PUSHER-v1.29", tag="2024-01-16")

    assert queued == ([samples] if is_stale else [])


@pytest.mark.parametrize(
    ("tag", "is_stale"),
    [("2024-01-15", True), (None, True), ("2024-01-16", False), ("2024-02-01--12-00-00Z", False)],
)
def test_result_of_an_older_dataset_is_stale(
    admin: psycopg.Connection, samples: list[int], tag: str | None, is_stale: bool
) -> None:
    """Take tags as the dates they begin with."""
    for sample in samples:
        result(admin, "nextclade", sample, "3.8.2", tag)

    assert renew(admin, "nextclade", tag="2024-01-16") == ([samples] if is_stale else [])


@every_kind
def test_newest_result_is_the_measure_unless_another_is_given(
    admin: psycopg.Connection, samples: list[int], kind: str
) -> None:
    """Take the two behind the newest; another pathogen's results say nothing."""
    for sample, version in zip(samples, ("1.8", "1.29", "1.9"), strict=True):
        result(admin, kind, sample, version, "2024-01-16")
    other = factories.sample(
        admin, factories.group(admin), pathogen_id=factories.pathogen(admin, "MPX")
    )
    result(admin, kind, other, "7.0", "2025-01-01")

    assert renew(admin, kind) == [[samples[0], samples[2]]]


@every_kind
def test_everything_is_renewed_by_force(
    admin: psycopg.Connection, samples: list[int], kind: str
) -> None:
    """Take results that are not stale as well, of the samples that are chosen."""
    for sample in samples:
        result(admin, kind, sample, "1.29", "2024-01-16")

    stale = renew(admin, kind)
    chosen = renew(admin, kind, forced=True, sample_ids=samples[:1])
    rest = renew(admin, kind, forced=True)

    assert (stale, chosen, rest) == ([], [samples[:1]], [samples[:1], samples[1:]])


def test_jobs_are_of_one_group_and_a_bounded_size(
    admin: psycopg.Connection, lab: Lab, samples: list[int]
) -> None:
    """Never mix what one group may see with another's."""
    other = factories.sample(admin, lab.other_group)
    factories.sequence(admin, other)
    admin.execute(
        "select internal.cancel_jobs(array(select id from aspen.jobs where status = 'queued'))"
    )

    mine = renew(admin, "pangolin", group_id=lab.group, size=2)
    both = renew(admin, "pangolin", size=2)

    assert mine == [samples[:2], samples[2:]]
    assert both == [*mine, [other]]
    groups = admin.execute(
        "select distinct jobs.group_id from aspen.jobs as jobs"
        " inner join aspen.job_samples as inputs on jobs.id = inputs.job_id"
        " where inputs.sample_id = %s",
        [other],
    ).fetchall()
    assert groups == [(lab.other_group,)]


def test_input_of_a_renewed_job_is_the_present_sequence(
    admin: psycopg.Connection, samples: list[int]
) -> None:
    """Record its revision, so that results of another one are skipped."""
    renew(admin, "pangolin")

    differing = admin.execute(
        "select inputs.id from aspen.job_samples as inputs"
        " inner join aspen.jobs as jobs on inputs.job_id = jobs.id"
        " inner join aspen.sequences as sequences on inputs.sample_id = sequences.sample_id"
        " where jobs.status = 'queued'"
        " and inputs.sequence_revision is distinct from sequences.revision"
    ).fetchall()

    assert differing == []


@pytest.mark.parametrize(
    ("setting", "kind"),
    [("lineage_caller = 'NEXTCLADE'", "pangolin"), ("nextclade_dataset_name = null", "nextclade")],
)
def test_kind_that_is_not_for_a_pathogen_is_not_queued(
    admin: psycopg.Connection, samples: list[int], setting: str, kind: str
) -> None:
    """Ask the same rules as an upload."""
    admin.execute(f"update aspen.pathogens set {setting}".encode())  # noqa: S608

    assert renew(admin, kind, forced=True) == []


@pytest.mark.parametrize("role", ["member", "operator", "anon", "job"])
def test_renewing_is_for_the_control_plane_alone(admin: psycopg.Connection, role: str) -> None:
    """Let nobody of the API queue jobs over other groups."""
    granted = admin.execute(
        "select has_function_privilege(%s, 'internal.renew_stale_results("
        "text, bigint, bigint, bigint[], text, text, boolean, integer)', 'execute')",
        [role],
    ).fetchall()

    assert granted == [(False,)]
