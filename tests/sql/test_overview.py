"""The overview is one page of HTML that counts what its caller sees."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

OVERVIEW = "select api.overview(%s, %s, %s, %s)"
# The samples of the factories are collected on 1 February 2024, a Thursday.
FEBRUARY = [None, None, 2, "2024-02-04"]


class Tables(HTMLParser):
    """The tables of a page by their captions, each a list of lines; and every tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: set[str] = set()
        self._lines: list[list[str]] = []
        self._caption: str | None = None
        self._is_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Begin a line or a cell."""
        self.tags.add(tag)
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self._lines.append([])
        elif tag in ("th", "td"):
            self._is_cell = True
            self._lines[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """Keep a table that ends."""
        if tag == "caption":
            assert self._caption is not None
            self._lines = self.tables[self._caption] = []
            self._caption = None
        elif tag in ("th", "td"):
            self._is_cell = False

    def handle_data(self, data: str) -> None:
        """Add a text to what is open."""
        if self._caption is not None:
            self._caption += data
        elif self._is_cell:
            self._lines[-1][-1] += data


def page_of(conn: psycopg.Connection, arguments: list[object] | None = None) -> str:
    """Return the page that a caller gets."""
    row = conn.execute(OVERVIEW, arguments or FEBRUARY).fetchone()
    assert row is not None
    return str(row[0])


def tables_of(conn: psycopg.Connection, arguments: list[object] | None = None) -> Any:
    """Return the tables of the page that a caller gets, by the first word of their captions."""
    return {
        caption.split()[0].lower(): lines
        for caption, lines in Tables(page_of(conn, arguments)).tables.items()
    }


def sample(conn: psycopg.Connection, group: int, lineage: str | None, **columns: object) -> int:
    """Store a sample of the group that has a lineage, or none."""
    conn.execute("update aspen.pathogens set lineage_caller = 'PANGOLIN'")
    stored = factories.sample(conn, group, None, **columns)
    if lineage is not None:
        factories.sample_lineage(conn, stored, lineage)
    return stored


def test_samples_are_counted_by_week_and_lineage(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Begin weeks on Mondays, the first and the last day included, and no day more."""
    for day in ("2024-01-21", "2024-01-22", "2024-01-28", "2024-01-29", "2024-02-04", "2024-02-05"):
        sample(admin, lab.group, "BA.2", collection_date=day)
    sample(admin, lab.group, None)

    with request_as("member", sub="alice") as conn:
        curve = tables_of(conn, [None, "SC2", 2, "2024-02-04"])["samples"]

    assert curve == [
        ["week", "BA.2", "no lineage"],
        ["2024-01-22", "2", "0"],
        ["2024-01-29", "2", "1"],
    ]


