"""Work: take jobs from the queue, run their programs and follow them to their end."""

from __future__ import annotations
