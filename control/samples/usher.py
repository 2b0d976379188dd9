"""Make the address at which UShER, a service of UCSC, places sequences of samples on a tree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import psycopg

from control.database import acting_as
from control.errors import ControlError
from control.people.groups import Group

ROLE = "member"
PAGE = "https://genome.ucsc.edu/cgi-bin/hgPhyloPlace"
# Pathogen → what UCSC calls its genome.
GENOMES = {"SC2": "wuhCor1"}


@dataclass(frozen=True)
class Placement:
    """Which samples are placed on which tree; without a tree the first of usher_options."""

    group: Group
    subject: str
    pathogen: str
    identifiers: Sequence[str]
    tree: str | None = None
    subtree_size: int = 50
    hours: int = 1


@dataclass(frozen=True)
class UsherLink:
    """The address for a browser, and until when it works."""

    url: str
    expires_at: datetime


def make_usher_link(
    conn: psycopg.Connection, placement: Placement, api_url: str | None, *, dry_run: bool = False
) -> UsherLink:
    """Share the sequences for some hours, in the name of the user, and return the address."""
    genome = GENOMES.get(placement.pathogen)
    if genome is None:
        raise ControlError(
            f"UShER places no sequences of {placement.pathogen}", f"use one of {', '.join(GENOMES)}"
        )
    tree = _tree(conn, placement)
    with (
        conn.transaction(force_rollback=dry_run),
        acting_as(conn, role=ROLE, subject=placement.subject),
    ):
        row = conn.execute(
            "select url, path, expires_at from api.share_sequences(%s, %s, %s::json, true, %s)",
            [
                placement.group.id,
                placement.pathogen,
                json.dumps(list(placement.identifiers)),
                placement.hours,
            ],
        ).fetchone()
    assert row is not None
    url, path, expires_at = row
    if url is None and api_url is None:
        raise ControlError("the address of the API is not known", "set ASPEN_API_URL")
    query = {"db": genome, "remoteFile": url or f"{api_url}{path}"}
    query |= {} if tree is None else {"phyloPlaceTree": tree}
    query |= {"subtreeSize": str(placement.subtree_size)}
    return UsherLink(f"{PAGE}?{urlencode(query)}", expires_at)


def _tree(conn: psycopg.Connection, placement: Placement) -> str | None:
    """Return the tree that is wanted, or the first one; None lets UShER choose."""
    known = [
        value
        for (value,) in conn.execute(
            "select options.value from aspen.usher_options as options"
            " inner join aspen.pathogens as pathogens on options.pathogen_id = pathogens.id"
            " where pathogens.slug = %s order by options.priority nulls last, options.value",
            [placement.pathogen],
        )
    ]
    if placement.tree is not None and placement.tree not in known:
        raise ControlError(
            f"there is no tree {placement.tree!r}",
            f"use one of {', '.join(known)}" if known else "run control load usher-options",
        )
    return placement.tree or next(iter(known), None)
