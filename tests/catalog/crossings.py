"""Joins of the rows of groups that do not compare the groups, read off PostgreSQL's own parser.

A relation is one of groups if it has a group_id: a table of aspen, a view of api, or a list made of
them in the statement itself. All relations of groups of one FROM clause, and those of a subquery
with what it compares outside, have to be connected by `group_id = group_id`, directly or by the
same value. So a statement combines no rows of two groups, and each group can be on a machine of
its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType, SubLinkType
from pglast.stream import RawStream

from tests.mutants.collect import queries_of

RELATIONS = """
select concat(tables.relnamespace::regnamespace, '.', tables.relname)
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and columns.attname = 'group_id'
where
    tables.relnamespace::regnamespace::text in ('aspen', 'api')
    and tables.relkind in ('r', 'p', 'v')
"""
VIEWS = """
select concat('api.', relname), pg_get_viewdef(oid) from pg_catalog.pg_class
where relnamespace = 'api'::regnamespace and relkind = 'v'
"""
FUNCTIONS = """
select
    concat(functions.pronamespace::regnamespace, '.', functions.proname), languages.lanname,
    pg_get_functiondef(functions.oid), functions.prosrc
from pg_catalog.pg_proc as functions
inner join pg_catalog.pg_language as languages on functions.prolang = languages.oid
where
    functions.pronamespace::regnamespace::text in ('api', 'authz', 'internal')
    and functions.prokind = 'f'
