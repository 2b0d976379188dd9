"""Keeps every log of the local stack within bounds: `python -I -S log_keeper.py DIRECTORY`.

A process of its own, because no server bounds its own log and some write faster than people run
commands. It imports next to nothing: 9 MB, of which 3 MB are not shared with other Pythons.
"""

from __future__ import annotations

import os
import sys
import time

# A log above the first size is cut to its last part.
LIMIT_BYTES = 8 << 20
KEEP_BYTES = 1 << 20
EVERY_SECONDS = 5.0


def trim_all(directory: str) -> None:
    """Trim each file of a directory; one that went meanwhile was somebody else's to remove."""
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False) and entry.stat().st_size > LIMIT_BYTES:
                    trim(entry.path)
            except OSError as error:
                print(f"{entry.path}: {error}", file=sys.stderr, flush=True)


def trim(path: str) -> None:
    """Keep the last lines of a log. Servers append, so they go on writing behind them.

    The end is copied to the beginning and only then the file cut, so that nothing written
    meanwhile is overwritten; what comes after the last look at the end, in microseconds, is lost.
    """
    with open(path, "r+b", buffering=0) as log:
        read_to = log.seek(-KEEP_BYTES, os.SEEK_END)
        kept = 0
        while text := os.pread(log.fileno(), KEEP_BYTES, read_to):
            read_to += len(text)
            if kept == 0:
                # Begin with a whole line, unless it is all one line.
                text = text[text.find(b"\n") + 1 :] or text
            kept += os.pwrite(log.fileno(), text, kept)
        log.truncate(kept)


def main(directory: str) -> None:
    """Trim again and again, as long as there is something to look after."""
    while os.path.isdir(directory):
        trim_all(directory)
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
