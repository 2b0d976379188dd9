"""Where the settings come from, and which of two wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from control.errors import ControlError
from control.settings import load_settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a local stack and a profile for production."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "postgrest.conf").touch()
    (tmp_path / ".aspen").mkdir()
    local = {"database_url": "postgresql://local", "bucket": "local", "ports": {"postgres": 1}}
    (tmp_path / ".aspen" / "env.json").write_text(json.dumps(local))
    (tmp_path / "aspen.toml").write_text('[production]\nbucket = "results"\n')
    return tmp_path


def test_local_stack_is_the_default(root: Path) -> None:
    """After `control up` nothing needs to be set."""
    settings = load_settings(environ={"ASPEN_ROOT": str(root)})

    assert (settings.environment, settings.database_url) == ("local", "postgresql://local")


def test_variables_win_over_the_profile(root: Path) -> None:
    """ASPEN_BUCKET for one command."""
    environ = {"ASPEN_ROOT": str(root), "ASPEN_BUCKET": "other"}

    assert load_settings(environ=environ).bucket == "other"


def test_named_profile_knows_nothing_of_the_local_stack(root: Path) -> None:
    """Or a command meant for production would write to a laptop, or the reverse."""
    settings = load_settings("production", {"ASPEN_ROOT": str(root)})

    assert (settings.bucket, settings.database_url) == ("results", None)


def test_environment_can_be_named_by_a_variable(root: Path) -> None:
    """For a whole shell session; --env wins over it."""
    environ = {"ASPEN_ROOT": str(root), "ASPEN_ENV": "production"}

    assert load_settings(environ=environ).environment == "production"
    assert load_settings("local", environ).environment == "local"


def test_checkout_is_found_from_below(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like git."""
    monkeypatch.chdir(root / "sql")

    assert load_settings(environ={}).root == root


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("[production]\nbukcet = 'x'", "unknown keys: bukcet"),
        ("[staging]", "no environment named production"),
        ("[production", "aspen.toml"),
    ],
    ids=["misspelt key", "no such profile", "not TOML"],
)
def test_unusable_profile_is_named(root: Path, profile: str, said: str) -> None:
    """Nothing is silently ignored."""
    (root / "aspen.toml").write_text(profile)

    with pytest.raises(ControlError, match=said):
        load_settings("production", {"ASPEN_ROOT": str(root)})


@pytest.mark.parametrize("text", ["{", "[]", "1"], ids=["cut off", "list", "number"])
def test_damaged_state_is_named(root: Path, text: str) -> None:
    """With what to do about it."""
    (root / ".aspen" / "env.json").write_text(text)

    with pytest.raises(ControlError, match=r"env\.json") as caught:
        load_settings(environ={"ASPEN_ROOT": str(root)})

    assert caught.value.remedy


def test_secrets_are_not_in_repr(root: Path) -> None:
    """Settings end up in tracebacks and test output."""
    environ = {
        "ASPEN_ROOT": str(root),
        "ASPEN_DATABASE_URL": "postgresql://control:hunter2@db/aspen",
        "ASPEN_S3_SECRET_KEY": "hunter2",
    }

    assert "hunter2" not in repr(load_settings(environ=environ))


def test_first_port_must_be_a_port(root: Path) -> None:
    """A typing error is no reason to listen on port 1."""
    with pytest.raises(ControlError, match="not a port"):
        load_settings(environ={"ASPEN_ROOT": str(root), "ASPEN_FIRST_PORT": "80OO"})
