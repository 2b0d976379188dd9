"""Whatever happens to memberships, grants and samples, users see exactly what the rules allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg import sql

from control.database import begin_request, request_claims
from tests import factories
from tests.list_requests import as_list
from tests.servers import Database
from tests.sql.plain_rules import EVERYTHING, PlainRules, Sample, Seen

GROUPS = range(3)
USERS = ("alice", "bob", "olga")
OPERATORS = ("olga",)
LIVES, EVENTS = 15, 8

some_user = st.sampled_from(USERS)
some_group = st.sampled_from(GROUPS)
# How many days from today, in UTC, a sample is restricted until.
some_days = st.sampled_from((-1, 0, 1, None))
role_or_none = st.sampled_from(("admin", "member", "viewer", None))


def day(days: int | None) -> date | None:
    """Return a day from today on, in UTC."""
    return None if days is None else datetime.now(UTC).date() + timedelta(days)


def is_restricted(days: int | None) -> bool:
    """Tell whether viewers still wait for such a day."""
    return days is not None and days > 0


class Life(RuleBasedStateMachine):
    """Three groups, three users, and every event that may happen to them."""

    conn: ClassVar[psycopg.Connection]
    # How often the API was compared with the rules.
    compared: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.plain = PlainRules([factories.group(self.conn) for _ in GROUPS])
        for group in self.plain.groups:
            run = factories.phylo_run(self.conn, group)
            factories.job_output(self.conn, run)
            factories.phylo_tree(self.conn, run)
        self.user_ids = {
            user: factories.user(self.conn, user, is_operator=user in OPERATORS) for user in USERS
        }
        # So that anybody's role may be taken away: a group keeps at least one admin.
        factories.user(self.conn, "keeper", dict.fromkeys(self.plain.groups, "admin"))
        # The roles each user's token was issued with; they stay until the user signs in again.
        self.tokens: dict[str, dict[int, str]] = {user: {} for user in USERS}

    def teardown(self) -> None:
        """Undo everything."""
        self.conn.rollback()

    @initialize(
        roles=st.lists(role_or_none, min_size=9, max_size=9),
        grants=st.lists(role_or_none, min_size=9, max_size=9),
    )
    def begin(self, roles: list[str | None], grants: list[str | None]) -> None:
        """Draw any role for any user in any group, and any grant between groups."""
        for number, role in enumerate(roles):
            self.membership_changes(USERS[number // 3], number % 3, role)
        for number, role in enumerate(grants):
            self.grant_changes(number // 3, number % 3, role)
        for group in GROUPS:
            self.sample_arrives(group, is_private=True, days=None)
            self.sample_arrives(group, is_private=False, days=1)
            self.sample_arrives(group, is_private=False, days=0)
        for user in USERS:
            self.user_signs_in(user)

    @rule(user=some_user, group=some_group, role=role_or_none)
    def membership_changes(self, user: str, group: int, role: str | None) -> None:
        """Give, replace or take away (None) a role."""
        group_id, user_id = self.plain.groups[group], self.user_ids[user]
        self.plain.memberships.pop((user, group_id), None)
        self.conn.execute(
            "delete from aspen.memberships where group_id = %s and user_id = %s",
            [group_id, user_id],
        )
        if role is not None:
            self.plain.memberships[user, group_id] = role
            factories.membership(self.conn, group_id, user_id, role)

    @rule(group=some_group, grantee=some_group, role=role_or_none)
    def grant_changes(self, group: int, grantee: int, role: str | None) -> None:
        """Make, replace or revoke (None) a grant; a group cannot grant itself anything."""
        key = self.plain.groups[group], self.plain.groups[grantee]
        self.plain.grants.pop(key, None)
        self.conn.execute(
            "delete from aspen.group_grants where group_id = %s and grantee_group_id = %s", key
        )
        if role is not None and group != grantee:
            self.plain.grants[key] = role
            factories.grant(self.conn, *key, role)

    @rule(group=some_group, is_private=st.booleans(), days=some_days)
    def sample_arrives(self, group: int, is_private: bool, days: int | None) -> None:
        """Store a sample with every kind of row that can belong to one."""
        group_id = self.plain.groups[group]
        sample_id = factories.sample(
            self.conn, group_id, is_private=is_private, restricted_until=day(days)
        )
        factories.sequence(self.conn, sample_id)
        factories.sample_lineage(self.conn, sample_id)
        factories.qc_metric(self.conn, sample_id)
        factories.accession(self.conn, sample_id)
        self.plain.samples[sample_id] = Sample(group_id, is_private, is_restricted(days))

    @precondition(lambda self: self.plain.samples)
    @rule(number=st.integers(0, 99), is_private=st.booleans())
    def sample_is_made_private_or_public(self, number: int, is_private: bool) -> None:
        """Change a sample's privacy, which the rows that belong to it follow."""
        sample_id = self.sample_id(number)
        self.plain.samples[sample_id] = replace(
            self.plain.samples[sample_id], is_private=is_private
        )
        self.conn.execute(
            "update aspen.samples set is_private = %s where id = %s", [is_private, sample_id]
        )

    @precondition(lambda self: self.plain.samples)
    @rule(number=st.integers(0, 99), days=some_days)
    def sample_is_restricted_or_not(self, number: int, days: int | None) -> None:
        """Restrict a sample until a day, or end that."""
        sample_id = self.sample_id(number)
        self.plain.samples[sample_id] = replace(
            self.plain.samples[sample_id], is_restricted=is_restricted(days)
        )
        self.conn.execute(
            "update aspen.samples set restricted_until = %s where id = %s", [day(days), sample_id]
        )

    @precondition(lambda self: self.plain.samples)
    @rule(number=st.integers(0, 99))
    def sample_is_deleted(self, number: int) -> None:
        """Delete a sample with every row that belongs to it."""
        sample_id = self.sample_id(number)
        del self.plain.samples[sample_id]
        self.conn.execute("delete from aspen.samples where id = %s", [sample_id])

    @rule(user=some_user)
    def user_signs_in(self, user: str) -> None:
        """Issue a token that states the roles of this moment."""
        self.tokens[user] = self.plain.held_by(user)

    @invariant()
    def everybody_sees_what_the_rules_allow(self) -> None:
        """Apply a token's groups, or the memberships of this moment if it names none.

        For an operator, apply only what both say.
        """
        for user in USERS:
            is_operator = user in OPERATORS
            now = self.plain.held_by(user)
            token = weaker(self.tokens[user], now) if is_operator else self.tokens[user]
            assert self.seen_by(user, self.tokens[user]) == self.plain.visible(
                token, is_operator=is_operator
            )
            assert self.seen_by(user, None) == self.plain.visible(now, is_operator=is_operator)
        type(self).compared += 1

    def seen_by(self, user: str, groups: dict[int, str] | None) -> Seen:
        """Return all that the API shows a user with a token that names these groups, or none.

        A request for a list, of whose caller the planner knows more, must show the same.
        """
        role = "operator" if user in OPERATORS else "member"
        seen: list[Seen] = []
        for is_list in (False, True):
            with self.conn.transaction(force_rollback=True):
                if is_list:
                    as_list(self.conn)
                begin_request(self.conn, role, request_claims(role, user, groups))
                seen.append(set(self.conn.execute(EVERYTHING).fetchall()))
        assert seen[0] == seen[1]
        return seen[0]

    def sample_id(self, number: int) -> int:
        """Draw one of the stored samples."""
        known = list(self.plain.samples)
        return known[number % len(known)]


