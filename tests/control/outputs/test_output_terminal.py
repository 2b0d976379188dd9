"""Keys in S3, errors of jobs and texts of manifests are shown, never obeyed."""

from __future__ import annotations

from tests.control.outputs.desk import Desk, dataset, tip
from tests.control.test_terminal import EVIL, raw_controls

# A key that breaks a line or turns it around is refused before it is stored, this one is not.
KEY = "tree\u200f\u061c.json"


def test_keys_of_objects_are_shown(desk: Desk) -> None:
    """When they are registered, and whenever they are listed."""
    job = desk.job("phylo_run")
    desk.put(desk.home(job) + KEY, dataset(tip("a"), tip("b")))
    named = [{"kind": "auspice_json", "key": KEY}]

    registered = desk.register(job, desk.hand_in(job, "phylo_run", {}, files=named))
    listed = [desk.run("list", job), desk.run("list", job, "--json")]

    for result in (registered, *listed):
        assert result.exit_code == 0
        assert raw_controls(result.output) == set()
        assert "tree\\u200f\\u061c.json" in result.stdout


def test_refused_documents_are_shown(desk: Desk) -> None:
    """A manifest, and the name of one that is not there."""
    job = desk.job("phylo_run")
    manifest = desk.hand_in(job, EVIL, {"auspice_json": "{}"}, error=EVIL)

    for result in (
        desk.register(job, manifest),
        desk.register(job, manifest.sibling(EVIL)),
        desk.run("register", job, "--file", f"auspice_json={manifest.sibling(EVIL)}"),
    ):
        assert result.exit_code == 1
        assert raw_controls(result.output) == set()
