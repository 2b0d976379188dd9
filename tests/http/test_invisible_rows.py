"""No answer tells of hidden rows: two databases that differ only in these answer alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.people import NOBODY, PARTIAL, PEOPLE, store_groups, store_people
from tests.servers import Api, Cluster, Database, run_api

DRY_RUN = "tx=rollback"
# Of the group everybody but the stranger and nobody has to do with, and what they are to it.
CALLERS = ("alice", "vic", "gus", "bob", "olga", NOBODY)
# They do not see private samples, and no sequence.
# Ids from here on are those of rows that only one of the worlds has.
FIRST_HIDDEN_ID = 1_000_000


@dataclass(frozen=True)
class Request:
    """A request that is sent to both databases."""

    method: str
    path: str
    prefer: str | None = None
    body: Any = None
    accept: str = "application/json"


@dataclass(frozen=True)
class Worlds:
    """Two APIs over databases that differ in rows of other groups, or in private rows."""

    plain: Api
    fuller: Api

    def answers(self, who: str, request: Request) -> list[tuple[int, str | None, bytes]]:
        """Return status, range and body of both answers."""
        return [answer(api, who, request) for api in (self.plain, self.fuller)]


def answer(api: Api, who: str, request: Request) -> tuple[int, str | None, bytes]:
    """Return all parts of an answer that may differ between requests."""
    token = None
    if who != NOBODY:
        token = api.token(who, PEOPLE[who].database_role)
    headers = {"Accept": request.accept} | ({"Prefer": request.prefer} if request.prefer else {})
    response: httpx.Response = api.request(
        request.method, request.path, token, headers=headers, json=request.body
    )
    return response.status_code, response.headers.get("Content-Range"), response.content


def fill(conn: psycopg.Connection) -> None:
    """Store the lab with rows of every kind, enough of them for statistics, and the cast."""
    groups = store_groups(conn)
    store_people(conn, groups)
    add_samples(conn, groups["lab"], 150)
    run = factories.phylo_run(conn, groups["lab"], "A run")
    factories.phylo_tree(conn, run)
    factories.job_output(conn, run)
    factories.job(conn, groups["lab"])


def add_samples(
    conn: psycopg.Connection,
    group: int,
    count: int,
    *,
    first_id: int = 1,
    first_number: int = 1,
    is_private: bool = False,
) -> None:
    """Store samples with sequences, lineages and accessions, of few hosts and days."""
    place, pathogen = factories.location(conn), factories.pathogen(conn)
    conn.execute(
        "insert into aspen.samples (id, group_id, pathogen_id, location_id, is_private,"
        " private_identifier, public_identifier, collection_date, host)"
        " select number, %s, %s, %s, %s, 'private-' || (number + %s), 'public-' || (number + %s),"
        " '2024-01-01'::date + number %% 50, 'host-' || number %% 7"
        " from generate_series(%s::integer, %s) as number",
        [
            *(group, pathogen, place, is_private),
            *(first_number - first_id, first_number - first_id),
            *(first_id, first_id + count - 1),
        ],
    )
    for table, columns, values in (
        ("sequences", "group_id, sample_id, sequence", "group_id, id, repeat('ACGT', 250)"),
        (
            "sample_lineages",
            "group_id, sample_id, disclosed_at, lineage_type, lineage, lineage_software_version",
            "group_id, id, disclosed_at, 'PANGOLIN', 'BA.' || id % 3, '4'",
        ),
        (
            "accessions",
            "group_id, sample_id, disclosed_at, public_repository_id, accession",
            f"group_id, id, disclosed_at, {factories.repository(conn)}, 'EPI_ISL_' || id",
        ),
    ):
        conn.execute(
            f"insert into aspen.{table} (id, {columns})"  # noqa: S608
            f" select id, {values} from aspen.samples where id >= {first_id} and group_id = {group}"
            f" and id < {first_id + count}"
        )


def hide_of_others(conn: psycopg.Connection) -> None:
    """Store another group with the same identifiers, many more rows and a value of its own."""
    others = factories.group(conn, "Hidden", id=FIRST_HIDDEN_ID)
    add_samples(conn, others, 3000, first_id=FIRST_HIDDEN_ID)
    conn.execute("update aspen.samples set host = 'secret' where group_id = %s", [others])
    run = factories.phylo_run(conn, others, "A run", id=FIRST_HIDDEN_ID)
    factories.phylo_tree(conn, run, id=FIRST_HIDDEN_ID)
    factories.job_output(conn, run, id=FIRST_HIDDEN_ID)


def hide_private(conn: psycopg.Connection) -> None:
    """Store private samples of the lab."""
    row = conn.execute("select id from aspen.groups where name = 'lab'").fetchone()
    assert row is not None
    add_samples(conn, row[0], 3000, first_id=FIRST_HIDDEN_ID, first_number=1000, is_private=True)
    conn.execute("update aspen.samples set host = 'secret' where is_private")
    # Everybody in the group sees its jobs, also those of private samples.
    jobs = "where id in (select job_id from aspen.job_samples where sample_id >= %s)"
    conn.execute(
        f"update aspen.jobs set status = 'cancelled', finished_at = now() {jobs}",  # noqa: S608
        [FIRST_HIDDEN_ID],
    )
    conn.execute(f"delete from aspen.jobs {jobs}", [FIRST_HIDDEN_ID])  # noqa: S608


HIDDEN = {"of others": (hide_of_others, CALLERS), "private": (hide_private, PARTIAL)}


@pytest.fixture(scope="module", params=HIDDEN)
def hidden(request: pytest.FixtureRequest) -> str:
    """Return the kind of rows that only the fuller database has."""
    return str(request.param)


@pytest.fixture(scope="module")
def worlds(
    hidden: str,
    cluster: Cluster,
    template: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Worlds]:
    """Start an API over a database, and one over a copy of it with rows added."""
    hide, _ = HIDDEN[hidden]
    with ExitStack() as stack:
        plain = stack.enter_context(cluster.database("aspen_plain", template.name))
        with plain.connect() as conn:
            fill(conn)
        fuller = stack.enter_context(cluster.database("aspen_fuller", plain.name))
        with fuller.connect() as conn:
            hide(conn)
        for database in (plain, fuller):
            with database.connect("postgres") as conn:
                conn.execute("analyze")
        yield Worlds(
            *(
                stack.enter_context(run_api(database, tmp_path_factory.mktemp(database.name)))
                for database in (plain, fuller)
            )
        )


COLUMNS = {
    "samples": ("id", "group_id", "private_identifier", "public_identifier", "host", "is_private"),
    "sequences": ("id", "sample_id", "num_mixed"),
    "sample_lineages": ("id", "sample_id", "lineage"),
    "accessions": ("id", "sample_id", "accession"),
    "jobs": ("id", "kind", "status"),
    "phylo_runs": ("id", "name", "status"),
    "phylo_trees": ("id", "name", "tip_count"),
    "job_inputs": ("id", "kind", "identifier"),
    "job_outputs": ("id", "kind", "key"),
}
EMBEDS = {
    "samples": (
        "sample_lineages(id,lineage)",
        "accessions(id)",
        "sequences(id)",
        "pathogens(slug)",
    ),
    "sequences": ("samples(id,host)", "samples!inner(id,host)"),
    "sample_lineages": ("samples(id,is_private)",),
    "jobs": ("pathogens(slug)",),
}
# Some of them only rows have that one world has.
VALUES = (
    *("1", "7", str(FIRST_HIDDEN_ID), str(FIRST_HIDDEN_ID + 1), "0", "true", "BA.1"),
    *("secret", "host-1", "private-1", "private-2500", "public-2500", "EPI_ISL_1000001", "A run"),
)
PREFER = (None, "count=exact", "count=planned", "count=estimated", "return=minimal, count=exact")


@st.composite
def lists(draw: st.DrawFn) -> Request:
    """Draw a list with filters, an order, embedded rows, a page and a count."""
    resource = draw(st.sampled_from(sorted(COLUMNS)))
    columns = st.sampled_from(COLUMNS[resource])
    selected = draw(st.lists(columns, max_size=3, unique=True)) or ["id"]
    embeds = draw(st.lists(st.sampled_from(EMBEDS.get(resource, ("id",))), max_size=1))
    query = [("select", ",".join([*selected, *embeds]))]
    for column in draw(st.lists(columns, max_size=2, unique=True)):
        operator = draw(st.sampled_from(("eq", "neq", "gte", "lt", "like", "in", "is", "not.eq")))
        value = draw(st.sampled_from(VALUES))
        query.append(
            (column, f"{operator}.({value})" if operator == "in" else f"{operator}.{value}")
        )
    order = [*draw(st.lists(columns, max_size=1)), f"id.{draw(st.sampled_from(('asc', 'desc')))}"]
    query.append(("order", ",".join(order)))
    if draw(st.booleans()):
        query += [("limit", str(draw(st.integers(0, 5)))), ("offset", str(draw(st.integers(0, 9))))]
    accept = draw(st.sampled_from(("application/json", "text/csv")))
    method = draw(st.sampled_from(("GET", "GET", "HEAD")))
    path = f"/{resource}?{urlencode(query)}"
    return Request(method, path, draw(st.sampled_from(PREFER)), accept=accept)


def sample(**columns: Any) -> dict[str, Any]:
    """Draw a sample as a client posts it; the test may spoil it."""
    good = {"group_id": 1, "pathogen_id": 1, "location_id": 1, "collection_date": "2024-02-01"}
    return good | {"private_identifier": "private-2500"} | columns


some_id = st.sampled_from((1, 7, 150, FIRST_HIDDEN_ID, FIRST_HIDDEN_ID + 3, 2 * FIRST_HIDDEN_ID))
some_name = st.sampled_from(
    ("private-1", "private-2500", "public-1", "public-2500", "EPI_ISL_1000001", "nobody's")
)
count_or_not = st.sampled_from((DRY_RUN, f"{DRY_RUN}, count=exact", f"{DRY_RUN}, count=planned"))


@st.composite
def writes(draw: st.DrawFn) -> Request:
    """Draw a change, usually one that is rejected; it is rolled back and its answer has no ids."""
    row = draw(some_id)
    new = sample(
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "private_identifier": some_name,
                    "public_identifier": some_name,
                    "group_id": st.sampled_from((1, 2, 3, FIRST_HIDDEN_ID)),
                    "location_id": st.sampled_from((0, 1)),
                },
            )
        )
    )
    genome = {"group_id": new["group_id"], "sample_id": row, "sequence": "ACGT" * 250}
    named = {key: value for key, value in new.items() if key not in ("group_id", "pathogen_id")}
    batch = {"group_id": new["group_id"], "pathogen": "SC2", "samples": [named]}
    run = {"group_id": 1, "pathogen": "SC2", "name": "x", "tree_type": "TARGETED"}
    method, path, body = draw(
        st.sampled_from(
            (
                ("POST", "/samples", new),
                ("PATCH", f"/samples?id=eq.{row}", {"host": "x"}),
                (
                    "PATCH",
                    f"/samples?id=eq.{row}",
                    {"private_identifier": new["private_identifier"]},
                ),
                ("PATCH", "/samples?host=eq.secret", {"host": "x"}),
                ("DELETE", f"/samples?id=eq.{row}", None),
                ("PATCH", "/samples?host=neq.x", {"host": "x"}),
                ("DELETE", "/samples", None),
                ("DELETE", "/sequences", None),
                ("POST", "/sequences?select=group_id", genome),
                ("PATCH", f"/sequences?sample_id=eq.{row}", {"sequencing_depth": 1}),
                ("DELETE", f"/sequences?sample_id=eq.{row}", None),
                ("PATCH", f"/phylo_runs?id=eq.{row}", {"name": "x"}),
                ("DELETE", f"/phylo_runs?id=eq.{row}", None),
                ("DELETE", f"/jobs?id=eq.{row}", None),
                ("POST", "/rpc/create_samples", batch | {"samples": [named, named]}),
                ("POST", "/rpc/create_samples", batch | {"samples": [named | {"location_id": 0}]}),
                ("POST", "/rpc/create_phylo_run", run | {"samples": [draw(some_name), "nobody's"]}),
                (
                    "POST",
                    "/rpc/update_samples",
                    {
                        "group_id": new["group_id"],
                        "samples": [
                            {"id": row, "host": "x"},
                            {"identifier": draw(some_name)} | named,
                        ],
                    },
                ),
                (
                    "POST",
                    "/rpc/delete_samples",
                    {"group_id": new["group_id"], "ids": [row], "identifiers": [draw(some_name)]},
                ),
                (
                    "POST",
                    "/rpc/validate_sample_identifiers",
                    {"pathogen": "SC2", "identifiers": [draw(some_name), draw(some_name)]}
                    | draw(st.sampled_from(({}, {"group_id": new["group_id"]}))),
                ),
                ("POST", f"/rpc/phylo_tree?id={row}", None),
                ("GET", f"/rpc/phylo_tree?id={row}", None),
                ("GET", f"/rpc/output_url?id={row}", None),
                ("GET", "/rpc/health?select=status", None),
                ("GET", "/me", None),
            )
        )
    )
    return Request(method, path, draw(count_or_not), body)


ALIKE = settings(
    max_examples=60,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@ALIKE
@given(number=st.integers(0, 99), request=lists())
def test_lists_do_not_tell_of_hidden_rows(
    worlds: Worlds, hidden: str, number: int, request: Request
) -> None:
    """Return the same status, range and bytes."""
    _, people = HIDDEN[hidden]

    plain, fuller = worlds.answers(people[number % len(people)], request)

    assert plain == fuller


@ALIKE
@given(number=st.integers(0, 99), request=writes())
def test_errors_do_not_tell_of_hidden_rows(
    worlds: Worlds, hidden: str, number: int, request: Request
) -> None:
    """Mean only visible rows by taken, unknown and forbidden."""
    _, people = HIDDEN[hidden]

    plain, fuller = worlds.answers(people[number % len(people)], request)

    assert plain == fuller


TELLING = Request("GET", "/samples?select=id&order=id&host=eq.secret", "count=exact")


def test_databases_differ_for_the_control_plane(worlds: Worlds) -> None:
    """Find different rows as control, or the comparison would compare nothing."""
    counts = []
    for api in (worlds.plain, worlds.fuller):
        with api.database.connect() as conn:
            row = conn.execute("select count(*) from aspen.samples where host = 'secret'")
            counts.append(row.fetchone())

    assert counts == [(0,), (3000,)]


def test_comparison_notices_a_row_too_many(worlds: Worlds) -> None:
    """Pass with the real policies, and fail once a policy shows too much."""
    before = worlds.answers("vic", TELLING)
    with worlds.fuller.database.connect("postgres") as conn:
        conn.execute("create policy careless on aspen.samples for select to member using (true)")
        conn.execute("alter policy samples_fence on aspen.samples using (true)")
        try:
            careless = worlds.answers("vic", TELLING)
        finally:
            conn.execute("drop policy careless on aspen.samples")
            conn.execute(
                "alter policy samples_fence on aspen.samples using ("
                "group_id = any(authz.any_groups())"
                " and (disclosed_at <= now() or group_id = any(authz.full_groups())))"
            )
    after = worlds.answers("vic", TELLING)

    assert before[0] == before[1] == after[0] == after[1]
    assert careless[0] != careless[1]
