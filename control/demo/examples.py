"""Write the files of `examples/`: a laboratory's data, and the tree a job would make of it.

python -m control.demo.examples
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from control.demo.files import auspice_json, write_upload
from control.demo.outbreak import Story, outbreak
from control.settings import find_root

EXAMPLE = Story(20220301, 20, date(2022, 3, 1), "EXAMPLE", "LAB-{:04}", 101, 3)
TREE = "tree.json"


def write_examples(folder: Path) -> None:
    """Write metadata, sequences and tree; they are the same every time."""
    root = outbreak(EXAMPLE)
    write_upload(folder, root)
    (folder / TREE).write_bytes(auspice_json(root, "Aspen's example outbreak"))


if __name__ == "__main__":
    write_examples(Path(sys.argv[1]) if sys.argv[1:] else find_root() / "examples")
