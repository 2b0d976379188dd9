"""Pack the folder of an archive into one file, and unpack it; how tells the end of its name."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from control.backups.sealing import identities_of, recipients_of, sealing, unseal
from control.errors import ControlError
from control.settings import Settings
from control.whole_files import new_file, whole_file

PLAIN, COMPRESSED, SEALED = ".tar", ".tar.zst", ".tar.zst.age"
_CHUNK_BYTES = 1 << 20
_LEVEL = 3


def suffix_of(path: Path) -> str | None:
    """Return how a file of this name is packed; None means a folder."""
    found = [suffix for suffix in (SEALED, COMPRESSED, PLAIN) if path.name.endswith(suffix)]
    return found[0] if found else None


def check_target(settings: Settings, target: Path) -> None:
    """Check before anything is read that the archive can be written there."""
    if target.exists():
        raise ControlError(f"{target} exists already", "name one that does not")
    if not target.parent.is_dir():
        raise ControlError(f"there is no directory {target.parent}", "create it first")
    if suffix_of(target) == SEALED:
        recipients_of(settings)


def pack(settings: Settings, folder: Path, target: Path) -> None:
    """Make the folder the archive; it gets its name when it is complete."""
    suffix = suffix_of(target)
    if suffix is None:
        folder.rename(target)
        return
    packed = target.with_name(f"{target.name}.packing")
    packed.unlink(missing_ok=True)
    try:
        with new_file(packed) as file:
            if suffix == COMPRESSED:
                from zstandard import ZstdCompressor

                with ZstdCompressor(level=_LEVEL).stream_writer(file, closefd=False) as writer:
                    _write_tar(folder, writer)
            else:
                _write_tar(folder, file)
        if suffix == SEALED:
            # Sealing compresses as well.
            with (
                open(packed, "rb") as plain,
                sealing(plain, recipients_of(settings)) as source,
                whole_file(target) as file,
            ):
                while piece := source.read(_CHUNK_BYTES):
                    file.write(piece)
        else:
            packed.rename(target)
    finally:
        packed.unlink(missing_ok=True)


@contextmanager
def unpacked(settings: Settings, archive: Path, scratch: Path | None) -> Iterator[Path]:
    """Give the folder of an archive, which is unpacked for as long as it is used."""
    if archive.is_dir():
        yield archive
        return
    suffix = suffix_of(archive)
    if suffix is None:
        raise ControlError(
            f"{archive} is neither a folder nor a {PLAIN}, {COMPRESSED} or {SEALED}",
            "name what control group export wrote",
        )
    with TemporaryDirectory(prefix="aspen-group-", dir=scratch) as home:
        folder, plain = Path(home) / "archive", Path(home) / "archive.tar"
        folder.mkdir(mode=0o700)
        if suffix == SEALED:
            with open(archive, "rb") as sealed, new_file(plain) as file:
                unseal(sealed, file, identities_of(settings), str(archive))
        try:
            _read_tar(plain if suffix == SEALED else archive, suffix == COMPRESSED, folder)
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise _damaged(archive) from error
        plain.unlink(missing_ok=True)
        yield folder


def _write_tar(folder: Path, file: object) -> None:
    """Write the files in the order of their names; owners and times of files say nothing."""
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = tarfile.TarInfo(str(path.relative_to(folder)))
                info.size, info.mode = path.stat().st_size, 0o600
                with open(path, "rb") as content:
                    tar.addfile(info, content)


def _read_tar(path: Path, is_compressed: bool, folder: Path) -> None:
    """Unpack regular files below the folder, and nothing else."""
    from zstandard import ZstdDecompressor, ZstdError

    with open(path, "rb") as file:
        source = ZstdDecompressor().stream_reader(file) if is_compressed else file
        try:
            with tarfile.open(fileobj=source, mode="r|") as tar:
                tar.extractall(folder, filter=_regular_file)
            # The end of a compressed file proves that it is whole.
            while source.read(_CHUNK_BYTES):
                pass
        except ZstdError as error:
            raise ValueError from error


def _regular_file(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    if not member.isfile():
        raise ValueError(f"{member.name} is no file")
    return tarfile.data_filter(member, folder)


def _damaged(archive: Path) -> ControlError:
    return ControlError(
        f"{archive} is damaged, cut off or no archive, or there is no room to unpack it",
        "use another copy, or --scratch DIRECTORY with more room",
    )
