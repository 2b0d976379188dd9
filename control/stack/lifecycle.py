"""Bring the local stack up and down, and report its state."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from control.database import connect
from control.errors import ControlError
from control.partitions import extend_tables
from control.schema.api_reload import wait_for_api
from control.schema.code import loaded_probe
from control.schema.migrate import migrate_up
from control.settings import Settings
from control.stack.archive_keeper import ArchiveKeeper
from control.stack.bootstrap import bootstrap
from control.stack.changing import (
    Echo,
    make_data_directory,
    naming_a_full_disk,
    one_at_a_time,
    require_stack,
)
from control.stack.components import (
    Api,
    Component,
    Database,
    Edge,
    LogKeeper,
    ObjectStore,
    all_apis,
)
from control.stack.draining import leave_out, stop_surplus, those_that_run_last
from control.stack.ministack import ensure_bucket, ensure_notifications
from control.stack.postgres import find_running
from control.stack.starting import ComponentStatus, bring_up, prepare, status_of
from control.stack.state import State
from control.storage.credentials import current_credentials, store_credentials
from control.storage.s3 import make_client
from control.terminal import working_on


def up(settings: Settings, echo: Echo, *, archives: bool | None = None) -> Settings:
    """Start what is not running, update the database, and return the settings that reach it.

    `archives` says whether the stack keeps an archive from now on; None leaves it as it is.
    """
    require_stack(settings)
    make_data_directory(settings)
    with naming_a_full_disk(settings), one_at_a_time(settings, echo):
        state = State.recover(settings, echo)
        state.postgrests = settings.postgrests or state.postgrests
        database, objects, apis, edge, logs = _components(settings, state)
        components: list[Component] = [database, objects, *apis, edge, logs]
        archive = ArchiveKeeper(settings, state)
        if archives:
            archive.want()
        for component in components:
            component.check()
        state.ensure_passwords()
        prepare([*components, *_wanted(archive)], settings, state, echo)
        bring_up(logs, settings, state, echo)
        bring_up(database, settings, state, echo)
        working_on("preparing the database")
        bootstrap(state, database.admin_url, settings.sql_dir)
        bring_up(objects, settings, state, echo)
        local = state.applied_to(settings)
        if ensure_bucket(local):
            echo(f"bucket {settings.bucket} created")
        ensure_notifications(local)
        # Wait for no API: a running one may still be connected to the database's old address.
        working_on("migrating")
        migrated = migrate_up(replace(local, api_url=None), echo=echo)
        _renew_link_credentials(local)
        with connect(local, "up") as conn:
            extend_tables(conn)
        for api in those_that_run_last(apis):
            _bring_up_api(api, edge, settings, state, echo)
        if migrated.has_loaded_code:
            for api in apis:
                _have_schema_served(api, edge, settings, state, echo)
        bring_up(edge, settings, state, echo)
        stop_surplus(settings, state, echo)
        if archives is False and archive.is_wanted:
            archive.give_up()
            echo(f"archive stopped; what it holds stays in {archive.home}")
        for keeper in _wanted(archive):
            bring_up(keeper, settings, state, echo)
        return state.applied_to(settings)


def down(settings: Settings, echo: Echo) -> None:
    """Stop whatever runs; data, keys and ports stay."""
    require_stack(settings)
    if not settings.data_dir.exists():
        echo("nothing to stop: the local stack was never started")
        return
    with one_at_a_time(settings, echo):
        state = State.recover(settings, echo)
        database = Database(settings, state)
        if database.server.pid() is None and (found := find_running(database.data)):
            database.server.record(found[0], "")
        for component in reversed(_all_components(settings, state)):
            server = component.server
            had_died = server.has_died()
            if server.end_strays() | server.stop():
                echo(f"{server.name} stopped")
            elif had_died:
                echo(f"{server.name} was not running: it had died, see {server.log_file}")
            else:
                echo(f"{server.name} was not running")
        stop_surplus(settings, state, echo)


def status(settings: Settings) -> dict[str, ComponentStatus]:
    """Return the state of each server by name."""
    require_stack(settings)
    state = State.load(settings)
    return {
        component.server.name: status_of(component, state)
        for component in _all_components(settings, state)
    }


def log_files(settings: Settings) -> dict[str, Path]:
    """Return the log file of each server by name."""
    require_stack(settings)
    servers = (component.server for component in _all_components(settings, State.load(settings)))
    return {server.name: server.log_file for server in servers}


def running_apis(settings: Settings) -> list[str]:
    """Return the own address of each PostgREST while the process we started lives."""
    apis = all_apis(settings, State.load(settings))
    return [api.url for api in apis if api.url is not None and api.server.pid() is not None]


def revive(settings: Settings, names: Collection[str], echo: Echo) -> dict[str, ControlError]:
    """Restart these servers and those that depend on them; return the failures by name.

    Nothing is migrated; only `control up` does that.
    """
    failures: dict[str, ControlError] = {}
    with naming_a_full_disk(settings), one_at_a_time(settings, echo):
        state = State.recover(settings, echo)
        database, objects, apis, edge, logs = _components(settings, state)
        components: list[Component] = [database, objects, *apis, edge, logs]
        if all(component.server.recorded_pid() is None for component in components):
            # Stopped by `control down` while this waited for the lock.
            return failures
        state.ensure_passwords()
        keepers = _wanted(ArchiveKeeper(settings, state))
        prepare([*components, *keepers], settings, state, echo)
        in_order: tuple[Component, ...] = (logs, database, objects, *apis, edge, *keepers)
        for component in in_order:
            server = component.server
            follows = server.pid() is not None and not server.runs_as(component.launch())
            if server.name not in names and not follows:
                continue
            try:
                if isinstance(component, Api):
                    if not database.is_ready():
                        raise ControlError(f"{server.name} waits for postgres")
                    _bring_up_api(component, edge, settings, state, echo)
                else:
                    bring_up(component, settings, state, echo)
                if component is objects:
                    ensure_bucket(state.applied_to(settings))
                    ensure_notifications(state.applied_to(settings))
            except ControlError as error:
                failures[server.name] = error
        if objects.server.name in names and database.is_ready():
            _renew_link_credentials(state.applied_to(settings))
    return failures


def components_of(settings: Settings) -> tuple[Component, ...]:
    """Return every server as currently remembered."""
    return _all_components(settings, State.load(settings))


def restart_api(settings: Settings, echo: Echo) -> bool:
    """Restart each PostgREST that runs, one after the other; return whether any did.

    Where another one answers during that time, no request notices.
    """
    require_stack(settings)
    if not settings.data_dir.exists():
        return False
    with one_at_a_time(settings, echo):
        state = State.load(settings)
        _, _, apis, edge, _ = _components(settings, state)
        running = [api for api in apis if api.server.pid() is not None]
        for api in running:
            leave_out(api, edge, echo)
            api.server.stop()
            bring_up(api, settings, state, echo)
        if edge.server.pid() is not None:
            bring_up(edge, settings, state, echo)
        return bool(running)


def reload_edge(settings: Settings, echo: Echo) -> bool:
    """Have nginx read its configuration again; return whether it runs. No request notices."""
    require_stack(settings)
    if not settings.data_dir.exists():
        return False
    with one_at_a_time(settings, echo):
        state = State.load(settings)
        edge = Edge(settings, state)
        if edge.server.pid() is None:
            return False
        if edge.reload() is None:
            bring_up(edge, settings, state, echo)
        else:
            echo(f"{edge.server.name} reloaded")
        return True


def _have_schema_served(api: Api, edge: Edge, settings: Settings, state: State, echo: Echo) -> None:
    """Restart an API that does not notice the schema just loaded, so that it reads the schema."""
    with connect(state.applied_to(settings), "up") as conn:
        probe = loaded_probe(conn)
    try:
        if probe is not None:
            wait_for_api(api.url, probe)
    except ControlError:
        echo(f"{api.server.name} serves an old schema; restarting it")
        leave_out(api, edge, echo)
        api.server.stop()
        bring_up(api, settings, state, echo)


def _renew_link_credentials(settings: Settings) -> None:
    """Renew the credentials of links: they name the S3 server, whose port may have changed."""
    with connect(settings, "up") as conn:
        store_credentials(conn, current_credentials(settings, make_client(settings)))


def _components(
    settings: Settings, state: State
) -> tuple[Database, ObjectStore, tuple[Api, ...], Edge, LogKeeper]:
    """Return the servers in display order; they stop in the reverse order."""
    return (
        Database(settings, state),
        ObjectStore(settings, state),
        all_apis(settings, state),
        Edge(settings, state),
        LogKeeper(settings, state),
    )


def _all_components(settings: Settings, state: State) -> tuple[Component, ...]:
    """Return the servers, and the archive if it belongs to the stack: it stops before them."""
    database, objects, apis, edge, logs = _components(settings, state)
    archive = _wanted(ArchiveKeeper(settings, state))
    return (database, objects, *apis, edge, logs, *archive)


def _wanted(archive: ArchiveKeeper) -> list[Component]:
    return [archive] if archive.is_wanted else []


def _bring_up_api(api: Api, edge: Edge, settings: Settings, state: State, echo: Echo) -> None:
    """Leave a PostgREST running; no request is at one that is restarted for its settings."""
    is_known = state.knows((*api.port_names, *edge.port_names))
    if api.server.pid() is not None and is_known and not api.server.runs_as(api.launch()):
        leave_out(api, edge, echo)
    bring_up(api, settings, state, echo)
