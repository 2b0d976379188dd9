"""Before its day, a restricted sample and all that belongs to it is for members and admins."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.factories import Tip
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

# Every way to read a sample, or what belongs to it; each counts what it shows.
DOORS = {
    "sample": "select count(*) from api.samples where id = %(sample)s",
    "list": "select count(*) from api.samples",
    "newest": "select count(*) from (select id from api.samples order by id desc limit 5) as s",
    "public identifier": "select count(*) from api.samples where public_identifier = 'P-1'",
    "lineages": "select count(*) from api.sample_lineages",
    "quality": "select count(*) from api.sample_qc_metrics",
    "raw output": "select count(api.raw_output(qc)) from api.sample_qc_metrics as qc",
    "accessions": "select count(*) from api.accessions",
    "mutations": "select count(*) from aspen.sample_mutations",
    "embedded": "select count(*) from api.samples as samples"
    " inner join api.sample_lineages as lineages on samples.id = lineages.sample_id",
    "group": "select count(api.owner(samples)) from api.samples as samples",
    "uploader": "select count(*) from api.samples as samples, api.uploaded_by(samples)",
    "look-up": "select count(*) from json_array_elements(api.validate_sample_identifiers("
    "'SC2', '[\"P-1\"]', null)) as found where found ->> 'status' = 'found'",
    "choice": "select count(*) from api.samples_left_out('SC2', samples => '[\"P-1\"]')"
    " where reason = 'no_sequence'",
    "filter": "select count(*) from api.samples_left_out('SC2', lineages => '[\"BA.2\"]')",
}
# What only members and admins read, whether the sample is restricted or not.
FULL_DOORS = {
    "sequence": "select count(*) from api.sequences",
    "aligned": "select count(*) from aspen.aligned_sequences",
    "private identifier": "select count(private_identifier) from api.samples",
    "export": "select count(*) where api.export_sequences('SC2', samples => '[\"P-1\"]') <> ''",
}


def day(days: int) -> str:
    """Return a day from today on, in UTC."""
    return f"{datetime.now(UTC).date() + timedelta(days):%Y-%m-%d}"


def restricted(admin: psycopg.Connection, lab: Lab, days: int | None, **columns: Any) -> int:
    """Store a sample with all its results, restricted until a day from today on."""
    sample = factories.sample(
        admin,
        lab.group,
        "s-1",
        public_identifier="P-1",
        restricted_until=None if days is None else day(days),
        **columns,
    )
    factories.sample_lineage(admin, sample)
    factories.qc_metric(admin, sample, raw_output=Jsonb({"clade": "21L"}))
    factories.mutations(admin, sample)
    factories.accession(admin, sample)
    return sample


def shown(conn: psycopg.Connection, query: str, sample: int) -> int:
    """Return how much a query shows; it is asked like a filter of the API, by the role's rights."""
    conn.execute("set local search_path to api")
    row = conn.execute(query.encode(), {"sample": sample}).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("who", "days", "expected"),
    [
        ("vic", 1, 0),
        ("vic", 3650, 0),
        ("vic", 0, 1),
        ("vic", -1, 1),
        ("vic", None, 1),
        ("alice", 1, 1),
        ("bob", 0, 0),
    ],
)
def test_viewer_sees_it_from_its_day_on(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    door: str,
    who: str,
    days: int | None,
    expected: int,
) -> None:
    """Show nothing of it the day before, and everything on the day; members always see it."""
    sample = restricted(admin, lab, days)
    admin.execute("grant usage on schema aspen to member")

    with request_as("member", sub=who) as conn:
        assert shown(conn, DOORS[door], sample) == expected


@pytest.mark.parametrize("door", FULL_DOORS)
@pytest.mark.parametrize(("who", "expected"), [("vic", 0), ("alice", 1)])
def test_sequence_and_private_identifier_stay_for_members(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, door: str, who: str, expected: int
) -> None:
    """Let the end of the restriction show a viewer no more than of any other sample."""
    sample = restricted(admin, lab, 0)
    factories.sequence(admin, sample)
    factories.aligned_sequence(admin, sample)
    admin.execute("grant usage on schema aspen to member")

    with request_as("member", sub=who) as conn:
        assert shown(conn, FULL_DOORS[door], sample) == expected


