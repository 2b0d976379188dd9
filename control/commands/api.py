"""`control api`: call any endpoint of the API."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import click

from control.app import App
from control.commands.options import echo_json, json_option, say
from control.errors import ControlError
from control.terminal import screen_width

if TYPE_CHECKING:
    from collections.abc import Callable

    from control.login.calling import Api, Body, Call, Response

TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".fasta": "text/x-fasta",
    ".fa": "text/x-fasta",
    ".fna": "text/x-fasta",
}
# They belong to the token, the address and the length of what is sent.
RESERVED = ("authorization", "host", "content-length", "transfer-encoding")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE")
WRITES_JSON = ("POST", "PATCH", "PUT")
LIFETIME = timedelta(minutes=10)


class ApiPath(click.ParamType[str]):
    """Parse `/samples?limit=10`; an address would send the token elsewhere."""

    name = "PATH"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if re.match(r"[a-z][a-z0-9+.-]*://|//", value, re.IGNORECASE):
            self.fail("give the path only, such as /samples", param, ctx)
        if not value.isprintable() or "#" in value:
            self.fail("a path has neither control characters nor #", param, ctx)
        return f"/{value.removeprefix('/')}"


class Header(click.ParamType[tuple[str, str]]):
    """Parse `Prefer: count=exact`."""

    name = "NAME:VALUE"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, colon, content = value.partition(":")
        content = content.strip()
        if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name) or not content.isprintable():
            self.fail(f"{value!r} is not NAME:VALUE", param, ctx)
        if name.lower() in RESERVED:
            self.fail(f"{name} is set by the command", param, ctx)
        return name, content


class Field(click.ParamType[tuple[str, str]]):
    """Parse `group_id=3`."""

    name = "KEY=VALUE"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        key, found, content = value.partition("=")
        if not key or not found:
            self.fail(f"{value!r} is not KEY=VALUE", param, ctx)
        return key, content


@click.command()
@click.argument("method", type=click.Choice(METHODS, case_sensitive=False))
@click.argument("path", type=ApiPath())
@click.option("--field", "-f", "fields", type=Field(), multiple=True, help="See above.")
@click.option("--input", "source", metavar="FILE", help="What to send; - is standard input.")
@click.option("--header", "-H", "headers", type=Header(), multiple=True)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the answer to a file, when all of it has arrived.",
)
@click.option("--paginate", is_flag=True, help="Read the list to its end.")
@click.option("--ndjson", is_flag=True, help="With --paginate: each row on a line of its own.")
@click.option("--include", "-i", is_flag=True, help="Print the status and headers, too.")
@click.option("--verbose", is_flag=True, help="Say what is sent, without the token.")
@click.option("--as", "user", metavar="USER", help="Local stack only: act as any user.")
@json_option
@click.pass_obj
def api(
    app: App,
    method: str,
    path: str,
    fields: tuple[tuple[str, str], ...],
    source: str | None,
    headers: tuple[tuple[str, str], ...],
    output: Path | None,
    paginate: bool,
    ndjson: bool,
    include: bool,
    verbose: bool,
    user: str | None,
    as_json: bool,
) -> None:
    """Call any endpoint of the API as whoever is signed in.

    Uses ASPEN_API_TOKEN, or else the login of `control login`. Each --field is a filter of GET and
    DELETE, and a member of the JSON that other methods send: -f group_id=3 is a number, -f
    name=Bay or -f 'name="3"' a text. A terminal shows lists as tables; anything else gets the
    answer as it is. After 429 and 503, a request is sent again if that is safe: a POST gets an
    Idempotency-Key for it. Errors go to stderr, with exit code 1.

    \b
        control api GET /samples -f group_id=eq.3 -f limit=10
        control api GET '/samples?select=id,public_identifier' --paginate --ndjson
        control api POST /rpc/create_samples -H 'Prefer: tx=rollback' --input batch.json
        control api POST /samples --input samples.csv
    """
    from control.login.calling import Rejected

    if ndjson and not paginate:
        raise click.UsageError("--ndjson needs --paginate")
    method = method.upper()
    if paginate and (method != "GET" or source is not None or include or output is not None):
        raise click.UsageError("--paginate needs GET, without --input, --include and --output")
    call = _call(method, path, fields, source, headers)
    caller = _caller(app, user, say if verbose else _silent)
    try:
        if paginate:
            _print_pages(caller, call, ndjson=ndjson)
            return
        with caller.open(call) as response:
            if include:
                _print_head(response)
            if output is not None:
                _save(response, output, as_json=as_json)
            elif method != "HEAD":
                _show(response, as_json=as_json)
    except Rejected as rejection:
        if as_json:
            click.echo(rejection.content.decode(errors="replace"))
        raise


def _call(
    method: str,
    path: str,
    fields: tuple[tuple[str, str], ...],
    source: str | None,
    headers: tuple[tuple[str, str], ...],
) -> Call:
    from control.login.calling import Body, Call

    body: Body | None = None
    if source is not None:
        body, kind = _body(source)
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers = (*headers, ("Content-Type", kind))
    if fields and (method not in WRITES_JSON or source is not None):
        query = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in fields)
        path += f"{'&' if '?' in path else '?'}{query}"
    elif fields or (method in WRITES_JSON and body is None):
        body = Body(json.dumps({key: _value(text) for key, text in fields}).encode())
    return Call(method, path, headers, body)


def _body(source: str) -> tuple[Body, str]:
    from control.login.calling import Body

    if source == "-":
        return Body(sys.stdin.buffer), "application/json"
    path = Path(source)
    if not path.exists():
        raise click.BadParameter(f"there is no file {source}", param_hint="--input")
    # A pipe can be read once.
    content = path if path.is_file() else path.open("rb")
    return Body(content), TYPES.get(path.suffix.lower(), "application/json")


def _value(text: str) -> Any:
    """Return the JSON of a field; what is none is a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _caller(app: App, user: str | None, say_sent: Callable[[str], None]) -> Api:
    from control.login.calling import Api, api_url_of, signed_in

    if user is None:
        return signed_in(app.settings, say_sent)
    if not app.settings.is_local:
        raise ControlError(
            f"--as works on the local stack, and not on {app.settings.environment}",
            "run control login, or set ASPEN_API_TOKEN",
        )
    from control.people.callers import claims_of_user
    from control.tokens.keys import load_keys
    from control.tokens.minting import mint

    with app.connect("api") as conn:
        claims = claims_of_user(conn, user)
    keys = load_keys(app.settings.keys_dir)
    return Api(api_url_of(app.settings), lambda: mint(keys, ttl=LIFETIME, **claims), say_sent)


