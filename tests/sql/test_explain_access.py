"""Why somebody sees a row or does not: the verdict is row-level security's, the words are ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.kept_session import KeptSession
from tests.people import PEOPLE, store_groups, store_people
from tests.refusals import refusal_of

EXPLAIN = "select step, outcome, explanation from api.explain_access(%s, %s, %s)"
VERDICT = "select outcome from api.explain_access(%s, %s, %s) where step = 'verdict'"
SETTINGS = "select " + ", ".join(
    f"current_setting('aspen.{name}', true)"
    for name in ("any_groups", "full_groups", "direct_groups", "member_groups", "admin_groups")
)
KINDS = ("open", "private", "restricted", "disclosed")
OF_SAMPLES = (
    "samples",
    "sequences",
    "accessions",
    "sample_lineages",
    "sample_qc_metrics",
    "sample_mutations",
)
OF_GROUPS = (
    "jobs",
    "job_inputs",
    "job_outputs",
    "job_schedules",
    "phylo_runs",
    "phylo_trees",
    "share_links",
    "uploads",
    "import_problems",
    "submissions",
    "submission_files",
    "submission_samples",
    "changes",
)
TOKEN = (
    "token",
    "note",
    "This is about a token that names no groups. One that does counts instead of memberships,"
    " until it expires; what it names is not known here.",
)
ENABLED = ("user", "allows", "The user is enabled.")
HIDDEN = ("verdict", "hidden", "The user does not see the row.")
WHO_OF_SAMPLES = (
    "Who sees rows of samples: members and admins of the group, direct or by a grant, and"
    " viewers unless the sample is private or restricted."
)


def day(days: int) -> str:
    """Return a day from today on, in UTC."""
    return f"{datetime.now(UTC).date() + timedelta(days):%Y-%m-%d}"


class Cast:
    """The cast, and a row of every resource that the lab owns."""

    def __init__(self, conn: psycopg.Connection, request_as: RequestAs) -> None:
        self.conn = conn
        self.request_as = request_as
        self.groups = store_groups(conn)
        self.lab = self.groups["lab"]
        self.users = store_people(conn, self.groups)
        self.rows: dict[tuple[str, str], int] = {}
        columns: dict[str, dict[str, object]] = {
            "open": {},
            "private": {"is_private": True},
            "restricted": {"restricted_until": day(1)},
            "disclosed": {"restricted_until": day(0)},
        }
        for kind in KINDS:
            sample = factories.sample(conn, self.lab, f"of-{kind}", **columns[kind])
            self.rows["samples", kind] = sample
            self.rows["sequences", kind] = factories.sequence(conn, sample)
            self.rows["accessions", kind] = factories.accession(conn, sample)
            self.rows["sample_lineages", kind] = factories.sample_lineage(conn, sample)
            self.rows["sample_qc_metrics", kind] = factories.qc_metric(conn, sample)
            self.rows["sample_mutations", kind] = factories.mutations(conn, sample)
        submission = factories.submission(conn, self.lab)
        run = factories.phylo_run(conn, self.lab)
        tree = factories.phylo_tree(conn, run)
        link = factories.share_link(conn, self.users["alice"], phylo_tree_id=tree)
        self.rows |= {
            ("jobs", "open"): factories.job(conn, self.lab),
            ("job_inputs", "open"): 4 * factories.job_sample(conn, run, sample),
            ("job_schedules", "open"): factories.job_schedule(conn, self.lab),
            ("uploads", "open"): factories.upload(conn, self.lab),
            ("import_problems", "open"): factories.import_problem(
                conn, factories.job(conn, self.lab, "import")
            ),
            ("submissions", "open"): submission,
            ("submission_files", "open"): factories.submission_file(conn, submission),
            ("submission_samples", "open"): factories.submission_sample(conn, submission),
            ("job_outputs", "open"): factories.job_output(conn, run),
            ("phylo_runs", "open"): run,
            ("phylo_trees", "open"): tree,
            ("share_links", "open"): link,
            ("changes", "open"): factories.change(conn, self.lab),
        }

    @contextmanager
    def request_of(self, name: str) -> Iterator[psycopg.Connection]:
        """Begin a request of a person."""
        with self.request_as(PEOPLE[name].database_role, sub=name) as conn:
            yield conn

    def explain(self, asker: str, name: str, resource: str = "samples", kind: str = "open") -> Any:
        """Return the steps that an asker is told about a person and a row."""
        with self.request_of(asker) as conn:
            return conn.execute(
                EXPLAIN, [resource, self.rows[resource, kind], self.users[name]]
            ).fetchall()

    def refusal(self, asker: str, *arguments: object) -> Any:
        """Return how a question is refused."""
        with self.request_of(asker) as conn:
            return refusal_of(conn, EXPLAIN, arguments)

    def sees(self, name: str, resource: str, kind: str) -> bool:
        """Tell whether a request of a person shows a row."""
        try:
            with self.request_of(name) as conn:
                found = conn.execute(
                    sql.SQL("select from api.{} where id = %s").format(sql.Identifier(resource)),
                    [self.rows[resource, kind]],
                ).fetchall()
        except psycopg.Error as error:
            if PEOPLE[name].disabled_at is None:
                raise
            assert "user_disabled" in f"{error}"
            return False
        return found != []


@pytest.fixture
def cast(
    request: pytest.FixtureRequest,
    admin: psycopg.Connection,
    request_as: RequestAs,
    kept_sessions: dict[str, KeptSession],
) -> Cast:
    """Store the cast and the rows of the lab."""
    return kept_sessions["control"].store(request, lambda: Cast(admin, request_as))


def outcomes(cast: Cast, asker: str) -> dict[tuple[str, str, str], str | None]:
    """Return the verdict about every person and row, None where there is no answer."""
    found: dict[tuple[str, str, str], str | None] = {}
    for name in PEOPLE:
        for (resource, kind), row in cast.rows.items():
            with cast.request_of(asker) as conn:
                try:
                    answer = conn.execute(VERDICT, [resource, row, cast.users[name]]).fetchone()
                    assert answer is not None
                    found[name, resource, kind] = answer[0]
                except psycopg.Error as error:
                    assert "user_not_found" in f"{error}"
                    found[name, resource, kind] = None
    return found


def truth(cast: Cast) -> dict[tuple[str, str, str], str | None]:
    """Return the verdict that requests of every person give about every row."""
    return {
        (name, *row): "visible" if cast.sees(name, *row) else "hidden"
        for name in PEOPLE
        for row in cast.rows
    }


def test_operator_is_told_what_row_level_security_answers(cast: Cast) -> None:
    """Compare the verdict about every person and row with a request of that person."""
    expected = truth(cast)

    assert outcomes(cast, "olga") == expected
    assert set(expected.values()) == {"visible", "hidden"}


def test_admin_is_told_what_row_level_security_answers(cast: Cast) -> None:
    """Answer about everybody but those without a role in the lab or in a group it granted."""
    expected = truth(cast) | {(name, *row): None for name in ("bob", "olga") for row in cast.rows}

    assert outcomes(cast, "ada") == expected


def test_ended_grants_end_the_verdict(cast: Cast) -> None:
    """Compare once more when every grant of the lab has ended."""
    cast.conn.execute(
        "update aspen.group_grants set created_at = '2024-01-01', ends_at = '2024-02-01'"
    )

    assert outcomes(cast, "olga") == truth(cast)


@pytest.mark.parametrize(
    "fault",
    [
        "alter policy sequences_select_group on aspen.sequences"
        " using (group_id = any(authz.any_groups()))",
        "drop policy phylo_trees_select_group on aspen.phylo_trees",
    ],
    ids=["sequences for viewers", "no trees"],
)
def test_verdict_follows_the_policies_and_not_a_copy_of_them(cast: Cast, fault: str) -> None:
    """Change a policy, and find the verdict changed with it."""
    before = truth(cast)

    cast.conn.execute(fault.encode())

    after = truth(cast)
    assert after != before
    if "phylo_trees" not in fault:
        assert outcomes(cast, "olga") == after


def test_every_resource_of_a_group_can_be_asked_about(cast: Cast) -> None:
    """Find no view with an id and a group that the function does not know."""
    found = cast.conn.execute(
        "select c.relname from pg_class as c where c.relnamespace = 'api'::regnamespace"
        " and c.relkind = 'v' and (select count(*) from pg_attribute as a where a.attrelid = c.oid"
        " and a.attname in ('id', 'group_id')) = 2"
    ).fetchall()

    about_access = {"group_members", "group_grants", "invitations", "machine_tokens"}
    # Admins alone see webhooks, and an event is seen like the row that it tells of.
    about_access |= {"webhooks", "events"}
    assert {name for (name,) in found} - about_access == {*OF_SAMPLES, *OF_GROUPS}


def test_own_groups_are_back_after_the_answer(cast: Cast) -> None:
    """Restore what the caller may see, after an answer and after a refusal.

    It is another set of groups for each of the things that a role allows.
    """
    factories.membership(cast.conn, cast.groups["others"], cast.users["ada"], "member")
    factories.membership(cast.conn, cast.groups["guests"], cast.users["ada"], "viewer")
    factories.grant(cast.conn, cast.groups["allies"], cast.lab, "member")
    with cast.request_of("ada") as conn:
        before = conn.execute(SETTINGS).fetchone()
        conn.execute(EXPLAIN, ["samples", cast.rows["samples", "private"], cast.users["vic"]])
        answered = conn.execute(SETTINGS).fetchone()
        refusal_of(conn, EXPLAIN, ["samples", cast.rows["samples", "open"], cast.users["bob"]])
        refused = conn.execute(SETTINGS).fetchone()

    assert (answered, refused) == (before, before)


def test_admin_reads_why_a_viewer_sees_no_private_sample(cast: Cast) -> None:
    """Name the membership and the flag."""
    assert cast.explain("ada", "vic", kind="private") == [
        ENABLED,
        TOKEN,
        ("membership", "allows", "The user is viewer in lab, which owns the row."),
        ("grant", "denies", "lab grants no access to a group where the user has a role."),
        ("sample", "denies", "The sample is private: only members and admins see it."),
        ("rule", "denies", WHO_OF_SAMPLES),
        HIDDEN,
    ]


def test_admin_reads_until_when_a_sample_is_restricted(cast: Cast) -> None:
    """Name the day, and that members see it meanwhile."""
    text = f"The sample is restricted until {day(1)}, 00:00 UTC: only members and admins see it."
    of_viewer = cast.explain("ada", "vic", kind="restricted")
    of_member = cast.explain("ada", "alice", kind="restricted")

    assert ("sample", "denies", text) in of_viewer
    assert ("sample", "allows", text) in of_member
    assert of_member[-1] == ("verdict", "visible", "The user sees the row.")


def test_admin_reads_which_grant_decides_and_when_it_ends(cast: Cast) -> None:
    """Name the group, the role and the end of the grant."""
    cast.conn.execute(
        "update aspen.group_grants set ends_at = '2999-01-01' where grantee_group_id = %s",
        [cast.groups["guests"]],
    )

    assert cast.explain("ada", "gus") == [
        ENABLED,
        TOKEN,
        ("membership", "denies", "The user has no role in lab, which owns the row."),
        (
            "grant",
            "allows",
            "lab grants the role viewer to guests, where the user has a role,"
            " until 2999-01-01 00:00 UTC.",
        ),
        ("sample", "allows", "The sample is neither private nor restricted: viewers see it."),
        ("rule", "allows", WHO_OF_SAMPLES),
        (
            "verdict",
            "visible",
            "The user sees the row, without what is for members and admins only.",
        ),
    ]


def test_admin_reads_that_a_grant_has_ended(cast: Cast) -> None:
    """Say when, and that the row is hidden."""
    cast.conn.execute(
        "update aspen.group_grants set created_at = '2024-01-01', ends_at = '2024-02-01'"
        " where grantee_group_id = %s",
        [cast.groups["partners"]],
    )

    explained = cast.explain("ada", "pat")

    assert (
        "grant",
        "denies",
        "lab granted the role member to partners, where the user has a role,"
        " and this ended 2024-02-01 00:00 UTC.",
    ) in explained
    assert explained[-1] == HIDDEN


def test_admin_reads_that_a_user_is_disabled(cast: Cast) -> None:
    """Deny what the role of the user would allow."""
    explained = cast.explain("ada", "dina")

    assert explained[0] == (
        "user",
        "denies",
        "The user is disabled since 2024-01-01 00:00 UTC: every request is refused.",
    )
    assert explained[-1] == HIDDEN


def test_since_when_users_of_other_groups_are_disabled_is_not_told(cast: Cast) -> None:
    """Give an admin the fact, and an operator the time as well."""
    cast.conn.execute(
        "update aspen.users set disabled_at = '2024-05-05' where id = %s", [cast.users["gus"]]
    )

    of_admin, of_operator = (cast.explain(asker, "gus")[0] for asker in ("ada", "olga"))
    assert of_admin == ("user", "denies", "The user is disabled: every request is refused.")
    assert of_operator[2].startswith("The user is disabled since 2024-05-0")


@pytest.mark.parametrize(
    ("name", "asker", "is_told"),
    [("vic", "ada", True), ("gus", "ada", False), ("gus", "olga", True)],
)
def test_end_of_sessions_is_told_of_own_members(
    cast: Cast, name: str, asker: str, is_told: bool
) -> None:
    """Keep that of users of other groups for operators."""
    cast.conn.execute(
        "update aspen.users set tokens_valid_after = '2024-03-01 10:00+00' where id = %s",
        [cast.users[name]],
    )

    text = "Tokens issued before 2024-03-01 10:00 UTC are refused: sign in again."
    assert (("token", "note", text) in cast.explain(asker, name)) is is_told


def test_operator_reads_no_value_of_the_row(cast: Cast) -> None:
    """Give one text for a private sample and a restricted one, without a day."""
    private, restricted = (
        cast.explain("olga", "vic", kind=kind) for kind in ("private", "restricted")
    )

    text = "The sample is private or restricted: only members and admins see it."
    assert private == restricted
    assert ("sample", "denies", text) in private


def test_operator_reads_that_operators_see_no_group(cast: Cast) -> None:
    """Explain an operator's own empty list, with the groups claim of operators."""
    explained = cast.explain("olga", "olga")

    assert (
        "operator",
        "note",
        "An operator sees no rows of a group without a role in it.",
    ) in explained
    assert explained[1][2].endswith("Of an operator, the weaker role of the two counts.")
    assert explained[-1] == HIDDEN


