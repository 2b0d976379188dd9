"""The history of samples over HTTP: who sees it, how it is searched, and what it brings back."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.factories import GENOME
from tests.http.world import World, refusal, rows
from tests.names import unique

VALUES = "select=action,old_values,new_values"


def changed_sample(world: World, *hosts: str) -> int:
    """Store a sample and change its host again and again, as Alice."""
    sample: int = world.bare_sample(f"history-{unique()}")
    for host in hosts:
        world.alice.patch(f"/samples?id=eq.{sample}", json={"host": host}).raise_for_status()
    return sample


def history(world: World, sample: int, query: str = VALUES, who: str = "alice") -> Any:
    """Return the changes of a sample as one of PEOPLE sees them."""
    return rows(
        world.caller(who).get(f"/changes?resource=eq.samples&row_id=eq.{sample}&order=id&{query}")
    )


def test_changes_are_listed_with_their_values_request_and_author(world: World) -> None:
    """Name the request by the id that the answer has."""
    sample = changed_sample(world, "bat")
    answer = world.alice.patch(f"/samples?id=eq.{sample}", json={"host": "cat"})

    last = history(world, sample, "select=old_values,new_values,request_id,changed_by->>name")[-1]
    assert last == {
        "old_values": {"host": "bat"},
        "new_values": {"host": "cat"},
        "request_id": answer.headers["x-request-id"],
        "name": f"Alice-{world.name}",
    }


def test_changes_are_read_page_by_page(world: World) -> None:
    """Go on after the last id, the newest first."""
    sample = changed_sample(world, "a", "b", "c")
    path = f"/changes?resource=eq.samples&row_id=eq.{sample}&order=id.desc&limit=2"
    first = rows(world.alice.get(path))
    second = rows(world.alice.get(f"{path}&id=lt.{first[-1]['id']}"))

    hosts = [change["new_values"] for change in first + second]
    assert hosts == [{"host": "c"}, {"host": "b"}, {"host": "a"}, None]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("changed_at=lt.2000-01-01", 0),
        ("changed_at=gte.2000-01-01", 3),
        ("action=eq.update", 2),
        ("changed_by_id=is.null", 1),
        ("changed_by_id=not.is.null", 2),
        ("new_values->>host=eq.b", 1),
    ],
)
def test_changes_are_filtered(world: World, query: str, count: int) -> None:
    """Filter by time, action, author and value."""
    sample = changed_sample(world, "a", "b")

    assert len(history(world, sample, query)) == count


@pytest.mark.parametrize("who", ["ada", "alice", "otto"])
def test_members_see_the_history(world: World, who: str) -> None:
    """Show it to direct members and admins, also to an operator who is one."""
    assert len(history(world, changed_sample(world, "bat"), who=who)) == 2


@pytest.mark.parametrize("who", ["vic", "gus", "pat", "gwen", "bob", "olga"])
def test_others_see_no_history(world: World, who: str) -> None:
    """Show nothing to viewers, strangers and operators, or by a grant of any role."""
    assert history(world, changed_sample(world, "bat"), who=who) == []


@pytest.mark.parametrize("query", ["changed_at=gt.yesterday", "changed_at=eq.3/4/2021"])
def test_bad_time_in_a_filter_is_refused(world: World, query: str) -> None:
    """Read times in ISO 8601 only."""
    assert refusal(world.alice.get(f"/changes?{query}")) == (400, "invalid_value")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_history_is_not_written_by_clients(world: World, method: str) -> None:
    """Refuse it even to an admin."""
    answer = world.ada.ask(method, "/changes?id=eq.1", json={"action": "insert"})

    assert refusal(answer) == (403, "42501")


def test_deleted_samples_are_found_and_restored(world: World) -> None:
    """Find the id of a deleted sample by its name in the history."""
    name = f"lost-{unique()}"
    sample = world.bare_sample(name)
    factories.sequence(world.conn, sample)
    world.alice.delete(f"/samples?id=eq.{sample}").raise_for_status()

    found = rows(
        world.alice.get(
            f"/changes?action=eq.delete&old_values->>private_identifier=eq.{name}&select=row_id"
        )
    )
    body = {"group_id": world.group, "ids": [found[0]["row_id"]]}
    answer = rows(world.alice.post("/rpc/restore_samples", json=body))

    stored = rows(world.alice.get(f"/sequences?sample_id=eq.{sample}&select=sequence"))
    assert [(row["id"], row["has_restored_sequence"]) for row in answer] == [(sample, True)]
    assert stored == [{"sequence": GENOME}]


def test_overwritten_sequence_comes_back(world: World) -> None:
    """Take back an upload that replaced a sequence and a name."""
    sample = changed_sample(world, "bat")
    factories.sequence(world.conn, sample)
    row = world.conn.execute("select clock_timestamp()").fetchone()
    assert row is not None
    moment = row[0].isoformat()
    for path, change in (
        (f"/samples?id=eq.{sample}", {"host": "cat"}),
        (f"/sequences?sample_id=eq.{sample}", {"sequence": "TTGA" * 250}),
    ):
        world.alice.patch(path, json=change).raise_for_status()

    batch = {"group_id": world.group, "ids": [sample], "at": moment}
    world.alice.post("/rpc/restore_samples", json=batch).raise_for_status()

    stored = rows(world.alice.get(f"/samples?id=eq.{sample}&select=host,sequences(sequence)"))
    assert stored == [{"host": "bat", "sequences": {"sequence": GENOME}}]


@pytest.mark.parametrize("who", ["vic", "gus", "pat", "gwen", "bob", "olga"])
def test_others_restore_nothing(world: World, who: str) -> None:
    """Refuse everybody without a direct role of member or admin."""
    sample = world.bare_sample(f"lost-{unique()}")
    world.conn.execute("delete from aspen.samples where id = %s", [sample])

    answer = world.caller(who).post(
        "/rpc/restore_samples", json={"group_id": world.group, "ids": [sample]}
    )

    assert refusal(answer) == (403, "group_access_denied")


def test_past_samples_are_filtered_like_samples(world: World) -> None:
    """Filter, select and embed what samples were."""
    sample = changed_sample(world, "bat")
    row = world.conn.execute("select clock_timestamp()").fetchone()
    assert row is not None
    world.alice.patch(f"/samples?id=eq.{sample}", json={"host": "cat"}).raise_for_status()
    past = rows(
        world.alice.get(
            "/rpc/samples_as_of",
            params={
                "at": row[0].isoformat(),
                "group_id": world.group,
                "id": f"eq.{sample}",
                "select": "id,host,owner->>name,pathogens(slug)",
            },
        )
    )

    assert past == [
        {"id": sample, "host": "bat", "name": f"lab-{world.name}", "pathogens": {"slug": "SC2"}}
    ]


@pytest.mark.parametrize("who", ["vic", "gwen", "bob", "olga"])
def test_others_see_no_past_samples(world: World, who: str) -> None:
    """Refuse the group, whose private rows they might otherwise see."""
    answer = world.caller(who).get(f"/rpc/samples_as_of?at=2999-01-01&group_id={world.group}")

    assert refusal(answer) == (403, "group_access_denied")
