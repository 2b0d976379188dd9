"""Auspice datasets are cut at the names of their tips, and joining the pieces gives them back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.outputs.formats.auspice import Dataset, parse_dataset, parse_draft
from control.outputs.formats.json_values import MalformedJson, dump
from tests.control.outputs.desk import dataset, tip


def joined(cut: Dataset, names: list[str] | None = None) -> str:
    """Join the tree's text as api.phylo_tree does, with the names of the file or others."""
    given = names or [found.full_name for found in cut.tips]
    pieces = (
        json.dumps(name) + found.segment.removeprefix(dump(found.name))
        for found, name in zip(cut.tips, given, strict=True)
    )
    return cut.lead_text + "".join(pieces)


def caterpillar(tips: int) -> str:
    """Return a tree in which every inner node has one tip and one inner node."""
    opened = (f'{{"name":"n{i}","children":[{{"name":"t{i}"}},' for i in range(1, tips))
    return "".join(opened) + '{"name":"t0"}' + "]}" * (tips - 1)


def refusal(text: str) -> tuple[str | None, str]:
    """Return where and why a dataset is rejected."""
    with pytest.raises(MalformedJson) as caught:
        parse_dataset(text, [])
    return caught.value.position, caught.value.reason


def test_tree_is_cut_at_the_names_of_its_tips() -> None:
    """Begin each tip's text with its name, without the repository's prefix."""
    cut = parse_dataset(dataset(tip("hCoV-19/a"), tip("ü", div=1)), ["hCoV-19"])

    assert cut.lead_text == '{"name":"root","children":[{"name":'
    assert [found.segment for found in cut.tips] == [
        '"a","node_attrs":{}},{"name":',
        '"ü","node_attrs":{"div":{"value":1}}}]}',
    ]
    assert json.loads(cut.document) == {
        "version": "v2",
        "meta": {"title": "A tree", "panels": ["tree"]},
    }


NODE: st.SearchStrategy[Any] = st.deferred(lambda: st.one_of(TIP, INNER))
ATTRS = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3),
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
    ),
    max_size=3,
)
TIP: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"name": st.just("?")}, optional={"node_attrs": ATTRS, "children": st.just([])}
)
INNER: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"children": st.lists(NODE, min_size=1, max_size=4)},
    optional={"name": st.text(alphabet="ab", min_size=1), "branch_attrs": ATTRS},
)


@settings(max_examples=30)
@given(
    trees=st.one_of(NODE, st.lists(NODE, min_size=1, max_size=3)), indent=st.sampled_from([None, 2])
)
def test_joining_the_pieces_gives_the_tree_back(trees: Any, indent: int | None) -> None:
    """Try any shape of the tree, order of its members and white space."""
    name_tips(trees)
    text = json.dumps({"tree": trees, "meta": {}}, indent=indent)

    assert json.loads(joined(parse_dataset(text, []))) == trees


def name_tips(trees: Any) -> None:
    """Give each tip a name of its own."""
    pending, count = [trees], 0
    while pending:
        node = pending.pop()
        below = node if isinstance(node, list) else node.get("children")
        pending.extend(below or [])
        if not below:
            count += 1
            node["name"] = f'tip "{count}"'


def test_caterpillar_of_5000_tips_is_read() -> None:
    """Read and write 10,000 levels without recursion."""
    tree = caterpillar(5_000)

    cut = parse_dataset(f'{{"meta":{{}},"tree":{tree}}}', [])

    assert len(cut.tips) == 5_000
    assert joined(cut) == tree


def test_list_of_trees_is_one_document() -> None:
    """Accept several trees, as Auspice does."""
    trees = [{"name": "r1", "children": [{"name": "a"}]}, {"name": "b"}]

    cut = parse_dataset(json.dumps({"meta": {}, "tree": trees}), [])

    assert json.loads(joined(cut)) == trees


