"""Dates have the form YYYY-MM-DD and exist; any other text is null, and no error."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("1900-01-01", date(1900, 1, 1)),
        ("2023-02-29", None),
        ("2024-13-01", None),
        ("2024-00-01", None),
        ("0000-01-01", None),
        ("2024-2-1", None),
        ("20240201", None),
        ("01/02/2024", None),
        ("2024-02-01T00:00:00", None),
        (" 2024-02-01", None),
        ("2024-02-01\n", None),
        ("202\u0664-02-01", None),
        ("yesterday", None),
        ("infinity", None),
        ("", None),
        (None, None),
    ],
)
def test_text_is_read_as_a_date_or_as_null(
    admin: psycopg.Connection, text: str | None, expected: date | None
) -> None:
    """Read it alike under every DateStyle."""
    assert admin.execute("select internal.parse_date(%s)", [text]).fetchone() == (expected,)
