"""One value, one rule: by POST and PATCH, in JSON, CSV and filters, on every resource."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.http.world import DRY_RUN, REPRESENTATION, World, problems, refusal, rows
from tests.refusals import problem

NO_DAY = "must be a date YYYY-MM-DD"
NO_TRUTH = "must be true or false"
NO_INTEGER = "must be an integer of at most 18 digits"
NO_NUMBER = "must be a number"
NO_TEXT = "must be a text"
NO_LIST = "must be an array of names"
NO_TIME = "must be a time in ISO 8601, like 2026-01-31T12:00:00Z"

DAYS = (
    "04-Mar-21",
    "3/4/21",
    "today",
    "J2459000",
    "2021.171",
    "20210304",
    "2024-02-30",
    "0000-01-01",
)

BAD_CELLS: list[tuple[str, Any, str]] = [
    *(("collection_date", day, NO_DAY) for day in DAYS),
    ("collection_date", 20210304, NO_DAY),
    ("collection_date", True, NO_DAY),
    ("is_private", "yes", NO_TRUTH),
    ("is_private", "TRUE", NO_TRUTH),
    ("is_private", "t", NO_TRUTH),
    ("is_private", 1, NO_TRUTH),
    ("location_id", 1.0, NO_INTEGER),
    ("location_id", "1.0", NO_INTEGER),
    ("location_id", "1e3", NO_INTEGER),
    ("location_id", "0x10", NO_INTEGER),
    ("location_id", "France", NO_INTEGER),
    ("location_id", {"id": 1}, NO_INTEGER),
    ("private_identifier", 3.14, NO_TEXT),
    ("private_identifier", {"a": 1}, NO_TEXT),
    ("private_identifier", [1], NO_TEXT),
    ("public_identifier", True, NO_TEXT),
    ("host", 7, NO_TEXT),
    ("organism", {"a": "b"}, NO_TEXT),
    ("sample_collected_by", False, NO_TEXT),
    ("authors", "A. Author", NO_LIST),
    ("authors", ["A", 1], NO_LIST),
    ("authors", {"A": "B"}, NO_LIST),
]
CELL_IDS = [f"{column} {json.dumps(value)}" for column, value, _ in BAD_CELLS]


# What the other row of a batch has there: all rows of a POST have the same keys.
GOOD = {
    "public_identifier": "a-good-one",
    "is_private": False,
    "host": "Human",
    "organism": "Virus",
    "sample_collected_by": "A laboratory",
    "authors": ["A. Author"],
}


def shown(value: Any) -> str:
    """Return a value as an error repeats it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize(("column", "value", "reason"), BAD_CELLS, ids=CELL_IDS)
def test_posted_sample_names_a_cell_of_another_type(
    world: World, column: str, value: Any, reason: str
) -> None:
    """Name its row, as create_samples does, and nothing that only PostgreSQL knows."""
    good = world.sample("good")
    good |= {column: GOOD.get(column, good.get(column))}
    sample = world.sample("typed") | {column: value}

    answer = problems(world.alice.post("/samples", json=[good, sample]))

    named = {
        "row": 2,
        "private_identifier": shown(sample["private_identifier"]),
        "field": column,
        "value": shown(value),
        "reason": reason,
    }
    assert answer == (400, "invalid_sample", [named])


@pytest.mark.parametrize(("column", "value", "reason"), BAD_CELLS, ids=CELL_IDS)
def test_create_samples_names_a_cell_of_another_type_alike(
    world: World, column: str, value: Any, reason: str
) -> None:
    """Use the same words as for a posted sample."""
    sample = world.batch_sample("typed") | {column: value}
    batch = world.batch(world.batch_sample("good"), sample)

    answer = problems(world.alice.post("/rpc/create_samples", json=batch))

    named = {
        "row": 2,
        "private_identifier": shown(sample["private_identifier"]),
        "field": column,
        "value": shown(value),
        "reason": reason,
    }
    assert answer == (400, "invalid_sample", [named])


