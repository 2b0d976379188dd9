"""Look groups and their members up."""

from __future__ import annotations
