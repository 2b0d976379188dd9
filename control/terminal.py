"""Print text safely, fit it to the terminal, and show that long work goes on.

Strains, FASTA headers, names of groups, keys in S3 and log lines come from strangers. A control
character among them could clear the screen, forge a line or set the window's title, so both output
streams write such characters in a visible form; no command has to do it. A terminal that shows
nothing for seconds gets a line that says what the command is doing.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar, cast

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

# C0 except tab and newline, DEL, C1, characters that reorder text or that some programs take for a
# line end, and lone surrogates, which no encoding can write.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
Thing = TypeVar("Thing")
Colour = Literal["red", "green", "yellow", "grey"]
_SGR: dict[Colour, int] = {"red": 31, "green": 32, "yellow": 33, "grey": 90}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# After this long without output people begin to wonder.
SILENCE_SECONDS = 2
BEAT_SECONDS = 0.5
# With label, percentage, time and rate, such a bar fits a narrow terminal of 60 columns.
BAR_COLUMNS = 18


def visible(text: str) -> str:
    """Write every unsafe character out: `\\x1b`, `\\u202e`.

    A JSON string keeps its meaning, because JSON itself escapes the characters that would become
    `\\x…` here.
    """
    return _UNSAFE.sub(_written_out, text)


def one_line(value: object) -> str:
    """Return a stranger's text on one line: line ends and tabs are written out, too."""
    return visible(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def spreadsheet_cell(value: object) -> str:
    """Return a cell that a spreadsheet shows as text, with an apostrophe before a formula."""
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
        """Write text; characters missing from the stream's encoding are written out as well."""
        # Click passes shell completions as bytes when the stream has no `buffer`.
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
        # Hidden, so that nobody can write past this stream.
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


@contextmanager
def safe_streams() -> Iterator[None]:
    """Make both output streams safe for as long as the context lasts."""
    before = sys.stdout, sys.stderr
    make_streams_safe()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def make_streams_safe() -> None:
    """Make both output streams safe from now on; calling it again changes nothing."""
    sys.stdout, sys.stderr = _safe(sys.stdout), _safe(sys.stderr)


def screen_width() -> int | None:
    """Return the width of the terminal on stdout; None for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def has_colours(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether colours may be shown: on a terminal, unless NO_COLOR or FORCE_COLOR says.

    Both count if they are not empty (no-color.org, force-color.org); NO_COLOR wins.
    """
    if environ.get("NO_COLOR"):
        return False
    if forced := environ.get("FORCE_COLOR"):
        return forced not in ("0", "false")
    return stream.isatty() and environ.get("TERM") != "dumb"


def echo_painted(word: str, colour: Colour, rest: str = "", *, err: bool = False) -> None:
    """Print a line whose first word is in a colour, where colours are shown.

    Past the safe stream, which would write our own escape sequences out as well.
    """
    stream = sys.stderr if err else sys.stdout
    if not has_colours(stream):
        stream.write(f"{word}{rest}\n")
        return
    below = _below(stream)
    with _heart.interrupted_by("\n"):
        encoding = below.encoding or "utf-8"
        shown = f"\x1b[{_SGR[colour]}m{visible(word)}\x1b[0m{visible(rest)}\n"
        below.write(shown.encode(encoding, "backslashreplace").decode(encoding))


def shortened(text: str, width: int | None) -> str:
    """Shorten a text to so many columns by cutting out its middle."""
    if width is None or len(text) <= width:
        return text
    kept = max(width - 1, 2)
    return f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}"


def listed(values: list[str], limit: int = 10) -> str:
    """Join the first values for a message and say how many more there are."""
    shown = ", ".join(values[:limit])
    return shown if len(values) <= limit else f"{shown} and {len(values) - limit} more"


