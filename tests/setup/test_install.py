"""The installer does what is missing and nothing else, whatever was interrupted or changed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from setup.install import Venv
from tests.servers import SETTINGS
from tests.setup.conftest import Small

# Making an environment is a minute's work where many things go on at once.
pytestmark = pytest.mark.timeout(400)


def test_second_run_says_and_does_nothing(installed: Small) -> None:
    """Do nothing when nothing changed, so that every make target may begin with it."""
    made = (installed.root / ".venv" / "pyvenv.cfg").stat().st_ino

    done = installed.install("development", "node")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (installed.root / ".venv" / "pyvenv.cfg").stat().st_ino == made


def cut_off_at_first(small: Small) -> None:
    """Interrupt the making of .venv, which may then have a Python but no pip."""
    stamp_of(small).unlink()


def cut_off_at_last(small: Small) -> None:
    """Interrupt pip, whose half-installed packages may look complete to it."""
    change_stamp(small, unfinished="runtime")


def damage_stamp(small: Small) -> None:
    """Truncate the stamp, as a full disk would."""
    stamp_of(small).write_text('{"origin"')


def lose_python(small: Small) -> None:
    """Break the links to the system's Python, as its upgrade would."""
    small.python.unlink()
    small.python.symlink_to("/nonexistent/python")


def change_machine(small: Small) -> None:
    """Change the recorded kind of machine, as copying the folder to another would."""
    origin = json.loads(stamp_of(small).read_text())["origin"]
    change_stamp(small, origin=origin | {"machine": "riscv64"})


def stamp_of(small: Small) -> Path:
    """Return the file that says that all is installed."""
    return small.root / ".venv" / "installed.json"


def change_stamp(small: Small, **changes: object) -> None:
    """Change a value of it."""
    found = json.loads(stamp_of(small).read_text())
    stamp_of(small).write_text(json.dumps(found | changes))


@pytest.fixture
def damaged(installed: Small) -> Iterator[Small]:
    """Lend the shared checkout to a test that damages it, and repair it afterwards."""
    stamp, target = stamp_of(installed).read_text(), os.readlink(installed.python)
    yield installed
    stamp_of(installed).write_text(stamp)
    installed.python.unlink()
    installed.python.symlink_to(target)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut_off_at_first, "the last installation was interrupted"),
        (cut_off_at_last, "the last installation was interrupted"),
        (damage_stamp, "the last installation was interrupted"),
        (lose_python, "its Python no longer exists"),
        (change_machine, "the machine changed; it was riscv64"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damaged_environment_is_noticed(
    damaged: Small, damage: Callable[[Small], None], reason: str
) -> None:
    """Say what is wrong with it, and nothing before it was damaged."""
    venv = Venv(damaged.root)
    before = venv.remake_reason()
    damage(damaged)

    assert (before, venv.remake_reason()) == (None, reason)


def test_environment_is_made_where_there_is_none(small: Small) -> None:
    """Say so."""
    assert Venv(small.root).remake_reason() == "it does not exist"


def test_moved_folder_gets_programs_that_start(installed: Small) -> None:
    """Make all of it again, because the first line of each names the folder it was made in.

    Whatever else is noticed about an environment leads here as well; and so does `kill -9` of every
    process in the middle of making it, after which it is begun again.
    """
    moved = Small(installed.root.with_name("moved"))
    shutil.copytree(installed.root, moved.root, symlinks=True)
    with subprocess.Popen(
        moved.command("development"), stderr=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        os.killpg(process.pid, signal.SIGKILL)

    done = moved.install("development")

    assert said == f"making .venv (the folder changed; it was {installed.root})\n"
    again, *rest = done.stderr.splitlines()
    assert again.startswith("making .venv (")
    assert rest == [
        "installing 0 Python packages (requirements.txt)",
        "installing 0 Python packages (requirements-dev.txt)",
    ]
    assert (done.returncode, moved.pip_version()) == (0, 0)


def test_changed_lock_is_installed_and_nothing_else(installed: Small) -> None:
    """Install only what a changed lock file, as after a pull, requires."""
    before = installed.install("development")
    (installed.root / "requirements-dev.txt").write_text("# still nothing\n")

    done = installed.install("development")

    assert before.returncode == 0
    assert done.stderr == "installing 0 Python packages (requirements-dev.txt)\n"


def test_half_installed_node_modules_are_installed_again(installed: Small) -> None:
    """Install them, because npm leaves no mark that it finished."""
    (installed.root / "node_modules" / ".installed.json").unlink()
    (installed.root / "node_modules" / "half").mkdir()

    done = installed.install("node")

    assert (done.returncode, done.stderr) == (
        0,
        "installing npm packages (package-lock.json)\n",
    )
    assert not (installed.root / "node_modules" / "half").exists()


def test_failed_installation_tells_why_and_is_begun_again(installed: Small) -> None:
    """Print the reason; a package that does not exist stands for a missing network."""
    lock = installed.root / "requirements.txt"
    lock.write_text("./nonexistent.whl\n")

    failed = installed.install("runtime")
    lock.write_text("# nothing again\n")
    again = installed.install("runtime")

    assert failed.returncode == 1
    assert "nonexistent.whl" in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith("Remedy: ")
    assert again.stderr == "installing 0 Python packages (requirements.txt)\n"


def make(small: Small, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a checkout that has the real Makefile and the real check."""
    shutil.copy(SETTINGS.root / "Makefile", small.root)
    shutil.copy(SETTINGS.root / "setup" / "check", small.root / "setup")
    return subprocess.run(
        ["make", "-C", str(small.root), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["up", "test", "lint", "docs", "bench", "attack"])
def test_make_begins_with_the_check_of_the_machine(small: Small, target: str) -> None:
    """Install nothing on a machine that lacks something."""
    done = make(small, target, "PYTHON=/nonexistent/python")

    assert done.returncode != 0
    assert "Missing on this machine:\n" in done.stderr
    assert not (small.root / ".venv").exists()


def test_make_down_without_a_stack_installs_nothing(small: Small) -> None:
    """Do nothing, because there is nothing to stop."""
    done = make(small, "down", "PYTHON=/nonexistent/python")

    assert (done.returncode, done.stderr) == (0, "")


def test_second_installer_waits_for_the_first(small: Small) -> None:
    """Wait, so that two makes at once do not damage the folder."""
    with open(small.root / "setup" / "install.py") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            small.command("node"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as second:
            assert second.stderr is not None
            said = second.stderr.readline()
            waits = second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            second.communicate()

    assert (said, waits) == ("another make is installing here; waiting for it to finish\n", True)
