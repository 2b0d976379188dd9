"""A run is queued with the samples it names, found by any identifier the caller may use."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import Refusal, refusal_of
from tests.sql.conftest import Lab

CREATE = (
    "select * from api.create_phylo_run(%s, %s, to_json(%s::text), to_json(%s::text[]), %s, %s)"
)
LINE = "must be 1 to 128 characters on one line, without spaces around it"


def more(count: int) -> dict[str, object]:
    """Return the entry that says how many details were left out."""
    return {"reason": f"{count} more problems are not listed", "more": count}


def arguments(lab: Lab, samples: object, **others: object) -> list[object]:
    """Return the arguments of a valid run, replaced by those given."""
    given: dict[str, object] = {
        "group_id": lab.group,
        "pathogen": "SC2",
        "name": "A run",
        "samples": samples,
        "tree_type": "TARGETED",
        "template_args": {},
    } | others
    return [*list(given.values())[:-1], Jsonb(given["template_args"])]


def sequenced(conn: psycopg.Connection, group_id: int, *args: Any, **columns: Any) -> int:
    """Store a sample with a sequence."""
    sample_id = factories.sample(conn, group_id, *args, **columns)
    factories.sequence(conn, sample_id)
    return sample_id


def inputs(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Return the samples and strains recorded as the input of runs."""
    return conn.execute(
        "select sample_group_id, sample_id, public_identifier from aspen.job_samples"
        " where job_id in (select id from aspen.jobs where kind = 'phylo_run')"
        " union all select null, public_repository_id, strain from aspen.job_public_sequences"
        " order by 1, 2, 3"
    ).fetchall()


def test_run_is_queued_and_returned(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Return the run as api.phylo_runs shows it."""
    genbank = factories.repository(admin, "GenBank")
    mpx = factories.pathogen(admin, "MPX", contextual_repository_id=genbank)
    factories.repository_data(admin, pathogen_id=mpx)
    sample = sequenced(admin, lab.group, pathogen_id=mpx, collection_date="2024-01-15")
    factories.sample_lineage(admin, sample, "XBB")
    filters = {
        "filter_start_date": "2024-01-01",
        "filter_end_date": "2024-01-31",
        "filter_pango_lineages": ["BA.2*", "XBB"],
        "location_id": lab.location,
    }
    given = arguments(
        lab, [], pathogen="MPX", tree_type="overview",
        template_args=filters | {"filter_end_date": None},
    )  # fmt: skip
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(CREATE, given).fetchone()
        shown = cursor.execute("select * from api.phylo_runs").fetchone()

    assert run is not None
    del filters["filter_end_date"]
    assert run == shown
    assert run == {
        "id": run["id"],
        "group_id": lab.group,
        "pathogen_id": run["pathogen_id"],
        "name": "A run",
        "tree_type": "OVERVIEW",
        "template_args": filters,
        "contextual_repository_id": genbank,
        "status": "queued",
        "attempt": 1,
        "software_versions": {},
        "error": None,
        "requested_by_id": lab.alice,
        "created_at": run["created_at"],
        "started_at": None,
        "finished_at": None,
        "updated_at": run["created_at"],
    }


@pytest.mark.parametrize(
    "identifier",
    ["private", "public", "hCoV-19/public"],
    ids=["private identifier", "public identifier", "with the prefix"],
)
def test_own_sample_is_found_by_either_identifier(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, identifier: str
) -> None:
    """Find it by either identifier and record the public one."""
    sample = sequenced(admin, lab.group, "private", public_identifier="public")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, [identifier]))

    assert inputs(admin) == [(lab.group, sample, "public")]


@pytest.mark.parametrize(
    "identifier",
    ["strain/1", "hCoV-19/strain/1", "EPI_ISL_7"],
    ids=["strain", "prefix", "accession"],
)
def test_published_sequence_is_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, identifier: str
) -> None:
    """Find it in the default repository of the pathogen."""
    factories.public_sequence(admin, "strain/1", accession="EPI_ISL_7")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, [identifier]))

    assert inputs(admin) == [(None, factories.repository(admin), "strain/1")]


def test_sample_named_in_several_ways_is_recorded_once(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record a strain named in several ways once as well."""
    sample = sequenced(admin, lab.group, "private", public_identifier="public")
    factories.public_sequence(admin, "strain", accession="EPI_ISL_7")
    names = ["private", "public", "private", "strain", "EPI_ISL_7"]
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, names))

    assert inputs(admin) == [
        (lab.group, sample, "public"),
        (None, factories.repository(admin), "strain"),
    ]


