"""Start servers one after the other on ports that stay theirs, and tell how each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from control.errors import ControlError
from control.settings import Settings
from control.stack.changing import Echo
from control.stack.components import Component, Database, Edge
from control.stack.ports import is_free, next_free
from control.stack.process import wait_for
from control.stack.state import State
from control.terminal import working_on

# How often another program may take a port between choosing and using it.
PORT_ATTEMPTS = 5
# How long a running server may take to answer before it is restarted.
PATIENCE_SECONDS = 15


@dataclass(frozen=True)
class ComponentStatus:
    """The state of one server."""

    state: str
    pid: int | None
    port: int | None
    log: Path


def prepare(components: Sequence[Component], settings: Settings, state: State, echo: Echo) -> None:
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


def bring_up(component: Component, settings: Settings, state: State, echo: Echo) -> None:
    """Leave one server running and answering, whatever its state was."""
    server = component.server
    working_on(f"starting {server.name}")
    if server.has_died():
        echo(f"{server.name} had died; starting it again")
    if server.pid() is not None:
        if not state.knows(component.port_names):
            echo(f"{server.name} runs on an unknown port; restarting it")
        elif not server.runs_as(component.launch()):
            if isinstance(component, Edge) and component.reload() is not None:
                echo(f"{server.name} reloaded, because its settings changed")
                return
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
        wanted = state.ports.get(name, _first_port(name, settings, state))
        if is_free(wanted) and wanted not in _ports_of_others(state, name):
            state.ports[name] = wanted
            continue
        state.ports[name] = next_free(
            settings.first_port + len(state.port_names), avoid=_ports_of_others(state, name)
        )
        echo(f"port {wanted} is taken; {name} gets {state.ports[name]}")


def _first_port(name: str, settings: Settings, state: State) -> int:
    """Return the number from which a port of this name is looked for."""
    if name in state.port_names:
        return settings.first_port + state.port_names.index(name)
    # Of a further PostgREST.
    kind, _, number = name.partition("-")
    return settings.first_port + len(state.port_names) + 2 * int(number) + (kind == "admin")


def _on_port(component: Component, state: State) -> str:
    """Return where it listens, for a message; nothing if it listens nowhere."""
    port = _shown_port(component, state)
    programs = f" ({component.programs})" if isinstance(component, Database) else ""
    return "" if port is None else f" on port {port}{programs}"


def _shown_port(component: Component, state: State) -> int | None:
    return next((state.ports.get(name) for name in component.port_names), None)


def _ports_of_others(state: State, name: str) -> set[int]:
    return {port for other, port in state.ports.items() if other != name}


def status_of(component: Component, state: State) -> ComponentStatus:
    server = component.server
    pid = server.pid()
    if pid is None:
        word = "died" if server.has_died() else "stopped"
    elif state.knows(component.port_names) and component.is_ready():
        word = "running"
    else:
        word = "not answering"
    return ComponentStatus(word, pid, _shown_port(component, state), server.log_file)
