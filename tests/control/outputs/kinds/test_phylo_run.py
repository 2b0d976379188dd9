"""Trees in the database: which sample a tip is, and which trees are rejected."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from control.outputs.register import Registration
from tests import factories
from tests.conftest import RequestAs
from tests.control.outputs.desk import Desk, dataset, tip


def test_registered_tree_is_read_as_it_was_handed_in(draft: Desk, request_as: RequestAs) -> None:
    """Join the pieces of the tables to the document of the file."""
    factories.user(draft.conn, "alice", {draft.group_id: "member"})
    job = draft.job("phylo_run")
    children = [tip('"quoted"', div=0.5), tip("naïve/ünïcode/☃", note="a\\b\n"), tip("plain")]
    done = draft.store(job, draft.tree(job, dataset(*children)))

    assert json.loads(read_tree(request_as, done))["tree"] == {"name": "root", "children": children}


def read_tree(request_as: RequestAs, done: Registration, sub: str = "alice") -> str:
    """Read the tree as a member of the group."""
    assert done.tree is not None
    with request_as("member", sub=sub) as conn:
        found = conn.execute("select api.phylo_tree(%s)", [done.tree.tree_id]).fetchone()
    assert found is not None
    return str(found[0])


def test_template_args_as_resolved_are_kept(draft: Desk) -> None:
    """Store the arguments that the run really used."""
    job = draft.job("phylo_run")

    draft.store(job, draft.tree(job, dataset(tip("a")), resolved_template_args={"x": [1]}))

    assert draft.rows("select resolved_template_args from aspen.phylo_trees") == [{"x": [1]}]


def links(draft: Desk) -> list[Any]:
    """Return the sample of each tip."""
    return draft.rows("select name, sample_id from aspen.phylo_tree_tips order by position")


def test_tips_are_linked_with_and_without_prefix(draft: Desk) -> None:
    """Ignore the prefix on either side, and link only samples of the run's pathogen."""
    bare, prefixed = (
        factories.sample(draft.conn, draft.group_id, public_identifier=name)
        for name in ("USA/1/2024", "hCoV-19/USA/2/2024")
    )
    monkeypox = factories.pathogen(draft.conn, "MPX")
    factories.sample(
        draft.conn, draft.group_id, pathogen_id=monkeypox, public_identifier="USA/4/2024"
    )
    job = draft.job("phylo_run", [bare])
    tips = ("hCoV-19/USA/1/2024", "USA/2/2024", "Chile/3/2024", "USA/4/2024")

    draft.store(job, draft.tree(job, dataset(*map(tip, tips))))

    assert links(draft) == [
        ("USA/1/2024", bare),
        ("USA/2/2024", prefixed),
        ("Chile/3/2024", None),
        ("USA/4/2024", None),
    ]


def test_tip_is_an_input_first_then_the_groups_then_a_grantors(draft: Desk) -> None:
    """Prefer inputs, then the group's own, when several groups have the identifier."""
    grantor, stranger = (factories.group(draft.conn) for _ in range(2))
    factories.grant(draft.conn, grantor, draft.group_id)
    own = {name: named(draft, draft.group_id, name) for name in ("a", "b")}
    granted = {name: named(draft, grantor, name) for name in ("a", "b", "c")}
    named(draft, stranger, "d")
    job = draft.job("phylo_run", [granted["a"]])

    draft.store(job, draft.tree(job, dataset(*map(tip, "abcd"))))

    assert links(draft) == [("a", granted["a"]), ("b", own["b"]), ("c", granted["c"]), ("d", None)]


def test_tip_of_two_samples_of_others_stands_for_none_and_is_reported(draft: Desk) -> None:
    """Guess nothing, whether they are inputs or not."""
    first, second = (factories.group(draft.conn) for _ in range(2))
    for group in (first, second):
        factories.grant(draft.conn, group, draft.group_id)
    inputs = [named(draft, first, "a"), named(draft, second, "hCoV-19/a")]
    others = [named(draft, group, "b") for group in (first, second)]
    job = draft.job("phylo_run", inputs)

    done = draft.store(job, draft.tree(job, dataset(*map(tip, "abc"))))

    assert links(draft) == [("a", None), ("b", None), ("c", None)]
    assert done.tree is not None
    assert done.tree.ambiguous_tips == {"a": inputs, "b": others}
    assert done.summary()[-1] == (
        "ambiguous tips, linked to no sample: "
        f"'a' ({inputs[0]} or {inputs[1]}), 'b' ({others[0]} or {others[1]})"
    )


def test_tip_is_the_groups_own_input_first(draft: Desk) -> None:
    """Prefer it, when the run was given both under different names."""
    grantor = factories.group(draft.conn)
    granted, own = named(draft, grantor, "a"), named(draft, draft.group_id, "hCoV-19/a")
    job = draft.job("phylo_run", [granted, own])

    done = draft.store(job, draft.tree(job, dataset(tip("a"))))

    assert links(draft) == [("a", own)]
    assert done.tree is not None
    assert done.tree.ambiguous_tips == {}


