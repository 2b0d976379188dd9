"""Bring the local stack up and down, and report its state."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from control.causes import DISK_FULL
from control.database import connect
from control.errors import ControlError
from control.schema.api_reload import wait_for_api
from control.schema.code import loaded_probe
from control.schema.migrate import migrate_up
from control.settings import Settings
from control.stack.archive_keeper import ArchiveKeeper
from control.stack.bootstrap import bootstrap
from control.stack.components import (
    Api,
    Component,
    Database,
    Edge,
    LogKeeper,
    ObjectStore,
)
from control.stack.ministack import ensure_bucket, ensure_notifications
from control.stack.ports import is_free, next_free
from control.stack.postgres import find_running
from control.stack.process import wait_for
from control.stack.state import State
from control.storage.credentials import current_credentials, store_credentials
from control.storage.s3 import make_client
from control.terminal import working_on

Echo = Callable[[str], None]

# How often another program may take a port between choosing and using it.
PORT_ATTEMPTS = 5
# How long a running server may take to answer before it is restarted.
PATIENCE_SECONDS = 15
PORT_NAMES = ("api", "admin", "postgres", "s3", "postgrest", "relay")


@dataclass(frozen=True)
class ComponentStatus:
    """The state of one server."""

    state: str
    pid: int | None
    port: int | None
    log: Path


def up(settings: Settings, echo: Echo, *, archives: bool | None = None) -> Settings:
    """Start what is not running, update the database, and return the settings that reach it.

    `archives` says whether the stack keeps an archive from now on; None leaves it as it is.
    """
    _require_local(settings)
    _make_data_directory(settings)
    with _naming_a_full_disk(settings), _one_at_a_time(settings, echo):
        state = State.recover(settings, echo)
        database, objects, api, edge, logs = components = _components(settings, state)
        archive = ArchiveKeeper(settings, state)
        if archives:
            archive.want()
        for component in components:
            component.check()
        state.ensure_passwords()
        _prepare([*components, *_wanted(archive)], settings, state, echo)
        _bring_up(logs, settings, state, echo)
        _bring_up(database, settings, state, echo)
        working_on("preparing the database")
        bootstrap(state, database.admin_url, settings.sql_dir)
        _bring_up(objects, settings, state, echo)
        local = state.applied_to(settings)
        if ensure_bucket(local):
            echo(f"bucket {settings.bucket} created")
        ensure_notifications(local)
        # Wait for no API: a running one may still be connected to the database's old address.
        working_on("migrating")
        migrated = migrate_up(replace(local, api_url=None), echo=echo)
        _renew_link_credentials(local)
        _bring_up(api, settings, state, echo)
        if migrated.has_loaded_code:
            _have_schema_served(api, settings, state, echo)
        _bring_up(edge, settings, state, echo)
        if archives is False and archive.is_wanted:
            archive.give_up()
            echo(f"archive stopped; what it holds stays in {archive.home}")
        for keeper in _wanted(archive):
            _bring_up(keeper, settings, state, echo)
        return state.applied_to(settings)


def down(settings: Settings, echo: Echo) -> None:
    """Stop whatever runs; data, keys and ports stay."""
    _require_local(settings)
    if not settings.data_dir.exists():
        echo("nothing to stop: the local stack was never started")
        return
    with _one_at_a_time(settings, echo):
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


def status(settings: Settings) -> dict[str, ComponentStatus]:
    """Return the state of each server by name."""
    _require_local(settings)
    state = State.load(settings)
    return {
        component.server.name: _status_of(component, state)
        for component in _all_components(settings, state)
    }


def log_files(settings: Settings) -> dict[str, Path]:
    """Return the log file of each server by name."""
    _require_local(settings)
    servers = (component.server for component in _all_components(settings, State.load(settings)))
    return {server.name: server.log_file for server in servers}


def running_api(settings: Settings) -> str | None:
    """Return PostgREST's own address while the process we started lives."""
    api = Api(settings, State.load(settings))
    return None if api.server.pid() is None else api.url


def revive(settings: Settings, names: Collection[str], echo: Echo) -> dict[str, ControlError]:
    """Restart these servers and those that depend on them; return the failures by name.

    Nothing is migrated; only `control up` does that.
    """
    failures: dict[str, ControlError] = {}
    with _naming_a_full_disk(settings), _one_at_a_time(settings, echo):
        state = State.recover(settings, echo)
        database, objects, api, edge, logs = components = _components(settings, state)
        if all(component.server.recorded_pid() is None for component in components):
            # Stopped by `control down` while this waited for the lock.
            return failures
        state.ensure_passwords()
        keepers = _wanted(ArchiveKeeper(settings, state))
        _prepare([*components, *keepers], settings, state, echo)
        in_order: tuple[Component, ...] = (logs, database, objects, api, edge, *keepers)
        for component in in_order:
            server = component.server
            follows = server.pid() is not None and not server.runs_as(component.launch())
            if server.name not in names and not follows:
                continue
            try:
                if component is api and not database.is_ready():
                    raise ControlError("postgrest waits for postgres")
                _bring_up(component, settings, state, echo)
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


def restart_api(settings: Settings, echo: Echo) -> None:
    """Have the API read its database and keys again; an API that is not running stays so."""
    _require_local(settings)
    if not settings.data_dir.exists():
        return
    with _one_at_a_time(settings, echo):
        state = State.load(settings)
        api = Api(settings, state)
        if api.server.stop():
            _bring_up(api, settings, state, echo)


