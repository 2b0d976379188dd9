"""The local stack: PostgreSQL, PostgREST and an S3 emulator, on loopback, under `.aspen`."""

from __future__ import annotations

from control.stack.lifecycle import ComponentStatus, down, log_files, restart_api, status, up

__all__ = ["ComponentStatus", "down", "log_files", "restart_api", "status", "up"]