@pytest.mark.parametrize(("column", "value", "reason"), BAD_CELLS, ids=CELL_IDS)
def test_patched_sample_names_a_value_of_another_type_alike(
    world: World, column: str, value: Any, reason: str
) -> None:
    """Name the id of the sample instead of a row."""
    answer = problems(world.alice.patch(f"/samples?id=eq.{world.open}", json={column: value}))

    named = {"id": world.open, "field": column, "value": shown(value), "reason": reason}
    assert answer == (400, "invalid_sample", [named])


def csv(*lines: str) -> str:
    """Return the body of a CSV POST."""
    return "\n".join(lines) + "\n"


SAMPLE_COLUMNS = (
    "group_id,pathogen_id,location_id,private_identifier,collection_date,is_private,authors"
)


def test_every_bad_cell_of_a_csv_is_named(world: World) -> None:
    """Name row, field and value of each, also where booleans of several rows are bad."""
    good = f"{world.group},{world.pathogen},{world.france}"
    body = csv(
        SAMPLE_COLUMNS,
        f"{good},good,2024-02-01,false,{{A}}",
        f"{good},two,1.11.2026,yes,{{A}}",
        f"{good},three,2024-02-01,true,A. Author",
        f"{world.group},SC2,1e3,four,2024-02-01,TRUE,",
        f"own,{world.pathogen},{world.france},five,,,",
    )

    answer = problems(world.alice.post_csv("/samples", body))

    assert answer == (
        400,
        "invalid_sample",
        [
            problem(2, "two", "collection_date", "1.11.2026", NO_DAY),
            problem(2, "two", "is_private", "yes", NO_TRUTH),
            problem(3, "three", "authors", "A. Author", NO_LIST),
            problem(4, "four", "is_private", "TRUE", NO_TRUTH),
            problem(4, "four", "location_id", "1e3", NO_INTEGER),
            problem(4, "four", "pathogen_id", "SC2", NO_INTEGER),
            problem(5, "five", "collection_date", None, "is required, as YYYY-MM-DD"),
            problem(5, "five", "group_id", "own", NO_INTEGER),
        ],
    )


def test_blank_cells_of_a_csv_are_absent(world: World) -> None:
    """Read an empty date, number or boolean as null or its default."""
    body = csv(
        SAMPLE_COLUMNS + ",host",
        f"{world.group},{world.pathogen}, {world.france} ,empty-{world.name}, 2024-02-01 ,,"
        " ,\u00a0",
    )

    (stored,) = rows(world.alice.post_csv("/samples", body, prefer=REPRESENTATION))

    authors = [f"lab-{world.name}"]
    assert (stored["is_private"], stored["authors"], stored["host"]) == (False, authors, None)
    assert (stored["collection_date"], stored["location_id"]) == ("2024-02-01", world.france)


def test_two_thousand_bad_dates_are_counted(world: World) -> None:
    """Name the first 200 and count the others, in one answer."""
    samples = [world.sample(f"s{n}", collection_date="04-Mar-21") for n in range(2_000)]

    status, code, listed = problems(world.alice.post("/samples", json=samples))

    assert (status, code, len(listed)) == (400, "invalid_sample", 201)
    assert listed[199] == problem(200, "s199", "collection_date", "04-Mar-21", NO_DAY)
    assert listed[200] == {"reason": "1800 more problems are not listed", "more": 1800}


BLANKS = ["{} ", " {}", "\t{}\n", "\u00a0{}\u3000", "\u2003{}\u0085", "{}\r\n"]