def weaker(one: dict[int, str], other: dict[int, str]) -> dict[int, str]:
    """Return the groups that both name, with the weaker role."""
    strength = ("viewer", "member", "admin")
    return {
        group: min(one[group], other[group], key=strength.index) for group in one.keys() & other
    }


@pytest.fixture
def life(shared_database: Database) -> Iterator[type[Life]]:
    """Return the state machine of this test, whose runs each have a transaction of their own."""

    class LifeHere(Life):
        conn = psycopg.connect(shared_database.url)

    with LifeHere.conn:
        yield LifeHere
        LifeHere.conn.rollback()


@pytest.fixture
def first_day(life: type[Life]) -> Life:
    """Store Alice as a member of the first group, Bob as a viewer of the second, and no grant."""
    day = life()
    roles = ["member", None, None, None, "viewer", None, None, None, None]
    day.begin(roles, [None] * 9)
    return day


def test_everybody_sees_exactly_what_the_rules_allow(life: type[Life]) -> None:
    """Compare the API with the rules after every event of generated sequences of events."""
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=EVENTS,
            # Lives are short enough to read; making one shorter takes minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert life.compared > LIVES * EVENTS / 2


@pytest.mark.parametrize(
    "fault",
    [
        "drop policy samples_fence on aspen.samples;"
        " create policy x on aspen.samples for select to member using (true)",
        "alter policy sequences_select_group on aspen.sequences using (true)",
        "drop policy accessions_fence on aspen.accessions;"
        " alter policy accessions_select_group on aspen.accessions using (true)",
        "drop policy phylo_trees_select_group on aspen.phylo_trees",
        "drop policy sample_lineages_fence on aspen.sample_lineages;"
        " alter policy sample_lineages_select_group on aspen.sample_lineages"
        " using (group_id = any(authz.any_groups()) and (disclosed_at < '9999-01-01'"
        " or group_id = any(authz.full_groups())))",
        "alter table aspen.jobs disable row level security",
        "drop policy sample_lineages_select_group on aspen.sample_lineages",
    ],
    ids=[
        "all samples",
        "sequences for viewers",
        "accessions of private samples",
        "no trees",
        "lineages of restricted samples",
        "all jobs",
        "no lineages",
    ],
)
def test_comparison_notices_a_wrong_policy(first_day: Life, fault: str) -> None:
    """Pass with the real policies, and fail once a policy shows too much or too little."""
    first_day.everybody_sees_what_the_rules_allow()

    first_day.conn.execute(fault.encode())

    with pytest.raises(AssertionError):
        first_day.everybody_sees_what_the_rules_allow()


