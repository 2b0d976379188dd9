"""An archive that is not whole, or does not fit, is refused, and nothing of it is stored."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.control.group_archive.archives import rewrite
from tests.control.group_archive.estate import Estate

NEW = ("--name", "New", "--prefix", "NEW")


@pytest.fixture(scope="module")
def archive(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a group with rows in every table."""
    return estate.exported(estate.group(), tmp_path_factory.mktemp("made") / "archive")


@pytest.fixture
def copy(archive: Path, tmp_path: Path) -> Path:
    """Copy the archive, to be changed."""
    return shutil.copytree(archive, tmp_path / "copy")


def state(estate: Estate) -> tuple[object, ...]:
    """Return what there is of groups, users, rows and objects."""
    counts = estate.conn.execute(
        "select (select count(*) from aspen.groups), (select count(*) from aspen.users),"
        " (select count(*) from aspen.samples), (select count(*) from aspen.audit_log),"
        " (select count(*) from aspen.reference_datasets)"
    ).fetchall()
    return (counts, estate.keys())


def refused(estate: Estate, path: Path, *options: str) -> str:
    """Return the message of a refusal, after which nothing may have changed."""
    before = state(estate)
    result = estate.control("import", path, *(options or NEW))
    assert (result.exit_code, state(estate)) == (1, before), result.output
    assert "Remedy: " in result.stderr
    return result.stderr


def test_the_archive_itself_is_accepted(estate: Estate, archive: Path) -> None:
    """Try everything and store nothing in a dry run."""
    before = state(estate)

    told = estate.run("import", archive, *NEW, "--dry-run")

    assert "would import New (NEW): 44 rows, 2 objects" in told
    assert state(estate) == before


def change_of_a_row(folder: Path) -> None:
    """Change a value, and leave the checksum as it was."""
    path = folder / "tables/samples.csv"
    path.write_text(path.read_text().replace("S-1", "S-9"))


def change_of_an_object(folder: Path) -> None:
    """Change a file of a job."""
    path = next(path for path in (folder / "objects").rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes()[::-1])


def loss_of_a_table(folder: Path) -> None:
    """Remove the rows of a table."""
    (folder / "tables/sequences.csv").unlink()


def loss_of_users(folder: Path) -> None:
    """Remove a file that no table is."""
    (folder / "users.csv").unlink()


def addition_of_a_file(folder: Path) -> None:
    """Add what the manifest does not name."""
    (folder / "tables/users.csv").write_text("id,is_operator\n1,true\n")


def link_out_of_the_archive(folder: Path) -> None:
    """Have a file elsewhere be read."""
    path = folder / "tables/samples.csv"
    path.rename(folder.parent / "elsewhere.csv")
    path.symlink_to(folder.parent / "elsewhere.csv")


def other_number_of_rows(folder: Path) -> None:
    """Say that there are more rows than there are."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["samples"]["rows"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))


def other_number_of_objects(folder: Path) -> None:
    """Say that there are more objects than there are."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["objects"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))