@pytest.mark.parametrize(("role", "expected"), [("viewer", 0), ("member", 1), ("admin", 1)])
def test_granted_role_decides_alike(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str, expected: int
) -> None:
    """Restrict it for viewers by a grant, too."""
    sample = restricted(admin, lab, 1)
    factories.grant(admin, lab.group, lab.other_group, role)

    with request_as("member", sub="bob") as conn:
        assert shown(conn, DOORS["lineages"], sample) == expected


@pytest.mark.parametrize(("days", "expected"), [(0, False), (-1, False), (1, False), (None, False)])
def test_private_sample_stays_private(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, days: int | None, expected: bool
) -> None:
    """Keep it from viewers whatever the day is."""
    sample = restricted(admin, lab, days, is_private=True)

    with request_as("member", sub="vic") as conn:
        assert bool(shown(conn, DOORS["sample"], sample)) == expected


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
@pytest.mark.parametrize(("days", "expected"), [(1, 0), (0, 1)])
def test_day_begins_in_utc_whatever_zone_a_request_prefers(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    zone: str,
    days: int,
    expected: int,
) -> None:
    """Ignore `Prefer: timezone`, by which a viewer could be in tomorrow."""
    sample = restricted(admin, lab, days)

    with request_as("member", sub="vic") as conn:
        conn.execute("select set_config('TimeZone', %s, true)", [zone])
        assert shown(conn, DOORS["sample"], sample) == expected


