"""Every mutant of a database: one clause of a policy, a view or a function weakened.

Many rows have two layers of protection that say the same, so that a hole in one is no hole at all:
the fence of a table and its other policies; the check at the head of a function and the policies
under which it writes. Each is therefore tried with the other one open.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from pglast.parser import parse_plpgsql_json

from tests.mutants.weaken import (
    DECIDES,
    Weaker,
    weaken_condition,
    weaken_statements,
    weaken_value,
)

# Functions check whom they write for by this one, and write as the role.
CHECK = "authz.require_member"
WRITER = "api_writer"
# What these owners' functions read is not filtered by policies, so every condition counts.
UNFILTERED = ("claims_reader",)
# What gives each request its groups.
ENTRY = (
    "authz.identify_caller",
    "authz.identify_job",
    "authz.held_groups",
    "authz.granted_groups",
)
# They keep answers for requests that are sent again. Nothing but PostgREST calls them as they are
# meant, and so tests/http asks about them.
OF_RETRIES = ("authz.admit_key", "authz.current_setting")
# What stands before an expression of PL/pgSQL.
AFTER = "if|elsif|perform|return|query|when|in|while|then|begin|else|loop|default"
CREATION = re.compile(r"create (?:or replace )?(policy|view|function) ([\w.]+)")
NAME = re.compile(r"\b(?:aspen|api|authz|internal)\.\w+")
COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}


@dataclass(frozen=True)
class Mutant:
    """One weakened clause, the statements that make it and those that take it back."""

    name: str
    file: str
    line: int
    clause: str
    change: str
    # What stands open while it is tried, with or without the mutant.
    opening: tuple[str, ...]
    mutation: str
    undoing: tuple[str, ...]
    # Names of the table or the function and of what builds on it, nearest first.
    words: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return what the list of explained survivors calls it."""
        return f"{self.name} | {self.clause} | {self.change}"

    @property
    def where(self) -> str:
        """Return the place of the clause."""
        return f"{self.file}:{self.line}"


def collect(conn: psycopg.Connection, root: Path) -> list[Mutant]:
    """Return all mutants of a database that was made from the files of a checkout."""
    places = Places(root)
    uses = Uses(conn)
    policies = _policies(conn)
    found = [
        *_of_policies(conn, policies, places, uses),
        *_of_views(conn, places, uses),
        *_of_functions(conn, policies, places, uses),
    ]
    # The same clause may stand in one object twice.
    seen: Counter[str] = Counter()
    for place, mutant in enumerate(found):
        seen[mutant.key] += 1
        if seen[mutant.key] > 1:
            change = f"{mutant.change} ({seen[mutant.key]})"
            found[place] = replace(mutant, change=change)
    return found


class Places:
    """The files below sql/, to say where a clause is."""

    def __init__(self, root: Path) -> None:
        self._files: dict[str, list[str]] = {}
        self._heads: dict[str, tuple[str, int]] = {}
        for path in sorted((root / "sql").rglob("*.sql")):
            name = f"{path.relative_to(root)}"
            self._files[name] = path.read_text("utf-8").splitlines()
            for number, line in enumerate(self._files[name]):
                if found := CREATION.match(line):
                    self._heads[f"{found[1]} {found[2]}"] = name, number

    def of(self, name: str, clause: str) -> tuple[str, int]:
        """Return file and line of a clause of `policy …`, `view …` or `function …`."""
        if name in self._heads:
            file, number = self._heads[name]
        else:
            # The fences are created in a loop.
            file, number, clause = "sql/structure.sql", 0, "as restrictive for all"
        return file, _line_of(clause, self._files[file], number)


def _line_of(clause: str, lines: list[str], start: int) -> int:
    """Return the number of the line where a clause begins, or else that of the header."""
    wanted = _bare(clause)[:24]
    for number in range(start, len(lines)):
        here = _bare(" ".join(lines[number : number + 4]))
        following = _bare(" ".join(lines[number + 1 : number + 4]))
        if wanted in here and wanted not in following:
            return number + 1
    return start + 1


def _bare(text: str) -> str:
    """Write a text as neither the parser nor an author would, so that both can be compared."""
    text = re.sub(r"(?i)\bcast\((.*?) as [\w .]+(\[\])?\)", r"\1", text)
    return re.sub(r"::[\w.]+(\[\])?|[\s()\"]", "", text.replace("!=", "<>")).lower()


