"""Links to trees and sequences, made, used and ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.factories import GENOME, Tip
from tests.kept_session import KeptSession
from tests.people import store_groups, store_people
from tests.refusals import refusal_of
from tests.rows import find

SHARE_TREE = "select id, token, path, url from api.share_phylo_tree(%s)"
SHARE_TREE_FOR = "select id from api.share_phylo_tree(%s, %s)"
SHARE = "select id, token, path, url from api.share_sequences(%s, 'SC2', %s)"
SHARE_FOR = "select id from api.share_sequences(%s, 'SC2', %s, hours => %s)"
SHARE_SAFELY = "select id, token, path, url from api.share_sequences(%s, 'SC2', %s, true)"
TREE_OF = "select api.shared_phylo_tree(%s)"
SEQUENCES_OF = "select api.shared_sequences(%s)"
REVOKE = "select status from api.revoke_share_link(%s)"
NOT_FOUND = (404, "link_not_found", None)


class Shared:
    """The cast, a tree and two sequences of the lab, and what people share of them."""

    def __init__(self, conn: psycopg.Connection, request_as: RequestAs) -> None:
        self.conn = conn
        self.request_as = request_as
        self.groups = store_groups(conn)
        self.lab = self.groups["lab"]
        self.people = store_people(conn, self.groups)
        self.pathogen = factories.pathogen(conn)
        self.open = self.sample("own open", "open")
        self.other = self.sample("own other", "other")
        run = factories.phylo_run(conn, self.lab)
        self.tree = factories.phylo_tree(conn, run, [Tip("open", self.open), Tip("a strain")])

    def sample(self, private: str, public: str, **columns: object) -> int:
        """Store a sample of the lab with a sequence."""
        sample = factories.sample(self.conn, self.lab, private, public_identifier=public, **columns)
        factories.sequence(self.conn, sample)
        return sample

    def column(self, link: int, name: str) -> Any:
        """Return a column of a link."""
        row = self.conn.execute(
            sql.SQL("select {} from aspen.share_links where id = %s").format(sql.Identifier(name)),
            [link],
        ).fetchone()
        assert row is not None
        return row[0]

    def by(self, who: str, statement: str, *values: object, **claims: Any) -> Any:
        """Run a statement as somebody, keep what it wrote, and return its only row."""
        role = "anon" if who == "nobody" else "member"
        with self.request_as(role, None if who == "nobody" else who, keep=True, **claims) as conn:
            row = conn.execute(statement, values).fetchone()
        return row

    def refused(self, who: str, statement: str, *values: object, **claims: Any) -> Any:
        """Return status, code and details of a statement that is rejected."""
        role = "anon" if who == "nobody" else "member"
        with self.request_as(role, None if who == "nobody" else who, **claims) as conn:
            return refusal_of(conn, statement, values)

    def token_of_tree(self, who: str = "alice") -> str:
        """Share the tree."""
        return str(self.by(who, SHARE_TREE, self.tree)[1])

    def token_of_sequences(self, *names: str, who: str = "alice") -> str:
        """Share sequences, those of both samples by default."""
        return str(self.by(who, SHARE, self.lab, json.dumps(names or ("open", "other")))[1])


@pytest.fixture
def shared(
    request: pytest.FixtureRequest,
    admin: psycopg.Connection,
    request_as: RequestAs,
    kept_sessions: dict[str, KeptSession],
) -> Shared:
    """Store the lab with something to share."""
    return kept_sessions["control"].store(request, lambda: Shared(admin, request_as))


def test_link_to_a_tree_works_without_a_token(shared: Shared) -> None:
    """Return the tree with public identifiers, as an Auspice dataset."""
    link, token, path, url = shared.by("alice", SHARE_TREE, shared.tree)

    (tree,) = shared.by("nobody", TREE_OF, token)

    assert path == f"/shared/phylo_tree/{token}.json"
    assert url is None
    tips = json.loads(tree)["tree"]["children"]
    assert [tip["name"] for tip in tips] == ["open", "a strain"]
    assert "own open" not in tree
    assert shared.column(link, "phylo_tree_id") == shared.tree


def test_link_to_sequences_works_without_a_token(shared: Shared) -> None:
    """Return them with public identifiers, though they were chosen by private ones."""
    token = shared.token_of_sequences("own open", "other")

    (fasta,) = shared.by("nobody", SEQUENCES_OF, token)

    assert fasta == f">open\n{GENOME}\n>other\n{GENOME}\n"


def test_token_is_random_and_not_stored(shared: Shared) -> None:
    """Store its hash only, and draw another one for each link."""
    link, token, *_ = shared.by("alice", SHARE_TREE, shared.tree)

    assert len(bytes.fromhex(token)) == 32
    assert shared.token_of_tree() != token
    stored = shared.conn.execute(
        "select links::text, token_hash = sha256(%s) from aspen.share_links as links where id = %s",
        [token.encode(), link],
    ).fetchone()
    assert stored is not None
    assert token not in stored[0]
    assert stored[1]


def test_address_of_the_api_begins_the_url(shared: Shared) -> None:
    """Take the one that the operators set."""
    shared.conn.execute("set local aspen.api_url = 'https://api.example.org/'")

    _, _, path, url = shared.by("alice", SHARE_TREE, shared.tree)

    assert url == f"https://api.example.org{path}"


@pytest.mark.parametrize("who", ["ada", "alice", "pat", "gwen"])
def test_members_share_trees_and_sequences(shared: Shared, who: str) -> None:
    """Let members and admins share, directly or by a grant."""
    tree = shared.token_of_tree(who)
    sequences = shared.token_of_sequences(who=who)

    assert shared.by("nobody", TREE_OF, tree) is not None
    assert shared.by("nobody", SEQUENCES_OF, sequences) is not None


@pytest.mark.parametrize(
    ("who", "of_tree"),
    [
        ("vic", (403, "group_access_denied")),
        ("gus", (403, "group_access_denied")),
        ("bob", (404, "tree_not_found")),
    ],
)
def test_nobody_else_shares(shared: Shared, who: str, of_tree: tuple[int, str]) -> None:
    """Refuse viewers, who read a tree but may not hand it on, and strangers."""
    assert shared.refused(who, SHARE_TREE, shared.tree)[:2] == of_tree
    answer = shared.refused(who, SHARE, shared.lab, '["open"]')
    assert answer[:2] == (403, "group_access_denied")


def test_token_that_claims_less_shares_less(shared: Shared) -> None:
    """Refuse a member whose token claims to be a viewer."""
    claims = {"groups": {str(shared.lab): "viewer"}}

    for statement, values in (
        (SHARE_TREE, [shared.tree]),
        (SHARE, [shared.lab, '["open"]']),
    ):
        answer = shared.refused("alice", statement, *values, **claims)
        assert answer[:2] == (403, "group_access_denied")


def test_role_of_a_token_alone_makes_no_link(shared: Shared) -> None:
    """Refuse somebody whose groups nobody could look up at the time of a visit."""
    factories.user(shared.conn, "claire")
    claims = {"groups": {str(shared.lab): "member"}}

    answer = shared.refused("claire", SHARE_TREE, shared.tree, **claims)

    assert answer == (403, "group_access_denied", {"group_id": shared.lab})


Change = Callable[[Shared], object]


def _membership(role: str | None) -> Change:
    def change(shared: Shared) -> None:
        where = [shared.lab, shared.people["alice"]]
        if role is None:
            shared.conn.execute(
                "delete from aspen.memberships where group_id = %s and user_id = %s", where
            )
        else:
            shared.conn.execute(
                "update aspen.memberships set role = %s where group_id = %s and user_id = %s",
                [role, *where],
            )

    return change


def _moved(shared: Shared) -> None:
    shared.conn.execute(
        "update aspen.memberships set group_id = %s where user_id = %s",
        [shared.groups["others"], shared.people["alice"]],
    )


def _links(assignment: str) -> Change:
    return lambda shared: shared.conn.execute(f"update aspen.share_links set {assignment}")  # noqa: S608


ENDS: dict[str, Change] = {
    "creator is disabled": lambda shared: shared.conn.execute(
        "update aspen.users set disabled_at = now() where subject = 'alice'"
    ),
    "creator left the group": _membership(None),
    "creator is a viewer now": _membership("viewer"),
    "creator is a member of another group now": _moved,
    "link was revoked": _links("revoked_at = now()"),
    # now() is the same in the whole transaction of this test.
    "link expires at this moment": _links(
        "created_at = now() - interval '1 h', expires_at = now()"
    ),
}
STAYS: dict[str, Change] = {
    "nothing": lambda _: None,
    "creator is an admin now": _membership("admin"),
    "link expires in a moment": _links("expires_at = now() + interval '1 microsecond'"),
    "sessions of the creator were ended": lambda shared: shared.conn.execute(
        "update aspen.users set tokens_valid_after = now() where subject = 'alice'"
    ),
}


@pytest.mark.parametrize("change", ENDS.values(), ids=ENDS.keys())
def test_link_works_as_long_as_its_creator_may_read(shared: Shared, change: Change) -> None:
    """Answer as for a link that never was."""
    tree, sequences = shared.token_of_tree(), shared.token_of_sequences()
    change(shared)

    assert shared.refused("nobody", TREE_OF, tree) == NOT_FOUND
    assert shared.refused("nobody", SEQUENCES_OF, sequences) == NOT_FOUND


@pytest.mark.parametrize("change", STAYS.values(), ids=STAYS.keys())
def test_link_works_meanwhile(shared: Shared, change: Change) -> None:
    """Answer both kinds."""
    tree, sequences = shared.token_of_tree(), shared.token_of_sequences()
    change(shared)

    assert shared.by("nobody", TREE_OF, tree) is not None
    assert shared.by("nobody", SEQUENCES_OF, sequences) is not None


@pytest.mark.parametrize(
    ("assignment", "works"),
    [
        ("ends_at = now() + interval '1 microsecond'", True),
        ("created_at = now() - interval '1 h', ends_at = now()", False),
        ("role = 'viewer'", False),
        ("role = 'admin'", True),
        ("group_id = (select id from aspen.groups where name = 'others')", False),
    ],
)
def test_link_by_a_grant_ends_with_the_grant(shared: Shared, assignment: str, works: bool) -> None:
    """Look up whose grant it is, its role and its end at each visit."""
    token = shared.token_of_sequences(who="pat")
    shared.conn.execute(
        f"update aspen.group_grants set {assignment} where grantee_group_id = %s",  # noqa: S608
        [shared.groups["partners"]],
    )

    if works:
        assert shared.by("nobody", SEQUENCES_OF, token) is not None
    else:
        assert shared.refused("nobody", SEQUENCES_OF, token) == NOT_FOUND


def test_link_of_a_deleted_tree_is_gone(shared: Shared) -> None:
    """Delete the link with the tree."""
    token = shared.token_of_tree()
    shared.conn.execute("delete from aspen.phylo_trees where id = %s", [shared.tree])

    assert shared.refused("nobody", TREE_OF, token) == NOT_FOUND


@pytest.mark.parametrize(
    "change",
    [
        "update aspen.samples set is_private = true where id = %s",
        "delete from aspen.sequences where sample_id = %s",
        "delete from aspen.samples where id = %s",
    ],
)
def test_link_leaves_out_what_may_not_be_read_any_more(shared: Shared, change: str) -> None:
    """Return the rest, and the sample again once it is back."""
    token = shared.token_of_sequences()
    shared.conn.execute(change, [shared.open])

    with shared.request_as("anon") as conn:
        row = conn.execute(SEQUENCES_OF, [token]).fetchone()
        headers = conn.execute("select current_setting('response.headers')").fetchone()

    assert row == (f">other\n{GENOME}\n",)
    assert headers is not None
    assert {"Samples-Left-Out": "1"} in json.loads(headers[0])


def test_link_to_nothing_left_is_an_empty_file(shared: Shared) -> None:
    """Answer without a record."""
    token = shared.token_of_sequences("open")
    shared.conn.execute("delete from aspen.samples where id = %s", [shared.open])

    assert shared.by("nobody", SEQUENCES_OF, token) == ("",)


def test_new_name_and_sequence_are_shared(shared: Shared) -> None:
    """Return what the samples have at the time of the visit."""
    token = shared.token_of_sequences("open")
    shared.conn.execute(
        "update aspen.samples set public_identifier = 'renamed' where id = %s", [shared.open]
    )

    assert shared.by("nobody", SEQUENCES_OF, token) == (f">renamed\n{GENOME}\n",)


@pytest.mark.parametrize("token", [None, "", "x", "0" * 64, "é" * 1000, "' or true --"])
def test_unknown_token_opens_nothing(shared: Shared, token: str | None) -> None:
    """Give one answer for whatever is no token."""
    assert shared.refused("nobody", TREE_OF, token) == NOT_FOUND
    assert shared.refused("nobody", SEQUENCES_OF, token) == NOT_FOUND


def test_token_opens_its_own_kind_only(shared: Shared) -> None:
    """Answer as for an unknown token."""
    assert shared.refused("nobody", SEQUENCES_OF, shared.token_of_tree()) == NOT_FOUND
    assert shared.refused("nobody", TREE_OF, shared.token_of_sequences()) == NOT_FOUND


def test_hash_of_a_token_opens_nothing(shared: Shared) -> None:
    """Be of no use to whoever reads the table."""
    shared.token_of_tree()
    row = shared.conn.execute("select encode(token_hash, 'hex') from aspen.share_links").fetchone()
    assert row is not None

    assert shared.refused("nobody", TREE_OF, row[0]) == NOT_FOUND


@pytest.mark.parametrize("who", ["bob", "vic", "alice"])
def test_user_who_visits_sees_no_more(shared: Shared, who: str) -> None:
    """Return the same as without a token, private identifiers of a member included."""
    token = shared.token_of_tree()

    assert shared.by(who, TREE_OF, token) == shared.by("nobody", TREE_OF, token)


def test_visitor_reads_no_resource(shared: Shared) -> None:
    """Open what the link is for and nothing else of its group, not even in the same request."""
    shared.sample("own hidden", "hidden", is_private=True)
    token = shared.token_of_tree()

    with shared.request_as("anon") as conn:
        conn.execute(TREE_OF, [token])
        for resource in ("samples", "phylo_trees", "share_links", "sequences"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(f"select from api.{resource}")


def test_visits_are_counted(shared: Shared) -> None:
    """Show how often and when, and count none that was refused."""
    token = shared.token_of_tree()
    before = _uses(shared, "alice")
    shared.by("nobody", TREE_OF, token)
    shared.by("bob", TREE_OF, token)
    shared.refused("nobody", SEQUENCES_OF, token)

    assert (before, _uses(shared, "alice")) == ([(0, True)], [(2, False)])


def _uses(shared: Shared, who: str) -> list[Any]:
    with shared.request_as("member", who) as conn:
        return conn.execute(
            "select use_count, last_used_at is null from api.share_links"
        ).fetchall()


@pytest.mark.parametrize(
    ("who", "sees"), [("ada", 1), ("alice", 1), ("pat", 1), ("vic", 0), ("bob", 0)]
)
def test_links_are_listed_to_members(shared: Shared, who: str, sees: int) -> None:
    """Hide them from viewers and strangers."""
    shared.token_of_tree()

    assert len(_uses(shared, who)) == sees


def test_hash_is_not_listed(shared: Shared) -> None:
    """Grant no column of it to callers."""
    with (
        shared.request_as("member", "ada") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("select token_hash from aspen.share_links")


def test_list_names_the_creator(shared: Shared) -> None:
    """Name the user in a column of its own."""
    shared.token_of_tree()

    row = shared.by("pat", "select created_by(links) from (select * from api.share_links) as links")

    assert row is not None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("select", "open"),
        (
            "update aspen.share_links"
            " set created_at = now() - interval '2 days', expires_at = now() - interval '1 day'",
            "expired",
        ),
        ("update aspen.share_links set revoked_at = now()", "revoked"),
    ],
)
def test_list_tells_whether_a_link_works(shared: Shared, change: str, status: str) -> None:
    """Show no end of an open one."""
    shared.token_of_tree()
    shared.conn.execute(change.encode())

    assert shared.by("ada", "select status from api.share_links") == (status,)


@pytest.mark.parametrize("who", ["alice", "ada"])
def test_link_is_revoked(shared: Shared, who: str) -> None:
    """Let its creator and the admins of the group end it, twice without a change."""
    link, token, *_ = shared.by("alice", SHARE_TREE, shared.tree)

    assert shared.by(who, REVOKE, link) == ("revoked",)
    first = shared.column(link, "revoked_at")
    assert shared.by(who, REVOKE, link) == ("revoked",)
    assert shared.column(link, "revoked_at") == first
    assert shared.refused("nobody", TREE_OF, token) == NOT_FOUND


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ("pat", (403, "group_access_denied")),
        ("gwen", (403, "group_access_denied")),
        ("vic", (404, "link_not_found")),
        ("bob", (404, "link_not_found")),
    ],
)
def test_link_of_others_is_not_revoked(shared: Shared, who: str, answer: tuple[int, str]) -> None:
    """Refuse other members, and answer those who do not see it as if it did not exist."""
    link, token, *_ = shared.by("alice", SHARE_TREE, shared.tree)

    assert shared.refused(who, REVOKE, link)[:2] == answer
    assert shared.by("nobody", TREE_OF, token) is not None


@pytest.mark.parametrize(
    ("hours", "is_valid"), [(0, False), (1, True), (2160, True), (2161, False), (None, False)]
)
def test_life_of_a_link_to_a_tree_is_bounded(
    shared: Shared, hours: int | None, is_valid: bool
) -> None:
    """Allow 90 days at most."""
    _expect(shared, is_valid, SHARE_TREE_FOR, shared.tree, hours)


@pytest.mark.parametrize(
    ("hours", "is_valid"), [(0, False), (1, True), (24, True), (25, False), (None, False)]
)
def test_life_of_a_link_to_sequences_is_bounded(
    shared: Shared, hours: int | None, is_valid: bool
) -> None:
    """Allow one day at most."""
    _expect(shared, is_valid, SHARE_FOR, shared.lab, '["open"]', hours)


def _expect(shared: Shared, is_valid: bool, statement: str, *values: object) -> None:
    if is_valid:
        assert shared.by("alice", statement, *values) is not None
    else:
        status, code, [problem] = shared.refused("alice", statement, *values)
        assert (status, code, problem["field"]) == (400, "invalid_argument", "hours")


@pytest.mark.parametrize(
    ("statement", "hours"), [(SHARE_TREE, 168), (SHARE, 1)], ids=["tree", "sequences"]
)
def test_link_has_a_usual_life(shared: Shared, statement: str, hours: int) -> None:
    """Give a tree a week and sequences an hour."""
    values = (shared.tree,) if statement == SHARE_TREE else (shared.lab, '["open"]')

    link = shared.by("alice", statement, *values)[0]

    life = shared.column(link, "expires_at") - shared.column(link, "created_at")
    assert life == timedelta(hours=hours)


@pytest.mark.parametrize("samples", ["[]", "null", "3", "[3]", '[["open"]]', '["open", null]'])
def test_samples_to_share_are_an_array_of_texts(shared: Shared, samples: str) -> None:
    """Refuse anything else, and no sample at all."""
    status, code, [problem] = shared.refused("alice", SHARE, shared.lab, samples)

    assert (status, code, problem["field"]) == (400, "invalid_argument", "samples")


def test_samples_that_cannot_be_shared_are_named(shared: Shared) -> None:
    """Name all of one kind, and make no link."""
    factories.grant(shared.conn, shared.groups["others"], shared.lab, "member")
    foreign = factories.sample(shared.conn, shared.groups["others"], public_identifier="foreign")
    factories.sequence(shared.conn, foreign)
    shared.sample("own hidden", "hidden", is_private=True)
    factories.sample(shared.conn, shared.lab, "own bare", public_identifier="bare")
    shared.sample("other", "twin")

    def refused(*names: str) -> Any:
        return shared.refused("alice", SHARE, shared.lab, json.dumps(["open", *names]))

    assert refused("nobody's", "foreign") == (400, "unknown_samples", ["foreign", "nobody's"])
    assert refused("hidden", "own hidden") == (400, "private_samples", ["hidden", "own hidden"])
    assert refused("bare") == (400, "samples_without_sequence", ["bare"])
    status, code, [ambiguous] = refused("other")
    assert (status, code, ambiguous["identifier"]) == (400, "ambiguous_samples", "other")
    assert find(shared.conn, "share_links", {"group_id": shared.lab}) is None


def test_link_has_as_many_bases_as_an_export(shared: Shared) -> None:
    """Refuse more when the link is made, and when sequences have become longer since."""
    token = shared.token_of_sequences("open", "other")
    shared.conn.execute(
        "update aspen.sequences set sequence = repeat('A', 10000000) where group_id = %s",
        [shared.lab],
    )
    names = ["open", "other"]
    for number in range(2):
        sample = shared.sample(f"own {number}", f"long {number}")
        names.append(f"long {number}")
        shared.conn.execute(
            "update aspen.share_links set sample_ids = sample_ids || %s::bigint", [sample]
        )
        shared.conn.execute(
            "update aspen.sequences set sequence = repeat('A', 10000000) where sample_id = %s",
            [sample],
        )

    assert shared.refused("alice", SHARE, shared.lab, json.dumps(names))[:2] == (
        413,
        "export_too_large",
    )
    assert shared.refused("nobody", SEQUENCES_OF, token)[:2] == (413, "export_too_large")
    assert shared.by("alice", SHARE, shared.lab, json.dumps(names[:3])) is not None


def test_names_are_changed_for_usher(shared: Shared) -> None:
    """Replace each character that UShER does not take."""
    shared.sample("own strange", "USA/É: a.b-c_1|x")
    _, token, *_ = shared.by("alice", SHARE_SAFELY, shared.lab, '["own strange"]')

    assert shared.by("nobody", SEQUENCES_OF, token) == (f">USA/___a.b-c_1_x\n{GENOME}\n",)


@pytest.mark.parametrize(
    ("identifiers", "names"),
    [
        ([], []),
        (["a b", "c"], ["a_b", "c"]),
        (["a b", "a:b", "a_b"], ["a_b_11", "a_b_12", "a_b"]),
        (["a b", "a:b"], ["a_b", "a_b_12"]),
        # The name with the id after it is taken as well.
        (["a b", "a:b", "a_b_12"], ["a_b", "a_b_12_12", "a_b_12"]),
        (["a b", "a:b", "a|b_12"], ["a_b", "a_b_12", "a_b_12_13"]),
        (["A", "a"], ["A", "a"]),
    ],
)
def test_names_for_usher_differ(
    admin: psycopg.Connection, identifiers: list[str], names: list[str]
) -> None:
    """Keep a name that needs no change, and put the sample id after the others."""
    ids = list(range(11, 11 + len(identifiers)))

    row = admin.execute(
        "select internal.usher_names(%s::bigint[], %s::text[])", [ids, identifiers]
    ).fetchone()

    assert row == (names,)


@pytest.mark.parametrize(
    "preference", ["tx=rollback", "count=exact, tx = rollback", 'tx="rollback"']
)
def test_visit_cannot_be_left_uncounted(shared: Shared, preference: str) -> None:
    """Refuse a request that takes back what it wrote."""
    token = shared.token_of_tree()

    with shared.request_as("anon") as conn:
        conn.execute(
            "select set_config('request.headers', %s, true)", [json.dumps({"prefer": preference})]
        )
        answer = refusal_of(conn, TREE_OF, [token])

    assert answer == (400, "invalid_preference", {"tx": "rollback"})