def test_run_of_a_viewer_cannot_use_it(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer as for a sample that does not exist; with the day, the run is made."""
    factories.grant(admin, lab.group, lab.other_group, "viewer")
    factories.sequence(admin, restricted(admin, lab, 1))
    create = "select api.create_phylo_run(%s, 'SC2', to_json('A run'::text), %s, 'TARGETED')"
    arguments = [lab.other_group, json.dumps(["P-1"])]

    with request_as("member", sub="bob") as conn:
        refused = refusal_of(conn, create, arguments)
    admin.execute("update aspen.samples set restricted_until = %s", [day(0)])
    with request_as("member", sub="bob") as conn:
        conn.execute(create, arguments)

    assert refused[:2] == (400, "unknown_samples")


def test_tree_shows_a_viewer_the_public_identifier_only(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Treat it like a private sample: its name in a tree is public, and the rest is not."""
    sample = restricted(admin, lab, 1)
    tree = factories.phylo_tree(admin, factories.phylo_run(admin, lab.group), [Tip("P-1", sample)])

    names = {}
    for who in ("vic", "alice"):
        with request_as("member", sub=who) as conn:
            row = conn.execute("select api.phylo_tree(%s)", [tree]).fetchone()
        assert row is not None
        names[who] = json.loads(row[0])["tree"]["children"][0]["name"]

    assert names == {"vic": "P-1", "alice": "s-1"}


def test_viewer_changes_and_deletes_no_restricted_sample(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Find no row, as for a sample that does not exist."""
    restricted(admin, lab, 1)

    with request_as("member", sub="vic") as conn:
        changed = conn.execute("update api.samples set host = 'x' returning id").fetchall()
        deleted = conn.execute("delete from api.samples returning id").fetchall()

    assert (changed, deleted) == ([], [])


@pytest.mark.parametrize(
    "value", ["1899-12-31", "9999-01-01", "infinity", "-infinity", "tomorrow", "1/2/2030", "0"]
)
def test_wrong_day_is_refused_by_a_batch(request_as: RequestAs, lab: Lab, value: str) -> None:
    """Name the field, whether it is no day or out of range."""
    entry = {
        "private_identifier": "a",
        "collection_date": "2024-02-01",
        "location_id": lab.location,
        "restricted_until": value,
    }
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(
            conn, "select api.create_samples(%s, 'SC2', %s)", [lab.group, json.dumps([entry])]
        )

    assert answer[:2] == (400, "invalid_sample")
    assert "'field': 'restricted_until'" in f"{answer}"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update api.samples set restricted_until = %s", "invalid_sample"),
        (
            "select api.update_samples(group_id, json_build_array("
            "json_build_object('id', id, 'restricted_until', %s::text))) from api.samples",
            "invalid_sample",
        ),
    ],
)
@pytest.mark.parametrize("days", [3654, 40000])
def test_day_that_is_too_far_is_refused_by_every_change(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    statement: str,
    code: str,
    days: int,
) -> None:
    """Allow ten years, so that a wrong digit does not hide a sample for ever."""
    restricted(admin, lab, None)

    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, statement, [day(days)])
        conn.execute(statement.encode(), [day(3650)])

    assert refused[:2] == (400, code)
    assert "ten years from today" in f"{refused[2]}"


@pytest.mark.parametrize("value", ["1899-12-31", "-infinity"])
def test_table_itself_refuses_an_early_day(admin: psycopg.Connection, lab: Lab, value: str) -> None:
    """Hold an administrator to the lower bound."""
    with pytest.raises(psycopg.errors.CheckViolation):
        factories.sample(admin, lab.group, restricted_until=value)


@pytest.mark.parametrize("value", ["9999-01-01", "infinity"])
def test_trigger_refuses_a_late_day(admin: psycopg.Connection, lab: Lab, value: str) -> None:
    """Hold an administrator to the upper bound, which a check cannot know."""
    with pytest.raises(psycopg.Error, match="invalid_sample"):
        factories.sample(admin, lab.group, restricted_until=value)


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_nobody_else_sets_the_day(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, who: str
) -> None:
    """Deny a viewer and a stranger what a member may do."""
    sample = restricted(admin, lab, None)
    change = (
        "select api.update_samples(%s, json_build_array("
        "json_build_object('id', %s::bigint, 'restricted_until', '2030-01-01')))"
    )

    with request_as("member", sub=who) as conn:
        refused = refusal_of(conn, change, [lab.group, sample])
    with request_as("member", sub="alice") as conn:
        conn.execute(change, [lab.group, sample])
        row = conn.execute("select restricted_until::text from api.samples").fetchone()

    assert refused[:2] == (403, "group_access_denied")
    assert row == ("2030-01-01",)


@pytest.mark.parametrize(
    ("days", "suffix"), [(1, f" restricted_until={day(1)}"), (0, ""), (None, "")]
)
def test_fasta_says_until_when_a_sequence_is_restricted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, days: int | None, suffix: str
) -> None:
    """Write it after the name, in an export and in a list, for as long as it holds."""
    sample = restricted(admin, lab, days)
    factories.sequence(admin, sample)

    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "select api.export_sequences('SC2'),"
            " (select api.sequences_fasta(sequences) from api.sequences as sequences)"
        ).fetchone()

    assert row == (f">P-1{suffix}\n{factories.GENOME}\n",) * 2


def test_change_of_the_day_is_audited(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record who changed the sample; its results change with it."""
    sample = restricted(admin, lab, None)
    admin.execute("alter table aspen.audit_log disable trigger all")
    admin.execute("delete from aspen.audit_log")

    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set restricted_until = %s", [day(9)])

    rows = admin.execute(
        "select row_id, action, user_id from aspen.audit_log where table_name = 'samples'"
    ).fetchall()
    assert rows == [(sample, "update", lab.alice)]


@pytest.mark.parametrize("assignment", ["restricted_until = '2030-01-01'", "is_private = true"])
def test_patch_returns_from_when_viewers_see_the_sample(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, assignment: str
) -> None:
    """Compute the moment in internal.update_sample as the table does."""
    restricted(admin, lab, None)

    with request_as("member", sub="alice") as conn:
        returned = conn.execute(
            f"update api.samples set {assignment} returning disclosed_at".encode()  # noqa: S608
        ).fetchall()
        stored = conn.execute("select disclosed_at from api.samples").fetchall()

    assert returned == stored


def test_moment_is_set_by_the_server(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Reject it in a PATCH and in a batch, unless it is the present one in a PATCH."""
    sample = restricted(admin, lab, 1)
    batch = f'[{{"id": {sample}, "disclosed_at": "2020-01-01"}}]'

    with request_as("member", sub="alice") as conn:
        answers = [
            refusal_of(conn, "update api.samples set disclosed_at = '2020-01-01T00:00:00Z'")[:2],
            refusal_of(conn, "select api.update_samples(%s, %s)", [lab.group, batch])[:2],
        ]
        conn.execute("update api.samples set disclosed_at = disclosed_at, host = 'x'")

    assert answers == [(400, "read_only_column"), (400, "invalid_sample")]
