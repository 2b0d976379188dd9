"""`control token`: mint, inspect and verify tokens, and manage the keys that sign them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from control.app import App
from control.commands import token_machine
from control.commands.options import Lifetime, echo_json, json_option
from control.errors import SOMETHING_TO_DO, ControlError
from control.local import is_ours
from control.settings import AUDIENCE
from control.terminal import leave_the_line
from control.tokens.terms import ALGORITHMS, LONGEST_SUBJECT, ROLES, Algorithm

if TYPE_CHECKING:
    from control.tokens.rotation import Change

# Far longer than any real token; keeps a wrong file from being read whole.
LONGEST_TOKEN = 100_000


class Groups(click.ParamType[dict[int, str]]):
    """Parse `3:admin,12:viewer`."""

    name = "ID:ROLE,…"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[int, str]:
        from control.tokens.minting import parse_groups

        try:
            return parse_groups(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Subject(click.ParamType[str]):
    """Parse a user's `sub`."""

    name = "SUB"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not 1 <= len(value) <= LONGEST_SUBJECT:
            self.fail(f"a subject has 1 to {LONGEST_SUBJECT} characters", param, ctx)
        return value


audience_option = click.option(
    "--aud", default=AUDIENCE, show_default=True, help="Audience: the API's jwt-aud."
)


@click.group()
def token() -> None:
    """Mint and inspect tokens, and manage the keys that sign them."""


for command in (token_machine.create, token_machine.list_command, token_machine.revoke):
    token.add_command(command)


@token.command()
@click.option(
    "--sub", type=Subject(), required=True, help="User of the token: users.subject in the database."
)
@click.option("--role", type=click.Choice(ROLES), default="member", show_default=True)
@click.option("--groups", type=Groups(), help="Without it, the database's memberships count.")
@click.option("--ttl", type=Lifetime(), default="1h", show_default=True, help="At most 30d.")
@click.option("--alg", type=click.Choice(ALGORITHMS), default="HS256", show_default=True)
@audience_option
@click.option(
    "--not-before",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    metavar="TIME",
    help="Start of validity, which lasts TTL; for example 2026-12-01T08:00:00Z.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON with the token, its claims and the key id."
)
@click.pass_obj
def issue(
    app: App,
    sub: str,
    role: str,
    groups: dict[int, str] | None,
    ttl: timedelta,
    alg: Algorithm,
    aud: str,
    not_before: datetime | None,
    as_json: bool,
) -> None:
    """Print a token for a user, and nothing else.

    \b
        control token issue --sub 'auth0|62c' --role member --groups 3:admin,12:viewer --ttl 1h
    """
    from control.tokens.keys import load_keys
    from control.tokens.minting import claims_for, sign

    keys = load_keys(app.settings.keys_dir)
    claims = claims_for(sub=sub, role=role, groups=groups, ttl=ttl, not_before=not_before, aud=aud)
    minted = sign(keys, claims, alg)
    details = {"token": minted, "alg": alg, "kid": keys.signing(alg).kid, "claims": claims}
    if as_json:
        echo_json(details)
    else:
        click.echo(minted)


@token.command()
@click.argument("source", metavar="[TOKEN]", default="-")
@audience_option
@json_option
@click.pass_context
def inspect(ctx: click.Context, source: str, aud: str, as_json: bool) -> None:
    """Show the content of a token, and whether the API would accept it.

    Reads the token from standard input, so that it stays out of the shell's history. Exits with 3
    if the API would reject it. Only the API can check the user in the database.

    \b
        control token inspect < token.txt
    """
    from control.tokens.inspection import inspect as inspect_token
    from control.tokens.keys import load_keys

    app: App = ctx.obj
    if source == "-":
        leave_the_line()
        source = sys.stdin.buffer.read(LONGEST_TOKEN).decode(errors="replace")
    given = re.sub(r"^bearer\s+", "", source.strip(), flags=re.IGNORECASE)
    inspection = inspect_token(load_keys(app.settings.keys_dir), given, audience=aud)
    click.echo(inspection.as_json() if as_json else inspection.as_text())
    ctx.exit(SOMETHING_TO_DO if inspection.problems else 0)


@token.command()
@click.option(
    "--for-postgrest",
    "destination",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the file for a PostgREST elsewhere. It holds the HS256 secret: keep it secret.",
)
@json_option
@click.pass_obj
def jwks(app: App, destination: Path | None, as_json: bool) -> None:
    """Print the public keys that verify tokens.

    \b
        control token jwks
        control token jwks --for-postgrest /run/secrets/jwks.json
    """
    from control.tokens.keys import load_keys, write_verification_jwks

    keys = load_keys(app.settings.keys_dir)
    if destination is not None:
        write_verification_jwks(keys, destination)
        click.echo(f"wrote {destination}", err=True)
    if destination is None or as_json:
        echo_json(keys.public_jwks())


