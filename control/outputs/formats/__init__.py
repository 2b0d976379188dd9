"""Read the file formats of job outputs."""

from __future__ import annotations
