"""Read Auspice v2 datasets, the output of phylo runs, into the form of aspen.phylo_trees."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from control.outputs.formats.json_values import MalformedJson, decode, dump
from control.outputs.formats.tree_text import Cut, JsonReader, Node, cut_tree, read_tree, walk
from control.outputs.job_files import ObjectFile
from control.outputs.malformed import Malformed, unprintable

# Both the text and PostgreSQL's copy of it are held in memory.
LARGEST_DATASET_BYTES = 256 << 20
PLACES = ("country", "division", "location")
# The names tools give inner nodes: NODE_0000012 (augur), node_12 (UShER).
NUMBERED_NODE = re.compile(r"node_?[0-9]+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Tip:
    """A tip: its name in the file, and its name without the repository's prefix.

    `segment` is the tree's text from that shorter name up to the next cut. An inner node that bears
    a sample's identifier is cut like a tip, with `is_tip` False.
    """

    full_name: str
    name: str
    accession: str | None
    segment: str
    is_tip: bool = True


@dataclass(frozen=True)
class Dataset:
    """A dataset cut at the names of its tips, and of the inner nodes that are samples.

    `places` are the distinct locations of each level, named from the country down.
    """

    document: str
    places: dict[str, list[list[str | None]]]
    lead_text: str
    tips: tuple[Tip, ...]


@dataclass(frozen=True)
class Draft:
    """A dataset that was read and checked, but not yet cut."""

    document: str
    places: dict[str, list[list[str | None]]]
    _above: Node
    _is_list: bool

    def names(self) -> list[str]:
        """Return the names in the file that may be identifiers of samples, each once."""
        nodes = walk(self._above)
        return list(dict.fromkeys(node.full_name for node in nodes if _may_be_sample(node)))

    def cut(self, samples: Collection[str] = ()) -> Dataset:
        """Cut it at its tips, and at the inner nodes whose names in the file are samples."""

        def is_sample(node: Node) -> bool:
            return node.full_name in samples and _may_be_sample(node)

        lead_text, cuts = cut_tree(self._above, is_list=self._is_list, is_cut=is_sample)
        return Dataset(self.document, self.places, lead_text, tuple(map(_tip, cuts)))


def read_draft(file: ObjectFile, prefixes: Sequence[str]) -> Draft:
    """Read the whole file; `prefixes` are those of the pathogen's repositories."""
    content = file.content.read(LARGEST_DATASET_BYTES + 1)
    if len(content) > LARGEST_DATASET_BYTES:
        raise Malformed(file.name, None, f"is larger than {LARGEST_DATASET_BYTES} bytes")
    try:
        return parse_draft(decode(content), prefixes)
    except MalformedJson as error:
        raise Malformed(file.name, error.position, error.reason) from error


def parse_dataset(text: str, prefixes: Sequence[str]) -> Dataset:
    """Check a dataset and cut it at its tips; MalformedJson says what is wrong and where."""
    return parse_draft(text, prefixes).cut()


def parse_draft(text: str, prefixes: Sequence[str]) -> Draft:
    """Check a dataset; MalformedJson says what is wrong and where."""
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
    _shorten_names(above, prefixes)
    _check_tips(reader, above)
    return Draft(dump(members), _places(above), above, is_list)


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


def _check_tips(reader: JsonReader, above: Node) -> None:
    names: set[str] = set()
    for tip in walk(above):
        if not tip.is_tip:
            continue
        if tip.name in names:
            raise reader.malformed(f"a second tip is named {tip.name!r}", tip.position)
        names.add(tip.name)
        accession = _value(tip, "external_accession")
        for said, text in (("name", tip.name), ("external_accession", accession or "")):
            if problem := unprintable(text):
                raise reader.malformed(f"the {said} of a tip is {problem}", tip.position)


def _tip(cut: Cut) -> Tip:
    node = cut.node
    accession = _value(node, "external_accession")
    segment = dump(node.name) + cut.tail_text
    return Tip(node.full_name, str(node.name), accession, segment, node.is_tip)


def _may_be_sample(node: Node) -> bool:
    """Return whether a node's name may be a sample's identifier: not a number given by a tool."""
    if node.is_tip:
        return True
    return bool(node.full_name) and not (
        NUMBERED_NODE.fullmatch(node.full_name)
        or unprintable(str(node.name))
        or unprintable(_value(node, "external_accession") or "")
    )


def _shorten_names(above: Node, prefixes: Sequence[str]) -> None:
    """Remove one leading {prefix}/ from every node, in any case; the longest matching one.

    Tools that allow no slash in a name write each as _, also the one after the prefix.
    """
    spelled = [re.escape(prefix) for prefix in sorted(prefixes, key=len, reverse=True)]
    without_slash = [prefix.replace("/", "_") for prefix in spelled]
    prefix = re.compile(
        rf"\A(?:(?:{'|'.join(spelled)})/(?=.)|(?:{'|'.join(without_slash)})_(?=[^/]+\Z))"
        if spelled
        else r"\A(?!)",
        re.IGNORECASE | re.DOTALL,
    )
    for node in walk(above):
        if node.name is not None:
            node.full_name = node.name
            node.name = prefix.sub("", node.name, count=1)


def _places(above: Node) -> dict[str, list[list[str | None]]]:
    """Return the distinct locations of each level, with their parents.

    Tools infer the locations of inner nodes level by level, so an inner node may put Andalusia into
    another country. Inner nodes therefore count only for names that no tip has.
    """
    return {level: _paths(above, PLACES[: depth + 1]) for depth, level in enumerate(PLACES)}


def _paths(above: Node, levels: Sequence[str]) -> list[list[str | None]]:
    paths: dict[bool, set[tuple[str | None, ...]]] = {True: set(), False: set()}
    for node in walk(above):
        path = tuple(_value(node, level) for level in levels)
        if path[-1]:
            paths[node.is_tip].add(path)
    of_tips = {path[-1] for path in paths[True]}
    found = paths[True] | {path for path in paths[False] if path[-1] not in of_tips}
    return [list(path) for path in sorted(found, key=lambda path: [name or "" for name in path])]


def _value(node: Node, attribute: str) -> str | None:
    """Return node_attrs.<attribute>.value if it is a non-empty string."""
    held = node.attrs.get(attribute) if node.attrs else None
    value = held.get("value") if isinstance(held, dict) else None
    return value if isinstance(value, str) and value else None
