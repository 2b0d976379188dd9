"""What is printed is text, never a command to the terminal that shows it.

Strains, headers of FASTA, names of groups, keys in S3 and lines of logs come from strangers. A
control character among them could clear the screen, forge a line or set the window's title, so
both output streams write such characters in a visible form; no command has to think of it. Nor of
its user's patience: a terminal that nothing is written to for seconds shows that work goes on.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

# C0 but tab and newline, DEL, C1, what reorders text, what some programs take for a line end, and
# halves of characters, which no encoding can write.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# After so long without a word people begin to wonder.
SILENCE_SECONDS = 2
BEAT_SECONDS = 0.5
# With its label, its share and its time a bar still fits a narrow terminal of 60 columns.
BAR_COLUMNS = 24


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


def _below(stream: TextIO) -> TextIO:
    return stream._stream if isinstance(stream, SafeStream) else stream


def _decoded(given: object) -> str:
    if isinstance(given, bytes):
        return given.decode(errors="backslashreplace")
    if not isinstance(given, str):
        raise TypeError("an output stream takes text")
    return given


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}"


class SafeStream:
    """An output stream that writes unsafe characters in their visible form."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; what the stream's encoding lacks is written out as well."""
        # Click hands its completions over as bytes, to a stream that has no other way in for them.
        text = _decoded(text)
        encoding = self._stream.encoding or "utf-8"
        shown = visible(text).encode(encoding, "backslashreplace").decode(encoding)
        with _heart.interrupted_by(shown):
            self._stream.write(shown)
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


def screen_width() -> int | None:
    """The columns of the terminal that stdout is; None for a file or a pipe, which have no end."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shortened(text: str, width: int | None) -> str:
    """Text of at most so many columns: what is too long loses its middle."""
    if width is None or len(text) <= width:
        return text
    kept = max(width - 1, 2)
    return f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}"


def listed(values: list[str], limit: int = 10) -> str:
    """Join the first values for a message and say how many more there are."""
    shown = ", ".join(values[:limit])
    return shown if len(values) <= limit else f"{shown} and {len(values) - limit} more"


def table(rows: Sequence[Sequence[object]], width: int | None) -> Iterator[str]:
    """Lines of aligned cells. Where they do not fit, the last cell gets a line of its own."""
    texts = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*(row[:-1] for row in texts), strict=True)]
    for row, cells in zip(rows, texts, strict=True):
        *first, last = (
            cell.rjust(columns) if isinstance(value, int) else cell.ljust(columns)
            for value, cell, columns in zip(row, cells, [*widths, 0], strict=True)
        )
        line = "  ".join([*first, last])
        if width is None or len(line) <= width:
            yield line
        else:
            yield shortened("  ".join(first).rstrip(), width)
            yield f"  {shortened(last, width - 2)}"


@contextmanager
def progress_bar(total: int, label: str) -> Iterator[ProgressBar[int]]:
    """A bar on stderr that fits a narrow terminal; what it counted stays done if it cannot end."""
    import click

    bar: ProgressBar[int] = click.progressbar(
        length=total, label=label, width=BAR_COLUMNS, file=_below(sys.stderr)
    )
    with _heart.paused():
        bar.render_progress()
        try:
            yield bar
        finally:
            # The work may be done by now, whether or not that can be shown.
            with suppress(OSError):
                bar.render_finish()


class Heartbeat:
    """A line on the terminal that says, while nothing else is said, that the command is at work."""

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._lock = threading.RLock()
        self._step = "working"
        self._silent_since = 0.0
        self._shown = 0
        # Nothing is shown behind a question, nor over what somebody else has on the line.
        self._is_at_line_start = True
        self._is_paused = False

    def start(self, stream: TextIO, now: float) -> None:
        """Begin, on a terminal."""
        with self._lock:
            self._stream, self._silent_since = stream, now
            self._step, self._shown, self._is_at_line_start = "working", 0, True
            self._is_paused = False

    def stop(self) -> None:
        """End for good: who asks, follows or draws a bar needs the line for itself."""
        with self._lock:
            self._clear()
            self._stream = None

    @property
    def stream(self) -> TextIO | None:
        """The terminal it is shown on; None where nobody waits for it."""
        return self._stream

    def name(self, step: str) -> None:
        """Name what goes on from now."""
        with self._lock:
            self._step = step

    def beat(self, now: float) -> None:
        """Show what goes on and for how long, if it has been silent for long enough."""
        with self._lock:
            seconds = int(now - self._silent_since)
            is_due = seconds >= SILENCE_SECONDS and self._is_at_line_start
            if self._stream is None or self._is_paused or not is_due:
                return
            line = shortened(visible(f"… {self._step}, {seconds} s"), 59)
            self._stream.write(f"\r{line:<{self._shown}}")
            self._stream.flush()
            self._shown = len(line)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the line to somebody else for a while."""
        with self._lock:
            self._clear()
            self._is_paused = True
        try:
            yield
        finally:
            with self._lock:
                self._is_paused = False
                self._silent_since = time.monotonic()

    @contextmanager
    def interrupted_by(self, text: str) -> Iterator[None]:
        """Make room for a text while it is written."""
        if self._stream is None:
            yield
            return
        with self._lock:
            self._clear()
            yield
            if text:
                self._is_at_line_start = text.endswith("\n")
            self._silent_since = time.monotonic()

    def _clear(self) -> None:
        if self._stream is not None and self._shown:
            self._stream.write("\r" + " " * self._shown + "\r")
            self._stream.flush()
        self._shown = 0


_heart = Heartbeat()


@contextmanager
def heartbeat() -> Iterator[None]:
    """Show on a terminal that the command is at work, whenever it is silent for some seconds."""
    stderr = sys.stderr
    if not stderr.isatty() or _is_pipe(sys.stdout):
        yield
        return
    _heart.start(_below(stderr), time.monotonic())
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(BEAT_SECONDS):
            _heart.beat(time.monotonic())

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _heart.stop()


def working_on(step: str) -> None:
    """Name what goes on from now, for a terminal that waits."""
    _heart.name(step)


def leave_the_line() -> None:
    """Show no heartbeat from now on: the command waits for its user, or for others to write."""
    _heart.stop()


def _is_pipe(stream: TextIO) -> bool:
    """Whether another program reads this, a pager say, which has the terminal for itself."""
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


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
