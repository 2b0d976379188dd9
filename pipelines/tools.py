"""Run the programs of the field, and say what to install where one is missing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from pipelines.job import JobError

# Where `make pipelines` installs augur.
VENV = Path(__file__).resolve().parent.parent / ".venv-pipelines" / "bin"
_LAST_LINES = 5


def find(names: Sequence[str], remedy: str) -> str:
    """Return the path of the first of these programs that is installed, or fail with the remedy."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(VENV)))
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise JobError(f"{' or '.join(names)} is not installed on the worker: {remedy}")


def version(command: Sequence[str]) -> str:
    """Return the first number with a dot that a program prints about itself."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    found = re.search(rb"\d+(?:\.\d+)+[\w+.-]*", done.stdout)
    return found[0].decode() if found else "unknown"


def own_versions() -> dict[str, str]:
    """Return the versions of these programs, which an image may not tell, and of Python."""
    versions = {"python": platform.python_version()}
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if project.exists():
        versions["aspen"] = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
    return versions


def run(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a program; its messages go to the log. Fail with the last of them if it does."""
    name = Path(command[0]).name
    print("$", name, *map(str, command[1:]), file=sys.stderr, flush=True)
    last: list[str] = []
    with subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output if output is not None else subprocess.PIPE,
        stderr=subprocess.STDOUT if output is None else subprocess.PIPE,
        env=dict(environment) if environment is not None else None,
    ) as process:
        messages = process.stdout if output is None else process.stderr
        assert messages is not None
        for line in messages:
            text = line.decode(errors="replace").rstrip()
            print(text, file=sys.stderr)
            if text.strip():
                last = [*last[1 - _LAST_LINES :], text.strip()]
    if code := process.returncode:
        said = f": {' / '.join(last)}" if last else ""
        raise JobError(f"{name} {_step(command)}ended with exit code {code}{said}"[:4000])


def _step(command: Sequence[str | Path]) -> str:
    """Return the subcommand of augur, which is what failed."""
    return f"{command[1]} " if Path(command[0]).name == "augur" else ""
