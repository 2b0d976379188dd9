"""Read archives, rewrite them, and compare what two of them say, whatever the ids are."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from control.group_archive.manifest import MANIFEST
from control.group_archive.tables import JSON_IDS, NATURAL_KEYS, USERS, Table

# Values that are new after an import, or that say where the group was before.
OTHER_VALUES = {
    "groups": {"name", "prefix", "directory_id"},
    "sequences": {"revision"},
    "job_outputs": {"etag"},
}
# How a job differs that had not ended.
OPEN = {"status": "cancelled", "finished_at": "", "error": "", "due_at": ""}

Row = dict[str, Any]


def rows_of(folder: Path, name: str) -> list[Row]:
    """Return the rows of a file."""
    csv.field_size_limit(1 << 30)
    with open(folder / name, newline="") as file:
        return [*csv.DictReader(file)]


def meaning(folder: Path, tables: dict[str, Table]) -> dict[str, list[Row]]:
    """Return the rows of each table with what their ids mean in the place of the ids."""
    manifest = json.loads((folder / MANIFEST).read_text())
    restored = [name for name in manifest["tables"] if tables[name].is_restored]
    rows = {name: rows_of(folder, f"tables/{name}.csv") for name in restored}
    names = {
        name: {row["id"]: f"{name} {number}" for number, row in enumerate(found)}
        for name, found in rows.items()
    }
    for name, key in NATURAL_KEYS.items():
        found = rows_of(folder, f"references/{name}.csv")
        names[name] = {row["id"]: "/".join(row[column] for column in key) for row in found}
    names[USERS] = {row["id"]: row["subject"] for row in rows_of(folder, "users.csv")}
    revisions = {row["revision"]: "present" for row in rows["sequences"]}
    return {
        name: [_meaning(tables[name], row, names, revisions) for row in rows[name]]
        for name in restored
    }


def _meaning(
    table: Table, row: Row, names: dict[str, dict[str, str]], revisions: dict[str, str]
) -> Row:
    told: Row = {}
    for column in table.columns:
        value = row[column.name]
        if column.name in OTHER_VALUES.get(table.name, ()):
            continue
        if column.name == "id":
            value = names[table.name][value]
        elif column.name == "sequence_revision" and value:
            value = revisions.get(value, "replaced")
        elif column.type_name == "bigint[]" and column.target:
            ids = value.strip("{}").split(",")
            value = [names[column.target][each] for each in ids if each in names[column.target]]
        elif column.target and value:
            value = names.get(column.target, {}).get(value, "")
        told[column.name] = value
    for name, column_name, path, target in JSON_IDS:
        if name == table.name and told[column_name]:
            told[column_name] = _told_json(told[column_name], path, names[target])
    if table.name == "jobs" and (told["status"] in ("queued", "running") or _was_open(told)):
        told |= OPEN
    for column_name in ("key", "folder"):
        if column_name in told:
            told[column_name] = re.sub(
                "(?<=/)[0-9]+(?=/)|[0-9]+(?=/[0-9]/)", "…", told[column_name]
            )
    return told


def _was_open(job: Row) -> bool:
    return "group was exported" in job["error"]


def _told_json(value: Any, path: tuple[str, ...], names: dict[str, str]) -> Any:
    document = json.loads(value) if isinstance(value, str) else value
    place = document
    for step in path[:-1]:
        place = place.get(step, {})
    if place.get(path[-1]) is not None:
        place[path[-1]] = names[str(place[path[-1]])]
    return document


def rewrite(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text in a file of an archive, and let the manifest have its new checksum."""
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    if name != MANIFEST:
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
        (folder / MANIFEST).write_text(json.dumps(manifest))
