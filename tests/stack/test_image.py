"""control/Dockerfile copies what commands need: nobody has built it here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers import SETTINGS, Database

DOCKERFILE = SETTINGS.root / "control" / "Dockerfile"
COPY = re.compile(r"^COPY (.+) (\S+)$", re.MULTILINE)


def test_command_line_runs_with_what_is_copied(database: Database, tmp_path: Path) -> None:
    """Find the migrations, sql/ and the command itself in a folder with nothing else."""
    for sources, target in COPY.findall(DOCKERFILE.read_text()):
        for source in sources.split():
            if target.startswith("/tmp/"):
                continue
            here = SETTINGS.root / source
            copy = shutil.copytree if here.is_dir() else shutil.copy
            copy(here, tmp_path / source)

    done = subprocess.run(
        [sys.executable, "-m", "control", "migrate", "status"],
        cwd=tmp_path,
        env=database.environment | {"ASPEN_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["up to date"]), done.stderr


def test_builder_gets_what_is_copied() -> None:
    """Exclude nothing that the image needs, and send nothing else."""
    sent = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    copied = {s for sources, _ in COPY.findall(DOCKERFILE.read_text()) for s in sources.split()}

    assert {line[1:] for line in sent if line.startswith("!")} == copied
    assert "*" in sent


def test_image_runs_as_a_user() -> None:
    """End with a number, by which Kubernetes sees that it is not root."""
    users = re.findall(r"^USER (.+)$", DOCKERFILE.read_text(), re.MULTILINE)

    assert users == ["10001"]