OPEN = ["open private", "open public"]
PRIVATE = ["private private", "private public"]


@pytest.fixture
def their_samples(admin: psycopg.Connection, lab: Lab) -> None:
    """Store samples of the other group with the identifiers OPEN and PRIVATE."""
    for (private, public), is_private in ((OPEN, False), (PRIVATE, True)):
        factories.sample(
            admin, lab.other_group, private, public_identifier=public, is_private=is_private
        )


@pytest.mark.usefixtures("their_samples")
def test_samples_of_other_groups_are_unknown(request_as: RequestAs, lab: Lab) -> None:
    """Answer as for an identifier that does not exist."""
    names = ["nobody's", *OPEN, *PRIVATE]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, names))

    assert answer == (400, "unknown_samples", names)


@pytest.mark.usefixtures("their_samples")
@pytest.mark.parametrize(
    ("role", "unknown"),
    [
        ("viewer", ["nobody's", "open private", *PRIVATE]),
        ("member", ["nobody's"]),
        ("admin", ["nobody's"]),
    ],
)
def test_granted_sample_is_found_by_the_identifiers_the_caller_may_see(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str, unknown: list[str]
) -> None:
    """Let viewers find only public identifiers of samples that are not private."""
    factories.grant(admin, lab.other_group, lab.group, role)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["nobody's", *OPEN, *PRIVATE]))

    assert answer == (400, "unknown_samples", unknown)


def test_granted_sample_is_recorded_with_its_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record the sample's group apart from the run's group, because they may differ."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    sample = sequenced(admin, lab.other_group, public_identifier="theirs")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["theirs"]))

    assert inputs(admin) == [(lab.other_group, sample, "theirs")]


def test_own_sample_wins_over_one_of_the_same_name(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Prefer it: a group that grants access must not replace a sample of the grantee."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    own = sequenced(admin, lab.group, public_identifier="x")
    factories.sample(admin, lab.other_group, public_identifier="x")
    factories.sample(admin, lab.other_group, public_identifier="hCoV-19/x")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["x", "hCoV-19/x"]))

    assert inputs(admin) == [(lab.group, own, "x")]


def test_identifier_of_two_samples_of_others_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name both samples, whatever else the request contains."""
    third = factories.group(admin)
    for group in (lab.other_group, third):
        factories.grant(admin, group, lab.group, "viewer")
    theirs = [
        factories.sample(admin, group, public_identifier=name)
        for group, name in ((lab.other_group, "x"), (third, "hCoV-19/x"))
    ]
    factories.sample(admin, lab.group, public_identifier="own")
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["own", "x"]))

    candidates = [
        {"group_id": group, "sample_id": sample, "public_identifier": name}
        for group, sample, name in zip(
            (lab.other_group, third), theirs, ("x", "hCoV-19/x"), strict=True
        )
    ]
    assert answer == (400, "ambiguous_samples", [{"identifier": "x", "candidates": candidates}])


def test_sample_the_caller_may_not_see_makes_nothing_ambiguous(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ignore a private sample of a group that granted only the viewer role."""
    third = factories.group(admin)
    for group in (lab.other_group, third):
        factories.grant(admin, group, lab.group, "viewer")
    theirs = sequenced(admin, lab.other_group, public_identifier="x")
    factories.sample(admin, third, public_identifier="x", is_private=True)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["x"]))

    assert inputs(admin) == [(lab.other_group, theirs, "x")]