def _prepare(components: Sequence[Component], settings: Settings, state: State, echo: Echo) -> None:
    """Choose all ports before any server is asked anything.

    Another program may use an address left over from last time.
    """
    for component in components:
        component.prepare()
        if component.server.end_strays():
            echo(f"{component.server.name} ran without a pid file; stopped it")
        if component.server.pid() is None:
            _choose_ports(component, settings, state, echo)
    state.save(settings)


def _have_schema_served(api: Api, settings: Settings, state: State, echo: Echo) -> None:
    """Restart an API that does not notice the schema just loaded, so that it reads the schema."""
    with connect(state.applied_to(settings), "up") as conn:
        probe = loaded_probe(conn)
    try:
        if probe is not None:
            wait_for_api(api.url, probe)
    except ControlError:
        echo(f"{api.server.name} serves an old schema; restarting it")
        api.server.stop()
        _bring_up(api, settings, state, echo)


def _renew_link_credentials(settings: Settings) -> None:
    """Renew the credentials of links: they name the S3 server, whose port may have changed."""
    with connect(settings, "up") as conn:
        store_credentials(conn, current_credentials(settings, make_client(settings)))


def _components(
    settings: Settings, state: State
) -> tuple[Database, ObjectStore, Api, Edge, LogKeeper]:
    """Return the servers in display order; they stop in the reverse order."""
    return (
        Database(settings, state),
        ObjectStore(settings, state),
        Api(settings, state),
        Edge(settings, state),
        LogKeeper(settings, state),
    )


def _all_components(settings: Settings, state: State) -> tuple[Component, ...]:
    """Return the servers, and the archive if it belongs to the stack: it stops before them."""
    return (*_components(settings, state), *_wanted(ArchiveKeeper(settings, state)))


def _wanted(archive: ArchiveKeeper) -> list[Component]:
    return [archive] if archive.is_wanted else []


def _bring_up(component: Component, settings: Settings, state: State, echo: Echo) -> None:
    """Leave one server running and answering, whatever its state was."""
    server = component.server
    working_on(f"starting {server.name}")
    if server.has_died():
        echo(f"{server.name} had died; starting it again")
    if server.pid() is not None:
        if not state.knows(component.port_names):
            echo(f"{server.name} runs on an unknown port; restarting it")
        elif not server.runs_as(component.launch()):
            echo(f"{server.name} runs with other settings; restarting it")
        elif wait_for(component.is_ready, PATIENCE_SECONDS):
            echo(f"{server.name} already running{_on_port(component, state)}")
            return
        else:
            echo(f"{server.name} runs but does not answer; restarting it")
        server.stop()

    for attempt in range(1, PORT_ATTEMPTS + 1):
        _choose_ports(component, settings, state, echo)
        state.save(settings)
        try:
            component.start()
        except ControlError:
            lost_port = not all(is_free(state.ports[name]) for name in component.port_names)
            if server.pid() is not None or not lost_port or attempt == PORT_ATTEMPTS:
                raise
        else:
            echo(f"{server.name} started{_on_port(component, state)}")
            return


def _choose_ports(component: Component, settings: Settings, state: State, echo: Echo) -> None:
    """Keep each remembered port that is free, and report each that is taken and replaced."""
    for name in component.port_names:
        wanted = state.ports.get(name, settings.first_port + PORT_NAMES.index(name))
        if is_free(wanted) and wanted not in _ports_of_others(state, name):
            state.ports[name] = wanted
            continue
        state.ports[name] = next_free(
            settings.first_port + len(PORT_NAMES), avoid=_ports_of_others(state, name)
        )
        echo(f"port {wanted} is taken; {name} gets {state.ports[name]}")


def _on_port(component: Component, state: State) -> str:
    """Return where it listens, for a message; nothing if it listens nowhere."""
    port = _shown_port(component, state)
    programs = f" ({component.programs})" if isinstance(component, Database) else ""
    return "" if port is None else f" on port {port}{programs}"


def _shown_port(component: Component, state: State) -> int | None:
    return next((state.ports.get(name) for name in component.port_names), None)


def _ports_of_others(state: State, name: str) -> set[int]:
    return {port for other, port in state.ports.items() if other != name}


def _status_of(component: Component, state: State) -> ComponentStatus:
    server = component.server
    pid = server.pid()
    if pid is None:
        word = "died" if server.has_died() else "stopped"
    elif state.knows(component.port_names) and component.is_ready():
        word = "running"
    else:
        word = "not answering"
    return ComponentStatus(word, pid, _shown_port(component, state), server.log_file)


def _require_local(settings: Settings) -> None:
    if not settings.is_local:
        raise ControlError(
            f"environment {settings.environment} is not a local stack",
            "leave out --env for the local stack",
        )


def _make_data_directory(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        settings.data_dir.chmod(0o700)
    except OSError as error:
        raise ControlError(
            f"{settings.data_dir} cannot be prepared: {error}",
            "run control as the user who ran it first, or set ASPEN_DATA_DIR",
        ) from error


@contextmanager
def _naming_a_full_disk(settings: Settings) -> Iterator[None]:
    """Name the full disk; no stored data is lost."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ControlError(f"the disk of {settings.data_dir} is full", DISK_FULL.here) from error


def is_being_changed(settings: Settings) -> bool:
    """Return whether an `up` or `down` is running."""
    lock = os.open(settings.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def _one_at_a_time(settings: Settings, echo: Echo) -> Iterator[None]:
    """Run one `up` or `down` per data directory; the second waits."""
    lock = os.open(settings.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            echo("another control up or down is running; waiting for it to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
