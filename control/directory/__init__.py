"""Keep users and memberships in step with the directory of an identity provider."""

from __future__ import annotations