@token.command("rotate-keys")
@click.option(
    "--keep-old/--drop-old",
    default=True,
    help="Accept or reject the tokens issued so far.  [default: keep-old]",
)
@click.option("--retire", "retire_old", is_flag=True, help="Only remove keys that no longer sign.")
@click.option(
    "--reload/--no-reload", "tell", default=True, help="Have PostgREST read the keys again, or not."
)
@click.option("--dry-run", is_flag=True, help="Show what would happen to each key.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def rotate_keys(
    app: App, keep_old: bool, retire_old: bool, tell: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Sign with new keys, then retire the old ones once their tokens have expired.

    With --drop-old every session and every job that runs loses its token at once.

    \b
        control token rotate-keys
        control token rotate-keys --retire
        control token rotate-keys --drop-old      # a key leaked: end every session now
    """
    from control.tokens.rotation import retire, rotate

    if retire_old and not keep_old:
        raise click.UsageError(
            "--retire creates no new keys, --drop-old does: give only one of them."
        )
    directory = app.settings.keys_dir
    if not keep_old and not dry_run and not yes:
        click.confirm("Reject every token that was issued so far?", abort=True, err=True)
    if retire_old:
        make = partial(retire, directory, dry_run=dry_run)
    else:
        make = partial(rotate, directory, drop_old=not keep_old, dry_run=dry_run)
        if keep_old and tell and not dry_run:
            make = partial(make, announce=partial(announce_keys, app))
    change_keys(app, make, tell=tell, dry_run=dry_run, as_json=as_json)


@token.command("trust")
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--reload/--no-reload", "tell", default=True, help="Have PostgREST read the keys again, or not."
)
@click.option("--dry-run", is_flag=True, help="Show what would happen to each key.")
@json_option
@click.pass_obj
def trust_keys(app: App, file: BinaryIO, tell: bool, dry_run: bool, as_json: bool) -> None:
    """Accept the tokens of an identity provider, given the JWKS it publishes.

    Replaces the provider's earlier keys; run it again whenever the provider rotates its keys.
    Keys that cannot verify tokens are left out and named.

    \b
        curl -sf https://tenant.example/.well-known/jwks.json | control token trust
    """
    from control.tokens.rotation import trust
    from control.tokens.trusted_keys import LONGEST_DOCUMENT

    leave_the_line()
    document = file.read(LONGEST_DOCUMENT + 1)
    if len(document) > LONGEST_DOCUMENT:
        raise ControlError("the document has more than a megabyte", "give a JWKS")
    make = partial(trust, app.settings.keys_dir, document, dry_run=dry_run)
    change_keys(app, make, tell=tell, dry_run=dry_run, as_json=as_json)


def announce_keys(app: App, change: Change) -> None:
    """Have PostgREST accept the new keys before they sign, so that no new token is refused.

    An API that does not is named once the keys are stored, as it always was.
    """
    from control.tokens.rotation import reload_keys

    with suppress(ControlError), app.connect("token keys") as conn:
        reload_keys(conn, _api_urls(app), change)


def _api_urls(app: App) -> list[str]:
    """Return the API's address, and where it runs on this machine that of each PostgREST."""
    from control.cluster.apis import running_apis

    url = app.settings.api_url
    if url is None or not is_ours(app.settings, "api_url"):
        return [] if url is None else [url]
    return [url, *running_apis(app.settings)]


def change_keys(
    app: App, make: Callable[[], Change], *, tell: bool, dry_run: bool, as_json: bool
) -> None:
    """Change keys, print what happens to each, record it, and have PostgREST read them.

    The connection is made first: keys that PostgREST cannot be told of would only break tokens.
    """
    from control.audit import record_keys
    from control.tokens.rotation import reload_keys

    with app.connect("token keys") if tell and not dry_run else nullcontext() as conn:
        change = make()
        for reason in change.left_out:
            click.echo(f"left out {reason}", err=True)
        if as_json:
            echo_json({"dry_run": dry_run, "keys": change.outcome()})
        else:
            for kid, fate in change.outcome().items():
                click.echo(f"{kid}\t{fate}")
        if not dry_run and (failure := record_keys(app.settings, conn, change.outcome())):
            click.echo(f"not recorded in the audit log: {failure}", err=True)
        if conn is not None:
            reload_keys(conn, _api_urls(app), change)
