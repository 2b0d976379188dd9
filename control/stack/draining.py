"""Take a PostgREST out of use while others answer, so that no request notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from control.settings import Settings
from control.stack.changing import Echo
from control.stack.components import Api, Edge, all_apis
from control.stack.nginx import has_drained
from control.stack.state import State
from control.terminal import working_on


def those_that_run_last(apis: Sequence[Api]) -> list[Api]:
    """Return them in an order in which one that is restarted leaves others that answer."""
    return sorted(apis, key=lambda api: api.server.pid() is not None)


def leave_out(api: Api, edge: Edge, echo: Echo) -> None:
    """Have the edge send a PostgREST no more requests, and wait until it has none.

    It stays in use where it is the only one that answers. Bringing up the edge takes it back.
    """
    others = [other for other in all_apis(api.settings, api.state) if other != api]
    if not any(other.server.pid() is not None and other.is_ready() for other in others):
        return
    _drain(api, replace(edge, left_out=api), echo)


def _drain(api: Api, edge: Edge, echo: Echo) -> None:
    """Wait until no request is left at a PostgREST that the edge no longer uses."""
    working_on(f"waiting for the requests at {api.server.name}")
    old = edge.reload()
    if old is not None and not has_drained(edge.server, old):
        echo(f"{api.server.name} still has requests, but is stopped")


def stop_surplus(settings: Settings, state: State, echo: Echo) -> None:
    """Stop each PostgREST above the number that there are to be."""
    edge = Edge(settings, state)
    for file in sorted((settings.data_dir / "run").glob("postgrest-*.pid")):
        number = file.stem.removeprefix("postgrest-")
        if number.isdecimal() and int(number) > state.postgrests:
            surplus = Api(settings, state, int(number))
            if edge.server.pid() is not None:
                _drain(surplus, edge, echo)
            if surplus.server.stop():
                echo(f"{surplus.server.name} stopped")
            for name in surplus.port_names:
                state.ports.pop(name, None)
            state.save(settings)
