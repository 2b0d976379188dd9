"""`control output get`, `url` and `list` hand out what is registered, and nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import LiteralString

import pytest
from psycopg import sql

from control.storage.s3 import S3Uri
from tests.control.outputs.desk import NEXTCLADE_HEADER, Desk, dataset, fasta, qc_row, table, tip

TREE = dataset(tip("a"), tip("b"))


@pytest.fixture
def run(desk: Desk) -> int:
    """Register a run with its tree."""
    job = desk.job("phylo_run")
    desk.register(job, desk.tree(job, TREE))
    return job


def test_output_is_written_to_a_file(desk: Desk, run: int, tmp_path: Path) -> None:
    """Replace a file of that name, and leave nothing else in the folder."""
    path = tmp_path / "tree.json"
    path.write_text("an earlier one")

    result = desk.run("get", run, "--to", path)

    assert result.exit_code == 0, result.output
    assert result.stdout == f"{path}: {len(TREE)} bytes, SHA-256 as registered\n"
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("tree.json", TREE)]


def test_file_in_a_folder_is_called_as_the_object(desk: Desk, run: int, tmp_path: Path) -> None:
    """Take the last part of the key."""
    desk.run("get", run, "auspice_json", "--to", tmp_path)

    assert [one.name for one in tmp_path.iterdir()] == ["auspice_json"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("etag = 'other'", "was replaced or deleted since it was looked up"),
        ("size_bytes = 5", f"ended after {len(TREE)} of 5 bytes"),
        ("checksum_sha256 = repeat('0', 64)", "has SHA-256"),
        ("key = key || 'x'", "was replaced or deleted since it was looked up"),
    ],
)
def test_output_that_differs_is_not_written(
    desk: Desk, run: int, tmp_path: Path, change: LiteralString, reason: str
) -> None:
    """Keep the file of that name as it was."""
    path = tmp_path / "tree.json"
    path.write_text("an earlier one")
    desk.conn.execute(sql.SQL("update aspen.job_outputs set {}").format(sql.SQL(change)))

    result = desk.run("get", run, "--to", path)

    assert result.exit_code == 1
    assert reason in result.stderr
    assert "Remedy: control output verify" in result.stderr
    assert [one.read_text() for one in tmp_path.iterdir()] == ["an earlier one"]


def test_link_serves_the_output_without_a_key(desk: Desk, run: int) -> None:
    """Sign it for the time that was asked for."""
    result = desk.run("url", run, "--ttl", "10m")

    link = result.stdout.strip()
    assert "X-Amz-Expires=600" in link
    with urllib.request.urlopen(link) as answer:
        assert answer.read().decode() == TREE


def test_link_for_another_file_is_not_signed(desk: Desk, run: int) -> None:
    """Let S3 reject a link whose key was changed."""
    desk.put(f"{desk.home(run)}other", "secret")
    link = desk.run("url", run, "--json")
    changed = json.loads(link.stdout)["url"].replace("auspice_json", "other")

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(changed)


def test_link_of_more_than_a_week_is_refused(desk: Desk, run: int) -> None:
    """Say what S3 accepts."""
    result = desk.run("url", run, "--ttl", "8d")

    assert result.exit_code == 1
    assert "a link works for 1 s to 7 d" in result.stderr


@pytest.mark.parametrize("command", ["url", "get"])
def test_output_must_be_named_where_a_job_has_several(desk: Desk, command: str) -> None:
    """List those there are; say so where there are none."""
    [sample] = desk.samples(1)
    job, without = desk.job("nextclade", [sample]), desk.job("phylo_run")
    desk.register(
        job, desk.qc(job, table(NEXTCLADE_HEADER, qc_row(sample)), fasta((sample, "ACGT")))
    )

    several, none = desk.run(command, job), desk.run(command, without, "auspice_json")
    unknown = desk.run(command, 999_999_999)

    assert [one.exit_code for one in (several, none, unknown)] == [1, 1, 1]
    assert "Remedy: name one of nextclade_csv, nextclade_tag_json, aligned_fasta" in several.stderr
    assert f"job {without} has no registered output auspice_json" in none.stderr
    assert "there is no job 999999999" in unknown.stderr


def test_list_of_all_outputs_goes_on_after_an_id(desk: Desk, run: int) -> None:
    """Give pages in the order of ids, of a group and of a kind."""
    second = desk.job("phylo_run")
    desk.register(second, desk.tree(second, TREE))
    ids = desk.rows("select id from aspen.job_outputs order by id")

    def listed(*options: object) -> list[int]:
        lines = desk.run("list", "--json", *options).stdout.splitlines()
        return [json.loads(line)["id"] for line in lines]

    assert listed() == ids
    assert listed("--limit", 1) == ids[:1]
    assert listed("--after", ids[0], "--limit", 1) == ids[1:]
    assert listed("--group", desk.group_id, "--kind", "auspice_json") == ids
    assert listed("--group", desk.group_id + 1) == listed("--kind", "aligned_fasta") == []


def test_list_of_one_job_names_its_address(desk: Desk, run: int) -> None:
    """Leave out the outputs of other jobs."""
    second = desk.job("phylo_run")
    desk.register(second, desk.tree(second, TREE))

    listed = desk.run("list", second)

    uri = S3Uri(desk.s3.bucket, f"{desk.home(second)}auspice_json")
    assert listed.stdout == f"auspice_json  {len(TREE)}  {uri}\n"