@pytest.fixture
def monkeypox(draft: Desk) -> int:
    """Return a pathogen whose samples are called MPXV/…."""
    pathogen = factories.pathogen(draft.conn, "MPX")
    factories.strain_prefix(draft.conn, pathogen, factories.repository(draft.conn, "GB"), "MPXV")
    return pathogen


def test_names_whose_slashes_became_underscores_are_linked(draft: Desk, monkeypox: int) -> None:
    """Link names of tools that write _ for a slash, inputs of the run or not."""
    samples = [
        named(draft, draft.group_id, name, pathogen_id=monkeypox)
        for name in ("MPXV/USA/1", "USA/2", "MPXV/USA/LAB_A-3/2024", "USA/LAB_A-4/2024")
    ]
    job = draft.job("phylo_run", samples[2:], pathogen_id=monkeypox)
    tips = ("MPXV_USA_1", "USA_2", "USA_LAB_A-3_2024", "mpxv_USA_LAB_A-4_2024", "USA_5")

    draft.store(job, draft.tree(job, dataset(*map(tip, tips))))

    assert links(draft) == [
        ("USA_1", samples[0]),
        ("USA_2", samples[1]),
        ("USA_LAB_A-3_2024", samples[2]),
        ("USA_LAB_A-4_2024", samples[3]),
        ("USA_5", None),
    ]


def test_name_with_a_slash_keeps_its_underscores(draft: Desk, monkeypox: int) -> None:
    """Keep them, because no tool changed this name."""
    sample = named(draft, draft.group_id, "USA/LAB/1", pathogen_id=monkeypox)
    job = draft.job("phylo_run", [sample], pathogen_id=monkeypox)

    draft.store(job, draft.tree(job, dataset(tip("USA/LAB_1"))))

    assert links(draft) == [("USA/LAB_1", None)]


def test_sample_spelt_as_the_tip_comes_before_one_with_slashes(draft: Desk, monkeypox: int) -> None:
    """Prefer the exact name, and the group's own over another's."""
    grantor = factories.group(draft.conn)
    factories.grant(draft.conn, grantor, draft.group_id)
    own, slashed, _ = (
        named(draft, draft.group_id, name, pathogen_id=monkeypox)
        for name in ("USA_1", "USA/2", "USA/1")
    )
    granted = named(draft, grantor, "USA_2", pathogen_id=monkeypox)
    job = draft.job("phylo_run", [granted, slashed], pathogen_id=monkeypox)

    draft.store(job, draft.tree(job, dataset(tip("USA_1"), tip("USA_2"))))

    assert links(draft) == [("USA_1", own), ("USA_2", slashed)]


def test_tip_that_two_inputs_may_be_is_neither(draft: Desk, monkeypox: int) -> None:
    """Link neither, because both look alike without slashes."""
    inputs = [
        named(draft, draft.group_id, name, pathogen_id=monkeypox) for name in ("a/b_c", "a_b/c")
    ]
    job = draft.job("phylo_run", inputs, pathogen_id=monkeypox)

    done = draft.store(job, draft.tree(job, dataset(tip("a_b_c"))))

    assert links(draft) == [("a_b_c", None)]
    assert done.tree is not None
    assert done.tree.ambiguous_tips == {"a_b_c": inputs}


def inner(name: str, *children: object) -> dict[str, object]:
    """Return an inner node."""
    return {"name": name, "node_attrs": {"div": 1}, "children": list(children)}


def test_inner_nodes_that_are_samples_are_named_for_the_caller(
    draft: Desk, request_as: RequestAs
) -> None:
    """Show the public name to callers who may not read the private one."""
    factories.user(draft.conn, "alice", {draft.group_id: "member"})
    factories.user(draft.conn, "vic", {draft.group_id: "viewer"})
    first, last = (
        factories.sample(draft.conn, draft.group_id, own, public_identifier=name)
        for own, name in (("own 1", "hCoV-19/top"), ("own 2", "mid"))
    )
    # Belongs to a stranger, so it is no sample for the run's group.
    named(draft, factories.group(draft.conn), "theirs")
    job = draft.job("phylo_run", [first, last])
    tree = inner(
        "top",
        tip("a"),
        inner("NODE_0000001", tip("b"), inner("theirs", tip("c"))),
        inner("hCoV-19/mid", tip("d")),
    )

    done = draft.store(job, draft.tree(job, json.dumps({"meta": {}, "tree": tree})))

    assert draft.rows("select name, sample_id from aspen.phylo_tree_tips where not is_tip") == [
        ("top", first),
        ("mid", last),
    ]
    assert draft.rows("select tip_count, linked_node_count from aspen.phylo_trees") == [(4, 2)]
    assert names_of(read_tree(request_as, done)) == [
        ("own 1", "top"),
        ("a", None),
        ("NODE_0000001", None),
        ("b", None),
        ("theirs", None),
        ("c", None),
        ("own 2", "mid"),
        ("d", None),
    ]
    assert names_of(read_tree(request_as, done, "vic"))[::6] == [("top", None), ("mid", None)]
    draft.conn.execute("delete from aspen.samples where id = %s", [first])
    assert names_of(read_tree(request_as, done))[0] == ("top", None)