def path_out_of_the_archive(folder: Path) -> None:
    """Name a file elsewhere."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../other.csv"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))


def loss_of_the_manifest(folder: Path) -> None:
    """Leave a folder that is no archive."""
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change_of_a_row, "samples.csv differs from what was exported"),
        (change_of_an_object, "differs from what was exported"),
        (loss_of_a_table, "sequences.csv is missing, or is not in the manifest"),
        (loss_of_users, "users.csv is missing, or is not in the manifest"),
        (addition_of_a_file, "users.csv is missing, or is not in the manifest"),
        (link_out_of_the_archive, "samples.csv differs from what was exported"),
        (other_number_of_rows, "samples.csv has 3 rows, not 4"),
        (other_number_of_objects, "lists 2 objects, not 3"),
        (path_out_of_the_archive, "is no manifest of a group, or damaged"),
        (loss_of_the_manifest, "is no archive of a group: it has no manifest.json"),
    ],
)
def test_a_damaged_archive_is_refused(
    estate: Estate, copy: Path, damage: Callable[[Path], None], message: str
) -> None:
    """Compare files with checksums, and numbers with the manifest."""
    damage(copy)

    assert message in refused(estate, copy)


def test_a_manifest_with_another_checksum_is_refused(estate: Estate, copy: Path) -> None:
    """Compare it with what the export printed, if that is given."""
    rewrite(copy, "manifest.json", '"made_by": "olga', '"made_by": "otto')

    assert "has another checksum" in refused(estate, copy, *NEW, "--sha256", "0" * 64)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("manifest.json", "0001_baseline", "9999_later", "migration 9999_later is not applied"),
        ("manifest.json", '"most_samples"', '"most_genomes"', "column group_limits.most_genomes"),
        ("references/pathogens.csv", "SC2", "SC9", "pathogens: SC9"),
        ("tables/samples.csv", "2024-02-01", "1800-02-01", "samples_collection_date_range_check"),
        ("tables/samples.csv", "2024-02-01", "soon", "invalid input syntax for type date"),
        ("tables/samples.csv", "is_private", "is_public", "does not fit the table"),
    ],
    ids=["migration", "column", "reference data", "late failure", "no date", "header"],
)
def test_what_does_not_fit_is_refused(
    estate: Estate, copy: Path, file: str, old: str, new: str, message: str
) -> None:
    """Refuse it although all checksums are right, and delete the objects that were stored."""
    rewrite(copy, file, old, new)

    assert message in refused(estate, copy)


def test_a_group_of_this_name_is_left_alone(estate: Estate, archive: Path) -> None:
    """Ask for another name and prefix."""
    group = json.loads((archive / "manifest.json").read_text())["group"]

    message = refused(estate, archive, "--name", group["name"], "--prefix", "OTHER")

    assert f"there is a group {group['name']} with the prefix {group['prefix']}" in message


def test_a_file_that_was_cut_off_is_refused(estate: Estate, tmp_path: Path) -> None:
    """Notice it in a compressed file, wherever it ends."""
    path = estate.exported(estate.group(), tmp_path / "cut.tar.zst")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert "cut.tar.zst is damaged" in refused(estate, path)


@pytest.mark.parametrize(
    ("bytes_of_the_last", "message"),
    [(0, "is missing"), (700, "cut.tar is damaged")],
    ids=["after a file", "within a file"],
)
def test_a_plain_file_that_was_cut_off_is_refused(
    estate: Estate, tmp_path: Path, bytes_of_the_last: int, message: str
) -> None:
    """Notice that files are missing, or that the last one is."""
    path = estate.exported(estate.group(), tmp_path / "cut.tar")
    with tarfile.open(path) as tar:
        last = max((member for member in tar if member.size > 700), key=lambda one: one.offset)
    path.write_bytes(path.read_bytes()[: last.offset + bytes_of_the_last])

    assert message in refused(estate, path)


def test_a_tar_writes_nowhere_else(estate: Estate, archive: Path, tmp_path: Path) -> None:
    """Unpack files below the scratch directory, and no others."""
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(archive / "manifest.json", "../../evil.json")

    assert "is damaged" in refused(estate, path)
    assert not (tmp_path.parent / "evil.json").exists()


def test_an_export_is_whole_or_not_at_all(estate: Estate, tmp_path: Path) -> None:
    """Leave nothing behind that looks like an archive, and overwrite none."""
    group_id, target = estate.group(), tmp_path / "made.tar"
    environment = {**estate.environment, "ASPEN_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    failed = estate.control("export", group_id, "--to", target, environment=environment)
    left = [*tmp_path.iterdir()]
    estate.exported(group_id, target)
    made = target.read_bytes()

    again = estate.control("export", group_id, "--to", target)

    assert (failed.exit_code, left) == (1, [])
    assert (again.exit_code, target.read_bytes()) == (1, made)
    assert "exists already" in again.stderr
