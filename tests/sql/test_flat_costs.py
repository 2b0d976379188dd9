"""What a row costs: as much in a full group as in an empty one, before anybody analysed either.

Counted are the rows that tables and indexes give to the transaction, in tables that were never
analysed and with plans that were made while they were empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.types.json import Json

from control.database import begin_request, request_claims
from control.stack.state import SUPERUSER
from tests import factories
from tests.factories import GENOME
from tests.servers import Database

BATCH, BATCHES = 100, 12
READ = """
select sum(pg_stat_get_xact_tuples_returned(relations.oid))
from pg_catalog.pg_class as relations
inner join pg_catalog.pg_namespace as schemas on relations.relnamespace = schemas.oid
where schemas.nspname = 'aspen' and relations.relkind in ('r', 'i')
"""
POST_SAMPLES = """
insert into api.samples (
    group_id, pathogen_id, location_id, private_identifier, public_identifier, collection_date
)
select
    %(group)s, %(pathogen)s, %(location)s, 's' || numbers.n, 'hCoV-19/s' || numbers.n, '2024-01-01'
from generate_series(%(first)s::integer, %(last)s::integer) as numbers (n)
returning id
"""
# The first id of a group's samples is added to the numbers.
POST_SEQUENCES = """
insert into api.sequences (group_id, sample_id, sequence)
select %(group)s, %(first_id)s + numbers.n, repeat('ACGT', 250)
from generate_series(%(first)s::integer, %(last)s::integer) as numbers (n)
"""
FILL = POST_SAMPLES.replace("api.", "aspen.")


@dataclass(frozen=True)
class Stack:
    """A fresh database with two groups without samples."""

    database: Database
    group: int
    other: int
    pathogen: int
    location: int

    @contextmanager
    def request(
        self, method: str, login: str = "authenticator", **groups: str
    ) -> Iterator[psycopg.Connection]:
        """A request of Alice on a connection of its own: as member of `group`, unless told."""
        with self.database.connect(login) as conn, conn.transaction():
            self.begin(conn, method, **groups)
            yield conn

    def begin(self, conn: psycopg.Connection, method: str, **groups: str) -> None:
        """Act as Alice, who has these roles in the groups named."""
        roles = {
            getattr(self, name): role for name, role in (groups or {"group": "member"}).items()
        }
        conn.execute(
            "select set_config('request.method', %s, true),"
            " set_config('request.path', '/samples', true),"
            " set_config('request.headers', '{}', true)",
            [method],
        )
        begin_request(conn, "member", request_claims("member", "alice", roles))

    def fill(self, last: int, *, first: int = 1, group: int | None = None) -> None:
        """Store samples s1, s2 and so on in a group."""
        numbers = {"group": group or self.group, "first": first, "last": last}
        with self.database.connect() as conn:
            conn.execute(FILL, self.row | numbers)

    def analyze(self) -> None:
        """Count the rows, as autovacuum does within a minute."""
        with self.database.connect(SUPERUSER) as conn:
            conn.execute("analyze aspen.samples")

    @property
    def row(self) -> dict[str, int]:
        """What rows of the group have in common."""
        return {"group": self.group, "pathogen": self.pathogen, "location": self.location}


@pytest.fixture
def stack(database: Database) -> Stack:
    """Of the test's own, and never analysed."""
    with database.connect() as conn:
        group, other = factories.group(conn), factories.group(conn)
        factories.user(conn, "alice")
        return Stack(database, group, other, factories.pathogen(conn), factories.location(conn))


def read(conn: psycopg.Connection) -> int:
    """How many rows the transaction has been given."""
    row = conn.execute(READ).fetchone()
    assert row is not None
    return int(row[0] or 0)


def by_create_samples(conn: psycopg.Connection, stack: Stack, numbers: range) -> None:
    """A batch of samples with sequences."""
    samples = [
        {
            "private_identifier": f"s{number}",
            "public_identifier": f"hCoV-19/s{number}",
            "collection_date": "2024-01-01",
            "location_id": stack.location,
            "sequence": GENOME,
        }
        for number in numbers
    ]
    conn.execute("select api.create_samples(%s, 'SC2', %s)", [stack.group, Json(samples)])


