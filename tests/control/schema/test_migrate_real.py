"""The migrations of this checkout, back and forth over a database with rows in it."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg.types.json import Jsonb

from control.errors import ControlError
from control.schema.diff import schema_differences
from control.schema.migrate import apply_all, migrate_down, plan_rollback
from tests import factories
from tests.factories import Tip
from tests.servers import SETTINGS, Database

TREES = "select * from aspen.phylo_trees"
TIPS = "select * from aspen.phylo_tree_tips order by id"
AUDIT = "select count(*) from aspen.audit_log"


@pytest.fixture
def database_with_rows(database: Database) -> Database:
    """Samples and two trees of theirs, one with names that JSON must escape."""
    with psycopg.connect(database.url) as conn:
        group = factories.group(conn)
        sample = factories.sample(conn, group, "LAB-1")
        for tips in (
            [Tip("an own one", sample), Tip('a "quoted\\" one'), Tip("ünïcode, and a name")],
            [Tip("the only one", sample)],
        ):
            factories.phylo_tree(conn, factories.phylo_run(conn, group), tips, tip_count=len(tips))
    return database


def down(database: Database, keep: int) -> None:
    """Roll back all migrations after number `keep`."""
    settings = replace(SETTINGS, database_url=database.url)
    with psycopg.connect(database.url, autocommit=True) as conn:
        plan = plan_rollback(conn, SETTINGS.root, keep, code_root=None)
    migrate_down(settings, plan, echo=lambda line: None)


def test_all_the_way_down_and_up_again(database_with_rows: Database, template: Database) -> None:
    """The rows go with their tables; the database that comes back is whole."""
    down(database_with_rows, 0)
    with psycopg.connect(database_with_rows.url) as conn:
        tables = conn.execute(
            "select tablename from pg_catalog.pg_tables where schemaname = 'aspen'"
        ).fetchall()

    apply_all(database_with_rows.url, SETTINGS.root)

    assert tables == []
    assert schema_differences(database_with_rows.url, template.url) == []


def test_trees_are_cut_anew_and_back(database_with_rows: Database) -> None:
    """0008 keeps what the text of a tree says, and is no change for the audit log."""

    def rows(*queries: str) -> list[object]:
        with psycopg.connect(database_with_rows.url) as conn:
            return [conn.execute(query).fetchall() for query in queries]

    before = rows(TREES, TIPS, AUDIT)

    down(database_with_rows, 7)
    joined = rows(
        "select tail_text from aspen.phylo_trees",
        "select lead_text from aspen.phylo_tree_tips order by id",
    )
    apply_all(database_with_rows.url, SETTINGS.root)

    assert joined == [
        [("}]}",), ("}]}",)],
        [
            ('{"name":"root","children":[{"name":',),
            ('},{"name":',),
            ('},{"name":',),
            ('{"name":"root","children":[{"name":',),
        ],
    ]
    assert rows(TREES, TIPS, AUDIT) == before


def test_outputs_below_another_jobs_folder_go(database_with_rows: Database) -> None:
    """0011 leaves those that are below their own job's, or below none."""
    down(database_with_rows, 10)
    with psycopg.connect(database_with_rows.url) as conn:
        (first,), (second,) = conn.execute("select id from aspen.jobs order by id").fetchall()
        factories.job_output(conn, first, key=f"jobs/{second}/1/tree.json")
        kept = [
            factories.job_output(conn, first, "aligned_fasta", key="by hand"),
            factories.job_output(conn, second, key=f"jobs/{second}/1/own.json"),
        ]

    apply_all(database_with_rows.url, SETTINGS.root)

    with psycopg.connect(database_with_rows.url) as conn:
        left = conn.execute("select id from aspen.job_outputs order by id").fetchall()
    assert [output for (output,) in left] == kept


OFFENDERS = (
    "select format('select id from %s where not (%s)', conrelid::regclass,"
    " pg_get_expr(conbin, conrelid))"
    " from pg_constraint where contype = 'c' and not convalidated"
)


def test_names_one_cannot_read_stop_the_migration_until_they_are_corrected(
    database_with_rows: Database,
) -> None:
    """0010 says which rule is broken; the checks that are not validated find the rows."""
    down(database_with_rows, 9)
    with psycopg.connect(database_with_rows.url, autocommit=True) as conn:
        conn.execute("update aspen.samples set private_identifier = e'a\tb', host = '=1'")

        with pytest.raises(ControlError, match="samples_private_identifier_form_check"):
            apply_all(database_with_rows.url, SETTINGS.root)
        queries = [query for (query,) in conn.execute(OFFENDERS).fetchall()]
        offenders = [len(conn.execute(query.encode()).fetchall()) for query in queries]
        conn.execute("update aspen.samples set private_identifier = 'ab', host = null")
        apply_all(database_with_rows.url, SETTINGS.root)
        left = conn.execute(OFFENDERS).fetchall()

    assert (sorted(offenders), left) == ([0, 0, 0, 0, 0, 1, 1], [])


