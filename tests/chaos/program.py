"""Run as the program of every job: `python3 program.py SEED PARTS LEDGER`, as its fate says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from pipelines import job  # noqa: E402
from tests.chaos.fates import fate, part, part_kinds  # noqa: E402

HEARTBEAT_SECONDS = 1.0
SLOW_SECONDS = 4
LINEAGES = (
    "taxon,lineage,conflict,ambiguity_score,scorpio_call,scorpio_support,version,"
    "pangolin_version,note\n"
)


def files_of(one: job.Job, parts: int) -> dict[str, bytes]:
    """Return what the job leaves: the content of each kind of file."""
    match one.inputs()["kind"]:
        case "parts":
            return {kind: part(one.job_id, one.attempt, kind) for kind in part_kinds(parts)}
        case "pangolin":
            rows = [
                f"{sample['id']},B.1.{one.job_id},0.0,0.9,,,v1.29,4.3.1,\n"
                for sample in one.inputs()["samples"]
            ]
            return {"lineage_report_csv": (LINEAGES + "".join(rows)).encode()}
        case _:
            tips = [{"name": s["public_identifier"]} for s in one.inputs()["samples"]]
            tree = {"name": "root", "children": tips or [{"name": "nobody"}]}
            return {
                "auspice_json": json.dumps(
                    {"version": "v2", "meta": {"title": "A tree", "panels": ["tree"]}, "tree": tree}
                ).encode()
            }


def manifest(one: job.Job) -> bytes:
    """Return the manifest that lies beside the files."""
    members = {"kind": one.inputs()["kind"], "attempt": one.attempt, "status": "succeeded"}
    return json.dumps(members | {"files": one.files}).encode()


def main(one: job.Job, seed: int, parts: int) -> None:
    """Do what the fate says."""
    what = fate(seed, one.job_id, one.attempt)
    print(what, flush=True)
    files = files_of(one, parts)
    for number, (kind, content) in enumerate(files.items()):
        path = Path(kind)
        path.write_bytes(content)
        one.upload(path, kind)
        if number == len(files) // 2:
            stop_half_way(what, one)
    if what == "reports a wrong checksum":
        one.files[0]["sha256"] = "0" * 64
    if what == "leaves a child":
        subprocess.Popen(["sleep", "600"], start_new_session=True)
    if what == "announces":
        Path("manifest.json").write_bytes(manifest(one))
        one.upload(Path("manifest.json"), "manifest")
        # Whoever finds the manifest ends the attempt, and the heartbeats say so.
        wait_for_ever(one)
    one.report({"parts": "1.0"})


def stop_half_way(what: str, one: job.Job) -> None:
    """Stop here if that is the fate."""
    match what:
        case "is slow":
            time.sleep(SLOW_SECONDS)
        case "crashes":
            sys.exit("it crashed")
        case "fails":
            raise job.JobError("the data are bad")
        case "says nothing":
            os._exit(0)
        case "hangs":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(1)


def wait_for_ever(one: job.Job) -> None:
    """Report until the attempt is over."""
    with one.heartbeat(HEARTBEAT_SECONDS) as ended:
        ended.wait()
    raise job.JobEnded("another one registered it")


if __name__ == "__main__":
    seed, parts, ledger = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    this = job.Job.from_environment()
    # One line for each start of an attempt: two of them would be one too many.
    (ledger / f"{this.job_id}-{this.attempt}-{os.getpid()}").touch()
    sys.exit(job.run(lambda one: main(one, seed, parts)))
