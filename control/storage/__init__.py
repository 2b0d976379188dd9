"""Reach S3: objects and the credentials that sign links."""

from __future__ import annotations
