"""Ask squawk about a migration: what holds others up, each with its cure."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path


def squawk_findings(root: Path, text: str) -> list[str] | None:
    """Return one line per finding, None where squawk is not installed."""
    beside = Path(sys.executable).with_name("squawk")
    program = str(beside) if beside.exists() else shutil.which("squawk")
    if program is None:
        return None
    config = root / ".squawk.toml"
    options = ["--config", str(config)] if config.exists() else ["--assume-in-transaction"]
    done = subprocess.run(
        [program, "--reporter", "json", *options, "--stdin-filepath", "migration.sql"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout or "[]")
    lines = text.splitlines()
    return [
        f"line {one['line'] + 1}, `{' '.join(lines[one['line']].split())}`: {one['message']}"
        f" ({one['rule_name']}; cure: {one['help'] or 'see squawkhq.com'})"
        for one in found
    ]
