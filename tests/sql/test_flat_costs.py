"""A row costs the same in a full group as in an empty one, even before the first ANALYZE.

The tests count the rows that tables and indexes return to the transaction, in tables that were
never analysed and with plans made while those were empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.types.json import Json

from control.database import begin_request, request_claims
from control.stack.state import SUPERUSER
from tests import factories
from tests.factories import GENOME
from tests.servers import Cluster, Database, database_names

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
    """A new database with two groups without samples."""

    database: Database
    group: int
    other: int
    pathogen: int
    location: int

    @contextmanager
    def request(
        self, method: str, login: str = "authenticator", **groups: str
    ) -> Iterator[psycopg.Connection]:
        """Open a connection for one request of Alice, by default as a member of `group`."""
        with self.database.connect(login) as conn, conn.transaction():
            self.begin(conn, method, **groups)
            yield conn

    def begin(self, conn: psycopg.Connection, method: str, **groups: str) -> None:
        """Act as Alice with these roles in the groups named."""
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
        """Collect statistics, as autovacuum does within a minute."""
        with self.database.connect(SUPERUSER) as conn:
            conn.execute("analyze aspen.samples")

    @property
    def row(self) -> dict[str, int]:
        """Return the values that all samples of the group share."""
        return {"group": self.group, "pathogen": self.pathogen, "location": self.location}


MakeStack = Callable[[], Stack]


@pytest.fixture
def stack(database: Database) -> Stack:
    """Make a database of the test's own that was never analysed."""
    return new_stack(database)


@pytest.fixture(scope="module")
def module_stack(cluster: Cluster, template: Database) -> Iterator[MakeStack]:
    """Return what makes a database for tests that only read it, once for all of them."""
    with ExitStack() as databases:
        yield lambda: new_stack(
            databases.enter_context(cluster.database(next(database_names), template.name))
        )


def new_stack(database: Database) -> Stack:
    """Store two groups and Alice."""
    with database.connect() as conn:
        group, other = factories.group(conn), factories.group(conn)
        factories.user(conn, "alice")
        return Stack(database, group, other, factories.pathogen(conn), factories.location(conn))


def read(conn: psycopg.Connection) -> int:
    """Return how many rows the transaction has read."""
    row = conn.execute(READ).fetchone()
    assert row is not None
    return int(row[0] or 0)


def by_create_samples(conn: psycopg.Connection, stack: Stack, numbers: range) -> None:
    """Store a batch of samples with sequences through create_samples."""
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
    """Post samples to /samples and their sequences to /sequences."""
    limits = {**stack.row, "first": numbers[0], "last": numbers[-1]}
    ids = [row[0] for row in conn.execute(POST_SAMPLES, limits).fetchall()]
    conn.execute(POST_SEQUENCES, limits | {"first_id": ids[0] - numbers[0]})


Store = Callable[[psycopg.Connection, Stack, range], None]
WAYS = pytest.mark.parametrize(
    "store", [by_create_samples, by_post], ids=["create_samples", "post"]
)


@WAYS
@pytest.mark.parametrize("login", ["authenticator", "control"])
def test_last_batch_of_a_first_upload_reads_as_much_as_the_first(
    stack: Stack, store: Store, login: str
) -> None:
    """Load in one transaction, as the importer does, with kept plans and with new ones."""
    reads = []
    with stack.request("POST", login) as conn:
        for batch in range(BATCHES):
            before = read(conn)
            store(conn, stack, range(batch * BATCH + 1, (batch + 1) * BATCH + 1))
            reads.append(read(conn) - before)

    assert max(reads) <= 1.2 * min(reads)


@WAYS
def test_batch_into_a_full_group_reads_as_much_as_into_an_empty_one(
    stack: Stack, store: Store
) -> None:
    """Run both on a connection that kept its plans from when the group was empty."""
    with stack.database.connect("authenticator") as conn:
        into_empty = reads_of(conn, stack, store, range(1, BATCH + 1))
        stack.fill(5_000, first=BATCH + 1)
        into_full = reads_of(conn, stack, store, range(5_001, 5_001 + BATCH))

    assert into_full <= 1.2 * into_empty


def reads_of(conn: psycopg.Connection, stack: Stack, store: Store, numbers: range) -> int:
    """Return how many rows one request reads."""
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
    """Read as much per row, child rows included, on one connection that changed few rows first."""
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