def test_only_the_first_unknown_samples_are_listed(request_as: RequestAs, lab: Lab) -> None:
    """List the first ones and count the others."""
    names = [f"n{number:05}" for number in range(20_000)]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, names))

    assert answer == (400, "unknown_samples", [*names[:200], more(19_800)])


def test_only_the_first_problems_of_filters_are_listed(request_as: RequestAs, lab: Lab) -> None:
    """List the first ones and count the others, for filters as for samples."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(
            conn, CREATE, arguments(lab, [], template_args={f"f{n}": n for n in range(1_000)})
        )

    assert isinstance(answer, tuple)
    assert (len(answer[2]), answer[2][-1]) == (201, more(800))


def test_filter_by_no_lineages_is_left_out(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Omit an empty list of lineages: it filters nothing."""
    sequenced(admin, lab.group)
    filters = {"filter_pango_lineages": [], "location_id": lab.location}
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(CREATE, arguments(lab, [], template_args=filters)).fetchone()

    assert run is not None
    assert run["template_args"] == {"location_id": lab.location}


@pytest.mark.parametrize("name", ["Übersicht, 2024/05 (日本)", "e\u0301", "week 3"])
def test_run_may_have_any_readable_name(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, name: str
) -> None:
    """Accept every name without invisible or control characters."""
    sequenced(admin, lab.group)
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(CREATE, arguments(lab, [], name=name)).fetchone()

    assert run is not None
    assert run["name"] == name


FORBIDDEN = ["\x01", "\t", "\n", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066"]


@pytest.mark.parametrize("character", FORBIDDEN, ids=[f"{ord(c):04x}" for c in FORBIDDEN])
def test_name_with_a_character_nobody_sees_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, character: str
) -> None:
    """Reject it when a run is created and when it is renamed."""
    name = f"a{character}b"
    run = factories.phylo_run(admin, lab.group)
    with request_as("member", sub="alice") as conn:
        created = refusal_of(conn, CREATE, arguments(lab, [], name=name))
        renamed = refusal_of(conn, "update api.phylo_runs set name = %s where id = %s", [name, run])

    assert isinstance(created, tuple)
    assert (created[:2], renamed) == ((400, "invalid_run"), "23514")
    assert [problem["field"] for problem in created[2]] == ["name"]


def test_blank_name_is_refused(admin: psycopg.Connection, request_as: RequestAs, lab: Lab) -> None:
    """Reject it when a run is created and when it is renamed."""
    run = factories.phylo_run(admin, lab.group)
    with request_as("member", sub="alice") as conn:
        created = refusal_of(conn, CREATE, arguments(lab, [], name="  "))
        renamed = refusal_of(conn, "update api.phylo_runs set name = null where id = %s", [run])

    required = [{"id": run, "field": "name", "value": None, "reason": "is required"}]
    assert created == invalid("name", None, "is required")
    assert renamed == (400, "invalid_value", required)


def test_samples_of_another_pathogen_are_unknown(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Find only samples of the run's pathogen: a tree has one."""
    mpx = factories.pathogen(admin, "MPX")
    factories.sample(admin, lab.group, "s", pathogen_id=mpx)
    factories.public_sequence(admin, "strain", mpx)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["s", "strain"]))

    assert answer == (400, "unknown_samples", ["s", "strain"])


