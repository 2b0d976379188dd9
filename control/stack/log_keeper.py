"""Keep every log of the local stack within bounds: `python -I -S log_keeper.py DIRECTORY`.

A separate process, because no server bounds its own log and some write faster than people run
commands. It imports next to nothing: 9 MB, of which 3 MB are not shared with other Pythons.
"""

from __future__ import annotations

import os
import sys
import time

# A log larger than LIMIT_BYTES is cut to its last KEEP_BYTES.
LIMIT_BYTES = 8 << 20
KEEP_BYTES = 1 << 20
EVERY_SECONDS = 5.0


def trim_all(directory: str) -> None:
    """Trim each file of a directory; a file that disappears in between is skipped."""
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False) and entry.stat().st_size > LIMIT_BYTES:
                    trim(entry.path)
            except OSError as error:
                print(f"{entry.path}: {error}", file=sys.stderr, flush=True)


def trim(path: str) -> None:
    """Keep the last lines of a log, while its server goes on appending.

    The end is copied to the beginning before the file is cut, so that lines written in between are
    kept. Only what is written in the microseconds between the last read and the cut is lost.
    """
    with open(path, "r+b", buffering=0) as log:
        read_to = log.seek(-KEEP_BYTES, os.SEEK_END)
        kept = 0
        while text := os.pread(log.fileno(), KEEP_BYTES, read_to):
            read_to += len(text)
            if kept == 0:
                # Begin with a whole line, unless the log is one line.
                text = text[text.find(b"\n") + 1 :] or text
            kept += os.pwrite(log.fileno(), text, kept)
        log.truncate(kept)


def main(directory: str) -> None:
    """Trim every few seconds, as long as the directory exists."""
    while os.path.isdir(directory):
        trim_all(directory)
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
