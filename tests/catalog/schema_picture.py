"""Draw docs/schema.svg: tables in columns, each to the right of all it refers to.

An arrow that passes a column between two tables keeps a place of its own there, so that it runs
beside the boxes and not behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

import psycopg

from tests.catalog.schema import Reference, Table, read_tables

_LETTER = 6.7
_LINE = 16
_PADDING = 8
_GAP = 18
_CHANNEL = 90
_MARGIN = 20
# The owner of everything: an arrow from each of its tables would hide all others.
_NOT_DRAWN = "groups"
_STYLE = """\
text { font: 11px ui-monospace, Menlo, Consolas, monospace; fill: #1f2328; }
.name { font-weight: bold; }
.box { fill: #ffffff; stroke: #57606a; }
.head { fill: #eaeef2; stroke: #57606a; }
.tenant { fill: #ddf4ff; }
.arrow { fill: none; stroke: #8c959f; stroke-width: 1.2; }"""


@dataclass
class _Node:
    """A table, or the place that an arrow keeps in a column it passes."""

    name: str
    table: Table | None
    layer: int
    # The nodes it refers to in the layer before, each with the line of the box it starts from.
    left: list[tuple[_Node, int]] = field(default_factory=list)
    right: list[_Node] = field(default_factory=list)
    x: float = 0
    y: float = 0
    # Boxes of a column are equally wide, so that arrows between two columns meet no box.
    width: float = 0

    @property
    def lines(self) -> list[str]:
        """Return the columns that refer to another table."""
        return [_label(r.columns) for r in _drawn(self.table)] if self.table else []

    @property
    def needed_width(self) -> float:
        """Return how wide the box has to be for its text."""
        if self.table is None:
            return 0
        longest = max(len(line) for line in [self.name, *self.lines])
        return longest * _LETTER + 2 * _PADDING

    @property
    def height(self) -> float:
        return _LINE * (1 + len(self.lines)) + _PADDING if self.table else 4

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def entry(self) -> float:
        """Return where arrows end: at the name of a table."""
        return self.y + _LINE / 2 + 3 if self.table else self.middle


def schema_picture(conn: psycopg.Connection) -> str:
    """Return the picture as SVG text."""
    nodes = _connected({table.name: table for table in read_tables(conn)})
    layers = [
        [node for node in nodes if node.layer == number]
        for number in range(1 + max(node.layer for node in nodes))
    ]
    _order(layers)
    _place(layers)
    width = max(node.x + node.width for node in nodes) + _MARGIN
    height = max(node.y + node.height for node in nodes) + _MARGIN
    shapes = [shape for node in nodes for shape in _arrows(node)]
    shapes += [shape for node in nodes if node.table for shape in _box(node, node.table)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" role="img">\n'
        "<title>Tables of Aspen and what they refer to</title>\n"
        f"<style>\n{_STYLE}\n</style>\n"
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#8c959f"/></marker></defs>\n'
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>\n'
        + "".join(f"{shape}\n" for shape in shapes)
        + "</svg>\n"
    )


def _drawn(table: Table) -> list[Reference]:
    """Return the references of a table that become arrows."""
    return [
        one
        for one in table.references
        if one.target != table.name and (one.target, one.columns) != (_NOT_DRAWN, ("group_id",))
    ]


def _label(columns: Iterable[str]) -> str:
    names = [name for name in columns if name not in ("group_id", "disclosed_at")]
    return ", ".join(names or columns)


def _connected(tables: Mapping[str, Table]) -> list[_Node]:
    """Return a node for each table, and one for each column that an arrow passes."""

    def layer(name: str) -> int:
        return max((1 + layer(one.target) for one in _drawn(tables[name])), default=0)

    found = {name: _Node(name, table, layer(name)) for name, table in tables.items()}
    passed: dict[tuple[str, int], _Node] = {}
    for name, node in found.items():
        for line, reference in enumerate(_drawn(tables[name]), start=1):
            # Arrows to the same table share their way.
            target = found[reference.target]
            for number in range(target.layer + 1, node.layer):
                between = passed.setdefault(
                    (target.name, number), _Node(f"{target.name} passed", None, number)
                )
                if not between.left:
                    _join(between, target, 0)
                target = between
            _join(node, target, line)
    return [*found.values(), *passed.values()]


def _join(node: _Node, target: _Node, line: int) -> None:
    node.left.append((target, line))
    target.right.append(node)


def _order(layers: list[list[_Node]]) -> None:
    """Sort each column so that few arrows cross: by the middle of what a node is joined to."""
    _stack(layers)
    for turn in range(24):
        for nodes in layers if turn % 2 else reversed(layers):
            nodes.sort(key=lambda node: (_wanted(node, bool(turn % 2)), node.name))
            _stack([nodes])


def _stack(layers: list[list[_Node]]) -> None:
    for nodes in layers:
        y: float = _MARGIN
        for node in nodes:
            node.y = y
            y += node.height + _GAP


def _wanted(node: _Node, by_left: bool) -> float:
    """Return the middle of the neighbours on one side, or where the node is without any."""
    neighbours = [one for one, _ in node.left] if by_left else node.right
    if not neighbours:
        return node.middle
    return sum(one.middle for one in neighbours) / len(neighbours)


def _place(layers: list[list[_Node]]) -> None:
    """Give every node its place: columns side by side, boxes near what they are joined to."""
    x: float = _MARGIN
    for nodes in layers:
        widest = max(node.needed_width for node in nodes)
        for node in nodes:
            node.x, node.width = x, widest
        x += widest + _CHANNEL
    for turn in range(12):
        for nodes in layers if turn % 2 else reversed(layers):
            wishes = [_wanted(node, bool(turn % 2)) - node.height / 2 for node in nodes]
            _spread(nodes, wishes)
    top = min(node.y for nodes in layers for node in nodes)
    for nodes in layers:
        for node in nodes:
            node.y += _MARGIN - top


def _spread(nodes: list[_Node], wishes: list[float]) -> None:
    """Put nodes where they want to be, in their order and clear of each other.

    Down from the first and up from the last, and half-way between the two.
    """
    down, up = list(wishes), list(wishes)
    for i in range(1, len(nodes)):
        down[i] = max(down[i], down[i - 1] + nodes[i - 1].height + _GAP)
    for i in reversed(range(len(nodes) - 1)):
        up[i] = min(up[i], up[i + 1] - nodes[i].height - _GAP)
    for node, low, high in zip(nodes, down, up, strict=True):
        node.y = (low + high) / 2


def _arrows(node: _Node) -> list[str]:
    """Return the arrows that leave a node to the left."""
    shapes = []
    if node.table is None:
        middle = f"{node.middle:.0f}"
        end = node.x + node.width
        shapes.append(f'<path class="arrow" d="M{node.x:.0f} {middle}H{end:.0f}"/>')
    for target, line in node.left:
        y = node.y + _LINE * (line + 0.5) + 3 if node.table else node.middle
        to_x = target.x + target.width
        half = (node.x - to_x) / 2
        mark = ' marker-end="url(#end)"' if target.table else ""
        shapes.append(
            f'<path class="arrow" d="M{node.x:.0f} {y:.0f}'
            f"C{node.x - half:.0f} {y:.0f} {to_x + half:.0f} {target.entry:.0f}"
            f' {to_x:.0f} {target.entry:.0f}"{mark}/>'
        )
    return shapes


def _box(node: _Node, table: Table) -> list[str]:
    """Return the box of a table: its name, and the columns that refer to others."""
    kind = "head tenant" if table.is_of_a_group else "head"
    at = f'x="{node.x:.0f}" y="{node.y:.0f}" width="{node.width:.0f}"'
    shapes = [
        f'<rect class="box" {at} height="{node.height:.0f}" rx="3"/>',
        f'<rect class="{kind}" {at} height="{_LINE + 6}" rx="3"/>',
    ]
    for number, text in enumerate([node.name, *node.lines]):
        name = ' class="name"' if number == 0 else ""
        y = node.y + _LINE * (number + 1) - 1 + (4 if number else 0)
        shapes.append(f'<text{name} x="{node.x + _PADDING:.0f}" y="{y:.0f}">{escape(text)}</text>')
    return shapes
