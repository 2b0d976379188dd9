"""`control db shell` asks as role control or as a user, and writes only where it may."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.http.world import World
from tests.servers import Api, Database

COUNT = "query('select count(*) from samples where group_id = %s', {group}{who})"
CHANGE = (
    "query('update groups set address = %s where id = %s returning address', 'gone', {group},"
    " as_user='ada-{name}')"
)
LOOK = "query('select address from groups where id = %s', {group})"


def shell(api: Api, code: str, *options: str) -> Result:
    """Run one line in the shell."""
    environment = {
        **api.database.environment,
        "ASPEN_API_URL": api.url,
        "ASPEN_KEYS_DIR": f"{api.keys.directory}",
    }
    return CliRunner().invoke(cli, ["db", "shell", *options, "-c", code], env=environment)


def test_query_has_the_rights_of_its_user(api: Api, world: World) -> None:
    """See what the member sees, who is no stranger; role control sees all."""
    with api.database.connect() as conn:
        factories.sample(conn, world.group, is_private=True)

    counts = [
        json.loads(shell(api, COUNT.format(group=world.group, who=who), "--json").stdout)
        for who in ("", f", as_user='alice-{world.name}'", f", as_user='bob-{world.name}'")
    ]

    assert counts[0] == counts[1] != [{"count": 0}]
    assert counts[2] == [{"count": 0}]


def test_request_is_sent_as_its_user(api: Api, world: World) -> None:
    """Sign a token for a user; without one the API refuses."""
    mine = shell(api, f"api('GET /me', as_user='alice-{world.name}')", "--json")
    nobody = shell(api, "api('GET /samples')")

    assert json.loads(mine.stdout)[0]["subject"] == f"alice-{world.name}"
    assert (nobody.exit_code, "GET /samples: 401" in nobody.stderr) == (1, True)


def test_request_needs_keys(database: Database) -> None:
    """Sign nothing where an identity provider does."""
    environment = {
        **database.environment,
        "ASPEN_API_URL": "http://127.0.0.1:9",
        "ASPEN_KEYS_DIR": "/nowhere",
    }
    code = "api('GET /me', as_user='alice')"
    done = CliRunner().invoke(cli, ["db", "shell", "-c", code], env=environment)

    assert (done.exit_code, "no signing keys in" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("conn.execute('delete from webhooks') and None", "read-only transaction"),
        ("api('DELETE /samples?id=eq.0')", "DELETE may write"),
    ],
)
def test_shell_writes_only_when_told(api: Api, code: str, refusal: str) -> None:
    """Refuse it outside the local stack, by either way."""
    reading, writing = shell(api, code), shell(api, code, "--write")

    assert (reading.exit_code, refusal in reading.stderr) == (1, True)
    assert refusal not in writing.stderr


def test_write_as_a_user_is_rolled_back(api: Api, world: World) -> None:
    """Show what a user may write, and keep nothing of it."""
    change = CHANGE.format(group=world.group, name=world.name)
    look = LOOK.format(group=world.group)
    changed, after = shell(api, change, "--write", "--json"), shell(api, look, "--json")

    assert json.loads(changed.stdout) == [{"address": "gone"}]
    assert json.loads(after.stdout) != [{"address": "gone"}]


def test_profile_prints_queries_without_their_values(api: Api) -> None:
    """Print what begins a request as well, on stderr."""
    done = shell(api, "query('select %s::text as word', 'secret')", "--profile")

    assert done.stdout == "[{'word': 'secret'}]\n"
    assert " ms  select %s::text as word\n" in done.stderr
    assert "secret" not in done.stderr


def test_mistake_in_the_code_is_told(api: Api) -> None:
    """Name it, as the command line names other failures."""
    done = shell(api, "1 +")

    assert (done.exit_code, "SyntaxError" in done.stderr) == (1, True)


def test_columns_of_one_name_are_refused(api: Api) -> None:
    """Lose no column without a word."""
    done = shell(api, "query('select 1 as a, 2 as a')")

    assert (done.exit_code, "two columns have the same name" in done.stderr) == (1, True)


PANDAS = """
class DataFrame:
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns

    def to_dict(self, form):
        return {"form": form, "columns": self.columns, "rows": self.rows}
"""


def test_rows_become_a_data_frame_where_pandas_is(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hand over rows and the order of columns; a stand-in, because pandas is 60 MB."""
    code = "query('select 1 as b, 2 as a')"
    without = shell(api, code, "--json")
    (tmp_path / "pandas.py").write_text(PANDAS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pandas", raising=False)

    found = shell(api, code, "--json")

    monkeypatch.undo()
    sys.modules.pop("pandas", None)
    assert json.loads(without.stdout) == [{"b": 1, "a": 2}]
    assert json.loads(found.stdout) == {
        "form": "records",
        "columns": ["b", "a"],
        "rows": [{"b": 1, "a": 2}],
    }
