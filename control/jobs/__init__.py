"""List, cancel and end jobs."""

from __future__ import annotations
