"""How two databases differ, by pg-delta and by what it leaves out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from control.errors import ControlError

_SCRIPT = Path(__file__).with_suffix(".mjs")


def schema_differences(left_url: str, right_url: str) -> list[str]:
    """One line per difference between two databases, none when they are the same.

    Bookkeeping of the control plane is left out. The URLs go through standard input, where no
    process list shows them.
    """
    try:
        done = subprocess.run(
            ["node", str(_SCRIPT)],
            input=json.dumps({"left": left_url, "right": right_url}),
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise ControlError(
            "node is not installed; the schema differ needs it", "install Node.js 20 or newer"
        ) from error
    if done.returncode != 0:
        raise ControlError(
            f"the databases could not be compared: {done.stderr.strip()}",
            "npm ci installs the schema differ; the databases must be reachable",
        )
    return done.stdout.splitlines()