@pytest.mark.parametrize("form", BLANKS, ids=[ascii(form) for form in BLANKS])
def test_blanks_around_texts_are_trimmed_at_every_door(world: World, form: str) -> None:
    """Store the same text by POST, PATCH and create_samples."""
    name = f"trim-{world.name}"
    texts = {"host": form.format("Human"), "authors": [form.format("A. Author")]}
    sample = world.sample(form.format(name), public_identifier=form.format(f"p{name}"), **texts)
    batch = world.batch(
        {key: value for key, value in sample.items() if key not in ("group_id", "pathogen_id")}
    )

    (posted,) = rows(world.alice.post("/samples", json=sample, prefer=REPRESENTATION))
    (created,) = rows(world.alice.post("/rpc/create_samples", json=batch, prefer=DRY_RUN))
    (patched,) = rows(
        world.alice.patch(
            f"/samples?id=eq.{world.open}",
            json={key: sample[key] for key in ("private_identifier", "host", "authors")},
            prefer=REPRESENTATION,
        )
    )

    trimmed = (name, "Human", ["A. Author"])
    for row in (posted, patched):
        assert (row["private_identifier"], row["host"], row["authors"]) == trimmed
    assert (posted["public_identifier"], created["public_identifier"]) == (f"p{name}",) * 2
    assert created["private_identifier"] == name


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u00a0\u3000"], ids=ascii)
def test_blank_text_is_absent(world: World, blank: str) -> None:
    """Store null where that is allowed; otherwise require a value."""
    sample = world.sample(f"blank-{world.name}", host=blank)

    (posted,) = rows(world.alice.post("/samples", json=sample, prefer=REPRESENTATION))
    refused = problems(world.alice.post("/samples", json=sample | {"private_identifier": blank}))

    assert posted["host"] is None
    assert refused[2][0]["reason"] == "is required"


LOOSE = {
    "date": ("04-Mar-21", "3/4/21", "today", "J2459000", "20240201", "2024-02-30"),
    "boolean": ("yes", "TRUE", "t", "on", "1"),
    "date-time": ("today", "now", "infinity", "04-Mar-21", "J2459000", "2024"),
}
STRICT = {
    "date": ("2024-02-29", " 2024-02-29 "),
    "boolean": ("true", "false"),
    "date-time": (
        "2024-02-29", "2024-02-29T10:00:00Z", "2024-02-29T10:00:00.123456+00:00",
        "2024-02-29 10:00:00 02:00", "2024-02-29T10:00+02",
    ),
}  # fmt: skip
LOOSE_VALUES = [(kind, value) for kind, values in LOOSE.items() for value in values]
STRICT_VALUES = [(kind, value) for kind, values in STRICT.items() for value in values]


def columns_of(world: World, kind: str) -> list[tuple[str, str]]:
    """Return every resource and column of a type, as the description of the API lists them."""
    description = rows(world.alice.get("/"))
    return [
        (resource, column)
        for resource, schema in description["components"]["schemas"].items()
        if f"/{resource}" in description["paths"]
        for column, entry in schema["properties"].items()
        if entry.get("format", entry.get("type")) in (kind, [kind, "null"])
    ]


@pytest.mark.parametrize(("kind", "value"), LOOSE_VALUES)
def test_filter_of_a_loose_form_is_refused_on_every_column(
    world: World, kind: str, value: str
) -> None:
    """Reject it, whatever PostgreSQL would read into it."""
    columns = columns_of(world, kind)

    answers = {
        (resource, column): refusal(world.ada.get(f"/{resource}", params={column: f"eq.{value}"}))
        for resource, column in columns
    }

    assert len(columns) > 2
    assert answers == dict.fromkeys(columns, (400, "invalid_value"))


@pytest.mark.parametrize(("kind", "value"), STRICT_VALUES)
def test_filter_of_the_strict_form_is_taken_on_every_column(
    world: World, kind: str, value: str
) -> None:
    """Accept the forms that the error recommends."""
    columns = columns_of(world, kind)

    answers = {
        (resource, column): world.ada.get(
            f"/{resource}", params={column: f"eq.{value}"}
        ).status_code
        for resource, column in columns
    }

    assert answers == dict.fromkeys(columns, 200)


OPERATORS = {
    "eq": "{column}=eq.{value}",
    "not.gt": "{column}=not.gt.{value}",
    "in": '{column}=in.("{value}")',
    "or": 'or=({column}.lte."{value}",id.eq.0)',
    "and": 'and=({column}.neq."{value}",id.gt.0)',
    "embedded": "select=id,samples!inner(id)&samples.{column}=eq.{value}",
}