def test_rare_lineages_are_counted_together(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name eight of them, the most frequent first, whichever way their names sort."""
    for number in range(1, 11):
        for _ in range(number):
            sample(admin, lab.group, f"XBB.{number}")

    with request_as("member", sub="alice") as conn:
        head, line = tables_of(conn, [None, "SC2", 1, "2024-02-04"])["samples"]

    assert head == ["week", *(f"XBB.{number}" for number in range(10, 2, -1)), "other lineages"]
    assert line == ["2024-01-29", *(str(number) for number in range(10, 2, -1)), "3"]


def test_lineages_of_two_pathogens_are_told_apart(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Count a name that both have twice, and one pathogen where it is asked for."""
    other = factories.pathogen(admin, "MPX")
    sample(admin, lab.group, "B.1")
    sample(admin, lab.group, "B.1", pathogen_id=other)

    with request_as("member", sub="alice") as conn:
        both = tables_of(conn)["samples"][0]
        one = tables_of(conn, [None, "MPX", 2, "2024-02-04"])["samples"]

    assert both == ["week", "MPX B.1", "SC2 B.1"]
    assert one[-1] == ["2024-01-29", "1"]


def test_viewer_counts_what_a_viewer_sees(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Leave out private samples and genomes; a member's page has them."""
    factories.sequence(admin, sample(admin, lab.group, None))
    sample(admin, lab.group, None, is_private=True)

    with request_as("member", sub="vic") as conn:
        seen = tables_of(conn)
    with request_as("member", sub="alice") as conn:
        known = tables_of(conn)

    assert (seen["samples"][-1], "storage" in seen) == (["2024-01-29", "1"], False)
    assert (known["samples"][-1], "storage" in known) == (["2024-01-29", "2"], True)


def test_other_groups_are_not_counted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show neither their samples nor their jobs, files or names."""
    stored = sample(admin, lab.other_group, "BA.2")
    factories.sequence(admin, stored)
    factories.job_output(admin, factories.job(admin, lab.other_group, status="succeeded"))

    with request_as("member", sub="alice") as conn:
        mine = page_of(conn)
    with request_as("member", sub="bob") as conn:
        theirs = page_of(conn)

    assert (Tables(mine).tables, "Other lab" in mine) == ({}, False)
    assert (len(Tables(theirs).tables), "Other lab" in theirs) == (6, True)


def test_group_of_others_is_refused(request_as: RequestAs, lab: Lab) -> None:
    """Answer as if it did not exist; the caller's own group is shown by its name."""
    with request_as("member", sub="vic") as conn:
        refused = refusal_of(conn, OVERVIEW, [lab.other_group, None, 26, None])
    with request_as("member", sub="vic") as conn:
        page = page_of(conn, [lab.group, None, 26, None])

    assert refused == (403, "group_access_denied", {"group_id": lab.other_group})
    assert "<h1>Overview: <bdi>Lab</bdi></h1>" in page


def test_group_that_is_asked_for_is_counted_alone(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Leave out another group that the caller sees, too."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    sample(admin, lab.group, None)
    sample(admin, lab.other_group, None)

    with request_as("member", sub="alice") as conn:
        both = tables_of(conn)["samples"][-1]
        one = tables_of(conn, [lab.other_group, None, 2, "2024-02-04"])["samples"][-1]

    assert (both, one) == (["2024-01-29", "2"], ["2024-01-29", "1"])


def test_operator_sees_the_jobs_of_the_platform(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show an operator no data of groups."""
    factories.user(admin, "olga", is_operator=True)
    sample(admin, lab.group, "BA.2")
    factories.job(admin, 0, "lineages", pathogen_id=lab.pathogen)

    with request_as("operator", sub="olga") as conn:
        page = page_of(conn)

    assert Tables(page).tables.keys() == {
        "Outcomes of jobs, in jobs",
        "Jobs that wait or run, in jobs",
    }
    assert "<h1>Overview: <bdi>the platform</bdi></h1>" in page


def test_delays_are_the_median_and_the_90th_percentile(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Count days, and one of a sample that was collected after its upload as none."""
    for days in (0, 1, 2, 3, 10):
        sample(admin, lab.group, None, created_at=f"2024-02-{days + 1:02}T23:00:00Z")
    sample(admin, lab.group, None, created_at="2024-01-01T00:00:00Z")

    with request_as("member", sub="alice") as conn:
        assert tables_of(conn)["days"][1][1:] == ["1.5", "6.5"]


def test_jobs_are_counted_by_outcome_and_timed(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Count jobs of these weeks only; those that failed have no time."""
    now, before = "now() - interval '1 minute'", "now() - interval '3 months'"
    for status, queued_at in (
        ("succeeded", now),
        ("succeeded", before),
        ("failed", now),
        ("cancelled", now),
        ("timed_out", now),
        ("running", now),
        ("queued", now),
    ):
        job = factories.job(admin, lab.group, status=status)
        admin.execute(
            "update aspen.jobs set created_at = " + queued_at + ", finished_at ="  # noqa: S608
            " case when finished_at is not null then now() + interval '2 minutes' end"
            " where id = %s",
            [job],
        )

    with request_as("member", sub="alice") as conn:
        tables = tables_of(conn)

    assert tables["outcomes"][1] == ["nextclade", "1", "1", "1", "1", "2"]
    assert tables["time"] == [["kind", "median", "90th percentile"], ["nextclade", "3", "3"]]
    assert tables["jobs"] == [["kind", "running", "waiting"], ["nextclade", "1", "1"]]


def test_clock_that_was_set_back_makes_no_negative_time(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Draw the chart although a job seems to have ended before it was queued."""
    for minutes in (-2, -2, 3):
        job = factories.job(admin, lab.group, status="succeeded")
        admin.execute(
            "update aspen.jobs set finished_at = created_at + make_interval(mins => %s)"
            " where id = %s",
            [minutes, job],
        )

    with request_as("member", sub="alice") as conn:
        tables = tables_of(conn)

    assert tables["time"][1] == ["nextclade", "0", "2.4"]


def test_storage_is_counted_by_kind(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Count genomes by their bases, and files of jobs and uploads by their sizes."""
    factories.sequence(admin, sample(admin, lab.group, None))
    run = factories.phylo_run(admin, lab.group)
    factories.job_output(admin, run, size_bytes=2_560_000)
    factories.upload(admin, lab.group, size_bytes=10_000)

    with request_as("member", sub="alice") as conn:
        assert tables_of(conn)["storage"] == [
            ["kind", "stored"],
            ["auspice_json", "2.56"],
            ["uploads", "0.01"],
            ["sequences", str(len(factories.GENOME) / 1e6)],
        ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([None, "nothing", 26, None], "unknown_pathogen"),
        ([None, None, 0, None], "invalid_argument"),
        ([None, None, 105, None], "invalid_argument"),
        ([None, None, None, None], "invalid_argument"),
        ([None, None, 26, "04/02/2024"], "invalid_argument"),
        ([None, None, 26, "1899-12-31"], "invalid_argument"),
    ],
    ids=repr,
)
def test_bad_argument_is_refused(
    request_as: RequestAs, lab: Lab, arguments: list[object], code: str
) -> None:
    """Say which one; both ends of what is allowed make a page."""
    with request_as("member", sub="alice") as conn:
        assert refusal_of(conn, OVERVIEW, arguments)[:2] == (400, code)
        page_of(conn, [None, None, 1, "1900-01-01"])
        page_of(conn, [None, " SC2 ", 104, "9999-12-31"])


def test_names_are_text_whatever_they_contain(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Escape the names of lineages, pathogens and groups in HTML, SVG and attributes."""
    name = "</title><script>\"'&\u202eoh"
    hidden = name.replace("\u202e", "")
    admin.execute("update aspen.groups set name = %s where id = %s", [hidden, lab.group])
    admin.execute("update aspen.pathogens set name = %s", [hidden])
    sample(admin, lab.group, hidden)

    with request_as("member", sub="alice") as conn:
        page = page_of(conn)
        known = Tables(page)

    assert known.tables["Samples per week by lineage, in samples"][0][1] == f"SC2 {hidden}"
    escaped = admin.execute("select internal.html_text(%s)", [name]).fetchone()
    assert "script" not in known.tags
    assert escaped == ("&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp; oh",)


def test_policy_allows_the_style_of_the_page_only(request_as: RequestAs, lab: Lab) -> None:
    """Name the hash of exactly what stands in the page, in the header and in the file."""
    with request_as("member", sub="alice") as conn:
        page = page_of(conn)
        headers = conn.execute("select current_setting('response.headers')").fetchone()

    style = re.search("<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert html.escape(policy) in page.replace("&#39;", "&#x27;")
    assert f"{policy}; frame-ancestors 'none'" in str(headers and headers[0])
    assert Tables(page).tags.isdisjoint({"script", "link", "img", "iframe", "object", "form", "a"})


def test_axis_ends_at_a_round_number(admin: psycopg.Connection) -> None:
    """Draw at most five lines; what is counted has no fractions."""
    steps = [
        admin.execute("select internal.chart_step(%s::numeric, %s)::float", given).fetchone()
        for given in ((38, True), (3, True), (1.2, False), (0.07, False), (1_000_000, True))
    ]

    assert [step for (step,) in filter(None, steps)] == [10, 1, 0.5, 0.02, 200_000]
