"""Define ControlError, the one failure that commands show, and the exit codes."""

from __future__ import annotations

# Exit codes of every command; click itself uses 2 for an invalid command line.
FAILED = 1
SOMETHING_TO_DO = 3
# 128 and the number of SIGINT, as shells have it.
INTERRUPTED = 130


class ControlError(Exception):
    """A failure with a remedy: the message names what failed and where, the remedy what to do."""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
