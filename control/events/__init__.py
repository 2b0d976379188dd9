"""Number the events of the feed, and forget old ones."""

from __future__ import annotations
