"""Memory of every server while 500 MB of FASTA go in: `python -m tests.bench.import_memory`.

It starts a stack of its own in `.aspen/memory`, sends the files as `control sample import --remote`
does, runs a worker, and prints the most that each process held for itself. Exits 1 above 512 MiB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from control.settings import load_settings
from tests.bench.bench_import import GENOME_LENGTH, write_files
from tests.bench.processes import children_of, private_mib

FASTA_BYTES = 500_000_000
MOST_MIB = 512
FIRST_PORT = 8700
WATCH_SECONDS = 0.1
CONTROL = "from control.cli import main; main()"


def main(fasta_bytes: int = FASTA_BYTES) -> int:
    """Send, import and watch; stop the stack whatever happens."""
    settings = load_settings()
    data_dir = settings.data_dir / "memory"
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "ASPEN_ROOT": str(settings.root),
        "ASPEN_DATA_DIR": str(data_dir),
        "ASPEN_FIRST_PORT": str(FIRST_PORT),
    }
    size = fasta_bytes // (GENOME_LENGTH * 81 // 80)
    try:
        run(environment, "up")
        run(environment, "load", "demo")
        token = output(environment, "token", "issue", "--sub", "demo|bay", "--ttl", "1d").strip()
        run(environment, "output", "credentials")
        with TemporaryDirectory(dir=data_dir) as folder:
            write_files(Path(folder), size)
            sent = (Path(folder) / f"{size}.fasta").stat().st_size
            print(f"{size:,} genomes, {sent / 1e6:.0f} MB of FASTA", flush=True)
            peaks = watched(environment | {"ASPEN_API_TOKEN": token}, Path(folder), size, data_dir)
    finally:
        run(environment, "down")
    for name, peak in sorted(peaks.items(), key=lambda pair: -pair[1]):
        print(f"  {name:<24}{peak:>8.0f} MiB{'' if peak < MOST_MIB else '  MISS'}")
    return 0 if max(peaks.values()) < MOST_MIB else 1


def watched(
    environment: dict[str, str], folder: Path, size: int, data_dir: Path
) -> dict[str, float]:
    """Import the files, and return the peaks by the name of the process."""
    worker = start(environment, "job", "work", "--kind", "import")
    client = start(
        environment,
        *("sample", "import", "--remote", "--group", "1", "--pathogen", "SC2"),
        *("--metadata", f"{folder / f'{size}.tsv'}"),
        *("--sequences", f"{folder / f'{size}.fasta'}"),
    )
    peaks: dict[str, float] = defaultdict(float)
    try:
        while client.poll() is None:
            named = {"client": client.pid, "worker": worker.pid} | servers(data_dir)
            for name, pid in named.items():
                note(peaks, name, pid)
            time.sleep(WATCH_SECONDS)
    finally:
        worker.terminate()
        worker.wait()
    if client.returncode != 0:
        raise SystemExit("the import failed; its reasons are above")
    return dict(peaks)


def servers(data_dir: Path) -> dict[str, int]:
    """Return the processes that `control up` started, by their names."""
    found = {}
    for path in (data_dir / "run").glob("*.pid"):
        found[path.stem] = json.loads(path.read_text())["pid"]
    return found


def note(peaks: dict[str, float], name: str, pid: int) -> None:
    """Raise the peaks of a process and of what it started, each by itself."""
    peaks[name] = max(peaks[name], private_mib(pid))
    for child in children_of(pid):
        note(peaks, f"{name}: child", child)


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start `control …`."""
    return subprocess.Popen([sys.executable, "-c", CONTROL, *arguments], env=environment)


def run(environment: dict[str, str], *arguments: str) -> None:
    """Run `control …`, and fail if it does."""
    subprocess.run([sys.executable, "-c", CONTROL, *arguments], env=environment, check=True)


def output(environment: dict[str, str], *arguments: str) -> str:
    """Return what `control …` prints."""
    command = [sys.executable, "-c", CONTROL, *arguments]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
