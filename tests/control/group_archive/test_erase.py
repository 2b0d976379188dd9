"""A group that is erased leaves nothing, except a proof, and takes nothing from others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import factories
from tests.control.group_archive.estate import Estate

YES = ("--yes", "--cancel-jobs")


def details_of(estate: Estate, group_id: int) -> list[dict[str, object]]:
    """Return what the audit log knows about a group besides who changed which row when."""
    return [
        details
        for (details,) in estate.conn.execute(
            "select coalesce(details, '{}') || coalesce(old_values, '{}')"
            " || coalesce(new_values, '{}') from aspen.audit_log where group_id = %s"
            " and num_nonnulls(details, old_values, new_values) > 0 order by id",
            [group_id],
        )
    ]


def test_nothing_is_left(estate: Estate, tmp_path: Path) -> None:
    """Remove rows of every table and all objects; the log keeps who changed which row when."""
    group_id = estate.group()
    estate.put(f"group/{group_id}/uploads/unfinished/part-00001", b"sent, and never named by a row")
    [(run,)] = estate.conn.execute(
        "select id from aspen.jobs where group_id = %s and kind = 'phylo_run'", [group_id]
    ).fetchall()
    estate.put(f"jobs/{run}/2/of a failed attempt", b"named by no row")
    name = estate.conn.execute(
        "select name from aspen.groups where id = %s", [group_id]
    ).fetchall()[0][0]
    archive = estate.exported(group_id, tmp_path / "last.tar.zst")
    before = estate.count(group_id)

    told = json.loads(estate.run("erase", group_id, "--after-export", archive, "--json", *YES))

    left = {table for table, count in estate.count(group_id).items() if count}
    assert left == {"audit_log"}
    assert estate.keys(f"group/{group_id}/") == estate.keys(f"jobs/{run}/") == []
    [rows, proof] = details_of(estate, group_id)
    assert proof["proof"] == told["proof"]
    assert (told["proof"]["name"], told["proof"]["left"]) == (name, 0)
    assert told["proof"]["archive"] == rows["archive"]
    del before["audit_log"], before["object_prunes"]
    # The other one is the access that another group granted.
    assert told["rows"] == before | {"group_grants": 2}
    assert estate.conn.execute(
        "select actor from aspen.audit_log where group_id = %s order by id desc limit 1", [group_id]
    ).fetchall() == [("olga@example.org",)]


def test_other_groups_keep_every_row_and_object(estate: Estate) -> None:
    """Compare the rows of a neighbour, byte by byte, and its objects."""
    neighbour, group_id = estate.group(), estate.group()
    before = estate.checksums(neighbour)

    estate.run("erase", group_id, *YES)

    [(outputs,)] = estate.conn.execute(
        "select array_agg(key) from aspen.job_outputs where group_id = %s", [neighbour]
    ).fetchall()
    assert estate.checksums(neighbour) == before
    assert len(estate.keys(f"group/{neighbour}/")) == 1
    assert {*outputs} <= {*estate.keys("jobs/")}


def test_rows_of_others_stay_without_the_samples(estate: Estate) -> None:
    """Keep the input of another group's run, which had a sample of the erased group."""
    group_id, other = factories.group(estate.conn), factories.group(estate.conn)
    sample = factories.sample(estate.conn, group_id)
    run = factories.phylo_run(estate.conn, other)
    factories.job_sample(estate.conn, run, sample)

    planned = json.loads(estate.run("erase", group_id, "--dry-run", "--json"))
    estate.run("erase", group_id, "--yes")

    assert planned["referring"] == {"job_samples": 1}
    assert estate.conn.execute(
        "select sample_id from aspen.job_samples where job_id = %s", [run]
    ).fetchall() == [(None,)]


