"""Calls of the API's functions in the tests, read off their syntax trees.

A name in a list or in a docstring is no call: the statement or the path that names the function
has to be an argument of what executes or sends it, as a literal or as a constant of the module.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# What takes a statement, and what takes the path of a request.
EXECUTING = {"execute", "refusal_of", "SQL"}
SENDING = {"get", "post", "ask", "request", "post_text", "post_csv", "rpc"}

IN_SQL = re.compile(r"\bapi\.(\w+)\s*\(")
IN_PATH = re.compile(r"^/?rpc/(\w+)")
# A computed field is called by naming it: select=id,qc:sample_qc_metrics(raw_output).
IN_SELECT = re.compile(r"\bselect=([^&]*)")
IN_JAVASCRIPT = re.compile(r"\.rpc\(\s*[\"'](\w+)[\"']")


def called_functions(tests: Path) -> set[str]:
    """Return the names of functions that tests call, and the fields that they select."""
    called: set[str] = set()
    for path in sorted(tests.rglob("*")):
        if "catalog" in path.relative_to(tests).parts:
            continue
        if path.suffix == ".py":
            called.update(_in_python(ast.parse(path.read_text("utf-8"))))
        elif path.suffix in (".js", ".mjs"):
            called.update(IN_JAVASCRIPT.findall(path.read_text("utf-8")))
    return called


def _in_python(module: ast.Module) -> Iterator[str]:
    constants = {
        target.id: statement.value
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(module):
        if not isinstance(call, ast.Call):
            continue
        name = _name_of(call.func)
        texts = [_text(argument, constants) for argument in call.args]
        if name in EXECUTING:
            yield from (found for text in texts for found in IN_SQL.findall(text))
        elif name in SENDING:
            yield from (found for text in texts for found in _in_request(text))
            if name == "rpc":
                yield from texts[:1]


def _in_request(text: str) -> Iterator[str]:
    yield from IN_PATH.findall(text)
    for selected in IN_SELECT.findall(text):
        yield from re.findall(r"\w+", selected)


def _name_of(function: ast.expr) -> str:
    """Return the last part of what is called: `execute` of `conn.execute`."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    """Return the text of a literal, with those of the module's constants in it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in constants:
            # Without constants, so that one that names itself comes to an end.
            return _text(constants[name], {})
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, constants) for part in parts)
        case ast.FormattedValue(value=value):
            return _text(value, constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, constants) + _text(right, constants)
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return _text(value, constants)
        case _:
            return ""
