"""`control cluster`: run a primary, replicas and the API before them on this machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option, say
from control.errors import SOMETHING_TO_DO
from control.terminal import screen_width, table

if TYPE_CHECKING:
    from control.cluster.lifecycle import ClusterStatus
    from control.settings import Settings


@click.group("cluster")
def cluster() -> None:
    """Run a primary, two replicas and the API before them."""


@cluster.command("up")
@click.option(
    "--pooling",
    type=click.Choice(["session", "transaction"]),
    help="How PgBouncer pools from now on; as before by default, at first session.",
)
@json_option
@click.pass_obj
def up(app: App, pooling: str | None, as_json: bool) -> None:
    """Start the cluster and update its database.

    Patroni and etcd keep one of three PostgreSQL the primary; PgBouncer leads to it; the edge sends
    reads to the PostgREST of the replicas and writes to that of the primary. All of it is in
    .aspen/cluster, listens on this machine only, and needs the packages etcd-server and pgbouncer
    and make cluster. Run it again at any time: it starts what is not running.

    Every command reaches its database with ASPEN_DATA_DIR=.aspen/cluster.

    \b
        control cluster up
        control cluster up --pooling transaction
        ASPEN_DATA_DIR=.aspen/cluster control group list
    """
    from control.cluster import lifecycle

    settings = lifecycle.up(app.settings, say, pooling=pooling)
    if as_json:
        echo_json({"api_url": settings.api_url, "database_url": settings.database_url})
    else:
        click.echo(f"API  {settings.api_url}")


@cluster.command("down")
@json_option
@click.pass_obj
def down(app: App, as_json: bool) -> None:
    """Stop the cluster. Data, keys, passwords and ports stay.

    \b
        control cluster down
    """
    from control.cluster import lifecycle

    lifecycle.down(app.settings, say)
    if as_json:
        echo_json(_for_machines(lifecycle.status(app.settings)))


@cluster.command("status")
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show each server of the cluster, who is the primary, and how far behind the replicas are.

    Exits with 3 if a server is not running or a replica does not follow; control cluster up starts
    what is missing.

    \b
        control cluster status
        control cluster status --json
    """
    from control.cluster import lifecycle

    app = ctx.find_object(App)
    assert app is not None
    found = lifecycle.status(app.settings)
    if as_json:
        echo_json(_for_machines(found))
    else:
        members = {member.name: member for member in found.members}
        rows: list[tuple[object, ...]] = [("server", "state", "port", "role", "bytes behind")]
        for name, server in found.servers.items():
            member = members.get(name)
            role, lag = ("-", "-") if member is None else (member.role, member.lag_bytes)
            rows.append((name, server.state, server.port or "-", role, "-" if lag is None else lag))
        for line in table(rows, screen_width()):
            click.echo(line)
        if not found.is_whole:
            click.echo("to do: control cluster up")
    ctx.exit(0 if found.is_whole else SOMETHING_TO_DO)


@cluster.command("switchover")
@click.option("--to", "candidate", metavar="NODE", help="node-1, node-2 or node-3.")
@click.option("--dry-run", is_flag=True, help="Say which node would become the primary.")
@json_option
@click.pass_obj
def switchover(app: App, candidate: str | None, dry_run: bool, as_json: bool) -> None:
    """Make another node the primary, as before maintenance. Nothing is lost.

    Only the replica that has everything can follow, which the option need not name. Reads go on;
    writes fail or wait for a few seconds, and succeed when they are sent again.

    \b
        control cluster switchover
        control cluster switchover --to node-2
    """
    from control.cluster import lifecycle

    done = lifecycle.switchover(app.settings, candidate, dry_run=dry_run)
    if as_json:
        echo_json(asdict(done) | {"dry_run": dry_run})
    elif dry_run:
        click.echo(f"{done.new} would be the primary instead of {done.old}")
    else:
        click.echo(f"{done.new} is the primary instead of {done.old}, after {done.seconds:.1f} s")


@cluster.command("restart")
@click.argument("component", type=click.Choice(["postgrest", "pgbouncer"]))
@json_option
@click.pass_obj
def restart(app: App, component: str, as_json: bool) -> None:
    """Restart servers of the cluster while it is in use, as after an update of a program.

    No client notices. postgrest: one after the other, each once the requests it has are answered;
    pgbouncer: with the PostgREST that writes through it. Until both are back, another PostgREST,
    which connects to the primary itself, writes.

    \b
        control cluster restart postgrest
        control cluster restart pgbouncer
    """
    from control.cluster import restarting

    change = {
        "postgrest": restarting.restart_postgrest,
        "pgbouncer": restarting.restart_pgbouncer,
    }[component]
    change(app.settings, say)
    _show_if_asked(app.settings, as_json=as_json)


@cluster.command("reload")
@click.argument("component", type=click.Choice(["pgbouncer", "nginx"]))
@json_option
@click.pass_obj
def reload(app: App, component: str, as_json: bool) -> None:
    """Have servers of the cluster read their configuration again. No client notices.

    pgbouncer keeps its connections. nginx is done when the requests it had before are answered.

    \b
        control cluster reload pgbouncer
        control cluster reload nginx
    """
    from control.cluster import restarting

    change = {
        "pgbouncer": restarting.reload_pgbouncer,
        "nginx": restarting.reload_nginx,
    }[component]
    change(app.settings, say)
    _show_if_asked(app.settings, as_json=as_json)


def _show_if_asked(settings: Settings, *, as_json: bool) -> None:
    """Print how the servers are after a change, if the caller reads JSON."""
    if as_json:
        from control.cluster import lifecycle

        echo_json(_for_machines(lifecycle.status(settings)))


def _for_machines(found: ClusterStatus) -> dict[str, object]:
    return {
        "is_whole": found.is_whole,
        "servers": {name: asdict(server) for name, server in found.servers.items()},
        "members": [asdict(member) for member in found.members],
    }