def test_kept_answers_about_the_group_are_deleted(estate: Estate) -> None:
    """Delete those of requests that could see it, and no others."""
    conn, group_id, other = estate.conn, estate.group(), factories.group(estate.conn)
    for number, groups in enumerate(([group_id, other], [other])):
        conn.execute(
            "insert into aspen.idempotency_keys (subject, key_hash, path, role_name, any_groups,"
            " full_groups) values ('ann', sha256(%s), '/samples', 'member', %s, '{}')",
            [f"{number}".encode(), groups],
        )

    estate.run("erase", group_id, *YES)

    assert conn.execute("select any_groups from aspen.idempotency_keys").fetchall() == [([other],)]


def test_a_dry_run_erases_nothing(estate: Estate) -> None:
    """Say how many rows there are, which jobs are in the way, and whom it concerns."""
    group_id = estate.group()
    before = estate.checksums(group_id)

    told = json.loads(estate.run("erase", group_id, "--dry-run", "--json"))

    assert (told["rows"], told["open_jobs"]) == (estate.count(group_id), 6)
    assert estate.checksums(group_id) == before


def test_it_asks_for_the_name(estate: Estate) -> None:
    """Erase nothing when another name, or nothing, is typed."""
    group_id = factories.group(estate.conn, "Asked Lab", prefix="ASK")

    wrong = estate.control("erase", group_id, text="Other Lab\n")
    silent = estate.control("erase", group_id, text="")
    between = estate.count(group_id)["groups"]
    right = estate.control("erase", group_id, text="Asked Lab\n")

    assert (wrong.exit_code, silent.exit_code, right.exit_code) == (1, 1, 0)
    assert (between, estate.count(group_id)["groups"]) == (1, 0)


def test_jobs_that_have_not_ended_are_in_the_way(estate: Estate) -> None:
    """Erase nothing below a worker, unless told to cancel its jobs."""
    group_id = estate.group()
    before = estate.checksums(group_id)

    result = estate.control("erase", group_id, "--yes")

    assert (result.exit_code, estate.checksums(group_id)) == (1, before)
    assert "6 jobs of 'Lab" in result.stderr and "--cancel-jobs" in result.stderr


def test_the_group_of_the_platform_stays(estate: Estate) -> None:
    """Neither export nor erase it."""
    erased = estate.control("erase", 0, *YES)
    exported = estate.control("export", 0, "--dry-run")

    assert (erased.exit_code, exported.exit_code) == (1, 1)
    assert "there is no group '0'" in erased.stderr
    assert estate.count(0)["groups"] == 1


@pytest.mark.parametrize("what", ["a changed row", "another group"])
def test_an_archive_that_lacks_something_is_in_the_way(
    estate: Estate, tmp_path: Path, what: str
) -> None:
    """Erase only what is in the archive as it is."""
    group_id = estate.group()
    archive = estate.exported(group_id, tmp_path / "old")
    if what == "a changed row":
        estate.conn.execute("update aspen.samples set host = 'Bat' where group_id = %s", [group_id])
    else:
        group_id = estate.group()
    before = estate.checksums(group_id)

    result = estate.control("erase", group_id, "--after-export", archive / "manifest.json", *YES)

    assert (result.exit_code, estate.checksums(group_id)) == (1, before)
    assert "samples has changed" in result.stderr or "the archive is of 'Lab" in result.stderr


def test_a_run_that_lost_s3_is_run_again(estate: Estate, tmp_path: Path) -> None:
    """Keep the group and the queue of its objects until these are deleted; then prove it all."""
    group_id = estate.group()
    archive = estate.exported(group_id, tmp_path / "last.tar")
    command = ("erase", group_id, "--after-export", archive, *YES)
    without_s3 = {**estate.environment, "ASPEN_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    before = estate.count(group_id)

    lost = estate.control(*command, environment=without_s3)
    between = {table for table, count in estate.count(group_id).items() if count}
    again = estate.control(*command, "--json")

    assert (lost.exit_code, again.exit_code) == (1, 0), again.output
    assert between == {"audit_log", "groups", "object_prunes"}
    told = json.loads(again.stdout)
    assert told["rows"]["samples"] == before["samples"]
    assert told["proof"]["archive"] is not None
    assert {table for table, count in estate.count(group_id).items() if count} == {"audit_log"}
