"""What every command is handed: the settings, and connections made from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from control.settings import Settings

if TYPE_CHECKING:
    import psycopg
    from mypy_boto3_s3 import S3Client


class App:
    """One command's view of one environment."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @contextmanager
    def connect(self, label: str) -> Iterator[psycopg.Connection]:
        """A connection as role control, in autocommit: the outermost caller opens transactions."""
        from control.database import connect

        with connect(self.settings, label) as conn:
            yield conn

    @cached_property
    def s3(self) -> S3Client:
        """One S3 client per command."""
        from control.storage import make_client

        return make_client(self.settings)