def test_operator_reads_nothing_about_operators_of_others(cast: Cast) -> None:
    """Tell an operator of a user who is none what an admin is told."""
    assert cast.explain("olga", "gus") == cast.explain("ada", "gus")


@pytest.mark.parametrize("asker", ["alice", "pat", "bob"])
def test_only_admins_reach_what_a_user_may_see(cast: Cast, asker: str) -> None:
    """Check the caller once more below the API."""
    query = "select sees_any from authz.user_access(%s, %s)"
    arguments = [cast.users["gus"], cast.lab]
    with cast.request_of(asker) as conn:
        denied = conn.execute(query, arguments).fetchall()
    with cast.request_of("ada") as conn:
        allowed = conn.execute(query, arguments).fetchall()

    assert (denied, allowed) == ([], [(True,)])


def test_admin_is_not_told_who_is_an_operator(cast: Cast) -> None:
    """Say of an operator who is a member what is said of a member."""
    assert cast.explain("ada", "otto") == cast.explain("ada", "alice")


def test_without_a_user_it_is_about_the_caller(cast: Cast) -> None:
    """Explain the caller's own access."""
    with cast.request_of("ada") as conn:
        own = conn.execute(EXPLAIN, ["samples", cast.rows["samples", "open"], None]).fetchall()

    assert own == cast.explain("ada", "ada")


