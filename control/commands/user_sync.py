"""`control user sync`: keep users and memberships in step with an external directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option, say
from control.errors import SOMETHING_TO_DO, ControlError
from control.terminal import screen_width, table

if TYPE_CHECKING:
    from control.directory.planning import Change, Plan

LISTS = ("changes", "conflicts")


class Link(click.ParamType[tuple[str, str]]):
    """Parse `CADPH=org_7f3a`."""

    name = "GROUP=ORGANISATION"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        group, _, organization = value.rpartition("=")
        if not group or not organization:
            self.fail(f"{value!r} is not GROUP=ORGANISATION", param, ctx)
        return group, organization


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Choice(["directory", "database"]),
    default="directory",
    show_default=True,
    help="The side that is right.",
)
@click.option("--apply/--dry-run", "applies", help="Make the changes, or only list them.")
@click.option("--delete", "deletes", is_flag=True, help="Also make those listed as remove.")
@click.option("--force", "forces", is_flag=True, help="Even if a tenth is lost.")
@click.option(
    "--link", "links", type=Link(), multiple=True, help="Let a group stand for an organisation."
)
@click.option(
    "--directory", "url", metavar="URL", help="Otherwise directory_url of the environment."
)
@click.option("--client-id", help="Otherwise directory_client_id of the environment.")
@json_option
@click.pass_context
def sync(
    ctx: click.Context,
    source: str,
    applies: bool,
    deletes: bool,
    forces: bool,
    links: tuple[tuple[str, str], ...],
    url: str | None,
    client_id: str | None,
    as_json: bool,
) -> None:
    """Reconcile users, groups and memberships with the directory of an identity provider.

    The directory is an Auth0 tenant: its organisations are groups, and the roles admin, member and
    viewer of their members are ours. Users of ours are never deleted, but disabled. What nobody
    can decide, such as a changed address, is listed as a conflict and stays as it is. The secret
    of the client is directory_client_secret of the environment. Exits with 3 if anything is left
    to do.

    \b
        control user sync --directory https://example.eu.auth0.com --client-id 4f9c
        control user sync --link CADPH=org_7f3a --apply --delete
    """
    from control.directory.auth0 import Auth0
    from control.directory.syncing import Options, sync_from_database, sync_from_directory

    app: App = ctx.obj
    url = url or app.settings.directory_url
    client_id = client_id or app.settings.directory_client_id
    secret = app.settings.directory_client_secret
    if not url or not client_id or not secret:
        raise ControlError(
            "no directory is named",
            "set ASPEN_DIRECTORY_URL, ASPEN_DIRECTORY_CLIENT_ID, ASPEN_DIRECTORY_CLIENT_SECRET,"
            " or the keys of these names in aspen.toml",
        )
    run = sync_from_directory if source == "directory" else sync_from_database
    options = Options(applies, deletes, forces)
    with app.connect("user sync") as conn:
        plan = run(conn, Auth0(url, client_id, secret), dict(links), options, say)
    done = plan.chosen(deletes=deletes) if applies else []
    left = len(plan.changes) - len(done) + len(plan.conflicts)
    if as_json:
        lists = {name: [asdict(one) for one in getattr(plan, name)] for name in LISTS}
        echo_json({"applied": len(done), "left": left} | lists)
    else:
        for line in table(list(_rows(plan)), screen_width()):
            click.echo(line)
        say(_summary(plan, applies=applies, done=len(done)))
    ctx.exit(SOMETHING_TO_DO if left else 0)


def _rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    for one in plan.changes:
        yield one.action, one.kind, one.subject or "", one.group or "", _values(one), one.reason
    for problem in plan.conflicts:
        yield "conflict", "", problem.subject or "", problem.group or "", "", problem.reason


def _values(change: Change) -> str:
    return " → ".join(value for value in (change.before, change.after) if value is not None)


def _summary(plan: Plan, *, applies: bool, done: int) -> str:
    counts = {
        action: sum(one.action == action for one in plan.changes)
        for action in ("add", "change", "remove")
    }
    what = f"{counts['add']} to add, {counts['change']} to change, {counts['remove']} to remove"
    conflicts = f"{len(plan.conflicts)} conflicts"
    if applies:
        return f"{what}, {done} of them done; {conflicts}"
    return f"{what}; {conflicts}; --apply makes the changes, with --delete also the removals"
