"""The words of tokens that the command line itself needs, without what signs and verifies them."""

from __future__ import annotations

from typing import Literal

Algorithm = Literal["HS256", "RS256"]
ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "RS256")
ROLES = ("member", "operator")
# As in aspen.users.
LONGEST_SUBJECT = 255