@pytest.mark.parametrize("query", OPERATORS.values(), ids=OPERATORS.keys())
@pytest.mark.parametrize(
    ("column", "bad", "good", "code"),
    [
        ("collection_date", "today", "2024-02-29", "invalid_value"),
        ("is_private", "yes", "true", "invalid_value"),
        ("created_at", "yesterday", "2024-02-29T10:00:00Z", "invalid_value"),
        ("location_id", "1.0", "1", "22P02"),
        ("location_id", "1e3", "1", "22P02"),
    ],
)
def test_every_operator_reads_values_alike(
    world: World, query: str, column: str, bad: str, good: str, code: str
) -> None:
    """Read them alike inside or, and on an embedded resource."""
    resource = "sequences" if "samples." in query else "samples"

    refused = world.ada.get(f"/{resource}?{query.format(column=column, value=bad)}")
    taken = world.ada.get(f"/{resource}?{query.format(column=column, value=good)}")

    assert (refusal(refused), taken.status_code) == ((400, code), 200)


def test_timestamp_is_found_by_what_the_answer_said(world: World) -> None:
    """Accept a space for the + of its offset, which an unencoded URL turns into one."""
    (sample,) = rows(world.alice.get(f"/samples?id=eq.{world.open}&select=created_at"))

    query = f"select=id&id=eq.{world.open}&created_at=eq.{sample['created_at']}"
    found = world.alice.get(f"/samples?{query}")

    assert "+" in str(found.request.url)
    assert rows(found) == [{"id": world.open}]


@pytest.mark.parametrize(
    "query",
    [
        "location_id=eq(any).{1,2}",
        "host=like(any).{A*,B*}",
        "authors=cs.{A}",
        "authors=eq.{A}",
        "private_identifier=ilike.open*",
        "collection_date=in.(2024-02-01,2024-02-29)",
    ],
)
def test_other_operators_work_as_on_any_column(world: World, query: str) -> None:
    """Support them though these columns have types of their own."""
    assert world.alice.get(f"/samples?{query}").is_success


@pytest.mark.parametrize("column", ["collection_date", "is_private"])
def test_value_of_any_is_refused_on_dates_and_booleans(world: World, column: str) -> None:
    """Reject any, whose whole list PostgREST passes as one value; in.(…) means the same."""
    answer = world.alice.get(f"/samples?{column}=eq(any).{{2024-02-01}}")

    assert refusal(answer)[0] == 400


@pytest.mark.parametrize("value", ["is.null", "not.is.null", "is.true", "is.false", "not.is.true"])
def test_is_works_on_booleans(world: World, value: str) -> None:
    """Support it as on every other column."""
    assert world.alice.get(f"/samples?is_private={value}").is_success


SEQUENCE_CELLS: list[tuple[str, Any, str]] = [
    *(("sequencing_date", day, NO_DAY) for day in DAYS),
    ("sequencing_date", "1969-12-31", "must be between 1970-01-01 and today"),
    ("sequencing_depth", "deep", NO_NUMBER),
    ("sequencing_depth", "NaN", NO_NUMBER),
    ("sequencing_depth", "0x10", NO_NUMBER),
    ("sequencing_depth", True, NO_NUMBER),
    ("sequencing_depth", -1, "must be a number, not negative"),
    ("sample_id", "one", NO_INTEGER),
    ("sample_id", 1.0, NO_INTEGER),
    ("group_id", "own", NO_INTEGER),
]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    SEQUENCE_CELLS,
    ids=[f"{column} {json.dumps(value)}" for column, value, _ in SEQUENCE_CELLS],
)
def test_posted_sequence_names_a_bad_cell(
    world: World, column: str, value: Any, reason: str
) -> None:
    """Name its row, and by PATCH its id."""
    columns = {"sequencing_date": "2024-02-01", "sequencing_depth": 30.5}
    good, bad = (world.sequence(world.bare_sample(), **columns) for _ in range(2))

    posted = problems(world.alice.post("/sequences", json=[good, bad | {column: value}]))
    patched = problems(
        world.alice.patch(f"/sequences?sample_id=eq.{world.open}", json={column: value})
    )

    named = {"field": column, "value": shown(value), "reason": reason}
    assert [status[:2] for status in (posted, patched)] == [(400, "invalid_sequence")] * 2
    ((first,), (second,)) = (posted[2], patched[2])
    assert {key: first[key] for key in ("row", *named)} == {"row": 2} | named
    assert {key: second[key] for key in named} == named


