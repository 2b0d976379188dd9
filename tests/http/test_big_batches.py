"""Ten thousand rows at once: stored within a request's time, or rejected for one bad row."""

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
# More than are listed.
MANY = 1_000
# How the rows reach the API: as JSON and CSV to /samples, as a batch to create_samples.
Send = Callable[[World, Iterable[dict[str, Any]]], httpx.Response]


def as_json(world: World, samples: Iterable[dict[str, Any]]) -> httpx.Response:
    """Post samples to /samples as JSON."""
    return world.alice.post("/samples", json=list(samples))


def as_csv(world: World, samples: Iterable[dict[str, Any]]) -> httpx.Response:
    """Post samples to /samples as CSV."""
    lines = [",".join(map(str, sample.values())) for sample in samples]
    return world.alice.post_csv("/samples", "\n".join([",".join(world.sample("")), *lines]))


def as_batch(world: World, samples: Iterable[dict[str, Any]]) -> httpx.Response:
    """Submit samples to create_samples."""
    owned = {"group_id", "pathogen_id"}
    bare = [{k: v for k, v in sample.items() if k not in owned} for sample in samples]
    return world.alice.post("/rpc/create_samples", json=world.batch(*bare))


WAYS = {"json": as_json, "csv": as_csv, "create_samples": as_batch}


def counted(number: int) -> dict[str, Any]:
    """Return the last entry of the details, which counts the problems not listed."""
    return {"reason": f"{number} more problems are not listed", "more": number}


def many(world: World, label: str, count: int = ROWS) -> list[dict[str, Any]]:
    """Return valid samples."""
    return [world.sample(f"{label}-{number}") for number in range(1, count + 1)]


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS.keys())
def test_one_bad_row_rejects_the_whole_batch(world: World, send: Send) -> None:
    """Name it and store nothing."""
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
    """Bound the list, because nobody reads ten thousand problems."""
    samples = [sample | {"location_id": 0} for sample in many(world, "bad", MANY)]

    status, code, [*named, last] = problems(send(world, samples))

    assert (status, code, [problem["row"] for problem in named]) == (
        400,
        "invalid_sample",
        list(range(1, LISTED + 1)),
    )
    assert last == counted(MANY - LISTED)


def test_bad_sequences_are_named_and_counted_alike(world: World) -> None:
    """Bound the list for sequences as for samples."""
    samples = [sample | {"sequence": "?" * 1001} for sample in many(world, "letters", MANY)]

    status, code, [*named, last] = problems(as_batch(world, samples))

    assert (status, code, [problem["row"] for problem in named]) == (
        400,
        "invalid_sequence",
        list(range(1, LISTED + 1)),
    )
    assert last == counted(MANY - LISTED)


def test_two_hundred_problems_are_listed_and_nothing_counted(world: World) -> None:
    """Add no count, because the list is complete."""
    samples = [sample | {"location_id": 0} for sample in many(world, "bad", LISTED)]

    *_, posted = problems(as_csv(world, samples))
    *_, sent = problems(as_batch(world, samples))

    assert [posted[-1]["row"], sent[-1]["row"]] == [LISTED, LISTED]


def test_largest_batch_of_empty_samples_is_answered_briefly(world: World) -> None:
    """Bound the answer: naming three missing fields of 100,000 rows took 44 s and megabytes."""
    response = world.alice.post("/rpc/create_samples", json=world.batch(*[{}] * 100_000))

    status, code, [*named, last] = problems(response)
    assert (status, code, len(named), last) == (400, "invalid_sample", LISTED, counted(299_800))
    assert len(response.content) < 200_000


def test_rows_that_would_not_be_stored_in_time_are_refused(world: World) -> None:
    """Reject the batch at the first row above the limit, and store none."""
    before = world.count()

    response = as_csv(world, many(world, "too-many", 10_001))

    assert refusal(response) == (413, "batch_too_large")
    assert world.count() == before


def test_rows_sent_twice_are_stored_once(world: World) -> None:
    """Store all at first and none again, also before the table was ever analysed."""
    before = world.count()
    samples = many(world, "twice", HALF)

    first = as_csv(world, samples)
    again = as_csv(world, samples)

    status, code, [*named, last] = problems(again)
    assert (first.status_code, status, code, len(named)) == (201, 409, "sample_exists", LISTED)
    assert last == counted(HALF - LISTED)
    assert world.count() == before + HALF


def test_rows_are_changed_and_deleted_at_once(world: World) -> None:
    """Change and delete all within the time of one request each."""
    as_batch(world, many(world, "life", HALF)).raise_for_status()
    path = f"/samples?group_id=eq.{world.group}&private_identifier=like.life-*"
    prefer = f"count=exact, max-affected={HALF}"

    changed = world.alice.patch(path, json={"host": "Human"}, prefer=prefer)
    deleted = world.alice.delete(path, prefer=prefer)

    assert [response.headers["Content-Range"] for response in (changed, deleted)] == [
        f"0-{HALF - 1}/{HALF}",
        f"*/{HALF}",
    ]
    assert rows(world.alice.get(path)) == []
