"""What is exported comes back by an import, with other ids and nothing else changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from control.backups.sealing import new_identity
from control.group_archive.tables import RECORDED, WITHHELD
from tests import factories
from tests.control.group_archive.archives import meaning, rows_of
from tests.control.group_archive.estate import OUTPUT, PART, Estate


@pytest.fixture(scope="module")
def moved(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path, int, Path]:
    """Export a group with rows in every table, import it, and export what came of it."""
    folder = tmp_path_factory.mktemp("moved")
    old = estate.group()
    estate.exported(old, folder / "first.tar.zst")
    estate.exported(old, folder / "first")
    told = estate.run(
        "import", folder / "first.tar.zst", "--name", "New", "--prefix", "NEW", "--json"
    )
    new = json.loads(told)["group_id"]
    estate.exported(new, folder / "second")
    return old, folder / "first", new, folder / "second"


Moved = tuple[int, Path, int, Path]


def test_the_group_has_rows_in_every_table(estate: Estate, moved: Moved) -> None:
    """Leave out no table, so that what follows is about all of them."""
    empty = {name for name, count in estate.count(moved[0]).items() if not count}

    assert empty == set()


def test_an_import_stores_what_was_exported(estate: Estate, moved: Moved) -> None:
    """Compare each row of each table, with what ids mean in their place."""
    _, first, _, second = moved
    tables = estate.tables()

    before, after = meaning(first, tables), meaning(second, tables)

    assert {name for name in before if before[name] != after[name]} == set()
    assert before == after


def test_every_row_gets_an_id_of_its_own(estate: Estate, moved: Moved) -> None:
    """Share no id with the group that was exported, so that both can be here."""
    _, first, _, second = moved

    shared = [
        name
        for name, table in estate.tables().items()
        if table.is_restored
        and {row["id"] for row in rows_of(first, f"tables/{name}.csv")}
        & {row["id"] for row in rows_of(second, f"tables/{name}.csv")}
    ]

    assert shared == []


def test_an_import_stores_nothing_else(estate: Estate, moved: Moved) -> None:
    """Queue no job, note no event and make no access; the log says who imported."""
    counts = estate.count(moved[2])

    assert {name for name in (*RECORDED, *WITHHELD) if counts[name]} == {"audit_log"}
    assert estate.conn.execute(
        "select distinct actor from aspen.audit_log where group_id = %s", [moved[2]]
    ).fetchall() == [("olga@example.org",)]


def test_objects_are_stored_under_keys_of_the_new_group(estate: Estate, moved: Moved) -> None:
    """Let the rows name what is there, with the etag that S3 gave it."""
    [(key, etag)] = estate.conn.execute(
        "select key, etag from aspen.job_outputs where group_id = %s", [moved[2]]
    ).fetchall()
    [(folder,)] = estate.conn.execute(
        "select folder from aspen.uploads where group_id = %s", [moved[2]]
    ).fetchall()
    output = estate.s3.client.get_object(Bucket=estate.s3.bucket, Key=key)
    part = estate.s3.client.get_object(Bucket=estate.s3.bucket, Key=f"{folder}part-00001")

    assert (output["Body"].read(), output["ETag"]) == (OUTPUT, etag)
    assert (part["Body"].read(), folder.startswith(f"group/{moved[2]}/")) == (PART, True)


def test_jobs_that_had_not_ended_are_cancelled(estate: Estate, moved: Moved) -> None:
    """Leave nothing for workers, and say why."""
    found = estate.conn.execute(
        "select status, left(error, 22), count(*) from aspen.jobs"
        " where group_id = %s group by 1, 2 order by 1",
        [moved[2]],
    ).fetchall()

    assert found == [("cancelled", "it had not ended when ", 6), ("succeeded", None, 2)]


def test_no_secret_is_in_an_archive(moved: Moved) -> None:
    """Leave out tokens, hashes, secrets of webhooks and mails; the manifest says so."""
    _, first, _, _ = moved
    texts = b"".join(path.read_bytes() for path in first.rglob("*") if path.is_file())
    manifest = json.loads((first / "manifest.json").read_text())

    assert b"the secret token" not in texts
    assert b"A" * 43 + b"=" not in texts
    assert {path.stem for path in (first / "tables").iterdir()} & WITHHELD.keys() == set()
    assert {name: each["rows"] for name, each in manifest["withheld"].items()} == dict.fromkeys(
        WITHHELD, 1
    )


def test_samples_of_others_stay_with_them(estate: Estate, tmp_path: Path) -> None:
    """Keep the name of such an input of a job, and no reference to a row of another group."""
    neighbour, group_id = factories.group(estate.conn), factories.group(estate.conn)
    run = factories.phylo_run(estate.conn, group_id)
    sample = factories.sample(estate.conn, neighbour, "N-1")
    factories.job_sample(estate.conn, run, sample)
    factories.phylo_tree(estate.conn, run, [factories.Tip("n", sample)])
    archive = estate.exported(group_id, tmp_path / "shared.tar")

    told = estate.run("import", archive, "--name", "Shared", "--prefix", "SH", "--json")

    new = json.loads(told)["group_id"]
    assert estate.conn.execute(
        "select sample_group_id, sample_id, public_identifier from aspen.job_samples"
        " where group_id = %s union all select sample_group_id, sample_id, name"
        " from aspen.phylo_tree_tips where group_id = %s",
        [new, new],
    ).fetchall() == [(new, None, "public-N-1"), (None, None, "n")]


def test_users_who_are_not_here_are_told_and_created_if_wanted(
    estate: Estate, tmp_path: Path
) -> None:
    """Find others by their e-mail address, if they have another subject here."""
    conn, group_id = estate.conn, factories.group(estate.conn)
    for name in ("uma", "udo", "una"):
        factories.user(conn, name, {group_id: "member"}, email=f"{name}@example.org")
    archive = estate.exported(group_id, tmp_path / "users.tar")
    conn.execute("update aspen.users set subject = 'oidc|udo' where subject = 'udo'")
    conn.execute("delete from aspen.users where subject = 'una'")

    plain = estate.run("import", archive, "--name", "Some", "--prefix", "SO", "--json")
    full = estate.run(
        "import", archive, "--name", "All", "--prefix", "ALL", "--json", "--create-users"
    )

    assert json.loads(plain)["users"] == {"matched": 2, "created": [], "unknown": ["una"]}
    assert json.loads(full)["users"] == {"matched": 2, "created": ["una"], "unknown": []}
    assert conn.execute(
        "select subject from aspen.users as users inner join aspen.memberships as members"
        " on users.id = members.user_id where members.group_id = %s order by 1",
        [json.loads(full)["group_id"]],
    ).fetchall() == [("oidc|udo",), ("uma",), ("una",)]


def test_without_objects_no_row_names_one(estate: Estate, moved: Moved, tmp_path: Path) -> None:
    """Leave out outputs and uploads whose file is not in the archive, and say so."""
    archive = estate.exported(moved[0], tmp_path / "bare.tar", "--no-objects")

    told = json.loads(estate.run("import", archive, "--name", "Bare", "--prefix", "BA", "--json"))

    assert told["left_out"] == {"job_outputs": 1, "uploads": 1}
    assert (told["rows"]["job_outputs"], told["rows"]["uploads"], told["objects"]) == (0, 0, 0)


def test_an_encrypted_archive_needs_the_identity(
    estate: Estate, moved: Moved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encrypt for backup_recipient; nobody else reads it."""
    archive, key = tmp_path / "sealed.tar.zst.age", tmp_path / "aspen.key"
    refused = estate.control("export", moved[0], "--to", archive)
    monkeypatch.setenv("ASPEN_BACKUP_RECIPIENT", new_identity(key))
    estate.exported(moved[0], archive)
    closed = estate.control("import", archive, "--dry-run", "--name", "Age", "--prefix", "AGE")
    monkeypatch.setenv("ASPEN_BACKUP_IDENTITY_FILE", str(key))

    opened = estate.control("import", archive, "--dry-run", "--name", "Age", "--prefix", "AGE")

    assert (refused.exit_code, closed.exit_code, opened.exit_code) == (1, 1, 0)
    assert archive.read_bytes().startswith(b"age-encryption.org/")
    assert "would import Age (AGE): 44 rows, 2 objects" in opened.stdout