def test_every_bad_sequence_of_a_post_is_named(world: World) -> None:
    """Name dates, depths and letters alike."""
    columns = {"sequencing_date": "2024-02-01", "sequencing_depth": 3}
    posted = [world.sequence(world.bare_sample(), **columns) for _ in range(4)]
    posted[1]["sequence"] = "ACGT!" * 300
    posted[2] |= {"sequencing_date": "3/4/21", "sequencing_depth": "deep"}
    posted[3]["sequence"] = "ACGT"

    status, code, listed = problems(world.alice.post("/sequences", json=posted))

    assert (status, code) == (400, "invalid_sequence")
    assert [(entry["row"], entry["field"]) for entry in listed] == [
        (2, "sequence"), (3, "sequencing_date"), (3, "sequencing_depth"), (4, "sequence"),
    ]  # fmt: skip


NAMES: dict[str, tuple[str, str, str]] = {
    "the caller": ("alice", "/me", "name"),
    "a run": ("ada", "/phylo_runs?id=eq.{run}", "name"),
    "a group": ("ada", "/groups?id=eq.{group}", "submitting_lab"),
    "a place": ("olga", "/locations?id=eq.{france}", "country"),
}


@pytest.mark.parametrize(("who", "path", "column"), NAMES.values(), ids=NAMES.keys())
def test_names_are_texts_and_trimmed_everywhere(
    world: World, who: str, path: str, column: str
) -> None:
    """Reject numbers, trim spaces, and read only spaces as absent."""
    caller = world.caller(who)
    path = path.format(run=world.run, group=world.group, france=world.france)
    name = f"Name {world.name}"

    number = problems(caller.patch(path, json={column: 3.14}, prefer=DRY_RUN))
    (trimmed,) = rows(caller.patch(path, json={column: f" {name}\u00a0"}, prefer=REPRESENTATION))

    (entry,) = number[2]
    assert number[:2] == (400, "invalid_value")
    assert (entry["field"], entry["value"], entry["reason"]) == (column, "3.14", NO_TEXT)
    assert trimmed[column] == name


