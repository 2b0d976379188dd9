"""Constants of tokens that the command line needs without importing what signs and verifies."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

Algorithm = Literal["HS256", "RS256"]
ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "RS256")
ROLES = ("member", "operator")
# The limit of aspen.users.
LONGEST_SUBJECT = 255
GROUP_ROLES = ("admin", "member", "viewer")
# A single token cannot be revoked, only all tokens of a user at once, so none lives long.
LONGEST_LIFETIME = timedelta(days=30)
