"""Bring the schema and the code of a database to those of a checkout."""

from __future__ import annotations
