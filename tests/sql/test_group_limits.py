"""Limits of a group hold whichever way rows come, and tell the numbers of that group alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.http.test_two_at_once import wait_until_waiting
from tests.refusals import Refusal, refusal, refusal_of
from tests.servers import Database
from tests.sql.conftest import Lab

CREATE = "select api.create_samples(%s, 'SC2', %s)"
POST = (
    "insert into api.samples (group_id, pathogen_id, location_id, collection_date,"
    " private_identifier) select %s, %s, %s, '2024-02-01', 'p' || number"
    " from generate_series(1, %s) as number"
)
UPLOAD = "select api.create_upload(%s, 'a.tsv', %s, %s)"
CREATE_OR_UPDATE = "select api.create_samples(%s, 'SC2', %s, on_conflict => 'update')"
POST_SEQUENCE = "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)"
REPLACE = "update api.sequences set sequence = %s where sample_id = %s"
EXPORT = "select id from api.create_export(%s, 'SC2', 'samples')"
USAGE = "select * from api.group_usage()"


def limit(conn: psycopg.Connection, group: int, **limits: int) -> None:
    """Give a group limits."""
    factories.insert(conn, "group_limits", {"group_id": group} | limits)


def exceeded(group: int, of: str, **numbers: int) -> Refusal:
    """Return the answer to what passes a limit."""
    return 413, "group_limit_exceeded", {"group_id": group, "of": of} | numbers


def requests(conn: psycopg.Connection, group: int, count: int, days_ago: int = 0) -> None:
    """Store how many requests a group sent on a day."""
    conn.execute(
        "insert into aspen.group_requests (group_id, day, request_count)"
        " values (%s, (now() at time zone 'UTC')::date - %s, %s)",
        [group, days_ago, count],
    )


def batch(lab: Lab, count: int) -> str:
    """Return a batch of so many samples."""
    values = {"collection_date": "2024-02-01", "location_id": lab.location}
    return json.dumps([values | {"private_identifier": f"b{number}"} for number in range(count)])


def arguments_of(lab: Lab, statement: str, count: int) -> list[Any]:
    """Return the arguments by which a statement stores so many samples."""
    if statement == CREATE:
        return [lab.group, batch(lab, count)]
    return [lab.group, lab.pathogen, lab.location, count]


@pytest.mark.parametrize("statement", [CREATE, POST], ids=["create_samples", "POST"])
def test_samples_above_the_limit_are_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, statement: str
) -> None:
    """Count private ones and none of another group, store nothing of what is too much."""
    limit(admin, lab.group, most_samples=5)
    limit(admin, lab.other_group, most_samples=0)
    for number in range(2):
        factories.sample(admin, lab.group, is_private=number > 0)

    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, statement, arguments_of(lab, statement, 4))
    with request_as("member", sub="alice") as conn:
        conn.execute(statement, arguments_of(lab, statement, 3))
        stored = conn.execute("select count(*) from api.samples").fetchone()

    assert refused == exceeded(lab.group, "samples", at_most=5, stored=2, added=4)
    assert stored == (5,)


def test_group_without_a_limit_is_not_counted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Let a group without a row, or with a null, store what it wants; the control plane as well."""
    limit(admin, lab.other_group, most_samples=0)
    limit(admin, lab.group, most_jobs_per_day=0)

    with request_as("member", sub="alice") as conn:
        conn.execute(POST, arguments_of(lab, POST, 3))
        assert conn.execute("select count(*) from api.samples").fetchone() == (3,)


def test_limit_holds_for_an_administrator(admin: psycopg.Connection, lab: Lab) -> None:
    """Refuse what an import or SQL stores, too."""
    limit(admin, lab.group, most_samples=0)

    refused = refusal_of(
        admin,
        "insert into aspen.samples (group_id, pathogen_id, location_id, collection_date,"
        " private_identifier, public_identifier) values (%s, %s, %s, '2024-02-01', 'a', 'a')",
        [lab.group, lab.pathogen, lab.location],
    )

    assert refused[:2] == (413, "group_limit_exceeded")


