"""Run the local stack under `.aspen`, on loopback: PostgreSQL, PostgREST, nginx, ministack."""

from __future__ import annotations

from control.stack.lifecycle import (
    components_of,
    down,
    log_files,
    reload_edge,
    restart_api,
    running_apis,
    status,
    up,
)
from control.stack.process import Server
from control.stack.starting import ComponentStatus
from control.stack.supervisor import watch

__all__ = [
    "ComponentStatus",
    "Server",
    "components_of",
    "down",
    "log_files",
    "reload_edge",
    "restart_api",
    "running_apis",
    "status",
    "up",
    "watch",
]
