"""Environments: where profiles are found, where secrets come from, and that none is shown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.conninfo import conninfo_to_dict

from control import secret_values
from control.backups.tools import find_tool
from control.cli import cli
from control.errors import ControlError
from control.settings import load_settings
from control.stack.ports import HOST
from control.stack.state import S3_KEY
from tests.servers import S3, SETTINGS, Database

SECRET = "hunter2 'p\\ss@wörd/%"
# Commands that only look, and reach a database.
READING = (
    "migrate status",
    "db top",
    "db who-can groups 0",
    "db psql --json",
    "db backup --dry-run /nowhere",
    "db trim-audit-log --keep-days 400 --dry-run",
    "db trim-replaced-sequences --keep-days 400 --dry-run",
    "db forget-keys --dry-run",
    "db extend-partitions --dry-run",
    "sql lint --rule tables_have_a_primary_key",
    "job list",
    "job schedule --dry-run",
    "output credentials --dry-run",
    "output prune --dry-run",
    "mail send --dry-run",
    "event trim --keep-days 90 --dry-run",
    "webhook send --dry-run",
    "load pathogens --dry-run",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a home and an unrelated folder to work in; nothing of this session's variables."""
    for name in [name for name in os.environ if name.startswith(("ASPEN_", "XDG_", "PG", "AWS_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / ".config" / "aspen").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return home


@pytest.fixture
def profile(home: Path) -> Callable[[str], Path]:
    """Write the person's own file of profiles."""

    def write(text: str) -> Path:
        path = home / ".config" / "aspen" / "aspen.toml"
        path.write_text(text)
        return path

    return write


def control(*arguments: str) -> Result:
    """Run one command."""
    return CliRunner().invoke(cli, arguments)


def printing(text: str) -> str:
    """Return the TOML of a command that prints a text."""
    return json.dumps(["printf", "%s", text], ensure_ascii=False)


# Where profiles are found.


def test_profile_of_a_person_is_found_from_any_folder(profile: Callable[[str], Path]) -> None:
    """Need no checkout above the folder of work."""
    profile("[far]\nbucket = 'results'\n")

    assert load_settings("far").bucket == "results"


def test_profile_is_found_where_variables_say(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look below XDG_CONFIG_HOME, and in the one file of ASPEN_CONFIG before everything."""
    (tmp_path / "xdg" / "aspen").mkdir(parents=True)
    (tmp_path / "xdg" / "aspen" / "aspen.toml").write_text("[far]\nbucket = 'of XDG'\n")
    (tmp_path / "named.toml").write_text("[far]\nbucket = 'named'\n")

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    of_xdg = load_settings("far").bucket
    monkeypatch.setenv("ASPEN_CONFIG", str(tmp_path / "named.toml"))
    named = load_settings("far").bucket

    assert (of_xdg, named) == ("of XDG", "named")


def test_named_file_must_be_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not go on with another file."""
    monkeypatch.setenv("ASPEN_CONFIG", "nowhere.toml")

    with pytest.raises(ControlError, match=r"nowhere\.toml is no file"):
        load_settings("far")


def test_profile_of_the_checkout_wins(
    profile: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Take a table whole: settings of two files are not mixed."""
    profile("[far]\nbucket = 'mine'\nregion = 'eu-north-1'\n[mine]\n")
    (tmp_path / "aspen.toml").write_text("[far]\nbucket = 'ours'\n")
    monkeypatch.setenv("ASPEN_ROOT", str(tmp_path))

    found = load_settings("far")

    assert (found.bucket, found.region) == ("ours", "us-east-1")
    assert [one["name"] for one in json.loads(control("env", "list", "--json").stdout)] == [
        "local",
        "far",
        "mine",
    ]


def test_paths_of_a_profile_start_at_its_file(profile: Callable[[str], Path]) -> None:
    """Mean the same folder wherever a command runs."""
    path = profile(
        "[far]\nkeys_dir = 'keys'\nmail_folder = '~/mails'\nbackup_folder = 's3://b/k'\n"
    )

    found = load_settings("far")

    assert found.keys_dir == path.parent / "keys"
    assert found.mail_folder == f"{path.parent.parent.parent / 'mails'}"
    assert found.backup_folder == "s3://b/k"


def test_name_that_resembles_another_is_guessed(profile: Callable[[str], Path]) -> None:
    """Suggest nothing for what resembles nothing."""
    profile("[production]\n")

    with pytest.raises(ControlError, match=r"named prodution; did you mean production\?"):
        load_settings("prodution")
    with pytest.raises(ControlError, match=r"named xyzzy$"):
        load_settings("xyzzy")


# Where secrets come from.


@pytest.mark.parametrize(
    "line",
    [
        "database_url = 'postgresql://control:hunter2@db/aspen'",
        "admin_database_url = 'postgresql://postgres:hunter2@db,other/aspen'",
        "database_url = 'postgresql://db/aspen?user=control&password=hunter2'",
        "database_url = 'host=db PASSWORD = hunter2'",
        "database_password = 'hunter2'",
        "database_password = 'aws-secret:'",
        "s3_secret_key = 'hunter2'",
        "smtp_password = 'hunter2'",
        "api_token = 'hunter2'",
        "api_url = 'https://me:hunter2@api.example'",
    ],
)
def test_file_that_holds_a_secret_is_refused(profile: Callable[[str], Path], line: str) -> None:
    """Name the key and what to write instead, and not the secret."""
    profile(f"[far]\n{line}\n")

    with pytest.raises(ControlError) as caught:
        load_settings("far")

    assert f"has a secret in {line.partition(' ')[0]}" in caught.value.message
    assert "hunter2" not in f"{caught.value.message} {caught.value.remedy}"


def test_password_comes_from_a_command(profile: Callable[[str], Path], tmp_path: Path) -> None:
    """Run it without a shell, when the password is needed, and once; its first line counts."""
    log = tmp_path / "log"
    script = tmp_path / "store"
    script.write_text(f'#!/bin/sh\necho ran >> {log}\nprintf "%s\\nurl: x\\n" "$1"\n')
    script.chmod(0o700)
    command = json.dumps([str(script), SECRET], ensure_ascii=False)
    profile(
        "[far]\ndatabase_url = 'postgresql://control@db:1/aspen'\n"
        f"database_password_command = {command}\n"
    )

    found = load_settings("far")
    shown = repr(found)
    ran_before = log.exists()
    password = conninfo_to_dict(f"{found.database_url}")["password"]

    assert (ran_before, password) == (False, SECRET)
    assert found.database_url is not None
    assert log.read_text() == "ran\n"
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://control@db:1,other:2/aspen", "db,other"),
        ("postgresql://db/aspen?user=control", "db"),
        ("host=db user=control", "db"),
    ],
)
def test_password_of_a_variable_completes_every_form_of_address(
    profile: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, url: str, host: str
) -> None:
    """Keep each character of it."""
    profile(f"[far]\ndatabase_url = '{url}'\n")
    monkeypatch.setenv("ASPEN_DATABASE_PASSWORD", SECRET)

    parts = conninfo_to_dict(f"{load_settings('far').database_url}")

    assert (parts["host"], parts["user"], parts["password"]) == (host, "control", SECRET)


def test_password_of_an_address_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the local stack alone when the password of another server is set."""
    monkeypatch.setenv("ASPEN_DATABASE_URL", "postgresql://control:own@db/aspen")
    monkeypatch.setenv("ASPEN_DATABASE_PASSWORD", "other")

    assert load_settings().database_url == "postgresql://control:own@db/aspen"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"], "sh, failed with exit code 3"),
        (["/nonexistent/pass"], "/nonexistent/pass, did not start"),
        (["true"], "true, printed nothing"),
        (["printf", r"\377hunter2"], "printf, printed no text"),
        (["sh", "-c", "echo hunter2; exec sleep 100"], "sh, took longer than 0.2 s"),
    ],
    ids=["fails", "missing", "silent", "binary", "hangs"],
)
def test_command_that_fails_is_named_without_its_output(
    profile: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    said: str,
) -> None:
    """Print neither what it wrote nor its arguments, in any part of the error."""
    monkeypatch.setattr(secret_values, "COMMAND_SECONDS", 0.2)
    profile(
        "[far]\ndatabase_url = 'postgresql://control@db:1/aspen'\n"
        f"database_password_command = {json.dumps(command)}\n"
    )

    result = control("--env", "far", "migrate", "status")

    assert result.exit_code == 1
    assert f"database_password_command, the command {said}" in result.stderr
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("database_password_command = 'pass show x'", "is no list of texts"),
        ("database_password_command = []", "is no list of texts"),
        ("database_password_command = ['']", "without a program"),
        ("bucket_command = ['x']", "unknown keys: bucket_command"),
        (
            "smtp_password_command = ['x']\nsmtp_password = 'aws-secret:x'",
            "has smtp_password and smtp_password_command",
        ),
    ],
)
def test_command_that_cannot_be_meant_is_refused(
    profile: Callable[[str], Path], line: str, said: str
) -> None:
    """Guess nothing."""
    profile(f"[far]\n{line}\n")

    with pytest.raises(ControlError, match=said):
        load_settings("far")


def test_command_in_a_file_of_strangers_is_not_run(profile: Callable[[str], Path]) -> None:
    """Refuse a file that everybody may write."""
    path = profile(f"[far]\nsmtp_password_command = {printing(SECRET)}\n")
    path.chmod(0o602)
    with pytest.raises(ControlError, match="may be changed by others"):
        load_settings("far")

    path.chmod(0o600)

    assert load_settings("far").smtp_password == SECRET


@pytest.fixture
def aws(home: Path, s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Store secrets in Secrets Manager, at the address that boto3 finds."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"{s3.settings.s3_endpoint_url}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, S3_KEY)
    client = boto3.client("secretsmanager", region_name="us-east-1")
    client.create_secret(Name="aspen/db", SecretString=json.dumps({"password": SECRET, "port": 1}))
    client.create_secret(Name="aspen/smtp", SecretString=SECRET)
    yield
    for name in ("aspen/db", "aspen/smtp"):
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


@pytest.mark.usefixtures("aws")
def test_secrets_come_from_aws(
    profile: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read a key of a document, and a whole secret, from a profile or a variable."""
    profile(
        "[far]\ndatabase_url = 'postgresql://control@db/aspen'\n"
        "database_password = 'aws-secret:aspen/db#password'\n"
    )
    monkeypatch.setenv("ASPEN_SMTP_PASSWORD", "aws-secret:aspen/smtp")

    found = load_settings("far")

    assert conninfo_to_dict(f"{found.database_url}")["password"] == SECRET
    assert found.smtp_password == SECRET


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("aspen/none", "aspen/none of AWS Secrets Manager cannot be read"),
        ("aspen/db#port", "is no text"),
        ("aspen/smtp#password", "has no key password"),
    ],
)
def test_secret_that_aws_does_not_give_is_named(
    profile: Callable[[str], Path], address: str, said: str
) -> None:
    """Keep the rest of the document out of the error."""
    profile(
        "[far]\ndatabase_url = 'postgresql://control@db/aspen'\n"
        f"database_password = 'aws-secret:{address}'\n"
    )

    result = control("--env", "far", "migrate", "status")

    assert result.exit_code == 1
    assert said in result.stderr
    assert "hunter2" not in result.output


# What is shown.


def test_show_says_where_values_come_from_and_no_secret(
    profile: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run no command, and mask the password of an address."""
    path = profile(
        "[far]\ndatabase_password_command = ['/nonexistent/pass', 'hunter2']\n"
        "bucket = 'results'\nsmtp_password = 'aws-secret:aspen/smtp'\n"
    )
    monkeypatch.setenv("ASPEN_DATABASE_URL", "postgresql://control:hunter2@db/aspen")
    monkeypatch.setenv("ASPEN_ADMIN_DATABASE_URL", "host=db password=hunter2")
    monkeypatch.setenv("ASPEN_API_TOKEN", "hunter2")

    result = control("env", "show", "far", "--json")

    found = {one["key"]: (one["value"], one["source"]) for one in json.loads(result.stdout)}
    assert found["database_url"] == ("postgresql://control:…@db/aspen", "ASPEN_DATABASE_URL")
    assert found["admin_database_url"] == ("…", "ASPEN_ADMIN_DATABASE_URL")
    assert found["bucket"] == ("results", f"{path}: bucket")
    assert found["region"] == ("us-east-1", "default")
    assert found["api_url"] == (None, "not set")
    assert found["api_token"] == ("(hidden)", "ASPEN_API_TOKEN")
    assert found["database_password"] == (
        "(hidden)",
        f"{path}: database_password_command (/nonexistent/pass …)",
    )
    assert found["smtp_password"][1] == f"{path}: smtp_password = aws-secret:aspen/smtp"
    assert "hunter2" not in result.output + control("env", "show", "far").output


def test_list_marks_the_default(profile: Callable[[str], Path]) -> None:
    """Name the file of each environment."""
    path = profile("[far]\n")

    result = CliRunner().invoke(cli, ["env", "list"], env={"ASPEN_ENV": "far"})

    assert f"far    default  {path}" in result.stdout
    assert "local  " in result.stdout


# What reaches another environment.


@pytest.fixture
def far(profile: Callable[[str], Path], s3: S3, database: Database) -> Database:
    """Describe a second environment in the home of a person, with its password behind a command."""
    cluster = database.cluster
    profile(
        f"[far]\ndatabase_url = 'postgresql://control@{HOST}:{cluster.port}/{database.name}'\n"
        f"database_password_command = {printing(cluster.passwords['control'])}\n"
        f"s3_endpoint_url = '{s3.settings.s3_endpoint_url}'\n"
        f"s3_access_key = '{S3_KEY}'\ns3_secret_key_command = {printing(S3_KEY)}\n"
        f"bucket = '{s3.bucket}'\nmail_folder = 'mails'\n"
    )
    return database


@pytest.mark.usefixtures("far")
def test_reading_commands_reach_another_environment_from_anywhere() -> None:
    """Fail for no command of the list, and find nothing of a local stack."""
    results = {line: control(*line.split(), "--env", "far") for line in READING}

    failed = {line: one.output for line, one in results.items() if one.exit_code not in (0, 3)}
    assert failed == {}


def test_no_password_is_an_argument_of_a_program(
    far: Database, conn: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look at the command line of pg_dump, which every user of the machine may see."""
    real = find_tool(SETTINGS, "pg_dump", conn.info.server_version // 10000)
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    log = tmp_path / "arguments"
    (bin_dir / "pg_dump").write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real.path} "$@"\n')
    (bin_dir / "pg_dump").chmod(0o700)
    monkeypatch.setenv("ASPEN_POSTGRES_BIN", str(bin_dir))

    result = control("--env", "far", "db", "backup", "--no-objects", str(tmp_path / "backup"))

    assert result.exit_code == 0, result.output
    assert "--dbname=" in log.read_text()
    assert far.cluster.passwords["control"] not in log.read_text() + result.output
