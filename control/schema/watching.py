"""Load sql/ whenever one of its files is saved, until interrupted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.database import connect
from control.errors import ControlError
from control.schema.api_reload import ApiState, RunningApis, await_schema
from control.schema.descriptions import keep_descriptions
from control.schema.locks import Echo
from control.schema.migrate import load_changes
from control.settings import Settings

# An editor may write a file in pieces, and several files at once.
_LOOK_SECONDS = 0.05
# Migrations make these.
_TABLES = ("domains/", "tables/")
_BY_MIGRATION = "control migrate new writes the migration that makes it so"

# Returns the failure behind an exception, None when it is a bug.
Explain = Callable[[BaseException], ControlError | None]


@dataclass(frozen=True)
class Load:
    """Say what became of saved files: the reason if they were not loaded."""

    paths: tuple[str, ...]
    is_loaded: bool
    seconds: float
    api: ApiState = ApiState.NOT_ASKED
    error: ControlError | None = None


def watch(
    settings: Settings,
    *,
    echo: Echo,
    running_apis: RunningApis,
    explain: Explain,
) -> Iterator[Load]:
    """Load what is saved and yield what became of it; first what changed before.

    It looks at the files again and again, because not every file system tells of changes. The time
    of a load counts from the last save to the first answer of the API with it.
    """
    with _Loader(settings, echo, running_apis, explain) as loader:
        seen: dict[str, _Mark] = {}
        while True:
            now = _marks(settings.sql_dir)
            if now != seen:
                now = _settled(settings.sql_dir, now)
                paths = tuple(
                    sorted(
                        path for path in now.keys() | seen.keys() if now.get(path) != seen.get(path)
                    )
                )
                yield (
                    loader.load(paths, _saved_at(now, paths))
                    if seen
                    else loader.load((), time.time())
                )
                seen = now
            time.sleep(_LOOK_SECONDS)


# Time of the last change in nanoseconds, size and number of a file.
_Mark = tuple[int, int, int]


def _marks(folder: Path) -> dict[str, _Mark]:
    """Return what tells whether a file was saved again, by path below sql/."""
    marks = {}
    pending = [""]
    while pending:
        below = pending.pop()
        with os.scandir(folder / below) as entries:
            for entry in entries:
                path = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f"{path}/")
                elif path.endswith(".sql") and not entry.name.startswith("."):
                    found = entry.stat()
                    marks[path] = (found.st_mtime_ns, found.st_size, found.st_ino)
    return marks


def _settled(folder: Path, marks: dict[str, _Mark]) -> dict[str, _Mark]:
    """Wait until nothing is saved any more."""
    while True:
        time.sleep(_LOOK_SECONDS)
        now = _marks(folder)
        if now == marks:
            return now
        marks = now


def _saved_at(marks: dict[str, _Mark], paths: tuple[str, ...]) -> float:
    """Return when the last of these files was saved; now, if they are gone."""
    times = [marks[path][0] / 1e9 for path in paths if path in marks]
    return max(times, default=time.time())


class _Loader:
    """Keeps a connection to load by, and opens another where it broke."""

    def __init__(
        self, settings: Settings, echo: Echo, running_apis: RunningApis, explain: Explain
    ) -> None:
        self._settings, self._echo = settings, echo
        self._running_apis, self._explain = running_apis, explain
        self._stack = ExitStack()
        self._conn: psycopg.Connection | None = None

    def __enter__(self) -> _Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def load(self, paths: tuple[str, ...], saved_at: float) -> Load:
        """Load what changed; nothing is kept of what fails."""
        started = min(saved_at, time.time())
        try:
            conn = self._connection()
            is_loaded, probe = load_changes(conn, self._settings.root, self._echo)
            api = await_schema(self._settings, probe, self._running_apis)
            seconds = time.time() - started
            # Nobody waits for it: until then the API makes it at each request.
            keep_descriptions(conn)
        except (ControlError, psycopg.Error, OSError) as error:
            known = self._explain(error)
            if known is None:
                raise
            return Load(paths, False, time.time() - started, error=known)
        return Load(paths, is_loaded, seconds, api, _of_tables(paths))

    def _connection(self) -> psycopg.Connection:
        if self._conn is None or not _is_alive(self._conn):
            self._stack.close()
            self._conn = self._stack.enter_context(connect(self._settings, "sql watch"))
        return self._conn


def _is_alive(conn: psycopg.Connection) -> bool:
    """Tell whether the server still answers: it may have been restarted since."""
    try:
        conn.execute("select")
    except psycopg.OperationalError:
        return False
    return True


def _of_tables(paths: tuple[str, ...]) -> ControlError | None:
    """Say that tables were edited, which no load changes."""
    tables = [f"sql/{path}" for path in paths if path.startswith(_TABLES)]
    if not tables:
        return None
    return ControlError(f"{', '.join(tables)}: a load changes no table", _BY_MIGRATION)
