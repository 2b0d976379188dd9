"""Samples that were sent to public repositories, and what these answered."""

from __future__ import annotations
