"""A function of the API is called where a test executes or requests it, not where it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog.api_calls import called_functions

CALLS = {
    "a statement": 'conn.execute("select * from api.thaw(id => 1)")',
    "a statement in two literals": 'conn.execute("select * from"\n    " api.thaw(1)")',
    "a statement of a constant": 'THAW = "select api.thaw(%s)"\nconn.execute(THAW, [1])',
    "a statement with a constant in it": 'ID = 1\nconn.execute(f"select api.thaw({ID})")',
    "a statement that must fail": 'refusal_of(conn, "select api.thaw(%s)", [1])',
    "a composed statement": 'sql.SQL("select api.thaw({})").format(value)',
    "a request": 'rows(world.alice.post("/rpc/thaw", json={}))',
    "a request with a query": 'world.alice.get(f"/rpc/thaw?id={world.open}")',
    "a request by a constant": 'PATH = "/rpc/thaw"\nworld.alice.ask("POST", PATH)',
    "a computed field": 'world.alice.get("/samples?select=id,thaw&order=id")',
    "an embedded computed field": 'world.alice.get("/samples?select=id,qc:metrics(thaw)")',
    "a client": 'client.rpc("thaw", {"id": 1})',
}
NO_CALLS = {
    "a docstring": '"""Run select api.thaw(1) and post to /rpc/thaw."""',
    "a comment": '# conn.execute("select api.thaw(1)")',
    "a list of names": 'FUNCTIONS = ["/rpc/thaw", "api.thaw()"]',
    "a constant nobody uses": 'THAW = "select api.thaw(1)"\nconn.execute(OTHER)',
    "a comparison": 'assert error == "api.thaw(1)"',
    "an argument of something else": 'print("select api.thaw(1)", "/rpc/thaw")',
    "a longer name": 'conn.execute("select api.thaw_all(1)")\nworld.alice.post("/rpc/thaw_all")',
    "a filter": 'world.alice.get("/samples?thaw=eq.1&select=id")',
}


def called_in(tests: Path, text: str, name: str = "sql/test_it.py") -> bool:
    """Tell whether a test file of this text calls api.thaw."""
    (tests / name).parent.mkdir(parents=True)
    (tests / name).write_text(text)
    return "thaw" in called_functions(tests)


@pytest.mark.parametrize("text", CALLS.values(), ids=CALLS)
def test_call_is_found(tmp_path: Path, text: str) -> None:
    """Find the ways in which tests call a function."""
    assert called_in(tmp_path, text)


@pytest.mark.parametrize("text", NO_CALLS.values(), ids=NO_CALLS)
def test_name_without_a_call_is_not_found(tmp_path: Path, text: str) -> None:
    """Ignore text that only names the function, most of which a search for text would find."""
    assert not called_in(tmp_path, text)


def test_call_of_a_client_in_javascript_is_found(tmp_path: Path) -> None:
    """Find a call by the method of the client."""
    assert called_in(tmp_path, 'client.rpc("thaw", { id: 1 })', "clients/scenarios.mjs")


def test_call_in_the_catalogue_tests_is_not_counted(tmp_path: Path) -> None:
    """Ignore them: they try rights on every function, not what it does."""
    assert not called_in(tmp_path, CALLS["a statement"], "catalog/test_it.py")
