"""A machine that has only what a test gives it, and a checkout that installs quickly."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pip
import pytest

from setup.install import Venv
from tests.servers import SETTINGS

# What the check itself is written with.
BASICS = ("sh", "grep", "getconf")
# What a whole machine has; a link or a script stands for each.
PROGRAMS = ("git", "curl", "ps", "npm", "setpriv")
REAL_PYTHON = Path(sys.base_prefix) / "bin" / "python3"

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "small"
version = "1"
"""
# What setuptools does for the real one, without being installed.
BACKEND = """\
import zipfile
NAME = "small-1-py3-none-any.whl"
FILES = {
    "small-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\n",
    "small-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "small-1.dist-info/RECORD": "small-1.dist-info/RECORD,,\\n",
}
def build_editable(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{directory}/{NAME}", "w") as wheel:
        for name, text in FILES.items():
            wheel.writestr(name, text)
    return NAME
"""


@dataclass(frozen=True)
class Machine:
    """A folder of programs that is the whole PATH."""

    bin: Path

    def put(self, name: str, script: str) -> None:
        """Put a program on the PATH, or replace it."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def put_real(self, name: str, target: str | Path) -> None:
        """Put a program of the real machine on the PATH."""
        # Not a link: a Python looks beside itself for its library.
        self.put(name, f'exec {target} "$@"')

    def remove(self, *names: str) -> None:
        """Remove programs from the PATH."""
        for name in names:
            (self.bin / name).unlink()

    def check(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `setup/check` on this machine."""
        return subprocess.run(
            ["/bin/sh", SETTINGS.root / "setup" / "check", *arguments],
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Make a Linux that has every program, for a user who is not root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    machine = Machine(folder)
    for name in BASICS:
        machine.put_real(name, shutil.which(name) or name)
    for name in PROGRAMS:
        machine.put(name, "exit 0")
    machine.put("uname", "case $1 in -s) echo Linux ;; *) echo x86_64 ;; esac")
    machine.put("id", "echo 1000")
    machine.put("node", "echo v20.20.2")
    machine.put_real("python3", REAL_PYTHON)
    return machine


@dataclass(frozen=True)
class Small:
    """A checkout whose lock files name no packages."""

    root: Path

    def install(self, *stages: str) -> subprocess.CompletedProcess[str]:
        """Run the real installer in it, to its end."""
        return subprocess.run(self.command(*stages), capture_output=True, text=True, check=False)

    def command(self, *stages: str) -> list[str]:
        """Return the command line of the installer."""
        return [str(REAL_PYTHON), str(self.root / "setup" / "install.py"), *stages]

    @property
    def python(self) -> Path:
        """Return the Python that the installer makes."""
        return self.root / ".venv" / "bin" / "python"

    def pip_version(self) -> int:
        """Return the exit code of pip, started through its own first line."""
        return subprocess.run(
            [self.root / ".venv" / "bin" / "pip", "--version"], capture_output=True, check=False
        ).returncode


def write_small(root: Path) -> Small:
    """Write such a checkout into a folder."""
    (root / "setup").mkdir(parents=True)
    (root / "control").mkdir()
    shutil.copy(SETTINGS.root / "setup" / "install.py", root / "setup")
    for name in ("__init__.py", "terminal.py"):
        shutil.copy(SETTINGS.root / "control" / name, root / "control")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "backend.py").write_text(BACKEND)
    for lock in ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt"):
        (root / lock).write_text("# nothing\n")
    (root / "package.json").write_text('{"name": "small", "private": true}\n')
    (root / "package-lock.json").write_text(
        '{"name": "small", "lockfileVersion": 3, "requires": true,'
        ' "packages": {"": {"name": "small"}}}\n'
    )
    return Small(root)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Make a checkout of the test's own."""
    return write_small(tmp_path / "small")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Share a checkout with everything installed; tests that damage it repair it afterwards.

    Its .venv has a copy of our pip, because installing one takes longer than all the rest.
    """
    small = write_small(tmp_path_factory.mktemp("installed") / "small")
    venv = Venv(small.root)
    subprocess.run([REAL_PYTHON, "-m", "venv", "--without-pip", venv.home], check=True)
    [packages] = venv.home.glob("lib/python*/site-packages")
    shutil.copytree(Path(pip.__file__).parent, packages / "pip")
    venv.stamp.write({"origin": venv.origin, "stages": {}, "unfinished": None})
    done = small.install("development", "node")
    assert done.returncode == 0, done.stderr
    return small
