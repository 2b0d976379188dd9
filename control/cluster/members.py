"""Ask Patroni who is the primary and how far the replicas are, and tell it to change that."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

from control.cluster.state import NODES, OPERATOR, ClusterState
from control.errors import ControlError
from control.local import open_url

PRIMARY = "primary"
REPLICA, SYNCHRONOUS = "replica", "synchronous replica"
ROLES = {"leader": PRIMARY, "sync_standby": SYNCHRONOUS, "replica": REPLICA}
HEALTHY = ("running", "streaming")
# Patroni answers when the new primary is there.
SWITCHOVER_SECONDS = 90


@dataclass(frozen=True)
class Member:
    """What Patroni knows of one node."""

    name: str
    role: str
    state: str
    port: int
    timeline: int | None
    # Bytes of the log that it has not replayed; None if Patroni does not know.
    lag_bytes: int | None

    @property
    def is_healthy(self) -> bool:
        """Return whether it is primary, or follows it."""
        return self.state in HEALTHY


def find_members(state: ClusterState) -> list[Member]:
    """Return what any Patroni that answers knows of all nodes; nothing if none answers."""
    for number in NODES:
        try:
            with open_url(Request(f"{state.http_url(f'patroni_{number}')}/cluster"), 2) as answer:
                found = json.load(answer)
        except (OSError, http.client.HTTPException, ValueError):
            continue
        return [_member_of(one) for one in found.get("members", [])]
    return []


def _member_of(found: Mapping[str, Any]) -> Member:
    lag = found.get("replay_lag", found.get("lag"))
    return Member(
        found["name"],
        ROLES.get(found["role"], found["role"]),
        found["state"],
        found["port"],
        found.get("timeline"),
        lag if isinstance(lag, int) else None,
    )


def primary_of(members: list[Member]) -> Member | None:
    """Return the primary, if there is one that works."""
    return next((one for one in members if one.role == PRIMARY and one.is_healthy), None)


def switch_over(state: ClusterState, leader: str, candidate: str) -> None:
    """Make another node the primary, without losing anything."""
    number = leader.rpartition("-")[2]
    login = f"{OPERATOR}:{state.passwords[OPERATOR]}".encode()
    request = Request(
        f"{state.http_url(f'patroni_{number}')}/switchover",
        data=json.dumps({"leader": leader, "candidate": candidate}).encode(),
        headers={
            "Authorization": f"Basic {base64.b64encode(login).decode()}",
            "Content-Type": "application/json",
        },
        method="POST",
    )
    remedy = "control cluster status says how the nodes are"
    try:
        with open_url(request, SWITCHOVER_SECONDS):
            pass
    except HTTPError as error:
        reason = error.read().decode(errors="replace").strip()
        raise ControlError(
            f"Patroni refused to make {candidate} the primary: {reason}", remedy
        ) from error
    except OSError as error:
        raise ControlError(f"the Patroni of {leader} does not answer", remedy) from error
