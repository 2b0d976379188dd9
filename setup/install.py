"""Install the packages of the lock files: `install.py runtime|development|benchmark|node …`.

It may be run at any time and does only what is missing. An installation that was interrupted, was
moved or was made for another machine is made again. It runs on the system's own Python.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# This file runs before anything is installed, including our own package. It writes no .pyc files,
# because another Python may run it; whoever imports it, a test say, goes on writing them.
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode |= __name__ == "__main__"

from control.terminal import heartbeat, make_streams_safe, working_on  # noqa: E402

# Each stage builds on the stages before it.
LOCKS = {
    "runtime": "requirements.txt",
    "development": "requirements-dev.txt",
    "benchmark": "requirements-bench.txt",
}
NODE = "node"
PIP_OPTIONS = ("--no-compile", "--no-input", "--disable-pip-version-check", "--progress-bar=off")
NPM_OPTIONS = ("--no-audit", "--no-fund", "--no-update-notifier")
LAST_WORDS = 12
INTERRUPTED = "the last installation was interrupted"
# The started programs hold the lock as well, because pip continues for a while after its make was
# killed.
held: list[int] = []


class InstallError(Exception):
    """Report a failed installation with the last lines of its output."""


@dataclass(frozen=True)
class Stamp:
    """Describe an installed folder in a file inside it, written last and removed first."""

    path: Path

    def read(self) -> dict[str, Any]:
        """Return its content; empty if it is missing or incomplete."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, content: dict[str, Any]) -> None:
        """Write it completely or not at all."""
        scratch = self.path.with_suffix(".tmp")
        scratch.write_text(json.dumps(content, indent=2), encoding="utf-8")
        scratch.replace(self.path)

    def forget_folder(self) -> None:
        """Remove the folder; an interrupted removal leaves no stamp."""
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.path.parent, ignore_errors=True)


class Venv:
    """Keep `.venv`, which one Python made in one folder for one machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / ".venv"
        self.python = self.home / "bin" / "python"
        self.stamp = Stamp(self.home / "installed.json")

    @property
    def origin(self) -> dict[str, str]:
        """Return what must be equal for it to work: its programs contain all three."""
        return {
            "folder": str(self.root),
            "python": f"{os.path.realpath(sys.executable)} {platform.python_version()}",
            "machine": platform.machine(),
        }

    def ensure(self, stage: str) -> None:
        """Install one stage and those before it."""
        self._ensure_made()
        stages = list(LOCKS)
        for name in stages[: stages.index(stage) + 1]:
            wanted = _digest(self.root / LOCKS[name], self.root / "pyproject.toml")
            if self.stamp.read()["stages"].get(name) != wanted:
                self._install(name, wanted)

    def remake_reason(self) -> str | None:
        """Say why it must be made again; None if it works as it is."""
        found = self.stamp.read()
        if not found:
            return "it does not exist" if not self.home.exists() else INTERRUPTED
        if found.get("unfinished") or "stages" not in found:
            return INTERRUPTED
        for what, before in (found.get("origin") or {}).items():
            if before != self.origin[what]:
                return f"the {what} changed; it was {before}"
        try:
            tried = subprocess.run(
                [self.python, "-c", "import pip"], capture_output=True, check=False
            )
        except OSError:
            return "its Python no longer exists"
        return "it is damaged" if tried.returncode else None

    def _ensure_made(self) -> None:
        reason = self.remake_reason()
        if reason is None:
            return
        say(f"making .venv ({reason})")
        self.stamp.forget_folder()
        run([sys.executable, "-m", "venv", str(self.home)], self.root, None)
        self.stamp.write({"origin": self.origin, "stages": {}, "unfinished": None})

    def _install(self, stage: str, wanted: str) -> None:
        lock = self.root / LOCKS[stage]
        count = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())
        say(f"installing {count} Python packages ({lock.name})")
        before = self.stamp.read()
        self.stamp.write(before | {"unfinished": stage})
        try:
            self._pip("--require-hashes", "-r", str(lock))
            if stage == "runtime":
                self._pip("--no-deps", "--no-build-isolation", "--editable", str(self.root))
        except InstallError:
            # pip ended by itself, so the installed packages are complete.
            self.stamp.write(before)
            raise
        self.stamp.write(before | {"stages": before["stages"] | {stage: wanted}})

    def _pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "install", *PIP_OPTIONS, *arguments]
        run(command, self.root, self.home / "install.log")


class NodeModules:
    """Keep `node_modules`; npm cannot tell whether it is complete."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stamp = Stamp(root / "node_modules" / ".installed.json")

    def ensure(self) -> None:
        """Install the packages of the lock file unless all are installed."""
        names = ("package.json", "package-lock.json")
        wanted = {
            "lock": _digest(*(self.root / name for name in names)),
            "machine": platform.machine(),
        }
        if self.stamp.read() == wanted:
            return
        say("installing npm packages (package-lock.json)")
        self.stamp.forget_folder()
        run(["npm", "ci", *NPM_OPTIONS], self.root, None)
        # npm creates no folder if there are no packages.
        self.stamp.path.parent.mkdir(exist_ok=True)
        self.stamp.write(wanted)


def say(line: str) -> None:
    """Report progress on stderr."""
    print(line, file=sys.stderr, flush=True)
    working_on(line)


def run(command: Sequence[str], root: Path, log: Path | None) -> None:
    """Run a program to its end; InstallError contains the last lines of its output."""
    words: list[str] = []
    with subprocess.Popen(
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        pass_fds=held,
    ) as process:
        for line in process.stdout or ():
            words.append(line.rstrip())
            if line.startswith(("Collecting", "Downloading", "Installing")):
                working_on(line.strip().partition(" (")[0].lower())
    if log is not None:
        log.write_text("\n".join(words), encoding="utf-8")
    if process.returncode != 0:
        said = "\n  ".join(words[-LAST_WORDS:])
        raise InstallError(f"{' '.join(command[:4])} … failed:\n  {said}")


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait for another installation; the lock ends with its holders, however they end."""
    with open(__file__, "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another make is installing here; waiting for it to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        held.append(lock.fileno())
        yield
        held.clear()


def main(stages: Sequence[str]) -> int:
    """Install the given stages."""
    make_streams_safe()
    try:
        with heartbeat(), one_at_a_time():
            for stage in stages:
                if stage == NODE:
                    NodeModules(ROOT).ensure()
                else:
                    Venv(ROOT).ensure(stage)
    except InstallError as error:
        print(f"Error: {error}", file=sys.stderr)
        print(
            "Remedy: see the output above; an installation needs the network. Then run the command"
            " again: it continues, or starts again where it must",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
