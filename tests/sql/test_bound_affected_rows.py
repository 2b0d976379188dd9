"""A PATCH or DELETE that hits more rows than it may is refused; batches and SQL are not bounded."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal, refusal_of
from tests.sql.conftest import Lab

Store = Callable[[psycopg.Connection, Lab, int], object]

MERGE = "select api.create_samples(%s, 'SC2', %s, 'update')"
PRIVATE = "update api.samples set is_private = true"


def begin(admin: psycopg.Connection, method: str, **headers: str) -> None:
    """Set what PostgREST sets for a request before it runs the pre-request function."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    admin.execute(
        "select set_config('request.method', %s, true), set_config('request.headers', %s, true)",
        [method, json.dumps(named)],
    )


def at_most(number: int) -> tuple[int, str, dict[str, int]]:
    """Return the refusal of a request that may affect so many rows."""
    return 400, "PGRST124", {"at_most": number, "affected_at_least": number + 1}


def store_samples(admin: psycopg.Connection, lab: Lab, count: int) -> None:
    """Store samples of the lab, with their sequences."""
    factories.numbered_samples(admin, lab.group, count, factories.GENOME)


def store_runs(admin: psycopg.Connection, lab: Lab, count: int) -> None:
    """Store runs of the lab that have ended, with two files each."""
    for _ in range(count):
        run = factories.phylo_run(admin, lab.group)
        factories.job_output(admin, run)
        factories.job_output(admin, run, "aligned_fasta")


def store_lineages(admin: psycopg.Connection, lab: Lab, count: int) -> None:
    """Store known lineages."""
    for number in range(count):
        factories.lineage_name(admin, lab.pathogen, f"X.{number}")


def store_locations(admin: psycopg.Connection, _: Lab, count: int) -> None:
    """Store locations to which no sample refers."""
    for number in range(count):
        factories.location(admin, f"Land {number}", region="Asia")


def store_repositories(admin: psycopg.Connection, _: Lab, count: int) -> None:
    """Store repositories to which no pathogen refers."""
    for number in range(count):
        factories.repository(admin, f"Spare {number}")


def store_pathogens(admin: psycopg.Connection, _: Lab, count: int) -> None:
    """Store pathogens without samples."""
    for number in range(count):
        factories.pathogen(admin, f"P{number}", organism="Spare virus")


# Role, statement and rows of every resource that a request may change or delete.
CHANGES: dict[str, tuple[str, str, Store]] = {
    "PATCH samples": ("member", "update api.samples set host = 'Human'", store_samples),
    "DELETE samples": ("member", "delete from api.samples", store_samples),
    "PATCH sequences": ("member", "update api.sequences set sequencing_depth = 1", store_samples),
    "DELETE sequences": ("member", "delete from api.sequences", store_samples),
    "PATCH phylo_runs": ("member", "update api.phylo_runs set name = 'x'", store_runs),
    "DELETE phylo_runs": ("member", "delete from api.phylo_runs", store_runs),
    "PATCH lineages": ("operator", "update api.lineages set lineage = lineage", store_lineages),
    "DELETE lineages": ("operator", "delete from api.lineages", store_lineages),
    "PATCH locations": (
        "operator",
        "update api.locations set latitude = 1, longitude = 1 where region = 'Asia'",
        store_locations,
    ),
    "DELETE locations": (
        "operator",
        "delete from api.locations where region = 'Asia'",
        store_locations,
    ),
    "PATCH public_repositories": (
        "operator",
        "update api.public_repositories set name = name || '!' where name like 'Spare%'",
        store_repositories,
    ),
    "DELETE public_repositories": (
        "operator",
        "delete from api.public_repositories where name like 'Spare%'",
        store_repositories,
    ),
    "PATCH pathogens": (
        "operator",
        "update api.pathogens set name = name || '!' where organism = 'Spare virus'",
        store_pathogens,
    ),
}