@pytest.mark.parametrize(
    ("who", "path"),
    [("alice", "/me"), ("ada", "/phylo_runs?id=eq.{run}")],
    ids=["the caller", "a run"],
)
def test_blank_name_is_refused_where_one_is_required(world: World, who: str, path: str) -> None:
    """Reject it on resources that need a name."""
    answer = problems(world.caller(who).patch(path.format(run=world.run), json={"name": " \t "}))

    assert answer[:2] == (400, "invalid_value")
    assert [(entry["field"], entry["reason"]) for entry in answer[2]] == [("name", "is required")]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("agreed_to_tos", "yes", NO_TRUTH),
        ("agreed_to_tos", 1, NO_TRUTH),
        ("acknowledged_policy_version", "04-Mar-21", NO_DAY),
        ("acknowledged_policy_version", "today", NO_DAY),
        ("gisaid_submitter_id", {"id": 1}, NO_TEXT),
    ],
)
def test_settings_of_the_caller_name_a_bad_value(
    world: World, column: str, value: Any, reason: str
) -> None:
    """Name it as samples do."""
    answer = problems(world.alice.patch("/me", json={column: value}))

    (entry,) = answer[2]
    assert answer[:2] == (400, "invalid_value")
    assert (entry["field"], entry["value"], entry["reason"]) == (column, shown(value), reason)


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("PATCH", "/me", "agreed_to_tos"),
        ("PATCH", "/pathogens?limit=1&order=id", "has_usher"),
        ("POST", "/pathogens", "has_lineage_filter"),
        ("POST", "/lineages", "pathogen_id"),
        ("POST", "/lineage_aliases", "pathogen_id"),
        ("POST", "/usher_options", "pathogen_id"),
    ],
)
def test_null_is_refused_by_name_where_a_value_is_required(
    world: World, method: str, path: str, field: str
) -> None:
    """Name no table, which PostgreSQL's own error does."""
    answer = problems(world.olga.ask(method, path, json={field: None}))

    assert answer[:2] == (400, "invalid_value")
    named = {(entry["field"], entry["value"], entry["reason"]) for entry in answer[2]}
    assert (field, None, "is required") in named


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/usher_options", "pathogen_id"),
        ("/job_schedules", "group_id"),
        ("/job_schedules", "pathogen_id"),
    ],
)
@pytest.mark.parametrize("value", ["x", "0x1", "1_0", 1.5])
def test_wrong_id_is_named_with_its_row(
    world: World, path: str, field: str, value: str | float
) -> None:
    """Read an id as those of samples are read."""
    person = world.olga if path == "/usher_options" else world.ada

    code, name, entries = problems(person.post(path, json=[{field: None}, {field: value}]))

    assert (code, name) == (400, "invalid_value")
    assert (2, field, str(value)) in {
        (entry["row"], entry["field"], entry["value"]) for entry in entries
    }


def test_every_bad_row_of_locations_is_named(world: World) -> None:
    """Name all of them, because reference data comes in bulk too."""
    places = [
        {"region": "Europe", "country": f"A {world.name}", "latitude": 1, "longitude": 2},
        {"region": 5, "country": f"B {world.name}", "latitude": "north", "longitude": 2},
        {"region": " ", "country": f"C {world.name}", "latitude": 1, "longitude": 2},
    ]

    answer = problems(world.olga.post("/locations", json=places))

    assert answer == (
        400,
        "invalid_value",
        [
            {"row": 2, "field": "region", "value": "5", "reason": NO_TEXT},
            {"row": 2, "field": "latitude", "value": "north", "reason": NO_NUMBER},
            {"row": 3, "field": "region", "value": None, "reason": "is required"},
        ],
    )


@pytest.mark.parametrize(
    ("argument", "value", "shown_value", "reason"),
    [
        ("name", 3.14, "3.14", NO_TEXT),
        ("name", {"a": 1}, '{"a":1}', NO_TEXT),
        ("name", "  ", None, "is required"),
        ("samples", [1], "[1]", "must be an array of identifiers without null"),
        ("samples", "s", "s", "must be an array of identifiers without null"),
    ],
)
def test_argument_of_a_run_is_of_its_type(
    world: World, argument: str, value: Any, shown_value: str | None, reason: str
) -> None:
    """Reject a number as name, though a text column would store it."""
    request = world.run_request() | {argument: value}

    answer = problems(world.alice.post("/rpc/create_phylo_run", json=request))

    named = {"field": argument, "value": shown_value, "reason": reason}
    assert answer == (400, "invalid_run", [named])


def test_arguments_of_a_run_are_stored_in_one_form(world: World) -> None:
    """Trim texts, store the location as a number and omit empty filters."""
    sample = rows(world.alice.get(f"/samples?id=eq.{world.open}"))[0]["private_identifier"]
    filters = {
        "location_id": f" {world.france} ",
        "filter_pango_lineages": [],
        "filter_start_date": " 2024-01-01",
        "filter_end_date": " ",
    }
    request = world.run_request(f" {sample} ", name=" A run\u00a0", template_args=filters)

    (run,) = rows(world.alice.post("/rpc/create_phylo_run", json=request, prefer=DRY_RUN))

    assert (run["name"], run["template_args"]) == (
        "A run", {"location_id": world.france, "filter_start_date": "2024-01-01"},
    )  # fmt: skip
