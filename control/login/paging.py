"""Read a list of the API to its end, page by page, with no more than a page in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from control.login.calling import Api, Headers, Rejected

# What the API returns at most (db-max-rows).
MOST_ROWS = 1000


def pages(api: Api, path: str, headers: Headers = ()) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a list until one is empty.

    In the order of `id`, each page begins after the last row of the one before, which costs the
    same everywhere. In another order, rows are counted from the beginning.
    """
    resource, _, query = path.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    by_id = given.get("order") in (None, "id", "id.asc") and not resource.startswith("/rpc/")
    start = int(given["offset"]) if given.get("offset", "").isdecimal() else 0
    # Repeated, they would be sent twice.
    kept = [one for one in query.split("&") if one and one.partition("=")[0] != "offset"]
    if "limit" not in given:
        kept.append(f"limit={MOST_ROWS}")
    after: int | None = None
    while True:
        place = f"offset={start}" if after is None else f"id=gt.{after}"
        asked = kept if after is None and not start else [*kept, place]
        try:
            page = api.read(f"{resource}?{'&'.join(asked)}", headers)
        except Rejected as rejection:
            # With a count, the API refuses a page after the last row.
            if rejection.status == 416 and start:
                return
            raise
        if not page:
            return
        yield page
        last = page[-1].get("id") if isinstance(page[-1], dict) else None
        if by_id and isinstance(last, int):
            after = last
        else:
            start += len(page)
