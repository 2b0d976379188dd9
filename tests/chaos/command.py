"""Run `control` with the kind of jobs of this folder: `python -m tests.chaos.command job work`."""

from __future__ import annotations

from pathlib import Path

from control.cli import main
from control.outputs import kinds

if __name__ == "__main__":
    kinds.__path__.append(str(Path(__file__).with_name("kinds")))
    main()
