"""Parse what commands about outputs are given: addresses in S3 and files of a kind."""

from __future__ import annotations

import click

from control.outputs.kinds import file_kinds
from control.outputs.manifest import NamedFile
from control.storage.s3 import S3Uri


class Address(click.ParamType[S3Uri]):
    """Parse `s3://bucket/key`."""

    name = "s3://…"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> S3Uri:
        try:
            return S3Uri.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class File(click.ParamType[NamedFile]):
    """Parse `auspice_json=s3://bucket/key`."""

    name = "KIND=s3://…"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> NamedFile:
        kind, _, address = value.partition("=")
        if kind not in file_kinds():
            self.fail(f"{kind!r} is not one of {', '.join(file_kinds())}", param, ctx)
        return NamedFile(kind, Address().convert(address, param, ctx))


class FileKind(click.ParamType[str]):
    """Parse the kind of a file; the list of kinds is loaded only to use it."""

    name = "KIND"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in file_kinds():
            self.fail(f"{value!r} is not one of {', '.join(file_kinds())}", param, ctx)
        return value