def test_refused_run_leaves_nothing(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Store neither a job nor inputs."""
    factories.sample(admin, lab.group, "s")
    with request_as("member", sub="alice", keep=True) as conn:
        refusal_of(conn, CREATE, arguments(lab, ["s", "unknown"]))

    assert admin.execute("select count(*) from aspen.jobs").fetchone() == (0,)
    assert inputs(admin) == []


def invalid(field: str, value: object, reason: str) -> Refusal:
    """Return the error that rejects a run for one reason."""
    return (400, "invalid_run", [{"field": field, "value": value, "reason": reason}])


DATE = "must be a date YYYY-MM-DD"
LINEAGES = "must be an array of lineage names; * at the end is a wildcard"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": ""}, invalid("name", None, "is required")),
        ({"name": None}, invalid("name", None, "is required")),
        ({"name": "n" * 129}, invalid("name", "n" * 129, LINE)),
        (
            {"tree_type": "bush"},
            invalid("tree_type", "BUSH", "must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED"),
        ),
        (
            {"tree_type": None},
            invalid("tree_type", None, "must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED"),
        ),
        (
            {"samples": None},
            invalid("samples", None, "must be an array of identifiers without null"),
        ),
        (
            {"samples": ["s", None]},
            invalid("samples", None, "must be an array of identifiers without null"),
        ),
        (
            {"samples": [["s"], ["t"]]},
            invalid("samples", '[["s"],["t"]]', "must be an array of identifiers without null"),
        ),
        (
            {"samples": ["s"] * 20_001},
            invalid("samples", None, "must be at most 20,000 identifiers"),
        ),
        ({"template_args": []}, invalid("template_args", "[]", "must be an object")),
        ({"template_args": None}, invalid("template_args", "null", "must be an object")),
        (
            {"template_args": {"colour": 1}},
            invalid("template_args.colour", "1", "is not a known filter"),
        ),
        (
            {"template_args": {"filter_start_date": "2024-02-30"}},
            invalid("template_args.filter_start_date", '"2024-02-30"', DATE),
        ),
        (
            {"template_args": {"filter_end_date": 20240101}},
            invalid("template_args.filter_end_date", "20240101", DATE),
        ),
        (
            {"template_args": {"filter_start_date": "2024-02-02", "filter_end_date": "2024-02-01"}},
            invalid(
                "template_args",
                '{"filter_end_date": "2024-02-01", "filter_start_date": "2024-02-02"}',
                "filter_start_date must not be after filter_end_date",
            ),
        ),
        (
            {"template_args": {"filter_pango_lineages": "BA.2"}},
            invalid("template_args.filter_pango_lineages", '"BA.2"', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["BA.2", 1]}},
            invalid("template_args.filter_pango_lineages", '["BA.2", 1]', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["BA.2; rm"]}},
            invalid("template_args.filter_pango_lineages", '["BA.2; rm"]', LINEAGES),
        ),
        (
            {"template_args": {"location_id": -1}},
            invalid("template_args.location_id", "-1", "is not the id of a location"),
        ),
        (
            {"template_args": {"location_id": {"id": 1}}},
            invalid("template_args.location_id", '{"id": 1}', "is not the id of a location"),
        ),
        (
            {"template_args": {"location_id": 1e300}},
            invalid("template_args.location_id", f"1{'0' * 199}", "is not the id of a location"),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["A" * 101]}},
            invalid("template_args.filter_pango_lineages", f'["{"A" * 101}"]', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": [["BA.2"]]}},
            invalid("template_args.filter_pango_lineages", '[["BA.2"]]', LINEAGES),
        ),
        (
            {"template_args": {"filter_pango_lineages": ["A"] * 1001}},
            invalid(
                "template_args.filter_pango_lineages",
                str(["A"] * 1001).replace("'", '"')[:200],
                "must be at most 1,000 lineage names",
            ),
        ),
        ({"pathogen": "sc2"}, (400, "unknown_pathogen", {"pathogen": "sc2"})),
        ({"pathogen": None}, (400, "unknown_pathogen", {"pathogen": None})),
        ({"group_id": -1}, (403, "group_access_denied", {"group_id": -1})),
        ({"group_id": None}, (403, "group_access_denied", {"group_id": None})),
    ],
)
def test_unusable_argument_is_named(
    request_as: RequestAs, lab: Lab, changed: dict[str, object], expected: Refusal
) -> None:
    """Name the argument, its value and the reason."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, **{"samples": []} | changed))

    assert answer == expected


def test_location_must_be_a_number(request_as: RequestAs, lab: Lab) -> None:
    """Reject a location id that is not a number."""
    given = arguments(lab, [], template_args={"location_id": "France"})
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, given)

    assert answer == invalid("template_args.location_id", '"France"', "is not the id of a location")


