"""Compare the users and memberships of both sides, and plan how one follows the other.

Nothing is guessed: what a person must decide is a conflict, and stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from control.directory.interface import Member, Organization, Person
from control.errors import ControlError

# Organisation and subject of a membership, on either side.
Key = tuple[str, str]
# A side that would lose more than this share of its memberships was probably not read whole.
MOST_LOST = 0.1
DISABLED = "disabled"


@dataclass(frozen=True)
class Group:
    """A group of ours, and the organisation that it stands for."""

    id: int
    name: str
    prefix: str
    organization_id: str | None


@dataclass(frozen=True)
class User:
    """A user of ours."""

    subject: str
    email: str
    is_operator: bool
    is_disabled: bool


@dataclass(frozen=True)
class Stored:
    """What the database has. Roles are those in linked groups, by organisation."""

    groups: tuple[Group, ...]
    users: Mapping[str, User]
    roles: Mapping[Key, str]
    # Per group, linked or not, the admins who can sign in.
    admins: Mapping[str, Set[str]]

    @property
    def linked(self) -> dict[str, Group]:
        """Return the groups that stand for an organisation, by its id."""
        return {one.organization_id: one for one in self.groups if one.organization_id}


@dataclass(frozen=True)
class Listed:
    """What the directory has: the members of each organisation, and who is who."""

    organizations: Mapping[str, Organization]
    members: Mapping[str, tuple[Member, ...]]
    people: Mapping[str, Person]
    # Ids of people and organisations whose names or addresses the database would refuse.
    unstorable: Set[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """One difference. `organization` and `subject` are ids, the rest is for people."""

    action: Literal["add", "change", "remove"]
    kind: Literal["group", "user", "membership"]
    subject: str | None
    organization: str | None
    group: str | None
    before: str | None
    after: str | None
    reason: str


@dataclass(frozen=True)
class Conflict:
    """Something that a person must decide."""

    subject: str | None
    group: str | None
    reason: str


@dataclass
class Plan:
    """All differences. `current` are the memberships of the side that follows."""

    current: Set[Key]
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def chosen(self, *, deletes: bool) -> list[Change]:
        """Return what is done."""
        return [one for one in self.changes if deletes or one.action != "remove"]

    def require_modest(self, *, deletes: bool) -> None:
        """Fail if so much would be lost that the other side was probably not read whole."""
        done = self.chosen(deletes=deletes)
        people = len({subject for _, subject in self.current})
        removed = sum(one.kind == "membership" and one.action == "remove" for one in done)
        disabled = sum(one.after == DISABLED for one in done)
        if removed > MOST_LOST * len(self.current) or disabled > MOST_LOST * people:
            raise ControlError(
                f"{removed} of {len(self.current)} memberships would be removed and {disabled} of"
                f" {people} users disabled, more than a tenth: nothing was changed",
                "if the list without --apply is what you expect, give --force",
            )


def plan_from_directory(stored: Stored, listed: Listed, *, deletes: bool) -> Plan:
    """Plan how the database follows the directory."""
    plan = Plan(stored.roles.keys())
    linked = dict(stored.linked)
    for organization in listed.organizations.values():
        _plan_group(plan, stored, linked, organization, listed.unstorable)
    for organization_id, group in linked.items():
        if organization_id not in listed.organizations:
            plan.conflicts.append(
                Conflict(None, group.name, f"its organisation {organization_id} does not exist")
            )
    followed = {key: group for key, group in linked.items() if key in listed.organizations}
    barred = _plan_users(plan, stored, listed, followed)
    wanted: dict[Key, str] = {}
    undecided: set[Key] = set()
    for organization_id, group in followed.items():
        for member in listed.members[organization_id]:
            key = organization_id, member.person_id
            if member.person_id in barred:
                undecided.add(key)
            elif member.role is None:
                undecided.add(key)
                plan.conflicts.append(
                    Conflict(member.person_id, group.name, "has none of our roles there")
                )
            else:
                wanted[key] = member.role
    current = {key: role for key, role in stored.roles.items() if key[0] in followed}
    _compare(plan, followed, stored, current, wanted, undecided, deletes, "the organisation")
    return plan


def plan_from_database(
    stored: Stored, listed: Listed, strangers: Set[str], *, deletes: bool
) -> Plan:
    """Plan how the directory follows the database; it does not know the `strangers`."""
    linked = {key: one for key, one in stored.linked.items() if key in listed.organizations}
    current = {
        (key, member.person_id): member.role or "none"
        for key in linked
        for member in listed.members[key]
    }
    plan = Plan(current.keys())
    for key, group in stored.linked.items():
        if key not in linked:
            plan.conflicts.append(
                Conflict(None, group.name, f"its organisation {key} does not exist")
            )
    wanted: dict[Key, str] = {}
    for (organization_id, subject), role in stored.roles.items():
        if organization_id not in linked or stored.users[subject].is_disabled:
            continue
        if subject in strangers:
            plan.conflicts.append(
                Conflict(subject, linked[organization_id].name, "the directory does not know them")
            )
        else:
            wanted[organization_id, subject] = role
    _compare(plan, linked, stored, current, wanted, set(), deletes, "the group")
    return plan


def _plan_group(
    plan: Plan,
    stored: Stored,
    linked: dict[str, Group],
    organization: Organization,
    unstorable: Set[str],
) -> None:
    """Plan a group for an organisation that has none, if it says with which prefix."""
    if organization.id in linked:
        return
    known = (*stored.groups, *linked.values())
    taken = {text for one in known for text in (one.name, one.prefix)}
    if organization.prefix is None:
        problem = "no group stands for it"
    elif organization.id in unstorable:
        problem = f"a group cannot have its name or the prefix {organization.prefix}"
    elif organization.name in taken or organization.prefix in taken:
        problem = "another group has its name or prefix"
    else:
        linked[organization.id] = Group(0, organization.name, organization.prefix, organization.id)
        plan.changes.append(
            Change(
                action="add",
                kind="group",
                subject=None,
                organization=organization.id,
                group=organization.name,
                before=None,
                after=organization.prefix,
                reason="a new organisation",
            )
        )
        return
    remedy = f"{problem}: --link GROUP={organization.id}"
    plan.conflicts.append(Conflict(None, organization.name, remedy))


def _plan_users(
    plan: Plan, stored: Stored, listed: Listed, followed: Mapping[str, Group]
) -> set[str]:
    """Plan new and lost users, and return who gets no membership because of a conflict."""
    wanted = {one.person_id: key for key in followed for one in listed.members[key]}
    owners = {user.email.lower(): user.subject for user in stored.users.values()}
    addresses: dict[str, list[str]] = defaultdict(list)
    for subject in wanted:
        person = listed.people.get(subject)
        if person is not None and person.email is not None:
            addresses[person.email.lower()].append(subject)
    barred: set[str] = set()
    disabled: set[str] = set()
    for subject, organization_id in wanted.items():
        person, user = listed.people.get(subject), stored.users.get(subject)
        name = followed[organization_id].name
        if person is None:
            problem: str | None = "the directory has a member, but no such user: try again later"
        elif user is not None:
            problem = None
            if person.is_blocked and not user.is_disabled:
                _plan_disabling(plan, stored, user, disabled, "change", "blocked in the directory")
            if person.email is None or person.email.lower() != user.email.lower():
                # The role is certain all the same: it belongs to the subject.
                plan.conflicts.append(
                    Conflict(subject, None, f"the address is {person.email}, but {user.email} here")
                )
        elif person.is_blocked:
            barred.add(subject)
            continue
        else:
            problem = _problem_of_new(person, owners, addresses, listed.unstorable)
        if problem is not None:
            barred.add(subject)
            plan.conflicts.append(Conflict(subject, name, problem))
        elif user is None and person is not None:
            plan.changes.append(
                Change("add", "user", subject, None, None, None, person.email, f"new in {name}")
            )
    held = {subject for (key, subject) in stored.roles if key in followed}
    for subject in sorted(held - set(wanted) - set(listed.people)):
        if not stored.users[subject].is_disabled:
            reason = "not in the directory any more"
            _plan_disabling(plan, stored, stored.users[subject], disabled, "remove", reason)
    return barred


def _problem_of_new(
    person: Person,
    owners: Mapping[str, str],
    addresses: Mapping[str, list[str]],
    unstorable: Set[str],
) -> str | None:
    if person.email is None:
        return "has no e-mail address"
    if not person.is_verified:
        return f"the address {person.email} is not verified"
    others = [one for one in addresses[person.email.lower()] if one != person.id]
    if others:
        return f"{others[0]} has the same address {person.email}"
    if owner := owners.get(person.email.lower()):
        return f"the address {person.email} is that of {owner} here"
    if person.id in unstorable:
        return f"the name {person.name!r} or the address {person.email} is not allowed here"
    return None


def _plan_disabling(
    plan: Plan,
    stored: Stored,
    user: User,
    disabled: set[str],
    action: Literal["change", "remove"],
    reason: str,
) -> None:
    """Plan that a user loses access, unless that takes something nobody else can give back."""
    lonely = [
        group
        for group, admins in stored.admins.items()
        if user.subject in admins and not admins - disabled - {user.subject}
    ]
    if user.is_operator:
        plan.conflicts.append(
            Conflict(user.subject, None, f"{reason}, but an operator: disable them by hand")
        )
    elif lonely:
        plan.conflicts.append(
            Conflict(user.subject, lonely[0], f"{reason}, but the last admin of the group")
        )
    else:
        disabled.add(user.subject)
        plan.changes.append(
            Change(action, "user", user.subject, None, None, "enabled", DISABLED, reason)
        )


def _compare(
    plan: Plan,
    groups: Mapping[str, Group],
    stored: Stored,
    current: Mapping[Key, str],
    wanted: Mapping[Key, str],
    undecided: Set[Key],
    deletes: bool,
    source: str,
) -> None:
    """Plan the memberships that make `current` the same as `wanted`."""
    found: dict[str, list[Change]] = defaultdict(list)
    for key in sorted(wanted.keys() | current.keys()):
        organization_id, subject = key
        before, after = current.get(key), wanted.get(key)
        if before == after or key in undecided:
            continue
        if after is None and stored.users.get(subject, _UNKNOWN).is_operator:
            plan.conflicts.append(
                Conflict(
                    subject,
                    groups[organization_id].name,
                    f"is not in {source}, but an operator: remove them by hand",
                )
            )
            continue
        found[organization_id].append(_change(groups[organization_id], key, before, after, source))
    for organization_id, changes in found.items():
        _keep_an_admin(plan, organization_id, changes, current, deletes)


_UNKNOWN = User("", "", is_operator=False, is_disabled=False)


def _change(group: Group, key: Key, before: str | None, after: str | None, source: str) -> Change:
    organization_id, subject = key
    if after is None:
        action: Literal["add", "change", "remove"] = "remove"
        reason = f"is not in {source}"
    else:
        action = "add" if before is None else "change"
        reason = f"is in {source}" if before is None else f"has this role in {source}"
    return Change(action, "membership", subject, organization_id, group.name, before, after, reason)


def _keep_an_admin(
    plan: Plan,
    organization_id: str,
    changes: Iterable[Change],
    current: Mapping[Key, str],
    deletes: bool,
) -> None:
    """Take the changes of a group into the plan, but leave its admins if nobody follows them."""
    changes = list(changes)
    before = {
        who for (key, who), role in current.items() if (key, role) == (organization_id, "admin")
    }
    done = [one for one in changes if deletes or one.action != "remove"]
    after = (before - {f"{one.subject}" for one in done}) | {
        f"{one.subject}" for one in done if one.after == "admin"
    }
    for change in changes:
        if before and not after and change.before == "admin":
            plan.conflicts.append(
                Conflict(
                    change.subject, change.group, f"{change.reason}, but no admin would be left"
                )
            )
        else:
            plan.changes.append(change)