def table(rows: Sequence[Sequence[object]], width: int | None) -> Iterator[str]:
    """Align cells in lines. Where a line is too long, the last cell gets a line of its own."""
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
    """Show a bar on stderr; the work behind it succeeds even if the bar cannot be finished."""
    import click

    started = time.monotonic()
    bar: ProgressBar[int] = click.progressbar(
        length=total,
        label=label,
        width=BAR_COLUMNS,
        file=_below(sys.stderr),
        item_show_func=lambda _: _rate(bar.pos, time.monotonic() - started),
    )
    with _heart.paused():
        bar.render_progress()
        try:
            yield bar
        finally:
            # The work may be done by now, whether or not the bar can be shown.
            with suppress(OSError):
                bar.render_finish()


class Heartbeat:
    """A line on the terminal that says what the command is doing while it prints nothing else."""

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._lock = threading.RLock()
        self._step = "working"
        self._silent_since = 0.0
        self._shown = 0
        # Nothing is shown behind a question, nor over somebody else's unfinished line.
        self._is_at_line_start = True
        self._is_paused = False

    def start(self, stream: TextIO, now: float) -> None:
        """Begin on a terminal."""
        with self._lock:
            self._stream, self._silent_since = stream, now
            self._step, self._shown, self._is_at_line_start = "working", 0, True
            self._is_paused = False

    def stop(self) -> None:
        """Stop for good: questions, followed logs and progress bars need the line."""
        with self._lock:
            self._clear()
            self._stream = None

    @property
    def stream(self) -> TextIO | None:
        """Return the terminal it is shown on; None when it is not shown."""
        return self._stream

    def name(self, step: str) -> None:
        """Name the step that runs from now on."""
        with self._lock:
            self._step = step

    def beat(self, now: float) -> None:
        """Show the current step and its duration, if nothing was printed for long enough."""
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
        """Leave the line to other output for a while."""
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
        """Clear the line while a text is written."""
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
    """Show on a terminal what the command is doing whenever it prints nothing for seconds."""
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


def counted(things: Iterable[Thing], what: str, total: int | None = None) -> Iterator[Thing]:
    """Yield things, and have the heartbeat tell how many are done, how fast, and what is left."""
    advance = progress(what, total)
    for thing in things:
        yield thing
        advance(1)


def progress(what: str, total: int | None = None) -> Callable[[int], None]:
    """Return what to call with the number of things done; the heartbeat tells it as `counted` does.

    Shown on terminals only, once nothing was printed for two seconds.
    """
    started, done = time.monotonic(), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        _heart.name(pace(what, done, total, time.monotonic() - started))

    advance(0)
    return advance


def pace(what: str, done: int, total: int | None, seconds: float) -> str:
    """Return how far work is: `copying objects: 120 of 400, 35/s, 8 s left`."""
    said = f"{what}: {done}" if total is None else f"{what}: {done} of {total}"
    if not done or seconds <= 0:
        return said
    said = f"{said}, {_rate(done, seconds)}"
    if total is None:
        return said
    left = (total - done) * seconds / done
    return f"{said}, {left:.0f} s left" if left < 120 else f"{said}, {left / 60:.0f} min left"


def _rate(done: int, seconds: float) -> str:
    if seconds <= 0:
        return ""
    rate = done / seconds
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def working_on(step: str) -> None:
    """Name the step that runs from now on, for the heartbeat."""
    _heart.name(step)


def leave_the_line() -> None:
    """Show no heartbeat from now on: the command waits for its user or for log lines."""
    _heart.stop()


def _is_pipe(stream: TextIO) -> bool:
    """Return whether another program, such as a pager, reads this and owns the terminal."""
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def after_the_fact(what: str) -> Iterator[None]:
    """Print the result of work that is done; failing to print it must not fail the command.

    The reader of a pipe may be gone or the disk of a file full, and an error would make people run
    the command again. `what` is a short summary for the other stream.
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
    """Send unprinted output to /dev/null, so that Python's last flush does not fail."""
    for stream in (sys.stdout, sys.stderr):
        # Not every stream is a file: tests replace some.
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
