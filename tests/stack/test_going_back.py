"""`control db archive`, `drill` and `restore --into` as docs/operations.md runs them.

They run on the PostgreSQL of ASPEN_POSTGRES_BIN: .ci/run runs this file for either version.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from zstandard import ZstdDecompressor

from control.backups.archive import Archive, Base, write_witness
from control.backups.basing import BaseMaker
from control.backups.drill import seen_by_a_stranger
from control.backups.going_back import go_back
from control.backups.packing import PACKED
from control.backups.recovery import Copy, Target, recovering, unpack
from control.backups.retention import Retention
from control.backups.sealing import identities_of
from control.backups.tools import find_tool
from control.commands.db_archive import moment_of
from control.errors import ControlError
from control.stack.process import start_mark, wait_for
from control.storage.s3 import make_client
from tests.servers import SETTINGS
from tests.stack.backups import (
    KEYS,
    VERSION,
    Stack,
    make_vault,
    refer_to_objects,
    running,
)

# Where the archive has a copy outside the machine.
VAULT = "s3://vault/archive"
LOGINS = "select rolname, rolpassword from pg_authid order by 1"
# What opens the storage; unlike a dump, a copy of the whole server holds it.
SECRET = "SecretThatNoVaultShows"

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Archived:
    """An archive of a server that was killed, and a moment between two writes."""

    stack: Stack
    home: Path
    moment: str
    # Roles and their passwords at that moment; control up sets new hashes.
    logins: list[tuple[str, str]]

    def copy(self, target: Path) -> Archive:
        """Copy it, to be damaged."""
        shutil.copytree(self.home, target)
        return Archive(target)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    """Archive while rows are written, kill the server, and go on until all of it is received."""
    home = tmp_path_factory.mktemp("archived")
    with running(home / "data", VERSION, "first-bucket") as stack:
        stack.run("load", "demo")
        with stack.connect() as conn:
            conn.execute("update aspen.storage_credentials set secret_access_key = %s", [SECRET])
        refer_to_objects(stack)
        make_vault(stack)
        yield archive_of(stack, home / "archive")


def archive_of(stack: Stack, home: Path) -> Archived:
    """Archive a stack whose server is killed while that goes on, here and outside."""
    archive = Archive(home)
    keeping = ("db", "archive", "--every", "1", "--to", VAULT, str(archive.home))
    writer = subprocess.Popen(
        [sys.executable, "-m", "control", *keeping],
        cwd=SETTINGS.root,
        env=os.environ | stack.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stack.keep("first")

        def is_complete() -> bool:
            with stack.connect() as conn:
                conn.execute("insert into public.kept values ('meanwhile')")
            return archive.complete_until is not None or writer.poll() is not None

        assert wait_for(is_complete, 120)
        stack.keep("before")
        with stack.connect() as conn:
            logins = conn.execute(LOGINS).fetchall()
            [(moment,)] = conn.execute("select clock_timestamp()::text").fetchall()
        stack.keep("after")
        stack.kill("postgres")
        stack.up()
        stack.keep("after the crash")
        with stack.connect() as conn:
            [(end,)] = conn.execute("select pg_current_wal_flush_lsn()::text").fetchall()
        assert wait_for(lambda: reaches(archive, end) or writer.poll() is not None, 120)
        assert wait_for(lambda: vault_reaches(stack, end), 120)
    finally:
        writer.terminate()
        said = writer.communicate()[1]
    assert (writer.returncode, reaches(archive, end)) == (0, True), said
    with stack.connect() as conn:
        slots = conn.execute("select slot_name, active from pg_replication_slots").fetchall()
    assert slots == [("aspen_archive", False)]
    return Archived(stack, archive.home, moment, logins)


def position(lsn: str) -> int:
    """Return a position in the log as a number of bytes."""
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def reaches(archive: Archive, lsn: str) -> bool:
    """Tell whether an archive is complete up to a position."""
    noted = archive.complete_until
    return noted is not None and position(noted[1]) >= position(lsn)


def vault_reaches(stack: Stack, lsn: str) -> bool:
    """Tell whether the vault is complete up to a position, with a base backup."""
    vault = stack.vault("archive")
    [*bases] = vault.folders("base/")
    if not bases or any(vault.facts(f"base/{base}/base.json") is None for base in bases):
        return False
    if vault.facts("archive.json") is None:
        return False
    document = json.loads(vault.read("archive.json", identities_of(stack.keyed)))
    return position(document["lsn"]) >= position(lsn)


def started(
    data: Path, archive: Archive, stack: Stack
) -> AbstractContextManager[psycopg.Connection]:
    """Start a server on a restored data directory, and connect."""
    base = archive.bases[-1]
    programs = Path(find_tool(stack.settings, "postgres", base.server_major).path).parent
    return recovering(Copy(base, data, programs), Target(), is_durable=False)


def shown(number: int) -> str:
    """Return one of the outputs of docs/dba.md, without its numbers."""
    text = (SETTINGS.root / "docs" / "dba.md").read_text().partition("## Backups\n")[2]
    return masked(re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[number])


def masked(text: str) -> str:
    """Replace numbers, times and positions."""
    return re.sub(r"[0-9][-0-9A-FTZ:.+/]*", "N", text)


def test_drill_of_a_good_vault_finds_nothing(archived: Archived, tmp_path: Path) -> None:
    """Say what was compared, as docs/dba.md shows it; fetch all from outside, leave nothing."""
    done = archived.stack.control("db", "drill", "--scratch", str(tmp_path), VAULT)

    assert done.exit_code == 0, done.output
    assert masked(done.stdout) == shown(1)
    [numbers] = re.findall(r": (\d+) rows of (\d+) tables, (\d+) objects", done.stdout)
    rows, tables, objects = map(int, numbers)
    assert rows > 1000 and tables > 50 and objects > len(KEYS)
    assert list(tmp_path.iterdir()) == []


def test_archive_goes_back_to_a_moment_between_two_writes(
    archived: Archived, tmp_path: Path
) -> None:
    """Restore what was committed before, nothing later, roles, passwords, and lost objects."""
    stack, data = archived.stack, tmp_path / "data"
    client = make_client(stack.settings)
    client.delete_object(Bucket=stack.bucket, Key=KEYS[0])

    stack.run(
        "db", "restore", str(archived.home), "--into", str(data), "--to-time", archived.moment
    )

    assert client.get_object(Bucket=stack.bucket, Key=KEYS[0])["Body"].read() == KEYS[0].encode()
    with started(data, Archive(archived.home), stack) as conn:
        words = {word for (word,) in conn.execute("select word from public.kept")}
        assert words == {"first", "meanwhile", "before"}
        assert conn.execute(LOGINS).fetchall() == archived.logins
        assert seen_by_a_stranger(conn) == []
        conn.execute("delete from aspen.users where subject like 'drill%'")
        conn.execute("alter table aspen.samples disable row level security")
        [seen] = seen_by_a_stranger(conn)
    assert re.fullmatch("a stranger sees [1-9][0-9]* rows of samples", seen)


def test_vault_goes_to_its_end(archived: Archived, tmp_path: Path) -> None:
    """Restore what was committed before and after the server was killed, from outside."""
    stack, data = archived.stack, tmp_path / "data"

    stack.run("db", "restore", VAULT, "--into", str(data))

    with started(data, Archive(archived.home), stack) as conn:
        words = {word for (word,) in conn.execute("select word from public.kept")}
    assert words > {"before", "after", "after the crash"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to-time", "2020-01-01 00:00Z"], "the archive begins at"),
        (["--to-time", "2100-01-01 00:00Z"], "the archive ends before that moment"),
        (["--to-lsn", "0/1"], "the archive begins at"),
        (["--to-lsn", "x"], "is not a position"),
    ],
)
def test_moment_outside_the_archive_is_refused(
    archived: Archived, tmp_path: Path, options: list[str], said: str
) -> None:
    """Name the reason, and leave nothing behind."""
    done = archived.stack.control(
        "db", "restore", str(archived.home), "--into", str(tmp_path / "data"), *options
    )

    assert (done.exit_code, said in done.stderr) == (1, True), done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["2024-05-01 10:00", "yesterday", "2024-05-32 10:00Z"])
def test_moment_needs_a_date_a_time_and_a_zone(text: str) -> None:
    """Guess no time zone: an hour more or less is the wrong state."""
    with pytest.raises(ControlError):
        moment_of(text)

    assert moment_of("2024-05-01 12:00+02:00").isoformat() == "2024-05-01T10:00:00+00:00"


def test_restore_that_was_killed_can_be_repeated(archived: Archived, tmp_path: Path) -> None:
    """End the server that it left running on half a directory, and begin again."""
    data = tmp_path / "data"
    arguments = ("db", "restore", str(archived.home), "--into", str(data))
    pid_file = tmp_path / "data.partial" / "postmaster.pid"
    first = subprocess.Popen(
        [sys.executable, "-m", "control", *arguments],
        cwd=SETTINGS.root,
        env=os.environ | archived.stack.environment,
    )
    assert wait_for(lambda: pid_file.exists() or first.poll() is not None, 60)
    first.kill()
    first.wait()
    server = int(pid_file.read_text().splitlines()[0])
    assert start_mark(server) is not None

    marks = list[str | None]()
    go_back(
        archived.stack.settings,
        None,
        Archive(archived.home),
        data,
        moment=None,
        lsn=None,
        echo=lambda line: marks.append(start_mark(server)),
    )

    # Gone before the first file was put where it wrote.
    assert marks[0] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    with started(data, Archive(archived.home), archived.stack) as conn:
        assert conn.execute("select from public.kept where word = 'after'").rowcount == 1


def test_restore_never_writes_into_a_directory_with_files(
    archived: Archived, tmp_path: Path
) -> None:
    """Refuse a directory that may be somebody's database."""
    (tmp_path / "PG_VERSION").write_text("18")

    done = archived.stack.control("db", "restore", str(archived.home), "--into", str(tmp_path))

    assert (done.exit_code, "is not empty" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["PG_VERSION"]


def test_drill_finds_a_damaged_log_object_and_row(archived: Archived, tmp_path: Path) -> None:
    """End with exit code 3, and name all of them."""
    archive = archived.copy(tmp_path / "archive")
    [base] = archive.bases
    assert base.witness is not None and archive.complete_until is not None
    start, end = position(base.witness.lsn), position(archive.complete_until[1])
    assert end - start > 4 * 8192
    overwrite(archive, base, (start + end) // 2)
    tables = base.witness.tables
    changed = tables | {"aspen.samples": (tables["aspen.samples"][0], "1")}
    write_witness(base, replace(base.witness, tables=changed))
    victim = next(path for path in (archive.home / "objects").rglob("*") if path.suffix == "")
    while victim.is_dir():
        victim = next(path for path in victim.iterdir() if path.suffix == "")
    victim.write_bytes(b"x")

    done = archived.stack.control("db", "drill", str(archive.home))

    assert done.exit_code == 3, done.output
    differs = [line for line in done.stdout.splitlines() if line.startswith("differs: ")]
    assert differs[0] == "differs: aspen.samples: rows with other values"
    assert masked(differs[1]) in shown(2).splitlines()
    assert re.fullmatch(r"differs: the copy of s3://\S+.* is damaged", differs[2])
    assert len(differs) == 3


def overwrite(archive: Archive, base: Base, where: int) -> None:
    """Write over one block of the log."""
    number, offset = divmod(where, base.segment_bytes)
    [segment] = [
        path for path in archive.segments(base) if int(path.name[16:24], 16) == number % 256
    ]
    with open(segment, "r+b") as file:
        file.seek(offset // 8192 * 8192)
        file.write(b"\xff" * 8192)


def test_stolen_vault_shows_no_row(archived: Archived) -> None:
    """Find names and keys in what the archive holds here, and in no file outside."""
    stack = archived.stack
    [identifier] = stack.words("select min(private_identifier) from aspen.samples")
    words = [identifier.encode(), SECRET.encode()]
    client = make_client(stack.settings)
    outside = [
        client.get_object(Bucket="vault", Key=key)["Body"].read() for key in stack.keys_of("vault")
    ]

    here = b"".join(path.read_bytes() for path in Archive(archived.home).wal.iterdir())
    [base] = Archive(archived.home).bases
    with open(base.directory / PACKED, "rb") as packed:
        here += ZstdDecompressor().stream_reader(packed).read()
    assert [word for word in words if word not in here] == []
    assert len(outside) > len(KEYS)
    assert [data for data in outside if not data.startswith(b"age-encryption.org/v1\n")] == []
    assert [data for data in outside if any(word in data for word in words)] == []


def test_damaged_base_backup_and_missing_segment_are_found(
    archived: Archived, tmp_path: Path
) -> None:
    """Verify each file of the base backup, and that no segment of the log is missing."""
    archive = archived.copy(tmp_path / "archive")
    [base] = archive.bases
    packed = (base.directory / PACKED).read_bytes()
    middle = len(packed) // 2
    (base.directory / PACKED).write_bytes(packed[:middle] + bytes(64) + packed[middle + 64 :])

    with pytest.raises(ControlError, match="damaged"):
        unpack(archived.stack.settings, archive, base, tmp_path / "data")

    archive.segments(base)[0].unlink()
    with pytest.raises(ControlError, match=r"lacks [0-9A-F]{24}, where base backup"):
        archive.segments(base)


def test_next_base_backup_is_made_beside_everything_else(
    archived: Archived, tmp_path: Path
) -> None:
    """Return at once, while the base backup and the hashes of its rows are on their way."""
    archive, stack = archived.copy(tmp_path / "archive"), archived.stack
    (archive.home / "base" / "20240501T000000Z.partial").mkdir()
    maker = BaseMaker(
        archive,
        find_tool(stack.settings, "pg_basebackup", archive.bases[0].server_major),
        f"{stack.settings.admin_database_url}",
        True,
        stack.connect,
        timedelta(0),
        Retention(keep=9),
        print,
        once=False,
    )

    maker.clear_up()
    assert list((archive.home / "base").glob("*.partial")) == []
    with stack.connect() as conn, conn.transaction():
        # Whoever writes keeps the hashes waiting.
        conn.execute("lock table aspen.samples in row exclusive mode")
        maker.do_what_is_due()
        assert len(archive.bases) == 1
        assert wait_for(lambda: len(archive.bases) == 2, 60)
        maker.do_what_is_due()
        assert archive.bases[1].witness is None
    assert wait_for(lambda: archive.bases[1].witness is not None, 60)
    assert len(archive.bases) == 2


def test_older_base_backups_and_their_log_are_deleted(archived: Archived) -> None:
    """Keep the newest base backup and the log since it began."""
    archive = Archive(archived.home)
    [old] = archive.bases
    first_segment = old.first_segment
    with archived.stack.connect() as conn:
        conn.execute("select pg_switch_wal()")

    done = archived.stack.run("db", "archive", "--once", "--keep", "1", str(archived.home))

    assert masked(done.stdout) == shown(0)
    [new] = archive.bases
    assert new.directory != old.directory
    names = sorted(path.name for path in archive.wal.iterdir())
    assert names[0] == new.first_segment > first_segment
    assert len(archive.segments(new)) == len(names)
