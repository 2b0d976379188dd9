"""Find out on clones what would change in a database, and prove new migrations there."""

from __future__ import annotations
