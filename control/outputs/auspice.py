"""Auspice v2 datasets, the output of phylo runs, in the form aspen.phylo_trees keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from control.outputs.json_values import MalformedJson, decode, dump
from control.outputs.objects import ObjectFile
from control.outputs.problems import Malformed, unprintable
from control.outputs.tree_text import CutTip, JsonReader, Node, cut_tree, read_tree, walk

# Both the text and PostgreSQL's copy of it are held in memory.
LARGEST_DATASET_BYTES = 256 << 20
PLACES = ("country", "division", "location")


@dataclass(frozen=True)
class Tip:
    """A tip: its name in the file and without the repository's prefix.

    `segment` is the tree's text from that shorter name up to the next tip's.
    """

    full_name: str
    name: str
    accession: str | None
    segment: str


@dataclass(frozen=True)
class Dataset:
    """A dataset cut at the names of its tips."""

    document: str
    places: dict[str, list[str]]
    lead_text: str
    tips: tuple[Tip, ...]


def read_dataset(file: ObjectFile, prefixes: Sequence[str]) -> Dataset:
    """The whole file; `prefixes` are those of the pathogen's repositories."""
    if file.stored.size > LARGEST_DATASET_BYTES:
        raise Malformed(file.name, None, f"is larger than {LARGEST_DATASET_BYTES} bytes")
    try:
        return parse_dataset(decode(file.stream.read()), prefixes)
    except MalformedJson as error:
        raise Malformed(file.name, error.place, error.reason) from error


def parse_dataset(text: str, prefixes: Sequence[str]) -> Dataset:
    """Check and cut a dataset; MalformedJson says what is wrong and where."""
    reader = JsonReader(text)
    members: dict[str, Any] = {}
    above: Node | None = None
    is_list = False
    if reader.peek() != "{":
        raise reader.malformed("the dataset must be an object")
    reader.take("{")
    while (key := reader.next_key(is_first=not members)) is not None:
        if key in members:
            raise reader.malformed(f"the member {key!r} is given twice")
        if key == "tree":
            is_list = reader.peek() == "["
            above = read_tree(reader)
            members[key] = None
        else:
            members[key], _ = reader.dumped()
    if reader.peek():
        raise reader.malformed("something follows the end of the dataset")
    if above is None:
        raise MalformedJson(None, "has no tree")
    del members["tree"]
    _check_head(members)
    _check_nodes(reader, above)
    lead_text, cut = cut_tree(above, is_list=is_list)
    return Dataset(
        dump(members), _places(walk(above)), lead_text, _tips(reader, cut, _stripper(prefixes))
    )


def _check_head(members: dict[str, Any]) -> None:
    if members.get("version", "v2") != "v2":
        raise MalformedJson(None, 'is not an Auspice v2 dataset: "version" must be "v2"')
    if not isinstance(members.get("meta"), dict):
        raise MalformedJson(None, 'is not an Auspice v2 dataset: "meta" must be an object')


def _check_nodes(reader: JsonReader, above: Node) -> None:
    if not above.children:
        raise reader.malformed("the tree has no nodes", above.position)
    for node in walk(above):
        if node.name is None and not node.is_tip:
            continue
        if not isinstance(node.name, str) or not node.name:
            raise reader.malformed("the name of a node must be a non-empty string", node.position)
        if node.attrs is not None and not isinstance(node.attrs, dict):
            raise reader.malformed("the node_attrs of a node must be an object", node.position)


def _tips(reader: JsonReader, cut: list[CutTip], strip: re.Pattern[str]) -> tuple[Tip, ...]:
    tips: list[Tip] = []
    first_positions: dict[str, int] = {}
    for tip in cut:
        full_name = str(tip.node.name)
        name = strip.sub("", full_name, count=1) or full_name
        if name in first_positions:
            raise reader.malformed(f"a second tip is named {name!r}", tip.node.position)
        first_positions[name] = tip.node.position
        accession = _value(tip.node, "external_accession")
        for said, text in (("name", name), ("external_accession", accession or "")):
            if problem := unprintable(text):
                raise reader.malformed(f"the {said} of a tip is {problem}", tip.node.position)
        tips.append(Tip(full_name, name, accession, dump(name) + tip.tail_text))
    return tuple(tips)


def _stripper(prefixes: Sequence[str]) -> re.Pattern[str]:
    """Matches one leading {prefix}/, in any case; the longest where one begins another."""
    spelled = "|".join(re.escape(prefix) for prefix in sorted(prefixes, key=len, reverse=True))
    return re.compile(rf"\A(?:{spelled})/(?=.)" if prefixes else r"\A(?!)", re.IGNORECASE | re.S)


def _places(nodes: Iterable[Node]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {place: set() for place in PLACES}
    for node in nodes:
        for place, names in found.items():
            if name := _value(node, place):
                names.add(name)
    return {place: sorted(names) for place, names in found.items()}


def _value(node: Node, attribute: str) -> str | None:
    """node_attrs.<attribute>.value, where it is a string that says something."""
    held = node.attrs.get(attribute) if node.attrs else None
    value = held.get("value") if isinstance(held, dict) else None
    return value if isinstance(value, str) and value else None
