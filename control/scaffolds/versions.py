"""Plan the files of a previous version of the API: its views and functions call those of api."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from control.errors import ControlError
from control.queries import query
from control.scaffolds.making import Scaffold
from control.schema.versions import CONFIGURATION, CURRENT, VERSION, number_of, versions_in

_ENTRY = re.compile(rf"^\\ir (?P<path>{CURRENT}/(?:views|functions/\w+)/(?P<name>\w+)\.sql)$", re.M)
# A row of a view is the argument of a computed column, which calls nothing of api.
_TAKES_A_ROW = re.compile(r"^create or replace function api\.\w+\(\s*(?:\w+ )?api\.", re.M)
# The domains of media types are those of api.
_OF_API = re.compile(r'\bapi\.(?!")')
_SERVED = re.compile(r'^(db-schemas\s*=\s*"[^"]*)"', re.MULTILINE)
# Keywords that the catalogue writes in capitals, outside quotation marks.
_CAPITALS = re.compile(r"'[^']*'|\b(?:ARRAY|DEFAULT|NULL|SETOF|TABLE|VARIADIC)\b")
_LONGEST = 100
_SCHEMAS = "\\ir schemas.sql\n"


def plan_version(
    conn: psycopg.Connection, root: Path, name: str, deprecated: date, sunset: date
) -> Scaffold:
    """Plan a version that is what api of this database is now; its answers say both days."""
    _check_name(root, name, deprecated, sunset)
    load = (root / "sql/load.sql").read_text("utf-8")
    new = {f"sql/{name}/schema.sql": _schema(root, name, deprecated, sunset)}
    views = {row["name"]: row for row in _rows(conn, query("versions/views"))}
    functions = {row["name"]: row for row in _rows(conn, query("versions/functions"))}
    aggregates = {row["name"]: row for row in _rows(conn, query("versions/aggregates"))}
    for entry in _ENTRY.finditer(load):
        source = (root / "sql" / entry["path"]).read_text("utf-8")
        path = f"sql/{name}/{entry['path'].removeprefix(f'{CURRENT}/')}"
        if entry["path"].startswith(f"{CURRENT}/views/"):
            new[path] = "".join(_view(name, views[entry["name"]]))
        elif aggregate := aggregates.get(entry["name"]):
            new[path] = "".join(_aggregate(name, aggregate, views[aggregate["view"]]))
        elif _TAKES_A_ROW.search(source):
            new[path] = _OF_API.sub(f"{name}.", source)
        else:
            new[path] = "".join(_function(name, functions[entry["name"]]))
    listed = "".join(f"\\ir {path.removeprefix('sql/')}\n" for path in list(new)[1:])
    configuration = (root / CONFIGURATION).read_text("utf-8")
    changed = {
        "sql/load.sql": load.replace(_SCHEMAS, f"{_SCHEMAS}\\ir {name}/schema.sql\n", 1)
        + f"\n-- A previous version of the API.\n{listed}",
        CONFIGURATION: _SERVED.sub(rf'\1, {name}"', configuration, count=1),
    }
    left = [
        f"say in sql/{name}/schema.sql what clients have to change",
        f"change {CURRENT}, and repair what then fails in sql/{name}/ (control sql apply names it)",
        "make snapshot, which writes what must stay as it is until the version goes",
    ]
    return Scaffold(new, changed, left)


def _check_name(root: Path, name: str, deprecated: date, sunset: date) -> None:
    if not VERSION.fullmatch(name):
        raise ControlError(f"{name!r} is no name of a version", "name it api_v1, api_v2 …")
    there = versions_in(root)
    if there and number_of(name) <= number_of(there[-1]):
        raise ControlError(
            f"{name} is not after {there[-1]}", f"name it api_v{number_of(there[-1]) + 1}"
        )
    if sunset <= deprecated:
        raise ControlError(
            f"{name} would end on {sunset}, and be deprecated only on {deprecated}",
            "give clients time: the sunset comes after the deprecation",
        )


def _rows(conn: psycopg.Connection, statement: bytes) -> list[dict[str, Any]]:
    """Read with an empty search path, so that types are written with their schema."""
    with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set local search_path = ''")
        return cursor.execute(statement).fetchall()


def _schema(root: Path, name: str, deprecated: date, sunset: date) -> str:
    """Return what makes the schema, opens it to those who may use api, and says when it ends."""
    own = (root / "sql/schemas.sql").read_text("utf-8")
    granted = re.search(rf"^grant usage on schema {CURRENT} to (?P<roles>[^;]+);", own, re.M)
    assert granted is not None
    return (
        f"-- A previous version of the API. Two lines of the comment are headers of its answers\n"
        f"-- (authz.note_version): from when on it is deprecated, and when it ends.\n"
        f"create schema if not exists {name} authorization aspen_owner;\n\n"
        f"comment on schema {name} is $$Aspen, version {number_of(name)}\n\n"
        f"Deprecated: {deprecated}\nSunset: {sunset}\n\n"
        f"A previous version of this API: leave out Accept-Profile and Content-Profile to use the"
        f" current one.$$;\n\n"
        f"grant usage on schema {name} to {granted['roles']};\n"
    )


def _view(schema: str, view: Mapping[str, Any]) -> Iterator[str]:
    name = f"{schema}.{view['name']}"
    columns = view["columns"]
    yield f"create or replace view {name}\nwith (security_invoker = true)\nas\nselect\n"
    yield ",\n".join(f"    {view['name']}.{column['name']}" for column in columns)
    yield f"\nfrom {CURRENT}.{view['name']} as {view['name']};\n"
    for column in columns:
        if column["default"]:
            yield f"\nalter view {name} alter column {column['name']} set default"
            yield f" {column['default']};\n"
    yield f"\ncomment on view {name} is {_quoted(view['comment'])};\n\n"
    for column in columns:
        yield f"comment on column {name}.{column['name']} is\n{_quoted(column['comment'])};\n"
    yield "\n"
    for grant in view["grants"]:
        yield f"grant {grant % name};\n"


def _function(schema: str, function: Mapping[str, Any]) -> Iterator[str]:
    name = f"{schema}.{function['name']}"
    arguments = _in_version(schema, function["arguments"])
    yield f"create or replace function {_listed(name, arguments)}\n"
    result = _in_version(schema, function["result"])
    if result.startswith("table("):
        result = _listed("table ", result[len("table(") : -1])
    yield f"returns {result}\n"
    yield f"language sql\n{function['volatility']}\nsecurity invoker\n"
    if function["rows"]:
        yield f"rows {function['rows']}\n"
    for setting in function["settings"]:
        yield "set {} = '{}'\n".format(*setting.split("=", 1))
    yield "begin atomic\n"
    call = f"{CURRENT}.{function['name']}"
    if function["columns"]:
        yield "    select\n"
        yield ",\n".join(f"        answers.{column}" for column in function["columns"])
        yield f"\n    from {_listed(call, ', '.join(function['passed']), 4)} as answers;\n"
    else:
        yield f"    select {_listed(call, ', '.join(function['passed']), 4)};\n"
    yield "end;\n\n"
    signature = _in_version(schema, function["signature"]).replace(",", ", ")
    yield from _ending("function", signature, function)


def _aggregate(schema: str, aggregate: Mapping[str, Any], view: Mapping[str, Any]) -> Iterator[str]:
    """Turn the rows of the version into those of api, for the final function of the original."""
    name, row = f"{schema}.{aggregate['name']}", f"{schema}.{aggregate['view']}"
    final = f"{name}_of_rows({row}[])"
    yield f"create or replace function {final}\nreturns {aggregate['result']}\n"
    yield "language sql\nstable\nsecurity invoker\nbegin atomic\n"
    yield f"    select\n        {aggregate['final_function']}(\n            array(\n"
    yield "                select\n                    row(\n"
    yield ",\n".join(f"                        given.{one['name']}" for one in view["columns"])
    yield f"\n                    )::{CURRENT}.{aggregate['view']}\n"
    yield "                from unnest($1) with ordinality as given\n"
    yield "                order by given.ordinality\n            )\n        );\nend;\n\n"
    comment = f"The end of {aggregate['name']}, which is called by name nowhere else"
    yield from _ending("function", final, {**aggregate, "comment": comment})
    yield f"\n-- The linter knows no aggregates.\ncreate aggregate {name}({row}) ( -- noqa: PRS\n"
    yield f"    sfunc = array_append,\n    stype = {row}[],\n    finalfunc = {name}_of_rows,\n"
    yield "    initcond = '{}'\n);\n\n"
    yield from _ending("aggregate", f"{name}({row})", aggregate)


def _ending(kind: str, signature: str, function: Mapping[str, Any]) -> Iterator[str]:
    name, _, arguments = signature.removesuffix(")").partition("(")
    signature = _listed(name, arguments)
    yield f"comment on {kind} {signature} is\n{_quoted(function['comment'])};\n\n"
    yield f"revoke all on function {signature} from public;\n"
    yield f"grant execute on function {signature} to {', '.join(function['callers'])};\n"


def _in_version(schema: str, text: str) -> str:
    """Return what the catalogue says of api as a file of the version says it."""
    lower = _CAPITALS.sub(lambda found: found[0] if found[0][0] == "'" else found[0].lower(), text)
    return _OF_API.sub(f"{schema}.", lower)


def _listed(name: str, arguments: str, indent: int = 0) -> str:
    """Write a list of arguments on one line, or one a line if it is long."""
    if indent + len(name) + len(arguments) < _LONGEST - 40:
        return f"{name}({arguments})"
    space = " " * indent
    return f"{name}(\n{space}    " + arguments.replace(", ", f",\n{space}    ") + f"\n{space})"


def _quoted(text: str) -> str:
    return f"$text${text}$text$" if "'" in text or "\n" in text else f"'{text}'"