def _print_pages(caller: Api, call: Call, *, ndjson: bool) -> None:
    from control.login.paging import pages
    from control.login.showing import as_array, as_lines

    rows = pages(caller, call.path, call.headers)
    for text in as_lines(rows) if ndjson else as_array(rows):
        click.echo(text, nl=False)


def _print_head(response: Response) -> None:
    click.echo(f"HTTP/1.1 {response.status} {response.reason}")
    for name, value in response.headers.items():
        click.echo(f"{name}: {value}")
    click.echo()


def _save(response: Response, output: Path, *, as_json: bool) -> None:
    from control.login.showing import save

    size = save(response, output)
    if as_json:
        echo_json({"file": f"{output}", "bytes": size})
    else:
        say(f"wrote {size} bytes to {output}")


def _show(response: Response, *, as_json: bool) -> None:
    from control.login.showing import as_table, copy_text, is_table

    width = screen_width()
    is_document = "json" in f"{response.headers.get('Content-Type')}"
    if not is_document or (width is None and not as_json):
        copy_text(response, lambda text: click.echo(text, nl=False))
        return
    content = response.read()
    found = json.loads(content) if content else None
    if width is None or as_json or not is_table(found):
        echo_json(found)
        return
    for line in as_table(found, width):
        click.echo(line)


def _silent(_: str) -> None:
    """Say nothing."""
