"""`control db explain`: the statement of a request, and its plan."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from control.app import App
from control.commands.options import JsonObject, echo_json, json_option, say, version_option
from control.errors import ControlError
from control.terminal import one_line, screen_width

if TYPE_CHECKING:
    import psycopg

    from control.plans.explaining import Explained

_REQUEST = re.compile(r"(?P<method>[A-Z]+)\s+(?P<path>/\S*)")
_METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
_WIDTH = 100


@click.command("explain")
@click.argument("request", metavar="'METHOD /PATH'")
@click.option("--as", "user", metavar="USER", help="Subject, address, name or id of a user.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Act as the token in this file; its signature is not checked.",
)
@click.option("--claims", type=JsonObject(), help="Act as a token with these claims.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="May repeat.")
@click.option("--data", help="Body of the request; @FILE reads it.")
@click.option("--compare", is_flag=True, help="Plan it also with the edits below sql/.")
@click.option(
    "--allow-writes",
    is_flag=True,
    help="Outside the local stack: run a write, or an edit, and roll it back.",
)
@version_option
@json_option
@click.pass_obj
def explain(
    app: App,
    request: str,
    user: str | None,
    token_file: Path | None,
    claims: dict[str, Any] | None,
    headers: tuple[str, ...],
    data: str | None,
    compare: bool,
    allow_writes: bool,
    version: str,
    as_json: bool,
) -> None:
    """Show the statement that PostgREST runs for a request, and its plan as this caller.

    The request goes through an edge and a PostgREST that run for it alone, so the statement is
    theirs. Everything is rolled back; reads are read-only. A write takes its locks until then and
    draws ids, so outside the local stack it needs --allow-writes, as --compare does.

    \b
        control db explain 'GET /samples?group_id=eq.3&order=id.desc' --as alice
        control db explain 'GET /samples?limit=10' --as alice --compare
        control db explain 'GET /samples?limit=10' --as alice --version api_v1
    """
    from control.plans.explaining import READS
    from control.plans.explaining import explain as run_explain
    from control.plans.private_api import Request
    from control.schema.versions import profile

    if sum(one is not None for one in (user, token_file, claims)) > 1:
        raise click.UsageError("give one of --as, --token-file and --claims")
    parsed = _REQUEST.fullmatch(request.strip())
    if parsed is None or parsed["method"] not in _METHODS:
        raise click.UsageError("the request is a method and a path: 'GET /samples?limit=10'")
    is_careful = not app.settings.is_local and not allow_writes
    if is_careful and (compare or parsed["method"] not in READS):
        what = "--compare locks tables" if compare else f"{parsed['method']} takes locks"
        raise ControlError(
            f"{what} until it is rolled back", "give --allow-writes if this environment can wait"
        )
    with app.connect("db explain") as conn:
        result = run_explain(
            app.settings,
            conn,
            Request(
                parsed["method"],
                parsed["path"],
                (*profile(version, parsed["method"]), *(_header(one) for one in headers)),
                _body(data),
                _claims(conn, user, token_file, claims),
            ),
            compares=compare,
        )
    if as_json:
        echo_json(
            {
                "status": result.status,
                "statement": result.statement and result.statement.text,
                "values": result.statement and result.statement.shown_values,
            }
            | {name: asdict(result)[name] for name in ("plan", "changed", "after")}
        )
    else:
        _tell(result)
    if result.plan is None:
        raise ControlError(
            f"the request is answered with {result.status}: {one_line(result.body)[:500]}"
        )


def _claims(
    conn: psycopg.Connection,
    user: str | None,
    token_file: Path | None,
    claims: dict[str, Any] | None,
) -> dict[str, Any] | None:
    """Return the claims to act with; none for a request without token."""
    import time

    from control.people.callers import claims_of_user
    from control.plans.private_api import claims_in
    from control.settings import AUDIENCE

    if token_file is not None:
        return claims_in(token_file.read_text("utf-8", "replace"))
    if user is not None:
        claims = claims_of_user(conn, user)
    if claims is None:
        return None
    now = int(time.time())
    return {"aud": AUDIENCE, "iat": now, "exp": now + 300} | claims


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not text.isprintable():
        raise click.UsageError("a header is 'NAME: VALUE'")
    return name.strip(), value.strip()


def _body(data: str | None) -> bytes | None:
    if data is None or not data.startswith("@"):
        return None if data is None else data.encode()
    path = Path(data[1:])
    if not path.is_file():
        raise click.UsageError(f"there is no file {path}")
    return path.read_bytes()


def _tell(result: Explained) -> None:
    from control.plans.tree import summary, tree

    width = screen_width() or _WIDTH
    if result.statement is not None:
        click.echo(result.statement.text)
        for number, value in enumerate(result.statement.shown_values, start=1):
            click.echo(f"${number} = {'null' if value is None else one_line(value)[:200]}")
        click.echo()
    if result.plan is None:
        return
    for line in tree(result.plan, result.tenant_tables, width):
        click.echo(line)
    if result.after is not None:
        click.echo(f"\nwith the edits of {', '.join(result.changed)}:")
        for line in tree(result.after, result.tenant_tables, width):
            click.echo(line)
        say(f"before: {summary(result.plan)}; after: {summary(result.after)}")
