"""Send the events of groups to their webhooks."""

from __future__ import annotations
