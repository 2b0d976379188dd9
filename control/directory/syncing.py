"""Let the database follow the directory, or the directory the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

import psycopg

from control.directory.interface import Directory, Member
from control.directory.planning import (
    Change,
    Listed,
    Plan,
    Stored,
    plan_from_database,
    plan_from_directory,
)
from control.directory.stored import (
    link,
    read_stored,
    take_turns,
    unstorable,
    unstorable_groups,
    write,
)
from control.errors import ControlError
from control.terminal import counted

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the operator allows."""

    applies: bool = False
    deletes: bool = False
    forces: bool = False


def sync_from_directory(
    conn: psycopg.Connection,
    directory: Directory,
    links: Mapping[str, str],
    options: Options,
    say: Say,
) -> Plan:
    """Let users, groups and memberships follow the directory, in one transaction."""
    before = read_stored(conn, directory.issues)
    listed = _read(directory, before, links.values(), say)
    with conn.transaction(force_rollback=not options.applies):
        take_turns(conn)
        linked = link(conn, links)
        stored = read_stored(conn, directory.issues)
        # Whoever joined after the directory was asked is not missing there; another run may have
        # stored those whom it has.
        there = {(key, one.person_id) for key, some in listed.members.items() for one in some}
        known = {
            key: role
            for key, role in stored.roles.items()
            if key in before.roles or key in there or key[0] in links.values()
        }
        new = [one for one in listed.people.values() if one.id not in stored.users]
        refused = unstorable(conn, new) | unstorable_groups(conn, listed.organizations.values())
        plan = plan_from_directory(
            replace(stored, roles=known),
            replace(listed, unstorable=refused),
            deletes=options.deletes,
        )
        plan.changes[:0] = linked
        if options.applies:
            if not options.forces:
                plan.require_modest(deletes=options.deletes)
            write(conn, plan.chosen(deletes=options.deletes), listed.people)
    return plan


def sync_from_database(
    conn: psycopg.Connection,
    directory: Directory,
    links: Mapping[str, str],
    options: Options,
    say: Say,
) -> Plan:
    """Let the organisations of the directory follow the groups; a second run does the rest."""
    with conn.transaction(force_rollback=True):
        link(conn, links)
        stored = read_stored(conn, directory.issues)
    listed = _read(directory, stored, links.values(), say)
    with conn.transaction(force_rollback=not options.applies):
        linked = link(conn, links)
    held = {subject for _, subject in stored.roles}
    plan = plan_from_database(stored, listed, held - listed.people.keys(), deletes=options.deletes)
    if options.applies:
        if not options.forces:
            plan.require_modest(deletes=options.deletes)
        _push(directory, plan.chosen(deletes=options.deletes), say)
    plan.changes[:0] = linked
    return plan


def _read(directory: Directory, stored: Stored, links: Collection[str], say: Say) -> Listed:
    """Read the organisations that concern us, their members, and who these are."""
    say("reading organisations")
    organizations = {one.id: one for one in directory.organizations()}
    if missing := [one for one in links if one not in organizations]:
        raise ControlError(
            f"the directory has no organisation {missing[0]}", "give its id after --link GROUP="
        )
    followed = stored.linked.keys() | set(links)
    members: dict[str, tuple[Member, ...]] = {}
    concern = [
        key for key, one in organizations.items() if key in followed or one.prefix is not None
    ]
    say(f"reading members of {len(concern)} organisations")
    for key in counted(concern, "reading members of organisations", len(concern)):
        members[key] = tuple(directory.members(key))
    ids = {one.person_id for some in members.values() for one in some}
    ids |= {subject for key, subject in stored.roles if key in followed}
    say(f"reading {len(ids)} people")
    return Listed(organizations, members, {one.id: one for one in directory.people(sorted(ids))})


def _push(directory: Directory, changes: Iterable[Change], say: Say) -> None:
    """Make the changes in the directory, organisation by organisation."""
    ordered = sorted(changes, key=lambda one: f"{one.organization}")
    for organization_id, group in groupby(ordered, key=lambda one: f"{one.organization}"):
        some = list(group)
        say(f"changing {len(some)} memberships of organisation {organization_id}")
        directory.add(organization_id, [f"{one.subject}" for one in some if one.action == "add"])
        for one in some:
            if one.after is not None:
                directory.set_role(organization_id, f"{one.subject}", one.after)
        gone = [f"{one.subject}" for one in some if one.action == "remove"]
        directory.remove(organization_id, gone)
