"""Samples written one by one and in bulk, as JSON and as CSV."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.world import DRY_RUN, REPRESENTATION, World, problems, refusal, rows
from tests.people import BLIND, FULL, NO_CREATOR, PARTIAL

SHORT = "/samples?select=private_identifier,host"
CSV_HEADER = "group_id,pathogen_id,location_id,private_identifier,collection_date"


def csv(world: World, *identifiers: str) -> str:
    """Return valid samples as comma-separated values."""
    lines = (
        f"{world.group},{world.pathogen},{world.france},{identifier},2024-02-01"
        for identifier in identifiers
    )
    return "\n".join([CSV_HEADER, *lines])


def test_posted_sample_comes_back_as_stored(world: World) -> None:
    """Return what the server fills in: the key, and values of caller, group and pathogen."""
    [stored] = rows(world.alice.post("/samples", json=world.sample("a"), prefer=REPRESENTATION))

    assert stored == world.sample("a") | {
        "id": stored["id"],
        "uploaded_by_id": world.users["alice"],
        "is_private": False,
        "public_identifier": f"hCoV-19/France/LAB-{world.name}-{stored['id']}"
        f"/{stored['created_at'][:4]}",
        "sample_collected_by": f"lab-{world.name}",
        "sample_collector_contact_email": None,
        "sample_collector_contact_address": None,
        "authors": [f"lab-{world.name}"],
        "organism": stored["organism"],
        "host": None,
        "purpose_of_sampling": None,
        "specimen_processing": None,
        "restricted_until": None,
        "disclosed_at": "1900-01-01T00:00:00+00:00",
        "created_at": stored["created_at"],
        "updated_at": stored["updated_at"],
    }


def test_posted_sample_is_stored(world: World) -> None:
    """Return no body unless asked for one."""
    response = world.alice.post("/samples", json=world.sample("kept"))

    assert (response.status_code, response.content) == (201, b"")
    assert len(rows(world.alice.get("/samples?private_identifier=eq.kept"))) == 1


def test_dry_run_stores_nothing(world: World) -> None:
    """Check and answer everything, then roll back."""
    stored = world.count()

    response = world.alice.post("/samples", json=world.sample("dry"), prefer=REPRESENTATION)

    assert response.headers["Preference-Applied"] == "return=representation, tx=rollback"
    assert world.count() == stored


def test_location_header_leads_to_the_new_sample(world: World) -> None:
    """Name it with return=headers-only."""
    response = world.alice.post(
        "/samples", json=world.sample("found"), prefer="return=headers-only"
    )
    [found] = rows(world.alice.get(response.headers["Location"]))

    assert (response.content, found["private_identifier"]) == (b"", "found")


def test_batch_is_stored_in_its_order(world: World) -> None:
    """Assign ascending ids in the order of the rows."""
    batch = [world.sample(identifier) for identifier in ("c", "a", "b")]

    stored = rows(world.alice.post("/samples", json=batch, prefer=f"{REPRESENTATION},count=exact"))

    assert [row["private_identifier"] for row in sorted(stored, key=lambda row: row["id"])] == [
        "c",
        "a",
        "b",
    ]


def test_columns_parameter_leaves_the_rest_of_the_body_out(world: World) -> None:
    """Ignore keys that are not among columns."""
    columns = ",".join(world.sample(""))
    body = [world.sample("a", host="Human", note="not a column")]

    response = world.alice.post(f"{SHORT}&columns={columns}", json=body, prefer=REPRESENTATION)

    assert rows(response) == [{"private_identifier": "a", "host": None}]


def test_columns_parameter_lets_keys_differ(world: World) -> None:
    """Store null for a column that a row lacks."""
    columns = ",".join([*world.sample(""), "host"])
    body = [world.sample("a", host="Human"), world.sample("b")]

    response = world.alice.post(f"{SHORT}&columns={columns}", json=body, prefer=REPRESENTATION)

    assert rows(response) == [
        {"private_identifier": "a", "host": "Human"},
        {"private_identifier": "b", "host": None},
    ]


def test_missing_column_takes_its_default_when_asked(world: World) -> None:
    """Use the defaults of the view with missing=default."""
    columns = ",".join([*world.sample(""), "is_private", "authors"])
    body = [world.sample("a"), world.sample("b", is_private=True, authors=["A. Author"])]

    response = world.alice.post(
        f"/samples?select=is_private,authors&columns={columns}",
        json=body,
        prefer=f"{REPRESENTATION},missing=default",
    )

    assert rows(response) == [
        {"is_private": False, "authors": [f"lab-{world.name}"]},
        {"is_private": True, "authors": ["A. Author"]},
    ]


def test_new_sample_embeds_its_neighbours(world: World) -> None:
    """Return what a page of the list shows."""
    response = world.alice.post(
        "/samples?select=private_identifier,location:locations(country)",
        json=world.sample("a"),
        prefer=REPRESENTATION,
    )

    assert rows(response) == [{"private_identifier": "a", "location": {"country": "France"}}]


def test_csv_is_stored(world: World) -> None:
    """Accept a file exported from a spreadsheet, with either line end."""
    content = csv(world, "a", "b").replace("\n", "\r\n")

    response = world.alice.post_csv(SHORT, content, prefer=REPRESENTATION)

    assert rows(response) == [
        {"private_identifier": "a", "host": None},
        {"private_identifier": "b", "host": None},
    ]


def test_csv_says_null_in_capitals(world: World) -> None:
    """Read an empty cell as null as well, as in every other column."""
    lines = csv(world, "a", "b").splitlines()
    content = "\n".join(
        f"{line},{host}" for line, host in zip(lines, ("host", "NULL", ""), strict=True)
    )

    response = world.alice.post_csv(SHORT, content, prefer=REPRESENTATION)

    assert rows(response) == [
        {"private_identifier": "a", "host": None},
        {"private_identifier": "b", "host": None},
    ]


@pytest.mark.parametrize("who", FULL)
def test_members_change_samples(world: World, who: str) -> None:
    """Accept members of a group with a granted member role."""
    response = world.caller(who).patch(
        f"{SHORT}&id=eq.{world.open}", json={"host": "Human"}, prefer=REPRESENTATION
    )

    assert rows(response) == [{"private_identifier": f"open-{world.name}", "host": "Human"}]


def test_change_of_nothing_changes_nothing(world: World) -> None:
    """Accept an empty object, which names no columns."""
    response = world.alice.patch(f"{SHORT}&id=eq.{world.open}", json={}, prefer=REPRESENTATION)

    assert rows(response) == []


def test_change_of_many_is_one_request(world: World) -> None:
    """Change the rows that the filter selects, or all that the caller may change."""
    response = world.alice.patch(
        f"/samples?select=id&id=in.({world.open},{world.hidden})&order=id",
        json={"host": "Human"},
        prefer=f"{REPRESENTATION},count=exact",
    )

    assert (sorted(row["id"] for row in rows(response)), response.headers["Content-Range"]) == (
        [world.open, world.hidden],
        "0-1/2",
    )


def test_emptied_public_identifier_is_generated(world: World) -> None:
    """Generate it as for a new sample."""
    response = world.alice.patch(
        f"/samples?select=public_identifier,created_at&id=eq.{world.open}",
        json={"public_identifier": ""},
        prefer=REPRESENTATION,
    )
    [changed] = rows(response)

    assert changed["public_identifier"].startswith(f"hCoV-19/France/LAB-{world.name}-{world.open}/")


@pytest.mark.parametrize("who", FULL)
def test_members_delete_samples(world: World, who: str) -> None:
    """Delete all rows that belong to them."""
    response = world.caller(who).delete(
        f"/samples?select=id&id=eq.{world.open}", prefer=REPRESENTATION
    )

    assert rows(response) == [{"id": world.open}]


def test_deleted_sample_is_gone_with_its_sequence(world: World) -> None:
    """Leave nothing of it in any list."""
    sample = world.bare_sample()
    world.alice.post("/sequences", json=world.sequence(sample)).raise_for_status()

    response = world.alice.delete(f"/samples?id=eq.{sample}")

    assert (response.status_code, response.content) == (204, b"")
    assert rows(world.alice.get(f"/sequences?sample_id=eq.{sample}")) == []


NOT_THEIRS = {
    "change": ("PATCH", {"json": {"host": "x"}}),
    "delete": ("DELETE", {}),
}


@pytest.mark.parametrize("who", PARTIAL)
@pytest.mark.parametrize(("method", "options"), NOT_THEIRS.values(), ids=NOT_THEIRS.keys())
def test_viewers_may_not_write_what_they_see(
    world: World, method: str, options: dict[str, Any], who: str
) -> None:
    """Answer 403, because the row is no secret."""
    response = world.caller(who).ask(
        method, f"/samples?id=eq.{world.open}", prefer=DRY_RUN, **options
    )

    assert refusal(response) == (403, "group_access_denied")


UNSEEN = [*((who, "open") for who in BLIND), *((who, "hidden") for who in (*PARTIAL, *BLIND))]


@pytest.mark.parametrize(("who", "sample"), UNSEEN)
@pytest.mark.parametrize(("method", "options"), NOT_THEIRS.values(), ids=NOT_THEIRS.keys())
def test_hidden_sample_is_not_found(
    world: World, method: str, options: dict[str, Any], who: str, sample: str
) -> None:
    """Answer as for a row that does not exist."""
    caller = world.caller(who)

    unseen, absent = (
        caller.ask(method, f"/samples?id=eq.{sample_id}", prefer=REPRESENTATION, **options)
        for sample_id in (getattr(world, sample), 0)
    )

    assert (rows(unseen), unseen.status_code) == (rows(absent), absent.status_code) == ([], 200)


@pytest.mark.parametrize("who", NO_CREATOR)
def test_creating_takes_a_direct_role_of_member(world: World, who: str) -> None:
    """Reject a granted member, who may only change samples."""
    response = world.caller(who).post("/samples", json=world.sample("a"), prefer=DRY_RUN)

    assert problems(response) == (403, "group_access_denied", {"group_id": world.group})


def test_creating_in_an_unknown_group_is_refused_alike(world: World) -> None:
    """Answer as for another group, so that no caller learns which groups exist."""
    response = world.alice.post(
        "/samples", json=world.sample("a", group_id=999999999), prefer=DRY_RUN
    )

    assert problems(response) == (403, "group_access_denied", {"group_id": 999999999})


def test_sample_stays_in_its_group(world: World) -> None:
    """Reject moving it even by a member of both groups."""
    both = world.caller("ada", groups={world.group: "admin", world.other: "admin"})

    response = both.patch(
        f"/samples?id=eq.{world.open}", json={"group_id": world.other}, prefer=DRY_RUN
    )

    assert problems(response) == (400, "read_only_column", {"id": world.open})


@pytest.mark.parametrize("column", ["id", "uploaded_by_id", "created_at", "updated_at"])
def test_columns_of_the_server_cannot_be_set(world: World, column: str) -> None:
    """Reject them even with their present values."""
    value = "2024-02-01" if column.endswith("_at") else world.users["vic"]

    response = world.alice.patch(
        f"/samples?id=eq.{world.open}", json={column: value}, prefer=DRY_RUN
    )

    assert refusal(response) == (400, "read_only_column")


UPSERTS = {
    "by the keys": "/samples?on_conflict=group_id,private_identifier",
    "by the primary key": "/samples",
}


@pytest.mark.parametrize("path", UPSERTS.values(), ids=UPSERTS.keys())
def test_native_upsert_is_refused(world: World, path: str) -> None:
    """Reject it, because PostgreSQL allows no on conflict on a masked view; use create_samples."""
    response = world.alice.post(
        path, json=world.sample("a"), prefer=f"{DRY_RUN},resolution=merge-duplicates"
    )

    assert refusal(response) == (400, "42P10")
