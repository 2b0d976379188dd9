"""Run `control up --watch`: stay in the foreground and restart servers that die."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from control.errors import ControlError
from control.settings import DamagedState, Settings
from control.stack import lifecycle
from control.stack.changing import is_being_changed
from control.stack.components import Component, Database
from control.translation import translate

Echo = Callable[[str], None]

POLL_SECONDS = 1.0
# Asking a server costs more than checking its process, so it is done less often.
ASK_SECONDS = 10.0
# A server that lives but does not answer for so long is restarted. The database never is: it may be
# recovering, and it reports itself when it cannot.
SILENT_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
# A server that lived so long is restarted without a pause.
STABLE_SECONDS = 60.0
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch(settings: Settings, echo: Echo, on_up: Callable[[Settings], None]) -> None:
    """Bring the stack up, supervise it until told to end, and stop it.

    When `control down` stops the stack, this ends too and leaves everything as it is.
    """
    with _end_signals() as over:
        with _only_one(settings, echo):
            settings = lifecycle.up(settings, echo)
            on_up(settings)
            echo("supervising the stack; Ctrl-C stops it")
            supervisor = Supervisor(settings, echo)
            while not over.wait(POLL_SECONDS):
                if not supervisor.look():
                    echo("control down stopped the stack; supervision ends")
                    return
            lifecycle.down(settings, echo)


@dataclass
class Patience:
    """When a server was last started, and how long to wait before the next restart."""

    pause: float = 0.0
    not_before: float = 0.0
    started: float = field(default_factory=time.monotonic)
    silent_since: float | None = None

    def failed(self, now: float) -> float:
        """Wait longer after each early death; return the pause until the next start."""
        if now - self.started > STABLE_SECONDS:
            self.pause = 0.0
        pause, self.not_before = self.pause, now + self.pause
        self.pause = min(max(self.pause * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        return pause


class Supervisor:
    """The memory between two looks at the servers."""

    def __init__(self, settings: Settings, echo: Echo) -> None:
        self._settings = settings
        self._echo = echo
        self._patience: dict[str, Patience] = {}
        self._dead: set[str] = set()
        self._asked = time.monotonic()
        self._ends: dict[int, int] = {}

    def look(self) -> bool:
        """Restart servers that died; return False when the whole stack was stopped on purpose."""
        self._ends |= _reap()
        if is_being_changed(self._settings):
            return True
        try:
            components = lifecycle.components_of(self._settings)
        except DamagedState:
            # `revive` repairs it and finds the servers by their pid files.
            self._revive({"postgrest"})
            return True
        if all(component.server.recorded_pid() is None for component in components):
            return False
        now = time.monotonic()
        for component in components:
            # A server without a pid file is being stopped or lost the file; `revive` finds out
            # which.
            if component.server.pid() is None:
                self._note_death(component, now)
        if now - self._asked > ASK_SECONDS:
            self._asked = now
            self._note_silence(components, now)
        self._revive({name for name in self._dead if self._patience[name].not_before <= now})
        return True

    def _note_death(self, component: Component, now: float) -> None:
        server = component.server
        if server.name in self._dead:
            return
        pid = server.recorded_pid()
        how = "" if pid is None else _how(self._ends.pop(pid, None))
        cause = server.cause()
        words = server.last_words() if cause is None else f": {cause.what}"
        pause = self._died(server.name, now)
        self._echo(f"{server.name} died{how}{words}")
        if cause is not None:
            self._echo(f"  {cause.remedy}")
        if pause:
            self._echo(f"{server.name} is restarted in {pause:.0f} s")

    def _note_silence(self, components: tuple[Component, ...], now: float) -> None:
        for component in components:
            name = component.server.name
            patience = self._patience.setdefault(name, Patience())
            if component.server.pid() is None or component.is_ready():
                patience.silent_since = None
            elif patience.silent_since is None:
                patience.silent_since = now
                self._echo(f"{name} does not answer")
            elif now - patience.silent_since > SILENT_SECONDS and not isinstance(
                component, Database
            ):
                self._died(name, now)
                patience.silent_since = None

    def _died(self, name: str, now: float) -> float:
        self._dead.add(name)
        return self._patience.setdefault(name, Patience()).failed(now)

    def _revive(self, names: set[str]) -> None:
        if not names:
            return
        try:
            failures = lifecycle.revive(self._settings, names, self._echo)
        except Exception as error:
            known = translate(error)
            if known is None:
                raise
            failures = dict.fromkeys(names, known)
        now = time.monotonic()
        for name in names - failures.keys():
            self._dead.discard(name)
            self._patience.setdefault(name, Patience()).started = now
        for name, failure in failures.items():
            pause = self._died(name, now)
            self._echo(f"{failure.message}\n  {failure.remedy or ''}".rstrip())
            self._echo(f"{name} is tried again in {pause:.0f} s")


def _how(status: int | None) -> str:
    """Return how a child process ended; unknown for processes others started."""
    if status is None:
        return ""
    if os.WIFSIGNALED(status):
        return f" of {signal.Signals(os.WTERMSIG(status)).name}"
    return f" with exit code {os.waitstatus_to_exitcode(status)}"


def _reap() -> dict[int, int]:
    """Collect the children that ended, and return the exit status of each."""
    ended = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = status
    return ended


@contextmanager
def _end_signals() -> Iterator[threading.Event]:
    """Provide an event that is set by the end signals; work under way finishes first."""
    over = threading.Event()

    def end(*_: Any) -> None:
        over.set()

    before = {number: signal.signal(number, end) for number in END_SIGNALS}
    try:
        yield over
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _only_one(settings: Settings, echo: Echo) -> Iterator[None]:
    """Allow one supervisor per data directory."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(settings.data_dir / "watch.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ControlError(
                "another control up --watch supervises this stack already",
                "end that one first",
            ) from error
        yield
    finally:
        os.close(lock)