order by functions.oid
"""
GROUPS = "aspen.groups"
# PL/pgSQL is statements, and expressions that may stand behind the variable that gets them.
ASSIGNED = re.compile(r"^\s*[\w.]+(\[[^]]*\])?\s*:=\s*", re.ASCII)
STATEMENT = re.compile(r"\s*(select|insert|update|delete|with|lock|merge)\b", re.I)
Key = tuple[str, str]


def crossings(conn: psycopg.Connection) -> set[str]:
    """Return what combines rows of groups without comparing the groups: object and relations."""
    tenants = frozenset(name for (name,) in conn.execute(RELATIONS.encode())) | {GROUPS}
    return {
        f"{name}: {found}"
        for name, text in _statements(conn)
        for parsed in parse_sql(text)
        for found in Statement(tenants).check(parsed.stmt)
    }


def crossings_of(text: str, tenants: frozenset[str]) -> list[str]:
    """Return those of one text."""
    return [found for one in parse_sql(text) for found in Statement(tenants).check(one.stmt)]


def _statements(conn: psycopg.Connection) -> Iterator[tuple[str, str]]:
    """Yield every view, and every statement of every function."""
    yield from conn.execute(VIEWS.encode())
    for name, language, definition, source in conn.execute(FUNCTIONS.encode()):
        if language == "sql":
            yield name, source or definition
        elif language == "plpgsql":
            for query in queries_of(definition, source):
                value = ASSIGNED.sub("", query)
                yield name, value if STATEMENT.match(value) else f"select {value}"


@dataclass
class Scope:
    """The relations of groups of one query level, and which of their groups are equal."""

    parent: Scope | None = None
    local: list[str] = field(default_factory=list)
    relations: dict[str, str] = field(default_factory=dict)
    names: dict[str, Key] = field(default_factory=dict)
    equal: list[tuple[Key, Key]] = field(default_factory=list)

    def key_of(self, alias: str) -> Key | None:
        """Return the group of a relation of this level or one around it."""
        if alias in self.names:
            return self.names[alias]
        return self.parent.key_of(alias) if self.parent else None

    def all_equal(self) -> list[tuple[Key, Key]]:
        """Return what is known to be equal here."""
        return self.equal + (self.parent.all_equal() if self.parent else [])

    def connected(self, start: Key) -> set[Key]:
        """Return the groups that equal one."""
        found, edges = {start}, self.all_equal()
        while more := {other for pair in edges for other in pair if found & set(pair)} - found:
            found |= more
        return found


class Statement:
    """One statement: walks its levels and collects the crossings."""

    def __init__(self, tenants: frozenset[str]) -> None:
        self.tenants = tenants
        self.lists: dict[str, bool] = {}
        self.found: list[str] = []
        self.count = 0

    def check(self, node: Any) -> list[str]:
        """Return the crossings of a statement."""
        if _is(node, ast.CreateFunctionStmt):
            for one in _flat(node.sql_body):
                self.level(one, None)
        elif _is(node, ast.ViewStmt):
            self.level(node.query, None)
        else:
            self.level(node, None)
        return self.found

    def level(self, node: Any, parent: Scope | None, also: Any = ()) -> Scope | None:
        """Walk one level; `also` are pairs that the level around compares with its columns."""
        if _is(node, ast.ReturnStmt):
            node = ast.SelectStmt(targetList=(ast.ResTarget(val=node.returnval),))
        if not _is(node, ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt):
            return None
        for one in getattr(node.withClause, "ctes", None) or ():
            self.lists[one.ctename] = self.shows_group(one.ctequery)
            self.level(one.ctequery, parent)
        if _is(node, ast.SelectStmt) and node.larg:
            self.level(node.larg, parent, also)
            self.level(node.rarg, parent, also)
            return None
        scope = Scope(parent)
        sources = [*(getattr(node, "fromClause", None) or ())]
        sources += getattr(node, "usingClause", None) or ()
        if _is(node, ast.UpdateStmt, ast.DeleteStmt):
            sources.append(node.relation)
        conditions = [node.whereClause] if getattr(node, "whereClause", None) else []
        deeper: list[Any] = []
        for source in sources:
            self.source(source, scope, conditions, deeper)
        for condition in conditions:
            self.equalities(condition, scope)
        for left, right in also:
            self.pair(left, right, scope)
        for sub in deeper:
            self.level(sub, scope)
        if _is(node, ast.InsertStmt):
            self.level(node.selectStmt, parent)
        self.judge(scope, [*conditions, *(one for pair in also for one in pair)])
        for part in (*conditions, *_rest(node)):
            self.sublinks(part, scope)
        return scope

    def source(self, node: Any, scope: Scope, conditions: list[Any], deeper: list[Any]) -> None:
        """Note one item of a FROM clause."""
        if _is(node, ast.JoinExpr):
            self.source(node.larg, scope, conditions, deeper)
            self.source(node.rarg, scope, conditions, deeper)
            if node.quals:
                conditions.append(node.quals)
            if node.usingClause and "group_id" in {one.sval for one in node.usingClause}:
                scope.equal += zip(scope.names.values(), [*scope.names.values()][1:], strict=False)
        elif _is(node, ast.RangeVar):
            name = f"{node.schemaname}.{node.relname}" if node.schemaname else node.relname
            alias = node.alias.aliasname if node.alias else node.relname
            if self.has_group(node):
                self.note(alias, name, scope)
        elif _is(node, ast.RangeSubselect):
            deeper.append(node.subquery)
            if node.alias and self.shows_group(node.subquery):
                self.note(node.alias.aliasname, node.alias.aliasname, scope)

    def note(self, alias: str, name: str, scope: Scope) -> None:
        """Add a relation of groups to a level."""
        self.count += 1
        scope.names[alias] = (f"{self.count}", alias)
        scope.relations[alias] = name

    def shows_group(self, query: Any) -> bool:
        """Tell whether a query has a column group_id, or all columns of what has one."""
        select = _first(query)
        targets = getattr(select, "targetList", None) or getattr(query, "returningList", None) or ()
        names = {one.name or _last_name(one.val) for one in targets}
        sources = getattr(select, "fromClause", None) or ()
        return "group_id" in names or ("*" in names and any(map(self.has_group, sources)))

    def has_group(self, source: Any) -> bool:
        """Tell whether something in a FROM clause has a group."""
        if _is(source, ast.JoinExpr):
            return self.has_group(source.larg) or self.has_group(source.rarg)
        if _is(source, ast.RangeSubselect):
            return self.shows_group(source.subquery)
        return _is(source, ast.RangeVar) and (
            f"{source.schemaname}.{source.relname}" in self.tenants
            or (not source.schemaname and self.lists.get(source.relname, False))
        )

    def equalities(self, node: Any, scope: Scope) -> None:
        """Collect what has to be equal for the whole condition to be true."""
        if _is(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
            for one in node.args:
                self.equalities(one, scope)
        elif (
            _is(node, ast.A_Expr)
            and node.kind == A_Expr_Kind.AEXPR_OP
            and node.name[-1].sval == "="
        ):
            for left, right in zip(_items(node.lexpr), _items(node.rexpr), strict=False):
                self.pair(left, right, scope)

    def pair(self, left: Any, right: Any, scope: Scope) -> None:
        """Note that two values are equal, if one of them is a group."""
        keys = [group_key(one, scope) for one in (left, right)]
        if any(keys):
            scope.equal.append(
                (
                    keys[0] or ("value", RawStream()(left)),
                    keys[1] or ("value", RawStream()(right)),
                )
            )

    def judge(self, scope: Scope, conditions: list[Any]) -> None:
        """Find relations of a level that nothing connects."""
        aliases = [*scope.names]
        if not aliases:
            return
        reached = scope.connected(scope.names[aliases[0]])
        for other in aliases[1:]:
            if scope.names[other] not in reached:
                self.found.append(f"{scope.relations[aliases[0]]} and {scope.relations[other]}")
        outside = {
            alias
            for alias in _aliases(conditions)
            if alias not in scope.names and scope.parent and scope.parent.key_of(alias)
        }
        if outside and not any(
            scope.parent and scope.parent.key_of(alias) in reached for alias in outside
        ):
            self.found.append(f"{', '.join(sorted(outside))} around {scope.relations[aliases[0]]}")

    def sublinks(self, node: Any, scope: Scope) -> None:
        """Walk the subqueries of an expression."""
        if _is(node, ast.SubLink):
            also: list[tuple[Any, Any]] = []
            if node.subLinkType == SubLinkType.ANY_SUBLINK:
                columns = [one.val for one in _first(node.subselect).targetList or ()]
                also = [*zip(_items(node.testexpr), columns, strict=False)]
            self.level(node.subselect, scope, also)
            return
        for one in _children(node):
            self.sublinks(one, scope)


def group_key(node: Any, scope: Scope) -> Key | None:
    """Return the group that a column is of: group_id, or the id of groups."""
    while _is(node, ast.TypeCast):
        node = node.arg
    if not _is(node, ast.ColumnRef) or not _is(node.fields[-1], ast.String):
        return None
    column = node.fields[-1].sval
    if len(node.fields) == 1:
        return (
            next(iter(scope.names.values()))
            if (column == "group_id" and len(scope.names) == 1)
            else None
        )
    alias = node.fields[-2].sval
    around: Scope | None = scope
    while around and alias not in around.names:
        around = around.parent
    is_groups = around is not None and around.relations[alias] in (GROUPS, "api.groups")
    return scope.key_of(alias) if column == ("id" if is_groups else "group_id") else None


def _is(node: Any, *kinds: type) -> bool:
    """Tell whether a node is of a kind, without telling mypy: pglast types members as optional."""
    return isinstance(node, kinds)


def _first(query: Any) -> Any:
    while _is(query, ast.SelectStmt) and query.larg:
        query = query.larg
    return query


def _last_name(node: Any) -> str | None:
    if not _is(node, ast.ColumnRef):
        return None
    last = node.fields[-1]
    return last.sval if _is(last, ast.String) else "*"


def _items(node: Any) -> tuple[Any, ...]:
    return tuple(node.args) if _is(node, ast.RowExpr) else (node,)


def _flat(node: Any) -> Iterator[Any]:
    if _is(node, list, tuple):
        for one in node:
            yield from _flat(one)
    elif node is not None:
        yield node


def _rest(node: Any) -> Iterator[Any]:
    """Yield what a level has besides its relations and conditions."""
    for name in (
        "targetList",
        "groupClause",
        "havingClause",
        "sortClause",
        "valuesLists",
        "returningList",
        "limitCount",
        "limitOffset",
    ):
        yield from _flat(getattr(node, name, None))
    for source in getattr(node, "fromClause", None) or ():
        if _is(source, ast.RangeFunction):
            yield from _flat(source.functions)


def _children(node: Any) -> Iterator[Any]:
    if _is(node, ast.Node):
        for name in node:
            yield from _flat(getattr(node, name))


def _aliases(nodes: list[Any]) -> Iterator[str]:
    """Yield the relations that columns are of, but for those in subqueries."""
    for node in nodes:
        if _is(node, ast.ColumnRef) and len(node.fields) > 1:
            yield node.fields[-2].sval
        elif not _is(node, ast.SelectStmt):
            yield from _aliases([*_children(node)])
