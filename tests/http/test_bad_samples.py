"""Invalid samples: every problem of every row named, and nothing stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.world import DRY_RUN, World, problems, refusal

CREATE = "/rpc/create_samples"
TOO_LONG = "x" * 129
BAD_AUTHORS = (
    "must be names on one line each, without null, invisible characters, spaces around them,"
    " or =, +, - or @ at the beginning"
)

BAD_VALUES: dict[str, tuple[str, Any, str | None, str]] = {
    "no identifier": ("private_identifier", None, None, "is required"),
    "an empty identifier": ("private_identifier", "", None, "is required"),
    "an identifier of blanks": ("private_identifier", " \u00a0", None, "is required"),
    "an identifier of two lines": (
        "private_identifier",
        "a\nb",
        "a\nb",
        "must be 1 to 128 characters on one line, without spaces around it",
    ),
    "a public identifier too long": (
        "public_identifier",
        TOO_LONG,
        TOO_LONG,
        "must be 1 to 128 characters on one line, without spaces around it",
    ),
    "no date": ("collection_date", None, None, "is required, as YYYY-MM-DD"),
    "a date too early": (
        "collection_date",
        "1899-12-31",
        "1899-12-31",
        "must be between 1900-01-01 and today",
    ),
    "a date to come": (
        "collection_date",
        "2999-01-01",
        "2999-01-01",
        "must be between 1900-01-01 and today",
    ),
    "an unknown location": ("location_id", 0, "0", "is not the id of a location"),
    "a host of 1,001 characters": (
        "host",
        "é" * 1001,
        "é" * 200,
        "must have at most 1000 characters",
    ),
    "a thousand authors too many": (
        "authors",
        ["Marie Curie"] * 2000,
        ("Marie Curie, " * 16)[:200],
        "must have at most 20000 characters",
    ),
    "an author who is null": (
        "authors",
        ["Marie Curie", None],
        "Marie Curie, null",
        BAD_AUTHORS,
    ),
    "as many nulls as one likes": (
        "authors",
        [None] * 300_000,
        ("null, " * 40)[:200],
        "must be an array of at most 1000 names",
    ),
    "a thousand and one authors": (
        "authors",
        ["A"] * 1001,
        ("A, " * 67)[:200],
        "must be an array of at most 1000 names",
    ),
    "an author of 251 characters": (
        "authors",
        ["Marie Curie", "é" * 251],
        ("Marie Curie, " + "é" * 251)[:200],
        "must have at most 250 characters each",
    ),
    "an author of two lines": ("authors", ["a\nb"], "a\nb", BAD_AUTHORS),
    "an author without a name": ("authors", ["Marie Curie", ""], "Marie Curie, ", BAD_AUTHORS),
    "an author of a space": ("authors", [" "], "", BAD_AUTHORS),
    "an author who is a formula": ("authors", ["A", "=1+1"], "A, =1+1", BAD_AUTHORS),
    "an author one cannot see": ("authors", ["A\u202eb"], "A\u202eb", BAD_AUTHORS),
    "an identifier that is a formula": (
        "private_identifier",
        "=cmd|' /C calc'!A0",
        "=cmd|' /C calc'!A0",
        "must not begin with =, +, - or @",
    ),
    "a public identifier that is a formula": (
        "public_identifier",
        "@SUM(1)",
        "@SUM(1)",
        "must not begin with =, +, - or @",
    ),
    "an identifier that turns around": (
        "private_identifier",
        "a\u202eb",
        "a\u202eb",
        "must not hold the invisible character U+202E",
    ),
    "an identifier that paints the terminal": (
        "public_identifier",
        "R20/\x1b[2J",
        "R20/\x1b[2J",
        "must not hold the invisible character U+001B",
    ),
    "a text of two lines": ("host", "a\nb", "a\nb", "must be on one line"),
    "a text that paints the terminal": (
        "purpose_of_sampling",
        "a\x1b[31mb",
        "a\x1b[31mb",
        "must not hold the invisible character U+001B",
    ),
    "a text that is a formula": (
        "specimen_processing",
        "-2+3+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "must not begin with = or @, nor with + or - unless it is a number",
    ),
}


def named(world: World, column: str, value: Any, shown: str | None, reason: str) -> dict[str, Any]:
    """Return the entry of the details that names a bad value in the only row."""
    return {
        "row": 1,
        "private_identifier": shown if column == "private_identifier" else "bad",
        "field": column,
        "value": shown,
        "reason": reason,
    }


@pytest.mark.parametrize(
    ("column", "value", "shown", "reason"), BAD_VALUES.values(), ids=BAD_VALUES.keys()
)
def test_posted_sample_with_a_bad_value_is_named(
    world: World, column: str, value: Any, shown: str | None, reason: str
) -> None:
    """Name row, field, value and reason."""
    response = world.alice.post("/samples", json=world.sample("bad") | {column: value})

    assert problems(response) == (
        400,
        "invalid_sample",
        [named(world, column, value, shown, reason)],
    )


@pytest.mark.parametrize(
    ("column", "value", "shown", "reason"), BAD_VALUES.values(), ids=BAD_VALUES.keys()
)
def test_batch_with_a_bad_value_is_named_alike(
    world: World, column: str, value: Any, shown: str | None, reason: str
) -> None:
    """Use the same words for both ways of creating samples."""
    response = world.alice.post(
        CREATE, json=world.batch(world.batch_sample("bad") | {column: value})
    )

    assert problems(response) == (
        400,
        "invalid_sample",
        [named(world, column, value, shown, reason)],
    )


BAD_CHANGES = {
    name: (column, value)
    for name, (column, value, _, _) in BAD_VALUES.items()
    if column != "public_identifier"
} | {
    "no location": ("location_id", None),
    "no pathogen": ("pathogen_id", None),
    "an unknown pathogen": ("pathogen_id", 0),
    "neither private nor not": ("is_private", None),
}


@pytest.mark.parametrize(("column", "value"), BAD_CHANGES.values(), ids=BAD_CHANGES.keys())
def test_change_to_a_bad_value_is_refused(world: World, column: str, value: Any) -> None:
    """Apply the rules of a new sample."""
    response = world.alice.patch(f"/samples?id=eq.{world.open}", json={column: value})

    status, code, [problem] = problems(response)
    assert (status, code, problem["id"], problem["field"]) == (
        400,
        "invalid_sample",
        world.open,
        column,
    )


def test_every_problem_of_every_row_is_named(world: World) -> None:
    """Name them all in one error, and store nothing of the good row between."""
    before = world.count()
    batch = [
        world.sample("bad-1", collection_date=None, location_id=0, public_identifier=""),
        world.sample("good", public_identifier=""),
        world.sample("bad-3", pathogen_id=0, public_identifier="=1"),
    ]

    status, code, named_problems = problems(world.alice.post("/samples", json=batch))

    assert (status, code) == (400, "invalid_sample")
    assert [
        (problem["row"], problem["private_identifier"], problem["field"])
        for problem in named_problems
    ] == [
        (1, "bad-1", "collection_date"),
        (1, "bad-1", "location_id"),
        (3, "bad-3", "pathogen_id"),
        (3, "bad-3", "public_identifier"),
    ]
    assert world.count() == before


def test_identifier_given_twice_is_named_in_every_row(world: World) -> None:
    """Name every row of a batch of create_samples, for both identifiers."""
    batch = world.batch(
        world.batch_sample("twice"),
        world.batch_sample("twice"),
        world.batch_sample("c", public_identifier="p"),
        world.batch_sample("d", public_identifier="p"),
    )
    before = world.count()

    status, code, named_problems = problems(world.alice.post(CREATE, json=batch))

    assert (status, code) == (400, "invalid_sample")
    assert [
        (problem["row"], problem["field"], problem["value"], problem["reason"])
        for problem in named_problems
    ] == [
        (row, field, value, "is given more than once in this batch")
        for row, field, value in (
            (1, "private_identifier", "twice"),
            (2, "private_identifier", "twice"),
            (3, "public_identifier", "p"),
            (4, "public_identifier", "p"),
        )
    ]
    assert world.count() == before


def test_identifier_posted_twice_is_refused(world: World) -> None:
    """Name the second row."""
    before = world.count()

    response = world.alice.post("/samples", json=[world.sample("twice"), world.sample("twice")])

    assert problems(response) == (
        409,
        "sample_exists",
        [
            {
                "row": 2,
                "private_identifier": "twice",
                "field": "private_identifier",
                "value": "twice",
                "reason": "already exists in this group",
            }
        ],
    )
    assert world.count() == before


@pytest.mark.parametrize("field", ["private_identifier", "public_identifier"])
def test_posted_identifier_that_exists_is_named(world: World, field: str) -> None:
    """Name whichever of the two identifiers exists."""
    value = {"private_identifier": "open", "public_identifier": "public-open"}[field]
    sample = world.sample("new") | {field: f"{value}-{world.name}"}

    status, code, [problem] = problems(world.alice.post("/samples", json=sample))

    assert (status, code, problem["field"], problem["value"]) == (
        409,
        "sample_exists",
        field,
        f"{value}-{world.name}",
    )


def test_change_to_an_identifier_that_exists_is_refused(world: World) -> None:
    """Keep the sample that has it as it is."""
    response = world.alice.patch(
        f"/samples?id=eq.{world.open}", json={"private_identifier": f"hidden-{world.name}"}
    )

    assert refusal(response) == (409, "sample_exists")


def test_identifier_of_another_group_is_free(world: World) -> None:
    """Keep identifiers unique in the group only, so that no caller learns those of others."""
    sample = world.sample(f"foreign-{world.name}", public_identifier=f"public-foreign-{world.name}")

    assert world.alice.post("/samples", json=sample, prefer=DRY_RUN).status_code == 201


BAD_BATCHES: dict[str, tuple[Any, int, str]] = {
    "no sample": ({"samples": []}, 400, "empty_batch"),
    "an object": ({"samples": {}}, 400, "invalid_argument"),
    "null": ({"samples": None}, 400, "invalid_argument"),
    "text": ({"samples": "[]"}, 400, "invalid_argument"),
    "a number": ({"samples": 3}, 400, "invalid_argument"),
    "samples that are none": ({"samples": [1, "x", None, [], True]}, 400, "invalid_sample"),
    "an empty sample": ({"samples": [{}]}, 400, "invalid_sample"),
    "an unknown pathogen": ({"pathogen": "XXX"}, 400, "unknown_pathogen"),
    "another case of the pathogen": ({"pathogen": "sc2"}, 400, "unknown_pathogen"),
    "no pathogen": ({"pathogen": None}, 400, "unknown_pathogen"),
    "an unknown rule": ({"on_conflict": "replace"}, 400, "invalid_argument"),
    "no rule": ({"on_conflict": None}, 400, "invalid_argument"),
    "no group": ({"group_id": None}, 403, "group_access_denied"),
    "a group that is no number": ({"group_id": "own"}, 400, "22P02"),
    "an argument nobody knows": ({"sample": []}, 404, "PGRST202"),
}


@pytest.mark.parametrize(
    ("arguments", "status", "code"), BAD_BATCHES.values(), ids=BAD_BATCHES.keys()
)
def test_invalid_batch_is_refused(
    world: World, arguments: dict[str, Any], status: int, code: str
) -> None:
    """Answer with a code for each reason."""
    body = world.batch(world.batch_sample("a")) | arguments

    assert refusal(world.alice.post(CREATE, json=body)) == (status, code)


ODD_COLUMNS: dict[str, tuple[str, Any, str]] = {
    "a misspelt column": ("collected", "2024-02-01", "is not a column of samples or sequences"),
    "a column of the server": ("id", 1, "is not a column of samples or sequences"),
    "a column without a name": ("", 1, "is not a column of samples or sequences"),
    "authors in one text": ("authors", "A. Author", "must be an array of names"),
    "an author in an array": ("authors", [["A", "B"]], "must be an array of names"),
    "an author in an object": ("authors", [{"name": "A"}], "must be an array of names"),
    "an author who is a number": ("authors", ["A", 3], "must be an array of names"),
    "privacy in words": ("is_private", "yes", "must be true or false"),
    "a day that is none": ("collection_date", "2024-02-30", "must be a date YYYY-MM-DD"),
    "a day in another order": ("collection_date", "01/02/2024", "must be a date YYYY-MM-DD"),
    "a location by name": ("location_id", "France", "must be an integer of at most 18 digits"),
    "a location too large": ("location_id", 10**30, "must be an integer of at most 18 digits"),
    "a sequencing day that is none": (
        "sequencing_date",
        "soon",
        "must be a date YYYY-MM-DD",
    ),
    "a depth in words": ("sequencing_depth", "deep", "must be a number"),
}


@pytest.mark.parametrize(
    ("column", "value", "reason"), ODD_COLUMNS.values(), ids=ODD_COLUMNS.keys()
)
def test_batch_with_a_value_of_the_wrong_type_is_named(
    world: World, column: str, value: Any, reason: str
) -> None:
    """Check all rows: no failing cast ends the batch before."""
    batch = world.batch(world.batch_sample("a") | {column: value})

    status, code, [problem] = problems(world.alice.post(CREATE, json=batch))

    assert (status, code, problem["row"], problem["field"], problem["reason"]) == (
        400,
        "invalid_sample",
        1,
        column,
        reason,
    )


@pytest.mark.parametrize("megabytes", [5, 20])
def test_long_value_is_named_in_short(world: World, megabytes: int) -> None:
    """Show 200 characters, which suffice to find the value."""
    text = "A" * megabytes * 1_000_000

    status, code, [problem] = problems(
        world.alice.post(CREATE, json=world.batch(world.batch_sample(text)))
    )

    assert (status, code, problem["value"]) == (400, "invalid_sample", "A" * 200)