@pytest.mark.parametrize("user", ["vic", "bob"], ids=["viewer", "granted admin"])
def test_group_without_a_direct_role_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, user: str
) -> None:
    """Require a direct role: a granted one does not allow creating runs."""
    factories.grant(admin, lab.group, lab.other_group, "admin")
    with request_as("member", sub=user) as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, []))

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


@pytest.mark.parametrize("status", ["queued", "running"])
def test_run_that_has_not_ended_is_not_deleted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, status: str
) -> None:
    """Reject deleting it while a worker may be running it."""
    run = factories.phylo_run(admin, lab.group, status=status)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, "delete from api.phylo_runs where id = %s", [run])

    assert answer == (409, "job_in_progress", {"id": run, "status": status})


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "timed_out"])
def test_run_that_has_ended_is_deleted_with_its_tree(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, status: str
) -> None:
    """Delete its tree, inputs and outputs with it."""
    run = factories.phylo_run(admin, lab.group, status=status)
    factories.job_sample(admin, run, factories.sample(admin, lab.group))
    factories.job_output(admin, run)
    factories.phylo_tree(admin, run)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.phylo_runs where id = %s", [run])

    left = admin.execute(
        "select (select count(*) from aspen.jobs), (select count(*) from aspen.job_samples),"
        " (select count(*) from aspen.job_outputs), (select count(*) from aspen.phylo_tree_tips)"
    ).fetchone()
    assert left == (0, 0, 0, 0)


def test_sample_without_a_sequence_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name each sample as the request spells it: without a sequence it would not be in the tree."""
    sequenced(admin, lab.group, "with")
    factories.sample(admin, lab.group, "without", public_identifier="also without")
    names = ["with", "without", "also without"]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, names))

    assert answer == (400, "samples_without_sequence", ["also without", "without"])


def test_sample_is_taken_though_the_caller_may_not_see_its_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Let a viewer choose samples of a granted group without reading their sequences."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    theirs = sequenced(admin, lab.other_group, public_identifier="theirs")
    with request_as("member", sub="alice", keep=True) as conn:
        seen = conn.execute("select count(*) from api.sequences").fetchone()
        conn.execute(CREATE, arguments(lab, ["theirs"]))

    assert (seen, inputs(admin)) == ((0,), [(lab.other_group, theirs, "theirs")])


def test_run_over_a_group_without_sequences_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ignore sequences of other pathogens and other groups."""
    factories.sample(admin, lab.group)
    sequenced(admin, lab.group, pathogen_id=factories.pathogen(admin, "MPX"))
    sequenced(admin, lab.other_group)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, []))

    assert answer == (400, "samples_without_sequence", {"group_id": lab.group})


def test_pathogen_without_a_pipeline_has_no_runs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Reject the run: without a reference to align to, no worker would ever take it."""
    hcv = factories.pathogen(admin, "HCV", lineage_caller=None, nextclade_dataset_name=None)
    sequenced(admin, lab.group, "s", pathogen_id=hcv)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, arguments(lab, ["s"], pathogen="HCV"))

    assert answer == (400, "pathogen_without_runs", {"pathogen": "HCV"})


def background(conn: psycopg.Connection) -> tuple[Any, ...]:
    """Return what the last run is made from besides what was chosen."""
    ((*found,),) = conn.execute(
        "select sample_ids, left_out_count, resolved_template_args from aspen.job_backgrounds"
        " order by id desc limit 1"
    ).fetchall()
    return tuple(found)


def test_run_is_made_from_all_samples_of_the_group_that_have_a_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record private ones too, but no chosen one, none of other groups and none without one."""
    chosen = sequenced(admin, lab.group, "chosen")
    others = [sequenced(admin, lab.group), sequenced(admin, lab.group, is_private=True)]
    factories.sample(admin, lab.group)
    sequenced(admin, lab.group, pathogen_id=factories.pathogen(admin, "MPX"))
    factories.grant(admin, lab.other_group, lab.group, "member")
    sequenced(admin, lab.other_group)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["chosen"]))

    assert [row[1] for row in inputs(admin)] == [chosen]
    assert background(admin) == (others, 0, {})


