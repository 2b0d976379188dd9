"""Find in the catalogue the tables whose rows belong to groups, and how they refer to each other.

No list names the tables of an archive, so that a table of a later migration is in it at once.
Listed is only what differs: tables that stay behind, and ids that no foreign key tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

import psycopg

from control.queries import query

GROUPS = "groups"
USERS = "users"
# What the triggers that number, queue and announce ask for: rows that move are no news.
MOVES = "set local aspen.moves_group = 'on'"

# Tables whose rows never leave the platform, and why.
WITHHELD: Mapping[str, str] = {
    "invitations": "an invitation holds the hash of its token",
    "machine_tokens": "a token is valid on this platform only",
    "mails": "a mail holds the token of an invitation",
    "object_prunes": "it lists objects of this platform to delete",
    "share_links": "a link holds the hash of its token",
    "webhooks": "a webhook holds its secret",
}
# Tables that are in an archive for the record: an import does not store them.
RECORDED: Mapping[str, str] = {
    "audit_log": "the log says what happened here, and an import is a change of its own",
    "event_notes": "events are about rows by their ids here",
    "events": "events are about rows by their ids here",
    "group_requests": "requests were sent to this platform",
    "group_sizes": "what the group has is counted where it is",
    "group_grants": "who else may see a group is decided where it is imported",
}
# Columns with ids that have no foreign key, and the table whose ids they hold. The rows that these
# refer to may be deleted.
LOOSE_IDS: Mapping[tuple[str, str], str] = {
    ("job_backgrounds", "sample_ids"): "samples",
    ("job_schedules", "last_job_id"): "jobs",
    ("replaced_sequences", "sample_id"): "samples",
}
# Ids within JSON: table, column, path, and the table whose ids they are.
JSON_IDS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("jobs", "template_args", ("location_id",), "locations"),
    ("jobs", "arguments", ("metadata_upload_id",), "uploads"),
    ("jobs", "arguments", ("sequences_upload_id",), "uploads"),
    ("jobs", "arguments", ("choice", "group_id"), "groups"),
    ("jobs", "arguments", ("choice", "location_id"), "locations"),
    ("job_schedules", "template_args", ("location_id",), "locations"),
)
# What identifies a row of a reference table on every platform.
NATURAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "locations": ("region", "country", "division", "location"),
    "pathogens": ("slug",),
    "public_repositories": ("name",),
    "reference_datasets": ("name", "accession", "tag"),
}


@dataclass(frozen=True)
class Column:
    """A column that is no expression of others, and the table whose ids it holds, if any."""

    name: str
    is_required: bool
    has_default: bool
    target: str | None
    type_name: str


@dataclass(frozen=True)
class Table:
    """A table whose rows belong to groups, or the table of groups itself."""

    name: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """Return the column that says which group a row belongs to."""
        return "id" if self.name == GROUPS else "group_id"

    @property
    def has_id(self) -> bool:
        """Return whether its rows have ids."""
        return any(column.name == "id" for column in self.columns)

    @property
    def is_archived(self) -> bool:
        """Return whether its rows are in an archive."""
        return self.name not in WITHHELD

    @property
    def is_restored(self) -> bool:
        """Return whether an import stores its rows."""
        return self.is_archived and self.name not in RECORDED


def group_tables(conn: psycopg.Connection) -> dict[str, Table]:
    """Return the tables of groups by name, each after those that it refers to."""
    columns: dict[str, list[Column]] = {}
    for table, name, is_required, has_default, target, type_name in conn.execute(
        query("group_archive/find_columns")
    ):
        target = LOOSE_IDS.get((table, name), target)
        column = Column(name, is_required, has_default, target, type_name)
        columns.setdefault(table, []).append(column)
    # Inputs of jobs name the revision of a sequence, which is numbered when it is stored.
    above = {"job_samples": {"sequences"}}
    for table, target in conn.execute(query("group_archive/find_references")):
        above.setdefault(table, set()).add(target)
    sorter = TopologicalSorter(
        {name: sorted(above.get(name, set()) & columns.keys()) for name in sorted(columns)}
    )
    return {name: Table(name, tuple(columns[name])) for name in sorter.static_order()}
