"""Real PostgREST clients used against the running API as programs use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.clients import Client, postgrest_py, run_postgrest_js
from tests.factories import GENOME
from tests.http.world import World


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, Client]]:
    """Start what they need, once for all scenarios."""
    with run_postgrest_js() as postgrest_js:
        yield {"postgrest-js": postgrest_js, "postgrest-py": postgrest_py}


@pytest.fixture(params=["postgrest-js", "postgrest-py"])
def client(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Client:
    """Return one of the two clients."""
    return clients[request.param]


def entry(world: World, key: str) -> dict[str, Any]:
    """Return a sample of the group as the list shows it to a member."""
    return {
        "id": getattr(world, key),
        "private_identifier": f"{key}-{world.name}",
        "location": {"country": "France"},
        "lineages": [{"lineage": "BA.2"}],
        "qc": [{"qc_status": "good"}],
        "accessions": [{"accession": "EPI_ISL_1"}],
    }


def test_client_lists_with_embedding(world: World, client: Client) -> None:
    """Return a page of samples with their related rows in one call."""
    outcome = client(world.alice, "list", {"ids": [world.open, world.hidden, world.foreign]})

    assert outcome.data == [entry(world, "hidden"), entry(world, "open")]


def test_client_lists_what_a_viewer_may_see(world: World, client: Client) -> None:
    """Return fewer rows and columns for the same call of a viewer."""
    outcome = client(world.gus, "list", {"ids": [world.open, world.hidden, world.foreign]})

    assert outcome.data == [entry(world, "open") | {"private_identifier": None}]


def test_client_counts_rows(world: World, client: Client) -> None:
    """Return the count without fetching a row."""
    ids = [world.open, world.hidden, world.foreign]

    assert [client(caller, "count", {"ids": ids}).count for caller in (world.alice, world.gus)] == [
        2,
        1,
    ]


def test_client_inserts_rows(world: World, client: Client) -> None:
    """Insert several rows and return them as stored."""
    rows = [world.sample(f"{client.__name__}-{number}") for number in (1, 2)]

    outcome = client(world.alice, "insert", {"rows": rows})

    assert sorted(outcome.data, key=lambda row: str(row["private_identifier"])) == [
        {"private_identifier": row["private_identifier"], "location": {"country": "France"}}
        for row in rows
    ]


def test_client_updates_and_deletes_a_row(world: World, client: Client) -> None:
    """Change and delete one row by its key."""
    sample = world.bare_sample()

    updated = client(world.alice, "update", {"id": sample, "values": {"host": "Human"}})
    removed = client(world.alice, "remove", {"id": sample})

    assert (updated.data, removed.data) == ([{"id": sample, "host": "Human"}], [{"id": sample}])


def test_client_upserts_rows(world: World, client: Client) -> None:
    """Write a new row and one that exists."""
    samples = [world.bare_sample(), world.bare_sample()]
    first = [world.sequence(samples[0])]
    both = [world.sequence(sample, sequence=f"{GENOME}N") for sample in samples]

    client(world.alice, "upsert", {"rows": first})
    outcome = client(world.alice, "upsert", {"rows": both})

    assert outcome.data == [{"sample_id": sample, "num_missing_alleles": 1} for sample in samples]


def test_client_calls_a_function(world: World, client: Client) -> None:
    """Submit a batch of samples with sequences."""
    name = f"batch-{client.__name__}"
    batch = world.batch(world.batch_sample(name, sequence=GENOME))

    [created] = client(world.alice, "create", {"batch": batch}).data

    assert (created["private_identifier"], created["outcome"], created["has_sequence"]) == (
        name,
        "created",
        True,
    )


def test_client_reads_a_tree(world: World, client: Client) -> None:
    """Return an object, not text."""
    outcome = client(world.alice, "tree", {"id": world.tree})

    assert [tip["name"] for tip in outcome.data["tree"]["children"]] == [
        f"open-{world.name}",
        f"hidden-{world.name}",
        "a published strain",
    ]


def test_client_gets_a_download_as_text(world: World, client: Client) -> None:
    """Return FASTA as it is; postgrest-js takes what is not JSON for an error without `csv()`."""
    batch = {"pathogen": "SC2", "samples": [f"open-{world.name}"]}

    assert client(world.alice, "fasta", {"batch": batch}).data.startswith(">")


def test_client_gets_our_errors(world: World, client: Client) -> None:
    """Return code and details that the client can act on."""
    outcome = client(world.alice, "create", {"batch": world.batch(world.batch_sample(""))})

    assert (outcome.data, outcome.code, json.loads(outcome.details or "")) == (
        None,
        "invalid_sample",
        [
            {
                "row": 1,
                "private_identifier": None,
                "field": "private_identifier",
                "value": None,
                "reason": "is required",
            }
        ],
    )


ERRORS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown column": ("misspelt", {}, "42703"),
    "one that is not there": ("one", {"id": 0}, "PGRST116"),
    "a tree that is not there": ("tree", {"id": 0}, "tree_not_found"),
}


@pytest.mark.parametrize(("scenario", "given", "code"), ERRORS.values(), ids=ERRORS.keys())
def test_client_gets_errors_by_their_code(
    world: World, client: Client, scenario: str, given: dict[str, Any], code: str
) -> None:
    """Return codes of PostgreSQL, of PostgREST and of ours."""
    assert client(world.alice, scenario, given).code == code
