"""What every command is handed: the settings, and connections made from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from control.settings import Settings, load_settings

if TYPE_CHECKING:
    import psycopg
    from mypy_boto3_s3 import S3Client


class App:
    """One command's view of one environment, whose settings are read when first asked for."""

    def __init__(self) -> None:
        # As chosen with --env; None leaves it to ASPEN_ENV and the default.
        self.environment: str | None = None
        # Whether damaged settings of the local stack count as none, for what puts them right.
        self.passes_damage = False

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment chosen."""
        return load_settings(self.environment, passes_damage=self.passes_damage)

    @property
    def runs_its_database(self) -> bool:
        """Whether the database is the local stack's own, at the address `control up` wrote down."""
        from control.local import is_ours

        # Settings that cannot be read are what failed; reading them again would fail again.
        return "settings" in self.__dict__ and is_ours(self.settings, "database_url")

    @contextmanager
    def connect(self, label: str) -> Iterator[psycopg.Connection]:
        """A connection as role control, in autocommit: the outermost caller opens transactions."""
        from control.database import connect

        with connect(self.settings, label) as conn:
            yield conn

    @cached_property
    def s3(self) -> S3Client:
        """One S3 client per command."""
        from control.storage.s3 import make_client

        return make_client(self.settings)
