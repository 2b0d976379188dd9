"""A PATCH or DELETE of more rows than the client meant changes nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests import factories
from tests.http.world import DRY_RUN, World, problems, refusal

STRICT = "handling=strict, max-affected={}"
CHANGES: dict[str, dict[str, Any]] = {"PATCH": {"json": {"host": "Human"}}, "DELETE": {}}


def store(world: World, label: str, count: int) -> str:
    """Store samples of the group; return the path that selects them."""
    for number in range(count):
        world.bare_sample(f"{label}-{number}")
    return f"/samples?group_id=eq.{world.group}&private_identifier=like.{label}-*"


@pytest.mark.parametrize(("method", "options"), CHANGES.items(), ids=CHANGES)
def test_change_without_its_filter_is_refused(
    world: World, method: str, options: dict[str, Any]
) -> None:
    """Name the limit, how many rows were hit at least, and what to do."""
    path = store(world, f"all-{method}", 101)
    before = world.alice.get(path).json()

    response = world.alice.ask(method, path, **options)

    assert response.json() == {
        "code": "PGRST124",
        "message": "Nothing was changed: the request affects more rows than it may",
        "details": '{"at_most" : 100, "affected_at_least" : 101}',
        "hint": "Filter the rows, or send Prefer: max-affected=N with the number of rows you mean.",
    }
    assert (response.status_code, world.alice.get(path).json()) == (400, before)


@pytest.mark.parametrize("prefer", ["max-affected={}", STRICT, "Max-Affected={}, handling=strict"])
@pytest.mark.parametrize(("method", "options"), CHANGES.items(), ids=CHANGES)
def test_change_of_as_many_rows_as_meant_is_done(
    world: World, method: str, options: dict[str, Any], prefer: str
) -> None:
    """Accept the preference beside handling=strict, which PostgREST 12 does not."""
    path = store(world, f"meant-{method}-{len(prefer)}-{prefer[0]}", 101)

    response = world.alice.ask(method, path, prefer=prefer.format(101) + ", count=exact", **options)

    assert response.status_code == 204
    assert response.headers["Content-Range"] in ("0-100/101", "*/101")


@pytest.mark.parametrize("prefer", ["max-affected={}", STRICT])
@pytest.mark.parametrize(("method", "options"), CHANGES.items(), ids=CHANGES)
def test_change_of_one_row_more_than_meant_is_refused(
    world: World, method: str, options: dict[str, Any], prefer: str
) -> None:
    """Count exactly."""
    path = store(world, f"more-{method}-{len(prefer)}", 3)

    response = world.alice.ask(method, path, prefer=prefer.format(2), **options)

    assert problems(response) == (400, "PGRST124", {"at_most": 2, "affected_at_least": 3})


def test_strict_handling_still_rejects_what_nobody_knows(world: World) -> None:
    """Take out one preference only."""
    path = f"/samples?id=eq.{world.open}"

    response = world.alice.delete(path, prefer="handling=strict, max-affected=1, colour=red")

    assert refusal(response) == (400, "PGRST122")


def test_number_in_one_of_several_headers_is_read(world: World) -> None:
    """Join the headers at the edge, because the database sees only one."""
    headers = [
        ("Prefer", "max-affected=1"),
        ("Prefer", f"{DRY_RUN}, handling=strict"),
        ("Authorization", f"Bearer {world.alice.token}"),
    ]

    response = httpx.patch(f"{world.api.url}/samples", headers=headers, json={"host": "Human"})

    assert problems(response) == (400, "PGRST124", {"at_most": 1, "affected_at_least": 2})


def test_client_cannot_send_the_header_of_the_edge(world: World) -> None:
    """Believe the preference that PostgREST would obey."""
    response = world.alice.delete(
        "/samples", prefer="max-affected=1", headers={"Aspen-Prefer": "max-affected=9999"}
    )

    assert refusal(response) == (400, "PGRST124")


def test_limit_holds_without_the_edge(world: World) -> None:
    """Count in the database."""
    headers = {"Authorization": f"Bearer {world.alice.token}", "Prefer": "max-affected=1"}

    response = httpx.delete(f"{world.api.direct_url}/samples", headers=headers)

    assert problems(response) == (400, "PGRST124", {"at_most": 1, "affected_at_least": 2})


@pytest.mark.parametrize(("method", "options"), CHANGES.items(), ids=CHANGES)
def test_malformed_number_is_refused(world: World, method: str, options: dict[str, Any]) -> None:
    """Do not guess how many rows the client meant."""
    path = f"/samples?id=eq.{world.open}"

    response = world.alice.ask(method, path, prefer="max-affected=many", **options)

    assert problems(response) == (400, "invalid_preference", {"max-affected": "many"})


def test_every_request_counts_from_the_beginning(world: World) -> None:
    """Change sixty rows twice on one connection."""
    path = store(world, "twice", 60)
    headers = {"Authorization": f"Bearer {world.alice.token}"}

    with httpx.Client(base_url=world.api.url, headers=headers) as client:
        answers = [client.patch(path, json={"host": host}) for host in ("a", "b")]

    assert [answer.status_code for answer in answers] == [204, 204]


def test_rows_of_another_group_are_not_counted(world: World) -> None:
    """Change the own row where another group has two with the same text."""
    for number in range(2):
        factories.sample(world.conn, world.other, f"shared-{number}", organism="Shared virus")
    factories.sample(world.conn, world.group, "shared", organism="Shared virus")

    response = world.alice.patch(
        "/samples?organism=eq.Shared virus",
        json={"host": "Human"},
        prefer="max-affected=1, count=exact",
    )

    assert (response.status_code, response.headers["Content-Range"]) == (204, "0-0/1")


def test_viewer_learns_nothing_from_the_limit(world: World) -> None:
    """Answer as without the preference: a viewer may change no sample."""
    response = world.vic.delete("/samples", prefer="max-affected=1")

    assert refusal(response) == (403, "group_access_denied")


def test_operator_is_bounded_on_reference_data(world: World) -> None:
    """Refuse to delete all lineages at once."""
    for number in range(2):
        factories.lineage_name(world.conn, world.pathogen, f"bounded.{world.name}.{number}")
    path = f"/lineages?lineage=like.bounded.{world.name}.*"

    refused = world.olga.delete(path, prefer="max-affected=1")
    done = world.olga.delete(path, prefer="max-affected=2, count=exact")

    assert problems(refused) == (400, "PGRST124", {"at_most": 1, "affected_at_least": 2})
    assert (done.status_code, done.headers["Content-Range"]) == (204, "*/2")


def test_preference_does_not_spoil_a_list(world: World) -> None:
    """Ignore it where nothing is changed, in JSON and in CSV."""
    answers = [
        world.alice.get("/samples?select=id", prefer=STRICT.format(1), accept=accept)
        for accept in ("application/json", "text/csv")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
