"""The installer does what is missing and nothing else, whatever was cut off, moved or changed."""

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
    """So that it may stand before every make."""
    made = (installed.root / ".venv" / "pyvenv.cfg").stat().st_ino

    done = installed.install("development", "node")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (installed.root / ".venv" / "pyvenv.cfg").stat().st_ino == made


def cut_off_at_first(small: Small) -> None:
    """A .venv that was made halfway: it may have a Python, and no pip yet."""
    stamp_of(small).unlink()


def cut_off_at_last(small: Small) -> None:
    """Packages half installed: what pip left may look whole to it."""
    change_stamp(small, unfinished="runtime")


def damage_stamp(small: Small) -> None:
    """What a full disk leaves."""
    stamp_of(small).write_text('{"origin"')


def lose_python(small: Small) -> None:
    """The system's Python was upgraded, and the links into it lead nowhere."""
    small.python.unlink()
    small.python.symlink_to("/nonexistent/python")


def change_machine(small: Small) -> None:
    """A folder that came from another kind of machine."""
    origin = json.loads(stamp_of(small).read_text())["origin"]
    change_stamp(small, origin=origin | {"machine": "riscv64"})


def stamp_of(small: Small) -> Path:
    """What says that all is installed."""
    return small.root / ".venv" / "installed.json"


def change_stamp(small: Small, **changes: object) -> None:
    """Let it say something else."""
    found = json.loads(stamp_of(small).read_text())
    stamp_of(small).write_text(json.dumps(found | changes))


@pytest.fixture
def spoilt(installed: Small) -> Iterator[Small]:
    """One to be spoilt, which is as before afterwards."""
    stamp, target = stamp_of(installed).read_text(), os.readlink(installed.python)
    yield installed
    stamp_of(installed).write_text(stamp)
    installed.python.unlink()
    installed.python.symlink_to(target)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (cut_off_at_first, "the last one was cut off"),
        (cut_off_at_last, "the last installation was cut off"),
        (damage_stamp, "the last one was cut off"),
        (lose_python, "its Python is gone"),
        (change_machine, "the machine is another one: riscv64 before"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_spoilt_environment_is_noticed(
    spoilt: Small, spoil: Callable[[Small], None], reason: str
) -> None:
    """And what is the matter with it; before, nothing was."""
    venv = Venv(spoilt.root)
    before = venv.why_anew()
    spoil(spoilt)

    assert (before, venv.why_anew()) == (None, reason)


def test_half_installed_packages_are_installed_anew(installed: Small) -> None:
    """From the Python up."""
    cut_off_at_last(installed)

    done = installed.install("development")

    assert done.stderr.splitlines() == [
        "making .venv (the last installation was cut off)",
        "installing 0 Python packages (requirements.txt)",
        "installing 0 Python packages (requirements-dev.txt)",
    ]
    assert (done.returncode, installed.pip_version()) == (0, 0)


def test_moved_folder_gets_programs_that_start(installed: Small) -> None:
    """Each of them names the folder it was made in, in its first line."""
    moved = Small(installed.root.with_name("moved"))
    installed.root.rename(moved.root)

    done = moved.install("runtime")
    pip = moved.pip_version()
    moved.root.rename(installed.root)

    assert f"the folder is another one: {installed.root} before" in done.stderr
    assert pip == 0


def test_changed_lock_is_installed_and_nothing_else(installed: Small) -> None:
    """After a pull."""
    before = installed.install("development")
    (installed.root / "requirements-dev.txt").write_text("# still nothing\n")

    done = installed.install("development")

    assert before.returncode == 0
    assert done.stderr == "installing 0 Python packages (requirements-dev.txt)\n"


def test_half_installed_node_modules_are_installed_anew(installed: Small) -> None:
    """npm writes no mark when it is done, so its folder proves nothing."""
    (installed.root / "node_modules" / ".installed.json").unlink()
    (installed.root / "node_modules" / "half").mkdir()

    done = installed.install("node")

    assert (done.returncode, done.stderr) == (
        0,
        "installing npm packages (package-lock.json)\n",
    )
    assert not (installed.root / "node_modules" / "half").exists()


def test_killed_installer_leaves_what_the_next_one_puts_right(small: Small) -> None:
    """`kill -9` of all of it, in the middle of making .venv."""
    with subprocess.Popen(
        small.command("runtime"), stderr=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        os.killpg(process.pid, signal.SIGKILL)

    done = small.install("runtime")

    assert said == "making .venv (there is none)\n"
    assert done.returncode == 0, done.stderr
    assert small.pip_version() == 0


def test_failed_installation_tells_why_and_is_begun_again(small: Small) -> None:
    """A package that does not exist stands for a network that does not."""
    lock = small.root / "requirements.txt"
    lock.write_text("./nonexistent.whl\n")

    failed = small.install("runtime")
    lock.write_text("# nothing\n")
    again = small.install("runtime")

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
    """Nothing is installed on a machine that lacks something."""
    done = make(small, target, "PYTHON=/nonexistent/python")

    assert done.returncode != 0
    assert "Missing on this machine:\n" in done.stderr
    assert not (small.root / ".venv").exists()


def test_make_down_where_nothing_ever_was_installs_nothing(small: Small) -> None:
    """There is nothing to stop."""
    done = make(small, "down", "PYTHON=/nonexistent/python")

    assert (done.returncode, done.stderr) == (0, "")


def test_second_installer_waits_for_the_first(small: Small) -> None:
    """Two makes at once do not take the folder from under each other."""
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
