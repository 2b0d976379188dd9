"""Where backups are: a directory of this machine, or a folder of S3 outside it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click

from control.storage.s3 import SCHEME, S3Uri

_IS_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


class Folder(click.Path):
    """Parse a directory of this machine, and refuse an address.

    As a name, S3://vault/x would leave here what was to be encrypted and sent away.
    """

    name = "DIRECTORY"

    def __init__(self, *, exists: bool = False) -> None:
        super().__init__(path_type=Path, file_okay=False, exists=exists)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        if _IS_ADDRESS.match(f"{value}"):
            self.fail(f"{value!r} is no directory of this machine", param, ctx)
        return super().convert(value, param, ctx)


class Place(click.ParamType[Path | S3Uri]):
    """Parse a directory, or `s3://bucket/prefix`."""

    name = "DIRECTORY"

    def __init__(self, *, exists: bool = False) -> None:
        self._folder = Folder(exists=exists)

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | S3Uri:
        if not value.startswith(SCHEME):
            return Path(self._folder.convert(value, param, ctx)).absolute()
        return address_of(self, value, param, ctx)


class Address(click.ParamType[S3Uri]):
    """Parse `s3://bucket/prefix`."""

    name = "ADDRESS"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> S3Uri:
        return address_of(self, value, param, ctx)


def address_of(
    kind: click.ParamType[S3Uri] | Place,
    value: str,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> S3Uri:
    """Parse the address of a folder in S3."""
    try:
        uri = S3Uri.parse(value)
    except ValueError:
        kind.fail(f"{value!r} is not s3://bucket/prefix", param, ctx)
    parts = uri.key.strip("/").split("/")
    if not all(parts) or ".." in parts or not value.isprintable():
        kind.fail(f"{value!r} is not s3://bucket/prefix", param, ctx)
    return S3Uri(uri.bucket, "/".join(parts))


scratch_option = click.option(
    "--scratch",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Directory with room for what is unpacked; the system's temporary one by default.",
)