def test_tree_whose_last_name_is_a_samples_is_whole(draft: Desk, request_as: RequestAs) -> None:
    """Keep head and tail, because a tip always follows an inner node."""
    factories.user(draft.conn, "alice", {draft.group_id: "member"})
    sample = factories.sample(draft.conn, draft.group_id, "own", public_identifier="only")
    job = draft.job("phylo_run", [sample])
    tree = {"name": "only", "children": [{"name": "a"}]}
    done = draft.store(job, draft.tree(job, json.dumps({"meta": {}, "tree": [tree]})))

    document = json.loads(read_tree(request_as, done))

    assert document["tree"] == [{"name": "own", "GISAID_ID": "only", "children": [{"name": "a"}]}]


def names_of(document: str) -> list[tuple[str, str | None]]:
    """Return name and public identifier of every node, in document order."""
    nodes, names = [json.loads(document)["tree"]], []
    while nodes:
        node = nodes.pop()
        names.append((node["name"], node.get("GISAID_ID")))
        nodes.extend(reversed(node.get("children", [])))
    return names


@pytest.mark.parametrize(("role", "is_linked"), [("viewer", False), ("member", True)])
def test_private_sample_of_a_grantor_is_linked_where_the_group_sees_it(
    draft: Desk, role: str, is_linked: bool
) -> None:
    """Hide it from callers who may only view."""
    grantor = factories.group(draft.conn)
    factories.grant(draft.conn, grantor, draft.group_id, role)
    sample = factories.sample(draft.conn, grantor, public_identifier="a", is_private=True)
    job = draft.job("phylo_run")

    draft.store(job, draft.tree(job, dataset(tip("a"))))

    assert links(draft) == [("a", sample if is_linked else None)]


def test_tip_is_no_private_identifier(draft: Desk) -> None:
    """Link public identifiers only."""
    factories.sample(draft.conn, draft.group_id, "a", public_identifier="b")
    job = draft.job("phylo_run")

    draft.store(job, draft.tree(job, dataset(tip("a"))))

    assert links(draft) == [("a", None)]


def named(draft: Desk, group_id: int, public_identifier: str, **columns: Any) -> int:
    """Create a sample of that name."""
    columns["public_identifier"] = public_identifier
    return factories.sample(draft.conn, group_id, **columns)


def test_input_renamed_meanwhile_is_still_the_tip(draft: Desk) -> None:
    """Use the identifier that the sample had when the run was created."""
    sample = named(draft, draft.group_id, "old")
    job = draft.job("phylo_run", [sample])
    draft.conn.execute("update aspen.samples set public_identifier = 'new'")

    draft.store(job, draft.tree(job, dataset(tip("old"))))

    assert links(draft) == [("old", sample)]


def test_input_deleted_meanwhile_leaves_a_tip_without_sample(draft: Desk) -> None:
    """Register the tree all the same."""
    gone, left = (named(draft, draft.group_id, name) for name in ("gone", "left"))
    job = draft.job("phylo_run", [gone, left])
    draft.conn.execute("delete from aspen.samples where id = %s", [gone])

    draft.store(job, draft.tree(job, dataset(tip("gone"))))

    assert links(draft) == [("gone", None)]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"not json", "line 1 column 1: the dataset must be an object"),
        (b'{"meta": {}}', ": has no tree"),
        (dataset(tip(None)), "line 1 column 106: the name of a node must be a non-empty string"),
        (dataset(tip("a"), tip("a")), ": a second tip is named 'a'"),
        (dataset(tip("a"), tip("b\u202ec")), r"the name of a tip is 'b\u202ec', which holds the"),
        (dataset(tip("a\tb")), r"the name of a tip is 'a\tb', which holds the control"),
        (b'{"meta": {},\n "x": "\xff"}', "line 2: is not UTF-8"),
        (b"\x1f\x8b\x08\x00", ": is compressed, and ends too early"),
        (b"", "line 1 column 1: ends too early"),
    ],
)
def test_malformed_tree_is_refused_and_nothing_stored(
    draft: Desk, content: bytes | str, complaint: str
) -> None:
    """Name file, position and reason; leave the job unchanged."""
    job = draft.job("phylo_run")
    manifest = draft.tree(job, content)

    refusal = draft.refusal(partial(draft.store, job, manifest))

    assert refusal.startswith(f"s3://{draft.s3.bucket}/{draft.home(job)}auspice_json")
    assert complaint in refusal


def test_caterpillar_of_5000_tips_is_registered_and_read(
    draft: Desk, request_as: RequestAs
) -> None:
    """Depend on the depth of the tree nowhere between S3 and the client."""
    factories.user(draft.conn, "alice", {draft.group_id: "member"})
    job = draft.job("phylo_run")
    opened = "".join(f'{{"name":"n{i}","children":[{{"name":"t{i}"}},' for i in range(4_999))
    tree = opened + '{"name":"last"}' + "]}" * 4_999
    done = draft.store(job, draft.tree(job, f'{{"meta":{{}},"tree":{tree}}}'))

    assert read_tree(request_as, done).endswith(f'"tree":{tree}}}')
