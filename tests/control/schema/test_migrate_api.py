"""`control migrate up` and the PostgREST in front of the database."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from control.schema import api_reload
from control.stack.ports import HOST, any_free
from tests.control.schema.checkout import Checkout, eventually
from tests.servers import SETTINGS, Api, Database, run_api

GREETING = """\
create function api.greeting() returns text language sql stable
begin atomic
    select 'hello';
end;

grant execute on function api.greeting() to anon;
"""


@pytest.fixture
def own_api(tmp_path: Path, database: Database) -> Iterator[Api]:
    """Start a PostgREST over this test's database."""
    with run_api(database, tmp_path / "api") as api:
        yield api


@pytest.fixture
def checkout(tmp_path: Path, database: Database) -> Checkout:
    """Copy this checkout, free to be changed."""
    return Checkout.copy_of(SETTINGS.root, tmp_path / "checkout", database)


def with_api_url(checkout: Checkout, url: str) -> Checkout:
    """Tell the same checkout where the API is."""
    return replace(checkout, extra_environment={"ASPEN_API_URL": url})


def answers_until(done: Event, api: Api, paths: Sequence[str], token: str) -> set[tuple[str, int]]:
    """Collect every status of these paths while somebody keeps asking for one after the other."""
    answers = set()
    for path in itertools.cycle(paths):
        answers.add((path, api.get(path, token).status_code))
        if done.is_set() and len(answers) >= len(paths):
            return answers
    return answers


def change_every_file(checkout: Checkout) -> None:
    """Have the next load make every view, policy and trigger again."""
    for folder, kind in (("api/views", "view"), ("policies", "policy")):
        for path in (checkout.root / "sql" / folder).glob("*.sql"):
            # A table may have all its policies from structure.sql.
            if named := re.search(rf"{kind} (api\.\w+|\w+ on aspen\.\w+)", path.read_text()):
                comment = f"\ncomment on {kind} {named[1]} is 'Another';\n"
                checkout.append(f"sql/{folder}/{path.name}", comment)


def test_up_returns_when_the_api_serves_the_new_schema(checkout: Checkout, own_api: Api) -> None:
    """Wait until it does, so that the next command can call the new function."""
    checkout.write("sql/api/functions/greeting.sql", GREETING)
    checkout.list_in_contents("api/functions/greeting.sql")
    before = own_api.get("/rpc/greeting").status_code

    result = with_api_url(checkout, own_api.url).migrate("up")

    after = own_api.get("/rpc/greeting")
    assert (before, after.status_code, after.json()) == (404, 200, "hello")
    assert (result.exit_code, result.stdout) == (
        0,
        "loaded the code of sql/\nthe API serves this schema\n",
    )


CONNECTIONS = """
select pid from pg_catalog.pg_stat_activity
where usename = 'authenticator' and datname = current_database()
"""


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("authz/admit_request.sql", "\nbegin\n", "\nbegin\n    -- First of all.\n"),
        ("policies/samples.sql", r"for delete\s+to api_writer\s+using \(", r"\g<0>1 = 1 and "),
    ],
)
def test_the_api_keeps_its_connections_where_it_sees_no_difference(
    checkout: Checkout, own_api: Api, path: str, old: str, new: str
) -> None:
    """Tell it nothing: it would close them all, and requests would wait for new ones."""
    own_api.get("/rpc/health")
    before = set(checkout.fetch(CONNECTIONS))
    text = (checkout.root / "sql" / path).read_text()
    checkout.write(f"sql/{path}", re.sub(old, new, text, count=1))

    result = with_api_url(checkout, own_api.url).migrate("up")

    assert result.stdout == "loaded the code of sql/\nthe API serves this schema\n"
    assert before <= set(checkout.fetch(CONNECTIONS))
    assert own_api.get("/rpc/health").status_code == 200


def test_the_api_reads_the_new_comment_of_a_function(checkout: Checkout, own_api: Api) -> None:
    """Replace the function in place, with its comment in the description of the API."""
    checkout.append(
        "sql/api/functions/service/health.sql",
        "\ncomment on function api.health() is 'A new text';\n",
    )

    result = with_api_url(checkout, own_api.url).migrate("up")

    assert "in place: api/functions/service/health.sql" in result.stderr
    assert own_api.get("/").json()["paths"]["/rpc/health"]["get"]["summary"] == "A new text"


def test_up_says_when_no_api_runs(checkout: Checkout) -> None:
    """Report nothing wrong: it reads the schema when it starts."""
    result = with_api_url(checkout, f"http://{HOST}:{any_free()}").migrate("up")

    assert result.exit_code == 0
    assert "the API is not running; it reads the schema when it starts\n" in result.stdout


def test_up_fails_when_the_api_does_not_see_the_load(
    checkout: Checkout, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Say so of the API of another database; the database itself is up to date."""
    monkeypatch.setattr(api_reload, "_PATIENCE_SECONDS", 0.3)
    checkout.append(
        "sql/api/functions/service/health.sql", "comment on function api.health() is 'New';\n"
    )

    result = with_api_url(checkout, api.url).migrate("up")

    assert result.exit_code == 1
    assert f"but {api.url} still serves its old schema\nRemedy: " in result.stderr
    assert checkout.migrate("status").exit_code == 0


def test_requests_go_on_succeeding_while_code_is_loaded(checkout: Checkout, own_api: Api) -> None:
    """Replace all views, functions and policies under them; they only wait."""
    with checkout.database.connect() as conn:
        conn.execute(
            "insert into aspen.users (subject, name, email) values ('alice', 'Alice', 'a@b.org')"
        )
    token = own_api.token("alice", groups={1: "admin"})
    paths = ("/samples?select=*,sample_lineages(*)", "/jobs", "/me", "/groups", "/rpc/health")
    done = Event()
    change_every_file(checkout)

    with ThreadPoolExecutor(2) as clients:
        asking = [
            clients.submit(answers_until, done, own_api, order, token)
            for order in (paths, paths[::-1])
        ]
        result = checkout.migrate("up")
        done.set()

    assert result.exit_code == 0
    assert [client.result() for client in asking] == [{(path, 200) for path in paths}] * 2


def test_up_has_the_api_take_the_settings_of_roles(
    checkout: Checkout, own_api: Api, database: Database
) -> None:
    """Reload although nothing else is to be done: an administrator runs sql/roles.sql."""
    checkout.write(
        "sql/api/functions/time_limit.sql",
        "create function api.time_limit() returns text language sql stable\n"
        "begin atomic\n    select current_setting('statement_timeout');\nend;\n\n"
        "grant execute on function api.time_limit() to anon;\n",
    )
    checkout.list_in_contents("api/functions/time_limit.sql")
    with_api_url(checkout, own_api.url).migrate("up")
    with database.connect("postgres") as conn:
        before = own_api.get("/rpc/time_limit").json()
        conn.execute("alter role anon set statement_timeout = '2345ms'")
        try:
            result = checkout.migrate("up")

            assert eventually(lambda: own_api.get("/rpc/time_limit").json() == "2345ms")
        finally:
            conn.execute("alter role anon set statement_timeout = '3s'")
    assert (before, result.stdout) == ("3s", "nothing to do\n")