FILTERS = [
    ({}, "middle old new"),
    ({"filter_start_date": "2024-02-01"}, "middle new"),
    ({"filter_end_date": "2024-02-01"}, "middle old"),
    ({"filter_start_date": "2024-02-01", "filter_end_date": "2024-02-01"}, "middle"),
    ({"filter_pango_lineages": ["BA.2*"]}, "middle new"),
    ({"filter_pango_lineages": ["Omicron"]}, "old"),
    ({"location_id": "country"}, "middle new"),
    ({"location_id": "division"}, "new"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filters_hold_for_the_samples_that_were_not_chosen(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    filters: dict[str, object],
    expected: str,
) -> None:
    """Keep those that match, and the chosen one although it matches no filter."""
    for lineage in ("BA.2", "BA.2.1"):
        factories.lineage_name(admin, lab.pathogen, lineage)
    factories.lineage_alias(admin, lab.pathogen, "Omicron", "XBB")
    places = {
        "country": factories.location(admin, "Peru"),
        "division": factories.location(admin, "Peru", "Lima"),
    }
    sequenced(admin, lab.group, "chosen", collection_date="2020-01-01")
    stored = {
        "middle": sequenced(admin, lab.group, location_id=places["country"]),
        "old": sequenced(admin, lab.group, collection_date="2024-01-31"),
        "new": sequenced(
            admin, lab.group, collection_date="2024-02-02", location_id=places["division"]
        ),
    }
    for name, lineage in {"middle": "BA.2", "old": "XBB", "new": "BA.2.1"}.items():
        factories.sample_lineage(admin, stored[name], lineage)
    given = {key: places.get(str(value), value) for key, value in filters.items()}
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["chosen"], template_args=given))

    assert background(admin)[0] == [stored[name] for name in expected.split()]
    assert len(inputs(admin)) == 1


def test_filters_are_resolved_when_the_run_is_requested(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep each lineage and the row of the location, whatever becomes of the reference data."""
    factories.lineage_name(admin, lab.pathogen, "BA.2.1")
    place = factories.location(admin, "Peru", "Lima")
    sequenced(admin, lab.group, "chosen")
    filters = {"filter_pango_lineages": ["BA.2*"], "location_id": place}
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, ["chosen"], template_args=filters))

    assert background(admin)[2] == {
        "filter_pango_lineages": ["BA.2.1"],
        "location": {
            "id": place,
            "region": "Europe",
            "country": "Peru",
            "division": "Lima",
            "location": None,
        },
    }


def test_run_without_a_location_is_looked_at_from_the_place_of_the_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name the place of the group's trees, and filter by nothing."""
    place = factories.location(admin, "Peru")
    admin.execute(
        "update aspen.groups set default_tree_location_id = %s where id = %s", [place, lab.group]
    )
    elsewhere = sequenced(admin, lab.group)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, []))

    sample_ids, _, resolved = background(admin)
    assert sample_ids == [elsewhere]
    assert resolved["location"]["country"] == "Peru"


