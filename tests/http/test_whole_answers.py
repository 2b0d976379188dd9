"""CSV and FASTA are complete or rejected, because a text does not say that rows are missing."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import factories
from tests.factories import GENOME
from tests.http.world import Caller, World, problems, refusal, rows
from tests.servers import SETTINGS

FASTA = "text/x-fasta"
CSV = "text/csv"
MOST = 1000
MANY = MOST + 3


@dataclass(frozen=True)
class Many:
    """A group with more sequences than one answer may have."""

    world: World
    group: int
    caller: Caller

    def get(self, path: str, accept: str = FASTA, **headers: str) -> httpx.Response:
        """Request rows of the group."""
        joint = "&" if "?" in path else "?"
        return self.caller.get(
            f"{path}{joint}group_id=eq.{self.group}", accept=accept, headers=headers
        )


@pytest.fixture(scope="module")
def many(world: World) -> Iterator[Many]:
    """Store samples named by their number, each with a sequence, and as many lineages."""
    group = factories.group(world.conn, f"whole {world.name}", prefix=f"whole-{world.name}"[:25])
    factories.membership(world.conn, group, world.users["ada"])
    factories.numbered_samples(world.conn, group, MANY, GENOME)
    world.conn.execute(
        "insert into aspen.lineages (pathogen_id, lineage)"
        " select %s, 'whole.' || number from generate_series(1, %s) as number",
        [world.pathogen, MANY],
    )
    yield Many(world, group, world.ada)


UNBOUNDED = {
    "no limit": ("", {}),
    "a limit above the most": ("?limit=5000", {}),
    "a limit spelt otherwise": ("?%6Cimit=5000", {}),
    "an offset": ("?offset=2", {}),
    "a range": ("", {"Range": "0-4999"}),
    "an open range": ("", {"Range": "1-"}),
    "an order": ("?order=id.desc", {}),
    "a limit of what is embedded": ("?select=*,samples!inner()&samples.limit=5", {}),
}


@pytest.mark.parametrize(("query", "headers"), UNBOUNDED.values(), ids=UNBOUNDED)
@pytest.mark.parametrize(("path", "accept"), [("/sequences", FASTA), ("/sequences", CSV)])
def test_text_that_would_be_cut_is_refused(
    many: Many, path: str, accept: str, query: str, headers: dict[str, str]
) -> None:
    """Reject it however many rows were requested, and say how to ask."""
    response = many.get(path + query, accept, **headers)

    assert refusal(response) == (400, "too_many_rows")
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "order=id&limit=1000" in response.json()["hint"]
    assert "Content-Range" not in response.headers


def test_refusal_says_how_many_rows_there_are(many: Many) -> None:
    """Name this number and how many an answer may have."""
    assert problems(many.get("/sequences")) == (
        400,
        "too_many_rows",
        {"rows": MANY, "at_most": MOST},
    )


@pytest.mark.parametrize("path", ["/samples", "/lineages?lineage=like.whole.*"])
def test_csv_of_every_resource_is_whole_or_refused(many: Many, path: str) -> None:
    """Include reference data, which the edge caches."""
    response = many.caller.get(path, accept=CSV)

    assert refusal(response) == (400, "too_many_rows")


@pytest.mark.parametrize(("method", "size"), [("GET", 0), ("POST", 0), ("POST", 150_000)])
def test_csv_of_a_function_is_whole_or_refused(many: Many, method: str, size: int) -> None:
    """Examine lists that functions return, however they are called."""
    arguments = {"pathogen": "SC2", "group_id": many.group}
    arguments |= {"download": "export_qc_metrics"}
    body = json.dumps(arguments) + " " * size if method == "POST" else b""
    query = "" if method == "POST" else "?" + "&".join(f"{k}={v}" for k, v in arguments.items())

    response = many.caller.ask(
        method,
        f"/rpc/samples_left_out{query}",
        accept=CSV,
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert problems(response) == (400, "too_many_rows", {"rows": MANY, "at_most": MOST})


def test_page_of_a_function_is_not_refused(many: Many) -> None:
    """Return the lines that were asked for."""
    response = many.caller.post(
        "/rpc/lineage_filters?limit=7&offset=500",
        json={"pathogen": "SC2"},
        accept=CSV,
    )

    assert (response.status_code, len(response.text.splitlines())) == (200, 8)


def test_range_of_a_post_is_no_page(many: Many) -> None:
    """Refuse what would be cut, because PostgREST reads Range with GET only."""
    response = many.caller.post(
        "/rpc/lineage_filters",
        json={"pathogen": "SC2"},
        accept=CSV,
        headers={"Range": "0-6"},
    )

    assert refusal(response) == (400, "too_many_rows")


def test_edge_knows_which_functions_return_long_lists(many: Many) -> None:
    """Examine every function that only reads and may return a hundred rows or more."""
    known = re.search(
        r"\^/rpc/\(\?:([a-z_|]+)\)\$\" 1;", SETTINGS.root.joinpath("nginx.conf").read_text()
    )
    found = many.world.conn.execute(
        "select proname from pg_proc where pronamespace = 'api'::regnamespace"
        " and proretset and provolatile <> 'v' and prorows >= 100 order by proname"
    ).fetchall()

    assert known
    assert known[1].split("|") == [name for (name,) in found]


@pytest.mark.parametrize(
    "accept",
    ["text/csv; charset=utf-8", "text/csv, application/json;q=0.5", "image/png, text/csv"],
)
def test_csv_is_known_however_it_is_asked_for(many: Many, accept: str) -> None:
    """Recognise it among other media types and with parameters."""
    assert refusal(many.get("/sequences", accept)) == (400, "too_many_rows")


def test_head_of_a_cut_text_is_refused(many: Many) -> None:
    """Answer as GET would, which is what HEAD is for."""
    response = many.caller.ask("HEAD", f"/sequences?group_id=eq.{many.group}", accept=FASTA)

    assert (response.status_code, response.content) == (400, b"")


@pytest.mark.parametrize("size", [10, 150_000])
def test_body_of_a_request_hides_no_cut(many: Many, size: int) -> None:
    """Check answers to large requests too, which the edge reads elsewhere."""
    response = many.caller.get("/sequences", accept=CSV, content=b" " * size)

    assert response.status_code in (400, 413)
    assert response.json()["code"] in ("too_many_rows", "body_too_large")


@pytest.mark.parametrize(("accept", "lines"), [(FASTA, 2 * MOST), (CSV, MOST + 1)])
def test_text_of_the_largest_number_of_rows_is_whole(many: Many, accept: str, lines: int) -> None:
    """Return a thousand of a thousand."""
    last = rows(many.get("/samples?select=id&order=id&offset=999&limit=1", "application/json"))
    query = f"/sequences?sample_id=lte.{last[0]['id']}"

    response = many.get(query, accept)

    assert (response.status_code, len(response.text.splitlines())) == (200, lines)


@pytest.mark.parametrize("accept", [FASTA, CSV])
@pytest.mark.parametrize("query", ["?limit=1000", "?limit=7&offset=996"])
def test_page_by_limit_is_not_refused(many: Many, accept: str, query: str) -> None:
    """Return PostgREST's own status and range for an allowed limit."""
    response = many.get(f"/sequences{query}", accept)

    assert response.status_code == 200
    assert response.headers["Content-Range"].endswith("/*")


