"""Why somebody sees a row or does not, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.world import World, problems, refusal, rows

PATH = "/rpc/explain_access"


def question(world: World, sample: int, who: str) -> dict[str, Any]:
    """Return the arguments of a question about a sample and a person."""
    return {"resource": "samples", "id": sample, "user_id": world.users[who]}


def verdict(world: World, asker: str, sample: int, who: str) -> str:
    """Return what somebody is told about a sample and a person."""
    answer = world.caller(asker).post(PATH, json=question(world, sample, who))
    last: dict[str, str] = rows(answer)[-1]
    assert last["step"] == "verdict"
    return last["outcome"]


@pytest.mark.parametrize("asker", ["ada", "olga"])
@pytest.mark.parametrize("who", ["ada", "alice", "vic", "gwen", "pat", "gus", "otto", "dina"])
def test_verdict_is_what_a_request_shows(world: World, asker: str, who: str) -> None:
    """Compare it with the list of samples that the person gets, if any."""
    listed = world.caller(who).get("/samples?select=id")
    seen = {one["id"] for one in rows(listed)} if listed.is_success else set()

    assert listed.is_success or refusal(listed) == (401, "user_disabled")
    assert {
        sample: verdict(world, asker, sample, who) for sample in (world.open, world.hidden)
    } == {
        sample: "visible" if sample in seen else "hidden" for sample in (world.open, world.hidden)
    }


def test_get_answers_what_post_answers(world: World) -> None:
    """Read in a transaction that may not write, and filter the steps."""
    asked = question(world, world.hidden, "vic")
    posted = rows(world.ada.post(PATH, json=asked))

    assert rows(world.ada.get(PATH, params=asked)) == posted
    assert rows(world.ada.get(PATH, params=asked | {"outcome": "eq.hidden"})) == posted[-1:]


def test_questions_leave_the_next_request_as_it_was(world: World) -> None:
    """Show the asker and others on the same connections their own rows only."""
    before = [rows(world.caller(who).get("/samples?select=id")) for who in ("ada", "olga", "bob")]
    for _ in range(25):
        rows(world.olga.post(PATH, json=question(world, world.hidden, "ada")))

    after = [rows(world.caller(who).get("/samples?select=id")) for who in ("ada", "olga", "bob")]
    assert after == before
    assert before[1] == []


@pytest.mark.parametrize("who", ["alice", "vic", "gwen", "pat", "gus", "bob"])
def test_row_is_absent_for_others(world: World, who: str) -> None:
    """Answer about one's own access too as if there were no row."""
    answer = world.caller(who).post(PATH, json=question(world, world.open, who))

    assert problems(answer) == (404, "row_not_found", {"resource": "samples", "id": world.open})


def test_admin_elsewhere_finds_no_row_of_the_lab(world: World) -> None:
    """Let Bob ask about his own group, and not about the lab."""
    own = world.bob.post(PATH, json=question(world, world.foreign, "bob"))
    foreign = world.bob.post(PATH, json=question(world, world.open, "bob"))

    assert rows(own)[-1]["outcome"] == "visible"
    assert refusal(foreign) == (404, "row_not_found")


def test_stranger_is_as_absent_as_nobody(world: World) -> None:
    """Tell an admin nothing about who exists elsewhere, and an operator all."""
    stranger = world.ada.post(PATH, json=question(world, world.open, "bob"))
    nobody = world.ada.post(PATH, json=question(world, world.open, "bob") | {"user_id": 0})

    assert (refusal(stranger), stranger.json()["hint"]) == (refusal(nobody), nobody.json()["hint"])
    assert refusal(nobody) == (404, "user_not_found")
    assert verdict(world, "olga", world.open, "bob") == "hidden"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"resource": "colours"}, (400, "invalid_argument")),
        ({"resource": "samples'; drop table x"}, (400, "invalid_argument")),
        ({"resource": None}, (400, "invalid_argument")),
        ({"resource": "x" * 100000}, (400, "invalid_argument")),
        ({"id": None}, (404, "row_not_found")),
        ({"id": 2**63 - 1}, (404, "row_not_found")),
        ({"id": 2**63}, (400, "22003")),
        ({"id": "one"}, (400, "22P02")),
        ({"user_id": "one"}, (400, "22P02")),
        ({"user_id": -1}, (404, "user_not_found")),
        ({"colour": 1}, (404, "PGRST202")),
    ],
)
def test_bad_questions_are_refused(
    world: World, changed: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Answer each with a status below 500."""
    asked = question(world, world.open, "vic") | changed

    assert refusal(world.ada.post(PATH, json=asked)) == expected


def test_question_without_a_token_is_refused(world: World) -> None:
    """Require a token, as elsewhere."""
    answer = world.nobody.post(PATH, json=question(world, world.open, "vic"))

    assert answer.status_code == 401
