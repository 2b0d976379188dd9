"""Names come back in every format as they were sent; those that harm readers enter by no door."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.factories import GENOME
from tests.http.world import DRY_RUN, World, rows
from tests.names import unique

NAMES = {
    "quotes": "a \"b\" 'c' `d`",
    "a comma and a semicolon": "a,b;c",
    "a backslash": "a\\b\\n",
    "what HTML and URLs escape": "a&b<i>%41#?",
    "what JSON and arrays begin with": "{a} [b]",
    "SQL": "a'); drop table samples; --",
    "Hebrew": "\u05de\u05e2\u05d1\u05d3\u05d4 1",
    "Arabic": "\u0645\u062e\u062a\u0628\u0631 2",
    "combining characters": "e\u0301\u0323 u\u0308",
    "an emoji": "\U0001f9a0",
}

HARMFUL = {
    "an equals sign first": "=1+1",
    "a plus sign first": "+a",
    "a minus sign first": "-a",
    "an at sign first": "@a",
    "a wide equals sign first": "\uff1da",
    "a tab": "a\tb",
    "a line end": "a\nb",
    "a line separator": "a\u2028b",
    "another direction": "a\u202eb",
    "no width": "a\u200bb",
}

Door = Callable[[World, str], httpx.Response]


def csv_of(**cells: Any) -> str:
    """Write one row as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(cells))
    writer.writeheader()
    writer.writerow(cells)
    return text.getvalue()


def update(world: World, **columns: Any) -> httpx.Response:
    """Change the open sample by update_samples."""
    samples = [{"id": world.open} | columns]
    return world.alice.post(
        "/rpc/update_samples", json={"group_id": world.group, "samples": samples}, prefer=DRY_RUN
    )


def create(world: World, **columns: Any) -> httpx.Response:
    """Create a sample by create_samples."""
    sample = world.batch_sample(unique()) | columns
    return world.alice.post("/rpc/create_samples", json=world.batch(sample), prefer=DRY_RUN)


def place(world: World, text: str) -> httpx.Response:
    """Create a sample at a new location, by its names."""
    sample = world.batch_sample(unique()) | {"region": "Europe", "country": "France"}
    del sample["location_id"]
    batch = world.batch(sample | {"division": text})
    return world.alice.post("/rpc/create_samples", json=batch, prefer=DRY_RUN)


DOORS: dict[str, Door] = {
    "POST of samples": lambda world, text: world.alice.post(
        "/samples", json=world.sample(text), prefer=DRY_RUN
    ),
    "CSV of samples": lambda world, text: world.alice.post_csv(
        "/samples", csv_of(**world.sample(text)), prefer=DRY_RUN
    ),
    "PATCH of samples": lambda world, text: world.alice.patch(
        f"/samples?id=eq.{world.open}", json={"public_identifier": text}, prefer=DRY_RUN
    ),
    "create_samples": lambda world, text: create(world, private_identifier=text),
    "create_samples, authors": lambda world, text: create(world, authors=["A", text]),
    "create_samples, location": place,
    "update_samples": lambda world, text: update(world, private_identifier=text),
    "update_samples, authors": lambda world, text: update(world, authors=[text]),
    "create_phylo_run": lambda world, text: world.alice.post(
        "/rpc/create_phylo_run", json=world.run_request(name=text), prefer=DRY_RUN
    ),
    "PATCH of phylo_runs": lambda world, text: world.alice.patch(
        f"/phylo_runs?id=eq.{world.run}", json={"name": text}, prefer=DRY_RUN
    ),
    "PATCH of me": lambda world, text: world.alice.patch(
        "/me", json={"name": text}, prefer=DRY_RUN
    ),
    "PATCH of groups": lambda world, text: world.ada.patch(
        f"/groups?id=eq.{world.group}", json={"submitting_lab": f"{text}abc"}, prefer=DRY_RUN
    ),
    "POST of groups": lambda world, text: world.olga.post(
        "/groups", json={"name": f"{text}abc", "prefix": unique(8)}, prefer=DRY_RUN
    ),
    "POST of locations": lambda world, text: world.olga.post(
        "/locations", json={"region": "Europe", "country": text}, prefer=DRY_RUN
    ),
    "POST of lineages": lambda world, text: world.olga.post(
        "/lineages", json={"pathogen_id": world.pathogen, "lineage": text}, prefer=DRY_RUN
    ),
    "POST of lineage_aliases": lambda world, text: world.olga.post(
        "/lineage_aliases",
        json={"pathogen_id": world.pathogen, "alias": text, "patterns": ["B.1*"]},
        prefer=DRY_RUN,
    ),
    "POST of pathogens": lambda world, text: world.olga.post(
        "/pathogens",
        json={"slug": unique(8), "name": text, "organism": "O"},
        prefer=DRY_RUN,
    ),
    "POST of public_repositories": lambda world, text: world.olga.post(
        "/public_repositories", json={"name": text}, prefer=DRY_RUN
    ),
    "POST of usher_options": lambda world, text: world.olga.post(
        "/usher_options",
        json={"pathogen_id": world.pathogen, "description": text, "value": unique()},
        prefer=DRY_RUN,
    ),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_name_comes_back_as_it_was_sent(world: World, name: str) -> None:
    """Write it in JSON, CSV and FASTA, and find it by a filter; CSV doubles backslashes."""
    name = f"{name} {unique()}"
    sample = world.batch_sample(name, public_identifier=name, sequence=GENOME, authors=[name])
    rows(world.alice.post("/rpc/create_samples", json=world.batch(sample)))
    query = {"private_identifier": f"eq.{name}"}
    named = {"select": "public_identifier,private_identifier,authors"}
    by_sample = {"samples.private_identifier": f"eq.{name}", "select": "samples!inner()"}

    as_json = rows(world.alice.get("/samples", params=query | named))
    as_csv = world.alice.get("/samples", params=query | named, accept="text/csv")
    exported = world.alice.post(
        "/rpc/export_sequences",
        json={"pathogen": "SC2", "group_id": world.group, "samples": [name]},
    )
    count = len(rows(world.alice.get("/sequences", params=by_sample)))

    assert as_json == [{"public_identifier": name, "private_identifier": name, "authors": [name]}]
    (cells,) = csv.DictReader(io.StringIO(as_csv.text))
    written = name.replace("\\", "\\\\")
    assert (cells["public_identifier"], cells["private_identifier"]) == (written, written)
    assert exported.text.splitlines() == [f">{name}", GENOME]
    assert count == 1


@pytest.mark.parametrize("door", DOORS)
def test_harmful_name_enters_by_no_door(world: World, door: str) -> None:
    """Reject formulas, which spreadsheets would run, and characters that nobody sees."""
    answers = {what: DOORS[door](world, text) for what, text in HARMFUL.items()}

    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(
        HARMFUL, 400
    )


@pytest.mark.parametrize("door", DOORS)
def test_harmless_name_enters_by_every_door(world: World, door: str) -> None:
    """Accept other scripts there, so that the rejections above have a reason."""
    answer = DOORS[door](world, "\u05de\u05e2 e\u0301")

    assert answer.is_success, answer.text
