"""Weaken one clause of SQL at a time, in the tree that PostgreSQL's own parser makes of it.

A clause is an operand of `and` and `or`, or a whole condition. Where a condition lets somebody in,
it becomes true; below a `not`, and where it keeps somebody out, false. A set of groups becomes the
next wider one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType, SubLinkType
from pglast.stream import RawStream

# Each set of groups contains the one before it.
WIDER = {
    "admin_groups": "member_groups",
    "member_groups": "full_groups",
    "full_groups": "any_groups",
}
# The words by which authz.require_member knows the sets.
WEAKER = {"admin": "direct", "direct": "full", "full": "any"}
# What a condition reads if it decides who may do or see something.
DECIDES = re.compile(
    r"authz\.(any|full|member|admin)_groups\b|authz\.(caller_id|require_member)"
    r"|'aspen\.((any|full|direct|member|admin)_groups|(user|job)_id)'|planned_for"
    r"|current_user|'role'|is_operator|\bis_private\b|verified"
    r"|\b(ends|disabled|expires|accepted)_at\b",
    re.IGNORECASE,
)
COMPARISONS = ("=", "<>", "<", ">", "<=", ">=", "~", "!~", "~*", "&&", "@>", "<@", "?")
# Where a tree has a condition.
CONDITIONS = {
    "whereClause": (ast.SelectStmt, ast.UpdateStmt, ast.DeleteStmt, ast.InferClause),
    "quals": (ast.JoinExpr,),
    "expr": (ast.CaseWhen,),
    "agg_filter": (ast.FuncCall,),
}


@dataclass(frozen=True)
class Weaker:
    """One way to weaken a text: the clause, what became of it, and the whole text after that."""

    clause: str
    change: str
    text: str


@dataclass(frozen=True)
class _Site:
    node: Any
    replace: Callable[[Any], None]
    new: Callable[[], Any]
    change: str


def weaken_condition(
    condition: str, *, refuses: bool = False, matters: re.Pattern[str] | None = None
) -> Iterator[Weaker]:
    """Yield every weaker form of a condition; `refuses` if it keeps out whom it is true for."""
    yield from _weaken_expression(condition, refuses, True, matters)


def weaken_value(value: str, matters: re.Pattern[str] | None = None) -> Iterator[Weaker]:
    """Yield every weaker form of an expression, which is a condition if it looks like one."""
    yield from _weaken_expression(value, False, False, matters)


def _weaken_expression(
    expression: str, refuses: bool, is_condition: bool, matters: re.Pattern[str] | None
) -> Iterator[Weaker]:
    def read() -> tuple[list[_Site], Callable[[], str]]:
        select: Any = parse_sql(f"select ({expression})")[0].stmt
        target = select.targetList[0]
        sites = (
            _operands(target.val, _setter(target, "val"), refuses)
            if is_condition or _is_boolean(target.val)
            else _inside(target.val)
        )
        return list(sites), lambda: RawStream()(select).removeprefix("SELECT ")

    yield from _each(read, matters)


def weaken_statements(statements: str, matters: re.Pattern[str] | None = None) -> Iterator[Weaker]:
    """Yield every weaker form of a text of SQL statements."""

    def read() -> tuple[list[_Site], Callable[[], str]]:
        parsed = parse_sql(statements)
        sites = [site for one in parsed for site in _inside(one.stmt)]
        return sites, lambda: ";\n".join(RawStream()(one) for one in parsed)

    yield from _each(read, matters)


def _each(
    read: Callable[[], tuple[list[_Site], Callable[[], str]]], matters: re.Pattern[str] | None
) -> Iterator[Weaker]:
    """Read the text again for each clause, and change that one."""
    count = len(read()[0])
    for number in range(count):
        sites, text = read()
        site = sites[number]
        clause = RawStream()(site.node)
        new = site.new()
        if RawStream()(new) == clause or (matters and not matters.search(clause)):
            continue
        site.replace(new)
        yield Weaker(clause, site.change, text())


def _operands(node: Any, replace: Callable[[Any], None], refuses: bool) -> Iterator[_Site]:
    """Yield the clauses of a condition."""
    if isinstance(node, ast.BoolExpr):
        is_not = node.boolop == BoolExprType.NOT_EXPR
        for place, operand in enumerate(node.args or ()):
            yield from _operands(operand, _item_setter(node, "args", place), refuses ^ is_not)
    else:
        yield _Site(node, replace, lambda: _boolean(not refuses), f"{not refuses}".lower())
        if isinstance(node, ast.CaseExpr):
            yield from _results(node, refuses)
        else:
            yield from _inside(node, refuses)


def _results(node: ast.CaseExpr, refuses: bool) -> Iterator[_Site]:
    """Yield the clauses of a `case` that is a condition: what chooses a result, and each result."""
    for when in node.args or ():
        # After `case x`, what stands after `when` is a value.
        if node.arg is None:
            yield from _operands(when.expr, _setter(when, "expr"), refuses)
        yield from _operands(when.result, _setter(when, "result"), refuses)
    if node.defresult is not None:
        yield from _operands(node.defresult, _setter(node, "defresult"), refuses)


def _inside(node: Any, refuses: bool = False) -> Iterator[_Site]:
    """Yield the clauses of every condition and every set of groups anywhere in a tree."""
    if not isinstance(node, ast.Node):
        return
    if isinstance(node, ast.FuncCall):
        yield from _wider(node)
    if isinstance(node, ast.CaseExpr) and node.arg is not None:
        # Compares values: what stands after `when` is no condition.
        return
    if isinstance(node, ast.ResTarget) and _is_requirement(node.val):
        yield _Site(node.val, _setter(node, "val"), lambda: _boolean(True), "true")
    for name in node:
        value = getattr(node, name)
        if isinstance(value, ast.Node):
            if isinstance(node, CONDITIONS.get(name, ())):
                yield from _operands(value, _setter(node, name), refuses)
            else:
                yield from _inside(value, refuses)
        elif isinstance(value, tuple):
            for item in _items(value):
                yield from _inside(item, refuses)


def _items(value: tuple[Any, ...]) -> Iterator[Any]:
    """Yield what a list holds; functions in FROM are in lists of their own."""
    for item in value:
        yield from item if isinstance(item, tuple) else (item,)


def _wider(call: ast.FuncCall) -> Iterator[_Site]:
    schema, name = ([part.sval for part in call.funcname or ()] + ["", ""])[:2]
    if schema != "authz":
        return
    if name in WIDER:
        wider = WIDER[name]
        part = _item_setter(call, "funcname", 1)
        yield _Site(call, lambda new: part(new), lambda: ast.String(wider), f"authz.{wider}()")
    if name == "require_member":
        args: tuple[Any, ...] = call.args or ()
        needs = _text(args[2]) if len(args) > 2 else "direct"
        if needs in WEAKER:
            weaker = WEAKER[needs]
            yield _Site(
                call,
                lambda new: setattr(call, "args", (*args[:2], new)),
                lambda: ast.A_Const(isnull=False, val=ast.String(weaker)),
                f"needs {weaker}",
            )


def _text(node: Any) -> str:
    """Return the value of a literal; the catalogue shows some with their type."""
    literal: Any = node.arg if isinstance(node, ast.TypeCast) else node
    text: str = literal.val.sval
    return text


def _is_requirement(node: Any) -> bool:
    return isinstance(node, ast.FuncCall) and _names(node.funcname)[-1] == "require_member"


def _names(parts: Any) -> list[str]:
    return [part.sval for part in parts]


def _is_boolean(node: Any) -> bool:
    if isinstance(node, ast.A_Expr):
        return node.kind != A_Expr_Kind.AEXPR_OP or _names(node.name)[-1] in COMPARISONS
    if isinstance(node, ast.SubLink):
        return bool(node.subLinkType != SubLinkType.EXPR_SUBLINK)
    return isinstance(node, ast.BoolExpr | ast.NullTest | ast.BooleanTest)


def _boolean(value: bool) -> ast.A_Const:
    return ast.A_Const(isnull=False, val=ast.Boolean(value))


def _setter(node: Any, name: str) -> Callable[[Any], None]:
    return lambda new: setattr(node, name, new)


def _item_setter(node: Any, name: str, place: int) -> Callable[[Any], None]:
    def replace(new: Any) -> None:
        items = list(getattr(node, name))
        items[place] = new
        setattr(node, name, tuple(items))

    return replace
