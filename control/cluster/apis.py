"""Find each PostgREST that runs on this machine: of the local stack, or of the cluster."""

from __future__ import annotations

from control import stack
from control.cluster.instance import Instance
from control.cluster.state import INSTANCES, STAND_IN, ClusterState
from control.settings import Settings


def running_apis(settings: Settings) -> list[str]:
    """Return the own address of each PostgREST while the process we started lives."""
    state = ClusterState.load(settings)
    if not state.is_of_cluster:
        return stack.running_apis(settings)
    instances = (Instance(settings, state, number) for number in (*INSTANCES, STAND_IN))
    return [one.url for one in instances if one.url is not None and one.server.pid() is not None]