def test_places_that_are_the_same_become_one(database_with_rows: Database) -> None:
    """0016 keeps the oldest, moves what refers to the others, says so, and adds their parents."""
    down(database_with_rows, 15)
    said: list[str] = []
    with psycopg.connect(database_with_rows.url, autocommit=True) as conn:
        conn.execute("delete from aspen.samples")
        conn.execute("delete from aspen.locations")
        kept, same, others, geneva, decomposed, ticino = (
            row[0]
            for row in conn.execute(
                "insert into aspen.locations (region, country, division, latitude, longitude)"
                " values ('Europe', 'Switzerland', null, null, null),"
                " ('europe', 'switzerland', null, 47, 8),"
                " ('Europe', 'SWITZERLAND', null, 46, 7),"
                " ('Europe', 'Switzerland', %s, 46.2, 6.1),"
                " ('Europe', 'switzerland', %s, null, null),"
                " ('Europe', 'switzerland', 'Ticino', null, null)"
                " returning id",
                ["Gen\u00e8ve", "Gene\u0300ve"],
            )
        )
        group = factories.group(conn, default_tree_location_id=same)
        samples = [
            factories.sample(conn, group, location_id=place) for place in (others, decomposed)
        ]
        factories.phylo_run(conn, group, template_args=Jsonb({"location_id": same, "x": 1}))

    apply_all(database_with_rows.url, SETTINGS.root, echo=said.append)

    with psycopg.connect(database_with_rows.url) as conn:
        assert conn.execute(
            "select id, country, division, latitude from aspen.locations order by id"
        ).fetchall() == [
            (kept, "Switzerland", None, 47),
            (geneva, "Switzerland", "Gen\u00e8ve", 46.2),
            (ticino, "Switzerland", "Ticino", None),
        ]
        assert conn.execute(
            "select id, location_id from aspen.samples order by id"
        ).fetchall() == list(zip(samples, (kept, geneva), strict=True))
        assert conn.execute(
            "select default_tree_location_id from aspen.groups where id = %s", [group]
        ).fetchone() == (kept,)
        assert conn.execute(
            "select template_args from aspen.jobs where group_id = %s", [group]
        ).fetchone() == ({"location_id": kept, "x": 1},)
    warned = [line for line in said if line.startswith("location ")]
    of_place = "samples, groups and runs keep that one"
    assert warned == [
        f"location {same} (europe / switzerland) is the same as {kept} (Europe / Switzerland):"
        f" {of_place}",
        f"location {others} (Europe / SWITZERLAND) is the same as {kept} (Europe / Switzerland):"
        f" {of_place}, not its coordinates 46, 7",
        f"location {decomposed} (Europe / switzerland / Genève) is the same as {geneva}"
        f" (Europe / Switzerland / Genève): {of_place}",
    ]


def test_places_get_the_division_and_the_country_they_are_in(database_with_rows: Database) -> None:
    """0016 adds the rows that an import did not make before."""
    down(database_with_rows, 15)
    with psycopg.connect(database_with_rows.url, autocommit=True) as conn:
        conn.execute(
            "insert into aspen.locations (region, country, division, location)"
            " values ('Asia', 'Japan', 'Tokyo', 'Ueno'), ('Asia', 'japan', 'Kanto', 'Chiba'),"
            " ('Asia', 'Japan', 'Kanto', 'Narita')"
        )

    apply_all(database_with_rows.url, SETTINGS.root)

    with psycopg.connect(database_with_rows.url) as conn:
        places = conn.execute(
            "select country, division, location from aspen.locations where region = 'Asia'"
            " order by region_key, path_key"
        ).fetchall()
    assert places == [
        ("Japan", None, None),
        ("Japan", "Kanto", None),
        ("Japan", "Kanto", "Chiba"),
        ("Japan", "Kanto", "Narita"),
        ("Japan", "Tokyo", None),
        ("Japan", "Tokyo", "Ueno"),
    ]


def test_inner_nodes_join_the_text_again_on_the_way_down(database_with_rows: Database) -> None:
    """Before 0016 only tips were cut, and places had no parents."""
    with psycopg.connect(database_with_rows.url, autocommit=True) as conn:
        conn.execute("delete from aspen.phylo_tree_tips")
        conn.execute("delete from aspen.phylo_trees")
        run = conn.execute("select min(id) from aspen.jobs").fetchone()
        assert run is not None
        tips = [Tip("root"), Tip("a"), Tip("inner"), Tip("b")]
        tree = factories.phylo_tree(
            conn,
            run[0],
            tips,
            lead_text='{"name":',
            tip_count=2,
            linked_node_count=2,
            places=Jsonb({"country": [["Peru"]], "division": [["Peru", "X"], ["Chile", "X"]]}),
        )
        conn.execute("update aspen.phylo_tree_tips set is_tip = name in ('a', 'b')")
        text = "select lead_text || string_agg(segment, '' order by position)"
        text += " from aspen.phylo_trees trees join aspen.phylo_tree_tips tips"
        text += " on tips.phylo_tree_id = trees.id group by lead_text"
        before = conn.execute(text.encode()).fetchone()

        down(database_with_rows, 15)

        assert conn.execute(text.encode()).fetchone() == before
        assert conn.execute(
            "select position, name from aspen.phylo_tree_tips order by position"
        ).fetchall() == [(1, "a"), (2, "b")]
        assert conn.execute(
            "select places from aspen.phylo_trees where id = %s", [tree]
        ).fetchone() == ({"country": ["Peru"], "division": ["X"]},)
    apply_all(database_with_rows.url, SETTINGS.root)