def test_page_by_range_is_not_refused(many: Many) -> None:
    """Return a page requested by the Range header."""
    response = many.get("/sequences", **{"Range": "1000-1999"})

    assert (response.status_code, response.text.count(">")) == (200, MANY - MOST)


def test_last_page_with_a_large_limit_is_whole(many: Many) -> None:
    """Return it, because nothing is missing after it."""
    response = many.get("/sequences?offset=998&limit=5000")

    assert (response.is_success, response.text.count(">")) == (True, 5)


def test_pages_of_fasta_fit_together(many: Many) -> None:
    """Order them by id without being asked to."""
    pages = [many.get(f"/sequences?limit=400&offset={offset}").text for offset in (0, 400, 800)]

    names = [line[1:] for page in pages for line in page.splitlines() if line.startswith(">")]
    assert names == [str(number) for number in range(1, MANY + 1)]


def test_lists_in_json_stay_pages(many: Many) -> None:
    """Return a page with Content-Range, as any PostgREST does."""
    response = many.get("/sequences?select=id", "application/json")

    assert (len(rows(response)), response.headers["Content-Range"]) == (MOST, "0-999/*")


def test_forbidden_counts_stay_forbidden(many: Many) -> None:
    """Add the edge's own count only where the request has none."""
    response = many.get("/sequences", **{"Prefer": "count=planned"})

    assert refusal(response) == (400, "count_not_allowed")


def test_edge_knows_how_many_rows_an_answer_may_have() -> None:
    """Keep the number equal in both files that state it."""
    configured = re.search(
        r"^db-max-rows = (\d+)$", SETTINGS.root.joinpath("postgrest.conf").read_text(), re.M
    )
    known = re.search(r"MOST_ROWS = (\d+);", SETTINGS.root.joinpath("nginx.js").read_text())

    assert configured and known
    assert configured[1] == known[1] == str(MOST)


def test_documented_loops_read_everything(many: Many, tmp_path: Path) -> None:
    """Run them as pasted from docs/reading.md."""
    page = (SETTINGS.root / "docs/reading.md").read_text("utf-8")
    group = factories.group(many.world.conn, f"reader {many.world.name}")
    subject = f"reader-{many.world.name}"
    factories.user(many.world.conn, subject, {group: "member"})
    factories.grant(many.world.conn, many.group, group, "member")
    token = many.world.api.token(subject)
    environment = {"API": many.world.api.url, "BAY": f"Authorization: Bearer {token}"}

    for script in re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S):
        subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path, env=os.environ | environment, check=True
        )

    samples = (tmp_path / "samples.ndjson").read_text().splitlines()
    fasta = (tmp_path / "sequences.fasta").read_text().splitlines()
    numbers = [str(number) for number in range(1, MANY + 1)]
    assert [json.loads(line)["public_identifier"] for line in samples] == numbers
    assert fasta == [line for number in numbers for line in (f">{number}", GENOME)]
