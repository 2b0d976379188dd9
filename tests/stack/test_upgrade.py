"""The upgrade from PostgreSQL 15 to 18 works as docs/operations.md prints it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.servers import SETTINGS
from tests.stack.backups import owners_token, running

pytestmark = pytest.mark.timeout(400)


def steps_of_the_upgrade() -> str:
    """Return the commands of docs/operations.md as they are printed there."""
    text = (SETTINGS.root / "docs" / "operations.md").read_text()
    [steps] = re.findall(r"^```sh upgrade\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(steps)


def test_upgrade_from_15_to_18_works_as_documented(tmp_path: Path) -> None:
    """Keep rows, tokens and links.

    The steps: back up, stop, set the old data aside, start, restore.
    """
    with running(tmp_path / ".aspen", "15", "aspen") as stack:
        stack.run("load", "demo")
        token = owners_token(stack)
        before = stack.content()

        done = subprocess.run(
            ["sh", "-eu"],
            input=steps_of_the_upgrade().replace("/backups", str(tmp_path)),
            cwd=tmp_path,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "ASPEN_ROOT": str(SETTINGS.root),
                "ASPEN_DATA_DIR": str(tmp_path / ".aspen"),
                "ASPEN_POSTGRES_BIN": f"{stack.settings.postgres_bin}",
            },
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        stack.settings = stack.with_(postgres_bin="bundled")
        stack.up()
        with stack.connect() as conn:
            assert conn.info.server_version // 10000 == 18
            [output] = conn.execute("select min(id) from aspen.job_outputs").fetchall()
        url = stack.get(f"rpc/output_url?id={output[0]}", token)["url"]
        assert stack.content() == before
        assert httpx.get(url).status_code == 200
