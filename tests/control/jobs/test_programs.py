"""pipelines/jobs.toml: what runs for each kind of job, and which faults in it are named."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from control.errors import ControlError
from control.jobs.programs import Program, read_programs
from tests.servers import SETTINGS

RIGHT = """
[tree]
runs_in = "program"
command = ["python3", "pipelines/tree/run.py", "--fast"]
image = "tree:1"
memory_mb = 100
vcpu = 2
time_limit = "15m"
max_attempts = 3

[tree.pathogen.MPX]
memory_mb = 8000
time_limit = "2d"
"""


def write(root: Path, text: str) -> Path:
    """Write the file below a root, and return the root."""
    (root / "pipelines").mkdir()
    (root / "pipelines/jobs.toml").write_text(text)
    return root


def test_kind_has_a_program_and_a_pathogen_may_differ(tmp_path: Path) -> None:
    """Find paths of the checkout, and replace what a pathogen says otherwise."""
    programs = read_programs(write(tmp_path, RIGHT))
    command = ("python3", f"{tmp_path}/pipelines/tree/run.py", "--fast")

    assert programs.kinds == ["tree"]
    assert programs.of("tree", "SC2") == Program("program", command, "tree:1", 100, 2, 900, 3)
    assert programs.of("tree", "MPX") == Program("program", command, "tree:1", 8000, 2, 172800, 3)
    assert programs.of("tree", None) == programs.of("tree", "SC2")


def test_kind_without_a_program_is_named(tmp_path: Path) -> None:
    """Say what to add."""
    with pytest.raises(ControlError, match="has no program for jobs of kind moss") as caught:
        read_programs(write(tmp_path, RIGHT)).of("moss", "SC2")

    assert caught.value.remedy == "add a table [moss] to it"


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ('"program"', '"nowhere"', '[tree] has a runs_in that is neither "program" nor "control"'),
        ("memory_mb = 100\n", "", "[tree] lacks memory_mb"),
        ("memory_mb = 100\n", "memory_mb = 0\n", "[tree] has a memory_mb that is not a number"),
        ("memory_mb = 8000", "memory_mb = true", "[tree.pathogen.MPX] has a memory_mb that"),
        ("vcpu = 2", "vcpu = 1.5", "[tree] has a vcpu that is not a number from 1 to 1,000"),
        ('"15m"', "15", "[tree] has a time_limit that is not a time"),
        ('"15m"', '"0m"', "[tree] has a time_limit that is not a time"),
        ('"2d"', '"31d"', "[tree.pathogen.MPX] has a time_limit that is not a time"),
        ("max_attempts = 3", "max_attempts = 101", "[tree] has a max_attempts that is not"),
        ("vcpu = 2", "vcpu = 2\nmemory = 3", "[tree] has an unknown key memory"),
        ('["python3", "pipelines/tree/run.py", "--fast"]', "[]", "[tree] must have a command if"),
        ('["python3", "pipelines/tree/run.py", "--fast"]', '"ls"', "[tree] has a command that is"),
        ('"program"', '"control"', "[tree] must have a command if, and only if"),
        ('image = "tree:1"', "image = 1", "[tree] has an image that is not text"),
        ("[tree.pathogen.MPX]", "[tree.pathogen]", "[tree.pathogen] is not a table of tables"),
        ("\n[tree]", "\nmoss = 1\n[tree]", "moss is not a table"),
        ("[tree]", "[tree", "is not TOML"),
        ("tree:1", "\udcff", "is not TOML"),
    ],
)
def test_fault_in_the_file_is_named(tmp_path: Path, right: str, wrong: str, fault: str) -> None:
    """Name table and key, so that no job is taken with half a limit."""
    (tmp_path / "pipelines").mkdir()
    text = RIGHT.replace(right, wrong, 1).encode(errors="surrogateescape")
    (tmp_path / "pipelines/jobs.toml").write_bytes(text)

    with pytest.raises(ControlError) as caught:
        read_programs(tmp_path)

    assert fault in caught.value.message


def test_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """Say where it belongs."""
    with pytest.raises(ControlError, match=r"pipelines/jobs.toml does not exist"):
        read_programs(tmp_path)


def test_every_kind_of_job_has_a_program(admin: psycopg.Connection) -> None:
    """Leave no job in the queue of the version that can queue it."""
    kinds = {name for (name,) in admin.execute("select name from aspen.job_kinds")}

    assert {*read_programs(SETTINGS.root).kinds} == kinds