def by_post(conn: psycopg.Connection, stack: Stack, numbers: range) -> None:
    """POST /samples, and the sequences to /sequences."""
    limits = {**stack.row, "first": numbers[0], "last": numbers[-1]}
    ids = [row[0] for row in conn.execute(POST_SAMPLES, limits).fetchall()]
    conn.execute(POST_SEQUENCES, limits | {"first_id": ids[0] - numbers[0]})


Store = Callable[[psycopg.Connection, Stack, range], None]
WAYS = pytest.mark.parametrize(
    "store", [by_create_samples, by_post], ids=["create_samples", "post"]
)


@WAYS
@pytest.mark.parametrize("login", ["authenticator", "control"])
def test_last_batch_of_a_first_upload_reads_what_the_first_did(
    stack: Stack, store: Store, login: str
) -> None:
    """In one transaction, as the importer does, with plans that are kept and with new ones."""
    reads = []
    with stack.request("POST", login) as conn:
        for batch in range(BATCHES):
            before = read(conn)
            store(conn, stack, range(batch * BATCH + 1, (batch + 1) * BATCH + 1))
            reads.append(read(conn) - before)

    assert max(reads) <= 1.2 * min(reads)


@WAYS
def test_batch_into_a_full_group_reads_what_one_into_an_empty_group_does(
    stack: Stack, store: Store
) -> None:
    """On a connection that kept its plans from the time when the group was empty."""
    with stack.database.connect("authenticator") as conn:
        into_empty = reads_of(conn, stack, store, range(1, BATCH + 1))
        stack.fill(5_000, first=BATCH + 1)
        into_full = reads_of(conn, stack, store, range(5_001, 5_001 + BATCH))

    assert into_full <= 1.2 * into_empty


def reads_of(conn: psycopg.Connection, stack: Stack, store: Store, numbers: range) -> int:
    """How many rows one request is given."""
    with conn.transaction():
        stack.begin(conn, "POST")
        before = read(conn)
        store(conn, stack, numbers)
        return read(conn) - before


