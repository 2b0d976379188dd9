"""What is printed is text, never a command to the terminal that shows it.

Strains, headers of FASTA, names of groups, keys in S3 and lines of logs come from strangers. A
control character among them could clear the screen, forge a line or set the window's title, so
both output streams write such characters in a visible form; no command has to think of it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

# C0 but tab and newline, DEL, C1, what reorders text, what some programs take for a line end, and
# halves of characters, which no encoding can write.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str) -> str:
    """Text with every unsafe character written out: `\\x1b`, `\\u202e`.

    Inside a JSON string it still says the same: JSON itself escapes what becomes `\\x…` here.
    """
    return _UNSAFE.sub(_written_out, text)


def one_line(value: object) -> str:
    """A stranger's text where a line must stay one: line ends and tabs are written out, too."""
    return visible(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def spreadsheet_cell(value: object) -> str:
    """A cell that a spreadsheet shows instead of calculating: a leading apostrophe where needed."""
    text = str(value)
    return f"'{visible(text)}" if text.startswith(_FORMULA) else visible(text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}"


class SafeStream:
    """An output stream that writes unsafe characters in their visible form."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; what the stream's encoding lacks is written out as well."""
        if not isinstance(text, str):
            raise TypeError("an output stream takes text")
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(visible(text).encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        # Without it nobody can write past this stream.
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


@contextmanager
def safe_streams() -> Iterator[None]:
    """Both output streams safe for as long as the context lasts."""
    before = sys.stdout, sys.stderr
    make_streams_safe()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def make_streams_safe() -> None:
    """Both output streams safe from now on; safe ones stay as they are."""
    sys.stdout, sys.stderr = _safe(sys.stdout), _safe(sys.stderr)


def stream_below(stream: TextIO) -> TextIO:
    """The stream itself: for text of our own that moves the cursor, a progress bar say."""
    return stream._stream if isinstance(stream, SafeStream) else stream


def write_data(text: str) -> None:
    """Write data for another program to stdout, byte for byte; a terminal gets it visible."""
    exact = stream_below(sys.stdout)
    (sys.stdout if exact.isatty() else exact).write(text)


@contextmanager
def after_the_fact(what: str) -> Iterator[None]:
    """Print what was done: it stays done, and a success, when nobody can be told of it.

    The reader of a pipe may have gone, the disk of a file be full; an error would have the command
    run again. `what` is the shortest way to say it, for the other stream.
    """
    try:
        yield
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError as error:
        with suppress(OSError):
            sys.stderr.write(f"{what}; the rest could not be printed: {error.strerror}\n")
            sys.stderr.flush()
        _discard_output()


def _discard_output() -> None:
    """Let what is still to be printed go nowhere, so that Python's last flush does not fail."""
    for stream in (sys.stdout, sys.stderr):
        # Not every stream is a file: tests read some.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
            continue
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _safe(stream: TextIO) -> TextIO:
    if stream is None or isinstance(stream, SafeStream):
        return stream
    return cast(TextIO, SafeStream(stream))
