"""Read and write FASTA, and compare genomes, without reading a data set into memory."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from pipelines.unpacking import opened

_DIFFERENCE = re.compile(rb"[^\x00]")
_BASES = frozenset(b"ACGT")
_KNOWN_SHARE = 0.8


def read(path: Path, *, is_whole: bool = False) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bases of each record, in upper case.

    The name is the first word after the `>`, or with `is_whole` all that stands there.
    """
    name, parts = None, list[bytes]()
    with opened(path) as file:
        for line in file:
            if line.startswith(b">"):
                if name is not None:
                    yield name, b"".join(parts).upper()
                words = [line[1:].strip()] if is_whole else line[1:].split()
                name, parts = (words or [b""])[0].decode(errors="replace"), []
            else:
                parts.append(line.strip())
    if name is not None:
        yield name, b"".join(parts).upper()


def write(path: Path, records: Iterable[tuple[str, bytes]]) -> int:
    """Write records, each on two lines, and return their number."""
    count = 0
    with path.open("wb") as file:
        for name, bases in records:
            file.write(b">%s\n%s\n" % (name.encode(), bases))
            count += 1
    return count


def trimmed(bases: bytes) -> bytes:
    """Return a genome without the N at both ends."""
    return bases.strip(b"N")


def guide(bases: bytes) -> bytes:
    """Return an aligned genome as what others are aligned to: of the same length, without gaps."""
    return bases.replace(b"-", b"N")


def unambiguous(bases: bytes) -> int:
    """Count the bases that are known."""
    return sum(bases.count(base) for base in (b"A", b"C", b"G", b"T"))


def mutations(bases: bytes, root: bytes) -> frozenset[tuple[int, int]]:
    """Return where a genome of the same alignment has another known base than the root."""
    differences = int.from_bytes(bases) ^ int.from_bytes(root)
    spelled = differences.to_bytes(len(root))
    return frozenset(
        (found.start(), bases[found.start()])
        for found in _DIFFERENCE.finditer(spelled)
        if bases[found.start()] in _BASES and root[found.start()] in _BASES
    )


def closest(
    data_set: Iterable[tuple[str, bytes]],
    root: bytes,
    focal: Collection[frozenset[tuple[int, int]]],
    count: int,
    is_wanted: Callable[[str], bool],
) -> list[str]:
    """Return the names of the sequences that differ least from any focal genome.

    The distance counts mutations that one of both has, so that missing bases make no difference.
    """
    nearest: list[tuple[int, int, str]] = []
    for number, (name, bases) in enumerate(data_set):
        # Of a genome that is mostly missing, few mutations are known.
        if (
            len(bases) != len(root)
            or unambiguous(bases) < len(root) * _KNOWN_SHARE
            or not is_wanted(name)
        ):
            continue
        own = mutations(bases, root)
        distance = min(len(own ^ other) for other in focal)
        item = (-distance, -number, name)
        if len(nearest) < count:
            heapq.heappush(nearest, item)
        elif item > nearest[0]:
            heapq.heapreplace(nearest, item)
    return [name for _, _, name in sorted(nearest, reverse=True)]
