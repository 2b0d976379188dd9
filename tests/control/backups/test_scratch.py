"""What a killed command left goes with the next command; what another one uses stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from control.backups.scratch import scratch_directory

HOLDING = """
import sys, time
from pathlib import Path
from control.backups.scratch import scratch_directory
with scratch_directory("aspen-test-", Path(sys.argv[1])) as home:
    (home / "plain").write_text("decrypted")
    print(home, flush=True)
    time.sleep(600)
"""


def test_directory_of_a_killed_command_is_deleted(tmp_path: Path) -> None:
    """Leave the one of a command that lives, of another name, and what is no directory."""
    others = [tmp_path / "aspen-other-1", tmp_path / "aspen-test-link"]
    others[0].mkdir()
    others[1].symlink_to(others[0])
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        killed, living = (
            Path(f"{holder.stdout and holder.stdout.readline()}".strip()) for holder in holders
        )
        holders[0].kill()
        holders[0].wait()
        assert (killed / "plain").exists()

        with scratch_directory("aspen-test-", tmp_path) as home:
            assert set(tmp_path.iterdir()) == {living, home, *others}
            assert home.stat().st_mode & 0o777 == 0o700
        assert set(tmp_path.iterdir()) == {living, *others}
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()