def test_fences_hold_where_a_policy_is_careless(first_day: Life) -> None:
    """Show Bob no row of another group, though a policy allows every row."""
    allow_everything(first_day.conn)

    seen = first_day.seen_by("bob", None)

    second_group = first_day.plain.groups[1]
    of_second_group = {second_group} | {
        sample_id
        for sample_id, sample in first_day.plain.samples.items()
        if sample.group == second_group
    }
    assert {about for _, about, _ in seen} - of_second_group == set()


def test_careless_policy_shows_everything_without_fences(first_day: Life) -> None:
    """Show that without the fences the careless policy opens every row."""
    allow_everything(first_day.conn)
    drop_fences(first_day.conn)

    seen = first_day.seen_by("bob", None)

    platform = {0}
    assert {about for _, about, _ in seen} == platform | set(first_day.plain.groups) | set(
        first_day.plain.samples
    )


def allow_everything(conn: psycopg.Connection) -> None:
    """Give every fenced table a policy that lets callers read all rows."""
    for table in fenced_tables(conn):
        conn.execute(
            sql.SQL("create policy careless on aspen.{} for select to member using (true)").format(
                sql.Identifier(table)
            )
        )


def drop_fences(conn: psycopg.Connection) -> None:
    """Drop every fence."""
    for table in fenced_tables(conn):
        conn.execute(
            sql.SQL("drop policy {} on aspen.{}").format(
                sql.Identifier(f"{table}_fence"), sql.Identifier(table)
            )
        )


def fenced_tables(conn: psycopg.Connection) -> list[str]:
    """Return the tables that have a fence."""
    rows = conn.execute(
        "select tables.relname from pg_catalog.pg_policy as policies"
        " inner join pg_catalog.pg_class as tables on policies.polrelid = tables.oid"
        " where not policies.polpermissive and policies.polname = tables.relname || '_fence'"
    )
    return [name for (name,) in rows.fetchall()]