@pytest.fixture
def olga(admin: psycopg.Connection) -> int:
    """Store the operator."""
    return factories.user(admin, "olga", is_operator=True)


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize(("role", "change", "store"), CHANGES.values(), ids=CHANGES)
def test_change_of_more_rows_than_meant_is_refused(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    role: str,
    change: str,
    store: Store,
) -> None:
    """Stop at the first row above the number that the client named."""
    store(admin, lab, 4)
    begin(admin, change[:6].upper().replace("UPDATE", "PATCH"), prefer="max-affected=2")

    with request_as(role, sub={"member": "alice", "operator": "olga"}[role]) as conn:
        answer = refusal_of(conn, change)

    assert answer == at_most(2)


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize(("role", "change", "store"), CHANGES.values(), ids=CHANGES)
def test_change_of_as_many_rows_as_meant_is_done(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    role: str,
    change: str,
    store: Store,
) -> None:
    """Count each row once, and nothing that follows from its change."""
    store(admin, lab, 4)
    begin(admin, change[:6].upper().replace("UPDATE", "PATCH"), prefer="max-affected=4")

    with request_as(role, sub={"member": "alice", "operator": "olga"}[role]) as conn:
        affected = conn.execute(change.encode()).rowcount

    assert affected == 4


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("prefer", ["", "return=minimal", "max-affected-rows=1000", "max-affected"])
def test_hundred_rows_are_the_limit_without_the_preference(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, method: str, prefer: str
) -> None:
    """Refuse 101 rows."""
    change = CHANGES[f"{method} samples"][1]
    store_samples(admin, lab, 101)
    begin(admin, method, prefer=prefer)

    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, change)

    assert answer == at_most(100)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_hundred_rows_are_changed_without_the_preference(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, method: str
) -> None:
    """Change all of them, and the sequences of those deleted."""
    store_samples(admin, lab, 100)
    begin(admin, method)

    with request_as("member", sub="alice") as conn:
        affected = conn.execute(CHANGES[f"{method} samples"][1].encode()).rowcount

    assert affected == 100


@pytest.mark.parametrize(
    "prefer",
    [
        "max-affected=1",
        "Max-Affected = 1",
        "handling=strict, max-affected=1",
        "max-affected=1, return=minimal",
        "max-affected=1,max-affected=9",
        "tx=rollback,\tmax-affected=1 ,count=exact",
    ],
)
def test_preference_is_read_in_every_spelling(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, prefer: str
) -> None:
    """Find it among others; of two the first counts, as in PostgREST."""
    store_samples(admin, lab, 2)
    begin(admin, "DELETE", prefer=prefer)

    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, "delete from api.samples")

    assert answer == at_most(1)


def test_preference_that_the_edge_took_out_is_read(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Read the header of the edge, which has what the client sent."""
    store_samples(admin, lab, 101)
    begin(
        admin,
        "DELETE",
        prefer="handling=strict",
        aspen_prefer="handling=strict, max-affected=101",
    )

    with request_as("member", sub="alice") as conn:
        affected = conn.execute("delete from api.samples").rowcount

    assert affected == 101


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "1e3", '"5"', "9" * 19])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_malformed_number_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, method: str, value: str
) -> None:
    """Reject it before anything is changed."""
    begin(admin, method, prefer=f"max-affected={value}")

    with pytest.raises(psycopg.Error) as caught, request_as("member", sub="alice"):
        pass

    assert refusal(caught.value) == (400, "invalid_preference", {"max-affected": value})


def test_malformed_number_does_not_matter_to_a_list(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ignore it where nothing is changed."""
    store_samples(admin, lab, 2)
    begin(admin, "GET", prefer="max-affected=x")

    with request_as("member", sub="alice") as conn:
        found = len(conn.execute("select id from api.samples").fetchall())

    assert found == 2


def test_rows_that_the_caller_does_not_see_are_not_counted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Change two of five: a count would tell that the others are there."""
    store_samples(admin, lab, 2)
    factories.numbered_samples(admin, lab.other_group, 3, factories.GENOME)
    begin(admin, "PATCH", prefer="max-affected=2")

    with request_as("member", sub="alice") as conn:
        affected = conn.execute("update api.sequences set sequencing_depth = 1").rowcount

    assert affected == 2


def test_rows_that_follow_the_change_are_not_counted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Change one sample, and by foreign keys its sequence and its results."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    factories.sample_lineage(admin, sample)
    begin(admin, "PATCH", prefer="max-affected=1")

    with request_as("member", sub="alice") as conn:
        conn.execute(PRIVATE)
        found = conn.execute("select count(*) from api.sequences").fetchone()

    assert found == (1,)


def test_zero_affected_rows_are_a_dry_check(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Refuse the first row."""
    store_samples(admin, lab, 1)
    begin(admin, "DELETE", prefer="max-affected=0")

    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, "delete from api.samples")

    assert answer == at_most(0)


def test_batch_function_is_not_bounded(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Change more than a hundred samples by POST, whatever the preference says."""
    store_samples(admin, lab, 101)
    values = {"collection_date": "2024-03-01", "location_id": lab.location}
    batch = [values | {"private_identifier": f"{number}"} for number in range(1, 102)]
    begin(admin, "POST", prefer="max-affected=1")

    with request_as("member", sub="alice") as conn:
        conn.execute(MERGE, [lab.group, json.dumps(batch)])
        changed = conn.execute(
            "select count(*) from api.samples where collection_date = '2024-03-01'"
        ).fetchone()

    assert changed == (101,)


def test_administrator_is_not_bounded(admin: psycopg.Connection, lab: Lab) -> None:
    """Delete in SQL, outside any request."""
    store_samples(admin, lab, 101)

    affected = admin.execute("delete from aspen.samples where group_id = %s", [lab.group]).rowcount

    assert affected == 101
