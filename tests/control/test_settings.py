"""Where the settings come from, and which source wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from control.errors import ControlError
from control.settings import load_settings
from control.stack.state import State

documents = st.dictionaries(
    st.sampled_from(["database_url", "api_url", "bucket", "ports", "passwords", "keys_dir"]),
    st.none()
    | st.integers()
    | st.text()
    | st.lists(st.text(), max_size=2)
    | st.dictionaries(st.text(), st.integers() | st.text(), max_size=2),
)
short = settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Create a checkout with a local stack and a profile for production."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "postgrest.conf").touch()
    (tmp_path / ".aspen").mkdir()
    local = {"database_url": "postgresql://local", "bucket": "local", "ports": {"postgres": 1}}
    (tmp_path / ".aspen" / "env.json").write_text(json.dumps(local))
    (tmp_path / "aspen.toml").write_text('[production]\nbucket = "results"\n')
    return tmp_path


def test_local_stack_is_the_default(root: Path) -> None:
    """Need no setting after `control up`."""
    settings = load_settings(environ={"ASPEN_ROOT": str(root)})

    assert (settings.environment, settings.database_url) == ("local", "postgresql://local")


def test_variables_win_over_the_profile(root: Path) -> None:
    """Set ASPEN_BUCKET for one command."""
    environ = {"ASPEN_ROOT": str(root), "ASPEN_BUCKET": "other"}

    assert load_settings(environ=environ).bucket == "other"


def test_named_profile_knows_nothing_of_the_local_stack(root: Path) -> None:
    """Keep a command meant for production from writing to a laptop, and the reverse."""
    settings = load_settings("production", {"ASPEN_ROOT": str(root)})

    assert (settings.bucket, settings.database_url) == ("results", None)


def test_environment_can_be_named_by_a_variable(root: Path) -> None:
    """Set it for a whole shell session; --env wins over it."""
    environ = {"ASPEN_ROOT": str(root), "ASPEN_ENV": "production"}

    assert load_settings(environ=environ).environment == "production"
    assert load_settings("local", environ).environment == "local"


def test_checkout_is_found_from_below(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search upwards, like git."""
    monkeypatch.chdir(root / "sql")

    assert load_settings(environ={}).root == root


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("[production]\nbukcet = 'x'", "unknown keys: bukcet"),
        ("[staging]", "no environment named production"),
        ("[production", "aspen.toml is not TOML"),
        ("production = 5", "production is not a table"),
        ("[production]\nbucket = 5", "has a bucket that is not text"),
        ("[production]\nkeys_dir = ['keys']", "has a keys_dir that is not text"),
        ("[production]\napi_url = 'api.example'", "aspen.toml: api_url is not a URL"),
        ("[production]\napi_url = 'http://[::1'", "aspen.toml: api_url is not a URL"),
        ("[production]\ns3_endpoint_url = 'http://s3:port'", "s3_endpoint_url is not a URL"),
        ("[production]\nx = " + "[" * 10_000, "aspen.toml is not TOML"),
        ("[production]\nx = 2000-02-31", "aspen.toml is not TOML"),
    ],
    ids=[
        "misspelt key",
        "no such profile",
        "not TOML",
        "no table",
        "number for a text",
        "list for a path",
        "no URL",
        "half an address",
        "port of letters",
        "nested without end",
        "no such day",
    ],
)
def test_unusable_profile_is_named(root: Path, profile: str, said: str) -> None:
    """Ignore nothing silently."""
    (root / "aspen.toml").write_text(profile)

    with pytest.raises(ControlError, match=said):
        load_settings("production", {"ASPEN_ROOT": str(root)})


def test_profiles_that_are_no_text_are_named(root: Path) -> None:
    """Name a file in an old encoding."""
    (root / "aspen.toml").write_bytes(b"# Z\xfcrich\n[production]\n")

    with pytest.raises(ControlError, match=r"aspen\.toml, line 1: this is not UTF-8 text"):
        load_settings("production", {"ASPEN_ROOT": str(root)})


def test_variables_that_are_no_url_are_named_without_their_value(root: Path) -> None:
    """Keep the value out, because it may hold a password."""
    environ = {"ASPEN_ROOT": str(root), "ASPEN_API_URL": "admin:hunter2@api.example"}

    with pytest.raises(ControlError) as caught:
        load_settings(environ=environ)

    assert caught.value.message == "ASPEN_API_URL is not a URL"


@short
@given(st.binary() | documents.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"database_url": 5}')
@example(b'{"ports": ["api"], "passwords": {}}')
@example(b'{"ports": {"api": "x"}, "passwords": {}}')
@example(b'{"api_url": "http://[", "passwords": {"control": 5}}')
def test_any_bytes_as_the_state_of_the_stack(root: Path, content: bytes) -> None:
    """Return settings, or an error with the name of the file, for every reader of it."""
    (root / ".aspen" / "env.json").write_bytes(content)

    try:
        State.load(load_settings(environ={"ASPEN_ROOT": str(root)}))
    except ControlError as error:
        assert "env.json" in error.message
        assert error.remedy


@short
@given(st.binary() | st.text().map(str.encode))
@example(b"production = []")
@example(b"[[production]]")
def test_any_bytes_as_profiles(root: Path, content: bytes) -> None:
    """Return settings, or an error with the name of aspen.toml."""
    (root / "aspen.toml").write_bytes(content)

    with pytest.raises(ControlError) as caught:
        load_settings("production", {"ASPEN_ROOT": str(root)})

    assert "aspen.toml" in f"{caught.value.message} {caught.value.remedy}"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        '{"bucket": 5}',
        '{"ports": {"api": "x"}}',
        '{"ports": []}',
        '{"passwords": {"control": 5}}',
    ],
)
def test_damaged_state_is_named(root: Path, text: str) -> None:
    """Name the remedy."""
    (root / ".aspen" / "env.json").write_text(text)

    with pytest.raises(ControlError, match=r"env\.json") as caught:
        load_settings(environ={"ASPEN_ROOT": str(root)})

    assert caught.value.remedy


def test_secrets_are_not_in_repr(root: Path) -> None:
    """Hide them, because settings appear in tracebacks and test output."""
    environ = {
        "ASPEN_ROOT": str(root),
        "ASPEN_DATABASE_URL": "postgresql://control:hunter2@db/aspen",
        "ASPEN_S3_SECRET_KEY": "hunter2",
    }

    assert "hunter2" not in repr(load_settings(environ=environ))


def test_first_port_must_be_a_port(root: Path) -> None:
    """Reject a typing error instead of listening on port 1."""
    with pytest.raises(ControlError, match="not a port"):
        load_settings(environ={"ASPEN_ROOT": str(root), "ASPEN_FIRST_PORT": "80OO"})


@pytest.mark.parametrize("text", ["0", "5", "-1", "two", "1.0", "²"])
def test_number_of_postgrest_is_checked(root: Path, text: str) -> None:
    """Allow as many as the connections of the database suffice for."""
    with pytest.raises(ControlError, match="not a number of servers"):
        load_settings(environ={"ASPEN_ROOT": str(root), "ASPEN_POSTGRESTS": text})


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("4", 4), ("", None)])
def test_number_of_postgrest_is_read(root: Path, text: str, number: int | None) -> None:
    """Leave it to what the stack remembers if it is not set."""
    settings = load_settings(environ={"ASPEN_ROOT": str(root), "ASPEN_POSTGRESTS": text})

    assert settings.postgrests == number
