"""Failures of the database, of S3 and of the system, as they end on a terminal."""

from __future__ import annotations

from dataclasses import replace

import click
import psycopg
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from control.cli import COMMANDS, Commands
from control.database import connect
from control.errors import FAILED, ControlError
from control.storage.s3 import S3Uri, make_client, open_object
from control.translation import translate
from tests.servers import S3, SETTINGS


def failing(error: Exception) -> Commands:
    """Return the command line with a command `fail` that raises this."""

    class Failing(Commands):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return click.Command(cmd_name, callback=self.fail)

        @staticmethod
        def fail() -> None:
            raise error

    return Failing("control")


def test_refusal_by_our_sql_keeps_code_details_and_hint(admin: psycopg.Connection) -> None:
    """Show what SQL raises for API clients."""
    with pytest.raises(psycopg.Error) as caught:
        admin.execute("select internal.fail(409, 'some_code', 'It failed', 'On this.', 'Do that.')")

    known = translate(caught.value)
    assert known is not None
    assert (known.message, known.remedy) == ("It failed (some_code)\nOn this.", "Do that.")


def test_error_of_postgresql_keeps_detail_and_sqlstate(admin: psycopg.Connection) -> None:
    """Keep both, so that they can be looked up."""
    with pytest.raises(psycopg.Error) as caught:
        admin.execute("select 1 / 0")

    assert f"{translate(caught.value)}" == "division by zero (SQLSTATE 22012)"


def test_missing_database_is_no_traceback() -> None:
    """Connect where no server listens."""
    settings = replace(SETTINGS, database_url="postgresql://control:secret@127.0.0.1:1/aspen")

    with pytest.raises(psycopg.Error) as caught:
        connect(settings, "test")

    known = translate(caught.value)
    assert known is not None
    assert known.message.startswith("no connection to the database")
    assert "secret" not in known.message


def test_environment_without_a_database_says_what_to_set() -> None:
    """Connect before the first `control up`."""
    with pytest.raises(ControlError, match="has no database") as caught:
        connect(SETTINGS, "test")

    assert caught.value.remedy == "run control up"


def test_missing_object_is_named(s3: S3) -> None:
    """Show its full address."""
    with pytest.raises(ControlError, match=f"s3://{s3.bucket}/absent does not exist"):
        open_object(s3.client, S3Uri(s3.bucket, "absent"))


def test_refusal_by_s3_is_no_traceback(s3: S3) -> None:
    """Name the operation that was rejected."""
    stranger = make_client(replace(s3.settings, s3_access_key="nobody"))

    with pytest.raises(ClientError) as caught:
        stranger.list_objects_v2(Bucket=s3.bucket)

    assert "S3 rejected ListObjectsV2" in f"{translate(caught.value)}"


def test_known_failure_ends_as_two_lines_and_exit_code_1() -> None:
    """Print failure and remedy on stderr."""
    result = CliRunner().invoke(failing(ControlError("it broke", "mend it")), ["fail"])

    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr == "Error: it broke\nRemedy: mend it\n"


def test_failure_of_the_system_is_named_by_its_file() -> None:
    """Treat a full disk as no bug."""
    result = CliRunner().invoke(
        failing(OSError(28, "No space left on device", "/data/x")), ["fail"]
    )

    assert result.stderr == (
        "Error: /data/x: No space left on device\n"
        "Remedy: free some space (df shows where), then run it again\n"
    )


def test_bug_is_not_disguised() -> None:
    """Keep the traceback of an unexpected exception."""
    result = CliRunner().invoke(failing(KeyError("x")), ["fail"])

    assert isinstance(result.exception, KeyError)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_has_an_example(name: str) -> None:
    """Check that the table of commands names what exists."""
    group = Commands("control")

    command = group.get_command(click.Context(group), name)

    assert command is not None
    assert "control" in f"{command.help}" or isinstance(command, click.Group)