@pytest.mark.parametrize(
    ("full_name", "name"),
    [
        ("hCoV-19/USA/CA-1/2021", "USA/CA-1/2021"),
        ("HCOV-19/USA/CA-1/2021", "USA/CA-1/2021"),
        ("hCoV-19/hCoV-19/1", "hCoV-19/1"),
        ("hCoV-19-USA/1", "hCoV-19-USA/1"),
        ("hCoV-19", "hCoV-19"),
        ("hCoV-19/", "hCoV-19/"),
        ("SARS-CoV-2/human/USA/1", "USA/1"),
        ("xhCoV-19/1", "xhCoV-19/1"),
        ("hCoV-19_USA_1", "USA_1"),
        ("hCoV-19_USA/1", "hCoV-19_USA/1"),
        ("SARS-CoV-2_human_USA_1", "USA_1"),
        ("hCoV-19_", "hCoV-19_"),
    ],
)
def test_one_leading_prefix_of_a_repository_is_dropped(full_name: str, name: str) -> None:
    """Drop the longest one in any case, before a slash, or before _ where all slashes are _."""
    prefixes = ["hCoV-19", "SARS-CoV-2", "SARS-CoV-2/human"]

    assert parse_dataset(dataset(tip(full_name)), prefixes).tips[0].name == name


def test_prefix_is_taken_literally() -> None:
    """Treat a dot in it as a dot."""
    assert parse_dataset(dataset(tip("hCoVx19/1")), ["hCoV.19"]).tips[0].name == "hCoVx19/1"


def test_places_are_those_of_all_nodes_each_once() -> None:
    """Include the locations of inner nodes."""
    inner = {"children": [tip("a", country="Chile")], "node_attrs": {"country": {"value": "Peru"}}}
    tips = (tip("b", country="Chile", division="Lima"), tip("c", country=7), tip("d", country=""))

    assert parse_dataset(dataset(inner, *tips), []).places == {
        "country": [["Chile"], ["Peru"]],
        "division": [["Chile", "Lima"]],
        "location": [],
    }


def test_places_are_named_with_those_they_are_in() -> None:
    """Tell two of the same name apart; missing parents are null."""
    spain = {"country": "Spain", "division": "Córdoba"}
    tips = (
        tip("a", **spain, location="Lucena"),
        tip("b", country="Argentina", division="Córdoba"),
        tip("c", **spain),
        tip("d", division="Córdoba"),
        tip("e", location="Lucena"),
    )

    assert parse_dataset(dataset(*tips), []).places == {
        "country": [["Argentina"], ["Spain"]],
        "division": [[None, "Córdoba"], ["Argentina", "Córdoba"], ["Spain", "Córdoba"]],
        "location": [[None, None, "Lucena"], ["Spain", "Córdoba", "Lucena"]],
    }


def test_inner_nodes_do_not_move_places_of_tips() -> None:
    """Ignore inner nodes where tips disagree: tools infer their country and division separately."""
    inner = {
        "children": [tip("a", country="Spain", division="Córdoba")],
        "node_attrs": {"country": {"value": "Peru"}, "division": {"value": "Córdoba"}},
    }

    places = parse_dataset(dataset(inner), []).places

    assert places["division"] == [["Spain", "Córdoba"]]


INNER_SAMPLES = (
    '{"meta":{},"tree":{"name":"hCoV-19/top","children":[{"name":"a"},'
    '{"name":"NODE_0000001","node_attrs":{"div":1},"children":[{"name":"b"}]},'
    '{"node_attrs":{},"children":[{"name":"c"}]},'
    '{"name":"mid","node_attrs":{"div":2},"children":[{"name":"d"}]}]}}'
)


def test_inner_nodes_that_are_samples_are_cut_like_tips() -> None:
    """Leave the others in the text, and those that a tool numbered."""
    draft = parse_draft(INNER_SAMPLES, ["hCoV-19"])
    cut = draft.cut({"hCoV-19/top", "mid", "NODE_0000001"})

    assert draft.names() == ["hCoV-19/top", "a", "b", "c", "mid", "d"]
    assert [(found.name, found.is_tip) for found in cut.tips] == [
        ("top", False),
        ("a", True),
        ("b", True),
        ("c", True),
        ("mid", False),
        ("d", True),
    ]
    assert json.loads(joined(cut)) == json.loads(INNER_SAMPLES)["tree"]


