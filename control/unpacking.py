"""Unpack gzip, zstd and xz while reading; what a bomb unpacks to is never in memory.

The first bytes say what a file is, because programs and people name files as they like.
"""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, cast

import zstandard

from control.errors import ControlError

# No row or genome needs more; a bomb of some megabytes is given up here.
LARGEST_CONTENT_BYTES = 16 << 30
# What unpacking may use: twice what xz -9 and zstd --ultra -22 --long=27 need.
_MEMORY_BYTES = 1 << 27
# The most that is unpacked at once: 512 bytes of zstd make at most 16 MiB.
_PIECE_BYTES = 512
_DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError)


class Damaged(ControlError):
    """A compressed file that does not unpack, or to more than anybody needs."""

    def __init__(self, file: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"{file}: {reason}", "send it again; gzip -t, zstd -t or xz -t tests the file"
        )


class _Stream(Protocol):
    """What the decompressors of all three have: one frame, or member, and what follows it."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _gzip() -> _Stream:
    # 16 means gzip, with its header and checksum.
    return cast(_Stream, zlib.decompressobj(16 + zlib.MAX_WBITS))


def _zstd() -> _Stream:
    return cast(_Stream, zstandard.ZstdDecompressor(max_window_size=_MEMORY_BYTES).decompressobj())


def _xz() -> _Stream:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)


_KINDS: dict[bytes, Callable[[], _Stream]] = {
    b"\x1f\x8b": _gzip,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\xfd7zXZ\0": _xz,
}


def unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    """Return the content of a file, which is the file itself unless it is compressed."""
    start = cast(io.BufferedReader, stream).peek(8)
    make = kind_of(start)
    if make is None:
        return stream
    return cast(BinaryIO, io.BufferedReader(_Unpacker(stream, name, make), 1 << 16))


def kind_of(start: bytes) -> Callable[[], _Stream] | None:
    """Return how to unpack a file that starts like this; None if it is not compressed."""
    return next((make for magic, make in _KINDS.items() if start.startswith(magic)), None)


class _Unpacker(io.RawIOBase):
    """Unpacks frame after frame, a piece at a time."""

    def __init__(self, packed: BinaryIO, name: str, make: Callable[[], _Stream]) -> None:
        self._packed = packed
        self._name = name
        self._make = make
        self._stream: _Stream | None = make()
        self._left = b""
        self._ready = memoryview(b"")
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            piece = self._next()
            if piece is None:
                return 0
            self._count += len(piece)
            if self._count > LARGEST_CONTENT_BYTES:
                reason = f"unpacks to more than {LARGEST_CONTENT_BYTES} bytes"
                raise Damaged(self._name, reason)
            self._ready = memoryview(piece)
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next(self) -> bytes | None:
        """Return what the next piece unpacks to, maybe nothing; None at the end."""
        packed = self._left or self._packed.read(_PIECE_BYTES)
        self._left = b""
        if self._stream is None:
            if not packed:
                return None
            # Between and after frames some programs write zeros.
            packed = packed.lstrip(b"\0")
            if not packed:
                return b""
            self._stream = self._make()
        if not packed:
            raise Damaged(self._name, "is compressed, and ends too early")
        try:
            piece = self._stream.decompress(packed)
        except _DAMAGE as error:
            raise Damaged(self._name, f"is compressed, and damaged: {error}") from error
        if self._stream.eof:
            self._left = self._stream.unused_data
            self._stream = None
        return piece
