"""Find and read the profiles of environments: the tables of aspen.toml.

ASPEN_CONFIG names one file. Otherwise the aspen.toml of the checkout comes first, then the one of
the person, `~/.config/aspen/aspen.toml`; of two tables with the same name the first one counts.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from control.errors import ControlError
from control.text_files import read_text

FILE = "aspen.toml"
COMMAND = "_command"


@dataclass(frozen=True)
class Profile:
    """One table of a file of profiles; the local stack has one of its own."""

    name: str
    path: Path
    values: Mapping[str, Any]


def profile_files(root: Path, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the files where profiles may be, the first one that has a name counts."""
    if named := environ.get("ASPEN_CONFIG"):
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise ControlError(f"{path} is no file", "correct or unset ASPEN_CONFIG")
        return [path]
    return [root / FILE, home_of_profiles(environ) / FILE]


def home_of_profiles(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the person's own settings: $XDG_CONFIG_HOME/aspen, ~/.config/aspen."""
    base = environ.get("XDG_CONFIG_HOME", "")
    # The specification has relative paths ignored.
    if base.startswith("/"):
        return Path(base) / "aspen"
    return Path(environ.get("HOME") or Path.home()) / ".config" / "aspen"


def all_profiles(root: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Profile]:
    """Yield every profile that a name leads to."""
    seen: set[str] = set()
    for path in profile_files(root, environ):
        for name, values in _tables(path).items():
            if name not in seen and isinstance(values, dict):
                yield Profile(name, path, values)
            seen.add(name)


def find_profile(root: Path, name: str, environ: Mapping[str, str] = os.environ) -> Profile:
    """Return the profile of this name as it is written."""
    paths = profile_files(root, environ)
    known: list[str] = []
    for path in paths:
        tables = _tables(path)
        known += tables
        if name not in tables:
            continue
        if not isinstance(tables[name], dict):
            raise ControlError(
                f"{path}: {name} is not a table", f"write [{name}] on a line and its keys below"
            )
        return Profile(name, path, tables[name])
    near = get_close_matches(name, [*known, "local"], 1)
    raise ControlError(
        f"no environment named {name}" + (f"; did you mean {near[0]}?" if near else ""),
        f"add a table [{name}] to {' or '.join(map(str, paths))}; control env list shows which"
        " there are",
    )


def require_own_file(path: Path) -> None:
    """Refuse a file that strangers can change: its commands would run as whoever runs control."""
    found = path.stat()
    if found.st_uid not in (os.getuid(), 0) or found.st_mode & stat.S_IWOTH:
        raise ControlError(
            f"{path} names a command and may be changed by others",
            f"if it is yours: chown $USER {path}; chmod o-w {path}",
        )


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        # Without `from`: the exception holds the text of the file.
        raise ControlError(f"{path} is not TOML: {error}", "correct the file") from None
    # tomllib raises these, without a message of its own, for impossible dates and endless nesting.
    except (ValueError, RecursionError):
        raise ControlError(f"{path} is not TOML", "correct the file") from None
