"""Ten thousand rows at once: stored within the time a request has, or refused for one bad row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest

from tests.http.world import World, problems, refusal, rows

ROWS = 10_000
HALF = ROWS // 2
BAD_ROW = 7_777
LISTED = 200
# How the rows reach the API: as JSON and CSV to /samples, as a batch to create_samples.
Send = Callable[[World, Iterable[dict[str, Any]]], httpx.Response]


def as_json(world: World, samples: Iterable[dict[str, Any]]) -> httpx.Response:
    """POST /samples, JSON."""
    return world.member.post("/samples", json=list(samples))


def as_csv(world: World, samples: Iterable[dict[str, Any]]) -> httpx.Response:
    """POST /samples, CSV."""
    lines = [",".join(map(str, sample.values())) for sample in samples]
    return world.member.post_csv("/samples", "\n".join([",".join(world.sample("")), *lines]))


def as_batch(world: World, samples: Iterable[dict[str, Any]]) -> httpx.Response:
    """create_samples."""
    owned = {"group_id", "pathogen_id"}
    bare = [{k: v for k, v in sample.items() if k not in owned} for sample in samples]
    return world.member.post("/rpc/create_samples", json=world.batch(*bare))


WAYS = {"json": as_json, "csv": as_csv, "create_samples": as_batch}


def counted(number: int) -> dict[str, Any]:
    """The last entry of the details where so many problems are not listed."""
    return {"reason": f"{number} more problems are not listed", "more": number}


def many(world: World, label: str, count: int = ROWS) -> list[dict[str, Any]]:
    """Good samples."""
    return [world.sample(f"{label}-{number}") for number in range(1, count + 1)]


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS.keys())
def test_one_bad_row_refuses_all(world: World, send: Send) -> None:
    """It is named, and nothing is stored."""
    before = world.count()
    samples = many(world, "bad")
    samples[BAD_ROW - 1] |= {"location_id": 0}

    response = send(world, samples)

    assert problems(response) == (
        400,
        "invalid_sample",
        [
            {
                "row": BAD_ROW,
                "private_identifier": f"bad-{BAD_ROW}",
                "field": "location_id",
                "value": "0",
                "reason": "is not the id of a location",
            }
        ],
    )
    assert world.count() == before


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS.keys())
def test_first_bad_rows_are_named_and_the_others_counted(world: World, send: Send) -> None:
    """Nobody reads ten thousand problems."""
    samples = [sample | {"location_id": 0} for sample in many(world, "bad")]

    status, code, [*named, last] = problems(send(world, samples))

    assert (status, code, [problem["row"] for problem in named]) == (
        400,
        "invalid_sample",
        list(range(1, LISTED + 1)),
    )
    assert last == counted(ROWS - LISTED)


def test_bad_sequences_are_named_and_counted_alike(world: World) -> None:
    """As many as are sent."""
    samples = [sample | {"sequence": "?" * 1001} for sample in many(world, "letters", HALF)]

    status, code, [*named, last] = problems(as_batch(world, samples))

    assert (status, code, [problem["row"] for problem in named]) == (
        400,
        "invalid_sequence",
        list(range(1, LISTED + 1)),
    )
    assert last == counted(HALF - LISTED)


def test_two_hundred_problems_are_listed_and_nothing_counted(world: World) -> None:
    """The list is whole, so nothing is added to it."""
    samples = [sample | {"location_id": 0} for sample in many(world, "bad", LISTED)]

    *_, posted = problems(as_csv(world, samples))
    *_, sent = problems(as_batch(world, samples))

    assert [posted[-1]["row"], sent[-1]["row"]] == [LISTED, LISTED]


def test_largest_batch_of_nothing_is_answered_in_short(world: World) -> None:
    """Three things are missing in each of 100,000 rows: it took 44 s and megabytes to say."""
    response = world.member.post("/rpc/create_samples", json=world.batch(*[{}] * 100_000))

    status, code, [*named, last] = problems(response)
    assert (status, code, len(named), last) == (400, "invalid_sample", LISTED, counted(299_800))
    assert len(response.content) < 200_000


def test_rows_that_would_not_be_stored_in_time_are_refused(world: World) -> None:
    """At the row that is one too many, and none is stored."""
    before = world.count()

    response = as_csv(world, many(world, "too-many", 20_001))

    assert refusal(response) == (413, "batch_too_large")
    assert world.count() == before


def test_rows_sent_twice_are_stored_once(world: World) -> None:
    """All are stored, and the second time none: also while the table is young."""
    before = world.count()
    samples = many(world, "twice", HALF)

    first = as_csv(world, samples)
    again = as_csv(world, samples)

    status, code, [*named, last] = problems(again)
    assert (first.status_code, status, code, len(named)) == (201, 409, "sample_exists", LISTED)
    assert last == counted(HALF - LISTED)
    assert world.count() == before + HALF


def test_rows_are_changed_and_deleted_at_once(world: World) -> None:
    """Each within the time a request has."""
    as_batch(world, many(world, "life", HALF)).raise_for_status()
    path = f"/samples?group_id=eq.{world.group}&private_identifier=like.life-*"

    changed = world.member.patch(path, json={"host": "Human"}, prefer="count=exact")
    deleted = world.member.delete(path, prefer="count=exact")

    assert [response.headers["Content-Range"] for response in (changed, deleted)] == [
        f"0-{HALF - 1}/{HALF}",
        f"*/{HALF}",
    ]
    assert rows(world.member.get(path)) == []
