"""One thin module per noun: parse, call one plain function, print."""

from __future__ import annotations
