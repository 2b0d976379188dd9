"""`control sql apply` and `watch`: what is saved under sql/ is in the database, or nothing is."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.schema.api_reload import ApiState
from control.schema.watching import Load, watch
from control.settings import Settings, load_settings
from control.translation import translate
from tests.control.schema.checkout import Checkout
from tests.servers import SETTINGS, Database, run_api

SHOUT = "sql/internal/shout.sql"
NOTE = "sql/api/functions/latest_note.sql"
BODY = "select routines.prosrc from pg_catalog.pg_proc as routines where routines.proname = 'shout'"


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database) -> Checkout:
    """Make a small checkout and bring its database to what it says."""
    made = Checkout.create(tmp_path, empty_database)
    assert made.migrate("up").exit_code == 0
    return made


def sql(checkout: Checkout, *arguments: str) -> Result:
    """Run `control sql …` in this process."""
    return CliRunner().invoke(cli, ["sql", *arguments], env=checkout.environment)


def edit(checkout: Checkout, path: str, old: str, new: str) -> None:
    """Replace a text that a file has."""
    text = (checkout.root / path).read_text()
    assert old in text
    checkout.write(path, text.replace(old, new))


def watch_at(settings: Settings) -> Iterator[Load]:
    """Watch as the command does."""
    return watch(
        settings,
        echo=lambda line: None,
        running_apis=lambda settings: [],
        explain=translate,
    )


@pytest.fixture
def loads(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Iterator[Iterator[Load]]:
    """Watch the checkout; the first load is over."""
    for name, value in checkout.environment.items():
        monkeypatch.setenv(name, value)
    found = watch_at(load_settings(None))
    first = next(found)
    assert (first.paths, first.is_loaded, first.error) == ((), False, None)
    yield found
    found.close()  # type: ignore[attr-defined]


def test_apply_loads_what_changed(checkout: Checkout) -> None:
    """Load nothing the second time."""
    edit(checkout, SHOUT, "'%s!'", "'%s!!'")

    first, second = sql(checkout, "apply"), sql(checkout, "apply", "--json")

    assert (first.exit_code, first.stdout) == (0, "loaded the code of sql/\n")
    assert "%s!!" in str(checkout.fetch(BODY))
    assert (second.exit_code, json.loads(second.stdout)["has_loaded_code"]) == (0, False)


def test_apply_can_be_tried(checkout: Checkout) -> None:
    """`--dry-run` changes nothing."""
    edit(checkout, SHOUT, "'%s!'", "'%s!!'")

    result = sql(checkout, "apply", "--dry-run")

    assert (result.exit_code, result.stdout) == (0, "would load the code of sql/\n")
    assert "%s!!" not in str(checkout.fetch(BODY))


def test_apply_refuses_while_a_migration_is_pending(checkout: Checkout) -> None:
    """Refuse to load: the code may need what the migration makes."""
    checkout.write_migration(
        "0003_add_colour",
        "-- Colour.\n-- depends: 0002_create_notes\n\n"
        "alter table aspen.notes add column colour text;\n",
    )
    edit(checkout, SHOUT, "'%s!'", "'%s!!'")

    result = sql(checkout, "apply")

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: migrations are pending: 0003_add_colour\n"
        "Remedy: control migrate up applies them and loads sql/ after them\n",
    )
    assert "%s!!" not in str(checkout.fetch(BODY))


def test_mistake_is_shown_where_it_is(checkout: Checkout) -> None:
    """Name file and line, with a caret; the database stays as it was."""
    edit(checkout, NOTE, "select notes.id,", "select notes.nosuch,")

    result = sql(checkout, "apply")

    assert result.exit_code == 1
    assert "sql/api/functions/latest_note.sql, line 3: column notes.nosuch does not exist" in (
        result.stderr
    )
    marked, caret = result.stderr.partition(">    3 | ")[2].splitlines()[:2]
    assert marked[caret.removeprefix("       | ").index("^") :].startswith("notes.nosuch")
    assert sql(checkout, "apply").exit_code == 1


@pytest.mark.parametrize(
    ("text", "caret"),
    [
        pytest.param("create functio x();", "functio", id="syntax"),
        pytest.param(
            "create function authz.x() returns text language sql\nas $$ select nam $$;",
            "nam $$",
            id="unknown column in a body",
        ),
        pytest.param(
            "create function internal.x() returns void language plpgsql as $$\nbegin\n"
            "  selec 1;\nend $$;",
            "selec 1",
            id="syntax in PL/pgSQL",
        ),
        pytest.param(
            "create function internal.x() returns void language plpgsql as $$\ndeclare\n"
            "  found no_such_type;\nbegin end $$;",
            "no_such_type",
            id="unknown type in PL/pgSQL",
        ),
        pytest.param(
            "do $$\nbegin\n  raise exception 'no';\nend $$;",
            "raise exception",
            id="raised in a do block",
        ),
        pytest.param(
            "do $$\nbegin\n  perform nam from aspen.notes;\nend $$;",
            "nam from",
            id="unknown column in a do block",
        ),
        pytest.param(
            "create domain internal.x as no_such_type;", "no_such_type", id="unknown type"
        ),
    ],
)
def test_caret_stands_below_the_mistake(checkout: Checkout, text: str, caret: str) -> None:
    """Find it in bodies of functions as well, where the server gives a line or query of its own."""
    first = len((checkout.root / SHOUT).read_text().splitlines())
    checkout.append(SHOUT, f"{text}\n")

    lines = sql(checkout, "apply").stderr.splitlines()

    [number] = [number for number, one in enumerate(lines) if one.endswith("^")]
    assert lines[number - 1][lines[number].index("^") :].startswith(caret)
    line = first + text[: text.index(caret)].count("\n") + 1
    assert lines[0].startswith(f"Error: {SHOUT}, line {line}: ")


def test_environment_of_others_is_not_watched(checkout: Checkout) -> None:
    """Load nothing there by a slip; control sql apply does it when it is meant."""
    checkout.write("aspen.toml", "[production]\n")
    edit(checkout, SHOUT, "'%s!'", "'%s!!'")

    watched = sql(checkout, "watch", "--env", "production")
    applied = sql(checkout, "apply", "--env", "production")

    assert (watched.exit_code, applied.exit_code) == (1, 0)
    assert "environment production is not watched" in watched.stderr


def test_saved_file_is_loaded(checkout: Checkout, loads: Iterator[Load]) -> None:
    """Load one that an editor writes beside the old one and renames as well."""
    edit(checkout, SHOUT, "'%s!'", "'%s!!'")
    first = next(loads)
    beside = checkout.root / "sql/internal/.shout.swp"
    beside.write_text((checkout.root / SHOUT).read_text().replace("%s!!", "%s???"))
    os.replace(beside, checkout.root / SHOUT)
    second = next(loads)

    assert [one.paths for one in (first, second)] == [("internal/shout.sql",)] * 2
    assert first.is_loaded
    assert second.is_loaded
    assert "%s???" in str(checkout.fetch(BODY))


def test_files_saved_together_are_loaded_together(
    checkout: Checkout, loads: Iterator[Load]
) -> None:
    """Load a new file together with its line of the contents page: each is wrong alone."""
    checkout.write(
        "sql/api/functions/colour.sql",
        "create function api.colour() returns text language sql stable"
        " begin atomic select 'red'; end;\n\ngrant execute on function api.colour() to member;\n",
    )
    checkout.list_in_contents("api/functions/colour.sql")

    load = next(loads)

    assert (load.paths, load.is_loaded) == (("api/functions/colour.sql", "load.sql"), True)
    checkout.remove_code("api/functions/colour.sql")
    assert next(loads).is_loaded
    assert checkout.fetch("select to_regproc('api.colour')") == [(None,)]


def test_mistake_is_told_and_the_cure_is_loaded(checkout: Checkout, loads: Iterator[Load]) -> None:
    """Go on after a file that fails."""
    edit(checkout, NOTE, "select notes.id,", "select notes.id,,")
    bad = next(loads)
    edit(checkout, NOTE, "select notes.id,,", "select notes.id + 0,")
    good = next(loads)

    assert not bad.is_loaded
    assert bad.error is not None
    assert "latest_note.sql, line 3: syntax error" in bad.error.message
    assert (good.is_loaded, good.error) == (True, None)


def test_edited_table_needs_a_migration(checkout: Checkout, loads: Iterator[Load]) -> None:
    """Say so, because no load changes a table."""
    checkout.append("sql/tables/notes.sql", "\n-- More.\n")

    load = next(loads)

    assert (load.is_loaded, load.error and load.error.message) == (
        False,
        "sql/tables/notes.sql: a load changes no table",
    )


def test_watching_goes_on_after_a_lost_connection(
    checkout: Checkout, loads: Iterator[Load]
) -> None:
    """Go on although the database is restarted."""
    ended = checkout.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'control sql watch' and datname = current_database()"
    )
    edit(checkout, SHOUT, "'%s!'", "'%s!!'")
    load = next(loads)

    assert ended == [(True,)]
    assert (load.is_loaded, load.error) == (True, None)


def test_watch_ends_by_ctrl_c(checkout: Checkout) -> None:
    """Tell after how long a load was live."""
    with checkout.running("sql", "watch", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["error"] is None
        edit(checkout, SHOUT, "'%s!'", "'%s!!'")
        document = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)

        assert process.wait(30) == 0

    assert (document["paths"], document["is_loaded"]) == (["internal/shout.sql"], True)


def test_answer_of_the_api_is_the_new_one(tmp_path: Path, database: Database) -> None:
    """Answer as soon as the load is told, also for a function that is new to PostgREST."""
    checkout = Checkout.copy_of(SETTINGS.root, tmp_path / "checkout", database)
    with run_api(database, tmp_path / "api") as api:
        settings = replace(
            SETTINGS,
            root=checkout.root,
            environment="test",
            database_url=database.url,
            api_url=api.url,
        )
        loads = watch_at(settings)
        next(loads)
        edit(checkout, "sql/api/functions/service/health.sql", "'ok'", "'well'")
        edited = next(loads)
        answer = api.get("/rpc/health").json()

    assert (edited.api, answer["status"]) == (ApiState.CURRENT, "well")


def test_page_shows_what_is_printed(tmp_path: Path, database: Database) -> None:
    """Show in docs/dba.md the mistake as `control sql` does."""
    page = (SETTINGS.root / "docs/dba.md").read_text("utf-8")
    shown = page[
        page.index("Error: sql/") : page.index("\nsql/api/functions/service/health.sql: live")
    ]
    checkout = Checkout.copy_of(SETTINGS.root, tmp_path / "checkout", database)
    edit(checkout, "sql/api/functions/service/health.sql", "now()", "")

    result = sql(checkout, "apply")

    assert result.stderr.splitlines() == shown.splitlines()
