"""Install what the lock files name: `install.py runtime|development|benchmark|node …`.

Whatever was cut off, moved or made for another machine is begun anew, so this may be run at any
time: it does what is missing and nothing else. It runs on the system's own Python.
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
# This file runs before anything is installed, our own package included; no .pyc of another Python.
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from control.terminal import heartbeat, make_streams_safe, working_on  # noqa: E402

# Each one builds on those before it.
LOCKS = {
    "runtime": "requirements.txt",
    "development": "requirements-dev.txt",
    "benchmark": "requirements-bench.txt",
}
NODE = "node"
PIP_OPTIONS = ("--no-compile", "--no-input", "--disable-pip-version-check", "--progress-bar=off")
NPM_OPTIONS = ("--no-audit", "--no-fund", "--no-update-notifier")
LAST_WORDS = 12
# What is started holds the lock as well: pip goes on for a while after its make was killed.
held: list[int] = []


class InstallError(Exception):
    """An installation that failed, with what was said last."""


@dataclass(frozen=True)
class Stamp:
    """What an installed folder is: a file in it, written last and removed first."""

    path: Path

    def read(self) -> dict[str, Any]:
        """Return what it says; nothing where it is missing or was cut off."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, content: dict[str, Any]) -> None:
        """Write it whole or not at all."""
        scratch = self.path.with_suffix(".tmp")
        scratch.write_text(json.dumps(content, indent=2), encoding="utf-8")
        scratch.replace(self.path)

    def forget_folder(self) -> None:
        """Remove the folder; whoever is cut off meanwhile leaves no stamp."""
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.path.parent, ignore_errors=True)


class Venv:
    """`.venv`: made by one Python, in one folder, for one machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / ".venv"
        self.python = self.home / "bin" / "python"
        self.stamp = Stamp(self.home / "installed.json")

    @property
    def origin(self) -> dict[str, str]:
        """What must be the same for it to be of use: its programs name all three."""
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

    def why_anew(self) -> str | None:
        """Say why it has to be made anew; None when it is of use as it is."""
        found = self.stamp.read()
        if not found:
            return "there is none" if not self.home.exists() else "the last one was cut off"
        if found.get("unfinished") or "stages" not in found:
            return "the last installation was cut off"
        for what, before in (found.get("origin") or {}).items():
            if before != self.origin[what]:
                return f"the {what} is another one: {before} before"
        try:
            tried = subprocess.run(
                [self.python, "-c", "import pip"], capture_output=True, check=False
            )
        except OSError:
            return "its Python is gone"
        return "it is damaged" if tried.returncode else None

    def _ensure_made(self) -> None:
        reason = self.why_anew()
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
            # It ended by itself, so what it leaves is whole.
            self.stamp.write(before)
            raise
        self.stamp.write(before | {"stages": before["stages"] | {stage: wanted}})

    def _pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "install", *PIP_OPTIONS, *arguments]
        run(command, self.root, self.home / "install.log")


class NodeModules:
    """`node_modules`: half of it is of no use, and npm cannot tell."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stamp = Stamp(root / "node_modules" / ".installed.json")

    def ensure(self) -> None:
        """Install what the lock file names, unless it is all there."""
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
        # npm makes no folder for no packages.
        self.stamp.path.parent.mkdir(exist_ok=True)
        self.stamp.write(wanted)


def say(line: str) -> None:
    """Tell on stderr what goes on."""
    print(line, file=sys.stderr, flush=True)
    working_on(line)


def run(command: Sequence[str], root: Path, log: Path | None) -> None:
    """Run a program to its end; InstallError has its last words."""
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
    """Keep two of them apart; the lock ends with its holders, however those end."""
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
    """Install the stages named."""
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
            "Remedy: see above; without a network nothing can be installed. Then run it again: it"
            " goes on where it can, and begins anew where it must",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
