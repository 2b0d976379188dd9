"""Import samples and sequences from files."""

from __future__ import annotations
