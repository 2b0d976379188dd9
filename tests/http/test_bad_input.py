"""Input that is not usable: 4xx with a documented code, every problem named, nothing stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import GENOME
from tests.http.world import DRY_RUN, World, problems, refusal

CREATE = "/rpc/create_samples"
RUN = "/rpc/create_phylo_run"
TOO_LONG = "x" * 129

# What is wrong with one value of a sample, and what a batch and a post say of it.
BAD_VALUES: dict[str, tuple[str, Any, str | None, str]] = {
    "no identifier": ("private_identifier", None, None, "is required"),
    "an empty identifier": ("private_identifier", "", "", "is required"),
    "an identifier with spaces around": (
        "private_identifier",
        " a ",
        " a ",
        "must be 1 to 128 characters on one line, without spaces around it",
    ),
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
}


def named(world: World, column: str, value: Any, shown: str | None, reason: str) -> dict[str, Any]:
    """The entry of the details that names a bad value in the only row."""
    return {
        "row": 1,
        "private_identifier": value if column == "private_identifier" else "bad",
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
    """Row, field, value and reason."""
    response = world.member.post("/samples", json=world.sample("bad") | {column: value})

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
    """The same words, whichever way a sample comes in."""
    response = world.member.post(
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
    """As for a new sample."""
    response = world.member.patch(f"/samples?id=eq.{world.open}", json={column: value})

    status, code, [problem] = problems(response)
    assert (status, code, problem["id"], problem["field"]) == (
        400,
        "invalid_sample",
        world.open,
        column,
    )


def test_every_problem_of_every_row_is_named(world: World) -> None:
    """Not only the first, and nothing is stored of the good row between."""
    before = world.count()
    batch = [
        world.sample("bad-1", collection_date=None, location_id=0, public_identifier=""),
        world.sample("good", public_identifier=""),
        world.sample("bad-3", pathogen_id=0, public_identifier=" "),
    ]

    status, code, named_problems = problems(world.member.post("/samples", json=batch))

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
    """In a batch of create_samples, for both identifiers."""
    batch = world.batch(
        world.batch_sample("twice"),
        world.batch_sample("twice"),
        world.batch_sample("c", public_identifier="p"),
        world.batch_sample("d", public_identifier="p"),
    )
    before = world.count()

    status, code, named_problems = problems(world.member.post(CREATE, json=batch))

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
    """The second row finds the first."""
    before = world.count()

    response = world.member.post("/samples", json=[world.sample("twice"), world.sample("twice")])

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
    """Whichever of the two it is."""
    value = {"private_identifier": "open", "public_identifier": "public-open"}[field]
    sample = world.sample("new") | {field: f"{value}-{world.name}"}

    status, code, [problem] = problems(world.member.post("/samples", json=sample))

    assert (status, code, problem["field"], problem["value"]) == (
        409,
        "sample_exists",
        field,
        f"{value}-{world.name}",
    )


def test_change_to_an_identifier_that_exists_is_refused(world: World) -> None:
    """The sample that has it stays as it is."""
    response = world.member.patch(
        f"/samples?id=eq.{world.open}", json={"private_identifier": f"hidden-{world.name}"}
    )

    assert refusal(response) == (409, "sample_exists")


def test_identifier_of_another_group_is_free(world: World) -> None:
    """Unique in the group, so that nobody learns what others have."""
    sample = world.sample(f"foreign-{world.name}", public_identifier=f"public-foreign-{world.name}")

    assert world.member.post("/samples", json=sample, prefer=DRY_RUN).status_code == 201


def test_bad_letters_of_every_sequence_are_named(world: World) -> None:
    """With the sample and the position."""
    before = world.count()
    batch = world.batch(
        world.batch_sample("a", sequence=f"{GENOME}X"),
        world.batch_sample("b", sequence=GENOME),
        world.batch_sample("c", sequence=f">header\n{GENOME}"),
        world.batch_sample("d", sequence="ACGT"),
        world.batch_sample("e", sequence=f"{GENOME}é"),
    )

    response = world.member.post(CREATE, json=batch)

    odd = "has '{}' at position {}, which is no IUPAC nucleotide letter and no gap (-)"
    assert problems(response) == (
        400,
        "invalid_sequence",
        [
            {"row": row, "private_identifier": name, "field": "sequence", "reason": reason}
            for row, name, reason in (
                (1, "a", odd.format("X", 1001)),
                (3, "c", odd.format(">", 1)),
                (4, "d", "has 4 letters; at least 1000 are needed"),
                (5, "e", odd.format("é", 1001)),
            )
        ],
    )
    assert world.count() == before


BAD_SEQUENCES: dict[str, tuple[str, Any]] = {
    "a bad letter": ("sequence", f"{GENOME}?"),
    "a header": ("sequence", f">name\n{GENOME}"),
    "too few letters": ("sequence", "ACGT"),
    "no letter": ("sequence", ""),
    "a date before sequencing": ("sequencing_date", "1969-12-31"),
    "a date to come": ("sequencing_date", "2999-01-01"),
    "a negative depth": ("sequencing_depth", -1),
    "a depth that is no number": ("sequencing_depth", "NaN"),
    "a depth without end": ("sequencing_depth", "Infinity"),
}


@pytest.mark.parametrize(("column", "value"), BAD_SEQUENCES.values(), ids=BAD_SEQUENCES.keys())
def test_posted_sequence_with_a_bad_value_is_refused(world: World, column: str, value: Any) -> None:
    """The sample and the field are named."""
    sample = world.bare_sample()

    status, code, [problem] = problems(
        world.member.post("/sequences", json=world.sequence(sample) | {column: value})
    )

    assert (status, code, problem["sample_id"], problem["field"]) == (
        400,
        "invalid_sequence",
        sample,
        column,
    )


@pytest.mark.parametrize(("column", "value"), BAD_SEQUENCES.values(), ids=BAD_SEQUENCES.keys())
def test_change_of_a_sequence_to_a_bad_value_is_refused(
    world: World, column: str, value: Any
) -> None:
    """As for a new one."""
    response = world.member.patch(f"/sequences?sample_id=eq.{world.open}", json={column: value})

    assert refusal(response) == (400, "invalid_sequence")


def test_genome_beyond_ten_million_letters_is_refused(world: World) -> None:
    """Checking letters takes memory and time in proportion."""
    response = world.member.post(
        "/sequences", json=world.sequence(world.bare_sample(), sequence="A" * 10_000_001)
    )

    assert problems(response)[2][0]["reason"] == (
        "has 10000001 letters; at most 10000000 are allowed"
    )


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
def test_batch_that_is_none_is_refused(
    world: World, arguments: dict[str, Any], status: int, code: str
) -> None:
    """With a code of its own."""
    body = world.batch(world.batch_sample("a")) | arguments

    assert refusal(world.member.post(CREATE, json=body)) == (status, code)


ODD_COLUMNS: dict[str, tuple[str, Any, str]] = {
    "a misspelt column": ("collected", "2024-02-01", "is not a column of samples or sequences"),
    "a column of the server": ("id", 1, "is not a column of samples or sequences"),
    "a column without a name": ("", 1, "is not a column of samples or sequences"),
    "authors in one text": ("authors", "A. Author", "must be an array of names"),
    "privacy in words": ("is_private", "yes", "must be true or false"),
    "a day that is none": ("collection_date", "2024-02-30", "is required, as YYYY-MM-DD"),
    "a day in another order": ("collection_date", "01/02/2024", "is required, as YYYY-MM-DD"),
    "a location by name": ("location_id", "France", "is not the id of a location"),
    "a location too large": ("location_id", 10**30, "is not the id of a location"),
    "a sequencing day that is none": (
        "sequencing_date",
        "soon",
        "must be a date YYYY-MM-DD between 1970-01-01 and today",
    ),
    "a depth in words": ("sequencing_depth", "deep", "must be a number, not negative"),
}


@pytest.mark.parametrize(
    ("column", "value", "reason"), ODD_COLUMNS.values(), ids=ODD_COLUMNS.keys()
)
def test_batch_with_a_value_of_the_wrong_type_is_named(
    world: World, column: str, value: Any, reason: str
) -> None:
    """No cast ends the batch before all rows were looked at."""
    batch = world.batch(world.batch_sample("a") | {column: value})

    status, code, [problem] = problems(world.member.post(CREATE, json=batch))

    assert (status, code, problem["row"], problem["field"], problem["reason"]) == (
        400,
        "invalid_sample",
        1,
        column,
        reason,
    )


WRONG_TYPES: dict[str, tuple[str, Any, str]] = {
    "text for a number": ("location_id", "France", "22P02"),
    "a number too large": ("location_id", 10**30, "22003"),
    "a fraction": ("location_id", 1.5, "22P02"),
    "an object for a number": ("location_id", {"id": 1}, "22P02"),
    "text for a date": ("collection_date", "recently", "22007"),
    "a day that is none": ("collection_date", "2024-02-30", "22008"),
    "a day that may be two": ("collection_date", "03/04/2024", "22008"),
    "text for yes or no": ("is_private", "maybe", "22P02"),
    "text for a list": ("authors", "A. Author", "22P02"),
    "an unknown column": ("collected", "2024-02-01", "PGRST204"),
    "a NUL": ("host", "a\x00b", "22P05"),
}


@pytest.mark.parametrize(("column", "value", "code"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_value_of_the_wrong_type_is_refused(
    world: World, method: str, column: str, value: Any, code: str
) -> None:
    """By PostgreSQL or PostgREST, before any row is looked at."""
    path = {"POST": "/samples", "PATCH": f"/samples?id=eq.{world.open}"}[method]
    body = {"POST": world.sample("a"), "PATCH": {}}[method] | {column: value}

    assert refusal(world.member.ask(method, path, json=body)) == (400, code)


TEXTS: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{nope", "PGRST102"),
    "nothing": (b"", "PGRST102"),
    "a list of numbers": (b"[1, 2]", "PGRST102"),
    "rows with different keys": (b'[{"host": "x"}, {"organism": "y"}]', "PGRST102"),
    "a raw NUL": (b'{"host": "a\x00b"}', "PGRST102"),
    "half a surrogate": (b'{"host": "\\ud800"}', "PGRST102"),
    "Latin-1": (b'{"host": "\xe9"}', "PGRST102"),
    "an overlong slash": (b'{"host": "\xc0\xaf"}', "PGRST102"),
    "brackets 50,000 deep": (b"[" * 50_000 + b"]" * 50_000, "PGRST102"),
    "an empty list": (b"[]", "empty_batch"),
    "null": (b"null", "empty_batch"),
    "a number": (b"3", "empty_batch"),
    "an empty object": (b"{}", "invalid_sample"),
    "an empty object in a list": (b"[{}]", "invalid_sample"),
}


@pytest.mark.parametrize(("content", "code"), TEXTS.values(), ids=TEXTS.keys())
def test_body_that_holds_no_samples_is_refused(world: World, content: bytes, code: str) -> None:
    """Whatever it is."""
    before = world.count()

    assert refusal(world.member.post_text("/samples", content)) == (400, code)
    assert world.count() == before


CSVS: dict[str, tuple[str, str]] = {
    "nothing": ("", "PGRST102"),
    "a line without an end": ("group_id", "PGRST102"),
    "a header alone": ("group_id,pathogen_id\n", "empty_batch"),
    "an empty line": ("\n", "empty_batch"),
    "an unknown column": ("group_id,colour\n{group},red\n", "PGRST204"),
    "semicolons": ("group_id;host\n{group};x\n", "PGRST204"),
    "a byte order mark": ("\ufeffgroup_id,host\n{group},x\n", "PGRST204"),
    "too few cells": ("group_id,host\n{group}\n", "invalid_sample"),
    "an empty number": ("group_id,location_id\n{group},\n", "22P02"),
    "a NUL": ("group_id,host\n{group},a\x00b\n", "22P05"),
    "a quote that does not end": ('group_id,host\n{group},"x\n', "invalid_sample"),
}


@pytest.mark.parametrize(("content", "code"), CSVS.values(), ids=CSVS.keys())
def test_csv_that_holds_no_samples_is_refused(world: World, content: str, code: str) -> None:
    """As JSON is."""
    before = world.count()

    response = world.member.post_csv("/samples", content.format(group=world.group))

    assert (refusal(response), world.count()) == ((400, code), before)


def test_csv_in_another_encoding_stores_nothing(world: World) -> None:
    """PostgREST 12 fails over it with a 500 of its own; UTF-8 is asked for in docs/errors.md."""
    before = world.count()

    response = world.member.post_csv(
        "/samples", f"group_id,host\n{world.group},é\n".encode("latin-1")
    )

    assert (response.status_code, response.text) == (500, "Something went wrong")
    assert world.count() == before


@pytest.mark.parametrize(
    "media_type", ["application/xml", "multipart/form-data", "application/x-ndjson"]
)
def test_body_of_another_media_type_is_refused(world: World, media_type: str) -> None:
    """JSON, CSV and forms are read."""
    response = world.member.post("/samples", content=b"<x/>", headers={"Content-Type": media_type})

    assert refusal(response) == (400, "PGRST102")


BAD_RUNS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no name": ({"name": None}, ["name"]),
    "an empty name": ({"name": ""}, ["name"]),
    "a long name": ({"name": TOO_LONG}, ["name"]),
    "an unknown type": ({"tree_type": "ROOTED"}, ["tree_type"]),
    "no type": ({"tree_type": None}, ["tree_type"]),
    "no samples": ({"samples": None}, ["samples"]),
    "a sample that is null": ({"samples": ["x", None]}, ["samples"]),
    "filters in a list": ({"template_args": []}, ["template_args"]),
    "no filters": ({"template_args": None}, ["template_args"]),
    "several at once": (
        {"name": "", "template_args": {"filter_start_date": "x", "colour": 1}},
        ["name", "template_args.colour", "template_args.filter_start_date"],
    ),
    "an unknown place": ({"template_args": {"location_id": 0}}, ["template_args.location_id"]),
    "lineages that are none": (
        {"template_args": {"filter_pango_lineages": ["A;B"]}},
        ["template_args.filter_pango_lineages"],
    ),
    "an end before the start": (
        {
            "template_args": {
                "filter_start_date": "2024-02-01",
                "filter_end_date": "2024-01-01",
            }
        },
        ["template_args"],
    ),
}


@pytest.mark.parametrize(("arguments", "fields"), BAD_RUNS.values(), ids=BAD_RUNS.keys())
def test_run_that_is_not_usable_is_refused(
    world: World, arguments: dict[str, Any], fields: list[str]
) -> None:
    """Every argument that is wrong is named."""
    before = world.count("jobs")

    status, code, named_problems = problems(
        world.member.post(RUN, json=world.run_request(**arguments))
    )

    assert (status, code, sorted(problem["field"] for problem in named_problems)) == (
        400,
        "invalid_run",
        fields,
    )
    assert world.count("jobs") == before


BAD_QUERIES: dict[str, tuple[str, int, str]] = {
    "an unknown column": ("/samples?select=colour", 400, "42703"),
    "a filter on an unknown column": ("/samples?colour=eq.red", 400, "42703"),
    "an order by an unknown column": ("/samples?order=colour", 400, "42703"),
    "an unknown operator": ("/samples?id=is_about.3", 400, "PGRST100"),
    "a filter without an operator": ("/samples?id=3", 400, "PGRST100"),
    "an unknown order": ("/samples?order=id.upwards", 400, "PGRST100"),
    "a value of another type": ("/samples?id=eq.three", 400, "22P02"),
    "a day that is none": ("/samples?collection_date=eq.2024-02-30", 400, "22008"),
    "a select that does not parse": ("/samples?select=id,(", 400, "PGRST100"),
    "a tree of conditions that does not parse": ("/samples?or=(id.eq.1", 400, "PGRST100"),
    "an unknown neighbour": ("/samples?select=id,invitations(*)", 400, "PGRST200"),
    "a filter on what is not embedded": ("/samples?locations.country=eq.x", 400, "PGRST108"),
    "a negative limit": ("/samples?limit=-1", 416, "PGRST103"),
    "a cast to an unknown type": ("/samples?select=id::colour", 400, "42704"),
    "an unknown resource": ("/colours", 404, "42P01"),
    "a table of the database": ("/users", 404, "42P01"),
    "an unknown function": ("/rpc/colour", 404, "PGRST202"),
    "a tree without an id": ("/rpc/phylo_tree", 404, "PGRST202"),
    "an unknown id style": ("/rpc/phylo_tree?id=1&id_style=x", 400, "invalid_argument"),
}


@pytest.mark.parametrize(("path", "status", "code"), BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_query_that_is_none_is_refused(world: World, path: str, status: int, code: str) -> None:
    """Unknown names and values of the wrong type."""
    assert refusal(world.member.get(path)) == (status, code)


BAD_REQUESTS: dict[str, tuple[str, str, dict[str, str], int, str]] = {
    "another schema": ("GET", "/samples", {"Accept-Profile": "aspen"}, 406, "PGRST106"),
    "another media type": ("GET", "/samples", {"Accept": "application/xml"}, 415, "PGRST107"),
    "one object of many": (
        "GET",
        "/samples",
        {"Accept": "application/vnd.pgrst.object+json"},
        406,
        "PGRST116",
    ),
    "a method functions do not have": ("DELETE", "/rpc/health", {}, 405, "PGRST101"),
    "a method nothing has": ("TRACE", "/samples", {}, 405, "PGRST117"),
    "a preference nobody knows": (
        "GET",
        "/samples",
        {"Prefer": "handling=strict, colour=red"},
        400,
        "PGRST122",
    ),
}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    BAD_REQUESTS.values(),
    ids=BAD_REQUESTS.keys(),
)
def test_request_that_is_none_is_refused(
    world: World, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    """What HTTP allows and this API does not."""
    assert refusal(world.member.ask(method, path, headers=headers)) == (status, code)


@pytest.mark.parametrize("megabytes", [5, 20])
def test_long_value_is_named_in_short(world: World, megabytes: int) -> None:
    """An error is no echo: 200 characters are enough to find it."""
    text = "A" * megabytes * 1_000_000

    status, code, [problem] = problems(
        world.member.post(CREATE, json=world.batch(world.batch_sample(text)))
    )

    assert (status, code, problem["value"]) == (400, "invalid_sample", "A" * 200)


OPERATORS_ROWS: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "a slug with a space": (
        "pathogens",
        {"slug": "a b", "name": "x", "organism": "x"},
        400,
        "23514",
    ),
    "a slug that exists": (
        "pathogens",
        {"slug": "SC2", "name": "x", "organism": "x"},
        409,
        "23505",
    ),
    "no organism": ("pathogens", {"slug": "X", "name": "x"}, 400, "23502"),
    "an unknown repository": (
        "pathogens",
        {"slug": "X", "name": "x", "organism": "x", "default_repository_id": 0},
        409,
        "23503",
    ),
    "a division without a country": (
        "locations",
        {"region": "Europe", "division": "x"},
        400,
        "23514",
    ),
    "a place beyond the pole": (
        "locations",
        {"region": "Europe", "country": "x", "latitude": 91, "longitude": 0},
        400,
        "23514",
    ),
    "a group without a prefix": ("groups", {"name": "A name"}, 400, "23502"),
    "a group with a short name": ("groups", {"name": "x", "prefix": "xy"}, 400, "23514"),
    "a name too long for an index": (
        "locations",
        {"region": "".join(chr(0x4E00 + number) for number in range(9000))},
        413,
        "54000",
    ),
}


@pytest.mark.parametrize(
    ("resource", "row", "status", "code"), OPERATORS_ROWS.values(), ids=OPERATORS_ROWS.keys()
)
def test_reference_data_that_breaks_a_rule_is_refused(
    world: World, resource: str, row: dict[str, Any], status: int, code: str
) -> None:
    """The message names the rule."""
    response = world.operator.post(f"/{resource}", json=row, prefer=DRY_RUN)

    assert refusal(response) == (status, code)