@pytest.mark.parametrize("samples", [(), ("mid",)])
def test_prefix_of_an_inner_node_is_dropped(samples: tuple[str, ...]) -> None:
    """Drop it whether the node is a sample or not."""
    cut = parse_draft(INNER_SAMPLES, ["hCoV-19"]).cut(samples)

    text = joined(cut, [found.name for found in cut.tips])
    assert json.loads(text)["name"] == "top"


def test_external_accession_of_a_tip_is_kept() -> None:
    """Keep it, because public tips are looked up by it."""
    cut = parse_dataset(dataset(tip("a", external_accession="EPI_ISL_1"), tip("b")), [])

    assert [found.accession for found in cut.tips] == ["EPI_ISL_1", None]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "line 1 column 1", "ends too early"),
        ("[]", "line 1 column 1", "the dataset must be an object"),
        ("{}", None, "has no tree"),
        ('{"tree":{"name":"a"}}', None, '"meta" must be an object'),
        ('{"version":"v1","meta":{},"tree":{"name":"a"}}', None, '"version" must be "v2"'),
        ('{"meta":{},"tree":{"name":"a\\u2028"}}', "line 1 column 19", "control character U+2028"),
        (
            '{"meta":{},"tree":{"name":"a","node_attrs":{"external_accession":{"value":"\\u001b"}}}}',
            "line 1 column 19",
            r"external_accession of a tip is '\x1b'",
        ),
        ('{"meta":{},"tree":[]}', "line 1 column 19", "the tree has no nodes"),
        ('{"meta":{},"tree":null}', "line 1 column 19", "a node of the tree must be an object"),
        ('{"meta":{},\n"tree":{}}', "line 2 column 8", "the name of a node must be"),
        ('{"meta":{},"tree":{"name":5}}', "line 1 column 19", "the name of a node must be"),
        ('{"meta":{},"tree":{"name":""}}', "line 1 column 19", "the name of a node must be"),
        ('{"meta":{},"tree":{"name":"a","name":"b"}}', "line 1 column 38", "is given twice"),
        ('{"meta":{},"tree":{"children":{}}}', "line 1 column 31", "must be a list"),
        ('{"meta":{},"tree":{"children":[1]}}', "line 1 column 32", "must be an object"),
        ('{"meta":{},"tree":{"name":"a","node_attrs":[]}}', "line 1 column 19", "node_attrs"),
        ('{"meta":{},"tree":{"name":"a",}}', "line 1 column 31", "name of a member"),
        ('{"meta":{},"tree":{"name":"a"', "line 1 column 30", "ends too early"),
        ('{"meta":{},"tree":{"name":"a"}} {}', "line 1 column 33", "something follows"),
        ('{"meta":{},"meta":{},"tree":{"name":"a"}}', "line 1 column 19", "is given twice"),
        ('{"meta":{},"tree":{"name":NaN}}', "line 1 column 27", "NaN is not JSON"),
        ('{"meta":{},"tree":{"name":"a","x":-Infinity}}', "line 1 column 35", "-Infinity"),
        ('{"meta":{},"tree":{"name":"a","x":1e999}}', "line 1 column 35", "too large"),
        ('{"meta":{},"tree":{"name":"\\u0000"}}', "line 1 column 27", "NUL"),
        ('{"meta":{},"tree":{"name":"\\ud800"}}', "line 1 column 27", "surrogate"),
        ('{"meta":{},"tree":{"name":"a","x":' + "[" * 100_000, "line 1 column 35", "too deeply"),
        ('{"meta":{},"tree":{"name":"a","x":' + "1" * 5000 + "}}", "line 1 column 35", "digits"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "nowhere",
)
def test_malformed_dataset_is_refused(text: str, place: str | None, reason: str) -> None:
    """Name line and column if there is one."""
    found_place, found_reason = refusal(text)

    assert found_place == place
    assert reason in found_reason


def test_second_tip_of_a_name_is_refused() -> None:
    """Reject it even when only the prefix differs: readers would see one name twice."""
    text = dataset(tip("USA/1"), tip("hCoV-19/USA/1"))
    with pytest.raises(MalformedJson) as caught:
        parse_dataset(text, ["hCoV-19"])

    assert caught.value.position == f"line 1 column {text.index('hCoV-19') - 9}"
    assert caught.value.reason == "a second tip is named 'USA/1'"