class Uses:
    """Which views and functions of the API build on a table or a function."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._texts: dict[str, str] = dict(
            conn.execute(
                "select n.nspname || '.' || c.relname, pg_get_viewdef(c.oid)"
                " from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
                " where n.nspname = 'api' and c.relkind = 'v'"
                " union all"
                " select n.nspname || '.' || p.proname, string_agg(pg_get_functiondef(p.oid), ' ')"
                " from pg_proc as p inner join pg_namespace as n on p.pronamespace = n.oid"
                " where n.nspname in ('api', 'authz', 'internal') and p.prokind = 'f'"
                " group by 1"
            ).fetchall()
        )
        for view, text in conn.execute(
            "select t.tgrelid::regclass::text, t.tgfoid::regproc::text from pg_trigger as t"
            " inner join pg_class as c on t.tgrelid = c.oid where not t.tgisinternal"
        ):
            self._texts[view] = f"{self._texts.get(view, '')} {text}"

        self._named = {user: set(NAME.findall(text)) for user, text in self._texts.items()}
        self._found: dict[str, tuple[str, ...]] = {}

    def of(self, name: str) -> tuple[str, ...]:
        """Return the bare names of what uses a name, directly first."""
        if name not in self._found:
            found, edge = [name], {name}
            while edge:
                edge = {user for user, named in self._named.items() if named & edge} - {*found}
                found += sorted(edge)
            self._found[name] = tuple(dict.fromkeys(one.rpartition(".")[2] for one in found))
        return self._found[name]


def _rows(conn: psycopg.Connection, query: str) -> list[Any]:
    return conn.execute(query).fetchall()


@dataclass(frozen=True)
class _Policy:
    table: str
    name: str
    is_permissive: bool
    command: str
    roles: tuple[str, ...]
    using: str | None
    check: str | None

    @property
    def opened(self) -> str:
        """Return the statement that lets everything through."""
        return self._with("true" if self.using else None, "true" if self.check else None)

    @property
    def restored(self) -> str:
        """Return the statement that makes it what it is."""
        return f"{self._with(self.using, self.check)}; {self.of_roles(self.roles)}"

    @property
    def writes(self) -> bool:
        """Return whether functions write under it."""
        return self.is_permissive and WRITER in self.roles and self.command != "select"

    def of_roles(self, roles: tuple[str, ...]) -> str:
        """Return the statement that gives it to other roles."""
        return f"alter policy {self.name} on {self.table} to {', '.join(roles)}"

    def weakened(self) -> Iterator[tuple[Weaker, str]]:
        """Yield each clause; one that is in both parts is one clause, stated twice."""
        in_check = {
            (weaker.clause, weaker.change): weaker
            for weaker in weaken_condition(self.check or "true")
        }
        for weaker in weaken_condition(self.using or "true"):
            twin = in_check.pop((weaker.clause, weaker.change), None)
            yield weaker, self._with(weaker.text, twin.text if twin else self.check)
        for weaker in in_check.values():
            yield weaker, self._with(self.using, weaker.text)

    def _with(self, using: str | None, check: str | None) -> str:
        parts = [f" using ({using})" if using else "", f" with check ({check})" if check else ""]
        return f"alter policy {self.name} on {self.table}{''.join(parts)}"


def _policies(conn: psycopg.Connection) -> list[_Policy]:
    rows = _rows(
        conn,
        "select polrelid::regclass::text, polname, polpermissive, polcmd,"
        " array(select rolname::text from pg_roles where oid = any(polroles) order by 1),"
        " pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)"
        " from pg_policy order by 1, 2",
    )
    return [
        _Policy(table, name, kind, COMMANDS[command], tuple(roles), using, check)
        for table, name, kind, command, roles, using, check in rows
    ]


def _of_policies(
    conn: psycopg.Connection, policies: Sequence[_Policy], places: Places, uses: Uses
) -> Iterator[Mutant]:
    ((check,),) = _rows(conn, f"select pg_get_functiondef('{CHECK}'::regproc)")
    start, end = check.index("BEGIN ATOMIC"), check.rindex("END")
    unchecked = f"{check[:start]}BEGIN ATOMIC select true; {check[end:]}"
    for policy in policies:
        layer = [
            one
            for one in policies
            if one.table == policy.table and one.is_permissive != policy.is_permissive
        ]
        opening = tuple(one.opened for one in layer)
        undoing = tuple(one.restored for one in (policy, *layer))
        if policy.writes:
            opening, undoing = (*opening, unchecked), (*undoing, check)
        found = [(one.clause, one.change, text) for one, text in policy.weakened()]
        found += _wider_roles(conn, policy)
        for clause, change, mutation in found:
            file, line = places.of(f"policy {policy.name}", clause)
            yield Mutant(
                f"policy {policy.name}",
                file,
                line,
                clause,
                change,
                opening,
                mutation,
                undoing,
                uses.of(policy.table),
            )


def _wider_roles(conn: psycopg.Connection, policy: _Policy) -> Iterator[tuple[str, str, str]]:
    """Yield the policy for members too, where a grant lets them use it."""
    if not policy.is_permissive or "member" in policy.roles:
        return
    row = conn.execute(
        "select has_table_privilege('member', %(table)s, %(command)s)"
        " or %(command)s <> 'delete' and has_any_column_privilege("
        "'member', %(table)s, case %(command)s when 'delete' then 'select' else %(command)s end)",
        {"table": policy.table, "command": policy.command},
    ).fetchone()
    if row and row[0]:
        roles = ("member", *policy.roles)
        yield f"to {', '.join(policy.roles)}", "to member, too", policy.of_roles(roles)


def _of_views(conn: psycopg.Connection, places: Places, uses: Uses) -> Iterator[Mutant]:
    for view, options, text in _rows(
        conn,
        "select oid::regclass::text, array_to_string(reloptions, ', '), pg_get_viewdef(oid)"
        " from pg_class where relkind = 'v' and relnamespace = 'api'::regnamespace order by 1",
    ):
        head = f"create or replace view {view} with ({options}) as "
        for weaker in weaken_statements(text.rstrip(";"), DECIDES):
            file, line = places.of(f"view {view}", weaker.clause)
            yield Mutant(
                f"view {view}",
                file,
                line,
                weaker.clause,
                weaker.change,
                (),
                head + weaker.text,
                (head + text,),
                uses.of(view),
            )


def _of_functions(
    conn: psycopg.Connection, policies: Sequence[_Policy], places: Places, uses: Uses
) -> Iterator[Mutant]:
    layer = [one for one in policies if one.writes]
    opened, restored = tuple(one.opened for one in layer), tuple(one.restored for one in layer)
    for name, definition, source, language, owner in _rows(
        conn,
        "select n.nspname || '.' || p.proname, pg_get_functiondef(p.oid), p.prosrc, l.lanname,"
        " pg_get_userbyid(p.proowner)"
        " from pg_proc as p"
        " inner join pg_namespace as n on p.pronamespace = n.oid"
        " inner join pg_language as l on p.prolang = l.oid"
        " where n.nspname in ('api', 'authz', 'internal') and p.prokind = 'f'"
        " and l.lanname in ('sql', 'plpgsql') order by 1, p.oid",
    ):
        if name in OF_RETRIES:
            continue
        matters = None if owner in UNFILTERED or name in ENTRY else DECIDES
        if matters and not matters.search(definition):
            continue
        part, weaker_texts = _body(definition, source, language, matters)
        for weaker in weaker_texts:
            file, line = places.of(f"function {name}", weaker.clause)
            is_check = weaker.clause.startswith(f"{CHECK}(")
            yield Mutant(
                f"function {name}",
                file,
                line,
                weaker.clause,
                weaker.change,
                opened if is_check else (),
                definition.replace(part, weaker.text, 1),
                (definition, *(restored if is_check else ())),
                uses.of(name),
            )


def _body(
    definition: str, source: str, language: str, matters: re.Pattern[str] | None
) -> tuple[str, Iterator[Weaker]]:
    """Return the part of a definition that is its body, and its weaker forms."""
    if language == "plpgsql":
        return source, _weaken_block(definition, source, matters)
    if source:
        return source, weaken_statements(source, matters)
    start = definition.index("BEGIN ATOMIC") + len("BEGIN ATOMIC")
    body = definition[start : definition.rindex("END")]
    return body, (
        Weaker(one.clause, one.change, f" {one.text}; ") for one in weaken_statements(body, matters)
    )


def _weaken_block(
    definition: str, source: str, matters: re.Pattern[str] | None
) -> Iterator[Weaker]:
    """Yield the weaker forms of the body of a function in PL/pgSQL, which holds SQL as text."""
    seen: Counter[str] = Counter()
    for query, refuses in _queries(_tree(definition, source)):
        assigned, sign, value = query.rpartition(":=")
        if refuses is not None:
            found = weaken_condition(query, refuses=refuses, matters=matters)
        elif re.match(r"(?i)\s*(select|insert|update|delete|with|lock)\b", value):
            found = weaken_statements(value, matters)
        else:
            found = weaken_value(value, matters)
        place = _place(source, query, seen[query], refuses is not None)
        seen[query] += 1
        for weaker in found:
            if place:
                text = f"{assigned}{sign} {weaker.text}"
                if source[place.start(1) :].lower().startswith("perform"):
                    text = re.sub(r"(?i)^\s*select", "perform", text)
                yield Weaker(
                    weaker.clause,
                    weaker.change,
                    f"{source[: place.start(1)]}{text} {source[place.end(1) :]}",
                )


def _place(source: str, query: str, number: int, is_condition: bool) -> re.Match[str] | None:
    """Return where a query stands; what is performed is a select in the tree.

    A condition may be the name of a variable, which is declared before.
    """
    text = re.sub(r"(?i)^select", "(?:select|perform)", re.escape(query.strip()))
    before = r"\b(?:if|elsif)\b" if is_condition else rf"(?:^|;|:=|\b(?:{AFTER})\b)"
    pattern = rf"{before}\s*(?:--.*\n\s*)*({text})"
    found = list(re.finditer(pattern, source, re.IGNORECASE | re.MULTILINE))
    return found[number] if number < len(found) else None


def _tree(definition: str, source: str) -> Any:
    """Parse a body; the parser knows no types but PostgreSQL's own, so others get a stand-in."""
    declared, begin, rest = source.partition("\nbegin")
    declared = re.sub(r"\b(aspen|api|authz|internal)\.\w+\[\]", "text[]", declared)
    declared = re.sub(r"(?m)^(\s+\w+) (aspen|api|internal)\.\w+", r"\1 record", declared)
    header = definition[: definition.index("AS $")]
    kind = next(
        kind
        for pattern, text, kind in (
            (r"(?i)returns trigger", header, "trigger"),
            (r"(?i)\breturn (query|next)\b", source, "setof record"),
            (r"(?i)\breturn\b\s*[^;\s]", source, "text"),
            ("", "", "void"),
        )
        if re.search(pattern, text)
    )
    name = re.search(r"\.(\w+)\(", header)
    assert name is not None
    arguments = re.search(r"\((.*)\)\s*RETURNS", header, re.DOTALL)
    columns = re.search(r"RETURNS TABLE\((.*)\)\n", header)
    pattern = r"(?:^|, )((?:OUT |INOUT )?)(\w+) "
    stub = ", ".join(
        [
            f"{name} {'text' if mode else 'record'}"
            for mode, name in re.findall(pattern, arguments[1] if arguments else "")
        ]
        + [f"out {name} text" for _, name in re.findall(pattern, columns[1] if columns else "")]
    )
    text = f"create function {name[1]}({stub}) returns {kind} language plpgsql as $stub$"
    return json.loads(parse_plpgsql_json(f"{text}{declared}{begin}{rest}$stub$"))


def queries_of(definition: str, source: str) -> list[str]:
    """Return the statements and expressions of a body in PL/pgSQL."""
    return [query for query, _ in _queries(_tree(definition, source))]


def _queries(node: Any, refuses: bool | None = None) -> Iterator[tuple[str, bool | None]]:
    """Yield the SQL of a block; of a condition also whether it is that of a refusal."""
    if isinstance(node, list):
        for item in node:
            yield from _queries(item)
    elif isinstance(node, dict):
        for kind, value in node.items():
            if kind == "PLpgSQL_expr":
                yield value["query"], refuses
            elif kind in ("PLpgSQL_stmt_if", "PLpgSQL_if_elsif"):
                body = json.dumps(value.get("then_body", value.get("stmts")))
                yield from _queries(value["cond"], "internal.fail(" in body)
                yield from _queries({k: v for k, v in value.items() if k != "cond"})
            else:
                yield from _queries(value)
