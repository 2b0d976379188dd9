"""Read the tree of an Auspice dataset without recursion, and cut it at the names of nodes.

A caterpillar tree of 5,000 tips nests 10,000 deep, far beyond what a JSON library reads. Only
`children` nests without bound, so nodes are read here, and everything inside them by the library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from control.outputs.formats.json_values import (
    MalformedJson,
    dump,
    finite,
    position_of,
    refuse_constant,
)

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(parse_float=finite, parse_constant=refuse_constant)


@dataclass
class Node:
    """One node: its name, its other members as text, and its children.

    `full_name` is the name in the file, where a shorter one is to be written.
    """

    position: int
    name: Any = None
    full_name: str = ""
    attrs: Any = None
    text: str = ""
    members: set[str] = field(default_factory=set)
    children: list[Node] = field(default_factory=list)
    is_reading_children: bool = False

    @property
    def is_tip(self) -> bool:
        """Return whether nothing descends from it."""
        return not self.children


@dataclass(frozen=True)
class Cut:
    """A node, and the text between its name and the next cut."""

    node: Node
    tail_text: str


class JsonReader:
    """Reads one JSON text value by value; positions are offsets into it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def next_key(self, *, is_first: bool) -> str | None:
        """Return the next member's name, stopping before its value; None at the end."""
        if not self._continues("}", is_first=is_first):
            return None
        if self.peek() != '"':
            raise self.malformed("expected the name of a member in double quotes")
        key = str(self.value())
        self.take(":")
        return key

    def next_element(self, *, is_first: bool) -> bool:
        """Return whether another element of the array follows."""
        return self._continues("]", is_first=is_first)

    def value(self) -> Any:
        """Read any value."""
        start = self._skip()
        try:
            value, self.position = _DECODER.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            raise MalformedJson(
                position_of(self.text, error.pos), f"is not JSON: {error.msg}"
            ) from error
        except (ValueError, RecursionError) as error:
            is_deep = isinstance(error, RecursionError)
            reason = "is nested too deeply" if is_deep else str(error)
            raise MalformedJson(position_of(self.text, start), reason) from error
        return value

    def dumped(self) -> tuple[Any, str]:
        """Read any value, and return it with its shortest text."""
        start = self._skip()
        value = self.value()
        try:
            return value, dump(value)
        except MalformedJson as error:
            raise MalformedJson(position_of(self.text, start), error.reason) from error

    def peek(self) -> str:
        """Return the next character that is not white space; empty at the end."""
        start = self._skip()
        return self.text[start : start + 1]

    def take(self, wanted: str) -> None:
        """Read exactly this character."""
        if self.peek() != wanted:
            raise self.malformed(f"expected {wanted!r}")
        self.position += 1

    def malformed(self, reason: str, position: int | None = None) -> MalformedJson:
        """Build an error that says where."""
        at = self.position if position is None else position
        if at >= len(self.text):
            return MalformedJson(position_of(self.text, at), "ends too early")
        return MalformedJson(position_of(self.text, at), reason)

    def _continues(self, end: str, *, is_first: bool) -> bool:
        found = self.peek()
        if found == end:
            self.position += 1
            return False
        if not is_first:
            if found != ",":
                raise self.malformed(f"expected ',' or {end!r}")
            self.position += 1
        return True

    def _skip(self) -> int:
        matched = _SPACE.match(self.text, self.position)
        assert matched is not None
        self.position = matched.end()
        return self.position


def read_tree(reader: JsonReader) -> Node:
    """Read the value of "tree", a node or a list, as the children of a node without a name."""
    above = Node(reader.position)
    if reader.peek() == "[":
        reader.take("[")
        above.is_reading_children = True
        open_nodes = [above]
    else:
        open_nodes = [_open_node(reader, above)]
    while open_nodes:
        node = open_nodes[-1]
        if node.is_reading_children:
            if reader.next_element(is_first=not node.children):
                open_nodes.append(_open_node(reader, node))
            elif node is above:
                open_nodes.pop()
            else:
                node.is_reading_children = False
        else:
            key = reader.next_key(is_first=not node.members)
            if key is None:
                open_nodes.pop()
            else:
                _read_member(reader, node, key)
    return above


def cut_tree(
    above: Node, *, is_list: bool, is_cut: Callable[[Node], bool]
) -> tuple[str, list[Cut]]:
    """Return the text before the first cut, and each cut node with the text after its name.

    Cut are all tips, in document order, and the inner nodes that `is_cut` accepts.
    """
    nodes: list[Node] = []
    pieces: list[str] = []
    text = ["["] if is_list else []
    pending: list[Node | str] = ["]"] if is_list else []
    pending.extend(_separated(above.children))
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            text.append(item)
            continue
        if item.is_tip or is_cut(item):
            text.append('{"name":')
            nodes.append(item)
            pieces.append("".join(text))
            text = [item.text]
        else:
            name = "" if item.name is None else f'"name":{dump(item.name)}'
            text.append("{" + f"{name}{item.text}".removeprefix(","))
        if item.is_tip:
            text.append(',"children":[]}' if "children" in item.members else "}")
        else:
            text.append('"children":[' if text[-1] == "{" else ',"children":[')
            pending.append("]}")
            pending.extend(_separated(item.children))
    pieces.append("".join(text))
    return pieces[0], [Cut(*cut) for cut in zip(nodes, pieces[1:], strict=True)]


def walk(above: Node) -> Iterator[Node]:
    """Yield every node, parents before children."""
    pending = list(reversed(above.children))
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.children))


def _separated(nodes: list[Node]) -> Iterator[Node | str]:
    """Yield nodes with commas between them, the first one last, as a stack needs them."""
    for index in range(len(nodes) - 1, -1, -1):
        yield nodes[index]
        if index:
            yield ","


def _open_node(reader: JsonReader, parent: Node) -> Node:
    if reader.peek() != "{":
        raise reader.malformed("a node of the tree must be an object")
    node = Node(reader.position)
    reader.take("{")
    parent.children.append(node)
    return node


def _read_member(reader: JsonReader, node: Node, key: str) -> None:
    if key in node.members:
        raise reader.malformed(f"the member {key!r} of a node is given twice")
    node.members.add(key)
    if key == "children":
        if reader.peek() != "[":
            raise reader.malformed("the children of a node must be a list")
        reader.take("[")
        node.is_reading_children = True
        return
    value, text = reader.dumped()
    if key == "name":
        node.name = value
        return
    if key == "node_attrs":
        node.attrs = value
    node.text += f",{_dump_key(reader, key)}:{text}"


def _dump_key(reader: JsonReader, key: str) -> str:
    try:
        return dump(key)
    except MalformedJson as error:
        raise reader.malformed(error.reason) from error
