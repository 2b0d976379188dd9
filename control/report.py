"""Make the overview of one group or of all, as the API makes it for those who see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg

from control.jobs.platform import find_pathogen
from control.people.groups import find_group


@dataclass(frozen=True)
class Report:
    """A page of HTML, and whose it is."""

    about: str
    page: str


def make_report(
    conn: psycopg.Connection,
    group: str | None,
    pathogen: str | None,
    weeks: int,
    collected_to: date | None,
) -> Report:
    """Return the page about a group, named by id, name or prefix, or about all of them.

    Role control sees every row, so the groups are named here and not by row-level security.
    """
    if group is None:
        about = "all groups"
        rows = conn.execute("select id from aspen.groups").fetchall()
        groups = [group_id for (group_id,) in rows]
    else:
        found = find_group(conn, group)
        about, groups = found.name, [found.id]
    pathogen_id = None if pathogen is None else find_pathogen(conn, pathogen)
    row = conn.execute(
        "select internal.overview_page(%s, %s, %s, %s,"
        " coalesce(%s, (now() at time zone 'UTC')::date))",
        [groups, about, pathogen_id, weeks, collected_to],
    ).fetchone()
    assert row is not None
    return Report(about, row[0])