def test_uploads_above_the_limit_are_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Add up the bytes of the group."""
    factories.storage_credentials(admin)
    limit(admin, lab.group, most_upload_bytes=1000)
    factories.upload(admin, lab.group, size_bytes=400)
    factories.upload(admin, lab.other_group, size_bytes=4000)

    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, UPLOAD, [lab.group, 601, "0" * 64])
    with request_as("member", sub="alice") as conn:
        conn.execute(UPLOAD, [lab.group, 600, "0" * 64])

    assert refused == exceeded(lab.group, "upload_bytes", at_most=1000, stored=400, added=601)


@dataclass(frozen=True)
class Own:
    """What a writer has to itself, in a group that another one writes to."""

    group: int
    job: int
    kind: str
    sample: int


def genome_statements(
    admin: psycopg.Connection, lab: Lab, sample: int, bases: int
) -> dict[str, tuple[str, list[Any]]]:
    """Return what makes the genomes of a group longer, each by so many bases."""
    genome = "ACGT" * (bases // 4)
    values = {"collection_date": "2024-02-01", "location_id": lab.location}
    new = values | {"private_identifier": "new", "sequence": genome}
    known = values | {"private_identifier": "known", "sequence": 2 * genome}
    other = factories.sample(admin, lab.group, is_private=True)
    return {
        "create_samples": (CREATE, [lab.group, json.dumps([new])]),
        "create_samples again": (CREATE_OR_UPDATE, [lab.group, json.dumps([known])]),
        "POST": (POST_SEQUENCE, [lab.group, other, genome]),
        "PATCH": (REPLACE, [2 * genome, sample]),
    }


@pytest.mark.parametrize("way", ["create_samples", "create_samples again", "POST", "PATCH"])
def test_genomes_above_the_limit_are_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, way: str
) -> None:
    """Add up the bytes of the group, of an update what it adds; a higher limit lets it through."""
    sample = factories.sample(admin, lab.group, "known", is_private=True)
    factories.sequence(admin, sample, "ACGT" * 500)
    factories.sequence(admin, factories.sample(admin, lab.other_group), "ACGT" * 500)
    limit(admin, lab.group, most_sequence_bytes=3999)
    limit(admin, lab.other_group, most_sequence_bytes=0)
    statement, arguments = genome_statements(admin, lab, sample, 2000)[way]

    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, statement, arguments)
    admin.execute(
        "update aspen.group_limits set most_sequence_bytes = 4000 where group_id = %s", [lab.group]
    )
    with request_as("member", sub="alice") as conn:
        conn.execute(statement, arguments)
        stored = conn.execute("select sum(length(sequence)) from api.sequences").fetchone()

    assert (refused, stored) == (
        exceeded(lab.group, "sequence_bytes", at_most=3999, stored=2000, added=2000),
        (4000,),
    )


def test_genome_above_a_later_limit_may_become_shorter(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep what is there, and refuse only what adds to it."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample, "ACGT" * 500)
    limit(admin, lab.group, most_sequence_bytes=0)

    with request_as("member", sub="alice") as conn:
        conn.execute(REPLACE, ["ACGT" * 499, sample])
        conn.execute("update api.sequences set sequencing_date = '2024-02-02'")
        refused = refusal_of(conn, REPLACE, ["ACGT" * 500, sample])

    assert refused == exceeded(lab.group, "sequence_bytes", at_most=0, stored=1996, added=4)


def test_jobs_of_a_group_without_room_for_their_files_are_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Compute nothing that could not be stored; results of sequences and imports are queued."""
    limit(admin, lab.group, most_output_bytes=10)
    sample = factories.sample(admin, lab.group)
    job = factories.job(admin, lab.group, "export", status="succeeded")
    output = factories.job_output(admin, job, "export_csv", size_bytes=9)

    with request_as("member", sub="alice") as conn:
        conn.execute(EXPORT, [lab.group])
    admin.execute("update aspen.job_outputs set size_bytes = 10 where id = %s", [output])
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, EXPORT, [lab.group])
        conn.execute(POST_SEQUENCE, [lab.group, sample, factories.GENOME])

    assert refused == exceeded(lab.group, "output_bytes", at_most=10, stored=10, added=0)


def test_files_of_jobs_above_the_limit_are_refused(admin: psycopg.Connection, lab: Lab) -> None:
    """Add up the bytes of the group; let a smaller file take the place of a larger one."""
    job = factories.job(admin, lab.group, "export", status="succeeded")
    output = factories.job_output(admin, job, "export_csv", size_bytes=8)
    limit(admin, lab.group, most_output_bytes=5)
    resize = "update aspen.job_outputs set size_bytes = %s where id = %s"

    admin.execute(resize, [7, output])
    larger = refusal_of(admin, resize, [9, output])
    more = refusal_of(
        admin,
        "insert into aspen.job_outputs (group_id, job_id, kind, bucket, key, size_bytes, etag,"
        " verified_at) values (%s, %s, 'export_manifest', 'aspen', 'k', 3, '0', now())",
        [lab.group, job],
    )

    assert [larger, more] == [
        exceeded(lab.group, "output_bytes", at_most=5, stored=7, added=added) for added in (2, 3)
    ]


# What each of two writers stores with its own sample and kind of file, and the limit that only both
# together pass.
TOGETHER: dict[str, tuple[dict[str, int], Callable[[psycopg.Connection, Own], object]]] = {
    "samples": ({"most_samples": 3}, lambda conn, own: factories.sample(conn, own.group)),
    "genomes": (
        {"most_sequence_bytes": 2 * len(factories.GENOME) - 1},
        lambda conn, own: factories.sequence(conn, own.sample),
    ),
    "outputs": (
        {"most_output_bytes": 1},
        lambda conn, own: factories.job_output(conn, own.job, own.kind),
    ),
}


