"""Mint and inspect tokens, and keep the keys that sign them."""

from __future__ import annotations