@pytest.mark.parametrize("resource", [*OF_SAMPLES, *OF_GROUPS])
@pytest.mark.parametrize("asker", ["alice", "vic", "gwen", "pat", "gus", "bob", "otto"])
def test_row_is_absent_for_whoever_is_no_admin_of_its_group(
    cast: Cast, asker: str, resource: str
) -> None:
    """Answer members, granted admins and strangers as if there were no row."""
    row = cast.rows[resource, "open"]
    if asker == "otto":
        # An operator who asks as a member is one.
        with cast.request_as("member", sub="otto") as conn:
            answer = refusal_of(conn, EXPLAIN, [resource, row, cast.users["otto"]])
    else:
        answer = cast.refusal(asker, resource, row, cast.users[asker])

    assert answer == (404, "row_not_found", {"resource": resource, "id": row})


@pytest.mark.parametrize("row", [0, -1, 2**63 - 1, None])
def test_row_that_does_not_exist_is_absent(cast: Cast, row: int | None) -> None:
    """Answer an admin and an operator alike."""
    refused = (404, "row_not_found", {"resource": "samples", "id": row})

    assert cast.refusal("ada", "samples", row, cast.users["vic"]) == refused
    assert cast.refusal("olga", "samples", row, cast.users["vic"]) == refused


def test_stranger_is_as_absent_as_a_user_who_does_not_exist(cast: Cast) -> None:
    """Tell an admin nothing about users of groups that have no access."""
    row = cast.rows["samples", "open"]

    assert [cast.refusal("ada", "samples", row, user) for user in (cast.users["bob"], 0)] == [
        (404, "user_not_found", {"user_id": cast.users["bob"]}),
        (404, "user_not_found", {"user_id": 0}),
    ]
    assert cast.refusal("olga", "samples", row, 0) == (404, "user_not_found", {"user_id": 0})


