"""`env.json`, whatever is in it: read, or set aside as if it had been lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from control.settings import DamagedState, Settings
from control.stack.state import State
from tests.servers import SETTINGS

PORTS = {"api": 8300, "postgres": 8302}
PASSWORDS = {"postgres": "p", "authenticator": "a", "control": "secret"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a stack that remembers two ports and a password."""
    settings = replace(SETTINGS, data_dir=tmp_path, keys_dir=tmp_path / "keys")
    State(settings.state_file, dict(PORTS), dict(PASSWORDS)).save(settings)
    return settings


def with_ports(*ports: object) -> Callable[[str], str]:
    """Return what writes these ports in place of the remembered ones."""

    def changed(text: str) -> str:
        return json.dumps(json.loads(text) | {"ports": dict(zip(PORTS, ports, strict=True))})

    return changed


DAMAGES: dict[str, Callable[[str], str]] = {
    "halved, as by a full disk": lambda text: text[: len(text) // 2],
    "emptied": lambda text: "",
    "ports as text, as an editor may write them": with_ports("8300", "8302"),
    "numbers that are no ports": with_ports(99999, 99999),
    "a password as a number": lambda text: text.replace('"secret"', "5"),
}


def test_state_that_was_saved_is_read(settings: Settings) -> None:
    """Return its ports and passwords, and set nothing aside."""
    said: list[str] = []

    state = State.recover(settings, said.append)

    assert (state.ports, state.passwords, said) == (PORTS, PASSWORDS, [])


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_state_is_set_aside(settings: Settings, damage: Callable[[str], str]) -> None:
    """Keep it beside a state that is empty, as before the first start."""
    damaged = damage(settings.state_file.read_text())
    settings.state_file.write_text(damaged)
    said: list[str] = []

    with pytest.raises(DamagedState):
        State.load(settings)
    state = State.recover(settings, said.append)

    assert state == State(settings.state_file)
    assert "was damaged and is now env.damaged" in said[0]
    assert not settings.state_file.exists()
    assert settings.state_file.with_suffix(".damaged").read_text() == damaged


def test_lost_state_is_empty(settings: Settings) -> None:
    """Begin as before the first start, and as after damage."""
    settings.state_file.unlink()

    assert State.recover(settings, lambda line: None) == State(settings.state_file)


def test_state_is_readable_by_its_owner_only(settings: Settings) -> None:
    """Protect the passwords in it."""
    assert settings.state_file.stat().st_mode & 0o777 == 0o600
