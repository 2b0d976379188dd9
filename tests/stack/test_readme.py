"""The README shows what everybody gets: its commands are run and its output is compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from control.demo.examples import write_examples
from control.stack.ports import any_free
from tests.servers import SETTINGS
from tests.stack.conftest import LocalStack

ROOT = SETTINGS.root
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
# Between the output of one step and that of the next.
MARK = "== next =="


@dataclass
class Step:
    """Some commands, and what they print where the README shows it."""

    commands: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @property
    def pattern(self) -> str:
        """Return a regular expression of the output; `…` matches anything, a space any gap."""
        return re.escape(squeezed("".join(self.shown))).replace("…", ".*")


def squeezed(text: str) -> str:
    """Return text without white space, because lines are broken for readers."""
    return re.sub(r"\s", "", text)


def steps() -> list[Step]:
    """Return what a reader pastes, block by block; `make` itself is run by its caller."""
    found: list[Step] = []
    for block in (block for block in BLOCKS if not block.startswith("make ")):
        found.append(Step())
        for line in block.splitlines():
            if line.startswith("# "):
                found[-1].shown.append(line[2:])
                continue
            if found[-1].shown:
                found.append(Step())
            found[-1].commands.append(line)
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Make a stack of this module's own as right after `make up`."""
    data = tmp_path_factory.mktemp("readme")
    stack = LocalStack(
        replace(SETTINGS, data_dir=data, keys_dir=data / "keys", first_port=any_free())
    )
    stack.up()
    environment = os.environ | {"ASPEN_DATA_DIR": str(data), "ASPEN_ROOT": str(ROOT)}
    control = Path(sys.executable).with_name("control")
    subprocess.run([control, "load", "demo"], env=environment, check=True, capture_output=True)
    yield environment
    stack.down()


def test_every_command_of_the_readme_prints_what_it_shows(environment: dict[str, str]) -> None:
    """Run all in one shell, from the top to the end: read, write, import, run, tree."""
    shown = steps()
    script = "".join("\n".join(step.commands) + f"\necho '{MARK}'\n" for step in shown)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    printed = map(squeezed, done.stdout.split(MARK))
    differing = {
        step.commands[-1]: output
        for step, output in zip(shown, printed, strict=False)
        if step.shown and not re.fullmatch(step.pattern, output)
    }
    assert differing == {}
    assert sum(bool(step.shown) for step in shown) == 9


def test_examples_are_what_their_generator_writes(tmp_path: Path) -> None:
    """Generate the same files again."""
    write_examples(tmp_path)

    for path in tmp_path.iterdir():
        assert (ROOT / "examples" / path.name).read_bytes() == path.read_bytes()


def test_readme_names_files_that_are_there() -> None:
    """Check links to documents and folders of the table."""
    links = re.findall(r"\]\(([^)#]+)", README)
    folders = re.findall(r"^\| `(\w+/)` \|", README, re.MULTILINE)

    assert [name for name in links + folders if not (ROOT / name).exists()] == []
    assert len(folders) >= 5