def test_only_the_newest_samples_of_a_large_group_are_recorded(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record 20,000, and say how many more there were."""
    oldest = sequenced(admin, lab.group, collection_date="2020-01-01")
    factories.numbered_samples(admin, lab.group, 20_001, factories.GENOME)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, arguments(lab, []))

    sample_ids, left_out, _ = background(admin)
    assert (len(sample_ids), left_out, oldest in sample_ids) == (20_000, 2, False)


def test_run_whose_filters_no_sample_matches_is_rejected(
    request_as: RequestAs, admin: psycopg.Connection, lab: Lab
) -> None:
    """Say so when asked for, instead of hours later; a chosen sample makes it possible."""
    sequenced(admin, lab.group, "chosen")
    filters = {"filter_start_date": "2025-01-01"}
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, CREATE, arguments(lab, [], template_args=filters))
        conn.execute(CREATE, arguments(lab, ["chosen"], template_args=filters))

    assert refused[:2] == (400, "samples_without_sequence")


def test_inputs_are_listed_for_members_and_not_for_viewers(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """List what was chosen and the others, with a name each; a viewer reads no row."""
    factories.public_sequence(admin, "strain")
    chosen = sequenced(admin, lab.group, "a", public_identifier="a")
    other = sequenced(admin, lab.group, "b", public_identifier="b")
    gone = sequenced(admin, lab.group, "c", public_identifier="c")
    with request_as("member", sub="alice", keep=True) as conn:
        run = conn.execute(CREATE, arguments(lab, ["a", "strain"])).fetchone()
    assert run is not None
    admin.execute("delete from aspen.samples where id = %s", [gone])
    seen = "select kind, identifier, is_chosen, sample_id from api.job_inputs where job_id = %s"
    with request_as("member", sub="alice") as conn:
        listed = conn.execute(seen, run[:1]).fetchall()
    with request_as("member", sub="vic") as conn:
        of_viewer = conn.execute(seen, run[:1]).fetchall()

    assert sorted(listed, key=str) == [
        ("public_sequence", "strain", True, None),
        ("sample", "a", True, chosen),
        ("sample", "b", False, other),
        ("sample", None, False, None),
    ]
    assert of_viewer == []


def with_context(conn: psycopg.Connection, lab: Lab) -> None:
    """Store a sample, and let the pathogen take its context from GenBank."""
    sequenced(conn, lab.group, "a")
    conn.execute(
        "update aspen.pathogens set contextual_repository_id = %s where id = %s",
        [factories.repository(conn, "GenBank"), lab.pathogen],
    )


@pytest.mark.parametrize("tree_type", ["OVERVIEW", "TARGETED"])
def test_tree_with_context_takes_the_newest_aligned_data_set(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree_type: str
) -> None:
    """Record the newest of the contextual repository, and list it among the inputs."""
    with_context(admin, lab)
    _, newest = (factories.repository_data(admin) for _ in range(2))
    with request_as("member", sub="alice") as conn:
        run = conn.execute(CREATE, arguments(lab, ["a"], tree_type=tree_type)).fetchone()
        assert run is not None
        listed = conn.execute(
            "select identifier, is_chosen from api.job_inputs where job_id = %s"
            " and kind = 'data_set'",
            run[:1],
        ).fetchall()

    assert listed == [(str(newest), False)]


@pytest.mark.parametrize("tree_type", ["OVERVIEW", "TARGETED"])
def test_tree_with_context_is_refused_without_a_data_set(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree_type: str
) -> None:
    """Accept neither one that is not aligned, nor one of another repository."""
    with_context(admin, lab)
    factories.repository_data(admin, stage="raw")
    factories.repository_data(admin, public_repository_id=factories.repository(admin, "GISAID"))
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, CREATE, arguments(lab, ["a"], tree_type=tree_type))

    assert refused == (400, "data_set_missing", {"tree_type": tree_type})


def test_run_records_its_inputs_also_after_one_that_was_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record the data set however often the session has planned the function before."""
    with_context(admin, lab)
    given = arguments(lab, ["a"], tree_type="OVERVIEW")
    with request_as("member", sub="alice") as conn:
        refusal_of(conn, CREATE, given)
    data_set = factories.repository_data(admin)
    with request_as("member", sub="alice") as conn:
        conn.execute(CREATE, given)
        listed = conn.execute(
            "select identifier from api.job_inputs where kind = 'data_set'"
        ).fetchall()

    assert listed == [(str(data_set),)]


def test_tree_without_context_needs_no_data_set(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record none, even if there is one."""
    with_context(admin, lab)
    given = arguments(lab, ["a"], tree_type="NON_CONTEXTUALIZED")
    with request_as("member", sub="alice") as conn:
        before = conn.execute(CREATE, given).fetchall()
    factories.repository_data(admin)
    with request_as("member", sub="alice") as conn:
        conn.execute(CREATE, given)
        recorded = conn.execute("select from api.job_inputs where kind = 'data_set'").fetchall()

    assert (len(before), recorded) == (1, [])
