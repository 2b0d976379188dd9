"""Draw a plan as a tree that fits a terminal: rows, time and buffers of each node."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from textwrap import wrap
from typing import Any

from control.terminal import one_line, shortened

MARK = "!!"
_CONDITIONS = (
    "Index Cond",
    "Recheck Cond",
    "Filter",
    "Join Filter",
    "Hash Cond",
    "Merge Cond",
    "One-Time Filter",
)
_NUMBERS = f"{'rows':>8} {'planned':>8} {'ms':>9} {'buffers':>8}"
# What the functions of authz are once they are inlined.
_INLINED = re.compile(
    r"\(NULLIF\(current_setting\('aspen\.(\w+)'::text, true\), ''::text\)\)::bigint(?:\[\])?"
)
_LEAST_WIDTH = 40


def tree(plan: dict[str, Any], tenant_tables: Collection[str], width: int) -> Iterator[str]:
    """Yield the lines of a plan, and at the end its times."""
    left = max(width - len(_NUMBERS) - 1, _LEAST_WIDTH)
    yield f"{'':<{left}} {_NUMBERS}"
    yield from _node(plan["Plan"], tenant_tables, left, width, "")
    yield f"planning {plan['Planning Time']:.1f} ms, execution {plan['Execution Time']:.1f} ms"
    for table in sequential_scans(plan, tenant_tables):
        yield f"{MARK} {table} is read from end to end, rows of other groups included"


def sequential_scans(plan: dict[str, Any], tenant_tables: Collection[str]) -> list[str]:
    """Return the tables of groups that a plan reads from end to end."""
    return sorted(
        {node["Relation Name"] for node in _nodes(plan["Plan"]) if _reads_all(node, tenant_tables)}
    )


def summary(plan: dict[str, Any]) -> str:
    """Return what a plan costs, on one line."""
    node = plan["Plan"]
    return (
        f"{plan['Execution Time']:.1f} ms, {_buffers(node)} buffers,"
        f" {sum(1 for _ in _nodes(node))} nodes"
    )


def with_functions(condition: str) -> str:
    """Name the functions of authz again that the planner inlined."""
    return _INLINED.sub(r"authz.\1()", condition)


def _node(
    node: dict[str, Any], tenants: Collection[str], left: int, width: int, indent: str
) -> Iterator[str]:
    mark = f"{MARK} " if _reads_all(node, tenants) else ""
    loops = node.get("Actual Loops", 1)
    rows = node.get("Actual Rows", 0) * loops
    spent = node.get("Actual Total Time", 0.0) * loops
    name = shortened(f"{indent}{mark}{_name(node)}", left)
    planned = node["Plan Rows"] * max(loops, 1)
    yield f"{name:<{left}} {rows:>8.0f} {planned:>8.0f} {spent:>9.2f} {_buffers(node):>8}"
    for kind in _CONDITIONS:
        if kind in node:
            condition = with_functions(node[kind])
            label = f"{kind} (policy)" if "authz." in condition else kind
            yield from wrap(
                f"{label}: {one_line(condition)}",
                max(width, _LEAST_WIDTH + len(indent)),
                initial_indent=f"{indent}    ",
                subsequent_indent=f"{indent}      ",
            )
    if removed := node.get("Rows Removed by Filter"):
        yield f"{indent}    rows removed by the filter: {removed * loops:.0f}"
    for below in node.get("Plans", ()):
        yield from _node(below, tenants, left, width, f"{indent}  ")


def _name(node: dict[str, Any]) -> str:
    name = str(node["Node Type"])
    if index := node.get("Index Name"):
        name += f" by {index}"
    if relation := node.get("Relation Name"):
        name += f" of {relation}"
    elif of := node.get("CTE Name") or node.get("Function Name"):
        name += f" of {of}"
    if below := node.get("Subplan Name"):
        name = f"{below}: {name}"
    return name


def _buffers(node: dict[str, Any]) -> int:
    return int(node.get("Shared Hit Blocks", 0)) + int(node.get("Shared Read Blocks", 0))


def _reads_all(node: dict[str, Any], tenants: Collection[str]) -> bool:
    # A branch that was never executed reads nothing.
    return (
        node["Node Type"].endswith("Seq Scan")
        and node.get("Relation Name") in tenants
        and node.get("Actual Loops", 1) > 0
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