@pytest.mark.parametrize("resource", ["groups", "users", "me", "", "samples; drop", None])
def test_other_resources_are_refused(cast: Cast, resource: str | None) -> None:
    """Name what was sent."""
    refused = cast.refusal("ada", resource, 1, None)

    assert refused[:2] == (400, "invalid_argument")
    assert refused[2]["resource"] in (resource, None)


def test_claim_that_names_no_admin_ends_the_right_to_ask(cast: Cast) -> None:
    """Take the right to ask from the token of the caller, as everywhere else."""
    row = cast.rows["samples", "open"]
    with cast.request_as("member", sub="ada", groups={cast.lab: "member"}) as conn:
        weaker = refusal_of(conn, EXPLAIN, ["samples", row, cast.users["vic"]])

    assert weaker == (404, "row_not_found", {"resource": "samples", "id": row})


def test_roles_in_other_groups_are_not_told(cast: Cast) -> None:
    """Leave out what the user has in groups that the lab granted nothing."""
    before = cast.explain("ada", "gus")
    other = factories.group(cast.conn, "secret")
    factories.membership(cast.conn, other, cast.users["gus"], "admin")
    factories.grant(cast.conn, cast.groups["others"], cast.groups["guests"])

    assert cast.explain("ada", "gus") == before


@pytest.mark.parametrize(
    ("query", "inner"),
    [
        ("select * from authz.held_groups(1) as held", "memberships"),
        ("select * from authz.granted_groups('{1}') as granted", "group_grants"),
        (
            "select authz.claimed_groups(current_setting('request.jwt.claims')::jsonb, '$')",
            "jsonb_path_query_array",
        ),
    ],
)
def test_rules_that_requests_share_cost_no_call(
    admin: psycopg.Connection, query: str, inner: str
) -> None:
    """Put the bodies into the place of the calls, since every request runs them."""
    with admin.transaction(force_rollback=True):
        admin.execute("set local role claims_reader")
        plan = admin.execute(f"explain verbose {query}".encode()).fetchall()

    assert "authz." not in f"{plan}"
    assert inner in f"{plan}"
