"""Hand every command its settings and the connections made from them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from control.settings import LOCAL, Settings, load_settings

if TYPE_CHECKING:
    import psycopg
    from mypy_boto3_s3 import S3Client


class App:
    """One command's view of one environment; settings are read on first use."""

    def __init__(self) -> None:
        # Set by --env; None means ASPEN_ENV, then the default.
        self.environment: str | None = None
        # Ignore damaged settings of the local stack, for the commands that repair them.
        self.passes_damage = False

    @cached_property
    def settings(self) -> Settings:
        """Return the settings of the chosen environment."""
        return load_settings(self.environment, passes_damage=self.passes_damage)

    @property
    def chosen_environment(self) -> str:
        """Return the name of the chosen environment."""
        return self.environment or os.environ.get("ASPEN_ENV") or LOCAL

    @property
    def runs_its_database(self) -> bool:
        """Return whether the database is the local stack's, at the address `control up` wrote."""
        from control.local import is_ours

        # If reading the settings failed, reading them again would fail again.
        return "settings" in self.__dict__ and is_ours(self.settings, "database_url")

    @contextmanager
    def connect(self, label: str) -> Iterator[psycopg.Connection]:
        """Connect as role control, in autocommit: the outermost caller opens transactions."""
        from control.database import connect

        with connect(self.settings, label) as conn:
            yield conn

    @cached_property
    def s3(self) -> S3Client:
        """Return the S3 client, one per command."""
        from control.storage.s3 import make_client

        return make_client(self.settings)
