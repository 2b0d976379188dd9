"""Write the help of commands as man pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

EXIT_STATUS = (
    ("0", "Done."),
    ("1", "Failed; standard error names the failure and the remedy."),
    ("2", "The command line is wrong."),
    ("3", "There is something to do."),
    ("130", "Interrupted by Ctrl-C."),
)


@dataclass(frozen=True)
class Page:
    """What a page says; `text` is the help, where a line with \\b begins a block kept as it is."""

    name: str
    summary: str
    usage: str
    text: str
    options: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]

    @property
    def file(self) -> str:
        """Return the name of its file."""
        return f"{self.name.replace(' ', '-')}.1"


def man_page(page: Page, version: str) -> str:
    """Return a page in the language of man."""
    title = page.name.replace(" ", "-")
    lines = [
        f'.TH "{_escaped(title.upper())}" "1" "" "Aspen {_escaped(version)}"',
        ".SH NAME",
        f"{_escaped(title)} \\- {_escaped(page.summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_escaped(page.name)}",
        _escaped(page.usage),
        ".SH DESCRIPTION",
        *_paragraphs(page.text),
    ]
    for heading, rows in (("OPTIONS", page.options), ("COMMANDS", page.commands)):
        if rows:
            lines += [f".SH {heading}", *_list(rows)]
    lines += [".SH EXIT STATUS", *_list(EXIT_STATUS)]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        lines = paragraph.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            yield ".PP"
            yield ".nf"
            yield from map(_escaped, lines[1:])
            yield ".fi"
        else:
            yield ".PP"
            yield from (_escaped(line.strip()) for line in lines)


def _list(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, text in rows:
        yield ".TP"
        yield f".B {_escaped(term)}"
        yield _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    """Keep a text from being read as an instruction; a hyphen stays one that can be copied."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
