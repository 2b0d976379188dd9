"""Characters that a name must not have, and their neighbours, which it may."""

from __future__ import annotations

import psycopg


def test_forbidden_are_controls_separators_and_what_turns_text(admin: psycopg.Connection) -> None:
    """C0, DEL and C1; U+2028 to U+202E; U+2066 to U+2069. Nothing else of the first planes."""
    rows = admin.execute(
        "select number from generate_series(1, 131071) as numbers (number)"
        # Surrogates are no characters.
        " where number not between 55296 and 57343"
        " and internal.has_forbidden_characters('a' || chr(number) || 'b')"
    ).fetchall()

    forbidden = [
        *range(0x01, 0x20),
        *range(0x7F, 0xA0),
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
    ]
    assert [number for (number,) in rows] == forbidden


def test_text_without_them_is_fine(admin: psycopg.Connection) -> None:
    """An empty one too; null is unknown."""
    row = admin.execute(
        "select internal.has_forbidden_characters(''),"
        " internal.has_forbidden_characters('Übersicht, 日本 🧬'),"
        " internal.has_forbidden_characters(null)"
    ).fetchone()

    assert row == (False, False, None)
