"""Links to files: who may have one, and how long it lasts."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

LINK = "select api.output_url(%s)"
KINDS = [
    "auspice_json",
    "lineage_report_csv",
    "nextclade_csv",
    "nextclade_tag_json",
    "aligned_fasta",
]


@pytest.fixture
def run(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a run of the lab, and credentials for the bucket of its files."""
    factories.storage_credentials(admin)
    return factories.phylo_run(admin, lab.group)


@pytest.mark.parametrize("kind", KINDS)
def test_member_gets_a_link_to_every_kind(
    admin: psycopg.Connection, request_as: RequestAs, run: int, kind: str
) -> None:
    """Return a link that lasts five minutes for each kind of file."""
    output = factories.job_output(admin, run, kind, key="a/b c.json")
    with request_as("member", sub="alice") as conn:
        row = conn.execute(LINK, [output]).fetchone()

    assert row is not None
    url = urlsplit(row[0]["url"])
    place, lifetime = url._replace(query="").geturl(), parse_qs(url.query)["X-Amz-Expires"]
    assert (place, lifetime, row[0]["expires_in"]) == (
        "https://s3.example.org/aspen/a/b%20c.json",
        ["300"],
        300,
    )


@pytest.mark.parametrize(
    ("said", "lifetime"), [("60", 60), ("3600", 3600), ("86400", 3600), ("", 300)]
)
def test_lifetime_of_links_is_the_operators_to_set(
    admin: psycopg.Connection, request_as: RequestAs, run: int, said: str, lifetime: int
) -> None:
    """Allow up to an hour: a link outlives its owner's right to the file."""
    output = factories.job_output(admin, run)
    admin.execute("select set_config('aspen.link_seconds', %s, true)", [said])
    with request_as("member", sub="alice") as conn:
        row = conn.execute(LINK, [output]).fetchone()

    assert row is not None
    assert row[0]["expires_in"] == lifetime


@pytest.mark.parametrize(
    ("version_id", "signed"), [("v/1+", ["v/1+"]), (None, None)], ids=["a version", "none"]
)
def test_link_leads_to_the_version_that_was_registered(
    admin: psycopg.Connection,
    request_as: RequestAs,
    run: int,
    version_id: str | None,
    signed: list[str] | None,
) -> None:
    """Name the version where the bucket keeps versions."""
    output = factories.job_output(admin, run, version_id=version_id)
    with request_as("member", sub="alice") as conn:
        row = conn.execute(LINK, [output]).fetchone()

    assert row is not None
    assert parse_qs(urlsplit(row[0]["url"]).query).get("versionId") == signed


def test_link_says_when_it_ends_with_the_credentials(
    admin: psycopg.Connection, request_as: RequestAs, run: int
) -> None:
    """Return the earlier end: no link outlives the credentials that signed it."""
    output = factories.job_output(admin, run, KINDS[0])
    admin.execute("update aspen.storage_credentials set expires_at = now() + interval '90 seconds'")
    with request_as("member", sub="alice") as conn:
        row = conn.execute(LINK, [output]).fetchone()

    assert row is not None
    assert 0 < row[0]["expires_in"] <= 90


@pytest.mark.parametrize("kind", KINDS[1:])
def test_viewer_gets_no_link_to_files_with_private_samples(
    admin: psycopg.Connection, request_as: RequestAs, run: int, kind: str
) -> None:
    """Reject it, because one file holds sequences and results of all samples."""
    output = factories.job_output(admin, run, kind)
    with request_as("member", sub="vic") as conn:
        answer = refusal_of(conn, LINK, [output])

    assert answer == (403, "output_is_private", {"id": output})


def test_viewer_gets_a_link_to_a_tree(
    admin: psycopg.Connection, request_as: RequestAs, run: int
) -> None:
    """Return it, because a tree names samples by their public identifiers."""
    output = factories.job_output(admin, run, "auspice_json")
    with request_as("member", sub="vic") as conn:
        assert conn.execute(LINK, [output]).rowcount == 1


def test_output_of_another_group_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, run: int
) -> None:
    """Answer as for an output that does not exist."""
    output = factories.job_output(admin, run)
    with request_as("member", sub="bob") as conn:
        answers = [refusal_of(conn, LINK, [number]) for number in (output, -1)]

    assert answers == [
        (404, "output_not_found", {"id": output}),
        (404, "output_not_found", {"id": -1}),
    ]


def test_link_dies_with_the_credentials(
    admin: psycopg.Connection, request_as: RequestAs, run: int
) -> None:
    """Reject a request once the credentials have expired."""
    admin.execute("update aspen.storage_credentials set expires_at = now() + interval '90 seconds'")
    output = factories.job_output(admin, run)
    with request_as("member", sub="alice") as conn:
        row = conn.execute(LINK, [output]).fetchone()

    assert row is not None
    assert parse_qs(row[0]["url"])["X-Amz-Expires"] == ["90"]


@pytest.mark.parametrize(
    "fault",
    [
        "delete from aspen.storage_credentials",
        "update aspen.storage_credentials set bucket = 'other'",
        "update aspen.storage_credentials set expires_at = now()",
    ],
    ids=["none", "none for the bucket", "expired"],
)
def test_no_link_is_made_without_credentials(
    admin: psycopg.Connection, request_as: RequestAs, run: int, fault: str
) -> None:
    """Answer that files cannot be fetched at the moment."""
    output = factories.job_output(admin, run)
    admin.execute(fault.encode())
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, LINK, [output])

    assert answer == (503, "storage_unavailable", None)


def test_session_token_is_part_of_the_link(
    admin: psycopg.Connection, request_as: RequestAs, run: int
) -> None:
    """Include it, because short-lived AWS credentials have one."""
    admin.execute("update aspen.storage_credentials set session_token = 'a+b/c='")
    output = factories.job_output(admin, run)
    with request_as("member", sub="alice") as conn:
        row = conn.execute(LINK, [output]).fetchone()

    assert row is not None
    assert parse_qs(row[0]["url"])["X-Amz-Security-Token"] == ["a+b/c="]


def place_of(job: int, other: int) -> dict[str, str]:
    """Return keys below the folder of another job, and odd spellings of it."""
    return {
        "another's": f"jobs/{other}/1/tree.json",
        "another's below a prefix": f"results/jobs/{other}/1/tree.json",
        "its own below another's": f"jobs/{other}/jobs/{job}/tree.json",
        "padded": f"jobs/0{job}/1/tree.json",
        "nobody's": "jobs//tree.json",
    }


@pytest.mark.parametrize("place", place_of(0, 0))
def test_file_below_another_jobs_folder_is_no_output(
    admin: psycopg.Connection, lab: Lab, run: int, place: str
) -> None:
    """Reject the row by the table itself, however it is registered."""
    key = place_of(run, factories.phylo_run(admin, lab.group))[place]

    with pytest.raises(psycopg.errors.CheckViolation):
        factories.job_output(admin, run, key=key)


@pytest.mark.parametrize("key", ["jobs/{}/1/a", "x/jobs/{}/jobs/0/a", "jobs.csv", "a/jobsheet/b"])
def test_file_below_its_own_or_no_jobs_folder_is_an_output(
    admin: psycopg.Connection, run: int, key: str
) -> None:
    """Accept a file in the job's own folder or outside every job's folder."""
    assert factories.job_output(admin, run, key=key.format(run)) > 0
