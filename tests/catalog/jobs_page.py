"""Draw the statuses of jobs in docs/jobs.md from the function that lists their steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.servers import SETTINGS

PAGE = SETTINGS.root / "docs/jobs.md"
BEGIN = "<!-- Written by make docs from internal.job_transitions(); do not edit below. -->\n"
END = "<!-- End of what make docs writes. -->\n"


def jobs_page(conn: psycopg.Connection, page: Path = PAGE) -> str:
    """Return docs/jobs.md with the picture of the steps that there are now."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    picture = "".join(f"{line}\n" for line in _picture(conn))
    return f"{before}{BEGIN}\n{picture}\n{END}{after}"


def _picture(conn: psycopg.Connection) -> Iterator[str]:
    steps = conn.execute(
        "select action, from_status, to_status from internal.job_transitions()"
    ).fetchall()
    yield "```mermaid"
    yield "stateDiagram-v2"
    for action, before, after in steps:
        yield f"    {before or '[*]'} --> {after}: {action}"
    begun = {before for _, before, _ in steps}
    for end in dict.fromkeys(after for _, _, after in steps if after not in begun):
        yield f"    {end} --> [*]"
    yield "```"