@pytest.mark.parametrize(("limits", "store"), TOGETHER.values(), ids=TOGETHER)
def test_two_writers_at_once_do_not_pass_a_limit_together(
    database: Database,
    limits: dict[str, int],
    store: Callable[[psycopg.Connection, Own], object],
) -> None:
    """Let the second wait for the first, and refuse it with what the first has stored."""
    with database.connect() as one, database.connect() as two, ThreadPoolExecutor() as pool:
        group = factories.group(one)
        job = factories.job(one, group, "export", status="succeeded")
        first, second = (
            Own(group, job, kind, factories.sample(one, group))
            for kind in ("export_csv", "export_manifest")
        )
        limit(one, group, **limits)
        with one.transaction():
            store(one, first)
            waiting = pool.submit(store, two, second)
            wait_until_waiting(one, 1)
        error = waiting.exception()

    assert isinstance(error, psycopg.Error)
    assert refusal(error)[:2] == (413, "group_limit_exceeded")


def test_jobs_above_the_limit_are_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Count what people of the group requested within 24 hours, and say when the next is free."""
    limit(admin, lab.group, most_jobs_per_day=2)
    for age, who in (("25 hours", lab.alice), ("23 hours", lab.alice), ("1 hour", None)):
        job = factories.job(admin, lab.group, "export", requested_by_id=who)
        admin.execute(
            "update aspen.jobs set created_at = now() - %s::interval where id = %s", [age, job]
        )

    with request_as("member", sub="alice") as conn:
        conn.execute(EXPORT, [lab.group])
        with pytest.raises(psycopg.Error) as caught, conn.transaction():
            conn.execute(EXPORT, [lab.group])

    assert caught.value.diag.message_primary is not None
    told = json.loads(caught.value.diag.message_primary)
    headers = json.loads(caught.value.diag.message_detail or "")["headers"]
    assert (told["code"], json.loads(told["details"])) == (
        "too_many_jobs",
        {"group_id": lab.group, "at_most": 2, "in_hours": 24},
    )
    assert headers["Retry-After"] == "3600"


def test_jobs_that_follow_from_samples_are_never_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Queue lineages and quality, which nobody requested."""
    limit(admin, lab.group, most_jobs_per_day=0)
    sample = factories.sample(admin, lab.group)

    with request_as("member", sub="alice") as conn:
        conn.execute(POST_SEQUENCE, [lab.group, sample, factories.GENOME])
        assert conn.execute("select count(*) > 0 from api.jobs").fetchone() == (True,)


def test_usage_is_told_to_direct_members(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show a member the numbers of the own group; a viewer and another group none of them."""
    limit(admin, lab.group, most_samples=10)
    sample = factories.sample(admin, lab.group, is_private=True)
    factories.sample(admin, lab.other_group)
    factories.sequence(admin, sample)
    factories.upload(admin, lab.group, size_bytes=7)
    requests(admin, lab.group, 5)
    job = factories.job(admin, lab.group, "export", status="succeeded", requested_by_id=lab.alice)
    factories.job_output(admin, job, size_bytes=9)
    admin.execute(
        "update aspen.jobs set started_at = now(), finished_at = now() + interval '90 seconds'"
        " where id = %s",
        [job],
    )

    with request_as("member", sub="alice") as conn:
        mine = conn.execute(USAGE).fetchall()
    with request_as("member", sub="vic") as conn:
        none = conn.execute(USAGE).fetchall()
    with request_as("member", sub="bob") as conn:
        theirs = conn.execute(USAGE).fetchall()

    bases = len(factories.GENOME)
    assert mine == [(lab.group, 1, bases, 9, 7, 1, 2, 10, None, None, None, None, 5, None)]
    assert (none, [row[:3] for row in theirs]) == ([], [(lab.other_group, 1, 0)])


def test_requests_above_the_limit_are_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Tell the numbers and when the day is over; count no other day."""
    limit(admin, lab.group, most_requests_per_day=7)
    requests(admin, lab.group, 99, days_ago=1)
    requests(admin, lab.group, 6)
    with request_as("member", sub="alice"):
        pass
    admin.execute("update aspen.group_requests set request_count = 7 where request_count = 6")

    with pytest.raises(psycopg.Error) as caught, request_as("member", sub="alice"):
        pass

    told = json.loads(caught.value.diag.message_primary or "")
    headers = json.loads(caught.value.diag.message_detail or "")["headers"]
    assert (told["code"], json.loads(told["details"])) == (
        "too_many_requests_of_group",
        {"group_id": lab.group, "at_most": 7, "counted": 7},
    )
    assert 0 < int(headers["Retry-After"]) <= 86400


def test_limit_of_one_group_keeps_nobody_from_another(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Refuse somebody in two groups when both have reached their limits."""
    factories.membership(admin, lab.other_group, lab.alice)
    limit(admin, lab.group, most_requests_per_day=7)
    requests(admin, lab.group, 7)
    requests(admin, lab.other_group, 7)
    with request_as("member", sub="alice"):
        pass
    limit(admin, lab.other_group, most_requests_per_day=7)

    with pytest.raises(psycopg.Error, match="too_many_requests_of_group"):
        with request_as("member", sub="alice"):
            pass