CHANGES = {
    "patch": "update api.samples set host = 'Human' where private_identifier like 's%%'",
    "patch is_private": "update api.samples set is_private = true where group_id = %(group)s",
    "patch sequences": "update api.sequences set sequencing_depth = 3 where group_id = %(group)s",
    "delete": "delete from api.samples where private_identifier like 's%%'",
    "delete sequences": "delete from api.sequences where group_id = %(group)s",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_change_of_many_rows_reads_as_much_for_each_as_one_of_few(
    stack: Stack, change: str
) -> None:
    """With children, whose rows go along; on one connection, the few first."""
    reads = {}
    with stack.database.connect("authenticator") as conn:
        for count in (BATCH, 10 * BATCH):
            with conn.transaction(force_rollback=True):
                stack.begin(conn, "POST")
                by_create_samples(conn, stack, range(1, count + 1))
                before = read(conn)
                assert conn.execute(change, stack.row).rowcount == count
                reads[count] = (read(conn) - before) / count

    assert reads[10 * BATCH] <= 1.5 * reads[BATCH]


FINDS = {
    "eq": "private_identifier = 's7'",
    "in": "private_identifier in ('s7', 's8')",
    "like": "private_identifier like 's7_'",
    "like any": "private_identifier like any (array['s7_', 'S7_'])",
    "not like": "private_identifier not like 's_' and private_identifier like 's%'",
}
FOUND = {"eq": 1, "in": 2, "like": 10, "like any": 10, "not like": 70}


def find(conn: psycopg.Connection, condition: str) -> tuple[int, int]:
    """How many samples are found, and how many rows read."""
    before = read(conn)
    found = conn.execute(b"select id from api.samples where " + condition.encode()).fetchall()
    return len(found), read(conn) - before


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("filtered", ["eq", "in", "like"])
def test_private_identifier_is_found_without_reading_the_group(
    stack: Stack, method: str, filtered: str
) -> None:
    """By key, and by how it begins: little more is read than is found."""
    stack.fill(79)
    stack.fill(85_000, first=80_001)
    stack.analyze()
    with stack.request(method) as conn:
        found, reads = find(conn, FINDS[filtered])

    assert (found, reads <= 4 * found + 4) == (FOUND[filtered], True)


@pytest.mark.parametrize("filtered", FINDS)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_filters_find_what_they_say(stack: Stack, method: str, filtered: str) -> None:
    """Whichever way the planner takes, also for a caller who is a viewer elsewhere."""
    stack.fill(79)
    stack.fill(79, group=stack.other)
    found = []
    for groups in ({"group": "member"}, {"group": "admin", "other": "viewer"}):
        with stack.request(method, **groups) as conn:
            found.append(find(conn, FINDS[filtered])[0])

    assert found == [FOUND[filtered]] * 2


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("filtered", ["eq", "in", "like"])
def test_viewer_finds_no_private_identifier_and_reads_nothing(
    stack: Stack, method: str, filtered: str
) -> None:
    """What a group calls its samples shows neither in the answer nor in the time it takes."""
    stack.fill(2_000)
    stack.fill(2_000, first=10_000, group=stack.other)
    stack.analyze()
    with stack.request(method, group="viewer") as conn:
        alone = find(conn, FINDS[filtered])
    with stack.request(method, group="viewer", other="member") as conn:
        beside = find(conn, FINDS[filtered])

    # The planner itself looks at the ends of an index.
    assert [(found, reads < 10) for found, reads in (alone, beside)] == [(0, True)] * 2


def test_newest_samples_of_a_group_that_stopped_uploading_are_not_searched_for(
    stack: Stack,
) -> None:
    """They are the end of one index, however many rows others have stored since."""
    stack.fill(2_000)
    stack.fill(40_000, group=stack.other)
    stack.analyze()
    with stack.request("GET") as conn:
        before = read(conn)
        rows = conn.execute("select id from api.samples order by id desc limit 100").fetchall()
        reads = read(conn) - before

    # 15 looks up the masked identifier of each as well.
    assert (len(rows), reads <= 400) == (100, True)


NEWEST = "select private_identifier from api.samples order by id desc limit %s"


def test_callers_who_share_a_connection_read_their_own_rows(stack: Stack) -> None:
    """The planner counts on who is asking, so a plan must not outlive the request."""
    stack.fill(3)
    stack.fill(5, group=stack.other)
    found = []
    with stack.database.connect("authenticator") as conn:
        for groups in (
            {"group": "member"},
            {"other": "member"},
            {"group": "member", "other": "member"},
            {"group": "viewer"},
            {"group": "member", "other": "viewer"},
        ) * 2:
            with conn.transaction():
                stack.begin(conn, "GET", **groups)
                rows = conn.execute(NEWEST, [10], prepare=True).fetchall()
                found.append((len(rows), sum(name is not None for (name,) in rows)))

    assert found == [(3, 3), (5, 5), (8, 8), (3, 0), (8, 3)] * 2


@pytest.mark.parametrize(
    "others", [{"other": "member"}, {"group": "viewer"}, {"group": "viewer", "other": "member"}]
)
def test_plan_that_was_kept_shows_another_caller_nothing_he_may_not_see(
    stack: Stack, others: dict[str, str]
) -> None:
    """PostgreSQL keeps it for a statement without parameters, whatever plan_cache_mode says."""
    stack.fill(3)
    stack.fill(5, group=stack.other)
    with stack.database.connect("authenticator") as conn:
        with conn.transaction():
            stack.begin(conn, "GET")
            conn.execute("prepare newest as select group_id, private_identifier from api.samples")
            first = conn.execute("execute newest").fetchall()
        with conn.transaction():
            stack.begin(conn, "GET", **others)
            rows = conn.execute("execute newest").fetchall()

    assert first == [(stack.group, f"s{number}") for number in (1, 2, 3)]
    assert [name for group, name in rows if group == stack.group and name is not None] == []