RUN = (
    "select api.create_phylo_run(%(group)s, 'SC2', to_json('A run'::text),"
    " (select json_agg('s' || n) from generate_series(1, %(chosen)s) as numbers (n)),"
    " 'TARGETED', '{}')"
)


def test_run_reads_as_much_for_each_of_many_samples_as_of_few(stack: Stack) -> None:
    """Find what was chosen, and the others of the group, without comparing each with each."""
    reads = {}
    with stack.database.connect("authenticator") as conn:
        for count in (BATCH, 20 * BATCH):
            with conn.transaction(force_rollback=True):
                stack.begin(conn, "POST")
                by_create_samples(conn, stack, range(1, count + 1))
                before = read(conn)
                conn.execute(RUN, stack.row | {"chosen": count // 2})
                reads[count] = (read(conn) - before) / count

    # Other plans suit so few; a comparison of each with each would be twenty times as much.
    assert reads[20 * BATCH] <= 3 * reads[BATCH]


FINDS = {
    "eq": "private_identifier = 's7'",
    "in": "private_identifier in ('s7', 's8')",
    "like": "private_identifier like 's7_'",
    "like any": "private_identifier like any (array['s7_', 'S7_'])",
    "not like": "private_identifier not like 's_' and private_identifier like 's%'",
}
FOUND = {"eq": 1, "in": 2, "like": 10, "like any": 10, "not like": 70}


def find(conn: psycopg.Connection, condition: str) -> tuple[int, int]:
    """Return how many samples are found, and how many rows were read."""
    before = read(conn)
    found = conn.execute(b"select id from api.samples where " + condition.encode()).fetchall()
    return len(found), read(conn) - before


@pytest.fixture(scope="module")
def full_group(module_stack: MakeStack) -> Stack:
    """Store samples whose identifiers are sought, and many more."""
    stack = module_stack()
    stack.fill(79)
    stack.fill(85_000, first=80_001)
    stack.analyze()
    return stack


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("filtered", ["eq", "in", "like"])
def test_private_identifier_is_found_without_reading_the_group(
    full_group: Stack, method: str, filtered: str
) -> None:
    """Read little more than is found, by the whole identifier and by its beginning."""
    with full_group.request(method) as conn:
        found, reads = find(conn, FINDS[filtered])

    assert (found, reads <= 4 * found + 4) == (FOUND[filtered], True)


@pytest.fixture(scope="module")
def two_small_groups(module_stack: MakeStack) -> Stack:
    """Store a few samples in both groups."""
    stack = module_stack()
    stack.fill(79)
    stack.fill(79, group=stack.other)
    return stack


@pytest.mark.parametrize("filtered", FINDS)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_filters_find_the_matching_samples(
    two_small_groups: Stack, method: str, filtered: str
) -> None:
    """Find them with every plan, also for a caller who is a viewer elsewhere."""
    found = []
    for groups in ({"group": "member"}, {"group": "admin", "other": "viewer"}):
        with two_small_groups.request(method, **groups) as conn:
            found.append(find(conn, FINDS[filtered])[0])

    assert found == [FOUND[filtered]] * 2


@pytest.fixture(scope="module")
def two_large_groups(module_stack: MakeStack) -> Stack:
    """Store many samples in both groups."""
    stack = module_stack()
    stack.fill(2_000)
    stack.fill(2_000, first=10_000, group=stack.other)
    stack.analyze()
    return stack


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("filtered", ["eq", "in", "like"])
def test_viewer_finds_no_private_identifier_and_reads_nothing(
    two_large_groups: Stack, method: str, filtered: str
) -> None:
    """Read no row: an answer's time would otherwise tell which private identifiers exist."""
    with two_large_groups.request(method, group="viewer") as conn:
        alone = find(conn, FINDS[filtered])
    with two_large_groups.request(method, group="viewer", other="member") as conn:
        beside = find(conn, FINDS[filtered])

    # The planner itself looks at the ends of an index.
    assert [(found, reads < 10) for found, reads in (alone, beside)] == [(0, True)] * 2


def test_newest_samples_of_an_idle_group_are_read_from_an_index(
    stack: Stack,
) -> None:
    """Read the end of one index, however many rows other groups have stored since."""
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
    """Plan each request again, because the planner relies on the caller's settings."""
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
def test_kept_plan_shows_another_caller_only_what_they_may_see(
    stack: Stack, others: dict[str, str]
) -> None:
    """Compare the caller at run time, because PostgreSQL keeps plans of parameterless statements.

    It does so in any plan_cache_mode.
    """
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


# More groups than their settings are parsed for at each row.
MANY = range(1_000_000, 1_000_060)


def test_callers_of_many_groups_who_share_a_kept_plan_see_their_own_rows(stack: Stack) -> None:
    """Compare the groups that the planner saw when the plan runs."""
    stack.fill(3)
    stack.fill(5, group=stack.other)
    found: list[tuple[set[int], int]] = []
    with stack.database.connect("authenticator") as conn:
        for own, role in (
            (stack.group, "member"),
            (stack.other, "member"),
            (stack.group, "viewer"),
        ):
            with conn.transaction():
                roles = dict.fromkeys(MANY, "member") | {own: role}
                begin_request(conn, "member", request_claims("member", "alice", roles))
                if not found:
                    conn.execute(
                        "prepare newest as select group_id, private_identifier from api.samples"
                    )
                rows = conn.execute("execute newest").fetchall()
                found.append(
                    ({group for group, _ in rows}, sum(name is not None for _, name in rows))
                )

    assert found == [({stack.group}, 3), ({stack.other}, 5), ({stack.group}, 0)]


def test_many_groups_are_parsed_by_the_planner(stack: Stack) -> None:
    """Find the groups of the caller as a constant in the plan, and few of them as a setting."""
    plans = []
    for groups in ({}, dict.fromkeys(MANY, "member")):
        with stack.database.connect("authenticator") as conn, conn.transaction():
            roles = {stack.group: "member"} | groups
            begin_request(conn, "member", request_claims("member", "alice", roles))
            plan = conn.execute("explain select id from api.samples where id > %s", [0]).fetchall()
            plans.append("\n".join(line for (line,) in plan))

    assert [
        "'{1000000,1000001" in plan or f"{MANY[-1]}}}'::bigint[]" in plan for plan in plans
    ] == [
        False,
        True,
    ]


LIMIT = 100
# The pages of docs/api/lists.md, after the sample of this number; ten samples have the same day.
PAGES = {
    "by id": "id > {first_id} + {after} order by id",
    "newest first": "id < {first_id} + {after} order by id desc",
    "by date": (
        "collection_date <= date '2000-01-01' + {after} / 10"
        " and (collection_date < date '2000-01-01' + {after} / 10 or id < {first_id} + {after})"
        " order by collection_date desc, id desc"
    ),
}


@pytest.fixture(scope="module", params=[True, False], ids=["one group", "two groups"])
def paged(request: pytest.FixtureRequest, module_stack: MakeStack) -> tuple[Stack, int]:
    """Store samples for many pages, and return the first id as well."""
    stack = module_stack()
    stack.fill(20_000)
    stack.fill(5_000, group=stack.group if request.param else stack.other, first=50_001)
    with stack.database.connect() as conn:
        row = conn.execute("select min(id) from aspen.samples").fetchone()
        assert row is not None
        conn.execute(
            "update aspen.samples"
            " set collection_date = date '2000-01-01' + (id - %s)::integer / 10",
            row,
        )
    stack.analyze()
    return stack, int(row[0])


# Roles, and how many rows may be read for each that is found: its row and its entry in an index,
# twice where private identifiers are masked, and what the filter drops.
READERS: dict[str, tuple[dict[str, str], int]] = {
    "member": ({"group": "member"}, 3),
    "viewer elsewhere": ({"group": "member", "other": "viewer"}, 5),
}


@pytest.mark.parametrize(("roles", "bound"), READERS.values(), ids=READERS)
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_page_after_a_key_reads_the_same_wherever_it_is(
    paged: tuple[Stack, int], page: str, roles: dict[str, str], bound: int
) -> None:
    """Read no row of the pages before it."""
    stack, first_id = paged
    reads = []
    for after in (19_000, 10_000, 1_000):
        wanted = page.format(first_id=first_id, after=after)
        with stack.request("GET", **roles) as conn:
            before = read(conn)
            # A list of PostgREST has a parameter, its limit, so that its plan is its own.
            found = conn.execute(
                b"select * from api.samples where " + wanted.encode() + b" limit %s",
                [LIMIT],
            ).fetchall()
            reads.append((len(found), read(conn) - before <= bound * LIMIT))

    assert reads == [(LIMIT, True)] * 3
