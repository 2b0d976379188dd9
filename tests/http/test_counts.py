"""A count never tells of rows that its caller may not see."""

from __future__ import annotations

import httpx
import pytest

from tests.http.world import World, refusal, rows

ESTIMATES = ("planned", "estimated")
# Method, path and body, of every kind of request there is.
REQUESTS: dict[str, tuple[str, str, object]] = {
    "list": ("GET", "/samples?select=id", None),
    "head": ("HEAD", "/samples", None),
    "every resource": ("GET", "/locations", None),
    "OpenAPI": ("GET", "/", None),
    "post": ("POST", "/samples", []),
    "patch": ("PATCH", "/samples?id=eq.0", {"host": "x"}),
    "delete": ("DELETE", "/samples?id=eq.0", None),
    "put": ("PUT", "/locations?id=eq.0", {"id": 0}),
    "get of a function": ("GET", "/rpc/health", None),
    "post to a function": ("POST", "/rpc/health", {}),
}


@pytest.mark.parametrize("count", ESTIMATES)
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("who", ["alice", "olga", "nobody"])
def test_count_by_estimate_is_refused(
    world: World, who: str, method: str, path: str, body: object, count: str
) -> None:
    """Reject it for every resource and every caller."""
    response = world.caller(who).ask(method, path, json=body, prefer=f"count={count}")

    assert response.status_code == 400
    assert response.headers.get("Content-Range", "*/*") == "*/*"
    assert method == "HEAD" or refusal(response) == (400, "count_not_allowed")


@pytest.mark.parametrize(
    "headers",
    [
        [("Prefer", "count=planned"), ("Prefer", "return=minimal")],
        [("Prefer", "return=minimal"), ("Prefer", "count=planned")],
        [("prefer", "count=exact"), ("PREFER", "count=estimated")],
    ],
    ids=["first", "last", "beside another count"],
)
def test_estimate_in_one_of_several_headers_is_refused(
    world: World, headers: list[tuple[str, str]]
) -> None:
    """Join the headers at the edge, because the database sees only one."""
    token = ("Authorization", f"Bearer {world.alice.token}")

    response = httpx.get(f"{world.api.url}/samples", headers=[*headers, token])

    assert refusal(response) == (400, "count_not_allowed")


@pytest.mark.parametrize("count", ESTIMATES)
def test_estimate_is_refused_without_the_edge(world: World, count: str) -> None:
    """Reject it in the database as well."""
    headers = {"Authorization": f"Bearer {world.alice.token}", "Prefer": f"count={count}"}

    response = httpx.get(f"{world.api.direct_url}/samples", headers=headers)

    assert refusal(response) == (400, "count_not_allowed")


def test_estimate_beside_other_preferences_is_refused(world: World) -> None:
    """Find it in a header with several preferences."""
    response = world.alice.get("/samples", prefer="return=minimal, count=planned")

    assert refusal(response) == (400, "count_not_allowed")


def test_exact_count_is_of_the_rows_the_caller_may_see(world: World) -> None:
    """Count one of the group's two samples for its viewer."""
    counts = {}
    for who in ("alice", "vic"):
        response = world.caller(who).get("/samples?select=id&order=id", prefer="count=exact")
        counts[who] = (len(rows(response)), response.headers["Content-Range"])

    assert counts == {"alice": (2, "0-1/2"), "vic": (1, "0-0/1")}
