"""Sign in to the API by an identity provider, keep the login, and call the API with it."""

from __future__ import annotations
