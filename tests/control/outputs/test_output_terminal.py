"""Keys in S3, errors of jobs and texts of manifests are shown, never obeyed."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.control.outputs.desk import RUN, Desk, dataset, tip
from tests.control.test_terminal import EVIL, raw_controls

# A key that breaks or reorders a line is rejected earlier; this one is accepted.
KEY = "tree\u200f\u061c.json"


def test_keys_of_objects_are_shown(desk: Desk) -> None:
    """Escape them when they are registered and when they are listed."""
    job = desk.job("phylo_run")
    desk.put(desk.home(job) + KEY, dataset(tip("a"), tip("b")))
    named = [{"kind": "auspice_json", "key": KEY}]

    registered = desk.register(job, desk.submit(job, "phylo_run", {}, files=named))
    listed = [desk.run("list", job), desk.run("list", job, "--json")]

    for result in (registered, *listed):
        assert result.exit_code == 0
        assert raw_controls(result.output) == set()
        assert "tree\\u200f\\u061c.json" in result.stdout


def test_refused_documents_are_shown(desk: Desk) -> None:
    """Escape a manifest, and the name of a missing one."""
    job = desk.job("phylo_run")
    manifest = desk.submit(job, EVIL, {"auspice_json": "{}"}, error=EVIL)

    for result in (
        desk.register(job, manifest),
        desk.register(job, manifest.sibling(EVIL)),
        desk.run("register", job, "--file", f"auspice_json={manifest.sibling(EVIL)}"),
    ):
        assert result.exit_code == 1
        assert raw_controls(result.output) == set()


def test_registration_stays_one_when_its_reader_is_gone(desk: Desk) -> None:
    """Succeed, because an error would make people look for a fault."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, dataset(tip("a"), tip("b")))
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-c", RUN, "output", "register", str(job), str(manifest)],
        env=desk.environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)

    said = f"job {job} is registered; the rest could not be printed: Broken pipe\n"
    assert (done.returncode, done.stderr.decode()) == (0, said)
    assert desk.rows("select status from aspen.jobs where id = %s", job) == ["succeeded"]
