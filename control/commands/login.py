"""`control login`, `control logout` and `control whoami`: sign in to the API as a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from control.app import App
from control.commands.options import echo_json, json_option, say
from control.errors import ControlError
from control.settings import AUDIENCE
from control.terminal import one_line, working_on

if TYPE_CHECKING:
    from control.login.calling import Api


@click.command()
@click.option("--issuer", metavar="URL", help="Otherwise issuer of the environment.")
@click.option("--client-id", help="Otherwise client_id of the environment.")
@click.option("--audience", envvar="ASPEN_AUDIENCE", default=AUDIENCE, show_default=True)
@click.option("--scope", default="openid profile email offline_access", show_default=True)
@click.option(
    "--store",
    "place",
    type=click.Choice(["keyring", "file"]),
    default="keyring",
    show_default=True,
    help="Where the tokens are kept; a file is not encrypted.",
)
@json_option
@click.pass_obj
def login(
    app: App,
    issuer: str | None,
    client_id: str | None,
    audience: str,
    scope: str,
    place: str,
    as_json: bool,
) -> None:
    """Sign in to the API by a code that you confirm in a browser.

    Any OpenID Connect provider with a device flow will do. The login is kept in the keyring of the
    system, for this environment, and is renewed as long as the provider allows.

    \b
        control login --issuer https://example.eu.auth0.com --client-id 4f9c
        control --env production login --store file
    """
    from control.login.calling import api_url_of, signed_in
    from control.login.device import request_code, wait_for_tokens
    from control.login.provider import discover
    from control.login.session import begin
    from control.login.stores import logins_of

    issuer = issuer or app.settings.issuer
    client_id = client_id or app.settings.client_id
    if not issuer or not client_id:
        raise click.UsageError(
            "name the provider: --issuer and --client-id, or ASPEN_ISSUER and ASPEN_CLIENT_ID,"
            " or issuer and client_id of the environment"
        )
    api_url = api_url_of(app.settings)
    logins = logins_of(app.settings.environment)
    store = logins.keyring if place == "keyring" else logins.file
    provider = discover(issuer)
    code = request_code(provider, client_id, scope, audience)
    say(f"Open {one_line(code.complete_address or code.address)}")
    say(f"and confirm the code {one_line(code.user_code)}")
    working_on("waiting until you have confirmed it")
    tokens = wait_for_tokens(provider, client_id, code)
    begin(logins, store, provider, client_id, api_url, tokens)
    say(f"the login is kept in {store.place}{'' if place == 'keyring' else ', not encrypted'}")
    _tell(signed_in(app.settings), as_json=as_json)


@click.command()
@json_option
@click.pass_obj
def logout(app: App, as_json: bool) -> None:
    """Forget the login, and have the provider end it.

    \b
        control logout
    """
    from control.login.session import end
    from control.login.stores import logins_of

    problem = end(logins_of(app.settings.environment))
    if problem:
        say(problem)
    if as_json:
        echo_json({"environment": app.settings.environment, "problem": problem})
    else:
        click.echo(f"signed out of {app.settings.environment}")


@click.command()
@json_option
@click.pass_obj
def whoami(app: App, as_json: bool) -> None:
    """Show as whom the API knows you, and in which groups you are.

    \b
        control whoami
    """
    from control.login.calling import signed_in

    _tell(signed_in(app.settings), as_json=as_json)


def _tell(api: Api, *, as_json: bool) -> None:
    rows = api.read("/me")
    if as_json:
        echo_json(rows[0] if rows else None)
    elif not rows:
        raise ControlError(
            "you are signed in, but no user yet", "accept your invitation: rpc/accept_invitation"
        )
    else:
        for line in _lines(rows[0]):
            click.echo(line)


def _lines(me: dict[str, Any]) -> list[str]:
    role = ", operator" if me["is_operator"] else ""
    groups = [
        f"  {one['role']} in {one_line(one['name'])}{' by a grant' if one['is_granted'] else ''}"
        for one in me["groups"]
    ]
    return [f"{one_line(me['name'])} <{one_line(me['email'])}>{role}", *groups]
