"""The archive of a large database: its time by that of plain copies, its memory by its size.

`ASPEN_BENCH_GIGABYTES=10 python -m tests.bench archive`; without the variable, one gigabyte. The
copy outside goes to the S3 of `ASPEN_BACKUP_S3_…`, with a bucket `vault`, or to the emulator of the
stack, which keeps in memory what it stores. It needs four times the room of the database.

Below a gigabyte the pieces of an upload do not fill, so that the small side needs less memory for
this reason alone.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from control.backups.archive import Archive
from control.backups.tools import find_tool, run_tool
from control.backups.vault import Vault
from control.errors import ControlError
from control.stack.process import wait_for as stack_wait_for
from control.storage.s3 import S3Uri
from tests.bench.archive_estate import Estate, Running, estate
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

# The second size is four times the first.
SHARES = (0.25, 1.0)
CHANGED_GENOMES, CHANGES = 200, 10
PATIENCE_SECONDS = 3600


@dataclass
class Measured:
    """What was seen at one size; seconds, and MiB of memory, by step."""

    seconds: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)
    mib: dict[str, float] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    lag_seconds: float = 0


def run(bench: Bench, report: Report) -> None:
    """Archive, restore and drill a small and a large database."""
    gigabytes = float(os.environ.get("ASPEN_BENCH_GIGABYTES", "1"))
    report.title(f"archive: {gigabytes:g} GB of genomes, and a quarter of it")
    measured = []
    for share in SHARES:
        with estate(bench.settings.data_dir / "archive", gigabytes * share) as made:
            measured.append(measure(made))
        show(report, gigabytes * share, measured[-1])
    small, large = measured
    for step in large.mib:
        sides = [Side(step, (one.mib[step],), "MiB") for one in (large, small)]
        report.ratio(f"memory of {step}, large by small", sides[0], sides[1], at_most(1.2))
    for step, plain in (("base backup", "pg_basebackup"), ("restore", "cp")):
        upper, lower = (Side(name, (large.seconds[name],), "s") for name in (step, plain))
        report.ratio(f"{step} by {plain}", upper, lower)


def show(report: Report, gigabytes: float, measured: Measured) -> None:
    """Print the numbers of one size."""
    report.note(f"{gigabytes:g} GB:")
    for name, size in measured.bytes.items():
        report.sides([Side(name, (size / 1e9,), "GB")])
    for step, seconds in measured.seconds.items():
        report.sides([Side(step, (seconds,), "s")])
    for step, seconds in measured.processor.items():
        report.sides([Side(f"{step}, processor time", (seconds,), "s")])
    for step, mib in measured.mib.items():
        report.sides([Side(f"{step}, largest process", (mib,), "MiB")])
    report.sides([Side("most that the archive was behind", (measured.lag_seconds,), "s")])


def measure(made: Estate) -> Measured:
    """Go through the life of an archive: base backup, log, restore, drill, retention."""
    done = Measured()
    archive, vault = Archive(made.archive), vault_of(made)
    copy_plainly(made, done)
    with step(
        made, done, "archive", "db", "archive", "--every=2", f"--to={made.vault}", made.archive
    ):
        began = time.monotonic()
        wait_for(lambda: bool(archive.bases))
        done.seconds["base backup"] = time.monotonic() - began
        wait_for(lambda: vault.facts(f"{place_of(archive)}/base.json") is not None)
        done.seconds["all of it outside"] = time.monotonic() - began
        moment = write_on(made, archive, done)
    done.bytes["base backup"] = size_of(archive.bases[-1].directory)
    done.bytes["log"] = size_of(archive.wal)
    done.bytes["outside"] = sum(kept.size_bytes for kept in vault.files())
    into = made.home / "restored"
    restoring = ("db", "restore", made.archive, f"--into={into}", f"--to-time={moment}")
    finish(made, done, "restore", *restoring)
    shutil.rmtree(into)
    finish(made, done, "drill", "db", "drill", f"--scratch={made.home}", made.archive)
    finish(made, done, "drill from outside", "db", "drill", f"--scratch={made.home}", made.vault)
    ending = ("db", "archive", "--once", "--keep=1", f"--to={made.vault}", made.archive)
    finish(made, done, "second base backup, first deleted", *ending)
    if len(archive.bases) != 1 or vault.folders("base/") != [archive.bases[0].directory.name]:
        raise ControlError("the first base backup is still there", "look at retention.py")
    vault.delete([kept.name for kept in vault.files()])
    return done


def copy_plainly(made: Estate, done: Measured) -> None:
    """Copy the data as PostgreSQL's own program and as cp do, for comparison."""
    plain, settings = made.home / "plain", made.settings
    with made.connect() as conn:
        tool = find_tool(settings, "pg_basebackup", conn.info.server_version // 10000)
    began = time.monotonic()
    run_tool(tool, f"{settings.admin_database_url}", f"--pgdata={plain}", is_ours=True)
    done.seconds["pg_basebackup"] = time.monotonic() - began
    done.bytes["data directory"] = size_of(plain)
    began = time.monotonic()
    shutil.copytree(plain, made.home / "copied")
    done.seconds["cp"] = time.monotonic() - began
    shutil.rmtree(plain)
    shutil.rmtree(made.home / "copied")


def write_on(made: Estate, archive: Archive, done: Measured) -> str:
    """Write genomes while the archive goes on; return a moment between two of them."""
    moment = ""
    for number in range(CHANGES):
        made.add_genomes(CHANGED_GENOMES)
        if number == CHANGES // 2:
            moment = datetime.now(UTC).isoformat()
        noted = archive.complete_until
        assert noted is not None
        behind = (datetime.now(UTC) - noted[0]).total_seconds()
        done.lag_seconds = max(done.lag_seconds, behind)
    written = datetime.now(UTC)
    wait_for(lambda: (noted := archive.complete_until) is not None and noted[0] > written)
    return moment


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for something that the archive does."""
    if not stack_wait_for(condition, PATIENCE_SECONDS):
        raise ControlError("the archive does not get on", "its reasons are above")


@contextmanager
def step(made: Estate, done: Measured, name: str, *arguments: object) -> Iterator[Running]:
    """Run a command beside something else, and note what it took."""
    with made.running(*arguments) as running:
        yield running
    done.processor[name], done.mib[name] = running.processor_seconds, running.peak_mib


def finish(made: Estate, done: Measured, name: str, *arguments: object) -> None:
    """Run a command to its end, and note what it took."""
    began = time.monotonic()
    with step(made, done, name, *arguments) as running:
        if running.process.wait() != 0:
            raise ControlError(f"{name} failed", "its reasons are above")
    done.seconds[name] = time.monotonic() - began


def vault_of(made: Estate) -> Vault:
    """Return the vault; the emulator has no bucket for it yet."""
    vault = Vault.to_read(made.settings, S3Uri.parse(made.vault))
    if "ASPEN_BACKUP_S3_ENDPOINT_URL" not in os.environ:
        vault.s3.create_bucket(Bucket=vault.uri.bucket)
    return vault


def place_of(archive: Archive) -> str:
    """Return where the newest base backup is below the archive."""
    return f"base/{archive.bases[-1].directory.name}"


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
