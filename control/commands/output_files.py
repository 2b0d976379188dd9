"""`control output list`, `url` and `get`: the files that are registered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.addresses import FileKind
from control.commands.options import Lifetime, echo_json, echo_json_line, json_option
from control.terminal import screen_width, table

if TYPE_CHECKING:
    from control.outputs.job_files import StoredObject

# Lines of a list that are aligned with each other.
SCREENFUL = 100


@click.command("list")
@click.argument("job_id", type=click.IntRange(min=1), required=False)
@click.option("--group", "group_id", type=click.IntRange(min=1), help="Only of this group.")
@click.option("--kind", type=FileKind(), help="Only files of this kind.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only ids above this one.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
@json_option
@click.pass_obj
def list_(
    app: App,
    job_id: int | None,
    group_id: int | None,
    kind: str | None,
    after: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """List registered outputs in the order of their ids, of one job or of all.

    \b
        control output list 42
        control output list --kind auspice_json --after 1000 --limit 100 --json
    """
    from control.jobs.states import require_job
    from control.outputs.listing import Choice, find_outputs

    with app.connect("output list") as conn:
        if job_id is not None:
            require_job(conn, job_id)
        found = find_outputs(conn, Choice(job_id, group_id, kind), after=after, limit=limit)
        is_empty = True
        while some := [*islice(found, SCREENFUL)]:
            is_empty = False
            if as_json:
                for one in some:
                    echo_json_line({"id": one.id, "job_id": one.job_id} | asdict(one.stored))
            else:
                echo_outputs([one.stored for one in some])
    if is_empty and not as_json:
        whose = "there are no such outputs" if job_id is None else f"job {job_id} has no outputs"
        click.echo(f"{whose} yet", err=True)


@click.command()
@click.argument("job_id", type=click.IntRange(min=1))
@click.argument("kind", type=FileKind(), required=False)
@click.option("--ttl", type=Lifetime(), default="1h", show_default=True, help="At most 7d.")
@json_option
@click.pass_obj
def url(app: App, job_id: int, kind: str | None, ttl: timedelta, as_json: bool) -> None:
    """Print a link to an output, which works without any key until TTL is over.

    KIND may be left out if the job has one output. The link is to the version that was registered.

    \b
        control output url 42
        control output url 42 nextclade_csv --ttl 10m
    """
    from control.outputs.downloading import link_to
    from control.outputs.listing import find_output

    with app.connect("output url") as conn:
        stored = find_output(conn, job_id, kind)
    link = link_to(app.s3, stored, ttl)
    if as_json:
        echo_json({"job_id": job_id, "kind": stored.kind, "url": link})
    else:
        click.echo(link)


@click.command()
@click.argument("job_id", type=click.IntRange(min=1))
@click.argument("kind", type=FileKind(), required=False)
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path),
    default=Path(),
    help="File or folder to write to; default: this folder.",
)
@json_option
@click.pass_obj
def get(app: App, job_id: int, kind: str | None, path: Path, as_json: bool) -> None:
    """Write an output to a file, after size, ETag and SHA-256 were compared with the registered.

    The file appears as a whole or not at all; one of that name is replaced.

    \b
        control output get 42 --to tree.json
    """
    from control.outputs.downloading import download
    from control.outputs.listing import find_output

    with app.connect("output get") as conn:
        stored = find_output(conn, job_id, kind)
    written = download(app.s3, stored, path)
    if as_json:
        echo_json({"job_id": job_id, "path": written} | asdict(stored))
    else:
        click.echo(f"{written}: {stored.size} bytes, SHA-256 as registered")


def echo_outputs(outputs: Iterable[StoredObject]) -> None:
    """Print what each is, its size and where it is, aligned."""
    for line in table([(one.kind, one.size, one.uri) for one in outputs], screen_width()):
        click.echo(line)
